//! Speakers as identification wants them.

use std::sync::OnceLock;

use rayon::prelude::*;

use crate::error::SpeakerError;
use crate::mixture::{Adapted, Packed, coarse};

/// The models of all speakers that may have spoken.
#[derive(Debug)]
pub struct Roster {
    width: usize,
    models: Vec<Packed>,
    background: Option<Packed>,
    adapted: Option<Adapted>,
    /// Models of few Gaussians, made when they are first asked for, with how many.
    coarse: OnceLock<(usize, Vec<Packed>)>,
}

impl Roster {
    /// Models in the order of their numbers.
    ///
    /// # Errors
    /// [`SpeakerError::TooFew`] for none, [`SpeakerError::Width`] for unequal widths.
    pub fn new(models: Vec<Packed>, background: Option<Packed>) -> Result<Self, SpeakerError> {
        let Some(width) = models.first().map(Packed::width) else {
            return Err(SpeakerError::TooFew { what: "an answer", needed: 1, found: 0 });
        };
        let widths = models.iter().chain(&background).map(Packed::width);
        if let Some(got) = widths.into_iter().find(|got| *got != width) {
            return Err(SpeakerError::Width { expected: width, got });
        }
        Ok(Self { width, models, background, adapted: None, coarse: OnceLock::new() })
    }

    /// The same, scored with the best Gaussians of the background model only.
    ///
    /// # Errors
    /// [`SpeakerError::NoBackground`]; as [`Adapted::new`] for speakers not adapted from it.
    pub fn with_top(mut self, top: usize) -> Result<Self, SpeakerError> {
        let what = "scoring the best Gaussians";
        let background = self.background.as_ref().ok_or(SpeakerError::NoBackground { what })?;
        let models: Vec<&Packed> = self.models.iter().collect();
        self.adapted = Some(Adapted::new(background, &models, top)?);
        Ok(self)
    }

    /// Numbers of a frame.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Number of speakers.
    pub fn len(&self) -> usize {
        self.models.len()
    }

    /// Whether there are none; never.
    pub fn is_empty(&self) -> bool {
        self.models.is_empty()
    }

    /// The models.
    pub fn models(&self) -> &[Packed] {
        &self.models
    }

    /// The mixture of all speakers.
    pub fn background(&self) -> Option<&Packed> {
        self.background.as_ref()
    }

    pub(super) fn adapted(&self) -> Option<&Adapted> {
        self.adapted.as_ref()
    }

    /// Gaussians that a frame costs under all models.
    pub fn gaussians_per_frame(&self) -> u64 {
        match &self.adapted {
            Some(adapted) => adapted.gaussians_per_frame(),
            None => self.models.iter().map(|m| m.components() as u64).sum(),
        }
    }

    /// Models of at most so many Gaussians; kept for the first number that is asked for.
    pub(super) fn coarse(&self, components: usize) -> Vec<Packed> {
        let make = || {
            let few = |model: &Packed| Packed::new(&coarse(&model.mixture(), components));
            (components, self.models.par_iter().map(few).collect())
        };
        let kept = self.coarse.get_or_init(make);
        if kept.0 == components { kept.1.clone() } else { make().1 }
    }
}
