//! Products of columns with each other, and a factor of their inverse.

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt::factor::{
    LltRegularization, cholesky_in_place, cholesky_in_place_scratch,
};
use faer::linalg::matmul::matmul;
use faer::linalg::solvers::Solve;
use faer::linalg::triangular_inverse::invert_lower_triangular;
use faer::{Accum, Mat, MatMut, MatRef, Par, Side, Spec};
use rayon::prelude::*;

/// Rows and columns of the result that one task computes.
const SIDE: usize = 192;

/// Adds `x^T x` of `x: [rows, width]` to the upper triangle of `sums: [width, width]`; what is
/// below the diagonal is arbitrary. Tiles are of a fixed size, so the result is the same bits
/// for any number of threads.
///
/// # Panics
/// When lengths do not fit.
pub fn add_gram(x: &[f32], width: usize, sums: &mut [f32]) {
    assert!(width > 0 && x.len().is_multiple_of(width), "rows of {width} values");
    assert_eq!(sums.len(), width * width, "a square of {width}");
    let x = MatRef::from_row_major_slice(x, x.len() / width, width);
    let sums = MatMut::from_row_major_slice_mut(sums, width, width);
    let tiles = sums.par_row_chunks_mut(SIDE).enumerate().flat_map(|(r, band)| {
        let tiles = band.par_col_chunks_mut(SIDE).enumerate();
        tiles.filter(move |(c, _)| *c >= r).map(move |(c, tile)| (r * SIDE, c * SIDE, tile))
    });
    tiles.for_each(|(row, column, tile)| {
        let left = x.subcols(row, tile.nrows()).transpose();
        let right = x.subcols(column, tile.ncols());
        matmul(tile, Accum::Add, left, right, 1.0, Par::Seq);
    });
}

/// The upper triangular `u: [width, width]` with `h^-1 = u^T u`, of a symmetric `h` given by its
/// upper triangle; `None` when `h` is not positive definite. Computed in f64 by one thread.
///
/// With all axes reversed, `h = l l^T`; reversed back, `u` is the inverse of `l`. So no inverse
/// of `h` is formed.
///
/// # Panics
/// When `h` is no square.
pub fn inverse_factor(h: &[f64], width: usize) -> Option<Vec<f32>> {
    assert_eq!(h.len(), width * width, "a square of {width}");
    let last = width.wrapping_sub(1);
    let mut lower =
        Mat::from_fn(
            width,
            width,
            |r, c| {
                if r >= c { h[(last - r) * width + (last - c)] } else { 0.0 }
            },
        );
    let scratch = cholesky_in_place_scratch::<f64>(width, Par::Seq, Spec::default());
    let mut memory = MemBuffer::new(scratch);
    let stack = MemStack::new(&mut memory);
    let regularization = LltRegularization::default();
    cholesky_in_place(lower.as_mut(), regularization, Par::Seq, stack, Spec::default()).ok()?;
    let mut inverse = Mat::zeros(width, width);
    invert_lower_triangular(inverse.as_mut(), lower.as_ref(), Par::Seq);
    let mut u = vec![0.0_f32; width * width];
    for (r, row) in u.chunks_exact_mut(width).enumerate() {
        for (c, value) in row.iter_mut().enumerate().skip(r) {
            *value = inverse[(last - r, last - c)] as f32;
        }
    }
    u.iter().all(|v| v.is_finite()).then_some(u)
}

/// Solves `h x = b` for a symmetric, positive definite `h: [width, width]` given by its upper
/// triangle and `b: [width, columns]`, in place; says no where `h` is not positive definite.
/// Computed in f64 by one thread.
///
/// # Panics
/// When lengths do not fit.
pub fn solve_symmetric(h: &[f64], width: usize, b: &mut [f64]) -> bool {
    assert_eq!(h.len(), width * width, "a square of {width}");
    let columns = b.len() / width.max(1);
    assert_eq!(b.len(), width * columns, "rows of {columns} values");
    let lower =
        Mat::from_fn(width, width, |r, c| if r >= c { h[c * width + r] } else { h[r * width + c] });
    let Ok(factor) = lower.llt(Side::Lower) else { return false };
    let mut right = MatMut::from_row_major_slice_mut(b, width, columns);
    let solved = factor.solve(right.as_ref());
    right.copy_from(solved.as_ref());
    b.iter().all(|v| v.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(n: usize) -> Vec<f32> {
        (0..n).map(|i| ((i * 7919 + 3) % 1009) as f32 / 504.5 - 1.0).collect()
    }

    #[test]
    fn products_of_columns_add_up() {
        let (rows, width) = (70, 395);
        let x = sample(rows * width);
        let mut sums = vec![1.0; width * width];
        add_gram(&x, width, &mut sums);
        for (i, j) in [(0, 0), (3, 200), (191, 192), (394, 394), (10, 394)] {
            let products = (0..rows).map(|r| f64::from(x[r * width + i] * x[r * width + j]));
            let expect = 1.0 + products.sum::<f64>();
            assert!((f64::from(sums[i * width + j]) - expect).abs() < 1e-4, "{i} {j}");
        }
    }

    #[test]
    fn the_factor_is_that_of_the_inverse() {
        let width = 40;
        let x = sample(90 * width);
        let mut sums = vec![0.0; width * width];
        add_gram(&x, width, &mut sums);
        let mut h: Vec<f64> = sums.iter().map(|v| f64::from(*v)).collect();
        for r in 0..width {
            h[r * width + r] += 0.5;
            for c in 0..r {
                h[r * width + c] = h[c * width + r];
            }
        }
        let u = inverse_factor(&h, width).unwrap();
        // h u^T u is the identity.
        let at = |m: usize, n: usize| f64::from(u[m * width + n]);
        for r in 0..width {
            for c in 0..width {
                let inverse = |k| (0..width).map(|m| at(m, k) * at(m, c)).sum::<f64>();
                let got: f64 = (0..width).map(|k| h[r * width + k] * inverse(k)).sum();
                let expect = if r == c { 1.0 } else { 0.0 };
                assert!((got - expect).abs() < 1e-3, "{r} {c} {got}");
            }
        }
    }

    #[test]
    fn a_symmetric_system_is_solved() {
        let h = [4.0, 1.0, 0.0, 3.0];
        let mut b = [5.0, 9.0, 4.0, 6.0];
        assert!(solve_symmetric(&h, 2, &mut b));
        // [4 1; 1 3] [1 1.9090..; 1 1.3636..]
        for (got, expect) in b.iter().zip([1.0, 21.0 / 11.0, 1.0, 15.0 / 11.0]) {
            assert!((got - expect).abs() < 1e-12, "{b:?}");
        }
        assert!(!solve_symmetric(&[1.0, 2.0, 2.0, 1.0], 2, &mut b));
    }

    #[test]
    fn what_is_not_positive_definite_has_no_factor() {
        assert!(inverse_factor(&[1.0, 2.0, 2.0, 1.0], 2).is_none());
        assert!(inverse_factor(&[0.0], 1).is_none());
    }
}
