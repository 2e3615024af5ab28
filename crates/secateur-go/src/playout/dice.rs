//! Random numbers for playouts: small, fast, and the same for a seed everywhere.

use crate::board::zobrist::split_mix;

/// A stream of random words.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// The stream of a seed.
    pub fn new(seed: u64) -> Self {
        Self(split_mix(seed).1)
    }

    /// 64 random bits.
    #[inline]
    pub fn bits(&mut self) -> u64 {
        let (state, word) = split_mix(self.0);
        self.0 = state;
        word
    }

    /// An index below `n`, which is below 2^32; off from uniform by `n` in 2^32 at most.
    #[inline]
    pub fn below(&mut self, n: usize) -> usize {
        (((self.bits() >> 32) * n as u64) >> 32) as usize
    }

    /// True with a chance of `share` in 65,536.
    #[inline]
    pub(crate) fn hits(&mut self, share: u32) -> bool {
        ((self.bits() >> 48) as u32) < share
    }
}
