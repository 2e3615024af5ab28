//! What needs a process of its own: locks, a killed holder, an odd umask.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use secateur_store::{Existing, Output, StoreError};
use serde_json::json;

use crate::setup::{disk, job, names, run, temp};

/// Tells a child of these tests where to work.
const PLACE: &str = "STORE_TEST_PLACE";

fn place() -> Option<PathBuf> {
    std::env::var_os(PLACE).map(PathBuf::from)
}

/// Runs one of the tests below as a child, by way of a shell line that ends in `"$0" "$@"`.
fn child(shell: &str, test: &str, place: &Path) -> Child {
    Command::new("sh")
        .args(["-c", shell])
        .arg(std::env::current_exe().expect("tests have a path"))
        .args(["--exact", test, "--ignored", "--nocapture"])
        .env(PLACE, place)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("there is a shell")
}

#[test]
#[ignore = "the child of a_second_run_is_told_who_is_first"]
fn holds_the_lock() {
    let Some(place) = place() else { return };
    let mut output = Output::begin(disk(), &place, Existing::Refuse, &[], &run(0)).unwrap();
    output.step(json!(0)).unwrap();
    println!("\nholding");
    // Until the parent kills this process or closes its end.
    _ = std::io::stdin().read(&mut [0]);
}

#[cfg(unix)]
#[test]
fn a_second_run_is_told_who_is_first() {
    let there = temp();
    let dir = there.path().join("out");
    let mut holder = child("exec \"$0\" \"$@\"", "child::holds_the_lock", &dir);
    let mut lines = BufReader::new(holder.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap() == "holding"));
    let error = Output::begin(disk(), &dir, Existing::Replace, &[], &run(0)).unwrap_err();
    assert_eq!(error.exit(), 7);
    assert!(error.to_string().contains(&format!("process {}", holder.id())), "{error}");
    assert!(matches!(error, StoreError::Busy { host: Some(_), .. }), "{error}");
    // The lock file stays, the lock does not.
    holder.kill().unwrap();
    holder.wait().unwrap();
    assert_eq!(names(there.path()), [".out.lock", ".out.partial"]);
    let output = Output::begin(disk(), &dir, Existing::Resume, &[], &run(0)).unwrap();
    assert_eq!(output.steps(), [json!(0)]);
}

#[test]
fn a_second_run_in_the_same_process_is_busy() {
    let there = temp();
    let dir = there.path().join("out");
    let first = Output::begin(disk(), &dir, Existing::Refuse, &[], &run(0)).unwrap();
    let error = Output::begin(disk(), &dir, Existing::Replace, &[], &run(0)).unwrap_err();
    let pid = std::process::id();
    assert!(matches!(error, StoreError::Busy { pid: Some(p), .. } if p == pid), "{error}");
    drop(first);
    Output::begin(disk(), &dir, Existing::Refuse, &[], &run(0)).unwrap();
    assert!(names(there.path()).is_empty());
}

/// Many threads want the same output; the lock file is created and removed all the time.
#[test]
fn only_one_holds_the_lock() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    let there = temp();
    let dir = there.path().join("out");
    let (holders, turns) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..200 {
                    match Output::begin(disk(), &dir, Existing::Refuse, &[], &run(0)) {
                        Ok(output) => {
                            assert_eq!(holders.fetch_add(1, Ordering::SeqCst), 0);
                            turns.fetch_add(1, Ordering::SeqCst);
                            holders.fetch_sub(1, Ordering::SeqCst);
                            output.abandon().expect("nothing is in the way");
                        }
                        Err(error) => assert!(matches!(error, StoreError::Busy { .. }), "{error}"),
                    }
                }
            });
        }
    });
    assert!(turns.into_inner() > 0);
    assert!(names(there.path()).is_empty());
}

#[test]
#[ignore = "the child of modes_do_not_depend_on_the_umask"]
fn writes_an_output() {
    let Some(place) = place() else { return };
    job(disk(), &place, Existing::Refuse, 0).unwrap();
}

#[cfg(unix)]
#[test]
fn modes_do_not_depend_on_the_umask() {
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    for umask in ["0777", "0000", "0027"] {
        let there = temp();
        let dir = there.path().join("out");
        let shell = format!("umask {umask}; exec \"$0\" \"$@\"");
        assert!(child(&shell, "child::writes_an_output", &dir).wait().unwrap().success());
        assert_eq!(mode(&dir), 0o755);
        assert_eq!(names(&dir).len(), 6);
        for name in names(&dir) {
            assert_eq!(mode(&dir.join(&name)), 0o644, "umask {umask}: {name}");
        }
    }
}
