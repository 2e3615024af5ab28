//! Means that are subtracted, of passages and of streams.

use super::{Center, Frames, Running, Settings};

/// Least standard deviation that is divided by; a number that never changes has none.
const SPREAD_MIN: f64 = 1e-8;

/// Centers a passage in place.
pub(super) fn center(frames: &mut Frames, settings: &Settings) {
    match settings.center {
        Center::Nothing => {}
        Center::Passage => {
            let statistics = Statistics::of(&frames.values, frames.width);
            statistics.apply(&mut frames.values, settings.unit_variance);
        }
        Center::Running(running) => {
            let mut means = Means::new(settings, running);
            let mut out = Vec::with_capacity(frames.values.len());
            for row in frames.values.chunks_exact(frames.width) {
                means.push(row, &mut out);
            }
            means.finish(&mut out);
            frames.values = out;
        }
    }
}

/// Mean and variance of each number of a frame.
struct Statistics {
    mean: Vec<f64>,
    variance: Vec<f64>,
}

impl Statistics {
    fn of(values: &[f64], width: usize) -> Self {
        let count = (values.len() / width).max(1) as f64;
        let mut mean = vec![0.0; width];
        for row in values.chunks_exact(width) {
            mean.iter_mut().zip(row).for_each(|(mean, value)| *mean += value);
        }
        for mean in &mut mean {
            *mean /= count;
        }
        let mut variance = vec![0.0; width];
        for row in values.chunks_exact(width) {
            for ((variance, mean), value) in variance.iter_mut().zip(&mean).zip(row) {
                *variance += (value - mean).powi(2);
            }
        }
        for variance in &mut variance {
            *variance /= count;
        }
        Self { mean, variance }
    }

    fn apply(&self, values: &mut [f64], unit_variance: bool) {
        for row in values.chunks_exact_mut(self.mean.len()) {
            row.iter_mut().zip(&self.mean).for_each(|(value, mean)| *value -= mean);
            if unit_variance {
                for (value, variance) in row.iter_mut().zip(&self.variance) {
                    *value /= variance.sqrt().max(SPREAD_MIN);
                }
            }
        }
    }
}

/// The running mean of a stream.
pub(super) struct Means {
    width: usize,
    unit_variance: bool,
    /// Kept frames of the time constant.
    horizon: f64,
    /// Kept frames that are held back at the start.
    start: usize,
    held: Vec<f64>,
    count: f64,
    statistics: Option<Statistics>,
}

impl Means {
    pub(super) fn new(settings: &Settings, running: Running) -> Self {
        let frames = |seconds: f64| (seconds * settings.frames_per_second()).ceil().max(1.0);
        let (width, start) = (settings.width(), frames(running.start_seconds) as usize);
        Self {
            width,
            unit_variance: settings.unit_variance,
            horizon: frames(running.seconds),
            start,
            held: Vec::with_capacity(start * width),
            count: 0.0,
            statistics: None,
        }
    }

    /// Takes a row, and appends what is ready.
    pub(super) fn push(&mut self, row: &[f64], out: &mut Vec<f64>) {
        let Some(statistics) = &mut self.statistics else {
            self.held.extend_from_slice(row);
            if self.held.len() >= self.start * self.width {
                self.begin(out);
            }
            return;
        };
        self.count += 1.0;
        let weight = 1.0 / self.count.min(self.horizon);
        let means = statistics.mean.iter_mut().zip(&mut statistics.variance);
        for ((mean, variance), value) in means.zip(row) {
            let apart = value - *mean;
            *mean += weight * apart;
            *variance = (1.0 - weight) * (*variance + weight * apart * apart);
        }
        let first = out.len();
        out.extend_from_slice(row);
        statistics.apply(&mut out[first..], self.unit_variance);
    }

    /// The rows that are held back, by their own mean.
    fn begin(&mut self, out: &mut Vec<f64>) {
        let statistics = Statistics::of(&self.held, self.width);
        self.count = (self.held.len() / self.width) as f64;
        let first = out.len();
        out.append(&mut self.held);
        statistics.apply(&mut out[first..], self.unit_variance);
        self.statistics = Some(statistics);
    }

    /// Appends what is held back, and begins anew.
    pub(super) fn finish(&mut self, out: &mut Vec<f64>) {
        if !self.held.is_empty() {
            self.begin(out);
        }
        self.statistics = None;
        self.count = 0.0;
    }
}
