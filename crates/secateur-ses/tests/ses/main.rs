//! Tests of the whole crate.

mod bad;
mod drawn;
mod examples;
mod golden;
mod laws;
