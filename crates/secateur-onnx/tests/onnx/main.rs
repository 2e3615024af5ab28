//! The crate from outside.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

mod bad_files;
mod compiled;
mod damaged;
mod functions;
mod heads;
mod open;
mod operators;
mod parts;
mod random;
mod real;
mod versions;
mod write;
