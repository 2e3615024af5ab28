//! Moves: which are legal, what they capture, and playing them.

use super::{BORDER, Board, Color, EMPTY, NEAR, ONE, Point, liberty, zobrist};

impl Board {
    /// Whether a color may play here under simple ko. A pass is always legal; a stone that would
    /// only kill itself never is.
    #[inline]
    pub fn is_legal(&self, point: Point, color: Color) -> bool {
        let cell = usize::from(point.0);
        if cell == 0 {
            return true;
        }
        if self.state[cell] != EMPTY || (point.0 == self.ko && color == self.ko_for) {
            return false;
        }
        self.near[cell] >> 8 != 0 || self.breathes(cell, color)
    }

    /// Whether a stone on a cell without empty neighbors has a liberty after captures, or may
    /// kill its chain.
    fn breathes(&self, cell: usize, color: Color) -> bool {
        let own = color.state();
        self.beside(cell).into_iter().any(|beside| {
            let state = self.state[beside];
            if state == BORDER {
                return false;
            }
            let only = self.only(self.root(beside), cell);
            if state == own { self.suicide || !only } else { only }
        })
    }

    /// Roots of the chains that a move would capture, each once; zero in the places left.
    #[inline]
    fn prey(&self, cell: usize, color: Color) -> [usize; 4] {
        let mut roots = [0; 4];
        if cell == 0 {
            return roots;
        }
        let other = color.other().state();
        for (at, beside) in self.beside(cell).into_iter().enumerate() {
            let root = self.root(beside);
            if self.state[beside] == other && self.only(root, cell) && !roots.contains(&root) {
                roots[at] = root;
            }
        }
        roots
    }

    /// Stones that a move would capture.
    pub fn captures(&self, point: Point, color: Color) -> usize {
        let roots = self.prey(usize::from(point.0), color);
        roots.into_iter().filter(|root| *root != 0).map(|root| self.length(root)).sum()
    }

    /// The hash after a legal move.
    pub fn hash_after(&self, point: Point, color: Color) -> u64 {
        let cell = usize::from(point.0);
        if cell == 0 {
            return self.hash;
        }
        let roots = self.prey(cell, color);
        let takes = roots != [0; 4];
        if self.suicide && !takes && self.empty_beside(cell) == 0 {
            let mut after = self.clone();
            after.play(point, color);
            return after.hash;
        }
        let mut hash = self.hash ^ zobrist::WORDS[color.at()][cell];
        for root in roots.into_iter().filter(|root| *root != 0) {
            for stone in self.chain(Point(root as u16)) {
                hash ^= zobrist::WORDS[color.other().at()][usize::from(stone.0)];
            }
        }
        hash
    }

    /// Plays a legal move. The result of an illegal one is another legal position, or none.
    #[inline]
    pub fn play(&mut self, point: Point, color: Color) {
        self.ko = 0;
        let cell = usize::from(point.0);
        if cell == 0 {
            return;
        }
        let walled = self.is_walled(cell, color.other());
        self.put(cell, color);
        let other = color.other();
        let mut captured = 0;
        let mut last = 0;
        if self.near[cell] >> (4 * other.at()) & 15 != 0 {
            for beside in self.beside(cell) {
                if self.state[beside] == other.state() {
                    let root = self.root(beside);
                    if self.liberties[root] < ONE {
                        captured += self.remove(root, other);
                        last = beside;
                    }
                }
            }
        }
        if captured == 1 && walled {
            self.ko = last as u16;
            self.ko_for = other;
        } else if self.suicide && self.liberties[self.root(cell)] < ONE {
            self.remove(self.root(cell), color);
        }
    }

    /// Puts a stone on an empty cell and joins the chains of its color; captures nothing.
    #[inline]
    pub(super) fn put(&mut self, cell: usize, color: Color) {
        self.hash ^= zobrist::WORDS[color.at()][cell];
        self.stones[color.at()] += 1;
        self.empty -= 1;
        let moved = self.empties[self.empty];
        let place = self.place[cell];
        self.empties[usize::from(place)] = moved;
        self.place[usize::from(moved)] = place;
        self.state[cell] = color.state();
        let (gone, delta) = (liberty(cell), NEAR[color.at()]);
        let mut mine = 0_u64;
        let beside = self.beside(cell);
        for beside in beside {
            self.near[beside] = self.near[beside].wrapping_add(delta);
            // Empty cells and the border are chains of their own whose words mean nothing.
            let root = self.root(beside);
            self.liberties[root] = self.liberties[root].wrapping_sub(gone);
            let adds = if self.state[beside] == EMPTY { liberty(beside) } else { 0 };
            mine = mine.wrapping_add(adds);
        }
        self.liberties[cell] = mine;
        self.length[cell] = 1;
        for beside in beside {
            if self.state[beside] == color.state() && self.chain[beside] != self.chain[cell] {
                self.join(cell, beside);
            }
        }
    }

    fn join(&mut self, a: usize, b: usize) {
        let (mut stays, mut goes) = (self.root(a), self.root(b));
        if self.length[stays] < self.length[goes] {
            std::mem::swap(&mut stays, &mut goes);
        }
        let mut cell = goes;
        loop {
            self.chain[cell] = stays as u16;
            cell = usize::from(self.next[cell]);
            if cell == goes {
                break;
            }
        }
        self.next.swap(stays, goes);
        self.length[stays] += self.length[goes];
        self.liberties[stays] = self.liberties[stays].wrapping_add(self.liberties[goes]);
    }

    /// Takes a chain off the board; returns its length.
    fn remove(&mut self, root: usize, color: Color) -> usize {
        let mut cell = root;
        let delta = NEAR[color.at()];
        let mut count = 0;
        loop {
            count += 1;
            self.state[cell] = EMPTY;
            self.hash ^= zobrist::WORDS[color.at()][cell];
            self.place[cell] = self.empty as u16;
            self.empties[self.empty] = cell as u16;
            self.empty += 1;
            let gains = liberty(cell);
            for beside in self.beside(cell) {
                self.near[beside] = self.near[beside].wrapping_sub(delta);
                let root = self.root(beside);
                self.liberties[root] = self.liberties[root].wrapping_add(gains);
            }
            let next = usize::from(self.next[cell]);
            self.chain[cell] = cell as u16;
            self.next[cell] = cell as u16;
            cell = next;
            if cell == root {
                break;
            }
        }
        self.stones[color.at()] -= count as u16;
        self.captured[color.at()] += count as u32;
        count
    }

    /// A legal move that fills no eye, each with the same chance; a pass when there is none.
    #[inline]
    pub(crate) fn random_move(&mut self, color: Color, dice: &mut crate::playout::Dice) -> Point {
        let mut left = self.empty;
        while left > 0 {
            let at = dice.below(left);
            let cell = self.empties[at];
            if self.is_legal(Point(cell), color) && !self.is_eye(usize::from(cell), color) {
                return Point(cell);
            }
            left -= 1;
            let moved = self.empties[left];
            self.empties[left] = cell;
            self.empties[at] = moved;
            self.place[usize::from(cell)] = left as u16;
            self.place[usize::from(moved)] = at as u16;
        }
        Point::PASS
    }

    /// Takes the chain of a stone off the board, as when dead stones are removed.
    pub fn take_off(&mut self, point: Point) {
        if let Some(color) = self.at(point) {
            self.remove(self.root(usize::from(point.0)), color);
            self.ko = 0;
        }
    }
}
