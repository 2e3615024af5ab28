//! `ScatterND`: a tensor with some of its parts replaced.

use secateur_tensor::Tensor;
use secateur_tensor::tensor::Values;

use super::walk::copy_tensor;
use super::{OpError, Operator, any, at_most, given, known, need};
use crate::fact::{Fact, Kind};

/// Input 0 with the parts that `indices: [.., depth]` name replaced by those of input 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScatterNd;

impl Operator for ScatterNd {
    fn name(&self) -> &'static str {
        "ScatterND"
    }

    fn facts(&self, inputs: &[Option<&Fact>]) -> Result<Vec<Fact>, OpError> {
        at_most(inputs, 3)?;
        let x = any(inputs, 0)?;
        let indices_fact = need(inputs, 1, Kind::I64)?;
        let updates_fact = need(inputs, 2, x.kind)?;
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
            (Values::F32(u), Values::F32(y)) => scatter(u, y, &places, run),
            (Values::I64(u), Values::I64(y)) => scatter(u, y, &places, run),
            (Values::Bool(u), Values::Bool(y)) => scatter(u, y, &places, run),
            _ => panic!("facts() has checked the kinds"),
        }
    }
}

fn scatter<T: Copy>(updates: &[T], y: &mut [T], places: &[usize], run: usize) {
    for (at, &place) in places.iter().enumerate() {
        y[place..place + run].copy_from_slice(&updates[at * run..(at + 1) * run]);
    }
}
