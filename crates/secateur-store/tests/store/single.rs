//! Outputs that are single files.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use secateur_store::{Existing, Failing, Files, StoreError, check_file, write_atomic, write_set};

use crate::setup::{disk, names, temp};

/// A file is old or new after a fault at any operation, and a second try succeeds.
fn check(files: impl Fn(u64) -> Failing) {
    for n in 1.. {
        let there = temp();
        let path = there.path().join("out.onnx");
        fs::write(&path, "old").unwrap();
        let failing = Arc::new(files(n));
        let result = write_atomic(&(failing.clone() as Arc<dyn Files>), &path, b"new bytes");
        let now = fs::read(&path).unwrap();
        assert!(now == b"old" || now == b"new bytes", "operation {n}: {now:?}");
        if let Err(error) = &result {
            assert_eq!(error.exit(), 5, "{error}");
        }
        write_atomic(&disk(), &path, b"new bytes").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new bytes");
        assert_eq!(names(there.path()), ["out.onnx"], "operation {n}");
        if !failing.failed() {
            result.unwrap();
            assert!(n > 8);
            return;
        }
    }
}

#[test]
fn a_file_is_old_or_new() {
    check(Failing::nth);
    check(Failing::killed_at);
}

/// A manifest that is there describes the files that are there.
#[test]
fn a_set_is_described_by_its_last_file_or_by_none() {
    for n in 1.. {
        let there = temp();
        let paths: Vec<PathBuf> = ["out.onnx", "out.report.json", "out.secateur.json"]
            .map(|name| there.path().join(name))
            .into();
        let set = |bytes: &'static [u8]| -> Vec<(&Path, &[u8])> {
            paths.iter().map(|path| (path.as_path(), bytes)).collect()
        };
        write_set(&disk(), &set(b"old")).unwrap();
        let failing = Arc::new(Failing::killed_at(n));
        let result = write_set(&(failing.clone() as Arc<dyn Files>), &set(b"new"));
        if let Ok(manifest) = fs::read(&paths[2]) {
            for path in &paths {
                assert_eq!(fs::read(path).unwrap(), manifest, "operation {n}");
            }
        }
        write_set(&disk(), &set(b"new")).unwrap();
        assert_eq!(names(there.path()).len(), 3);
        if !failing.failed() {
            return result.unwrap();
        }
    }
}

#[test]
fn what_is_there_is_refused_or_replaced() {
    let there = temp();
    let (file, dir) = (there.path().join("file"), there.path().join("dir"));
    fs::write(&file, "").unwrap();
    fs::create_dir(&dir).unwrap();
    let check = |path: &Path, existing| check_file(&disk(), path, existing, &[]);
    assert!(matches!(check(&file, Existing::Refuse), Err(StoreError::Exists { .. })));
    check(&file, Existing::Replace).unwrap();
    assert!(matches!(check(&dir, Existing::Replace), Err(StoreError::Foreign { .. })));
    let missing = there.path().join("missing/file");
    assert!(matches!(check(&missing, Existing::Refuse), Err(StoreError::NoParent { .. })));
    assert_eq!(names(there.path()), ["dir", "file"]);
}
