//! `TopK`: the largest or smallest values along an axis, and where they are.

use std::cmp::Ordering;

use secateur_tensor::Tensor;
use secateur_tensor::tensor::Values;

use super::{OpError, Operator, any, at_most, axis_of, given, integers};
use crate::fact::{Dim, Fact, Kind};
use crate::ops::Extreme;
use crate::ties::{Slot, Ties};
use crate::walk::strides;

/// The first `k` values of an axis in order, `k` being input 1, and their indices; of equal values
/// the one with the lower index is first. They are in order whether or not that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TopK {
    /// Axis, counted from the end when negative.
    pub axis: i64,
    /// Which values are first.
    pub extreme: Extreme,
}

impl Operator for TopK {
    fn name(&self) -> &'static str {
        "TopK"
    }

    fn facts(&self, inputs: &[Option<&Fact>]) -> Result<Vec<Fact>, OpError> {
        at_most(inputs, 2)?;
        let x = any(inputs, 0)?;
        let axis = axis_of(self.axis, x.shape.len())?;
        let Some([k]) = integers(inputs, 1)? else { return Err(OpError::Missing { index: 1 }) };
        let fits = |size: usize| usize::try_from(*k).is_ok_and(|k| k <= size);
        if x.kind == Kind::Bool || x.shape[axis].known().is_some_and(|size| !fits(size)) {
            let text = format!("the first {k} of an axis of {}", x.shape[axis]);
            return Err(OpError::Attribute(text));
        }
        let mut shape = x.shape.clone();
        shape[axis] = Dim::Known((*k).max(0) as usize);
        Ok(vec![Fact::of(x.kind, shape.clone()), Fact::of(Kind::I64, shape)])
    }

    fn forward(&self, inputs: &[Option<&Tensor>], outputs: &mut [Tensor]) {
        let x = given(inputs, 0);
        let axis = axis_of(self.axis, x.shape().len()).expect("checked in facts()");
        let (size, inner) = (x.shape()[axis], strides(x.shape())[axis]);
        let k = outputs[0].shape()[axis];
        let (values, indices) = outputs.split_at_mut(1);
        let places = match x.values() {
            Values::F32(x) => self.places(x, size, inner, k, f32::total_cmp),
            Values::I64(x) => self.places(x, size, inner, k, i64::cmp),
            Values::Bool(_) | Values::Stored(_) => panic!("facts() has checked the kind"),
        };
        let from = |at: usize| {
            let outer = at / (k * inner);
            (outer * size + places[at]) * inner + at % inner
        };
        match (x.values(), values[0].values_mut()) {
            (Values::F32(x), Values::F32(y)) => {
                y.iter_mut().enumerate().for_each(|(at, y)| *y = x[from(at)]);
            }
            (Values::I64(x), Values::I64(y)) => {
                y.iter_mut().enumerate().for_each(|(at, y)| *y = x[from(at)]);
            }
            _ => panic!("facts() has checked the kind"),
        }
        if let Some(indices) = indices.first_mut() {
            for (index, place) in indices.as_i64_mut().iter_mut().zip(&places) {
                *index = *place as i64;
            }
        }
    }

    fn ties(&self, ties: &mut Ties<'_>) {
        let rank = ties.shape(Slot::In(0)).len();
        let Ok(axis) = axis_of(self.axis, rank) else { return };
        if !ties.shape(Slot::In(1)).is_empty() {
            ties.freeze(Slot::In(1), 0, "it is a number of values");
        }
        for out in [Slot::Out(0), Slot::Out(1)] {
            for at in (0..rank).filter(|at| *at != axis) {
                ties.same((Slot::In(0), at), (out, at));
            }
            ties.freeze(out, axis, "they are the first of an order");
        }
        ties.freeze(Slot::In(0), axis, "its values are put in order");
    }
}

impl TopK {
    /// For each place of the output, the index on the axis of the input.
    fn places<T: Copy>(
        &self,
        x: &[T],
        size: usize,
        inner: usize,
        k: usize,
        order: impl Fn(&T, &T) -> Ordering,
    ) -> Vec<usize> {
        let outer = x.len() / (size * inner).max(1);
        let mut places = vec![0; outer * k * inner];
        for row in 0..outer * inner {
            let (block, at) = (row / inner, row % inner);
            let value = |index: usize| &x[(block * size + index) * inner + at];
            let mut indices: Vec<usize> = (0..size).collect();
            indices.sort_by(|a, b| match self.extreme {
                Extreme::Max => order(value(*b), value(*a)),
                Extreme::Min => order(value(*a), value(*b)),
            });
            for (rank, index) in indices.into_iter().take(k).enumerate() {
                places[(block * k + rank) * inner + at] = index;
            }
        }
        places
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_equal_values_is_first() {
        let x = Tensor::f32(vec![4, 1], vec![1.0, 5.0, 5.0, 3.0]);
        let k = Tensor::i64(vec![1], vec![3]);
        let mut y = vec![Tensor::zeros(vec![3, 1]), Tensor::i64(vec![3, 1], vec![0; 3])];
        TopK { axis: 0, extreme: Extreme::Max }.forward(&[Some(&x), Some(&k)], &mut y);
        assert_eq!(y[0].as_f32(), [5.0, 5.0, 3.0]);
        assert_eq!(y[1].as_i64(), [1, 2, 3]);
    }
}
