//! A mixture of all speakers, and speakers' mixtures adapted from it.
//!
//! Source: D. Reynolds, T. Quatieri and R. Dunn, 2000, "Speaker verification using adapted
//! Gaussian mixture models".

use super::em::{self, Data, Trained, Training};
use super::{Mixture, check_frames};
use crate::error::SpeakerError;
use crate::features::Frames;

/// How the mixture of all speakers is made, and others from it.
#[derive(Clone, Debug, PartialEq)]
pub struct Background {
    /// Training; 64 Gaussians by default.
    pub training: Training,
    /// Frames that are learned from at most, taken evenly from all.
    pub frames_max: usize,
    /// Frames for which a speaker's own mean and that of all count the same.
    pub relevance: f64,
}

impl Default for Background {
    fn default() -> Self {
        let training = Training { components: 64, ..Training::default() };
        Self { training, frames_max: 100_000, relevance: 16.0 }
    }
}

impl Background {
    /// Trains the mixture of all speakers.
    ///
    /// # Errors
    /// As [`em::train`].
    pub fn train(&self, speakers: &[&Frames]) -> Result<Trained, SpeakerError> {
        let width = speakers.first().map_or(0, |frames| frames.width);
        let all: usize = speakers.iter().map(|frames| frames.len()).sum();
        let kept = all.min(self.frames_max);
        let mut values = Vec::with_capacity(kept * width);
        let (mut at, mut taken) = (0_usize, 0_usize);
        for frames in speakers {
            check_frames(frames, width)?;
            for frame in frames.values.chunks_exact(width) {
                // Frame number floor(taken all / kept) is the next.
                if taken < kept && at == (taken as u128 * all as u128 / kept as u128) as usize {
                    values.extend_from_slice(frame);
                    taken += 1;
                }
                at += 1;
            }
        }
        em::train(&Frames { width, values }, &self.training, "")
    }
}

/// A speaker's mixture: means moved from those of all speakers towards the speaker's frames.
///
/// `mean' = a E[x] + (1 - a) mean`, `a = n / (n + relevance)`, with n the frames that a Gaussian
/// has of the speaker's.
///
/// # Errors
/// [`SpeakerError`] for a mixture, frames or a relevance that make no sense.
pub fn adapt(
    background: &Mixture,
    frames: &Frames,
    relevance: f64,
    name: &str,
) -> Result<Mixture, SpeakerError> {
    background.check()?;
    check_frames(frames, background.width)?;
    if frames.is_empty() {
        return Err(SpeakerError::NoFrames { who: name.to_owned() });
    }
    if !relevance.is_finite() || relevance < 0.0 {
        let (option, expected) = ("relevance", "a number of at least 0");
        return Err(SpeakerError::Option { option, expected, got: relevance.to_string() });
    }
    let moments = em::moments(&Data::new(frames), background);
    let mut adapted = background.clone();
    let sums = moments.sums.chunks_exact(moments.columns).zip(&moments.counts);
    for (means, (sums, count)) in adapted.means.chunks_exact_mut(background.width).zip(sums) {
        if *count + relevance > 0.0 {
            for (mean, sum) in means.iter_mut().zip(sums) {
                *mean = (sum + relevance * *mean) / (count + relevance);
            }
        }
    }
    Ok(adapted)
}

#[cfg(test)]
mod tests {
    use secateur_core::Random;

    use super::*;

    fn drawn(seed: u64, frames: usize, center: f64) -> Frames {
        let mut random = Random::new(seed);
        Frames { width: 2, values: (0..frames * 2).map(|_| center + random.normal()).collect() }
    }

    #[test]
    fn adaptation_lies_between_all_and_the_speaker() {
        let (a, b) = (drawn(1, 500, 0.0), drawn(2, 500, 1.0));
        let background = Background {
            training: Training { components: 1, ..Training::default() },
            ..Background::default()
        };
        let all = background.train(&[&a, &b]).unwrap().mixture;
        assert!((all.means[0] - 0.5).abs() < 0.1);
        let own = adapt(&all, &b, 0.0, "b").unwrap();
        let mean = b.values.chunks_exact(2).map(|f| f[0]).sum::<f64>() / 500.0;
        assert!((own.means[0] - mean).abs() < 1e-9);
        let half = adapt(&all, &b, 500.0, "b").unwrap();
        assert!((half.means[0] - f64::midpoint(mean, all.means[0])).abs() < 1e-9);
        assert_eq!(half.variances, all.variances);
    }

    #[test]
    fn frames_are_taken_evenly() {
        let (a, b) = (drawn(1, 300, 0.0), drawn(2, 100, 50.0));
        let background = Background {
            training: Training { components: 2, ..Training::default() },
            frames_max: 40,
            ..Background::default()
        };
        let mut weights = background.train(&[&a, &b]).unwrap().mixture.weights;
        weights.sort_by(f64::total_cmp);
        assert!((weights[0] - 0.25).abs() < 1e-6, "{weights:?}");
    }
}
