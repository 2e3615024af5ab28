//! Every operation fails once, or is the last before a kill.

use std::path::Path;
use std::sync::Arc;

use secateur_store::{CODES, Existing, Failing, Fault, StoreError};

use crate::setup::{Tree, disk, job, killed_after, names, output, temp, tree};

/// How a run is disturbed.
#[derive(Debug, Clone, Copy)]
struct Disturbed {
    /// Whether an older output is replaced.
    replace: bool,
    /// Whether all operations after the first failed one fail too.
    killed: bool,
    /// Whether the file system can exchange two directories.
    exchanges: bool,
    fault: Fault,
}

impl Disturbed {
    fn files(self, n: u64) -> Arc<Failing> {
        let files = if self.killed { Failing::killed_at(n) } else { Failing::nth(n) };
        let files = files.with(self.fault);
        Arc::new(if self.exchanges { files } else { files.without_exchange() })
    }

    fn existing(self) -> Existing {
        if self.replace { Existing::Replace } else { Existing::Refuse }
    }
}

const OLD: u8 = b'A';
const NEW: u8 = b'B';

/// Disturbs a run at every operation, and each time looks at what is there, resumes it and
/// looks again.
fn check(how: Disturbed) {
    let there = temp();
    let expected = output(&there.path().join("expected"), NEW);
    for n in 1.. {
        let place = temp();
        let dir = place.path().join("out");
        let old = if how.replace { output(&dir, OLD) } else { Tree::new() };
        let files = how.files(n);
        let result = job(files.clone(), &dir, how.existing(), NEW);
        let case = format!("{how:?}, operation {n}: {:?}", files.operations().last());
        if !files.failed() {
            result.expect("an undisturbed run succeeds");
            assert_eq!(tree(&dir), expected, "{case}");
            assert!(n > 50, "only {n} operations were disturbed");
            return;
        }
        check_error(how, &dir, &expected, result.err(), &case);
        check_after(how, &dir, &old, &expected, &case);
        check_resumed(how, &dir, &old, &expected, &case);
    }
}

fn check_error(how: Disturbed, dir: &Path, new: &Tree, error: Option<StoreError>, case: &str) {
    // Not every failure matters: a lock file that cannot be removed locks nothing.
    let Some(error) = error else { return };
    assert!(CODES.iter().any(|(code, _)| *code == error.code()), "{case}");
    let expected = if matches!(error, StoreError::Untidy { .. }) { 1 } else { 5 };
    assert_eq!(error.exit(), expected, "{case}: {error}");
    match error {
        StoreError::NoSpace { kept, .. } => {
            let is_kept = dir.with_file_name(".out.partial").exists() && tree(dir) != *new;
            assert_eq!(is_kept, kept, "{case}");
        }
        StoreError::Untidy { .. } => {}
        error => assert_ne!(how.fault, Fault::NoSpace, "{case}: {error}"),
    }
}

/// The output is the old one or the new one.
fn check_after(how: Disturbed, dir: &Path, old: &Tree, expected: &Tree, case: &str) {
    let now = tree(dir);
    // Where directories cannot be exchanged, a kill may come between two renames.
    let is_aside = how.killed && !how.exchanges && now.is_empty();
    if is_aside {
        assert_eq!(&tree(&dir.with_file_name(".out.old")), old, "{case}");
    } else {
        assert!(now == *old || now == *expected, "{case}: a mix of {:?}", now.keys());
    }
}

/// A resumed run gives the same bytes and leaves nothing beside them.
fn check_resumed(how: Disturbed, dir: &Path, old: &Tree, expected: &Tree, case: &str) {
    match job(disk(), dir, Existing::Resume, NEW) {
        Ok(_) => {}
        Err(StoreError::Complete { .. }) if tree(dir) == *expected => {}
        // Nothing was left of the new run: it did not get as far as the first line of its
        // journal, or it was thrown away since it had no step.
        Err(StoreError::Complete { .. } | StoreError::Exists { .. }) if tree(dir) == *old => {
            job(disk(), dir, how.existing(), NEW).expect("starts again");
        }
        Err(error) => panic!("{case}: {error}"),
    }
    assert_eq!(tree(dir), *expected, "{case}");
    let parent = dir.parent().expect("it has one");
    assert_eq!(names(parent), ["out"], "{case}");
}

const FAILING: Disturbed =
    Disturbed { replace: false, killed: false, exchanges: true, fault: Fault::Device };

#[test]
fn any_operation_fails() {
    check(FAILING);
}

#[test]
fn any_operation_fails_while_replacing() {
    check(Disturbed { replace: true, ..FAILING });
    check(Disturbed { replace: true, exchanges: false, ..FAILING });
}

#[test]
fn the_disk_is_full_at_any_operation() {
    check(Disturbed { fault: Fault::NoSpace, ..FAILING });
    check(Disturbed { replace: true, fault: Fault::NoSpace, ..FAILING });
}

#[test]
fn killed_at_any_operation() {
    check(Disturbed { killed: true, ..FAILING });
}

#[test]
fn killed_at_any_operation_while_replacing() {
    check(Disturbed { replace: true, killed: true, ..FAILING });
    check(Disturbed { replace: true, killed: true, exchanges: false, ..FAILING });
}

/// Discarding the work of an earlier run is interrupted.
#[test]
fn killed_while_a_leftover_is_discarded() {
    let there = temp();
    let expected = output(&there.path().join("expected"), NEW);
    for n in 1.. {
        let place = temp();
        let dir = place.path().join("out");
        killed_after(&dir, Existing::Refuse, OLD, 2);
        let files = Arc::new(Failing::killed_at(n));
        let result = job(files.clone(), &dir, Existing::Replace, NEW);
        if !files.failed() {
            return drop(result.expect("an undisturbed run succeeds"));
        }
        job(disk(), &dir, Existing::Replace, NEW).expect("what is left is recognized");
        assert_eq!(tree(&dir), expected, "operation {n}");
        assert_eq!(names(place.path()), ["out"], "operation {n}");
    }
}

/// A run is killed, its resumption is killed, and so on, each a few operations later.
#[test]
fn killed_again_and_again() {
    let there = temp();
    let expected = output(&there.path().join("expected"), NEW);
    for replace in [false, true] {
        for exchanges in [false, true] {
            for stride in [1, 3, 7, 11, 19] {
                let place = temp();
                let dir = place.path().join("out");
                let how = Disturbed { replace, killed: true, exchanges, fault: Fault::Device };
                let old = if replace { output(&dir, OLD) } else { Tree::new() };
                resume_until_done(how, &dir, stride, &old, &expected);
                assert_eq!(tree(&dir), expected, "{how:?}, stride {stride}");
            }
        }
    }
}

fn resume_until_done(how: Disturbed, dir: &Path, stride: u64, old: &Tree, expected: &Tree) {
    for k in 1..1000 {
        let case = format!("{how:?}, stride {stride}, run {k}");
        let has_partial = dir.with_file_name(".out.partial").join("journal.jsonl").exists()
            || dir.with_file_name(".out.journal").exists();
        let existing = if has_partial { Existing::Resume } else { how.existing() };
        let result = job(how.files(k * stride), dir, existing, NEW);
        match result {
            Ok(_) | Err(StoreError::Complete { .. } | StoreError::Exists { .. })
                if tree(dir) == *expected =>
            {
                return;
            }
            // The first line of the journal was cut off: there is nothing to resume.
            Err(StoreError::Leftover { steps: 0, .. } | StoreError::Exists { .. }) => {
                job(how.files(0), dir, Existing::Replace, NEW).expect("nothing is in the way");
            }
            _ => check_after(how, dir, old, expected, &case),
        }
    }
    panic!("{how:?}, stride {stride}: never done");
}
