//! Functions of two values, broadcast: `Add`, `Mul`, `Less`, `And` and others.

use rayon::prelude::*;
use secateur_tensor::Tensor;
use secateur_tensor::kernels::isa::vectorize;
use secateur_tensor::tensor::Values;

use super::{OpError, Operator, any, maybe, shape_error};
use crate::fact::{Dim, Fact, Kind};
use crate::ties::{Slot, Ties};
use crate::walk::{broadcast_shape, broadcast_steps};

/// Values that one task works on.
const CHUNK: usize = 64 * 1024;

/// A function of two values of one kind, or of any number of them where ONNX says so.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs, reason = "the names are those of ONNX")]
pub enum Binary {
    Add,
    And,
    Div,
    Equal,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
    Max,
    Mean,
    Min,
    /// `fmod`: the sign of the dividend, as in C.
    Mod {
        fmod: bool,
    },
    Mul,
    Or,
    Pow,
    PRelu,
    Sub,
    Sum,
    Xor,
}

impl Binary {
    fn compares(self) -> bool {
        matches!(
            self,
            Self::Equal | Self::Greater | Self::GreaterOrEqual | Self::Less | Self::LessOrEqual
        )
    }

    fn of_conditions(self) -> bool {
        matches!(self, Self::And | Self::Or | Self::Xor)
    }

    fn takes_many(self) -> bool {
        matches!(self, Self::Max | Self::Min | Self::Mean | Self::Sum)
    }
}

impl Operator for Binary {
    fn name(&self) -> &'static str {
        match self {
            Self::Add => "Add",
            Self::And => "And",
            Self::Div => "Div",
            Self::Equal => "Equal",
            Self::Greater => "Greater",
            Self::GreaterOrEqual => "GreaterOrEqual",
            Self::Less => "Less",
            Self::LessOrEqual => "LessOrEqual",
            Self::Max => "Max",
            Self::Mean => "Mean",
            Self::Min => "Min",
            Self::Mod { .. } => "Mod",
            Self::Mul => "Mul",
            Self::Or => "Or",
            Self::Pow => "Pow",
            Self::PRelu => "PRelu",
            Self::Sub => "Sub",
            Self::Sum => "Sum",
            Self::Xor => "Xor",
        }
    }

    fn facts(&self, inputs: &[Option<&Fact>]) -> Result<Vec<Fact>, OpError> {
        let x = any(inputs, 0)?;
        if inputs.len() < 2 && !self.takes_many() {
            return Err(OpError::Missing { index: 1 });
        }
        if inputs.len() > 2 && !self.takes_many() {
            return Err(OpError::TooMany { most: 2, found: inputs.len() });
        }
        let mut shape = x.shape.clone();
        for index in 1..inputs.len() {
            let other = any(inputs, index)?;
            let fits =
                if *self == Self::Pow { other.kind != Kind::Bool } else { other.kind == x.kind };
            if !fits {
                let expected = crate::graph::kind_name(x.kind);
                return Err(OpError::WrongKind { index, expected });
            }
            shape = joined(&shape, &other.shape).ok_or_else(|| {
                shape_error(index, other, format!("it cannot be broadcast to {shape:?}"))
            })?;
        }
        if *self == Self::PRelu && shape != x.shape {
            return Err(shape_error(
                1,
                any(inputs, 1)?,
                "expected one that is broadcast to input 0",
            ));
        }
        if self.of_conditions() != (x.kind == Kind::Bool) && *self != Self::Equal {
            let expected = if self.of_conditions() { Kind::Bool } else { Kind::F32 };
            let expected = crate::graph::kind_name(expected);
            return Err(OpError::WrongKind { index: 0, expected });
        }
        let kind = if self.compares() { Kind::Bool } else { x.kind };
        Ok(vec![Fact::of(kind, shape)])
    }

    /// Two values of one shape.
    fn in_place(&self, inputs: &[Option<&Fact>]) -> bool {
        let plain = matches!(self, Self::Add | Self::Sub | Self::Mul | Self::Div);
        match inputs {
            [Some(x), Some(y)] => plain && x.kind == Kind::F32 && x.shape == y.shape,
            _ => false,
        }
    }

    fn forward(&self, inputs: &[Option<&Tensor>], outputs: &mut [Tensor]) {
        let y = &mut outputs[0];
        let Some(x) = maybe(inputs, 0) else {
            let other = super::given(inputs, 1).as_f32();
            return self.update(y.as_f32_mut(), other);
        };
        if inputs.len() == 1 {
            return crate::walk::copy_tensor(x, y);
        }
        self.apply(x, super::given(inputs, 1), y);
        for index in 2..inputs.len() {
            let so_far = y.clone();
            self.apply(&so_far, super::given(inputs, index), y);
        }
        if *self == Self::Mean {
            let scale = 1.0 / inputs.len() as f32;
            y.as_f32_mut().iter_mut().for_each(|v| *v *= scale);
        }
    }

    fn ties(&self, ties: &mut Ties<'_>) {
        for slot in ties.slots() {
            if matches!(slot, Slot::In(_)) {
                ties.broadcast(slot, Slot::Out(0));
            }
        }
    }
}

/// The shape two shapes are broadcast to; symbols are of one number where they have one name.
fn joined(a: &[Dim], b: &[Dim]) -> Option<Vec<Dim>> {
    let rank = a.len().max(b.len());
    let one = Dim::Known(1);
    let at = |shape: &[Dim], axis: usize| {
        let lead = rank - shape.len();
        if axis < lead { one.clone() } else { shape[axis - lead].clone() }
    };
    let join = |axis| match (at(a, axis), at(b, axis)) {
        (a, b) if a == b => Some(a),
        (Dim::Known(1), b) => Some(b),
        (a, Dim::Known(1)) => Some(a),
        _ => None,
    };
    (0..rank).map(join).collect()
}

impl Binary {
    /// `x = f(x, other)` for two of one length.
    fn update(self, x: &mut [f32], other: &[f32]) {
        x.par_chunks_mut(CHUNK).zip(other.par_chunks(CHUNK)).for_each(|(x, other)| {
            let pairs = x.iter_mut().zip(other);
            vectorize(|| match self {
                Self::Add => pairs.for_each(|(x, y)| *x += y),
                Self::Sub => pairs.for_each(|(x, y)| *x -= y),
                Self::Mul => pairs.for_each(|(x, y)| *x *= y),
                _ => pairs.for_each(|(x, y)| *x /= y),
            });
        });
    }

    fn apply(self, a: &Tensor, b: &Tensor, y: &mut Tensor) {
        let shape = y.shape().to_vec();
        debug_assert_eq!(broadcast_shape(a.shape(), b.shape()).as_ref(), Some(&shape));
        let steps = [broadcast_steps(a.shape(), &shape), broadcast_steps(b.shape(), &shape)];
        match (a.values(), b.values(), y.values_mut()) {
            (Values::F32(a), Values::F32(b), Values::F32(y)) => match self {
                Self::Add | Self::Sum | Self::Mean => each(a, b, y, &shape, &steps, |a, b| a + b),
                Self::Sub => each(a, b, y, &shape, &steps, |a, b| a - b),
                Self::Mul => each(a, b, y, &shape, &steps, |a, b| a * b),
                Self::Div => each(a, b, y, &shape, &steps, |a, b| a / b),
                Self::Max => each(a, b, y, &shape, &steps, larger),
                Self::Min => each(a, b, y, &shape, &steps, smaller),
                Self::Pow => each(a, b, y, &shape, &steps, power),
                Self::PRelu => each(a, b, y, &shape, &steps, sloped),
                Self::Mod { fmod: true } => each(a, b, y, &shape, &steps, |a, b| a % b),
                _ => each(a, b, y, &shape, &steps, modulo),
            },
            (Values::F32(a), Values::I64(b), Values::F32(y)) => {
                each(a, b, y, &shape, &steps, |a, b| power(a, b as f32));
            }
            (Values::I64(a), Values::F32(b), Values::I64(y)) => {
                each(a, b, y, &shape, &steps, |a, b| (a as f64).powf(b.into()) as i64);
            }
            (Values::I64(a), Values::I64(b), Values::I64(y)) => {
                let f = self.of_integers();
                each(a, b, y, &shape, &steps, f);
            }
            (Values::F32(a), Values::F32(b), Values::Bool(y)) => {
                let f = self.comparison();
                each(a, b, y, &shape, &steps, |a, b| a.partial_cmp(&b).is_some_and(f));
            }
            (Values::I64(a), Values::I64(b), Values::Bool(y)) => {
                let f = self.comparison();
                each(a, b, y, &shape, &steps, |a, b| f(a.cmp(&b)));
            }
            (Values::Bool(a), Values::Bool(b), Values::Bool(y)) => {
                each(a, b, y, &shape, &steps, |a, b| match self {
                    Self::And => a && b,
                    Self::Or => a || b,
                    Self::Equal => a == b,
                    _ => a != b,
                });
            }
            _ => panic!("facts() has checked the kinds"),
        }
    }

    fn of_integers(self) -> fn(i64, i64) -> i64 {
        match self {
            Self::Add | Self::Sum | Self::Mean => i64::wrapping_add,
            Self::Sub => i64::wrapping_sub,
            Self::Mul => i64::wrapping_mul,
            Self::Div => |a, b| a.checked_div(b).unwrap_or(0),
            Self::Max => i64::max,
            Self::Min => i64::min,
            Self::Pow => |a, b| a.wrapping_pow(b.max(0) as u32),
            Self::PRelu => |a, b| if a < 0 { a.wrapping_mul(b) } else { a },
            Self::Mod { fmod: true } => |a, b| a.checked_rem(b).unwrap_or(0),
            _ => |a, b| {
                let rest = a.checked_rem(b).unwrap_or(0);
                if rest != 0 && (rest < 0) != (b < 0) { rest + b } else { rest }
            },
        }
    }

    fn comparison(self) -> fn(std::cmp::Ordering) -> bool {
        match self {
            Self::Greater => std::cmp::Ordering::is_gt,
            Self::GreaterOrEqual => std::cmp::Ordering::is_ge,
            Self::Less => std::cmp::Ordering::is_lt,
            Self::LessOrEqual => std::cmp::Ordering::is_le,
            _ => std::cmp::Ordering::is_eq,
        }
    }
}

/// NaN where one of the two is.
fn larger(a: f32, b: f32) -> f32 {
    if a > b || a.is_nan() { a } else { b }
}

fn smaller(a: f32, b: f32) -> f32 {
    if a < b || a.is_nan() { a } else { b }
}

/// The remainder with the sign of the divisor.
fn modulo(a: f32, b: f32) -> f32 {
    let rest = a % b;
    if rest == 0.0 {
        rest.copysign(b)
    } else if (rest < 0.0) == (b < 0.0) {
        rest
    } else {
        rest + b
    }
}

fn sloped(x: f32, slope: f32) -> f32 {
    if x < 0.0 { x * slope } else { x }
}

fn power(a: f32, b: f32) -> f32 {
    if b == 2.0 {
        a * a
    } else if b == 0.5 {
        a.sqrt()
    } else {
        a.powf(b)
    }
}

/// `y[..] = f(a[..], b[..])` with the steps of both along each axis of `shape`.
fn each<A, B, Y>(
    a: &[A],
    b: &[B],
    y: &mut [Y],
    shape: &[usize],
    steps: &[Vec<isize>; 2],
    f: impl Fn(A, B) -> Y + Sync,
) where
    A: Copy + Sync,
    B: Copy + Sync,
    Y: Copy + Send,
{
    if y.is_empty() {
        return;
    }
    // Axes that run on as one in both are joined.
    let mut axes: Vec<(usize, isize, isize)> = Vec::new();
    for (axis, &size) in shape.iter().enumerate() {
        let (s, t) = (steps[0][axis], steps[1][axis]);
        if size == 1 {
            continue;
        }
        match axes.last_mut() {
            Some((n, p, q)) if *p == s * size as isize && *q == t * size as isize => {
                (*n, *p, *q) = (*n * size, s, t);
            }
            _ => axes.push((size, s, t)),
        }
    }
    let (run, s, t) = axes.pop().unwrap_or((1, 0, 0));
    let row = |index: usize, y: &mut [Y], skip: usize| {
        let (mut at_a, mut at_b, mut rest) = (0, 0, index);
        for &(size, p, q) in axes.iter().rev() {
            at_a += (rest % size) as isize * p;
            at_b += (rest % size) as isize * q;
            rest /= size;
        }
        let (at_a, at_b) = (at_a as usize + skip * s as usize, at_b as usize + skip * t as usize);
        let n = y.len();
        vectorize(|| match (s, t) {
            (1, 1) => {
                let pairs = a[at_a..at_a + n].iter().zip(&b[at_b..at_b + n]);
                y.iter_mut().zip(pairs).for_each(|(y, (a, b))| *y = f(*a, *b));
            }
            (1, 0) => {
                let b = b[at_b];
                y.iter_mut().zip(&a[at_a..at_a + n]).for_each(|(y, a)| *y = f(*a, b));
            }
            (0, 1) => {
                let a = a[at_a];
                y.iter_mut().zip(&b[at_b..at_b + n]).for_each(|(y, b)| *y = f(a, *b));
            }
            _ => y.iter_mut().enumerate().for_each(|(i, y)| {
                *y = f(a[at_a + i * s as usize], b[at_b + i * t as usize]);
            }),
        });
    };
    if run >= CHUNK {
        for (index, y) in y.chunks_mut(run).enumerate() {
            let parts = y.par_chunks_mut(CHUNK).enumerate();
            parts.for_each(|(part, y)| row(index, y, part * CHUNK));
        }
    } else {
        let rows = y.par_chunks_mut(run).with_min_len((CHUNK / run).max(1)).enumerate();
        rows.for_each(|(index, y)| row(index, y, 0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(op: Binary, inputs: &[&Tensor]) -> Tensor {
        let facts: Vec<Fact> = inputs.iter().map(|t| Fact::known((*t).clone())).collect();
        let facts: Vec<Option<&Fact>> = facts.iter().map(Some).collect();
        let out = op.facts(&facts).unwrap().remove(0);
        let mut y = vec![crate::ops::empty(out.kind, &out.known_shape().unwrap())];
        let inputs: Vec<Option<&Tensor>> = inputs.iter().map(|t| Some(*t)).collect();
        op.forward(&inputs, &mut y);
        y.remove(0)
    }

    #[test]
    fn a_bias_is_broadcast_over_pixels_and_a_scale_over_channels() {
        let x = Tensor::f32(vec![1, 2, 3], (0..6).map(|v| v as f32).collect());
        let bias = Tensor::f32(vec![2, 1], vec![10.0, 20.0]);
        assert_eq!(run(Binary::Add, &[&x, &bias]).as_f32(), [10.0, 11.0, 12.0, 23.0, 24.0, 25.0]);
        let row = Tensor::f32(vec![3], vec![1.0, 0.0, 2.0]);
        assert_eq!(run(Binary::Mul, &[&row, &x]).as_f32(), [0.0, 0.0, 4.0, 3.0, 0.0, 10.0]);
        let both = run(Binary::Sub, &[&bias, &row]);
        assert_eq!(both.shape(), [2, 3]);
        assert_eq!(both.as_f32(), [9.0, 10.0, 8.0, 19.0, 20.0, 18.0]);
    }

    #[test]
    fn integers_divide_and_compare_as_onnx_says() {
        let a = Tensor::i64(vec![3], vec![-7, 7, 7]);
        let b = Tensor::i64(vec![3], vec![2, -2, 0]);
        assert_eq!(run(Binary::Div, &[&a, &b]).as_i64(), [-3, -3, 0]);
        assert_eq!(run(Binary::Mod { fmod: false }, &[&a, &b]).as_i64(), [1, -1, 0]);
        assert_eq!(run(Binary::Less, &[&a, &b]).as_bool(), [true, false, false]);
        let (x, y) = (Tensor::f32(vec![2], vec![-3.0, -4.0]), Tensor::f32(vec![2], vec![5.0, 2.0]));
        assert_eq!(run(Binary::Mod { fmod: false }, &[&x, &y]).as_f32(), [2.0, 0.0]);
        let far = Tensor::f32(vec![1], vec![f32::INFINITY]);
        let modulo = run(Binary::Mod { fmod: false }, &[&x, &far]);
        assert_eq!(modulo.as_f32(), [f32::INFINITY, f32::INFINITY]);
        let many = run(Binary::Max, &[&a, &b, &Tensor::i64(vec![1], vec![1])]);
        assert_eq!(many.as_i64(), [2, 7, 7]);
    }
}
