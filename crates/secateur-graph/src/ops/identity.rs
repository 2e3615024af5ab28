//! `Identity`, and `Dropout` outside of training.

use secateur_tensor::Tensor;

use super::{Cost, OpError, Operator, any};
use crate::fact::{Fact, Kind};
use crate::ties::{Slot, Ties};

/// The input as it is; `Dropout` may also ask for its mask, which keeps everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Whether the node is a `Dropout`.
    pub dropout: bool,
}

impl Operator for Identity {
    fn name(&self) -> &'static str {
        if self.dropout { "Dropout" } else { "Identity" }
    }

    fn facts(&self, inputs: &[Option<&Fact>]) -> Result<Vec<Fact>, OpError> {
        let x = any(inputs, 0)?;
        if let Some(training) = super::optional(inputs, 2, Kind::Bool)? {
            let training = training.value.as_ref().ok_or(OpError::Training)?;
            let ratio = super::optional(inputs, 1, Kind::F32)?.and_then(|fact| fact.value.as_ref());
            let drops = ratio.is_none_or(|ratio| ratio.as_f32() != [0.0]);
            if drops && training.as_bool().contains(&true) {
                return Err(OpError::Training);
            }
        }
        Ok(vec![x.clone(), Fact::of(Kind::Bool, x.shape.clone())])
    }

    fn cost(&self, _inputs: &[Vec<usize>], _outputs: &[Vec<usize>]) -> Cost {
        Cost::default()
    }

    fn in_place(&self, _inputs: &[Option<&Fact>]) -> bool {
        true
    }

    fn forward(&self, _inputs: &[Option<&Tensor>], outputs: &mut [Tensor]) {
        if let Some(mask) = outputs.get_mut(1) {
            mask.as_bool_mut().fill(true);
        }
    }

    fn ties(&self, ties: &mut Ties<'_>) {
        ties.same_shape(Slot::In(0), Slot::Out(0));
        ties.same_shape(Slot::In(0), Slot::Out(1));
    }
}
