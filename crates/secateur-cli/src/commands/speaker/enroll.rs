//! `secateur speaker enroll`.

use std::process::ExitCode;
use std::time::Instant;

use secateur::core::{Kind, Progress as _, RunError};
use secateur::speaker::bank::Bank;
use secateur::speaker::enroll::Voice;
use serde_json::json;

use super::{Manner, bank, voices};
use crate::args::speaker::EnrollArgs;
use crate::out;

pub(super) fn run(args: &EnrollArgs, manner: Manner) -> Result<ExitCode, RunError> {
    let started = Instant::now();
    let known = args.add.then(|| Bank::open(&args.output)).transpose()?;
    if known.is_none() {
        bank::may_write(&args.output, args.force)?;
    }
    let people = voices::found(&args.people)?;
    if let Some(bank) = &known
        && let Some(twice) = people.iter().find(|person| bank.find(&person.name).is_ok())
    {
        let error = secateur::speaker::SpeakerError::Known { name: out::clean(&twice.name) };
        return Err(RunError::from(error).at(&args.output));
    }
    let enrollment = match &known {
        Some(bank) => bank::enrollment(bank, &args.output)?,
        None => voices::enrollment(&args.make, args.seed)?,
    };
    let mut bad = voices::Bad::new(&args.people);
    let heard = voices::whole(&people, &enrollment.features, &mut bad);
    let mut warnings = bad.end()?;
    let heard = spoken(heard, &mut warnings);
    if heard.is_empty() {
        let message = "no recording holds speech that can be used";
        return Err(RunError::new(Kind::Input, "SEC-SP-032", message).at(&args.people.voices));
    }
    let (bank, more) = match known {
        Some(mut bank) => {
            let more = enrollment.add(&mut bank, &heard)?;
            (bank, more)
        }
        None => enrollment.bank(&heard)?,
    };
    warnings.extend(more);
    if bank.speakers().len() == 1 {
        warnings.push("With one speaker every answer is that one: enroll more.".to_owned());
    }
    if manner.progress().stopped() {
        let message = "enrolling was stopped; nothing was written";
        return Err(RunError::new(Kind::Interrupted, "SEC-SP-051", message));
    }
    bank.save(&args.output)?;
    for warning in &warnings {
        out::note(&out::clean(&format!("warning: {warning}")));
    }
    let seconds: f64 = heard.iter().map(|voice| voice.seconds).sum();
    let took = started.elapsed().as_secs_f64();
    let bytes = std::fs::metadata(&args.output).map_or(0, |data| data.len());
    if manner.json {
        let enrolled: Vec<_> = heard
            .iter()
            .map(|voice| {
                json!({
                    "name": voice.name,
                    "seconds": voice.seconds,
                    "frames": voice.frames.len(),
                })
            })
            .collect();
        out::json(&json!({
            "bank": args.output,
            "enrolled": enrolled,
            "speakers": bank.speakers().len(),
            "bytes": bytes,
            "warnings": warnings,
            "seconds": took,
        }));
        return Ok(ExitCode::SUCCESS);
    }
    out::line(&format!(
        "{} people enrolled from {:.0} s of sound in {took:.1} s; {} in {}, {}",
        heard.len(),
        seconds,
        bank.speakers().len(),
        args.output.display(),
        out::bytes(bytes)
    ));
    Ok(ExitCode::SUCCESS)
}

/// People of whom some speech was heard; the others are named.
fn spoken(heard: Vec<Voice>, warnings: &mut Vec<String>) -> Vec<Voice> {
    let (heard, silent): (Vec<_>, Vec<_>) =
        heard.into_iter().partition(|voice| !voice.frames.is_empty());
    warnings.extend(
        silent.iter().map(|voice| format!("{} has no recording that can be used.", voice.name)),
    );
    heard
}
