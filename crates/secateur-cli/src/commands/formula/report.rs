//! Errors of formulas, and the records that show them.

use std::path::Path;

use secateur::core::recipe::Scope;
use secateur::core::record::{self, CostRow, Costs, Input, Measured, Named, Quality, Record, Unit};
use secateur::core::{Budget, Kind, Recipe, RunError};

use super::files::Target;

/// How far values are from what they are to meet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Errors {
    /// Root mean square error, in units of the target.
    pub(super) rmse: f64,
    /// Share of the variance that is explained.
    pub(super) r2: f64,
    /// Mean absolute error, in units of the target.
    pub(super) mae: f64,
    /// Largest absolute error, in units of the target.
    pub(super) most: f64,
}

impl Errors {
    /// Of values and what they are to meet.
    pub(super) fn of(found: &[f64], target: &[f64]) -> Self {
        let n = target.len() as f64;
        let mean = target.iter().sum::<f64>() / n;
        let spread: f64 = target.iter().map(|y| (y - mean) * (y - mean)).sum();
        let rests = || found.iter().zip(target).map(|(f, y)| (y - f).abs());
        let squares: f64 = rests().map(|rest| rest * rest).sum();
        Self {
            rmse: (squares / n).sqrt(),
            r2: 1.0 - squares / spread,
            mae: rests().sum::<f64>() / n,
            most: rests().fold(0.0, f64::max),
        }
    }

    /// For a person.
    pub(super) fn line(&self) -> String {
        let Self { rmse, r2, mae, most } = self;
        format!("rmse {rmse:.4}, r2 {r2:.4}, mae {mae:.4}, largest error {most:.4}")
    }
}

/// A place for a page or a record.
pub(super) fn place(
    path: Option<&Path>,
    force: bool,
    inputs: &[&Path],
) -> Result<Option<Target>, RunError> {
    path.map(|path| Target::new(path, &["html", "json"], force, inputs)).transpose()
}

/// Writes a record as a page or as JSON, by the ending of the file.
pub(super) fn write(record: &Record, target: &Target) -> Result<(), RunError> {
    let html = target.path.extension().is_some_and(|ending| ending == "html");
    let text = if html {
        secateur::report::html(record)
            .map_err(|error| RunError::new(Kind::Other, "SEC-CL-001", error.to_string()))?
    } else {
        secateur::report::json(record)
    };
    target.text(&text)
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

/// Errors before and after in the same rows.
pub(super) fn quality(
    rows: &str,
    before: Option<Errors>,
    after: Errors,
    count: usize,
) -> [Quality; 2] {
    let measured = |value: f64| Measured { value, interval: None };
    let protocol =
        vec![("rows".to_owned(), rows.to_owned()), ("count".to_owned(), count.to_string())];
    let one = |metric: &str, lower_is_better: bool, of: fn(&Errors) -> f64| Quality {
        metric: format!("{metric} ({rows})"),
        lower_is_better,
        protocol: protocol.clone(),
        before: before.as_ref().map(|errors| measured(of(errors))),
        after: Some(measured(of(&after))),
    };
    [one("rmse", true, |errors| errors.rmse), one("r2", false, |errors| errors.r2)]
}
