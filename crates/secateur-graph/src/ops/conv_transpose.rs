//! `ConvTranspose`: the transpose of a convolution, as decoders use it.

use secateur_tensor::Tensor;

use super::conv::tie_groups;
use super::window::{AutoPad, Window};
use super::{
    Cost, OpError, Operator, Weight, at_most, given, known, maybe, need, optional, shape_error,
};
use crate::fact::{Fact, Kind};
use crate::ops::Op;
use crate::shrink::{Cut, Shrunk};
use crate::ties::{Slot, Ties};

/// Every input value adds a kernel to the output: `x: [batch, in, ..]`,
/// `w: [in, out / groups, ..]`, `b: [out]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConvTranspose {
    /// How the kernel slides over the output.
    pub window: Window,
    /// Groups of channels that do not see each other.
    pub groups: usize,
    /// Added to the end of each axis of the output.
    pub output_padding: Vec<usize>,
    /// Sizes of the output, from which padding is found.
    pub output_shape: Option<Vec<usize>>,
}

impl ConvTranspose {
    /// Sizes of the output and padding in front of each axis.
    fn outputs(&self, image: &[usize]) -> Result<Vec<(usize, usize)>, OpError> {
        let window = &self.window;
        let at = |axis: usize| {
            let reach = (window.kernel[axis] - 1) * window.dilations[axis] + 1;
            let extra = self.output_padding.get(axis).copied().unwrap_or(0);
            let full = (image[axis] - 1) * window.strides[axis] + reach + extra;
            let wanted = match (&self.output_shape, window.auto_pad) {
                (Some(shape), _) => shape.get(axis).copied(),
                (None, AutoPad::SameUpper | AutoPad::SameLower) => {
                    Some(image[axis] * window.strides[axis])
                }
                (None, AutoPad::NotSet | AutoPad::Valid) => None,
            };
            if let Some(size) = wanted {
                let total = full.saturating_sub(size);
                let less = total / 2;
                let front = if window.auto_pad == AutoPad::SameUpper { less } else { total - less };
                return Ok((size, front));
            }
            let [front, back] = [window.pads[axis], window.pads[window.rank() + axis]];
            let size = full.checked_sub(front + back);
            let size = size.ok_or_else(|| OpError::Attribute("more padding than output".into()))?;
            Ok((size, front))
        };
        (0..window.rank()).map(at).collect()
    }
}

impl Operator for ConvTranspose {
    fn name(&self) -> &'static str {
        "ConvTranspose"
    }

    fn facts(&self, inputs: &[Option<&Fact>]) -> Result<Vec<Fact>, OpError> {
        at_most(inputs, 3)?;
        let (x_fact, w_fact) = (need(inputs, 0, Kind::F32)?, need(inputs, 1, Kind::F32)?);
        let (x, w) = (known(inputs, 0)?, known(inputs, 1)?);
        if x.len() < 3 {
            return Err(shape_error(0, x_fact, "expected [batch, channels, ..]"));
        }
        self.window.check(x.len() - 2)?;
        let fits = w.len() == x.len()
            && w[0] == x[1]
            && self.groups > 0
            && x[1] % self.groups == 0
            && w[2..] == self.window.kernel;
        if !fits {
            let expected = format!("expected [{}, out, {:?}]", x[1], self.window.kernel);
            return Err(shape_error(1, w_fact, expected));
        }
        let out = w[1] * self.groups;
        if let Some(bias) = optional(inputs, 2, Kind::F32)?
            && bias.known_shape() != Some(vec![out])
        {
            return Err(shape_error(2, bias, format!("expected [{out}]")));
        }
        let mut shape = vec![x[0], out];
        shape.extend(self.outputs(&x[2..])?.iter().map(|(size, _)| size));
        Ok(vec![Fact::f32_known(&shape)])
    }

    fn cost(&self, inputs: &[Vec<usize>], outputs: &[Vec<usize>]) -> Cost {
        let each: u64 = inputs[1][1..].iter().map(|&n| n as u64).product();
        let values: u64 = inputs[0].iter().map(|&n| n as u64).product();
        Cost { macs: values * each, ..super::moved(inputs, outputs) }
    }

    fn forward(&self, inputs: &[Option<&Tensor>], outputs: &mut [Tensor]) {
        let (x, w) = (given(inputs, 0), given(inputs, 1));
        let image = x.shape()[2..].to_vec();
        let sizes = self.outputs(&image).expect("checked in facts()");
        let (batch, channels, each) = (x.shape()[0], x.shape()[1], w.shape()[1]);
        let out = each * self.groups;
        let pixels: usize = image.iter().product();
        let places: usize = self.window.kernel.iter().product();
        let out_pixels: usize = sizes.iter().map(|(size, _)| size).product();
        // The image slides over the output as a convolution of the output slides over the image.
        let mut targets: Vec<(usize, usize, usize)> = Vec::new();
        for pixel in 0..pixels {
            for place in 0..places {
                if let Some(at) = self.target(&image, &sizes, pixel, place) {
                    targets.push((pixel, place, at));
                }
            }
        }
        let per_group = channels / self.groups;
        let (x, w) = (x.as_f32(), w.as_f32());
        let bias = maybe(inputs, 2).map(Tensor::as_f32);
        let y = outputs[0].as_f32_mut();
        for n in 0..batch {
            for o in 0..out {
                let y = &mut y[(n * out + o) * out_pixels..][..out_pixels];
                let mut sums = vec![f64::from(bias.map_or(0.0, |b| b[o])); out_pixels];
                for i in 0..per_group {
                    let channel = o / each * per_group + i;
                    let x = &x[(n * channels + channel) * pixels..][..pixels];
                    let w = &w[(channel * each + o % each) * places..][..places];
                    for &(pixel, place, at) in &targets {
                        sums[at] += f64::from(x[pixel]) * f64::from(w[place]);
                    }
                }
                for (y, sum) in y.iter_mut().zip(sums) {
                    *y = sum as f32;
                }
            }
        }
    }

    fn ties(&self, ties: &mut Ties<'_>) {
        let x = ties.shape(Slot::In(0));
        ties.same((Slot::In(0), 0), (Slot::Out(0), 0));
        ties.same((Slot::In(0), 1), (Slot::In(1), 0));
        ties.same((Slot::In(2), 0), (Slot::Out(0), 1));
        for axis in 2..x.len() {
            ties.freeze(Slot::In(0), axis, "a kernel slides over it");
            ties.freeze(Slot::In(1), axis, "it is the size of a kernel");
            ties.freeze(Slot::Out(0), axis, "a kernel slides over it");
        }
        if self.groups == 1 {
            ties.same((Slot::In(1), 1), (Slot::Out(0), 1));
        } else {
            tie_groups(ties, (Slot::Out(0), 1), self.groups);
            ties.freeze(Slot::In(1), 1, "every group has as many outputs");
        }
    }

    fn shrunk(&self, cut: &Cut<'_>) -> Result<Shrunk, OpError> {
        let (before, after) = (cut.before(Slot::In(0))[1], cut.after(Slot::In(0))[1]);
        let groups = if self.groups == 1 { 1 } else { self.groups * after / before };
        Ok(Shrunk { op: Some(Op::ConvTranspose(Self { groups, ..self.clone() })), inputs: vec![] })
    }

    fn weight(&self) -> Option<Weight> {
        let rank = self.window.rank() + 2;
        Some(Weight { input: 1, out_from_end: rank - 1, in_from_end: rank, convolution: true })
    }
}

impl ConvTranspose {
    /// The place of the output that a place of the kernel adds to at a pixel.
    fn target(
        &self,
        image: &[usize],
        sizes: &[(usize, usize)],
        mut pixel: usize,
        mut place: usize,
    ) -> Option<usize> {
        let window = &self.window;
        let (mut at, mut step) = (0, 1);
        for axis in (0..image.len()).rev() {
            let (p, k) = (pixel % image[axis], place % window.kernel[axis]);
            pixel /= image[axis];
            place /= window.kernel[axis];
            let to = p * window.strides[axis] + k * window.dilations[axis];
            let to = to.checked_sub(sizes[axis].1).filter(|to| *to < sizes[axis].0)?;
            at += to * step;
            step *= sizes[axis].0;
        }
        Some(at)
    }
}
