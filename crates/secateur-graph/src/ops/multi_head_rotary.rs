//! `RotaryEmbedding` as ONNX has it (opset 23): heads as an axis or as blocks of the last one.

use secateur_tensor::Tensor;
use secateur_tensor::kernels::{self, Angles, Pairing};

use super::{Cost, OpError, Operator, at_most, given, known, maybe, moved, need, optional};
use crate::fact::{Fact, Kind};
use crate::ops::Op;
use crate::shrink::{Cut, Shrunk};
use crate::ties::{Slot, Ties};

/// Rotates the first values of every head by the angles of its position.
///
/// Inputs: `x: [batch, heads, positions, width]`, or `[batch, positions, heads * width]` with the
/// number of heads as an attribute; cosines and sines `[rows, half]` with position ids
/// `[batch, positions]`, or `[batch, positions, half]` without. `2 * half` values of a head are
/// rotated, the others stay.
///
/// [`RotaryEmbedding`](super::RotaryEmbedding) is the form that language models are built of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MultiHeadRotary {
    /// Number of heads, when they are blocks of the last axis.
    pub heads: Option<usize>,
    /// Which values form a pair (ONNX: `interleaved`).
    pub pairing: Pairing,
}

impl MultiHeadRotary {
    /// Batch, positions and width of a head.
    fn sizes(self, x: &[usize]) -> Result<[usize; 3], OpError> {
        match (x, self.heads) {
            ([batch, _, positions, width], _) => Ok([*batch, *positions, *width]),
            ([batch, positions, hidden], Some(heads))
                if heads > 0 && hidden.is_multiple_of(heads) =>
            {
                Ok([*batch, *positions, hidden / heads])
            }
            _ => Err(OpError::Attribute(format!("{:?} heads of {x:?}", self.heads))),
        }
    }
}

impl Operator for MultiHeadRotary {
    fn name(&self) -> &'static str {
        "RotaryEmbedding"
    }

    fn facts(&self, inputs: &[Option<&Fact>]) -> Result<Vec<Fact>, OpError> {
        at_most(inputs, 4)?;
        let fact = need(inputs, 0, Kind::F32)?;
        let [batch, positions, width] = self.sizes(&known(inputs, 0)?)?;
        let cos = known(inputs, 1)?;
        let by_position = optional(inputs, 3, Kind::I64)?.is_some();
        let lead: &[usize] =
            if by_position { &cos[..1.min(cos.len())] } else { &[batch, positions] };
        let half = cos.last().copied().unwrap_or(0);
        let fits = cos.len() == lead.len() + 1 && cos.starts_with(lead) && 2 * half <= width;
        if !fits || known(inputs, 2)? != cos {
            let expected = format!("expected angles of at most {} pairs", width / 2);
            return Err(super::shape_error(1, need(inputs, 1, Kind::F32)?, expected));
        }
        if by_position && known(inputs, 3)? != [batch, positions] {
            let ids = need(inputs, 3, Kind::I64)?;
            return Err(super::shape_error(3, ids, format!("expected [{batch}, {positions}]")));
        }
        Ok(vec![Fact::f32(fact.shape.clone())])
    }

    fn cost(&self, inputs: &[Vec<usize>], outputs: &[Vec<usize>]) -> Cost {
        moved(&inputs[..1], outputs)
    }

    fn in_place(&self, _inputs: &[Option<&Fact>]) -> bool {
        true
    }

    fn forward(&self, inputs: &[Option<&Tensor>], outputs: &mut [Tensor]) {
        let (cos, sin) = (given(inputs, 1), given(inputs, 2));
        let half = cos.shape().last().copied().unwrap_or(0);
        let x = &mut outputs[0];
        let shape = x.shape().to_vec();
        let [batch, positions, width] = self.sizes(&shape).expect("checked in facts()");
        let rows = cos.len().checked_div(half).unwrap_or(0) as i64;
        let ids: Vec<i64> = match maybe(inputs, 3) {
            Some(ids) => ids.as_i64().iter().map(|&id| id.clamp(0, (rows - 1).max(0))).collect(),
            None => (0..(batch * positions) as i64).collect(),
        };
        // With heads as an axis, each head of each position is a row.
        let ids = if shape.len() == 3 {
            ids
        } else {
            let of = |row: usize| ids[row / (shape[1] * positions) * positions + row % positions];
            (0..batch * shape[1] * positions).map(of).collect()
        };
        let angles = Angles { cos: cos.as_f32(), sin: sin.as_f32(), half };
        kernels::rotary(x.as_f32_mut(), &ids, width, angles, self.pairing);
    }

    /// Whole heads are kept or cut.
    fn ties(&self, ties: &mut Ties<'_>) {
        ties.same_shape(Slot::In(0), Slot::Out(0));
        let shape = ties.shape(Slot::In(0));
        let Ok([_, _, width]) = self.sizes(&shape) else {
            return ties.freeze_all("its heads are not known");
        };
        let heads_axis = if shape.len() == 3 { 2 } else { 1 };
        if heads_axis == 2 && width > 0 {
            for at in 0..shape[2] {
                ties.link((Slot::In(0), 2, at / width * width), (Slot::In(0), 2, at));
            }
        }
        for slot in ties.slots() {
            for axis in 0..ties.shape(slot).len() {
                if axis != heads_axis || !matches!(slot, Slot::In(0) | Slot::Out(0)) {
                    ties.freeze(slot, axis, "its values are rotated by position");
                }
            }
        }
    }

    fn shrunk(&self, cut: &Cut<'_>) -> Result<Shrunk, OpError> {
        let Some(heads) = self.heads else { return Ok(Shrunk::default()) };
        let (before, after) = (cut.before(Slot::In(0)), cut.after(Slot::In(0)));
        let axis = if before.len() == 3 { 2 } else { 1 };
        let heads = Some(heads * after[axis] / before[axis]);
        let op = Op::MultiHeadRotary(Self { heads, ..*self });
        Ok(Shrunk { op: Some(op), inputs: Vec::new() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_as_an_axis_turn_by_their_position() {
        // Two heads at two positions; the second position turns by a quarter.
        let x = Tensor::f32(vec![1, 2, 2, 2], vec![1.0, 2.0, 1.0, 2.0, 3.0, 4.0, 3.0, 4.0]);
        let cos = Tensor::f32(vec![2, 1], vec![1.0, 0.0]);
        let sin = Tensor::f32(vec![2, 1], vec![0.0, 1.0]);
        let ids = Tensor::i64(vec![1, 2], vec![0, 1]);
        let op = MultiHeadRotary { heads: None, pairing: Pairing::Halves };
        let mut y = vec![x];
        op.forward(&[None, Some(&cos), Some(&sin), Some(&ids)], &mut y);
        assert_eq!(y[0].as_f32(), [1.0, 2.0, -2.0, 1.0, 3.0, 4.0, -4.0, 3.0]);
    }
}
