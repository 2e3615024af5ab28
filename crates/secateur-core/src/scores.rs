//! What each unit is worth.

use std::cmp::Ordering;

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
        let (mut kept, mut all) = (0.0_f64, 0.0_f64);
        for (at, &value) in self.values.iter().enumerate() {
            if value.is_finite() {
                all += f64::from(value);
                if mask.keeps(at) {
                    kept += f64::from(value);
                }
            }
        }
        if all == 0.0 { 1.0 } else { kept / all }
    }
}

fn refuse_nan(values: &[f32]) -> Result<(), ScoresError> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_order_as_scores_do() {
        let ascending = [f32::NEG_INFINITY, -2.0, -1e-40, 0.0, 1e-40, 1.0, f32::INFINITY];
        for pair in ascending.windows(2) {
            assert!(key(pair[0]) < key(pair[1]), "{pair:?}");
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
    fn ranks_keep_ties() {
        let worth = [0.1_f64, 0.3, 0.1, 0.2];
        let scores = Scores::ranked(4, |a, b| worth[a].total_cmp(&worth[b])).unwrap();
        assert_eq!(scores.values(), [0.0, 3.0, 0.0, 2.0]);
    }
}
