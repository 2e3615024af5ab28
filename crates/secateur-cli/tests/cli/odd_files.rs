//! Unusual files that are nevertheless right: they work, and what is worth knowing is said.

use serde_json::Value;

use crate::bad_files::{ACCEPTED, data_of};
use crate::setup::{Folder, MAGNITUDE, WANDA, case};

/// The values of a tensor of an output.
fn values(folder: &Folder, name: &str) -> Vec<f32> {
    let bytes = std::fs::read(folder.join("out/model.safetensors")).unwrap();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let tensor = file.tensor(name).unwrap();
    tensor.data().as_chunks().0.iter().map(|b| f32::from_le_bytes(*b)).collect()
}

const UP: &str = "model.layers.1.mlp.up_proj.weight";

#[test]
fn they_are_pruned_and_verified_by_every_method() {
    for name in ACCEPTED {
        let folder = case(name);
        folder.must("inspect model");
        if name.starts_with("many") {
            continue;
        }
        for (method, words) in [("magnitude", MAGNITUDE), ("wanda", WANDA)] {
            let words = words.replace("text.txt", data_of(name));
            folder.must(&format!("{words} -o {method}"));
            folder.must(&format!("verify {method}"));
            let data = data_of(name);
            let eval = format!("eval {method} --perplexity {data} --seq-len 32 --json -q");
            let value: Value = serde_json::from_str(&folder.must(&eval).stdout).unwrap();
            let perplexity = value["perplexity"].as_f64().unwrap();
            assert!(perplexity >= 1.0, "{name} {method}: {perplexity}");
            let text = std::fs::read_to_string(folder.join(method).join("report.json")).unwrap();
            assert!(!text.contains("NaN") && !text.contains("inf"), "{name} {method}");
        }
    }
}

/// A stored head that differs counts, in the output too; one that is the same changes nothing.
#[test]
fn a_tied_head_that_is_stored_counts_when_it_differs() {
    let perplexity = |name: &str| {
        let folder = case(name);
        folder.must(&format!("{MAGNITUDE} -o out"));
        let eval = |model: &str| {
            let ran =
                folder.must(&format!("eval {model} --perplexity text.txt --seq-len 32 --json"));
            let value: Value = serde_json::from_str(&ran.stdout).unwrap();
            (value["perplexity"].as_f64().unwrap(), ran.stderr)
        };
        let ((dense, said), (pruned, said_of_pruned)) = (eval("model"), eval("out"));
        let differs = name == "tied_head_differs";
        assert_eq!(said.contains("lm_head.weight is stored and differs"), differs, "{said}");
        assert!(!said_of_pruned.contains("differs"), "{said_of_pruned}");
        [dense, pruned]
    };
    let once = perplexity("tied_head_stored_once");
    assert_eq!(once, perplexity("tied_head_stored_twice"));
    let own = perplexity("tied_head_differs");
    assert!(own[0] != once[0] && own[1] != once[1], "{own:?} {once:?}");
}

#[test]
fn every_layer_keeps_its_type() {
    let folder = case("types_are_mixed");
    folder.must(&format!("{WANDA} -o out"));
    let bytes = std::fs::read(folder.join("out/model.safetensors")).unwrap();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let type_of = |name: &str| file.tensor(name).unwrap().dtype();
    assert_eq!(type_of(UP), safetensors::Dtype::BF16);
    assert_eq!(type_of("model.layers.1.self_attn.q_proj.weight"), safetensors::Dtype::F32);
    let report = std::fs::read_to_string(folder.join("out/report.json")).unwrap();
    let report: Value = serde_json::from_str(&report).unwrap();
    let types = |part: &str| -> Vec<&str> {
        let groups = report["groups"].as_array().unwrap().iter();
        let of_part = groups.filter(|g| g["name"].as_str().unwrap().contains(part));
        of_part.map(|g| g["dtype"].as_str().unwrap()).collect()
    };
    assert!(types(".mlp.").iter().all(|t| *t == "bf16"), "{:?}", types(".mlp."));
    assert!(types(".self_attn.").iter().all(|t| *t == "f32"), "{:?}", types(".self_attn."));
}

#[test]
fn windows_longer_than_the_model_was_made_for_are_cut() {
    let folder = case("text_of_one_long_line");
    let words = WANDA.replace("--seq-len 32", "--seq-len 4096");
    assert_ne!(words, WANDA);
    folder.must(&format!("{words} -o out")).says(&["windows have 64 tokens", "not 4096"]);
}

#[test]
fn a_large_header_is_read_at_once() {
    let ran = case("many_entries").must("inspect model");
    ran.says(&["100000 tensors belong to no part of the architecture"]);
    assert!(ran.wall.as_secs() < 10, "{:?}", ran.wall);
}

#[test]
fn written_zeros_are_positive_and_exact_in_number() {
    for name in ["negative_zeros", "zero_weights", "denormal_weights", "constant_rows"] {
        let folder = case(name);
        folder.must(&format!("{WANDA} -o out"));
        let values = values(&folder, UP);
        let positive = values.iter().filter(|v| v.to_bits() == 0).count();
        assert!(positive >= values.len() / 2, "{name}: {positive} of {}", values.len());
        if ["denormal_weights", "constant_rows"].contains(&name) {
            for row in values.chunks(16) {
                assert_eq!(row.iter().filter(|v| **v == 0.0).count(), 8, "{name}");
            }
        }
    }
}

#[test]
fn tensors_of_no_part_are_carried_on() {
    let folder = case("extra_tensors");
    folder.must(&format!("{MAGNITUDE} -o out")).says(&["2 tensors", "vision.a", "unchanged"]);
    assert_eq!(values(&folder, "vision.b"), [1.0, 1.0]);
}

/// A tied weight stored once and the other things that a config may say are not this file's; code
/// that a model brings along is.
#[test]
fn code_of_a_model_is_not_run() {
    let folder = case("code_of_its_own");
    for words in ["inspect model", &format!("{MAGNITUDE} -o out"), "verify model"] {
        let ran = folder.must(words);
        if !words.starts_with("verify") {
            ran.says(&["auto_map", "not run"]);
        }
    }
    assert!(!folder.names().contains(&"was_run".to_owned()));
}

#[test]
fn names_do_not_reach_the_terminal_the_page_or_the_disk() {
    let folder = case("escapes_in_names");
    let before = folder.names();
    let ran = folder.must(&format!("{MAGNITUDE} -o out"));
    for text in [&ran.stderr, &folder.must("inspect model").stdout] {
        assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text:?}");
    }
    let page = std::fs::read_to_string(folder.join("out/report.html")).unwrap();
    assert!(!page.contains("<script>alert"), "a name became a tag");
    let mut after = folder.names();
    after.retain(|name| name != "out");
    assert_eq!(after, before);
}

#[test]
fn fewer_windows_than_asked_for_are_said() {
    let folder = case("text_for_few_windows");
    folder.must(&format!("{WANDA} -o out")).says(&["100 tokens: 3 windows, not 4"]);
}

#[test]
fn lines_without_a_text_are_counted() {
    let folder = case("lines_few_bad");
    let wanda = WANDA.replace("text.txt", "lines.jsonl");
    folder.must(&format!("{wanda} -o out")).says(&["1 of 201 lines", "left out: line 201"]);
    let by_key = wanda.replace(".jsonl", ".jsonl:body");
    folder.fails(&format!("{by_key} -o keyed"), 3, "SEC-NN-024").says(&["201 of 201", "\"body\""]);
}

#[test]
fn damaged_values_are_shown_by_inspect_and_fail_verify() {
    let folder = case("nan_weights");
    folder.must("inspect model").says(&["warning: ", UP, "3 values that are not finite"]);
    let ran = folder.run("verify model");
    assert_eq!(ran.exit, 6, "{}", ran.stdout);
    assert!(ran.stdout.contains("FAILED  values: "), "{}", ran.stdout);
}
