//! The rules again, with sets and no state that is carried on.

use std::collections::BTreeSet;

use secateur_go::board::Color;

/// Stones by number, the earlier positions, and nothing else.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Plain {
    pub(crate) size: usize,
    pub(crate) stones: Vec<Option<Color>>,
    pub(crate) before: BTreeSet<Vec<Option<Color>>>,
}

impl Plain {
    pub(crate) fn new(size: usize) -> Self {
        let stones = vec![None; size * size];
        Self { size, before: BTreeSet::from([stones.clone()]), stones }
    }

    pub(crate) fn beside(&self, at: usize) -> Vec<usize> {
        let (x, y) = (at % self.size, at / self.size);
        let mut found = Vec::new();
        if x > 0 {
            found.push(at - 1);
        }
        if x + 1 < self.size {
            found.push(at + 1);
        }
        if y > 0 {
            found.push(at - self.size);
        }
        if y + 1 < self.size {
            found.push(at + self.size);
        }
        found
    }

    /// Stones of the chain and its liberties.
    pub(crate) fn chain(&self, at: usize) -> (BTreeSet<usize>, BTreeSet<usize>) {
        let (mut chain, mut liberties) = (BTreeSet::from([at]), BTreeSet::new());
        let mut open = vec![at];
        while let Some(stone) = open.pop() {
            for beside in self.beside(stone) {
                if self.stones[beside].is_none() {
                    liberties.insert(beside);
                } else if self.stones[beside] == self.stones[at] && chain.insert(beside) {
                    open.push(beside);
                }
            }
        }
        (chain, liberties)
    }

    /// The position after a move; `None` when it is illegal.
    pub(crate) fn after(&self, at: usize, color: Color) -> Option<Vec<Option<Color>>> {
        if self.stones[at].is_some() {
            return None;
        }
        let mut after = self.clone();
        after.stones[at] = Some(color);
        for beside in after.beside(at) {
            if after.stones[beside] == Some(color.other()) {
                let (chain, liberties) = after.chain(beside);
                if liberties.is_empty() {
                    for stone in chain {
                        after.stones[stone] = None;
                    }
                }
            }
        }
        let breathes = !after.chain(at).1.is_empty();
        (breathes && !self.before.contains(&after.stones)).then_some(after.stones)
    }

    pub(crate) fn play(&mut self, at: usize, color: Color) {
        self.stones = self.after(at, color).expect("a legal move");
        self.before.insert(self.stones.clone());
    }
}
