//! What can be typed: the commands here, their options by family.

pub(crate) mod formula;
pub(crate) mod go;
mod language;
mod network;
mod parse;
mod prune;
pub(crate) mod ses;
pub(crate) mod speaker;
mod words;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use language::{EVAL_EXAMPLES, GENERATE_EXAMPLES};
pub(crate) use language::{EvalArgs, GenerateArgs};
use network::{BENCH_EXAMPLES, SENSITIVITY_EXAMPLES};
pub(crate) use network::{BenchArgs, SensitivityArgs, ShapeArgs};
use parse::tolerance;
use prune::PRUNE_EXAMPLES;
pub(crate) use prune::PruneArgs;
pub(crate) use words::{AllocationWord, FormatWord, GranularityWord, RecalibrateWord};

/// Finds what a trained model can do without, removes it, and says what that cost and saved.
#[derive(Debug, Parser)]
#[command(name = "secateur", version, max_term_width = 100, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,

    /// Threads to work with; the result is the same for any number
    #[arg(long, global = true, display_order = 900, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024), env = "SECATEUR_THREADS")]
    pub(crate) threads: Option<u16>,

    /// Show nothing but results, warnings and errors
    #[arg(long, short, global = true, display_order = 901)]
    pub(crate) quiet: bool,

    /// Print results (and errors) as JSON
    #[arg(long, global = true, display_order = 902)]
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
    /// Prune an embedded model and compare, offline: a small language model; `formula`, a formula
    /// for a table with a known law; `go`, a position and little matches; `ses`, a factory of cells
    /// that hold cells; or `speaker`, synthetic people who are told apart
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
    /// Find formulas, make them simpler, measure them and write them out
    #[command(subcommand)]
    Formula(formula::FormulaCommand),
    /// Say who speaks: enroll people, identify them in files and streams, measure it
    #[command(subcommand)]
    Speaker(speaker::SpeakerCommand),
    /// Play Go with fewer moves to look at: an engine, and what pruning costs and saves
    #[command(subcommand)]
    Go(go::GoCommand),
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
    /// A formula for a table with a known law
    Formula,
    /// A position of Go, and little matches
    Go,
    /// A factory as a System Entity Structure
    Ses,
    /// Synthetic people who are told apart
    Speaker,
}

#[derive(Args, Debug)]
pub(crate) struct VerifyArgs {
    /// A directory, a .gguf or an .onnx file, or a structure that was pruned
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        <Cli as clap::CommandFactory>::command().debug_assert();
    }
}
