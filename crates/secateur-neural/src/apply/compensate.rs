//! Cut weights become zero, and the weights after them in the row take over what they did.

use std::ops::Range;

use rayon::prelude::*;
use secateur_core::prune::PruneError;
use secateur_core::{Apply, Mask, Scores};

/// A block of neighboring columns of a layer, of which one range is scored and cut at a time,
/// from left to right.
#[derive(Clone, Debug, PartialEq)]
pub struct Columns {
    /// Columns of the block.
    pub width: usize,
    /// The weights `[out, width]`, row-major.
    pub weight: Vec<f32>,
    /// What each cut weight was, divided by its diagonal: `[out, width]`. Columns after the
    /// block are still to be changed by these.
    pub errors: Vec<f32>,
    /// The columns that are scored and cut.
    pub range: Range<usize>,
    /// Weights that compete with each other, a multiple of the length of the range.
    pub group: usize,
}

/// The square on the diagonal of the upper factor of the inverse Hessian that belongs to a block:
/// `[width, width]`, row-major.
#[derive(Clone, Debug, PartialEq)]
pub struct Factor {
    /// Its rows.
    pub upper: Vec<f32>,
}

/// The update of optimal brain surgery, column by column.
///
/// Source: E. Frantar, D. Alistarh, 2023, "SparseGPT", section 3.3 and algorithm 1.
#[derive(Clone, Copy, Debug)]
pub struct Compensate;

impl Apply<Columns, Factor> for Compensate {
    fn apply(
        &self,
        columns: &mut Columns,
        mask: &Mask,
        _: &Scores,
        factor: &Factor,
    ) -> Result<(), PruneError> {
        let (width, range) = (columns.width, columns.range.clone());
        let rows = columns.weight.len() / width;
        for (what, expected, got) in [
            ("mask of the columns", rows * range.len(), mask.len()),
            ("factor of the columns", width * width, factor.upper.len()),
        ] {
            if expected != got {
                return Err(PruneError::Evidence { what: what.to_owned(), expected, got });
            }
        }
        let weights = columns.weight.par_chunks_exact_mut(width);
        let errors = columns.errors.par_chunks_exact_mut(width);
        weights.zip(errors).enumerate().for_each(|(row, (weights, errors))| {
            for (at, column) in range.clone().enumerate() {
                if mask.keeps(row * range.len() + at) {
                    continue;
                }
                let factor = &factor.upper[column * width..(column + 1) * width];
                let error = weights[column] / factor[column];
                let later = weights[column + 1..].iter_mut().zip(&factor[column + 1..]);
                for (weight, factor) in later {
                    *weight -= error * factor;
                }
                errors[column] = error;
                weights[column] = 0.0;
            }
            // A weight inside the range that was cut stays zero: only later columns change.
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two inputs that always agree: the second takes over the whole weight of the first.
    #[test]
    fn a_later_column_takes_over() {
        // H = [[1, 1], [1, 1]] + 1e-6 I; the factor of its inverse, to first order.
        let (a, b) = (1e3_f32 / 2.0_f32.sqrt(), 1.0);
        let factor = Factor { upper: vec![a, -a, 0.0, b] };
        let mut columns = Columns {
            width: 2,
            weight: vec![3.0, 4.0],
            errors: vec![0.0; 2],
            range: 0..2,
            group: 2,
        };
        let mut mask = Mask::cut_all(2);
        mask.put(1, true);
        let scores = Scores::one_group(vec![0.0, 1.0]).unwrap();
        Compensate.apply(&mut columns, &mask, &scores, &factor).unwrap();
        assert_eq!(columns.weight, [0.0, 7.0]);
        assert_eq!(columns.errors, [3.0 / a, 0.0]);
    }
}
