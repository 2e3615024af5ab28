//! Speakers: who speaks, by Gaussian mixture models, with speaker pruning.
//!
//! Sound becomes frames of cepstra ([`audio`], [`features`]); each speaker is a mixture of
//! Gaussians over such frames ([`mixture`]), kept in a file ([`bank`]). Rules over the models say
//! who speaks, with speakers cut on the way ([`criteria`], [`identify`]); thresholds, whether it
//! is anybody known ([`open_set`], [`calibrate`]); and trials, how often that is right
//! ([`evaluate`]). Synthetic speakers ([`voices`]) stand in where there
//! are no recordings.
//!
//! It does not know tensors, networks, or any other family.
//!
//! Start reading at [`features`] (the noun, [`features::Frames`]), then [`mixture`] and [`identify`].

pub mod audio;
pub mod bank;
pub mod calibrate;
pub mod criteria;
pub mod error;
pub mod evaluate;
pub mod features;
pub mod identify;
pub mod mixture;
pub mod open_set;
mod ranks;
pub mod voices;

pub use error::{CODES, SpeakerError};
