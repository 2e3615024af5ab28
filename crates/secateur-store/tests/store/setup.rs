//! A small run to disturb, and how to look at what it left.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use secateur_store::{Disk, Existing, Files, Output, StoreError};
use serde_json::{Value, json};
use tempfile::TempDir;

/// The layers of the run, one step each.
pub(crate) const LAYERS: usize = 3;

/// A temporary directory, in memory where there is one: these tests fsync a lot.
pub(crate) fn temp() -> TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    made.expect("the temporary directory is writable")
}

pub(crate) fn disk() -> Arc<dyn Files> {
    Arc::new(Disk)
}

/// What identifies the run of a seed.
pub(crate) fn run(seed: u8) -> Value {
    json!({"recipe": {"method": "magnitude", "sparsity": 0.1}, "seed": seed})
}

/// Writes an output of two sized files and a small one, in steps, as a pruning run does.
pub(crate) fn job(
    files: Arc<dyn Files>,
    dir: &Path,
    existing: Existing,
    seed: u8,
) -> Result<PathBuf, StoreError> {
    let mut output = Output::begin(files, dir, existing, &[], &run(seed))?;
    let done = output.steps().len();
    let one = output.create("model-1.bin", 2 * LAYERS as u64)?;
    let two = output.create("model-2.bin", LAYERS as u64)?;
    for layer in done..LAYERS {
        let at = layer as u64;
        one.write_at(2 * at, &[seed, b'0' + layer as u8])?;
        two.write_at(at, &[b'a' + layer as u8])?;
        output.step(json!({"layer": layer}))?;
    }
    output.write("config.json", format!("{{\"seed\": {seed}}}").as_bytes())?;
    let manifest = json!({"run": run(seed), "files": output.hashes()?});
    output.finish(&manifest, &[("report.json", b"{}"), ("report.html", b"<p>")])
}

/// An undisturbed output of a seed.
pub(crate) fn output(dir: &Path, seed: u8) -> Tree {
    job(disk(), dir, Existing::Refuse, seed).expect("nothing is in the way");
    tree(dir)
}

pub(crate) type Tree = BTreeMap<String, Vec<u8>>;

/// The files of a directory; empty if there is none.
pub(crate) fn tree(dir: &Path) -> Tree {
    names(dir)
        .into_iter()
        .map(|name| (name.clone(), fs::read(dir.join(name)).expect("all of them are files")))
        .collect()
}

/// The sorted names in a directory; empty if there is none.
pub(crate) fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(dir)
        .into_iter()
        .flatten()
        .map(|entry| entry.expect("readable").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// Leaves a partial output with `steps` steps, as a kill would.
pub(crate) fn killed_after(dir: &Path, existing: Existing, seed: u8, steps: usize) {
    let mut output = Output::begin(disk(), dir, existing, &[], &run(seed)).expect("begins");
    let one = output.create("model-1.bin", 2 * LAYERS as u64).expect("fits");
    let two = output.create("model-2.bin", LAYERS as u64).expect("fits");
    for layer in 0..steps {
        one.write_at(2 * layer as u64, &[seed, b'0' + layer as u8]).expect("fits");
        two.write_at(layer as u64, &[b'a' + layer as u8]).expect("fits");
        output.step(json!({"layer": layer})).expect("fits");
    }
}
