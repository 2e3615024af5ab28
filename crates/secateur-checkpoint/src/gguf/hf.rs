//! What a GGUF file says, as a Hugging Face directory would say it.
//!
//! One file per architecture says which key is which entry of `config.json`, which tensor is
//! which parameter, and which rows are stored in another order.

mod keys;
mod llama;
pub(in crate::gguf) mod names;
pub(crate) mod rope;

use serde_json::Map;

use super::{Gguf, GgufError, tokenizer};
use crate::tensors::Source;
use keys::Keys;

/// What the file says as a Hugging Face directory would say it.
#[derive(Clone, Debug)]
pub struct AsHf {
    /// `config.json`, in the style that every version of transformers reads (`rope_theta`,
    /// `rope_scaling`, `torch_dtype`).
    pub config: Map<String, serde_json::Value>,
    /// Tensors by their Hugging Face names, in the file's order.
    pub tensors: Vec<(String, Source)>,
    /// `tokenizer.json`, where the file's vocabulary is of a kind that is known. Print it before
    /// the `tokenizers` crate reads it: it borrows strings, which a value cannot lend.
    pub tokenizer: Option<serde_json::Value>,
    /// `tokenizer_config.json`, where there is a tokenizer.
    pub tokenizer_config: Option<serde_json::Value>,
    /// What was left out or had to be guessed.
    pub warnings: Vec<String>,
}

impl AsHf {
    /// Name in the file of a tensor that the mapping has a place for.
    pub fn in_file(name: &str) -> Option<String> {
        names::in_file(name)
    }
}

/// Config and tensors of a model; warnings are appended.
type Mapping = fn(&Keys<'_>, &mut Vec<String>) -> Result<Model, GgufError>;

/// A model without its tokenizer.
struct Model {
    config: Map<String, serde_json::Value>,
    tensors: Vec<(String, Source)>,
    /// Rows of the embedding.
    vocabulary: usize,
    /// Positions it was trained for.
    positions: usize,
}

/// Architectures by the value of `general.architecture`, sorted.
const ARCHITECTURES: &[(&str, Mapping)] =
    &[("llama", llama::read), ("qwen2", llama::read_qwen2), ("qwen3", llama::read_qwen3)];

/// Reads a GGUF file as a Hugging Face directory.
///
/// # Errors
/// [`GgufError::Architecture`] for an architecture without a mapping, [`GgufError::Unsupported`]
/// for what a mapping does not cover, and others when keys, tensors or the vocabulary contradict
/// each other or are missing.
pub fn as_hf(gguf: &Gguf) -> Result<AsHf, GgufError> {
    let path = &gguf.path;
    let key = "general.architecture";
    let value = gguf
        .value(key)
        .ok_or_else(|| GgufError::MissingKey { path: path.clone(), key: key.to_owned() })?;
    let Some(name) = value.text() else {
        return Err(GgufError::KeyValue {
            path: path.clone(),
            key: key.to_owned(),
            found: value.to_string(),
            expected: "a string".to_owned(),
        });
    };
    let Ok(at) = ARCHITECTURES.binary_search_by(|(known, _)| (*known).cmp(name)) else {
        let known = ARCHITECTURES.iter().map(|(known, _)| *known).collect::<Vec<_>>().join(", ");
        return Err(GgufError::Architecture { path: path.clone(), found: name.to_owned(), known });
    };
    let (architecture, mapping) = ARCHITECTURES[at];
    let mut warnings = Vec::new();
    let model = mapping(&Keys { gguf, architecture }, &mut warnings)?;
    let read = tokenizer::read(gguf, model.vocabulary, model.positions, &mut warnings)?;
    let (tokenizer, tokenizer_config) = read.unzip();
    let Model { config, tensors, .. } = model;
    Ok(AsHf { config, tensors, tokenizer, tokenizer_config, warnings })
}
