//! The crate from outside.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

mod heads;
mod real;
