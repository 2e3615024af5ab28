//! `secateur speaker calibrate`.

use std::process::ExitCode;

use secateur::core::RunError;
use secateur::speaker::bank::Bank;
use secateur::speaker::calibrate::{calibrate, leave_out};
use secateur::speaker::identify::{Pruning, Rule, Settings, identify};
use serde_json::json;

use super::bank::enrollment;
use super::identify::normalization;
use super::{Manner, voices};
use crate::args::speaker::CalibrateArgs;
use crate::out;

pub(super) fn run(args: &CalibrateArgs, manner: Manner) -> Result<ExitCode, RunError> {
    let rule: Rule = args.rule.parse()?;
    let mut bank = Bank::open(&args.bank)?;
    let enrollment = enrollment(&bank, &args.bank)?;
    let people = voices::found(&args.people)?;
    let mut bad = voices::Bad::new(&args.people);
    let parted = voices::parted(&people, &enrollment.features, &args.parts, &mut bad);
    let mut warnings = bad.end()?;
    warnings.extend(parted.warnings.clone());
    let parted = parted.of_speakers(&args.people.voices, &mut warnings)?;
    // Models of the first parts alone: the bank may have heard the rest.
    let (trained, more) = enrollment.bank(&parted.voices)?;
    warnings.extend(more);
    let roster = trained.roster()?;
    let settings =
        Settings { rule, pruning: Pruning::Never, normalization: normalization(&roster) };
    let (mut genuine, mut impostors) = (Vec::new(), Vec::new());
    for trial in &parted.trials {
        let answer = identify(&roster, &trial.frames, &settings)?;
        if let Some((own, other)) = leave_out(&answer, trial.speaker) {
            genuine.push(own);
            impostors.push(other);
        }
    }
    let found = calibrate(&genuine, &impostors, args.far)?;
    warnings.extend(found.warnings.iter().cloned());
    if !args.dry_run {
        bank.thresholds = Some(found.thresholds);
        bank.save(&args.bank)?;
    }
    for warning in &warnings {
        out::note(&out::clean(&format!("warning: {warning}")));
    }
    let thresholds = found.thresholds;
    if manner.json {
        out::json(&json!({
            "bank": args.bank,
            "trials": genuine.len(),
            "thresholds": { "score": thresholds.score, "margin": thresholds.margin },
            "false_accepts": found.false_accepts,
            "false_rejects": found.false_rejects,
            "equal_error_rate": found.equal_error_rate,
            "kept": !args.dry_run,
            "warnings": warnings,
        }));
        return Ok(ExitCode::SUCCESS);
    }
    out::line(&format!(
        "{} trials of {} people: accepted from a score of {:.3} and a margin of {:.4} on",
        genuine.len(),
        parted.voices.len(),
        thresholds.score,
        thresholds.margin
    ));
    out::line(&format!(
        "of unknown people {:.2} % accepted, of known people {:.2} % refused; equal error rate {:.2} %",
        found.false_accepts * 100.0,
        found.false_rejects * 100.0,
        found.equal_error_rate * 100.0
    ));
    if !args.dry_run {
        out::line(&format!("kept in {}", args.bank.display()));
    }
    Ok(ExitCode::SUCCESS)
}
