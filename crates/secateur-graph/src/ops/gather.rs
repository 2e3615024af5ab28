//! `Gather`: indices of an axis, e.g. rows of an embedding.

use rayon::prelude::*;
use secateur_tensor::Tensor;
use secateur_tensor::tensor::Values;

use super::{Cost, OpError, Operator, any, at_most, axis_of, given, need};
use crate::fact::{Fact, Kind};
use crate::shrink::{Cut, Shrunk};
use crate::ties::{Slot, Ties};
use crate::walk::of_one_kind;

/// The parts of an axis at indices, which may be counted from its end: `table: [.., n, ..]` and
/// `indices: [..]` give `[.., indices .., ..]`. A table `[rows, width]` of which rows are
/// gathered may be at rest: only the rows that are asked for are converted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gather {
    /// Axis, counted from the end when negative.
    pub axis: i64,
}

impl Gather {
    /// Rows of a table.
    pub const ROWS: Self = Self { axis: 0 };
}

impl Operator for Gather {
    fn name(&self) -> &'static str {
        "Gather"
    }

    fn facts(&self, inputs: &[Option<&Fact>]) -> Result<Vec<Fact>, OpError> {
        at_most(inputs, 2)?;
        let table = any(inputs, 0)?;
        let indices = need(inputs, 1, Kind::I64)?;
        let axis = axis_of(self.axis, table.shape.len())?;
        if let (Some(values), Some(size)) = (indices.integers(), table.shape[axis].known()) {
            let size = size as i64;
            if let Some(index) = values.iter().find(|v| !(-size..size).contains(*v)) {
                return Err(OpError::Attribute(format!("index {index} of an axis of {size}")));
            }
        }
        let mut shape = table.shape.clone();
        shape.splice(axis..=axis, indices.shape.iter().cloned());
        Ok(vec![Fact::of(table.kind, shape)])
    }

    fn cost(&self, _inputs: &[Vec<usize>], outputs: &[Vec<usize>]) -> Cost {
        super::moved(&[], outputs)
    }

    fn forward(&self, inputs: &[Option<&Tensor>], outputs: &mut [Tensor]) {
        let (table, indices) = (given(inputs, 0), given(inputs, 1).as_i64());
        if let Values::Stored(stored) = table.values() {
            let width = table.shape()[1];
            let y = outputs[0].as_f32_mut();
            return y.par_chunks_exact_mut(width).zip(indices).for_each(|(y, &index)| {
                let row = index as usize;
                stored.read_rows_f32(row, y).expect("a weight of the graph is of a float type");
            });
        }
        let axis = axis_of(self.axis, table.shape().len()).expect("checked in facts()");
        let inner: usize = table.shape()[axis + 1..].iter().product();
        let size = table.shape()[axis];
        let y = &mut outputs[0];
        of_one_kind!(table, y, gather(indices, size, inner));
    }

    fn ties(&self, ties: &mut Ties<'_>) {
        let (table, indices) = (ties.shape(Slot::In(0)), ties.shape(Slot::In(1)));
        let Ok(axis) = axis_of(self.axis, table.len()) else { return };
        let rank = indices.len();
        for at in 0..table.len() {
            if at < axis {
                ties.same((Slot::In(0), at), (Slot::Out(0), at));
            } else if at > axis {
                ties.same((Slot::In(0), at), (Slot::Out(0), at + rank - 1));
            }
        }
        let picked = ties.value(1).map(|t| t.as_i64().to_vec());
        match picked {
            Some(picked) if rank == 1 => {
                for (at, index) in picked.into_iter().enumerate() {
                    let index = if index < 0 { index + table[axis] as i64 } else { index } as usize;
                    ties.link((Slot::In(0), axis, index), (Slot::Out(0), axis, at));
                }
                ties.freeze(Slot::In(1), 0, "they are indices");
            }
            _ => {
                ties.freeze(Slot::In(0), axis, "indices are picked from it");
                for at in 0..rank {
                    ties.same((Slot::In(1), at), (Slot::Out(0), axis + at));
                }
            }
        }
    }

    fn shrunk(&self, cut: &Cut<'_>) -> Result<Shrunk, OpError> {
        let before = cut.before(Slot::In(0));
        let axis = axis_of(self.axis, before.len())?;
        if cut.kept(Slot::In(0), axis).is_none() {
            return Ok(Shrunk::default());
        }
        let picked = cut.integers_before(1).ok_or(OpError::Cut("its indices are not known"))?;
        let size = before[axis] as i64;
        let mut left = Vec::new();
        for &index in picked {
            let index = (if index < 0 { index + size } else { index }) as usize;
            if cut.keeps(Slot::In(0), axis, index) {
                left.push(cut.kept_below(Slot::In(0), axis, index) as i64);
            }
        }
        if cut.integers(1) == Some(&left) {
            return Ok(Shrunk::default());
        }
        Ok(Shrunk { op: None, inputs: vec![(1, Tensor::i64(vec![left.len()], left))] })
    }
}

fn gather<T: Copy>(x: &[T], y: &mut [T], indices: &[i64], size: usize, inner: usize) {
    let parts = indices.iter().map(|&index| {
        let at = if index < 0 { index + size as i64 } else { index };
        at.clamp(0, size as i64 - 1) as usize
    });
    let parts: Vec<usize> = parts.collect();
    if parts.is_empty() || inner == 0 {
        return;
    }
    for (y, x) in y.chunks_exact_mut(parts.len() * inner).zip(x.chunks_exact(size * inner)) {
        for (y, &at) in y.chunks_exact_mut(inner).zip(&parts) {
            y.copy_from_slice(&x[at * inner..(at + 1) * inner]);
        }
    }
}
