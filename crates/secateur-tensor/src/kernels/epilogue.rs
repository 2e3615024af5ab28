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
    fn bounds(self) -> Option<[f32; 2]> {
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

    /// Whether it is more than what is done in registers.
    pub(super) fn is_curve(self) -> bool {
        matches!(self, Activation::Sigmoid | Activation::Silu)
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
    activation: Activation,
}

impl<'a> Epilogue<'a> {
    pub(super) fn finish(&self) -> Finish<'a> {
        Finish { residual: self.residual, activation: self.activation }
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
        match self.activation {
            Activation::None | Activation::Sigmoid | Activation::Silu => {}
            Activation::Relu | Activation::Clip { .. } => {
                let [low, high] = self.activation.bounds().expect("it bounds");
                let (low, high) = (simd.splat_f32s(low), simd.splat_f32s(high));
                each_octet(rows, |y| simd.min_f32s(high, simd.max_f32s(low, y)));
            }
            Activation::HardSwish => {
                let (slope, start) = (simd.splat_f32s(1.0 / 6.0), simd.splat_f32s(0.5));
                each_octet(rows, |y| {
                    simd.mul_f32s(
                        y,
                        between_0_and_1(simd, isa::multiply_add(simd, slope, y, start)),
                    )
                });
            }
            Activation::HardSigmoid { alpha, beta } => {
                let (slope, start) = (simd.splat_f32s(alpha), simd.splat_f32s(beta));
                each_octet(rows, |y| {
                    between_0_and_1(simd, isa::multiply_add(simd, slope, y, start))
                });
            }
            Activation::LeakyRelu(factor) => {
                let (zero, factor) = (simd.splat_f32s(0.0), simd.splat_f32s(factor));
                each_octet(rows, |y| {
                    let negative = simd.mul_f32s(factor, simd.min_f32s(zero, y));
                    simd.add_f32s(simd.max_f32s(zero, y), negative)
                });
            }
        }
    }

    /// The same for one value.
    pub(super) fn value(&self, sum: f32, at: usize) -> f32 {
        let y = sum + self.residual.map_or(0.0, |residual| residual[at]);
        match self.activation {
            Activation::None | Activation::Sigmoid | Activation::Silu => y,
            Activation::Relu | Activation::Clip { .. } => {
                let [low, high] = self.activation.bounds().expect("it bounds");
                if y.is_nan() { y } else { y.max(low).min(high) }
            }
            Activation::HardSwish => y * (y * (1.0 / 6.0) + 0.5).clamp(0.0, 1.0),
            Activation::HardSigmoid { alpha, beta } => (alpha * y + beta).clamp(0.0, 1.0),
            Activation::LeakyRelu(factor) => y.max(0.0) + factor * y.min(0.0),
        }
    }
}

#[inline(always)]
fn each_octet<T: Copy, const R: usize, const V: usize>(
    rows: &mut [[T; V]; R],
    function: impl Fn(T) -> T,
) {
    for row in rows {
        for y in row {
            *y = function(*y);
        }
    }
}

/// In this order of operands a value that is no number stays none.
#[inline(always)]
fn between_0_and_1<S: Simd>(simd: S, y: S::f32s) -> S::f32s {
    simd.min_f32s(simd.splat_f32s(1.0), simd.max_f32s(simd.splat_f32s(0.0), y))
}
