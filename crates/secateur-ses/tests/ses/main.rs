//! Tests of the whole crate.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of tests fail the test, and say what was skipped"
)]

mod axioms;
mod bad;
mod drawn;
mod examples;
mod golden;
mod imported;
mod laws;
mod patterns;
mod scripts;
mod simulated;
mod tree;
