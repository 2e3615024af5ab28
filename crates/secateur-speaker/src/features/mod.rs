//! From sound to frames of cepstra.
//!
//! Pre-emphasis, Hamming windows, the power spectrum, mel filters, logarithms and a cosine
//! transform give cepstra (MFCC); regression over the frames around gives their slopes; frames
//! far below the loudest are no voice and left out; the mean over those that are kept is
//! subtracted. Every step is a field of [`Settings`].
//!
//! The numbers are those of `python_speech_features` 0.6 (`mfcc` with `appendEnergy=False`, and
//! `delta`), whose filters are those of the Hidden Markov Model Toolkit. Voice and centering come
//! after the slopes.
//!
//! Start reading at [`extract`]; [`Stream`] does the same while the sound comes.
//!
//! Source: S. Davis and P. Mermelstein, 1980, "Comparison of parametric representations for
//! monosyllabic word recognition in continuously spoken sentences", IEEE Transactions on
//! Acoustics, Speech, and Signal Processing 28(4). The voice by energy and the running mean are
//! our own; the settings say how they work.

mod analysis;
mod center;
mod cepstra;
mod error;
mod extract;
mod filters;
mod framer;
mod settings;
mod slopes;
mod stream;
#[cfg(test)]
mod tests;
mod voice;

pub use error::{CODES, FeatureError};
pub use extract::{Extracted, Extractor, extract};
pub use settings::{Center, Running, Settings, Voice};
pub use stream::Stream;

/// Feature vectors in the order of time, row by row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Frames {
    /// Numbers of a frame.
    pub width: usize,
    /// All numbers, of shape `[frames, width]`.
    pub values: Vec<f64>,
}

impl Frames {
    /// Number of frames.
    pub fn len(&self) -> usize {
        self.values.len() / self.width.max(1)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// A frame, of shape `[width]`.
    ///
    /// # Panics
    /// When it is not there.
    pub fn frame(&self, index: usize) -> &[f64] {
        &self.values[index * self.width..(index + 1) * self.width]
    }
}
