//! The operators, one file each.

mod add;
mod attention;
mod gather;
mod gelu;
mod gemm;
mod layer_normalization;
mod mul;
mod reshape;
mod rms_normalization;
mod rotary_embedding;
mod softmax;
mod split;
mod swish;

use secateur_tensor::Tensor;

use crate::fact::{Dim, Fact, Kind};
use crate::graph::kind_name;

pub use add::Add;
pub use attention::Attention;
pub use gather::Gather;
pub use gelu::Gelu;
pub use gemm::Gemm;
pub use layer_normalization::LayerNormalization;
pub use mul::Mul;
pub use reshape::Reshape;
pub use rms_normalization::RmsNormalization;
pub use rotary_embedding::RotaryEmbedding;
pub use softmax::Softmax;
pub use split::Split;
pub use swish::Swish;

/// An operator with its attributes.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "each variant is documented in its own file")]
pub enum Op {
    Add(Add),
    Attention(Attention),
    Gather(Gather),
    Gelu(Gelu),
    Gemm(Gemm),
    LayerNormalization(LayerNormalization),
    Mul(Mul),
    Reshape(Reshape),
    RmsNormalization(RmsNormalization),
    RotaryEmbedding(RotaryEmbedding),
    Softmax(Softmax),
    Split(Split),
    Swish(Swish),
}

impl Op {
    /// What the operator can say and do.
    pub fn operator(&self) -> &dyn Operator {
        match self {
            Self::Add(op) => op,
            Self::Attention(op) => op,
            Self::Gather(op) => op,
            Self::Gelu(op) => op,
            Self::Gemm(op) => op,
            Self::LayerNormalization(op) => op,
            Self::Mul(op) => op,
            Self::Reshape(op) => op,
            Self::RmsNormalization(op) => op,
            Self::RotaryEmbedding(op) => op,
            Self::Softmax(op) => op,
            Self::Split(op) => op,
            Self::Swish(op) => op,
        }
    }
}

/// What every operator can say and do.
pub trait Operator: Sync {
    /// Name in ONNX.
    fn name(&self) -> &'static str;

    /// Kind and shape of the outputs.
    ///
    /// # Errors
    /// [`OpError`] when the inputs do not fit.
    fn facts(&self, inputs: &[Option<&Fact>]) -> Result<Vec<Fact>, OpError>;

    /// What one run costs, for inputs and outputs of these shapes (an absent input is empty).
    fn cost(&self, inputs: &[Vec<usize>], outputs: &[Vec<usize>]) -> Cost;

    /// Whether output 0 is computed in the memory of input 0. Then [`Operator::forward`] finds
    /// the values of input 0 in output 0, and `None` in the place of input 0.
    fn in_place(&self) -> bool {
        false
    }

    /// Computes the outputs into tensors of the right shape, whose values are arbitrary.
    fn forward(&self, inputs: &[Option<&Tensor>], outputs: &mut [Tensor]);
}

/// What a run costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Multiply-accumulates.
    pub macs: u64,
    /// Values read and written, in bytes at work.
    pub bytes: u64,
}

/// Why an operator refuses its inputs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpError {
    /// A required input is absent.
    #[error("input {index} is missing")]
    Missing {
        /// Place of the input.
        index: usize,
    },
    /// More inputs than the operator takes.
    #[error("takes at most {most} inputs, got {found}")]
    TooMany {
        /// Inputs it takes.
        most: usize,
        /// Inputs it got.
        found: usize,
    },
    /// An input of another kind.
    #[error("input {index} must be {expected}")]
    WrongKind {
        /// Place of the input.
        index: usize,
        /// What it must be.
        expected: &'static str,
    },
    /// An input of another shape.
    #[error("input {index} has shape {found:?}, {expected}")]
    Shape {
        /// Place of the input.
        index: usize,
        /// Its shape.
        found: Vec<Dim>,
        /// What was expected, in words.
        expected: String,
    },
    /// An attribute that cannot be.
    #[error("{0}")]
    Attribute(String),
}

/// The fact of a required input of a kind.
fn need<'a>(inputs: &[Option<&'a Fact>], index: usize, kind: Kind) -> Result<&'a Fact, OpError> {
    match optional(inputs, index, kind)? {
        Some(fact) => Ok(fact),
        None => Err(OpError::Missing { index }),
    }
}

/// The fact of an optional input of a kind.
fn optional<'a>(
    inputs: &[Option<&'a Fact>],
    index: usize,
    kind: Kind,
) -> Result<Option<&'a Fact>, OpError> {
    match inputs.get(index).copied().flatten() {
        Some(fact) if fact.kind != kind => {
            Err(OpError::WrongKind { index, expected: kind_name(kind) })
        }
        fact => Ok(fact),
    }
}

/// Refuses more inputs than the operator takes.
fn at_most(inputs: &[Option<&Fact>], most: usize) -> Result<(), OpError> {
    let found = inputs.len();
    if found > most { Err(OpError::TooMany { most, found }) } else { Ok(()) }
}

/// An error on the shape of an input.
fn shape_error(index: usize, fact: &Fact, expected: impl Into<String>) -> OpError {
    OpError::Shape { index, found: fact.shape.clone(), expected: expected.into() }
}

/// The cost of touching each value of the inputs and outputs once.
fn moved(inputs: &[Vec<usize>], outputs: &[Vec<usize>]) -> Cost {
    let count = |shape: &Vec<usize>| shape.iter().map(|&n| n as u64).product::<u64>();
    let inputs = inputs.iter().filter(|shape| !shape.is_empty());
    Cost { macs: 0, bytes: inputs.chain(outputs).map(count).sum::<u64>() * 4 }
}

/// The values of a required input, whose presence [`Operator::facts`] has checked.
fn given<'a>(inputs: &[Option<&'a Tensor>], index: usize) -> &'a Tensor {
    inputs[index].expect("facts() has checked that the input is there")
}
