//! `GatherElements`: for each place, one index of an axis.

use secateur_tensor::Tensor;
use secateur_tensor::tensor::Values;

use super::{OpError, Operator, any, at_most, axis_of, given, need};
use crate::fact::{Fact, Kind};
use crate::walk::{of_one_kind, strides};

/// `y[i, j, ..] = x[i, indices[i, j, ..], ..]` for axis 1, alike for others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GatherElements {
    /// Axis, counted from the end when negative.
    pub axis: i64,
}

impl Operator for GatherElements {
    fn name(&self) -> &'static str {
        "GatherElements"
    }

    fn facts(&self, inputs: &[Option<&Fact>]) -> Result<Vec<Fact>, OpError> {
        at_most(inputs, 2)?;
        let x = any(inputs, 0)?;
        let indices = need(inputs, 1, Kind::I64)?;
        axis_of(self.axis, x.shape.len())?;
        if indices.shape.len() != x.shape.len() {
            return Err(super::shape_error(1, indices, "expected as many axes as input 0"));
        }
        Ok(vec![Fact::of(x.kind, indices.shape.clone())])
    }

    fn forward(&self, inputs: &[Option<&Tensor>], outputs: &mut [Tensor]) {
        let (x, indices, y) = (given(inputs, 0), given(inputs, 1), &mut outputs[0]);
        let axis = axis_of(self.axis, x.shape().len()).expect("checked in facts()");
        let (shape, from) = (y.shape().to_vec(), x.shape().to_vec());
        of_one_kind!(x, y, pick(indices.as_i64(), &shape, &from, axis));
    }
}

fn pick<T: Copy>(
    x: &[T],
    y: &mut [T],
    indices: &[i64],
    shape: &[usize],
    from: &[usize],
    axis: usize,
) {
    let (by_y, by_x) = (strides(shape), strides(from));
    for (flat, (y, &index)) in y.iter_mut().zip(indices).enumerate() {
        let mut at = 0;
        for other in 0..shape.len() {
            let place = if other == axis {
                let index = if index < 0 { index + from[axis] as i64 } else { index };
                index.clamp(0, from[axis] as i64 - 1) as usize
            } else {
                flat / by_y[other] % shape[other]
            };
            at += place * by_x[other];
        }
        *y = x[at];
    }
}
