//! Commands that make no sense are refused before weights are read.

use serde_json::Value;

use crate::setup::{MAGNITUDE, case, valid};

/// Words that clap refuses: exit 2, and the text names the word and what would do.
const WORDS: &[(&str, &[&str])] = &[
    ("--sparsity 0", &["--sparsity", "'0'", "0 cuts nothing", "0.5"]),
    ("--sparsity 1", &["'1'", "1 cuts everything"]),
    ("--sparsity 1.5", &["'1.5'", "between 0 and 1"]),
    ("--sparsity -0.1", &["'-0.1'", "between 0 and 1"]),
    ("--sparsity NaN", &["'NaN'", "between 0 and 1"]),
    ("--sparsity inf", &["'inf'", "between 0 and 1"]),
    ("--sparsity half", &["'half'", "0.5"]),
    ("--pattern 4:2", &["'4:2'", "below M"]),
    ("--pattern 0:4", &["'0:4'", "at least 1"]),
    ("--pattern two:four", &["2:4"]),
    ("--sparsity 0.5 --pattern 2:4", &["--pattern", "cannot be used with"]),
    ("", &["--sparsity"]),
    ("--sparsity 0.5 --samples 0", &["--samples", "above zero"]),
    ("--sparsity 0.5 --threads 0", &["--threads", "1..=1024"]),
    ("--sparsity 0.5 --max-memory lots", &["1500MiB"]),
    ("--sparsity 0.5 --sparsty 0.5", &["--sparsty", "similar", "--sparsity"]),
    ("--sparsity 0.5 --dtype f17", &["f17", "bf16"]),
    ("--sparsity 0.5 --resume --force", &["--resume", "--force"]),
];

#[test]
fn words_that_make_no_sense() {
    let folder = valid();
    for (words, says) in WORDS {
        let words = format!("prune model -o out --method magnitude {words}");
        let ran = folder.run(&words);
        assert_eq!(ran.exit, 2, "{words}\n{}", ran.stderr);
        ran.says(says);
        assert_eq!(folder.names(), ["model", "text.txt"], "{words}");
        let json = folder.run(&format!("{words} --json"));
        let value: Value = serde_json::from_str(&json.stderr).expect("one JSON object");
        assert_eq!((json.exit, value["code"].as_str()), (2, Some("SEC-CL-006")), "{value}");
        assert!(value["message"].is_string() && value["help"].is_string(), "{value}");
        assert!(value.get("path").is_some(), "{value}");
    }
    crate::setup::explained("SEC-CL-006");
}

/// Words that can be, but not with this model.
#[test]
fn words_that_do_not_fit_the_model() {
    let folder = valid();
    let fails = |words: &str, code: &str, says: &[&str]| {
        let words = format!("prune model -o out -q {words}");
        folder.fails(&words, 2, code).says(says);
        // The same before anything is planned.
        folder.fails(&format!("{words} --dry-run"), 2, code);
    };
    let half = "--method magnitude --sparsity 0.5";
    fails(&format!("{half} --layers *.mpl.*"), "SEC-NN-006", &["*.mpl.*", ".mlp.", "nearest"]);
    fails(&format!("{half} --skip *.q_porj"), "SEC-NN-006", &["*.q_porj", "q_proj"]);
    fails(&format!("{half} --skip *"), "SEC-NN-007", &["every layer is skipped"]);
    fails("--method magnitude --pattern 2:5", "SEC-NN-008", &["2:5", "16 inputs", "q_proj"]);
    fails("--method wnda --sparsity 0.5", "SEC-NN-004", &["wnda", "wanda"]);
    let ria = "--method ria --sparsity 0.5 --calibration text.txt --seq-len 8 --option";
    fails(&format!("{ria} pwoer=1"), "SEC-NN-005", &["pwoer", "power"]);
    fails(&format!("{ria} power=-1"), "SEC-NN-021", &["power", "\"-1\""]);
    fails(&format!("{half} --option a=1"), "SEC-NN-005", &["no option a", "none"]);
    fails("--method wanda --sparsity 0.5", "SEC-NN-009", &["wanda", "--calibration"]);
    let window = "--sparsity 0.5 --calibration text.txt --seq-len 1";
    fails(window, "SEC-NN-014", &["1 tokens", "too short"]);
}

/// Nonsense is found before a weight is read: these weights are not numbers.
#[test]
fn arguments_come_before_weights() {
    let folder = case("nan_weights");
    let words = format!("{MAGNITUDE} -o out --layers nothing");
    folder.fails(&words, 2, "SEC-NN-006");
}

#[test]
fn memory_that_does_not_suffice() {
    let folder = valid();
    let words = format!("{MAGNITUDE} -o out --max-memory 1MiB");
    folder.fails(&words, 5, "SEC-NN-017").says(&["MiB", "--max-memory is 1.0 MiB"]);
}

#[test]
fn codes_that_are_none() {
    valid().fails("explain SEC-XX-999", 2, "SEC-CL-003").says(&["SEC-XX-999"]);
}

#[test]
fn models_that_are_not_there() {
    let folder = valid();
    for words in ["inspect modle", "verify modle", "eval modle --perplexity text.txt"] {
        let ran = folder.fails(words, 3, "SEC-CK-001");
        ran.says(&["file: modle", "No such file"]);
    }
}

#[test]
fn golden_files_that_cannot_be_used() {
    let folder = case("ids_of_another_name");
    folder.fails("verify model --expect ids.safetensors", 3, "SEC-NN-015").says(&["input_ids"]);
    let folder = case("ids_out_of_range");
    folder.fails("verify model --expect ids.safetensors", 3, "SEC-CK-027").says(&["32007"]);
    std::fs::write(folder.join("ids.safetensors"), "not tensors at all").unwrap();
    let ran = folder.fails("verify model --expect ids.safetensors", 3, "SEC-CK-009");
    ran.says(&["file: ids.safetensors"]);
}

#[test]
fn a_hessian_without_an_inverse_ends_the_run_or_is_pruned_by_magnitude() {
    let folder = valid();
    let prune = "prune model -o out --method sparsegpt --sparsity 0.5 --calibration text.txt \
                 --samples 1 --seq-len 4 --option damping=0";
    let ran = folder.run(prune);
    assert_eq!(ran.exit, 5, "{}", ran.stderr);
    ran.says(&["SEC-NN-022", "--on-singular magnitude", "damping"]);
    let ran = folder.must(&format!("{prune} --on-singular magnitude --force --json"));
    let ran: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let warnings = ran["warnings"].to_string();
    assert!(warnings.contains("pruned by magnitude"), "{warnings}");
    assert_eq!(ran["sparsity"].as_f64(), Some(0.5));
}

#[test]
fn embeddings_of_a_model_that_predicts_text_are_refused() {
    let folder = valid();
    let prune = "prune model -o out --method magnitude --sparsity 0.5 --embeddings text.txt";
    folder.fails(prune, 2, "SEC-NN-023").says(&["llama", "--perplexity"]);
}
