//! Frames of a stream, as soon as they are final.

use std::collections::VecDeque;

use super::analysis::{Analysis, Event};
use super::center::Means;
use super::extract::check_finite;
use super::voice::decibels;
use super::{Center, FeatureError, Frames, Settings, Voice};

/// Makes frames of a stream.
///
/// The sizes of the blocks do not matter. Without voice and centering the frames are those of
/// the passage. With them they differ, since the end is not known:
///
/// - A frame is voiced when it is loud against the loudest up to the moment it is final, which
///   is forgotten by [`Voice::fall_db_per_s`]. What comes before the first voice may pass.
/// - The mean is a running one, [`Running`](super::Running), and the first voiced frames are
///   held back until there is one.
///
/// A frame is final one window and the slopes' windows after it begins: with the defaults, 25 ms
/// and 20 ms, and the start is held back for 0.3 s of voice.
pub struct Stream {
    settings: Settings,
    analysis: Analysis,
    last: Last,
    samples: u64,
}

/// What is done with frames when they are final.
struct Last {
    voice: Option<Voice>,
    fall_db: f64,
    means: Option<Means>,
    /// The loudest so far, in decibels.
    loudest: f64,
    /// Energies of frames that are not final yet.
    energies: VecDeque<f64>,
    seen: u64,
    kept: u64,
}

impl Stream {
    /// A stream of checked settings; see [`Settings::for_stream`].
    ///
    /// # Errors
    /// When a setting is out of range, or asks for the mean of the passage.
    pub fn new(settings: &Settings) -> Result<Self, FeatureError> {
        let means = match settings.center {
            Center::Nothing => None,
            Center::Passage => return Err(FeatureError::PassageMean),
            Center::Running(running) => Some(running),
        };
        let analysis = Analysis::new(settings)?;
        let voice = settings.voice;
        let delay = settings.slopes * settings.slope_window + 2;
        let last = Last {
            voice,
            fall_db: voice.map_or(0.0, |v| v.fall_db_per_s / settings.frames_per_second()),
            means: means.map(|running| Means::new(settings, running)),
            loudest: f64::NEG_INFINITY,
            energies: VecDeque::with_capacity(delay),
            seen: 0,
            kept: 0,
        };
        Ok(Self { settings: settings.clone(), analysis, last, samples: 0 })
    }

    /// What it was made with.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Seconds of sound so far.
    pub fn seconds(&self) -> f64 {
        self.samples as f64 / f64::from(self.settings.rate)
    }

    /// Frames that are final so far, voiced or not.
    pub fn seen(&self) -> u64 {
        self.last.seen
    }

    /// Frames of these that are voiced.
    pub fn kept(&self) -> u64 {
        self.last.kept
    }

    /// Takes samples, and appends the frames that are final.
    ///
    /// # Errors
    /// When a sample is not finite; nothing was taken then.
    pub fn push(&mut self, samples: &[f32], out: &mut Frames) -> Result<(), FeatureError> {
        check_finite(samples, self.samples, self.settings.rate.into())?;
        self.samples += samples.len() as u64;
        out.width = self.settings.width();
        let last = &mut self.last;
        self.analysis.push(samples, &mut |event| last.take(event, &mut out.values));
        Ok(())
    }

    /// Appends what is left at the end. What is pushed later is another passage.
    pub fn finish(&mut self, out: &mut Frames) {
        out.width = self.settings.width();
        let last = &mut self.last;
        self.analysis.finish(&mut |event| last.take(event, &mut out.values));
        if let Some(means) = &mut last.means {
            means.finish(&mut out.values);
        }
        last.loudest = f64::NEG_INFINITY;
        (last.seen, last.kept, self.samples) = (0, 0, 0);
    }
}

impl Last {
    fn take(&mut self, event: Event<'_>, out: &mut Vec<f64>) {
        match event {
            Event::Energy(energy) => {
                self.loudest = (self.loudest - self.fall_db).max(decibels(energy));
                self.energies.push_back(energy);
            }
            Event::Row(row) => {
                let energy = self.energies.pop_front().expect("an energy came before its row");
                self.seen += 1;
                let is_voiced = self.voice.is_none_or(|voice| {
                    energy >= voice.energy_min && decibels(energy) >= self.loudest - voice.range_db
                });
                if is_voiced {
                    self.kept += 1;
                    match &mut self.means {
                        Some(means) => means.push(row, out),
                        None => out.extend_from_slice(row),
                    }
                }
            }
        }
    }
}
