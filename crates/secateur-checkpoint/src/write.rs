//! The weight files of an output, planned before any value is computed.
//!
//! Types and shapes are known in advance, so each weight file can be sized, its header written,
//! and its tensors put in their places in any order.

pub mod gguf;
mod vocabulary;

use secateur_tensor::{DType, Stored};
use serde_json::{Map, Value, json};

use crate::checkpoint::{Checkpoint, Layout};
use crate::safetensors::name_of;
use crate::tensors::RowOrder;

/// Bytes of a shard when the input has no shards of its own.
const SHARD_MAX: u64 = 5_000_000_000;

/// A weight file to be written.
#[derive(Clone, Debug)]
pub struct PlannedFile {
    /// Name of the file.
    pub name: String,
    /// The first bytes: length of the header, and the header.
    pub head: Vec<u8>,
    /// Tensors that belong to the file and not to the model.
    pub constants: Vec<Constant>,
    /// The tensors, in the order of their bytes.
    pub tensors: Vec<PlannedTensor>,
    /// Length of the whole file.
    pub len: u64,
}

/// A tensor to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedTensor {
    /// Name.
    pub name: String,
    /// Type in the output.
    pub dtype: DType,
    /// Shape.
    pub shape: Vec<usize>,
    /// Where its values begin in the file.
    pub offset: u64,
    /// Bytes of its values.
    pub len: u64,
    /// Order of its rows in the file.
    pub rows: RowOrder,
}

/// A tensor of a file that is no parameter, e.g. factors of rotary frequencies.
#[derive(Clone, Debug)]
pub struct Constant {
    /// Where its values begin in the file.
    pub offset: u64,
    stored: Stored,
}

/// The type that a tensor has in the output: `wanted` for floats, else its own; block types have
/// no form in safetensors and become f16 unless told otherwise.
pub fn output_type(dtype: DType, wanted: Option<DType>) -> DType {
    match wanted {
        Some(wanted) if dtype.is_float() => wanted,
        _ if dtype.is_block() => DType::F16,
        _ => dtype,
    }
}

/// Plans the weight files of an output. `wanted` is a type for all floats, if any.
pub fn plan(checkpoint: &Checkpoint, wanted: Option<DType>) -> Vec<PlannedFile> {
    let groups = shards(checkpoint, wanted);
    let count = groups.len();
    let name = |at: usize| match count {
        1 => "model.safetensors".to_owned(),
        _ => format!("model-{:05}-of-{count:05}.safetensors", at + 1),
    };
    let plan = |(at, tensors)| plan_file(name(at), tensors, checkpoint.metadata.as_ref());
    groups.into_iter().enumerate().map(plan).collect()
}

/// The index of several files; `None` for one.
pub fn index(files: &[PlannedFile]) -> Option<Value> {
    if files.len() < 2 {
        return None;
    }
    let total: u64 = files.iter().flat_map(|f| &f.tensors).map(|t| t.len).sum();
    let mut map = Map::new();
    for file in files {
        for tensor in &file.tensors {
            map.insert(tensor.name.clone(), Value::from(file.name.clone()));
        }
    }
    map.sort_keys();
    Some(json!({ "metadata": { "total_size": total }, "weight_map": map }))
}

/// config.json of the output: the input's bytes when nothing changes, else with the new type.
pub fn config(checkpoint: &Checkpoint, wanted: Option<DType>) -> Vec<u8> {
    if checkpoint.layout == Layout::Hf
        && wanted.is_none()
        && let Ok(bytes) = std::fs::read(&checkpoint.config.path)
        // A flag may have been found to be wrong.
        && serde_json::from_slice(&bytes).is_ok_and(|map: Map<String, Value>| map == checkpoint.config.map)
    {
        return bytes;
    }
    let mut map = checkpoint.config.map.clone();
    if let Some(name) = wanted.and_then(torch_name) {
        let key = if map.contains_key("dtype") { "dtype" } else { "torch_dtype" };
        map.insert(key.to_owned(), Value::from(name));
    }
    serde_json::to_vec_pretty(&map).expect("a JSON map can be written")
}

fn torch_name(dtype: DType) -> Option<&'static str> {
    match dtype {
        DType::F32 => Some("float32"),
        DType::F16 => Some("float16"),
        DType::BF16 => Some("bfloat16"),
        _ => None,
    }
}

type Unplaced = (String, DType, Vec<usize>, u64);

/// Tensors of each file: as the input has them, else filled up to a size.
fn shards(checkpoint: &Checkpoint, wanted: Option<DType>) -> Vec<Vec<Unplaced>> {
    let unplaced = |name: &str| -> Unplaced {
        let stored = &checkpoint.tensors.find(name).expect("listed by the checkpoint").stored;
        let dtype = output_type(stored.dtype(), wanted);
        let shape = stored.shape().to_vec();
        let len = dtype.bytes(&shape).expect("no longer than eight times the input") as u64;
        (name.to_owned(), dtype, shape, len)
    };
    if !checkpoint.shards.is_empty() {
        let file = |names: &Vec<String>| names.iter().map(|n| unplaced(n)).collect();
        return checkpoint.shards.iter().map(file).collect();
    }
    let mut files: Vec<Vec<Unplaced>> = vec![Vec::new()];
    let mut size = 0;
    for (name, _) in checkpoint.tensors.iter() {
        let tensor = unplaced(name);
        if size > 0 && size + tensor.3 > SHARD_MAX {
            files.push(Vec::new());
            size = 0;
        }
        size += tensor.3;
        files.last_mut().expect("never empty").push(tensor);
    }
    files
}

/// Places the tensors of a file: wide types first would need no padding, but the input's order
/// is kept, and the header is padded so that the values begin at a multiple of 8.
fn plan_file(
    name: String,
    tensors: Vec<Unplaced>,
    metadata: Option<&Map<String, Value>>,
) -> PlannedFile {
    let mut header = Map::new();
    if let Some(metadata) = metadata {
        header.insert("__metadata__".to_owned(), Value::Object(metadata.clone()));
    }
    let mut end = 0;
    for (name, dtype, shape, len) in &tensors {
        let dtype = name_of(*dtype).expect("block types were replaced by output_type");
        let entry = json!({ "dtype": dtype, "shape": shape, "data_offsets": [end, end + len] });
        header.insert(name.clone(), entry);
        end += len;
    }
    let mut text = serde_json::to_vec(&header).expect("a JSON map can be written");
    text.resize(text.len().next_multiple_of(8), b' ');
    let mut head = (text.len() as u64).to_le_bytes().to_vec();
    head.extend_from_slice(&text);
    let mut offset = head.len() as u64;
    let place = |(name, dtype, shape, len): Unplaced| {
        let tensor = PlannedTensor { name, dtype, shape, offset, len, rows: RowOrder::Same };
        offset += len;
        tensor
    };
    let tensors = tensors.into_iter().map(place).collect();
    PlannedFile { name, len: head.len() as u64 + end, head, constants: Vec::new(), tensors }
}
