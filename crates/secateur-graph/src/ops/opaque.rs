//! Operators that nothing is known of.

use secateur_tensor::Tensor;

use super::{Cost, OpError, Operator};
use crate::fact::Fact;
use crate::ties::Ties;

/// An operator that is carried as it is: it cannot run, and no axis next to it can be cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opaque {
    /// Its name, with the domain where it is not that of ONNX.
    pub name: String,
    /// Why nothing is known, when the operator itself is one of ours.
    pub why: Option<String>,
}

impl Operator for Opaque {
    fn name(&self) -> &'static str {
        "an operator that is not known"
    }

    fn facts(&self, _inputs: &[Option<&Fact>]) -> Result<Vec<Fact>, OpError> {
        Err(OpError::Opaque)
    }

    fn cost(&self, _inputs: &[Vec<usize>], _outputs: &[Vec<usize>]) -> Cost {
        Cost::default()
    }

    fn forward(&self, _inputs: &[Option<&Tensor>], _outputs: &mut [Tensor]) {
        panic!("a graph with this operator is refused before it runs");
    }

    fn ties(&self, ties: &mut Ties<'_>) {
        ties.freeze_all("nothing is known of this operator");
    }
}
