//! The bytes before the tensors of a file.

use secateur_tensor::DType;

use super::types;
use super::value::{Array, Value};

/// Version that is written.
const VERSION: u32 = 3;
/// Where tensors begin unless the metadata say otherwise.
const ALIGNMENT: u64 = 32;

/// The first bytes of a file, and where its tensors go.
#[derive(Clone, Debug)]
pub struct Laid {
    /// Metadata and the list of tensors, padded to the first tensor.
    pub head: Vec<u8>,
    /// Where the values of each tensor begin, from the start of the file.
    pub offsets: Vec<u64>,
    /// Bytes of the whole file.
    pub len: u64,
}

/// Lays out a file of version 3: metadata in the order given, then tensors by name, type and
/// shape (outermost first), in the order given.
///
/// # Panics
/// When a type has no number in the format, or a shape is no whole number of blocks.
pub fn lay_out(metadata: &[(String, Value)], tensors: &[(String, DType, Vec<usize>)]) -> Laid {
    let stated = metadata.iter().find(|(key, _)| key == "general.alignment");
    let alignment = match stated {
        Some((_, Value::U32(alignment))) => u64::from(*alignment),
        _ => ALIGNMENT,
    };
    let mut head = b"GGUF".to_vec();
    head.extend(VERSION.to_le_bytes());
    head.extend((tensors.len() as u64).to_le_bytes());
    head.extend((metadata.len() as u64).to_le_bytes());
    for (key, value) in metadata {
        string(&mut head, key);
        head.extend(number_of(value).to_le_bytes());
        put(&mut head, value);
    }
    let mut at = 0;
    let mut offsets = Vec::with_capacity(tensors.len());
    for (name, dtype, shape) in tensors {
        string(&mut head, name);
        head.extend((shape.len() as u32).to_le_bytes());
        for dim in shape.iter().rev() {
            head.extend((*dim as u64).to_le_bytes());
        }
        head.extend(types::number_of(*dtype).expect("a type of the format").to_le_bytes());
        head.extend(u64::to_le_bytes(at));
        offsets.push(at);
        let len = dtype.bytes(shape).expect("a shape in whole blocks") as u64;
        at = (at + len).next_multiple_of(alignment);
    }
    let begin = (head.len() as u64).next_multiple_of(alignment);
    head.resize(begin as usize, 0);
    let offsets = offsets.into_iter().map(|offset| begin + offset).collect();
    Laid { head, offsets, len: begin + at }
}

fn string(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend((text.len() as u64).to_le_bytes());
    bytes.extend(text.as_bytes());
}

/// The format's number of a value's type.
fn number_of(value: &Value) -> u32 {
    match value {
        Value::U8(_) => 0,
        Value::I8(_) => 1,
        Value::U16(_) => 2,
        Value::I16(_) => 3,
        Value::U32(_) => 4,
        Value::I32(_) => 5,
        Value::F32(_) => 6,
        Value::Bool(_) => 7,
        Value::String(_) => 8,
        Value::Array(_) => 9,
        Value::U64(_) => 10,
        Value::I64(_) => 11,
        Value::F64(_) => 12,
    }
}

fn put(bytes: &mut Vec<u8>, value: &Value) {
    match value {
        Value::U8(v) => bytes.push(*v),
        Value::I8(v) => bytes.extend(v.to_le_bytes()),
        Value::U16(v) => bytes.extend(v.to_le_bytes()),
        Value::I16(v) => bytes.extend(v.to_le_bytes()),
        Value::U32(v) => bytes.extend(v.to_le_bytes()),
        Value::I32(v) => bytes.extend(v.to_le_bytes()),
        Value::U64(v) => bytes.extend(v.to_le_bytes()),
        Value::I64(v) => bytes.extend(v.to_le_bytes()),
        Value::F32(v) => bytes.extend(v.to_le_bytes()),
        Value::F64(v) => bytes.extend(v.to_le_bytes()),
        Value::Bool(v) => bytes.push(u8::from(*v)),
        Value::String(v) => string(bytes, v),
        Value::Array(v) => put_array(bytes, v),
    }
}

fn put_array(bytes: &mut Vec<u8>, array: &Array) {
    let number: u32 = match array {
        Array::U8(_) => 0,
        Array::I8(_) => 1,
        Array::U16(_) => 2,
        Array::I16(_) => 3,
        Array::U32(_) => 4,
        Array::I32(_) => 5,
        Array::F32(_) => 6,
        Array::Bool(_) => 7,
        Array::Strings(_) => 8,
        Array::Arrays(_) => 9,
        Array::U64(_) => 10,
        Array::I64(_) => 11,
        Array::F64(_) => 12,
    };
    bytes.extend(number.to_le_bytes());
    bytes.extend((array.len() as u64).to_le_bytes());
    match array {
        Array::Strings(strings) => strings.iter().for_each(|text| string(bytes, text)),
        Array::Arrays(arrays) => arrays.iter().for_each(|array| put_array(bytes, array)),
        numbers => {
            let each = (0..numbers.len()).filter_map(|i| numbers.at(i));
            each.for_each(|value| put(bytes, &value));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use secateur_tensor::Bytes;

    use super::*;
    use crate::gguf::{Strings, parse};

    #[test]
    fn what_is_laid_out_is_read_again() {
        let text = |text: &str| Value::String(text.to_owned());
        let strings: Strings = ["a", "", "\u{2581}b"].into_iter().collect();
        let metadata: Vec<(String, Value)> = [
            ("a", Value::U8(1)),
            ("b", Value::I8(-1)),
            ("c", Value::U16(2)),
            ("d", Value::I16(-2)),
            ("e", Value::U32(3)),
            ("f", Value::I32(-3)),
            ("g", Value::U64(4)),
            ("h", Value::I64(-4)),
            ("i", Value::F32(0.5)),
            ("j", Value::F64(-0.25)),
            ("k", Value::Bool(true)),
            ("l", text("x y")),
            ("m", Value::Array(Array::Strings(Box::new(strings)))),
            ("n", Value::Array(Array::I32(vec![1, -2]))),
            ("o", Value::Array(Array::Bool(vec![true, false]))),
            ("p", Value::Array(Array::Arrays(vec![Array::F32(vec![1.5]), Array::U8(vec![])]))),
        ]
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect();
        let tensors = [
            ("one".to_owned(), DType::F16, vec![3]),
            ("two".to_owned(), DType::Q8_0, vec![2, 64]),
            ("three".to_owned(), DType::BF16, vec![2, 5]),
        ];
        let laid = lay_out(&metadata, &tensors);
        assert!(laid.offsets.iter().all(|offset| offset % ALIGNMENT == 0));
        let mut bytes = laid.head;
        bytes.resize(laid.len as usize, 0);
        let read = parse(Path::new("laid"), &Bytes::owned(bytes)).unwrap();
        assert_eq!((read.version, &read.metadata), (VERSION, &metadata));
        for ((name, dtype, shape), (read_name, stored)) in tensors.iter().zip(&read.tensors) {
            assert_eq!((name, *dtype, &shape[..]), (read_name, stored.dtype(), stored.shape()));
        }
    }
}
