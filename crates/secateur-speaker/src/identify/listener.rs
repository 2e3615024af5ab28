//! Who speaks, in a stream: an answer that is carried on frame by frame.

use std::collections::VecDeque;

use super::pruning::{Cut, KEPT_MIN, Pruning};
use super::roster::Roster;
use super::scan::Scan;
use super::{Answer, Normalization, Rule, Stage, answer};
use crate::error::SpeakerError;
use crate::features::Frames;
use crate::mixture::{Heard, check_frames};
use crate::open_set::Thresholds;

/// Updates that a decision looks back on.
const LOOKED_BACK: usize = 64;

/// How a stream is heard.
///
/// All speakers are scored for `first` frames, then the share `keep`; memory and work for each
/// frame are bounded whatever the length of the stream. 1,000 speakers of 32 Gaussians cost 3.2
/// million Gaussians a second before the cut, well below what one core works out; where that is
/// too much, `first` is the knob.
#[derive(Clone, Debug, PartialEq)]
pub struct Listening {
    /// Rule of decision.
    pub rule: Rule,
    /// Frames after which speakers are cut; half a second by default.
    pub first: usize,
    /// Share of the speakers that is kept then; 1 cuts none.
    pub keep: f64,
    /// Frames between updates; a tenth of a second by default.
    pub every: usize,
    /// When an answer is given early.
    pub decision: Decision,
    /// What scores are taken relative to.
    pub normalization: Normalization,
    /// What an answer must reach to be accepted.
    pub thresholds: Option<Thresholds>,
}

/// When a stream's answer is certain enough to be given early: the best speaker has led in the
/// last `steady` updates; and the mean of what an update adds to the best speaker's score and not
/// to the second's is at least `deviations` of its standard errors, over up to 64 updates. An
/// update is many frames, so that the likeness of neighboring frames counts little.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Decision {
    /// Fewest frames heard; one second by default.
    pub frames_min: usize,
    /// Updates in which the best speaker has been the same.
    pub steady: usize,
    /// Standard errors of the lead.
    pub deviations: f64,
}

impl Default for Decision {
    fn default() -> Self {
        Self { frames_min: 100, steady: 3, deviations: 3.5 }
    }
}

impl Default for Listening {
    fn default() -> Self {
        Self {
            rule: Rule::Mwmr(super::Mwmr::default()),
            first: 50,
            keep: 0.2,
            every: 10,
            decision: Decision::default(),
            normalization: Normalization::Others,
            thresholds: None,
        }
    }
}

/// The answer so far.
#[derive(Clone, Debug, PartialEq)]
pub struct Update {
    /// Frames heard.
    pub frames: usize,
    /// The best speaker, by number.
    pub speaker: usize,
    /// How much its score is above the second, per frame.
    pub margin: f64,
    /// Its share of a softmax of the scores, as [`Answer::posteriors`].
    pub posterior: f64,
    /// As [`Answer::normalized`].
    pub normalized: Option<f64>,
    /// Whether the thresholds accept it; `true` without thresholds.
    pub accepted: bool,
    /// Standard errors of its lead over the second; absent before there are two updates.
    pub deviations: Option<f64>,
    /// Speakers still there.
    pub survivors: usize,
    /// The early answer: the speaker and the frames heard then, once it was certain enough.
    pub decided: Option<(usize, usize)>,
    /// Gaussians worked out so far.
    pub gaussians: u64,
}

/// A stream on its way through the models.
pub struct Listener<'a> {
    roster: &'a Roster,
    settings: Listening,
    scan: Scan<'a>,
    /// Whether the cut is still to come.
    waits: bool,
    stages: Vec<Stage>,
    /// Frames that make no whole update yet.
    pending: Frames,
    /// What each update added to the sums of the candidates.
    added: VecDeque<Vec<f64>>,
    /// The best speaker and the updates it has led.
    leader: (usize, usize),
    decided: Option<(usize, usize)>,
}

impl<'a> Listener<'a> {
    /// Begins to listen.
    ///
    /// # Errors
    /// [`SpeakerError`] for settings that make no sense.
    pub fn new(roster: &'a Roster, settings: Listening) -> Result<Self, SpeakerError> {
        settings.cut().check()?;
        for (option, value) in [("every", settings.every), ("first", settings.first)] {
            if value == 0 {
                let got = value.to_string();
                return Err(SpeakerError::Option { option, expected: "at least 1 frame", got });
            }
        }
        if settings.normalization == Normalization::Background && roster.background().is_none() {
            let what = "normalization by the background";
            return Err(SpeakerError::NoBackground { what });
        }
        let waits = settings.keep < 1.0 && roster.len() > KEPT_MIN;
        let scan = Scan::new(roster, settings.rule, waits);
        let pending = Frames { width: roster.width(), values: Vec::new() };
        let added = VecDeque::with_capacity(LOOKED_BACK);
        let (leader, stages) = ((usize::MAX, 0), Vec::new());
        Ok(Self { roster, settings, scan, waits, stages, pending, added, leader, decided: None })
    }

    /// Forgets what was heard: another person speaks.
    ///
    /// # Errors
    /// None: the settings were checked.
    pub fn reset(&mut self) -> Result<(), SpeakerError> {
        *self = Self::new(self.roster, self.settings.clone())?;
        Ok(())
    }

    /// Hears frames, however many; gives an update for every so many frames.
    ///
    /// # Errors
    /// [`SpeakerError`] for frames of another width or with values that are not finite; the
    /// listener is as it was.
    pub fn hear(&mut self, frames: &Frames) -> Result<Vec<Update>, SpeakerError> {
        check_frames(frames, self.roster.width())?;
        self.pending.values.extend_from_slice(&frames.values);
        let mut updates = Vec::new();
        let mut taken = 0;
        while self.pending.len() - taken >= self.settings.every {
            taken += self.take(taken, self.settings.every)?;
            updates.push(self.update());
        }
        self.pending.values.drain(..taken * self.pending.width);
        Ok(updates)
    }

    /// The answer of all that was heard, also of frames that make no whole update; `None` before
    /// the first frame.
    ///
    /// # Errors
    /// [`SpeakerError::Prune`].
    pub fn answer(&mut self) -> Result<Option<Answer>, SpeakerError> {
        let rest = self.pending.len();
        if rest > 0 {
            self.take(0, rest)?;
            self.pending.values.clear();
        }
        if self.scan.frames == 0 {
            return Ok(None);
        }
        Ok(Some(answer(&self.scan, self.settings.normalization, self.stages.clone())))
    }

    /// Works out `count` pending frames from `from` on.
    fn take(&mut self, from: usize, count: usize) -> Result<usize, SpeakerError> {
        let mut at = from;
        let end = from + count;
        while at < end {
            // The cut comes after exactly the first frames.
            let first = at + self.settings.first.saturating_sub(self.scan.frames);
            let to = if self.waits { end.min(first) } else { end };
            let heard = Heard::of_checked(&self.pending, at..to);
            let before = self.scan.sums.clone();
            if self.settings.normalization == Normalization::Background {
                self.scan.hear_background(&heard);
            }
            self.scan.hear(&heard);
            self.scan.settle();
            self.note(&before);
            if self.waits && self.scan.frames == self.settings.first {
                self.cut()?;
            }
            at = to;
        }
        Ok(count)
    }

    /// Notes what was added since.
    fn note(&mut self, before: &[f64]) {
        if self.added.len() == LOOKED_BACK {
            self.added.pop_front();
        }
        let added = self.scan.sums.iter().zip(before).map(|(now, before)| now - before);
        self.added.push_back(added.collect());
    }

    /// Keeps the best share, and counts what was heard anew among those.
    fn cut(&mut self) -> Result<(), SpeakerError> {
        self.waits = false;
        let pruning = self.settings.cut();
        let scan = &self.scan;
        let mask = pruning.choose(0, &scan.candidates, &scan.heard, scan.frames, None)?;
        if self.scan.cut(&mask) {
            self.added.clear();
            let held = self.scan.held();
            for from in (0..held).step_by(self.settings.every) {
                let before = self.scan.sums.clone();
                self.scan.count(held.min(from + self.settings.every));
                self.note(&before);
            }
        }
        self.scan.hold_no_more();
        let kept = self.scan.candidates.ids.clone();
        self.stages.push(Stage { frames: self.scan.frames, kept });
        Ok(())
    }

    /// The answer so far, and whether it is certain enough.
    fn update(&mut self) -> Update {
        let found = answer(&self.scan, self.settings.normalization, Vec::new());
        let speaker = found.ranking[0];
        let led = if self.leader.0 == speaker { self.leader.1 + 1 } else { 1 };
        self.leader = (speaker, led);
        let deviations = self.deviations(speaker, found.ranking.get(1).copied());
        let thresholds = self.settings.thresholds;
        let accepted = thresholds.is_none_or(|thresholds| thresholds.accept(&found));
        let Decision { frames_min, steady, deviations: wanted } = self.settings.decision;
        let certain = found.frames >= frames_min
            && led >= steady
            && accepted
            && deviations.is_none_or(|deviations| deviations >= wanted)
            && (deviations.is_some() || self.roster.len() == 1);
        if certain && self.decided.is_none() {
            self.decided = Some((speaker, found.frames));
        }
        Update {
            frames: found.frames,
            speaker,
            margin: found.margin,
            posterior: found.posteriors[0],
            normalized: found.normalized,
            accepted,
            deviations,
            survivors: found.ranking.len(),
            decided: self.decided,
            gaussians: found.gaussians,
        }
    }

    /// Standard errors of the lead of the best speaker over the second.
    fn deviations(&self, best: usize, second: Option<usize>) -> Option<f64> {
        let place = |id: usize| self.scan.candidates.ids.binary_search(&id).ok();
        let (best, second) = (place(best)?, place(second?)?);
        let n = self.added.len() as f64;
        if n < 2.0 {
            return None;
        }
        let lead = |added: &Vec<f64>| added[best] - added[second];
        let mean = self.added.iter().map(lead).sum::<f64>() / n;
        let squares = self.added.iter().map(|added| (lead(added) - mean).powi(2)).sum::<f64>();
        let error = (squares / (n - 1.0) / n).sqrt();
        // A lead without any spread is no more than that it is there.
        Some(if error > 0.0 { mean / error } else { 0.0 })
    }
}

impl Listening {
    /// The cut as pruning of a whole that is the first part.
    fn cut(&self) -> Pruning {
        let cut = Cut { keep: self.keep, part: 1.0, frames_min: 1, frames_max: self.first.max(1) };
        Pruning::Parts(vec![cut])
    }
}
