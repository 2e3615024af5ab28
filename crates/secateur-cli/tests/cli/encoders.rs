//! Encoders: pruned like language models, measured by their embeddings.

use std::path::PathBuf;

use crate::setup::{Folder, valid};

/// The golden BERT with the tokenizer of the valid model, whose ids it has too.
fn bert() -> Option<Folder> {
    let Some(data) = std::env::var_os("SECATEUR_TEST_DATA") else {
        #[expect(clippy::print_stdout, reason = "says why a test does nothing")]
        {
            println!("skipped: no test data");
        }
        return None;
    };
    let golden = PathBuf::from(data).join("golden/arch/bert");
    let folder = valid();
    std::fs::create_dir(folder.join("bert")).unwrap();
    for name in ["config.json", "model.safetensors"] {
        std::fs::copy(golden.join(name), folder.join("bert").join(name)).unwrap();
    }
    let tokenizer = "tokenizer.json";
    std::fs::copy(folder.join("model").join(tokenizer), folder.join("bert").join(tokenizer))
        .unwrap();
    Some(folder)
}

#[test]
fn an_encoder_is_pruned_and_compared_by_its_embeddings() {
    let Some(folder) = bert() else { return };
    folder.must("prune bert -o out --method magnitude --sparsity 0.5 -q");
    folder.must("verify out");
    let measured = folder.must(
        "prune bert -o measured --method magnitude --sparsity 0.5 --embeddings text.txt --json -q",
    );
    let measured: serde_json::Value = serde_json::from_str(&measured.stdout).unwrap();
    let same = folder.must("eval bert --embeddings text.txt --against bert");
    assert!(same.stdout.starts_with("cosine 1.000000, lowest 1.000000"), "{}", same.stdout);
    let cut = folder.must("eval out --embeddings text.txt --against bert --json");
    let cut: serde_json::Value = serde_json::from_str(&cut.stdout).unwrap();
    let cosine = cut["cosine"].as_f64().unwrap();
    assert!((0.2..0.9999).contains(&cosine), "{cosine}");
    assert_eq!(measured["embedding_cosine"], cut["cosine"]);
    let report = std::fs::read_to_string(folder.join("measured/report.html")).unwrap();
    assert!(report.contains("cosine of embeddings"));
}

#[test]
fn what_an_encoder_cannot_do_exits_4() {
    let Some(folder) = bert() else { return };
    for words in [
        "eval bert --perplexity text.txt --seq-len 8",
        "generate bert --prompt a",
        "prune bert -o out --method magnitude --sparsity 0.5 --perplexity text.txt --seq-len 8",
    ] {
        folder.fails(words, 4, "SEC-CK-029").says(&["encoder", "--embeddings"]);
    }
}
