//! `secateur speaker evaluate`.

use std::process::ExitCode;
use std::time::Instant;

use secateur::core::record::Input;
use secateur::core::{Kind, Progress as _, RunError};
use secateur::speaker::evaluate::{Row, Setup, evaluate, record};
use secateur::speaker::identify::Rule;
use serde_json::{Value, json};

use super::identify::normalization;
use super::{Manner, voices};
use crate::args::speaker::EvaluateArgs;
use crate::commands::pages::Target;
use crate::out;

/// Seconds of speech after which the answer is asked for too.
pub(super) const LENGTHS: [f64; 6] = [0.25, 0.5, 1.0, 1.5, 2.0, 3.0];

pub(super) fn run(args: &EvaluateArgs, manner: Manner) -> Result<ExitCode, RunError> {
    let started = Instant::now();
    let page = Target::page(args.report.as_deref(), args.force, &[])?;
    let rules: Vec<(String, Rule)> = args
        .rules
        .iter()
        .map(|text| Ok((text.clone(), text.parse()?)))
        .collect::<Result<_, RunError>>()?;
    let enrollment = voices::enrollment(&args.make, args.seed)?;
    let people = voices::found(&args.people)?;
    let mut bad = voices::Bad::new(&args.people);
    let parted = voices::parted(&people, &enrollment.features, &args.parts, &mut bad);
    let mut warnings = bad.end()?;
    warnings.extend(parted.warnings.clone());
    let heard = started.elapsed().as_secs_f64();
    let parted = parted.of_speakers(&args.people.voices, &mut warnings)?;
    let start = Instant::now();
    let (bank, more) = enrollment.bank(&parted.voices)?;
    warnings.extend(more);
    let trained = start.elapsed().as_secs_f64();
    let mut roster = bank.roster()?;
    if let Some(top) = args.top {
        roster = roster.with_top(usize::from(top))?;
    }
    let names: Vec<String> = bank.speakers().iter().map(|s| s.name.clone()).collect();
    let second = enrollment.features.frames_per_second();
    let lengths: Vec<usize> = LENGTHS.iter().map(|s| (s * second).round() as usize).collect();
    let setup = Setup {
        roster: &roster,
        names: &names,
        trials: &parted.trials,
        rules: &rules,
        keeps: &args.keep,
        part: args.part,
        lengths: &lengths,
        normalization: normalization(&roster),
        seed: args.seed,
    };
    let mut progress = manner.progress();
    let found = evaluate(&setup, &mut progress)?;
    if progress.stopped() {
        let message = "the evaluation was stopped before its end";
        return Err(RunError::new(Kind::Interrupted, "SEC-SP-051", message));
    }
    warnings.extend(found.warnings.iter().cloned());
    let mut written = Vec::new();
    if let Some(page) = &page {
        let name = args.people.voices.display().to_string();
        let mut record = record(&setup, &found, &name);
        record.run.command = crate::commands::prune::command();
        record.run.seconds = Some(started.elapsed().as_secs_f64());
        record.run.inputs = inputs(&people);
        record.warnings.clone_from(&warnings);
        page.record(&record)?;
        written.push(page.path.display().to_string());
    }
    for warning in &warnings {
        out::note(&out::clean(&format!("warning: {warning}")));
    }
    if manner.json {
        let lengths: Vec<_> = found
            .lengths
            .iter()
            .map(|length| {
                json!({
                    "rule": length.rule,
                    "seconds": length.frames as f64 / second,
                    "trials": length.trials,
                    "correct": length.correct,
                })
            })
            .collect();
        out::json(&json!({
            "speakers": names.len(),
            "trials": parted.trials.len(),
            "enrollment": enrollment,
            "runs": found.rows.iter().map(|row| run_of(row, &names)).collect::<Vec<_>>(),
            "lengths": lengths,
            "equal_error_rate": found.equal_error_rate,
            "warnings": warnings,
            "written": written,
            "seconds_features": heard,
            "seconds_training": trained,
            "seconds": started.elapsed().as_secs_f64(),
        }));
        return Ok(ExitCode::SUCCESS);
    }
    out::line(&format!(
        "{} speakers, {} trials; features {heard:.1} s, training {trained:.1} s",
        names.len(),
        parted.trials.len()
    ));
    table(&found.rows);
    if let Some(rate) = found.equal_error_rate {
        out::line(&format!("equal error rate for unknown speakers {:.1} %", rate * 100.0));
    }
    if !written.is_empty() {
        out::line(&format!("written: {}", written.join(", ")));
    }
    Ok(ExitCode::SUCCESS)
}

/// The recordings, without hashes: there may be thousands, and each was read already.
fn inputs(people: &[secateur::speaker::people::Person]) -> Vec<Input> {
    let files = people.iter().flat_map(|person| &person.files);
    let bytes = files.filter_map(|file| std::fs::metadata(file).ok()).map(|data| data.len()).sum();
    let count = people.iter().map(|person| person.files.len()).sum::<usize>();
    vec![Input {
        role: "recordings".to_owned(),
        name: format!("{count} files of {} people", people.len()),
        bytes,
        blake3: String::new(),
    }]
}

fn run_of(row: &Row, names: &[String]) -> Value {
    let confusions: Vec<_> = row
        .confusions
        .iter()
        .map(|(spoke, named, count)| {
            json!({ "spoke": names[*spoke], "named": names[*named], "trials": count })
        })
        .collect();
    json!({
        "rule": row.rule,
        "keep": row.keep,
        "trials": row.trials,
        "correct": row.correct,
        "rate": row.rate,
        "interval": row.interval,
        "interval_by_speaker": row.clustered,
        "survivors_rate": row.survivors_rate,
        "gaussians": row.gaussians,
        "saved_by_formula": row.saved_by_formula,
        "seconds_scoring": row.seconds_scoring,
        "saved_seconds": row.saved_seconds,
        "mcnemar": row.against_no_pruning.map(|(lost, gained, p)| {
            json!({ "lost": lost, "gained": gained, "p": p })
        }),
        "confusions": confusions,
    })
}

/// What each rule with each share reached.
pub(super) fn table(rows: &[Row]) {
    let percent = |share: f64| format!("{:.1} %", share * 100.0);
    let cells = rows
        .iter()
        .map(|row| {
            vec![
                row.rule.clone(),
                row.keep.to_string(),
                percent(row.rate),
                format!("{} to {}", percent(row.interval[0]), percent(row.interval[1])),
                percent(row.survivors_rate),
                out::count(row.gaussians),
                percent(row.saved_by_formula),
                format!("{:.3}", row.seconds_scoring),
                row.saved_seconds.map_or_else(|| "-".to_owned(), percent),
                row.against_no_pruning.map_or_else(
                    || "-".to_owned(),
                    |(lost, gained, p)| format!("-{lost} +{gained} (p {p:.2})"),
                ),
            ]
        })
        .collect();
    let heads = [
        "rule",
        "keep",
        "right",
        "95 %",
        "survive",
        "Gaussians",
        "saved",
        "seconds",
        "saved",
        "against none",
    ];
    out::print(&out::table(&heads, cells, &[1, 2, 3, 4, 5, 6, 7, 8, 9]));
}
