//! `RMSNormalization` over the last axes (ONNX opset 23).

use secateur_tensor::{Tensor, kernels};

use super::layer_normalization::freeze_normalized;
use super::{OpError, Operator, at_most, axis_of, given, need, shape_error};
use crate::fact::{Fact, Kind};
use crate::ties::{Slot, Ties};

/// `x / sqrt(mean(x^2) + epsilon) * scale`, over the axes from one on, with `scale` of the
/// shape of these axes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RmsNormalization {
    /// The first axis, counted from the end when negative.
    pub axis: i64,
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
        let axis = axis_of(self.axis, x.shape.len())?;
        if scale.shape != x.shape[axis..] {
            return Err(shape_error(1, scale, format!("expected the last axes of {:?}", x.shape)));
        }
        Ok(vec![Fact::f32(x.shape.clone())])
    }

    fn forward(&self, inputs: &[Option<&Tensor>], outputs: &mut [Tensor]) {
        let (x, scale) = (given(inputs, 0), given(inputs, 1));
        kernels::rms_norm(x.as_f32(), scale.as_f32(), self.epsilon, outputs[0].as_f32_mut());
    }

    fn ties(&self, ties: &mut Ties<'_>) {
        ties.same_shape(Slot::In(0), Slot::Out(0));
        freeze_normalized(ties, self.axis);
    }
}
