//! Formulas from outside: texts, documents, exported code.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of tests fail the test, and say what was skipped"
)]

mod document;
mod exported;
mod laws;
mod simplified;
mod texts;
mod trees;
