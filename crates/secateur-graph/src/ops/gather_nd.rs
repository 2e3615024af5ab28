//! `GatherND`: parts of a tensor by lists of indices.

use secateur_tensor::Tensor;
use secateur_tensor::tensor::Values;

use super::{OpError, Operator, any, at_most, given, known, need, shape_error};
use crate::fact::{Fact, Kind};
use crate::walk::of_one_kind;

/// The parts of input 0 that `indices: [.., depth]` name, of which the first axes are shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GatherNd {
    /// Number of leading axes that both inputs share.
    pub batch: usize,
}

impl Operator for GatherNd {
    fn name(&self) -> &'static str {
        "GatherND"
    }

    fn facts(&self, inputs: &[Option<&Fact>]) -> Result<Vec<Fact>, OpError> {
        at_most(inputs, 2)?;
        let x = any(inputs, 0)?;
        let indices_fact = need(inputs, 1, Kind::I64)?;
        let (shape, indices) = (known(inputs, 0)?, known(inputs, 1)?);
        let depth = indices.last().copied().unwrap_or(0);
        let fits = indices.len() > self.batch
            && self.batch + depth <= shape.len()
            && indices[..self.batch] == shape[..self.batch];
        if !fits {
            let text = format!("expected indices of {shape:?} with {} shared axes", self.batch);
            return Err(shape_error(1, indices_fact, text));
        }
        let mut out = indices[..indices.len() - 1].to_vec();
        out.extend(&shape[self.batch + depth..]);
        Ok(vec![Fact::of_known(x.kind, &out)])
    }

    fn forward(&self, inputs: &[Option<&Tensor>], outputs: &mut [Tensor]) {
        let (x, indices, y) = (given(inputs, 0), given(inputs, 1), &mut outputs[0]);
        let shape = x.shape().to_vec();
        let depth = indices.shape().last().copied().unwrap_or(0);
        let named = &shape[self.batch..self.batch + depth];
        let run: usize = shape[self.batch + depth..].iter().product();
        let block: usize = shape[self.batch..].iter().product();
        let batches: usize = shape[..self.batch].iter().product();
        let count = y.len() / run.max(1);
        let per_batch = (count / batches.max(1)).max(1);
        let place = |row: usize| {
            let indices = &indices.as_i64()[row * depth..(row + 1) * depth];
            let within = indices.iter().zip(named).fold(0, |flat, (&index, &size)| {
                let index = if index < 0 { index + size as i64 } else { index };
                flat * size + index.clamp(0, size as i64 - 1) as usize
            });
            row / per_batch * block + within * run
        };
        let places: Vec<usize> = (0..count).map(place).collect();
        of_one_kind!(x, y, take(&places, run));
    }
}

fn take<T: Copy>(x: &[T], y: &mut [T], places: &[usize], run: usize) {
    if run > 0 {
        for (y, &place) in y.chunks_exact_mut(run).zip(places) {
            y.copy_from_slice(&x[place..place + run]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_each_sequence_are_picked() {
        let x = Tensor::i64(vec![2, 3, 1], vec![0, 1, 2, 10, 11, 12]);
        let indices = Tensor::i64(vec![2, 1], vec![1, -1]);
        let mut y = vec![Tensor::i64(vec![2, 1], vec![0; 2])];
        GatherNd { batch: 1 }.forward(&[Some(&x), Some(&indices)], &mut y);
        assert_eq!(y[0].as_i64(), [1, 12]);
    }
}
