//! The best formula of every size.

use crate::backward::Scaled;

/// The best formula of every size.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Hall {
    best: Vec<Option<Entry>>,
}

/// A formula with its error.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The formula.
    pub formula: Scaled,
    /// Nodes of its tree, without the scale.
    pub size: usize,
    /// Sum of squared errors in the training rows.
    pub error: f64,
}

impl Hall {
    /// Puts an entry in when it is the best of its size.
    pub fn offer(&mut self, entry: Entry) {
        if self.best.len() <= entry.size {
            self.best.resize(entry.size + 1, None);
        }
        let place = &mut self.best[entry.size];
        if place.as_ref().is_none_or(|known| entry.error < known.error) {
            *place = Some(entry);
        }
    }

    /// All entries, by size.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.best.iter().flatten()
    }

    /// Formulas that no smaller one equals, by size: each has less error than all before it.
    pub fn front(&self) -> Vec<&Entry> {
        let mut front: Vec<&Entry> = Vec::new();
        for entry in self.entries() {
            if front.last().is_none_or(|last| entry.error < last.error) {
                front.push(entry);
            }
        }
        front
    }

    /// The formula with the least error.
    pub fn best(&self) -> Option<&Entry> {
        self.front().last().copied()
    }
}
