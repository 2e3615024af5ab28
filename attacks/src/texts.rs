//! Tokenizers that fail or belong to another model, and texts that hold nothing.

use std::fs;
use std::io;
use std::path::Path;

use safetensors::Dtype;
use safetensors::tensor::TensorView;
use serde_json::{Value, json};

use crate::Case;
use crate::model::{self, llama};

/// The cases of this file.
pub const CASES: &[Case] = &[
    Case { name: "tokenizer_missing", write: no_tokenizer },
    Case { name: "tokenizer_is_not_json", write: |f| text_for_tokenizer(f, "{\"version\": ") },
    Case { name: "tokenizer_is_another_map", write: |f| tokenizer(f, |t| *t = json!({"a": 1})) },
    Case {
        name: "tokenizer_merge_too_long",
        write: |f| tokenizer(f, |t| t["model"] = long_merge()),
    },
    Case { name: "tokenizer_pieces_of_nothing", write: |f| tokenizer(f, no_length) },
    Case { name: "tokenizer_template_token", write: |f| tokenizer(f, template) },
    Case { name: "tokenizer_without_unknown", write: |f| tokenizer(f, no_unknown) },
    Case { name: "tokenizer_too_large", write: |f| tokenizer(f, |t| *t = one_word_beyond()) },
    Case { name: "tokenizer_regex_explodes", write: regex_explodes },
    Case {
        name: "tokenizer_ids_twice",
        write: |f| tokenizer(f, |t| t["model"]["vocab"]["w3"] = json!(2)),
    },
    Case { name: "text_empty", write: |f| text(f, b"") },
    Case { name: "text_blank", write: |f| text(f, b" \n\t\r\n\n  \n") },
    Case { name: "text_short", write: |f| text(f, model::text(5).as_bytes()) },
    Case { name: "text_for_few_windows", write: |f| text(f, model::text(100).as_bytes()) },
    Case { name: "text_not_utf8", write: |f| text(f, b"w1 w2 \xff\xfe w3") },
    Case { name: "text_missing", write: no_text },
    Case { name: "text_with_mark_and_returns", write: |f| text(f, marked().as_bytes()) },
    Case { name: "text_of_one_long_line", write: |f| text(f, model::text(1 << 20).as_bytes()) },
    Case { name: "lines_few_bad", write: |f| lines(f, 200, "{\"url\": \"text\"}") },
    Case { name: "lines_many_bad", write: |f| lines(f, 50, "{\"text\": [\"w1\"]}") },
    Case { name: "lines_cut_off", write: |f| lines(f, 3, "{\"text\": \"w1 w2") },
    Case { name: "ids_out_of_range", write: |f| ids(f, "input_ids", &[1, 2, 32_007, 3]) },
    Case { name: "ids_negative", write: |f| ids(f, "input_ids", &[1, 2, -1, 3]) },
    Case { name: "ids_of_another_name", write: |f| ids(f, "tokens", &[1, 2, 3, 4]) },
];

fn tokenizer(folder: &Path, change: fn(&mut Value)) -> io::Result<()> {
    let mut model = llama();
    change(&mut model.tokenizer);
    model.write(folder)
}

fn no_tokenizer(folder: &Path) -> io::Result<()> {
    llama().write(folder)?;
    fs::remove_file(folder.join("model/tokenizer.json"))
}

fn text_for_tokenizer(folder: &Path, text: &str) -> io::Result<()> {
    llama().write(folder)?;
    fs::write(folder.join("model/tokenizer.json"), text)
}

/// A merge whose right part is shorter than the prefix that is cut from it.
fn long_merge() -> Value {
    json!({
        "type": "BPE",
        "vocab": { "w": 0, "1": 1, "w1": 2, "longer": 3 },
        "merges": [["w", "1"]],
        "continuing_subword_prefix": "##longprefix",
        "unk_token": null,
    })
}

/// A rule of splitting with two ways for every letter, and a text of letters where none leads on.
fn regex_explodes(folder: &Path) -> io::Result<()> {
    tokenizer(folder, |t| {
        t["pre_tokenizer"] = json!({
            "type": "Split", "pattern": { "Regex": "(?:(?=a)a|(?=a)a)*c" },
            "behavior": "Isolated", "invert": false
        });
    })?;
    text(folder, format!("{} ", "a".repeat(400)).repeat(100).as_bytes())
}

/// Pieces of a fixed length, which is zero.
fn no_length(tokenizer: &mut Value) {
    tokenizer["pre_tokenizer"] = json!({ "type": "FixedLength", "length": 0 });
}

/// A template with a token that is nowhere.
fn template(tokenizer: &mut Value) {
    tokenizer["post_processor"] = json!({
        "type": "TemplateProcessing",
        "single": [
            { "SpecialToken": { "id": "[CLS]", "type_id": 0 } },
            { "Sequence": { "id": "A", "type_id": 0 } },
        ],
        "pair": [],
        "special_tokens": {},
    });
}

/// The entry for unknown words is not there, and the text has such a word.
fn no_unknown(tokenizer: &mut Value) {
    tokenizer["model"]["unk_token"] = json!("[NOWHERE]");
    if let Some(vocabulary) = tokenizer["model"]["vocab"].as_object_mut() {
        vocabulary.remove("w7");
    }
}

/// A word of the text has an id beyond the embedding.
fn one_word_beyond() -> Value {
    let mut tokenizer = model::tokenizer(model::VOCABULARY);
    tokenizer["model"]["vocab"]["w7"] = json!(32_007);
    tokenizer
}

fn text(folder: &Path, text: &[u8]) -> io::Result<()> {
    llama().write(folder)?;
    fs::write(folder.join("text.txt"), text)
}

/// A text as some editors write it.
fn marked() -> String {
    format!("\u{feff}{}", model::text(100).replace(' ', "\r\n"))
}

/// Writes the valid model and `lines.jsonl` with some texts and one line that is none.
fn lines(folder: &Path, good: usize, bad: &str) -> io::Result<()> {
    llama().write(folder)?;
    let line = json!({ "text": model::text(40), "source": { "id": 7 } }).to_string();
    let lines = format!("{line}\n").repeat(good);
    fs::write(folder.join("lines.jsonl"), format!("{lines}{bad}\n"))
}

fn no_text(folder: &Path) -> io::Result<()> {
    llama().write(folder)?;
    fs::remove_file(folder.join("text.txt"))
}

/// Writes the valid model and `ids.safetensors` with one window.
fn ids(folder: &Path, key: &str, ids: &[i64]) -> io::Result<()> {
    llama().write(folder)?;
    let bytes: Vec<u8> = ids.iter().flat_map(|id| id.to_le_bytes()).collect();
    let view = TensorView::new(Dtype::I64, vec![1, ids.len()], &bytes).expect("one window");
    let file = safetensors::serialize([(key, view)], None).expect("a small file can be written");
    fs::write(folder.join("ids.safetensors"), file)
}
