//! `Pad`: values around a tensor.

use secateur_tensor::Tensor;
use secateur_tensor::tensor::Values;

use super::{OpError, Operator, any, at_most, axis_of, given, integers, known, maybe, optional};
use crate::fact::Fact;
use crate::shrink::{Cut, Shrunk};
use crate::ties::{Slot, Ties};
use crate::walk::mapped;

/// Adds indices before and after each axis, as many as input 1 says (fewer than none are cut);
/// input 2 is the constant, input 3 the axes that input 1 is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pad {
    /// What is added.
    pub mode: PadMode,
}

/// What is added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PadMode {
    /// A constant.
    Constant,
    /// The nearest value.
    Edge,
    /// The values, mirrored at the edge.
    Reflect,
    /// The values from the other end on.
    Wrap,
}

/// Indices before and after each axis.
fn amounts(rank: usize, pads: &[i64], axes: Option<&[i64]>) -> Result<Vec<[i64; 2]>, OpError> {
    let all: Vec<i64> = (0..rank as i64).collect();
    let axes = axes.unwrap_or(&all);
    if pads.len() != 2 * axes.len() {
        return Err(OpError::Attribute(format!("{} pads for {} axes", pads.len(), axes.len())));
    }
    let mut amounts = vec![[0, 0]; rank];
    for (at, &axis) in axes.iter().enumerate() {
        amounts[axis_of(axis, rank)?] = [pads[at], pads[axes.len() + at]];
    }
    Ok(amounts)
}

impl Pad {
    /// The index that an index of the output has in the input, if any.
    fn source(self, index: i64, size: i64) -> Option<usize> {
        if (0..size).contains(&index) {
            return Some(index as usize);
        }
        let at = match self.mode {
            PadMode::Constant => return None,
            PadMode::Edge => index.clamp(0, size - 1),
            PadMode::Wrap => index.rem_euclid(size),
            PadMode::Reflect if size == 1 => 0,
            PadMode::Reflect => {
                let at = index.rem_euclid(2 * (size - 1));
                at.min(2 * (size - 1) - at)
            }
        };
        Some(at as usize)
    }
}

impl Operator for Pad {
    fn name(&self) -> &'static str {
        "Pad"
    }

    fn facts(&self, inputs: &[Option<&Fact>]) -> Result<Vec<Fact>, OpError> {
        at_most(inputs, 4)?;
        let x = any(inputs, 0)?;
        optional(inputs, 2, x.kind)?;
        let shape = known(inputs, 0)?;
        let pads = integers(inputs, 1)?.ok_or(OpError::Missing { index: 1 })?;
        let amounts = amounts(shape.len(), pads, integers(inputs, 3)?)?;
        let size = |(&n, [before, after]): (&usize, &[i64; 2])| {
            usize::try_from(n as i64 + before + after).ok()
        };
        let padded: Option<Vec<usize>> = shape.iter().zip(&amounts).map(size).collect();
        let padded = padded.ok_or_else(|| OpError::Attribute(format!("pads {pads:?}")))?;
        Ok(vec![Fact::of_known(x.kind, &padded)])
    }

    fn forward(&self, inputs: &[Option<&Tensor>], outputs: &mut [Tensor]) {
        let x = given(inputs, 0);
        let axes = maybe(inputs, 3).map(Tensor::as_i64);
        let shape = x.shape().to_vec();
        let amounts = amounts(shape.len(), given(inputs, 1).as_i64(), axes);
        let amounts = amounts.expect("checked in facts()");
        let y = &mut outputs[0];
        let map = |axis: usize| {
            let size = shape[axis] as i64;
            let of = |index: usize| self.source(index as i64 - amounts[axis][0], size);
            (0..y.shape()[axis]).map(of).collect()
        };
        let maps: Vec<Vec<Option<usize>>> = (0..shape.len()).map(map).collect();
        let fill = maybe(inputs, 2);
        match (x.values(), y.values_mut()) {
            (Values::F32(x), Values::F32(y)) => {
                mapped(x, y, &shape, &maps, fill.map_or(0.0, |t| t.as_f32()[0]));
            }
            (Values::I64(x), Values::I64(y)) => {
                mapped(x, y, &shape, &maps, fill.map_or(0, |t| t.as_i64()[0]));
            }
            (Values::Bool(x), Values::Bool(y)) => {
                mapped(x, y, &shape, &maps, fill.is_some_and(|t| t.as_bool()[0]));
            }
            _ => panic!("facts() has said the kind"),
        }
    }

    fn ties(&self, ties: &mut Ties<'_>) {
        let shape = ties.shape(Slot::In(0));
        for input in 1..4 {
            if !ties.shape(Slot::In(input)).is_empty() {
                ties.freeze(Slot::In(input), 0, "it says what is added");
            }
        }
        let of = |index: usize| ties.value(index).map(|t| t.as_i64().to_vec());
        let (pads, axes) = (of(1), of(3));
        let amounts = pads.and_then(|pads| amounts(shape.len(), &pads, axes.as_deref()).ok());
        let Some(amounts) = amounts else {
            return ties.freeze_all("what is added depends on data");
        };
        for (axis, [before, after]) in amounts.into_iter().enumerate() {
            let (from, to) = ((-before).max(0) as usize, before.max(0) as usize);
            let count = (shape[axis] as i64 + before.min(0) + after.min(0)).max(0) as usize;
            ties.same_from((Slot::In(0), axis, from), (Slot::Out(0), axis, to), count);
            if self.mode != PadMode::Constant && (before != 0 || after != 0) {
                ties.freeze(Slot::In(0), axis, "it is padded with its own values");
                ties.freeze(Slot::Out(0), axis, "it is padded with its own values");
            }
        }
    }

    fn shrunk(&self, cut: &Cut<'_>) -> Result<Shrunk, OpError> {
        let (x, y) = (cut.before(Slot::In(0)), cut.before(Slot::Out(0)));
        let pads = cut.integers_before(1).ok_or(OpError::Cut("what is added depends on data"))?;
        let axes = cut.integers_before(3);
        let mut amounts = amounts(x.len(), pads, axes)?;
        for (axis, [before, after]) in amounts.iter_mut().enumerate() {
            // Of what is added the output says what is left, of what is taken away the input.
            let left = |slot: Slot, from: usize, end: usize| {
                (cut.kept_below(slot, axis, end) - cut.kept_below(slot, axis, from)) as i64
            };
            let sized = |amount: i64| amount.unsigned_abs() as usize;
            *before = match *before {
                0.. => left(Slot::Out(0), 0, sized(*before)),
                _ => -left(Slot::In(0), 0, sized(*before)),
            };
            *after = match *after {
                0.. => left(Slot::Out(0), y[axis] - sized(*after), y[axis]),
                _ => -left(Slot::In(0), x[axis] - sized(*after), x[axis]),
            };
        }
        let all: Vec<i64> = (0..x.len() as i64).collect();
        let axes = axes.unwrap_or(&all);
        let places: Result<Vec<usize>, OpError> =
            axes.iter().map(|&axis| axis_of(axis, x.len())).collect();
        let places = places?;
        let fronts = places.iter().map(|&axis| amounts[axis][0]);
        let pads: Vec<i64> = fronts.chain(places.iter().map(|&axis| amounts[axis][1])).collect();
        if cut.integers(1) == Some(&pads) {
            return Ok(Shrunk::default());
        }
        Ok(Shrunk { op: None, inputs: vec![(1, Tensor::i64(vec![pads.len()], pads))] })
    }
}
