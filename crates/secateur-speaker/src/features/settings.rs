//! Every parameter of the features.

use serde::{Deserialize, Serialize};

use super::FeatureError;
use super::filters::filters;
use crate::audio::{RATE_MAX, RATE_MIN};

/// How frames are made of sound. A bank of speakers stores it, and what is identified is treated
/// as what was enrolled.
///
/// The defaults are for 16 kHz: twelve cepstra and their slopes, 24 numbers a frame.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Samples a second.
    pub rate: u32,
    /// Length of a window, in milliseconds.
    pub window_ms: f64,
    /// From one window to the next, in milliseconds; at most the length of a window.
    pub hop_ms: f64,
    /// Points of the Fourier transform; if absent, the least power of two that holds a window.
    pub fft: Option<usize>,
    /// Mel filters.
    pub filters: usize,
    /// Where the lowest filter begins, in Hz.
    pub low_hz: f64,
    /// Where the highest filter ends, in Hz; half the rate if absent.
    pub high_hz: Option<f64>,
    /// What is subtracted of the sample before, from 0 to less than 1.
    pub pre_emphasis: f64,
    /// Cepstra, from the first on.
    pub cepstra: usize,
    /// Whether the zeroth cepstrum, which is loudness, stands before them.
    pub with_loudness: bool,
    /// Length of the lifter: cepstrum `n` is multiplied by `1 + L/2 sin(pi n / L)`; 0 for none.
    pub lifter: usize,
    /// How often slopes are taken: 0, 1 (slopes) or 2 (slopes, and slopes of slopes).
    pub slopes: usize,
    /// Frames to each side that a slope is taken over.
    pub slope_window: usize,
    /// Which frames are voiced; if absent, all of them.
    pub voice: Option<Voice>,
    /// What is subtracted from each number of a frame.
    pub center: Center,
    /// Whether each number is divided by its standard deviation as well.
    pub unit_variance: bool,
}

/// Which frames are voiced, by their energy.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Voice {
    /// A frame is kept if it is at most so many decibels below the loudest.
    pub range_db: f64,
    /// And if its energy, the sum of its power spectrum, is at least this. White noise with
    /// a standard deviation of one step of a 16-bit sample has about 150 at 16 kHz.
    pub energy_min: f64,
    /// In streams, by how much the loudest so far is forgotten, in decibels a second, so that
    /// one bang does not silence the rest.
    pub fall_db_per_s: f64,
}

impl Default for Voice {
    fn default() -> Self {
        Self { range_db: 30.0, energy_min: 100.0, fall_db_per_s: 1.0 }
    }
}

/// What is subtracted from each number of a frame, over kept frames.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Center {
    /// Nothing.
    Nothing,
    /// The mean over the passage.
    Passage,
    /// The mean so far, which forgets.
    Running(Running),
}

/// A mean that forgets: frame `n` weighs `1 / min(n, N)`, where `N` kept frames last `seconds`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Running {
    /// Time constant, in seconds of kept frames.
    pub seconds: f64,
    /// The first frames are held back until they last so long, in seconds of kept frames; they
    /// are all centered by their common mean, since the mean of one frame is that frame.
    pub start_seconds: f64,
}

impl Default for Running {
    fn default() -> Self {
        Self { seconds: 3.0, start_seconds: 0.3 }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            rate: 16_000,
            window_ms: 25.0,
            hop_ms: 10.0,
            fft: None,
            filters: 24,
            low_hz: 0.0,
            high_hz: None,
            pre_emphasis: 0.97,
            cepstra: 12,
            with_loudness: false,
            lifter: 0,
            slopes: 1,
            slope_window: 2,
            voice: Some(Voice::default()),
            center: Center::Passage,
            unit_variance: false,
        }
    }
}

impl Settings {
    /// The defaults of another rate: below 16 kHz there are 20 filters.
    pub fn of_rate(rate: u32) -> Self {
        let filters = if rate < 16_000 { 20 } else { 24 };
        Self { rate, filters, ..Self::default() }
    }

    /// The same for a stream: the mean of a passage is replaced by a running one.
    #[must_use]
    pub fn for_stream(&self) -> Self {
        let center = match self.center {
            Center::Passage => Center::Running(Running::default()),
            Center::Nothing | Center::Running(_) => self.center,
        };
        Self { center, ..self.clone() }
    }

    /// Samples of a window.
    pub fn window(&self) -> usize {
        self.samples(self.window_ms)
    }

    /// Samples from one window to the next.
    pub fn hop(&self) -> usize {
        self.samples(self.hop_ms)
    }

    /// Points of the Fourier transform.
    pub fn points(&self) -> usize {
        self.fft.unwrap_or_else(|| self.window().next_power_of_two())
    }

    /// Where the highest filter ends, in Hz.
    pub fn high(&self) -> f64 {
        self.high_hz.unwrap_or(f64::from(self.rate) / 2.0)
    }

    /// Numbers of a frame before slopes.
    pub(super) fn base(&self) -> usize {
        self.cepstra + usize::from(self.with_loudness)
    }

    /// Numbers of a frame: loudness and cepstra, their slopes, the slopes of those.
    pub fn width(&self) -> usize {
        self.base() * (1 + self.slopes)
    }

    /// Frames a second.
    pub fn frames_per_second(&self) -> f64 {
        f64::from(self.rate) / self.hop() as f64
    }

    /// Half a sample is rounded up.
    fn samples(&self, ms: f64) -> usize {
        (f64::from(self.rate) * ms / 1000.0 + 0.5).floor() as usize
    }

    /// Checks every field, alone and with the others.
    ///
    /// # Errors
    /// The first that is out of range; NaN is.
    pub fn validate(&self) -> Result<(), FeatureError> {
        let rates = f64::from(RATE_MIN)..=f64::from(RATE_MAX);
        within("rate", self.rate.into(), rates)?;
        within("window_ms", self.window_ms, 1.0..=1000.0)?;
        within("hop_ms", self.hop_ms, 0.1..=self.window_ms)?;
        within("hop_ms, in samples,", self.hop() as f64, 1.0..=self.window() as f64)?;
        if let Some(fft) = self.fft {
            within("fft", fft as f64, self.window() as f64..=65536.0)?;
        }
        let half = f64::from(self.rate) / 2.0;
        within("low_hz", self.low_hz, 0.0..=half)?;
        within("high_hz", self.high(), self.low_hz..=half)?;
        within("filters", self.filters as f64, 2.0..=256.0)?;
        within("pre_emphasis", self.pre_emphasis, 0.0..=0.999)?;
        within("cepstra", self.cepstra as f64, 1.0..=(self.filters - 1) as f64)?;
        within("lifter", self.lifter as f64, 0.0..=1000.0)?;
        within("slopes", self.slopes as f64, 0.0..=2.0)?;
        within("slope_window", self.slope_window as f64, 1.0..=50.0)?;
        if let Some(voice) = self.voice {
            within("voice.range_db", voice.range_db, 0.0..=300.0)?;
            within("voice.energy_min", voice.energy_min, 0.0..=1e12)?;
            within("voice.fall_db_per_s", voice.fall_db_per_s, 0.0..=1000.0)?;
        }
        if let Center::Running(running) = self.center {
            within("center.running.seconds", running.seconds, 0.01..=3600.0)?;
            let start = running.start_seconds;
            within("center.running.start_seconds", start, 0.0..=running.seconds)?;
        }
        if self.unit_variance && self.center == Center::Nothing {
            return Err(FeatureError::Setting {
                name: "unit_variance",
                found: "true".to_owned(),
                allowed: "which needs a mean to be subtracted (center)".to_owned(),
            });
        }
        filters(self).map(|_| ())
    }
}

fn within(
    name: &'static str,
    found: f64,
    allowed: std::ops::RangeInclusive<f64>,
) -> Result<(), FeatureError> {
    if allowed.contains(&found) {
        return Ok(());
    }
    let allowed = format!("allowed are {} to {}", allowed.start(), allowed.end());
    Err(FeatureError::Setting { name, found: found.to_string(), allowed })
}
