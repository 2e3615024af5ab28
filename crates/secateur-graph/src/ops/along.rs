//! Functions of the values along an axis: `Hardmax`, `LpNormalization` and `CumSum`.

use secateur_tensor::Tensor;
use secateur_tensor::tensor::Values;

use super::{OpError, Operator, any, at_most, axis_of, integers, maybe};
use crate::fact::{Fact, Kind};
use crate::ties::{Slot, Ties};
use crate::walk::strides;

/// Each value by all values along an axis, in the memory of the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Along {
    /// One at the first of the largest values, else zero.
    Hardmax {
        /// Axis, counted from the end when negative.
        axis: i64,
        /// Whether it is of all values from the axis on, as before version 13 of ONNX.
        flat: bool,
    },
    /// `x / (sum |x|^p)^(1/p)`; zeros stay.
    LpNormalization {
        /// Axis, counted from the end when negative.
        axis: i64,
        /// Whether p is 2, else it is 1.
        euclidean: bool,
    },
    /// The sum of the values so far, along the axis of input 1.
    CumSum {
        /// Whether a value itself is left out of its sum.
        exclusive: bool,
        /// Whether sums start at the end.
        reverse: bool,
    },
}

impl Along {
    fn axis(self, rank: usize, input: Option<&[i64]>) -> Result<usize, OpError> {
        match self {
            Self::Hardmax { axis, .. } | Self::LpNormalization { axis, .. } => axis_of(axis, rank),
            Self::CumSum { .. } => match input {
                Some([axis]) => axis_of(*axis, rank),
                _ => Err(OpError::Missing { index: 1 }),
            },
        }
    }
}

impl Operator for Along {
    fn name(&self) -> &'static str {
        match self {
            Self::Hardmax { .. } => "Hardmax",
            Self::LpNormalization { .. } => "LpNormalization",
            Self::CumSum { .. } => "CumSum",
        }
    }

    fn facts(&self, inputs: &[Option<&Fact>]) -> Result<Vec<Fact>, OpError> {
        let sums = matches!(self, Self::CumSum { .. });
        at_most(inputs, if sums { 2 } else { 1 })?;
        let x = any(inputs, 0)?;
        if x.kind == Kind::Bool || (x.kind == Kind::I64 && !sums) {
            return Err(OpError::WrongKind { index: 0, expected: "floats" });
        }
        self.axis(x.shape.len(), integers(inputs, 1)?)?;
        Ok(vec![Fact::of(x.kind, x.shape.clone())])
    }

    fn in_place(&self, _inputs: &[Option<&Fact>]) -> bool {
        true
    }

    fn forward(&self, inputs: &[Option<&Tensor>], outputs: &mut [Tensor]) {
        let shape = outputs[0].shape().to_vec();
        let axis = self.axis(shape.len(), maybe(inputs, 1).map(Tensor::as_i64));
        let axis = axis.expect("checked in facts()");
        let (size, inner) = (shape[axis], strides(&shape)[axis]);
        match (outputs[0].values_mut(), *self) {
            (Values::F32(x), Self::Hardmax { flat: true, .. }) => rows(x, size * inner, 1, hardmax),
            (Values::F32(x), Self::Hardmax { .. }) => rows(x, size, inner, hardmax),
            (Values::F32(x), Self::LpNormalization { euclidean, .. }) => {
                rows(x, size, inner, |row| normalize(row, euclidean));
            }
            (Values::F32(x), Self::CumSum { exclusive, reverse }) => {
                rows(x, size, inner, |row| {
                    let mut sum = 0.0;
                    sums(row, exclusive, reverse, |v| {
                        sum += f64::from(v);
                        sum as f32
                    });
                });
            }
            (Values::I64(x), Self::CumSum { exclusive, reverse }) => {
                rows(x, size, inner, |row| {
                    let mut sum = 0_i64;
                    sums(row, exclusive, reverse, |v| {
                        sum = sum.wrapping_add(v);
                        sum
                    });
                });
            }
            _ => panic!("facts() has checked the kind"),
        }
    }

    fn ties(&self, ties: &mut Ties<'_>) {
        ties.same_shape(Slot::In(0), Slot::Out(0));
        let rank = ties.shape(Slot::In(0)).len();
        let input = ties.value(1).map(|t| t.as_i64().to_vec());
        if !ties.shape(Slot::In(1)).is_empty() {
            ties.freeze(Slot::In(1), 0, "it is an axis");
        }
        match self.axis(rank, input.as_deref()) {
            Ok(axis) => ties.freeze(Slot::In(0), axis, "each value depends on all along it"),
            Err(_) => ties.freeze_all("its axis is not known"),
        }
    }
}

/// Calls a function on the values along an axis, for each place of the others.
fn rows<T: Copy + Default>(x: &mut [T], size: usize, inner: usize, mut f: impl FnMut(&mut [T])) {
    let mut row = vec![T::default(); size];
    for block in x.chunks_mut((size * inner).max(1)) {
        for at in 0..inner {
            for (row, x) in row.iter_mut().zip(block[at..].iter().step_by(inner)) {
                *row = *x;
            }
            f(&mut row);
            for (row, x) in row.iter().zip(block[at..].iter_mut().step_by(inner)) {
                *x = *row;
            }
        }
    }
}

fn hardmax(row: &mut [f32]) {
    let better = |best: usize, at: usize| if row[at] > row[best] { at } else { best };
    let best = (0..row.len()).reduce(better);
    row.fill(0.0);
    if let Some(best) = best {
        row[best] = 1.0;
    }
}

fn normalize(row: &mut [f32], euclidean: bool) {
    let values = row.iter().map(|&v| f64::from(v));
    let norm = if euclidean {
        values.map(|v| v * v).sum::<f64>().sqrt()
    } else {
        values.map(f64::abs).sum::<f64>()
    };
    if norm > 0.0 {
        for value in row {
            *value = (f64::from(*value) / norm) as f32;
        }
    }
}

fn sums<T: Copy + Default>(
    row: &mut [T],
    exclusive: bool,
    reverse: bool,
    mut add: impl FnMut(T) -> T,
) {
    let mut before = T::default();
    for at in 0..row.len() {
        let at = if reverse { row.len() - 1 - at } else { at };
        let sum = add(row[at]);
        row[at] = if exclusive { before } else { sum };
        before = sum;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(op: Along, axis: Option<i64>, expect: &[f32]) {
        let x = Tensor::f32(vec![2, 3], vec![3.0, 4.0, 0.0, 4.0, 3.0, 0.0]);
        let axis = axis.map(|axis| Tensor::i64(vec![], vec![axis]));
        let mut y = vec![x];
        op.forward(&[None, axis.as_ref()], &mut y);
        assert_eq!(y[0].as_f32(), expect);
    }

    #[test]
    fn the_axis_is_the_one_asked_for() {
        check(Along::Hardmax { axis: 1, flat: false }, None, &[0.0, 1.0, 0.0, 1.0, 0.0, 0.0]);
        let sum = Along::CumSum { exclusive: false, reverse: true };
        check(sum, Some(0), &[7.0, 7.0, 0.0, 4.0, 3.0, 0.0]);
        let before = Along::CumSum { exclusive: true, reverse: false };
        check(before, Some(-1), &[0.0, 3.0, 7.0, 0.0, 4.0, 7.0]);
        let norm = Along::LpNormalization { axis: 0, euclidean: true };
        check(norm, None, &[0.6, 0.8, 0.0, 0.8, 0.6, 0.0]);
    }
}
