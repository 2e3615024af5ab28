//! Mixtures of Gaussians with diagonal covariances.
//!
//! [`Mixture`] is the noun, exact in f64. [`train`] learns one, [`Background`] is one of all
//! speakers from which others are adapted. [`Packed`] is the same in f32, laid out for scoring:
//! [`score`] works out many of them on many frames.

#![expect(clippy::inline_always, reason = "what is not inlined is compiled for the lowest level")]

mod adapted;
mod background;
mod coarse;
mod em;
mod kmeans;
mod math;
mod packed;
mod score;
mod single;
mod squares;

pub use adapted::Adapted;
pub use background::{Background, adapt};
pub use coarse::coarse;
pub use em::{Step, Trained, Training, step, train, train_all};
pub(crate) use packed::Floats;
pub use packed::{Heard, Packed};
pub use score::score;

use crate::error::SpeakerError;
use crate::features::Frames;

/// Most Gaussians of a mixture.
pub const COMPONENTS_MAX: usize = 4096;
/// Most numbers of a frame.
pub const WIDTH_MAX: usize = 1024;

/// A mixture of Gaussians with diagonal covariances, in structure of arrays.
#[derive(Clone, Debug, PartialEq)]
pub struct Mixture {
    /// Numbers of a frame.
    pub width: usize,
    /// Shares of the Gaussians, of sum 1, of shape `[components]`.
    pub weights: Vec<f64>,
    /// Of shape `[components, width]`.
    pub means: Vec<f64>,
    /// Of shape `[components, width]`, all positive.
    pub variances: Vec<f64>,
}

impl Mixture {
    /// Number of Gaussians.
    pub fn components(&self) -> usize {
        self.weights.len()
    }

    /// Checks shapes and values.
    ///
    /// # Errors
    /// [`SpeakerError::Mixture`] for the first thing that is wrong.
    pub fn check(&self) -> Result<(), SpeakerError> {
        let wrong = |what: &str| Err(SpeakerError::Mixture { what: what.to_owned() });
        let (m, d) = (self.components(), self.width);
        if m == 0 || m > COMPONENTS_MAX || d == 0 || d > WIDTH_MAX {
            return wrong("it has too few or too many Gaussians or dimensions");
        }
        if self.means.len() != m * d || self.variances.len() != m * d {
            return wrong("means and variances are of another shape than the weights");
        }
        if !self.weights.iter().all(|w| w.is_finite() && *w >= 0.0)
            || (self.weights.iter().sum::<f64>() - 1.0).abs() > 1e-6
        {
            return wrong("the weights are no shares of one");
        }
        if !self.means.iter().all(|v| v.is_finite()) {
            return wrong("a mean is not finite");
        }
        if !self.variances.iter().all(|v| v.is_finite() && *v > 0.0) {
            return wrong("a variance is not positive");
        }
        Ok(())
    }

    /// Logarithm of the share of each Gaussian plus that of its density at its mean.
    pub(crate) fn constants(&self) -> Vec<f64> {
        let two_pi = self.width as f64 * (2.0 * std::f64::consts::PI).ln();
        let variances = self.variances.chunks_exact(self.width);
        let constant = |(weight, variances): (&f64, &[f64])| {
            let logs: f64 = variances.iter().map(|v| v.ln()).sum();
            // A share of zero stays far below every other, and finite.
            weight.max(f64::MIN_POSITIVE).ln() - 0.5 * (two_pi + logs)
        };
        self.weights.iter().zip(variances).map(constant).collect()
    }

    /// Log-likelihood of each frame, exact in f64: the plain twin of the fast paths.
    ///
    /// # Errors
    /// [`SpeakerError::Width`] for frames of another width, [`SpeakerError::NotFinite`].
    pub fn log_likelihoods(&self, frames: &Frames) -> Result<Vec<f64>, SpeakerError> {
        check_frames(frames, self.width)?;
        let constants = self.constants();
        let mut terms = vec![0.0; self.components()];
        let mut log_likelihood = |frame: &[f64]| {
            let shapes =
                self.means.chunks_exact(self.width).zip(self.variances.chunks_exact(self.width));
            for ((term, constant), (means, variances)) in
                terms.iter_mut().zip(&constants).zip(shapes)
            {
                let parts = frame.iter().zip(means).zip(variances);
                let distance: f64 = parts.map(|((x, mean), v)| (x - mean).powi(2) / v).sum();
                *term = constant - 0.5 * distance;
            }
            log_sum_exp(&terms)
        };
        Ok(frames.values.chunks_exact(self.width).map(&mut log_likelihood).collect())
    }
}

/// Logarithm of the sum of exponentials.
pub(crate) fn log_sum_exp(terms: &[f64]) -> f64 {
    let most = terms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if most.is_finite() {
        most + terms.iter().map(|term| (term - most).exp()).sum::<f64>().ln()
    } else {
        most
    }
}

/// Frames of the right width, all finite.
pub(crate) fn check_frames(frames: &Frames, width: usize) -> Result<(), SpeakerError> {
    if frames.width != width || !frames.values.len().is_multiple_of(width.max(1)) {
        return Err(SpeakerError::Width { expected: width, got: frames.width });
    }
    // Larger numbers overflow in f32 on the way to a likelihood.
    let usual = |value: &f64| value.abs() <= 1e9;
    match frames.values.iter().position(|value| !usual(value)) {
        Some(at) => Err(SpeakerError::NotFinite { frame: at / width }),
        None => Ok(()),
    }
}
