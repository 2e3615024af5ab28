//! `GroupNormalization` and `InstanceNormalization`.

use rayon::prelude::*;
use secateur_tensor::Tensor;

use super::{OpError, Operator, at_most, given, known, need, shape_error};
use crate::fact::{Fact, Kind};
use crate::ops::Op;
use crate::shrink::{Cut, Shrunk};
use crate::ties::{Slot, Ties};

/// Normalizes groups of channels of `x: [batch, channels, ..]` to mean 0 and variance 1, then
/// scales and shifts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GroupNormalization {
    /// Added to the variance.
    pub epsilon: f32,
    /// Number of groups.
    pub groups: usize,
    /// Whether scale and bias are `[groups]` (opset 18 to 20) and not `[channels]`.
    pub scale_by_group: bool,
}

/// The same with each channel a group of its own; scale and bias are `[channels]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InstanceNormalization {
    /// Added to the variance.
    pub epsilon: f32,
}

fn checked(inputs: &[Option<&Fact>], parameters: usize) -> Result<Vec<Fact>, OpError> {
    at_most(inputs, 3)?;
    need(inputs, 0, Kind::F32)?;
    let x = known(inputs, 0)?;
    for index in 1..3 {
        let part = need(inputs, index, Kind::F32)?;
        if part.known_shape() != Some(vec![parameters]) {
            return Err(shape_error(index, part, format!("expected [{parameters}]")));
        }
    }
    Ok(vec![Fact::f32_known(&x)])
}

/// Normalizes runs of `group` values, each of planes of `pixels`, and applies what `affine` says
/// of the number of the plane.
fn normalize(
    x: &[f32],
    y: &mut [f32],
    group: usize,
    pixels: usize,
    epsilon: f32,
    affine: impl Fn(usize) -> (f32, f32) + Sync,
) {
    y.par_chunks_mut(group).zip(x.par_chunks(group)).enumerate().for_each(|(at, (y, x))| {
        let count = x.len() as f64;
        let mean = x.iter().copied().map(f64::from).sum::<f64>() / count;
        let square = |v: f32| (f64::from(v) - mean).powi(2);
        let variance = x.iter().copied().map(square).sum::<f64>() / count;
        let root = 1.0 / (variance + f64::from(epsilon)).sqrt();
        let planes = y.chunks_mut(pixels).zip(x.chunks(pixels)).enumerate();
        for (plane, (y, x)) in planes {
            let (scale, bias) = affine(at * (group / pixels) + plane);
            for (y, x) in y.iter_mut().zip(x) {
                *y = ((f64::from(*x) - mean) * root) as f32 * scale + bias;
            }
        }
    });
}

impl Operator for GroupNormalization {
    fn name(&self) -> &'static str {
        "GroupNormalization"
    }

    fn facts(&self, inputs: &[Option<&Fact>]) -> Result<Vec<Fact>, OpError> {
        let x = known(inputs, 0)?;
        if x.len() < 2 || self.groups == 0 || x[1] % self.groups != 0 {
            let text = format!("{} groups of {x:?}", self.groups);
            return Err(OpError::Attribute(text));
        }
        checked(inputs, if self.scale_by_group { self.groups } else { x[1] })
    }

    fn forward(&self, inputs: &[Option<&Tensor>], outputs: &mut [Tensor]) {
        let (x, scale, bias) = (given(inputs, 0), given(inputs, 1), given(inputs, 2));
        let (channels, pixels) = (x.shape()[1], x.shape()[2..].iter().product::<usize>());
        let per_group = channels / self.groups;
        let (scale, bias) = (scale.as_f32(), bias.as_f32());
        let affine = |plane: usize| {
            let channel = plane % channels;
            let at = if self.scale_by_group { channel / per_group } else { channel };
            (scale[at], bias[at])
        };
        let y = outputs[0].as_f32_mut();
        normalize(x.as_f32(), y, per_group * pixels, pixels, self.epsilon, affine);
    }

    /// Whole groups are kept or cut.
    fn ties(&self, ties: &mut Ties<'_>) {
        ties.same_shape(Slot::In(0), Slot::Out(0));
        let per_group = ties.shape(Slot::In(0))[1] / self.groups;
        for group in 0..self.groups {
            let first = (Slot::In(0), 1, group * per_group);
            for at in 1..per_group {
                ties.link(first, (Slot::In(0), 1, group * per_group + at));
            }
            for slot in [Slot::In(1), Slot::In(2)] {
                if self.scale_by_group {
                    ties.link(first, (slot, 0, group));
                }
            }
        }
        if !self.scale_by_group {
            ties.same((Slot::In(0), 1), (Slot::In(1), 0));
            ties.same((Slot::In(0), 1), (Slot::In(2), 0));
        }
        for axis in 2..ties.shape(Slot::In(0)).len() {
            ties.freeze(Slot::In(0), axis, "it is normalized over");
        }
    }

    fn shrunk(&self, cut: &Cut<'_>) -> Result<Shrunk, OpError> {
        let (before, after) = (cut.before(Slot::In(0))[1], cut.after(Slot::In(0))[1]);
        let groups = self.groups * after / before;
        Ok(Shrunk { op: Some(Op::GroupNormalization(Self { groups, ..*self })), inputs: vec![] })
    }
}

impl Operator for InstanceNormalization {
    fn name(&self) -> &'static str {
        "InstanceNormalization"
    }

    fn facts(&self, inputs: &[Option<&Fact>]) -> Result<Vec<Fact>, OpError> {
        let x = known(inputs, 0)?;
        if x.len() < 3 {
            return Err(OpError::Attribute(format!("no spatial axis in {x:?}")));
        }
        checked(inputs, x[1])
    }

    fn forward(&self, inputs: &[Option<&Tensor>], outputs: &mut [Tensor]) {
        let (x, scale, bias) = (given(inputs, 0), given(inputs, 1), given(inputs, 2));
        let (channels, pixels) = (x.shape()[1], x.shape()[2..].iter().product::<usize>());
        let (scale, bias) = (scale.as_f32(), bias.as_f32());
        let affine = |plane: usize| (scale[plane % channels], bias[plane % channels]);
        normalize(x.as_f32(), outputs[0].as_f32_mut(), pixels, pixels, self.epsilon, affine);
    }

    fn ties(&self, ties: &mut Ties<'_>) {
        ties.same_shape(Slot::In(0), Slot::Out(0));
        ties.same((Slot::In(0), 1), (Slot::In(1), 0));
        ties.same((Slot::In(0), 1), (Slot::In(2), 0));
        for axis in 2..ties.shape(Slot::In(0)).len() {
            ties.freeze(Slot::In(0), axis, "it is normalized over");
        }
    }
}
