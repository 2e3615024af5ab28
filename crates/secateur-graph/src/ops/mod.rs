//! The operators, one file each; those that differ in one formula share a file.

mod along;
mod arg;
mod attention;
mod batch_normalization;
mod binary;
mod cast;
mod clip;
mod concat;
mod constant_of_shape;
mod conv;
mod conv_transpose;
mod depth_to_space;
mod einsum;
mod expand;
mod gather;
mod gather_elements;
mod gather_nd;
mod gelu;
mod gemm;
mod global_pool;
mod group_normalization;
mod identity;
mod is_nan;
mod layer_normalization;
mod matmul;
mod max_pool_indices;
mod mean_variance_normalization;
mod multi_head_attention;
mod multi_head_rotary;
mod one_hot;
mod opaque;
mod pad;
mod pool;
mod quantize;
mod range;
mod reduce;
mod regroup;
mod reshape;
mod resize;
mod rms_normalization;
mod rotary_embedding;
mod scatter_elements;
mod scatter_nd;
mod select;
mod shape;
mod slice;
mod softmax;
mod split;
mod squeeze;
mod swish;
mod top_k;
mod transpose;
mod trilu;
mod unary;
mod window;

use secateur_tensor::Tensor;

use crate::fact::{Dim, Fact, Kind};
use crate::graph::kind_name;
use crate::shrink::{Cut, Shrunk};
use crate::ties::Ties;

pub use along::Along;
pub use arg::{Arg, Extreme};
pub use attention::Attention;
pub use batch_normalization::BatchNormalization;
pub use binary::Binary;
pub use cast::{Cast, CastLike};
pub use clip::Clip;
pub use concat::Concat;
pub use constant_of_shape::ConstantOfShape;
pub use conv::Conv;
pub use conv_transpose::ConvTranspose;
pub use depth_to_space::{Blocks, DepthToSpace, SpaceToDepth};
pub use einsum::Einsum;
pub use expand::{Expand, Tile};
pub use gather::Gather;
pub use gather_elements::GatherElements;
pub use gather_nd::GatherNd;
pub use gelu::Gelu;
pub use gemm::Gemm;
pub use global_pool::GlobalPool;
pub use group_normalization::{GroupNormalization, InstanceNormalization};
pub use identity::Identity;
pub use is_nan::IsSpecial;
pub use layer_normalization::LayerNormalization;
pub use matmul::MatMul;
pub use max_pool_indices::MaxPoolIndices;
pub use mean_variance_normalization::MeanVarianceNormalization;
pub use multi_head_attention::{Heads, MultiHeadAttention, Scores};
pub use multi_head_rotary::MultiHeadRotary;
pub use one_hot::OneHot;
pub use opaque::Opaque;
pub use pad::{Pad, PadMode};
pub use pool::{Pool, PoolKind};
pub use quantize::{Dequantize, Quantize};
pub use range::Range;
pub use reduce::{Reduce, Reduction};
pub use regroup::Regroup;
pub use reshape::{Flatten, Reshape};
pub use resize::{Aspect, Coordinates, Nearest, Resize, ResizeMode};
pub use rms_normalization::RmsNormalization;
pub use rotary_embedding::RotaryEmbedding;
pub use scatter_elements::ScatterElements;
pub use scatter_nd::{ScatterNd, Scattered};
pub use select::Where;
pub use shape::{Shape, Size};
pub use slice::Slice;
pub use softmax::Softmax;
pub use split::Split;
pub use squeeze::{Squeeze, Unsqueeze};
pub use swish::Swish;
pub use top_k::TopK;
pub use transpose::Transpose;
pub use trilu::Trilu;
pub use unary::Unary;
pub use window::{AutoPad, Window};

/// An operator with its attributes.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "each variant is documented in its own file")]
pub enum Op {
    Along(Along),
    Arg(Arg),
    Attention(Attention),
    BatchNormalization(BatchNormalization),
    Binary(Binary),
    Cast(Cast),
    CastLike(CastLike),
    Clip(Clip),
    Concat(Concat),
    ConstantOfShape(ConstantOfShape),
    Conv(Conv),
    ConvTranspose(ConvTranspose),
    DepthToSpace(DepthToSpace),
    Dequantize(Dequantize),
    Einsum(Einsum),
    Expand(Expand),
    Flatten(Flatten),
    Gather(Gather),
    GatherElements(GatherElements),
    GatherNd(GatherNd),
    Gelu(Gelu),
    Gemm(Gemm),
    GlobalPool(GlobalPool),
    GroupNormalization(GroupNormalization),
    Identity(Identity),
    InstanceNormalization(InstanceNormalization),
    IsSpecial(IsSpecial),
    LayerNormalization(LayerNormalization),
    MatMul(MatMul),
    MaxPoolIndices(MaxPoolIndices),
    MeanVarianceNormalization(MeanVarianceNormalization),
    MultiHeadAttention(MultiHeadAttention),
    MultiHeadRotary(MultiHeadRotary),
    OneHot(OneHot),
    Opaque(Opaque),
    Pad(Pad),
    Pool(Pool),
    Quantize(Quantize),
    Range(Range),
    Reduce(Reduce),
    Regroup(Regroup),
    Reshape(Reshape),
    Resize(Resize),
    RmsNormalization(RmsNormalization),
    RotaryEmbedding(RotaryEmbedding),
    ScatterElements(ScatterElements),
    ScatterNd(ScatterNd),
    Shape(Shape),
    Size(Size),
    Slice(Slice),
    Softmax(Softmax),
    SpaceToDepth(SpaceToDepth),
    Split(Split),
    Squeeze(Squeeze),
    Swish(Swish),
    Tile(Tile),
    TopK(TopK),
    Transpose(Transpose),
    Trilu(Trilu),
    Unary(Unary),
    Unsqueeze(Unsqueeze),
    Where(Where),
}

impl Op {
    /// What the operator can say and do.
    pub fn operator(&self) -> &dyn Operator {
        match self {
            Self::Along(op) => op,
            Self::Arg(op) => op,
            Self::Attention(op) => op,
            Self::BatchNormalization(op) => op,
            Self::Binary(op) => op,
            Self::Cast(op) => op,
            Self::CastLike(op) => op,
            Self::Clip(op) => op,
            Self::Concat(op) => op,
            Self::ConstantOfShape(op) => op,
            Self::Conv(op) => op,
            Self::ConvTranspose(op) => op,
            Self::DepthToSpace(op) => op,
            Self::Dequantize(op) => op,
            Self::Einsum(op) => op,
            Self::Expand(op) => op,
            Self::Flatten(op) => op,
            Self::Gather(op) => op,
            Self::GatherElements(op) => op,
            Self::GatherNd(op) => op,
            Self::Gelu(op) => op,
            Self::Gemm(op) => op,
            Self::GlobalPool(op) => op,
            Self::GroupNormalization(op) => op,
            Self::Identity(op) => op,
            Self::InstanceNormalization(op) => op,
            Self::IsSpecial(op) => op,
            Self::LayerNormalization(op) => op,
            Self::MatMul(op) => op,
            Self::MaxPoolIndices(op) => op,
            Self::MeanVarianceNormalization(op) => op,
            Self::MultiHeadAttention(op) => op,
            Self::MultiHeadRotary(op) => op,
            Self::OneHot(op) => op,
            Self::Opaque(op) => op,
            Self::Pad(op) => op,
            Self::Pool(op) => op,
            Self::Quantize(op) => op,
            Self::Range(op) => op,
            Self::Reduce(op) => op,
            Self::Regroup(op) => op,
            Self::Reshape(op) => op,
            Self::Resize(op) => op,
            Self::RmsNormalization(op) => op,
            Self::RotaryEmbedding(op) => op,
            Self::ScatterElements(op) => op,
            Self::ScatterNd(op) => op,
            Self::Shape(op) => op,
            Self::Size(op) => op,
            Self::Slice(op) => op,
            Self::Softmax(op) => op,
            Self::SpaceToDepth(op) => op,
            Self::Split(op) => op,
            Self::Squeeze(op) => op,
            Self::Swish(op) => op,
            Self::Tile(op) => op,
            Self::TopK(op) => op,
            Self::Transpose(op) => op,
            Self::Trilu(op) => op,
            Self::Unary(op) => op,
            Self::Unsqueeze(op) => op,
            Self::Where(op) => op,
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
    fn cost(&self, inputs: &[Vec<usize>], outputs: &[Vec<usize>]) -> Cost {
        moved(inputs, outputs)
    }

    /// Whether output 0 is computed in the memory of input 0. Then [`Operator::forward`] finds
    /// the values of input 0 in output 0, and `None` in the place of input 0.
    fn in_place(&self, _inputs: &[Option<&Fact>]) -> bool {
        false
    }

    /// Computes the outputs into tensors of the right kind and shape, whose values are arbitrary.
    fn forward(&self, inputs: &[Option<&Tensor>], outputs: &mut [Tensor]);

    /// Which axes of inputs and outputs are the same, and which cannot be shortened.
    fn ties(&self, ties: &mut Ties<'_>) {
        ties.freeze_all("it can mix all its values");
    }

    /// How the operator changes when axes are shortened; called for the nodes that a cut touches.
    ///
    /// # Errors
    /// [`OpError`] when it cannot follow.
    fn shrunk(&self, _cut: &Cut<'_>) -> Result<Shrunk, OpError> {
        Ok(Shrunk::default())
    }

    /// The input that is a matrix of weights, if one is.
    fn weight(&self) -> Option<Weight> {
        None
    }
}

/// Which input of an operator is its weight, and what the axes of it mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weight {
    /// Place of the input.
    pub input: usize,
    /// Axis of the output features, counted from the end: 1 is the last.
    pub out_from_end: usize,
    /// Axis of the input features, counted from the end.
    pub in_from_end: usize,
    /// Whether output features follow the axes of a convolution: `[out, in / groups, ..]`.
    pub convolution: bool,
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
    /// The shape of an output depends on values that are known during a run only.
    #[error(
        "the shape of its output depends on input {index}, whose value is not known before a run"
    )]
    Dynamic {
        /// Place of the input.
        index: usize,
    },
    /// Nothing is known of the operator.
    #[error("nothing is known of this operator")]
    Opaque,
    /// An operator that does something else in training.
    #[error("it is in training mode, or may be")]
    Training,
    /// A cut that the operator cannot follow.
    #[error("cannot be cut: {0}")]
    Cut(&'static str),
}

/// Computes the outputs of a node whose inputs are all known and small.
pub(crate) fn fold(op: &Op, inputs: &[Option<&Fact>], outputs: &mut [Fact]) {
    const SMALL: usize = 1 << 16;
    if outputs.iter().all(|fact| fact.value.is_some()) {
        return;
    }
    let mut tensors = Vec::with_capacity(inputs.len());
    for input in inputs {
        match input {
            None => tensors.push(None),
            Some(fact) => match &fact.value {
                Some(value) => tensors.push(Some(&**value)),
                None => return,
            },
        }
    }
    let shapes: Option<Vec<Vec<usize>>> = outputs.iter().map(Fact::known_shape).collect();
    let Some(shapes) = shapes else { return };
    if shapes.iter().map(|s| s.iter().product::<usize>()).sum::<usize>() > SMALL {
        return;
    }
    let mut results: Vec<Tensor> =
        outputs.iter().zip(&shapes).map(|(fact, shape)| empty(fact.kind, shape)).collect();
    let in_place = op.operator().in_place(inputs);
    if in_place && let Some(Some(x)) = tensors.first() {
        results[0] = (*x).clone().reshaped(shapes[0].clone());
        tensors[0] = None;
    }
    op.operator().forward(&tensors, &mut results);
    for (fact, tensor) in outputs.iter_mut().zip(results) {
        fact.value = Some(std::sync::Arc::new(tensor));
    }
}

/// A tensor of a kind and shape.
pub fn empty(kind: Kind, shape: &[usize]) -> Tensor {
    let len = shape.iter().product();
    match kind {
        Kind::F32 => Tensor::zeros(shape.to_vec()),
        Kind::I64 => Tensor::i64(shape.to_vec(), vec![0; len]),
        Kind::Bool => Tensor::bool(shape.to_vec(), vec![false; len]),
    }
}

/// The fact of a required input of any kind.
fn any<'a>(inputs: &[Option<&'a Fact>], index: usize) -> Result<&'a Fact, OpError> {
    inputs.get(index).copied().flatten().ok_or(OpError::Missing { index })
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

/// The dimensions of an input as numbers.
fn known(inputs: &[Option<&Fact>], index: usize) -> Result<Vec<usize>, OpError> {
    let fact = any(inputs, index)?;
    fact.known_shape().ok_or_else(|| shape_error(index, fact, "expected numbers"))
}

/// The integers of an input that must be known before a run; `None` when it is absent.
fn integers<'a>(inputs: &[Option<&'a Fact>], index: usize) -> Result<Option<&'a [i64]>, OpError> {
    match optional(inputs, index, Kind::I64)? {
        None => Ok(None),
        Some(fact) => fact.integers().map(Some).ok_or(OpError::Dynamic { index }),
    }
}

/// An axis that may be counted from the end, as a place.
fn axis_of(axis: i64, rank: usize) -> Result<usize, OpError> {
    let at = if axis < 0 { axis + rank as i64 } else { axis };
    if (0..rank as i64).contains(&at) {
        return Ok(at as usize);
    }
    Err(OpError::Attribute(format!("axis {axis} of {rank} axes")))
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

/// The values of an optional input.
fn maybe<'a>(inputs: &[Option<&'a Tensor>], index: usize) -> Option<&'a Tensor> {
    inputs.get(index).copied().flatten()
}
