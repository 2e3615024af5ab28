//! From bytes to keys and tensors, everything checked.

use std::collections::HashSet;
use std::fmt;
use std::path::Path;

use secateur_tensor::{Bytes, DType, Stored};

use super::cursor::Cursor;
use super::types::{self, Kind};
use super::value::{Array, Strings, Value};
use super::{Gguf, GgufError, sniff};

/// Tensors of a file.
const TENSORS_MAX: u64 = 1_000_000;
/// Keys of a file; a key of 14 bytes takes many more in memory.
const KEYS_MAX: u64 = 65_536;
/// Bytes of a key, as the format says.
const KEY_MAX: u64 = 65_535;
/// Bytes of a tensor's name, as the format says.
const NAME_MAX: u64 = 64;
/// Bytes of a string value.
const STRING_MAX: u64 = 1 << 30;
/// Arrays inside arrays.
const DEPTH_MAX: u64 = 64;
/// Dimensions of a tensor.
const DIMS_MAX: u32 = 4;
/// Alignment of a file that does not say.
const ALIGNMENT: u32 = 32;
/// Largest alignment that is read.
const ALIGNMENT_MAX: u32 = 1 << 20;
/// Fewest bytes of a key: length, one byte, type, a value of one byte.
const KEY_BYTES: u64 = 8 + 1 + 4 + 1;
/// Fewest bytes of a tensor's entry: length, one byte, dimensions, one of them, type, offset.
const ENTRY_BYTES: u64 = 8 + 1 + 4 + 8 + 4 + 8;

/// A tensor as the header describes it.
struct Entry<'a> {
    name: &'a str,
    dtype: DType,
    /// Outermost first.
    shape: Vec<usize>,
    /// Bytes of its values.
    len: u64,
    /// From the start of the tensor data.
    offset: u64,
}

/// Reads a whole file.
pub(super) fn parse(bytes: &Bytes, path: &Path) -> Result<Gguf, GgufError> {
    let mut cursor = Cursor::new(bytes, path);
    let version = start(&mut cursor, bytes)?;
    let tensor_count = count(&mut cursor, "the number of tensors", ENTRY_BYTES, TENSORS_MAX)?;
    let key_count = count(&mut cursor, "the number of keys", KEY_BYTES, KEYS_MAX)?;
    let metadata = keys(&mut cursor, key_count)?;
    let alignment = alignment(&metadata, path)?;
    let entries = entries(&mut cursor, tensor_count)?;
    let data = cursor.at().next_multiple_of(u64::from(alignment));
    check_places(&entries, data, u64::from(alignment), bytes.len() as u64, path)?;
    let tensors = entries
        .into_iter()
        .map(|entry| {
            // Checked above: the range is inside the file, whose length is a usize.
            let begin = (data + entry.offset) as usize;
            let values = bytes.slice(begin..begin + entry.len as usize);
            let stored = Stored::new(entry.dtype, entry.shape, values)
                .expect("bytes were counted from type and shape");
            (entry.name.to_owned(), stored)
        })
        .collect();
    Ok(Gguf { version, metadata, tensors, path: path.to_owned() })
}

/// Magic and version.
fn start(cursor: &mut Cursor<'_>, bytes: &[u8]) -> Result<u32, GgufError> {
    if !bytes.starts_with(b"GGUF") {
        let (found, mend) = sniff::look(bytes);
        return Err(GgufError::NotGguf { path: cursor.path.to_owned(), found, mend });
    }
    cursor.take(1, 4, format_args!("the magic"))?;
    let version = cursor.u32(format_args!("the version"))?;
    match version {
        2 | 3 => Ok(version),
        swapped if matches!(swapped.swap_bytes(), 1..=3) => Err(GgufError::BigEndian {
            path: cursor.path.to_owned(),
            version: swapped.swap_bytes(),
        }),
        found => Err(GgufError::Version { path: cursor.path.to_owned(), found }),
    }
}

/// A count of things that need at least `size` bytes each.
fn count(cursor: &mut Cursor<'_>, what: &str, size: u64, limit: u64) -> Result<u64, GgufError> {
    let offset = cursor.at();
    let found = cursor.u64(format_args!("{what}"))?;
    cursor.expect(found, size, format_args!("{what}, {found},"))?;
    if found > limit {
        let (path, what) = (cursor.path.to_owned(), what.to_owned());
        return Err(GgufError::Limit { path, what, offset, found, limit });
    }
    Ok(found)
}

fn keys(cursor: &mut Cursor<'_>, count: u64) -> Result<Vec<(String, Value)>, GgufError> {
    let mut seen = HashSet::new();
    let mut metadata = Vec::new();
    for i in 0..count {
        let offset = cursor.at();
        let key = cursor.string(KEY_MAX, format_args!("key {i}"))?;
        if key.is_empty() {
            let what = format!("key {i}");
            return Err(GgufError::EmptyName { path: cursor.path.to_owned(), what, offset });
        }
        if !seen.insert(key) {
            let (path, key) = (cursor.path.to_owned(), key.to_owned());
            return Err(GgufError::DuplicateKey { path, key, offset });
        }
        let value = value(cursor, key)?;
        metadata.push((key.to_owned(), value));
    }
    Ok(metadata)
}

/// Bytes of a number of a type, by the format's numbers; `None` for strings and arrays.
fn number_bytes(kind: u32) -> Option<u64> {
    match kind {
        0 | 1 | 7 => Some(1),
        2 | 3 => Some(2),
        4..=6 => Some(4),
        10..=12 => Some(8),
        _ => None,
    }
}

fn value(cursor: &mut Cursor<'_>, key: &str) -> Result<Value, GgufError> {
    let offset = cursor.at();
    let kind = cursor.u32(format_args!("the type of key {key:?}"))?;
    match kind {
        8 => {
            let text = cursor.string(STRING_MAX, format_args!("the value of key {key:?}"))?;
            Ok(Value::String(text.to_owned()))
        }
        9 => array(cursor, key, 1).map(Value::Array),
        _ if number_bytes(kind).is_some() => {
            let one = numbers(cursor, key, kind, 1)?;
            Ok(one.at(0).expect("one number was read"))
        }
        found => Err(value_type(cursor, key, found, offset)),
    }
}

fn value_type(cursor: &Cursor<'_>, key: &str, found: u32, offset: u64) -> GgufError {
    GgufError::ValueType { path: cursor.path.to_owned(), key: key.to_owned(), found, offset }
}

fn array(cursor: &mut Cursor<'_>, key: &str, depth: u64) -> Result<Array, GgufError> {
    let offset = cursor.at();
    if depth > DEPTH_MAX {
        return Err(GgufError::Limit {
            path: cursor.path.to_owned(),
            what: format!("the depth of the arrays of key {key:?}"),
            offset,
            found: depth,
            limit: DEPTH_MAX,
        });
    }
    let kind = cursor.u32(format_args!("the type of the array of key {key:?}"))?;
    let count = cursor.u64(format_args!("the length of the array of key {key:?}"))?;
    match kind {
        8 => {
            cursor.expect(count, 8, format_args!("the {count} values of key {key:?}"))?;
            let mut strings = Strings::default();
            for i in 0..count {
                let what = format_args!("string {i} of key {key:?}");
                strings.push(cursor.string(STRING_MAX, what)?);
            }
            Ok(Array::Strings(Box::new(strings)))
        }
        9 => {
            cursor.expect(count, 12, format_args!("the {count} values of key {key:?}"))?;
            let mut arrays = Vec::new();
            for _ in 0..count {
                arrays.push(array(cursor, key, depth + 1)?);
            }
            Ok(Array::Arrays(arrays))
        }
        _ if number_bytes(kind).is_some() => numbers(cursor, key, kind, count),
        found => Err(value_type(cursor, key, found, offset)),
    }
}

/// Numbers of one type, which is one of those of [`number_bytes`].
fn numbers(cursor: &mut Cursor<'_>, key: &str, kind: u32, count: u64) -> Result<Array, GgufError> {
    let size = number_bytes(kind).expect("the type of a number");
    let offset = cursor.at();
    let bytes = cursor.take(count, size, format_args!("{count} values of key {key:?}"))?;
    Ok(match kind {
        0 => Array::U8(bytes.to_vec()),
        1 => Array::I8(each(bytes, i8::from_le_bytes)),
        2 => Array::U16(each(bytes, u16::from_le_bytes)),
        3 => Array::I16(each(bytes, i16::from_le_bytes)),
        4 => Array::U32(each(bytes, u32::from_le_bytes)),
        5 => Array::I32(each(bytes, i32::from_le_bytes)),
        6 => Array::F32(each(bytes, f32::from_le_bytes)),
        7 => {
            if let Some(at) = bytes.iter().position(|b| *b > 1) {
                return Err(GgufError::Truth {
                    path: cursor.path.to_owned(),
                    key: key.to_owned(),
                    found: bytes[at],
                    offset: offset + at as u64,
                });
            }
            Array::Bool(bytes.iter().map(|b| *b == 1).collect())
        }
        10 => Array::U64(each(bytes, u64::from_le_bytes)),
        11 => Array::I64(each(bytes, i64::from_le_bytes)),
        12 => Array::F64(each(bytes, f64::from_le_bytes)),
        other => unreachable!("type {other} has a size of its own"),
    })
}

/// Numbers of `N` bytes each.
fn each<const N: usize, T>(bytes: &[u8], of: impl Fn([u8; N]) -> T) -> Vec<T> {
    bytes.as_chunks().0.iter().map(|b| of(*b)).collect()
}

fn alignment(metadata: &[(String, Value)], path: &Path) -> Result<u32, GgufError> {
    let Some((_, value)) = metadata.iter().find(|(key, _)| key == "general.alignment") else {
        return Ok(ALIGNMENT);
    };
    match value {
        Value::U32(a) if a.is_power_of_two() && *a <= ALIGNMENT_MAX => Ok(*a),
        other => Err(GgufError::Alignment {
            path: path.to_owned(),
            found: other.to_string(),
            limit: ALIGNMENT_MAX,
        }),
    }
}

fn entries<'a>(cursor: &mut Cursor<'a>, count: u64) -> Result<Vec<Entry<'a>>, GgufError> {
    let mut seen = HashSet::new();
    let mut entries = Vec::new();
    for i in 0..count {
        let offset = cursor.at();
        let name = cursor.string(NAME_MAX, format_args!("the name of tensor {i}"))?;
        if name.is_empty() {
            let what = format!("the name of tensor {i}");
            return Err(GgufError::EmptyName { path: cursor.path.to_owned(), what, offset });
        }
        if !seen.insert(name) {
            let (path, tensor) = (cursor.path.to_owned(), name.to_owned());
            return Err(GgufError::DuplicateTensor { path, tensor, offset });
        }
        entries.push(entry(cursor, name)?);
    }
    Ok(entries)
}

fn entry<'a>(cursor: &mut Cursor<'a>, name: &'a str) -> Result<Entry<'a>, GgufError> {
    let mut dims = dims(cursor, name)?;
    let type_at = cursor.at();
    let number = cursor.u32(format_args!("the type of tensor {name:?}"))?;
    let offset = cursor.u64(format_args!("the offset of tensor {name:?}"))?;
    let (path, tensor) = (cursor.path.to_owned(), name.to_owned());
    let (type_name, dtype) = match types::of_number(number) {
        Some((type_name, Kind::Read(dtype))) => (type_name, dtype),
        Some((dtype, Kind::Named)) => {
            let read = types::names_read();
            return Err(GgufError::TypeUnsupported { path, tensor, dtype, read });
        }
        None => {
            return Err(GgufError::TypeUnknown { path, tensor, found: number, offset: type_at });
        }
    };
    let (block, _) = dtype.block();
    if !dims[0].is_multiple_of(block as u64) {
        return Err(GgufError::RowBlock {
            path,
            tensor,
            row: dims[0],
            dtype: type_name,
            block: block as u64,
        });
    }
    dims.reverse();
    match size(dtype, &dims) {
        Ok((shape, len)) => Ok(Entry { name, dtype, shape, len, offset }),
        Err(of) => Err(GgufError::TooLarge { path, tensor, shape: dims, of }),
    }
}

/// Dimensions, innermost first as the file has them.
fn dims(cursor: &mut Cursor<'_>, name: &str) -> Result<Vec<u64>, GgufError> {
    let offset = cursor.at();
    let wrong = |cursor: &Cursor<'_>, found: fmt::Arguments<'_>| GgufError::Dimensions {
        path: cursor.path.to_owned(),
        tensor: name.to_owned(),
        found: found.to_string(),
        offset,
    };
    let count = cursor.u32(format_args!("the number of dimensions of tensor {name:?}"))?;
    if !(1..=DIMS_MAX).contains(&count) {
        return Err(wrong(cursor, format_args!("{count} dimensions")));
    }
    let mut dims = Vec::new();
    for _ in 0..count {
        let dim = cursor.u64(format_args!("the dimensions of tensor {name:?}"))?;
        if dim == 0 {
            return Err(wrong(cursor, format_args!("a dimension of size 0")));
        }
        dims.push(dim);
    }
    Ok(dims)
}

/// Shape in memory and bytes of the values, or what there are too many of. Rows are whole blocks.
fn size(dtype: DType, dims: &[u64]) -> Result<(Vec<usize>, u64), &'static str> {
    let values = dims.iter().try_fold(1_u64, |n, d| n.checked_mul(*d));
    let values = values.filter(|n| i64::try_from(*n).is_ok()).ok_or("values")?;
    let (block, bytes) = dtype.block();
    let len = (values / block as u64).checked_mul(bytes as u64);
    let len = len.filter(|n| i64::try_from(*n).is_ok()).ok_or("bytes")?;
    let shape: Result<_, _> = dims.iter().map(|d| usize::try_from(*d)).collect();
    Ok((shape.map_err(|_| "values")?, len))
}

/// Checks that all values are aligned, inside the file, and apart from each other.
fn check_places(
    entries: &[Entry<'_>],
    data: u64,
    alignment: u64,
    size: u64,
    path: &Path,
) -> Result<(), GgufError> {
    for entry in entries {
        let (path, tensor) = (|| path.to_owned(), || entry.name.to_owned());
        if !entry.offset.is_multiple_of(alignment) {
            let (path, tensor, found) = (path(), tensor(), entry.offset);
            return Err(GgufError::Unaligned { path, tensor, found, alignment });
        }
        let begin = data.checked_add(entry.offset);
        if begin.and_then(|b| b.checked_add(entry.len)).is_none_or(|end| end > size) {
            let (path, tensor, needed) = (path(), tensor(), entry.len);
            let offset = begin.unwrap_or(u64::MAX);
            return Err(GgufError::PastEnd { path, tensor, offset, needed, size });
        }
    }
    let mut order: Vec<&Entry<'_>> = entries.iter().collect();
    order.sort_by_key(|entry| entry.offset);
    for pair in order.windows(2) {
        let (end, start) = (data + pair[0].offset + pair[0].len, data + pair[1].offset);
        if end > start {
            return Err(GgufError::Overlap {
                path: path.to_owned(),
                first: pair[0].name.to_owned(),
                second: pair[1].name.to_owned(),
                end,
                start,
            });
        }
    }
    Ok(())
}
