//! Samples to rows, for passages and streams alike.

use super::cepstra::Cepstra;
use super::framer::Framer;
use super::slopes::Slopes;
use super::{FeatureError, Settings};

/// What comes of samples, in the order of time; a row comes later than its energy by the windows
/// of the slopes.
#[derive(Clone, Copy)]
pub(super) enum Event<'a> {
    /// The energy of the next frame.
    Energy(f64),
    /// The numbers of the next frame.
    Row(&'a [f64]),
}

pub(super) struct Analysis {
    framer: Framer,
    cepstra: Cepstra,
    slopes: Slopes,
    row: Vec<f64>,
}

impl Analysis {
    pub(super) fn new(settings: &Settings) -> Result<Self, FeatureError> {
        settings.validate()?;
        Ok(Self {
            framer: Framer::new(settings.window(), settings.hop(), settings.pre_emphasis),
            cepstra: Cepstra::new(settings)?,
            slopes: Slopes::new(settings.base(), settings.slopes, settings.slope_window),
            row: vec![0.0; settings.base()],
        })
    }

    pub(super) fn push(&mut self, samples: &[f32], each: &mut dyn FnMut(Event<'_>)) {
        let Self { framer, cepstra, slopes, row } = self;
        framer.push(samples, |window| frame(cepstra, slopes, row, window, each));
    }

    /// Gives the rest, and begins anew.
    pub(super) fn finish(&mut self, each: &mut dyn FnMut(Event<'_>)) {
        let Self { framer, cepstra, slopes, row } = self;
        framer.finish(|window| frame(cepstra, slopes, row, window, each));
        slopes.finish(&mut |row| each(Event::Row(row)));
    }
}

fn frame(
    cepstra: &mut Cepstra,
    slopes: &mut Slopes,
    row: &mut [f64],
    window: &[f64],
    each: &mut dyn FnMut(Event<'_>),
) {
    let energy = cepstra.row(window, row);
    each(Event::Energy(energy));
    slopes.push(row, &mut |row| each(Event::Row(row)));
}
