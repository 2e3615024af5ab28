//! `secateur generate`, on the demo model.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::setup::{Folder, case, valid};

const PROMPT: &str = "the";

fn demo() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/demo/model")
}

fn generate(folder: &Folder, more: &[&str]) -> Value {
    let mut command = folder.command("generate");
    let output = command.arg(demo()).args(["--prompt", PROMPT, "--json"]).args(more).output();
    let output = output.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_seed_gives_the_same_text_again_and_another_seed_another() {
    let folder = valid();
    let drawn = |seed| {
        let words = ["--temperature", "1.5", "--top-p", "0.99", "--seed", seed];
        generate(&folder, &words)["text"].clone()
    };
    assert_eq!(drawn("1"), drawn("1"));
    assert_ne!(drawn("1"), drawn("2"));
    let greedy = generate(&folder, &["--temperature", "0", "--seed", "1"]);
    assert_eq!(greedy["text"], generate(&folder, &["--seed", "2"])["text"]);
    // One candidate leaves nothing to draw.
    let one = generate(&folder, &["--temperature", "2", "--top-k", "1"]);
    assert_eq!(one["text"], greedy["text"]);
    assert_eq!(greedy["tokens"], 64);
    assert_eq!(greedy["end"], "length");
}

#[test]
fn what_is_streamed_is_what_json_has() {
    let folder = valid();
    let expect = generate(&folder, &["--max-tokens", "20"]);
    let mut command = folder.command("generate");
    command.arg(demo()).args(["--prompt", PROMPT, "--max-tokens", "20"]);
    let output = command.output().unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    assert_eq!(shown.strip_suffix('\n').unwrap(), expect["text"].as_str().unwrap());
    let note = String::from_utf8(output.stderr).unwrap();
    assert!(note.contains("tokens/s") && note.contains("20 tokens"), "{note}");
}

#[test]
fn a_stop_token_ends_the_text_and_is_not_part_of_it() {
    let folder = valid();
    let whole = generate(&folder, &[]);
    let ids: Vec<i64> = serde_json::from_value(whole["ids"].clone()).unwrap();
    // The first token that is new at its place.
    let at = (1..ids.len()).find(|&at| !ids[..at].contains(&ids[at])).unwrap();
    let cut = generate(&folder, &["--stop-token", &ids[at].to_string()]);
    assert_eq!(cut["ids"], Value::from(&ids[..at]));
    assert_eq!(cut["end"], "end token");
}

#[test]
fn what_cannot_be_generated_is_said() {
    let folder = valid();
    for (words, says) in [
        ("--temperature -1", "temperature"),
        ("--top-p 0", "above 0"),
        ("--top-k 0", "above zero"),
        ("--max-tokens 0", "above zero"),
    ] {
        let ran = folder.run(&format!("generate model --prompt a {words}"));
        assert_eq!(ran.exit, 2, "{words}");
        ran.says(&[says]);
    }
    for (name, code) in [("nan_weights", "SEC-CK-024"), ("largest_weights", "SEC-NN-016")] {
        let damaged = case(name);
        damaged.fails("generate model --prompt a", 3, code).says(&["not finite"]);
        let compare = "eval model --embeddings text.txt --against model";
        damaged.fails(compare, 3, code).says(&["not finite"]);
    }
    folder.fails("generate nowhere --prompt a", 3, "SEC-CK-001");
    let mut command = folder.command("generate");
    let output = command.arg(demo()).args(["--prompt", ""]).output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stderr).contains("SEC-CL-007"));
}
