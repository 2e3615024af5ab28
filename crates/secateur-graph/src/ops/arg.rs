//! `ArgMax` and `ArgMin`: where along an axis the extreme is.

use secateur_tensor::Tensor;
use secateur_tensor::tensor::Values;

use super::{OpError, Operator, any, at_most, axis_of, given};
use crate::fact::{Dim, Fact, Kind};
use crate::ties::{Slot, Ties};
use crate::walk::strides;

/// The index of the largest or smallest value along an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arg {
    /// Which extreme.
    pub extreme: Extreme,
    /// Axis, counted from the end when negative.
    pub axis: i64,
    /// Whether the axis stays, with one index.
    pub keep_dims: bool,
    /// Of equal values the last, and not the first.
    pub last: bool,
}

/// The largest or the smallest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extreme {
    /// The largest.
    Max,
    /// The smallest.
    Min,
}

impl Operator for Arg {
    fn name(&self) -> &'static str {
        match self.extreme {
            Extreme::Max => "ArgMax",
            Extreme::Min => "ArgMin",
        }
    }

    fn facts(&self, inputs: &[Option<&Fact>]) -> Result<Vec<Fact>, OpError> {
        at_most(inputs, 1)?;
        let x = any(inputs, 0)?;
        let axis = axis_of(self.axis, x.shape.len())?;
        let mut shape = x.shape.clone();
        if self.keep_dims {
            shape[axis] = Dim::Known(1);
        } else {
            shape.remove(axis);
        }
        Ok(vec![Fact::of(Kind::I64, shape)])
    }

    fn forward(&self, inputs: &[Option<&Tensor>], outputs: &mut [Tensor]) {
        let x = given(inputs, 0);
        let axis = axis_of(self.axis, x.shape().len()).expect("checked in facts()");
        let (size, inner) = (x.shape()[axis], strides(x.shape())[axis]);
        let y = outputs[0].as_i64_mut();
        match x.values() {
            Values::F32(x) => self.find(x, y, size, inner),
            Values::I64(x) => self.find(x, y, size, inner),
            Values::Bool(x) => self.find(x, y, size, inner),
            Values::Stored(_) => panic!("values at work"),
        }
    }

    fn ties(&self, ties: &mut Ties<'_>) {
        let rank = ties.shape(Slot::In(0)).len();
        let Ok(axis) = axis_of(self.axis, rank) else { return };
        ties.freeze(Slot::In(0), axis, "one index of it is the result");
        for at in (0..rank).filter(|at| *at != axis) {
            let to = if self.keep_dims || at < axis { at } else { at - 1 };
            ties.same((Slot::In(0), at), (Slot::Out(0), to));
        }
    }
}

impl Arg {
    fn find<T: Copy + PartialOrd>(&self, x: &[T], y: &mut [i64], size: usize, inner: usize) {
        for (at, y) in y.iter_mut().enumerate() {
            let start = at / inner * size * inner + at % inner;
            let mut best = 0;
            for index in 1..size {
                let (value, so_far) = (x[start + index * inner], x[start + best * inner]);
                let better = match self.extreme {
                    Extreme::Max => value > so_far,
                    Extreme::Min => value < so_far,
                };
                if better || (self.last && value == so_far) {
                    best = index;
                }
            }
            *y = best as i64;
        }
    }
}
