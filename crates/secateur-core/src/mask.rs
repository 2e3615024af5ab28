//! One bit per unit: true keeps.

use rayon::prelude::*;

/// A bit per unit, packed into 64-bit words, lowest bit first; `true` means keep.
///
/// The words are the layout of a bitmask-compressed tensor, so a mask goes to storage without
/// a copy. Bits past the length are zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mask {
    words: Vec<u64>,
    len: usize,
}

impl Mask {
    /// A mask that keeps all of `len` units.
    pub fn keep_all(len: usize) -> Self {
        let mut words = vec![u64::MAX; len.div_ceil(64)];
        if !len.is_multiple_of(64) {
            words[len / 64] = (1 << (len % 64)) - 1;
        }
        Self { words, len }
    }

    /// A mask that cuts all of `len` units.
    pub fn cut_all(len: usize) -> Self {
        Self { words: vec![0; len.div_ceil(64)], len }
    }

    /// The mask over words that are already packed; bits past `len` are cleared.
    ///
    /// # Panics
    /// When the number of words is not `len / 64` rounded up.
    pub fn of_words(mut words: Vec<u64>, len: usize) -> Self {
        assert_eq!(words.len(), len.div_ceil(64), "a mask of {len} units");
        if !len.is_multiple_of(64) {
            words[len / 64] &= (1 << (len % 64)) - 1;
        }
        Self { words, len }
    }

    /// The mask of flags, `true` means keep.
    pub fn of_flags(keeps: &[bool]) -> Self {
        let words = keeps.par_chunks(64).with_min_len(1024).map(Self::word).collect();
        Self { words, len: keeps.len() }
    }

    /// The word of up to 64 flags.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a loop around it is compiled for several levels")]
    pub(crate) fn word(flags: &[bool]) -> u64 {
        let (eights, rest) = flags.as_chunks::<8>();
        let mut word = 0;
        for (at, eight) in eights.iter().enumerate() {
            // The product moves bit 8 i to bit 56 + i, and no two bits meet.
            let bytes = u64::from_le_bytes(eight.map(u8::from));
            word |= bytes.wrapping_mul(0x0102_0408_1020_4080) >> 56 << (8 * at);
        }
        let past = 8 * eights.len();
        let rest = rest.iter().enumerate();
        rest.fold(word, |word, (at, keep)| word | u64::from(*keep) << (past + at))
    }

    /// Number of units.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no units.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether unit `at` is kept.
    pub fn keeps(&self, at: usize) -> bool {
        debug_assert!(at < self.len);
        self.words[at / 64] >> (at % 64) & 1 == 1
    }

    /// Keeps or cuts unit `at`.
    pub fn put(&mut self, at: usize, keep: bool) {
        debug_assert!(at < self.len);
        let bit = 1 << (at % 64);
        if keep { self.words[at / 64] |= bit } else { self.words[at / 64] &= !bit }
    }

    /// Units kept.
    pub fn kept(&self) -> usize {
        self.words.iter().map(|w| w.count_ones() as usize).sum()
    }

    /// Units cut.
    pub fn cut(&self) -> usize {
        self.len - self.kept()
    }

    /// The packed words, lowest bit first.
    pub fn words(&self) -> &[u64] {
        &self.words
    }

    /// Whether each unit is kept, in order.
    pub fn iter(&self) -> impl Iterator<Item = bool> + '_ {
        (0..self.len).map(|at| self.keeps(at))
    }

    /// Whether every unit that this mask keeps is kept by `other` too.
    pub fn within(&self, other: &Self) -> bool {
        self.len == other.len && self.words.iter().zip(&other.words).all(|(a, b)| a & !b == 0)
    }
}

impl FromIterator<bool> for Mask {
    fn from_iter<I: IntoIterator<Item = bool>>(keeps: I) -> Self {
        let keeps = keeps.into_iter();
        let mut words = Vec::with_capacity(keeps.size_hint().0.div_ceil(64));
        let mut len = 0;
        for keep in keeps {
            if len % 64 == 0 {
                words.push(0);
            }
            words[len / 64] |= u64::from(keep) << (len % 64);
            len += 1;
        }
        Self { words, len }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_lowest_first_and_clean_past_the_end() {
        let mask: Mask = [true, false, true].into_iter().collect();
        assert_eq!(mask.words(), [0b101]);
        assert_eq!((mask.kept(), mask.cut()), (2, 1));
        let all = Mask::keep_all(70);
        assert_eq!(all.words(), [u64::MAX, 0b11_1111]);
        assert_eq!(Mask::of_words(vec![u64::MAX; 2], 70), all);
        let flags: Vec<bool> = (0..200).map(|i| i % 3 == 0 || i % 7 == 1).collect();
        assert_eq!(Mask::of_flags(&flags), flags.iter().copied().collect());
        assert!(Mask::cut_all(70).within(&all) && !all.within(&Mask::cut_all(70)));
    }
}
