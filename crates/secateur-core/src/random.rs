//! Random numbers whose values never change.
//!
//! Libraries of random numbers change the values behind a seed between versions; a pruned model
//! must not. The generator is ChaCha with 8 rounds (a published cipher), and the ways from its
//! words to a uniform number, an index, a normal number and a shuffle are our own and fixed by
//! the vectors in the tests.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// A seeded stream of random numbers, the same for ever.
#[derive(Clone, Debug)]
pub struct Random {
    words: ChaCha8Rng,
}

impl Random {
    /// The stream of a seed.
    pub fn new(seed: u64) -> Self {
        Self::stream(seed, 0)
    }

    /// Stream number `stream` of a seed; streams do not overlap, so parts of a run (a layer, a
    /// window) take one each and do not depend on the order in which they run.
    pub fn stream(seed: u64, stream: u64) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..16].copy_from_slice(&stream.to_le_bytes());
        Self { words: ChaCha8Rng::from_seed(key) }
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.words.next_u64()
    }

    /// A number in `[0, 1)`, a multiple of 2^-53.
    pub fn uniform(&mut self) -> f64 {
        (self.bits() >> 11) as f64 * 2.0_f64.powi(-53)
    }

    /// An index in `0..n`, unbiased.
    ///
    /// Source: D. Lemire, 2019, "Fast random integer generation in an interval".
    ///
    /// # Panics
    /// When `n` is zero.
    pub fn below(&mut self, n: usize) -> usize {
        assert!(n > 0, "an index below zero does not exist");
        let n = n as u64;
        let refused_below = n.wrapping_neg() % n;
        loop {
            let product = u128::from(self.bits()) * u128::from(n);
            if product as u64 >= refused_below {
                return (product >> 64) as usize;
            }
        }
    }

    /// A normal number with mean 0 and variance 1 (Box and Muller, the cosine half).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }

    /// Puts the items into a random order (Fisher and Yates, from the end).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let with = self.below(last + 1);
            items.swap(last, with);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stored values: a change of these is a change of every seeded result in the world.
    #[test]
    fn the_values_of_a_seed_never_change() {
        let mut random = Random::new(42);
        let bits: Vec<u64> = (0..3).map(|_| random.bits()).collect();
        assert_eq!(bits, STORED_BITS);
        let mut items: Vec<u8> = (0..8).collect();
        Random::stream(1, 2).shuffle(&mut items);
        assert_eq!(items, STORED_SHUFFLE);
        let normal = Random::new(7).normal();
        assert!((normal - STORED_NORMAL).abs() < 1e-12, "{normal:.17}");
    }

    const STORED_BITS: [u64; 3] =
        [6_424_161_053_832_095_879, 5_270_208_426_312_333_099, 9_102_960_255_288_774_902];
    const STORED_SHUFFLE: [u8; 8] = [4, 5, 3, 0, 6, 7, 1, 2];
    const STORED_NORMAL: f64 = -1.660_861_219_352_636_4;

    #[test]
    fn uniform_index_and_normal_are_what_they_say() {
        let mut random = Random::new(1);
        let mut counts = [0_u32; 7];
        for _ in 0..70_000 {
            counts[random.below(7)] += 1;
        }
        // Six standard deviations of a binomial count with n = 70000, p = 1/7.
        assert!(counts.iter().all(|&c| (f64::from(c) - 10_000.0).abs() < 556.0), "{counts:?}");
        let draws: Vec<f64> = (0..40_000).map(|_| random.normal()).collect();
        let mean = draws.iter().sum::<f64>() / 40_000.0;
        let variance = draws.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / 40_000.0;
        assert!(mean.abs() < 0.03 && (variance - 1.0).abs() < 0.05, "{mean} {variance}");
        assert!((0..1000).all(|_| (0.0..1.0).contains(&random.uniform())));
    }
}
