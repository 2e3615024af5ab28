//! The place of a cut in one pass: a sample tells between which scores it falls, and only those
//! are looked at again.
//!
//! The pass may go over parts of the scores, in parallel and without all of them in memory. The
//! masks of the parts, one after the other, are the mask of [`select`](crate::select()) on one
//! group of all scores, bit by bit.

use crate::census::Cutoff;
use crate::mask::Mask;
use crate::scores::{Scores, key};
use crate::wide::{self, NullaryFnOnce};

/// Scores between which a cut falls, as far as a sample tells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bracket {
    low: f32,
    high: f32,
}

/// What a part of the scores holds below a bracket and inside it.
#[derive(Clone, Debug, PartialEq)]
pub struct Tally {
    units: u64,
    below: u64,
    /// Scores at the ends of the bracket. They are counted only: they may be many, as zeros are.
    at_low: u64,
    at_high: u64,
    /// Scores between the ends.
    inside: Vec<f32>,
}

impl Bracket {
    /// The scores around the place of a cut of a share of all, with room for a sample that is not
    /// quite like the rest.
    pub fn around(mut sample: Vec<f32>, sparsity: f64) -> Self {
        let n = sample.len();
        let room = 4.0 * (n as f64).sqrt() + n as f64 / 400.0;
        let mut at = |place: f64, beyond: f32| {
            if place < 0.0 || place >= n as f64 {
                return beyond;
            }
            let (_, value, _) = sample.select_nth_unstable_by_key(place as usize, |v| key(*v));
            // Of the two zeros the one that scores are compared with.
            *value + 0.0
        };
        let place = sparsity * n as f64;
        Self { low: at(place - room, f32::NEG_INFINITY), high: at(place + room, f32::INFINITY) }
    }

    /// Counts a part of the scores.
    pub fn tally(self, scores: &Scores) -> Tally {
        self.tally_of(scores.values())
    }

    pub(crate) fn tally_of(self, values: &[f32]) -> Tally {
        wide::run(Count { bracket: self, values })
    }
}

struct Count<'a> {
    bracket: Bracket,
    values: &'a [f32],
}

impl NullaryFnOnce for Count<'_> {
    type Output = Tally;

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "compiled anew for each level")]
    fn call(self) -> Tally {
        let Self { bracket: Bracket { low, high }, values } = self;
        let mut tally =
            Tally { units: values.len() as u64, below: 0, at_low: 0, at_high: 0, inside: vec![] };
        for run in values.chunks(64) {
            let (mut below, mut flags) = (0_u32, [false; 64]);
            for (flag, value) in flags.iter_mut().zip(run) {
                below += u32::from(*value < low);
                *flag = *value >= low && *value <= high;
            }
            tally.below += u64::from(below);
            let mut word = Mask::word(&flags);
            while word > 0 {
                let value = run[word.trailing_zeros() as usize];
                word &= word - 1;
                if value == low {
                    tally.at_low += 1;
                } else if value == high {
                    tally.at_high += 1;
                } else {
                    tally.inside.push(value);
                }
            }
        }
        tally
    }
}

/// Where the cut of the `cut` lowest units falls in each part, in the order of the parts; of equal
/// units the first go. `None` when the cut does not fall into the bracket of the tallies.
pub fn cutoffs(bracket: Bracket, tallies: &[Tally], cut: u64) -> Option<Vec<Cutoff>> {
    let sum = |part: fn(&Tally) -> u64| tallies.iter().map(part).sum::<u64>();
    let inside = sum(|tally| tally.inside.len() as u64);
    let low = cut.checked_sub(sum(|tally| tally.below))?;
    let (value, ties) = if low < sum(|tally| tally.at_low) {
        (bracket.low, low)
    } else {
        let place = low - sum(|tally| tally.at_low);
        if place < inside {
            let mut all: Vec<f32> = tallies.iter().flat_map(|t| t.inside.iter().copied()).collect();
            let (before, value, _) =
                all.select_nth_unstable_by_key(place as usize, |value| key(*value));
            let lower = before.iter().filter(|v| **v < *value).count() as u64;
            (*value, place - lower)
        } else if place - inside < sum(|tally| tally.at_high) {
            (bracket.high, place - inside)
        } else {
            return None;
        }
    };
    let mut left = ties;
    let part = |tally: &Tally| {
        let tied = if value == bracket.low {
            tally.at_low
        } else if value == bracket.high {
            tally.at_high
        } else {
            tally.inside.iter().filter(|v| **v == value).count() as u64
        };
        let ties = left.min(tied);
        left -= ties;
        Cutoff::new(value, ties)
    };
    Some(tallies.iter().map(part).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Budget, Limits, Random, select};

    #[test]
    fn the_masks_of_the_parts_are_that_of_a_selection_from_all() {
        let mut random = Random::new(11);
        let mut misled = 0;
        for case in 0..400 {
            let kinds = [2, 5, 60, 1 << 30][case % 4];
            let mut value = || match random.below(kinds) {
                0 => -0.0,
                1 => f32::INFINITY,
                n => n as f32 * 1e-3 - 1.0,
            };
            let values: Vec<f32> = (0..=case * 7).map(|_| value()).collect();
            let sparsity = [0.0, 0.01, 0.3, 0.5, 0.99][case % 5];
            let cut = (sparsity * values.len() as f64).floor() as usize;
            let all = Scores::one_group(values.clone()).unwrap();
            let expect = select(&all, Budget::Sparsity(sparsity), &Limits::NONE).unwrap();
            // A part of the values, or values of another kind.
            let sample = if case % 7 == 0 {
                vec![0.5; 100]
            } else {
                values.iter().copied().step_by(3).collect()
            };
            let bracket = Bracket::around(sample, sparsity);
            let parts: Vec<Scores> =
                values.chunks(97).map(|part| Scores::one_group(part.to_vec()).unwrap()).collect();
            let tallies: Vec<Tally> = parts.iter().map(|part| bracket.tally(part)).collect();
            let Some(cutoffs) = cutoffs(bracket, &tallies, cut as u64) else {
                misled += 1;
                continue;
            };
            let masks = parts.iter().zip(cutoffs).map(|(part, mut cutoff)| cutoff.mask(part));
            let got: Vec<bool> = masks.flat_map(|mask| mask.iter().collect::<Vec<_>>()).collect();
            assert_eq!(got, expect.iter().collect::<Vec<_>>(), "case {case}");
        }
        assert!((1..100).contains(&misled), "{misled}");
    }
}
