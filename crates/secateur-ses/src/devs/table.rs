//! Rows of different lengths in two flat arrays.

use std::ops::Range;

/// Rows of different lengths, numbered from 0.
#[derive(Clone, Debug)]
pub(super) struct Table<T> {
    /// Where each row begins, and where the last one ends.
    starts: Vec<u32>,
    values: Vec<T>,
}

impl<T: Copy> Table<T> {
    pub(super) fn new() -> Self {
        Self { starts: vec![0], values: Vec::new() }
    }

    /// Rows from pairs of a row's number and a value; within a row values keep their order.
    pub(super) fn grouped(rows: usize, pairs: impl Iterator<Item = (u32, T)> + Clone) -> Self {
        let mut starts = vec![0_u32; rows + 1];
        for (row, _) in pairs.clone() {
            starts[row as usize + 1] += 1;
        }
        for row in 0..rows {
            starts[row + 1] += starts[row];
        }
        let Some((_, any)) = pairs.clone().next() else {
            return Self { starts, values: Vec::new() };
        };
        let mut values = vec![any; starts[rows] as usize];
        let mut next = starts.clone();
        for (row, value) in pairs {
            let at = &mut next[row as usize];
            values[*at as usize] = value;
            *at += 1;
        }
        Self { starts, values }
    }

    /// Adds a row at the end.
    pub(super) fn row(&mut self, values: &[T]) {
        self.values.extend_from_slice(values);
        self.starts.push(self.values.len() as u32);
    }

    pub(super) fn rows(&self) -> usize {
        self.starts.len() - 1
    }

    /// How many values all rows have.
    pub(super) fn values(&self) -> usize {
        self.values.len()
    }

    /// The values of a row.
    #[inline]
    pub(super) fn at(&self, row: u32) -> &[T] {
        &self.values[self.range(row)]
    }

    /// Where the values of a row lie, for [`value`](Self::value).
    #[inline]
    pub(super) fn range(&self, row: u32) -> Range<usize> {
        self.starts[row as usize] as usize..self.starts[row as usize + 1] as usize
    }

    pub(super) fn value(&self, at: usize) -> T {
        self.values[at]
    }
}
