//! Who speaks: rules of decision over models, with speakers cut on the way.
//!
//! [`identify`] hears a whole recording; a [`Listener`] hears a stream. Which speakers survive is
//! decided by `secateur_core::select` on the scores of a criterion.

mod listener;
mod pruning;
mod roster;
mod scan;

use secateur_core::Mask;

pub use crate::criteria::{Likelihood, Mwmr, Reading, Rule, Weights, Wmr};
use crate::error::SpeakerError;
use crate::features::Frames;
use crate::mixture::{Heard, Packed, check_frames, score};
pub use listener::{Decision, Listener, Listening, Update};
pub use pruning::{Cut, Pruning};
pub use roster::Roster;
use scan::Scan;

/// Frames that are worked out at once.
const AT_ONCE: usize = 1024;
/// Frames overlap and resemble their neighbors: so many count as one in a posterior.
const ALIKE: f64 = 10.0;

/// How an answer is found.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Rule of decision.
    pub rule: Rule,
    /// Which speakers are cut on the way.
    pub pruning: Pruning,
    /// What the score of an answer is taken relative to.
    pub normalization: Normalization,
}

impl Default for Settings {
    fn default() -> Self {
        let (rule, pruning) = (Rule::Mwmr(Mwmr::default()), Pruning::two_stage(0.2, 0.2));
        Self { rule, pruning, normalization: Normalization::Others }
    }
}

/// What the score of an answer is taken relative to, for the rejection of unknown speakers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Normalization {
    /// The other speakers that survived: their mean log-likelihood.
    Others,
    /// The mixture of all speakers; it costs its Gaussians for each frame.
    Background,
}

/// Who spoke.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Speakers that survived, by number, the best first.
    pub ranking: Vec<usize>,
    /// Sums of the rule, in the order of the ranking.
    pub scores: Vec<f64>,
    /// Mean log-likelihood of a frame, in the order of the ranking, nats.
    pub likelihoods: Vec<f64>,
    /// Softmax of the scores in the order of the ranking, ten frames counted as one: a number
    /// between 0 and 1 that orders as the scores do, and no calibrated probability.
    pub posteriors: Vec<f64>,
    /// How much the best score is above the second, per frame; zero with one speaker.
    pub margin: f64,
    /// Mean log-likelihood of a frame under the best speaker less that of the normalization.
    pub normalized: Option<f64>,
    /// Mean log-likelihood of a frame under the mixture of all speakers, when it was worked out.
    pub background: Option<f64>,
    /// Frames heard.
    pub frames: usize,
    /// Gaussians that were worked out.
    pub gaussians: u64,
    /// What each cut left.
    pub stages: Vec<Stage>,
}

/// What a cut left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stage {
    /// Frames heard before it.
    pub frames: usize,
    /// Speakers that stayed, by number, ascending.
    pub kept: Vec<usize>,
}

/// Finds who spoke.
///
/// The same bits for any number of threads. Without a cut, and with one that keeps all, the
/// scores are the same bits.
///
/// # Errors
/// [`SpeakerError`] for settings or frames that make no sense.
pub fn identify(
    roster: &Roster,
    frames: &Frames,
    settings: &Settings,
) -> Result<Answer, SpeakerError> {
    settings.check(roster)?;
    check_frames(frames, roster.width())?;
    if frames.is_empty() {
        return Err(SpeakerError::NoFrames { who: String::new() });
    }
    let total = frames.len();
    let cuts_at_all = !matches!(settings.pruning, Pruning::Never | Pruning::Hierarchical { .. });
    let mut scan = Scan::new(roster, settings.rule, cuts_at_all);
    let mut stages = Vec::new();
    if let Pruning::Hierarchical { components, .. } = settings.pruning {
        let mask = coarsely(&mut scan, roster, frames, &settings.pruning, components, &mut stages)?;
        scan.cut(&mask);
    }
    let mut cuts = 0;
    let mut before: Option<Vec<f64>> = None;
    loop {
        let next = settings.pruning.next(cuts, scan.frames, total);
        if next.is_none() || scan.candidates.ids.len() <= pruning::KEPT_MIN {
            if cuts_at_all {
                scan.hold_no_more();
            }
            hear(&mut scan, frames, total);
            break;
        }
        let until = next.unwrap_or(total);
        hear(&mut scan, frames, until.min(total));
        // A cut at the end is the method of parts of the whole; for the others it is none.
        if until >= total && !matches!(settings.pruning, Pruning::Parts(_)) {
            break;
        }
        let chosen = settings.pruning.choose(
            cuts,
            &scan.candidates,
            &scan.heard,
            scan.frames,
            before.as_deref(),
        );
        let mask = chosen?;
        let means = scan.heard.totals.iter().map(|t| t / scan.frames as f64);
        let mut means: Vec<f64> = means.collect();
        scan.cut(&mask);
        scan::keep(&mut means, &mask);
        before = Some(means);
        cuts += 1;
        if mask.cut() > 0 || matches!(settings.pruning, Pruning::Parts(_)) {
            stages.push(Stage { frames: scan.frames, kept: scan.candidates.ids.clone() });
        }
    }
    scan.settle();
    if settings.normalization == Normalization::Background {
        for from in (0..total).step_by(AT_ONCE) {
            scan.hear_background(&Heard::of_checked(frames, from..total.min(from + AT_ONCE)));
        }
    }
    Ok(answer(&scan, settings.normalization, stages))
}

/// Hears up to this frame.
fn hear(scan: &mut Scan<'_>, frames: &Frames, until: usize) {
    while scan.frames < until {
        let to = until.min(scan.frames + AT_ONCE);
        scan.hear(&Heard::of_checked(frames, scan.frames..to));
    }
}

/// Hears a part with coarse models; gives who stays.
fn coarsely(
    scan: &mut Scan<'_>,
    roster: &Roster,
    frames: &Frames,
    pruning: &Pruning,
    components: usize,
    stages: &mut Vec<Stage>,
) -> Result<Mask, SpeakerError> {
    let Pruning::Hierarchical { cut, .. } = pruning else {
        return Ok(Mask::keep_all(roster.len()));
    };
    let part = cut.frames(frames.len());
    let models = roster.coarse(components);
    let refs: Vec<&Packed> = models.iter().collect();
    let mut heard =
        crate::criteria::Likelihoods { totals: vec![0.0; models.len()], rows: Vec::new() };
    let mut values = vec![0.0; models.len() * part];
    score(&refs, &Heard::of_checked(frames, 0..part), &mut values);
    for (total, row) in heard.totals.iter_mut().zip(values.chunks_exact(part)) {
        for value in row {
            *total += f64::from(*value);
        }
    }
    scan.gaussians += refs.iter().map(|m| m.components() as u64).sum::<u64>() * part as u64;
    let mask = pruning.choose(0, &scan.candidates, &heard, part, None)?;
    let kept = (0..roster.len()).filter(|at| mask.keeps(*at)).collect();
    stages.push(Stage { frames: part, kept });
    Ok(mask)
}

/// The answer of what was heard and counted.
fn answer(scan: &Scan<'_>, normalization: Normalization, stages: Vec<Stage>) -> Answer {
    let n = scan.candidates.ids.len();
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|a, b| scan.sums[*b].total_cmp(&scan.sums[*a]).then(a.cmp(b)));
    let scores: Vec<f64> = order.iter().map(|at| scan.sums[*at]).collect();
    let frames = scan.frames as f64;
    let exps: Vec<f64> = scores.iter().map(|s| ((s - scores[0]) / ALIKE).exp()).collect();
    let all: f64 = exps.iter().sum();
    let totals = &scan.heard.totals;
    let best = totals[order[0]];
    let reference = match normalization {
        Normalization::Background => scan.background,
        Normalization::Others if n > 1 => {
            Some((totals.iter().sum::<f64>() - best) / (n - 1) as f64)
        }
        Normalization::Others => None,
    };
    Answer {
        ranking: order.iter().map(|at| scan.candidates.ids[*at]).collect(),
        likelihoods: order.iter().map(|at| totals[*at] / frames).collect(),
        posteriors: exps.iter().map(|e| e / all).collect(),
        margin: scores.get(1).map_or(0.0, |second| (scores[0] - second) / frames),
        scores,
        normalized: reference.map(|reference| (best - reference) / frames),
        background: scan.background.map(|sum| sum / frames),
        frames: scan.frames,
        gaussians: scan.gaussians,
        stages,
    }
}

impl Settings {
    pub(crate) fn check(&self, roster: &Roster) -> Result<(), SpeakerError> {
        self.pruning.check()?;
        if self.normalization == Normalization::Background && roster.background().is_none() {
            let what = "normalization by the background";
            return Err(SpeakerError::NoBackground { what });
        }
        Ok(())
    }
}
