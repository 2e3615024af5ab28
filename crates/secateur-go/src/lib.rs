//! Go: Monte-Carlo search with potential-model pruning.
//!
//! A position is a [`board::Board`], a game with its history a [`board::Game`].
//! Games are played out by chance in [`playout`], and read and
//! written by [`sgf`].
//! Stones make a [`potential`], by which [`criteria`] cut moves of a [`search`], and [`gtp`] lets other programs
//! play against it. [`play`] lets two engines play a match, [`experiment`] asks with many matches how
//! much work pruning saves at equal strength.
//!
//! It does not know tensors, networks, or any other family.
//!
//! Start reading at [`board`].

pub mod board;
pub mod criteria;
pub mod error;
pub mod experiment;
pub mod gtp;
pub mod play;
pub mod playout;
pub mod potential;
pub mod search;
pub mod sgf;

pub use error::{CODES, GoError};
