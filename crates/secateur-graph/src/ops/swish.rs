//! `Swish`: `x * sigmoid(x)`, also called SiLU (ONNX opset 24).

use secateur_tensor::{Tensor, kernels};

use super::{OpError, Operator, at_most, need};
use crate::fact::{Fact, Kind};
use crate::ties::{Slot, Ties};

/// `x * sigmoid(x)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Swish;

impl Operator for Swish {
    fn name(&self) -> &'static str {
        "Swish"
    }

    fn facts(&self, inputs: &[Option<&Fact>]) -> Result<Vec<Fact>, OpError> {
        at_most(inputs, 1)?;
        Ok(vec![Fact::f32(need(inputs, 0, Kind::F32)?.shape.clone())])
    }

    fn in_place(&self, _inputs: &[Option<&Fact>]) -> bool {
        true
    }

    fn forward(&self, _inputs: &[Option<&Tensor>], outputs: &mut [Tensor]) {
        kernels::silu(outputs[0].as_f32_mut());
    }

    fn ties(&self, ties: &mut Ties<'_>) {
        ties.same_shape(Slot::In(0), Slot::Out(0));
    }
}
