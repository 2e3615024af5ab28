//! Architectures `llama` (`LlamaForCausalLM`, and the models that are stored as it: Mistral,
//! SmolLM), `qwen2` and `qwen3`.
//!
//! Rows of `attn_q` and `attn_k` of a llama are stored in the order of rotary pairs. The scaling of Llama 3
//! is recognized by the tensor that expresses it. Experts, windows, widths that differ between
//! blocks, and heads whose keys and values differ in size are not covered.

use std::collections::{HashMap, HashSet};

use secateur_tensor::{DType, Stored};
use serde_json::{Map, Value, json};

use super::keys::Keys;
use super::names::{HEAD_NORMS, LINEARS, NORMS, OUTSIDE, Width, block};
use super::{Model, rope};
use crate::gguf::{self, GgufError};
use crate::tensors::{RowOrder, Source};

/// Where the architectures differ.
pub(super) struct Flavor {
    /// `model_type` of Hugging Face.
    model_type: &'static str,
    /// Its class.
    class: &'static str,
    /// Whether rows of queries and keys are in the order of rotary pairs.
    pairs: bool,
    /// Whether every head of queries and keys has a normalization.
    head_norms: bool,
    /// Whether queries, keys and values have biases and nothing else has.
    qkv_biases: bool,
}

const LLAMA: Flavor = Flavor {
    model_type: "llama",
    class: "LlamaForCausalLM",
    pairs: true,
    head_norms: false,
    qkv_biases: false,
};

const QWEN2: Flavor = Flavor {
    model_type: "qwen2",
    class: "Qwen2ForCausalLM",
    pairs: false,
    head_norms: false,
    qkv_biases: true,
};

const QWEN3: Flavor = Flavor {
    model_type: "qwen3",
    class: "Qwen3ForCausalLM",
    pairs: false,
    head_norms: true,
    qkv_biases: false,
};

/// Tensors of older files that say nothing the metadata does not say.
const IGNORED: &[&str] = &["attn_rot_embd.weight"];

/// Keys that are read or say nothing that a config has a place for.
const READ: &[&str] = &[
    "block_count",
    "context_length",
    "embedding_length",
    "feed_forward_length",
    "vocab_size",
    "expert_count",
    "expert_used_count",
    "attention.head_count",
    "attention.head_count_kv",
    "attention.key_length",
    "attention.value_length",
    "attention.layer_norm_rms_epsilon",
    "rope.dimension_count",
    "rope.freq_base",
    "rope.scale_linear",
    "rope.scaling.type",
    "rope.scaling.factor",
    "rope.scaling.finetuned",
    rope::ORIGINAL,
    "tensor_data_layout",
];

/// Sizes of the model.
struct Sizes {
    flavor: &'static Flavor,
    blocks: usize,
    hidden: usize,
    inner: usize,
    heads: usize,
    heads_kv: usize,
    head_dim: usize,
    /// Rows of the embedding.
    vocabulary: usize,
}

/// A place of the model that a tensor of the file fills.
struct Place {
    /// Hugging Face's name.
    name: String,
    shape: Vec<usize>,
    /// Keys that decide the shape.
    why: String,
    rows: RowOrder,
}

/// Reads config and tensors of a llama.
pub(super) fn read(keys: &Keys<'_>, warnings: &mut Vec<String>) -> Result<Model, GgufError> {
    read_as(&LLAMA, keys, warnings)
}

/// Reads config and tensors of a Qwen 2 model.
pub(super) fn read_qwen2(keys: &Keys<'_>, warnings: &mut Vec<String>) -> Result<Model, GgufError> {
    read_as(&QWEN2, keys, warnings)
}

/// Reads config and tensors of a Qwen 3 model.
pub(super) fn read_qwen3(keys: &Keys<'_>, warnings: &mut Vec<String>) -> Result<Model, GgufError> {
    read_as(&QWEN3, keys, warnings)
}

fn read_as(
    flavor: &'static Flavor,
    keys: &Keys<'_>,
    warnings: &mut Vec<String>,
) -> Result<Model, GgufError> {
    refuse_parts(keys)?;
    let sizes = sizes(flavor, keys)?;
    let theta = keys.positive("rope.freq_base")?.unwrap_or(10_000.0);
    let scaling = rope::scaling(keys, theta, sizes.head_dim)?;
    let tensors = tensors(keys, &sizes)?;
    let (attention_bias, mlp_bias) = biases(keys, &sizes)?;
    keys.warn_of_others(READ, warnings);

    let positions = keys.needed("context_length")?;
    let epsilon = "attention.layer_norm_rms_epsilon";
    let mut config = Map::new();
    let mut set = |key: &str, value: Value| config.insert(key.to_owned(), value);
    set("architectures", json!([flavor.class]));
    set("model_type", json!(flavor.model_type));
    set("vocab_size", json!(sizes.vocabulary));
    set("hidden_size", json!(sizes.hidden));
    set("intermediate_size", json!(sizes.inner));
    set("num_hidden_layers", json!(sizes.blocks));
    set("num_attention_heads", json!(sizes.heads));
    set("num_key_value_heads", json!(sizes.heads_kv));
    set("head_dim", json!(sizes.head_dim));
    set("max_position_embeddings", json!(positions));
    set("rms_norm_eps", json!(keys.positive(epsilon)?.ok_or_else(|| keys.missing(epsilon))?));
    set("rope_theta", json!(theta));
    set("rope_scaling", scaling);
    set("hidden_act", json!("silu"));
    if !flavor.qkv_biases {
        set("attention_bias", json!(attention_bias));
        set("mlp_bias", json!(mlp_bias));
    }
    set("tie_word_embeddings", json!(keys.gguf.tensor("output.weight").is_none()));
    for (key, id) in [("bos_token_id", "bos"), ("eos_token_id", "eos")] {
        if let Some(id) = token_id(keys, id, sizes.vocabulary, warnings)? {
            set(key, json!(id));
        }
    }
    set("torch_dtype", json!(torch_dtype(&tensors)));
    Ok(Model { config, tensors, vocabulary: sizes.vocabulary, positions })
}

/// Refuses a file that is one part of several, and a model of experts.
fn refuse_parts(keys: &Keys<'_>) -> Result<(), GgufError> {
    if let Some(parts) = keys.gguf.value("split.count").and_then(gguf::Value::int)
        && parts > 1
    {
        return Err(GgufError::Unsupported {
            path: keys.gguf.path.clone(),
            what: format!("the file is one of {parts} parts (key \"split.count\")"),
            mend: "join the parts with `llama-gguf-split --merge FIRST OUT`",
        });
    }
    let experts = keys.value("expert_count").and_then(gguf::Value::int).unwrap_or(0);
    if experts > 0 {
        let key = keys.full("expert_count");
        return Err(keys.unsupported(format!("key {key:?} is {experts}: a mixture of experts")));
    }
    Ok(())
}

fn sizes(flavor: &'static Flavor, keys: &Keys<'_>) -> Result<Sizes, GgufError> {
    let hidden = keys.needed("embedding_length")?;
    let heads = keys.needed("attention.head_count")?;
    let heads_kv = keys.count("attention.head_count_kv")?.unwrap_or(heads);
    if !heads.is_multiple_of(heads_kv) {
        return Err(GgufError::Contradiction {
            path: keys.gguf.path.clone(),
            first: format!("key {:?} is {heads}", keys.full("attention.head_count")),
            second: format!(
                "key {:?} is {heads_kv}, which does not divide it",
                keys.full("attention.head_count_kv")
            ),
        });
    }
    Ok(Sizes {
        flavor,
        blocks: blocks(keys)?,
        hidden,
        inner: keys.needed("feed_forward_length")?,
        heads,
        heads_kv,
        head_dim: head_dim(keys, hidden, heads)?,
        vocabulary: vocabulary(keys, hidden)?,
    })
}

/// Rows of the embedding.
fn vocabulary(keys: &Keys<'_>, hidden: usize) -> Result<usize, GgufError> {
    let name = "token_embd.weight";
    let expected = "every model has an embedding";
    let stored = keys.gguf.tensor(name).ok_or_else(|| missing(keys, name, expected.to_owned()))?;
    let [rows, _] = *stored.shape() else {
        return Err(GgufError::TensorShape {
            path: keys.gguf.path.clone(),
            tensor: name.to_owned(),
            found: stored.shape().to_vec(),
            expected: vec![stored.shape()[0], hidden],
            why: "tokens x embedding_length".to_owned(),
        });
    };
    match keys.count("vocab_size")? {
        Some(size) if size != rows => Err(GgufError::Contradiction {
            path: keys.gguf.path.clone(),
            first: format!("key {:?} is {size}", keys.full("vocab_size")),
            second: format!("tensor {name:?} has {rows} rows"),
        }),
        _ => Ok(rows),
    }
}

fn head_dim(keys: &Keys<'_>, hidden: usize, heads: usize) -> Result<usize, GgufError> {
    let stated = keys.count("attention.key_length")?;
    let values = keys.count("attention.value_length")?;
    let head_dim = match stated {
        Some(head_dim) => head_dim,
        None if hidden.is_multiple_of(heads) => hidden / heads,
        None => {
            return Err(GgufError::Contradiction {
                path: keys.gguf.path.clone(),
                first: format!("key {:?} is {hidden}", keys.full("embedding_length")),
                second: format!(
                    "key {:?} is {heads}, which does not divide it",
                    keys.full("attention.head_count")
                ),
            });
        }
    };
    let others = [
        ("attention.value_length", values),
        ("rope.dimension_count", keys.count("rope.dimension_count")?),
    ];
    for (key, other) in others {
        if let Some(other) = other.filter(|other| *other != head_dim) {
            let key = keys.full(key);
            return Err(keys.unsupported(format!(
                "key {key:?} is {other}, heads are of size {head_dim}; equal sizes are needed"
            )));
        }
    }
    if head_dim % 2 == 1 {
        return Err(keys.unsupported(format!("heads of size {head_dim} have no rotary pairs")));
    }
    Ok(head_dim)
}

/// Number of blocks, which the metadata and the tensors must agree on.
fn blocks(keys: &Keys<'_>) -> Result<usize, GgufError> {
    let stated = keys.needed("block_count")?;
    let last = keys.gguf.tensors.iter().filter_map(|(name, _)| Some((block(name)?.0, name)));
    match last.max_by_key(|(block, _)| *block) {
        Some((last, name)) if last >= stated => Err(GgufError::Contradiction {
            path: keys.gguf.path.clone(),
            first: format!("key {:?} is {stated}", keys.full("block_count")),
            second: format!("tensor {name:?} belongs to block {last}, counted from 0"),
        }),
        Some((last, name)) if last + 1 < stated => Err(GgufError::Contradiction {
            path: keys.gguf.path.clone(),
            first: format!("key {:?} is {stated}", keys.full("block_count")),
            second: format!("the last block is {last}, counted from 0, with tensor {name:?}"),
        }),
        _ => Ok(stated),
    }
}

impl Sizes {
    fn width(&self, width: Width) -> usize {
        match width {
            Width::Hidden => self.hidden,
            Width::Inner => self.inner,
            Width::Query => self.heads * self.head_dim,
            Width::KeyValue => self.heads_kv * self.head_dim,
        }
    }

    fn why(&self, width: Width) -> String {
        match width {
            Width::Hidden => format!("embedding_length {}", self.hidden),
            Width::Inner => format!("feed_forward_length {}", self.inner),
            Width::Query => {
                format!("attention.head_count {} of size {}", self.heads, self.head_dim)
            }
            Width::KeyValue => {
                format!("attention.head_count_kv {} of size {}", self.heads_kv, self.head_dim)
            }
        }
    }

    fn head_norms(&self) -> &'static [(&'static str, &'static str)] {
        if self.flavor.head_norms { HEAD_NORMS } else { &[] }
    }

    /// The place that a tensor of the file fills.
    fn place(&self, tensor: &str) -> Option<Place> {
        let hidden = self.why(Width::Hidden);
        let Some((_, name)) = OUTSIDE.iter().find(|(known, _)| *known == tensor) else {
            return self.place_in_block(tensor);
        };
        let (shape, why) = match tensor {
            "output_norm.weight" => (vec![self.hidden], hidden),
            _ => (
                vec![self.vocabulary, self.hidden],
                format!("{} tokens x {hidden}", self.vocabulary),
            ),
        };
        Some(Place { name: (*name).to_owned(), shape, why, rows: RowOrder::Same })
    }

    fn place_in_block(&self, tensor: &str) -> Option<Place> {
        let (block, rest) = block(tensor)?;
        let (stem, part) = rest.rsplit_once('.')?;
        if let Some((_, name)) = NORMS.iter().find(|(known, _)| *known == stem) {
            let name = format!("model.layers.{block}.{name}.weight");
            let (shape, why) = (vec![self.hidden], self.why(Width::Hidden));
            return (part == "weight").then_some(Place { name, shape, why, rows: RowOrder::Same });
        }
        if let Some((_, name)) = self.head_norms().iter().find(|(known, _)| *known == stem) {
            let name = format!("model.layers.{block}.{name}.weight");
            let (shape, why) = (vec![self.head_dim], format!("heads of size {}", self.head_dim));
            return (part == "weight").then_some(Place { name, shape, why, rows: RowOrder::Same });
        }
        let (_, name, rows, columns) = LINEARS.iter().find(|(known, ..)| *known == stem)?;
        let (shape, why) = match part {
            "weight" => (
                vec![self.width(*rows), self.width(*columns)],
                format!("{} x {}", self.why(*rows), self.why(*columns)),
            ),
            "bias" => (vec![self.width(*rows)], self.why(*rows)),
            _ => return None,
        };
        let rows = match stem {
            "attn_q" if self.flavor.pairs => RowOrder::RotaryPairs { heads: self.heads },
            "attn_k" if self.flavor.pairs => RowOrder::RotaryPairs { heads: self.heads_kv },
            _ => RowOrder::Same,
        };
        Some(Place { name: format!("model.layers.{block}.{name}.{part}"), shape, why, rows })
    }
}

/// All tensors in their places.
fn tensors(keys: &Keys<'_>, sizes: &Sizes) -> Result<Vec<(String, Source)>, GgufError> {
    let gguf = keys.gguf;
    let mut placed = Vec::new();
    for (tensor, stored) in &gguf.tensors {
        let ignored = block(tensor).is_some_and(|(_, rest)| IGNORED.contains(&rest));
        if ignored || tensor == rope::FACTORS {
            continue;
        }
        let Some(place) = sizes.place(tensor) else {
            return Err(GgufError::UnknownTensor {
                path: gguf.path.clone(),
                tensor: tensor.clone(),
                architecture: keys.architecture,
            });
        };
        check(keys, tensor, stored, &place)?;
        placed.push((place.name, Source { stored: stored.clone(), rows: place.rows }));
    }
    let names: HashSet<&str> = gguf.tensors.iter().map(|(name, _)| name.as_str()).collect();
    if !names.contains("output_norm.weight") {
        return Err(missing(keys, "output_norm.weight", "every model has one".to_owned()));
    }
    for block in 0..sizes.blocks {
        let linears = LINEARS.iter().map(|(name, ..)| *name);
        let norms = NORMS.iter().chain(sizes.head_norms()).map(|(name, _)| *name);
        for stem in linears.chain(norms) {
            let tensor = format!("blk.{block}.{stem}.weight");
            if !names.contains(tensor.as_str()) {
                let why = format!("key {:?} is {}", keys.full("block_count"), sizes.blocks);
                return Err(missing(keys, &tensor, why));
            }
        }
    }
    Ok(placed)
}

/// Checks shape and type of a tensor against its place.
fn check(keys: &Keys<'_>, tensor: &str, stored: &Stored, place: &Place) -> Result<(), GgufError> {
    if stored.shape() != place.shape {
        return Err(GgufError::TensorShape {
            path: keys.gguf.path.clone(),
            tensor: tensor.to_owned(),
            found: stored.shape().to_vec(),
            expected: place.shape.clone(),
            why: place.why.clone(),
        });
    }
    // A vector in blocks has no rows that could be moved, and no program writes one.
    if !stored.dtype().is_float() || (stored.dtype().is_block() && place.shape.len() == 1) {
        let what = format!("tensor {tensor:?} is of type {}", stored.dtype());
        return Err(keys.unsupported(what));
    }
    Ok(())
}

fn missing(keys: &Keys<'_>, tensor: &str, expected: String) -> GgufError {
    let names = keys.gguf.tensors.iter().map(|(name, _)| name);
    let nearest = names
        .map(|name| (distance(name, tensor), name))
        .filter(|(distance, _)| *distance <= 6)
        .min()
        .map(|(_, name)| name.clone());
    let path = keys.gguf.path.clone();
    GgufError::MissingTensor { path, tensor: tensor.to_owned(), expected, nearest }
}

/// Edit distance of two names; names are at most 64 bytes long.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(ca != *cb);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

/// Whether attention and multilayer perceptron have biases: in all blocks and layers or in none.
fn biases(keys: &Keys<'_>, sizes: &Sizes) -> Result<(bool, bool), GgufError> {
    let mut found: HashMap<&str, usize> = HashMap::new();
    for (tensor, _) in &keys.gguf.tensors {
        if let Some((_, rest)) = block(tensor)
            && let Some(stem) = rest.strip_suffix(".bias")
        {
            *found.entry(stem).or_default() += 1;
        }
    }
    let all = |those: fn(&str) -> bool| {
        let stems = LINEARS.iter().map(|(stem, ..)| *stem).filter(|stem| those(stem));
        let counts: Vec<(&str, usize)> =
            stems.map(|stem| (stem, found.get(stem).copied().unwrap_or(0))).collect();
        let first = counts[0].1;
        match counts.iter().find(|(_, count)| *count != first || *count % sizes.blocks != 0) {
            None => Ok(first > 0),
            Some((stem, count)) => Err(keys.unsupported(format!(
                "{count} of {} blocks have a tensor \"{stem}.bias\", {first} have \"{}.bias\"; \
                 biases are needed in all or none",
                sizes.blocks, counts[0].0
            ))),
        }
    };
    let feed_forward = all(|stem| stem.starts_with("ffn_"))?;
    if !sizes.flavor.qkv_biases {
        return Ok((all(|stem| stem.starts_with("attn_"))?, feed_forward));
    }
    let output = all(|stem| stem == "attn_output")?;
    let qkv = all(|stem| stem.starts_with("attn_") && stem != "attn_output")?;
    if !qkv || output || feed_forward {
        let what = "biases at other places than queries, keys and values".to_owned();
        return Err(keys.unsupported(what));
    }
    Ok((true, false))
}

/// A special token's id, if it has a row.
fn token_id(
    keys: &Keys<'_>,
    name: &str,
    rows: usize,
    warnings: &mut Vec<String>,
) -> Result<Option<usize>, GgufError> {
    let key = format!("tokenizer.ggml.{name}_token_id");
    let Some(value) = keys.gguf.value(&key) else { return Ok(None) };
    let Some(id) = value.int() else {
        return Err(GgufError::KeyValue {
            path: keys.gguf.path.clone(),
            key,
            found: value.to_string(),
            expected: "a whole number".to_owned(),
        });
    };
    if (0..rows as i128).contains(&id) {
        return Ok(Some(id as usize));
    }
    warnings.push(format!("key {key:?} is {id}, the embedding has {rows} rows: left out"));
    Ok(None)
}

/// Type to write: f16 where there are block types, else that of most values.
fn torch_dtype(tensors: &[(String, Source)]) -> &'static str {
    let mut values: HashMap<DType, usize> = HashMap::new();
    for (_, Source { stored, .. }) in tensors {
        *values.entry(stored.dtype()).or_default() += stored.len();
    }
    let most = values.iter().max_by_key(|(dtype, count)| (**count, dtype.name()));
    match most.map(|(dtype, _)| *dtype) {
        _ if values.keys().any(|dtype| dtype.is_block()) => "float16",
        Some(DType::F32) => "float32",
        Some(DType::BF16) => "bfloat16",
        Some(DType::F64) => "float64",
        _ => "float16",
    }
}
