//! `secateur formula ...`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use secateur::formula::backward::Refit;
use secateur::formula::op::Op;
use secateur::formula::syntax::{Syntax, Target};

#[derive(Debug, Subcommand)]
pub(crate) enum FormulaCommand {
    /// Search a formula for a column of a table
    #[command(after_help = FIT_EXAMPLES)]
    Fit(Box<FitArgs>),
    /// Make a formula simpler: its tips give way to their medians, the least harmful first
    #[command(after_help = PRUNE_EXAMPLES)]
    Prune(Box<PruneArgs>),
    /// Measure a formula on a table
    Eval {
        #[command(flatten)]
        formula: FormulaArgs,

        #[command(flatten)]
        table: TableArgs,
    },
    /// Compare ways to predict over folds: regressions, a neural network, operation trees before and
    /// after pruning
    #[command(after_help = COMPARE_EXAMPLES)]
    Compare(Box<CompareArgs>),
    /// Write a formula in another language
    #[command(after_help = EXPORT_EXAMPLES)]
    Export {
        #[command(flatten)]
        formula: FormulaArgs,

        /// The language
        #[arg(long, value_name = "LANGUAGE", value_parser = target)]
        to: Target,
    },
}

const FIT_EXAMPLES: &str = "Examples:
  secateur formula fit concrete.csv --target strength --test 0.2 -o concrete.formula.json --time 60s --seed 1
  secateur formula fit d.csv --target y --ignore id --operators add,sub,mul,div,sin --generations 200
Rows that are equal in all columns of --group never sit on both sides of a split. Ctrl-C keeps the
best formula. With --generations the same seed gives the same formula on every machine.";

const PRUNE_EXAMPLES: &str = "Examples:
  secateur formula prune concrete.formula.json --data concrete.csv --tolerance 0.02 -o pruned.json
  secateur formula prune --expr 'add(mul(X0, X1), sub(X2, X2))' --syntax gplearn --data d.csv
  secateur formula prune hall_of_fame.csv --syntax pysr --data d.csv --target y --choose minimum";

const EXPORT_EXAMPLES: &str = "Examples:
  secateur formula export concrete.formula.json --to python
  secateur formula export --expr 'x0**2 + exp(-x1)' --syntax sympy --to excel";

const COMPARE_EXAMPLES: &str = "Examples:
  secateur formula compare concrete.csv --target strength --folds 10 --group cement,slag,ash,water
  secateur formula compare d.csv --target y --methods ols,got,pruned-got --time 30s --report page.html
Each row is predicted once per repeat, by what was fitted without it. A time is that of one search:
with 10 folds and 60s the searches take ten minutes.";

fn syntax(text: &str) -> Result<Syntax, String> {
    let names: Vec<&str> = Syntax::ALL.iter().map(|syntax| syntax.name()).collect();
    Syntax::of_name(text).ok_or_else(|| format!("expected one of {}", names.join(", ")))
}

fn target(text: &str) -> Result<Target, String> {
    let names: Vec<&str> = Target::ALL.iter().map(|target| target.name()).collect();
    Target::of_name(text).ok_or_else(|| format!("expected one of {}", names.join(", ")))
}

fn operator(text: &str) -> Result<Op, String> {
    let names: Vec<&str> = Op::ALL.iter().map(|op| op.name()).collect();
    Op::of_name(text).ok_or_else(|| format!("expected one of {}", names.join(", ")))
}

fn share(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(share) if (0.0..1.0).contains(&share) => Ok(share),
        _ => Err("a share of the rows from 0 to below 1, e.g. 0.2".to_owned()),
    }
}

fn tolerance(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(share) if share >= 0.0 && share.is_finite() => Ok(share),
        _ => Err("a share of the least error, e.g. 0.02".to_owned()),
    }
}

/// A time such as `60s`, `5m`, `1h` or `2.5`, in seconds.
fn time(text: &str) -> Result<Duration, String> {
    let (number, unit) = match text.find(|c: char| c.is_ascii_alphabetic()) {
        Some(at) => text.split_at(at),
        None => (text, "s"),
    };
    let factor = match unit {
        "ms" => 0.001,
        "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return Err("expected a time such as 60s, 5m or 1h".to_owned()),
    };
    let seconds = number.trim().parse::<f64>().ok().map(|number| number * factor);
    let seconds = seconds.filter(|seconds| *seconds > 0.0 && *seconds < 1e9);
    seconds
        .map(Duration::from_secs_f64)
        .ok_or_else(|| "expected a time such as 60s, 5m or 1h".to_owned())
}

/// A formula from a file or from the command line.
#[derive(Args, Debug)]
pub(crate) struct FormulaArgs {
    /// A document of ours, a text, or a table of equations of PySR
    #[arg(required_unless_present = "expr", conflicts_with = "expr")]
    pub(crate) formula: Option<PathBuf>,

    /// The formula itself
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub(crate) expr: Option<String>,

    /// Syntax of a text: infix, gplearn, sympy, pysr or excel; guessed when absent
    #[arg(long, value_name = "NAME", value_parser = syntax)]
    pub(crate) syntax: Option<Syntax>,

    /// Row of a table of equations, by its complexity; the last when absent
    #[arg(long, value_name = "N")]
    pub(crate) complexity: Option<u64>,
}

/// A table, and how it is read.
#[derive(Args, Debug)]
pub(crate) struct TableArgs {
    /// The table: csv or tsv, its first line the names of the columns
    #[arg(long, value_name = "TABLE")]
    pub(crate) data: PathBuf,

    #[command(flatten)]
    pub(crate) reading: ReadingArgs,
}

#[derive(Args, Debug)]
pub(crate) struct ReadingArgs {
    /// The column to be met; where a formula names one, that is it
    #[arg(long, value_name = "NAME")]
    pub(crate) target: Option<String>,

    /// What is done about missing values
    #[arg(long, value_name = "POLICY", value_enum, default_value = "refuse")]
    pub(crate) missing: MissingWord,

    /// What decimals have
    #[arg(long, value_name = "SIGN", value_enum, default_value = "point")]
    pub(crate) decimal: DecimalWord,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum MissingWord {
    /// They are an error
    Refuse,
    /// Rows with one are left out
    Drop,
    /// The median of the column stands for them
    Median,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum DecimalWord {
    /// 1.5
    Point,
    /// 1,5
    Comma,
}

/// How rows are parted.
#[derive(Args, Debug)]
pub(crate) struct SplitArgs {
    /// Share of the rows that is kept aside for the last measurement
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub(crate) test: Option<f64>,

    /// Share of the other rows that decides between formulas
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub(crate) validation: Option<f64>,

    /// Columns; rows that are equal in all of them stay on one side
    #[arg(long, value_name = "NAME", num_args = 1.., value_delimiter = ',')]
    pub(crate) group: Vec<String>,

    /// Seed of the split and of the search
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
}

/// A table that is learned from.
#[derive(Args, Debug)]
pub(crate) struct LearnArgs {
    /// The table: csv or tsv, its first line the names of the columns
    pub(crate) table: PathBuf,

    #[command(flatten)]
    pub(crate) reading: ReadingArgs,

    /// Columns that are inputs; all others when absent
    #[arg(long, value_name = "NAME", num_args = 1.., value_delimiter = ',')]
    pub(crate) inputs: Vec<String>,

    /// Columns that are left out
    #[arg(long, value_name = "NAME", num_args = 1.., value_delimiter = ',', conflicts_with = "inputs")]
    pub(crate) ignore: Vec<String>,
}

/// How formulas are searched.
#[derive(Args, Debug)]
pub(crate) struct SearchArgs {
    /// Operators that formulas may use
    #[arg(long, value_name = "NAME", num_args = 1.., value_delimiter = ',', value_parser = operator)]
    pub(crate) operators: Vec<Op>,

    /// Take guarded operators, the convention of genetic programming; otherwise a formula with a
    /// fault in some row is no candidate
    #[arg(long)]
    pub(crate) guarded: bool,

    /// Most nodes of the formula
    #[arg(long, value_name = "N", default_value_t = 63, value_parser = clap::value_parser!(u16).range(5..=1000))]
    pub(crate) size: u16,

    /// Levels of its tree; a gene vector has 2^N - 1 places
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(2..=12))]
    pub(crate) levels: u32,

    /// Gene vectors on each island
    #[arg(long, value_name = "N", default_value_t = 125, value_parser = clap::value_parser!(u16).range(4..=20000))]
    pub(crate) population: u16,

    /// Populations that exchange their best now and then
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) islands: u16,

    /// Most time of a search, e.g. 60s, 5m
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) time: Option<Duration>,

    /// Most generations of a search; the usual number is taken when this and --time are absent
    #[arg(long, value_name = "N")]
    pub(crate) generations: Option<u64>,

    /// Generations without a gain before a search ends
    #[arg(long, value_name = "N", default_value_t = 500)]
    pub(crate) patience: u64,
}

#[derive(Args, Debug)]
pub(crate) struct FitArgs {
    #[command(flatten)]
    pub(crate) learn: LearnArgs,

    #[command(flatten)]
    pub(crate) split: SplitArgs,

    #[command(flatten)]
    pub(crate) search: SearchArgs,

    /// Keep the search in this file, and go on from it when it is there
    #[arg(long, value_name = "FILE")]
    pub(crate) checkpoint: Option<PathBuf>,

    /// Go on from the checkpoint
    #[arg(long, requires = "checkpoint")]
    pub(crate) resume: bool,

    /// The document to write
    #[arg(long, short, value_name = "FILE.json")]
    pub(crate) output: Option<PathBuf>,

    /// The page or record to write: .html or .json
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,

    /// Replace files that are there
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Args, Debug)]
pub(crate) struct PruneArgs {
    #[command(flatten)]
    pub(crate) formula: FormulaArgs,

    #[command(flatten)]
    pub(crate) table: TableArgs,

    #[command(flatten)]
    pub(crate) split: SplitArgs,

    /// What gives way: variables (leaves), operators over leaves, or any node
    #[arg(long, value_name = "KIND", value_enum, default_value = "leaves")]
    pub(crate) tip: TipWord,

    /// What is fitted again to the training rows when something gave way
    #[arg(long, value_name = "WHAT", value_enum, default_value = "scale")]
    pub(crate) refit: RefitWord,

    /// How the formula is chosen from the path
    #[arg(long, value_name = "RULE", value_enum, default_value = "tolerance")]
    pub(crate) choose: ChooseWord,

    /// The smallest formula with an error of at most (1 + T) times the least
    #[arg(long, value_name = "T", default_value_t = 0.02, value_parser = tolerance)]
    pub(crate) tolerance: f64,

    /// Select on the test rows, as the paper does; the error that is shown then flatters
    #[arg(long)]
    pub(crate) paper_mode: bool,

    /// The document to write
    #[arg(long, short, value_name = "FILE.json")]
    pub(crate) output: Option<PathBuf>,

    /// The page or record to write: .html or .json
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,

    /// Replace files that are there
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Args, Debug)]
pub(crate) struct CompareArgs {
    #[command(flatten)]
    pub(crate) learn: LearnArgs,

    /// Parts of the rows; each is tested on once
    #[arg(long, value_name = "K", default_value_t = 10, value_parser = clap::value_parser!(u16).range(2..=1000))]
    pub(crate) folds: u16,

    /// How often the rows are parted anew
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=100))]
    pub(crate) repeats: u16,

    /// Columns; rows that are equal in all of them stay in one fold
    #[arg(long, value_name = "NAME", num_args = 1.., value_delimiter = ',')]
    pub(crate) group: Vec<String>,

    /// Seed of the folds, the network and the searches
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,

    /// What is compared
    #[arg(long, value_name = "NAME", num_args = 1.., value_delimiter = ',', value_enum)]
    pub(crate) methods: Vec<WayWord>,

    #[command(flatten)]
    pub(crate) search: SearchArgs,

    /// Share of the rows learned from that decides in backward pruning
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub(crate) validation: Option<f64>,

    /// What backward pruning fits again when something gave way
    #[arg(long, value_name = "WHAT", value_enum, default_value = "scale")]
    pub(crate) refit: RefitWord,

    /// Backward pruning takes the smallest formula with an error of at most (1 + T) times the least
    #[arg(long, value_name = "T", default_value_t = 0.02, value_parser = tolerance)]
    pub(crate) tolerance: f64,

    /// The page or record to write: .html or .json
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,

    /// Replace files that are there
    #[arg(long)]
    pub(crate) force: bool,
}

/// A way to predict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum WayWord {
    /// Linear regression by least squares
    Ols,
    /// The same on logarithms
    LogLinear,
    /// Linear regression with terms that are chosen one by one
    Stepwise,
    /// A neural network with a hidden layer of sigmoids
    Network,
    /// Genetic operation trees
    Got,
    /// The same after backward pruning
    PrunedGot,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum TipWord {
    /// Variables
    Leaves,
    /// Operators over leaves
    #[value(alias = "subtree")]
    Operators,
    /// Every node
    Any,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum RefitWord {
    /// The scale a + b f
    Scale,
    /// The scale and all constants inside
    Constants,
}

impl RefitWord {
    pub(crate) fn refit(self) -> Refit {
        match self {
            Self::Scale => Refit::Scale,
            Self::Constants => Refit::Constants,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ChooseWord {
    /// The least error
    Minimum,
    /// The smallest within --tolerance
    Tolerance,
    /// The smallest within one standard error
    OneSe,
}
