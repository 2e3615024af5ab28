//! The recipe: what a run is asked to do.
//!
//! One of the two serialized types of the project (the other is [`Record`](crate::Record)).
//! Unknown fields are refused, so that a misspelt option is an error and not a silent default.
//! Options of one method live in [`Recipe::options`], a map that the method parses strictly.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::budget::Budget;

/// Version of the recipe's layout, written as `format`.
pub const FORMAT: u32 = 1;

/// What a run is asked to do. Paths are kept as the user gave them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Layout version, [`FORMAT`].
    pub format: u32,
    /// The family, e.g. `neural`.
    pub family: String,
    /// The model to prune.
    pub model: String,
    /// Name of the method, e.g. `wanda`.
    pub method: String,
    /// How much goes.
    pub budget: Budget,
    /// Units compete inside their row, their layer, or the whole model.
    pub scope: Scope,
    /// Patterns of layer names to prune; empty means all.
    pub layers: Vec<String>,
    /// Patterns of layer names to leave alone.
    pub skip: Vec<String>,
    /// Calibration data, when the method needs any.
    pub calibration: Option<Calibration>,
    /// Data that quality is measured on before and after, when asked for.
    pub evaluation: Option<Calibration>,
    /// Seed of everything random.
    pub seed: u64,
    /// Numbers the forward pass works in.
    pub precision: Precision,
    /// Value type of the written weights.
    pub dtype: Keep,
    /// Form of the output.
    #[serde(default)]
    pub layout: Layout,
    /// How the budget is shared out over the model.
    #[serde(default)]
    pub allocation: Allocation,
    /// What is done with a layer whose Hessian cannot be inverted.
    #[serde(default)]
    pub on_singular: OnSingular,
    /// Sentences, one a line, whose embeddings are compared before and after.
    #[serde(default)]
    pub embeddings: Option<String>,
    /// What is asked of a whole network, e.g. from an ONNX file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<Network>,
    /// Options of the method, parsed strictly by it.
    pub options: BTreeMap<String, String>,
}

/// What is asked of a whole network beyond the budget.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Network {
    /// What is cut.
    pub granularity: Granularity,
    /// A share of a cost to keep, in place of a share of units to cut.
    pub target: Option<Target>,
    /// Fewest channels kept in a group.
    pub min_keep: usize,
    /// Kept widths are raised to a multiple of this. When absent: 8 under a target that allows
    /// it, for kernels of other runtimes are slow on other widths, and 1 else.
    pub align: Option<usize>,
    /// Images that the method is calibrated on.
    pub calibration: Option<Images>,
    /// Labeled images that quality is measured on before and after.
    pub evaluation: Option<Images>,
    /// Whether statistics of batch normalization are taken anew on the calibration images.
    pub recalibrate: bool,
    /// Whether the constants of cut channels go into the layers that read them.
    pub absorb: Absorb,
    /// Shapes of inputs that the file leaves open, by name.
    pub inputs: Vec<(String, Vec<usize>)>,
}

/// Which constants of cut channels go into the biases of the layers that read them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Absorb {
    /// None: cut channels count as zero.
    Never,
    /// Those that no layer pads, so that the result is that of the masked original everywhere.
    Exact,
    /// All; in layers that pad they go on into the padding.
    #[default]
    Always,
}

/// What is cut of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Granularity {
    /// Single weights, which stay as zeros.
    Weight,
    /// Channels, filters, whole heads: the network gets smaller.
    Channel,
    /// The same, but dimensions of heads and not whole heads.
    HeadDim,
}

/// A share of a cost to keep.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// Which cost.
    pub cost: TargetCost,
    /// Share kept, above 0 and below 1.
    pub kept: f64,
}

/// A cost that can be aimed at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TargetCost {
    /// Multiply-accumulates.
    Macs,
    /// Parameters.
    Params,
    /// Bytes of the constants.
    Size,
    /// Measured time of the layers on this machine.
    Latency,
}

/// Labeled images.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Images {
    /// A packed file, or a folder.
    pub path: String,
    /// Channels, height, width; that of the network when absent.
    pub image: Option<[usize; 3]>,
    /// Number of classes.
    pub classes: Option<usize>,
    /// Mean of each color, in units of 0 to 1.
    pub mean: Option<Vec<f32>>,
    /// Deviation of each color.
    pub std: Option<Vec<f32>>,
    /// Shorter side before the middle is cut out.
    pub resize: Option<usize>,
    /// Images at most, spread over all.
    pub samples: Option<usize>,
}

/// Where units compete.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Inside one output row of a layer.
    Row,
    /// Inside one layer.
    Layer,
    /// Over the whole model.
    Global,
}

/// Form of an output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layout {
    /// A Hugging Face directory.
    #[default]
    Hf,
    /// A GGUF file.
    Gguf,
    /// An ONNX file.
    Onnx,
}

/// How a budget is shared out over the blocks of a model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Allocation {
    /// Each gets the same.
    #[default]
    Uniform,
    /// Blocks with many outliers among their scores keep more.
    ///
    /// Source: L. Yin et al., 2023, "Outlier weighed layerwise sparsity (OWL)".
    Owl {
        /// A score is an outlier past this many times the mean of its block.
        threshold: f64,
        /// Largest difference of a block's sparsity from the budget.
        band: f64,
    },
}

impl Allocation {
    /// OWL with the numbers of its paper: outliers past five means, a band of 0.08.
    pub const OWL: Self = Self::Owl { threshold: 5.0, band: 0.08 };
}

/// What is done with a layer whose Hessian cannot be inverted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnSingular {
    /// The run ends.
    #[default]
    Stop,
    /// The layer is pruned by magnitude, which is recorded.
    Magnitude,
}

/// Calibration or evaluation data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// Text files, joined in this order, or one file of token ids.
    pub files: Vec<String>,
    /// Windows to take at most.
    pub samples: usize,
    /// Tokens in a window.
    pub seq_len: usize,
    /// Where windows are taken.
    pub sampling: Sampling,
}

/// Where windows are taken from `tokens` tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sampling {
    /// Evenly from the first token to the last.
    Spread,
    /// One after the other from the start.
    First,
    /// At seeded places.
    Random,
}

/// Numbers the forward pass works in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// 32-bit floats.
    F32,
    /// Weights, and activations between blocks, are kept as brain floats; sums are 32-bit floats.
    Bf16,
}

/// Value type of the written weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Keep {
    /// As the input has it; block-quantized values become f16.
    Keep,
    /// 32-bit floats.
    F32,
    /// 16-bit floats.
    F16,
    /// Brain floats.
    Bf16,
    /// GGUF's blocks of 32 bytes with a scale.
    #[serde(rename = "q8_0")]
    Q8_0,
}

impl Recipe {
    /// A recipe without data, with every choice at its default.
    pub fn new(family: &str, model: &str, method: &str, budget: Budget, scope: Scope) -> Self {
        Self {
            format: FORMAT,
            family: family.to_owned(),
            model: model.to_owned(),
            method: method.to_owned(),
            budget,
            scope,
            layers: Vec::new(),
            skip: Vec::new(),
            calibration: None,
            evaluation: None,
            seed: 0,
            precision: Precision::F32,
            dtype: Keep::Keep,
            layout: Layout::Hf,
            allocation: Allocation::Uniform,
            on_singular: OnSingular::Stop,
            embeddings: None,
            network: None,
            options: BTreeMap::new(),
        }
    }
}

impl TargetCost {
    /// The word on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Macs => "macs",
            Self::Params => "params",
            Self::Size => "size",
            Self::Latency => "latency",
        }
    }
}

impl Scope {
    /// The word on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Row => "row",
            Self::Layer => "layer",
            Self::Global => "global",
        }
    }
}

impl Sampling {
    /// The word on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Spread => "spread",
            Self::First => "first",
            Self::Random => "random",
        }
    }
}
