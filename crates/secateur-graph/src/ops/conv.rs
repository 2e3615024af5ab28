//! `Conv`: convolution over any number of spatial axes.

use rayon::prelude::*;
use secateur_tensor::Tensor;
use secateur_tensor::kernels::{self, Activation, ConvShape, Epilogue, PackedConv};

use super::window::{Window, slide};
use super::{
    Cost, OpError, Operator, Weight, at_most, given, known, maybe, need, optional, shape_error,
};
use crate::fact::{Fact, Kind};
use crate::ops::Op;
use crate::shrink::{Cut, Shrunk};
use crate::ties::{Slot, Ties};

/// `y[n, o, ..] = sum over i, k of w[o, i, k] x[n, i, ..] + b[o]`, with `x: [batch, in, ..]`,
/// `w: [out, in / groups, ..]`, `b: [out]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conv {
    /// How the kernel slides.
    pub window: Window,
    /// Groups of channels that do not see each other.
    pub groups: usize,
}

impl Operator for Conv {
    fn name(&self) -> &'static str {
        "Conv"
    }

    fn facts(&self, inputs: &[Option<&Fact>]) -> Result<Vec<Fact>, OpError> {
        at_most(inputs, 3)?;
        let (x_fact, w_fact) = (need(inputs, 0, Kind::F32)?, need(inputs, 1, Kind::F32)?);
        let (x, w) = (known(inputs, 0)?, known(inputs, 1)?);
        if x.len() < 3 {
            return Err(shape_error(0, x_fact, "expected [batch, channels, ..]"));
        }
        self.window.check(x.len() - 2)?;
        let divides = self.groups > 0 && w.first().is_some_and(|out| out % self.groups == 0);
        if w.len() != x.len() || !divides || w[1] * self.groups != x[1] {
            let expected = format!(
                "expected [out, {} / {} groups, ..] with groups that divide out",
                x[1], self.groups
            );
            return Err(shape_error(1, w_fact, expected));
        }
        if w[2..] != self.window.kernel {
            let expected = format!("expected a kernel of {:?}", self.window.kernel);
            return Err(shape_error(1, w_fact, expected));
        }
        if let Some(bias) = optional(inputs, 2, Kind::F32)?
            && bias.known_shape() != Some(vec![w[0]])
        {
            return Err(shape_error(2, bias, format!("expected [{}]", w[0])));
        }
        let mut shape = vec![x[0], w[0]];
        shape.extend(self.window.outputs(&x[2..])?);
        Ok(vec![Fact::f32_known(&shape)])
    }

    fn cost(&self, inputs: &[Vec<usize>], outputs: &[Vec<usize>]) -> Cost {
        let each: usize = inputs[1][1..].iter().product();
        let results: u64 = outputs[0].iter().map(|&n| n as u64).product();
        Cost { macs: results * each as u64, ..super::moved(inputs, outputs) }
    }

    fn forward(&self, inputs: &[Option<&Tensor>], outputs: &mut [Tensor]) {
        let (x, w) = (given(inputs, 0), given(inputs, 1));
        if let Some(shape) = self.planar(x.shape(), w.shape()) {
            return in_channels_last(&shape, x, w, maybe(inputs, 2), &mut outputs[0]);
        }
        let bias = maybe(inputs, 2).map(Tensor::as_f32);
        let y = &mut outputs[0];
        let (image, results) = (x.shape()[2..].to_vec(), y.shape()[2..].to_vec());
        let (pixels, out_pixels) = (image.iter().product::<usize>(), results.iter().product());
        let (channels, each) = (x.shape()[1], w.shape()[1]);
        let (out, places) = (w.shape()[0], w.shape()[2..].iter().product::<usize>());
        let per_group = out / self.groups;
        let (x, w) = (x.as_f32(), w.as_f32());
        let planes = y.as_f32_mut().par_chunks_mut(out_pixels).enumerate();
        planes.for_each(|(plane, y)| {
            let (n, o) = (plane / out, plane % out);
            let first = n * channels + o / per_group * each;
            let w = &w[o * each * places..(o + 1) * each * places];
            let start = f64::from(bias.map_or(0.0, |bias| bias[o]));
            slide(&self.window, &image, &results, |output, inside| {
                let mut sum = start;
                for (i, w) in w.chunks_exact(places).enumerate() {
                    let x = &x[(first + i) * pixels..(first + i + 1) * pixels];
                    for &(place, at) in inside {
                        sum += f64::from(w[place]) * f64::from(x[at]);
                    }
                }
                y[output] = sum as f32;
            });
        });
    }

    fn ties(&self, ties: &mut Ties<'_>) {
        let x = ties.shape(Slot::In(0));
        ties.same((Slot::In(0), 0), (Slot::Out(0), 0));
        ties.same((Slot::In(1), 0), (Slot::Out(0), 1));
        ties.same((Slot::In(2), 0), (Slot::Out(0), 1));
        for axis in 2..x.len() {
            ties.freeze(Slot::In(0), axis, "a kernel slides over it");
            ties.freeze(Slot::In(1), axis, "it is the size of a kernel");
            ties.freeze(Slot::Out(0), axis, "a kernel slides over it");
        }
        if self.groups == 1 {
            ties.same((Slot::In(0), 1), (Slot::In(1), 1));
        } else {
            tie_groups(ties, (Slot::In(1), 0), self.groups);
            ties.freeze(Slot::In(1), 1, "every group has as many inputs");
        }
    }

    fn shrunk(&self, cut: &Cut<'_>) -> Result<Shrunk, OpError> {
        if self.groups == 1 {
            return Ok(Shrunk::default());
        }
        let (before, after) = (cut.before(Slot::In(0))[1], cut.after(Slot::In(0))[1]);
        let groups = self.groups * after / before;
        let op = Op::Conv(Self { window: self.window.clone(), groups });
        Ok(Shrunk { op: Some(op), inputs: Vec::new() })
    }

    fn weight(&self) -> Option<Weight> {
        let rank = self.window.rank() + 2;
        Some(Weight { input: 1, out_from_end: rank, in_from_end: rank - 1, convolution: true })
    }
}

impl Conv {
    /// The shape of a convolution over one or two axes; one axis is a row of an image.
    pub fn planar(&self, x: &[usize], w: &[usize]) -> Option<ConvShape> {
        let padding = self.window.padding(x.get(2..)?);
        let pair = |list: &[usize], one: usize| -> Option<[usize; 2]> {
            match *list {
                [a] => Some([one, a]),
                [a, b] => Some([a, b]),
                _ => None,
            }
        };
        let [height, width] = pair(&x[2..], 1)?;
        let [top, left, bottom, right] = match padding[..] {
            [[a, b]] => [0, a, 0, b],
            [[a, b], [c, d]] => [a, c, b, d],
            _ => return None,
        };
        Some(ConvShape {
            batch: x[0],
            height,
            width,
            channels_in: x[1],
            channels_out: w[0],
            kernel: pair(&self.window.kernel, 1)?,
            stride: pair(&self.window.strides, 1)?,
            pads: [top, left, bottom, right],
            dilation: pair(&self.window.dilations, 1)?,
            groups: self.groups,
        })
    }
}

/// A convolution by the kernels that work on channels-last images.
fn in_channels_last(
    shape: &ConvShape,
    x: &Tensor,
    w: &Tensor,
    bias: Option<&Tensor>,
    y: &mut Tensor,
) {
    let bias = bias.map(Tensor::as_f32);
    let (out, inputs) = (shape.channels_out, shape.channels_in);
    let packed = PackedConv::new(w.as_f32(), bias, out, inputs, shape.kernel, shape.groups);
    let mut image = vec![0.0; x.len()];
    kernels::to_channels_last(
        x.as_f32(),
        shape.batch,
        inputs,
        shape.height * shape.width,
        &mut image,
    );
    let mut result = vec![0.0; y.len()];
    let epilogue = Epilogue { residual: None, activation: Activation::None };
    kernels::conv(&image, shape, &packed, epilogue, &mut result);
    let pixels = shape.out_height() * shape.out_width();
    kernels::to_plain(&result, shape.batch, out, pixels, y.as_f32_mut());
}

/// Whole groups of a convolution stand or fall together: the inputs and outputs of each.
pub(super) fn tie_groups(ties: &mut Ties<'_>, out: (Slot, usize), groups: usize) {
    let channels = ties.shape(Slot::In(0))[1];
    let (each, per_group) = (channels / groups, ties.shape(out.0)[out.1] / groups);
    for group in 0..groups {
        let first = (Slot::In(0), 1, group * each);
        for i in 1..each {
            ties.link(first, (Slot::In(0), 1, group * each + i));
        }
        for o in 0..per_group {
            ties.link(first, (out.0, out.1, group * per_group + o));
        }
    }
}
