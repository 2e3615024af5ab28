//! Operators of formulas: names, arity, values, derivatives.
//!
//! Values follow IEEE 754: a fault (division by zero, logarithm of nothing, overflow) is an
//! infinity or NaN, never a silent default. The guarded operators are the convention of genetic
//! programming, with the thresholds of gplearn; a formula that uses them says so by name.

use crate::math;

/// An operator of one or two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names say it; `meaning` says it in words")]
pub enum Op {
    Add,
    Sub,
    Mul,
    Div,
    Pow,
    Min,
    Max,
    Neg,
    Abs,
    Inverse,
    Square,
    Cube,
    Sqrt,
    Exp,
    Ln,
    Log2,
    Log10,
    Sin,
    Cos,
    Tan,
    Tanh,
    Sigmoid,
    GuardedDiv,
    GuardedPow,
    GuardedInverse,
    GuardedSqrt,
    GuardedLn,
}

/// Below this size a guarded divisor or logarithm counts as zero.
pub const GUARD: f64 = 0.001;

/// A guarded power has exponents up to this size.
pub const POWER_MAX: f64 = 3.0;

impl Op {
    /// Every operator.
    pub const ALL: [Self; 27] = [
        Self::Add,
        Self::Sub,
        Self::Mul,
        Self::Div,
        Self::Pow,
        Self::Min,
        Self::Max,
        Self::Neg,
        Self::Abs,
        Self::Inverse,
        Self::Square,
        Self::Cube,
        Self::Sqrt,
        Self::Exp,
        Self::Ln,
        Self::Log2,
        Self::Log10,
        Self::Sin,
        Self::Cos,
        Self::Tan,
        Self::Tanh,
        Self::Sigmoid,
        Self::GuardedDiv,
        Self::GuardedPow,
        Self::GuardedInverse,
        Self::GuardedSqrt,
        Self::GuardedLn,
    ];

    /// Name in formulas of our own and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Sub => "sub",
            Self::Mul => "mul",
            Self::Div => "div",
            Self::Pow => "pow",
            Self::Min => "min",
            Self::Max => "max",
            Self::Neg => "neg",
            Self::Abs => "abs",
            Self::Inverse => "inv",
            Self::Square => "sq",
            Self::Cube => "cube",
            Self::Sqrt => "sqrt",
            Self::Exp => "exp",
            Self::Ln => "ln",
            Self::Log2 => "log2",
            Self::Log10 => "log10",
            Self::Sin => "sin",
            Self::Cos => "cos",
            Self::Tan => "tan",
            Self::Tanh => "tanh",
            Self::Sigmoid => "sigmoid",
            Self::GuardedDiv => "gdiv",
            Self::GuardedPow => "gpow",
            Self::GuardedInverse => "ginv",
            Self::GuardedSqrt => "gsqrt",
            Self::GuardedLn => "gln",
        }
    }

    /// The operator of a name, as [`Op::name`] gives it.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|op| op.name() == name)
    }

    /// Number of operands, 1 or 2.
    pub fn arity(self) -> usize {
        match self {
            Self::Add
            | Self::Sub
            | Self::Mul
            | Self::Div
            | Self::Pow
            | Self::Min
            | Self::Max
            | Self::GuardedDiv
            | Self::GuardedPow => 2,
            Self::Neg
            | Self::Abs
            | Self::Inverse
            | Self::Square
            | Self::Cube
            | Self::Sqrt
            | Self::Exp
            | Self::Ln
            | Self::Log2
            | Self::Log10
            | Self::Sin
            | Self::Cos
            | Self::Tan
            | Self::Tanh
            | Self::Sigmoid
            | Self::GuardedInverse
            | Self::GuardedSqrt
            | Self::GuardedLn => 1,
        }
    }

    /// The guarded twin, for formulas under the convention of genetic programming.
    #[must_use]
    pub fn guarded(self) -> Self {
        match self {
            Self::Div => Self::GuardedDiv,
            Self::Pow => Self::GuardedPow,
            Self::Inverse => Self::GuardedInverse,
            Self::Sqrt => Self::GuardedSqrt,
            Self::Ln => Self::GuardedLn,
            other => other,
        }
    }

    /// The value for one operand; for operators of two, [`Op::binary`].
    ///
    /// # Panics
    /// When the operator takes two.
    #[inline(always)]
    pub fn unary(self, x: f64) -> f64 {
        match self {
            Self::Neg => -x,
            Self::Abs => x.abs(),
            Self::Inverse => 1.0 / x,
            Self::Square => x * x,
            Self::Cube => x * x * x,
            Self::Sqrt => x.sqrt(),
            Self::Exp => math::exp(x),
            Self::Ln => math::ln(x),
            Self::Log2 => math::ln(x) * std::f64::consts::LOG2_E,
            Self::Log10 => math::ln(x) * std::f64::consts::LOG10_E,
            Self::Sin => math::sin(x),
            Self::Cos => math::cos(x),
            Self::Tan => math::sin(x) / math::cos(x),
            Self::Tanh => math::tanh(x),
            Self::Sigmoid => 1.0 / (1.0 + math::exp(-x)),
            Self::GuardedInverse => {
                if x.abs() > GUARD {
                    1.0 / x
                } else {
                    0.0
                }
            }
            Self::GuardedSqrt => x.abs().sqrt(),
            Self::GuardedLn => {
                if x.abs() > GUARD {
                    math::ln(x.abs())
                } else {
                    0.0
                }
            }
            Self::Add
            | Self::Sub
            | Self::Mul
            | Self::Div
            | Self::Pow
            | Self::Min
            | Self::Max
            | Self::GuardedDiv
            | Self::GuardedPow => unreachable!("operators of two operands are not asked"),
        }
    }

    /// The value for two operands.
    ///
    /// # Panics
    /// When the operator takes one.
    #[inline(always)]
    pub fn binary(self, x: f64, y: f64) -> f64 {
        match self {
            Self::Add => x + y,
            Self::Sub => x - y,
            Self::Mul => x * y,
            Self::Div => x / y,
            Self::Pow => math::pow(x, y),
            Self::Min => math::min(x, y),
            Self::Max => math::max(x, y),
            Self::GuardedDiv => {
                if y.abs() > GUARD {
                    x / y
                } else {
                    1.0
                }
            }
            Self::GuardedPow => math::pow(x.abs(), math::clamp(y, POWER_MAX)),
            _ => unreachable!("operators of one operand are not asked"),
        }
    }

    /// Derivative by the operand of an operator of one; `value` is what it gave.
    ///
    /// # Panics
    /// When the operator takes two.
    #[inline(always)]
    pub fn slope(self, x: f64, value: f64) -> f64 {
        match self {
            Self::Neg => -1.0,
            Self::Abs => math::sign(x),
            Self::Inverse => -value * value,
            Self::Square => 2.0 * x,
            Self::Cube => 3.0 * x * x,
            Self::Sqrt => 0.5 / value,
            Self::Exp => value,
            Self::Ln => 1.0 / x,
            Self::Log2 => std::f64::consts::LOG2_E / x,
            Self::Log10 => std::f64::consts::LOG10_E / x,
            Self::Sin => math::cos(x),
            Self::Cos => -math::sin(x),
            Self::Tan => 1.0 + value * value,
            Self::Tanh => 1.0 - value * value,
            Self::Sigmoid => value * (1.0 - value),
            Self::GuardedInverse => {
                if x.abs() > GUARD {
                    -value * value
                } else {
                    0.0
                }
            }
            Self::GuardedSqrt => {
                if x == 0.0 {
                    0.0
                } else {
                    0.5 * math::sign(x) / value
                }
            }
            Self::GuardedLn => {
                if x.abs() > GUARD {
                    1.0 / x
                } else {
                    0.0
                }
            }
            _ => unreachable!("operators of two operands have two slopes"),
        }
    }

    /// Derivatives by both operands; `value` is what the operator gave.
    ///
    /// # Panics
    /// When the operator takes one.
    #[inline(always)]
    pub fn slopes(self, x: f64, y: f64, value: f64) -> (f64, f64) {
        match self {
            Self::Add => (1.0, 1.0),
            Self::Sub => (1.0, -1.0),
            Self::Mul => (y, x),
            Self::Div => (1.0 / y, -value / y),
            Self::Pow => {
                let by_x = if y == 0.0 { 0.0 } else { y * math::pow(x, y - 1.0) };
                // Where the base is not positive the value does not move with the exponent, or
                // is not defined beside it.
                let by_y = if x > 0.0 { value * math::ln(x) } else { 0.0 };
                (by_x, by_y)
            }
            Self::Min => {
                if x <= y {
                    (1.0, 0.0)
                } else {
                    (0.0, 1.0)
                }
            }
            Self::Max => {
                if x >= y {
                    (1.0, 0.0)
                } else {
                    (0.0, 1.0)
                }
            }
            Self::GuardedDiv => {
                if y.abs() > GUARD {
                    (1.0 / y, -value / y)
                } else {
                    (0.0, 0.0)
                }
            }
            Self::GuardedPow => {
                let base = x.abs();
                let power = math::clamp(y, POWER_MAX);
                let by_x = if power == 0.0 {
                    0.0
                } else {
                    math::sign(x) * power * math::pow(base, power - 1.0)
                };
                let free = power == y && base > 0.0;
                (by_x, if free { value * math::ln(base) } else { 0.0 })
            }
            _ => unreachable!("operators of one operand have one slope"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Step of the finite difference.
    const STEP: f64 = 1e-6;
    /// Its error is of the order of the step squared, and of rounding over the step.
    const TOLERANCE: f64 = 1e-7;

    #[test]
    fn slopes_are_finite_differences() {
        for op in Op::ALL {
            for x in [0.3, 0.9, 1.7, 2.6] {
                if op.arity() == 1 {
                    let found = op.slope(x, op.unary(x));
                    let expect = (op.unary(x + STEP) - op.unary(x - STEP)) / (2.0 * STEP);
                    let allowed = TOLERANCE * expect.abs().max(1.0);
                    assert!((found - expect).abs() < allowed, "{op:?} at {x}: {found} {expect}");
                    continue;
                }
                for y in [0.4, 1.2, 2.3] {
                    let (by_x, by_y) = op.slopes(x, y, op.binary(x, y));
                    let expect_x = (op.binary(x + STEP, y) - op.binary(x - STEP, y)) / (2.0 * STEP);
                    let expect_y = (op.binary(x, y + STEP) - op.binary(x, y - STEP)) / (2.0 * STEP);
                    for (found, expect) in [(by_x, expect_x), (by_y, expect_y)] {
                        let allowed = TOLERANCE * expect.abs().max(1.0);
                        assert!((found - expect).abs() < allowed, "{op:?} at {x}, {y}");
                    }
                }
            }
        }
    }

    #[test]
    fn guarded_operators_have_the_values_of_genetic_programming() {
        assert_eq!(Op::GuardedDiv.binary(3.0, 0.0), 1.0);
        assert_eq!(Op::GuardedDiv.binary(3.0, 2.0), 1.5);
        assert_eq!(Op::GuardedLn.unary(0.0005), 0.0);
        assert_eq!(Op::GuardedLn.unary(-1.0), 0.0);
        assert_eq!(Op::GuardedInverse.unary(0.0), 0.0);
        assert_eq!(Op::GuardedSqrt.unary(-4.0), 2.0);
        assert_eq!(Op::GuardedPow.binary(-2.0, 7.0), 8.0);
    }

    #[test]
    fn names_are_unique_and_known() {
        for op in Op::ALL {
            assert_eq!(Op::of_name(op.name()), Some(op));
            assert_eq!(Op::ALL[op as usize], op);
        }
        assert_eq!(Op::of_name("nonsense"), None);
    }
}
