//! Sound from files and pipes.
//!
//! Wav (whole numbers of 8 to 32 bits, floats), flac and NIST SPHERE are known by their first
//! bytes; samples without a header are read as told. Channels are mixed by their mean.
//!
//! **Scale.** Samples are kept in the scale of 16-bit whole numbers, whatever they were: full
//! scale is 32768, and a 16-bit sample is its own value. Energies, and the floor below which
//! there is no voice, are in this scale.
//!
//! A file that contradicts itself is refused, never read as far as it goes: a passage of unknown
//! length or order proves nothing about who speaks. A pipe may end anywhere.
//!
//! Start reading at [`read`]; [`Reader`] does it block by block, [`Resampler`] changes the rate.

mod coding;
mod error;
mod flac;
mod reader;
mod resample;
mod source;
mod sphere;
#[cfg(test)]
mod tests;
mod wav;
mod write;

use std::path::Path;

pub use coding::Coding;
pub use error::{AudioError, CODES, Fault};
use reader::Layout;
pub use reader::{CHANNELS_MAX, Info, Kind, RATE_MAX, RATE_MIN, Raw, Reader};
pub use resample::{Resampler, resample};
pub use write::write_wav;

/// Sound of one channel.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sound {
    /// Samples a second.
    pub rate: u32,
    /// The samples, in the scale of 16 bits.
    pub samples: Vec<f32>,
}

impl Sound {
    /// Length in seconds.
    pub fn seconds(&self) -> f64 {
        self.samples.len() as f64 / f64::from(self.rate.max(1))
    }
}

/// What [`read`] allows and makes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Options {
    /// The rate to bring the sound to, from [`RATE_MIN`] to [`RATE_MAX`]; its own if absent.
    pub rate: Option<u32>,
    /// Longest sound, in seconds.
    pub seconds_max: f64,
}

impl Default for Options {
    /// No other rate, at most four hours.
    fn default() -> Self {
        Self { rate: None, seconds_max: 4.0 * 3600.0 }
    }
}

/// Reads a whole file.
///
/// # Errors
/// When it is not there, is no sound that is known, contradicts itself, is damaged, or is longer
/// than allowed, which is checked before memory is taken.
pub fn read(path: &Path, options: &Options) -> Result<Sound, AudioError> {
    read_all(Reader::open(path)?, options)
}

/// Reads a reader to its end.
///
/// # Errors
/// As [`read`].
pub fn read_all(mut reader: Reader, options: &Options) -> Result<Sound, AudioError> {
    let from = reader.info.rate;
    let to = options.rate.unwrap_or(from);
    let too_long = |frames: u64| {
        let seconds = frames as f64 / f64::from(from);
        let most = options.seconds_max;
        (seconds > most).then_some(Fault::TooLong { seconds, most })
    };
    if let Some(fault) = reader.info.frames.and_then(too_long) {
        return Err(reader.fail(fault));
    }
    let mut resampler = match Resampler::new(from, to) {
        Ok(resampler) => resampler,
        Err(fault) => return Err(reader.fail(fault)),
    };
    let (mut samples, mut block, mut frames) = (Vec::new(), Vec::new(), 0);
    loop {
        block.clear();
        let count = reader.block(&mut block)?;
        if count == 0 {
            break;
        }
        frames += count as u64;
        if let Some(fault) = too_long(frames) {
            return Err(reader.fail(fault));
        }
        resampler.push(&block, &mut samples);
    }
    if frames == 0 {
        return Err(reader.fail(Fault::Empty { what: "there are no samples".to_owned() }));
    }
    resampler.finish(&mut samples);
    Ok(Sound { rate: to, samples })
}
