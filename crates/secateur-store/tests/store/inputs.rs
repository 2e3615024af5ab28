//! An output must not touch an input.

use std::fs;
use std::path::{Path, PathBuf};

use secateur_store::{Existing, Output, StoreError, check_file};

use crate::setup::{disk, run, temp};

fn check(output: &Path, input: &Path, refused: bool) {
    let inputs = [PathBuf::from("/no such input"), input.to_path_buf()];
    for existing in [Existing::Refuse, Existing::Replace, Existing::Resume] {
        let result = Output::begin(disk(), output, existing, &inputs, &run(0));
        match result.map(drop) {
            Err(error @ StoreError::OutputIsInput { .. }) if refused => {
                assert_eq!(error.exit(), 2);
            }
            Ok(()) | Err(StoreError::Exists { .. } | StoreError::Foreign { .. }) if !refused => {}
            result => panic!("{} from {}: {result:?}", output.display(), input.display()),
        }
    }
}

#[test]
fn equal_nested_and_linked_paths_are_refused() {
    let there = temp();
    let path = |name: &str| there.path().join(name);
    fs::create_dir_all(path("model/sub")).unwrap();
    fs::write(path("model/weights"), "w").unwrap();
    fs::write(path("file"), "f").unwrap();
    check(&path("model"), &path("model"), true);
    check(&path("model/out"), &path("model"), true);
    check(&path("model/sub/out"), &path("model"), true);
    check(&path("model"), &path("model/weights"), true);
    check(&path("model"), &path("model/sub"), true);
    check(&path("file"), &path("file"), true);
    check(&path("model/../file"), &path("file"), true);
    check(&path("out"), &path("model"), false);
    check(&path("out"), &path("file"), false);
    check(&path("model2"), &path("model"), false);
}

#[cfg(unix)]
#[test]
fn links_are_seen_through() {
    use std::os::unix::fs::symlink;
    let there = temp();
    let path = |name: &str| there.path().join(name);
    fs::create_dir(path("model")).unwrap();
    fs::write(path("model/weights"), "w").unwrap();
    symlink("model", path("link")).unwrap();
    check(&path("link"), &path("model"), true);
    check(&path("model"), &path("link"), true);
    check(&path("link/out"), &path("model"), true);
    // The input's file lies in the output by way of a link.
    fs::create_dir(path("snapshot")).unwrap();
    symlink("../model/weights", path("snapshot/weights")).unwrap();
    check(&path("model"), &path("snapshot"), true);
    check(&path("model"), &path("snapshot/weights"), true);
    // The same file under two names.
    fs::create_dir(path("copy")).unwrap();
    fs::hard_link(path("model/weights"), path("copy/weights")).unwrap();
    check(&path("copy"), &path("model"), true);
    check(&path("copy"), &path("model/weights"), true);
}

#[test]
fn the_partial_output_is_no_input() {
    let there = temp();
    let partial = there.path().join(".out.partial");
    fs::create_dir(&partial).unwrap();
    check(&there.path().join("out"), &partial, true);
}

#[test]
fn single_files_are_checked_too() {
    let there = temp();
    let file = there.path().join("net.onnx");
    fs::write(&file, "net").unwrap();
    let inputs = [file.clone()];
    let error = check_file(&disk(), &file, Existing::Replace, &inputs).unwrap_err();
    assert!(matches!(error, StoreError::OutputIsInput { .. }), "{error}");
    let linked = there.path().join("linked.onnx");
    fs::hard_link(&file, &linked).unwrap();
    let error = check_file(&disk(), &linked, Existing::Replace, &inputs).unwrap_err();
    assert!(matches!(error, StoreError::OutputIsInput { .. }), "{error}");
    check_file(&disk(), &there.path().join("out.onnx"), Existing::Refuse, &inputs).unwrap();
}
