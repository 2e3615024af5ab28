//! Errors of formulas, and the records that show them.

use secateur::core::recipe::Scope;
use secateur::core::record::{self, CostRow, Costs, Input, Measured, Named, Quality, Record, Unit};
use secateur::core::{Budget, Recipe};
use secateur::formula::metrics::Metrics;
use secateur::formula::tree::Tree;

/// Errors for a person.
pub(super) fn line(errors: &Metrics) -> String {
    let Metrics { rmse, mae, error_max, .. } = errors;
    let r2 = errors.r2.map_or_else(|| "-".to_owned(), |r2| format!("{r2:.4}"));
    format!("rmse {rmse:.4}, r2 {r2}, mae {mae:.4}, largest error {error_max:.4}")
}

/// What a record of a formula says.
pub(super) struct Head {
    /// `got` or `backward`.
    pub(super) method: &'static str,
    /// One line on the formula.
    pub(super) model: String,
    /// What was read.
    pub(super) inputs: Vec<Input>,
    /// Nodes and variables before and after.
    pub(super) costs: Vec<CostRow>,
    /// Errors before and after.
    pub(super) quality: Vec<Quality>,
    /// Seconds of the run.
    pub(super) seconds: f64,
    /// Nodes that stay.
    pub(super) kept: usize,
}

/// A record of a formula.
pub(super) fn record(head: Head, figures: Vec<Named>, warnings: Vec<String>) -> Record {
    let model = head.inputs.first().map_or("", |input| input.name.as_str());
    Record {
        format: record::FORMAT,
        run: record::Run {
            command: crate::commands::prune::command(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            recipe: Recipe::new(
                "formula",
                model,
                head.method,
                Budget::Keep(head.kept),
                Scope::Global,
            ),
            inputs: head.inputs,
            instruction_set: "plain".to_owned(),
            threads: rayon::current_num_threads(),
            model: head.model,
            seconds: Some(head.seconds),
            peak_memory_bytes: None,
        },
        groups: Vec::new(),
        cost: Costs::Rows(head.costs),
        quality: head.quality,
        warnings,
        figures,
    }
}

/// A count before and after.
pub(super) fn count(label: &str, before: Option<usize>, after: usize) -> CostRow {
    CostRow::new(label, Unit::Count, before.map(|n| n as f64), Some(after as f64))
}

/// Nodes, variables and constants before and after.
pub(super) fn sizes(before: Option<&Tree>, after: &Tree) -> Vec<CostRow> {
    let row = |label: &str, of: fn(&Tree) -> usize| count(label, before.map(of), of(after));
    vec![
        row("Nodes", Tree::size),
        row("Variables", |tree| tree.variables().len()),
        row("Constants", |tree| tree.constants().len()),
    ]
}

/// Errors before and after in the same rows.
pub(super) fn quality(
    rows: &str,
    before: Option<&Metrics>,
    after: &Metrics,
    count: usize,
) -> Vec<Quality> {
    let measured = |value: f64| Measured { value, interval: None };
    let protocol =
        vec![("rows".to_owned(), rows.to_owned()), ("count".to_owned(), count.to_string())];
    let one = |metric: &str, lower_is_better: bool, of: fn(&Metrics) -> Option<f64>| Quality {
        metric: format!("{metric} ({rows})"),
        lower_is_better,
        protocol: protocol.clone(),
        before: before.and_then(of).map(measured),
        after: of(after).map(measured),
    };
    vec![one("rmse", true, |errors| Some(errors.rmse)), one("r2", false, |errors| errors.r2)]
}
