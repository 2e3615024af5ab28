//! `Mul`: x * y, value by value.

use rayon::prelude::*;
use secateur_tensor::Tensor;

use super::{Cost, OpError, Operator, at_most, moved, need, shape_error};
use crate::fact::{Fact, Kind};

/// Values that one task works on.
const CHUNK: usize = 64 * 1024;

/// `x * y` for two tensors of one shape (no broadcasting yet).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mul;

impl Operator for Mul {
    fn name(&self) -> &'static str {
        "Mul"
    }

    fn facts(&self, inputs: &[Option<&Fact>]) -> Result<Vec<Fact>, OpError> {
        at_most(inputs, 2)?;
        let x = need(inputs, 0, Kind::F32)?;
        let y = need(inputs, 1, Kind::F32)?;
        if x.shape != y.shape {
            return Err(shape_error(1, y, format!("expected that of input 0, {:?}", x.shape)));
        }
        Ok(vec![x.clone()])
    }

    fn cost(&self, inputs: &[Vec<usize>], outputs: &[Vec<usize>]) -> Cost {
        moved(inputs, outputs)
    }

    fn in_place(&self) -> bool {
        true
    }

    fn forward(&self, inputs: &[Option<&Tensor>], outputs: &mut [Tensor]) {
        let y = super::given(inputs, 1).as_f32();
        let x = outputs[0].as_f32_mut();
        x.par_chunks_mut(CHUNK).zip(y.par_chunks(CHUNK)).for_each(|(x, y)| {
            for (x, y) in x.iter_mut().zip(y) {
                *x *= y;
            }
        });
    }
}
