//! `secateur speaker list` and `remove`, and what commands on banks share.

use std::path::Path;
use std::process::ExitCode;

use secateur::core::RunError;
use secateur::speaker::bank::Bank;
use secateur::speaker::enroll::Enrollment;
use secateur::speaker::mixture::Packed;
use secateur::store::StoreError;
use serde_json::json;

use super::Manner;
use crate::commands::pages::{Target, store};
use crate::out;

/// An error unless a bank may be written there: with `force` it replaces a bank, and nothing else.
pub(super) fn may_write(path: &Path, force: bool) -> Result<(), RunError> {
    Target::new(path, force, &[])?;
    if path.exists() && Bank::open(path).is_err() {
        return Err(store(&StoreError::Foreign { path: path.to_path_buf(), files: Vec::new() }));
    }
    Ok(())
}

/// How a bank was made.
pub(super) fn enrollment(bank: &Bank, path: &Path) -> Result<Enrollment, RunError> {
    Enrollment::of(bank).map_err(|error| RunError::from(error).at(path))
}

pub(super) fn list(path: &Path, manner: Manner) -> Result<ExitCode, RunError> {
    let bank = Bank::open(path)?;
    let enrollment = enrollment(&bank, path)?;
    let thresholds = bank.thresholds;
    if manner.json {
        let speakers: Vec<_> = bank
            .speakers()
            .iter()
            .map(|speaker| {
                json!({
                    "name": speaker.name,
                    "seconds": speaker.seconds,
                    "frames": speaker.frames,
                    "gaussians": speaker.model.components(),
                })
            })
            .collect();
        out::json(&json!({
            "speakers": speakers,
            "width": bank.width(),
            "enrollment": enrollment,
            "background": bank.background().map(Packed::components),
            "thresholds": thresholds.map(|t| json!({ "score": t.score, "margin": t.margin })),
        }));
        return Ok(ExitCode::SUCCESS);
    }
    let cells = bank
        .speakers()
        .iter()
        .map(|speaker| {
            vec![
                speaker.name.clone(),
                format!("{:.1}", speaker.seconds),
                out::count(speaker.frames),
                speaker.model.components().to_string(),
            ]
        })
        .collect();
    out::print(&out::table(&["speaker", "seconds", "frames", "Gaussians"], cells, &[1, 2, 3]));
    let background = match (&enrollment.background, bank.background()) {
        (Some(adaptation), Some(model)) => format!(
            ", adapted from {} Gaussians of all (relevance {})",
            model.components(),
            adaptation.relevance
        ),
        _ => String::new(),
    };
    out::line(&format!(
        "{} speakers, {} numbers a frame at {} Hz{background}",
        bank.speakers().len(),
        bank.width(),
        enrollment.features.rate
    ));
    match thresholds {
        Some(t) => out::line(&format!(
            "accepted from a score of {:.3} and a margin of {:.4} on",
            t.score, t.margin
        )),
        None => out::line("not calibrated: the nearest speaker is always named"),
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) fn remove(path: &Path, names: &[String], manner: Manner) -> Result<ExitCode, RunError> {
    let mut bank = Bank::open(path)?;
    for name in names {
        bank.remove(name).map_err(|error| RunError::from(error).at(path))?;
    }
    bank.save(path)?;
    if manner.json {
        out::json(&json!({ "removed": names, "speakers": bank.speakers().len() }));
    } else {
        out::line(&format!("{} removed, {} left", names.len(), bank.speakers().len()));
    }
    Ok(ExitCode::SUCCESS)
}
