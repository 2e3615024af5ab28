//! Pruning a network.

use std::path::PathBuf;

use clap::Args;
use secateur::core::Budget;
use secateur::core::recipe::Target;

use super::network::{ImageArgs, ShapeArgs};
use super::parse::{band, memory, option, pattern, positive, sparsity, target, times};
use super::words::{
    AbsorbWord, AllocationWord, DtypeWord, FormatWord, GranularityWord, PrecisionWord,
    RecalibrateWord, SamplingWord, ScopeWord, SingularWord,
};

pub(super) const PRUNE_EXAMPLES: &str = "Examples:
  secateur prune MODEL -o OUT --method wanda --sparsity 0.5 --calibration text.txt
  secateur prune MODEL -o OUT --method wanda --pattern 2:4 --calibration text.txt --perplexity test.txt
  secateur prune model.gguf -o out.gguf --method magnitude --sparsity 0.3 --skip '*.layers.0.*'
  secateur prune MODEL -o OUT --method sparsegpt --sparsity 0.6 --allocation owl --calibration text.txt
  secateur prune net.onnx -o small.onnx --granularity channel --target macs=0.5 --method l2
  secateur prune net.onnx -o small.onnx --granularity channel --target latency=0.6 --method least-squares --calibration train.bin --images test.bin
  secateur prune net.onnx -o sparse.onnx --sparsity 0.8 --method magnitude
Learn more: secateur methods wanda";

#[derive(Args, Debug)]
pub(crate) struct PruneArgs {
    /// A directory with config.json and safetensors, a .gguf or an .onnx file
    pub(crate) model: PathBuf,

    /// The directory to write, or a .gguf or .onnx file
    #[arg(long, short, value_name = "OUT")]
    pub(crate) output: PathBuf,

    /// Form of the output [default: by the ending of OUT]
    #[arg(long, value_enum)]
    pub(crate) format: Option<FormatWord>,

    /// What weights or channels are worth; `secateur methods` lists the methods [default: wanda;
    /// for ONNX l2 for channels, magnitude for weights]
    #[arg(long, short, value_name = "NAME")]
    pub(crate) method: Option<String>,

    /// Share of weights (or channels) to cut, between 0 and 1
    #[arg(long, short, value_name = "S", value_parser = sparsity, conflicts_with = "pattern", required_unless_present_any = ["pattern", "target"], allow_negative_numbers = true)]
    pub(crate) sparsity: Option<f64>,

    /// Share of a cost to keep, for channels: macs, params, size or latency
    #[arg(long, value_name = "COST=SHARE", value_parser = target, conflicts_with_all = ["sparsity", "pattern"])]
    pub(crate) target: Option<Target>,

    /// What is cut of an ONNX network [default: channel with --target, else weight]
    #[arg(long, value_enum)]
    pub(crate) granularity: Option<GranularityWord>,

    /// Fewest channels kept in a group
    #[arg(long, value_name = "K", default_value_t = 1, value_parser = positive)]
    pub(crate) min_keep: usize,

    /// Raise kept widths to a multiple of this [default: 8 with --target where it allows that,
    /// else 1]
    #[arg(long, value_name = "K", value_parser = positive)]
    pub(crate) align: Option<usize>,

    /// Measure how many of these labeled images are recognized before and after (ONNX)
    #[arg(long, value_name = "FILE")]
    pub(crate) images: Option<String>,

    /// Whether statistics of batch normalization are taken anew on the calibration images (ONNX)
    #[arg(long, value_enum, default_value_t = RecalibrateWord::Auto)]
    pub(crate) recalibrate: RecalibrateWord,

    /// Which constants of cut channels go into the layers that read them (ONNX)
    #[arg(long, value_enum, default_value_t = AbsorbWord::Always)]
    pub(crate) absorb: AbsorbWord,

    #[command(flatten)]
    pub(crate) preparation: ImageArgs,

    #[command(flatten)]
    pub(crate) shapes: ShapeArgs,

    /// Keep N of every M neighboring weights of a row
    #[arg(long, short, value_name = "N:M", value_parser = pattern)]
    pub(crate) pattern: Option<Budget>,

    /// Where weights compete [default: that of the method]
    #[arg(long, value_enum)]
    pub(crate) scope: Option<ScopeWord>,

    /// How the budget is shared out over the blocks; owl keeps more where there are more outliers
    #[arg(long, value_enum, default_value_t = AllocationWord::Uniform)]
    pub(crate) allocation: AllocationWord,

    /// OWL: a score is an outlier past this many times the mean of its block
    #[arg(long, value_name = "M", default_value_t = 5.0, value_parser = times)]
    pub(crate) owl_threshold: f64,

    /// OWL: largest difference of a block's sparsity from the budget
    #[arg(long, value_name = "L", default_value_t = 0.08, value_parser = band)]
    pub(crate) owl_band: f64,

    /// Prune only layers that match one of these patterns (`*` stands for anything)
    #[arg(long, value_name = "GLOB", num_args = 1..)]
    pub(crate) layers: Vec<String>,

    /// Leave layers alone that match one of these patterns
    #[arg(long, value_name = "GLOB", num_args = 1..)]
    pub(crate) skip: Vec<String>,

    /// Texts to calibrate on (plain, or .jsonl with a "text" a line), joined in this order; or one
    /// .safetensors file with input_ids [n, L]. For ONNX: images, a packed file or a folder
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub(crate) calibration: Vec<String>,

    /// Calibration windows to take at most [default: 128; of images 512]
    #[arg(long, value_name = "N", value_parser = positive)]
    pub(crate) samples: Option<usize>,

    /// Tokens in a window, at most what the model was made for [default: 2048]
    #[arg(long, value_name = "L", value_parser = positive)]
    pub(crate) seq_len: Option<usize>,

    /// Where calibration windows are taken from the text
    #[arg(long, value_enum, default_value_t = SamplingWord::Spread)]
    pub(crate) sampling: SamplingWord,

    /// Measure perplexity on this text (or ids file) before and after
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub(crate) perplexity: Vec<String>,

    /// Windows to measure perplexity on at most, from the start of the text [default: all]
    #[arg(long, value_name = "N", value_parser = positive)]
    pub(crate) windows: Option<usize>,

    /// Compare the embeddings of these sentences, one a line, before and after (encoders)
    #[arg(long, value_name = "FILE")]
    pub(crate) embeddings: Option<String>,

    /// Seed of everything random
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,

    /// Numbers that weights and activations are kept in while the model runs
    #[arg(long, value_enum, default_value_t = PrecisionWord::F32)]
    pub(crate) precision: PrecisionWord,

    /// What to do with a layer whose Hessian cannot be inverted (sparsegpt)
    #[arg(long, value_enum, default_value_t = SingularWord::Stop)]
    pub(crate) on_singular: SingularWord,

    /// An option of the method, see its page
    #[arg(long, value_name = "NAME=VALUE", num_args = 1.., value_parser = option)]
    pub(crate) option: Vec<(String, String)>,

    /// Value type of the written weights
    #[arg(long, value_enum, default_value_t = DtypeWord::Keep)]
    pub(crate) dtype: DtypeWord,

    /// Memory to take at most, e.g. 1500MiB; activations go to a file past it [default: 4GiB]
    #[arg(long, value_name = "SIZE", value_parser = memory)]
    pub(crate) max_memory: Option<u64>,

    /// Continue an unfinished run, to the same bytes
    #[arg(long, conflicts_with = "force")]
    pub(crate) resume: bool,

    /// Replace an older output of secateur
    #[arg(long)]
    pub(crate) force: bool,

    /// Show what would be done, without reading weights
    #[arg(long)]
    pub(crate) dry_run: bool,
}
