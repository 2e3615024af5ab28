//! `Gelu`: the Gaussian error linear unit, exact or by tanh.

use secateur_tensor::{Tensor, kernels};

use super::{OpError, Operator, at_most, need};
use crate::fact::{Fact, Kind};
use crate::ties::{Slot, Ties};

/// `x Phi(x)`; `tanh` for the approximation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gelu {
    /// Whether the tanh form is meant (ONNX: `approximate = "tanh"`).
    pub tanh: bool,
}

impl Operator for Gelu {
    fn name(&self) -> &'static str {
        "Gelu"
    }

    fn facts(&self, inputs: &[Option<&Fact>]) -> Result<Vec<Fact>, OpError> {
        at_most(inputs, 1)?;
        Ok(vec![Fact::f32(need(inputs, 0, Kind::F32)?.shape.clone())])
    }

    fn in_place(&self, _inputs: &[Option<&Fact>]) -> bool {
        true
    }

    fn forward(&self, _inputs: &[Option<&Tensor>], outputs: &mut [Tensor]) {
        let kernel = if self.tanh { kernels::gelu_tanh } else { kernels::gelu };
        kernel(outputs[0].as_f32_mut());
    }

    fn ties(&self, ties: &mut Ties<'_>) {
        ties.same_shape(Slot::In(0), Slot::Out(0));
    }
}
