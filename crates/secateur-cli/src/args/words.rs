//! Words for one of several things.

use clap::ValueEnum;
use secateur::core::recipe::{
    Absorb, Granularity, Keep, Layout, OnSingular, Precision, Sampling, Scope,
};

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ScopeWord {
    Row,
    Layer,
    Global,
}

impl From<ScopeWord> for Scope {
    fn from(word: ScopeWord) -> Self {
        match word {
            ScopeWord::Row => Self::Row,
            ScopeWord::Layer => Self::Layer,
            ScopeWord::Global => Self::Global,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum SamplingWord {
    Spread,
    First,
    Random,
}

impl From<SamplingWord> for Sampling {
    fn from(word: SamplingWord) -> Self {
        match word {
            SamplingWord::Spread => Self::Spread,
            SamplingWord::First => Self::First,
            SamplingWord::Random => Self::Random,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum DtypeWord {
    /// As the input has it
    Keep,
    F32,
    F16,
    Bf16,
    /// GGUF's blocks of 32 bytes with a scale
    #[value(name = "q8_0")]
    Q8_0,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FormatWord {
    /// A Hugging Face directory
    Hf,
    /// A GGUF file
    Gguf,
    /// An ONNX file
    Onnx,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RecalibrateWord {
    /// When there are calibration images
    Auto,
    Never,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum AbsorbWord {
    /// Cut channels count as zero
    Never,
    /// Those that no layer pads
    Exact,
    /// All; in layers that pad they go on into the padding
    Always,
}

impl From<AbsorbWord> for Absorb {
    fn from(word: AbsorbWord) -> Self {
        match word {
            AbsorbWord::Never => Self::Never,
            AbsorbWord::Exact => Self::Exact,
            AbsorbWord::Always => Self::Always,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum GranularityWord {
    /// Single weights, which stay as zeros
    Weight,
    /// Channels, filters, whole heads: the network gets smaller
    Channel,
    /// The same, but dimensions of heads and not whole heads
    HeadDim,
}

impl From<GranularityWord> for Granularity {
    fn from(word: GranularityWord) -> Self {
        match word {
            GranularityWord::Weight => Self::Weight,
            GranularityWord::Channel => Self::Channel,
            GranularityWord::HeadDim => Self::HeadDim,
        }
    }
}

impl From<FormatWord> for Layout {
    fn from(word: FormatWord) -> Self {
        match word {
            FormatWord::Hf => Self::Hf,
            FormatWord::Gguf => Self::Gguf,
            FormatWord::Onnx => Self::Onnx,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum AllocationWord {
    Uniform,
    Owl,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum PrecisionWord {
    F32,
    /// Half the memory; sums are f32 either way
    Bf16,
}

impl From<PrecisionWord> for Precision {
    fn from(word: PrecisionWord) -> Self {
        match word {
            PrecisionWord::F32 => Self::F32,
            PrecisionWord::Bf16 => Self::Bf16,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum SingularWord {
    /// End the run
    Stop,
    /// Prune the layer by magnitude, and say so
    Magnitude,
}

impl From<SingularWord> for OnSingular {
    fn from(word: SingularWord) -> Self {
        match word {
            SingularWord::Stop => Self::Stop,
            SingularWord::Magnitude => Self::Magnitude,
        }
    }
}

impl From<DtypeWord> for Keep {
    fn from(word: DtypeWord) -> Self {
        match word {
            DtypeWord::Keep => Self::Keep,
            DtypeWord::F32 => Self::F32,
            DtypeWord::F16 => Self::F16,
            DtypeWord::Bf16 => Self::Bf16,
            DtypeWord::Q8_0 => Self::Q8_0,
        }
    }
}
