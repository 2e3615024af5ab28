//! `MaxPool` that also says where the largest values are.

use secateur_tensor::Tensor;

use super::pool::tie_images;
use super::window::{Window, slide};
use super::{OpError, Operator, at_most, given, known, need, shape_error};
use crate::fact::{Fact, Kind};
use crate::ties::{Slot, Ties};

/// The largest value of each place of a window, and its flat index in the whole input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaxPoolIndices {
    /// How the window slides.
    pub window: Window,
    /// Whether the places of an image are numbered with the first axis fastest (ONNX:
    /// `storage_order`).
    pub by_columns: bool,
}

impl MaxPoolIndices {
    /// The number of a place of an image, by its row-major one.
    fn number(&self, image: &[usize], at: usize) -> usize {
        if !self.by_columns {
            return at;
        }
        let (mut rest, mut size, mut number) = (at, image.iter().product::<usize>(), 0);
        for n in image.iter().rev() {
            size /= n;
            number += rest % n * size;
            rest /= n;
        }
        number
    }
}

impl Operator for MaxPoolIndices {
    fn name(&self) -> &'static str {
        "MaxPool"
    }

    fn facts(&self, inputs: &[Option<&Fact>]) -> Result<Vec<Fact>, OpError> {
        at_most(inputs, 1)?;
        let x_fact = need(inputs, 0, Kind::F32)?;
        let x = known(inputs, 0)?;
        if x.len() < 3 {
            return Err(shape_error(0, x_fact, "expected [batch, channels, ..]"));
        }
        self.window.check(x.len() - 2)?;
        let mut shape = x[..2].to_vec();
        shape.extend(self.window.outputs(&x[2..])?);
        Ok(vec![Fact::f32_known(&shape), Fact::of_known(Kind::I64, &shape)])
    }

    fn forward(&self, inputs: &[Option<&Tensor>], outputs: &mut [Tensor]) {
        let x = given(inputs, 0);
        let (image, results) = (x.shape()[2..].to_vec(), outputs[0].shape()[2..].to_vec());
        let pixels: usize = image.iter().product();
        let out_pixels: usize = results.iter().product();
        for (plane, x) in x.as_f32().chunks_exact(pixels.max(1)).enumerate() {
            let (first, first_out) = (plane * pixels, plane * out_pixels);
            slide(&self.window, &image, &results, |output, inside| {
                let better = |best: usize, at: usize| if x[at] > x[best] { at } else { best };
                let best = inside.iter().map(|&(_, at)| at).reduce(better);
                let value = best.map_or(f32::NEG_INFINITY, |at| x[at]);
                outputs[0].as_f32_mut()[first_out + output] = value;
                if let Some(indices) = outputs.get_mut(1) {
                    let number = best.map_or(0, |at| self.number(&image, at));
                    indices.as_i64_mut()[first_out + output] = (first + number) as i64;
                }
            });
        }
    }

    fn ties(&self, ties: &mut Ties<'_>) {
        tie_images(ties, Slot::Out(0));
        // An index is one of the whole input: it changes when channels before it are cut.
        for axis in 0..ties.shape(Slot::Out(1)).len() {
            ties.same((Slot::Out(0), axis), (Slot::Out(1), axis));
            ties.freeze(Slot::Out(1), axis, "its indices count all channels");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::AutoPad;

    #[test]
    fn places_are_numbered_by_rows_or_columns() {
        let window = Window {
            kernel: vec![2, 2],
            strides: vec![2, 2],
            dilations: vec![1, 1],
            pads: vec![0; 4],
            auto_pad: AutoPad::NotSet,
            ceil: false,
        };
        let x = Tensor::f32(vec![1, 1, 2, 4], vec![0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 5.0, 0.0]);
        for (by_columns, expected) in [(false, [1, 6]), (true, [2, 5])] {
            let pool = MaxPoolIndices { window: window.clone(), by_columns };
            let shape = vec![1, 1, 1, 2];
            let mut y = vec![Tensor::zeros(shape.clone()), Tensor::i64(shape, vec![0; 2])];
            pool.forward(&[Some(&x)], &mut y);
            assert_eq!(y[0].as_f32(), [1.0, 5.0]);
            assert_eq!(y[1].as_i64(), expected);
        }
    }
}
