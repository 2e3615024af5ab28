//! A large model with random weights, to measure on: GPT-NeoX of 1.3 billion parameters, as
//! Polyglot-Ko 1.3B is shaped, in bf16 shards, with token ids to calibrate on.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use serde_json::{Map, Value, json};

const LAYERS: usize = 24;
const WIDTH: usize = 2048;
const INNER: usize = 8192;
const HEADS: usize = 16;
const VOCABULARY: usize = 30_080;
const POSITIONS: usize = 2048;
/// Bytes of a shard, about.
const SHARD: u64 = 1_000_000_000;
/// Calibration windows, and tokens of each.
const WINDOWS: [usize; 2] = [4, 512];
/// Standard deviation of the weights.
const SPREAD: f32 = 0.02;

/// What a tensor is filled with.
#[derive(Clone, Copy)]
enum Fill {
    Random,
    Zeros,
    Ones,
}

type Tensor = (String, Vec<usize>, Fill);

/// Writes the model into a folder that does not exist yet.
pub(crate) fn write(folder: &Path) -> io::Result<()> {
    fs::create_dir(folder)?;
    fs::write(folder.join("config.json"), format!("{:#}\n", config()))?;
    let mut shards: Vec<Vec<Tensor>> = vec![Vec::new()];
    let mut size = 0;
    for tensor in tensors() {
        let bytes = bytes_of(&tensor.1);
        if size > 0 && size + bytes > SHARD {
            shards.push(Vec::new());
            size = 0;
        }
        size += bytes;
        shards.last_mut().expect("never empty").push(tensor);
    }
    let mut map = Map::new();
    let mut total = 0;
    let mut seed = 0;
    for (at, tensors) in shards.iter().enumerate() {
        let name = format!("model-{:05}-of-{:05}.safetensors", at + 1, shards.len());
        for (tensor, shape, _) in tensors {
            map.insert(tensor.clone(), Value::from(name.clone()));
            total += bytes_of(shape);
        }
        write_shard(&folder.join(name), tensors, &mut seed)?;
    }
    let index = json!({ "metadata": { "total_size": total }, "weight_map": map });
    fs::write(folder.join("model.safetensors.index.json"), format!("{index:#}\n"))?;
    write_ids(&folder.join("ids.safetensors"))
}

fn config() -> Value {
    json!({
        "architectures": ["GPTNeoXForCausalLM"],
        "model_type": "gpt_neox",
        "vocab_size": VOCABULARY,
        "hidden_size": WIDTH,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "intermediate_size": INNER,
        "hidden_act": "gelu",
        "rotary_pct": 0.5,
        "rotary_emb_base": 10000,
        "max_position_embeddings": POSITIONS,
        "layer_norm_eps": 1e-5,
        "use_parallel_residual": true,
        "tie_word_embeddings": false,
        "torch_dtype": "bfloat16",
    })
}

fn tensors() -> Vec<Tensor> {
    let mut all = vec![tensor("gpt_neox.embed_in.weight", &[VOCABULARY, WIDTH], Fill::Random)];
    for layer in 0..LAYERS {
        let mut add = |name: &str, shape: &[usize], fill| {
            all.push(tensor(&format!("gpt_neox.layers.{layer}.{name}"), shape, fill));
        };
        for norm in ["input_layernorm", "post_attention_layernorm"] {
            add(&format!("{norm}.weight"), &[WIDTH], Fill::Ones);
            add(&format!("{norm}.bias"), &[WIDTH], Fill::Zeros);
        }
        for (name, out, inner) in [
            ("attention.query_key_value", 3 * WIDTH, WIDTH),
            ("attention.dense", WIDTH, WIDTH),
            ("mlp.dense_h_to_4h", INNER, WIDTH),
            ("mlp.dense_4h_to_h", WIDTH, INNER),
        ] {
            add(&format!("{name}.weight"), &[out, inner], Fill::Random);
            add(&format!("{name}.bias"), &[out], Fill::Zeros);
        }
    }
    all.push(tensor("gpt_neox.final_layer_norm.weight", &[WIDTH], Fill::Ones));
    all.push(tensor("gpt_neox.final_layer_norm.bias", &[WIDTH], Fill::Zeros));
    all.push(tensor("embed_out.weight", &[VOCABULARY, WIDTH], Fill::Random));
    all
}

fn tensor(name: &str, shape: &[usize], fill: Fill) -> Tensor {
    (name.to_owned(), shape.to_vec(), fill)
}

fn bytes_of(shape: &[usize]) -> u64 {
    (shape.iter().product::<usize>() * 2) as u64
}

fn write_shard(path: &Path, tensors: &[Tensor], seed: &mut u64) -> io::Result<()> {
    let mut header = Map::new();
    header.insert("__metadata__".to_owned(), json!({ "format": "pt" }));
    let mut end = 0;
    for (name, shape, _) in tensors {
        let next = end + bytes_of(shape);
        let entry = json!({ "dtype": "BF16", "shape": shape, "data_offsets": [end, next] });
        header.insert(name.clone(), entry);
        end = next;
    }
    let mut file = begin(path, &Value::Object(header))?;
    for (_, shape, fill) in tensors {
        for _ in 0..shape.iter().product::<usize>() {
            let value = match fill {
                Fill::Random => {
                    *seed += 1;
                    random(*seed) * SPREAD
                }
                Fill::Zeros => 0.0,
                Fill::Ones => 1.0,
            };
            // Cut to bf16: the rounding of random values is of no matter.
            file.write_all(&((value.to_bits() >> 16) as u16).to_le_bytes())?;
        }
    }
    file.flush()
}

fn write_ids(path: &Path) -> io::Result<()> {
    let [windows, tokens] = WINDOWS;
    let bytes = windows * tokens * 8;
    let entry = json!({ "dtype": "I64", "shape": WINDOWS, "data_offsets": [0, bytes] });
    let mut file = begin(path, &json!({ "input_ids": entry }))?;
    for at in 0..(windows * tokens) as u64 {
        let id = mix(at) % VOCABULARY as u64;
        file.write_all(&id.to_le_bytes())?;
    }
    file.flush()
}

fn begin(path: &Path, header: &Value) -> io::Result<BufWriter<File>> {
    let mut text = header.to_string();
    text.extend(std::iter::repeat_n(' ', text.len().next_multiple_of(8) - text.len()));
    let mut file = BufWriter::with_capacity(1 << 20, File::create(path)?);
    file.write_all(&(text.len() as u64).to_le_bytes())?;
    file.write_all(text.as_bytes())?;
    Ok(file)
}

/// Well mixed bits of a counter (splitmix64).
fn mix(counter: u64) -> u64 {
    let mut z = counter.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Nearly normal with deviation 1: the sum of four uniform values.
fn random(counter: u64) -> f32 {
    let bits = mix(counter);
    let sum: u64 = (0..4).map(|part| bits >> (16 * part) & 0xffff).sum();
    // Four uniform values over 65536 steps have a deviation of 65536 / sqrt(3).
    (sum as f32 - 2.0 * 65_535.0) / (65_536.0 / 1.732)
}
