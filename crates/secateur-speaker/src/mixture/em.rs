//! Expectation-maximization, with the steps of scikit-learn.
//!
//! Source: A. Dempster, N. Laird and D. Rubin, 1977, "Maximum likelihood from incomplete data via
//! the EM algorithm"; regularization, order of the steps and the test of convergence are those of
//! scikit-learn's `GaussianMixture` with diagonal covariances. [`step`] and adaptation work in
//! f64; [`train`] works in f32 around the mean of the frames and adds up in f64.

use pulp::{NullaryFnOnce, Simd, WithSimd};
use rayon::prelude::*;
use secateur_core::Random;

use super::kmeans;
use super::math;
use super::packed::Packed;
use super::single::{self, Centered};
use super::squares::{BLOCK, Blocks, Shapes, squares};
use super::{COMPONENTS_MAX, Mixture, WIDTH_MAX, check_frames};
use crate::error::SpeakerError;
use crate::features::Frames;

/// Variances never fall below this, whatever the data.
pub(crate) const VARIANCE_MIN: f64 = 1e-6;
/// Blocks whose responsibilities are held at once.
const CHUNK: usize = 16;
/// Chunks of a part; parts run in parallel and their sums are added in order.
const PART: usize = 16;

/// How a mixture is trained.
#[derive(Clone, Debug, PartialEq)]
pub struct Training {
    /// Gaussians.
    pub components: usize,
    /// Most iterations of expectation-maximization.
    pub iterations: usize,
    /// Training ends when the mean log-likelihood changes by less than this.
    pub tolerance: f64,
    /// Added to every variance in every iteration.
    pub regularization: f64,
    /// Variances end at no less than this share of the variance over all frames.
    pub floor: f64,
    /// Most iterations of k-means before.
    pub kmeans_iterations: usize,
    /// Seed; each name has random numbers of its own.
    pub seed: u64,
}

impl Default for Training {
    fn default() -> Self {
        Self {
            components: 32,
            iterations: 30,
            tolerance: 1e-3,
            regularization: 0.1,
            floor: 0.01,
            kmeans_iterations: 100,
            seed: 0,
        }
    }
}

/// A mixture with how its training went.
#[derive(Clone, Debug, PartialEq)]
pub struct Trained {
    /// The mixture.
    pub mixture: Mixture,
    /// Mean log-likelihood of a frame before each iteration.
    pub bounds: Vec<f64>,
    /// Whether the tolerance was reached.
    pub converged: bool,
    /// What the reader must know, each a full sentence.
    pub warnings: Vec<String>,
}

/// One iteration.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The mixture after it.
    pub mixture: Mixture,
    /// Mean log-likelihood of a frame before it.
    pub bound: f64,
}

/// Frames as training wants them.
pub(crate) struct Data {
    pub(crate) blocks: Blocks,
    /// Numbers and their squares, row by row, each row and their number filled with zeros.
    rows: Vec<f64>,
    columns: usize,
}

impl Data {
    pub(crate) fn new(frames: &Frames) -> Self {
        let blocks = Blocks::new(frames);
        let width = frames.width;
        let columns = (2 * width).next_multiple_of(8);
        let mut rows = vec![0.0; blocks.padded() * columns];
        for (row, frame) in rows.chunks_exact_mut(columns).zip(frames.values.chunks_exact(width)) {
            row[..width].copy_from_slice(frame);
            for (square, x) in row[width..].iter_mut().zip(frame) {
                *square = x * x;
            }
        }
        Self { blocks, rows, columns }
    }
}

/// Sums over frames: how much of them each Gaussian has, and of which numbers and squares.
#[derive(Clone, Debug)]
pub(crate) struct Moments {
    /// Of shape `[components]`.
    pub(crate) counts: Vec<f64>,
    /// Of shape `[components padded, columns]`.
    pub(crate) sums: Vec<f64>,
    pub(crate) columns: usize,
    /// Sum of the log-likelihoods.
    pub(crate) log_likelihood: f64,
}

impl Moments {
    pub(super) fn new(components: usize, columns: usize) -> Self {
        let padded = components.next_multiple_of(4);
        let (counts, sums) = (vec![0.0; components], vec![0.0; padded * columns]);
        Self { counts, sums, columns, log_likelihood: 0.0 }
    }

    pub(super) fn add(&mut self, other: &Self) {
        let pairs = self.counts.iter_mut().zip(&other.counts);
        pairs.chain(self.sums.iter_mut().zip(&other.sums)).for_each(|(a, b)| *a += b);
        self.log_likelihood += other.log_likelihood;
    }
}

/// Moments of the frames under a mixture.
pub(crate) fn moments(data: &Data, mixture: &Mixture) -> Moments {
    let shapes = Shapes::new(mixture.components(), mixture.width, |component, d| {
        let place = component * mixture.width + d;
        let scale = (0.5 / mixture.variances[place]).sqrt();
        (scale, -mixture.means[place] * scale)
    });
    let constants = mixture.constants();
    in_parts(data, shapes.components, |from, to, buffers, part| {
        squares(&data.blocks, from, to, &shapes, &mut buffers.terms);
        let there = data.blocks.len.min(to * BLOCK) - from * BLOCK;
        let row = (to - from) * BLOCK;
        buffers.most.resize(row, 0.0);
        buffers.sums.resize(row, 0.0);
        let terms = &mut buffers.terms[..shapes.components * row];
        let (most, sums) = (&mut buffers.most[..row], &mut buffers.sums[..row]);
        let counts = &mut part.counts;
        let shares = Shares { constants: &constants, terms, most, sums, there, counts };
        part.log_likelihood += pulp::Arch::new().dispatch(shares);
    })
}

/// Memory of a part.
#[derive(Default)]
struct Buffers {
    /// Responsibilities, of shape `[components padded, frames of the chunk]`.
    terms: Vec<f64>,
    most: Vec<f64>,
    sums: Vec<f64>,
}

/// Sums of all parts; `fill` writes the responsibilities of blocks `from..to` and adds counts.
fn in_parts(
    data: &Data,
    components: usize,
    fill: impl Fn(usize, usize, &mut Buffers, &mut Moments) + Sync,
) -> Moments {
    let blocks = data.blocks.len.div_ceil(BLOCK);
    let part = |part: usize| {
        let mut moments = Moments::new(components, data.columns);
        let mut buffers = Buffers::default();
        let last = blocks.min((part + 1) * PART * CHUNK);
        for from in (part * PART * CHUNK..last).step_by(CHUNK) {
            let to = last.min(from + CHUNK);
            fill(from, to, &mut buffers, &mut moments);
            let rows = &data.rows[from * BLOCK * data.columns..to * BLOCK * data.columns];
            let (terms, sums) = (&buffers.terms, &mut moments.sums);
            pulp::Arch::new().dispatch(Product { rows, columns: data.columns, terms, sums });
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

/// Turns scaled squared distances into responsibilities; gives the sum of the log-likelihoods.
struct Shares<'a> {
    constants: &'a [f64],
    terms: &'a mut [f64],
    most: &'a mut [f64],
    sums: &'a mut [f64],
    there: usize,
    counts: &'a mut [f64],
}

impl NullaryFnOnce for Shares<'_> {
    type Output = f64;

    #[inline(always)]
    fn call(self) -> f64 {
        let Self { constants, terms, most, sums, there, counts } = self;
        let row = most.len();
        most.fill(f64::NEG_INFINITY);
        sums.fill(0.0);
        for (terms, constant) in terms.chunks_exact_mut(row).zip(constants) {
            for (term, most) in terms.iter_mut().zip(&mut *most) {
                *term = constant - *term;
                *most = if *term > *most { *term } else { *most };
            }
        }
        for terms in terms.chunks_exact_mut(row) {
            for ((term, most), sum) in terms.iter_mut().zip(&*most).zip(&mut *sums) {
                *term = math::exp_below_zero(*term - *most);
                *sum += *term;
            }
        }
        // Logarithms take the place of the largest terms, inverses that of the sums.
        for (most, sum) in most.iter_mut().zip(&mut *sums) {
            *most += math::ln(*sum);
            *sum = 1.0 / *sum;
        }
        // Frames that only fill the last block belong to nobody.
        sums[there..].fill(0.0);
        for (terms, count) in terms.chunks_exact_mut(row).zip(counts) {
            let mut eight = [0.0; 8];
            let (many, _) = terms.as_chunks_mut::<8>();
            for (terms, inverse) in many.iter_mut().zip(sums.as_chunks::<8>().0) {
                for lane in 0..8 {
                    terms[lane] *= inverse[lane];
                    eight[lane] += terms[lane];
                }
            }
            *count += eight.iter().sum::<f64>();
        }
        most[..there].iter().sum()
    }
}

/// Adds the product of responsibilities `[components, frames]` and rows `[frames, columns]`.
struct Product<'a> {
    rows: &'a [f64],
    columns: usize,
    terms: &'a [f64],
    sums: &'a mut [f64],
}

impl WithSimd for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { rows, columns, terms, sums } = self;
        let count = rows.len() / columns;
        let (rows, _) = S::as_simd_f64s(rows);
        let wide = columns / S::F64_LANES;
        for (terms, sums) in terms.chunks_exact(4 * count).zip(sums.chunks_exact_mut(4 * columns)) {
            let (sums, _) = S::as_mut_simd_f64s(sums);
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
    rows: &[S::f64s],
    wide: usize,
    at: usize,
    terms: &[f64],
    sums: &mut [S::f64s],
) {
    let mut tile = [[simd.splat_f64s(0.0); C]; 4];
    for (lane, tile) in tile.iter_mut().enumerate() {
        tile.copy_from_slice(&sums[lane * wide + at..lane * wide + at + C]);
    }
    let count = terms.len() / 4;
    let (t0, rest) = terms.split_at(count);
    let (t1, rest) = rest.split_at(count);
    let (t2, t3) = rest.split_at(count);
    let shares = t0.iter().zip(t1).zip(t2).zip(t3);
    for (row, (((a, b), c), d)) in rows.chunks_exact(wide).zip(shares) {
        let row = &row[at..at + C];
        for (tile, share) in tile.iter_mut().zip([*a, *b, *c, *d]) {
            let share = simd.splat_f64s(share);
            for column in 0..C {
                tile[column] = simd.mul_add_e_f64s(share, row[column], tile[column]);
            }
        }
    }
    for (lane, tile) in tile.iter().enumerate() {
        sums[lane * wide + at..lane * wide + at + C].copy_from_slice(tile);
    }
}

/// The mixture of most likelihood for these moments.
fn maximize(moments: &Moments, width: usize, regularization: f64) -> Mixture {
    let counts: Vec<f64> = moments.counts.iter().map(|n| n + 10.0 * f64::EPSILON).collect();
    let all: f64 = counts.iter().sum();
    let mut mixture = Mixture {
        width,
        weights: counts.iter().map(|n| n / all).collect(),
        means: Vec::with_capacity(counts.len() * width),
        variances: Vec::with_capacity(counts.len() * width),
    };
    for (sums, count) in moments.sums.chunks_exact(moments.columns).zip(&counts) {
        for d in 0..width {
            let mean = sums[d] / count;
            let variance = sums[width + d] / count - mean * mean + regularization;
            mixture.means.push(mean);
            mixture.variances.push(variance.max(VARIANCE_MIN));
        }
    }
    mixture
}

/// One iteration from a mixture.
///
/// # Errors
/// [`SpeakerError`] for a mixture or frames that make no sense.
pub fn step(mixture: &Mixture, frames: &Frames, regularization: f64) -> Result<Step, SpeakerError> {
    mixture.check()?;
    check_frames(frames, mixture.width)?;
    if frames.is_empty() {
        return Err(SpeakerError::NoFrames { who: String::new() });
    }
    let moments = moments(&Data::new(frames), mixture);
    let bound = moments.log_likelihood / frames.len() as f64;
    Ok(Step { mixture: maximize(&moments, mixture.width, regularization), bound })
}

/// Trains a mixture: k-means, then expectation-maximization. `name` chooses the random numbers,
/// so that a speaker's model does not depend on who else is trained.
///
/// Fewer frames than Gaussians make fewer Gaussians, one for every two frames, with a warning.
///
/// # Errors
/// [`SpeakerError`] for settings or frames that make no sense.
pub fn train(frames: &Frames, settings: &Training, name: &str) -> Result<Trained, SpeakerError> {
    settings.check()?;
    check_frames(frames, frames.width)?;
    if frames.is_empty() || frames.width == 0 || frames.width > WIDTH_MAX {
        return Err(SpeakerError::NoFrames { who: name.to_owned() });
    }
    let mut warnings = Vec::new();
    let mut components = settings.components;
    if frames.len() < components {
        components = (frames.len() / 2).max(1);
        warnings.push(format!(
            "{name} has {} frames of speech, too few for {} Gaussians; its model has {components}.",
            frames.len(),
            settings.components
        ));
    }
    let data = Centered::new(frames);
    let mut random = Random::stream(settings.seed, stream(name));
    let iterations = settings.kmeans_iterations;
    let labels = kmeans::labels(&data.heard, &data.spread, components, iterations, &mut random);
    let first = single::moments_of_labels(&data, components, &labels);
    let mut mixture = maximize(&first, frames.width, settings.regularization);
    let mut bounds: Vec<f64> = Vec::new();
    let mut converged = false;
    while bounds.len() < settings.iterations && !converged {
        let moments = single::moments(&data, &Packed::new(&mixture));
        let bound = moments.log_likelihood / frames.len() as f64;
        mixture = maximize(&moments, frames.width, settings.regularization);
        converged = bounds.last().is_some_and(|last| (bound - last).abs() < settings.tolerance);
        bounds.push(bound);
    }
    for means in mixture.means.chunks_exact_mut(frames.width) {
        means.iter_mut().zip(&data.center).for_each(|(mean, center)| *mean += center);
    }
    let floored = floor(&mut mixture, &data.spread, settings.floor);
    // A few are usual with few frames for each Gaussian.
    let all = mixture.variances.len();
    if floored * 10 > all {
        warnings.push(format!(
            "{floored} of {all} variances of {name} had collapsed and were raised to the floor."
        ));
    }
    Ok(Trained { mixture, bounds, converged, warnings })
}

/// Raises variances to a share of those over all frames; gives how many.
fn floor(mixture: &mut Mixture, spread: &[f64], share: f64) -> usize {
    let mut floored = 0;
    for variances in mixture.variances.chunks_exact_mut(spread.len()) {
        for (variance, spread) in variances.iter_mut().zip(spread) {
            let floor = (share * spread).max(VARIANCE_MIN);
            floored += usize::from(*variance < floor);
            *variance = variance.max(floor);
        }
    }
    floored
}

/// Trains a mixture for each of many speakers, in parallel; the same for any number of threads.
///
/// # Errors
/// The first speaker's in order, as [`train`].
pub fn train_all(
    speakers: &[(&str, &Frames)],
    settings: &Training,
) -> Result<Vec<Trained>, SpeakerError> {
    speakers.par_iter().map(|(name, frames)| train(frames, settings, name)).collect()
}

impl Training {
    pub(crate) fn check(&self) -> Result<(), SpeakerError> {
        let refuse =
            |option, expected, got: String| Err(SpeakerError::Option { option, expected, got });
        if self.components == 0 || self.components > COMPONENTS_MAX {
            return refuse("components", "1 to 4096", self.components.to_string());
        }
        let numbers = [
            ("tolerance", self.tolerance),
            ("regularization", self.regularization),
            ("floor", self.floor),
        ];
        for (option, value) in numbers {
            if !value.is_finite() || value < 0.0 {
                return refuse(option, "a number of at least 0", value.to_string());
            }
        }
        Ok(())
    }
}

/// The stream of random numbers of a name (FNV-1a).
pub(crate) fn stream(name: &str) -> u64 {
    let mix = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    name.bytes().fold(0xcbf2_9ce4_8422_2325, mix)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(seed: u64, frames: usize, width: usize) -> Frames {
        let mut random = Random::new(seed);
        let values = (0..frames)
            .flat_map(|_| {
                let center = random.below(5) as f64 * 3.0;
                (0..width).map(|_| center + random.normal()).collect::<Vec<_>>()
            })
            .collect();
        Frames { width, values }
    }

    #[test]
    fn the_likelihood_never_falls() {
        let frames = drawn(1, 600, 6);
        let settings =
            Training { components: 7, regularization: 0.0, tolerance: 0.0, ..Training::default() };
        let trained = train(&frames, &settings, "a").unwrap();
        assert_eq!(trained.bounds.len(), 30);
        // Bounds are means of f32 values.
        assert!(trained.bounds.windows(2).all(|w| w[1] >= w[0] - 1e-6), "{:?}", trained.bounds);
        trained.mixture.check().unwrap();
        let exact = trained.mixture.log_likelihoods(&frames).unwrap();
        let mean = exact.iter().sum::<f64>() / exact.len() as f64;
        assert!(mean >= trained.bounds[29] - 1e-5);
    }

    #[test]
    fn exact_steps_never_lose_likelihood_and_single_ones_follow() {
        let frames = drawn(7, 500, 4);
        let settings = Training {
            components: 6,
            iterations: 0,
            regularization: 0.0,
            floor: 0.0,
            ..Training::default()
        };
        let mut exact = train(&frames, &settings, "a").unwrap().mixture;
        let mut bounds = Vec::new();
        for _ in 0..20 {
            let next = step(&exact, &frames, 0.0).unwrap();
            bounds.push(next.bound);
            exact = next.mixture;
        }
        assert!(bounds.windows(2).all(|w| w[1] >= w[0] - 1e-12), "{bounds:?}");
        let settings = Training { iterations: 20, tolerance: 0.0, ..settings };
        let single = train(&frames, &settings, "a").unwrap();
        for (single, exact) in single.bounds.iter().zip(&bounds) {
            assert!((single - exact).abs() < 1e-4, "{single} {exact}");
        }
        for (single, exact) in single.mixture.means.iter().zip(&exact.means) {
            assert!((single - exact).abs() < 1e-2, "{single} {exact}");
        }
    }

    #[test]
    fn a_step_sees_the_plain_log_likelihood() {
        let frames = drawn(2, 333, 24);
        let trained = train(&frames, &Training::default(), "a").unwrap();
        let exact = trained.mixture.log_likelihoods(&frames).unwrap();
        let mean = exact.iter().sum::<f64>() / exact.len() as f64;
        let found = step(&trained.mixture, &frames, 0.1).unwrap().bound;
        assert!((found - mean).abs() < 1e-11, "{found} {mean}");
    }

    #[test]
    fn parts_add_up_and_threads_do_not_matter() {
        let frames = drawn(3, 3 * PART * CHUNK * BLOCK / 2, 3);
        let settings = Training { components: 3, iterations: 3, ..Training::default() };
        let of = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| train(&frames, &settings, "a").unwrap())
        };
        let one = of(1);
        assert_eq!(one, of(3));
        let exact = one.mixture.log_likelihoods(&frames).unwrap();
        let mean = exact.iter().sum::<f64>() / exact.len() as f64;
        let found = step(&one.mixture, &frames, 0.1).unwrap().bound;
        assert!((found - mean).abs() < 1e-10);
    }

    #[test]
    fn few_frames_make_few_gaussians() {
        let trained = train(&drawn(4, 9, 2), &Training::default(), "mute").unwrap();
        assert_eq!(trained.mixture.components(), 4);
        assert!(trained.warnings[0].contains("9 frames"), "{:?}", trained.warnings);
        let same = Frames { width: 2, values: vec![1.0; 80] };
        let settings = Training { regularization: 0.0, components: 4, ..Training::default() };
        let trained = train(&same, &settings, "flat").unwrap();
        trained.mixture.check().unwrap();
        assert!(!trained.mixture.log_likelihoods(&same).unwrap()[0].is_nan());
        assert!(train(&Frames { width: 2, values: vec![] }, &settings, "none").is_err());
        let nan = Frames { width: 2, values: vec![1.0, f64::NAN] };
        assert_eq!(
            train(&nan, &settings, "nan").unwrap_err(),
            SpeakerError::NotFinite { frame: 0 }
        );
    }
}
