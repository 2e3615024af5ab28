//! Images with channels one after another (`[batch, channels, pixels]`, plain) and side by side
//! (`[batch, pixels, channels]`, channels last).

#![expect(clippy::inline_always, reason = "bodies are compiled anew for each instruction set")]

use pulp::NullaryFnOnce;
use rayon::prelude::*;

use super::isa;

/// Values that one task moves, about.
const TASK: usize = 64 * 1024;
/// Values below which one thread moves all.
const ALONE: usize = 64 * 1024;
/// Rows and columns that are turned at a time.
const BLOCK: usize = 8;

/// `x: [batch, channels, pixels]` into `y: [batch, pixels, channels]`.
///
/// # Panics
/// When lengths do not fit.
pub fn to_channels_last(x: &[f32], batch: usize, channels: usize, pixels: usize, y: &mut [f32]) {
    transpose(x, [batch, channels, pixels], y);
}

/// `x: [batch, pixels, channels]` into `y: [batch, channels, pixels]`.
///
/// # Panics
/// When lengths do not fit.
pub fn to_plain(x: &[f32], batch: usize, channels: usize, pixels: usize, y: &mut [f32]) {
    transpose(x, [batch, pixels, channels], y);
}

fn transpose(x: &[f32], [batch, rows, columns]: [usize; 3], y: &mut [f32]) {
    assert!(x.len() == batch * rows * columns && y.len() == x.len(), "lengths");
    if x.is_empty() {
        return;
    }
    let image = rows * columns;
    let part = (TASK / rows).max(1).next_multiple_of(BLOCK);
    let each = |image: &[f32], part_number: usize, y: &mut [f32]| {
        isa::run(Transpose { x: image, rows, columns, first: part_number * part, y });
    };
    if x.len() < ALONE {
        for (x, y) in x.chunks_exact(image).zip(y.chunks_exact_mut(image)) {
            y.chunks_mut(part * rows).enumerate().for_each(|(number, y)| each(x, number, y));
        }
    } else {
        let images = x.par_chunks_exact(image).zip(y.par_chunks_exact_mut(image));
        images.for_each(|(x, y)| {
            let parts = y.par_chunks_mut(part * rows).enumerate();
            parts.for_each(|(number, y)| each(x, number, y));
        });
    }
}

/// Some columns of `x: [rows, columns]`, from one on, as rows of `y`.
struct Transpose<'a> {
    x: &'a [f32],
    rows: usize,
    columns: usize,
    first: usize,
    y: &'a mut [f32],
}

impl NullaryFnOnce for Transpose<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { x, rows, columns, .. } = self;
        if rows <= 4 {
            return Interleave { x, rows, columns, first: self.first, y: self.y }.call();
        }
        let whole = rows / BLOCK * BLOCK;
        for (number, y) in self.y.chunks_mut(BLOCK * rows).enumerate() {
            let first = self.first + number * BLOCK;
            let mut done = 0;
            if y.len() == BLOCK * rows {
                for row in (0..whole).step_by(BLOCK) {
                    let mut block = [[0.0; BLOCK]; BLOCK];
                    for (i, block) in block.iter_mut().enumerate() {
                        block.copy_from_slice(&x[(row + i) * columns + first..][..BLOCK]);
                    }
                    for j in 0..BLOCK {
                        let mut turned = [0.0; BLOCK];
                        for i in 0..BLOCK {
                            turned[i] = block[i][j];
                        }
                        y[j * rows + row..][..BLOCK].copy_from_slice(&turned);
                    }
                }
                done = whole;
            }
            for row in done..rows {
                let x = &x[row * columns + first..][..y.len() / rows];
                for (y, x) in y[row..].iter_mut().step_by(rows).zip(x) {
                    *y = *x;
                }
            }
        }
    }
}

/// Some columns of `x: [rows, columns]`, from one on, each as values one after the other.
pub(super) struct Interleave<'a> {
    pub(super) x: &'a [f32],
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) first: usize,
    pub(super) y: &'a mut [f32],
}

impl NullaryFnOnce for Interleave<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { x, rows, columns, first, y } = self;
        match rows {
            1 => y.copy_from_slice(&x[first..first + y.len()]),
            2 => interleave::<2>(x, columns, first, y),
            3 => interleave::<3>(x, columns, first, y),
            4 => interleave::<4>(x, columns, first, y),
            _ => {
                for (i, y) in y.chunks_exact_mut(rows).enumerate() {
                    for (row, y) in y.iter_mut().enumerate() {
                        *y = x[row * columns + first + i];
                    }
                }
            }
        }
    }
}

#[inline(always)]
fn interleave<const R: usize>(x: &[f32], columns: usize, first: usize, y: &mut [f32]) {
    let (y, _) = y.as_chunks_mut::<R>();
    let rows: [&[f32]; R] = std::array::from_fn(|r| &x[r * columns + first..][..y.len()]);
    for (i, y) in y.iter_mut().enumerate() {
        for (y, row) in y.iter_mut().zip(&rows) {
            *y = row[i];
        }
    }
}

/// `x *= s` for `x: [batch, pixels, channels]` and one factor for each channel of an image,
/// `s: [batch, channels]`.
///
/// # Panics
/// When lengths do not fit.
pub fn scale_channels(x: &mut [f32], batch: usize, s: &[f32]) {
    if x.is_empty() {
        return;
    }
    assert!(batch > 0 && s.len().is_multiple_of(batch), "factors for each image");
    let channels = s.len() / batch;
    assert!(x.len().is_multiple_of(s.len()), "images of whole pixels");
    let image = x.len() / batch;
    let part = (TASK / channels).max(1) * channels;
    let each = |(x, s): (&mut [f32], &[f32])| isa::run(Scale { x, s });
    if x.len() < ALONE {
        x.chunks_exact_mut(image).zip(s.chunks_exact(channels)).for_each(each);
    } else {
        let images = x.par_chunks_exact_mut(image).zip(s.par_chunks_exact(channels));
        images.for_each(|(x, s)| x.par_chunks_mut(part).for_each(|x| each((x, s))));
    }
}

struct Scale<'a> {
    x: &'a mut [f32],
    s: &'a [f32],
}

impl NullaryFnOnce for Scale<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        for x in self.x.chunks_exact_mut(self.s.len()) {
            for (x, s) in x.iter_mut().zip(self.s) {
                *x *= s;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_give_what_their_coordinates_say() {
        for (batch, channels, pixels) in
            [(1, 3, 1024), (2, 16, 64), (3, 17, 49), (1, 64, 3000), (2, 7, 5), (40, 64, 64)]
        {
            let x: Vec<f32> = (0..batch * channels * pixels).map(|i| i as f32).collect();
            let (mut last, mut back) = (vec![-1.0; x.len()], vec![-1.0; x.len()]);
            to_channels_last(&x, batch, channels, pixels, &mut last);
            for (at, value) in last.iter().enumerate() {
                let (pixel, channel) = (at / channels, at % channels);
                let (image, pixel) = (pixel / pixels, pixel % pixels);
                assert_eq!(*value, x[(image * channels + channel) * pixels + pixel]);
            }
            to_plain(&last, batch, channels, pixels, &mut back);
            assert_eq!(back, x);
        }
    }

    #[test]
    fn each_channel_of_each_image_has_its_factor() {
        for (batch, pixels, channels) in [(1, 4, 3), (3, 500, 72), (2, 1, 8)] {
            let x: Vec<f32> = (0..batch * channels * pixels).map(|i| (i % 97) as f32).collect();
            let s: Vec<f32> = (0..batch * channels).map(|i| i as f32 / 8.0).collect();
            let mut y = x.clone();
            scale_channels(&mut y, batch, &s);
            for (at, (y, x)) in y.iter().zip(&x).enumerate() {
                let image = at / (pixels * channels);
                assert_eq!(*y, x * s[image * channels + at % channels]);
            }
        }
    }
}
