//! A random word for each stone on each cell.
//!
//! Source: A. Zobrist, 1970, "A new hashing method with application for game playing".

use super::point::CELLS;

/// The words; row 0 of black stones, row 1 of white ones.
pub(crate) static WORDS: [[u64; CELLS]; 2] = words();

const fn words() -> [[u64; CELLS]; 2] {
    let mut words = [[0; CELLS]; 2];
    let mut state = 0x5ECA_7E42;
    let mut color = 0;
    while color < 2 {
        let mut cell = 0;
        while cell < CELLS {
            (state, words[color][cell]) = split_mix(state);
            cell += 1;
        }
        color += 1;
    }
    words
}

/// The next state and word of SplitMix64 (G. Steele, D. Lea, C. Flood, 2014, "Fast splittable
/// pseudorandom number generators").
pub(crate) const fn split_mix(state: u64) -> (u64, u64) {
    let state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut word = state;
    word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    (state, word ^ (word >> 31))
}
