//! `secateur ses` from outside.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::setup::{PROGRAM, scratch};

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/ses").join(name)
}

/// Runs a command in a folder; exit code, and what it printed as JSON.
fn run(folder: &Path, words: &[&str], stdin: &str) -> (i32, Value, String) {
    let mut command = assert_cmd::Command::new(PROGRAM);
    command.current_dir(folder).arg("ses").args(words).arg("--json").write_stdin(stdin);
    let output = command.output().unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    let json = serde_json::from_str(&stdout).unwrap_or(Value::Null);
    (output.status.code().unwrap_or(-1), json, stderr)
}

#[test]
fn a_structure_goes_from_check_to_a_flat_result() {
    let folder = scratch();
    let at = folder.path();
    let fms = example("fms.ses");
    let fms = fms.to_str().unwrap();
    let (exit, found, _) = run(at, &["check", fms], "");
    assert_eq!((exit, &found["ok"]), (0, &Value::Bool(true)));
    let open = [
        "prune",
        fms,
        "-o",
        "fms.ipes",
        "-D",
        "cells=2",
        "--choose",
        "/fms/cell/robot=scara",
        "--choose",
        "fixture=table",
        "--delay",
        "/fms/transport",
    ];
    let (exit, found, stderr) = run(at, &open, "");
    assert_eq!((exit, &found["complete"]), (0, &Value::Bool(false)), "{stderr}");
    assert_eq!(run(at, &[&open[..], &["--require-complete", "--force"]].concat(), "").0, 6);
    assert_eq!(run(at, &open, "").0, 2, "an output that is there is not replaced");
    let (exit, found, _) =
        run(at, &["resume", "fms.ipes", "-o", "fms.pes", "--choose", "/fms/transport=agv"], "");
    assert_eq!((exit, &found["kind"]), (0, &Value::from("pes")));
    let whole = [
        "prune",
        fms,
        "-o",
        "whole.jsonsestree",
        "-D",
        "cells=2",
        "--choose",
        "transport=agv",
        "--choose",
        "robot=scara",
        "--choose",
        "fixture=table",
        "--report",
        "report.html",
    ];
    assert_eq!(run(at, &whole, "").0, 0);
    assert!(at.join("report.html").exists());
    assert_eq!(run(at, &["diff", "fms.pes", "whole.jsonsestree"], "").0, 0);
    let (exit, found, _) = run(at, &["flatten", "fms.pes", "-o", "fms.fpes"], "");
    assert_eq!(
        (exit, &found["leaves"], &found["couplings"]),
        (0, &Value::from(12), &Value::from(19))
    );
    assert_eq!(run(at, &["diff", "fms.pes", "fms.fpes"], "").0, 6);
    assert_eq!(run(at, &["draw", "fms.pes", "--svg", "fms.svg", "-o", "fms.dot"], "").0, 0);
    let (exit, found, _) = run(at, &["count", fms, "--depth", "0"], "");
    assert_eq!((exit, &found["members"]), (0, &Value::from("128")));
    let (exit, found, _) = run(at, &["enumerate", fms, "--sample", "3", "--seed", "1"], "");
    assert_eq!((exit, found["listed"].as_array().map(Vec::len)), (0, Some(3)));
}

#[test]
fn questions_are_asked_and_errors_write_nothing() {
    let folder = scratch();
    let at = folder.path();
    let fms = example("fms.ses");
    let fms = fms.to_str().unwrap();
    let asked = ["prune", fms, "-o", "a.pes", "-D", "cells=1", "--interactive"];
    let (exit, found, stderr) = run(at, &asked, "nonsense\n1\nrail\nconveyor\n");
    assert_eq!((exit, &found["complete"]), (0, &Value::Bool(true)), "{stderr}");
    assert_eq!(found["decisions"], 4);
    for (words, code) in [
        (&["-D", "cells=99"][..], "SEC-SE-007"),
        (&["-D", "nothing=1"], "SEC-SE-004"),
        (&["-D", "cells=one"], "SEC-SE-004"),
        (&["--choose", "robots=scara"], "SEC-SE-010"),
        (&[], "SEC-SE-008"),
        (&["--interactive"], "SEC-SE-008"),
    ] {
        let words = [&["prune", fms, "-o", "b.pes"][..], words].concat();
        let (exit, _, stderr) = run(at, &words, "");
        assert_eq!(exit, 3, "{words:?}: {stderr}");
        assert!(stderr.contains(code), "{words:?}: {stderr}");
    }
    assert!(!at.join("b.pes").exists());
    std::fs::write(at.join("c.pes"), "my notes").unwrap();
    assert_eq!(run(at, &["prune", fms, "-o", "c.pes", "--force", "--delay", "fms"], "").0, 2);
    assert_eq!(run(at, &["prune", fms, "-o", "c.xyz"], "").0, 2);
    assert_eq!(run(at, &["prune", "missing.ses", "-o", "d.pes"], "").0, 3);
    assert_eq!(run(at, &["flatten", fms, "-o", "d.pes"], "").0, 3);
}
