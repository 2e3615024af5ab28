//! One window to one row of cepstra.

use std::f64::consts::PI;
use std::sync::Arc;

use realfft::num_complex::Complex;
use realfft::{RealFftPlanner, RealToComplex};

use super::filters::{Filter, filters};
use super::{FeatureError, Settings};

/// What is computed of every window; all space is taken once.
pub(super) struct Cepstra {
    fft: Arc<dyn RealToComplex<f64>>,
    /// The Hamming window.
    window: Vec<f64>,
    filters: Vec<Filter>,
    /// The cosine transform with the lifter, `[base, filters]`.
    transform: Vec<f64>,
    input: Vec<f64>,
    spectrum: Vec<Complex<f64>>,
    power: Vec<f64>,
    scratch: Vec<Complex<f64>>,
    logs: Vec<f64>,
}

impl Cepstra {
    pub(super) fn new(settings: &Settings) -> Result<Self, FeatureError> {
        let (length, points) = (settings.window(), settings.points());
        let fft = RealFftPlanner::new().plan_fft_forward(points);
        let turn = 2.0 * PI / (length.max(2) - 1) as f64;
        let window = (0..length).map(|at| 0.54 - 0.46 * (turn * at as f64).cos()).collect();
        let (input, spectrum) = (fft.make_input_vec(), fft.make_output_vec());
        Ok(Self {
            window,
            filters: filters(settings)?,
            transform: transform(settings),
            input,
            power: vec![0.0; spectrum.len()],
            spectrum,
            scratch: fft.make_scratch_vec(),
            logs: vec![0.0; settings.filters],
            fft,
        })
    }

    /// Writes the cepstra of a window of pre-emphasized samples, which may be shorter than the
    /// window and is continued by zeros, to `row`; gives the energy, the sum of its power
    /// spectrum.
    pub(super) fn row(&mut self, samples: &[f64], row: &mut [f64]) -> f64 {
        let (windowed, rest) = self.input.split_at_mut(samples.len());
        for ((into, sample), weight) in windowed.iter_mut().zip(samples).zip(&self.window) {
            *into = sample * weight;
        }
        rest.fill(0.0);
        let points = self.input.len() as f64;
        self.fft
            .process_with_scratch(&mut self.input, &mut self.spectrum, &mut self.scratch)
            .expect("the vectors were made by the transform");
        let mut energy = 0.0;
        for (power, value) in self.power.iter_mut().zip(&self.spectrum) {
            *power = value.norm_sqr() / points;
            energy += *power;
        }
        for (log, filter) in self.logs.iter_mut().zip(&self.filters) {
            let power = &self.power[filter.first..];
            let sum: f64 = power.iter().zip(&filter.weights).map(|(p, w)| p * w).sum();
            *log = nonzero(sum).ln();
        }
        for (value, weights) in row.iter_mut().zip(self.transform.chunks_exact(self.logs.len())) {
            *value = weights.iter().zip(&self.logs).map(|(w, log)| w * log).sum();
        }
        nonzero(energy)
    }
}

/// Nothing has no logarithm; the least step of a double at one stands for it.
fn nonzero(value: f64) -> f64 {
    if value == 0.0 { f64::EPSILON } else { value }
}

/// The orthonormal cosine transform of the second kind, each row lifted.
fn transform(settings: &Settings) -> Vec<f64> {
    let filters = settings.filters as f64;
    let first = usize::from(!settings.with_loudness);
    let mut transform = Vec::with_capacity(settings.base() * settings.filters);
    for row in first..=settings.cepstra {
        let n = row as f64;
        let norm = if row == 0 { (1.0 / filters).sqrt() } else { (2.0 / filters).sqrt() };
        let lift = match settings.lifter {
            0 => 1.0,
            length => 1.0 + length as f64 / 2.0 * (PI * n / length as f64).sin(),
        };
        let cosine = |filter| (PI * n * (2 * filter + 1) as f64 / (2.0 * filters)).cos();
        transform.extend((0..settings.filters).map(|filter| norm * lift * cosine(filter)));
    }
    transform
}
