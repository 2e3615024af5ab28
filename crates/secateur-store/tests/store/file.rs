//! Outputs that are a file with others beside it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use secateur_store::{
    Disk, Existing, Failing, Files, Output, StoreError, read_manifest, verify_hashes,
};
use serde_json::json;

use crate::setup::{LAYERS, disk, names, run, temp, tree};

const SIDE: [&str; 4] = ["out.gguf", "out.report.html", "out.report.json", "out.secateur.json"];

fn job(
    files: Arc<dyn Files>,
    path: &Path,
    existing: Existing,
    seed: u8,
) -> Result<PathBuf, StoreError> {
    job_with(files, path, existing, seed, false, &[])
}

/// The same, perhaps with a second file of data beside the first.
fn job_with(
    files: Arc<dyn Files>,
    path: &Path,
    existing: Existing,
    seed: u8,
    data: bool,
    inputs: &[PathBuf],
) -> Result<PathBuf, StoreError> {
    let mut output = Output::begin_file(files, path, existing, inputs, &run(seed))?;
    let file = output.create("out.gguf", LAYERS as u64)?;
    if data {
        output.create("out.gguf.data", 2)?.write_at(0, &[seed, seed])?;
    }
    for layer in output.steps().len()..LAYERS {
        file.write_at(layer as u64, &[seed + layer as u8])?;
        output.step(json!({"layer": layer}))?;
    }
    let manifest = json!({"run": run(seed), "files": output.hashes()?});
    output.finish(&manifest, &[("report.json", b"{}"), ("report.html", b"<p>")])
}

#[test]
fn manifest_and_reports_lie_beside_the_file() {
    let there = temp();
    let path = there.path().join("out.gguf");
    assert_eq!(job(disk(), &path, Existing::Refuse, b'a').unwrap(), path);
    assert_eq!(names(there.path()), SIDE);
    assert_eq!(fs::read(&path).unwrap(), b"abc");
    let manifest = read_manifest(&path).unwrap().unwrap();
    assert_eq!(verify_hashes(&path, &manifest).unwrap(), []);
    fs::write(&path, b"abd").unwrap();
    assert_eq!(verify_hashes(&path, &manifest).unwrap().len(), 1);
}

#[test]
fn only_a_file_of_ours_is_replaced() {
    let there = temp();
    let path = there.path().join("out.gguf");
    job(disk(), &path, Existing::Refuse, b'a').unwrap();
    let again = job(disk(), &path, Existing::Refuse, b'b').unwrap_err();
    assert!(matches!(again, StoreError::Exists { .. }), "{again}");
    let complete = job(disk(), &path, Existing::Resume, b'a').unwrap_err();
    assert!(matches!(complete, StoreError::Complete { .. }), "{complete}");
    job(disk(), &path, Existing::Replace, b'b').unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"bcd");
    fs::remove_file(there.path().join("out.secateur.json")).unwrap();
    let foreign = job(disk(), &path, Existing::Replace, b'c').unwrap_err();
    assert!(matches!(foreign, StoreError::Foreign { .. }), "{foreign}");
    assert_eq!(fs::read(&path).unwrap(), b"bcd");
    for name in SIDE {
        let there = temp();
        fs::write(there.path().join(name), b"mine").unwrap();
        let path = there.path().join("out.gguf");
        for existing in [Existing::Refuse, Existing::Replace, Existing::Resume] {
            let error = job(disk(), &path, existing, b'a').unwrap_err();
            assert_eq!(error.exit(), 2, "{name}: {error}");
        }
        assert_eq!(names(there.path()), [name]);
    }
}

#[test]
fn an_input_beside_the_output_is_not_replaced() {
    let there = temp();
    let report = there.path().join("out.report.json");
    fs::write(&report, b"mine").unwrap();
    let path = there.path().join("out.gguf");
    let error = Output::begin_file(Arc::new(Disk), &path, Existing::Refuse, &[report], &run(1))
        .unwrap_err();
    assert!(matches!(error, StoreError::OutputIsInput { .. }), "{error}");
}

#[test]
fn a_second_file_lies_beside_the_first_and_goes_with_it() {
    let there = temp();
    let path = there.path().join("out.gguf");
    let data = there.path().join("out.gguf.data");
    job_with(disk(), &path, Existing::Refuse, b'a', true, &[]).unwrap();
    assert_eq!(fs::read(&data).unwrap(), b"aa");
    let manifest = read_manifest(&path).unwrap().unwrap();
    assert_eq!(verify_hashes(&path, &manifest).unwrap(), []);
    job_with(disk(), &path, Existing::Replace, b'b', true, &[]).unwrap();
    assert_eq!(fs::read(&data).unwrap(), b"bb");
    job(disk(), &path, Existing::Replace, b'c').unwrap();
    assert_eq!(names(there.path()), SIDE, "the new output has no such file");
}

#[test]
fn a_second_file_replaces_neither_an_input_nor_what_is_not_ours() {
    let there = temp();
    let path = there.path().join("out.gguf");
    let data = there.path().join("out.gguf.data");
    fs::write(&data, b"mine").unwrap();
    let inputs = [data.clone()];
    let error = job_with(disk(), &path, Existing::Refuse, b'a', true, &inputs).unwrap_err();
    assert!(matches!(error, StoreError::OutputIsInput { .. }), "{error}");
    let error = job_with(disk(), &path, Existing::Refuse, b'a', true, &[]).unwrap_err();
    assert!(matches!(error, StoreError::Exists { .. }), "{error}");
    job(disk(), &path, Existing::Refuse, b'a').unwrap();
    let error = job_with(disk(), &path, Existing::Replace, b'b', true, &[]).unwrap_err();
    assert!(matches!(error, StoreError::Foreign { .. }), "{error}");
    assert_eq!(fs::read(&data).unwrap(), b"mine");
    assert_eq!(fs::read(&path).unwrap(), b"abc");
    // A run that needs no such file leaves it alone.
    job(disk(), &path, Existing::Replace, b'b').unwrap();
    assert_eq!(fs::read(&data).unwrap(), b"mine");
}

/// Every operation fails, or is the last: a manifest never describes files of another run, and
/// the next run ends what was begun.
#[test]
fn any_operation_fails_or_is_the_last() {
    for (before, after) in [(false, false), (true, true), (true, false), (false, true)] {
        disturb(before, after);
    }
}

/// Disturbs runs that have, or replace an output that has, a second file of data.
fn disturb(before: bool, after: bool) {
    let job = |files, path: &Path, existing, seed| {
        let data = if seed == b'a' { before } else { after };
        job_with(files, path, existing, seed, data, &[])
    };
    let there = temp();
    job(disk(), &there.path().join("out.gguf"), Existing::Refuse, b'b').unwrap();
    let expected = tree(there.path());
    for (replace, killed) in [(false, false), (false, true), (true, false), (true, true)] {
        for n in 1.. {
            let there = temp();
            let path = there.path().join("out.gguf");
            if replace {
                job(disk(), &path, Existing::Refuse, b'a').unwrap();
            }
            let begin = if replace { Existing::Replace } else { Existing::Refuse };
            let files = Arc::new(if killed { Failing::killed_at(n) } else { Failing::nth(n) });
            let result = job(files.clone(), &path, begin, b'b');
            let case = format!("{before} {after} {replace} {killed}, operation {n}: {result:?}");
            if let Some(manifest) = read_manifest(&path).unwrap() {
                assert_eq!(verify_hashes(&path, &manifest).unwrap(), [], "{case}");
            }
            if !files.failed() {
                result.expect("an undisturbed run succeeds");
                assert!(n > 40, "only {n} operations were disturbed");
                break;
            }
            match job(disk(), &path, Existing::Resume, b'b') {
                Ok(_) => {}
                Err(StoreError::Complete { .. } | StoreError::Exists { .. }) => {
                    if fs::read(&path).unwrap() == b"abc" {
                        job(disk(), &path, begin, b'b').expect("starts again");
                    }
                }
                Err(error) => panic!("{case}: {error}"),
            }
            let now: Vec<_> = tree(there.path()).into_iter().collect();
            assert_eq!(now, expected.clone().into_iter().collect::<Vec<_>>(), "{case}");
        }
    }
}
