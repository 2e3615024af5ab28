//! `GlobalAveragePool` and `GlobalMaxPool`: one value for each channel.

use rayon::prelude::*;
use secateur_tensor::Tensor;

use super::{OpError, Operator, at_most, given, known, need, shape_error};
use crate::fact::{Fact, Kind};
use crate::ties::{Slot, Ties};

/// The mean or the largest value of each channel: `[batch, channels, ..]` to
/// `[batch, channels, 1, ..]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GlobalPool {
    /// The mean.
    Average,
    /// The largest value.
    Max,
}

impl Operator for GlobalPool {
    fn name(&self) -> &'static str {
        match self {
            Self::Average => "GlobalAveragePool",
            Self::Max => "GlobalMaxPool",
        }
    }

    fn facts(&self, inputs: &[Option<&Fact>]) -> Result<Vec<Fact>, OpError> {
        at_most(inputs, 1)?;
        let x_fact = need(inputs, 0, Kind::F32)?;
        let mut shape = known(inputs, 0)?;
        if shape.len() < 3 {
            return Err(shape_error(0, x_fact, "expected [batch, channels, ..]"));
        }
        shape[2..].fill(1);
        Ok(vec![Fact::f32_known(&shape)])
    }

    fn forward(&self, inputs: &[Option<&Tensor>], outputs: &mut [Tensor]) {
        let x = given(inputs, 0);
        let pixels: usize = x.shape()[2..].iter().product();
        let planes = x.as_f32().par_chunks(pixels);
        outputs[0].as_f32_mut().par_iter_mut().zip(planes).for_each(|(y, x)| {
            *y = match self {
                Self::Average => {
                    (x.iter().copied().map(f64::from).sum::<f64>() / x.len() as f64) as f32
                }
                Self::Max => x.iter().copied().fold(f32::NEG_INFINITY, f32::max),
            };
        });
    }

    fn ties(&self, ties: &mut Ties<'_>) {
        for axis in 0..ties.shape(Slot::In(0)).len() {
            if axis < 2 {
                ties.same((Slot::In(0), axis), (Slot::Out(0), axis));
            } else {
                ties.freeze(Slot::In(0), axis, "one value is made of it");
            }
        }
    }
}
