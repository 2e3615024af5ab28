//! `Split` into equal parts.

use rayon::prelude::*;
use secateur_tensor::Tensor;

use super::{Cost, OpError, Operator, at_most, given, moved, need, shape_error};
use crate::fact::{Dim, Fact, Kind};

/// Cuts an axis, counted from the end, into `parts` equal parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Split {
    /// Axis, 0 for the last one.
    pub from_last: usize,
    /// Number of parts.
    pub parts: usize,
}

impl Operator for Split {
    fn name(&self) -> &'static str {
        "Split"
    }

    fn facts(&self, inputs: &[Option<&Fact>]) -> Result<Vec<Fact>, OpError> {
        at_most(inputs, 1)?;
        let x = need(inputs, 0, Kind::F32)?;
        let axis = x.shape.len().checked_sub(self.from_last + 1);
        let size = axis.and_then(|axis| x.shape[axis].known());
        match (axis, size) {
            (Some(axis), Some(size)) if self.parts > 0 && size % self.parts == 0 => {
                let mut part = x.clone();
                part.shape[axis] = Dim::Known(size / self.parts);
                Ok(vec![part; self.parts])
            }
            _ => Err(shape_error(0, x, format!("expected an axis of {} equal parts", self.parts))),
        }
    }

    fn cost(&self, inputs: &[Vec<usize>], outputs: &[Vec<usize>]) -> Cost {
        moved(inputs, outputs)
    }

    fn forward(&self, inputs: &[Option<&Tensor>], outputs: &mut [Tensor]) {
        let x = given(inputs, 0);
        let axis = x.shape().len() - 1 - self.from_last;
        let run: usize = x.shape()[axis..].iter().product::<usize>() / self.parts;
        let rows = x.as_f32();
        for (part, output) in outputs.iter_mut().enumerate() {
            let rows = rows.par_chunks_exact(run * self.parts).with_min_len(64);
            output.as_f32_mut().par_chunks_exact_mut(run).zip(rows).for_each(|(y, x)| {
                y.copy_from_slice(&x[part * run..(part + 1) * run]);
            });
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
        let split = Split { from_last: 1, parts: 3 };
        let facts = split.facts(&[Some(&Fact::f32_known(&[1, 2, 3, 2]))]).unwrap();
        assert_eq!(facts[2].known_shape(), Some(vec![1, 2, 1, 2]));
        let mut parts = vec![Tensor::zeros(vec![1, 2, 1, 2]); 3];
        split.forward(&[Some(&x)], &mut parts);
        assert_eq!(parts[0].as_f32(), [0.0, 1.0, 6.0, 7.0]);
        assert_eq!(parts[2].as_f32(), [4.0, 5.0, 10.0, 11.0]);
    }
}
