//! `MaxPool` and `AveragePool`.

use rayon::prelude::*;
use secateur_tensor::Tensor;
use secateur_tensor::tensor::Values;

use super::window::{Window, slide};
use super::{OpError, Operator, any, at_most, given, known, shape_error};
use crate::fact::{Fact, Kind};
use crate::ties::{Slot, Ties};

/// One value for each place of a window over the spatial axes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pool {
    /// How the window slides.
    pub window: Window,
    /// What is computed of a window.
    pub kind: PoolKind,
}

/// What is computed of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolKind {
    /// The largest value.
    Max,
    /// The mean.
    Average {
        /// Whether padding counts as zeros.
        count_padding: bool,
    },
}

impl Operator for Pool {
    fn name(&self) -> &'static str {
        match self.kind {
            PoolKind::Max => "MaxPool",
            PoolKind::Average { .. } => "AveragePool",
        }
    }

    fn facts(&self, inputs: &[Option<&Fact>]) -> Result<Vec<Fact>, OpError> {
        at_most(inputs, 1)?;
        let x_fact = any(inputs, 0)?;
        if x_fact.kind == Kind::Bool || (x_fact.kind == Kind::I64 && self.kind != PoolKind::Max) {
            return Err(OpError::WrongKind { index: 0, expected: "floats" });
        }
        let x = known(inputs, 0)?;
        if x.len() < 3 {
            return Err(shape_error(0, x_fact, "expected [batch, channels, ..]"));
        }
        self.window.check(x.len() - 2)?;
        let mut shape = x[..2].to_vec();
        shape.extend(self.window.outputs(&x[2..])?);
        Ok(vec![Fact::of_known(x_fact.kind, &shape)])
    }

    fn forward(&self, inputs: &[Option<&Tensor>], outputs: &mut [Tensor]) {
        let (x, y) = (given(inputs, 0), &mut outputs[0]);
        let (image, results) = (x.shape()[2..].to_vec(), y.shape()[2..].to_vec());
        let pixels: usize = image.iter().product();
        let out_pixels: usize = results.iter().product();
        if let (Values::I64(x), Values::I64(y)) = (x.values(), y.values_mut()) {
            for (plane, y) in y.chunks_mut(out_pixels.max(1)).enumerate() {
                let x = &x[plane * pixels..(plane + 1) * pixels];
                slide(&self.window, &image, &results, |output, inside| {
                    y[output] = inside.iter().map(|&(_, at)| x[at]).max().unwrap_or(i64::MIN);
                });
            }
            return;
        }
        let x = x.as_f32();
        y.as_f32_mut().par_chunks_mut(out_pixels).enumerate().for_each(|(plane, y)| {
            let x = &x[plane * pixels..(plane + 1) * pixels];
            slide(&self.window, &image, &results, |output, inside| {
                let values = inside.iter().map(|&(_, at)| x[at]);
                y[output] = match self.kind {
                    PoolKind::Max => values
                        .fold(f32::NEG_INFINITY, |m, v| if v > m || v.is_nan() { v } else { m }),
                    PoolKind::Average { count_padding } => {
                        let count = if count_padding {
                            self.counted(&image, &results, output)
                        } else {
                            inside.len()
                        };
                        (values.map(f64::from).sum::<f64>() / count as f64) as f32
                    }
                };
            });
        });
    }

    fn ties(&self, ties: &mut Ties<'_>) {
        tie_images(ties, Slot::Out(0));
    }
}

/// Channels are the same, the axes of the image stay.
pub(super) fn tie_images(ties: &mut Ties<'_>, out: Slot) {
    for axis in 0..ties.shape(Slot::In(0)).len() {
        if axis < 2 {
            ties.same((Slot::In(0), axis), (out, axis));
        } else {
            ties.freeze(Slot::In(0), axis, "a window slides over it");
            ties.freeze(out, axis, "a window slides over it");
        }
    }
}

impl Pool {
    /// Places of a window that lie in the image or its padding; what a rounded-up last window has
    /// beyond does not count.
    fn counted(&self, image: &[usize], results: &[usize], output: usize) -> usize {
        let padding = self.window.padding(image);
        let (mut count, mut rest) = (1, output);
        for axis in (0..image.len()).rev() {
            let start = rest % results[axis] * self.window.strides[axis];
            rest /= results[axis];
            let end = image[axis] + padding[axis][0] + padding[axis][1];
            let inside = (0..self.window.kernel[axis])
                .filter(|k| start + k * self.window.dilations[axis] < end);
            count *= inside.count();
        }
        count
    }
}
