//! `ScatterElements`: a tensor with single values replaced along an axis.

use secateur_tensor::Tensor;
use secateur_tensor::tensor::Values;

use super::scatter_nd::Scattered;
use super::{OpError, Operator, any, at_most, axis_of, given, need};
use crate::fact::{Fact, Kind};
use crate::walk::{copy_tensor, strides};

/// `y[i, indices[i, j, ..], ..] = updates[i, j, ..]` for axis 1, alike for others; all else is
/// input 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScatterElements {
    /// Axis, counted from the end when negative.
    pub axis: i64,
    /// What becomes of a value that is named.
    pub reduction: Scattered,
}

impl Operator for ScatterElements {
    fn name(&self) -> &'static str {
        "ScatterElements"
    }

    fn facts(&self, inputs: &[Option<&Fact>]) -> Result<Vec<Fact>, OpError> {
        at_most(inputs, 3)?;
        let x = any(inputs, 0)?;
        let indices = need(inputs, 1, Kind::I64)?;
        let updates = need(inputs, 2, x.kind)?;
        axis_of(self.axis, x.shape.len())?;
        if x.kind == Kind::Bool && self.reduction != Scattered::Replaced {
            return Err(OpError::WrongKind { index: 0, expected: "numbers" });
        }
        if indices.shape.len() != x.shape.len() {
            return Err(super::shape_error(1, indices, "expected as many axes as input 0"));
        }
        if updates.shape != indices.shape {
            let text = format!("expected {:?}", indices.shape);
            return Err(super::shape_error(2, updates, text));
        }
        Ok(vec![Fact::of(x.kind, x.shape.clone())])
    }

    fn forward(&self, inputs: &[Option<&Tensor>], outputs: &mut [Tensor]) {
        let (x, indices, updates) = (given(inputs, 0), given(inputs, 1), given(inputs, 2));
        let y = &mut outputs[0];
        copy_tensor(x, y);
        let (shape, small) = (x.shape(), indices.shape());
        let axis = axis_of(self.axis, shape.len()).expect("checked in facts()");
        let (by, by_small) = (strides(shape), strides(small));
        let place = |(flat, &index): (usize, &i64)| {
            let at = |other: usize| {
                if other == axis {
                    let size = shape[axis] as i64;
                    let index = if index < 0 { index + size } else { index };
                    return index.clamp(0, size - 1) as usize;
                }
                flat / by_small[other] % small[other]
            };
            (0..shape.len()).map(|other| at(other) * by[other]).sum()
        };
        let places: Vec<usize> = indices.as_i64().iter().enumerate().map(place).collect();
        match (updates.values(), y.values_mut()) {
            (Values::F32(u), Values::F32(y)) => self.reduction.put(u, y, &places, 1),
            (Values::I64(u), Values::I64(y)) => self.reduction.put_integers(u, y, &places, 1),
            (Values::Bool(u), Values::Bool(y)) => {
                for (place, update) in places.iter().zip(u) {
                    y[*place] = *update;
                }
            }
            _ => panic!("facts() has checked the kinds"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_go_to_their_index_of_the_axis() {
        let x = Tensor::f32(vec![2, 3], vec![1.0; 6]);
        let indices = Tensor::i64(vec![2, 2], vec![2, 2, -3, 1]);
        let updates = Tensor::f32(vec![2, 2], vec![5.0, 6.0, 7.0, 8.0]);
        let mut y = vec![Tensor::zeros(vec![2, 3])];
        let op = ScatterElements { axis: 1, reduction: Scattered::Added };
        op.forward(&[Some(&x), Some(&indices), Some(&updates)], &mut y);
        assert_eq!(y[0].as_f32(), [1.0, 1.0, 12.0, 8.0, 9.0, 1.0]);
    }
}
