//! Speech on its way through the models: what was heard, who is still there, what it cost.

use secateur_core::Mask;

use super::roster::Roster;
use crate::criteria::{Candidates, Likelihoods, Rule};
use crate::mixture::{Adapted, Heard, Packed, score};

/// Most log-likelihoods that are held, of all candidates together (256 MB).
const HELD_MAX: usize = 1 << 26;

/// Speech on its way through the models of those still there.
pub(super) struct Scan<'a> {
    roster: &'a Roster,
    rule: Rule,
    pub(super) candidates: Candidates,
    /// Compact models of the candidates, when the best Gaussians only are scored.
    adapted: Option<Adapted>,
    pub(super) heard: Likelihoods,
    /// Whether all frames since the start are held.
    whole: bool,
    /// Whether frames are held for cuts to come.
    holds: bool,
    /// Sums of the rule over the frames that were counted.
    pub(super) sums: Vec<f64>,
    /// Held frames that were counted.
    counted: usize,
    pub(super) frames: usize,
    pub(super) gaussians: u64,
    /// Sum of the log-likelihoods under the mixture of all, when it was worked out.
    pub(super) background: Option<f64>,
}

impl<'a> Scan<'a> {
    pub(super) fn new(roster: &'a Roster, rule: Rule, holds: bool) -> Self {
        let n = roster.len();
        Self {
            roster,
            rule,
            candidates: Candidates { ids: (0..n).collect(), enrolled: n },
            adapted: roster.adapted().cloned(),
            heard: Likelihoods { totals: vec![0.0; n], rows: vec![Vec::new(); n] },
            whole: true,
            holds,
            sums: vec![0.0; n],
            counted: 0,
            frames: 0,
            gaussians: 0,
            background: None,
        }
    }

    /// Works out some more frames under all models still there.
    pub(super) fn hear(&mut self, frames: &Heard) {
        if frames.is_empty() {
            return;
        }
        let n = self.candidates.ids.len();
        let values = if let Some(adapted) = &self.adapted {
            let fast = adapted.score(frames);
            self.gaussians += adapted.gaussians_per_frame() * frames.len() as u64;
            add_background(&mut self.background, &fast.background);
            fast.speakers
        } else {
            let all = self.roster.models();
            let models: Vec<&Packed> = self.candidates.ids.iter().map(|id| &all[*id]).collect();
            let mut values = vec![0.0; n * frames.len()];
            score(&models, frames, &mut values);
            let each = models.iter().map(|m| m.components() as u64);
            self.gaussians += each.sum::<u64>() * frames.len() as u64;
            values
        };
        for (at, values) in values.chunks_exact(frames.len()).enumerate() {
            let total = &mut self.heard.totals[at];
            for value in values {
                *total += f64::from(*value);
            }
            self.heard.rows[at].extend_from_slice(values);
        }
        self.frames += frames.len();
        if !self.holds || n * self.heard.held() > HELD_MAX {
            self.settle();
            self.forget();
        }
    }

    /// The same frames under the mixture of all speakers, where that was not done on the way.
    pub(super) fn hear_background(&mut self, frames: &Heard) {
        let Some(background) = self.roster.background() else { return };
        if self.adapted.is_some() || frames.is_empty() {
            return;
        }
        let mut values = vec![0.0; frames.len()];
        score(&[background], frames, &mut values);
        self.gaussians += background.components() as u64 * frames.len() as u64;
        add_background(&mut self.background, &values);
    }

    /// Counts the held frames that were not counted yet.
    pub(super) fn settle(&mut self) {
        let held = self.heard.held();
        self.count(held);
    }

    /// Counts held frames up to this one.
    pub(super) fn count(&mut self, until: usize) {
        let frames = self.counted..until;
        self.rule.add(&self.candidates, &self.heard.rows, frames, &mut self.sums);
        self.counted = until;
    }

    /// Held frames.
    pub(super) fn held(&self) -> usize {
        self.heard.held()
    }

    /// Drops the frames that are held.
    fn forget(&mut self) {
        self.heard.rows.iter_mut().for_each(Vec::clear);
        self.counted = 0;
        self.whole = false;
    }

    /// Keeps some of the candidates. Where all frames are held, their sums begin anew, so that
    /// ranks are those among them; gives whether they do.
    pub(super) fn cut(&mut self, mask: &Mask) -> bool {
        if mask.cut() == 0 {
            return false;
        }
        if !self.whole {
            self.settle();
        }
        keep(&mut self.candidates.ids, mask);
        keep(&mut self.heard.totals, mask);
        keep(&mut self.heard.rows, mask);
        keep(&mut self.sums, mask);
        if let Some(adapted) = &self.adapted {
            let places: Vec<usize> = (0..mask.len()).filter(|at| mask.keeps(*at)).collect();
            self.adapted = Some(adapted.of(&places));
        }
        if self.whole {
            self.sums.fill(0.0);
            self.counted = 0;
        }
        self.whole
    }

    /// No cut is to come: what is held is counted and dropped.
    pub(super) fn hold_no_more(&mut self) {
        self.settle();
        self.forget();
        self.holds = false;
    }
}

fn add_background(sum: &mut Option<f64>, values: &[f32]) {
    let mut all = sum.unwrap_or(0.0);
    for value in values {
        all += f64::from(*value);
    }
    *sum = Some(all);
}

/// Keeps the items that a mask keeps.
pub(super) fn keep<T>(items: &mut Vec<T>, mask: &Mask) {
    let mut at = 0;
    items.retain(|_| {
        at += 1;
        mask.keeps(at - 1)
    });
}
