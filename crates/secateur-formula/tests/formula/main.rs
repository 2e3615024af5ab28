//! Formulas from outside: tables, texts, documents, exported code.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of tests fail the test, and say what was skipped"
)]

mod baselines;
mod document;
mod exported;
mod laws;
mod simplified;
mod table;
mod texts;
mod trees;

use std::path::PathBuf;

/// The folder of test data; `None` says so.
fn data() -> Option<PathBuf> {
    let found = std::env::var_os("SECATEUR_TEST_DATA").map(PathBuf::from);
    if found.is_none() {
        println!("skipped: no test data");
    }
    found
}
