//! Training in f32: responsibilities and sums in vectors of single numbers, added up in f64 every
//! 256 frames. Frames are taken around their mean, so that squares lose no digits.

use pulp::{Simd, WithSimd, bytemuck};
use rayon::prelude::*;

use super::em::Moments;
use super::packed::{BLOCK, GROUP, Heard, Packed};
use super::score::{exp, tile};
use crate::features::Frames;

/// Blocks whose responsibilities are held at once.
const CHUNK: usize = 16;
/// Chunks of a part; parts run in parallel and their sums are added in order.
const PART: usize = 16;

/// Frames around their mean.
pub(super) struct Centered {
    pub(super) center: Vec<f64>,
    /// Variance of each dimension.
    pub(super) spread: Vec<f64>,
    pub(super) heard: Heard,
    /// Numbers and their squares, row by row, filled with zeros.
    rows: Vec<f32>,
    columns: usize,
}

impl Centered {
    pub(super) fn new(frames: &Frames) -> Self {
        let (width, n) = (frames.width, frames.len() as f64);
        let mut center = vec![0.0; width];
        for frame in frames.values.chunks_exact(width) {
            center.iter_mut().zip(frame).for_each(|(sum, x)| *sum += x);
        }
        for sum in &mut center {
            *sum /= n;
        }
        let columns = (2 * width).next_multiple_of(16);
        let mut rows = vec![0.0; frames.len().next_multiple_of(BLOCK) * columns];
        let mut spread = vec![0.0; width];
        let mut around = Vec::with_capacity(frames.values.len());
        for (frame, row) in frames.values.chunks_exact(width).zip(rows.chunks_exact_mut(columns)) {
            for d in 0..width {
                let x = frame[d] - center[d];
                spread[d] += x * x / n;
                row[d] = x as f32;
                row[width + d] = (x * x) as f32;
                around.push(x);
            }
        }
        let len = frames.len();
        let heard = Heard::of_checked(&Frames { width, values: around }, 0..len);
        Self { center, spread, heard, rows, columns }
    }
}

/// Moments of the frames around their mean under a mixture around it.
pub(super) fn moments(data: &Centered, model: &Packed) -> Moments {
    in_parts(data, model.components(), &|from, to, terms, part| {
        let shares = Shares { data, model, from, to, terms, counts: &mut part.counts };
        part.log_likelihood += pulp::Arch::new().dispatch(shares);
    })
}

/// Moments when each frame belongs to one Gaussian.
pub(super) fn moments_of_labels(data: &Centered, components: usize, labels: &[u32]) -> Moments {
    in_parts(data, components, &|from, to, terms, part| {
        let row = (to - from) * BLOCK;
        terms.fill(0.0);
        let labels = &labels[from * BLOCK..labels.len().min(to * BLOCK)];
        for (at, label) in labels.iter().enumerate() {
            terms[*label as usize * row + at] = 1.0;
            part.counts[*label as usize] += 1.0;
        }
    })
}

type Fill<'a> = &'a (dyn Fn(usize, usize, &mut [f32], &mut Moments) + Sync);

/// Sums of all parts; `fill` writes the responsibilities of blocks `from..to` and adds counts.
fn in_parts(data: &Centered, components: usize, fill: Fill<'_>) -> Moments {
    let blocks = data.heard.len().div_ceil(BLOCK);
    let padded = components.next_multiple_of(GROUP);
    let part = |part: usize| {
        let mut moments = Moments::new(components, data.columns);
        let mut terms = vec![0.0; padded * CHUNK * BLOCK];
        let mut sums = vec![0.0; padded * data.columns];
        let last = blocks.min((part + 1) * PART * CHUNK);
        for from in (part * PART * CHUNK..last).step_by(CHUNK) {
            let to = last.min(from + CHUNK);
            let terms = &mut terms[..padded * (to - from) * BLOCK];
            fill(from, to, terms, &mut moments);
            let rows = &data.rows[from * BLOCK * data.columns..to * BLOCK * data.columns];
            let columns = data.columns;
            pulp::Arch::new().dispatch(Product { rows, columns, terms, sums: &mut sums });
            let wide = moments.sums.iter_mut().zip(&sums);
            wide.for_each(|(all, sum)| *all += f64::from(*sum));
        }
        moments
    };
    let parts = blocks.div_ceil(PART * CHUNK);
    if parts == 1 {
        return part(0);
    }
    let parts: Vec<Moments> = (0..parts).into_par_iter().map(part).collect();
    let mut all = Moments::new(components, data.columns);
    for part in &parts {
        all.add(part);
    }
    all
}

/// Responsibilities of blocks `from..to`, of shape `[components padded, frames]`; gives the sum
/// of the log-likelihoods.
struct Shares<'a> {
    data: &'a Centered,
    model: &'a Packed,
    from: usize,
    to: usize,
    terms: &'a mut [f32],
    counts: &'a mut [f64],
}

impl WithSimd for Shares<'_> {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f64 {
        if S::F32_LANES * 2 <= BLOCK {
            shares::<S, 2>(simd, self)
        } else {
            shares::<S, 1>(simd, self)
        }
    }
}

#[inline(always)]
fn shares<S: Simd, const F: usize>(simd: S, what: Shares<'_>) -> f64 {
    let Shares { data, model, from, to, terms, counts } = what;
    let components = model.components();
    let size = model.width() * BLOCK;
    let row = (to - from) * BLOCK;
    let per = BLOCK / S::F32_LANES;
    let mut logs = vec![[simd.splat_f32s(0.0); F]; components.next_multiple_of(GROUP)];
    let mut sums = vec![simd.splat_f32s(0.0); components];
    let (all, _) = S::as_mut_simd_f32s(terms);
    let mut log_likelihood = 0.0;
    let (nothing, zero) = (simd.splat_f32s(1e-20), simd.splat_f32s(0.0));
    let blocks = data.heard.values()[from * size..to * size].chunks_exact(size);
    for (number, block) in blocks.enumerate() {
        let (x, _) = S::as_simd_f32s(block);
        for at in (0..per).step_by(F) {
            let mut found = tile::<S, F>(simd, model, x, at, &mut logs);
            {
                let lanes: &mut [f32] = bytemuck::cast_slice_mut(&mut found);
                let first = (from + number) * BLOCK + at * S::F32_LANES;
                for (lane, log) in lanes.iter_mut().enumerate() {
                    if first + lane < data.heard.len() {
                        log_likelihood += f64::from(*log);
                    } else {
                        // What only fills the last block belongs to nobody.
                        *log = 1e30;
                    }
                }
            }
            let place = number * per + at;
            for ((component, log), sum) in logs[..components].iter().enumerate().zip(&mut sums) {
                let out = &mut all[component * row / S::F32_LANES + place..][..F];
                for f in 0..F {
                    let share = exp(simd, simd.sub_f32s(log[f], found[f]));
                    // Sums of next to nothing would be subnormal, and slow.
                    let share = simd.max_f32s(simd.sub_f32s(share, nothing), zero);
                    out[f] = share;
                    *sum = simd.add_f32s(*sum, share);
                }
            }
        }
    }
    for (count, sum) in counts.iter_mut().zip(&sums) {
        *count += f64::from(simd.reduce_sum_f32s(*sum));
    }
    log_likelihood
}

/// The product of responsibilities `[components, frames]` and rows `[frames, columns]`.
struct Product<'a> {
    rows: &'a [f32],
    columns: usize,
    terms: &'a [f32],
    sums: &'a mut [f32],
}

impl WithSimd for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { rows, columns, terms, sums } = self;
        let count = rows.len() / columns;
        let (rows, _) = S::as_simd_f32s(rows);
        let wide = columns / S::F32_LANES;
        for (terms, sums) in
            terms.chunks_exact(GROUP * count).zip(sums.chunks_exact_mut(GROUP * columns))
        {
            let (sums, _) = S::as_mut_simd_f32s(sums);
            let mut at = 0;
            while at < wide {
                if at + 2 <= wide {
                    product::<S, 2>(simd, rows, wide, at, terms, sums);
                    at += 2;
                } else {
                    product::<S, 1>(simd, rows, wide, at, terms, sums);
                    at += 1;
                }
            }
        }
    }
}

#[inline(always)]
fn product<S: Simd, const C: usize>(
    simd: S,
    rows: &[S::f32s],
    wide: usize,
    at: usize,
    terms: &[f32],
    sums: &mut [S::f32s],
) {
    let mut tile = [[simd.splat_f32s(0.0); C]; GROUP];
    let count = terms.len() / GROUP;
    let (t0, rest) = terms.split_at(count);
    let (t1, rest) = rest.split_at(count);
    let (t2, t3) = rest.split_at(count);
    let shares = t0.iter().zip(t1).zip(t2).zip(t3);
    for (row, (((a, b), c), d)) in rows.chunks_exact(wide).zip(shares) {
        let row = &row[at..at + C];
        for (tile, share) in tile.iter_mut().zip([*a, *b, *c, *d]) {
            let share = simd.splat_f32s(share);
            for column in 0..C {
                tile[column] = simd.mul_add_e_f32s(share, row[column], tile[column]);
            }
        }
    }
    for (lane, tile) in tile.iter().enumerate() {
        sums[lane * wide + at..lane * wide + at + C].copy_from_slice(tile);
    }
}

/// Squared distances of all frames to the points of a model of scale 1, into `[points, frames]`.
pub(super) fn distances(heard: &Heard, points: &Packed, out: &mut Vec<f32>) {
    out.clear();
    out.resize(points.components() * heard.len(), 0.0);
    let nearest = Nearest { heard, points, from: 0, labels: &mut [], least: &mut [], all: out };
    pulp::Arch::new().dispatch(nearest);
}

/// The nearest point of each frame, the first of equals, and its squared distance.
pub(super) fn nearest(heard: &Heard, points: &Packed) -> (Vec<u32>, Vec<f32>) {
    const AT_ONCE: usize = 128 * BLOCK;
    let (mut labels, mut least) = (vec![0; heard.len()], vec![0.0; heard.len()]);
    let parts = labels.par_chunks_mut(AT_ONCE).zip(least.par_chunks_mut(AT_ONCE)).enumerate();
    parts.for_each(|(part, (labels, least))| {
        let from = part * AT_ONCE / BLOCK;
        let nearest = Nearest { heard, points, from, labels, least, all: &mut [] };
        pulp::Arch::new().dispatch(nearest);
    });
    (labels, least)
}

/// Either all distances, or the least from block `from` on.
struct Nearest<'a> {
    heard: &'a Heard,
    points: &'a Packed,
    from: usize,
    labels: &'a mut [u32],
    least: &'a mut [f32],
    all: &'a mut [f32],
}

impl WithSimd for Nearest<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { heard, points, from, labels, least, all } = self;
        let (shapes, _) = points.parts();
        let size = heard.width() * BLOCK;
        let wide = !all.is_empty();
        let blocks = heard.values()[from * size..].chunks_exact(size);
        let blocks = blocks.take(if wide { usize::MAX } else { labels.len().div_ceil(BLOCK) });
        for (number, block) in blocks.enumerate() {
            let (x, _) = S::as_simd_f32s(block);
            for at in 0..BLOCK / S::F32_LANES {
                let first = number * BLOCK + at * S::F32_LANES;
                let mut best = simd.splat_f32s(f32::INFINITY);
                let mut label = simd.splat_f32s(0.0);
                for (number, group) in shapes.chunks_exact(heard.width()).enumerate() {
                    let mut sums = [simd.splat_f32s(0.0); GROUP];
                    for (x, pair) in x.chunks_exact(BLOCK / S::F32_LANES).zip(group) {
                        for lane in 0..GROUP {
                            let t = simd.add_f32s(x[at], simd.splat_f32s(pair[GROUP + lane]));
                            sums[lane] = simd.mul_add_e_f32s(t, t, sums[lane]);
                        }
                    }
                    for (lane, sum) in sums.iter().enumerate() {
                        let point = number * GROUP + lane;
                        if point >= points.components() {
                            break;
                        }
                        if wide {
                            let sum: &[f32] = bytemuck::cast_slice(std::slice::from_ref(sum));
                            let row = &mut all[point * heard.len()..][..heard.len()];
                            for (out, value) in row.iter_mut().skip(first).zip(sum) {
                                *out = *value;
                            }
                        } else {
                            let less = simd.less_than_f32s(*sum, best);
                            let this = simd.splat_f32s(point as f32);
                            label = simd.select_f32s(less, this, label);
                            best = simd.select_f32s(less, *sum, best);
                        }
                    }
                }
                if !wide {
                    let (found, values) = ([label], [best]);
                    let found: &[f32] = bytemuck::cast_slice(&found);
                    let values: &[f32] = bytemuck::cast_slice(&values);
                    let own = labels.iter_mut().zip(&mut *least).skip(first);
                    for ((label, least), (found, value)) in own.zip(found.iter().zip(values)) {
                        *label = *found as u32;
                        *least = *value;
                    }
                }
            }
        }
    }
}
