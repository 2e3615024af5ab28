//! Operators on images: convolutions, pools, resizing.

use secateur_graph::ops::{
    Aspect, AutoPad, Blocks, Conv, ConvTranspose, Coordinates, DepthToSpace, GlobalPool,
    MaxPoolIndices, Nearest, Op, Pad, PadMode, Pool, PoolKind, Resize, ResizeMode, SpaceToDepth,
    Window,
};

use super::{Reading, Unread};

pub(super) fn read(reading: Reading<'_>) -> Option<Result<Op, Unread>> {
    Some(match reading.node.op_type() {
        "Conv" => conv(reading).map(Op::Conv),
        "ConvTranspose" => conv_transpose(reading).map(Op::ConvTranspose),
        "MaxPool" if reading.wants(1) => window(reading, None).map(|window| {
            let by_columns = reading.attributes.flag("storage_order", false);
            Op::MaxPoolIndices(MaxPoolIndices { window, by_columns })
        }),
        "MaxPool" | "AveragePool" => pool(reading).map(Op::Pool),
        "GlobalAveragePool" => Ok(Op::GlobalPool(GlobalPool::Average)),
        "GlobalMaxPool" => Ok(Op::GlobalPool(GlobalPool::Max)),
        "Pad" => pad(reading).map(Op::Pad),
        "Resize" if reading.around.opset() < 11 => early_resize(reading).map(Op::Resize),
        "Upsample" if reading.around.opset() < 10 => early_resize(reading).map(Op::Resize),
        "Resize" => resize(reading).map(Op::Resize),
        "DepthToSpace" => {
            let blocks = match reading.attributes.text("mode") {
                Some("CRD") => Blocks::Inner,
                _ => Blocks::Outer,
            };
            let block = reading.attributes.int("blocksize").unwrap_or(0).max(0) as usize;
            Ok(Op::DepthToSpace(DepthToSpace { block, blocks }))
        }
        "SpaceToDepth" => {
            let block = reading.attributes.int("blocksize").unwrap_or(0).max(0) as usize;
            Ok(Op::SpaceToDepth(SpaceToDepth { block }))
        }
        _ => return None,
    })
}

/// How a window slides; the kernel is an attribute or the shape of the weight.
fn window(reading: Reading<'_>, weight: Option<&str>) -> Result<Window, Unread> {
    let attributes = reading.attributes;
    let list = |name: &str| -> Result<Option<Vec<usize>>, Unread> {
        let Some(values) = attributes.ints(name) else { return Ok(None) };
        let values: Option<Vec<usize>> =
            values.iter().map(|&value| usize::try_from(value).ok()).collect();
        values.map(Some).ok_or_else(|| format!("{name} has negative numbers"))
    };
    let kernel = match list("kernel_shape")? {
        Some(kernel) => kernel,
        None => weight
            .and_then(|name| reading.around.constant_shape(name))
            .and_then(|shape| Some(shape.get(2..)?.to_vec()))
            .ok_or("its kernel is not known")?,
    };
    let axes = kernel.len();
    let auto_pad = match attributes.text("auto_pad") {
        None | Some("NOTSET" | "") => AutoPad::NotSet,
        Some("SAME_UPPER") => AutoPad::SameUpper,
        Some("SAME_LOWER") => AutoPad::SameLower,
        Some("VALID") => AutoPad::Valid,
        Some(other) => return Err(format!("auto_pad is {other:?}")),
    };
    Ok(Window {
        strides: list("strides")?.unwrap_or_else(|| vec![1; axes]),
        dilations: list("dilations")?.unwrap_or_else(|| vec![1; axes]),
        pads: list("pads")?.unwrap_or_else(|| vec![0; 2 * axes]),
        kernel,
        auto_pad,
        ceil: attributes.flag("ceil_mode", false),
    })
}

fn groups(reading: Reading<'_>) -> usize {
    reading.attributes.int("group").unwrap_or(1).max(0) as usize
}

fn conv(reading: Reading<'_>) -> Result<Conv, Unread> {
    let weight = reading.node.input.get(1).map(String::as_str);
    Ok(Conv { window: window(reading, weight)?, groups: groups(reading) })
}

fn conv_transpose(reading: Reading<'_>) -> Result<ConvTranspose, Unread> {
    let weight = reading.node.input.get(1).map(String::as_str);
    let sizes = |name: &str| -> Option<Vec<usize>> {
        Some(reading.attributes.ints(name)?.iter().map(|&n| n.max(0) as usize).collect())
    };
    Ok(ConvTranspose {
        window: window(reading, weight)?,
        groups: groups(reading),
        output_padding: sizes("output_padding").unwrap_or_default(),
        output_shape: sizes("output_shape"),
    })
}

fn pool(reading: Reading<'_>) -> Result<Pool, Unread> {
    let count_padding = reading.attributes.flag("count_include_pad", false);
    let kind = match reading.node.op_type() {
        "MaxPool" => PoolKind::Max,
        _ => PoolKind::Average { count_padding },
    };
    Ok(Pool { window: window(reading, None)?, kind })
}

fn pad(reading: Reading<'_>) -> Result<Pad, Unread> {
    let mode = match reading.attributes.text("mode") {
        None | Some("constant") => PadMode::Constant,
        Some("edge") => PadMode::Edge,
        Some("reflect") => PadMode::Reflect,
        Some("wrap") => PadMode::Wrap,
        Some(other) => return Err(format!("its mode is {other:?}")),
    };
    Ok(Pad { mode })
}

fn resize(reading: Reading<'_>) -> Result<Resize, Unread> {
    let attributes = reading.attributes;
    let aspect = match attributes.text("keep_aspect_ratio_policy") {
        None | Some("stretch") => Aspect::Stretch,
        Some("not_larger") => Aspect::NotLarger,
        Some("not_smaller") => Aspect::NotSmaller,
        Some(other) => return Err(format!("its policy of sides is {other:?}")),
    };
    let coordinates = match attributes.text("coordinate_transformation_mode") {
        None | Some("half_pixel") => Coordinates::HalfPixel,
        Some("half_pixel_symmetric") => Coordinates::HalfPixelSymmetric,
        Some("tf_crop_and_resize") => {
            let outside = attributes.float("extrapolation_value").unwrap_or(0.0);
            Coordinates::TfCropAndResize { outside }
        }
        Some("pytorch_half_pixel") => Coordinates::PytorchHalfPixel,
        Some("align_corners") => Coordinates::AlignCorners,
        Some("asymmetric") => Coordinates::Asymmetric,
        Some(other) => return Err(format!("its coordinates are {other:?}")),
    };
    let nearest = match attributes.text("nearest_mode") {
        None | Some("round_prefer_floor") => Nearest::RoundPreferFloor,
        Some("round_prefer_ceil") => Nearest::RoundPreferCeil,
        Some("floor") => Nearest::Floor,
        Some("ceil") => Nearest::Ceil,
        Some(other) => return Err(format!("its nearest is {other:?}")),
    };
    let mode = match attributes.text("mode") {
        None | Some("nearest") => ResizeMode::Nearest(nearest),
        Some("linear") => ResizeMode::Linear,
        Some("cubic") => {
            ResizeMode::Cubic { a: attributes.float("cubic_coeff_a").unwrap_or(-0.75) }
        }
        Some(other) => return Err(format!("its mode is {other:?}")),
    };
    Ok(Resize {
        mode,
        coordinates,
        axes: attributes.ints("axes").map(<[i64]>::to_vec),
        antialias: attributes.flag("antialias", false),
        exclude_outside: attributes.flag("exclude_outside", false),
        aspect,
    })
}

/// Resizing before it had coordinates to choose from.
fn early_resize(reading: Reading<'_>) -> Result<Resize, Unread> {
    let mode = match reading.attributes.text("mode") {
        None | Some("nearest") => ResizeMode::Nearest(Nearest::FloorOrCeil),
        Some("linear" | "bilinear") => ResizeMode::Linear,
        Some(other) => return Err(format!("its mode is {other:?}")),
    };
    Ok(Resize {
        mode,
        coordinates: Coordinates::Asymmetric,
        axes: None,
        antialias: false,
        exclude_outside: false,
        aspect: Aspect::Stretch,
    })
}
