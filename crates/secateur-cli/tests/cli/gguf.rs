//! GGUF files written: what they hold is what a directory would hold.

use std::fs;

use secateur_attacks::model::{self, Model, Tensor, WIDTH};
use serde_json::{Map, Value, json};

use crate::setup::{Folder, valid};

/// Rows of the embedding: more than there are tokens.
const ROWS: usize = 310;

/// The valid model with a tokenizer, and a text of the letters it knows.
fn with_tokenizer(tokenizer: Value) -> Folder {
    let folder = valid();
    let mut model: Model = model::llama();
    for tensor in &mut model.tensors {
        if ["model.embed_tokens.weight", "lm_head.weight"].contains(&&*tensor.name) {
            *tensor = table(&tensor.name);
        }
    }
    model.config["vocab_size"] = json!(ROWS);
    model.tokenizer = tokenizer;
    model.write(folder.path()).unwrap();
    let config =
        json!({"bos_token": "<s>", "eos_token": {"content": "</s>"}, "chat_template": "{{ x }}"});
    fs::write(folder.join("model/tokenizer_config.json"), config.to_string()).unwrap();
    let text = "abc cab bac  abba\nca ba cabba c aab ccc bab\n".repeat(8);
    fs::write(folder.join("text.txt"), text).unwrap();
    folder
}

fn table(name: &str) -> Tensor {
    let values = (0..ROWS * WIDTH).map(|i| ((i * 7919 + name.len()) % 211) as f32 / 211.0 - 0.5);
    Tensor { name: name.to_owned(), shape: vec![ROWS, WIDTH], values: values.collect() }
}

fn added(id: usize, content: &str) -> Value {
    json!({"id": id, "content": content, "single_word": false, "lstrip": false, "rstrip": false,
           "normalized": false, "special": true})
}

fn vocabulary(tokens: &[String]) -> Value {
    let entries = tokens.iter().enumerate().map(|(id, token)| (token.clone(), json!(id)));
    Value::Object(entries.collect::<Map<String, Value>>())
}

fn byte_level() -> Value {
    let words = ["<s>", "</s>", "a", "b", "c", "\u{120}", "\u{10a}", "ab", "\u{120}c", "ca", "abb"];
    let step = json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true});
    json!({
        "version": "1.0", "truncation": null, "padding": null,
        "added_tokens": [added(0, "<s>"), added(1, "</s>")],
        "normalizer": null, "pre_tokenizer": step, "post_processor": null, "decoder": step,
        "model": {
            "type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null,
            "end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": false,
            "ignore_merges": false, "vocab": vocabulary(&words.map(str::to_owned)),
            "merges": [["a", "b"], ["\u{120}", "c"], ["c", "a"], ["ab", "b"]]
        }
    })
}

fn pieces() -> Value {
    let mut tokens: Vec<String> = ["<unk>", "<s>", "</s>"].map(str::to_owned).into();
    tokens.extend((0..=255_u8).map(|byte| format!("<0x{byte:02X}>")));
    tokens.extend(["\u{2581}", "a", "b", "c", "ab", "ca", "\u{2581}c", "abb"].map(str::to_owned));
    let first = |id: &str, type_id: u8| json!({"SpecialToken": {"id": id, "type_id": type_id}});
    let text = |id: &str, type_id: u8| json!({"Sequence": {"id": id, "type_id": type_id}});
    json!({
        "version": "1.0", "truncation": null, "padding": null,
        "added_tokens": [added(0, "<unk>"), added(1, "<s>"), added(2, "</s>")],
        "normalizer": {"type": "Sequence", "normalizers": [
            {"type": "Prepend", "prepend": "\u{2581}"},
            {"type": "Replace", "pattern": {"String": " "}, "content": "\u{2581}"}
        ]},
        "pre_tokenizer": null,
        "post_processor": {
            "type": "TemplateProcessing", "single": [first("<s>", 0), text("A", 0)],
            "pair": [first("<s>", 0), text("A", 0), first("<s>", 1), text("B", 1)],
            "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}}
        },
        "decoder": {"type": "Sequence", "decoders": [
            {"type": "Replace", "pattern": {"String": "\u{2581}"}, "content": " "},
            {"type": "ByteFallback"}, {"type": "Fuse"},
            {"type": "Strip", "content": " ", "start": 1, "stop": 0}
        ]},
        "model": {
            "type": "BPE", "dropout": null, "unk_token": "<unk>", "continuing_subword_prefix": null,
            "end_of_word_suffix": null, "fuse_unk": true, "byte_fallback": true,
            "ignore_merges": false, "vocab": vocabulary(&tokens),
            "merges": [["a", "b"], ["c", "a"], ["\u{2581}", "c"], ["ab", "b"]]
        }
    })
}

#[test]
fn a_file_computes_and_says_what_a_directory_does() {
    for tokenizer in [byte_level(), pieces()] {
        let folder = with_tokenizer(tokenizer);
        let prune = "prune model --method wanda --sparsity 0.5 --calibration text.txt --seq-len 16";
        folder.must(&format!("{prune} -o out -q"));
        folder.must(&format!("{prune} -o out.gguf -q"));
        folder.must("verify out.gguf");
        let measure = |model: &str| {
            let ran =
                folder.must(&format!("eval {model} --perplexity text.txt --seq-len 16 --json"));
            let json: Value = serde_json::from_str(&ran.stdout).unwrap();
            (json["perplexity"].as_f64().unwrap(), json["tokens"].as_u64().unwrap())
        };
        assert_eq!(measure("out"), measure("out.gguf"));
        let text = |model: &str| {
            folder.must(&format!("generate {model} --prompt ab --max-tokens 12 -q")).stdout
        };
        assert_eq!(text("out"), text("out.gguf"));
        // And back again: the same weights, bit by bit.
        folder.must(
            "prune out.gguf -o back.gguf --method magnitude --sparsity 0.01 --skip *.mlp.* -q",
        );
        folder.must("prune out.gguf -o back --method magnitude --sparsity 0.01 --skip *.mlp.* -q");
        let diff = folder.must("diff back back.gguf --json");
        let diff: Value = serde_json::from_str(&diff.stdout).unwrap();
        assert_eq!(diff["changed"], json!([]), "{diff}");
        assert_eq!(measure("back"), measure("back.gguf"));
    }
}

/// A tied model whose file has a head all the same: the embedding is the head, there and here.
#[test]
fn a_tied_head_that_is_stored_does_not_count() {
    let folder = with_tokenizer(byte_level());
    let path = folder.join("model/config.json");
    let mut config: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    config["tie_word_embeddings"] = json!(true);
    fs::write(&path, config.to_string()).unwrap();
    let perplexity = |output: &str| {
        folder.must(&format!("prune model -o {output} --method magnitude --sparsity 0.5 -q"));
        let eval = format!("eval {output} --perplexity text.txt --seq-len 16 --json");
        let json: Value = serde_json::from_str(&folder.must(&eval).stdout).unwrap();
        json["perplexity"].as_f64().unwrap()
    };
    assert_eq!(perplexity("out"), perplexity("out.gguf"));
}

#[test]
fn value_types_of_a_file() {
    let folder = with_tokenizer(byte_level());
    for (dtype, most) in [("f32", 1e-9), ("f16", 1e-3), ("bf16", 1e-2), ("q8_0", 2e-2)] {
        let name = format!("{dtype}.gguf");
        folder.must(&format!(
            "prune model -o {name} --dtype {dtype} --method magnitude --sparsity 0.01 -q"
        ));
        folder.must("prune model -o plain --method magnitude --sparsity 0.01 --force -q");
        let measure = |model: &str| {
            let ran =
                folder.must(&format!("eval {model} --perplexity text.txt --seq-len 16 --json"));
            let json: Value = serde_json::from_str(&ran.stdout).unwrap();
            json["perplexity"].as_f64().unwrap()
        };
        let (file, plain) = (measure(&name), measure("plain"));
        assert!((file / plain - 1.0).abs() <= most, "{dtype}: {file} {plain}");
    }
}

#[test]
fn a_file_is_an_output_like_any_other() {
    let folder = with_tokenizer(byte_level());
    let prune = "prune model -o out.gguf --method magnitude --sparsity 0.5 -q";
    folder.must(prune);
    for name in ["out.gguf", "out.secateur.json", "out.report.json", "out.report.html"] {
        assert!(folder.join(name).is_file(), "{name}");
    }
    folder.fails(prune, 2, "SEC-ST-001").says(&["out.gguf", "--force"]);
    folder.must(&format!("{prune} --force"));
    fs::remove_file(folder.join("out.secateur.json")).unwrap();
    let before = fs::read(folder.join("out.gguf")).unwrap();
    folder.fails(&format!("{prune} --force"), 2, "SEC-ST-003");
    assert_eq!(fs::read(folder.join("out.gguf")).unwrap(), before);
    folder.fails("prune model -o model/x.gguf --method magnitude --sparsity 0.5", 2, "SEC-ST-005");
}

#[test]
fn what_has_no_form_in_the_format_is_refused() {
    let folder = valid();
    // Its tokenizer knows whole words only.
    folder
        .fails("prune model -o out.gguf --method magnitude --sparsity 0.5", 4, "SEC-GG-024")
        .says(&["WordLevel", "--format hf"]);
    folder
        .fails("prune model -o out --dtype q8_0 --method magnitude --sparsity 0.5", 2, "SEC-NN-023")
        .says(&["q8_0", "OUT.gguf"]);
}
