//! `Split`: parts of an axis.

use secateur_tensor::Tensor;
use secateur_tensor::tensor::Values;

use super::{OpError, Operator, any, at_most, axis_of, given, integers, shape_error};
use crate::fact::{Dim, Fact};
use crate::ops::Op;
use crate::shrink::{Cut, Shrunk};
use crate::ties::{Slot, Ties};
use crate::walk::of_one_kind;

/// Cuts an axis into parts, of the sizes that input 1 says or as equal as can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Split {
    /// Axis, counted from the end when negative.
    pub axis: i64,
    /// Number of parts.
    pub parts: usize,
    /// Whether ONNX has the number of parts as an attribute (from opset 18 on, without sizes).
    pub numbered: bool,
}

impl Operator for Split {
    fn name(&self) -> &'static str {
        "Split"
    }

    fn facts(&self, inputs: &[Option<&Fact>]) -> Result<Vec<Fact>, OpError> {
        at_most(inputs, 2)?;
        let x = any(inputs, 0)?;
        let axis = axis_of(self.axis, x.shape.len())?;
        let expected = || shape_error(0, x, format!("expected an axis of {} parts", self.parts));
        let size = x.shape[axis].known().ok_or_else(expected)?;
        let sizes: Vec<usize> = match integers(inputs, 1)? {
            Some(sizes) => super::expand::sizes(sizes)?,
            None if self.parts == 0 => return Err(expected()),
            None => {
                let part = size.div_ceil(self.parts);
                let of = |at: usize| part.min(size.saturating_sub(at * part));
                (0..self.parts).map(of).collect()
            }
        };
        if sizes.len() != self.parts || sizes.iter().sum::<usize>() != size {
            return Err(expected());
        }
        let part = |size: usize| {
            let mut shape = x.shape.clone();
            shape[axis] = Dim::Known(size);
            Fact::of(x.kind, shape)
        };
        Ok(sizes.into_iter().map(part).collect())
    }

    fn forward(&self, inputs: &[Option<&Tensor>], outputs: &mut [Tensor]) {
        let x = given(inputs, 0);
        let axis = axis_of(self.axis, x.shape().len()).expect("checked in facts()");
        let inner: usize = x.shape()[axis + 1..].iter().product();
        let row = x.shape()[axis] * inner;
        let mut from = 0;
        for y in outputs {
            let run = y.shape()[axis] * inner;
            of_one_kind!(x, y, take(row, run, from));
            from += run;
        }
    }

    fn ties(&self, ties: &mut Ties<'_>) {
        let rank = ties.shape(Slot::In(0)).len();
        let Ok(axis) = axis_of(self.axis, rank) else { return };
        ties.freeze(Slot::In(1), 0, "they are sizes of parts");
        let mut from = 0;
        for part in 0..self.parts {
            let slot = Slot::Out(part);
            for other in (0..rank).filter(|other| *other != axis) {
                ties.same((Slot::In(0), other), (slot, other));
            }
            let size = ties.shape(slot).get(axis).copied().unwrap_or(0);
            ties.same_from((Slot::In(0), axis, from), (slot, axis, 0), size);
            from += size;
        }
    }

    fn shrunk(&self, cut: &Cut<'_>) -> Result<Shrunk, OpError> {
        let axis = axis_of(self.axis, cut.before(Slot::In(0)).len())?;
        if cut.kept(Slot::In(0), axis).is_none() {
            return Ok(Shrunk::default());
        }
        let sizes: Vec<i64> =
            (0..self.parts).map(|part| cut.after(Slot::Out(part))[axis] as i64).collect();
        if cut.integers(1) == Some(&sizes) {
            return Ok(Shrunk::default());
        }
        let op = self.numbered.then_some(Op::Split(Self { numbered: false, ..*self }));
        Ok(Shrunk { op, inputs: vec![(1, Tensor::i64(vec![sizes.len()], sizes))] })
    }
}

/// Takes runs out of rows of `x`, from a place in each row on.
fn take<T: Copy>(x: &[T], y: &mut [T], row: usize, run: usize, from: usize) {
    if run > 0 {
        for (x, y) in x.chunks_exact(row).zip(y.chunks_exact_mut(run)) {
            y.copy_from_slice(&x[from..from + run]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inner_axis_is_split() {
        // [2 heads, 3 parts, 2 values], as a fused projection has it.
        let x = Tensor::f32(vec![1, 2, 3, 2], (0..12).map(|v| v as f32).collect());
        let split = Split { axis: -2, parts: 3, numbered: false };
        let facts = split.facts(&[Some(&Fact::f32_known(&[1, 2, 3, 2]))]).unwrap();
        assert_eq!(facts[2].known_shape(), Some(vec![1, 2, 1, 2]));
        let mut parts = vec![Tensor::zeros(vec![1, 2, 1, 2]); 3];
        split.forward(&[Some(&x)], &mut parts);
        assert_eq!(parts[0].as_f32(), [0.0, 1.0, 6.0, 7.0]);
        assert_eq!(parts[2].as_f32(), [4.0, 5.0, 10.0, 11.0]);
    }
}
