//! Activation functions, in place.

use rayon::prelude::*;

use super::exp::exp;
use super::isa::vectorize;

/// Values that one task works on.
const CHUNK: usize = 16 * 1024;

fn in_place(x: &mut [f32], each: impl Fn(f32) -> f32 + Sync) {
    x.par_chunks_mut(CHUNK).for_each(|x| {
        vectorize(|| {
            for value in x.iter_mut() {
                *value = each(*value);
            }
        });
    });
}

/// `x * sigmoid(x)`, also called swish.
pub fn silu(x: &mut [f32]) {
    in_place(x, |v| v / (1.0 + exp(-v)));
}

/// `x * Phi(x)` with the normal distribution function, by the error function.
pub fn gelu(x: &mut [f32]) {
    in_place(x, |v| 0.5 * v * (1.0 + erf(v * std::f32::consts::FRAC_1_SQRT_2)));
}

/// The tanh form of GELU: `0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))`.
///
/// Source: D. Hendrycks, K. Gimpel, 2016, "Gaussian error linear units".
pub fn gelu_tanh(x: &mut [f32]) {
    const SQRT_2_OVER_PI: f32 = 0.797_884_6;
    in_place(x, |v| {
        let inner = SQRT_2_OVER_PI * (v + 0.044_715 * v * v * v);
        // 0.5 (1 + tanh t) = 1 / (1 + e^(-2t))
        v / (1.0 + exp(-2.0 * inner))
    });
}

/// The error function within 3e-7.
///
/// Source: M. Abramowitz, I. Stegun, 1964, "Handbook of mathematical functions", 7.1.26.
#[inline(always)]
#[expect(clippy::inline_always, reason = "a loop around it is vectorized")]
pub fn erf(x: f32) -> f32 {
    let a = x.abs();
    let t = 1.0 / (1.0 + 0.327_591_1 * a);
    let mut p = 1.061_405_4;
    for coefficient in [-1.453_152, 1.421_413_7, -0.284_496_74, 0.254_829_6] {
        p = p * t + coefficient;
    }
    (1.0 - p * t * exp(-a * a)).copysign(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The plain twin: double precision, erf by its Taylor series.
    fn erf_series(x: f64) -> f64 {
        let (mut term, mut sum) = (x, x);
        for n in 1..200 {
            term *= -x * x / f64::from(n);
            sum += term / f64::from(2 * n + 1);
        }
        sum * 2.0 / std::f64::consts::PI.sqrt()
    }

    /// Largest error of a value times 1e-6, from the error function and from f32.
    const TOLERANCE: f64 = 1e-6;

    #[track_caller]
    fn check(kernel: fn(&mut [f32]), twin: impl Fn(f64) -> f64) {
        let x: Vec<f32> = (-500..=500).map(|i| i as f32 / 100.0).collect();
        let mut y = x.clone();
        kernel(&mut y);
        for (&x, &y) in x.iter().zip(&y) {
            let expect = twin(f64::from(x));
            let bound = TOLERANCE * f64::from(x).abs().max(1.0);
            assert!((f64::from(y) - expect).abs() < bound, "at {x}: {y}, not {expect}");
        }
    }

    #[test]
    fn activations_agree_with_their_twins() {
        check(silu, |x| x / (1.0 + (-x).exp()));
        check(gelu, |x| 0.5 * x * (1.0 + erf_series(x / 2.0_f64.sqrt())));
        check(gelu_tanh, |x| {
            let t = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x.powi(3));
            0.5 * x * (1.0 + t.tanh())
        });
    }
}
