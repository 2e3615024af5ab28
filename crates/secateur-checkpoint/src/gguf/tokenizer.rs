//! `tokenizer.json` from the vocabulary of a file.
//!
//! A GGUF file says which tokens there are, how pieces merge, and names the rule that splits
//! text; the rule itself is known by its name only. Two kinds are rebuilt: byte-level BPE
//! (`gpt2`) and SentencePiece's BPE (`llama`).

mod byte_level;
mod sentencepiece;
mod vocabulary;

use serde_json::{Map, Value, json};

use super::{Gguf, GgufError};
pub(crate) use byte_level::name_of_split;
use vocabulary::Vocabulary;

/// What one kind of tokenizer has that others have not.
struct Parts {
    normalizer: Value,
    pre_tokenizer: Value,
    decoder: Value,
    /// What the kind does with ids, before special tokens are added.
    post_processor: Option<Value>,
    /// Whether texts begin with the first special token when the file does not say.
    add_bos: bool,
    unknown: Option<usize>,
    byte_fallback: bool,
    ignore_merges: bool,
    merges: Vec<Value>,
}

/// `tokenizer.json` and `tokenizer_config.json`, where the kind is known.
pub(super) fn read(
    gguf: &Gguf,
    rows: usize,
    positions: usize,
    warnings: &mut Vec<String>,
) -> Result<Option<(Value, Value)>, GgufError> {
    let key = "tokenizer.ggml.model";
    let Some(kind) = gguf.value(key).and_then(|value| value.text()) else {
        warnings.push(format!("key {key:?} is not a text that is there: no tokenizer"));
        return Ok(None);
    };
    let read: fn(&Vocabulary<'_>, &mut Vec<String>) -> Result<Parts, GgufError> = match kind {
        "gpt2" => byte_level::read,
        "llama" => sentencepiece::read,
        other => {
            warnings.push(format!(
                "key {key:?} is {other:?}, rebuilt are \"gpt2\" and \"llama\": no tokenizer"
            ));
            return Ok(None);
        }
    };
    let vocabulary = Vocabulary::read(gguf, rows, warnings)?;
    let parts = read(&vocabulary, warnings)?;
    let config = config(&vocabulary, positions);
    Ok(Some((whole(&vocabulary, parts), config)))
}

/// A whole `tokenizer.json` of version 1.0, as tokenizers 0.23 reads it.
fn whole(vocabulary: &Vocabulary<'_>, parts: Parts) -> Value {
    let unknown = parts.unknown.and_then(|id| vocabulary.tokens.get(id));
    let bos = vocabulary.special("bos").filter(|_| vocabulary.flag("add_bos_token", parts.add_bos));
    let eos = vocabulary.special("eos").filter(|_| vocabulary.flag("add_eos_token", false));
    let mut model = object(json!({
        "type": "BPE",
        "dropout": null,
        "unk_token": unknown,
        "continuing_subword_prefix": null,
        "end_of_word_suffix": null,
        "fuse_unk": parts.byte_fallback,
        "byte_fallback": parts.byte_fallback,
        "ignore_merges": parts.ignore_merges,
    }));
    // The macro would copy what it is given; these two are most of the file.
    model.insert("vocab".to_owned(), Value::Object(vocabulary.by_token()));
    model.insert("merges".to_owned(), Value::Array(parts.merges));
    let mut whole = object(json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": vocabulary.added(),
        "normalizer": parts.normalizer,
        "pre_tokenizer": parts.pre_tokenizer,
        "post_processor": post_processor(vocabulary, parts.post_processor, bos, eos),
        "decoder": parts.decoder,
    }));
    whole.insert("model".to_owned(), Value::Object(model));
    Value::Object(whole)
}

fn object(value: Value) -> Map<String, Value> {
    if let Value::Object(map) = value { map } else { unreachable!("an object was written") }
}

/// What is done with ids: what the kind does, then special tokens before and after.
fn post_processor(
    vocabulary: &Vocabulary<'_>,
    own: Option<Value>,
    bos: Option<usize>,
    eos: Option<usize>,
) -> Value {
    if bos.is_none() && eos.is_none() {
        return own.unwrap_or(Value::Null);
    }
    let token = |id: usize| vocabulary.tokens.get(id).expect("special ids are checked");
    let piece = |id: Option<usize>, type_id: u8| {
        id.map(|id| json!({ "SpecialToken": { "id": token(id), "type_id": type_id } }))
    };
    let text = |name: &str, type_id: u8| {
        let sequence = json!({ "Sequence": { "id": name, "type_id": type_id } });
        [piece(bos, type_id), Some(sequence), piece(eos, type_id)].into_iter().flatten()
    };
    let single: Vec<Value> = text("A", 0).collect();
    let pair: Vec<Value> = text("A", 0).chain(text("B", 1)).collect();
    let mut special = Map::new();
    for id in [bos, eos].into_iter().flatten() {
        let entry = json!({ "id": token(id), "ids": [id], "tokens": [token(id)] });
        special.insert(token(id).to_owned(), entry);
    }
    let template = json!({
        "type": "TemplateProcessing", "single": single, "pair": pair, "special_tokens": special
    });
    match own {
        None => template,
        Some(own) => json!({ "type": "Sequence", "processors": [own, template] }),
    }
}

/// `tokenizer_config.json`.
fn config(vocabulary: &Vocabulary<'_>, positions: usize) -> Value {
    let mut config = Map::new();
    // The generic class takes tokenizer.json as it is; a model's own class would rebuild it.
    config.insert("tokenizer_class".to_owned(), json!("PreTrainedTokenizerFast"));
    config.insert("model_max_length".to_owned(), json!(positions));
    config.insert("clean_up_tokenization_spaces".to_owned(), json!(false));
    let names = [("bos", "bos"), ("eos", "eos"), ("unk", "unknown"), ("pad", "padding")];
    for (name, key) in names {
        if let Some(token) = vocabulary.special(key).and_then(|id| vocabulary.tokens.get(id)) {
            config.insert(format!("{name}_token"), json!(token));
        }
    }
    if let Some(template) = chat_template(vocabulary.gguf) {
        config.insert("chat_template".to_owned(), template);
    }
    Value::Object(config)
}

/// The file's chat template; a list where there are several by name.
fn chat_template(gguf: &Gguf) -> Option<Value> {
    const KEY: &str = "tokenizer.chat_template";
    let default = gguf.value(KEY).and_then(|value| value.text());
    let mut named: Vec<Value> = gguf
        .metadata
        .iter()
        .filter_map(|(key, value)| {
            let name = key.strip_prefix(KEY)?.strip_prefix('.')?;
            Some(json!({ "name": name, "template": value.text()? }))
        })
        .collect();
    if named.is_empty() {
        return default.map(|template| json!(template));
    }
    if let Some(template) = default {
        named.insert(0, json!({ "name": "default", "template": template }));
    }
    Some(Value::Array(named))
}
