//! Tests of the family as a whole.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test stops where something is not as expected"
)]

mod absorb;
mod allotment;
mod architectures;
mod bands;
mod disks;
mod golden;
mod laws;
mod networks;
mod threads;
mod tokenizers;

use std::path::{Path, PathBuf};

use secateur_core::prune::{Job, OnExisting};
use secateur_core::recipe::{Calibration, Sampling, Scope};
use secateur_core::{Budget, Recipe};

/// The committed demo model and its texts.
fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures").join(name)
}

/// A recipe over the demo model.
fn recipe(method: &str, budget: Budget) -> Recipe {
    let calibration = Calibration {
        files: vec![fixture("demo/calibration.txt").display().to_string()],
        samples: 8,
        seq_len: 64,
        sampling: Sampling::Spread,
    };
    let model = fixture("demo/model").display().to_string();
    Recipe {
        calibration: (!["magnitude", "random"].contains(&method)).then_some(calibration),
        ..Recipe::new("neural", &model, method, budget, Scope::Row)
    }
}

fn job(output: &Path, existing: OnExisting) -> Job {
    Job { output: output.to_owned(), existing, max_memory: None, command: vec![] }
}

/// Names and contents of the files of an output that must be the same on every run.
fn contents(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<(String, Vec<u8>)> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), path))
        .filter(|(name, _)| !name.starts_with("report."))
        .map(|(name, path)| (name, std::fs::read(path).unwrap()))
        .collect();
    files.sort();
    files
}
