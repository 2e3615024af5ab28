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
        for panel in panels {
            // As many sums as registers hold beside the panel's values and one of `x`.
            match panel.vectors {
                1 => self.panel::<S, 8, 1>(simd, panel),
                2 => self.panel::<S, 6, 2>(simd, panel),
                _ => self.panel::<S, 4, 3>(simd, panel),
            }
        }
    }
}

impl Piece<'_> {
    #[inline(always)]
    fn panel<S: Simd, const R: usize, const V: usize>(&mut self, simd: S, panel: &Panel) {
        let pixels = self.starts.len();
        let full = pixels / R * R;
        for first in (0..full).step_by(R) {
            self.tile::<S, R, V>(simd, panel, first);
        }
        match pixels - full {
            0 => {}
            1 => self.tile::<S, 1, V>(simd, panel, full),
            2 => self.tile::<S, 2, V>(simd, panel, full),
            3 => self.tile::<S, 3, V>(simd, panel, full),
            rest => {
                self.tile::<S, 4, V>(simd, panel, full);
                match rest - 4 {
                    0 => {}
                    1 => self.tile::<S, 1, V>(simd, panel, full + 4),
                    2 => self.tile::<S, 2, V>(simd, panel, full + 4),
                    _ => self.tile::<S, 3, V>(simd, panel, full + 4),
                }
            }
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
        let (values, _) = values.as_chunks::<V>();
        let mut sums = [[simd.splat_f32s(0.0); V]; R];
        for row in &mut sums {
            for (sum, bias) in row.iter_mut().zip(&values[0]) {
                *sum = isa::load(simd, &bias.0);
            }
        }
        let mut starts = [0; R];
        for (start, pixel) in starts.iter_mut().zip(&self.starts[first..first + R]) {
            *start = pixel + panel.input;
        }
        for (run, values) in self.runs.iter().zip(values[1..].chunks_exact(self.len)) {
            let mut x: [&[f32]; R] = [&[]; R];
            for r in 0..R {
                x[r] = &self.x[starts[r] + run..][..values.len()];
            }
            add_run::<S, R, V>(simd, &x, values, &mut sums);
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
        let mut places = [[0; V]; R];
        for (r, places) in places.iter_mut().enumerate() {
            let at = (self.pixel + first + r) * self.channels;
            for (place, column) in places.iter_mut().zip(&panel.columns) {
                *place = at + column;
            }
        }
        if panel.width < 8 {
            for (r, (sums, places)) in sums.iter().zip(&places).enumerate() {
                let y = self.y.row(first + r, panel.columns[0] - self.column, panel.width);
                let sums: [f32; 8] = pulp::cast(sums[0]);
                for (i, (y, sum)) in y.iter_mut().zip(sums).enumerate() {
                    *y = self.finish.value(sum, places[0] + i);
                }
            }
            return;
        }
        for (r, (sums, places)) in sums.iter_mut().zip(&places).enumerate() {
            self.finish.octets(simd, sums, places);
            for (v, sum) in sums.iter().enumerate() {
                let y = self.y.row(first + r, panel.columns[v] - self.column, 8);
                isa::store(simd, *sum, y.first_chunk_mut().expect("eight values"));
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

/// Adds the products of a run of each pixel with a part of a panel.
#[inline(always)]
fn add_run<S: Simd, const R: usize, const V: usize>(
    simd: S,
    x: &[&[f32]; R],
    values: &[[Octet; V]],
    sums: &mut [[S::f32s; V]; R],
) {
    let mut rows: [&[f32]; R] = [&[]; R];
    for r in 0..R {
        rows[r] = &x[r][..values.len()];
    }
    for (place, octets) in values.iter().enumerate() {
        let mut w = [simd.splat_f32s(0.0); V];
        for v in 0..V {
            w[v] = isa::load(simd, &octets[v].0);
        }
        for r in 0..R {
            let x = simd.splat_f32s(rows[r][place]);
            for v in 0..V {
                sums[r][v] = isa::multiply_add(simd, x, w[v], sums[r][v]);
            }
        }
    }
}
