//! How often the answer is right, what pruning saves, and what it costs.
//!
//! Pure: trials in, numbers out. [`record`] makes the record of it that reports show.

mod figures;

use std::collections::BTreeMap;
use std::time::Instant;

use secateur_core::interval::{bootstrap, mcnemar, wilson};
use secateur_core::{Progress, Random};

use crate::calibrate::{self, Point};
use crate::error::SpeakerError;
use crate::features::Frames;
use crate::identify::{Cut, Normalization, Pruning, Roster, Rule, Settings, identify};
pub use figures::record;

/// Resamples of an interval over speakers.
const RESAMPLES: usize = 1000;
/// Pairs that are named.
const CONFUSIONS_MAX: usize = 20;

/// A piece of speech with who spoke.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    /// The speaker, by number.
    pub speaker: usize,
    /// What was said.
    pub frames: Frames,
}

/// What is evaluated.
#[derive(Clone, Debug)]
pub struct Setup<'a> {
    /// The models.
    pub roster: &'a Roster,
    /// Names of the speakers, by number.
    pub names: &'a [String],
    /// The trials.
    pub trials: &'a [Trial],
    /// Rules with their names.
    pub rules: &'a [(String, Rule)],
    /// Shares of the speakers that are kept; 1 is no pruning.
    pub keeps: &'a [f64],
    /// Share of the speech that is heard before the cut.
    pub part: f64,
    /// Numbers of frames after which the answer is asked for too, without pruning.
    pub lengths: &'a [usize],
    /// What scores are taken relative to.
    pub normalization: Normalization,
    /// Seed of the intervals.
    pub seed: u64,
}

/// What a rule with a share kept reached.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Name of the rule.
    pub rule: String,
    /// Share of the speakers kept.
    pub keep: f64,
    /// Trials.
    pub trials: u64,
    /// Trials with the right answer.
    pub correct: u64,
    /// Their share.
    pub rate: f64,
    /// 95 % interval of it, trials taken as independent (Wilson).
    pub interval: [f64; 2],
    /// 95 % interval of it, speakers taken as independent (bootstrap over speakers).
    pub clustered: Option<[f64; 2]>,
    /// Share of the trials whose speaker was there after the last cut.
    pub survivors_rate: f64,
    /// Gaussians worked out.
    pub gaussians: u64,
    /// Share of Gaussians saved by the formula `1 - (N T1 + |A| (T - T1)) / (N T)`.
    pub saved_by_formula: f64,
    /// Seconds of scoring on one thread, without features.
    pub seconds_scoring: f64,
    /// Share of the seconds saved against no pruning; absent where that was not run.
    pub saved_seconds: Option<f64>,
    /// Trials that only no pruning had right, trials that only this had right, and the p-value
    /// of McNemar's test; absent where no pruning was not run.
    pub against_no_pruning: Option<(u64, u64, f64)>,
    /// Wrong answers: who spoke, who was named, how often; the most frequent first.
    pub confusions: Vec<(usize, usize, u64)>,
}

/// How often a rule is right after so many frames.
#[derive(Clone, Debug, PartialEq)]
pub struct Length {
    /// Name of the rule.
    pub rule: String,
    /// Frames of speech heard.
    pub frames: usize,
    /// Trials that are as long.
    pub trials: u64,
    /// Trials with the right answer.
    pub correct: u64,
}

/// What was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// By rule, then by share kept.
    pub rows: Vec<Row>,
    /// By rule, then by frames.
    pub lengths: Vec<Length>,
    /// The trade-off of accepting and refusing by the score, of the first rule without pruning;
    /// each trial counts once for its speaker and once, its speaker left out, for an unknown.
    pub points: Vec<Point>,
    /// Rate at which both errors are equal.
    pub equal_error_rate: Option<f64>,
    /// What the reader must know, each a full sentence.
    pub warnings: Vec<String>,
}

/// Evaluates every rule with every share.
///
/// # Errors
/// [`SpeakerError`] for settings that make no sense, no trials, or of a trial.
pub fn evaluate(setup: &Setup, progress: &mut dyn Progress) -> Result<Evaluation, SpeakerError> {
    if setup.trials.is_empty() {
        return Err(SpeakerError::NoFrames { who: "any trial".to_owned() });
    }
    if let Some(trial) = setup.trials.iter().find(|trial| trial.speaker >= setup.roster.len()) {
        let name = format!("number {}", trial.speaker);
        return Err(SpeakerError::Unknown { name, near: String::new() });
    }
    let mut found = Evaluation {
        rows: Vec::new(),
        lengths: Vec::new(),
        points: Vec::new(),
        equal_error_rate: None,
        warnings: warnings(setup),
    };
    // One thread: pieces of speech are short, and waiting for threads would be measured too.
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    progress.begin("setting", setup.rules.len() * setup.keeps.len());
    for (name, rule) in setup.rules {
        let mut rows: Vec<(Row, Vec<bool>)> = Vec::new();
        for keep in setup.keeps {
            if progress.stopped() {
                found.warnings.push("The evaluation was stopped before its end.".to_owned());
                return Ok(found);
            }
            let measured = || row(setup, name, *rule, *keep);
            rows.push(one.as_ref().map_or_else(|_| measured(), |one| one.install(measured))?);
            progress.step(found.rows.len() + rows.len(), name);
        }
        compare(&mut rows);
        found.rows.extend(rows.into_iter().map(|(row, _)| row));
        for frames in setup.lengths {
            found.lengths.push(length(setup, name, *rule, *frames)?);
        }
    }
    if let Some((_, rule)) = setup.rules.first() {
        (found.points, found.equal_error_rate) = trade_off(setup, *rule)?;
    }
    Ok(found)
}

fn settings(setup: &Setup, rule: Rule, keep: f64) -> Settings {
    let pruning = if keep == 1.0 { Pruning::Never } else { Pruning::two_stage(keep, setup.part) };
    Settings { rule, pruning, normalization: setup.normalization }
}

/// A row, and which trials were right.
fn row(setup: &Setup, name: &str, rule: Rule, keep: f64) -> Result<(Row, Vec<bool>), SpeakerError> {
    let settings = settings(setup, rule, keep);
    let mut right = Vec::with_capacity(setup.trials.len());
    let (mut survived, mut gaussians, mut seconds) = (0_u64, 0_u64, 0.0);
    let (mut all, mut spent) = (0_u64, 0_u64);
    let mut confused: BTreeMap<(usize, usize), u64> = BTreeMap::new();
    for trial in setup.trials {
        let start = Instant::now();
        let answer = identify(setup.roster, &trial.frames, &settings)?;
        seconds += start.elapsed().as_secs_f64();
        let named = answer.ranking[0];
        right.push(named == trial.speaker);
        survived += u64::from(answer.ranking.contains(&trial.speaker));
        gaussians += answer.gaussians;
        if named != trial.speaker {
            *confused.entry((trial.speaker, named)).or_default() += 1;
        }
        let (n, frames) = (setup.roster.len(), trial.frames.len());
        let cut = Cut::new(keep, setup.part);
        let (first, kept) = match settings.pruning {
            Pruning::Never => (frames, n),
            _ => (cut.frames(frames), cut.kept(n)),
        };
        all += (n * frames) as u64;
        spent += (n * first + kept * (frames - first)) as u64;
    }
    let trials = right.len() as u64;
    let correct = right.iter().filter(|right| **right).count() as u64;
    let mut confusions: Vec<(usize, usize, u64)> =
        confused.into_iter().map(|((spoke, named), count)| (spoke, named, count)).collect();
    confusions.sort_by_key(|(_, _, count)| std::cmp::Reverse(*count));
    confusions.truncate(CONFUSIONS_MAX);
    let row = Row {
        rule: name.to_owned(),
        keep,
        trials,
        correct,
        rate: correct as f64 / trials as f64,
        interval: wilson(correct, trials),
        clustered: clustered(setup, &right),
        survivors_rate: survived as f64 / trials as f64,
        gaussians,
        saved_by_formula: 1.0 - spent as f64 / all as f64,
        seconds_scoring: seconds,
        saved_seconds: None,
        against_no_pruning: None,
        confusions,
    };
    Ok((row, right))
}

/// The interval over speakers: all trials of a speaker are drawn together.
fn clustered(setup: &Setup, right: &[bool]) -> Option<[f64; 2]> {
    let mut speakers: BTreeMap<usize, (f64, f64)> = BTreeMap::new();
    for (trial, right) in setup.trials.iter().zip(right) {
        let counts = speakers.entry(trial.speaker).or_default();
        counts.0 += f64::from(u8::from(*right));
        counts.1 += 1.0;
    }
    let counts: Vec<(f64, f64)> = speakers.into_values().collect();
    let rate = |drawn: &[&(f64, f64)]| {
        let sums = drawn.iter().fold((0.0, 0.0), |sum, c| (sum.0 + c.0, sum.1 + c.1));
        sums.0 / sums.1
    };
    bootstrap(&counts, RESAMPLES, &mut Random::new(setup.seed), rate)
}

/// Compares the rows of a rule with the one without pruning.
fn compare(rows: &mut [(Row, Vec<bool>)]) {
    let Some(at) = rows.iter().position(|(row, _)| row.keep == 1.0) else { return };
    let (seconds, right) = (rows[at].0.seconds_scoring, rows[at].1.clone());
    for (row, own) in rows.iter_mut().filter(|(row, _)| row.keep != 1.0) {
        let only = |a: &[bool], b: &[bool]| a.iter().zip(b).filter(|(a, b)| **a && !**b).count();
        let (lost, gained) = (only(&right, own) as u64, only(own, &right) as u64);
        row.against_no_pruning = Some((lost, gained, mcnemar(lost, gained)));
        row.saved_seconds = Some(1.0 - row.seconds_scoring / seconds);
    }
}

fn length(setup: &Setup, name: &str, rule: Rule, frames: usize) -> Result<Length, SpeakerError> {
    let settings = settings(setup, rule, 1.0);
    let mut found = Length { rule: name.to_owned(), frames, trials: 0, correct: 0 };
    if frames == 0 {
        return Ok(found);
    }
    for trial in setup.trials.iter().filter(|trial| trial.frames.len() >= frames) {
        let width = trial.frames.width;
        let begun = Frames { width, values: trial.frames.values[..frames * width].to_vec() };
        let answer = identify(setup.roster, &begun, &settings)?;
        found.trials += 1;
        found.correct += u64::from(answer.ranking[0] == trial.speaker);
    }
    Ok(found)
}

fn trade_off(setup: &Setup, rule: Rule) -> Result<(Vec<Point>, Option<f64>), SpeakerError> {
    let settings = settings(setup, rule, 1.0);
    let (mut genuine, mut impostors) = (Vec::new(), Vec::new());
    for trial in setup.trials {
        let answer = identify(setup.roster, &trial.frames, &settings)?;
        if let Some((own, other)) = calibrate::leave_out(&answer, trial.speaker) {
            genuine.push(own.normalized);
            impostors.push(other.normalized);
        }
    }
    if genuine.is_empty() {
        return Ok((Vec::new(), None));
    }
    let points = calibrate::points(&genuine, &impostors)?;
    let rate = calibrate::equal_error_rate(&points);
    Ok((points, Some(rate)))
}

fn warnings(setup: &Setup) -> Vec<String> {
    let mut warnings = Vec::new();
    if setup.roster.len() == 1 {
        warnings.push("With one speaker every answer is right.".to_owned());
    }
    if setup.trials.len() < 100 {
        warnings.push(format!(
            "{} trials are few: a difference of one trial is {:.1} points.",
            setup.trials.len(),
            100.0 / setup.trials.len() as f64
        ));
    }
    let short = setup.trials.iter().filter(|trial| trial.frames.len() < 30).count();
    if short > 0 {
        warnings.push(format!(
            "{short} trials have fewer than 30 frames of speech, so that nothing is saved on them."
        ));
    }
    warnings
}
