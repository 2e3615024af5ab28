//! Thousands of damaged files: each is read or refused, none ends the program.

use secateur_attacks::doors;
use secateur_onnx::Document;
use secateur_tensor::Bytes;

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

fn damage(bytes: &mut Vec<u8>, numbers: &mut Numbers) {
    // Half of the damage changes no length, which is what most files die of.
    let kinds = if numbers.below(2) == 0 { 3 } else { 6 };
    for _ in 0..=numbers.below(kinds / 2) {
        if bytes.is_empty() {
            return;
        }
        let at = numbers.below(bytes.len());
        let from = numbers.below(bytes.len());
        let piece = bytes[from..].iter().take(numbers.below(24)).copied().collect::<Vec<_>>();
        match numbers.below(kinds) {
            0 => bytes[at] ^= 1 << numbers.below(8),
            // A byte more or less is often a name with another letter.
            1 => bytes[at] = bytes[at].wrapping_add(1),
            2 => bytes[at] = numbers.next() as u8,
            3 => drop(bytes.splice(at..at, piece)),
            4 => {
                let end = (at + piece.len()).min(bytes.len());
                bytes.drain(at..end);
            }
            _ => bytes.truncate(at),
        }
    }
}

#[test]
fn a_damaged_network_is_survived_to_its_last_cut() {
    let whole = secateur_attacks::onnx::bytes(&secateur_attacks::networks::residual());
    let mut numbers = Numbers(2);
    for _ in 0..3000 {
        let mut bytes = whole.clone();
        damage(&mut bytes, &mut numbers);
        doors::onnx(&bytes);
    }
}

#[test]
fn damaged_models_are_survived() {
    const ROUNDS: usize = 1500;
    let mut numbers = Numbers(1);
    let (mut read, mut refused) = (0, 0);
    for case in secateur_attacks::onnxs::CASES {
        let folder = tempfile::tempdir().unwrap();
        (case.write)(folder.path()).unwrap();
        let path = folder.path().join("model.onnx");
        // What is refused whole teaches little when it is damaged.
        if Document::open(&path).is_err() {
            continue;
        }
        let whole = std::fs::read(&path).unwrap();
        for _ in 0..ROUNDS {
            let mut bytes = whole.clone();
            damage(&mut bytes, &mut numbers);
            doors::onnx(&bytes);
            match Document::parse(&path, &Bytes::owned(bytes)) {
                Ok(_) => read += 1,
                Err(error) => {
                    refused += 1;
                    assert!(!error.to_string().is_empty());
                }
            }
        }
    }
    // The damage must be of all depths, or the test tests little.
    let all = read + refused;
    assert!(read > all / 20 && refused > all / 4, "{read} read, {refused} refused");
}
