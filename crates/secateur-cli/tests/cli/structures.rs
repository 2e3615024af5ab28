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

/// Bytes of a file in a folder.
fn bytes(folder: &Path, name: &str) -> Vec<u8> {
    std::fs::read(folder.join(name)).unwrap()
}

fn manifest(folder: &Path, name: &str) -> Value {
    serde_json::from_slice(&bytes(folder, &format!("{name}.secateur.json"))).unwrap()
}

fn verify(folder: &Path, name: &str) -> (i32, String) {
    let mut command = assert_cmd::Command::new(PROGRAM);
    let output = command.current_dir(folder).args(["verify", name]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    (output.status.code().unwrap_or(-1), text)
}

#[test]
fn results_have_manifests_that_are_the_same_on_every_run() {
    let folder = scratch();
    let at = folder.path();
    std::fs::copy(example("fms.ses"), at.join("fms.ses")).unwrap();
    let prune = ["prune", "fms.ses", "-o", "a.ipes", "--choose", "robot=scara", "fixture=rail"];
    let prune = [&prune[..], &["--delay", "transport"]].concat();
    assert_eq!(run(at, &prune, "").0, 0);
    let first = manifest(at, "a.ipes");
    assert_eq!(first["command"], "prune");
    assert_eq!(first["asked"]["delay"][0], "transport");
    assert_eq!(first["files"][0]["name"], "a.ipes");
    assert_eq!(first["files"][0]["bytes"], bytes(at, "a.ipes").len());
    assert_eq!(first["inputs"][0]["name"], "fms.ses");
    assert_eq!(
        first["log"].as_array().map(Vec::len),
        first["decisions"].as_u64().map(|n| n as usize)
    );
    let forced = [&prune[..], &["--force"]].concat();
    assert_eq!(run(at, &forced, "").0, 0);
    assert_eq!(manifest(at, "a.ipes"), first);
    let resume = ["resume", "a.ipes", "-o", "a.pes", "--choose", "transport=agv"];
    assert_eq!(run(at, &resume, "").0, 0);
    assert_eq!(manifest(at, "a.pes")["inputs"][0]["blake3"], first["files"][0]["blake3"]);
    assert_eq!(run(at, &["flatten", "a.pes", "-o", "a.fpes"], "").0, 0);
    for name in ["a.ipes", "a.pes", "a.fpes", "fms.ses"] {
        let (exit, text) = verify(at, name);
        assert_eq!(exit, 0, "{name}: {text}");
        assert!(!text.contains("FAILED"), "{text}");
    }
    let changed = String::from_utf8(bytes(at, "a.pes")).unwrap().replace("agv", "AGV");
    std::fs::write(at.join("a.pes"), changed).unwrap();
    let (exit, text) = verify(at, "a.pes");
    assert_eq!(exit, 6, "{text}");
    assert!(text.contains("other bytes"), "{text}");
}

#[test]
fn only_our_own_results_are_replaced() {
    let folder = scratch();
    let at = folder.path();
    std::fs::copy(example("fms.ses"), at.join("fms.ses")).unwrap();
    let all = ["--choose", "robot=scara", "fixture=rail", "transport=agv", "--force"];
    let prune = |name: &str| run(at, &[&["prune", "fms.ses", "-o", name][..], &all].concat(), "").0;
    std::fs::copy(example("network.ses"), at.join("mine.ses")).unwrap();
    std::fs::write(at.join("mine.dot"), "digraph mine {}").unwrap();
    for name in ["mine.ses", "mine.dot", "fms.ses"] {
        let before = bytes(at, name);
        assert_eq!(prune(name), 2, "{name}");
        assert_eq!(bytes(at, name), before);
    }
    for name in ["a.pes", "a.jsonsestree", "a.dot"] {
        assert_eq!((prune(name), prune(name)), (0, 0), "{name}");
    }
    // A result of ours whose manifest got lost is one still.
    std::fs::remove_file(at.join("a.pes.secateur.json")).unwrap();
    assert_eq!(prune("a.pes"), 0);
    std::fs::write(at.join("b.pes.secateur.json"), "{}").unwrap();
    assert_eq!(prune("b.pes"), 2, "the manifest is of somebody else");
}

#[test]
fn a_search_keeps_choices_and_trades_off() {
    let folder = scratch();
    let at = folder.path();
    let fms = example("fms.ses");
    let fms = fms.to_str().unwrap();
    let search = ["optimize", fms, "--until", "300", "--depth", "0", "-D", "cells=2"];
    let two = ["--maximize", "throughput", "--minimize", "utilization=machine"];
    let more = ["--choose", "transport=agv", "-o", "best.pes", "--report", "best.json"];
    let words = [&search[..], &two, &more].concat();
    let (exit, found, stderr) = run(at, &words, "");
    assert_eq!(exit, 0, "{stderr}");
    assert_eq!(found["objectives"][1]["measure"], "utilization=machine");
    for member in found["ranked"].as_array().unwrap() {
        let choices = member["choices"].to_string();
        assert!(choices.contains("transportSPEC=agv"), "{choices}");
        assert_eq!(member["results"].as_array().map(Vec::len), Some(2));
    }
    assert_eq!(found["ranked"][0]["front"], true);
    assert_eq!(manifest(at, "best.pes")["asked"]["choose"][0], "transport=agv");
    let record: Value = serde_json::from_slice(&bytes(at, "best.json")).unwrap();
    let labels: Vec<&str> =
        record["cost"].as_array().unwrap().iter().filter_map(|row| row["label"].as_str()).collect();
    assert!(labels.contains(&"Couplings") && labels.contains(&"Simulations"), "{labels:?}");
    for (words, says) in [
        (["--maximize", "speed"], "lead-time"),
        (["--minimize", "sum=price"], "no entity has a variable price"),
        (["--minimize", "waiting=mill"], "there is no component mill"),
    ] {
        let (exit, _, stderr) = run(at, &[&search[..], &words].concat(), "");
        assert!([2, 3].contains(&exit) && stderr.contains(says), "{exit}: {stderr}");
    }
}
