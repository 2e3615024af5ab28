//! Comparing an output with its manifest.

use std::fs;
use std::path::Path;

use secateur_store::{MANIFEST, Mismatch, StoreError, hash_file, read_manifest, verify_hashes};
use serde_json::json;

use crate::setup::{output, temp};

/// Changes an output and checks what is found.
fn check(change: impl Fn(&Path), expected: &[Mismatch]) {
    let there = temp();
    let dir = there.path().join("out");
    output(&dir, b'A');
    change(&dir);
    let manifest = read_manifest(&dir).unwrap().unwrap();
    assert_eq!(verify_hashes(&dir, &manifest).unwrap(), expected);
}

#[test]
fn every_kind_of_mismatch_is_found() {
    let name = "model-2.bin".to_owned();
    check(|_| {}, &[]);
    check(
        |dir| fs::remove_file(dir.join(&name)).unwrap(),
        &[Mismatch::Missing { name: name.clone() }],
    );
    check(
        |dir| fs::write(dir.join(&name), "abcd").unwrap(),
        &[Mismatch::Length { name: name.clone(), expected: 3, found: 4 }],
    );
    let hash = |bytes: &[u8]| blake3::hash(bytes).to_hex().to_string();
    check(
        |dir| fs::write(dir.join(&name), "abd").unwrap(),
        &[Mismatch::Hash { name: name.clone(), expected: hash(b"abc"), found: hash(b"abd") }],
    );
    check(|dir| fs::write(dir.join("report.json"), "other").unwrap(), &[]);
}

#[test]
fn extra_files_are_a_note() {
    let extra = Mismatch::Extra { name: "notes.txt".to_owned() };
    assert!(extra.is_note());
    check(|dir| fs::write(dir.join("notes.txt"), "").unwrap(), &[extra]);
    assert!(!Mismatch::Missing { name: String::new() }.is_note());
}

#[test]
fn manifests_are_data_and_never_paths() {
    let there = temp();
    for files in [
        json!([{"name": "../etc", "bytes": 0, "blake3": ""}]),
        json!([{"name": "/etc/passwd", "bytes": 0, "blake3": ""}]),
        json!([{"name": "a", "bytes": -1, "blake3": ""}]),
        json!({"a": 1}),
    ] {
        let error = verify_hashes(there.path(), &json!({"files": files})).unwrap_err();
        assert!(matches!(error, StoreError::ManifestCorrupt { .. }), "{error}");
        assert_eq!(error.exit(), 3);
    }
    assert!(verify_hashes(there.path(), &json!({})).is_err());
    assert!(read_manifest(there.path()).unwrap().is_none());
    fs::write(there.path().join(MANIFEST), "{\"files\": [").unwrap();
    assert!(matches!(read_manifest(there.path()), Err(StoreError::ManifestCorrupt { .. })));
}

#[test]
fn large_files_are_hashed_in_blocks() {
    let there = temp();
    let path = there.path().join("large");
    let bytes: Vec<u8> = (0..(5 << 19) + 7).map(|k: u32| (k % 251) as u8).collect();
    fs::write(&path, &bytes).unwrap();
    let hash = hash_file(&path).unwrap();
    assert_eq!((hash.name.as_str(), hash.bytes), ("large", bytes.len() as u64));
    assert_eq!(hash.blake3, blake3::hash(&bytes).to_hex().to_string());
    assert!(hash_file(&there.path().join("missing")).is_err());
}
