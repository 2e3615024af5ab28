//! The one place where units are chosen.

use rayon::prelude::*;

use crate::budget::{Budget, Limits};
use crate::mask::Mask;
use crate::radix;
use crate::scores::{Scores, key};

/// What is wrong with a selection.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SelectError {
    /// A sparsity outside 0 to 1, or NaN.
    #[error("sparsity must lie between 0 and 1, not {sparsity}")]
    Sparsity {
        /// What was asked for.
        sparsity: f64,
    },
    /// A threshold that is NaN.
    #[error("a threshold must be a number")]
    Threshold,
    /// N:M with N over M, or M zero.
    #[error("{keep}:{of} is not a pattern: N of N:M must lie between 0 and M, and M be positive")]
    Pattern {
        /// N.
        keep: usize,
        /// M.
        of: usize,
    },
    /// N:M over a group whose length M does not divide.
    #[error("{keep}:{of} does not divide a group of {group} units")]
    Indivisible {
        /// N.
        keep: usize,
        /// M.
        of: usize,
        /// Length of the group.
        group: usize,
    },
    /// Pinned units of another number than the scores.
    #[error("{pinned} pinned flags for {units} units")]
    Pinned {
        /// Number of flags.
        pinned: usize,
        /// Number of units.
        units: usize,
    },
}

/// Chooses the units to keep.
///
/// Pure, stable and O(n): of equal scores the lower index is cut first; `Sparsity(s)` cuts
/// `floor(s * n)` in each group, computed in f64. The result does not depend on the number of
/// threads.
///
/// # Errors
/// [`SelectError`] when the budget makes no sense for these groups.
pub fn select(scores: &Scores, budget: Budget, limits: &Limits) -> Result<Mask, SelectError> {
    check(scores, budget, limits)?;
    if let Some(mask) = one_large_group(scores, budget, limits) {
        return Ok(mask);
    }
    let mut keeps = vec![false; scores.len()];
    let groups = split_groups(scores, &mut keeps);
    groups.into_par_iter().for_each_init(Vec::new, |scratch, (start, keeps)| {
        choose(scores, start, keeps, budget, limits, scratch);
    });
    Ok(Mask::of_flags(&keeps))
}

/// The flags of each group, with the number of its first unit.
fn split_groups<'a>(scores: &Scores, mut keeps: &'a mut [bool]) -> Vec<(usize, &'a mut [bool])> {
    let mut groups = Vec::with_capacity(scores.group_count());
    for at in 0..scores.group_count() {
        let range = scores.group(at);
        let (group, rest) = keeps.split_at_mut(range.len());
        groups.push((range.start, group));
        keeps = rest;
    }
    groups
}

fn check(scores: &Scores, budget: Budget, limits: &Limits) -> Result<(), SelectError> {
    match budget {
        Budget::Sparsity(sparsity) if !(0.0..=1.0).contains(&sparsity) => {
            return Err(SelectError::Sparsity { sparsity });
        }
        Budget::AtLeast(threshold) | Budget::Above(threshold) if threshold.is_nan() => {
            return Err(SelectError::Threshold);
        }
        Budget::NofM { keep, of } => {
            if of == 0 || keep > of {
                return Err(SelectError::Pattern { keep, of });
            }
            let groups = (0..scores.group_count()).map(|at| scores.group(at).len());
            if let Some(group) = groups.into_iter().find(|len| len % of != 0) {
                return Err(SelectError::Indivisible { keep, of, group });
            }
        }
        Budget::Sparsity(_) | Budget::Keep(_) | Budget::AtLeast(_) | Budget::Above(_) => {}
    }
    match &limits.pinned {
        Some(pinned) if pinned.len() != scores.len() => {
            Err(SelectError::Pinned { pinned: pinned.len(), units: scores.len() })
        }
        _ => Ok(()),
    }
}

/// Decides the units of one group, which begins at unit `start`.
fn choose(
    scores: &Scores,
    start: usize,
    keeps: &mut [bool],
    budget: Budget,
    limits: &Limits,
    scratch: &mut Vec<u32>,
) {
    let n = keeps.len();
    let values = &scores.values()[start..start + n];
    let pinned = |at: usize| limits.pinned.as_ref().is_some_and(|p| p.keeps(start + at));
    let pins = |range: std::ops::Range<usize>| match limits.pinned {
        Some(_) => range.filter(|&at| pinned(at)).count(),
        None => 0,
    };
    // A pinned unit outranks an infinite score.
    let rank = |at: usize| if pinned(at) { u32::MAX } else { key(values[at]) };
    let keep = match budget {
        Budget::Sparsity(s) => n - (s * n as f64).floor() as usize,
        Budget::Keep(k) => k.min(n),
        Budget::AtLeast(t) => values.iter().filter(|&&v| v >= t).count(),
        Budget::Above(t) => values.iter().filter(|&&v| v > t).count(),
        Budget::NofM { keep, of } => {
            for first in (0..n).step_by(of) {
                let keep = limits.raise(keep, of, pins(first..first + of));
                keep_highest(&mut keeps[first..first + of], keep, |at| rank(first + at), scratch);
            }
            return;
        }
    };
    keep_highest(keeps, limits.raise(keep, n, pins(0..n)), rank, scratch);
}

/// The mask of a single large group, which is cut in parallel; `None` for all others.
fn one_large_group(scores: &Scores, budget: Budget, limits: &Limits) -> Option<Mask> {
    let n = scores.len();
    if n <= LARGE || scores.group_count() != 1 || limits.pinned.is_some() {
        return None;
    }
    let keep = match budget {
        Budget::Sparsity(s) => n - (s * n as f64).floor() as usize,
        Budget::Keep(k) => k.min(n),
        Budget::AtLeast(_) | Budget::Above(_) | Budget::NofM { .. } => return None,
    };
    let keep = limits.raise(keep, n, 0);
    (1..n).contains(&keep).then(|| radix::keep_highest(scores.values(), n - keep))
}

/// Groups up to this length are ranked by counting, longer ones by quickselect.
const SMALL: usize = 16;
/// A group past this length is cut by counts of its ranks, in parallel.
const LARGE: usize = 1 << 17;

/// Keeps the `keep` highest ranks; of equal ranks the later index.
fn keep_highest(
    keeps: &mut [bool],
    keep: usize,
    rank: impl Fn(usize) -> u32,
    scratch: &mut Vec<u32>,
) {
    let n = keeps.len();
    scratch.clear();
    scratch.extend((0..n).map(rank));
    if keep >= n || keep == 0 {
        keeps.fill(keep > 0);
        return;
    }
    if n <= SMALL {
        for (at, flag) in keeps.iter_mut().enumerate() {
            let mine = scratch[at];
            let above = (0..n).filter(|&o| (scratch[o], o) > (mine, at)).count();
            *flag = above < keep;
        }
        return;
    }
    scratch.extend_from_within(..);
    let (ranks, sorted) = scratch.split_at_mut(n);
    let (_, &mut threshold, _) = sorted.select_nth_unstable(n - keep - 1);
    let below = ranks.iter().filter(|&&r| r < threshold).count();
    let mut ties_to_cut = n - keep - below;
    for (flag, &rank) in keeps.iter_mut().zip(&*ranks) {
        let cut_tie = rank == threshold && ties_to_cut > 0;
        ties_to_cut -= usize::from(cut_tie);
        *flag = rank >= threshold && !cut_tie;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(values: &[f32], budget: Budget, limits: &Limits, expect: &str) {
        let scores = Scores::one_group(values.to_vec()).unwrap();
        let mask = select(&scores, budget, limits).unwrap();
        let drawn: String = mask.iter().map(|keep| if keep { '#' } else { '.' }).collect();
        assert_eq!(drawn, expect);
    }

    #[test]
    fn the_lower_index_goes_first_among_equals() {
        check(&[1.0; 5], Budget::Sparsity(0.5), &Limits::NONE, "..###");
        check(&[-0.0, 0.0, -0.0, 0.0], Budget::Keep(1), &Limits::NONE, "...#");
        check(&[2.0, 1.0, 1.0, 3.0], Budget::Sparsity(0.25), &Limits::NONE, "#.##");
    }

    #[test]
    fn every_budget() {
        let values = [3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0];
        check(&values, Budget::Sparsity(0.0), &Limits::NONE, "########");
        check(&values, Budget::Sparsity(1.0), &Limits::NONE, "........");
        check(&values, Budget::Sparsity(0.3), &Limits::NONE, "#.#.####");
        check(&values, Budget::Keep(3), &Limits::NONE, "....##.#");
        check(&values, Budget::AtLeast(4.0), &Limits::NONE, "..#.##.#");
        check(&values, Budget::Above(4.0), &Limits::NONE, "....##.#");
        check(&values, Budget::NofM { keep: 1, of: 4 }, &Limits::NONE, "..#..#..");
        check(&values, Budget::NofM { keep: 2, of: 4 }, &Limits::NONE, "#.#..#.#");
    }

    #[test]
    fn large_groups_are_cut_as_small_ones() {
        let mut random = crate::Random::new(7);
        for kinds in [4, 1 << 40] {
            let values: Vec<f32> =
                (0..LARGE + 77).map(|_| random.below(kinds) as f32 - 2.0).collect();
            let scores = Scores::one_group(values).unwrap();
            let n = scores.len();
            for cut in [1, n / 3, n - 1] {
                let mut plain = vec![false; n];
                let rank = |at: usize| key(scores.values()[at]);
                keep_highest(&mut plain, n - cut, rank, &mut Vec::new());
                let mask = select(&scores, Budget::Keep(n - cut), &Limits::NONE).unwrap();
                assert_eq!(mask, Mask::of_flags(&plain), "{kinds} {cut}");
            }
        }
    }

    #[test]
    fn limits_hold() {
        let mut pinned = Mask::cut_all(4);
        pinned.put(0, true);
        let limits = Limits { pinned: Some(pinned), min_keep: 0, multiple_of: 0 };
        check(&[1.0, 2.0, 3.0, 4.0], Budget::Keep(2), &limits, "#..#");
        check(&[1.0, 2.0, 3.0, 4.0], Budget::Sparsity(1.0), &limits, "#...");
        let limits = Limits { pinned: None, min_keep: 1, multiple_of: 2 };
        check(&[1.0, 2.0, 3.0, 4.0], Budget::Sparsity(1.0), &limits, "..##");
    }

    #[test]
    fn nonsense_is_refused() {
        let scores = Scores::one_group(vec![1.0; 6]).unwrap();
        let refuse = |budget| select(&scores, budget, &Limits::NONE).unwrap_err();
        for sparsity in [-0.1, 1.5] {
            assert_eq!(refuse(Budget::Sparsity(sparsity)), SelectError::Sparsity { sparsity });
        }
        assert!(matches!(refuse(Budget::Sparsity(f64::NAN)), SelectError::Sparsity { .. }));
        let pattern = |keep, of| refuse(Budget::NofM { keep, of });
        assert_eq!(pattern(2, 4), SelectError::Indivisible { keep: 2, of: 4, group: 6 });
        assert_eq!(pattern(4, 2), SelectError::Pattern { keep: 4, of: 2 });
        assert_eq!(pattern(0, 0), SelectError::Pattern { keep: 0, of: 0 });
    }
}
