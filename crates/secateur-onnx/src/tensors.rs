//! Values of tensor messages.
//!
//! A message has its values as bytes (`raw_data`), in a list of numbers by their type, or in a
//! file of external data. Wherever they are, there are as many as the dimensions say, once.

use std::path::Path;

use secateur_tensor::{Bytes, DType, Stored};

use crate::error::OnnxError;
use crate::proto::TensorProto;
use crate::proto::tensor_proto::{DataLocation, DataType};
use crate::shared;

/// Types of ONNX that are read, and ours.
const TYPES: [(DataType, DType); 15] = [
    (DataType::Float, DType::F32),
    (DataType::Uint8, DType::U8),
    (DataType::Int8, DType::I8),
    (DataType::Uint16, DType::U16),
    (DataType::Int16, DType::I16),
    (DataType::Int32, DType::I32),
    (DataType::Int64, DType::I64),
    (DataType::Bool, DType::Bool),
    (DataType::Float16, DType::F16),
    (DataType::Double, DType::F64),
    (DataType::Uint32, DType::U32),
    (DataType::Uint64, DType::U64),
    (DataType::Bfloat16, DType::BF16),
    (DataType::Float8e4m3fn, DType::F8E4M3),
    (DataType::Float8e5m2, DType::F8E5M2),
];

/// Our type of a type of ONNX by its number; `None` for those that are not read.
pub fn dtype_of(data_type: i32) -> Option<DType> {
    TYPES.iter().find(|(of, _)| *of as i32 == data_type).map(|(_, dtype)| *dtype)
}

/// The type of ONNX for ours; `None` for types in blocks, which ONNX lacks.
pub fn data_type_of(dtype: DType) -> Option<DataType> {
    TYPES.iter().find(|(_, ours)| *ours == dtype).map(|(of, _)| *of)
}

/// Name of a type by its number, as ONNX writes it.
pub fn type_name(data_type: i32) -> String {
    DataType::try_from(data_type)
        .map_or_else(|_| format!("number {data_type}"), |known| known.as_str_name().to_owned())
}

/// Whether the values lie in another file.
pub fn is_external(tensor: &TensorProto) -> bool {
    tensor.data_location == Some(DataLocation::External as i32)
}

/// A message with these values. A tensor without axes has no dimensions.
///
/// # Panics
/// For values in blocks, which ONNX lacks: decode them first.
pub fn tensor_proto(name: &str, stored: &Stored) -> TensorProto {
    let mut tensor = TensorProto { name: Some(name.to_owned()), ..TensorProto::default() };
    set_values(&mut tensor, stored);
    tensor
}

/// Gives a message other values, of any type and shape; everything else stays.
///
/// # Panics
/// For values in blocks, which ONNX lacks: decode them first.
pub fn set_values(tensor: &mut TensorProto, stored: &Stored) {
    let data_type = data_type_of(stored.dtype()).expect("values in blocks are decoded before");
    let dims = stored.shape().iter().map(|&d| i64::try_from(d).expect("sizes fit in memory"));
    *tensor = TensorProto {
        dims: dims.collect(),
        data_type: Some(data_type as i32),
        raw_data: Some(shared::field(stored.bytes())),
        name: tensor.name.take(),
        doc_string: tensor.doc_string.take(),
        metadata_props: std::mem::take(&mut tensor.metadata_props),
        ..TensorProto::default()
    };
}

/// The dimensions and how many values they make, or what is wrong with them.
pub(crate) fn shape(tensor: &TensorProto) -> Result<(Vec<usize>, usize), String> {
    let mut count = Some(1_usize);
    let mut shape = Vec::with_capacity(tensor.dims.len());
    for &dim in &tensor.dims {
        let Ok(dim) = usize::try_from(dim) else {
            return Err(format!("a dimension is negative: {:?}", tensor.dims));
        };
        count = count.and_then(|n| n.checked_mul(dim));
        shape.push(dim);
    }
    match count {
        Some(count) => Ok((shape, count)),
        None => Err(format!("dimensions {:?} are more than can be counted", tensor.dims)),
    }
}

/// The lists of a message: name, entries.
fn lists(tensor: &TensorProto) -> [(&'static str, usize); 6] {
    [
        ("float_data", tensor.float_data.len()),
        ("int32_data", tensor.int32_data.len()),
        ("string_data", tensor.string_data.len()),
        ("int64_data", tensor.int64_data.len()),
        ("double_data", tensor.double_data.len()),
        ("uint64_data", tensor.uint64_data.len()),
    ]
}

/// Bits of a value and the list that a type may use; entries of the list for a number of values.
fn layout(data_type: DataType) -> Option<(usize, &'static str)> {
    Some(match data_type {
        DataType::Undefined => return None,
        DataType::Float => (32, "float_data"),
        DataType::Double => (64, "double_data"),
        DataType::Complex64 => (64, "float_data"),
        DataType::Complex128 => (128, "double_data"),
        DataType::Int64 => (64, "int64_data"),
        DataType::Uint32 => (32, "uint64_data"),
        DataType::Uint64 => (64, "uint64_data"),
        DataType::Int32 => (32, "int32_data"),
        DataType::Uint16 | DataType::Int16 | DataType::Float16 | DataType::Bfloat16 => {
            (16, "int32_data")
        }
        DataType::Uint8
        | DataType::Int8
        | DataType::Bool
        | DataType::Float8e4m3fn
        | DataType::Float8e4m3fnuz
        | DataType::Float8e5m2
        | DataType::Float8e5m2fnuz
        | DataType::Float8e8m0 => (8, "int32_data"),
        DataType::Float6e2m3 | DataType::Float6e3m2 => (6, "int32_data"),
        DataType::Uint4 | DataType::Int4 | DataType::Float4e2m1 => (4, "int32_data"),
        DataType::Uint2 | DataType::Int2 => (2, "int32_data"),
        DataType::String => (0, "string_data"),
    })
}

/// Entries of the list of a type for so many values; `None` on overflow.
fn entries(data_type: DataType, count: usize) -> Option<usize> {
    match data_type {
        DataType::Complex64 | DataType::Complex128 => count.checked_mul(2),
        DataType::Uint4 | DataType::Int4 | DataType::Float4e2m1 => Some(count.div_ceil(2)),
        DataType::Uint2 | DataType::Int2 => Some(count.div_ceil(4)),
        _ => Some(count),
    }
}

/// Bytes of a tensor; `None` for types without a fixed size, or on overflow.
pub(crate) fn bytes_of(data_type: i32, count: usize) -> Option<usize> {
    let (bits, _) = layout(DataType::try_from(data_type).ok()?)?;
    if bits == 0 { None } else { Some(count.checked_mul(bits)?.div_ceil(8)) }
}

/// Checks that a message has as many values as it says, once; values themselves are not looked
/// at, and types that this version does not know are left alone.
pub(crate) fn check(tensor: &TensorProto) -> Result<(), String> {
    let (_, count) = shape(tensor)?;
    let raw = tensor.raw_data.as_ref().map_or(0, bytes::Bytes::len);
    let mut there: Vec<(&str, usize)> = lists(tensor).into_iter().filter(|(_, n)| *n > 0).collect();
    if raw > 0 {
        there.push(("raw_data", raw));
    }
    if is_external(tensor) {
        return match there.first() {
            None => Ok(()),
            Some((name, _)) => Err(format!("its values are both in {name} and in another file")),
        };
    }
    if let [(first, _), (second, _), ..] = there[..] {
        return Err(format!("its values are both in {first} and in {second}"));
    }
    if tensor.segment.is_some() {
        return Ok(());
    }
    let Ok(data_type) = DataType::try_from(tensor.data_type()) else { return Ok(()) };
    let Some((bits, list)) = layout(data_type) else {
        return Err("its values have no type".to_owned());
    };
    let name = data_type.as_str_name();
    let (field, found) = there.first().copied().unwrap_or((list, 0));
    if field == "raw_data" && bits > 0 {
        let needed = count.checked_mul(bits).map(|n| n.div_ceil(8));
        return fits(tensor, name, needed, "bytes", found);
    }
    if field != list {
        return Err(format!("values of type {name} are in {field}"));
    }
    fits(tensor, name, entries(data_type, count), "entries", found)
}

fn fits(
    tensor: &TensorProto,
    name: &str,
    needed: Option<usize>,
    what: &str,
    found: usize,
) -> Result<(), String> {
    let dims = &tensor.dims;
    match needed {
        Some(needed) if needed == found => Ok(()),
        Some(needed) => {
            Err(format!("dimensions {dims:?} of {name} need {needed} {what}, it has {found}"))
        }
        None => Err(format!("dimensions {dims:?} of {name} are more than can be counted")),
    }
}

/// Values of a checked or unchecked message; `raw` are its bytes when it has such.
pub(crate) fn stored(
    path: &Path,
    place: &dyn Fn() -> String,
    tensor: &TensorProto,
    raw: Option<Bytes>,
) -> Result<Stored, OnnxError> {
    let bad = |reason| OnnxError::Tensor { path: path.to_owned(), place: place(), reason };
    check(tensor).map_err(bad)?;
    let (shape, count) = shape(tensor).map_err(bad)?;
    let unsupported =
        |dtype| OnnxError::TensorType { path: path.to_owned(), place: place(), dtype };
    let Some(dtype) = dtype_of(tensor.data_type()) else {
        return Err(unsupported(type_name(tensor.data_type())));
    };
    if tensor.segment.is_some() {
        return Err(unsupported(format!("{dtype} in segments")));
    }
    let bytes = match raw {
        Some(raw) if !raw.is_empty() || count == 0 => raw,
        _ => Bytes::owned(listed(tensor, dtype).map_err(bad)?),
    };
    if dtype == DType::Bool
        && let Some(at) = bytes.iter().position(|byte| *byte > 1)
    {
        return Err(bad(format!("value {at} is {}, neither false nor true", bytes[at])));
    }
    Stored::new(dtype, shape, bytes).map_err(|error| bad(error.to_string()))
}

/// The bytes of values in a list.
fn listed(tensor: &TensorProto, dtype: DType) -> Result<Vec<u8>, String> {
    let small = &tensor.int32_data;
    Ok(match dtype {
        DType::F32 => tensor.float_data.iter().flat_map(|v| v.to_le_bytes()).collect(),
        DType::F64 => tensor.double_data.iter().flat_map(|v| v.to_le_bytes()).collect(),
        DType::I64 => tensor.int64_data.iter().flat_map(|v| v.to_le_bytes()).collect(),
        DType::U64 => tensor.uint64_data.iter().flat_map(|v| v.to_le_bytes()).collect(),
        DType::U32 => narrowed(&tensor.uint64_data, u32::to_le_bytes)?,
        DType::I32 => small.iter().flat_map(|v| v.to_le_bytes()).collect(),
        DType::I16 => narrowed(small, i16::to_le_bytes)?,
        DType::U16 | DType::F16 | DType::BF16 => narrowed(small, u16::to_le_bytes)?,
        DType::I8 => narrowed(small, i8::to_le_bytes)?,
        DType::U8 | DType::Bool | DType::F8E4M3 | DType::F8E5M2 => {
            narrowed(small, u8::to_le_bytes)?
        }
        other => unreachable!("no type of ONNX is {other}"),
    })
}

/// Numbers as the bytes of a smaller type.
fn narrowed<W: Copy + std::fmt::Display, T: TryFrom<W>, const N: usize>(
    values: &[W],
    bytes: fn(T) -> [u8; N],
) -> Result<Vec<u8>, String> {
    let mut all = Vec::with_capacity(values.len() * N);
    for (at, value) in values.iter().enumerate() {
        match T::try_from(*value) {
            Ok(narrow) => all.extend(bytes(narrow)),
            Err(_) => return Err(format!("value {at} is {value}, too large for its type")),
        }
    }
    Ok(all)
}
