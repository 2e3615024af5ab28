//! A real model, where it is there: SmolLM2-135M-Instruct in Q4_1.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use safetensors::SafeTensors;
use secateur_tensor::Bytes;
use serde_json::{Value, json};
use tokenizers::Tokenizer;

use super::tokenizer::{ids, tokenizer};
use crate::gguf::{AsHf, as_hf, read};

/// The folder of test data, if the environment names one.
pub(super) fn test_data() -> Option<PathBuf> {
    let data = env::var_os("SECATEUR_TEST_DATA").map(PathBuf::from).filter(|data| data.is_dir());
    if data.is_none() {
        println!("skipped: no test data");
    }
    data
}

/// A file under the workspace's `target/models`, if it is there.
fn model_file(name: &str) -> Option<PathBuf> {
    let workspace = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let file = workspace.join("target/models").join(name);
    if !file.exists() {
        println!("skipped: no test data (target/models/{name})");
    }
    Some(file).filter(|file| file.exists())
}

fn smollm2() -> Option<AsHf> {
    test_data()?;
    let file = model_file("SmolLM2-135M-Instruct.Q4_1.gguf")?;
    Some(as_hf(&read(&file).unwrap()).unwrap())
}

#[test]
fn smollm2_has_its_config() {
    let Some(model) = smollm2() else { return };
    let expect = json!({
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": 49152,
        "hidden_size": 576,
        "intermediate_size": 1536,
        "num_hidden_layers": 30,
        "num_attention_heads": 9,
        "num_key_value_heads": 3,
        "head_dim": 64,
        "max_position_embeddings": 8192,
        "rms_norm_eps": 1e-5,
        "rope_theta": 100_000.0,
        "rope_scaling": null,
        "hidden_act": "silu",
        "attention_bias": false,
        "mlp_bias": false,
        "tie_word_embeddings": true,
        "bos_token_id": 1,
        "eos_token_id": 2,
        "torch_dtype": "float16",
    });
    assert_eq!(Value::Object(model.config), expect);
    assert_eq!(model.warnings, [""; 0]);
    let settings = model.tokenizer_config.unwrap();
    assert_eq!(settings["eos_token"], "<|im_end|>");
    assert!(settings["chat_template"].as_str().unwrap().contains("<|im_start|>"));
}

/// The same file dequantized by gguf-py 0.19.0, rows of q and k in the model's order, as
/// `secateur-bench/peers/dequantize_gguf.py` writes it.
#[test]
fn smollm2_has_the_values_of_the_reference() {
    let Some(model) = smollm2() else { return };
    let Some(file) = model_file("smollm2-f32/model.safetensors") else { return };
    let bytes = Bytes::map(&file).unwrap();
    let reference = SafeTensors::deserialize(&bytes).unwrap();
    assert_eq!(model.tensors.len(), reference.len());
    for (name, source) in &model.tensors {
        let expect = reference.tensor(name).unwrap();
        assert_eq!(source.stored.shape(), expect.shape(), "{name}");
        let found = source.load().to_f32().unwrap();
        let values = expect.data().as_chunks::<4>().0.iter().map(|b| u32::from_le_bytes(*b));
        let differ = found.iter().zip(values).filter(|(f, e)| f.to_bits() != *e).count();
        assert_eq!(differ, 0, "{name}: values are equal to gguf-py's to the bit");
    }
}

/// The first ids of a text are those of a golden file.
fn begins_as(tokenizer: &Tokenizer, text: &str, golden: &Path) {
    let bytes = fs::read(golden).unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let data = tensors.tensor("input_ids").unwrap().data().to_vec();
    let expect = data.as_chunks::<8>().0.iter().map(|b| i64::from_le_bytes(*b) as u32);
    let expect: Vec<u32> = expect.collect();
    let found = ids(tokenizer, text);
    let differ = found.iter().zip(&expect).position(|(f, e)| f != e);
    assert_eq!(differ, None, "{}: place of the first id that differs", golden.display());
    assert!(found.len() >= expect.len());
}

#[test]
fn smollm2_has_the_ids_of_its_own_tokenizer() {
    let (Some(data), Some(model)) = (test_data(), smollm2()) else { return };
    let tokenizer = tokenizer(&model.tokenizer.unwrap());
    let articles = fs::read_to_string(data.join("data/text/wikitext2_valid.txt")).unwrap();
    begins_as(&tokenizer, &articles, &data.join("golden/lm/smollm2_eval.safetensors"));
    let news = Command::new("unzip")
        .arg("-p")
        .arg(data.join("data/text/abc.zip"))
        .arg("abc/rural.txt")
        .output();
    match news {
        Ok(news) if news.status.success() => {
            let news = String::from_utf8(news.stdout).unwrap();
            begins_as(&tokenizer, &news, &data.join("golden/lm/smollm2_calibration.safetensors"));
        }
        _ => println!("skipped: no unzip for the calibration text"),
    }
    let chat = "<|im_start|>user\nHi  there<|im_end|>\n";
    assert_eq!(ids(&tokenizer, chat)[0], 1, "marks are found in a text");
    assert_eq!(tokenizer.decode(&ids(&tokenizer, chat), false).unwrap(), chat);
}
