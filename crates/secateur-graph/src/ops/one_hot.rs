//! `OneHot`: indices as vectors with one value that stands out.

use secateur_tensor::Tensor;
use secateur_tensor::tensor::Values;

use super::{OpError, Operator, any, at_most, given};
use crate::fact::{Dim, Fact};
use crate::ties::{Slot, Ties};

/// A new axis of the size that input 1 says: the second of `values` at the index, the first
/// elsewhere. Indices may be counted from the end; beyond the axis none stands out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OneHot {
    /// Place of the new axis, counted from the end when negative.
    pub axis: i64,
}

/// Integers, also where they are given as floats.
fn whole(tensor: &Tensor) -> Vec<i64> {
    match tensor.values() {
        Values::F32(values) => values.iter().map(|&v| v as i64).collect(),
        Values::I64(values) => values.clone(),
        Values::Bool(values) => values.iter().map(|&v| v.into()).collect(),
        Values::Stored(_) => Vec::new(),
    }
}

impl Operator for OneHot {
    fn name(&self) -> &'static str {
        "OneHot"
    }

    fn facts(&self, inputs: &[Option<&Fact>]) -> Result<Vec<Fact>, OpError> {
        at_most(inputs, 3)?;
        let (indices, depth, values) = (any(inputs, 0)?, any(inputs, 1)?, any(inputs, 2)?);
        let axis = super::axis_of(self.axis, indices.shape.len() + 1)?;
        let depth = depth.value.as_ref().ok_or(OpError::Dynamic { index: 1 })?;
        let depth = whole(depth).first().copied().and_then(|n| usize::try_from(n).ok());
        let depth = depth.ok_or_else(|| OpError::Attribute("no depth".to_owned()))?;
        if values.known_shape() != Some(vec![2]) {
            return Err(super::shape_error(2, values, "expected two values"));
        }
        let mut shape = indices.shape.clone();
        shape.insert(axis, Dim::Known(depth));
        Ok(vec![Fact::of(values.kind, shape)])
    }

    fn forward(&self, inputs: &[Option<&Tensor>], outputs: &mut [Tensor]) {
        let (indices, values) = (whole(given(inputs, 0)), given(inputs, 2));
        let y = &mut outputs[0];
        let axis = super::axis_of(self.axis, y.shape().len()).expect("checked in facts()");
        let (depth, inner) = (y.shape()[axis], crate::walk::strides(y.shape())[axis]);
        let places = indices.iter().enumerate().filter_map(|(at, &index)| {
            let index = if index < 0 { index + depth as i64 } else { index };
            let index = usize::try_from(index).ok().filter(|index| *index < depth)?;
            Some((at / inner * depth + index) * inner + at % inner)
        });
        match (values.values(), y.values_mut()) {
            (Values::F32(v), Values::F32(y)) => put(v, y, places),
            (Values::I64(v), Values::I64(y)) => put(v, y, places),
            (Values::Bool(v), Values::Bool(y)) => put(v, y, places),
            _ => panic!("facts() has said the kind"),
        }
    }

    fn ties(&self, ties: &mut Ties<'_>) {
        let rank = ties.shape(Slot::Out(0)).len();
        let Ok(axis) = super::axis_of(self.axis, rank) else { return };
        ties.freeze(Slot::Out(0), axis, "its indices are values");
        for slot in [Slot::In(1), Slot::In(2)] {
            for axis in 0..ties.shape(slot).len() {
                ties.freeze(slot, axis, "it says what is made");
            }
        }
        for at in 0..rank - 1 {
            let to = if at < axis { at } else { at + 1 };
            ties.same((Slot::In(0), at), (Slot::Out(0), to));
        }
    }
}

fn put<T: Copy>(values: &[T], y: &mut [T], places: impl Iterator<Item = usize>) {
    y.fill(values[0]);
    for place in places {
        y[place] = values[1];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::Kind;

    #[test]
    fn an_index_beyond_the_axis_stands_nowhere() {
        let indices = Tensor::i64(vec![3], vec![1, -1, 7]);
        let depth = Tensor::i64(vec![], vec![3]);
        let values = Tensor::f32(vec![2], vec![0.0, 9.0]);
        let tensors = [&indices, &depth, &values];
        let facts = tensors.map(|t| Fact::known(t.clone()));
        let op = OneHot { axis: 0 };
        let facts = op.facts(&facts.each_ref().map(Some)).unwrap();
        assert_eq!((facts[0].kind, facts[0].known_shape()), (Kind::F32, Some(vec![3, 3])));
        let mut y = vec![Tensor::zeros(vec![3, 3])];
        op.forward(&tensors.map(Some), &mut y);
        assert_eq!(y[0].as_f32(), [0.0, 0.0, 0.0, 9.0, 0.0, 0.0, 0.0, 9.0, 0.0]);
    }
}
