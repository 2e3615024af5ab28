//! A small valid model: the ground that every case stands on.

use std::fs;
use std::io;
use std::path::Path;

use safetensors::Dtype;
use safetensors::tensor::TensorView;
use serde_json::{Value, json};

/// Values of a token.
pub const WIDTH: usize = 16;
/// Values inside the feed-forward part.
pub const INNER: usize = 32;
/// Blocks.
pub const LAYERS: usize = 2;
/// Rows of the embedding.
pub const VOCABULARY: usize = 32;
/// Longest sequence.
pub const POSITIONS: usize = 64;

/// A tensor in memory.
#[derive(Clone, Debug)]
pub struct Tensor {
    /// Its name.
    pub name: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Its values, written as f32.
    pub values: Vec<f32>,
}

impl Tensor {
    /// The values as they lie in a file.
    pub fn bytes(&self) -> Vec<u8> {
        self.values.iter().flat_map(|value| value.to_le_bytes()).collect()
    }
}

/// A model in memory.
#[derive(Clone, Debug)]
pub struct Model {
    /// What config.json holds.
    pub config: Value,
    /// The tensors, in no order that matters.
    pub tensors: Vec<Tensor>,
    /// What tokenizer.json holds.
    pub tokenizer: Value,
}

/// A model of the architecture llama with seeded weights and a tokenizer of words.
pub fn llama() -> Model {
    let mut tensors = vec![
        weight("model.embed_tokens.weight", &[VOCABULARY, WIDTH]),
        norm("model.norm.weight"),
        weight("lm_head.weight", &[VOCABULARY, WIDTH]),
    ];
    for layer in 0..LAYERS {
        let name = |part: &str| format!("model.layers.{layer}.{part}.weight");
        tensors.extend(["input_layernorm", "post_attention_layernorm"].map(|p| norm(&name(p))));
        for part in ["q_proj", "k_proj", "v_proj", "o_proj"] {
            tensors.push(weight(&name(&format!("self_attn.{part}")), &[WIDTH, WIDTH]));
        }
        tensors.push(weight(&name("mlp.gate_proj"), &[INNER, WIDTH]));
        tensors.push(weight(&name("mlp.up_proj"), &[INNER, WIDTH]));
        tensors.push(weight(&name("mlp.down_proj"), &[WIDTH, INNER]));
    }
    Model { config: config(), tensors, tokenizer: tokenizer(VOCABULARY) }
}

fn config() -> Value {
    json!({
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_size": WIDTH,
        "intermediate_size": INNER,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": 2,
        "num_key_value_heads": 2,
        "max_position_embeddings": POSITIONS,
        "vocab_size": VOCABULARY,
        "hidden_act": "silu",
        "rms_norm_eps": 1e-5,
        "rope_theta": 10000.0,
        "tie_word_embeddings": false,
        "torch_dtype": "float32",
    })
}

/// A tokenizer of the words `w0`, `w1`, ...; the last of its entries stands for any other word.
pub fn tokenizer(entries: usize) -> Value {
    let mut vocabulary = serde_json::Map::new();
    for id in 0..entries - 1 {
        vocabulary.insert(format!("w{id}"), id.into());
    }
    vocabulary.insert("[UNK]".to_owned(), (entries - 1).into());
    json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": [],
        "normalizer": null,
        "pre_tokenizer": { "type": "Whitespace" },
        "post_processor": null,
        "decoder": null,
        "model": { "type": "WordLevel", "vocab": vocabulary, "unk_token": "[UNK]" },
    })
}

/// A text of so many words that the tokenizer knows.
pub fn text(words: usize) -> String {
    let mut numbers = numbers("text");
    let word = |n: u64| format!("w{}", n % (VOCABULARY as u64 - 1));
    let words: Vec<String> = (0..words).map(|_| word(numbers())).collect();
    words.chunks(16).map(|line| line.join(" ") + "\n").collect()
}

/// Seeded values around zero.
fn weight(name: &str, shape: &[usize]) -> Tensor {
    let mut numbers = numbers(name);
    let mut value = || (numbers() >> 40) as f32 / (1 << 24) as f32 - 0.5;
    let values = (0..shape.iter().product()).map(|_| value() * 0.5).collect();
    Tensor { name: name.to_owned(), shape: shape.to_vec(), values }
}

fn norm(name: &str) -> Tensor {
    Tensor { name: name.to_owned(), shape: vec![WIDTH], values: vec![1.0; WIDTH] }
}

/// Numbers by SplitMix64, seeded by a name.
fn numbers(name: &str) -> impl FnMut() -> u64 {
    let mut state = name.bytes().fold(1_u64, |s, b| s.wrapping_mul(0x100_0000_01b3) ^ u64::from(b));
    move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

impl Model {
    /// The tensor of a name.
    pub fn tensor(&mut self, name: &str) -> &mut Tensor {
        let found = self.tensors.iter_mut().find(|tensor| tensor.name == name);
        found.unwrap_or_else(|| panic!("the model has a tensor {name}"))
    }

    /// Writes `model` with one weight file, and `text.txt`, into a folder.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        let model = self.write_sides(folder)?;
        fs::write(model.join("model.safetensors"), file(&self.tensors))
    }

    /// The same with the weights in shards and an index that joins them.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn write_sharded(&self, folder: &Path, shards: usize) -> io::Result<()> {
        let model = self.write_sides(folder)?;
        let mut map = serde_json::Map::new();
        let mut bytes = 0;
        for (at, part) in self.tensors.chunks(self.tensors.len().div_ceil(shards)).enumerate() {
            let name = shard_name(at + 1, shards);
            for tensor in part {
                map.insert(tensor.name.clone(), name.clone().into());
                bytes += tensor.values.len() * 4;
            }
            fs::write(model.join(name), file(part))?;
        }
        let index = json!({ "metadata": { "total_size": bytes }, "weight_map": map });
        fs::write(model.join("model.safetensors.index.json"), index.to_string())
    }

    /// Writes everything but the weights; gives the directory of the model.
    fn write_sides(&self, folder: &Path) -> io::Result<std::path::PathBuf> {
        let model = folder.join("model");
        fs::create_dir_all(&model)?;
        fs::write(model.join("config.json"), self.config.to_string())?;
        fs::write(model.join("tokenizer.json"), self.tokenizer.to_string())?;
        fs::write(folder.join("text.txt"), text(600))?;
        Ok(model)
    }
}

/// The usual name of a shard, counted from 1.
pub fn shard_name(number: usize, of: usize) -> String {
    format!("model-{number:05}-of-{of:05}.safetensors")
}

/// A safetensors file of the tensors, by the reference library.
pub fn file(tensors: &[Tensor]) -> Vec<u8> {
    let bytes: Vec<Vec<u8>> = tensors.iter().map(Tensor::bytes).collect();
    let mut views = Vec::with_capacity(tensors.len());
    for (tensor, bytes) in tensors.iter().zip(&bytes) {
        let view = TensorView::new(Dtype::F32, tensor.shape.clone(), bytes);
        views.push((tensor.name.as_str(), view.expect("shape and values fit")));
    }
    safetensors::serialize(views, None).expect("a small model can be written")
}
