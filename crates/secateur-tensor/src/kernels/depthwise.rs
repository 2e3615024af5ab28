//! Convolutions of each channel with a kernel of its own, of images whose channels lie side by
//! side.
//!
//! Vectors run over channels. Where the whole window of several pixels of a row lies in the image
//! they are computed together, so that a value of the image is read once for all of them; the
//! pixels at the edges are computed one at a time, without the places that are outside.

#![expect(clippy::inline_always, reason = "bodies are compiled anew for each instruction set")]

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::conv::ConvShape;
use super::epilogue::{Epilogue, Finish};
use super::isa::{self, Lanes, Octet};

/// Products that one task computes, about.
const TASK: usize = 200_000;
/// Products below which a layer stays on one thread.
const ALONE: usize = 50_000;

/// Packs a weight `[channels, places]` and a bias `[channels]`: for each eight channels a vector
/// of the bias and one for each place. The last eight channels are moved back to end with the
/// last channel.
pub(super) fn pack(
    weights: &[f32],
    bias: Option<&[f32]>,
    channels: usize,
    places: usize,
) -> Vec<Octet> {
    let mut values = Vec::new();
    for first in (0..channels).step_by(8) {
        let first = first.min(channels.saturating_sub(8));
        let channels = first..channels.min(first + 8);
        let mut octet = Octet::default();
        for (value, channel) in octet.0.iter_mut().zip(channels.clone()) {
            *value = bias.map_or(0.0, |bias| bias[channel]);
        }
        values.push(octet);
        for place in 0..places {
            for (value, channel) in octet.0.iter_mut().zip(channels.clone()) {
                *value = weights[channel * places + place];
            }
            values.push(octet);
        }
    }
    values
}

/// The convolution of `x: [batch, height, width, channels]` into
/// `y: [batch, out_height, out_width, channels]`. Lengths were checked.
pub(super) fn conv(
    lanes: Lanes,
    x: &[f32],
    shape: &ConvShape,
    values: &[Octet],
    epilogue: Epilogue<'_>,
    y: &mut [f32],
) {
    let row = shape.out_width() * shape.channels_out;
    // As many tasks for each of two threads.
    let tasks = (shape.macs() / TASK).max(1).next_multiple_of(2);
    let rows = (y.len() / row).div_ceil(tasks);
    let compute = |(piece, y): (usize, &mut [f32])| {
        let first = piece * rows;
        let finish = epilogue.finish();
        isa::run_on(lanes, Rows { x, shape, values, finish, first, y });
        if epilogue.activation.is_curve() {
            epilogue.activation.apply(y);
        }
    };
    if shape.macs() < ALONE {
        y.chunks_mut(rows * row).enumerate().for_each(compute);
    } else {
        y.par_chunks_mut(rows * row).enumerate().for_each(compute);
    }
}

/// Some rows of the result, of whatever images.
struct Rows<'a> {
    x: &'a [f32],
    shape: &'a ConvShape,
    values: &'a [Octet],
    finish: Finish<'a>,
    first: usize,
    y: &'a mut [f32],
}

impl WithSimd for Rows<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let shape = self.shape;
        if shape.channels_out < 8 {
            return self.narrow(simd);
        }
        // The last number is the pixels of a row that the windows of as many pixels as the one
        // before it says see: `(pixels - 1) * stride + kernel`.
        match (shape.kernel, shape.stride[1], shape.dilation) {
            ([3, 3], 1, [1, 1]) => self.rows::<S, 3, 1, 4, 6>(simd),
            ([3, 3], 2, [1, 1]) => self.rows::<S, 3, 2, 4, 9>(simd),
            ([5, 5], 1, [1, 1]) => self.rows::<S, 5, 1, 4, 8>(simd),
            ([5, 5], 2, [1, 1]) => self.rows::<S, 5, 2, 4, 11>(simd),
            _ => self.rows::<S, 0, 1, 1, 0>(simd),
        }
    }
}

/// A row of the result.
#[derive(Clone, Copy)]
struct Row<'a> {
    shape: &'a ConvShape,
    /// The image.
    x: &'a [f32],
    values: &'a [Octet],
    finish: Finish<'a>,
    /// The row of the image that the first row of the kernel meets, which may be above it.
    top: isize,
    /// Rows of the kernel that meet the image.
    down: (usize, usize),
    /// The first value of the row in the whole result.
    at: usize,
}

impl Rows<'_> {
    #[inline(always)]
    fn rows<S: Simd, const K: usize, const STEP: usize, const P: usize, const N: usize>(
        self,
        simd: S,
    ) {
        let shape = self.shape;
        let channels = shape.channels_out;
        let (height, width) = (shape.out_height(), shape.out_width());
        let of_image = shape.height * shape.width * channels;
        for (number, y) in self.y.chunks_exact_mut(width * channels).enumerate() {
            let (image, row) = ((self.first + number) / height, (self.first + number) % height);
            let top = (row * shape.stride[0]) as isize - shape.pads[0] as isize;
            let row = Row {
                shape,
                x: &self.x[image * of_image..(image + 1) * of_image],
                values: self.values,
                finish: self.finish,
                top,
                down: meeting(top, shape.kernel[0], shape.dilation[0], shape.height),
                at: (self.first + number) * width * channels,
            };
            if K == 0 {
                for (pixel, y) in y.chunks_exact_mut(channels).enumerate() {
                    row.pixel(simd, pixel, y);
                }
                continue;
            }
            let mut pixel = 0;
            while pixel < width {
                if width >= P {
                    // The last pixels may be computed twice.
                    let first = pixel.min(width - P);
                    row.pixels::<S, K, STEP, P, N>(simd, first, &mut y[first * channels..]);
                    pixel += P;
                } else {
                    row.pixels::<S, K, STEP, 1, K>(simd, pixel, &mut y[pixel * channels..]);
                    pixel += 1;
                }
            }
        }
    }

    /// Fewer channels than a vector has: vectors reach into the next pixels, whose sums are
    /// written after. Where there are none left, values are computed one at a time.
    #[inline(always)]
    fn narrow<S: Simd>(self, simd: S) {
        let shape = self.shape;
        let channels = shape.channels_out;
        let [rows, columns] = shape.kernel;
        let (height, width) = (shape.out_height(), shape.out_width());
        let of_image = shape.height * shape.width * channels;
        for (number, y) in self.y.chunks_exact_mut(width * channels).enumerate() {
            let (image, row) = ((self.first + number) / height, (self.first + number) % height);
            let x = &self.x[image * of_image..(image + 1) * of_image];
            let top = (row * shape.stride[0]) as isize - shape.pads[0] as isize;
            let down = meeting(top, rows, shape.dilation[0], shape.height);
            for pixel in 0..width {
                let start = (pixel * shape.stride[1]) as isize - shape.pads[1] as isize;
                let right = meeting(start, columns, shape.dilation[1], shape.width);
                let first = |i: usize| {
                    place(top, i * shape.dilation[0]) * shape.width
                        + place(start, right.0 * shape.dilation[1])
                };
                let step = shape.dilation[1] * channels;
                let taps = right.1 - right.0;
                // A window that lies in the padding meets nothing.
                let down = if taps == 0 { (0, 0) } else { down };
                let at = ((self.first + number) * width + pixel) * channels;
                let y = &mut y[pixel * channels..];
                let end = if down.0 == down.1 {
                    0
                } else {
                    first(down.1 - 1) * channels + (taps - 1) * step + 8
                };
                if let Some(y) = y.first_chunk_mut()
                    && end <= x.len()
                {
                    let mut sum = isa::load(simd, &self.values[0].0);
                    for i in down.0..down.1 {
                        let w = &self.values[1 + i * columns + right.0..][..taps];
                        let x = &x[first(i) * channels..];
                        for (j, w) in w.iter().enumerate() {
                            let x = isa::load(simd, isa::octet(x, j * step));
                            sum = isa::multiply_add(simd, x, isa::load(simd, &w.0), sum);
                        }
                    }
                    let mut sums = [[sum]];
                    self.finish.octets(simd, &mut sums, &[at], &[0]);
                    isa::store(simd, sums[0][0], y);
                    continue;
                }
                let mut sums = self.values[0].0;
                for i in down.0..down.1 {
                    let w = &self.values[1 + i * columns + right.0..][..taps];
                    for (j, w) in w.iter().enumerate() {
                        let x = &x[first(i) * channels + j * step..][..channels];
                        for ((sum, x), w) in sums.iter_mut().zip(x).zip(w.0) {
                            *sum += x * w;
                        }
                    }
                }
                for (i, (y, sum)) in y.iter_mut().zip(&sums[..channels]).enumerate() {
                    *y = self.finish.value(*sum, at + i);
                }
            }
        }
    }
}

/// A place that is known to lie in the image.
#[inline(always)]
fn place(start: isize, step: usize) -> usize {
    (start + step as isize) as usize
}

/// The places of a kernel, from one to before another, that meet an axis of the image.
#[inline(always)]
fn meeting(start: isize, kernel: usize, dilation: usize, length: usize) -> (usize, usize) {
    let before = (-start).max(0) as usize;
    let first = before.div_ceil(dilation).min(kernel);
    let left = (length as isize - start).max(0) as usize;
    let end = left.div_ceil(dilation).min(kernel);
    (first, end.max(first))
}

impl Row<'_> {
    /// Pixels from one on, whose windows of `K` rows and columns see `N` pixels of a row.
    #[inline(always)]
    fn pixels<S: Simd, const K: usize, const STEP: usize, const P: usize, const N: usize>(
        self,
        simd: S,
        pixel: usize,
        y: &mut [f32],
    ) {
        let left = (pixel * STEP) as isize - self.shape.pads[1] as isize;
        let seen = meeting(left, N, 1, self.shape.width);
        if seen == (0, N) {
            self.window::<S, K, STEP, P, N>(simd, pixel, left, (0, N), y);
        } else {
            self.window::<S, K, STEP, P, N>(simd, pixel, left, seen, y);
        }
    }

    /// The same; of the `N` pixels those from one to before another are in the image.
    #[inline(always)]
    #[expect(unsafe_code, reason = "checks of each value take as long as the products")]
    fn window<S: Simd, const K: usize, const STEP: usize, const P: usize, const N: usize>(
        self,
        simd: S,
        pixel: usize,
        left: isize,
        seen: (usize, usize),
        y: &mut [f32],
    ) {
        let Self { shape, x, .. } = self;
        let channels = shape.channels_out;
        assert!(channels >= 8 && x.len() == shape.height * shape.width * channels, "image");
        assert!(y.len() >= P * channels, "pixels");
        let is_inside = |start: isize, (first, end): (usize, usize), length: usize| {
            first >= end || (start + first as isize >= 0 && start + end as isize <= length as isize)
        };
        assert!(is_inside(left, seen, shape.width) && is_inside(self.top, self.down, shape.height));
        for (number, values) in self.values.chunks_exact(1 + K * K).enumerate() {
            let first = (8 * number).min(channels - 8);
            let mut sums = [[isa::load(simd, &values[0].0)]; P];
            for i in 0..K {
                if i < self.down.0 || i >= self.down.1 {
                    continue;
                }
                let corner = (self.top + i as isize) * shape.width as isize + left;
                let start = corner.wrapping_mul(channels as isize).wrapping_add(first as isize);
                let mut pixels = [simd.splat_f32s(0.0); N];
                for (j, pixel) in pixels.iter_mut().enumerate() {
                    if j >= seen.0 && j < seen.1 {
                        let at = (start as usize).wrapping_add(j * channels);
                        // SAFETY: row and column are in the image, `first + 8 <= channels`, and
                        // the image has so many values, all by the lines above.
                        let octet = unsafe { &*x.as_ptr().add(at).cast() };
                        *pixel = isa::load(simd, octet);
                    }
                }
                for j in 0..K {
                    let w = isa::load(simd, &values[1 + i * K + j].0);
                    for (p, [sum]) in sums.iter_mut().enumerate() {
                        *sum = isa::multiply_add(simd, pixels[p * STEP + j], w, *sum);
                    }
                }
            }
            let mut places = [0; P];
            for (p, place) in places.iter_mut().enumerate() {
                *place = self.at + (pixel + p) * channels;
            }
            self.finish.octets(simd, &mut sums, &places, &[first]);
            for (p, [sum]) in sums.into_iter().enumerate() {
                // SAFETY: `first + 8 <= channels`, and there are `P` pixels by the line above.
                let octet = unsafe { &mut *y.as_mut_ptr().add(p * channels + first).cast() };
                isa::store(simd, sum, octet);
            }
        }
    }

    /// One pixel, for kernels of any size.
    #[inline(always)]
    fn pixel<S: Simd>(self, simd: S, pixel: usize, y: &mut [f32]) {
        let shape = self.shape;
        let channels = shape.channels_out;
        let [rows, columns] = shape.kernel;
        let start = (pixel * shape.stride[1]) as isize - shape.pads[1] as isize;
        let right = meeting(start, columns, shape.dilation[1], shape.width);
        for (number, values) in self.values.chunks_exact(1 + rows * columns).enumerate() {
            let first = (8 * number).min(channels - 8);
            let mut sum = isa::load(simd, &values[0].0);
            for i in self.down.0..self.down.1 {
                let row = place(self.top, i * shape.dilation[0]) * shape.width;
                for j in right.0..right.1 {
                    let column = place(start, j * shape.dilation[1]);
                    let x = isa::octet(self.x, (row + column) * channels + first);
                    let w = isa::load(simd, &values[1 + i * columns + j].0);
                    sum = isa::multiply_add(simd, isa::load(simd, x), w, sum);
                }
            }
            let mut sums = [[sum]];
            self.finish.octets(simd, &mut sums, &[self.at + pixel * channels], &[first]);
            isa::store(simd, sums[0][0], y[first..].first_chunk_mut().expect("eight channels"));
        }
    }
}
