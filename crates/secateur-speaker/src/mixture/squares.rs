//! Scaled squared distances of all frames to all Gaussians, in f64: what training turns on.

use pulp::{Simd, WithSimd};

use crate::features::Frames;

/// Frames of a block: the numbers of one dimension lie side by side for so many frames.
pub(crate) const BLOCK: usize = 16;
/// Gaussians that are worked on together.
const GROUP: usize = 4;

/// Frames in blocks, of shape `[blocks, width, 16]`; the last block is filled with zeros.
#[derive(Clone, Debug)]
pub(crate) struct Blocks {
    pub(crate) width: usize,
    /// Frames that are there.
    pub(crate) len: usize,
    pub(crate) values: Vec<f64>,
}

impl Blocks {
    pub(crate) fn new(frames: &Frames) -> Self {
        let (width, len) = (frames.width, frames.len());
        let mut values = vec![0.0; len.div_ceil(BLOCK) * width * BLOCK];
        for (at, frame) in frames.values.chunks_exact(width.max(1)).enumerate() {
            let block = &mut values[at / BLOCK * width * BLOCK..];
            for (d, value) in frame.iter().enumerate() {
                block[d * BLOCK + at % BLOCK] = *value;
            }
        }
        Self { width, len, values }
    }

    /// Frames with those that fill the last block.
    pub(crate) fn padded(&self) -> usize {
        self.len.div_ceil(BLOCK) * BLOCK
    }
}

/// Scales and shifts of Gaussians, of shape `[groups, width, 8]`: four scales, four shifts.
/// The last group is filled with zeros.
#[derive(Clone, Debug)]
pub(crate) struct Shapes {
    width: usize,
    pub(crate) components: usize,
    values: Vec<f64>,
}

impl Shapes {
    /// `at(component, dimension)` gives scale and shift.
    pub(crate) fn new(
        components: usize,
        width: usize,
        at: impl Fn(usize, usize) -> (f64, f64),
    ) -> Self {
        let mut values = vec![0.0; components.div_ceil(GROUP) * width * 2 * GROUP];
        for component in 0..components {
            let (group, lane) = (component / GROUP, component % GROUP);
            for d in 0..width {
                let (scale, shift) = at(component, d);
                let place = (group * width + d) * 2 * GROUP + lane;
                values[place] = scale;
                values[place + GROUP] = shift;
            }
        }
        Self { width, components, values }
    }

    /// Components with those that fill the last group.
    pub(crate) fn padded(&self) -> usize {
        self.components.div_ceil(GROUP) * GROUP
    }
}

/// Sums over dimensions of `(x scale + shift)^2` for the frames of blocks `from..to`, of shape
/// `[components padded, frames padded of these blocks]`.
pub(crate) fn squares(
    blocks: &Blocks,
    from: usize,
    to: usize,
    shapes: &Shapes,
    out: &mut Vec<f64>,
) {
    out.clear();
    out.resize(shapes.padded() * (to - from) * BLOCK, 0.0);
    let size = blocks.width * BLOCK;
    let values = &blocks.values[from * size..to * size];
    pulp::Arch::new().dispatch(Squares { shapes, values, out });
}

struct Squares<'a> {
    shapes: &'a Shapes,
    values: &'a [f64],
    out: &'a mut [f64],
}

impl WithSimd for Squares<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { shapes, values, out } = self;
        let width = shapes.width;
        let row = values.len() / width.max(1);
        let (pairs, _) = shapes.values.as_chunks::<{ 2 * GROUP }>();
        for (group, out) in pairs.chunks_exact(width).zip(out.chunks_exact_mut(GROUP * row)) {
            for (number, block) in values.chunks_exact(width * BLOCK).enumerate() {
                let (x, _) = S::as_simd_f64s(block);
                if S::F64_LANES * 2 <= BLOCK {
                    for at in (0..BLOCK / S::F64_LANES).step_by(2) {
                        let tile = tile::<S, 2>(simd, x, at, group);
                        store(simd, &tile, out, row, number * BLOCK + at * S::F64_LANES);
                    }
                } else {
                    for at in 0..BLOCK / S::F64_LANES {
                        let tile = tile::<S, 1>(simd, x, at, group);
                        store(simd, &tile, out, row, number * BLOCK + at * S::F64_LANES);
                    }
                }
            }
        }
    }
}

#[inline(always)]
fn tile<S: Simd, const F: usize>(
    simd: S,
    x: &[S::f64s],
    at: usize,
    group: &[[f64; 2 * GROUP]],
) -> [[S::f64s; F]; GROUP] {
    let mut sums = [[simd.splat_f64s(0.0); F]; GROUP];
    for (x, pair) in x.chunks_exact(BLOCK / S::F64_LANES).zip(group) {
        let x = &x[at..at + F];
        for lane in 0..GROUP {
            let scale = simd.splat_f64s(pair[lane]);
            let shift = simd.splat_f64s(pair[GROUP + lane]);
            for f in 0..F {
                let t = simd.mul_add_e_f64s(x[f], scale, shift);
                sums[lane][f] = simd.mul_add_e_f64s(t, t, sums[lane][f]);
            }
        }
    }
    sums
}

#[inline(always)]
fn store<S: Simd, const F: usize>(
    _simd: S,
    tile: &[[S::f64s; F]; GROUP],
    out: &mut [f64],
    row: usize,
    place: usize,
) {
    for (lane, sums) in tile.iter().enumerate() {
        let place = lane * row + place;
        let (out, _) = S::as_mut_simd_f64s(&mut out[place..place + F * S::F64_LANES]);
        out.copy_from_slice(sums);
    }
}

#[cfg(test)]
mod tests {
    use secateur_core::Random;

    use super::*;

    #[test]
    fn blocks_give_what_plain_sums_give() {
        let mut random = Random::new(5);
        for (frames, width, components) in [(1, 1, 1), (17, 3, 5), (40, 24, 8)] {
            let values = (0..frames * width).map(|_| random.normal()).collect();
            let frames = Frames { width, values };
            let shape: Vec<(f64, f64)> =
                (0..components * width).map(|_| (random.normal(), random.normal())).collect();
            let shapes = Shapes::new(components, width, |c, d| shape[c * width + d]);
            let blocks = Blocks::new(&frames);
            let mut out = Vec::new();
            squares(&blocks, 0, blocks.padded() / BLOCK, &shapes, &mut out);
            for component in 0..components {
                for at in 0..frames.len() {
                    let terms = frames.frame(at).iter().zip(&shape[component * width..]);
                    let expect: f64 = terms.map(|(x, (s, m))| (x * s + m).powi(2)).sum();
                    let found = out[component * blocks.padded() + at];
                    assert!((found - expect).abs() < 1e-12 * (1.0 + expect));
                }
            }
        }
    }
}
