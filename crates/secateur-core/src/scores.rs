//! What each unit is worth.

use std::cmp::Ordering;

use rayon::prelude::*;

use crate::wide::{self, NullaryFnOnce};

/// Scores of numbered units; larger means keep. Units compete inside their group only.
///
/// Values are f32. NaN is refused, infinities are allowed, and -0.0 counts as 0.0.
#[derive(Clone, Debug, PartialEq)]
pub struct Scores {
    values: Vec<f32>,
    groups: Groups,
}

/// Where one group ends and the next begins.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Groups {
    /// All groups have this many units.
    Equal(usize),
    /// The end of each group.
    Ends(Vec<usize>),
}

/// What is wrong with scores.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScoresError {
    /// A score is NaN.
    #[error("the score of unit {unit} is not a number")]
    NotANumber {
        /// The unit.
        unit: usize,
    },
    /// Groups do not cover the units exactly.
    #[error("groups do not divide {units} units: {groups}")]
    Groups {
        /// Number of units.
        units: usize,
        /// The grouping that was asked for.
        groups: String,
    },
    /// More units than ranks that f32 can tell apart.
    #[error("{units} units cannot be ranked, 16777216 can")]
    TooMany {
        /// Number of units.
        units: usize,
    },
}

impl Scores {
    /// Scores in one group.
    ///
    /// # Errors
    /// [`ScoresError::NotANumber`] when a value is NaN.
    pub fn one_group(values: Vec<f32>) -> Result<Self, ScoresError> {
        let len = values.len().max(1);
        Self::equal_groups(values, len)
    }

    /// Scores in groups of `group` units each; for a layer `[out, in]` and rows, `group = in`.
    ///
    /// # Errors
    /// [`ScoresError::NotANumber`] when a value is NaN, [`ScoresError::Groups`] when `group` is
    /// zero or does not divide the number of values.
    pub fn equal_groups(values: Vec<f32>, group: usize) -> Result<Self, ScoresError> {
        if group == 0 || !values.len().is_multiple_of(group) {
            let groups = format!("groups of {group}");
            return Err(ScoresError::Groups { units: values.len(), groups });
        }
        refuse_nan(&values)?;
        Ok(Self { values, groups: Groups::Equal(group) })
    }

    /// Scores in groups that end at `ends`, ascending, the last at the number of values.
    ///
    /// # Errors
    /// [`ScoresError::NotANumber`] when a value is NaN, [`ScoresError::Groups`] when `ends` do
    /// not cover the values in order.
    pub fn groups_ending_at(values: Vec<f32>, ends: Vec<usize>) -> Result<Self, ScoresError> {
        let sorted = ends.windows(2).all(|w| w[0] <= w[1]);
        if !sorted || ends.last().copied().unwrap_or(0) != values.len() {
            let groups = format!("groups that end at {ends:?}");
            return Err(ScoresError::Groups { units: values.len(), groups });
        }
        refuse_nan(&values)?;
        Ok(Self { values, groups: Groups::Ends(ends) })
    }

    /// Ranks of `n` units as scores in one group, for families that compare by f64 or by rules
    /// of their own: `compare(a, b)` is `Greater` when unit `a` is worth more. Equal units get
    /// equal scores.
    ///
    /// # Errors
    /// [`ScoresError::TooMany`] past 2^24 units, which f32 could not tell apart.
    pub fn ranked(
        n: usize,
        compare: impl Fn(usize, usize) -> Ordering,
    ) -> Result<Self, ScoresError> {
        if n > 1 << 24 {
            return Err(ScoresError::TooMany { units: n });
        }
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_by(|&a, &b| compare(a, b));
        let mut values = vec![0.0; n];
        let mut rank = 0.0;
        for (place, &unit) in order.iter().enumerate() {
            if place > 0 && compare(order[place - 1], unit) != Ordering::Equal {
                rank = place as f32;
            }
            values[unit] = rank;
        }
        Self::one_group(values)
    }

    /// The values, unit by unit.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// The values alone.
    pub fn into_values(self) -> Vec<f32> {
        self.values
    }

    /// Number of units.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there are no units.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Number of groups.
    pub fn group_count(&self) -> usize {
        match &self.groups {
            Groups::Equal(len) => self.values.len() / len,
            Groups::Ends(ends) => ends.len(),
        }
    }

    /// Units of group `at`, as a range.
    pub fn group(&self, at: usize) -> std::ops::Range<usize> {
        match &self.groups {
            Groups::Equal(len) => at * len..(at + 1) * len,
            Groups::Ends(ends) => at.checked_sub(1).map_or(0, |before| ends[before])..ends[at],
        }
    }

    /// Sum of the finite scores of the units that `mask` keeps, divided by that of all units;
    /// 1 when all scores are zero.
    pub fn share_kept(&self, mask: &crate::Mask) -> f64 {
        share(self.sums(mask))
    }

    /// Sum of the finite scores of the units that `mask` keeps, and of all units.
    pub fn sums(&self, mask: &crate::Mask) -> [f64; 2] {
        // Sums of parts of a fixed length, in order: the same for any number of threads.
        const WORDS: usize = 1024;
        let part = |(values, words): (&[f32], &[u64])| {
            let sums = wide::run(Sums { values, words });
            if sums.1.is_finite() { sums } else { finite_sums(values, words) }
        };
        let parts = self.values.par_chunks(64 * WORDS).zip(mask.words().par_chunks(WORDS));
        let sums: Vec<(f64, f64)> = parts.map(part).collect();
        sums.iter().fold([0.0; 2], |[kept, all], sum| [kept + sum.0, all + sum.1])
    }
}

/// The first sum divided by the second; 1 when that is zero.
pub fn share([kept, all]: [f64; 2]) -> f64 {
    if all == 0.0 { 1.0 } else { kept / all }
}

/// Sum of the values whose bit is set, and of all.
struct Sums<'a> {
    values: &'a [f32],
    words: &'a [u64],
}

impl NullaryFnOnce for Sums<'_> {
    type Output = (f64, f64);

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "compiled anew for each level")]
    fn call(self) -> (f64, f64) {
        // Eight sums of each kind at once.
        let (mut kept, mut all) = ([0.0_f64; 8], [0.0_f64; 8]);
        let (mut rest_kept, mut rest_all) = (0.0, 0.0);
        for (values, word) in self.values.chunks(64).zip(self.words) {
            let (eights, rest) = values.as_chunks::<8>();
            for (eight, byte) in eights.iter().zip(word.to_le_bytes()) {
                let bits = &BITS[usize::from(byte)];
                for lane in 0..8 {
                    all[lane] += f64::from(eight[lane]);
                }
                for lane in 0..8 {
                    kept[lane] += f64::from(f32::from_bits(eight[lane].to_bits() & bits[lane]));
                }
            }
            for (at, value) in rest.iter().enumerate() {
                let kept = word >> (8 * eights.len() + at) & 1 == 1;
                rest_all += f64::from(*value);
                rest_kept += if kept { f64::from(*value) } else { 0.0 };
            }
        }
        (kept.iter().sum::<f64>() + rest_kept, all.iter().sum::<f64>() + rest_all)
    }
}

/// For each of eight bits, lowest first, all bits of a number or none.
static BITS: [[u32; 8]; 256] = {
    let mut all = [[0; 8]; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut lane = 0;
        while lane < 8 {
            all[byte][lane] = if byte >> lane & 1 == 1 { u32::MAX } else { 0 };
            lane += 1;
        }
        byte += 1;
    }
    all
};

/// The same over the finite values only.
fn finite_sums(values: &[f32], words: &[u64]) -> (f64, f64) {
    let (mut kept, mut all) = (0.0, 0.0);
    for (at, value) in values.iter().enumerate().filter(|(_, value)| value.is_finite()) {
        all += f64::from(*value);
        kept += if words[at / 64] >> (at % 64) & 1 == 1 { f64::from(*value) } else { 0.0 };
    }
    (kept, all)
}

struct CountNan<'a>(&'a [f32]);

impl NullaryFnOnce for CountNan<'_> {
    type Output = usize;

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "compiled anew for each level")]
    fn call(self) -> usize {
        self.0.iter().filter(|v| v.is_nan()).count()
    }
}

fn refuse_nan(values: &[f32]) -> Result<(), ScoresError> {
    // Without branches first: almost no list has any.
    let has = |part: &[f32]| wide::run(CountNan(part)) > 0;
    if !values.par_chunks(1 << 16).any(has) {
        return Ok(());
    }
    match values.iter().position(|v| v.is_nan()) {
        Some(unit) => Err(ScoresError::NotANumber { unit }),
        None => Ok(()),
    }
}

/// A score as an integer that orders as the score does; -0.0 and 0.0 are the same.
pub(crate) fn key(score: f32) -> u32 {
    let bits = (score + 0.0).to_bits();
    if bits >> 31 == 1 { !bits } else { bits | 1 << 31 }
}

/// The score of a key.
pub(crate) fn value(key: u32) -> f32 {
    f32::from_bits(if key >> 31 == 1 { key & !(1 << 31) } else { !key })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_order_as_scores_do() {
        let ascending = [f32::NEG_INFINITY, -2.0, -1e-40, 0.0, 1e-40, 1.0, f32::INFINITY];
        for pair in ascending.windows(2) {
            assert!(key(pair[0]) < key(pair[1]), "{pair:?}");
            assert_eq!(value(key(pair[0])).to_bits(), pair[0].to_bits());
        }
        assert_eq!(key(-0.0), key(0.0));
    }

    #[test]
    fn nan_and_ragged_groups_are_refused() {
        assert_eq!(
            Scores::one_group(vec![1.0, f32::NAN]),
            Err(ScoresError::NotANumber { unit: 1 })
        );
        assert!(Scores::equal_groups(vec![1.0; 6], 4).is_err());
        assert!(Scores::groups_ending_at(vec![1.0; 6], vec![2, 5]).is_err());
        assert!(Scores::groups_ending_at(vec![1.0; 6], vec![4, 2, 6]).is_err());
        let scores = Scores::groups_ending_at(vec![1.0; 6], vec![2, 6]).unwrap();
        assert_eq!((scores.group(0), scores.group(1)), (0..2, 2..6));
    }

    #[test]
    fn the_share_that_is_kept_leaves_infinite_scores_out() {
        let mut values: Vec<f32> = (0..201).map(|v| v as f32).collect();
        let mask: crate::Mask = (0..201).map(|at| at % 3 == 1).collect();
        let share = |values: &[f32]| Scores::one_group(values.to_vec()).unwrap().share_kept(&mask);
        let plain = |values: &[f32]| {
            let finite = |at: &usize| values[*at].is_finite();
            let sum = |at: usize| f64::from(values[at]);
            let all: f64 = (0..201).filter(finite).map(sum).sum();
            (0..201).filter(finite).filter(|at| mask.keeps(*at)).map(sum).sum::<f64>() / all
        };
        assert!((share(&values) - plain(&values)).abs() < 1e-15);
        values[7] = f32::INFINITY;
        assert!((share(&values) - plain(&values)).abs() < 1e-15);
    }

    #[test]
    fn ranks_keep_ties() {
        let worth = [0.1_f64, 0.3, 0.1, 0.2];
        let scores = Scores::ranked(4, |a, b| worth[a].total_cmp(&worth[b])).unwrap();
        assert_eq!(scores.values(), [0.0, 3.0, 0.0, 2.0]);
    }
}
