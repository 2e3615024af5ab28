//! `BatchNormalization` with the statistics of training.

use rayon::prelude::*;
use secateur_tensor::Tensor;

use super::{OpError, Operator, at_most, given, known, need, shape_error};
use crate::fact::{Fact, Kind};
use crate::ties::{Slot, Ties};

/// `(x - mean) / sqrt(variance + epsilon) * scale + bias` for each channel of
/// `x: [batch, channels, ..]`; inputs 1 to 4 are scale, bias, mean and variance `[channels]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BatchNormalization {
    /// Added to the variance.
    pub epsilon: f32,
}

impl BatchNormalization {
    /// Factor and summand of each channel, from scale, bias, mean and variance.
    pub fn affine(&self, parameters: [&[f32]; 4]) -> Vec<(f32, f32)> {
        let [scale, bias, mean, variance] = parameters;
        let of = |c: usize| {
            let root = (f64::from(variance[c]) + f64::from(self.epsilon)).sqrt();
            let factor = f64::from(scale[c]) / root;
            (factor as f32, (f64::from(bias[c]) - f64::from(mean[c]) * factor) as f32)
        };
        (0..scale.len()).map(of).collect()
    }
}

impl Operator for BatchNormalization {
    fn name(&self) -> &'static str {
        "BatchNormalization"
    }

    fn facts(&self, inputs: &[Option<&Fact>]) -> Result<Vec<Fact>, OpError> {
        at_most(inputs, 5)?;
        let x_fact = need(inputs, 0, Kind::F32)?;
        let x = known(inputs, 0)?;
        if x.len() < 2 {
            return Err(shape_error(0, x_fact, "expected [batch, channels, ..]"));
        }
        for index in 1..5 {
            let part = need(inputs, index, Kind::F32)?;
            if part.known_shape() != Some(vec![x[1]]) {
                return Err(shape_error(index, part, format!("expected [{}]", x[1])));
            }
        }
        Ok(vec![Fact::f32_known(&x)])
    }

    fn in_place(&self, _inputs: &[Option<&Fact>]) -> bool {
        true
    }

    fn forward(&self, inputs: &[Option<&Tensor>], outputs: &mut [Tensor]) {
        let part = |index| given(inputs, index).as_f32();
        let affine = self.affine([part(1), part(2), part(3), part(4)]);
        let y = &mut outputs[0];
        let pixels: usize = y.shape()[2..].iter().product();
        y.as_f32_mut().par_chunks_mut(pixels.max(1)).enumerate().for_each(|(plane, y)| {
            let (factor, summand) = affine[plane % affine.len()];
            for v in y.iter_mut() {
                *v = *v * factor + summand;
            }
        });
    }

    fn ties(&self, ties: &mut Ties<'_>) {
        ties.same_shape(Slot::In(0), Slot::Out(0));
        for index in 1..5 {
            ties.same((Slot::In(index), 0), (Slot::Out(0), 1));
        }
    }
}
