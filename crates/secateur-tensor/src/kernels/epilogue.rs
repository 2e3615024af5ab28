//! What a layer does to its result before it is written.

#![expect(clippy::inline_always, reason = "bodies are compiled anew for each instruction set")]

use pulp::{NullaryFnOnce, Simd};

use super::exp::exp;
use super::isa;

/// What follows a layer's sums and its bias: `y = activation(sums + bias + residual)`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Epilogue<'a> {
    /// Added before the activation; of the shape of the result.
    pub residual: Option<&'a [f32]>,
    /// Applied last.
    pub activation: Activation,
}

/// An activation that is applied while the result is still at hand.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub enum Activation {
    /// `x`
    #[default]
    None,
    /// `max(x, 0)`
    Relu,
    /// `min(max(x, low), high)`
    Clip {
        /// Least value.
        low: f32,
        /// Largest value.
        high: f32,
    },
    /// `x * min(max(x / 6 + 1/2, 0), 1)`
    HardSwish,
    /// `min(max(alpha x + beta, 0), 1)`
    HardSigmoid {
        /// Slope.
        alpha: f32,
        /// Value at 0.
        beta: f32,
    },
    /// `1 / (1 + e^-x)`
    Sigmoid,
    /// `x / (1 + e^-x)`
    Silu,
    /// `x` where it is positive, else the factor times `x`
    LeakyRelu(f32),
}

impl Activation {
    /// Least and largest value, for those that do nothing else than bound.
    pub(super) fn bounds(self) -> Option<[f32; 2]> {
        match self {
            Activation::Relu => Some([0.0, f32::INFINITY]),
            Activation::Clip { low, high } => Some([low, high]),
            Activation::None
            | Activation::HardSwish
            | Activation::HardSigmoid { .. }
            | Activation::Sigmoid
            | Activation::Silu
            | Activation::LeakyRelu(_) => None,
        }
    }

    /// Whether it is more than bounds.
    pub(super) fn is_curve(self) -> bool {
        self != Activation::None && self.bounds().is_none()
    }

    /// Applies it in place.
    pub fn apply(self, y: &mut [f32]) {
        isa::run(Apply { activation: self, y });
    }
}

struct Apply<'a> {
    activation: Activation,
    y: &'a mut [f32],
}

impl NullaryFnOnce for Apply<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        match self.activation {
            Activation::None => {}
            Activation::Relu => each(self.y, |y| y.max(0.0)),
            Activation::Clip { low, high } => each(self.y, |y| y.max(low).min(high)),
            Activation::HardSwish => each(self.y, |y| y * (y * (1.0 / 6.0) + 0.5).clamp(0.0, 1.0)),
            Activation::HardSigmoid { alpha, beta } => {
                each(self.y, |y| (alpha * y + beta).clamp(0.0, 1.0));
            }
            Activation::Sigmoid => each(self.y, |y| 1.0 / (1.0 + exp(-y))),
            Activation::Silu => each(self.y, |y| y / (1.0 + exp(-y))),
            Activation::LeakyRelu(factor) => {
                each(self.y, |y| if y > 0.0 { y } else { factor * y });
            }
        }
    }
}

#[inline(always)]
fn each(y: &mut [f32], function: impl Fn(f32) -> f32) {
    for y in y {
        *y = function(*y);
    }
}

/// The part of an epilogue that is done in registers.
#[derive(Clone, Copy)]
pub(super) struct Finish<'a> {
    /// Of the shape of the whole result.
    pub(super) residual: Option<&'a [f32]>,
    pub(super) bounds: Option<[f32; 2]>,
}

impl<'a> Epilogue<'a> {
    pub(super) fn finish(&self) -> Finish<'a> {
        Finish { residual: self.residual, bounds: self.activation.bounds() }
    }
}

impl Finish<'_> {
    /// Rows of vectors of eight values of the result; each row stands at a place of the whole
    /// result, its vectors at some distances from there.
    #[inline(always)]
    pub(super) fn octets<S: Simd, const R: usize, const V: usize>(
        &self,
        simd: S,
        rows: &mut [[S::f32s; V]; R],
        places: &[usize; R],
        columns: &[usize; V],
    ) {
        if let Some(residual) = self.residual {
            for r in 0..R {
                for v in 0..V {
                    let residual = isa::octet(residual, places[r] + columns[v]);
                    rows[r][v] = simd.add_f32s(rows[r][v], isa::load(simd, residual));
                }
            }
        }
        if let Some([low, high]) = self.bounds {
            let (low, high) = (simd.splat_f32s(low), simd.splat_f32s(high));
            for row in rows {
                for y in row {
                    // In this order a value that is no number stays none.
                    *y = simd.min_f32s(high, simd.max_f32s(low, *y));
                }
            }
        }
    }

    /// The same for one value.
    pub(super) fn value(&self, sum: f32, at: usize) -> f32 {
        let y = sum + self.residual.map_or(0.0, |residual| residual[at]);
        self.bounds.map_or(y, |[low, high]| if y.is_nan() { y } else { y.max(low).min(high) })
    }
}
