//! `Concat`: values one after the other along an axis.

use secateur_tensor::Tensor;
use secateur_tensor::tensor::Values;

use super::{OpError, Operator, any, axis_of, known, shape_error};
use crate::fact::Fact;
use crate::ties::{Slot, Ties};
use crate::walk::of_one_kind;

/// Joins any number of inputs along an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Concat {
    /// Axis, counted from the end when negative.
    pub axis: i64,
}

impl Operator for Concat {
    fn name(&self) -> &'static str {
        "Concat"
    }

    fn facts(&self, inputs: &[Option<&Fact>]) -> Result<Vec<Fact>, OpError> {
        let first = any(inputs, 0)?;
        let mut shape = known(inputs, 0)?;
        let axis = axis_of(self.axis, shape.len())?;
        for index in 1..inputs.len() {
            let part = known(inputs, index)?;
            let mut expected = shape.clone();
            let size = part.get(axis).copied().unwrap_or(0);
            if let Some(at) = expected.get_mut(axis) {
                *at = size;
            }
            if part != expected || inputs[index].is_some_and(|fact| fact.kind != first.kind) {
                let expected = format!("expected that of input 0, {:?}", first.shape);
                return Err(shape_error(index, any(inputs, index)?, expected));
            }
            shape[axis] += size;
        }
        Ok(vec![Fact::of_known(first.kind, &shape)])
    }

    fn forward(&self, inputs: &[Option<&Tensor>], outputs: &mut [Tensor]) {
        let y = &mut outputs[0];
        let axis = axis_of(self.axis, y.shape().len()).expect("checked in facts()");
        let inner: usize = y.shape()[axis + 1..].iter().product();
        let row = y.shape()[axis] * inner;
        let mut from = 0;
        for x in inputs.iter().flatten() {
            let run = x.shape()[axis] * inner;
            of_one_kind!(x, y, place(run, row, from));
            from += run;
        }
    }

    fn ties(&self, ties: &mut Ties<'_>) {
        let rank = ties.shape(Slot::Out(0)).len();
        let Ok(axis) = axis_of(self.axis, rank) else { return };
        let mut from = 0;
        for slot in ties.slots() {
            if let Slot::In(_) = slot {
                for other in (0..rank).filter(|other| *other != axis) {
                    ties.same((slot, other), (Slot::Out(0), other));
                }
                let size = ties.shape(slot)[axis];
                ties.same_from((slot, axis, 0), (Slot::Out(0), axis, from), size);
                from += size;
            }
        }
    }
}

/// Puts runs of `x` into rows of `y`, from a place in each row on.
fn place<T: Copy>(x: &[T], y: &mut [T], run: usize, row: usize, from: usize) {
    if run > 0 {
        for (x, y) in x.chunks_exact(run).zip(y.chunks_exact_mut(row)) {
            y[from..from + run].copy_from_slice(x);
        }
    }
}
