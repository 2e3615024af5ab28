//! Thousands of damaged files: each is read or refused, none ends the program.

use super::llama::small;
use super::parse;
use crate::gguf::as_hf;
use secateur_attacks::gguf::Writer;

/// A small generator of numbers (SplitMix64).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }
}

/// Numbers that sit on edges.
const EDGES: [u64; 10] =
    [0, 1, 0x7f, 0xff, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 1 << 63, u64::MAX];

fn damage(bytes: &mut Vec<u8>, header: usize, numbers: &mut Numbers) {
    for _ in 0..=numbers.below(4) {
        if bytes.is_empty() {
            return;
        }
        // Mostly the header, where meaning is.
        let reach = if numbers.below(8) == 0 { bytes.len() } else { header.min(bytes.len()) };
        let at = numbers.below(reach);
        match numbers.below(8) {
            0 => bytes[at] ^= 1 << numbers.below(8),
            1 => bytes[at] = numbers.next() as u8,
            2 => bytes.truncate(at),
            3 => bytes.extend((0..numbers.below(64)).map(|i| i as u8)),
            4 => {
                let edge = EDGES[numbers.below(EDGES.len())].to_le_bytes();
                let len = [1, 2, 4, 8][numbers.below(4)].min(bytes.len() - at);
                bytes[at..at + len].copy_from_slice(&edge[..len]);
            }
            5 => {
                let len = numbers.below(16).min(bytes.len() - at);
                bytes.drain(at..at + len);
            }
            6 => {
                let from = numbers.below(reach);
                let len = numbers.below(24).min(bytes.len() - from);
                let piece = bytes[from..from + len].to_vec();
                bytes.splice(at..at, piece);
            }
            _ => {
                let from = numbers.below(reach);
                let len = numbers.below(24).min(bytes.len() - from).min(bytes.len() - at);
                bytes.copy_within(from..from + len, at);
            }
        }
    }
}

fn survive(whole: &Writer, seed: u64, rounds: usize) {
    let whole = whole.bytes();
    let header = whole.len().min(4096);
    let mut numbers = Numbers(seed);
    let (mut parsed, mut understood, mut refused) = (0, 0, 0);
    for _ in 0..rounds {
        let mut bytes = whole.clone();
        damage(&mut bytes, header, &mut numbers);
        match parse(bytes) {
            Err(error) => {
                refused += 1;
                assert!(!error.to_string().is_empty());
            }
            Ok(gguf) => {
                parsed += 1;
                let values: usize = gguf.tensors.iter().map(|(_, t)| t.bytes().len()).sum();
                assert!(values <= whole.len() + 64 * 5, "no more values than bytes");
                match as_hf(&gguf) {
                    Err(error) => assert!(!error.to_string().is_empty()),
                    Ok(model) => {
                        understood += 1;
                        for (_, source) in &model.tensors {
                            source.load();
                        }
                    }
                }
            }
        }
    }
    // The damage must be of all depths, or the test tests little.
    assert!(refused > rounds / 4, "{refused} of {rounds} refused");
    assert!(parsed > rounds / 10, "{parsed} of {rounds} parsed");
    assert!(understood > rounds / 50, "{understood} of {rounds} understood");
}

#[test]
fn damaged_byte_level_models_are_survived() {
    survive(&small("gpt2"), 1, 20_000);
}

#[test]
fn damaged_sentencepiece_models_are_survived() {
    survive(&small("llama"), 2, 20_000);
}
