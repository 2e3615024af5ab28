//! Selection over scores that are never in memory at once.
//!
//! Three passes over the same scores in the same order: the first counts the upper halves of
//! their ranks, the second the lower halves of those in the half where the cut falls, the third
//! cuts. The mask is that of [`select`](crate::select()) on one group of all scores, bit by bit.

use serde::{Deserialize, Serialize};

use crate::mask::Mask;
use crate::radix;
use crate::scores::{Scores, key, value};
use crate::select::SelectError;
use crate::wide::{self, NullaryFnOnce};

/// Counts of scores by a half of their ranks.
#[derive(Clone, Debug)]
pub struct Census {
    counts: Vec<u64>,
    /// The upper half that is looked into, in the second pass.
    upper: Option<u32>,
    /// Units to cut among those that are counted.
    cut: u64,
}

impl Default for Census {
    fn default() -> Self {
        Self { counts: vec![0; radix::HALF], upper: None, cut: 0 }
    }
}

/// Where the cut falls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cutoff {
    rank: u32,
    /// Units of just this rank that are still to be cut: the first ones.
    pub ties: u64,
}

impl Census {
    /// Counts scores.
    pub fn add(&mut self, scores: &Scores) {
        let counts = radix::count(scores.values(), self.upper);
        self.counts.iter_mut().zip(counts).for_each(|(all, count)| *all += count);
    }

    /// After the first pass, what counts the second. `floor(sparsity * n)` of all units go.
    ///
    /// # Errors
    /// [`SelectError::Sparsity`] for a sparsity outside 0 to 1.
    pub fn look_closer(self, sparsity: f64) -> Result<Self, SelectError> {
        if !(0.0..=1.0).contains(&sparsity) {
            return Err(SelectError::Sparsity { sparsity });
        }
        let all: u64 = self.counts.iter().sum();
        let cut = (sparsity * all as f64).floor() as u64;
        let (upper, cut) = radix::place(&self.counts, cut);
        Ok(Self { upper: Some(upper), cut, ..Self::default() })
    }

    /// After the second pass, where the cut falls.
    pub fn cutoff(&self) -> Cutoff {
        let (lower, ties) = radix::place(&self.counts, self.cut);
        Cutoff { rank: self.upper.unwrap_or(0) << 16 | lower, ties }
    }
}

impl Cutoff {
    /// A cut at a score, of which the first `ties` go.
    pub(crate) fn new(value: f32, ties: u64) -> Self {
        Self { rank: key(value), ties }
    }

    /// The same cut for the next scores alone, in the order of the passes: what is left of the ties
    /// is for those after them.
    #[must_use]
    pub fn split(&mut self, scores: &Scores) -> Self {
        let tied = scores.values().iter().filter(|v| key(**v) == self.rank).count() as u64;
        let ties = self.ties.min(tied);
        self.ties -= ties;
        Self { rank: self.rank, ties }
    }

    /// The mask of the next scores, in the order of the passes.
    pub fn mask(&mut self, scores: &Scores) -> Mask {
        let mut words = vec![0; scores.len().div_ceil(64)];
        self.mask_into(scores.values(), &mut words);
        Mask::of_words(words, scores.len())
    }

    /// The same as words of a mask.
    pub(crate) fn mask_into(&mut self, values: &[f32], words: &mut [u64]) {
        wide::run(PutWords { cutoff: self, values, words });
    }
}

struct PutWords<'a> {
    cutoff: &'a mut Cutoff,
    values: &'a [f32],
    words: &'a mut [u64],
}

impl NullaryFnOnce for PutWords<'_> {
    type Output = ();

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "compiled anew for each level")]
    fn call(self) {
        let ties = &mut self.cutoff.ties;
        let last = value(self.cutoff.rank);
        for (word, values) in self.words.iter_mut().zip(self.values.chunks(64)) {
            let mut flags = [false; 64];
            for (keep, value) in flags.iter_mut().zip(values) {
                *keep = *value >= last;
            }
            *word = Mask::word(&flags);
            if *ties > 0 {
                let mut tied = [false; 64];
                for (tied, value) in tied.iter_mut().zip(values) {
                    *tied = *value == last;
                }
                let mut tied = Mask::word(&tied);
                while tied > 0 && *ties > 0 {
                    let first = tied & tied.wrapping_neg();
                    *word &= !first;
                    tied &= !first;
                    *ties -= 1;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Budget, Limits, Random, select};

    #[test]
    fn the_mask_is_that_of_a_selection_from_all_scores() {
        let mut random = Random::new(3);
        for case in 0..200 {
            let layers = 1 + random.below(5);
            // Few distinct values give many ties; some layers are empty.
            let kinds = [3, 50, 1 << 30][case % 3];
            let layers: Vec<Vec<f32>> = (0..layers)
                .map(|_| {
                    let len = random.below(200);
                    let mut value = || match random.below(kinds) {
                        0 => -0.0,
                        1 => f32::INFINITY,
                        n => n as f32 * 1e-3 - 1.0,
                    };
                    (0..len).map(|_| value()).collect()
                })
                .collect();
            let sparsity = [0.0, 0.3, 0.5, 0.9, 1.0][case % 5];
            let scores = |values: &[f32]| Scores::one_group(values.to_vec()).unwrap();
            let all = scores(&layers.concat());
            let expect = select(&all, Budget::Sparsity(sparsity), &Limits::NONE).unwrap();
            let mut census = Census::default();
            for layer in &layers {
                census.add(&scores(layer));
            }
            let mut census = census.look_closer(sparsity).unwrap();
            for layer in &layers {
                census.add(&scores(layer));
            }
            let mut cutoff = census.cutoff();
            let mut whole = cutoff;
            let masks = layers.iter().map(|layer| {
                let scores = scores(layer);
                let mask = cutoff.mask(&scores);
                assert_eq!(whole.split(&scores).mask(&scores), mask, "case {case}");
                mask
            });
            let got: Vec<bool> = masks.flat_map(|mask| mask.iter().collect::<Vec<_>>()).collect();
            assert_eq!(got, expect.iter().collect::<Vec<_>>(), "case {case}");
        }
    }
}
