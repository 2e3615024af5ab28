//! The cut of one large group, in parallel and without a copy of the scores; and the rank at which
//! a cut falls by counting, in two passes.

use rayon::prelude::*;

use crate::bracket::{self, Bracket};
use crate::census::Cutoff;
use crate::mask::Mask;
use crate::scores::{key, value};

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

/// What stays when `cut` of the values go, at least one and not all: the lowest, and of equal ones
/// the first.
pub(crate) fn keep_highest(values: &[f32], cut: usize) -> Mask {
    const CHUNK: usize = 1 << 16;
    let mut words = vec![0; values.len().div_ceil(64)];
    let chunks = || values.par_chunks(CHUNK);
    let sample = values.iter().copied().step_by(values.len().div_ceil(1 << 15)).collect();
    let bracket = Bracket::around(sample, cut as f64 / values.len() as f64);
    let tallies: Vec<_> = chunks().map(|chunk| bracket.tally_of(chunk)).collect();
    let cutoffs = bracket::cutoffs(bracket, &tallies, cut as u64)
        .unwrap_or_else(|| counted(values, cut, CHUNK));
    chunks()
        .zip(words.par_chunks_mut(CHUNK / 64))
        .zip(cutoffs)
        .for_each(|((values, words), mut cutoff)| cutoff.mask_into(values, words));
    Mask::of_words(words, values.len())
}

/// The same cutoffs by counting all ranks.
fn counted(values: &[f32], cut: usize, chunk: usize) -> Vec<Cutoff> {
    let (upper, rest) = place(&count(values, None), cut as u64);
    let (lower, mut left) = place(&count(values, Some(upper)), rest);
    let last = value(upper << 16 | lower);
    let tied = |values: &[f32]| values.iter().filter(|v| **v == last).count() as u64;
    let counts: Vec<u64> = values.par_chunks(chunk).map(tied).collect();
    let part = |count| {
        let ties = left.min(count);
        left -= ties;
        Cutoff::new(last, ties)
    };
    counts.into_iter().map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counting_finds_the_same_cuts() {
        let mut random = crate::Random::new(5);
        for kinds in [3, 1000, 1 << 40] {
            let values: Vec<f32> = (0..5000).map(|_| random.below(kinds) as f32 - 2.0).collect();
            for cut in [1, 2000, 4999] {
                let mask = keep_highest(&values, cut);
                let mut words = vec![0; values.len().div_ceil(64)];
                let parts = values.chunks(128).zip(words.chunks_mut(2));
                for ((values, words), mut cutoff) in parts.zip(counted(&values, cut, 128)) {
                    cutoff.mask_into(values, words);
                }
                assert_eq!(Mask::of_words(words, values.len()), mask, "{kinds} {cut}");
            }
        }
    }
}
