//! The record of an evaluation, with its figures.

use std::collections::BTreeSet;

use secateur_core::figure::Points;
use secateur_core::recipe::Scope;
use secateur_core::record::{self, CostRow, Costs, Group, Measured, Named, Quality, Unit};
use secateur_core::{Budget, Figure, Recipe, Record};

use super::{Evaluation, Row, Setup};

/// Points of the trade-off that are drawn at most.
const POINTS_MAX: usize = 500;

/// The record of an evaluation; who runs it adds the command, inputs and times. Before is the
/// best rule without pruning, after the same rule with the smallest share kept.
pub fn record(setup: &Setup, found: &Evaluation, bank: &str) -> Record {
    let n = setup.roster.len();
    let plain = best(found.rows.iter().filter(|row| row.keep == 1.0));
    let rule = plain.map_or("", |row| row.rule.as_str());
    let least = found.rows.iter().filter(|row| row.keep != 1.0 && row.rule == rule);
    let least = least.min_by(|a, b| a.keep.total_cmp(&b.keep));
    let keep = least.map_or(1.0, |row| row.keep);
    let budget = Budget::Sparsity(1.0 - keep);
    let mut recipe = Recipe::new("speaker", bank, rule, budget, Scope::Global);
    recipe.seed = setup.seed;
    recipe.options.insert("part".to_owned(), setup.part.to_string());
    let kept = super::Cut::new(keep, setup.part).kept(n) as u64;
    let cost = |label: &str, unit, of: &dyn Fn(&Row) -> f64| {
        CostRow::new(label, unit, plain.map(of), least.map(of))
    };
    let rate = |row: &Row| Measured { value: row.rate, interval: Some(row.interval) };
    let trials = setup.trials.len().to_string();
    Record {
        format: record::FORMAT,
        run: record::Run {
            command: Vec::new(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            recipe,
            inputs: Vec::new(),
            instruction_set: "plain".to_owned(),
            threads: rayon::current_num_threads(),
            model: format!("{n} speakers, {} Gaussians", setup.roster.gaussians_per_frame()),
            seconds: None,
            peak_memory_bytes: None,
        },
        groups: vec![Group {
            name: "speakers".to_owned(),
            shape: vec![n],
            dtype: "f32".to_owned(),
            kept: least.map_or(n as u64, |_| kept),
            cut: least.map_or(0, |_| n as u64 - kept),
            score_kept: None,
            skipped: None,
        }],
        cost: Costs::Rows(vec![
            cost("Gaussians", Unit::Count, &|row| row.gaussians as f64),
            cost("Seconds of scoring", Unit::Seconds, &|row| row.seconds_scoring),
        ]),
        quality: vec![Quality {
            metric: format!("identification rate, {rule}"),
            lower_is_better: false,
            protocol: vec![
                ("trials".to_owned(), trials),
                ("part".to_owned(), setup.part.to_string()),
                ("keep".to_owned(), keep.to_string()),
            ],
            before: plain.map(rate),
            after: least.map(rate),
        }],
        warnings: found.warnings.clone(),
        figures: figures(setup, found),
    }
}

/// The row of the best rate, the first of equals.
fn best<'a>(rows: impl Iterator<Item = &'a Row>) -> Option<&'a Row> {
    rows.reduce(|best, row| if row.rate > best.rate { row } else { best })
}

fn figures(setup: &Setup, found: &Evaluation) -> Vec<Named> {
    let named = |title: &str, caption: &str, figure| Named {
        title: title.to_owned(),
        caption: caption.to_owned(),
        figure,
    };
    let mut figures = vec![named(
        "Rules and shares",
        "Rates with 95 % intervals: of trials (Wilson) and of speakers (bootstrap). Survivors: trials whose speaker was there after the cut. Lost and gained: trials that only no pruning, or only pruning, had right.",
        table(found),
    )];
    let rules: BTreeSet<&str> = found.rows.iter().map(|row| row.rule.as_str()).collect();
    let lines = |points: &dyn Fn(&str) -> Vec<[f64; 2]>| -> Vec<Points> {
        let line = |rule: &&str| Points { name: (*rule).to_owned(), points: points(rule) };
        rules.iter().map(line).filter(|line| !line.points.is_empty()).collect()
    };
    let by_keep = |rule: &str| {
        let rows = found.rows.iter().filter(|row| row.rule == rule);
        let mut points: Vec<[f64; 2]> = rows.map(|row| [row.keep, row.rate]).collect();
        points.sort_by(|a, b| a[0].total_cmp(&b[0]));
        points
    };
    figures.push(named(
        "Rate and share kept",
        "How often the answer is right when so many of the speakers are kept after the first part.",
        Figure::Lines {
            x: "share of the speakers kept".to_owned(),
            y: "identification rate".to_owned(),
            series: lines(&by_keep),
            log_y: false,
        },
    ));
    let by_length = |rule: &str| {
        let rows = found.lengths.iter().filter(|l| l.rule == rule && l.trials > 0);
        rows.map(|l| [l.frames as f64 / 100.0, l.correct as f64 / l.trials as f64]).collect()
    };
    let series = lines(&by_length);
    if !series.is_empty() {
        figures.push(named(
            "Rate and length of speech",
            "How often the answer is right after so much speech, pauses left out, without pruning.",
            Figure::Lines {
                x: "seconds of speech at 100 frames a second".to_owned(),
                y: "identification rate".to_owned(),
                series,
                log_y: false,
            },
        ));
    }
    if !found.points.is_empty() {
        let step = found.points.len().div_ceil(POINTS_MAX);
        let points = found.points.iter().step_by(step);
        let points = points.map(|p| [100.0 * p.false_accepts, 100.0 * p.false_rejects]).collect();
        figures.push(named(
            "Accepting and refusing",
            "Each trial counts once for its speaker and once, its speaker left out, for an unknown.",
            Figure::Lines {
                x: "unknown speakers accepted, %".to_owned(),
                y: "enrolled speakers refused, %".to_owned(),
                series: vec![Points { name: "score".to_owned(), points }],
                log_y: false,
            },
        ));
    }
    if let Some(row) = best(found.rows.iter()) {
        let name =
            |id: usize| setup.names.get(id).cloned().unwrap_or_else(|| format!("number {id}"));
        let rows = row
            .confusions
            .iter()
            .map(|(spoke, named, count)| vec![name(*spoke), name(*named), count.to_string()]);
        let caption = format!("Wrong answers of {} with a share of {} kept.", row.rule, row.keep);
        let columns = ["who spoke", "who was named", "times"].map(str::to_owned).to_vec();
        let figure = Figure::Table { columns, rows: rows.collect() };
        figures.push(named("Confusions", &caption, figure));
    }
    figures
}

fn table(found: &Evaluation) -> Figure {
    let heads = [
        "rule",
        "keep",
        "right",
        "rate",
        "95 %",
        "95 %, speakers",
        "survivors",
        "Gaussians",
        "saved",
        "seconds",
        "time saved",
        "lost",
        "gained",
        "p",
    ];
    let range = |range: [f64; 2]| format!("{:.3} to {:.3}", range[0], range[1]);
    let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let row = |row: &Row| {
        vec![
            row.rule.clone(),
            row.keep.to_string(),
            format!("{} of {}", row.correct, row.trials),
            format!("{:.3}", row.rate),
            range(row.interval),
            or_none(row.clustered.map(range)),
            format!("{:.3}", row.survivors_rate),
            row.gaussians.to_string(),
            format!("{:.1} %", 100.0 * row.saved_by_formula),
            format!("{:.3}", row.seconds_scoring),
            or_none(row.saved_seconds.map(|saved| format!("{:.1} %", 100.0 * saved))),
            or_none(row.against_no_pruning.map(|(lost, _, _)| lost.to_string())),
            or_none(row.against_no_pruning.map(|(_, gained, _)| gained.to_string())),
            or_none(row.against_no_pruning.map(|(_, _, p)| format!("{p:.3}"))),
        ]
    };
    Figure::Table {
        columns: heads.map(str::to_owned).to_vec(),
        rows: found.rows.iter().map(row).collect(),
    }
}
