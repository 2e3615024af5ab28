//! `DepthToSpace` and `SpaceToDepth`: channels as blocks of pixels.

use secateur_tensor::Tensor;

use super::{OpError, Operator, any, at_most, given, known};
use crate::fact::Fact;
use crate::ties::{Slot, Ties};
use crate::walk::strided_tensor;

/// `[batch, b * b * c, h, w]` to `[batch, c, h * b, w * b]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DepthToSpace {
    /// Side of a block.
    pub block: usize,
    /// How channels hold the pixels of a block.
    pub blocks: Blocks,
}

/// `[batch, c, h * b, w * b]` to `[batch, b * b * c, h, w]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpaceToDepth {
    /// Side of a block.
    pub block: usize,
}

/// How channels hold the pixels of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blocks {
    /// Place in the block first, then the channel (`DCR`).
    Outer,
    /// The channel first, then the place in the block (`CRD`).
    Inner,
}

impl Operator for DepthToSpace {
    fn name(&self) -> &'static str {
        "DepthToSpace"
    }

    fn facts(&self, inputs: &[Option<&Fact>]) -> Result<Vec<Fact>, OpError> {
        at_most(inputs, 1)?;
        let x = any(inputs, 0)?;
        let (shape, b) = (known(inputs, 0)?, self.block);
        let [n, c, h, w] = shape[..] else {
            return Err(super::shape_error(0, x, "expected [batch, channels, height, width]"));
        };
        if b == 0 || c % (b * b) != 0 {
            return Err(super::shape_error(
                0,
                x,
                format!("expected channels in blocks of {b} x {b}"),
            ));
        }
        Ok(vec![Fact::of_known(x.kind, &[n, c / (b * b), h * b, w * b])])
    }

    fn forward(&self, inputs: &[Option<&Tensor>], outputs: &mut [Tensor]) {
        let (x, b) = (given(inputs, 0), self.block);
        let [n, c, h, w] = x.shape()[..] else { panic!("checked in facts()") };
        let (c, p) = ((c / (b * b)) as isize, (h * w) as isize);
        let (by_place, by_channel) = match self.blocks {
            Blocks::Outer => (c * p, p),
            Blocks::Inner => (p, (b * b) as isize * p),
        };
        // [batch, channel, row, y in block, column, x in block]
        let shape = vec![n, c as usize, h, b, w, b];
        let steps =
            [(b * b) as isize * c * p, by_channel, w as isize, b as isize * by_place, 1, by_place];
        let out = outputs[0].shape().to_vec();
        let taken = std::mem::replace(&mut outputs[0], Tensor::zeros(vec![0]));
        let mut y = taken.reshaped(shape);
        strided_tensor(x, &mut y, 0, &steps);
        outputs[0] = y.reshaped(out);
    }

    fn ties(&self, ties: &mut Ties<'_>) {
        ties.same((Slot::In(0), 0), (Slot::Out(0), 0));
        let (out, places) = (ties.shape(Slot::Out(0))[1], self.block * self.block);
        for channel in 0..out {
            for place in 0..places {
                let from = match self.blocks {
                    Blocks::Outer => place * out + channel,
                    Blocks::Inner => channel * places + place,
                };
                ties.link((Slot::In(0), 1, from), (Slot::Out(0), 1, channel));
            }
        }
        for axis in 2..4 {
            ties.freeze(Slot::In(0), axis, "it is a side of an image");
            ties.freeze(Slot::Out(0), axis, "it is a side of an image");
        }
    }
}

impl Operator for SpaceToDepth {
    fn name(&self) -> &'static str {
        "SpaceToDepth"
    }

    fn facts(&self, inputs: &[Option<&Fact>]) -> Result<Vec<Fact>, OpError> {
        at_most(inputs, 1)?;
        let x = any(inputs, 0)?;
        let (shape, b) = (known(inputs, 0)?, self.block);
        let [n, c, h, w] = shape[..] else {
            return Err(super::shape_error(0, x, "expected [batch, channels, height, width]"));
        };
        if b == 0 || h % b != 0 || w % b != 0 {
            return Err(super::shape_error(0, x, format!("expected sides in blocks of {b}")));
        }
        Ok(vec![Fact::of_known(x.kind, &[n, c * b * b, h / b, w / b])])
    }

    fn forward(&self, inputs: &[Option<&Tensor>], outputs: &mut [Tensor]) {
        let (x, b) = (given(inputs, 0), self.block);
        let [n, c, h, w] = x.shape()[..] else { panic!("checked in facts()") };
        let (image, row) = ((h * w) as isize, w as isize);
        // [batch, y in block, x in block, channel, row, column]
        let shape = vec![n, b, b, c, h / b, w / b];
        let steps = [c as isize * image, row, 1, image, b as isize * row, b as isize];
        let out = outputs[0].shape().to_vec();
        let taken = std::mem::replace(&mut outputs[0], Tensor::zeros(vec![0]));
        let mut y = taken.reshaped(shape);
        strided_tensor(x, &mut y, 0, &steps);
        outputs[0] = y.reshaped(out);
    }

    fn ties(&self, ties: &mut Ties<'_>) {
        ties.same((Slot::In(0), 0), (Slot::Out(0), 0));
        let channels = ties.shape(Slot::In(0))[1];
        for place in 0..self.block * self.block {
            let from = (Slot::Out(0), 1, place * channels);
            ties.same_from((Slot::In(0), 1, 0), from, channels);
        }
        for axis in 2..4 {
            ties.freeze(Slot::In(0), axis, "it is a side of an image");
            ties.freeze(Slot::Out(0), axis, "it is a side of an image");
        }
    }
}
