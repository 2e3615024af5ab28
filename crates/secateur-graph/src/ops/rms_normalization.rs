//! `RMSNormalization` over the last axis (ONNX opset 23).

use secateur_tensor::{Tensor, kernels};

use super::{Cost, OpError, Operator, at_most, given, moved, need, shape_error};
use crate::fact::{Fact, Kind};

/// `x / sqrt(mean(x^2) + epsilon) * scale`, with `scale: [width]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RmsNormalization {
    /// Added to the mean of squares.
    pub epsilon: f32,
}

impl Operator for RmsNormalization {
    fn name(&self) -> &'static str {
        "RMSNormalization"
    }

    fn facts(&self, inputs: &[Option<&Fact>]) -> Result<Vec<Fact>, OpError> {
        at_most(inputs, 2)?;
        let x = need(inputs, 0, Kind::F32)?;
        let scale = need(inputs, 1, Kind::F32)?;
        if scale.shape.len() != 1 || scale.last() != x.last() {
            return Err(shape_error(1, scale, format!("expected the last axis of {:?}", x.shape)));
        }
        Ok(vec![x.clone()])
    }

    fn cost(&self, inputs: &[Vec<usize>], outputs: &[Vec<usize>]) -> Cost {
        moved(inputs, outputs)
    }

    fn forward(&self, inputs: &[Option<&Tensor>], outputs: &mut [Tensor]) {
        let (x, scale) = (given(inputs, 0), given(inputs, 1));
        kernels::rms_norm(x.as_f32(), scale.as_f32(), self.epsilon, outputs[0].as_f32_mut());
    }
}
