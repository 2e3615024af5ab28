//! Convolutions of images whose channels lie side by side (`[batch, height, width, channels]`).
//!
//! An ordinary convolution is a product of matrices whose left side is never written down: the
//! window of a pixel is a few runs of values of the image. A piece of the image is copied with a
//! border of zeros where windows reach over the edge. Depthwise convolutions have a file of their
//! own.

mod band;
mod grid;
mod tile;

#[cfg(test)]
mod tests;

use std::cell::RefCell;

use self::band::{Order, band_width, pad, place_runs, place_starts};
use self::grid::Grid;
use self::tile::{Panel, Piece};
use super::depthwise;
use super::epilogue::{Epilogue, Finish};
use super::isa::{self, Lanes, Octet};

/// Products that one task computes, about: long beside the handing over of a task.
const TASK: usize = 600_000;
/// Products below which a layer stays on one thread: waking another takes longer.
const ALONE: usize = 50_000;
/// Pixels that make it worth to read a part of the weight.
const PIXELS: usize = 32;
/// Values of a weight, or of pixels and their results, that stay in the nearest cache.
const NEAR: usize = 4 * 1024;
/// What numbers of pixels in a task are multiples of: they then fill tiles of every kind.
const TILES: usize = 24;

/// The shape of a convolution. The image is `[batch, height, width, channels_in]`, the result
/// `[batch, out_height, out_width, channels_out]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ConvShape {
    /// Images.
    pub batch: usize,
    /// Rows of an image.
    pub height: usize,
    /// Pixels of a row.
    pub width: usize,
    /// Channels of the image.
    pub channels_in: usize,
    /// Channels of the result.
    pub channels_out: usize,
    /// Rows and columns of the kernel.
    pub kernel: [usize; 2],
    /// Steps of the kernel down and to the right.
    pub stride: [usize; 2],
    /// Zeros around the image: top, left, bottom, right.
    pub pads: [usize; 4],
    /// Steps between the kernel's places down and to the right.
    pub dilation: [usize; 2],
    /// Groups that channels are divided into; each sees its own channels only.
    pub groups: usize,
}

impl ConvShape {
    /// Rows of the result.
    pub fn out_height(&self) -> usize {
        let [top, _, bottom, _] = self.pads;
        windows(self.height + top + bottom, self.kernel[0], self.stride[0], self.dilation[0])
    }

    /// Pixels in a row of the result.
    pub fn out_width(&self) -> usize {
        let [_, left, _, right] = self.pads;
        windows(self.width + left + right, self.kernel[1], self.stride[1], self.dilation[1])
    }

    /// Products of the convolution, those with the zeros around the image among them.
    pub fn macs(&self) -> usize {
        let pixels = self.batch * self.out_height() * self.out_width();
        let places = self.kernel[0] * self.kernel[1];
        pixels * self.channels_out * places * (self.channels_in / self.groups)
    }

    pub(super) fn is_padded(&self) -> bool {
        self.pads != [0; 4]
    }
}

/// Windows along an axis; none where the kernel is larger than the axis.
fn windows(length: usize, kernel: usize, stride: usize, dilation: usize) -> usize {
    let reach = (kernel - 1) * dilation + 1;
    if length < reach { 0 } else { (length - reach) / stride + 1 }
}

/// The weight of a convolution in the order in which it is read. It serves images of any size.
#[derive(Debug, Clone)]
pub struct PackedConv {
    kind: Kind,
    channels_out: usize,
    channels_in: usize,
    kernel: [usize; 2],
    groups: usize,
}

#[derive(Debug, Clone)]
enum Kind {
    /// One vector of the bias and one for each place of the kernel, for each eight channels.
    Depthwise(Vec<Octet>),
    Panels(Vec<Octet>, Vec<Panel>),
}

impl PackedConv {
    /// Packs a weight `[channels_out, channels_in / groups, kernel rows, kernel columns]`, as ONNX
    /// stores it, and a bias `[channels_out]`.
    ///
    /// # Panics
    /// When lengths do not fit.
    pub fn new(
        weights: &[f32],
        bias: Option<&[f32]>,
        channels_out: usize,
        channels_in: usize,
        kernel: [usize; 2],
        groups: usize,
    ) -> Self {
        assert!(groups > 0 && kernel[0] > 0 && kernel[1] > 0, "a kernel with places");
        assert!(channels_in.is_multiple_of(groups), "{channels_in} channels in {groups} groups");
        assert!(channels_out.is_multiple_of(groups), "{channels_out} channels in {groups} groups");
        let places = kernel[0] * kernel[1];
        assert_eq!(weights.len(), channels_out * channels_in / groups * places, "weight");
        assert!(bias.is_none_or(|bias| bias.len() == channels_out), "bias");
        let is_depthwise = groups > 1 && channels_in == groups && channels_out == groups;
        let kind = if is_depthwise {
            Kind::Depthwise(depthwise::pack(weights, bias, channels_out, places))
        } else {
            let (values, panels) =
                pack(weights, bias, [channels_out / groups, channels_in / groups, places], groups);
            Kind::Panels(values, panels)
        };
        Self { kind, channels_out, channels_in, kernel, groups }
    }

    /// Packs the weight `[out, in]` and the bias `[out]` of a linear layer.
    ///
    /// # Panics
    /// When lengths do not fit.
    pub fn linear(weights: &[f32], bias: Option<&[f32]>, out: usize, inner: usize) -> Self {
        Self::new(weights, bias, out, inner, [1, 1], 1)
    }

    /// Channels of the result.
    pub fn channels_out(&self) -> usize {
        self.channels_out
    }

    /// Channels of the image.
    pub fn channels_in(&self) -> usize {
        self.channels_in
    }
}

/// Packs the channels of each group into panels of 16, the last of 8, 16 or 24.
fn pack(
    weights: &[f32],
    bias: Option<&[f32]>,
    [out, input, places]: [usize; 3],
    groups: usize,
) -> (Vec<Octet>, Vec<Panel>) {
    let (mut values, mut panels) = (Vec::new(), Vec::new());
    for group in 0..groups {
        let mut first = 0;
        while first < out {
            let rest = out - first;
            let vectors = match rest {
                ..=8 => 1,
                17..=24 => 3,
                _ => 2,
            };
            let mut columns = [0; 3];
            for (v, column) in columns.iter_mut().enumerate().take(vectors) {
                *column = group * out + (first + 8 * v).min(out.saturating_sub(8));
            }
            let width = out.min(8);
            let start = values.len();
            panels.push(Panel { start, vectors, columns, width, input: group * input });
            let columns = &columns[..vectors];
            let vector = |column: usize, read: &dyn Fn(usize) -> f32| {
                let mut octet = Octet::default();
                for (i, value) in octet.0.iter_mut().enumerate().take(width) {
                    *value = read(column + i);
                }
                octet
            };
            let bias = |channel: usize| bias.map_or(0.0, |bias| bias[channel]);
            values.extend(columns.iter().map(|column| vector(*column, &bias)));
            for place in 0..places {
                for i in 0..input {
                    let read = |channel: usize| weights[(channel * input + i) * places + place];
                    values.extend(columns.iter().map(|column| vector(*column, &read)));
                }
            }
            first += 8 * vectors;
        }
    }
    (values, panels)
}

/// The convolution of images `x: [batch, height, width, channels_in]` into
/// `y: [batch, out_height, out_width, channels_out]`.
///
/// # Panics
/// When lengths or the packed weight do not fit the shape, or a stride or dilation is zero.
pub fn conv(
    x: &[f32],
    shape: &ConvShape,
    packed: &PackedConv,
    epilogue: Epilogue<'_>,
    y: &mut [f32],
) {
    conv_on(Lanes::Widest, x, Order::ChannelsLast, shape, packed, epilogue, y);
}

/// The convolution of plain images `x: [batch, channels_in, height, width]` of a few channels, as
/// networks get them, into `y: [batch, out_height, out_width, channels_out]`.
///
/// # Panics
/// When lengths or the packed weight do not fit the shape, or the weight is depthwise.
pub fn conv_plain(
    x: &[f32],
    shape: &ConvShape,
    packed: &PackedConv,
    epilogue: Epilogue<'_>,
    y: &mut [f32],
) {
    conv_on(Lanes::Widest, x, Order::Plain, shape, packed, epilogue, y);
}

/// A linear layer: `x: [rows, channels_in]` into `y: [rows, channels_out]`, with the weight of a
/// convolution of one place.
///
/// # Panics
/// When lengths do not fit the packed weight, or it has more places or groups than one.
pub fn linear(x: &[f32], packed: &PackedConv, epilogue: Epilogue<'_>, y: &mut [f32]) {
    let rows = x.len() / packed.channels_in;
    let shape = ConvShape {
        batch: rows,
        height: 1,
        width: 1,
        channels_in: packed.channels_in,
        channels_out: packed.channels_out,
        kernel: [1, 1],
        stride: [1, 1],
        pads: [0; 4],
        dilation: [1, 1],
        groups: 1,
    };
    conv(x, &shape, packed, epilogue, y);
}

fn conv_on(
    lanes: Lanes,
    x: &[f32],
    order: Order,
    shape: &ConvShape,
    packed: &PackedConv,
    epilogue: Epilogue<'_>,
    y: &mut [f32],
) {
    let of_weight = (packed.channels_in, packed.channels_out, packed.kernel, packed.groups);
    let wanted = (shape.channels_in, shape.channels_out, shape.kernel, shape.groups);
    assert_eq!(of_weight, wanted, "the weight fits the shape");
    assert!(shape.stride.iter().chain(&shape.dilation).all(|step| *step > 0), "steps");
    assert_eq!(x.len(), shape.batch * shape.height * shape.width * shape.channels_in, "image");
    let (height, width) = (shape.out_height(), shape.out_width());
    assert_eq!(y.len(), shape.batch * height * width * shape.channels_out, "result");
    assert!(epilogue.residual.is_none_or(|residual| residual.len() == y.len()), "residual");
    if y.is_empty() {
        return;
    }
    let (values, panels) = match &packed.kind {
        Kind::Panels(values, panels) => (values, panels),
        Kind::Depthwise(values) => {
            assert_eq!(order, Order::ChannelsLast, "a depthwise convolution of plain images");
            return depthwise::conv(lanes, x, shape, values, epilogue, y);
        }
    };
    let mut shape = *shape;
    let is_product =
        shape.kernel == [1, 1] && shape.stride == [1, 1] && !shape.is_padded() && shape.groups == 1;
    if is_product && order == Order::ChannelsLast {
        // All pixels are alike, of whatever row and image.
        shape = ConvShape {
            batch: 1,
            height: 1,
            width: shape.batch * shape.height * shape.width,
            ..shape
        };
    }
    let job = Job::new(lanes, x, order, &shape, values, panels.len(), epilogue);
    job.split(Grid::new(y, shape.channels_out), panels, 0);
}

/// A convolution, and how it is cut into pieces. Sizes depend on the shape alone.
struct Job<'a> {
    lanes: Lanes,
    x: &'a [f32],
    order: Order,
    shape: ConvShape,
    values: &'a [Octet],
    epilogue: Epilogue<'a>,
    finish: Finish<'a>,
    out_width: usize,
    /// Pixels of an image of the result.
    image: usize,
    /// Pixels and panels of a piece.
    pixels: usize,
    panels: usize,
    /// Pixels that all panels go over before the next are taken.
    block: usize,
    is_parallel: bool,
}

/// Divides a whole into equal parts: their size, given about what it should be.
fn even(whole: usize, part: usize, multiple: usize) -> usize {
    let parts = (whole / part.max(1)).max(1);
    let parts = if parts > 1 { parts.next_multiple_of(2) } else { 1 };
    whole.div_ceil(parts).next_multiple_of(multiple)
}

impl<'a> Job<'a> {
    fn new(
        lanes: Lanes,
        x: &'a [f32],
        order: Order,
        shape: &ConvShape,
        values: &'a [Octet],
        panels: usize,
        epilogue: Epilogue<'a>,
    ) -> Self {
        let (height, width) = (shape.out_height(), shape.out_width());
        let image = height * width;
        let inner = shape.kernel[0] * shape.kernel[1] * shape.channels_in / shape.groups;
        // A small layer makes two tasks.
        let task = TASK.min(shape.macs().div_ceil(2));
        let wanted = (task / (inner * shape.channels_out).max(1)).max(PIXELS).min(image);
        let pixels = if height == 1 {
            even(width, wanted, TILES)
        } else {
            even(height, wanted.div_ceil(width), 1) * width
        };
        let pixels = pixels.min(image);
        // A small weight stays in the nearest cache, and pixels go by; else it is the other way.
        let block = if inner * shape.channels_out <= NEAR {
            (NEAR / (shape.channels_in + shape.channels_out) / TILES).max(1) * TILES
        } else {
            usize::MAX
        };
        let of_panel = pixels * inner * shape.channels_out.div_ceil(panels);
        let panels = even(panels, task / of_panel.max(1), 1);
        Self {
            lanes,
            x,
            order,
            shape: *shape,
            values,
            epilogue,
            finish: epilogue.finish(),
            out_width: width,
            image,
            pixels,
            panels,
            block,
            is_parallel: shape.macs() >= ALONE,
        }
    }

    /// Cuts a part of the result, from a pixel on, into pieces, and computes them.
    fn split(&self, y: Grid<'_>, panels: &[Panel], pixel: usize) {
        let unit = if y.pixels() > self.image { self.image } else { self.pixels };
        if y.pixels() > unit {
            let at = y.pixels().div_ceil(unit) / 2 * unit;
            let (before, after) = y.split_pixels(at);
            self.both(
                || self.split(before, panels, pixel),
                || self.split(after, panels, pixel + at),
            );
        } else if panels.len() > self.panels {
            let at = panels.len().div_ceil(self.panels) / 2 * self.panels;
            let (left, right) = panels.split_at(at);
            let (before, after) = y.split_columns(right[0].columns[0] - left[0].columns[0]);
            self.both(|| self.split(before, left, pixel), || self.split(after, right, pixel));
        } else {
            SCRATCH.with_borrow_mut(|scratch| self.compute(y, panels, pixel, scratch));
        }
    }

    fn both(&self, first: impl FnOnce() + Send, second: impl FnOnce() + Send) {
        if self.is_parallel {
            rayon::join(first, second);
        } else {
            first();
            second();
        }
    }

    /// Computes a piece: some rows of one image, or some pixels where it has one row.
    fn compute(&self, mut y: Grid<'_>, panels: &[Panel], pixel: usize, scratch: &mut Scratch) {
        let shape = &self.shape;
        let channels = shape.channels_in;
        let (image, row) = (pixel / self.image, pixel % self.image / self.out_width);
        let column = pixel % self.out_width;
        let Scratch { band, starts, runs } = scratch;
        let of_image = shape.height * shape.width * channels;
        let x = &self.x[image * of_image..(image + 1) * of_image];
        let (x, width, first_row) = if shape.is_padded() || self.order == Order::Plain {
            let rows = y.pixels().div_ceil(self.out_width);
            let x = pad(x, self.order, shape, [row, rows, self.out_width], band);
            (x, band_width(shape, self.out_width), row)
        } else {
            (x, shape.width, 0)
        };
        place_starts(starts, shape, width, [row - first_row, column], [y.pixels(), self.out_width]);
        let len = place_runs(runs, shape, width);
        let first_column = panels[0].columns[0];
        let (pixels, columns) = (y.pixels(), y.columns());
        let piece = Piece {
            x,
            starts,
            runs,
            len,
            values: self.values,
            panels,
            block: self.block,
            finish: self.finish,
            y: y.reborrow(),
            pixel,
            column: first_column,
            channels: shape.channels_out,
        };
        isa::run_on(self.lanes, piece);
        if self.epilogue.activation.is_curve() {
            for pixel in 0..pixels {
                self.epilogue.activation.apply(y.row(pixel, 0, columns));
            }
        }
    }
}

/// Memory of a thread for the pieces it computes.
#[derive(Default)]
struct Scratch {
    band: Vec<f32>,
    starts: Vec<usize>,
    runs: Vec<usize>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}
