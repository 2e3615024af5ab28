//! `Softmax` and `LogSoftmax` over an axis.

use secateur_tensor::{Tensor, kernels};

use super::{OpError, Operator, at_most, axis_of, need};
use crate::fact::{Fact, Kind};
use crate::ties::{Slot, Ties};
use crate::walk::strides;

/// `e^x / sum(e^x)` over an axis, or its logarithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Softmax {
    /// Axis, counted from the end when negative.
    pub axis: i64,
    /// Whether the logarithm is meant.
    pub log: bool,
    /// Whether it is taken over all values from the axis on, as before version 13 of ONNX.
    pub flat: bool,
}

impl Operator for Softmax {
    fn name(&self) -> &'static str {
        if self.log { "LogSoftmax" } else { "Softmax" }
    }

    fn facts(&self, inputs: &[Option<&Fact>]) -> Result<Vec<Fact>, OpError> {
        at_most(inputs, 1)?;
        let x = need(inputs, 0, Kind::F32)?;
        axis_of(self.axis, x.shape.len())?;
        Ok(vec![Fact::f32(x.shape.clone())])
    }

    fn in_place(&self, _inputs: &[Option<&Fact>]) -> bool {
        true
    }

    fn forward(&self, _inputs: &[Option<&Tensor>], outputs: &mut [Tensor]) {
        let shape = outputs[0].shape().to_vec();
        let axis = axis_of(self.axis, shape.len()).expect("checked in facts()");
        let (mut width, mut inner) = (shape[axis], strides(&shape)[axis]);
        if self.flat {
            (width, inner) = (width * inner, 1);
        }
        let x = outputs[0].as_f32_mut();
        if inner == 1 && !self.log {
            return kernels::softmax_rows(x, width);
        }
        let mut row = vec![0.0; width];
        for block in x.chunks_mut((width * inner).max(1)) {
            for at in 0..inner {
                for (row, x) in row.iter_mut().zip(block[at..].iter().step_by(inner)) {
                    *row = *x;
                }
                if self.log {
                    log_softmax(&mut row);
                } else {
                    kernels::softmax_rows(&mut row, width);
                }
                for (row, x) in row.iter().zip(block[at..].iter_mut().step_by(inner)) {
                    *x = *row;
                }
            }
        }
    }

    fn ties(&self, ties: &mut Ties<'_>) {
        ties.same_shape(Slot::In(0), Slot::Out(0));
        let rank = ties.shape(Slot::In(0)).len();
        let Ok(axis) = axis_of(self.axis, rank) else { return };
        for axis in axis..if self.flat { rank } else { axis + 1 } {
            ties.freeze(Slot::In(0), axis, "softmax is taken over it");
        }
    }
}

fn log_softmax(row: &mut [f32]) {
    let max = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = row.iter().map(|v| f64::from(v - max).exp()).sum();
    let log = f64::from(max) + sum.ln();
    for v in row {
        *v = (f64::from(*v) - log) as f32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(axis: i64, flat: bool, expected: &[f32]) {
        let softmax = Softmax { axis, log: false, flat };
        let mut out = [Tensor::f32(vec![2, 2, 2], vec![0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 3.0, 3.0])];
        softmax.forward(&[None], &mut out);
        for (found, expected) in out[0].as_f32().iter().zip(expected) {
            assert!((found - expected).abs() < 1e-4, "{:?}", out[0].as_f32());
        }
    }

    #[test]
    fn the_older_softmax_is_over_all_axes_from_its_own_on() {
        let quarter = [0.25; 4];
        check(1, true, &[&quarter[..], &[0.023_71, 0.023_71, 0.476_29, 0.476_29]].concat());
        check(1, false, &[&[0.5; 4][..], &[0.047_43, 0.047_43, 0.952_57, 0.952_57]].concat());
        check(2, true, &[0.5; 8]);
    }
}
