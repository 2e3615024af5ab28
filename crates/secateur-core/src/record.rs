//! The record: what a run did, what it cost and what it saved.
//!
//! Every family fills the same record, so one report serves all of them and a sweep of records
//! is a trade-off curve. A record may hold times and memory; the manifest of an output, which
//! must be the same bytes on every rerun, is another file.

use serde::{Deserialize, Serialize};

use crate::figure::Figure;
use crate::recipe::Recipe;

/// Version of the record's layout, written as `format`.
pub const FORMAT: u32 = 1;

/// What one run did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Layout version, [`FORMAT`].
    pub format: u32,
    /// What ran.
    pub run: Run,
    /// A row per group of units (a layer, a speaker set, a tree), in the order of the model.
    pub groups: Vec<Group>,
    /// Cost before and after, in the words of the family.
    pub cost: Costs,
    /// Quality before and after, a row per metric; empty when nothing was measured.
    pub quality: Vec<Quality>,
    /// What the reader must know, each a full sentence.
    pub warnings: Vec<String>,
    /// Pictures, in reading order.
    pub figures: Vec<Named>,
}

/// What ran: enough to run it again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// The exact command, one word per argument.
    pub command: Vec<String>,
    /// Version of the program.
    pub version: String,
    /// The resolved recipe.
    pub recipe: Recipe,
    /// Inputs that were read, with their hashes.
    pub inputs: Vec<Input>,
    /// Instruction set of the kernels: `avx512`, `avx2` or `plain`.
    pub instruction_set: String,
    /// Threads that worked.
    pub threads: usize,
    /// One line on the model: architecture, layers, widths.
    pub model: String,
    /// Seconds from start to end, of this process; absent in a committed example.
    pub seconds: Option<f64>,
    /// Largest resident memory of this process, bytes.
    pub peak_memory_bytes: Option<u64>,
}

/// An input file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// What it was used as: `model`, `calibration`, `evaluation`.
    pub role: String,
    /// File name as given.
    pub name: String,
    /// Length in bytes.
    pub bytes: u64,
    /// BLAKE3 of the content, hexadecimal.
    pub blake3: String,
}

/// One group of units: for a language model, one linear layer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// Name as the model's file has it.
    pub name: String,
    /// Shape as the file has it, e.g. `[out, in]`.
    pub shape: Vec<usize>,
    /// Value type in the output, e.g. `f16`.
    pub dtype: String,
    /// Units kept.
    pub kept: u64,
    /// Units cut.
    pub cut: u64,
    /// Share of the summed score that the kept units hold, 0 to 1; absent without scores.
    pub score_kept: Option<f64>,
    /// Why the group was left alone; absent when it was pruned.
    pub skipped: Option<String>,
}

/// A pair of values, before and after.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change<T> {
    /// Of the input.
    pub before: T,
    /// Of the output.
    pub after: T,
}

/// What was saved: the cost of the input and of the output.
///
/// ```
/// use secateur_core::record::{CostRow, Costs, Unit};
///
/// let row = CostRow::new("Couplings", Unit::Count, Some(88.0), Some(57.0));
/// let text = serde_json::to_string(&Costs::Rows(vec![row]))?;
/// assert_eq!(text, r#"[{"label":"Couplings","unit":"count","before":88.0,"after":57.0}]"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Costs {
    /// Of a network, or of another model that is parameters and operations on them.
    Network(Change<Cost>),
    /// Of what has other measures, such as a structure: a row for each that its family knows.
    Rows(Vec<CostRow>),
}

/// A cost that a family names itself, e.g. the nodes of a formula or the moves of a search.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CostRow {
    /// What is counted or measured, e.g. `Entities`.
    pub label: String,
    /// How its values are written.
    pub unit: Unit,
    /// Of the input; absent when it has none or it was not measured.
    pub before: Option<f64>,
    /// Of the output; absent when it has none or it was not measured.
    pub after: Option<f64>,
}

/// What the values of a [`CostRow`] are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// How many; a whole number.
    Count,
    /// Bytes.
    Bytes,
    /// Seconds of this machine.
    Seconds,
    /// A number with decimals.
    Number,
}

/// What a network costs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cost {
    /// Values in all tensors.
    pub parameters: u64,
    /// Values other than zero.
    pub nonzeros: u64,
    /// Bytes of the weights on disk.
    pub bytes: u64,
    /// Multiply-accumulates for one unit of work (a token, an image, a query).
    pub operations: u64,
    /// Measured seconds for one unit of work, when measured.
    pub seconds: Option<f64>,
}

/// One metric before and after.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quality {
    /// Name of the metric, e.g. `perplexity`.
    pub metric: String,
    /// Whether a smaller value is better.
    pub lower_is_better: bool,
    /// How it was measured: pairs of a name and a value, e.g. `windows`, `32`.
    pub protocol: Vec<(String, String)>,
    /// Of the input model.
    pub before: Option<Measured>,
    /// Of the output model.
    pub after: Option<Measured>,
}

/// A measured value with its 95 % interval.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measured {
    /// The value.
    pub value: f64,
    /// Lower and upper end of the 95 % interval, when one is known.
    pub interval: Option<[f64; 2]>,
}

/// A figure with its words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Named {
    /// Title, a few words.
    pub title: String,
    /// A sentence or two that say what is seen.
    pub caption: String,
    /// The figure.
    pub figure: Figure,
}

impl Costs {
    /// Of a network, before and after; `None` where the family has rows of its own.
    pub fn network(&self) -> Option<&Change<Cost>> {
        match self {
            Self::Network(change) => Some(change),
            Self::Rows(_) => None,
        }
    }
}

impl CostRow {
    /// A row.
    pub fn new(label: &str, unit: Unit, before: Option<f64>, after: Option<f64>) -> Self {
        Self { label: label.to_owned(), unit, before, after }
    }
}

impl Record {
    /// Units kept and cut over the groups that were pruned.
    pub fn totals(&self) -> (u64, u64) {
        let pruned = self.groups.iter().filter(|g| g.skipped.is_none());
        pruned.fold((0, 0), |(kept, cut), g| (kept + g.kept, cut + g.cut))
    }

    /// Share of units cut over the groups that were pruned, 0 to 1; 0 when there are none.
    pub fn sparsity(&self) -> f64 {
        let (kept, cut) = self.totals();
        if kept + cut == 0 { 0.0 } else { cut as f64 / (kept + cut) as f64 }
    }
}
