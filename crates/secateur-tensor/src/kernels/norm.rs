//! Normalization over the last axis.

use rayon::prelude::*;

use super::isa::vectorize;

/// Rows that one task works on.
const ROWS: usize = 16;

/// `y = x / sqrt(mean(x^2) + epsilon) * scale`, for each row of `x: [rows, width]` and
/// `scale: [width]`, into `y: [rows, width]`. The mean is summed in f64.
///
/// Source: B. Zhang, R. Sennrich, 2019, "Root mean square layer normalization".
pub fn rms_norm(x: &[f32], scale: &[f32], epsilon: f32, y: &mut [f32]) {
    let width = scale.len();
    rows(x, y, width, |x, y| {
        let mean = dot64(x, x) / width as f64;
        let factor = (1.0 / (mean + f64::from(epsilon)).sqrt()) as f32;
        for ((y, x), scale) in y.iter_mut().zip(x).zip(scale) {
            *y = x * factor * scale;
        }
    });
}

/// `y = (x - mean) / sqrt(variance + epsilon) * scale + bias`, for each row of
/// `x: [rows, width]` and `scale, bias: [width]`, into `y: [rows, width]`. Mean and variance
/// (divided by the width) are summed in f64.
///
/// Source: J. L. Ba, J. R. Kiros, G. E. Hinton, 2016, "Layer normalization".
pub fn layer_norm(x: &[f32], scale: &[f32], bias: Option<&[f32]>, epsilon: f32, y: &mut [f32]) {
    let width = scale.len();
    rows(x, y, width, |x, y| {
        let mean = sum64(x) / width as f64;
        let centered = mean as f32;
        for (y, x) in y.iter_mut().zip(x) {
            *y = x - centered;
        }
        let variance = dot64(y, y) / width as f64;
        let factor = (1.0 / (variance + f64::from(epsilon)).sqrt()) as f32;
        for (y, scale) in y.iter_mut().zip(scale) {
            *y *= factor * scale;
        }
        if let Some(bias) = bias {
            for (y, bias) in y.iter_mut().zip(bias) {
                *y += bias;
            }
        }
    });
}

fn rows(x: &[f32], y: &mut [f32], width: usize, each: impl Fn(&[f32], &mut [f32]) + Sync) {
    assert_eq!(x.len(), y.len(), "as many outputs as inputs");
    x.par_chunks(width * ROWS).zip(y.par_chunks_mut(width * ROWS)).for_each(|(x, y)| {
        vectorize(|| {
            for (x, y) in x.chunks_exact(width).zip(y.chunks_exact_mut(width)) {
                each(x, y);
            }
        });
    });
}

/// Lanes that sums are kept in; their order is fixed.
const LANES: usize = 8;

#[inline(always)]
#[expect(clippy::inline_always, reason = "compiled with the instruction set of its caller")]
fn sum64(x: &[f32]) -> f64 {
    let (chunks, rest) = x.as_chunks::<LANES>();
    let mut lanes = [0.0_f64; LANES];
    for chunk in chunks {
        for (lane, &value) in lanes.iter_mut().zip(chunk) {
            *lane += f64::from(value);
        }
    }
    lanes.iter().sum::<f64>() + rest.iter().map(|&v| f64::from(v)).sum::<f64>()
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "compiled with the instruction set of its caller")]
fn dot64(a: &[f32], b: &[f32]) -> f64 {
    let (chunks_a, rest_a) = a.as_chunks::<LANES>();
    let (chunks_b, rest_b) = b.as_chunks::<LANES>();
    let mut lanes = [0.0_f64; LANES];
    for (a, b) in chunks_a.iter().zip(chunks_b) {
        for lane in 0..LANES {
            lanes[lane] += f64::from(a[lane]) * f64::from(b[lane]);
        }
    }
    let rest: f64 = rest_a.iter().zip(rest_b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum();
    lanes.iter().sum::<f64>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Error of one f32 product chain.
    const TOLERANCE: f64 = 1e-6;

    fn sample(n: usize) -> Vec<f32> {
        (0..n).map(|i| ((i * 7919 + 13) % 1009) as f32 / 100.0 - 4.0).collect()
    }

    #[test]
    fn norms_agree_with_double_precision() {
        let (x, scale, bias) = (sample(3 * 45), sample(45), sample(45));
        let (mut rms, mut layer) = (vec![0.0; x.len()], vec![0.0; x.len()]);
        rms_norm(&x, &scale, 1e-5, &mut rms);
        layer_norm(&x, &scale, Some(&bias), 1e-5, &mut layer);
        for row in 0..3 {
            let x: Vec<f64> = x[row * 45..][..45].iter().map(|&v| f64::from(v)).collect();
            let square = x.iter().map(|v| v * v).sum::<f64>() / 45.0;
            let mean = x.iter().sum::<f64>() / 45.0;
            let variance = x.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / 45.0;
            for at in 0..45 {
                let (s, b) = (f64::from(scale[at]), f64::from(bias[at]));
                let expect = x[at] / (square + 1e-5).sqrt() * s;
                let got = f64::from(rms[row * 45 + at]);
                assert!((got - expect).abs() < TOLERANCE * expect.abs().max(1.0));
                let expect = (x[at] - mean) / (variance + 1e-5).sqrt() * s + b;
                let got = f64::from(layer[row * 45 + at]);
                assert!((got - expect).abs() < 4.0 * TOLERANCE * expect.abs().max(1.0));
            }
        }
    }
}
