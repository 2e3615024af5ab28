//! The rank at which a cut falls, by counting: two passes over the scores, in parallel, without a
//! copy of them.

use rayon::prelude::*;

use crate::mask::Mask;
use crate::scores::key;

/// Scores that one task counts.
const PART: usize = 1 << 20;
/// Values of one half of a rank.
pub(crate) const HALF: usize = 1 << 16;

/// Counts of the upper halves of the ranks, or of the lower halves of those with one upper half.
pub(crate) fn count(values: &[f32], upper: Option<u32>) -> Vec<u64> {
    let part = |values: &[f32]| {
        let mut counts = vec![0_u32; HALF];
        match upper {
            None => values.iter().for_each(|v| counts[(key(*v) >> 16) as usize] += 1),
            Some(upper) => {
                for rank in values.iter().map(|v| key(*v)).filter(|rank| rank >> 16 == upper) {
                    counts[(rank & 0xffff) as usize] += 1;
                }
            }
        }
        counts.into_iter().map(u64::from).collect::<Vec<u64>>()
    };
    let add = |mut a: Vec<u64>, b: Vec<u64>| {
        a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
        a
    };
    values.par_chunks(PART).map(part).reduce(|| vec![0; HALF], add)
}

/// The place where the sum of counts passes `cut`, and what is left of it there.
pub(crate) fn place(counts: &[u64], cut: u64) -> (u32, u64) {
    let mut below = 0;
    for (at, count) in counts.iter().enumerate() {
        if below + count > cut {
            return (at as u32, cut - below);
        }
        below += count;
    }
    // All go: nothing lies above the last place.
    let last = counts.len() - 1;
    (last as u32, cut - (below - counts[last]))
}

/// What stays when `cut` of the values go: the lowest, and of equal ones the first.
pub(crate) fn keep_highest(values: &[f32], cut: usize) -> Mask {
    const CHUNK: usize = 1 << 16;
    let (upper, rest) = place(&count(values, None), cut as u64);
    let (lower, ties) = place(&count(values, Some(upper)), rest);
    let rank = upper << 16 | lower;
    let tied = |values: &[f32]| values.iter().filter(|v| key(**v) == rank).count() as u64;
    let counts: Vec<u64> = values.par_chunks(CHUNK).map(tied).collect();
    let mut before = 0;
    let left: Vec<u64> = counts
        .iter()
        .map(|count| {
            let left = ties.saturating_sub(before);
            before += count;
            left
        })
        .collect();
    let mut words = vec![0; values.len().div_ceil(64)];
    let chunks = values.par_chunks(CHUNK).zip(words.par_chunks_mut(CHUNK / 64));
    chunks.zip(left).for_each(|((values, words), mut ties)| {
        for (word, values) in words.iter_mut().zip(values.chunks(64)) {
            let mut flags = [false; 64];
            for (keep, value) in flags.iter_mut().zip(values) {
                *keep = key(*value) >= rank;
            }
            if ties > 0 {
                for (keep, value) in flags.iter_mut().zip(values) {
                    let cut_tie = key(*value) == rank && ties > 0;
                    ties -= u64::from(cut_tie);
                    *keep = *keep && !cut_tie;
                }
            }
            *word = Mask::word(&flags);
        }
    });
    Mask::of_words(words, values.len())
}
