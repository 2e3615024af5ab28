//! `ScatterND`: a tensor with some of its parts replaced.

use secateur_tensor::Tensor;
use secateur_tensor::tensor::Values;

use super::{OpError, Operator, any, at_most, given, known, need};
use crate::fact::{Fact, Kind};
use crate::walk::copy_tensor;

/// Input 0 with the parts that `indices: [.., depth]` name replaced by those of input 2, or joined
/// with them one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScatterNd {
    /// What becomes of a value that is named.
    pub reduction: Scattered,
}

/// What becomes of a value that is named.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scattered {
    /// The new value.
    #[default]
    Replaced,
    /// The sum.
    Added,
    /// The product.
    Multiplied,
    /// The larger.
    Max,
    /// The smaller.
    Min,
}

impl Operator for ScatterNd {
    fn name(&self) -> &'static str {
        "ScatterND"
    }

    fn facts(&self, inputs: &[Option<&Fact>]) -> Result<Vec<Fact>, OpError> {
        at_most(inputs, 3)?;
        let x = any(inputs, 0)?;
        let indices_fact = need(inputs, 1, Kind::I64)?;
        let updates_fact = need(inputs, 2, x.kind)?;
        if x.kind == Kind::Bool && self.reduction != Scattered::Replaced {
            return Err(OpError::WrongKind { index: 0, expected: "numbers" });
        }
        let (shape, indices, updates) = (known(inputs, 0)?, known(inputs, 1)?, known(inputs, 2)?);
        let depth = indices.last().copied().unwrap_or(0);
        if indices.is_empty() || depth > shape.len() {
            let text = format!("expected [.., at most {}]", shape.len());
            return Err(super::shape_error(1, indices_fact, text));
        }
        let mut expected = indices[..indices.len() - 1].to_vec();
        expected.extend(&shape[depth..]);
        if updates != expected {
            return Err(super::shape_error(2, updates_fact, format!("expected {expected:?}")));
        }
        Ok(vec![Fact::of_known(x.kind, &shape)])
    }

    fn forward(&self, inputs: &[Option<&Tensor>], outputs: &mut [Tensor]) {
        let (x, indices, updates) = (given(inputs, 0), given(inputs, 1), given(inputs, 2));
        let y = &mut outputs[0];
        copy_tensor(x, y);
        let shape = x.shape();
        let depth = indices.shape().last().copied().unwrap_or(0);
        let run: usize = shape[depth..].iter().product();
        let rows = indices.as_i64().chunks_exact(depth.max(1));
        let places = rows.map(|row| {
            let index = |(at, size): (&i64, &usize)| {
                let at = if *at < 0 { at + *size as i64 } else { *at };
                at.clamp(0, *size as i64 - 1) as usize
            };
            row.iter().zip(shape).fold(0, |flat, pair| flat * pair.1 + index(pair)) * run
        });
        let places: Vec<usize> = places.collect();
        match (updates.values(), y.values_mut()) {
            (Values::F32(u), Values::F32(y)) => self.reduction.put(u, y, &places, run),
            (Values::I64(u), Values::I64(y)) => self.reduction.put_integers(u, y, &places, run),
            (Values::Bool(u), Values::Bool(y)) => scatter(u, y, &places, run, |_, new| new),
            _ => panic!("facts() has checked the kinds"),
        }
    }
}

impl Scattered {
    /// Puts runs of updates at places.
    pub(super) fn put(self, updates: &[f32], y: &mut [f32], places: &[usize], run: usize) {
        let f: fn(f32, f32) -> f32 = match self {
            Self::Replaced => |_, new| new,
            Self::Added => |old, new| old + new,
            Self::Multiplied => |old, new| old * new,
            Self::Max => f32::max,
            Self::Min => f32::min,
        };
        scatter(updates, y, places, run, f);
    }

    /// The same, of integers.
    pub(super) fn put_integers(self, updates: &[i64], y: &mut [i64], places: &[usize], run: usize) {
        let f: fn(i64, i64) -> i64 = match self {
            Self::Replaced => |_, new| new,
            Self::Added => i64::wrapping_add,
            Self::Multiplied => i64::wrapping_mul,
            Self::Max => i64::max,
            Self::Min => i64::min,
        };
        scatter(updates, y, places, run, f);
    }
}

fn scatter<T: Copy>(
    updates: &[T],
    y: &mut [T],
    places: &[usize],
    run: usize,
    f: impl Fn(T, T) -> T,
) {
    for (at, &place) in places.iter().enumerate() {
        let new = &updates[at * run..(at + 1) * run];
        for (y, new) in y[place..place + run].iter_mut().zip(new) {
            *y = f(*y, *new);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_named_twice_is_added_to_twice() {
        let x = Tensor::f32(vec![2, 2], vec![1.0, 2.0, 3.0, 4.0]);
        let indices = Tensor::i64(vec![2, 1], vec![1, -1]);
        let updates = Tensor::f32(vec![2, 2], vec![10.0, 10.0, 5.0, 7.0]);
        let mut y = vec![Tensor::zeros(vec![2, 2])];
        let op = ScatterNd { reduction: Scattered::Added };
        op.forward(&[Some(&x), Some(&indices), Some(&updates)], &mut y);
        assert_eq!(y[0].as_f32(), [1.0, 2.0, 18.0, 21.0]);
    }
}
