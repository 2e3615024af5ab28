//! What may be begun over what is there.

use std::fs;
use std::path::Path;

use secateur_store::{Existing, Output, StoreError};
use serde_json::json;

use crate::setup::{disk, job, killed_after, names, output, run, temp, tree};

fn begin(dir: &Path, existing: Existing, seed: u8) -> Result<Output, StoreError> {
    Output::begin(disk(), dir, existing, &[], &run(seed))
}

fn refused(dir: &Path, existing: Existing) -> StoreError {
    let error = begin(dir, existing, 0).expect_err("it must be refused");
    assert_eq!(error.exit(), 2, "{error}");
    error
}

#[test]
fn an_existing_output_is_refused() {
    let there = temp();
    let dir = there.path().join("out");
    let old = output(&dir, 0);
    let error = refused(&dir, Existing::Refuse);
    assert!(matches!(error, StoreError::Exists { .. }), "{error}");
    assert!(error.hint().expect("it has one").contains("--force"));
    assert_eq!(tree(&dir), old);
    assert_eq!(names(there.path()), ["out"]);
}

#[test]
fn an_empty_directory_is_taken() {
    let there = temp();
    let dir = there.path().join("out");
    fs::create_dir(&dir).unwrap();
    assert!(!output(&dir, 0).is_empty());
}

#[test]
fn a_file_is_never_replaced_by_a_directory() {
    let there = temp();
    let dir = there.path().join("out");
    fs::write(&dir, "text").unwrap();
    assert!(matches!(refused(&dir, Existing::Refuse), StoreError::Exists { .. }));
    assert!(matches!(refused(&dir, Existing::Replace), StoreError::Foreign { .. }));
    assert_eq!(fs::read(&dir).unwrap(), b"text");
}

#[test]
fn force_replaces_our_output_and_nothing_else() {
    let there = temp();
    let dir = there.path().join("out");
    output(&dir, b'A');
    let expected = output(&there.path().join("other"), b'B');
    job(disk(), &dir, Existing::Replace, b'B').unwrap();
    assert_eq!(tree(&dir), expected);
    assert_eq!(names(there.path()), ["other", "out"]);
}

/// Adds something to an output and checks that `--force` refuses it by name.
fn check_foreign(name: &str, add: impl Fn(&Path)) {
    let there = temp();
    let dir = there.path().join("out");
    output(&dir, 0);
    add(&dir.join(name));
    let before = names(&dir);
    match refused(&dir, Existing::Replace) {
        StoreError::Foreign { files, .. } => assert_eq!(files, [name]),
        error => panic!("{error}"),
    }
    assert_eq!(names(&dir), before);
}

#[test]
fn force_refuses_foreign_files() {
    check_foreign("notes.txt", |path| fs::write(path, "mine").unwrap());
    check_foreign(".git", |path| fs::create_dir(path).unwrap());
    #[cfg(unix)]
    check_foreign("model-1.bin", |path| {
        fs::remove_file(path).unwrap();
        std::os::unix::fs::symlink("model-2.bin", path).unwrap();
    });
}

#[test]
fn force_refuses_a_directory_without_a_manifest() {
    let there = temp();
    let dir = there.path().join("out");
    fs::create_dir(&dir).unwrap();
    fs::write(dir.join("model.bin"), "mine").unwrap();
    assert!(matches!(refused(&dir, Existing::Replace), StoreError::Foreign { .. }));
    for manifest in ["{", "{}", "{\"files\": 3}", "{\"files\": [{\"name\": \"../x\"}]}"] {
        fs::write(dir.join("secateur.json"), manifest).unwrap();
        assert!(matches!(refused(&dir, Existing::Replace), StoreError::Foreign { .. }));
    }
    assert_eq!(fs::read(dir.join("model.bin")).unwrap(), b"mine");
}

#[test]
fn a_foreign_file_that_comes_during_the_run_is_not_lost() {
    let there = temp();
    let dir = there.path().join("out");
    let mut old = output(&dir, b'A');
    let mut running = begin(&dir, Existing::Replace, b'B').unwrap();
    running.step(json!(1)).unwrap();
    fs::write(dir.join("notes.txt"), "mine").unwrap();
    let error = running.finish(&json!({"files": []}), &[]).unwrap_err();
    assert!(matches!(error, StoreError::Foreign { .. }), "{error}");
    old.insert("notes.txt".to_owned(), b"mine".to_vec());
    assert_eq!(tree(&dir), old);
}

#[test]
fn a_leftover_is_described_and_kept() {
    let there = temp();
    let dir = there.path().join("out");
    killed_after(&dir, Existing::Refuse, 0, 2);
    let before = tree(&there.path().join(".out.partial"));
    match refused(&dir, Existing::Refuse) {
        error @ StoreError::Leftover { steps: 2, .. } => {
            let hint = error.hint().unwrap();
            assert!(hint.contains("--resume") && hint.contains("--force"), "{hint}");
            assert!(error.to_string().contains("2 steps done"), "{error}");
        }
        error => panic!("{error}"),
    }
    assert_eq!(tree(&there.path().join(".out.partial")), before);
}

#[test]
fn force_discards_a_leftover_even_with_a_damaged_journal() {
    let there = temp();
    let dir = there.path().join("out");
    let expected = output(&there.path().join("expected"), b'B');
    killed_after(&dir, Existing::Refuse, b'A', 2);
    fs::write(there.path().join(".out.partial/journal.jsonl"), "nonsense\nnonsense\n").unwrap();
    for existing in [Existing::Refuse, Existing::Resume] {
        let error = begin(&dir, existing, b'A').unwrap_err();
        assert!(matches!(error, StoreError::JournalCorrupt { line: 1, .. }), "{error}");
    }
    job(disk(), &dir, Existing::Replace, b'B').unwrap();
    assert_eq!(tree(&dir), expected);
}

/// The same damage, found when the finished output was about to be moved into place.
#[test]
fn force_discards_a_finished_leftover_with_a_damaged_journal() {
    let there = temp();
    let dir = there.path().join("out");
    let old = output(&dir, b'A');
    let expected = output(&there.path().join("expected"), b'B');
    killed_after(&dir, Existing::Replace, b'B', 3);
    let path = |name: &str| there.path().join(name);
    fs::write(path(".out.partial/secateur.json"), &expected["secateur.json"]).unwrap();
    fs::remove_file(path(".out.partial/journal.jsonl")).unwrap();
    fs::write(path(".out.journal"), "nonsense\nnonsense\n").unwrap();
    for existing in [Existing::Refuse, Existing::Resume] {
        let error = begin(&dir, existing, b'B').unwrap_err();
        assert!(matches!(error, StoreError::JournalCorrupt { line: 1, .. }), "{error}");
        assert_eq!(tree(&dir), old);
    }
    job(disk(), &dir, Existing::Replace, b'B').unwrap();
    assert_eq!(tree(&dir), expected);
    assert_eq!(names(there.path()), ["expected", "out"]);
}

#[test]
fn resume_begins_anew_where_nothing_is() {
    let there = temp();
    let dir = there.path().join("out");
    let expected = output(&there.path().join("expected"), 0);
    job(disk(), &dir, Existing::Resume, 0).unwrap();
    assert_eq!(tree(&dir), expected);
    assert!(matches!(refused(&dir, Existing::Resume), StoreError::Complete { .. }));
}

#[test]
fn a_forced_run_is_resumed_as_a_forced_run() {
    let there = temp();
    let dir = there.path().join("out");
    let old = output(&dir, b'A');
    let expected = output(&there.path().join("expected"), b'B');
    killed_after(&dir, Existing::Replace, b'B', 1);
    assert_eq!(tree(&dir), old);
    job(disk(), &dir, Existing::Resume, b'B').unwrap();
    assert_eq!(tree(&dir), expected);
}

#[test]
fn a_plain_run_is_not_resumed_over_an_output_that_came_meanwhile() {
    let there = temp();
    let dir = there.path().join("out");
    killed_after(&dir, Existing::Refuse, b'B', 1);
    fs::create_dir(&dir).unwrap();
    fs::write(dir.join("notes.txt"), "mine").unwrap();
    let error = begin(&dir, Existing::Resume, b'B').unwrap_err();
    assert!(matches!(error, StoreError::Exists { .. }), "{error}");
    assert_eq!(names(&dir), ["notes.txt"]);
    assert!(there.path().join(".out.partial/model-1.bin").exists());
}

#[test]
fn foreign_things_at_the_hidden_places_are_kept() {
    for (hidden, inside) in
        [(".out.partial", "mine"), (".out.partial/sub", "mine"), (".out.old", "mine")]
    {
        let there = temp();
        let dir = there.path().join("out");
        fs::create_dir_all(there.path().join(hidden)).unwrap();
        fs::write(there.path().join(hidden).join(inside), "mine").unwrap();
        for existing in [Existing::Refuse, Existing::Replace, Existing::Resume] {
            let error = refused(&dir, existing);
            assert!(matches!(error, StoreError::Foreign { .. }), "{hidden}: {error}");
        }
        assert_eq!(fs::read(there.path().join(hidden).join(inside)).unwrap(), b"mine");
    }
    let there = temp();
    fs::write(there.path().join(".out.journal"), "mine").unwrap();
    let error = refused(&there.path().join("out"), Existing::Replace);
    assert!(matches!(error, StoreError::Foreign { .. }), "{error}");
}

#[test]
fn the_parent_must_be_a_directory() {
    let there = temp();
    fs::write(there.path().join("file"), "").unwrap();
    for parent in ["missing", "missing/more", "file"] {
        let dir = there.path().join(parent).join("out");
        let error = begin(&dir, Existing::Refuse, 0).unwrap_err();
        assert!(matches!(error, StoreError::NoParent { .. }), "{error}");
        assert_eq!(error.exit(), 5);
        assert!(error.hint().unwrap().starts_with("mkdir -p "));
    }
    let long = there.path().join("x".repeat(250));
    assert_eq!(begin(&long, Existing::Refuse, 0).unwrap_err().exit(), 5);
    assert_eq!(begin(Path::new("/"), Existing::Refuse, 0).unwrap_err().exit(), 2);
}

#[cfg(unix)]
#[test]
fn a_link_to_a_directory_stands_for_it() {
    let there = temp();
    let (real, link) = (there.path().join("real"), there.path().join("link"));
    fs::create_dir(&real).unwrap();
    std::os::unix::fs::symlink("real", &link).unwrap();
    job(disk(), &link, Existing::Refuse, 0).unwrap();
    assert!(real.join("secateur.json").exists() && link.is_symlink());
    let lost = there.path().join("lost");
    std::os::unix::fs::symlink("nowhere", &lost).unwrap();
    assert!(matches!(refused(&lost, Existing::Refuse), StoreError::Exists { .. }));
}

#[cfg(target_os = "linux")]
#[test]
fn a_mount_point_is_refused_before_the_work() {
    // Every Linux has this one, and nothing is written to it.
    let error = begin(Path::new("/proc"), Existing::Replace, 0).unwrap_err();
    assert!(matches!(error, StoreError::MountPoint { .. }), "{error}");
    assert_eq!(error.exit(), 5);
}
