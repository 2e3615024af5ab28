//! Frames of a whole passage.

use super::analysis::{Analysis, Event};
use super::center::center;
use super::voice::voiced;
use super::{FeatureError, Frames, Settings};
use crate::audio::Sound;

/// What a passage gives.
#[derive(Clone, Debug, PartialEq)]
pub struct Extracted {
    /// The voiced frames, centered.
    pub frames: Frames,
    /// Which of all frames they are, in order.
    pub kept: Vec<u32>,
    /// The energy of each of all frames: the sum of its power spectrum.
    pub energies: Vec<f64>,
}

/// Makes frames of passages; takes its space once.
pub struct Extractor {
    settings: Settings,
    analysis: Analysis,
}

impl Extractor {
    /// An extractor of checked settings.
    ///
    /// # Errors
    /// When a setting is out of range.
    pub fn new(settings: &Settings) -> Result<Self, FeatureError> {
        Ok(Self { settings: settings.clone(), analysis: Analysis::new(settings)? })
    }

    /// What it was made with.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// All frames of a passage with their slopes, before voice and centering, and the energy of
    /// each. The last window is continued by zeros.
    ///
    /// # Errors
    /// When the passage is shorter than a window, or a sample is not finite.
    pub fn raw(&mut self, samples: &[f32]) -> Result<(Frames, Vec<f64>), FeatureError> {
        let (window, rate) = (self.settings.window(), f64::from(self.settings.rate));
        if samples.len() < window {
            let ms = |samples: usize| samples as f64 / rate * 1000.0;
            let (ms, window_ms) = (ms(samples.len()), ms(window));
            return Err(FeatureError::TooShort { ms, window_ms });
        }
        check_finite(samples, 0, rate)?;
        let count = 1 + (samples.len() - window).div_ceil(self.settings.hop());
        let width = self.settings.width();
        let mut frames = Frames { width, values: Vec::with_capacity(count * width) };
        let mut energies = Vec::with_capacity(count);
        let mut each = |event: Event<'_>| match event {
            Event::Energy(energy) => energies.push(energy),
            Event::Row(row) => frames.values.extend_from_slice(row),
        };
        self.analysis.push(samples, &mut each);
        self.analysis.finish(&mut each);
        Ok((frames, energies))
    }

    /// The voiced frames of a passage, centered.
    ///
    /// # Errors
    /// As [`raw`](Self::raw), and when the rate is another or no frame is voiced.
    pub fn extract(&mut self, sound: &Sound) -> Result<Extracted, FeatureError> {
        if sound.rate != self.settings.rate {
            return Err(FeatureError::Rate { found: sound.rate, expected: self.settings.rate });
        }
        let (mut frames, energies) = self.raw(&sound.samples)?;
        let kept = match &self.settings.voice {
            Some(voice) => voiced(&energies, voice)?,
            None => (0..energies.len() as u32).collect(),
        };
        let width = frames.width;
        for (to, from) in kept.iter().enumerate() {
            let from = *from as usize * width;
            frames.values.copy_within(from..from + width, to * width);
        }
        frames.values.truncate(kept.len() * width);
        center(&mut frames, &self.settings);
        Ok(Extracted { frames, kept, energies })
    }
}

/// The voiced frames of a passage, centered, by an [`Extractor`] of its own.
///
/// # Errors
/// When a setting is out of range, the rate is another, the passage is shorter than a window, a
/// sample is not finite, or no frame is voiced.
pub fn extract(sound: &Sound, settings: &Settings) -> Result<Extracted, FeatureError> {
    Extractor::new(settings)?.extract(sound)
}

/// Refuses samples that are not finite; `before` samples came before them.
pub(super) fn check_finite(samples: &[f32], before: u64, rate: f64) -> Result<(), FeatureError> {
    match samples.iter().position(|sample| !sample.is_finite()) {
        None => Ok(()),
        Some(at) => {
            let seconds = (before + at as u64) as f64 / rate;
            Err(FeatureError::NotFinite { seconds, value: samples[at] })
        }
    }
}
