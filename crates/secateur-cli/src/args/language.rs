//! Measuring models, and going on with texts.

use std::path::PathBuf;

use clap::Args;

use super::network::{ImageArgs, ShapeArgs};
use super::parse::{positive, probability, temperature};

pub(super) const EVAL_EXAMPLES: &str = "Examples:
  secateur eval MODEL --perplexity test.txt
  secateur eval MODEL --perplexity test.txt --seq-len 512 --windows 32 --json
  secateur eval MODEL --perplexity ids.safetensors
  secateur eval ENCODER --embeddings sentences.txt --against DENSE
  secateur eval net.onnx --images test.bin --image 3x32x32 --classes 10
  secateur eval net.onnx --images folder";

pub(super) const GENERATE_EXAMPLES: &str = "Examples:
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
