//! `Swish`: `x * sigmoid(x)`, also called SiLU (ONNX opset 24).

use secateur_tensor::{Tensor, kernels};

use super::{Cost, OpError, Operator, at_most, moved, need};
use crate::fact::{Fact, Kind};

/// `x * sigmoid(x)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Swish;

impl Operator for Swish {
    fn name(&self) -> &'static str {
        "Swish"
    }

    fn facts(&self, inputs: &[Option<&Fact>]) -> Result<Vec<Fact>, OpError> {
        at_most(inputs, 1)?;
        Ok(vec![need(inputs, 0, Kind::F32)?.clone()])
    }

    fn cost(&self, inputs: &[Vec<usize>], outputs: &[Vec<usize>]) -> Cost {
        moved(inputs, outputs)
    }

    fn in_place(&self) -> bool {
        true
    }

    fn forward(&self, _inputs: &[Option<&Tensor>], outputs: &mut [Tensor]) {
        kernels::silu(outputs[0].as_f32_mut());
    }
}
