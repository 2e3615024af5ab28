//! Who speaks, and where.

use secateur_core::Random;

use super::phones::{CONSONANTS, VOWELS};
use super::synthesis;
use crate::audio::Sound;

/// A synthetic speaker. Source of the form: D. Klatt, 1980, "Software for a cascade/parallel
/// formant synthesizer"; the ranges are of our own.
#[derive(Clone, Debug, PartialEq)]
pub struct Speaker {
    /// The seed it was drawn by.
    pub seed: u64,
    /// Middle pitch, in Hz.
    pub pitch_hz: f64,
    /// How far the pitch moves, in natural logarithms.
    pub pitch_range: f64,
    /// From one pulse to the next, the part by which the period changes.
    pub jitter: f64,
    /// The part by which the strength changes.
    pub shimmer: f64,
    /// The part of a period during which the glottis is open.
    pub open: f64,
    /// Noise at the glottis against the pulses.
    pub breath: f64,
    /// How much of each sample of the source is kept to the next: a softer voice has more.
    pub tilt: f64,
    /// Factors of the first four resonances: the length of the vocal tract, and offsets.
    pub formants: [f64; 4],
    /// Factor of the widths of the resonances.
    pub widths: f64,
    /// Factor of the places of noise.
    pub noise: f64,
    /// Factor of the lengths of sounds.
    pub pace: f64,
    /// For each sound, vowels first, factors of its first three resonances.
    pub habits: Vec<[f64; 3]>,
}

impl Speaker {
    /// The speaker of a seed.
    pub fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let is_high = random.uniform() < 0.5;
        // A spread around one, in natural logarithms.
        let mut around = |spread: f64| (spread * random.normal()).exp();
        let (pitch, tract) = if is_high { (205.0, 1.15) } else { (120.0, 1.0) };
        let tract = tract * around(0.05);
        Self {
            seed,
            pitch_hz: pitch * around(0.13),
            pitch_range: 0.10 * around(0.3),
            jitter: 0.010 * around(0.3),
            shimmer: 0.04 * around(0.3),
            open: (0.6 * around(0.12)).min(0.9),
            breath: 0.05 * around(0.6),
            tilt: (0.5 * around(0.25)).min(0.9),
            formants: [0, 1, 2, 3].map(|_| tract * around(0.04)),
            widths: around(0.20),
            noise: around(0.08),
            pace: around(0.12),
            habits: (0..VOWELS.len() + CONSONANTS.len())
                .map(|_| [0, 1, 2].map(|_| around(0.05)))
                .collect(),
        }
    }

    /// Says something else for each seed of an utterance, for so many seconds, at 16 kHz.
    pub fn say(&self, utterance: u64, scene: &Scene) -> Sound {
        let mut random = Random::stream(self.seed, utterance.wrapping_add(1));
        synthesis::say(self, &mut random, scene)
    }
}

/// Where a synthetic speaker speaks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scene {
    /// Length of the utterance.
    pub seconds: f64,
    /// Seed of a microphone with a colour of its own; none has none.
    pub microphone: Option<u64>,
    /// How far the noise of the room lies below the speech, in decibels.
    pub noise_db: f64,
}

impl Default for Scene {
    /// Three seconds in a quiet room.
    fn default() -> Self {
        Self { seconds: 3.0, microphone: None, noise_db: 40.0 }
    }
}
