//! The crate from outside.

#![allow(clippy::unwrap_used, reason = "tests")]

mod net;
mod ties;
