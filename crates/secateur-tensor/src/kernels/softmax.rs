//! Softmax over rows.

use rayon::prelude::*;

use super::exp::exp;
use super::isa::vectorize;

/// Softmax of each row of `x: [rows, width]`, in place. A row of only -inf becomes zeros.
pub fn softmax_rows(x: &mut [f32], width: usize) {
    if width > 0 {
        x.par_chunks_mut(width).with_min_len(8).for_each(|row| vectorize(|| softmax_row(row)));
    }
}

/// Softmax of one row, to be called inside a vectorized loop.
#[inline(always)]
#[expect(clippy::inline_always, reason = "compiled with the instruction set of its caller")]
pub(super) fn softmax_row(row: &mut [f32]) {
    let max = max_of(row);
    if max == f32::NEG_INFINITY {
        row.fill(0.0);
        return;
    }
    for value in row.iter_mut() {
        *value = exp(*value - max);
    }
    let scale = 1.0 / sum_of(row);
    for value in row.iter_mut() {
        *value *= scale;
    }
}

/// Lanes that sums and maxima are kept in; their order is fixed, whatever the instruction set.
const LANES: usize = 16;

#[inline(always)]
#[expect(clippy::inline_always, reason = "compiled with the instruction set of its caller")]
pub(super) fn max_of(row: &[f32]) -> f32 {
    let (chunks, rest) = row.as_chunks::<LANES>();
    let mut lanes = [f32::NEG_INFINITY; LANES];
    for chunk in chunks {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane = if *value > *lane { *value } else { *lane };
        }
    }
    lanes.iter().chain(rest).copied().fold(f32::NEG_INFINITY, f32::max)
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "compiled with the instruction set of its caller")]
pub(super) fn sum_of(row: &[f32]) -> f32 {
    let (chunks, rest) = row.as_chunks::<LANES>();
    let mut lanes = [0.0; LANES];
    for chunk in chunks {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane += *value;
        }
    }
    lanes.iter().chain(rest).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_sum_to_one_and_agree_with_double_precision() {
        let x: Vec<f32> = (0..2 * 37).map(|i| ((i * 7919) % 101) as f32 / 10.0 - 5.0).collect();
        let mut y = x.clone();
        softmax_rows(&mut y, 37);
        for (x, y) in x.chunks(37).zip(y.chunks(37)) {
            let sum: f64 = x.iter().map(|&v| f64::from(v).exp()).sum();
            for (&x, &y) in x.iter().zip(y) {
                let expect = f64::from(x).exp() / sum;
                assert!((f64::from(y) - expect).abs() < 1e-6 * expect, "{y} {expect}");
            }
        }
        let mut masked = vec![f32::NEG_INFINITY; 3];
        softmax_rows(&mut masked, 3);
        assert_eq!(masked, [0.0; 3]);
    }
}
