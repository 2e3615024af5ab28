//! The vocabulary of a GGUF file from tokenizer.json: the way back of `gguf::tokenizer`.

use serde_json::Value as Json;

use crate::checkpoint::Checkpoint;
use crate::gguf::{self, Array, GgufError, Strings, Value};

/// Kinds of tokens, by the format's numbers.
const NORMAL: i32 = 1;
const UNKNOWN: i32 = 2;
const CONTROL: i32 = 3;
const USER_DEFINED: i32 = 4;
const UNUSED: i32 = 5;
const BYTE: i32 = 6;

/// Appends the keys of the tokenizer.
///
/// # Errors
/// [`GgufError::Unsupported`] for a tokenizer that GGUF has no name for.
pub(super) fn add(
    checkpoint: &Checkpoint,
    metadata: &mut Vec<(String, Value)>,
    warnings: &mut Vec<String>,
) -> Result<(), GgufError> {
    let unsupported = |what: String| GgufError::Unsupported {
        path: checkpoint.tokenizer_path().to_owned(),
        what,
        mend: "write a directory instead: -o OUT, or --format hf",
    };
    let mut set = |key: &str, value: Value| {
        metadata.push((format!("tokenizer.{key}"), value));
    };
    let text = |text: &str| Value::String(text.to_owned());
    let (tokenizer, config) = checkpoint.tokenizer_json().map_err(&unsupported)?;
    let Some(tokenizer) = tokenizer else {
        warnings.push(
            "the model has no tokenizer.json: the GGUF file has no tokenizer either".to_owned(),
        );
        set("ggml.model", text("no_vocab"));
        return Ok(());
    };
    let model = &tokenizer["model"];
    if model["type"] != "BPE" {
        return Err(unsupported(format!(
            "a tokenizer of type {} is not written as GGUF",
            model["type"]
        )));
    }
    let rows = checkpoint.dims.vocabulary;
    let tokens = Tokens::read(&tokenizer, rows).map_err(&unsupported)?;
    let merges = merges(model).map_err(&unsupported)?;
    match kind(&tokenizer).map_err(&unsupported)? {
        Kind::ByteLevel { pre } => {
            set("ggml.model", text("gpt2"));
            set("ggml.pre", text(pre));
            set("ggml.tokens", strings(tokens.texts.iter().map(String::as_str)));
            set("ggml.token_type", Value::Array(Array::I32(tokens.kinds.clone())));
            let joined: Vec<String> = merges.iter().map(|(a, b)| format!("{a} {b}")).collect();
            set("ggml.merges", strings(joined.iter().map(String::as_str)));
        }
        Kind::Pieces { prefix } => {
            set("ggml.model", text("llama"));
            set("ggml.tokens", strings(tokens.texts.iter().map(String::as_str)));
            set("ggml.scores", Value::Array(Array::F32(tokens.scores(&merges))));
            set("ggml.token_type", Value::Array(Array::I32(tokens.kinds.clone())));
            set("ggml.add_space_prefix", Value::Bool(prefix));
        }
    }
    let (first, last) = around(&tokenizer["post_processor"]);
    let ids = |name: &str| {
        let stated = config.as_ref().and_then(|config| word(&config[format!("{name}_token")]));
        stated.and_then(|token| tokens.id(token))
    };
    let of_config = |key: &str| {
        checkpoint.config.ids(key).ok().and_then(|ids| ids.first().copied()).map(|id| id as usize)
    };
    let bos = ids("bos").or_else(|| of_config("bos_token_id"));
    let eos = ids("eos").or_else(|| of_config("eos_token_id"));
    let unknown = word(&model["unk_token"]).and_then(|token| tokens.id(token));
    let special = [("bos", bos), ("eos", eos), ("unknown", unknown), ("padding", ids("pad"))];
    for (name, id) in special {
        if let Some(id) = id.filter(|id| *id < rows) {
            set(&format!("ggml.{name}_token_id"), Value::U32(id as u32));
        }
    }
    let is = |token: Option<String>, id: Option<usize>| {
        token.is_some_and(|token| tokens.id(&token) == id && id.is_some())
    };
    set("ggml.add_bos_token", Value::Bool(is(first, bos)));
    set("ggml.add_eos_token", Value::Bool(is(last, eos)));
    if let Some(template) = config.as_ref().and_then(|config| config["chat_template"].as_str()) {
        set("chat_template", text(template));
    }
    Ok(())
}

fn strings<'a>(texts: impl Iterator<Item = &'a str>) -> Value {
    Value::Array(Array::Strings(Box::new(texts.collect::<Strings>())))
}

/// A token as tokenizer_config.json has it: a text, or a map with its content.
fn word(value: &Json) -> Option<&str> {
    value.as_str().or_else(|| value["content"].as_str())
}

/// What GGUF calls a tokenizer.
enum Kind {
    /// Byte-level BPE with a named rule of splitting.
    ByteLevel { pre: &'static str },
    /// SentencePiece's BPE, with or without a space before a text.
    Pieces { prefix: bool },
}

fn kind(tokenizer: &Json) -> Result<Kind, String> {
    let (model, normalizer) = (&tokenizer["model"], &tokenizer["normalizer"]);
    let pre = &tokenizer["pre_tokenizer"];
    if model["byte_fallback"] == true {
        let steps = match &normalizer["normalizers"] {
            Json::Array(steps) => steps.clone(),
            _ => vec![normalizer.clone()],
        };
        let names: Vec<&str> = steps.iter().filter_map(|step| step["type"].as_str()).collect();
        return match (&names[..], pre["type"].as_str()) {
            (["Prepend", "Replace"], None) => Ok(Kind::Pieces { prefix: true }),
            (["Replace"], None) => Ok(Kind::Pieces { prefix: false }),
            ([], Some("Metaspace")) => {
                let prefix = pre["prepend_scheme"] != "never" && pre["add_prefix_space"] != false;
                Ok(Kind::Pieces { prefix })
            }
            _ => Err(format!("a normalizer {names:?} has no name in GGUF")),
        };
    }
    let nfc = match normalizer["type"].as_str() {
        None => false,
        Some("NFC") => true,
        Some(other) => return Err(format!("a normalizer {other:?} has no name in GGUF")),
    };
    let ignore_merges = model["ignore_merges"] == true;
    match gguf::name_of_split(pre, nfc, ignore_merges) {
        Some(pre) => Ok(Kind::ByteLevel { pre }),
        None => Err("the rule by which the tokenizer splits text has no name in GGUF".to_owned()),
    }
}

/// Pairs in the order in which they merge.
fn merges(model: &Json) -> Result<Vec<(String, String)>, String> {
    let Some(list) = model["merges"].as_array() else {
        return Err("the tokenizer has no merges".to_owned());
    };
    let pair = |merge: &Json| match merge {
        Json::String(text) => text.split_once(' ').map(|(a, b)| (a.to_owned(), b.to_owned())),
        Json::Array(two) => match &two[..] {
            [Json::String(a), Json::String(b)] => Some((a.clone(), b.clone())),
            _ => None,
        },
        _ => None,
    };
    let read =
        |merge: &Json| pair(merge).ok_or_else(|| format!("{merge} is no merge of two tokens"));
    list.iter().map(read).collect()
}

/// Tokens by id, as many as the embedding has rows.
struct Tokens {
    texts: Vec<String>,
    kinds: Vec<i32>,
    ids: std::collections::HashMap<String, usize>,
}

impl Tokens {
    fn read(tokenizer: &Json, rows: usize) -> Result<Self, String> {
        let model = &tokenizer["model"];
        let Some(vocabulary) = model["vocab"].as_object() else {
            return Err("the tokenizer has no vocabulary".to_owned());
        };
        let fallback = model["byte_fallback"] == true;
        let mut found: Vec<Option<(String, i32)>> = vec![None; rows];
        let mut put = |token: &str, id: Option<u64>, kind: i32| {
            let place = id.and_then(|id| usize::try_from(id).ok());
            match place.and_then(|id| found.get_mut(id)) {
                Some(place) => *place = Some((token.to_owned(), kind)),
                None => return Err(format!("token {token:?} has no row in the embedding")),
            }
            Ok(())
        };
        for (token, id) in vocabulary {
            let is_byte = fallback && token.len() == 6 && token.starts_with("<0x");
            put(token, id.as_u64(), if is_byte { BYTE } else { NORMAL })?;
        }
        let added = tokenizer["added_tokens"].as_array();
        for token in added.into_iter().flatten() {
            let kind = if token["special"] == true { CONTROL } else { USER_DEFINED };
            put(token["content"].as_str().unwrap_or_default(), token["id"].as_u64(), kind)?;
        }
        let unknown = word(&model["unk_token"]);
        let (mut texts, mut kinds) = (Vec::with_capacity(rows), Vec::with_capacity(rows));
        let mut ids = std::collections::HashMap::with_capacity(rows);
        for (id, token) in found.into_iter().enumerate() {
            // Rows of the embedding past the vocabulary.
            let (text, kind) = token.unwrap_or_else(|| (format!("[PAD{id}]"), UNUSED));
            let kind = if Some(&text[..]) == unknown { UNKNOWN } else { kind };
            ids.insert(text.clone(), id);
            texts.push(text);
            kinds.push(kind);
        }
        Ok(Self { texts, kinds, ids })
    }

    fn id(&self, token: &str) -> Option<usize> {
        self.ids.get(token).copied()
    }

    /// A score of each token: what merges first is worth most.
    fn scores(&self, merges: &[(String, String)]) -> Vec<f32> {
        let mut rank = std::collections::HashMap::new();
        for (at, (a, b)) in merges.iter().enumerate() {
            rank.entry(format!("{a}{b}")).or_insert(at);
        }
        let score = |(id, text): (usize, &String)| match self.kinds[id] {
            NORMAL | USER_DEFINED => match rank.get(text) {
                Some(rank) => -(*rank as f32),
                None => -((merges.len() + id) as f32),
            },
            _ => 0.0,
        };
        self.texts.iter().enumerate().map(score).collect()
    }
}

/// The special tokens that are set before and after a text.
fn around(post_processor: &Json) -> (Option<String>, Option<String>) {
    let all = match &post_processor["processors"] {
        Json::Array(all) => all.clone(),
        _ => vec![post_processor.clone()],
    };
    let Some(template) = all.iter().find(|p| p["type"] == "TemplateProcessing") else {
        return (None, None);
    };
    let pieces = template["single"].as_array().cloned().unwrap_or_default();
    let special = |piece: Option<&Json>| piece?["SpecialToken"]["id"].as_str().map(str::to_owned);
    (special(pieces.first()), special(pieces.last()))
}
