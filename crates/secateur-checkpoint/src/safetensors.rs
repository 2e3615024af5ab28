//! safetensors files: header read and checked, values left where they are.
//!
//! The format: eight bytes with the length of the header, the header in JSON (name, type,
//! shape, byte range of each tensor), then the values. The checks are stricter than those of
//! the reference library, which takes a name that stands twice, and the messages name both
//! tensors of an overlap; so the header is read here.

use std::fmt;
use std::path::{Path, PathBuf};

use secateur_tensor::{Bytes, DType, Stored};
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::{Map, Value};

use crate::error::CheckpointError;

/// Longest header that is read, as in the reference library.
const HEADER_MAX: u64 = 100_000_000;

/// A safetensors file.
#[derive(Clone, Debug)]
pub struct SafeTensors {
    /// The file.
    pub path: PathBuf,
    /// The map `__metadata__`, when there is one.
    pub metadata: Option<Map<String, Value>>,
    /// Tensors in the order of their bytes.
    pub tensors: Vec<(String, Stored)>,
}

/// Reads and checks the header of a file.
///
/// # Errors
/// [`CheckpointError`] with the first thing that is wrong.
pub fn read(path: &Path, what: &str) -> Result<SafeTensors, CheckpointError> {
    let bytes =
        Bytes::map(path).map_err(|source| CheckpointError::Io { path: path.to_owned(), source })?;
    parse(path, &bytes, what)
}

/// Reads and checks the header of bytes; `path` and `what` are for messages.
///
/// # Errors
/// [`CheckpointError`] with the first thing that is wrong.
pub fn parse(path: &Path, bytes: &Bytes, what: &str) -> Result<SafeTensors, CheckpointError> {
    let file = bytes.len() as u64;
    let Some((length, rest)) = bytes.split_first_chunk::<8>().filter(|(_, r)| r.len() >= 2) else {
        return Err(CheckpointError::HeaderTooSmall { path: path.to_owned(), bytes: file });
    };
    let claimed = u64::from_le_bytes(*length);
    if claimed > rest.len() as u64 || claimed > HEADER_MAX {
        return Err(CheckpointError::HeaderLength {
            path: path.to_owned(),
            claimed,
            available: rest.len() as u64,
            cap: HEADER_MAX,
        });
    }
    let text = &rest[..claimed as usize];
    let header = parse_header(path, text)?;
    let data = bytes.slice(8 + text.len()..bytes.len());
    let tensors = check(path, &header.entries, &data, what)?;
    Ok(SafeTensors { path: path.to_owned(), metadata: header.metadata, tensors })
}

fn parse_header(path: &Path, text: &[u8]) -> Result<Header, CheckpointError> {
    let bad = |offset: usize, reason: String| CheckpointError::HeaderText {
        path: path.to_owned(),
        offset: 8 + offset as u64,
        reason,
    };
    if text.first() != Some(&b'{') {
        return Err(bad(0, "expected an opening brace".to_owned()));
    }
    let text = std::str::from_utf8(text)
        .map_err(|error| bad(error.valid_up_to(), "not UTF-8".to_owned()))?;
    let header: Header = serde_json::from_str(text).map_err(|error| {
        let before: usize =
            text.lines().take(error.line().saturating_sub(1)).map(|l| l.len() + 1).sum();
        bad(before + error.column().saturating_sub(1), error.to_string())
    })?;
    match header.duplicate {
        Some(name) => Err(CheckpointError::DuplicateTensor { path: path.to_owned(), name }),
        None => Ok(header),
    }
}

#[derive(Default)]
struct Header {
    metadata: Option<Map<String, Value>>,
    entries: Vec<(String, Entry)>,
    duplicate: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    dtype: String,
    shape: Vec<u64>,
    data_offsets: (u64, u64),
}

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(HeaderVisitor)
    }
}

struct HeaderVisitor;

impl<'de> Visitor<'de> for HeaderVisitor {
    type Value = Header;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map of tensors")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Header, A::Error> {
        let mut header = Header::default();
        let mut seen = std::collections::HashSet::new();
        while let Some(name) = map.next_key::<String>()? {
            if !seen.insert(name.clone()) {
                header.duplicate.get_or_insert(name);
                map.next_value::<IgnoredAny>()?;
            } else if name == "__metadata__" {
                header.metadata = Some(map.next_value()?);
            } else {
                header.entries.push((name, map.next_value()?));
            }
        }
        Ok(header)
    }
}

/// Checks every entry against its neighbors and the data, and cuts the data into tensors.
fn check(
    path: &Path,
    entries: &[(String, Entry)],
    data: &Bytes,
    what: &str,
) -> Result<Vec<(String, Stored)>, CheckpointError> {
    let path_buf = || path.to_owned();
    let mut sorted: Vec<&(String, Entry)> = entries.iter().collect();
    sorted.sort_by_key(|(_, entry)| entry.data_offsets);
    let mut end = 0;
    let mut owner = "";
    let mut tensors = Vec::with_capacity(sorted.len());
    let mut spans = Vec::with_capacity(sorted.len());
    for (name, entry) in sorted {
        let (dtype, shape) = check_entry(path, name, entry)?;
        let (from, to) = entry.data_offsets;
        if from < end && from < to {
            return Err(CheckpointError::Overlap {
                path: path_buf(),
                first: owner.to_owned(),
                first_bytes: spans
                    .iter()
                    .rev()
                    .find(|(n, _)| *n == owner)
                    .map_or((0, end), |(_, s)| *s),
                second: name.clone(),
                second_bytes: (from, to),
            });
        }
        if from > end {
            return Err(CheckpointError::Hole { path: path_buf(), from: end, to: from });
        }
        if to > end {
            (end, owner) = (to, name);
        }
        spans.push((name.as_str(), (from, to)));
        tensors.push((name, dtype, shape, from, to));
    }
    let found = data.len() as u64;
    if end > found {
        return Err(CheckpointError::Truncated {
            path: path_buf(),
            what: what.to_owned(),
            missing: end - found,
            found,
            expected: end,
        });
    }
    if end < found {
        return Err(CheckpointError::Hole { path: path_buf(), from: end, to: found });
    }
    let stored = |(name, dtype, shape, from, to): (&String, DType, Vec<usize>, u64, u64)| {
        let bytes = data.slice(from as usize..to as usize);
        let stored = Stored::new(dtype, shape, bytes).expect("checked in check_entry");
        (name.clone(), stored)
    };
    Ok(tensors.into_iter().map(stored).collect())
}

/// The type and shape of an entry, when they fit its byte range.
fn check_entry(
    path: &Path,
    name: &str,
    entry: &Entry,
) -> Result<(DType, Vec<usize>), CheckpointError> {
    let bad = |reason: String| CheckpointError::BadEntry {
        path: path.to_owned(),
        name: name.to_owned(),
        reason,
    };
    let Some(dtype) = dtype_of(&entry.dtype) else {
        // Types of the format that hold less than a byte, or exponents only.
        let known = ["F4", "F6_E2M3", "F6_E3M2", "F8_E8M0", "C64"].contains(&entry.dtype.as_str());
        return Err(if known {
            CheckpointError::UnsupportedType {
                path: path.to_owned(),
                name: name.to_owned(),
                dtype: entry.dtype.clone(),
            }
        } else {
            bad(format!("there is no value type {}", entry.dtype))
        });
    };
    let shape: Option<Vec<usize>> = entry.shape.iter().map(|&n| usize::try_from(n).ok()).collect();
    let needed = shape.as_ref().and_then(|shape| dtype.bytes(shape));
    let (from, to) = entry.data_offsets;
    match (shape, needed, to.checked_sub(from)) {
        (Some(shape), Some(needed), Some(found)) if needed as u64 == found => Ok((dtype, shape)),
        (_, None, _) | (None, ..) => {
            Err(bad(format!("shape {:?} has more values than can be counted", entry.shape)))
        }
        (_, _, None) => Err(bad(format!("its bytes end before they begin: {from}..{to}"))),
        (_, Some(needed), Some(found)) => Err(bad(format!(
            "shape {:?} of {} needs {needed} bytes, its range {from}..{to} has {found}",
            entry.shape, entry.dtype
        ))),
    }
}

const NAMES: [(&str, DType); 15] = [
    ("BOOL", DType::Bool),
    ("U8", DType::U8),
    ("I8", DType::I8),
    ("U16", DType::U16),
    ("I16", DType::I16),
    ("U32", DType::U32),
    ("I32", DType::I32),
    ("U64", DType::U64),
    ("I64", DType::I64),
    ("F8_E4M3", DType::F8E4M3),
    ("F8_E5M2", DType::F8E5M2),
    ("F16", DType::F16),
    ("BF16", DType::BF16),
    ("F32", DType::F32),
    ("F64", DType::F64),
];

fn dtype_of(name: &str) -> Option<DType> {
    NAMES.iter().find(|(n, _)| *n == name).map(|(_, dtype)| *dtype)
}

/// The name of a type in a header; `None` for types that the format lacks.
pub fn name_of(dtype: DType) -> Option<&'static str> {
    NAMES.iter().find(|(_, d)| *d == dtype).map(|(name, _)| *name)
}
