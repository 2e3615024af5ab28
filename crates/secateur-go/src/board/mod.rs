//! Stones on a board: chains, captures, simple ko.
//!
//! A [`Board`] is fast and knows the position only; a [`Game`](game::Game) adds the moves so far,
//! undo and superko. Chains are circular lists of stones with a root. A chain counts its
//! pseudo-liberties (an empty point once for each stone beside it), their sum and the sum of
//! their squares in one word: equal in count times squares and sum squared means a single
//! liberty, by the inequality of Cauchy and Schwarz.

pub mod game;
pub mod handicap;
pub mod life;
mod moves;
pub mod point;
pub mod score;
pub(crate) mod zobrist;

use crate::error::GoError;
pub use game::{Game, Ko};
pub use life::{Status, uncapturable, unconditional};
pub(crate) use point::CELLS;
pub use point::{Color, Point, SIZE_MAX, SIZE_MIN};
pub use score::{Area, Scoring};

/// A cell without a stone.
pub(crate) const EMPTY: u8 = 0;
/// A cell outside of the board.
pub(crate) const BORDER: u8 = 3;

/// One pseudo-liberty in the word of a chain; below it lie the sum and the sum of squares.
const ONE: u64 = 1 << 52;
const SUM_SHIFT: u32 = 31;

/// What a pseudo-liberty at a cell adds to the word of a chain. At most 2500 of them, with cells
/// below 704, need 12, 21 and 31 bits.
#[inline]
fn liberty(cell: usize) -> u64 {
    let cell = cell as u64;
    ONE | (cell << SUM_SHIFT) | (cell * cell)
}

/// Neighbors of a cell: black ones in the lowest four bits, then white, then empty. The border
/// counts as black and as white, so four of a color are an eye's walls.
const NEAR: [u16; 2] = [1_u16.wrapping_sub(1 << 8), (1_u16 << 4).wrapping_sub(1 << 8)];

/// A position: stones, chains, the point that ko forbids.
#[derive(Clone, Debug)]
pub struct Board {
    size: usize,
    stride: usize,
    /// Whether a chain of two or more may kill itself.
    pub suicide: bool,
    ko: u16,
    ko_for: Color,
    hash: u64,
    stones: [u16; 2],
    captured: [u32; 2],
    empty: usize,
    state: [u8; CELLS],
    near: [u16; CELLS],
    chain: [u16; CELLS],
    next: [u16; CELLS],
    length: [u16; CELLS],
    liberties: [u64; CELLS],
    place: [u16; CELLS],
    empties: [u16; CELLS],
}

impl PartialEq for Board {
    fn eq(&self, other: &Self) -> bool {
        self.size == other.size && self.state == other.state && self.ko_point() == other.ko_point()
    }
}

impl Board {
    /// An empty board; suicide is forbidden.
    ///
    /// # Errors
    /// [`GoError::Size`] outside of 2 to 25.
    pub fn new(size: usize) -> Result<Self, GoError> {
        if !(SIZE_MIN..=SIZE_MAX).contains(&size) {
            return Err(GoError::Size { size });
        }
        let mut board = Self {
            size,
            stride: size + 1,
            suicide: false,
            ko: 0,
            ko_for: Color::Black,
            hash: 0,
            stones: [0; 2],
            captured: [0; 2],
            empty: 0,
            state: [BORDER; CELLS],
            near: [0; CELLS],
            chain: std::array::from_fn(|cell| cell as u16),
            next: std::array::from_fn(|cell| cell as u16),
            length: [0; CELLS],
            liberties: [0; CELLS],
            place: [0; CELLS],
            empties: [0; CELLS],
        };
        for number in 0..size * size {
            let cell = Point::numbered(size, number).0;
            board.state[usize::from(cell)] = EMPTY;
            board.place[usize::from(cell)] = board.empty as u16;
            board.empties[board.empty] = cell;
            board.empty += 1;
        }
        for number in 0..size * size {
            let cell = usize::from(Point::numbered(size, number).0);
            let count = |cell: usize| if board.state[cell] == BORDER { 0x11 } else { 0x100 };
            board.near[cell] = board.beside(cell).into_iter().map(count).sum();
        }
        Ok(board)
    }

    /// The position with these stones, row by row from the top left.
    ///
    /// # Errors
    /// [`GoError::NoLiberty`] when a chain has no liberty, [`GoError::Size`] when the number of
    /// points is not that of a board.
    pub fn of_stones(stones: &[Option<Color>]) -> Result<Self, GoError> {
        let size = stones.len().isqrt();
        if size * size != stones.len() {
            return Err(GoError::Size { size: stones.len() });
        }
        let mut board = Self::new(size)?;
        for (number, color) in stones.iter().enumerate() {
            if let Some(color) = color {
                board.put(usize::from(Point::numbered(size, number).0), *color);
            }
        }
        board.alive()?;
        Ok(board)
    }

    /// Adds a stone without a move: nothing is captured, and ko is forgotten.
    ///
    /// # Errors
    /// [`GoError::Occupied`] for a point with a stone, [`GoError::NoLiberty`] when a chain would
    /// have no liberty; the board is as it was.
    pub fn place(&mut self, point: Point, color: Color) -> Result<(), GoError> {
        if self.state[usize::from(point.0)] != EMPTY {
            return Err(GoError::Occupied { vertex: point.vertex(self.size) });
        }
        let before = self.clone();
        self.put(usize::from(point.0), color);
        self.ko = 0;
        let checked = self.alive();
        if checked.is_err() {
            *self = before;
        }
        checked
    }

    fn alive(&self) -> Result<(), GoError> {
        let dead = self.points().find(|point| {
            let cell = usize::from(point.0);
            self.state[cell] != EMPTY && self.liberties[usize::from(self.chain[cell])] < ONE
        });
        match dead {
            Some(point) => Err(GoError::NoLiberty { vertex: point.vertex(self.size) }),
            None => Ok(()),
        }
    }

    /// Makes this board equal to another of any size, without an allocation.
    pub fn copy_from(&mut self, other: &Self) {
        if self.size != other.size {
            self.clone_from(other);
            return;
        }
        let cells = self.cells();
        self.suicide = other.suicide;
        self.ko = other.ko;
        self.ko_for = other.ko_for;
        self.hash = other.hash;
        self.stones = other.stones;
        self.captured = other.captured;
        self.empty = other.empty;
        self.state[..cells].copy_from_slice(&other.state[..cells]);
        self.near[..cells].copy_from_slice(&other.near[..cells]);
        self.chain[..cells].copy_from_slice(&other.chain[..cells]);
        self.next[..cells].copy_from_slice(&other.next[..cells]);
        self.length[..cells].copy_from_slice(&other.length[..cells]);
        self.liberties[..cells].copy_from_slice(&other.liberties[..cells]);
        self.place[..cells].copy_from_slice(&other.place[..cells]);
        self.empties[..other.empty].copy_from_slice(&other.empties[..other.empty]);
    }

    /// Points on a side.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Cells with the border.
    pub(crate) fn cells(&self) -> usize {
        (self.size + 2) * self.stride + 1
    }

    /// Cells from one row to the next.
    pub(crate) fn stride(&self) -> usize {
        self.stride
    }

    /// All points, row by row from the top left.
    pub fn points(&self) -> impl Iterator<Item = Point> + use<> {
        let size = self.size;
        (0..size * size).map(move |number| Point::numbered(size, number))
    }

    /// The stone on a point.
    pub fn at(&self, point: Point) -> Option<Color> {
        match self.state[usize::from(point.0)] {
            1 => Some(Color::Black),
            2 => Some(Color::White),
            _ => None,
        }
    }

    #[inline]
    pub(crate) fn state(&self, cell: usize) -> u8 {
        self.state[cell]
    }

    /// Points without a stone, in an order that depends on the moves so far.
    #[inline]
    pub(crate) fn empties(&self) -> &[u16] {
        &self.empties[..self.empty]
    }

    /// Stones of a color on the board.
    pub fn stones(&self, color: Color) -> usize {
        usize::from(self.stones[color.at()])
    }

    /// Stones of a color that were captured since the board was new.
    pub fn captured(&self, color: Color) -> u32 {
        self.captured[color.at()]
    }

    /// Where simple ko forbids a move, and to whom.
    pub fn ko_point(&self) -> Option<(Point, Color)> {
        (self.ko != 0).then_some((Point(self.ko), self.ko_for))
    }

    /// Forgets the point that ko forbids.
    pub fn clear_ko(&mut self) {
        self.ko = 0;
    }

    /// The hash of the stones, without the player and ko: what positional superko compares.
    pub fn hash(&self) -> u64 {
        self.hash
    }

    /// The four cells beside a cell.
    #[inline]
    pub(crate) fn beside(&self, cell: usize) -> [usize; 4] {
        [cell - self.stride, cell - 1, cell + 1, cell + self.stride]
    }

    /// The four cells at the corners of a cell.
    #[inline]
    pub(crate) fn corners(&self, cell: usize) -> [usize; 4] {
        let s = self.stride;
        [cell - s - 1, cell - s + 1, cell + s - 1, cell + s + 1]
    }

    /// Points beside a point.
    pub fn neighbors(&self, point: Point) -> impl Iterator<Item = Point> + '_ {
        let cells = self.beside(usize::from(point.0));
        cells.into_iter().filter(|cell| self.state[*cell] != BORDER).map(|cell| Point(cell as u16))
    }

    /// Whether all neighbors are of a color or outside of the board.
    #[inline]
    pub(crate) fn is_walled(&self, cell: usize, color: Color) -> bool {
        self.near[cell] >> (4 * color.at()) & 15 == 4
    }

    /// Number of empty neighbors.
    #[inline]
    pub(crate) fn empty_beside(&self, cell: usize) -> u16 {
        self.near[cell] >> 8
    }

    /// Whether stones of both colors are beside a cell.
    #[inline]
    pub(crate) fn is_between(&self, cell: usize) -> bool {
        let near = self.near[cell];
        let (black, white) = (near & 15, near >> 4 & 15);
        // The border counts as both.
        let border = black + white + (near >> 8) - 4;
        black > border && white > border
    }

    /// Root of the chain of a stone; the cell itself where there is none.
    #[inline]
    pub(crate) fn root(&self, cell: usize) -> usize {
        usize::from(self.chain[cell])
    }

    /// Stones of the chain of a root.
    #[inline]
    pub(crate) fn length(&self, root: usize) -> usize {
        usize::from(self.length[root])
    }

    /// The only liberty of the chain of a root; `None` when it has more.
    #[inline]
    pub(crate) fn only_liberty(&self, root: usize) -> Option<usize> {
        let word = self.liberties[root];
        let count = word >> 52;
        let sum = word >> SUM_SHIFT & ((1 << 21) - 1);
        let squares = word & ((1 << SUM_SHIFT) - 1);
        (count > 0 && count * squares == sum * sum).then(|| (sum / count) as usize)
    }

    /// Whether a cell is the only liberty of the chain of a root.
    #[inline]
    fn only(&self, root: usize, cell: usize) -> bool {
        let word = self.liberties[root];
        word == (word >> 52).wrapping_mul(liberty(cell))
    }

    /// Stones of the chain of a stone.
    pub fn chain(&self, point: Point) -> impl Iterator<Item = Point> + '_ {
        let first = usize::from(point.0);
        let mut cell = Some(first).filter(|cell| matches!(self.state[*cell], 1 | 2));
        std::iter::from_fn(move || {
            let now = cell?;
            let next = usize::from(self.next[now]);
            cell = (next != first).then_some(next);
            Some(Point(now as u16))
        })
    }

    /// Liberties of the chain of a stone, each once.
    pub fn liberties(&self, point: Point) -> Vec<Point> {
        let mut found = Vec::new();
        for stone in self.chain(point) {
            for beside in self.neighbors(stone) {
                if self.state[usize::from(beside.0)] == EMPTY && !found.contains(&beside) {
                    found.push(beside);
                }
            }
        }
        found
    }

    /// The hash worked out anew.
    pub fn hash_anew(&self) -> u64 {
        let word = |point: Point| {
            let color = self.at(point);
            color.map_or(0, |color| zobrist::WORDS[color.at()][usize::from(point.0)])
        };
        self.points().map(word).fold(0, |hash, word| hash ^ word)
    }
}
