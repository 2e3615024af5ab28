//! Products of matrices.

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use rayon::prelude::*;

/// Rows of the result that one task computes.
const ROWS: usize = 256;
/// Columns of the result that one task computes.
const COLUMNS: usize = 512;
/// Products that are summed before they are added to the result: sums of short runs round less,
/// at no cost in speed. (On SmolLM2 the largest error of a logit against f64 falls from 6.8e-4
/// to 4.7e-4.)
const INNER: usize = 96;

/// `y = x w^T (+ bias)` for `x: [rows, inner]`, `w: [columns, inner]`, `bias: [columns]`, into
/// `y: [rows, columns]`: a linear layer with its weight as checkpoints store it.
///
/// The result is cut into tiles of a fixed size, each computed by one thread, so it is the same
/// bits for any number of threads.
///
/// # Panics
/// When lengths do not fit.
pub fn matmul_transposed(x: &[f32], w: &[f32], bias: Option<&[f32]>, inner: usize, y: &mut [f32]) {
    assert!(
        inner > 0 && x.len().is_multiple_of(inner) && w.len().is_multiple_of(inner),
        "rows of {inner} values"
    );
    let (rows, columns) = (x.len() / inner, w.len() / inner);
    let x = MatRef::from_row_major_slice(x, rows, inner);
    let w = MatRef::from_row_major_slice(w, columns, inner).transpose();
    let y = MatMut::from_row_major_slice_mut(y, rows, columns);
    let tiles = y.par_row_chunks_mut(ROWS).enumerate().flat_map(|(r, band)| {
        let tiles = band.par_col_chunks_mut(COLUMNS).enumerate();
        tiles.map(move |(c, tile)| (r * ROWS, c * COLUMNS, tile))
    });
    tiles.for_each(|(row, column, mut y)| {
        let x = x.subrows(row, y.nrows());
        let w = w.subcols(column, y.ncols());
        for first in (0..inner).step_by(INNER) {
            let part = INNER.min(inner - first);
            let (x, w) = (x.subcols(first, part), w.subrows(first, part));
            let add = if first == 0 { Accum::Replace } else { Accum::Add };
            matmul(y.as_mut(), add, x, w, 1.0, Par::Seq);
        }
        if let Some(bias) = bias {
            add_to_rows(y, &bias[column..]);
        }
    });
}

/// Adds a vector to every row.
fn add_to_rows(y: MatMut<'_, f32>, bias: &[f32]) {
    for row in y.row_iter_mut() {
        for (y, b) in row.iter_mut().zip(bias) {
            *y += b;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The plain twin, summed in f64.
    fn plain(x: &[f32], w: &[f32], bias: &[f32], inner: usize) -> Vec<f64> {
        let mut y = Vec::new();
        for x in x.chunks(inner) {
            for (w, b) in w.chunks(inner).zip(bias) {
                let dot: f64 = x.iter().zip(w).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
                y.push(dot + f64::from(*b));
            }
        }
        y
    }

    fn sample(n: usize, seed: usize) -> Vec<f32> {
        (0..n).map(|i| ((i * 7919 + seed) % 1009) as f32 / 504.5 - 1.0).collect()
    }

    #[test]
    fn a_linear_layer_agrees_with_its_twin_for_any_number_of_threads() {
        for (rows, columns, inner) in [(1, 7, 5), (3, 600, 40), (300, 530, 17), (257, 1, 64)] {
            let (x, w) = (sample(rows * inner, 1), sample(columns * inner, 2));
            let bias = sample(columns, 3);
            let expect = plain(&x, &w, &bias, inner);
            let mut results = Vec::new();
            for threads in 1..=3 {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                let mut y = vec![0.0; rows * columns];
                pool.install(|| matmul_transposed(&x, &w, Some(&bias), inner, &mut y));
                results.push(y);
            }
            // Rounding of `inner` products of values up to 1.
            let tolerance = inner as f64 * 1e-6;
            for (got, expect) in results[0].iter().zip(&expect) {
                assert!((f64::from(*got) - expect).abs() < tolerance, "{got} {expect}");
            }
            assert_eq!(results[0], results[1]);
            assert_eq!(results[0], results[2]);
        }
    }
}
