//! Functions of one value, applied to each: `Relu`, `Sigmoid`, `Sqrt` and others.

use rayon::prelude::*;
use secateur_tensor::Tensor;
use secateur_tensor::kernels::activation::erf;
use secateur_tensor::kernels::exp::exp;
use secateur_tensor::kernels::isa::vectorize;
use secateur_tensor::tensor::Values;

use super::{OpError, Operator, any, at_most};
use crate::fact::{Fact, Kind};
use crate::graph::kind_name;
use crate::ties::{Slot, Ties};

/// Values that one task works on.
const CHUNK: usize = 16 * 1024;

/// A function of one value, in the memory of its input.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs, reason = "the names and parameters are those of ONNX")]
pub enum Unary {
    Abs,
    Acos,
    Acosh,
    Asin,
    Asinh,
    Atan,
    Atanh,
    Ceil,
    Celu { alpha: f32 },
    Cos,
    Cosh,
    Elu { alpha: f32 },
    Erf,
    Exp,
    Floor,
    HardSigmoid { alpha: f32, beta: f32 },
    HardSwish,
    LeakyRelu { alpha: f32 },
    Log,
    Mish,
    Neg,
    Not,
    Reciprocal,
    Relu,
    Round,
    Selu { alpha: f32, gamma: f32 },
    Shrink { bias: f32, bound: f32 },
    Sigmoid,
    Sign,
    Sin,
    Sinh,
    Softplus,
    Softsign,
    Sqrt,
    Tan,
    Tanh,
    ThresholdedRelu { alpha: f32 },
}

impl Unary {
    /// The function at one value.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a loop around it is vectorized")]
    pub fn at(self, x: f32) -> f32 {
        match self {
            Self::Abs => x.abs(),
            Self::Acos => x.acos(),
            Self::Acosh => x.acosh(),
            Self::Asin => x.asin(),
            Self::Asinh => x.asinh(),
            Self::Atan => x.atan(),
            Self::Atanh => x.atanh(),
            Self::Celu { alpha } => {
                if x < 0.0 {
                    alpha * (x / alpha).exp_m1()
                } else {
                    x
                }
            }
            Self::Cosh => x.cosh(),
            Self::Mish => mish(x),
            Self::Shrink { bias, bound } => {
                if x < -bound {
                    x + bias
                } else if x > bound {
                    x - bias
                } else {
                    0.0
                }
            }
            Self::Sinh => x.sinh(),
            Self::Tan => x.tan(),
            Self::ThresholdedRelu { alpha } => {
                if x > alpha {
                    x
                } else {
                    0.0
                }
            }
            Self::Ceil => x.ceil(),
            Self::Cos => x.cos(),
            Self::Elu { alpha } => {
                if x < 0.0 {
                    alpha * x.exp_m1()
                } else {
                    x
                }
            }
            Self::Erf => erf(x),
            Self::Exp => exp_all(x),
            Self::Floor => x.floor(),
            Self::HardSigmoid { alpha, beta } => (alpha * x + beta).clamp(0.0, 1.0),
            Self::HardSwish => x * (x / 6.0 + 0.5).clamp(0.0, 1.0),
            Self::LeakyRelu { alpha } => {
                if x < 0.0 {
                    alpha * x
                } else {
                    x
                }
            }
            Self::Log => x.ln(),
            Self::Neg => -x,
            Self::Not => {
                if x == 0.0 {
                    1.0
                } else {
                    0.0
                }
            }
            Self::Reciprocal => 1.0 / x,
            Self::Relu => {
                if x > 0.0 || x.is_nan() {
                    x
                } else {
                    0.0
                }
            }
            Self::Round => x.round_ties_even(),
            Self::Selu { alpha, gamma } => gamma * if x < 0.0 { alpha * x.exp_m1() } else { x },
            Self::Sigmoid => 1.0 / (1.0 + exp(-x)),
            Self::Sign => {
                if x > 0.0 {
                    1.0
                } else if x < 0.0 {
                    -1.0
                } else {
                    x
                }
            }
            Self::Sin => x.sin(),
            Self::Softplus => x.max(0.0) + (-x.abs()).exp().ln_1p(),
            Self::Softsign => x / (1.0 + x.abs()),
            Self::Sqrt => x.sqrt(),
            Self::Tanh => tanh(x),
        }
    }
}

/// `e^x` with overflow to infinity, as ONNX has it.
#[inline(always)]
#[expect(clippy::inline_always, reason = "a loop around it is vectorized")]
fn exp_all(x: f32) -> f32 {
    if x > 88.0 { exp(x - 1.0) * std::f32::consts::E } else { exp(x) }
}

/// The hyperbolic tangent within 2 units in the last place: a polynomial near zero, else by the
/// exponential function.
///
/// Source: S. L. Moshier, 1989, "Methods and programs for mathematical functions", tanhf of
/// Cephes.
#[inline(always)]
#[expect(clippy::inline_always, reason = "a loop around it is vectorized")]
fn tanh(x: f32) -> f32 {
    let (a, z) = (x.abs(), x * x);
    let mut p = -5.704_988_7e-3;
    for coefficient in [2.063_909e-2, -5.373_971_5e-2, 1.333_144_2e-1, -3.333_328e-1] {
        p = p * z + coefficient;
    }
    let far = 1.0 - 2.0 / (exp(2.0 * a) + 1.0);
    if a < 0.625 { p * z * x + x } else { far.copysign(x) }
}

/// `x tanh(ln(1 + e^x))`, where the tangent of the logarithm is a fraction of `e^x`.
#[inline(always)]
#[expect(clippy::inline_always, reason = "a loop around it is vectorized")]
fn mish(x: f32) -> f32 {
    let e = exp(x.min(20.0));
    let n = e * (e + 2.0);
    x * (n / (n + 2.0))
}

impl Operator for Unary {
    fn name(&self) -> &'static str {
        match self {
            Self::Abs => "Abs",
            Self::Acos => "Acos",
            Self::Acosh => "Acosh",
            Self::Asin => "Asin",
            Self::Asinh => "Asinh",
            Self::Atan => "Atan",
            Self::Atanh => "Atanh",
            Self::Celu { .. } => "Celu",
            Self::Cosh => "Cosh",
            Self::Mish => "Mish",
            Self::Shrink { .. } => "Shrink",
            Self::Sinh => "Sinh",
            Self::Tan => "Tan",
            Self::ThresholdedRelu { .. } => "ThresholdedRelu",
            Self::Ceil => "Ceil",
            Self::Cos => "Cos",
            Self::Elu { .. } => "Elu",
            Self::Erf => "Erf",
            Self::Exp => "Exp",
            Self::Floor => "Floor",
            Self::HardSigmoid { .. } => "HardSigmoid",
            Self::HardSwish => "HardSwish",
            Self::LeakyRelu { .. } => "LeakyRelu",
            Self::Log => "Log",
            Self::Neg => "Neg",
            Self::Not => "Not",
            Self::Reciprocal => "Reciprocal",
            Self::Relu => "Relu",
            Self::Round => "Round",
            Self::Selu { .. } => "Selu",
            Self::Sigmoid => "Sigmoid",
            Self::Sign => "Sign",
            Self::Sin => "Sin",
            Self::Softplus => "Softplus",
            Self::Softsign => "Softsign",
            Self::Sqrt => "Sqrt",
            Self::Tanh => "Tanh",
        }
    }

    fn facts(&self, inputs: &[Option<&Fact>]) -> Result<Vec<Fact>, OpError> {
        at_most(inputs, 1)?;
        let x = any(inputs, 0)?;
        let takes = match self {
            Self::Not => x.kind == Kind::Bool,
            Self::Abs | Self::Neg | Self::Sign | Self::Relu => x.kind != Kind::Bool,
            _ => x.kind == Kind::F32,
        };
        if !takes {
            let expected = if *self == Self::Not { Kind::Bool } else { Kind::F32 };
            return Err(OpError::WrongKind { index: 0, expected: kind_name(expected) });
        }
        Ok(vec![Fact::of(x.kind, x.shape.clone())])
    }

    fn in_place(&self, _inputs: &[Option<&Fact>]) -> bool {
        true
    }

    fn forward(&self, _inputs: &[Option<&Tensor>], outputs: &mut [Tensor]) {
        match outputs[0].values_mut() {
            Values::F32(x) => x.par_chunks_mut(CHUNK).for_each(|x| self.map(x)),
            Values::I64(x) => {
                for value in x {
                    *value = match self {
                        Self::Abs => value.wrapping_abs(),
                        Self::Neg => value.wrapping_neg(),
                        Self::Sign => value.signum(),
                        _ => (*value).max(0),
                    };
                }
            }
            Values::Bool(x) => x.iter_mut().for_each(|value| *value = !*value),
            Values::Stored(_) => panic!("values at work"),
        }
    }

    fn ties(&self, ties: &mut Ties<'_>) {
        ties.same_shape(Slot::In(0), Slot::Out(0));
    }
}

impl Unary {
    /// The function of many values: the choice is made once, outside of the loop.
    fn map(self, x: &mut [f32]) {
        fn each(x: &mut [f32], f: impl Fn(f32) -> f32) {
            vectorize(|| {
                for value in x.iter_mut() {
                    *value = f(*value);
                }
            });
        }
        match self {
            Self::Relu => each(x, |v| Self::Relu.at(v)),
            Self::Sigmoid => each(x, |v| Self::Sigmoid.at(v)),
            Self::HardSwish => each(x, |v| Self::HardSwish.at(v)),
            Self::HardSigmoid { alpha, beta } => {
                each(x, |v| Self::HardSigmoid { alpha, beta }.at(v));
            }
            Self::LeakyRelu { alpha } => each(x, |v| Self::LeakyRelu { alpha }.at(v)),
            Self::Erf => each(x, |v| Self::Erf.at(v)),
            Self::Exp => each(x, exp_all),
            Self::Tanh => each(x, tanh),
            Self::Mish => each(x, mish),
            Self::Sqrt => each(x, |v| Self::Sqrt.at(v)),
            Self::Neg => each(x, |v| -v),
            other => each(x, |v| other.at(v)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(op: Unary, x: f32, expect: f32) {
        let mut y = vec![Tensor::f32(vec![1], vec![x])];
        op.forward(&[None], &mut y);
        assert!((y[0].as_f32()[0] - expect).abs() < 1e-6, "{op:?} of {x}: {:?}", y[0].as_f32());
    }

    #[test]
    fn functions_with_parameters_bend_where_they_say() {
        check(Unary::Celu { alpha: 2.0 }, -2.0, 2.0 * ((-1.0_f32).exp() - 1.0));
        check(Unary::Shrink { bias: 0.5, bound: 1.0 }, -3.0, -2.5);
        check(Unary::Shrink { bias: 0.5, bound: 1.0 }, 0.9, 0.0);
        check(Unary::ThresholdedRelu { alpha: 1.0 }, 0.9, 0.0);
        check(Unary::Mish, 0.0, 0.0);
        check(Unary::Mish, 30.0, 30.0);
    }

    #[test]
    fn tanh_and_exp_agree_with_the_library_in_double_precision() {
        // Units in the last place of f32.
        let close = |found: f32, expect: f64, units: f64| {
            let error = (f64::from(found) - expect).abs();
            assert!(error <= units * f64::from(f32::EPSILON) * expect.abs(), "{found} {expect}");
        };
        for step in -20_000..20_000 {
            let x = step as f32 * 1e-3;
            close(tanh(x), f64::from(x).tanh(), 2.0);
            close(exp_all(x), f64::from(x).exp(), 2.0);
            let softplus = f64::from(x).exp().ln_1p();
            close(mish(x), f64::from(x) * softplus.tanh(), 6.0);
        }
        close(exp_all(88.5), 88.5_f64.exp(), 3.0);
        assert_eq!(exp_all(89.0), f32::INFINITY);
        assert!(tanh(f32::NAN).is_nan() && exp_all(f32::NAN).is_nan());
        assert_eq!(tanh(f32::NEG_INFINITY), -1.0);
    }
}
