//! `MatMul`: products of matrices, over leading axes that are broadcast.

use secateur_tensor::{Tensor, kernels};

use super::{Cost, OpError, Operator, Weight, at_most, given, known, need, shape_error};
use crate::fact::{Fact, Kind};
use crate::ties::{Slot, Ties};
use crate::walk::{broadcast_shape, broadcast_steps, strided};

/// `[.., rows, inner] x [.., inner, columns]` gives `[.., rows, columns]`; a vector is a row on
/// the left and a column on the right, and its axis is left out of the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MatMul;

/// Shapes of a product with the axes of vectors put in.
struct Sides {
    a: Vec<usize>,
    b: Vec<usize>,
    batch: Vec<usize>,
}

fn sides(a: &[usize], b: &[usize]) -> Option<Sides> {
    let mut left = a.to_vec();
    let mut right = b.to_vec();
    if left.len() == 1 {
        left.insert(0, 1);
    }
    if right.len() == 1 {
        right.push(1);
    }
    let (p, q) = (left.len().checked_sub(2)?, right.len().checked_sub(2)?);
    if left[p + 1] != right[q] {
        return None;
    }
    let batch = broadcast_shape(&left[..p], &right[..q])?;
    Some(Sides { a: left, b: right, batch })
}

impl Operator for MatMul {
    fn name(&self) -> &'static str {
        "MatMul"
    }

    fn facts(&self, inputs: &[Option<&Fact>]) -> Result<Vec<Fact>, OpError> {
        at_most(inputs, 2)?;
        need(inputs, 0, Kind::F32)?;
        let right = need(inputs, 1, Kind::F32)?;
        let (a, b) = (known(inputs, 0)?, known(inputs, 1)?);
        let Some(sides) = sides(&a, &b) else {
            return Err(shape_error(1, right, format!("it cannot be multiplied with {a:?}")));
        };
        let mut shape = sides.batch.clone();
        if a.len() > 1 {
            shape.push(a[a.len() - 2]);
        }
        if b.len() > 1 {
            shape.push(b[b.len() - 1]);
        }
        Ok(vec![Fact::f32_known(&shape)])
    }

    fn cost(&self, inputs: &[Vec<usize>], outputs: &[Vec<usize>]) -> Cost {
        let inner = inputs[0].last().map_or(0, |&n| n as u64);
        let results: u64 = outputs[0].iter().map(|&n| n as u64).product();
        Cost { macs: results * inner, ..super::moved(inputs, outputs) }
    }

    fn forward(&self, inputs: &[Option<&Tensor>], outputs: &mut [Tensor]) {
        let (a, b) = (given(inputs, 0), given(inputs, 1));
        let sides = sides(a.shape(), b.shape()).expect("checked in facts()");
        let (p, q) = (sides.a.len() - 2, sides.b.len() - 2);
        let (rows, inner, columns) = (sides.a[p], sides.a[p + 1], sides.b[q + 1]);
        let (a, b, y) = (a.as_f32(), b.as_f32(), outputs[0].as_f32_mut());
        let mut turned = vec![0.0; inner * columns];
        if rows * columns == 0 || inner == 0 {
            y.fill(0.0);
            return;
        }
        let turn = |b: &[f32], turned: &mut [f32]| {
            strided(b, turned, &[columns, inner], 0, &[1, columns as isize]);
        };
        if q == 0 {
            // One matrix on the right: all rows of the left are one matrix.
            turn(b, &mut turned);
            return kernels::matmul_transposed(a, &turned, None, inner, y);
        }
        let steps = |shape: &[usize], size: usize| -> Vec<isize> {
            let steps = broadcast_steps(shape, &sides.batch);
            steps.iter().map(|step| step * size as isize).collect()
        };
        let (by_a, by_b) =
            (steps(&sides.a[..p], rows * inner), steps(&sides.b[..q], inner * columns));
        for (at, y) in y.chunks_exact_mut(rows * columns).enumerate() {
            let (mut from_a, mut from_b, mut rest) = (0, 0, at);
            for axis in (0..sides.batch.len()).rev() {
                let index = (rest % sides.batch[axis]) as isize;
                rest /= sides.batch[axis];
                from_a += index * by_a[axis];
                from_b += index * by_b[axis];
            }
            turn(&b[from_b as usize..][..inner * columns], &mut turned);
            let a = &a[from_a as usize..][..rows * inner];
            kernels::matmul_transposed(a, &turned, None, inner, y);
        }
    }

    fn ties(&self, ties: &mut Ties<'_>) {
        let (a, b) = (ties.shape(Slot::In(0)), ties.shape(Slot::In(1)));
        let out = ties.shape(Slot::Out(0));
        let inner_b = b.len().saturating_sub(2);
        ties.same((Slot::In(0), a.len() - 1), (Slot::In(1), inner_b));
        let mut last = out.len();
        if b.len() > 1 {
            last -= 1;
            ties.same((Slot::In(1), b.len() - 1), (Slot::Out(0), last));
        }
        if a.len() > 1 {
            last -= 1;
            ties.same((Slot::In(0), a.len() - 2), (Slot::Out(0), last));
        }
        for (slot, shape) in [(Slot::In(0), &a), (Slot::In(1), &b)] {
            let batch = shape.len().saturating_sub(2);
            for (axis, size) in shape.iter().enumerate().take(batch) {
                let to = last - batch + axis;
                if *size == out[to] {
                    ties.same((slot, axis), (Slot::Out(0), to));
                }
            }
        }
    }

    fn weight(&self) -> Option<Weight> {
        Some(Weight { input: 1, out_from_end: 1, in_from_end: 2, convolution: false })
    }
}
