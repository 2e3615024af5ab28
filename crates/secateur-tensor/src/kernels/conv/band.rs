//! The part of an image that a piece of a convolution reads, and where its windows are.

use super::super::isa;
use super::super::layout::Interleave;
use super::ConvShape;

/// The order in which an image lies in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    ChannelsLast,
    /// Its rows are put in order as they are read.
    Plain,
}

/// Where the windows of pixels start, from a row and column of the result on, in an image of
/// rows of so many pixels.
pub(super) fn place_starts(
    starts: &mut Vec<usize>,
    shape: &ConvShape,
    width: usize,
    [row, column]: [usize; 2],
    [pixels, out_width]: [usize; 2],
) {
    starts.clear();
    let (mut row, mut column) = (row, column);
    while starts.len() < pixels {
        let count = (out_width - column).min(pixels - starts.len());
        let first = row * shape.stride[0] * width;
        let at = |column| (first + column * shape.stride[1]) * shape.channels_in;
        starts.extend((column..column + count).map(at));
        (row, column) = (row + 1, 0);
    }
}

/// Where the runs of a window start from the start of the window; the length of a run.
pub(super) fn place_runs(runs: &mut Vec<usize>, shape: &ConvShape, width: usize) -> usize {
    let ([rows, columns], [down, right]) = (shape.kernel, shape.dilation);
    // Where places of the kernel are neighbors, a row of it is one run.
    let is_run = shape.groups == 1 && (right == 1 || columns == 1);
    let (runs_of_row, len) = if is_run { (1, columns) } else { (columns, 1) };
    runs.clear();
    for row in 0..rows {
        let first = row * down * width;
        runs.extend((0..runs_of_row).map(|run| (first + run * right) * shape.channels_in));
    }
    len * shape.channels_in / shape.groups
}

/// Pixels of a row of an image with its border, as far as windows reach.
pub(super) fn band_width(shape: &ConvShape, out_width: usize) -> usize {
    (out_width - 1) * shape.stride[1] + (shape.kernel[1] - 1) * shape.dilation[1] + 1
}

/// Copies the rows of an image that some rows of the result see, with their border of zeros: from
/// a row of the result on, so many, of so many pixels.
pub(super) fn pad<'b>(
    x: &[f32],
    order: Order,
    shape: &ConvShape,
    [row, rows, out_width]: [usize; 3],
    band: &'b mut Vec<f32>,
) -> &'b [f32] {
    let channels = shape.channels_in;
    let [top, left, ..] = shape.pads;
    let width = band_width(shape, out_width);
    let first = row * shape.stride[0];
    let count = (rows - 1) * shape.stride[0] + (shape.kernel[0] - 1) * shape.dilation[0] + 1;
    let len = count * width * channels;
    if band.len() < len {
        band.resize(len, 0.0);
    }
    let start = left.min(width) * channels;
    let copied = shape.width.min(width.saturating_sub(left)) * channels;
    let band = &mut band[..len];
    for (at, values) in band.chunks_exact_mut(width * channels).enumerate() {
        let row = (first + at).checked_sub(top).filter(|row| *row < shape.height);
        let Some(row) = row else {
            values.fill(0.0);
            continue;
        };
        values[..start].fill(0.0);
        values[start + copied..].fill(0.0);
        let y = &mut values[start..start + copied];
        match order {
            Order::ChannelsLast => {
                let from = row * shape.width * channels;
                y.copy_from_slice(&x[from..from + copied]);
            }
            Order::Plain => {
                let (columns, first) = (shape.height * shape.width, row * shape.width);
                isa::run(Interleave { x, rows: channels, columns, first, y });
            }
        }
    }
    band
}
