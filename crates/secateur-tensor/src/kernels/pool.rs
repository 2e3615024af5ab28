//! Largest values and means of windows, of images whose channels lie side by side.

#![expect(clippy::inline_always, reason = "bodies are compiled anew for each instruction set")]

use std::ops::Range;

use pulp::NullaryFnOnce;
use rayon::prelude::*;

use super::isa;

/// Values that one task reads, about.
const TASK: usize = 128 * 1024;
/// Values below which a layer stays on one thread.
const ALONE: usize = 64 * 1024;
/// Channels of which a mean is summed at a time.
const CHANNELS: usize = 32;

/// The shape of a pool. The image is `[batch, height, width, channels]`, the result `[batch,
/// out_height, out_width, channels]`; its sizes are given, for there are two ways to round them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolShape {
    /// Images.
    pub batch: usize,
    /// Rows of an image.
    pub height: usize,
    /// Pixels of a row.
    pub width: usize,
    /// Channels of both image and result.
    pub channels: usize,
    /// Rows of the result.
    pub out_height: usize,
    /// Pixels in a row of the result.
    pub out_width: usize,
    /// Rows and columns of a window.
    pub kernel: [usize; 2],
    /// Steps of the window down and to the right.
    pub stride: [usize; 2],
    /// Places around the image: top, left, bottom, right. They hold no values.
    pub pads: [usize; 4],
    /// Steps between places of a window.
    pub dilation: [usize; 2],
}

/// The largest value of each window: `x: [batch, height, width, channels]` into
/// `y: [batch, out_height, out_width, channels]`. A window without values gives minus infinity.
///
/// # Panics
/// When lengths do not fit the shape.
pub fn max_pool(x: &[f32], shape: &PoolShape, y: &mut [f32]) {
    pool(x, shape, Kind::Max, y);
}

/// The mean of each window: `x: [batch, height, width, channels]` into
/// `y: [batch, out_height, out_width, channels]`. The sum is divided by the number of places in
/// the image, or, with `count_include_pad`, in the image and the places around it.
///
/// # Panics
/// When lengths do not fit the shape.
pub fn average_pool(x: &[f32], shape: &PoolShape, count_include_pad: bool, y: &mut [f32]) {
    let kind = if count_include_pad { Kind::MeanWithPads } else { Kind::Mean };
    pool(x, shape, kind, y);
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Max,
    Mean,
    MeanWithPads,
}

fn pool(x: &[f32], shape: &PoolShape, kind: Kind, y: &mut [f32]) {
    assert_eq!(x.len(), shape.batch * shape.height * shape.width * shape.channels, "image");
    let row = shape.out_width * shape.channels;
    assert_eq!(y.len(), shape.batch * shape.out_height * row, "result");
    if y.is_empty() {
        return;
    }
    let read = row * shape.kernel[0] * shape.kernel[1];
    let rows = (TASK / read).max(1);
    let compute = |(piece, y): (usize, &mut [f32])| {
        isa::run(Rows { x, shape, kind, first: piece * rows, y });
    };
    if read * shape.batch * shape.out_height < ALONE {
        y.chunks_mut(rows * row).enumerate().for_each(compute);
    } else {
        y.par_chunks_mut(rows * row).enumerate().for_each(compute);
    }
}

/// Some rows of the result, of whatever images.
struct Rows<'a> {
    x: &'a [f32],
    shape: &'a PoolShape,
    kind: Kind,
    first: usize,
    y: &'a mut [f32],
}

impl NullaryFnOnce for Rows<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let shape = self.shape;
        let PoolShape { height, width, channels, out_height, .. } = *shape;
        let [top, left, bottom, right] = self.shape.pads;
        let vertical = |row| shape.window(0, row, height, [top, bottom]);
        let horizontal = |pixel| shape.window(1, pixel, width, [left, right]);
        let initial = if self.kind == Kind::Max { f32::NEG_INFINITY } else { 0.0 };
        let rows = self.y.chunks_exact_mut(self.shape.out_width * channels);
        for (number, y) in rows.enumerate() {
            let number = self.first + number;
            let (image, row) = (number / out_height, number % out_height);
            let (down, counted_down) = vertical(row);
            for (pixel, y) in y.chunks_exact_mut(channels).enumerate() {
                let (across, counted_across) = horizontal(pixel);
                y.fill(initial);
                for i in down.clone().step_by(self.shape.dilation[0]) {
                    for j in across.clone().step_by(self.shape.dilation[1]) {
                        let x = &self.x[((image * height + i) * width + j) * channels..];
                        let values = y.iter_mut().zip(&x[..channels]);
                        match self.kind {
                            Kind::Max => values.for_each(|(y, x)| *y = if x > y { *x } else { *y }),
                            Kind::Mean | Kind::MeanWithPads => values.for_each(|(y, x)| *y += x),
                        }
                    }
                }
                let count = match self.kind {
                    Kind::Max => continue,
                    Kind::Mean => {
                        let [rows, columns] = shape.dilation;
                        down.len().div_ceil(rows) * across.len().div_ceil(columns)
                    }
                    Kind::MeanWithPads => counted_down * counted_across,
                };
                let factor = 1.0 / count.max(1) as f32;
                for y in y.iter_mut() {
                    *y *= factor;
                }
            }
        }
    }
}

impl PoolShape {
    /// The places of a window along an axis of the image, and how many there are with those
    /// around the image.
    #[inline(always)]
    fn window(
        &self,
        axis: usize,
        at: usize,
        length: usize,
        [before, after]: [usize; 2],
    ) -> (Range<usize>, usize) {
        let dilation = self.dilation[axis];
        let start = at * self.stride[axis];
        let end = start + (self.kernel[axis] - 1) * dilation + 1;
        let missing = before.saturating_sub(start).div_ceil(dilation) * dilation;
        let first = start + missing;
        let counted = end.min(before + length + after).saturating_sub(start).div_ceil(dilation);
        let range = first..end.min(before + length).max(first);
        (range.start - before..range.end - before, counted)
    }
}

/// The mean of all pixels: `x: [batch, pixels, channels]` into `y: [batch, channels]`, summed in
/// f64.
///
/// # Panics
/// When lengths do not fit.
pub fn global_average_pool(x: &[f32], batch: usize, channels: usize, y: &mut [f32]) {
    assert_eq!(y.len(), batch * channels, "result");
    if y.is_empty() {
        return;
    }
    assert!(x.len().is_multiple_of(y.len()), "images of whole pixels");
    let image = x.len() / batch;
    let compute = |(number, y): (usize, &mut [f32])| {
        let x = &x[number * image..(number + 1) * image];
        isa::run(Mean { x, y });
    };
    if x.len() < ALONE || batch == 1 {
        y.chunks_mut(channels).enumerate().for_each(compute);
    } else {
        y.par_chunks_mut(channels).enumerate().for_each(compute);
    }
}

/// The mean of the pixels of one image.
struct Mean<'a> {
    x: &'a [f32],
    y: &'a mut [f32],
}

impl NullaryFnOnce for Mean<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let channels = self.y.len();
        let factor = 1.0 / (self.x.len() / channels).max(1) as f64;
        let mut first = 0;
        while first < channels {
            let y = &mut self.y[first..];
            first += match channels - first {
                CHANNELS.. => mean::<CHANNELS>(self.x, channels, first, factor, y),
                8.. => mean::<8>(self.x, channels, first, factor, y),
                _ => mean::<1>(self.x, channels, first, factor, y),
            };
        }
    }
}

/// The means of so many channels from one on; how many these are.
#[inline(always)]
fn mean<const N: usize>(
    x: &[f32],
    channels: usize,
    first: usize,
    factor: f64,
    y: &mut [f32],
) -> usize {
    let mut sums = [0.0_f64; N];
    for x in x.chunks_exact(channels) {
        let x: &[f32; N] = x[first..].first_chunk().expect("so many channels from here on");
        for (sum, x) in sums.iter_mut().zip(x) {
            *sum += f64::from(*x);
        }
    }
    for (y, sum) in y.iter_mut().zip(sums) {
        *y = (sum * factor) as f32;
    }
    N
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(n: usize) -> Vec<f32> {
        (0..n).map(|i| ((i * 7919) % 1009) as f32 / 504.5 - 1.0).collect()
    }

    /// The plain twin: every place of every window by its coordinates.
    fn plain(x: &[f32], shape: &PoolShape, kind: Kind) -> Vec<f64> {
        let mut y = Vec::new();
        let count = shape.out_height * shape.out_width * shape.channels;
        for at in 0..shape.batch * count {
            let (image, at) = (at / count, at % count);
            let (pixel, channel) = (at / shape.channels, at % shape.channels);
            let (row, column) = (pixel / shape.out_width, pixel % shape.out_width);
            let (mut values, mut counted) = (Vec::new(), 0);
            for i in 0..shape.kernel[0] {
                for j in 0..shape.kernel[1] {
                    let i = row * shape.stride[0] + i * shape.dilation[0];
                    let j = column * shape.stride[1] + j * shape.dilation[1];
                    let [top, left, bottom, right] = shape.pads;
                    if i < top + shape.height + bottom && j < left + shape.width + right {
                        counted += 1;
                    }
                    let inside = (top..top + shape.height).contains(&i)
                        && (left..left + shape.width).contains(&j);
                    if inside {
                        let pixel = (image * shape.height + i - top) * shape.width + j - left;
                        values.push(f64::from(x[pixel * shape.channels + channel]));
                    }
                }
            }
            let sum: f64 = values.iter().sum();
            y.push(match kind {
                Kind::Max => values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
                Kind::Mean => sum / values.len().max(1) as f64,
                Kind::MeanWithPads => sum / f64::from(counted.max(1)),
            });
        }
        y
    }

    #[test]
    fn pools_agree_with_their_twin() {
        let of = |length: usize, kernel: usize, stride: usize, pads: usize, dilation: usize| {
            (length + pads).checked_sub((kernel - 1) * dilation + 1).map(|room| room / stride + 1)
        };
        let mut cases = 0;
        for channels in [1, 3, 8, 17, 64] {
            for (kernel, stride, pads, dilation) in [
                ([2, 2], [2, 2], [0; 4], [1, 1]),
                ([3, 3], [2, 2], [1; 4], [1, 1]),
                ([3, 2], [1, 3], [0, 1, 2, 0], [1, 1]),
                ([2, 3], [1, 2], [1, 2, 0, 1], [2, 3]),
                ([7, 7], [1, 1], [0; 4], [1, 1]),
                ([5, 5], [5, 5], [4, 4, 4, 4], [1, 1]),
            ] {
                for (batch, height, width) in [(1, 7, 9), (3, 12, 7), (2, 40, 33)] {
                    let out_height =
                        of(height, kernel[0], stride[0], pads[0] + pads[2], dilation[0]);
                    let out_width = of(width, kernel[1], stride[1], pads[1] + pads[3], dilation[1]);
                    let (Some(out_height), Some(out_width)) = (out_height, out_width) else {
                        continue;
                    };
                    // Once more than fits, as sizes that were rounded up are.
                    for out_height in [out_height, out_height + 1] {
                        let shape = PoolShape {
                            batch,
                            height,
                            width,
                            channels,
                            out_height,
                            out_width,
                            kernel,
                            stride,
                            pads,
                            dilation,
                        };
                        let x = sample(batch * height * width * channels);
                        for kind in [Kind::Max, Kind::Mean, Kind::MeanWithPads] {
                            check(&x, &shape, kind);
                            cases += 1;
                        }
                    }
                }
            }
        }
        assert!(cases > 400);
    }

    #[track_caller]
    fn check(x: &[f32], shape: &PoolShape, kind: Kind) {
        let len = shape.batch * shape.out_height * shape.out_width * shape.channels;
        let mut y = vec![7.0; len];
        match kind {
            Kind::Max => max_pool(x, shape, &mut y),
            Kind::Mean => average_pool(x, shape, false, &mut y),
            Kind::MeanWithPads => average_pool(x, shape, true, &mut y),
        }
        for (y, expect) in y.iter().zip(plain(x, shape, kind)) {
            let same = f64::from(*y) == expect;
            // Rounding of up to 49 sums of values up to 1.
            assert!(same || (f64::from(*y) - expect).abs() < 1e-5, "{kind:?} {shape:?}");
        }
    }

    #[test]
    fn the_mean_of_all_pixels_is_summed_in_double_precision() {
        for (batch, pixels, channels) in [(1, 49, 1280), (3, 64, 33), (2, 1000, 3), (40, 64, 64)] {
            let x = sample(batch * pixels * channels);
            let mut y = vec![0.0; batch * channels];
            global_average_pool(&x, batch, channels, &mut y);
            for (at, y) in y.iter().enumerate() {
                let x = &x[at / channels * pixels * channels..][..pixels * channels];
                let sum: f64 =
                    x.iter().skip(at % channels).step_by(channels).map(|x| f64::from(*x)).sum();
                assert!((f64::from(*y) - sum / pixels as f64).abs() < 1e-7);
            }
        }
    }
}
