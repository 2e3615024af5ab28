//! Shards that are cut short, and indexes that contradict them or point elsewhere.

use std::fs;
use std::io;
use std::path::Path;

use serde_json::{Value, json};

use crate::Case;
use crate::model::{self, llama, shard_name};

/// The cases of this file.
pub const CASES: &[Case] = &[
    Case { name: "short_weights", write: short_weights },
    Case { name: "short_shard", write: short_shard },
    Case { name: "index_contradicts_shards", write: contradictions },
    Case {
        name: "total_size_lies",
        write: |f| index(f, |i| i["metadata"]["total_size"] = json!(7)),
    },
    Case { name: "index_without_map", write: |f| index(f, |i| *i = json!({"metadata": {}})) },
    Case { name: "index_map_is_empty", write: |f| index(f, |i| i["weight_map"] = json!({})) },
    Case { name: "index_names_a_number", write: |f| rename(f, json!(3)) },
    Case { name: "index_is_not_json", write: |f| text(f, "{\"weight_map\":") },
    Case { name: "shard_outside", write: |f| rename(f, json!("../../etc/x.safetensors")) },
    Case { name: "shard_absolute", write: |f| rename(f, json!("/etc/x.safetensors")) },
    Case { name: "shard_with_nul", write: |f| rename(f, json!("a\0.safetensors")) },
    Case { name: "shard_with_backslash", write: |f| rename(f, json!("..\\x.safetensors")) },
    Case { name: "shard_without_a_name", write: |f| rename(f, json!("")) },
    Case { name: "two_weight_files_without_index", write: two_files },
];

/// The tensor whose shard is misnamed.
const NORM: &str = "model.norm.weight";

fn cut(path: &Path, missing: usize) -> io::Result<()> {
    let bytes = fs::read(path)?;
    fs::write(path, &bytes[..bytes.len() - missing])
}

fn short_weights(folder: &Path) -> io::Result<()> {
    llama().write(folder)?;
    cut(&folder.join("model/model.safetensors"), 1000)
}

fn short_shard(folder: &Path) -> io::Result<()> {
    llama().write_sharded(folder, 3)?;
    cut(&folder.join("model").join(shard_name(2, 3)), 512)
}

/// Writes the valid model in three shards, then another index.
fn index(folder: &Path, change: fn(&mut Value)) -> io::Result<()> {
    edit(folder, change)
}

fn edit(folder: &Path, change: impl FnOnce(&mut Value)) -> io::Result<()> {
    llama().write_sharded(folder, 3)?;
    let path = folder.join("model/model.safetensors.index.json");
    let mut index = serde_json::from_slice(&fs::read(&path)?)?;
    change(&mut index);
    fs::write(path, index.to_string())
}

fn rename(folder: &Path, name: Value) -> io::Result<()> {
    edit(folder, |index| index["weight_map"][NORM] = name)
}

fn text(folder: &Path, text: &str) -> io::Result<()> {
    llama().write_sharded(folder, 3)?;
    fs::write(folder.join("model/model.safetensors.index.json"), text)
}

/// A shard that is not there, a tensor that is not where the index says, one that lies in two
/// shards.
fn contradictions(folder: &Path) -> io::Result<()> {
    let mut model = llama();
    model.write_sharded(folder, 3)?;
    let twice = model.tensor(NORM).clone();
    let path = folder.join("model").join(shard_name(2, 3));
    let part = model.tensors.len().div_ceil(3);
    let second = [&model.tensors[part..2 * part], &[twice]].concat();
    fs::write(path, model::file(&second))?;
    fs::remove_file(folder.join("model").join(shard_name(3, 3)))?;
    let path = folder.join("model/model.safetensors.index.json");
    let mut index: Value = serde_json::from_slice(&fs::read(&path)?)?;
    index["weight_map"]["model.embed_tokens.weight"] = json!(shard_name(2, 3));
    fs::write(path, index.to_string())
}

fn two_files(folder: &Path) -> io::Result<()> {
    llama().write_sharded(folder, 2)?;
    fs::remove_file(folder.join("model/model.safetensors.index.json"))
}
