//! Whether a network works on each image of a batch by itself.

use secateur_graph::ops::{Binary, Op};
use secateur_graph::{Kind, Origin, ValueId};
use secateur_tensor::tensor::Values;

use super::items::{Affine, Form, Item, Items};

/// Whether axis 0 of every value is the batch, and no image sees another.
pub(super) fn is_by_image(items: &Items<'_>, batch: usize) -> bool {
    let is_batch = |id: &ValueId| {
        items.shape(*id).first() == Some(&batch) && items.fact(*id).kind == Kind::F32
    };
    let given = items.graph.inputs.iter().chain(&items.graph.outputs);
    batch > 1
        && given.into_iter().all(|id| items.constant(*id).is_none() && is_batch(id))
        && items.list.iter().all(|item| {
            let inputs = item.inputs.iter().flatten();
            let mut values = inputs.filter(|id| items.constant(**id).is_none());
            values.all(is_batch) && item.outputs.iter().all(is_batch) && keeps_apart(items, item)
        })
}

/// Whether some images are computed as all were, given that no image sees another: shapes are the
/// same but for the number of images, and so are constants that were computed from shapes.
pub(super) fn is_part_of(part: &Items<'_>, whole: &Items<'_>, images: usize) -> bool {
    let has_shape = |id: &ValueId| {
        let (part, whole) = (part.shape(*id), whole.shape(*id));
        part.first() == Some(&images) && part[1..] == whole[1..]
    };
    let is_alike = |id: &ValueId| match (part.constant(*id), whole.constant(*id)) {
        (None, None) => has_shape(id),
        (Some(a), Some(b)) => {
            let is_computed = matches!(part.graph.value(*id).origin, Origin::Node(_));
            !is_computed || a.shape() == b.shape() && are_same(a.values(), b.values())
        }
        (Some(_), None) | (None, Some(_)) => false,
    };
    part.list.len() == whole.list.len()
        && part.list.iter().zip(&whole.list).all(|(a, b)| {
            a.node == b.node
                && a.inputs == b.inputs
                && a.inputs.iter().flatten().chain(&a.outputs).all(is_alike)
                && are_alike(&a.form, &b.form)
        })
}

fn are_same(a: &Values, b: &Values) -> bool {
    match (a, b) {
        (Values::F32(a), Values::F32(b)) => a == b,
        (Values::I64(a), Values::I64(b)) => a == b,
        (Values::Bool(a), Values::Bool(b)) => a == b,
        _ => false,
    }
}

/// Forms that took constants in are of the same numbers.
fn are_alike(a: &Form<'_>, b: &Form<'_>) -> bool {
    match (a, b) {
        (Form::Affine(a), Form::Affine(b)) => (&a.factor, &a.summand) == (&b.factor, &b.summand),
        (Form::Activation(a), Form::Activation(b)) => a == b,
        (Form::View, Form::View) | (Form::Node(_), Form::Node(_)) => true,
        _ => false,
    }
}

fn keeps_apart(items: &Items<'_>, item: &Item<'_>) -> bool {
    let rank = items.shape(item.outputs[0]).len() as i64;
    let is_constant = |id: &Option<ValueId>| id.is_none_or(|id| items.constant(id).is_some());
    let parameters = item.inputs.iter().skip(1).all(is_constant);
    let is_first = |axis: i64| axis == 0 || axis == -rank;
    let op = match &item.form {
        Form::View | Form::Activation(_) => return true,
        Form::Affine(Affine { axis, .. }) => return *axis != Some(0),
        Form::Node(op) => op,
    };
    match op {
        Op::Conv(_) | Op::ConvTranspose(_) | Op::BatchNormalization(_) => parameters,
        Op::Pool(_) | Op::GlobalPool(_) | Op::Unary(_) | Op::Gelu(_) => true,
        Op::Gemm(gemm) => {
            let bias = Items::input(item, 2).map(|id| items.shape(id));
            let is_row = bias.is_none_or(|shape| shape.len() < 2 || shape[0] == 1);
            parameters && is_row && !gemm.trans_a
        }
        Op::MatMul(_) => {
            let [Some(a), Some(b)] = item.inputs[..] else { return false };
            let (a, b) = (items.shape(a), items.shape(b));
            let left = !is_constant(&item.inputs[0]);
            let of_right = if parameters { b.len() == 2 } else { b.len() == a.len() };
            left && of_right && a.len() > if parameters { 1 } else { 2 }
        }
        Op::Binary(binary) => {
            let broadcasts = |id: &ValueId| {
                let shape = items.shape(*id);
                let is_whole = shape.len() as i64 == rank;
                if items.constant(*id).is_some() { !is_whole || shape[0] == 1 } else { is_whole }
            };
            *binary != Binary::PRelu && item.inputs.iter().flatten().all(broadcasts)
        }
        Op::Softmax(softmax) => !is_first(softmax.axis),
        Op::LayerNormalization(norm) => parameters && !is_first(norm.axis),
        Op::Concat(concat) => {
            !is_first(concat.axis) && item.inputs.iter().all(|id| !is_constant(id))
        }
        Op::Split(split) => parameters && !is_first(split.axis),
        Op::Transpose(transpose) => {
            transpose.order.as_ref().is_some_and(|order| order.first() == Some(&0))
        }
        Op::Slice(_) => parameters && slices_apart(items, item, is_first),
        Op::Pad(_) => parameters && pads_apart(items, item, is_first),
        Op::Reduce(reduce) => {
            let given = Items::input(item, 1).map(|id| items.integers(id));
            let axes = match given {
                Some(axes) => axes,
                None => reduce.axes.as_deref(),
            };
            let from = items.shape(item.inputs[0].expect("what is reduced")).len() as i64;
            parameters
                && axes.is_some_and(|axes| {
                    !axes.is_empty() && axes.iter().all(|axis| *axis != 0 && *axis != -from)
                })
        }
        _ => false,
    }
}

/// Whether no slice is taken of the batch.
fn slices_apart(items: &Items<'_>, item: &Item<'_>, is_first: impl Fn(i64) -> bool) -> bool {
    let of = |index| Items::input(item, index).and_then(|id| items.integers(id));
    let Some(starts) = of(1) else { return false };
    (0..starts.len()).all(|at| {
        let axis = of(3).map_or(at as i64, |axes| axes[at]);
        !is_first(axis) || starts[at] == 0 && of(4).is_none_or(|steps| steps[at] == 1)
    })
}

/// Whether nothing is added to the batch.
fn pads_apart(items: &Items<'_>, item: &Item<'_>, is_first: impl Fn(i64) -> bool) -> bool {
    let of = |index| Items::input(item, index).and_then(|id| items.integers(id));
    let Some(pads) = of(1) else { return false };
    let count = pads.len() / 2;
    (0..count).all(|at| {
        let axis = of(3).map_or(at as i64, |axes| axes[at]);
        !is_first(axis) || (pads[at], pads[count + at]) == (0, 0)
    })
}
