//! `MeanVarianceNormalization` over some axes.

use secateur_tensor::Tensor;

use super::{OpError, Operator, at_most, axis_of, need};
use crate::fact::{Fact, Kind};
use crate::ties::{Slot, Ties};
use crate::walk::strides;

/// Added to the deviation, as ONNX has it.
const EPSILON: f64 = 1e-9;

/// `(x - mean) / deviation`, over the values of some axes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MeanVarianceNormalization {
    /// The axes, counted from the end when negative.
    pub axes: Vec<i64>,
}

impl Operator for MeanVarianceNormalization {
    fn name(&self) -> &'static str {
        "MeanVarianceNormalization"
    }

    fn facts(&self, inputs: &[Option<&Fact>]) -> Result<Vec<Fact>, OpError> {
        at_most(inputs, 1)?;
        let x = need(inputs, 0, Kind::F32)?;
        for &axis in &self.axes {
            axis_of(axis, x.shape.len())?;
        }
        Ok(vec![Fact::f32(x.shape.clone())])
    }

    fn in_place(&self, _inputs: &[Option<&Fact>]) -> bool {
        true
    }

    fn forward(&self, _inputs: &[Option<&Tensor>], outputs: &mut [Tensor]) {
        let shape = outputs[0].shape().to_vec();
        let over = self.over(shape.len());
        // The number of the group that a place belongs to.
        let by = strides(&shape);
        let kept: Vec<usize> = (0..shape.len()).filter(|axis| !over[*axis]).collect();
        let group = |at: usize| {
            kept.iter().fold(0, |number, &axis| number * shape[axis] + at / by[axis] % shape[axis])
        };
        let groups: usize = kept.iter().map(|&axis| shape[axis]).product();
        let x = outputs[0].as_f32_mut();
        let count = (x.len() / groups.max(1)) as f64;
        let mut means = vec![0.0; groups];
        for (at, value) in x.iter().enumerate() {
            means[group(at)] += f64::from(*value) / count;
        }
        let mut variances = vec![0.0; groups];
        for (at, value) in x.iter().enumerate() {
            variances[group(at)] += (f64::from(*value) - means[group(at)]).powi(2) / count;
        }
        for (at, value) in x.iter_mut().enumerate() {
            let group = group(at);
            let deviation = variances[group].sqrt() + EPSILON;
            *value = ((f64::from(*value) - means[group]) / deviation) as f32;
        }
    }

    fn ties(&self, ties: &mut Ties<'_>) {
        ties.same_shape(Slot::In(0), Slot::Out(0));
        for (axis, over) in self.over(ties.shape(Slot::In(0)).len()).into_iter().enumerate() {
            if over {
                ties.freeze(Slot::In(0), axis, "it is normalized over");
            }
        }
    }
}

impl MeanVarianceNormalization {
    fn over(&self, rank: usize) -> Vec<bool> {
        let mut over = vec![false; rank];
        for axis in self.axes.iter().filter_map(|&axis| axis_of(axis, rank).ok()) {
            over[axis] = true;
        }
        over
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_channel_is_normalized_over_batch_and_pixels() {
        let x = Tensor::f32(vec![2, 2, 1], vec![1.0, 10.0, 3.0, 30.0]);
        let mut y = vec![x];
        MeanVarianceNormalization { axes: vec![0, -1] }.forward(&[None], &mut y);
        assert_eq!(y[0].as_f32(), [-1.0, -1.0, 1.0, 1.0]);
    }
}
