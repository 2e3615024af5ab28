//! A comparison as a record with figures.

use secateur_core::figure::{Points, Series};
use secateur_core::recipe::Scope;
use secateur_core::record::{self, CostRow, Costs, Measured, Named, Quality, Record, Unit};
use secateur_core::{Budget, Figure, Recipe};

use super::{Outcome, Setup};
use crate::metrics::Spread;

/// Most points of one cloud; of more, every n-th is shown.
const POINTS_MAX: usize = 2000;

/// The table and the pictures: predicted against measured, residuals, error against size, and how
/// far each input is needed.
pub fn figures(setup: &Setup, outcomes: &[Outcome]) -> Vec<Named> {
    let target = label(setup);
    let predicted = Figure::Scatter {
        x: format!("measured {target}"),
        y: format!("predicted {target}"),
        series: outcomes.iter().map(|o| cloud(o, |measured, p| [measured, p])).collect(),
    };
    let residuals = Figure::Scatter {
        x: format!("predicted {target}"),
        y: format!("measured less predicted {target}"),
        series: outcomes.iter().map(|o| cloud(o, |measured, p| [p, measured - p])).collect(),
    };
    let sizes = Figure::Scatter {
        x: "fitted numbers".to_owned(),
        y: format!("RMSE, {target}"),
        series: outcomes.iter().filter_map(size_and_error).collect(),
    };
    let shown: Vec<usize> =
        (0..setup.problem.names.len()).filter(|input| never_faults(*input, outcomes)).collect();
    let needed = Figure::Bars {
        labels: shown.iter().map(|input| setup.problem.names[*input].text.clone()).collect(),
        series: outcomes.iter().filter_map(|outcome| needed(outcome, &shown)).collect(),
        unit: setup.problem.target_name.unit.clone().unwrap_or_default(),
    };
    let named = |title: &str, caption: &str, figure| Named {
        title: title.to_owned(),
        caption: caption.to_owned(),
        figure,
    };
    vec![
        named(
            "Comparison",
            "Means over the folds in rows that were not learned from, with standard deviation; the interval is of 95 % by Student's distribution.",
            table(outcomes),
        ),
        named("Predicted and measured", "Each row when it was not learned from.", predicted),
        named("Residuals", "Each row when it was not learned from.", residuals),
        named("Error and size", "One point for each fold.", sizes),
        named(
            "Inputs",
            "By how much the error rises when an input is set to its median of the rows learned from.",
            needed,
        ),
    ]
}

/// The target with its unit.
fn label(setup: &Setup) -> String {
    let name = &setup.problem.target_name;
    match &name.unit {
        Some(unit) => format!("{} ({unit})", name.text),
        None => name.text.clone(),
    }
}

fn cloud(outcome: &Outcome, point: impl Fn(f64, f64) -> [f64; 2]) -> Points {
    let shown = outcome.points.iter().filter(|(_, _, predicted)| predicted.is_finite());
    let step = outcome.points.len().div_ceil(POINTS_MAX).max(1);
    let points = shown.step_by(step).map(|(_, measured, predicted)| point(*measured, *predicted));
    Points { name: outcome.name.clone(), points: points.collect() }
}

fn size_and_error(outcome: &Outcome) -> Option<Points> {
    let folds = outcome.folds.iter().flatten().filter(|fold| fold.test.rmse.is_finite());
    let points: Vec<[f64; 2]> =
        folds.map(|fold| [fold.fitted.parameters as f64, fold.test.rmse]).collect();
    (!points.is_empty()).then(|| Points { name: outcome.name.clone(), points })
}

/// Whether every formula has a value when an input is its median.
fn never_faults(input: usize, outcomes: &[Outcome]) -> bool {
    let folds = outcomes.iter().flat_map(|outcome| outcome.folds.iter().flatten());
    folds.map(|fold| fold.sensitivity[input]).all(f64::is_finite)
}

fn needed(outcome: &Outcome, inputs: &[usize]) -> Option<Series> {
    let rise = |input: &usize| outcome.over_folds(|fold| Some(fold.sensitivity[*input]));
    let values = inputs.iter().map(|input| rise(input).map(|rise| rise.mean));
    let values: Option<Vec<f64>> = values.collect();
    Some(Series { name: outcome.name.clone(), values: values? })
}

fn table(outcomes: &[Outcome]) -> Figure {
    let heads = ["", "RMSE", "95 %", "R2", "MAE", "nodes", "fitted numbers", "seconds", "folds"];
    let row = |outcome: &Outcome| {
        let interval = outcome.rmse().and_then(|rmse| rmse.interval);
        let interval =
            interval.map_or_else(|| "-".to_owned(), |[a, b]| format!("{a:.3} to {b:.3}"));
        let fitted = outcome.folds.iter().flatten().count();
        vec![
            outcome.name.clone(),
            shown(outcome.rmse(), 3),
            interval,
            shown(outcome.r2(), 3),
            shown(outcome.mae(), 3),
            shown(outcome.size(), 1),
            shown(outcome.parameters(), 1),
            shown(outcome.seconds(), 3),
            format!("{fitted} of {}", outcome.folds.len()),
        ]
    };
    Figure::Table {
        columns: heads.map(str::to_owned).to_vec(),
        rows: outcomes.iter().map(row).collect(),
    }
}

fn shown(spread: Option<Spread>, digits: usize) -> String {
    match spread {
        None => "-".to_owned(),
        Some(Spread { mean, .. }) if !mean.is_finite() => "fault".to_owned(),
        Some(Spread { mean, sd: None, .. }) => format!("{mean:.digits$}"),
        Some(Spread { mean, sd: Some(sd), .. }) => format!("{mean:.digits$} ± {sd:.digits$}"),
    }
}

/// The record of a comparison; who runs it adds the command, inputs and times.
pub fn record(setup: &Setup, outcomes: &[Outcome], table: &str) -> Record {
    let inputs = setup.problem.names.len();
    let mut recipe = Recipe::new("formula", table, "compare", Budget::Keep(inputs), Scope::Global);
    recipe.seed = setup.seed;
    let size = |outcome: &Outcome| {
        let nodes = outcome.size()?.mean;
        Some(CostRow::new(&format!("Nodes of {}", outcome.name), Unit::Number, None, Some(nodes)))
    };
    let quality = |outcome: &Outcome| {
        let rmse = outcome.rmse().filter(|rmse| rmse.mean.is_finite())?;
        let folds = outcome.folds.len().to_string();
        Some(Quality {
            metric: format!("rmse of {}", outcome.name),
            lower_is_better: true,
            protocol: vec![("folds".to_owned(), folds)],
            before: None,
            after: Some(Measured { value: rmse.mean, interval: rmse.interval }),
        })
    };
    Record {
        format: record::FORMAT,
        run: record::Run {
            command: Vec::new(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            recipe,
            inputs: Vec::new(),
            instruction_set: "plain".to_owned(),
            threads: 1,
            model: format!("{}: {} rows, {inputs} inputs", label(setup), setup.problem.rows()),
            seconds: None,
            peak_memory_bytes: None,
        },
        groups: Vec::new(),
        cost: Costs::Rows(outcomes.iter().filter_map(size).collect()),
        quality: outcomes.iter().filter_map(quality).collect(),
        warnings: warnings(setup, outcomes),
        figures: figures(setup, outcomes),
    }
}

/// What the reader must know: of the table, and of folds without a fit or with faults.
fn warnings(setup: &Setup, outcomes: &[Outcome]) -> Vec<String> {
    let mut warnings = setup.problem.warnings.clone();
    for (input, name) in setup.problem.names.iter().enumerate() {
        if !never_faults(input, outcomes) {
            let name = &name.text;
            warnings.push(format!(
                "How far {name} is needed is not shown: with its median some row has no value."
            ));
        }
    }
    for outcome in outcomes {
        let name = &outcome.name;
        let failed = || outcome.folds.iter().filter_map(|fold| fold.as_ref().err());
        if let Some(error) = failed().next() {
            let count = failed().count();
            warnings.push(format!("{name} could not be fitted in {count} folds: {error}."));
        }
        let faults: usize = outcome.folds.iter().flatten().map(|fold| fold.test.faults).sum();
        if faults > 0 {
            warnings.push(format!("{name} has no value in {faults} rows that were tested on."));
        }
        let mut notes: Vec<&String> =
            outcome.folds.iter().flatten().flat_map(|fold| &fold.fitted.notes).collect();
        notes.sort();
        notes.dedup();
        warnings.extend(notes.into_iter().map(|note| format!("{name}: {note}")));
    }
    warnings
}
