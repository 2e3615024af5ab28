//! `secateur speaker identify`.

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use secateur::core::RunError;
use secateur::speaker::bank::Bank;
use secateur::speaker::enroll::Enrollment;
use secateur::speaker::identify::{
    Answer, Cut, Normalization, Pruning, Roster, Rule, Settings, identify,
};
use serde_json::{Value, json};

use super::bank::enrollment;
use super::{Manner, voices};
use crate::args::speaker::{IdentifyArgs, PruningWord};
use crate::out;

/// Speakers that are listed for a person.
const LISTED: usize = 5;
/// Gaussians of the coarse models of `--pruning hierarchical`.
const COARSE: usize = 8;
/// Standard deviations below the mean at which `--pruning adaptive` cuts.
const ETA: f64 = 1.5;
/// Share by which a settled likelihood moves, for `--pruning confidence`.
const EPSILON: f64 = 0.01;

/// What scores are taken relative to: the mixture of all speakers, where the bank has one.
pub(super) fn normalization(roster: &Roster) -> Normalization {
    match roster.background() {
        Some(_) => Normalization::Background,
        None => Normalization::Others,
    }
}

pub(super) fn run(args: &IdentifyArgs, manner: Manner) -> Result<ExitCode, RunError> {
    let bank = Bank::open(&args.bank)?;
    let enrollment = enrollment(&bank, &args.bank)?;
    let mut roster = bank.roster()?;
    if let Some(top) = args.top {
        roster = roster.with_top(usize::from(top))?;
    }
    let rule: Rule = args.rule.rule.parse()?;
    let settings = Settings {
        rule,
        pruning: pruning(args, roster.len()),
        normalization: normalization(&roster),
    };
    let mut failed = None;
    for path in &args.files {
        let found = one(path, &bank, &roster, &enrollment, &settings);
        match found {
            Ok(found) => show(path, &found, &bank, args.limit, manner),
            Err(error) if args.files.len() == 1 => return Err(error),
            Err(error) => {
                out::note(&out::clean(&format!("{}: {}", path.display(), error.message)));
                failed = failed.or(Some(error));
            }
        }
    }
    match failed {
        Some(error) => Err(error),
        None => Ok(ExitCode::SUCCESS),
    }
}

fn pruning(args: &IdentifyArgs, speakers: usize) -> Pruning {
    let (keep, part, every) = (args.rule.keep, args.rule.part, args.every as usize);
    match args.pruning {
        _ if keep == 1.0 => Pruning::Never,
        PruningWord::TwoStage => Pruning::two_stage(keep, part),
        PruningWord::Cascade => Pruning::cascade(keep, part),
        PruningWord::Hierarchical => {
            Pruning::Hierarchical { components: COARSE, cut: Cut::new(keep, part) }
        }
        PruningWord::Static => {
            let cut = ((1.0 - keep) * speakers as f64 * 0.25).ceil() as usize;
            Pruning::Static { every, cut: cut.max(1) }
        }
        PruningWord::Adaptive => Pruning::Adaptive { every, eta: ETA },
        PruningWord::Confidence => Pruning::Confidence { every, epsilon: EPSILON },
    }
}

/// What was found in a recording.
struct Found {
    answer: Answer,
    /// Whether the thresholds accept it; `true` without thresholds.
    accepted: bool,
    /// Length of the sound, and time of reading and of scoring.
    seconds: f64,
    seconds_features: f64,
    seconds_scoring: f64,
}

fn one(
    path: &Path,
    bank: &Bank,
    roster: &Roster,
    enrollment: &Enrollment,
    settings: &Settings,
) -> Result<Found, RunError> {
    let start = Instant::now();
    let sound = voices::sound(path, &enrollment.features)?;
    let heard = voices::frames(&sound, &enrollment.features, path)?;
    let seconds_features = start.elapsed().as_secs_f64();
    let start = Instant::now();
    let answer = identify(roster, &heard.frames, settings)
        .map_err(|error| RunError::from(error).at(path))?;
    Ok(Found {
        accepted: bank.thresholds.is_none_or(|thresholds| thresholds.accept(&answer)),
        answer,
        seconds: sound.seconds(),
        seconds_features,
        seconds_scoring: start.elapsed().as_secs_f64(),
    })
}

fn show(path: &Path, found: &Found, bank: &Bank, limit: Option<usize>, manner: Manner) {
    let answer = &found.answer;
    let name = |id: usize| bank.speakers()[id].name.as_str();
    if manner.json {
        out::json(&value(path, found, bank, limit.unwrap_or(usize::MAX)));
        return;
    }
    let limit = limit.unwrap_or(LISTED);
    let who = if found.accepted { name(answer.ranking[0]) } else { "unknown" };
    out::line(&out::clean(&format!(
        "{}: {who}, {:.1} s of sound, {} frames of speech, {} of {} speakers to the end, {} Gaussians",
        path.display(),
        found.seconds,
        answer.frames,
        answer.ranking.len(),
        bank.speakers().len(),
        out::count(answer.gaussians)
    )));
    let cells = (0..answer.ranking.len().min(limit))
        .map(|at| {
            vec![
                name(answer.ranking[at]).to_owned(),
                format!("{:.3}", answer.posteriors[at]),
                format!("{:.2}", answer.scores[at]),
                format!("{:.3}", answer.likelihoods[at]),
            ]
        })
        .collect();
    out::print(&out::table(&["speaker", "share", "score", "log-likelihood"], cells, &[1, 2, 3]));
}

fn value(path: &Path, found: &Found, bank: &Bank, limit: usize) -> Value {
    let answer = &found.answer;
    let name = |id: &usize| bank.speakers()[*id].name.as_str();
    let ranking: Vec<_> = (0..answer.ranking.len().min(limit))
        .map(|at| {
            json!({
                "name": name(&answer.ranking[at]),
                "posterior": answer.posteriors[at],
                "score": answer.scores[at],
                "log_likelihood": answer.likelihoods[at],
            })
        })
        .collect();
    let stages: Vec<_> = answer
        .stages
        .iter()
        .map(|stage| {
            let kept: Vec<&str> = stage.kept.iter().map(name).collect();
            json!({ "frames": stage.frames, "kept": kept })
        })
        .collect();
    let took = found.seconds_features + found.seconds_scoring;
    json!({
        "file": path,
        "speaker": found.accepted.then(|| name(&answer.ranking[0])),
        "accepted": found.accepted,
        "nearest": name(&answer.ranking[0]),
        "margin": answer.margin,
        "score": answer.normalized,
        "ranking": ranking,
        "survivors": answer.ranking.len(),
        "speakers": bank.speakers().len(),
        "stages": stages,
        "frames": answer.frames,
        "gaussians": answer.gaussians,
        "seconds": found.seconds,
        "seconds_features": found.seconds_features,
        "seconds_scoring": found.seconds_scoring,
        "real_time_factor": took / found.seconds,
    })
}
