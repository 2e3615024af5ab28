//! Networks from ONNX files, as a user meets them.

use std::fs;

use secateur_attacks::{networks, onnx};
use serde_json::Value;

use crate::setup::{Folder, scratch};

/// A folder with a small network and images that fit it.
pub(crate) fn folder() -> Folder {
    let folder = scratch();
    fs::write(folder.path().join("net.onnx"), onnx::bytes(&networks::residual())).unwrap();
    fs::write(folder.path().join("images.bin"), networks::images(64)).unwrap();
    Folder(folder)
}

#[track_caller]
fn json(folder: &Folder, words: &str) -> Value {
    let ran = folder.run(&format!("{words} --json -q"));
    assert_eq!(ran.exit, 0, "{}", ran.stderr);
    serde_json::from_str(&ran.stdout).unwrap()
}

#[test]
fn a_network_is_inspected_pruned_measured_and_compared() {
    let folder = folder();
    let found = json(&folder, "inspect net.onnx");
    assert_eq!(found["layers"].as_array().unwrap().len(), 10);
    assert!(found["layers"][9]["frozen"].as_str().unwrap().contains("output of the network"));
    let made = json(
        &folder,
        "prune net.onnx -o small.onnx --target macs=0.6 --method least-squares \
         --calibration images.bin --images images.bin",
    );
    let macs = &made["macs"];
    assert!(macs[1].as_f64().unwrap() <= macs[0].as_f64().unwrap() * 0.6);
    assert!(made["top1"][1].is_f64());
    for name in ["small.onnx", "small.secateur.json", "small.report.json", "small.report.html"] {
        assert!(folder.join(name).is_file(), "{name}");
    }
    let measured = json(&folder, "eval small.onnx --images images.bin --classes 4");
    assert_eq!(measured["top1"], made["top1"][1]);
    let difference = json(&folder, "diff net.onnx small.onnx");
    assert_eq!(difference["macs"], made["macs"]);
    assert_eq!(json(&folder, "verify small.onnx")["passed"], true);
    let timing = json(&folder, "bench small.onnx --against net.onnx --seconds 0.05 --batch 2");
    assert!(timing["timing"]["median_ms"].as_f64().unwrap() > 0.0);
    let curves =
        json(&folder, "sensitivity net.onnx --images images.bin --shares 0.5 --report curves.html");
    assert!(curves["groups"].as_array().unwrap().len() > 4);
    assert!(fs::read_to_string(folder.join("curves.html")).unwrap().contains("Sensitivity"));
}

#[test]
fn a_changed_output_is_noticed() {
    let folder = folder();
    json(&folder, "prune net.onnx -o small.onnx --granularity channel --sparsity 0.4");
    let mut bytes = fs::read(folder.join("small.onnx")).unwrap();
    let at = bytes.len() / 2;
    bytes[at] ^= 1;
    fs::write(folder.join("small.onnx"), bytes).unwrap();
    let ran = folder.run("verify small.onnx");
    assert_ne!(ran.exit, 0, "{}", ran.stdout);
}

#[test]
fn a_dry_run_says_what_would_go_and_writes_nothing() {
    let folder = folder();
    let found = json(&folder, "prune net.onnx -o out.onnx --target macs=0.5 --dry-run");
    assert!(found["groups"].as_array().unwrap().iter().any(|g| g["kept"] != g["channels"]));
    assert!(!folder.join("out.onnx").exists());
    let ran = folder.run("prune net.onnx -o out.onnx --sparsity 0.5 --dry-run");
    assert_eq!(ran.exit, 2, "{}", ran.stderr);
}

#[test]
fn an_output_is_not_replaced_unless_asked_to() {
    let folder = folder();
    let words = "prune net.onnx -o out.onnx --sparsity 0.5 -q";
    assert_eq!(folder.run(words).exit, 0);
    let first = fs::read(folder.join("out.onnx")).unwrap();
    assert_eq!(folder.run(words).exit, 2);
    assert_eq!(folder.run(&format!("{words} --force")).exit, 0);
    assert!(first == fs::read(folder.join("out.onnx")).unwrap());
    assert_eq!(folder.run("prune net.onnx -o net.onnx --sparsity 0.5 --force -q").exit, 2);
}

#[track_caller]
fn refused(folder: &Folder, words: &str, exit: i32, expect: &str) {
    let before: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().path()).collect();
    let ran = folder.run(words);
    assert_eq!(ran.exit, exit, "{words}: {}", ran.stderr);
    assert!(ran.stderr.contains(expect), "{words}: {}", ran.stderr);
    let after: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().path()).collect();
    assert_eq!(before.len(), after.len(), "{words} wrote something");
}

#[test]
fn requests_that_make_no_sense_are_refused_with_the_mend() {
    let folder = folder();
    let prune = "prune net.onnx -o out.onnx";
    for (words, exit, expect) in [
        ("--granularity channel --sparsity 0.01", 2, "would change nothing"),
        ("--target macs=0.00001", 3, "cannot be reached"),
        ("--target macs=1.5", 2, "between 0 and 1"),
        ("--target speed=0.5", 2, "macs, params, size and latency"),
        ("--granularity channel --pattern 2:4", 2, "N:M keeps single weights"),
        ("--granularity weight --target macs=0.5", 2, "cutting channels"),
        ("--granularity channel --sparsity 0.5 --method wanda", 2, "calibration images"),
        ("--granularity channel --sparsity 0.5 --method taylor", 2, "there is no method taylor"),
        ("--sparsity 0.5 --method sparsegpt", 2, "there is no method sparsegpt"),
        ("--granularity channel --sparsity 0.5 --layers bl0ck1*", 2, "no layer matches bl0ck1*"),
        ("--granularity channel --sparsity 0.5 --skip *", 4, "no channels that can be cut"),
        ("--sparsity 0.5 --images none.bin", 3, "none.bin"),
        ("--sparsity 0.5 --images net.onnx", 3, "whole number of images"),
        ("--sparsity 0.5 --input x=1x4x8x8", 3, "x"),
        ("--sparsity 0.5 --option power=1", 2, "no option power"),
    ] {
        refused(&folder, &format!("{prune} {words} -q"), exit, expect);
    }
    refused(&folder, "eval net.onnx --perplexity images.bin", 2, "--images FILE");
    refused(&folder, "eval net.onnx --images images.bin --classes 2", 3, "class 2");
    refused(&folder, "bench net.onnx --batch 0", 2, "above zero");
    refused(&folder, "verify net.onnx --expect images.bin", 3, "images.bin");
}

#[test]
fn weights_that_are_not_finite_are_named() {
    let folder = folder();
    let mut model = networks::residual();
    let graph = model.graph.as_mut().unwrap();
    let weight = graph.initializer.iter_mut().find(|t| t.name() == "left.weight").unwrap();
    let mut bytes = weight.raw_data.as_ref().unwrap().to_vec();
    bytes[20..24].copy_from_slice(&f32::NAN.to_le_bytes());
    weight.raw_data = Some(bytes.into());
    fs::write(folder.join("bad.onnx"), onnx::bytes(&model)).unwrap();
    let words = "prune bad.onnx -o out.onnx --granularity channel --sparsity 0.5 -q";
    refused(&folder, words, 3, "left.weight: NaN in 1 of its values, the first at place 5");
}
