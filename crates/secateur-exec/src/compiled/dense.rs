//! Convolutions and linear layers before their weights are packed.

use secateur_tensor::kernels::{Activation, ConvShape, PackedConv};

use super::items::Affine;
use super::step::Work;

/// A convolution or linear layer that takes in what follows it.
#[derive(Debug)]
pub(super) struct Dense {
    pub(super) shape: ConvShape,
    /// `[out, in / groups, kernel rows, kernel columns]`
    pub(super) weights: Vec<f32>,
    /// What the sums of each channel are multiplied with, and what is added then.
    pub(super) factor: Vec<f64>,
    pub(super) summand: Vec<f64>,
    pub(super) has_residual: bool,
    pub(super) activation: Activation,
    /// Whether the image is plain.
    pub(super) from_plain: bool,
    /// The axis of the result that holds channels.
    pub(super) axis: usize,
}

impl Dense {
    pub(super) fn new(
        shape: ConvShape,
        weights: Vec<f32>,
        bias: Option<&[f32]>,
        axis: usize,
    ) -> Self {
        let out = shape.channels_out;
        let summand = match bias {
            Some(bias) => bias.iter().copied().map(f64::from).collect(),
            None => vec![0.0; out],
        };
        Self {
            shape,
            weights,
            factor: vec![1.0; out],
            summand,
            has_residual: false,
            activation: Activation::None,
            from_plain: false,
            axis,
        }
    }

    /// Whether nothing follows the sums yet.
    pub(super) fn is_open(&self) -> bool {
        !self.has_residual && self.activation == Activation::None
    }

    /// Takes in factors and summands of its channels.
    pub(super) fn absorb(&mut self, affine: &Affine) -> bool {
        let fits = self.is_open() && affine.axis.is_none_or(|axis| axis == self.axis);
        if fits {
            let of = |values: &[f64], at: usize| values[if values.len() == 1 { 0 } else { at }];
            for at in 0..self.factor.len() {
                let factor = of(&affine.factor, at);
                self.factor[at] *= factor;
                self.summand[at] = self.summand[at] * factor + of(&affine.summand, at);
            }
        }
        fits
    }

    /// Packs the weight.
    pub(super) fn finish(mut self) -> Work {
        let each = self.weights.len() / self.factor.len().max(1);
        for (weights, factor) in self.weights.chunks_mut(each.max(1)).zip(&self.factor) {
            if *factor != 1.0 {
                for w in weights {
                    *w = (f64::from(*w) * factor) as f32;
                }
            }
        }
        let bias: Vec<f32> = self.summand.iter().map(|v| *v as f32).collect();
        let ConvShape { channels_out, channels_in, kernel, groups, .. } = self.shape;
        let packed =
            PackedConv::new(&self.weights, Some(&bias), channels_out, channels_in, kernel, groups);
        let work = if self.from_plain { Work::ConvPlain } else { Work::Conv };
        work(self.shape, Box::new(packed), self.activation)
    }
}
