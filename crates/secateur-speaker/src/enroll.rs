//! From recordings to a bank: features, training, and what a bank remembers of both.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::bank::{Bank, Speaker};
use crate::error::SpeakerError;
use crate::features::{self, Frames};
use crate::mixture::{Background, Mixture, Packed, Training, adapt, train};

/// Speakers whose warnings are given in full.
const NAMED: usize = 3;

/// How speakers are enrolled. A bank stores it, so that later speakers and what is to be
/// identified are treated alike.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Enrollment {
    /// How frames are made.
    pub features: features::Settings,
    /// Gaussians of a speaker that is trained on its own.
    pub components: usize,
    /// What is added to every variance: more where there is little speech of each person.
    pub regularization: f64,
    /// The mixture of all speakers that speakers are adapted from; if absent, each speaker is
    /// trained on its own.
    pub background: Option<Adaptation>,
    /// Seed of the training; each speaker has random numbers of its own by its name.
    pub seed: u64,
}

/// Speakers adapted from a mixture of all.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Adaptation {
    /// Gaussians of the mixture of all speakers.
    pub components: usize,
    /// Frames for which a speaker's own mean and that of all count the same.
    pub relevance: f64,
}

impl Default for Adaptation {
    fn default() -> Self {
        Self { components: 64, relevance: 16.0 }
    }
}

impl Default for Enrollment {
    fn default() -> Self {
        let features = features::Settings::default();
        Self {
            features,
            components: 32,
            regularization: Training::default().regularization,
            background: None,
            seed: 0,
        }
    }
}

/// The frames of a person.
#[derive(Clone, Debug, PartialEq)]
pub struct Voice {
    /// Name of the person.
    pub name: String,
    /// Frames of all recordings, one after the other.
    pub frames: Frames,
    /// Seconds of sound that they are from.
    pub seconds: f64,
}

impl Voice {
    /// A person that was not heard yet.
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), frames: Frames::default(), seconds: 0.0 }
    }

    /// Adds the frames of a passage.
    pub fn add(&mut self, frames: &Frames, seconds: f64) {
        self.frames.width = frames.width;
        self.frames.values.extend_from_slice(&frames.values);
        self.seconds += seconds;
    }
}

impl Enrollment {
    /// What a bank was made with.
    ///
    /// # Errors
    /// [`SpeakerError::Features`] when this program cannot make such features.
    pub fn of(bank: &Bank) -> Result<Self, SpeakerError> {
        let found: Self = serde_json::from_value(bank.features.clone())
            .map_err(|error| SpeakerError::Features { what: error.to_string() })?;
        let width = found.features.width();
        if width != bank.width() {
            return Err(SpeakerError::Width { expected: bank.width(), got: width });
        }
        Ok(found)
    }

    /// A bank of these people, in their order, and what the reader must know.
    ///
    /// # Errors
    /// [`SpeakerError`] of the first person that cannot be enrolled.
    pub fn bank(&self, voices: &[Voice]) -> Result<(Bank, Vec<String>), SpeakerError> {
        let value = serde_json::to_value(self).expect("settings are plain data");
        let mut bank = Bank::new(self.features.width(), value)?;
        let mut warnings = Vec::new();
        if let Some(adaptation) = &self.background {
            let all: Vec<&Frames> = voices.iter().map(|voice| &voice.frames).collect();
            let background = Background {
                training: self.training(adaptation.components),
                relevance: adaptation.relevance,
                ..Background::default()
            };
            let trained = background.train(&all)?;
            warnings.extend(trained.warnings);
            bank.put_background(&trained.mixture)?;
        }
        warnings.extend(self.add(&mut bank, voices)?);
        Ok((bank, warnings))
    }

    /// Adds people to a bank that was made with these settings; gives what the reader must know.
    ///
    /// # Errors
    /// [`SpeakerError`] of the first person that cannot be enrolled.
    pub fn add(&self, bank: &mut Bank, voices: &[Voice]) -> Result<Vec<String>, SpeakerError> {
        let background = bank.background().map(Packed::mixture);
        let one = |voice: &Voice| self.model(voice, background.as_ref());
        let trained: Vec<_> = voices.par_iter().map(one).collect();
        let mut warnings = Vec::new();
        for (voice, trained) in voices.iter().zip(trained) {
            let (model, own) = trained?;
            warnings.extend(own);
            bank.add(Speaker {
                name: voice.name.clone(),
                frames: voice.frames.len() as u64,
                seconds: voice.seconds,
                model,
            })?;
        }
        let more = warnings.len().saturating_sub(NAMED);
        warnings.truncate(NAMED);
        if more > 0 {
            warnings.push(format!("{more} more speakers have such warnings."));
        }
        Ok(warnings)
    }

    fn model(
        &self,
        voice: &Voice,
        background: Option<&Mixture>,
    ) -> Result<(Packed, Vec<String>), SpeakerError> {
        if voice.frames.is_empty() {
            return Err(SpeakerError::NoFrames { who: voice.name.clone() });
        }
        if let (Some(adaptation), Some(background)) = (&self.background, background) {
            let relevance = adaptation.relevance;
            let mixture = adapt(background, &voice.frames, relevance, &voice.name)?;
            return Ok((Packed::new(&mixture), Vec::new()));
        }
        let trained = train(&voice.frames, &self.training(self.components), &voice.name)?;
        Ok((Packed::new(&trained.mixture), trained.warnings))
    }

    fn training(&self, components: usize) -> Training {
        Training {
            components,
            regularization: self.regularization,
            seed: self.seed,
            ..Training::default()
        }
    }
}
