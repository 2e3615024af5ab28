//! `Squeeze` and `Unsqueeze`: axes of one index, taken out and put in.

use secateur_tensor::Tensor;

use super::{Cost, OpError, Operator, any, at_most, axis_of, given, integers};
use crate::fact::{Dim, Fact};
use crate::ties::{Slot, Ties};
use crate::walk::copy_tensor;

/// Leaves out axes of one index: those of input 1, or all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Squeeze;

/// Puts axes of one index in at the places of input 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unsqueeze;

fn places(axes: &[i64], rank: usize) -> Result<Vec<usize>, OpError> {
    axes.iter().map(|&axis| axis_of(axis, rank)).collect()
}

/// The axes of the input that stay.
fn left(shape: &[Dim], axes: Option<&[i64]>) -> Result<Vec<usize>, OpError> {
    let out = match axes {
        Some(axes) => places(axes, shape.len())?,
        None => (0..shape.len()).filter(|&at| shape[at] == Dim::Known(1)).collect(),
    };
    if let Some(at) = out.iter().find(|&&at| shape[at] != Dim::Known(1)) {
        return Err(OpError::Attribute(format!("axis {at} of {shape:?} is not of one index")));
    }
    Ok((0..shape.len()).filter(|at| !out.contains(at)).collect())
}

impl Operator for Squeeze {
    fn name(&self) -> &'static str {
        "Squeeze"
    }

    fn facts(&self, inputs: &[Option<&Fact>]) -> Result<Vec<Fact>, OpError> {
        at_most(inputs, 2)?;
        let x = any(inputs, 0)?;
        let left = left(&x.shape, integers(inputs, 1)?)?;
        Ok(vec![Fact::of(x.kind, left.into_iter().map(|at| x.shape[at].clone()).collect())])
    }

    fn cost(&self, _inputs: &[Vec<usize>], _outputs: &[Vec<usize>]) -> Cost {
        Cost::default()
    }

    fn forward(&self, inputs: &[Option<&Tensor>], outputs: &mut [Tensor]) {
        copy_tensor(given(inputs, 0), &mut outputs[0]);
    }

    fn ties(&self, ties: &mut Ties<'_>) {
        let shape: Vec<Dim> = ties.shape(Slot::In(0)).into_iter().map(Dim::Known).collect();
        let axes = ties.value(1).map(|t| t.as_i64().to_vec());
        ties.freeze(Slot::In(1), 0, "they are axes");
        for (to, from) in left(&shape, axes.as_deref()).unwrap_or_default().into_iter().enumerate()
        {
            ties.same((Slot::In(0), from), (Slot::Out(0), to));
        }
    }
}

impl Operator for Unsqueeze {
    fn name(&self) -> &'static str {
        "Unsqueeze"
    }

    fn facts(&self, inputs: &[Option<&Fact>]) -> Result<Vec<Fact>, OpError> {
        at_most(inputs, 2)?;
        let x = any(inputs, 0)?;
        let axes = integers(inputs, 1)?.ok_or(OpError::Missing { index: 1 })?;
        let rank = x.shape.len() + axes.len();
        let put = places(axes, rank)?;
        let mut old = x.shape.iter().cloned();
        let next = |at: usize| if put.contains(&at) { Some(Dim::Known(1)) } else { old.next() };
        let shape: Option<Vec<Dim>> = (0..rank).map(next).collect();
        let shape = shape.ok_or_else(|| OpError::Attribute(format!("axes {axes:?} twice")))?;
        Ok(vec![Fact::of(x.kind, shape)])
    }

    fn cost(&self, _inputs: &[Vec<usize>], _outputs: &[Vec<usize>]) -> Cost {
        Cost::default()
    }

    fn forward(&self, inputs: &[Option<&Tensor>], outputs: &mut [Tensor]) {
        copy_tensor(given(inputs, 0), &mut outputs[0]);
    }

    fn ties(&self, ties: &mut Ties<'_>) {
        let rank = ties.shape(Slot::Out(0)).len();
        let axes = ties.value(1).map(|t| t.as_i64().to_vec()).unwrap_or_default();
        let put = places(&axes, rank).unwrap_or_default();
        ties.freeze(Slot::In(1), 0, "they are axes");
        for (from, to) in (0..rank).filter(|at| !put.contains(at)).enumerate() {
            ties.same((Slot::In(0), from), (Slot::Out(0), to));
        }
    }
}
