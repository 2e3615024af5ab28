//! Speakers: who speaks, by Gaussian mixture models, with speaker pruning.
//!
//! Sound becomes frames of cepstra ([`audio`], [`features`]); each speaker is a mixture of
//! Gaussians over such frames ([`mixture`]), trained ([`enroll`]) from recordings in folders
//! ([`people`]) and kept in a [`bank`]. [`identify`] says who spoke, by one of the rules of
//! [`criteria`], and cuts speakers on the way; [`evaluate`] says how often it is right, [`calibrate`]
//! when it is to be believed ([`open_set`]). Synthetic speakers ([`voices`]) stand in where there
//! are no recordings.
//!
//! It does not know tensors, networks, or any other family.
//!
//! Start reading at [`features`] (the noun, [`features::Frames`]), then [`mixture`] and [`identify`].

pub mod audio;
pub mod bank;
pub mod calibrate;
pub mod criteria;
pub mod enroll;
pub mod error;
pub mod evaluate;
pub mod features;
pub mod identify;
pub mod mixture;
mod named;
pub mod open_set;
pub mod people;
mod ranks;
pub mod voices;

pub use error::{CODES, SpeakerError};
