//! Writing an output.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use secateur_store::{
    CODES, Disk, Existing, Failing, Fault, FileHash, Files, MANIFEST, Open, Output, StoreError,
    read_manifest, verify_hashes,
};
use serde_json::json;

use crate::setup::{disk, killed_after, names, output, run, temp, tree};

fn begin(dir: &Path) -> Output {
    Output::begin(disk(), dir, Existing::Refuse, &[], &run(0)).expect("nothing is in the way")
}

#[test]
fn a_finished_output_holds_what_was_written_and_nothing_else() {
    let there = temp();
    let dir = there.path().join("out");
    let tree = output(&dir, b'A');
    let expected =
        ["config.json", "model-1.bin", "model-2.bin", "report.html", "report.json", MANIFEST];
    assert_eq!(tree.keys().collect::<Vec<_>>(), expected);
    assert_eq!(tree["model-1.bin"], b"A0A1A2");
    let manifest = read_manifest(&dir).unwrap().unwrap();
    assert_eq!(verify_hashes(&dir, &manifest).unwrap(), []);
    assert!(tree[MANIFEST].ends_with(b"}\n"));
    assert_eq!(names(there.path()), ["out"]);
}

#[test]
fn hashes_are_sorted_and_leave_out_measurements_and_the_journal() {
    let there = temp();
    let output = begin(&there.path().join("out"));
    output.write("b", b"abc").unwrap();
    output.create("a", 0).unwrap();
    let hashes = output.hashes().unwrap();
    // The published BLAKE3 hashes of "" and "abc".
    let file = |name: &str, bytes, blake3: &str| FileHash {
        name: name.to_owned(),
        bytes,
        blake3: blake3.to_owned(),
    };
    let expected = [
        file("a", 0, "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"),
        file("b", 3, "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85"),
    ];
    assert_eq!(hashes, expected);
}

#[test]
fn bad_names_are_refused_everywhere() {
    let there = temp();
    let output = begin(&there.path().join("out"));
    for name in ["", ".", "..", "a/b", "/a", "a\\b", "a\0", ".a", "a..b", "journal.jsonl", MANIFEST]
    {
        for error in [output.create(name, 1).map(drop), output.write(name, b"x")] {
            let error = error.expect_err(name);
            assert!(matches!(error, StoreError::BadName { .. }), "{name:?}: {error}");
        }
    }
    let error = output.finish(&json!({"files": []}), &[("../x", b"")]).unwrap_err();
    assert!(matches!(error, StoreError::BadName { .. }), "{error}");
}

#[test]
fn a_name_is_used_once() {
    let there = temp();
    let output = begin(&there.path().join("out"));
    let file = output.create("a", 3).unwrap();
    file.write_at(0, b"abc").unwrap();
    assert!(matches!(output.create("a", 3), Err(StoreError::BadName { .. })));
    assert!(matches!(output.write("a", b"x"), Err(StoreError::BadName { .. })));
    assert_eq!(fs::read(file.path()).unwrap(), b"abc");
    output.write("b", b"1").unwrap();
    output.write("b", b"2").unwrap();
    assert_eq!(fs::read(output.partial().join("b")).unwrap(), b"2");
}

#[test]
fn bytes_beyond_the_end_are_refused() {
    let there = temp();
    let output = begin(&there.path().join("out"));
    let file = output.create("a", 4).unwrap();
    file.write_at(2, b"xy").unwrap();
    file.write_at(4, b"").unwrap();
    let mut bytes = [1; 4];
    file.read_at(0, &mut bytes).unwrap();
    assert_eq!(&bytes, b"\0\0xy");
    for (offset, len) in [(3, 2), (5, 0), (0, 5), (u64::MAX, 2)] {
        let error = file.write_at(offset, &vec![0; len]).unwrap_err();
        assert!(matches!(error, StoreError::OutOfBounds { .. }), "{error}");
        assert!(file.read_at(offset, &mut vec![0; len]).is_err());
    }
    assert_eq!(file.len(), 4);
}

#[test]
fn threads_write_at_the_same_time() {
    let there = temp();
    let mut output = begin(&there.path().join("out"));
    let file = output.create("a", 4000).unwrap();
    std::thread::scope(|scope| {
        for k in 0..4_u8 {
            let file = &file;
            scope.spawn(move || {
                for at in 0..1000 {
                    file.write_at(u64::from(k) * 1000 + at, &[k]).expect("it fits");
                }
            });
        }
    });
    output.step(json!(0)).unwrap();
    let bytes = fs::read(file.path()).unwrap();
    assert!((0..4000).all(|at| bytes[at] == (at / 1000) as u8));
}

#[test]
fn a_resumed_file_keeps_its_bytes_or_is_refused() {
    let there = temp();
    let dir = there.path().join("out");
    killed_after(&dir, Existing::Refuse, b'A', 2);
    let resume = || Output::begin(disk(), &dir, Existing::Resume, &[], &run(b'A')).unwrap();
    let output = resume();
    let file = output.create("model-1.bin", 6).unwrap();
    assert_eq!(fs::read(file.path()).unwrap(), b"A0A1\0\0");
    drop(output);
    let error = resume().create("model-1.bin", 7).unwrap_err();
    assert!(matches!(error, StoreError::OtherLength { expected: 7, found: 6, .. }), "{error}");
    assert_eq!(error.exit(), 3);
}

#[test]
fn a_resumed_run_writes_its_last_files_anew() {
    let there = temp();
    let dir = there.path().join("out");
    killed_after(&dir, Existing::Refuse, b'A', 2);
    let partial = there.path().join(".out.partial");
    for name in [".model-3.bin.tmp", "report.html", MANIFEST] {
        fs::write(partial.join(name), "of a killed run").unwrap();
    }
    let output = Output::begin(disk(), &dir, Existing::Resume, &[], &run(b'A')).unwrap();
    let manifest = json!({"files": output.hashes().unwrap()});
    output.finish(&manifest, &[]).unwrap();
    assert_eq!(names(&dir), ["model-1.bin", "model-2.bin", MANIFEST]);
}

#[test]
fn a_dropped_output_is_kept_only_for_its_steps() {
    let there = temp();
    let dir = there.path().join("out");
    let output = begin(&dir);
    output.create("a", 3).unwrap();
    drop(output);
    assert!(names(there.path()).is_empty());
    let mut output = begin(&dir);
    output.step(json!(0)).unwrap();
    drop(output);
    assert_eq!(names(there.path()), [".out.partial"]);
    let output = Output::begin(disk(), &dir, Existing::Resume, &[], &run(0)).unwrap();
    output.abandon().unwrap();
    assert!(names(there.path()).is_empty());
}

#[test]
fn the_manifest_must_list_the_files() {
    let there = temp();
    let dir = there.path().join("out");
    let mut output = begin(&dir);
    output.step(json!(0)).unwrap();
    output.write("a", b"abc").unwrap();
    let manifest = json!({"files": [{"name": "b", "bytes": 1, "blake3": ""}]});
    let error = output.finish(&manifest, &[]).unwrap_err();
    let StoreError::ManifestFiles { files, .. } = &error else { panic!("{error}") };
    assert_eq!(files, &["a is not listed", "b does not exist"]);
    assert!(!dir.exists());
    let output = Output::begin(disk(), &dir, Existing::Resume, &[], &run(0)).unwrap();
    let error = output.finish(&json!({}), &[]).unwrap_err();
    assert!(matches!(error, StoreError::ManifestCorrupt { .. }), "{error}");
}

#[test]
fn a_file_that_cannot_fit_fails_before_it_is_written() {
    let there = temp();
    let output = begin(&there.path().join("out"));
    let needed = 1 << 60;
    let error = output.create("big", needed).unwrap_err();
    match error {
        StoreError::NoSpace { needed: said, free: Some(free), kept: false, .. } => {
            assert_eq!(said, needed);
            assert!(free > 0 && free < needed);
        }
        error => panic!("{error}"),
    }
    assert_eq!(names(output.partial()), ["journal.jsonl"]);
}

/// Runs a write that fails with `fault`, and gives the error and the output.
fn failed_write(dir: &Path, fault: Fault, steps: usize) -> (StoreError, Output) {
    let script = |files: Arc<dyn Files>| {
        let mut output = Output::begin(files, dir, Existing::Refuse, &[], &run(0)).expect("begins");
        let file = output.create("a", 8).expect("fits");
        for k in 0..steps {
            output.step(json!(k)).expect("fits");
        }
        (file.write_at(0, b"12345678"), output)
    };
    // The number of the write is that of an undisturbed run.
    let counted = Arc::new(Failing::nth(0));
    let (done, output) = script(counted.clone());
    done.expect("nothing fails");
    let n = counted.operations().len() as u64;
    output.abandon().expect("nothing fails");
    let (done, output) = script(Arc::new(Failing::nth(n).with(fault)));
    (done.expect_err("the write fails"), output)
}

#[test]
fn faults_are_named() {
    for (fault, code) in [
        (Fault::NoSpace, "SEC-ST-014"),
        (Fault::Quota, "SEC-ST-014"),
        (Fault::Denied, "SEC-ST-015"),
        (Fault::ReadOnly, "SEC-ST-015"),
        (Fault::Device, "SEC-ST-021"),
    ] {
        let there = temp();
        let (error, _) = failed_write(&there.path().join("out"), fault, 0);
        assert_eq!((error.code(), error.exit()), (code, 5), "{error}");
        assert!(error.place().is_some());
    }
}

#[test]
fn a_full_disk_keeps_only_what_can_be_resumed() {
    for steps in [0, 1] {
        let there = temp();
        let (error, output) = failed_write(&there.path().join("out"), Fault::NoSpace, steps);
        let StoreError::NoSpace { needed, free, kept, .. } = error else { panic!("{error}") };
        assert_eq!((needed, free.is_some(), kept), (8, true, steps > 0));
        assert_eq!(error.hint().unwrap().contains("--resume"), kept);
        drop(output);
        assert_eq!(there.path().join(".out.partial").exists(), kept);
    }
}

#[test]
fn nothing_is_done_after_a_failed_write() {
    let there = temp();
    let dir = there.path().join("out");
    let (_, mut output) = failed_write(&dir, Fault::Device, 1);
    assert!(matches!(output.step(json!(9)), Err(StoreError::Spoiled { .. })));
    assert!(matches!(output.create("b", 1), Err(StoreError::Spoiled { .. })));
    assert!(matches!(output.write("b", b""), Err(StoreError::Spoiled { .. })));
    assert!(matches!(output.finish(&json!({}), &[]), Err(StoreError::Spoiled { .. })));
    let output = Output::begin(disk(), &dir, Existing::Resume, &[], &run(0)).unwrap();
    assert_eq!(output.steps(), [json!(0)]);
}

#[test]
fn a_failed_fsync_is_final() {
    let there = temp();
    let dir = there.path().join("out");
    let script = |files: Arc<dyn Files>| {
        let output = Output::begin(files, &dir, Existing::Refuse, &[], &run(0)).expect("begins");
        let file = output.create("a", 8).expect("fits");
        file.write_at(0, b"12345678").expect("fits");
        (file.sync(), file, output)
    };
    let counted = Arc::new(Failing::nth(0));
    let (done, file, output) = script(counted.clone());
    done.unwrap();
    let n = counted.operations().len() as u64;
    drop((file, output));
    let (done, file, mut output) = script(Arc::new(Failing::nth(n)));
    let error = done.unwrap_err();
    assert!(matches!(error, StoreError::NotSynced { .. }), "{error}");
    // A second fsync would succeed and lie.
    file.sync().unwrap_err();
    output.step(json!(0)).unwrap_err();
}

#[test]
fn codes_are_sorted_and_explained() {
    assert!(CODES.is_sorted_by(|a, b| a.0 < b.0));
    assert!(CODES.iter().all(|(code, text)| code.starts_with("SEC-ST-") && text.len() > 100));
}

#[test]
fn the_disk_does_not_follow_links_when_it_writes() {
    let there = temp();
    let (target, link) = (there.path().join("target"), there.path().join("link"));
    fs::write(&target, "mine").unwrap();
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(&target, &link).unwrap();
        for how in [Open::Edit, Open::New, Open::EditOrNew] {
            Disk.open(&link, how).unwrap_err();
        }
    }
    assert_eq!(tree(there.path())["target"], b"mine");
}
