//! Headers of safetensors files that are damaged or lie.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use serde_json::{Value, json};

use crate::Case;
use crate::model::{self, llama};

/// The cases of this file.
pub const CASES: &[Case] = &[
    Case { name: "seven_bytes", write: |f| replace(f, b"{\"a\":1}") },
    Case { name: "header_longer_than_file", write: |f| with_length(f, 1 << 40) },
    Case { name: "header_of_2_to_the_63", write: |f| with_length(f, 1 << 63) },
    Case { name: "header_of_all_ones", write: |f| with_length(f, u64::MAX) },
    Case { name: "header_over_the_limit", write: over_the_limit },
    Case { name: "header_is_not_utf8", write: |f| with_text(f, b"{\"a\xff\":{}}") },
    Case { name: "header_is_not_json", write: |f| with_text(f, b"{\"a\":{]}") },
    Case { name: "header_is_a_list", write: |f| with_text(f, b"[{\"a\":1}]") },
    Case { name: "header_metadata_nested", write: |f| nested(f, "__metadata__") },
    Case { name: "header_entry_nested", write: |f| nested(f, "a") },
    Case { name: "many_entries", write: |f| many(f, "model.layers.1.mlp.up_proj.weight") },
    Case { name: "many_entries_one_missing", write: |f| many(f, "extra") },
    Case { name: "duplicate_tensor", write: duplicate },
    Case { name: "duplicate_tensor_same_bytes", write: duplicate_same },
    Case { name: "overlap", write: |f| edit(f, UP, |e, _| shift(e, -4)) },
    Case { name: "hole", write: |f| edit(f, UP, gap) },
    Case { name: "trailing_bytes", write: |f| edit(f, UP, |_, data| data.extend([0; 12])) },
    Case { name: "zero_size_tensor", write: zero_size },
    Case { name: "bytes_do_not_fit", write: |f| edit(f, UP, |e, _| e["shape"] = json!([32, 15])) },
    Case { name: "product_overflows", write: |f| shape(f, json!(OVERFLOW)) },
    Case {
        name: "product_overflows_to_zero",
        write: |f| shape(f, json!([1_u64 << 32, 1_u64 << 32])),
    },
    Case { name: "one_exabyte", write: exabyte },
    Case { name: "bytes_end_before_they_begin", write: |f| edit(f, UP, |e, _| backward(e)) },
    Case { name: "negative_dimension", write: |f| shape(f, json!([-32, 16])) },
    Case { name: "fractional_dimension", write: |f| shape(f, json!([32.5, 16])) },
    Case { name: "unknown_type", write: |f| edit(f, UP, |e, _| e["dtype"] = json!("F31")) },
    Case { name: "four_bit_type", write: |f| edit(f, UP, |e, _| e["dtype"] = json!("F4")) },
    Case { name: "integer_weights", write: |f| edit(f, UP, |e, _| e["dtype"] = json!("I32")) },
    Case { name: "unknown_field", write: |f| edit(f, UP, |e, _| e["strides"] = json!([16, 1])) },
];

/// The tensor that most cases attack.
const UP: &str = "model.layers.1.mlp.up_proj.weight";

/// Dimensions whose product wraps around to a small number in 64 bits.
const OVERFLOW: [u64; 3] = [4_194_305, 4_194_305, 211_106_198_978_564];

/// A safetensors file of a header and data.
pub fn raw(header: &[u8], data: &[u8]) -> Vec<u8> {
    let length = (header.len() as u64).to_le_bytes();
    [&length[..], header, data].concat()
}

/// Writes the valid model, then other bytes in place of its weights.
pub(crate) fn replace(folder: &Path, bytes: &[u8]) -> io::Result<()> {
    llama().write(folder)?;
    fs::write(folder.join("model/model.safetensors"), bytes)
}

fn with_length(folder: &Path, claimed: u64) -> io::Result<()> {
    let mut bytes = model::file(&llama().tensors);
    bytes[..8].copy_from_slice(&claimed.to_le_bytes());
    replace(folder, &bytes)
}

/// A file that is long enough for its header, without taking space on the disk.
fn over_the_limit(folder: &Path) -> io::Result<()> {
    let claimed = 100_000_001_u64;
    replace(folder, b"")?;
    let mut file = File::create(folder.join("model/model.safetensors"))?;
    file.write_all(&claimed.to_le_bytes())?;
    file.write_all(b"{}")?;
    file.set_len(8 + claimed)
}

fn with_text(folder: &Path, header: &[u8]) -> io::Result<()> {
    replace(folder, &raw(header, b""))
}

fn nested(folder: &Path, key: &str) -> io::Result<()> {
    let depth = 100_000;
    let text = format!("{{\"{key}\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
    with_text(folder, text.as_bytes())
}

/// The entries of the valid file in the order of their bytes, and its data.
fn parts() -> (Vec<(String, Value)>, Vec<u8>) {
    let file = model::file(&llama().tensors);
    let length = file.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
    let (header, data) = file[8..].split_at(length as usize);
    let Ok(Value::Object(map)) = serde_json::from_slice(header) else {
        panic!("the header is a map")
    };
    let mut entries: Vec<_> = map.into_iter().collect();
    entries.sort_by_key(|(_, entry)| entry["data_offsets"][0].as_u64());
    (entries, data.to_vec())
}

/// Writes a header with these entries, which may stand in it twice.
fn write(folder: &Path, entries: &[(String, Value)], data: &[u8]) -> io::Result<()> {
    let entry = |(name, entry): &(String, Value)| format!("{}:{entry}", Value::from(name.as_str()));
    let texts: Vec<String> = entries.iter().map(entry).collect();
    replace(folder, &raw(format!("{{{}}}", texts.join(",")).as_bytes(), data))
}

fn edit(folder: &Path, name: &str, change: fn(&mut Value, &mut Vec<u8>)) -> io::Result<()> {
    let (mut entries, mut data) = parts();
    let entry = entries.iter_mut().find(|(n, _)| n == name).expect("the model has it");
    change(&mut entry.1, &mut data);
    write(folder, &entries, &data)
}

fn shape(folder: &Path, shape: Value) -> io::Result<()> {
    let (mut entries, data) = parts();
    let entry = entries.iter_mut().find(|(n, _)| n == UP).expect("the model has it");
    entry.1["shape"] = shape;
    write(folder, &entries, &data)
}

fn offset(entry: &Value, side: usize) -> i64 {
    entry["data_offsets"][side].as_i64().expect("offsets are numbers")
}

fn shift(entry: &mut Value, by: i64) {
    entry["data_offsets"] = json!([offset(entry, 0) + by, offset(entry, 1) + by]);
}

/// Moves the tensor to the end of the data, so that its old place belongs to nobody.
fn gap(entry: &mut Value, data: &mut Vec<u8>) {
    let (from, to) = (offset(entry, 0) as usize, offset(entry, 1) as usize);
    let copy = data[from..to].to_vec();
    entry["data_offsets"] = json!([data.len(), data.len() + copy.len()]);
    data.extend(copy);
}

fn backward(entry: &mut Value) {
    entry["data_offsets"] = json!([offset(entry, 1), offset(entry, 0)]);
}

fn duplicate(folder: &Path) -> io::Result<()> {
    let (mut entries, mut data) = parts();
    let mut again = entries[3].clone();
    gap(&mut again.1, &mut data);
    entries.push(again);
    write(folder, &entries, &data)
}

fn duplicate_same(folder: &Path) -> io::Result<()> {
    let (mut entries, data) = parts();
    entries.push(entries[3].clone());
    write(folder, &entries, &data)
}

/// Tensors without values, one at the place where another begins, one at the end.
fn zero_size(folder: &Path) -> io::Result<()> {
    let (mut entries, data) = parts();
    for (name, at) in [("empty.inside", 1024), ("empty.end", data.len())] {
        entries.push((
            name.to_owned(),
            json!({"dtype": "F32", "shape": [0, 4], "data_offsets": [at, at]}),
        ));
    }
    write(folder, &entries, &data)
}

/// A hundred thousand tensors more; the tensor `UP` is called `name`.
fn many(folder: &Path, name: &str) -> io::Result<()> {
    let (mut entries, data) = parts();
    for (n, _) in entries.iter_mut().filter(|(n, _)| n == UP) {
        name.clone_into(n);
    }
    let end = data.len();
    let more = |at: usize| {
        let entry = json!({"dtype": "U8", "shape": [0], "data_offsets": [end, end]});
        (format!("model.layers.1.mlp.more_{at}.weight"), entry)
    };
    entries.extend((0..100_000).map(more));
    write(folder, &entries, &data)
}

/// A small file that claims a tensor of 2^60 bytes.
fn exabyte(folder: &Path) -> io::Result<()> {
    let (mut entries, data) = parts();
    let (from, to) = (data.len() as u64, data.len() as u64 + (1 << 60));
    let entry = json!({"dtype": "F32", "shape": [1_u64 << 58], "data_offsets": [from, to]});
    entries.push(("huge".to_owned(), entry));
    write(folder, &entries, &data)
}
