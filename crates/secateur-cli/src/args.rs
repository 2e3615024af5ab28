//! What can be typed.

pub(crate) mod ses;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use secateur::core::Budget;
use secateur::core::recipe::{
    Absorb, Granularity, Images, Keep, Layout, OnSingular, Precision, Sampling, Scope, Target,
    TargetCost,
};

/// Finds what a trained model can do without, removes it, and says what that cost and saved.
#[derive(Debug, Parser)]
#[command(name = "secateur", version, max_term_width = 100, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,

    /// Threads to work with; the result is the same for any number
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024), env = "SECATEUR_THREADS")]
    pub(crate) threads: Option<u16>,

    /// Show nothing but results, warnings and errors
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,

    /// Print results (and errors) as JSON
    #[arg(long, global = true)]
    json: bool,
}

const EXIT_CODES: &str = "Exit codes: 0 ok, 1 other, 2 usage, 3 bad input, 4 unsupported, \
5 resources, 6 a gate failed, 7 busy, 70 bug, 130 interrupted.";

impl Cli {
    pub(crate) fn json(&self) -> bool {
        self.json
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Prune an embedded model in every way and compare, offline: a small language model, or `ses`,
    /// a factory of cells that hold cells
    Demo {
        /// What is pruned
        family: Option<DemoFamily>,
    },
    /// Prune a language model or an ONNX network into a new directory or file
    #[command(alias = "sparsify", after_help = PRUNE_EXAMPLES)]
    Prune(Box<PruneArgs>),
    /// Measure the quality of a model
    #[command(alias = "evaluate", after_help = EVAL_EXAMPLES)]
    Eval(EvalArgs),
    /// Go on with a text
    #[command(after_help = GENERATE_EXAMPLES)]
    Generate(GenerateArgs),
    /// Show what a model is: architecture, layers, zeros, cost
    #[command(alias = "info")]
    Inspect {
        /// A directory, a .gguf or an .onnx file
        model: PathBuf,

        #[command(flatten)]
        shapes: ShapeArgs,
    },
    /// Time an ONNX network on this machine
    #[command(after_help = BENCH_EXAMPLES)]
    Bench(BenchArgs),
    /// Cut each layer of an ONNX network alone and measure what it costs
    #[command(after_help = SENSITIVITY_EXAMPLES)]
    Sensitivity(SensitivityArgs),
    /// Check hashes, shapes and masks, and outputs against golden ones
    Verify(VerifyArgs),
    /// Show what differs between two models
    Diff {
        /// The first model
        a: PathBuf,
        /// The second model
        b: PathBuf,
    },
    /// Prune System Entity Structures: a family of systems to one of it
    #[command(subcommand)]
    Ses(ses::SesCommand),
    /// List the methods, or show the page of one
    Methods {
        /// Name of a method
        name: Option<String>,
    },
    /// Explain an error code
    Explain {
        /// The code, e.g. SEC-ST-004
        code: String,
    },
    /// Show the machine, for bug reports
    Doctor,
    /// Print completions for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// What the demo prunes.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum DemoFamily {
    /// A small language model
    Neural,
    /// A factory as a System Entity Structure
    Ses,
}

const PRUNE_EXAMPLES: &str = "Examples:
  secateur prune MODEL -o OUT --method wanda --sparsity 0.5 --calibration text.txt
  secateur prune MODEL -o OUT --method wanda --pattern 2:4 --calibration text.txt --perplexity test.txt
  secateur prune model.gguf -o out.gguf --method magnitude --sparsity 0.3 --skip '*.layers.0.*'
  secateur prune MODEL -o OUT --method sparsegpt --sparsity 0.6 --allocation owl --calibration text.txt
  secateur prune net.onnx -o small.onnx --granularity channel --target macs=0.5 --method l2
  secateur prune net.onnx -o small.onnx --granularity channel --target latency=0.6 --method least-squares --calibration train.bin --images test.bin
  secateur prune net.onnx -o sparse.onnx --sparsity 0.8 --method magnitude
Learn more: secateur methods wanda";

const EVAL_EXAMPLES: &str = "Examples:
  secateur eval MODEL --perplexity test.txt
  secateur eval MODEL --perplexity test.txt --seq-len 512 --windows 32 --json
  secateur eval MODEL --perplexity ids.safetensors
  secateur eval ENCODER --embeddings sentences.txt --against DENSE
  secateur eval net.onnx --images test.bin --image 3x32x32 --classes 10
  secateur eval net.onnx --images folder";

const BENCH_EXAMPLES: &str = "Examples:
  secateur bench net.onnx
  secateur bench small.onnx --against net.onnx --batch 32";

const SENSITIVITY_EXAMPLES: &str = "Examples:
  secateur sensitivity net.onnx --images test.bin
  secateur sensitivity net.onnx --images test.bin --calibration train.bin --shares 0.25,0.5,0.75 --report sensitivity.html";

const GENERATE_EXAMPLES: &str = "Examples:
  secateur generate MODEL --prompt 'Once upon a time'
  secateur generate MODEL --prompt 'The capital of France is' --max-tokens 8 --json
  secateur generate MODEL --prompt 'Once upon a time' --temperature 0.8 --top-p 0.95 --seed 1";

#[derive(Args, Debug)]
pub(crate) struct GenerateArgs {
    /// A directory with config.json and safetensors, or a .gguf file
    pub(crate) model: PathBuf,

    /// The text to go on with
    #[arg(long, short, value_name = "TEXT")]
    pub(crate) prompt: String,

    /// Tokens to generate at most
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = positive)]
    pub(crate) max_tokens: usize,

    /// Divides the logits before a token is drawn; 0 takes the likeliest
    #[arg(long, value_name = "T", default_value_t = 0.0, value_parser = temperature, allow_negative_numbers = true)]
    pub(crate) temperature: f64,

    /// Draw from this many of the likeliest tokens
    #[arg(long, value_name = "K", value_parser = positive)]
    pub(crate) top_k: Option<usize>,

    /// Draw from the likeliest tokens that make up this share of the probability
    #[arg(long, value_name = "P", default_value_t = 1.0, value_parser = probability)]
    pub(crate) top_p: f64,

    /// Seed of what is drawn
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,

    /// End at this token id too
    #[arg(long, value_name = "ID", num_args = 1..)]
    pub(crate) stop_token: Vec<i64>,

    /// Do not end at the tokens that the model ends texts with
    #[arg(long)]
    pub(crate) ignore_eos: bool,
}

/// Shapes that a file leaves open.
#[derive(Args, Debug)]
pub(crate) struct ShapeArgs {
    /// Shape of an input that the ONNX file leaves open, e.g. image=1x3x224x224
    #[arg(long = "input", value_name = "NAME=SHAPE", num_args = 1.., value_parser = input_shape)]
    pub(crate) inputs: Vec<(String, Vec<usize>)>,
}

/// How images are read and prepared.
#[derive(Args, Debug)]
pub(crate) struct ImageArgs {
    /// Channels, height and width of packed images [default: those of the network]
    #[arg(long, value_name = "CxHxW", value_parser = image)]
    pub(crate) image: Option<[usize; 3]>,

    /// Number of classes; labels past it are refused
    #[arg(long, value_name = "N", value_parser = positive)]
    pub(crate) classes: Option<usize>,

    /// Subtracted from each color, of 0 to 1 [default: 0.485,0.456,0.406]
    #[arg(long, value_name = "M,..", value_delimiter = ',', allow_negative_numbers = true)]
    pub(crate) mean: Option<Vec<f32>>,

    /// Each color is divided by this [default: 0.229,0.224,0.225]
    #[arg(long, value_name = "D,..", value_delimiter = ',')]
    pub(crate) std: Option<Vec<f32>>,

    /// Shorter side of image files before the middle is cut out [default: 256/224 of the side,
    /// where the size does not fit already]
    #[arg(long, value_name = "PIXELS", value_parser = positive)]
    pub(crate) resize: Option<usize>,
}

impl ImageArgs {
    pub(crate) fn images(&self, path: &str, samples: Option<usize>) -> Images {
        Images {
            path: path.to_owned(),
            image: self.image,
            classes: self.classes,
            mean: self.mean.clone(),
            std: self.std.clone(),
            resize: self.resize,
            samples,
        }
    }
}

#[derive(Args, Debug)]
pub(crate) struct BenchArgs {
    /// An .onnx file
    pub(crate) model: PathBuf,

    /// Another one, timed in turn with it
    #[arg(long, value_name = "NET.onnx")]
    pub(crate) against: Option<PathBuf>,

    /// Images at a time
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = positive)]
    pub(crate) batch: usize,

    /// Seconds to time each for
    #[arg(long, value_name = "S", default_value_t = 2.0, value_parser = times)]
    pub(crate) seconds: f64,

    #[command(flatten)]
    pub(crate) shapes: ShapeArgs,
}

#[derive(Args, Debug)]
pub(crate) struct SensitivityArgs {
    /// An .onnx file
    pub(crate) model: PathBuf,

    /// Labeled images: a packed file, or a folder
    #[arg(long, value_name = "FILE")]
    pub(crate) images: String,

    /// Images to take statistics of batch normalization on after each cut
    #[arg(long, value_name = "FILE")]
    pub(crate) calibration: Option<String>,

    /// What channels are worth; of several the first is for single layers, all for --sweep
    #[arg(long, short, value_name = "NAME,..", value_delimiter = ',', default_value = "l2")]
    pub(crate) method: Vec<String>,

    /// Cut the whole network to these shares of its multiply-accumulates as well
    #[arg(long, value_name = "S,..", value_delimiter = ',', num_args = 0..=1, value_parser = part, default_missing_value = "0.9,0.8,0.7,0.6,0.5,0.4,0.3")]
    pub(crate) sweep: Vec<f64>,

    /// Shares of each layer to cut
    #[arg(long, value_name = "S,..", value_delimiter = ',', default_values_t = [0.25, 0.5, 0.75], value_parser = sparsity)]
    pub(crate) shares: Vec<f64>,

    /// Images to measure on at most [default: all]
    #[arg(long, value_name = "N", value_parser = positive)]
    pub(crate) samples: Option<usize>,

    /// Cut only layers that match one of these patterns
    #[arg(long, value_name = "GLOB", num_args = 1..)]
    pub(crate) layers: Vec<String>,

    /// Write the curves as a page
    #[arg(long, value_name = "FILE.html")]
    pub(crate) report: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) preparation: ImageArgs,

    #[command(flatten)]
    pub(crate) shapes: ShapeArgs,
}

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

#[derive(Args, Debug)]
pub(crate) struct EvalArgs {
    /// A directory with config.json and safetensors, a .gguf or an .onnx file
    pub(crate) model: PathBuf,

    /// Text to predict, or one .safetensors file with input_ids [n, L]
    #[arg(long, value_name = "FILE", num_args = 1.., required_unless_present_any = ["embeddings", "images"])]
    pub(crate) perplexity: Vec<String>,

    /// Labeled images to recognize: a packed file, or a folder
    #[arg(long, value_name = "FILE", conflicts_with_all = ["perplexity", "embeddings"])]
    pub(crate) images: Option<String>,

    /// Images at most, spread over all [default: all]
    #[arg(long, value_name = "N", value_parser = positive, requires = "images")]
    pub(crate) samples: Option<usize>,

    #[command(flatten)]
    pub(crate) preparation: ImageArgs,

    #[command(flatten)]
    pub(crate) shapes: ShapeArgs,

    /// Sentences, one a line, whose embeddings are compared with those of another encoder
    #[arg(long, value_name = "FILE", requires = "against", conflicts_with_all = ["perplexity", "seq_len", "windows"])]
    pub(crate) embeddings: Option<PathBuf>,

    /// The encoder before pruning
    #[arg(long, value_name = "MODEL", requires = "embeddings")]
    pub(crate) against: Option<PathBuf>,

    /// Tokens in a window, at most what the model was made for [default: 2048]
    #[arg(long, value_name = "L", value_parser = positive)]
    pub(crate) seq_len: Option<usize>,

    /// Windows at most, from the start of the text [default: all]
    #[arg(long, value_name = "N", value_parser = positive)]
    pub(crate) windows: Option<usize>,
}

#[derive(Args, Debug)]
pub(crate) struct VerifyArgs {
    /// A directory, a .gguf or an .onnx file
    pub(crate) model: PathBuf,

    #[command(flatten)]
    pub(crate) shapes: ShapeArgs,

    /// Run the input_ids of this file and compare its logits and greedy tokens
    #[arg(long, value_name = "FILE.safetensors")]
    pub(crate) expect: Option<PathBuf>,

    /// Largest difference allowed, times the larger of 1 and the largest golden value
    #[arg(long, value_name = "T", default_value_t = 1e-4, value_parser = tolerance, requires = "expect")]
    pub(crate) tolerance: f64,
}

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

fn sparsity(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| "expected a number such as 0.5".to_owned())?;
    match value {
        v if v > 0.0 && v < 1.0 => Ok(v),
        0.0 => Err("0 cuts nothing; give the share to cut, e.g. 0.5".to_owned()),
        1.0 => Err("1 cuts everything; give the share to cut, e.g. 0.5".to_owned()),
        v if v > 1.0 && v <= 100.0 => Err(format!("a share between 0 and 1, e.g. {}", v / 100.0)),
        _ => Err("expected a share between 0 and 1, e.g. 0.5".to_owned()),
    }
}

fn part(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(share) if share > 0.0 && share < 1.0 => Ok(share),
        _ => Err("the share to keep lies between 0 and 1, e.g. 0.5".to_owned()),
    }
}

fn target(text: &str) -> Result<Target, String> {
    let expected =
        "expected COST=SHARE, e.g. macs=0.5 to keep half; costs are macs, params, size and latency";
    let (cost, share) = text.split_once('=').ok_or_else(|| expected.to_owned())?;
    let cost = match cost {
        "macs" => TargetCost::Macs,
        "params" => TargetCost::Params,
        "size" => TargetCost::Size,
        "latency" => TargetCost::Latency,
        _ => return Err(expected.to_owned()),
    };
    match share.parse::<f64>() {
        Ok(kept) if kept > 0.0 && kept < 1.0 => Ok(Target { cost, kept }),
        Ok(kept) if kept > 1.0 && kept < 100.0 => {
            Err(format!("the share to keep lies between 0 and 1, e.g. {}", kept / 100.0))
        }
        _ => Err("the share to keep lies between 0 and 1, e.g. 0.5".to_owned()),
    }
}

fn shape(text: &str) -> Option<Vec<usize>> {
    let sizes = text.split(['x', ',']).map(|size| size.trim().parse().ok().filter(|n| *n > 0));
    sizes.collect()
}

fn image(text: &str) -> Result<[usize; 3], String> {
    let sizes = shape(text).and_then(|sizes| sizes.try_into().ok());
    sizes.ok_or_else(|| "expected channels, height and width, e.g. 3x32x32".to_owned())
}

fn input_shape(text: &str) -> Result<(String, Vec<usize>), String> {
    let pair = text.split_once('=').filter(|(name, _)| !name.is_empty());
    let pair = pair.and_then(|(name, sizes)| Some((name.to_owned(), shape(sizes)?)));
    pair.ok_or_else(|| "expected NAME=SHAPE, e.g. image=1x3x224x224".to_owned())
}

fn pattern(text: &str) -> Result<Budget, String> {
    let parts = text.split_once(':').and_then(|(n, m)| Some((n.parse().ok()?, m.parse().ok()?)));
    match parts {
        Some((keep, of)) if keep >= 1 && keep < of && of <= 1024 => Ok(Budget::NofM { keep, of }),
        Some((keep, of)) => {
            Err(format!("{keep}:{of} keeps {keep} of {of}; N must be at least 1 and below M"))
        }
        None => Err("expected N:M, e.g. 2:4 to keep 2 of every 4".to_owned()),
    }
}

fn option(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').filter(|(name, _)| !name.is_empty());
    let pair = pair.map(|(name, value)| (name.to_owned(), value.to_owned()));
    pair.ok_or_else(|| "expected NAME=VALUE, e.g. power=0.5".to_owned())
}

fn times(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(m) if m > 0.0 && f64::is_finite(m) => Ok(m),
        _ => Err("expected a number above zero, e.g. 5".to_owned()),
    }
}

fn band(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(l) if (0.0..=0.5).contains(&l) => Ok(l),
        _ => Err("expected a share between 0 and 0.5, e.g. 0.08".to_owned()),
    }
}

fn temperature(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(t) if t >= 0.0 && f64::is_finite(t) => Ok(t),
        _ => Err("a temperature is a number that is not negative, e.g. 0.8".to_owned()),
    }
}

fn probability(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(p) if p > 0.0 && p <= 1.0 => Ok(p),
        _ => Err("expected a share above 0 and at most 1, e.g. 0.95".to_owned()),
    }
}

fn positive(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(n) if n > 0 => Ok(n),
        _ => Err("expected a count above zero".to_owned()),
    }
}

fn tolerance(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(t) if t >= 0.0 && f64::is_finite(t) => Ok(t),
        _ => Err("expected a number that is not negative, e.g. 1e-4".to_owned()),
    }
}

fn memory(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = text[digits.len()..].to_ascii_lowercase();
    let factor = match unit.as_str() {
        "" | "b" => 1.0,
        "k" | "kib" => 1024.0,
        "m" | "mib" => f64::from(1 << 20),
        "g" | "gib" => f64::from(1 << 30),
        "kb" => 1e3,
        "mb" => 1e6,
        "gb" => 1e9,
        _ => return Err("expected a size such as 1500MiB or 2GiB".to_owned()),
    };
    match digits.parse::<f64>() {
        Ok(n) if n > 0.0 && n * factor < 1e18 => Ok((n * factor) as u64),
        _ => Err("expected a size such as 1500MiB or 2GiB".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        <Cli as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn sizes_shares_and_patterns() {
        assert_eq!(memory("1500MiB"), Ok(1500 << 20));
        assert_eq!(memory("2g"), Ok(2 << 30));
        assert!(memory("2 apples").is_err() && memory("-1G").is_err());
        assert_eq!(sparsity("0.5"), Ok(0.5));
        for bad in ["0", "1", "1.5", "-0.1", "NaN", "inf", "half"] {
            assert!(sparsity(bad).is_err(), "{bad}");
        }
        assert_eq!(sparsity("50").unwrap_err(), "a share between 0 and 1, e.g. 0.5");
        assert_eq!(pattern("2:4"), Ok(Budget::NofM { keep: 2, of: 4 }));
        for bad in ["4:2", "0:4", "2", "2:0", "a:b", "2:4:8", "4:4"] {
            assert!(pattern(bad).is_err(), "{bad}");
        }
    }
}
