//! Steps of a compiled network and where their values lie.

use secateur_graph::NodeId;
use secateur_graph::ops::Op;
use secateur_tensor::kernels::{self, Activation, ConvShape, Epilogue, PackedConv, PoolShape};

use super::elementwise::{self, Arithmetic, Scaling};
use super::moves::{self, Joint, Windows};

/// What a step computes.
#[derive(Clone, Debug)]
pub(super) enum Work {
    /// `[batch, channels, pixels]` to `[batch, pixels, channels]`.
    ToLast([usize; 3]),
    /// `[batch, pixels, channels]`, whose sizes are given as batch, channels, pixels, to
    /// `[batch, channels, pixels]`.
    ToPlain([usize; 3]),
    /// The same values in another place.
    Copy,
    /// A convolution or linear layer; input 1 is added before the activation.
    Conv(ConvShape, Box<PackedConv>, Activation),
    /// A convolution of a plain image.
    ConvPlain(ConvShape, Box<PackedConv>, Activation),
    MaxPool(PoolShape),
    /// Whether places around the image count.
    AveragePool(PoolShape, bool),
    /// The mean of all pixels of so many images of so many channels.
    Mean([usize; 2]),
    /// A function of each value.
    Activation(Activation),
    /// `activation(x * factor + summand)`.
    Scaling(Scaling, Activation),
    /// A function of two values of one shape.
    Arithmetic(Arithmetic, Activation),
    /// The factor of each channel of so many images, as squeeze-and-excitation has it.
    Excitation(usize, Activation),
    /// Ranges of axes with a border.
    Windows(Windows),
    /// Values one after the other along an axis.
    Joint(Joint),
    /// As an operator says, on whole tensors: which of its inputs are there, and whether output 0
    /// is made of input 0 in place.
    Node(Box<Op>, Vec<bool>, bool),
    /// Shows input 0 of a node.
    Observe(NodeId),
}

/// Where a value lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In the memory that is divided among values, from here on.
    Shared(usize),
    /// A tensor of its own.
    Own(usize),
    Constant(usize),
    Input(usize),
}

/// A value as a step reads or writes it.
#[derive(Clone, Debug)]
pub(super) struct Port {
    pub(super) place: Place,
    /// Axes in the order in which they lie in memory.
    pub(super) shape: Vec<usize>,
    pub(super) len: usize,
}

/// One step of a run.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) work: Work,
    pub(super) reads: Vec<Port>,
    pub(super) writes: Vec<Port>,
    /// Whether the result takes the place of input 0.
    pub(super) in_place: bool,
}

impl Work {
    /// Whether the result may take the place of input 0.
    pub(super) fn can_be_in_place(&self) -> bool {
        match self {
            Self::Activation(_)
            | Self::Scaling(..)
            | Self::Arithmetic(..)
            | Self::Excitation(..)
            | Self::Node(.., true) => true,
            Self::ToLast(_)
            | Self::ToPlain(_)
            | Self::Copy
            | Self::Conv(..)
            | Self::ConvPlain(..)
            | Self::MaxPool(_)
            | Self::AveragePool(..)
            | Self::Mean(_)
            | Self::Windows(_)
            | Self::Joint(_)
            | Self::Node(.., false)
            | Self::Observe(_) => false,
        }
    }

    /// Whether inputs and outputs must be tensors.
    pub(super) fn is_of_tensors(&self) -> bool {
        matches!(self, Self::Node(..) | Self::Observe(_))
    }

    /// Puts an activation behind what is computed, where that is done on the way.
    pub(super) fn absorb(&mut self, then: Activation) -> bool {
        match self {
            Self::Conv(.., activation)
            | Self::ConvPlain(.., activation)
            | Self::Scaling(_, activation)
            | Self::Arithmetic(_, activation)
            | Self::Excitation(_, activation)
                if *activation == Activation::None =>
            {
                *activation = then;
                true
            }
            _ => false,
        }
    }

    /// Computes a result from slices. `read` gives the inputs; where a step is in place, `y`
    /// holds input 0.
    pub(super) fn run<'a>(&self, read: impl Fn(usize) -> &'a [f32], count: usize, y: &mut [f32]) {
        match self {
            Self::ToLast([batch, channels, pixels]) => {
                kernels::to_channels_last(read(0), *batch, *channels, *pixels, y);
            }
            Self::ToPlain([batch, channels, pixels]) => {
                kernels::to_plain(read(0), *batch, *channels, *pixels, y);
            }
            Self::Copy => y.copy_from_slice(read(0)),
            Self::Conv(shape, packed, activation) => {
                let residual = (count > 1).then(|| read(1));
                let epilogue = Epilogue { residual, activation: *activation };
                kernels::conv(read(0), shape, packed, epilogue, y);
            }
            Self::ConvPlain(shape, packed, activation) => {
                let residual = (count > 1).then(|| read(1));
                let epilogue = Epilogue { residual, activation: *activation };
                kernels::conv_plain(read(0), shape, packed, epilogue, y);
            }
            Self::MaxPool(shape) => kernels::max_pool(read(0), shape, y),
            Self::AveragePool(shape, count) => kernels::average_pool(read(0), shape, *count, y),
            Self::Mean([batch, channels]) => {
                kernels::global_average_pool(read(0), *batch, *channels, y);
            }
            Self::Activation(activation) => elementwise::activate(*activation, y),
            Self::Scaling(scaling, activation) => scaling.run(*activation, y),
            Self::Arithmetic(op, activation) => op.run(read(1), *activation, y),
            Self::Excitation(batch, activation) => {
                kernels::scale_channels(y, *batch, read(1));
                elementwise::activate(*activation, y);
            }
            Self::Windows(windows) => windows.run(read(0), y),
            Self::Joint(joint) => {
                let mut from = 0;
                for at in 0..count {
                    from = moves::place(read(at), y, joint, at, from);
                }
            }
            Self::Node(..) | Self::Observe(_) => unreachable!("these work on tensors"),
        }
    }
}
