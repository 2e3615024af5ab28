//! `Reshape` and `Flatten`: the same values under another shape.

use secateur_tensor::Tensor;

use super::{Cost, OpError, Operator, any, at_most, given, integers, known};
use crate::fact::Fact;
use crate::shrink::{Cut, Shrunk};
use crate::ties::{Slot, Ties};
use crate::walk::copy_tensor;

/// The shape that input 1 says: -1 is what is left, 0 the size that the axis has in the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reshape {
    /// Whether 0 means none.
    pub allow_zero: bool,
}

/// Two axes: the product of those before an axis, and of those from it on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flatten {
    /// The axis, counted from the end when negative.
    pub axis: i64,
}

impl Reshape {
    fn target(self, from: &[usize], to: &[i64]) -> Result<Vec<usize>, OpError> {
        let wrong = || OpError::Attribute(format!("{from:?} cannot be given the shape {to:?}"));
        let mut shape = Vec::with_capacity(to.len());
        for (axis, &size) in to.iter().enumerate() {
            shape.push(match size {
                -1 => usize::MAX,
                0 if !self.allow_zero => *from.get(axis).ok_or_else(wrong)?,
                size => usize::try_from(size).map_err(|_| wrong())?,
            });
        }
        let count: usize = from.iter().product();
        let rest: usize = shape.iter().filter(|n| **n != usize::MAX).product();
        if let Some(open) = shape.iter_mut().find(|n| **n == usize::MAX) {
            *open = count.checked_div(rest).unwrap_or(0);
        }
        if shape.contains(&usize::MAX) || shape.iter().product::<usize>() != count {
            return Err(wrong());
        }
        Ok(shape)
    }
}

/// Ties axes whose products agree, from the first on: one axis with one, or several with several.
pub(super) fn tie_regrouped(ties: &mut Ties<'_>) {
    let (from, to) = (ties.shape(Slot::In(0)), ties.shape(Slot::Out(0)));
    if from.iter().chain(&to).any(|n| *n == 0) {
        return ties.freeze_all("it is empty");
    }
    let (mut i, mut o) = (0, 0);
    while i < from.len() || o < to.len() {
        let (first_i, first_o) = (i, o);
        let (mut a, mut b) = (1, 1);
        let next = |at: &mut usize, product: &mut usize, shape: &[usize]| {
            if let Some(size) = shape.get(*at) {
                *product *= size;
                *at += 1;
            }
        };
        next(&mut i, &mut a, &from);
        next(&mut o, &mut b, &to);
        while a != b {
            if a < b {
                next(&mut i, &mut a, &from);
            } else {
                next(&mut o, &mut b, &to);
            }
        }
        let side =
            |slot: Slot, range: std::ops::Range<usize>, shape: &[usize]| -> Vec<(Slot, usize)> {
                range.filter(|axis| shape[*axis] != 1).map(|axis| (slot, axis)).collect()
            };
        let left = side(Slot::In(0), first_i..i, &from);
        let right = side(Slot::Out(0), first_o..o, &to);
        match (left.as_slice(), right.as_slice()) {
            ([], _) | (_, []) => {}
            ([a], [b]) => ties.same(*a, *b),
            _ => ties.regroup(&left, &right),
        }
    }
}

impl Operator for Reshape {
    fn name(&self) -> &'static str {
        "Reshape"
    }

    fn facts(&self, inputs: &[Option<&Fact>]) -> Result<Vec<Fact>, OpError> {
        at_most(inputs, 2)?;
        let x = any(inputs, 0)?;
        let to = integers(inputs, 1)?.ok_or(OpError::Missing { index: 1 })?;
        let shape = self.target(&known(inputs, 0)?, to)?;
        Ok(vec![Fact::of_known(x.kind, &shape)])
    }

    fn cost(&self, _inputs: &[Vec<usize>], _outputs: &[Vec<usize>]) -> Cost {
        Cost::default()
    }

    fn forward(&self, inputs: &[Option<&Tensor>], outputs: &mut [Tensor]) {
        copy_tensor(given(inputs, 0), &mut outputs[0]);
    }

    fn ties(&self, ties: &mut Ties<'_>) {
        ties.freeze(Slot::In(1), 0, "it is a shape");
        tie_regrouped(ties);
    }

    fn shrunk(&self, cut: &Cut<'_>) -> Result<Shrunk, OpError> {
        let (from, to) = (cut.after(Slot::In(0)), cut.after(Slot::Out(0)));
        let now = cut.integers(1);
        if now.is_some_and(|now| self.target(&from, now).is_ok_and(|shape| shape == to)) {
            return Ok(Shrunk::default());
        }
        // Leading axes that stay are not named, so that a batch of any size still fits.
        let stays =
            |axis: usize| !self.allow_zero && cut.agree((Slot::In(0), axis), (Slot::Out(0), axis));
        let lead = (0..to.len()).take_while(|axis| stays(*axis)).count();
        let mut shape: Vec<i64> = to.iter().map(|&n| n as i64).collect();
        shape[..lead].fill(0);
        let is_open = |axis: &usize| cut.is_open(Slot::Out(0), *axis);
        let (same, depends): (Vec<usize>, Vec<usize>) =
            (lead..to.len()).filter(is_open).partition(|axis| stays(*axis));
        for axis in same {
            shape[axis] = 0;
        }
        // A size that was left open stays so.
        let open = now.and_then(|now| now.iter().position(|n| *n == -1));
        match depends[..] {
            [] => {
                if let Some(open) = open.filter(|open| *open >= lead && shape[*open] != 0) {
                    shape[open] = -1;
                } else if lead == 0 && now.is_some_and(|now| now.first() != Some(&(to[0] as i64))) {
                    shape[0] = -1;
                }
            }
            [axis] => shape[axis] = -1,
            _ => return Err(OpError::Cut("its shape has several open sizes")),
        }
        Ok(Shrunk { op: None, inputs: vec![(1, Tensor::i64(vec![shape.len()], shape))] })
    }
}

impl Operator for Flatten {
    fn name(&self) -> &'static str {
        "Flatten"
    }

    fn facts(&self, inputs: &[Option<&Fact>]) -> Result<Vec<Fact>, OpError> {
        at_most(inputs, 1)?;
        let x = any(inputs, 0)?;
        let shape = known(inputs, 0)?;
        let rank = shape.len() as i64;
        let at = if self.axis < 0 { self.axis + rank } else { self.axis };
        if !(0..=rank).contains(&at) {
            return Err(OpError::Attribute(format!("axis {} of {rank} axes", self.axis)));
        }
        let (outer, inner) = shape.split_at(at as usize);
        Ok(vec![Fact::of_known(x.kind, &[outer.iter().product(), inner.iter().product()])])
    }

    fn cost(&self, _inputs: &[Vec<usize>], _outputs: &[Vec<usize>]) -> Cost {
        Cost::default()
    }

    fn forward(&self, inputs: &[Option<&Tensor>], outputs: &mut [Tensor]) {
        copy_tensor(given(inputs, 0), &mut outputs[0]);
    }

    fn ties(&self, ties: &mut Ties<'_>) {
        tie_regrouped(ties);
    }
}
