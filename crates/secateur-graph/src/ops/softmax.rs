//! `Softmax` over the last axis.

use secateur_tensor::{Tensor, kernels};

use super::{Cost, OpError, Operator, at_most, moved, need, shape_error};
use crate::fact::{Fact, Kind};

/// `e^x / sum(e^x)` over the last axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Softmax;

impl Operator for Softmax {
    fn name(&self) -> &'static str {
        "Softmax"
    }

    fn facts(&self, inputs: &[Option<&Fact>]) -> Result<Vec<Fact>, OpError> {
        at_most(inputs, 1)?;
        let x = need(inputs, 0, Kind::F32)?;
        if x.shape.is_empty() {
            return Err(shape_error(0, x, "expected at least one axis"));
        }
        Ok(vec![x.clone()])
    }

    fn cost(&self, inputs: &[Vec<usize>], outputs: &[Vec<usize>]) -> Cost {
        moved(inputs, outputs)
    }

    fn in_place(&self) -> bool {
        true
    }

    fn forward(&self, _inputs: &[Option<&Tensor>], outputs: &mut [Tensor]) {
        let width = outputs[0].shape().last().copied().unwrap_or(0);
        kernels::softmax_rows(outputs[0].as_f32_mut(), width);
    }
}
