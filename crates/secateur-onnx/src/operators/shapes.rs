//! Operators that move values or make shapes.

use secateur_graph::ops::{
    Concat, ConstantOfShape, Expand, Flatten, Gather, GatherElements, GatherNd, OneHot, Op, Range,
    Reshape, ScatterElements, ScatterNd, Scattered, Shape, Size, Slice, Split, Squeeze, Tile,
    Transpose, Unsqueeze,
};
use secateur_tensor::DType;

use super::{Reading, Unread};
use crate::tensors::dtype_of;

pub(super) fn read(reading: Reading<'_>) -> Option<Result<Op, Unread>> {
    let attributes = reading.attributes;
    let int = |name: &str, default: i64| attributes.int(name).unwrap_or(default);
    let op = match reading.node.op_type() {
        "Concat" => Op::Concat(Concat { axis: int("axis", 0) }),
        "ConstantOfShape" => return Some(constant_of_shape(reading).map(Op::ConstantOfShape)),
        "Expand" => Op::Expand(Expand),
        "Flatten" => Op::Flatten(Flatten { axis: int("axis", 1) }),
        "Gather" => Op::Gather(Gather { axis: int("axis", 0) }),
        "GatherElements" => Op::GatherElements(GatherElements { axis: int("axis", 0) }),
        "GatherND" => Op::GatherNd(GatherNd { batch: int("batch_dims", 0).max(0) as usize }),
        "OneHot" => Op::OneHot(OneHot { axis: int("axis", -1) }),
        "Range" => Op::Range(Range),
        "Reshape" => Op::Reshape(Reshape { allow_zero: attributes.flag("allowzero", false) }),
        "ScatterND" | "ScatterElements" | "Scatter" => {
            let reduction = match attributes.text("reduction") {
                None | Some("none") => Scattered::Replaced,
                Some("add") => Scattered::Added,
                Some("mul") => Scattered::Multiplied,
                Some("max") => Scattered::Max,
                Some("min") => Scattered::Min,
                Some(other) => return Some(Err(format!("its reduction is {other:?}"))),
            };
            if reading.node.op_type() == "ScatterND" {
                Op::ScatterNd(ScatterNd { reduction })
            } else {
                Op::ScatterElements(ScatterElements { axis: int("axis", 0), reduction })
            }
        }
        "Shape" => Op::Shape(Shape { start: int("start", 0), end: attributes.int("end") }),
        "Size" => Op::Size(Size),
        "Slice" => Op::Slice(Slice),
        "Split" => Op::Split(Split {
            axis: int("axis", 0),
            parts: reading.node.output.len(),
            numbered: attributes.int("num_outputs").is_some(),
        }),
        "Squeeze" => Op::Squeeze(Squeeze),
        "Tile" => Op::Tile(Tile),
        "Transpose" => {
            let order = attributes.ints("perm");
            let order = order.map(|perm| perm.iter().map(|&at| at.max(0) as usize).collect());
            Op::Transpose(Transpose { order })
        }
        "Unsqueeze" => Op::Unsqueeze(Unsqueeze),
        _ => return None,
    };
    Some(Ok(op))
}

fn constant_of_shape(reading: Reading<'_>) -> Result<ConstantOfShape, Unread> {
    let Some(tensor) = reading.attributes.tensor("value") else {
        return Ok(ConstantOfShape::F32(0.0));
    };
    let unread = || "its value is of a type that nothing is computed from".to_owned();
    let raw = tensor.raw_data.as_deref().filter(|raw| !raw.is_empty());
    let int = |size: usize| -> Option<i64> {
        match raw {
            Some(raw) => {
                let mut bytes = [if raw.get(size - 1)? & 0x80 != 0 { 0xff } else { 0 }; 8];
                bytes[..size].copy_from_slice(raw.get(..size)?);
                Some(i64::from_le_bytes(bytes))
            }
            None if size == 8 => tensor.int64_data.first().copied(),
            None => tensor.int32_data.first().map(|&value| value.into()),
        }
    };
    let value = match dtype_of(tensor.data_type()).ok_or_else(unread)? {
        DType::F32 => {
            let raw = raw.and_then(|raw| raw.first_chunk().copied()).map(f32::from_le_bytes);
            ConstantOfShape::F32(raw.or(tensor.float_data.first().copied()).unwrap_or(0.0))
        }
        DType::F64 => {
            let raw = raw.and_then(|raw| raw.first_chunk().copied()).map(f64::from_le_bytes);
            let value = raw.or(tensor.double_data.first().copied()).unwrap_or(0.0);
            ConstantOfShape::F32(value as f32)
        }
        DType::I64 => ConstantOfShape::I64(int(8).unwrap_or(0)),
        DType::I32 => ConstantOfShape::I64(int(4).unwrap_or(0)),
        DType::I16 => ConstantOfShape::I64(int(2).unwrap_or(0)),
        DType::I8 => ConstantOfShape::I64(int(1).unwrap_or(0)),
        DType::U8 => ConstantOfShape::I64(int(1).unwrap_or(0) & 0xff),
        DType::Bool => ConstantOfShape::Bool(int(1).unwrap_or(0) != 0),
        _ => return Err(unread()),
    };
    Ok(value)
}
