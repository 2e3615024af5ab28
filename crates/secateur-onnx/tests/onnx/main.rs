//! The crate from outside.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

mod bad_files;
mod compiled;
mod damaged;
mod heads;
mod real;
mod write;
