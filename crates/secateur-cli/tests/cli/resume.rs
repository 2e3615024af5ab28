//! Kills and interrupts: a real process is killed after every journaled step, and the run that
//! resumes gives the bytes of an undisturbed one.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/demo").join(name)
}

fn prune(out: &Path, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_secateur"));
    command.arg("prune").arg(fixture("model")).arg("-o").arg(out);
    command.args(["--sparsity", "0.5", "--samples", "64", "--seq-len", "128", "--threads", "1"]);
    command.arg("--calibration").arg(fixture("calibration.txt")).args(more);
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

fn contents(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let named = entries.map(|p| (p.file_name().unwrap().to_string_lossy().into_owned(), p));
    let mut files: Vec<_> = named
        .filter(|(name, _)| !name.starts_with("report."))
        .map(|(name, path)| (name, std::fs::read(path).unwrap()))
        .collect();
    files.sort();
    files
}

/// Waits until the journal has this many lines; false when the process ended first.
fn wait_for_lines(child: &mut Child, journal: &Path, lines: usize) -> bool {
    let give_up = Instant::now() + Duration::from_mins(1);
    loop {
        let text = std::fs::read(journal).unwrap_or_default();
        if text.split(|b| *b == b'\n').count() > lines {
            return true;
        }
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        assert!(Instant::now() < give_up, "no journal at {}", journal.display());
        std::thread::sleep(Duration::from_micros(200));
    }
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_kill_after_every_step_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    // The output's name is part of no file, but the paths of inputs are: the same for all runs.
    let undisturbed = folder.path().join("undisturbed");
    assert!(prune(&undisturbed, &[]).status().unwrap().success());
    let expected = contents(&undisturbed);
    let out = folder.path().join("out");
    let journal = folder.path().join(".out.partial/journal.jsonl");
    let mut kills = 0;
    // The first line says what run it is, the second that the rest was copied, then a block each.
    for lines in 1..=5 {
        let mut child = prune(&out, &[]).spawn().unwrap();
        if wait_for_lines(&mut child, &journal, lines) {
            let _ = child.kill();
            kills += 1;
        }
        child.wait().unwrap();
        if !out.exists() {
            let resumed = prune(&out, &["--resume"]).output().unwrap();
            assert!(resumed.status.success(), "after {lines} lines: {}", text(&resumed));
        }
        assert_eq!(contents(&out), expected, "killed after {lines} lines");
        std::fs::remove_dir_all(&out).unwrap();
    }
    assert!(kills >= 4, "the process must have been killed in time, was {kills} times");
}

#[cfg(unix)]
#[test]
fn an_interrupt_finishes_the_block_and_says_how_to_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let undisturbed = folder.path().join("undisturbed");
    assert!(prune(&undisturbed, &[]).status().unwrap().success());
    let out = folder.path().join("out");
    let mut child = prune(&out, &[]).spawn().unwrap();
    let journal = folder.path().join(".out.partial/journal.jsonl");
    assert!(wait_for_lines(&mut child, &journal, 2));
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    let stderr = text(&output);
    if output.status.success() {
        // The interrupt came during the last block: nothing is left to stop.
        assert_eq!(contents(&out), contents(&undisturbed));
        return;
    }
    assert_eq!(output.status.code(), Some(130), "{stderr}");
    assert!(stderr.contains("blocks are done and kept"), "{stderr}");
    assert!(stderr.contains("--resume"), "{stderr}");
    assert!(!out.exists());
    assert!(prune(&out, &["--resume"]).status().unwrap().success());
    assert_eq!(contents(&out), contents(&undisturbed));
}

#[test]
fn another_run_is_not_continued() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let mut child = prune(&out, &[]).spawn().unwrap();
    let journal = folder.path().join(".out.partial/journal.jsonl");
    assert!(wait_for_lines(&mut child, &journal, 2));
    let _ = child.kill();
    child.wait().unwrap();
    assert!(!out.exists(), "the process was killed in time");
    let other = prune(&out, &["--resume", "--seed", "7"]).output().unwrap();
    assert_eq!(other.status.code(), Some(3), "{}", text(&other));
    assert!(text(&other).contains("seed"), "{}", text(&other));
    let plain = prune(&out, &[]).output().unwrap();
    assert_eq!(plain.status.code(), Some(2), "{}", text(&plain));
    assert!(text(&plain).contains("--resume") && text(&plain).contains("--force"));
    assert!(prune(&out, &["--force"]).status().unwrap().success());
}

#[test]
fn force_replaces_an_older_output_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    assert!(prune(&out, &[]).status().unwrap().success());
    let refused = prune(&out, &[]).output().unwrap();
    assert_eq!(refused.status.code(), Some(2), "{}", text(&refused));
    assert!(prune(&out, &["--force", "--seed", "1"]).status().unwrap().success());
    std::fs::write(out.join("notes.txt"), "mine").unwrap();
    let foreign = prune(&out, &["--force"]).output().unwrap();
    assert_eq!(foreign.status.code(), Some(2), "{}", text(&foreign));
    assert!(text(&foreign).contains("notes.txt"), "{}", text(&foreign));
    assert_eq!(std::fs::read(out.join("notes.txt")).unwrap(), b"mine");
}
