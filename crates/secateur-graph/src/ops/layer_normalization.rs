//! `LayerNormalization` over the last axis.

use secateur_tensor::{Tensor, kernels};

use super::{Cost, OpError, Operator, at_most, given, moved, need, optional, shape_error};
use crate::fact::{Fact, Kind};

/// `(x - mean) / sqrt(variance + epsilon) * scale + bias`, with `scale, bias: [width]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LayerNormalization {
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
        for (index, part) in [(1, Some(scale)), (2, bias)] {
            if let Some(part) = part
                && (part.shape.len() != 1 || part.last() != x.last())
            {
                let expected = format!("expected the last axis of {:?}", x.shape);
                return Err(shape_error(index, part, expected));
            }
        }
        Ok(vec![x.clone()])
    }

    fn cost(&self, inputs: &[Vec<usize>], outputs: &[Vec<usize>]) -> Cost {
        moved(inputs, outputs)
    }

    fn forward(&self, inputs: &[Option<&Tensor>], outputs: &mut [Tensor]) {
        let (x, scale) = (given(inputs, 0).as_f32(), given(inputs, 1).as_f32());
        let bias = inputs.get(2).copied().flatten().map(Tensor::as_f32);
        kernels::layer_norm(x, scale, bias, self.epsilon, outputs[0].as_f32_mut());
    }
}
