//! Chores of the repository. `cargo xtask tidy` checks what the compiler cannot: which crates
//! may see which, sizes of files, lists that must be complete, words that must not appear.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a tool for developers")]

mod layers;
mod lists;
mod words;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

fn main() -> ExitCode {
    if let Some("tidy") = std::env::args().nth(1).as_deref() {
        tidy()
    } else {
        eprintln!("usage: cargo xtask tidy");
        ExitCode::from(2)
    }
}

fn tidy() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the root");
    let mut faults = layers::faults(root);
    faults.extend(lists::faults(root));
    faults.extend(words::faults(root));
    for fault in &faults {
        println!("tidy: {fault}");
    }
    if faults.is_empty() {
        println!("tidy: nothing to mend");
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// All files under a folder with one of the endings, build output left out.
fn files(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let Ok(entries) = std::fs::read_dir(folder) else { return found };
    for path in entries.flatten().map(|entry| entry.path()) {
        let name = path.file_name().and_then(|n| n.to_str()).unwrap_or("");
        if path.is_dir() {
            if !matches!(name, "target" | ".git" | "secateur-demo") {
                found.extend(files(&path, endings));
            }
        } else if endings.iter().any(|ending| name.ends_with(ending)) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The text of a file; empty when it cannot be read.
fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}
