//! `LayerNormalization` over the last axes.

use secateur_tensor::{Tensor, kernels};

use super::{OpError, Operator, at_most, axis_of, given, maybe, need, optional, shape_error};
use crate::fact::{Fact, Kind};
use crate::ties::{Slot, Ties};

/// `(x - mean) / sqrt(variance + epsilon) * scale + bias` over the axes from one on, with
/// `scale, bias` of the shape of these axes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LayerNormalization {
    /// The first axis, counted from the end when negative.
    pub axis: i64,
    /// Added to the variance.
    pub epsilon: f32,
}

impl Operator for LayerNormalization {
    fn name(&self) -> &'static str {
        "LayerNormalization"
    }

    fn facts(&self, inputs: &[Option<&Fact>]) -> Result<Vec<Fact>, OpError> {
        at_most(inputs, 3)?;
        let x = need(inputs, 0, Kind::F32)?;
        let scale = need(inputs, 1, Kind::F32)?;
        let bias = optional(inputs, 2, Kind::F32)?;
        let axis = axis_of(self.axis, x.shape.len())?;
        for (index, part) in [(1, Some(scale)), (2, bias)] {
            if let Some(part) = part
                && part.shape != x.shape[axis..]
            {
                let expected = format!("expected the last axes of {:?}", x.shape);
                return Err(shape_error(index, part, expected));
            }
        }
        Ok(vec![Fact::f32(x.shape.clone())])
    }

    fn forward(&self, inputs: &[Option<&Tensor>], outputs: &mut [Tensor]) {
        let (x, scale) = (given(inputs, 0).as_f32(), given(inputs, 1).as_f32());
        let bias = maybe(inputs, 2).map(Tensor::as_f32);
        kernels::layer_norm(x, scale, bias, self.epsilon, outputs[0].as_f32_mut());
    }

    fn ties(&self, ties: &mut Ties<'_>) {
        ties.same_shape(Slot::In(0), Slot::Out(0));
        freeze_normalized(ties, self.axis);
    }
}

/// The axes that are normalized over mix their indices.
pub(super) fn freeze_normalized(ties: &mut Ties<'_>, axis: i64) {
    let rank = ties.shape(Slot::In(0)).len();
    let Ok(first) = axis_of(axis, rank) else { return };
    for axis in first..rank {
        ties.freeze(Slot::In(0), axis, "it is normalized over");
        for slot in [Slot::In(1), Slot::In(2)] {
            if axis - first < ties.shape(slot).len() {
                ties.freeze(slot, axis - first, "it is normalized over");
            }
        }
    }
}
