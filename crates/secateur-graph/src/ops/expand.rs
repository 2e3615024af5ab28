//! `Expand` and `Tile`: values repeated along axes.

use secateur_tensor::Tensor;

use super::{OpError, Operator, any, given, integers, known};
use crate::fact::Fact;
use crate::shrink::{Cut, Shrunk};
use crate::ties::{Slot, Ties};
use crate::walk::{broadcast_shape, broadcast_steps, mapped, of_one_kind, strided_tensor};
use secateur_tensor::tensor::Values;

/// Broadcasts to the shape that input 1 says; 1 leaves an axis as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expand;

/// Repeats the whole as often as input 1 says for each axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tile;

/// Sizes that are not negative.
pub(super) fn sizes(values: &[i64]) -> Result<Vec<usize>, OpError> {
    let sizes: Option<Vec<usize>> = values.iter().map(|&n| usize::try_from(n).ok()).collect();
    sizes.ok_or_else(|| OpError::Attribute(format!("sizes of {values:?}")))
}

impl Operator for Expand {
    fn name(&self) -> &'static str {
        "Expand"
    }

    fn facts(&self, inputs: &[Option<&Fact>]) -> Result<Vec<Fact>, OpError> {
        let x = any(inputs, 0)?;
        let shape = known(inputs, 0)?;
        let to = sizes(integers(inputs, 1)?.ok_or(OpError::Missing { index: 1 })?)?;
        let shape = broadcast_shape(&shape, &to).ok_or_else(|| {
            OpError::Attribute(format!("{shape:?} cannot be broadcast to {to:?}"))
        })?;
        Ok(vec![Fact::of_known(x.kind, &shape)])
    }

    fn forward(&self, inputs: &[Option<&Tensor>], outputs: &mut [Tensor]) {
        let x = given(inputs, 0);
        let steps = broadcast_steps(x.shape(), outputs[0].shape());
        strided_tensor(x, &mut outputs[0], 0, &steps);
    }

    fn ties(&self, ties: &mut Ties<'_>) {
        ties.broadcast(Slot::In(0), Slot::Out(0));
        ties.freeze(Slot::In(1), 0, "it is a shape");
    }

    fn shrunk(&self, cut: &Cut<'_>) -> Result<Shrunk, OpError> {
        let (x, y) = (cut.after(Slot::In(0)), cut.after(Slot::Out(0)));
        if let Some(now) = cut.integers(1)
            && sizes(now).ok().and_then(|to| broadcast_shape(&x, &to)).as_ref() == Some(&y)
        {
            return Ok(Shrunk::default());
        }
        // Only what is repeated needs a number.
        let lead = y.len() - x.len();
        let size = |axis: usize| {
            if axis >= lead && x[axis - lead] == y[axis] { 1 } else { y[axis] as i64 }
        };
        let shape: Vec<i64> = (0..y.len()).map(size).collect();
        Ok(Shrunk { op: None, inputs: vec![(1, Tensor::i64(vec![y.len()], shape))] })
    }
}

impl Operator for Tile {
    fn name(&self) -> &'static str {
        "Tile"
    }

    fn facts(&self, inputs: &[Option<&Fact>]) -> Result<Vec<Fact>, OpError> {
        let x = any(inputs, 0)?;
        let mut shape = known(inputs, 0)?;
        let repeats = sizes(integers(inputs, 1)?.ok_or(OpError::Missing { index: 1 })?)?;
        if repeats.len() != shape.len() {
            let text = format!("{} repeats for {} axes", repeats.len(), shape.len());
            return Err(OpError::Attribute(text));
        }
        shape.iter_mut().zip(&repeats).for_each(|(size, n)| *size *= n);
        Ok(vec![Fact::of_known(x.kind, &shape)])
    }

    fn forward(&self, inputs: &[Option<&Tensor>], outputs: &mut [Tensor]) {
        let (x, y) = (given(inputs, 0), &mut outputs[0]);
        let from = x.shape().to_vec();
        let maps: Vec<Vec<Option<usize>>> = y
            .shape()
            .iter()
            .zip(&from)
            .map(|(&n, &m)| (0..n).map(|i| Some(i % m)).collect())
            .collect();
        of_one_kind!(x, y, tile(&from, &maps));
    }

    fn ties(&self, ties: &mut Ties<'_>) {
        let (x, y) = (ties.shape(Slot::In(0)), ties.shape(Slot::Out(0)));
        ties.freeze(Slot::In(1), 0, "it is a number of repeats");
        for axis in 0..x.len() {
            if x[axis] == y[axis] {
                ties.same((Slot::In(0), axis), (Slot::Out(0), axis));
            } else {
                ties.freeze(Slot::In(0), axis, "it is repeated");
                ties.freeze(Slot::Out(0), axis, "it is repeated");
            }
        }
    }
}

fn tile<T: Copy + Default>(x: &[T], y: &mut [T], from: &[usize], maps: &[Vec<Option<usize>>]) {
    mapped(x, y, from, maps, T::default());
}
