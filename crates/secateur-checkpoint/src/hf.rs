//! Hugging Face directories.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use serde_json::{Map, Value};

use crate::error::CheckpointError;
use crate::safetensors::{self, SafeTensors};
use crate::sniff::{Content, read_whole, sniff};

/// Weights of a directory: a file, or shards with an index.
///
/// # Errors
/// [`CheckpointError`] with what is wrong; contradictions between index and shards are listed
/// all at once.
pub fn read_weights(folder: &Path) -> Result<Vec<SafeTensors>, CheckpointError> {
    let index = folder.join("model.safetensors.index.json");
    if index.exists() {
        return read_sharded(folder, &index);
    }
    let path = single_file(folder)?;
    Ok(vec![read_shard(&path, "the file")?])
}

fn read_shard(path: &Path, what: &str) -> Result<SafeTensors, CheckpointError> {
    match sniff(path)? {
        Content::Gguf => Err(CheckpointError::WrongFormat {
            path: path.to_owned(),
            found: "GGUF",
            expected: "safetensors",
        }),
        Content::Safetensors | Content::Other => safetensors::read(path, what),
    }
}

/// The one weight file of a directory without an index.
fn single_file(folder: &Path) -> Result<PathBuf, CheckpointError> {
    let usual = folder.join("model.safetensors");
    if usual.exists() {
        return Ok(usual);
    }
    let ending = |wanted: &[&str]| -> Result<Vec<PathBuf>, CheckpointError> {
        let io = |source| CheckpointError::Io { path: folder.to_owned(), source };
        let mut found = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(io)? {
            let path = entry.map_err(io)?.path();
            let ending = path.extension().and_then(|e| e.to_str());
            if ending.is_some_and(|e| wanted.contains(&e)) {
                found.push(path);
            }
        }
        found.sort();
        Ok(found)
    };
    let mut found = ending(&["safetensors"])?;
    match found.len() {
        1 => Ok(found.remove(0)),
        0 => {
            if let Some(pickle) = ending(&["bin", "pt", "pth", "ckpt"])?.first() {
                sniff(pickle)?;
            }
            let what = "there is no model.safetensors in this directory".to_owned();
            Err(CheckpointError::NotAModel { path: folder.to_owned(), what })
        }
        n => {
            let what = format!("there are {n} .safetensors files but no index that joins them");
            Err(CheckpointError::NotAModel { path: folder.to_owned(), what })
        }
    }
}

fn read_sharded(folder: &Path, index: &Path) -> Result<Vec<SafeTensors>, CheckpointError> {
    let (map, total) = read_index(index)?;
    let mut names: Vec<&String> = map.values().collect();
    names.sort();
    names.dedup();
    for name in &names {
        if !is_plain(name) {
            let name = (*name).clone();
            return Err(CheckpointError::UnsafeName { path: index.to_owned(), name });
        }
    }
    let mut problems = Vec::new();
    let mut shards = Vec::new();
    for (at, name) in names.iter().enumerate() {
        let path = folder.join(name);
        if path.exists() {
            shards.push(read_shard(&path, &format!("shard {}/{}", at + 1, names.len()))?);
        } else {
            problems.push(format!("shard {name} is missing"));
        }
    }
    contradictions(&map, total, &names, &shards, &mut problems);
    if problems.is_empty() {
        return Ok(shards);
    }
    Err(CheckpointError::Index { path: index.to_owned(), problems })
}

type WeightMap = BTreeMap<String, String>;

fn read_index(index: &Path) -> Result<(WeightMap, Option<u64>), CheckpointError> {
    let bad =
        |what: String| CheckpointError::Index { path: index.to_owned(), problems: vec![what] };
    let text = read_whole(index)?;
    let json: Map<String, Value> =
        serde_json::from_slice(&text).map_err(|error| bad(format!("not a JSON map: {error}")))?;
    let Some(Value::Object(map)) = json.get("weight_map") else {
        return Err(bad("there is no weight_map".to_owned()));
    };
    let pair = |(tensor, file): (&String, &Value)| match file {
        Value::String(file) => Ok((tensor.clone(), file.clone())),
        other => Err(bad(format!("tensor {tensor} lies in {other}, which is no file name"))),
    };
    let map = map.iter().map(pair).collect::<Result<WeightMap, _>>()?;
    if map.is_empty() {
        return Err(bad("the weight_map is empty".to_owned()));
    }
    let total = json.get("metadata").and_then(|m| m.get("total_size")).and_then(Value::as_u64);
    Ok((map, total))
}

/// A name that stays in the folder: one plain component.
fn is_plain(name: &str) -> bool {
    let path = Path::new(name);
    let mut parts = path.components();
    let single = matches!((parts.next(), parts.next()), (Some(Component::Normal(_)), None));
    single && !name.contains(['\\', '\0', '/', ':'])
}

fn contradictions(
    map: &WeightMap,
    total: Option<u64>,
    names: &[&String],
    shards: &[SafeTensors],
    problems: &mut Vec<String>,
) {
    let mut found: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut bytes = 0;
    for shard in shards {
        let file = shard.path.file_name().and_then(|n| n.to_str()).unwrap_or("");
        for (tensor, stored) in &shard.tensors {
            found.entry(tensor).or_default().push(file);
            bytes += stored.bytes().len() as u64;
        }
    }
    for (tensor, files) in &found {
        if files.len() > 1 {
            problems.push(format!("tensor {tensor} lies in {}", files.join(" and in ")));
        }
    }
    for (tensor, file) in map {
        let there = found.get(tensor.as_str()).is_some_and(|files| files.contains(&file.as_str()));
        let shard_there = shards.iter().any(|s| s.path.ends_with(file));
        if !there && shard_there {
            problems.push(format!("tensor {tensor} is not in {file}"));
        }
    }
    if shards.len() == names.len()
        && let Some(total) = total
        && total != bytes
    {
        problems.push(format!("total_size is {total}, the tensors have {bytes} bytes"));
    }
}

/// Files beside the weights that an output carries on: tokenizer, generation settings, licence.
///
/// # Errors
/// [`CheckpointError::Io`] when the directory cannot be listed.
pub fn side_files(folder: &Path) -> Result<Vec<PathBuf>, CheckpointError> {
    let io = |source| CheckpointError::Io { path: folder.to_owned(), source };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(io)? {
        let path = entry.map_err(io)?.path();
        let name = path.file_name().and_then(|n| n.to_str()).unwrap_or("");
        if path.is_file() && is_carried(name) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn is_carried(name: &str) -> bool {
    let own = ["config.json", "secateur.json", "report.json"];
    let ending = Path::new(name).extension().and_then(|e| e.to_str()).unwrap_or("");
    let kind = ["json", "txt", "model", "jinja"].contains(&ending);
    let index = name.ends_with(".index.json");
    let licence = name.starts_with("LICENSE") || name.starts_with("NOTICE");
    !name.starts_with('.') && ((kind && !index && !own.contains(&name)) || licence)
}
