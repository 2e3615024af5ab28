//! Chores of the repository. `cargo xtask tidy` checks what the compiler cannot: which crates
//! may see which, sizes of files, lists that must be complete, words that must not appear.
//! `cargo xtask write-model FOLDER` writes a large random model to measure on.
//! `cargo xtask generate-onnx` writes the Rust types of ONNX from its schema.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a tool for developers")]

mod layers;
mod lists;
mod model;
mod onnx;
mod words;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["tidy"] => tidy(),
        ["write-model", folder] => match model::write(Path::new(folder)) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("{folder}: {error}");
                ExitCode::FAILURE
            }
        },
        ["generate-onnx"] => match onnx::generate(root()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("{error}");
                ExitCode::FAILURE
            }
        },
        _ => {
            eprintln!("usage: cargo xtask tidy | write-model FOLDER | generate-onnx");
            ExitCode::from(2)
        }
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the root")
}

fn tidy() -> ExitCode {
    let root = root();
    let mut faults = layers::faults(root);
    faults.extend(lists::faults(root));
    faults.extend(words::faults(root));
    faults.extend(onnx::faults(root));
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
