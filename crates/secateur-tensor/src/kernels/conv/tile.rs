//! The inner loops of a convolution: a block of pixels and channels is summed in registers.
//!
//! A pixel's window is a few runs of values that lie side by side: where each starts is the sum of
//! the place of the pixel and of the run. Each result is summed from the bias on in the order of
//! the weight, whatever tile and piece it falls into.

#![expect(clippy::inline_always, reason = "bodies are compiled anew for each instruction set")]

use pulp::{Simd, WithSimd};

use super::super::epilogue::Finish;
use super::super::isa::{self, Octet};
use super::grid::Grid;

/// A panel of a packed weight: one to three vectors of channels of one group.
#[derive(Debug, Clone, Copy)]
pub(super) struct Panel {
    /// The first of its vectors of values: the bias, then the products' factors by place.
    pub(super) start: usize,
    pub(super) vectors: usize,
    /// The first channel of the result of each vector. The last vector of a group is moved back
    /// so that it ends with the group: some channels then stand in two vectors.
    pub(super) columns: [usize; 3],
    /// Channels of the result of a vector: fewer than eight only where a group has fewer.
    pub(super) width: usize,
    /// The first channel of the input of the group.
    pub(super) input: usize,
}

/// A piece of a result: some pixels, and the channels of some panels.
pub(super) struct Piece<'a> {
    pub(super) x: &'a [f32],
    /// Where the window of each pixel starts in `x`.
    pub(super) starts: &'a [usize],
    /// Where the runs of a window start from there.
    pub(super) runs: &'a [usize],
    /// Values of a run.
    pub(super) len: usize,
    pub(super) values: &'a [Octet],
    pub(super) panels: &'a [Panel],
    pub(super) finish: Finish<'a>,
    pub(super) y: Grid<'a>,
    /// Pixels that all panels go over before the next are taken.
    pub(super) block: usize,
    /// The first pixel and channel of `y` in the whole result, and its channels.
    pub(super) pixel: usize,
    pub(super) column: usize,
    pub(super) channels: usize,
}

impl WithSimd for Piece<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let mut panels = self.panels;
        if self.starts.len() == 1 {
            // One pixel: the weight is read once, in several streams.
            while let Some(four) = panels.first_chunk::<4>()
                && four.iter().all(|panel| panel.vectors == 2)
            {
                self.four(simd, four);
                panels = &panels[4..];
            }
        }
        for first in (0..self.starts.len()).step_by(self.block) {
            let end = self.starts.len().min(first.saturating_add(self.block));
            for panel in panels {
                // As many sums as registers hold beside the panel's values and one of `x`.
                match panel.vectors {
                    1 => self.panel::<S, 8, 1>(simd, panel, first, end),
                    2 => self.panel::<S, 6, 2>(simd, panel, first, end),
                    _ => self.panel::<S, 3, 3>(simd, panel, first, end),
                }
            }
        }
    }
}

impl Piece<'_> {
    /// The pixels from one to before another.
    #[inline(always)]
    fn panel<S: Simd, const R: usize, const V: usize>(
        &mut self,
        simd: S,
        panel: &Panel,
        first: usize,
        end: usize,
    ) {
        let mut at = first;
        while at + R <= end {
            self.tile::<S, R, V>(simd, panel, at);
            at += R;
        }
        if R > 4 && at + 4 <= end {
            self.tile::<S, 4, V>(simd, panel, at);
            at += 4;
        }
        match end - at {
            0 => {}
            1 => self.tile::<S, 1, V>(simd, panel, at),
            2 => self.tile::<S, 2, V>(simd, panel, at),
            _ if R > 3 => self.tile::<S, 3, V>(simd, panel, at),
            _ => unreachable!("a tile of three pixels is a whole one"),
        }
    }

    #[inline(always)]
    fn tile<S: Simd, const R: usize, const V: usize>(
        &mut self,
        simd: S,
        panel: &Panel,
        first: usize,
    ) {
        let places = self.runs.len() * self.len;
        let values = &self.values[panel.start..panel.start + (1 + places) * V];
        let mut sums = [[simd.splat_f32s(0.0); V]; R];
        for v in 0..V {
            let bias = isa::load(simd, &values[v].0);
            for row in &mut sums {
                row[v] = bias;
            }
        }
        let mut starts = [0; R];
        for (start, pixel) in starts.iter_mut().zip(&self.starts[first..first + R]) {
            *start = pixel + panel.input;
        }
        for (number, run) in self.runs.iter().enumerate() {
            let values = &values[(1 + number * self.len) * V..][..self.len * V];
            let values = values.as_chunks::<V>().0;
            let mut x: [&[f32]; R] = [&[]; R];
            for r in 0..R {
                x[r] = &self.x[starts[r] + run..][..values.len()];
            }
            for (place, octets) in values.iter().enumerate() {
                let mut w = [simd.splat_f32s(0.0); V];
                for v in 0..V {
                    w[v] = isa::load(simd, &octets[v].0);
                }
                for r in 0..R {
                    let x = simd.splat_f32s(x[r][place]);
                    for v in 0..V {
                        sums[r][v] = isa::multiply_add(simd, x, w[v], sums[r][v]);
                    }
                }
            }
        }
        self.write(simd, panel, first, sums);
    }

    #[inline(always)]
    fn write<S: Simd, const R: usize, const V: usize>(
        &mut self,
        simd: S,
        panel: &Panel,
        first: usize,
        mut sums: [[S::f32s; V]; R],
    ) {
        if panel.width < 8 {
            let mut values = [[0.0; 8]; R];
            for r in 0..R {
                isa::store(simd, sums[r][0], &mut values[r]);
            }
            return self.write_narrow(panel, first, &values);
        }
        let mut columns = [0; V];
        columns.copy_from_slice(&panel.columns[..V]);
        let mut places = [0; R];
        for (r, place) in places.iter_mut().enumerate() {
            *place = (self.pixel + first + r) * self.channels;
        }
        self.finish.octets(simd, &mut sums, &places, &columns);
        for column in &mut columns {
            *column -= self.column;
        }
        self.y.store(simd, first, &columns, &sums);
    }

    /// Writes fewer channels than a vector has.
    fn write_narrow(&mut self, panel: &Panel, first: usize, sums: &[[f32; 8]]) {
        let column = panel.columns[0];
        for (r, sums) in sums.iter().enumerate() {
            let y = self.y.row(first + r, column - self.column, panel.width);
            let at = (self.pixel + first + r) * self.channels + column;
            for (i, (y, sum)) in y.iter_mut().zip(sums).enumerate() {
                *y = self.finish.value(*sum, at + i);
            }
        }
    }

    /// One pixel with four panels of two vectors.
    #[inline(always)]
    fn four<S: Simd>(&mut self, simd: S, panels: &[Panel; 4]) {
        let places = self.runs.len() * self.len;
        let of = |panel: &Panel| &self.values[panel.start..panel.start + (1 + places) * 2];
        let values = [of(&panels[0]), of(&panels[1]), of(&panels[2]), of(&panels[3])];
        let mut sums = [[[simd.splat_f32s(0.0); 2]; 1]; 4];
        for p in 0..4 {
            for v in 0..2 {
                sums[p][0][v] = isa::load(simd, &values[p][v].0);
            }
        }
        for (number, run) in self.runs.iter().enumerate() {
            let start = 2 * (1 + number * self.len);
            let mut parts: [&[[Octet; 2]]; 4] = [&[]; 4];
            for p in 0..4 {
                parts[p] = values[p][start..start + 2 * self.len].as_chunks().0;
            }
            // All panels of a piece that are taken together are of one group.
            let mut x: [&[f32]; 4] = [&[]; 4];
            for p in 0..4 {
                x[p] = &self.x[self.starts[0] + panels[p].input + run..][..self.len];
            }
            for place in 0..self.len {
                for p in 0..4 {
                    let x = simd.splat_f32s(x[p][place]);
                    for v in 0..2 {
                        let w = isa::load(simd, &parts[p][place][v].0);
                        sums[p][0][v] = isa::multiply_add(simd, x, w, sums[p][0][v]);
                    }
                }
            }
        }
        for p in 0..4 {
            self.write(simd, &panels[p], 0, sums[p]);
        }
    }
}
