//! Log-likelihoods of many frames under many mixtures, in f32: what identification turns on.
//!
//! Lanes of a vector are frames, so that the sum over dimensions, the largest term and the sum of
//! exponentials go down the lanes and never across. A frame's value does not depend on its
//! neighbors, nor on the number of threads.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::packed::{BLOCK, GROUP, Heard, Packed};

/// Most mixtures that one task works on.
const TASK_MAX: usize = 8;
/// Tasks that work is shared out over, so that no thread waits long for another.
const TASKS: usize = 16;
/// Gaussians times frames below which one thread does all.
const SMALL: usize = 1 << 15;

/// Log-likelihood of each frame under each mixture, into `out` of shape `[mixtures, frames]`.
///
/// # Panics
/// When `out` has another length, or a mixture another width than the frames.
pub fn score(models: &[&Packed], heard: &Heard, out: &mut [f32]) {
    assert_eq!(out.len(), models.len() * heard.len(), "one value for each mixture and frame");
    assert!(models.iter().all(|m| m.width() == heard.width()), "frames of the mixtures' width");
    if heard.is_empty() || models.is_empty() {
        return;
    }
    let arch = pulp::Arch::new();
    let task = |(models, out): (&[&Packed], &mut [f32])| {
        arch.dispatch(Score { models, heard, out });
    };
    let work: usize = models.iter().map(|m| m.components()).sum::<usize>() * heard.len();
    if work < SMALL {
        task((models, out));
    } else {
        let size = (models.len() / TASKS).clamp(1, TASK_MAX);
        let parts = models.par_chunks(size).zip(out.par_chunks_mut(size * heard.len()));
        parts.for_each(task);
    }
}

struct Score<'a> {
    models: &'a [&'a Packed],
    heard: &'a Heard,
    out: &'a mut [f32],
}

impl WithSimd for Score<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { models, heard, out } = self;
        let size = heard.width() * BLOCK;
        let most = models.iter().map(|m| m.components()).max().unwrap_or(0);
        let terms = most.next_multiple_of(GROUP);
        let mut two = vec![[simd.splat_f32s(0.0); 2]; terms];
        let mut one = vec![[simd.splat_f32s(0.0); 1]; terms];
        for (model, out) in models.iter().zip(out.chunks_exact_mut(heard.len())) {
            for (block, out) in heard.values().chunks_exact(size).zip(out.chunks_mut(BLOCK)) {
                rows(simd, model, block, (&mut two, &mut one), out);
            }
        }
    }
}

/// One block of frames under one mixture: two vectors at once, and the last alone where frames
/// fill no more.
#[inline(always)]
#[expect(clippy::type_complexity, reason = "space of both kinds")]
fn rows<S: Simd>(
    simd: S,
    model: &Packed,
    block: &[f32],
    (two, one): (&mut [[S::f32s; 2]], &mut [[S::f32s; 1]]),
    out: &mut [f32],
) {
    let (x, _) = S::as_simd_f32s(block);
    let mut values = [0.0; BLOCK];
    {
        let (values, _) = S::as_mut_simd_f32s(&mut values);
        let vectors = out.len().div_ceil(S::F32_LANES);
        let pairs = vectors / 2 * 2;
        for at in (0..pairs).step_by(2) {
            let found = tile::<S, 2>(simd, model, x, at, two);
            values[at..at + 2].copy_from_slice(&found);
        }
        if pairs < vectors {
            values[pairs] = tile::<S, 1>(simd, model, x, pairs, one)[0];
        }
    }
    out.copy_from_slice(&values[..out.len()]);
}

/// `F` vectors of frames under one mixture; leaves the logarithms of the weighted densities of its
/// Gaussians in `terms`.
#[inline(always)]
pub(super) fn tile<S: Simd, const F: usize>(
    simd: S,
    model: &Packed,
    x: &[S::f32s],
    at: usize,
    terms: &mut [[S::f32s; F]],
) -> [S::f32s; F] {
    let (shapes, constants) = model.parts();
    let terms = &mut terms[..constants.len()];
    let mut most = [simd.splat_f32s(f32::NEG_INFINITY); F];
    let groups = shapes.chunks_exact(model.width()).zip(constants.as_chunks::<GROUP>().0);
    for ((group, constants), terms) in groups.zip(terms.as_chunks_mut::<GROUP>().0) {
        let mut sums = [[simd.splat_f32s(0.0); F]; GROUP];
        for (x, pair) in x.chunks_exact(BLOCK / S::F32_LANES).zip(group) {
            let x = &x[at..at + F];
            for lane in 0..GROUP {
                let scale = simd.splat_f32s(pair[lane]);
                let shift = simd.splat_f32s(pair[GROUP + lane]);
                for f in 0..F {
                    let t = simd.mul_add_e_f32s(x[f], scale, shift);
                    sums[lane][f] = simd.mul_add_e_f32s(t, t, sums[lane][f]);
                }
            }
        }
        for lane in 0..GROUP {
            let constant = simd.splat_f32s(constants[lane]);
            for f in 0..F {
                let term = simd.sub_f32s(constant, sums[lane][f]);
                most[f] = simd.max_f32s(most[f], term);
                terms[lane][f] = term;
            }
        }
    }
    let mut sums = [simd.splat_f32s(0.0); F];
    for term in &*terms {
        for f in 0..F {
            let part = exp(simd, simd.sub_f32s(term[f], most[f]));
            sums[f] = simd.add_f32s(sums[f], part);
        }
    }
    for f in 0..F {
        sums[f] = simd.add_f32s(most[f], ln(simd, sums[f]));
    }
    sums
}

/// Adding this rounds to an integer; with the exponent's bias in the low bits.
const ROUND: f32 = 12_582_912.0 + 127.0;
const LN2_HIGH: f32 = 0.693_359_4;
const LN2_LOW: f32 = -2.121_944_4e-4;

/// e^x for x of at most zero; numbers below -87 count as -87. Relative error below 2e-7.
#[inline(always)]
pub(super) fn exp<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let x = simd.max_f32s(x, simd.splat_f32s(-87.0));
    let shifted =
        simd.mul_add_e_f32s(x, simd.splat_f32s(std::f32::consts::LOG2_E), simd.splat_f32s(ROUND));
    let k = simd.sub_f32s(shifted, simd.splat_f32s(ROUND));
    let r = simd.mul_add_e_f32s(k, simd.splat_f32s(-LN2_HIGH), x);
    let r = simd.mul_add_e_f32s(k, simd.splat_f32s(-LN2_LOW), r);
    // Taylor to r^7 on |r| <= 0.3466: the rest is below 6e-9.
    let mut p = simd.splat_f32s(1.0 / 5040.0);
    for coefficient in [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
        p = simd.mul_add_e_f32s(p, r, simd.splat_f32s(coefficient));
    }
    let bits = simd.transmute_u32s_f32s(shifted);
    let power = simd.wrapping_dyn_shl_u32s(bits, simd.splat_u32s(23));
    simd.mul_f32s(p, simd.transmute_f32s_u32s(power))
}

/// The natural logarithm of a normal positive number; error below 2e-7 of the result or of one.
#[inline(always)]
pub(super) fn ln<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    const HALF_ROOT: u32 = 0x3f35_04f3;
    let bits = simd.transmute_u32s_f32s(x);
    let lifted = simd.add_u32s(bits, simd.splat_u32s(0x3f80_0000 - HALF_ROOT));
    let exponent = simd.wrapping_dyn_shr_u32s(lifted, simd.splat_u32s(23));
    let mantissa = simd.and_u32s(lifted, simd.splat_u32s(0x007f_ffff));
    let mantissa = simd.add_u32s(mantissa, simd.splat_u32s(HALF_ROOT));
    // Small whole numbers to f32 by way of the mantissa of 2^23.
    let whole = simd.or_u32s(exponent, simd.splat_u32s(0x4b00_0000));
    let k = simd.sub_f32s(simd.transmute_f32s_u32s(whole), simd.splat_f32s(8_388_608.0 + 127.0));
    let f = simd.sub_f32s(simd.transmute_f32s_u32s(mantissa), simd.splat_f32s(1.0));
    // ln(1 + f) = 2 artanh(s), s = f / (2 + f) = f - s f / 2 ...
    let s = simd.div_f32s(f, simd.add_f32s(f, simd.splat_f32s(2.0)));
    let z = simd.mul_f32s(s, s);
    let mut p = simd.splat_f32s(2.0 / 9.0);
    for coefficient in [2.0 / 7.0, 2.0 / 5.0, 2.0 / 3.0, 2.0] {
        p = simd.mul_add_e_f32s(p, z, simd.splat_f32s(coefficient));
    }
    let log = simd.mul_f32s(p, s);
    simd.mul_add_e_f32s(k, simd.splat_f32s(std::f32::consts::LN_2), log)
}

#[cfg(test)]
mod tests {
    use secateur_core::Random;

    use super::super::Mixture;
    use super::*;
    use crate::features::Frames;

    pub(super) fn drawn(random: &mut Random, components: usize, width: usize) -> Mixture {
        let mut numbers = |n: usize| (0..n).map(|_| 3.0 * random.normal()).collect::<Vec<_>>();
        let means = numbers(components * width);
        let variances = numbers(components * width).iter().map(|v| 0.3 + v * v).collect();
        let weights: Vec<f64> = numbers(components).iter().map(|v| 0.1 + v * v).collect();
        let all: f64 = weights.iter().sum();
        let weights = weights.iter().map(|w| w / all).collect();
        Mixture { width, weights, means, variances }
    }

    /// Log-likelihoods lie around -100; f32 has seven digits.
    const TOLERANCE: f64 = 1e-4;

    #[test]
    fn vectors_give_what_the_plain_twin_gives() {
        let mut random = Random::new(9);
        for (frames, width, components) in [(1, 1, 1), (33, 24, 32), (100, 13, 5), (16, 24, 64)] {
            let mixtures: Vec<Mixture> =
                (0..11).map(|_| drawn(&mut random, components, width)).collect();
            let values = (0..frames * width).map(|_| 4.0 * random.normal()).collect();
            let frames = Frames { width, values };
            let packed: Vec<Packed> = mixtures.iter().map(Packed::new).collect();
            let models: Vec<&Packed> = packed.iter().collect();
            let heard = Heard::new(&frames, width, 0..frames.len()).unwrap();
            let mut out = vec![0.0; models.len() * frames.len()];
            score(&models, &heard, &mut out);
            for (mixture, row) in mixtures.iter().zip(out.chunks_exact(frames.len())) {
                for (found, expect) in row.iter().zip(mixture.log_likelihoods(&frames).unwrap()) {
                    let allowed = TOLERANCE * (1.0 + expect.abs() / 100.0);
                    assert!((f64::from(*found) - expect).abs() < allowed, "{found} {expect}");
                }
            }
            // A frame's value does not depend on its neighbors.
            let last = frames.len() - 1;
            let heard = Heard::new(&frames, width, last..last + 1).unwrap();
            let mut alone = vec![0.0; models.len()];
            score(&models, &heard, &mut alone);
            for (row, alone) in out.chunks_exact(frames.len()).zip(alone) {
                assert_eq!(row[last].to_bits(), alone.to_bits());
            }
        }
    }

    #[test]
    fn packing_and_back_loses_little() {
        let mixture = drawn(&mut Random::new(3), 6, 5);
        let back = Packed::new(&mixture).mixture();
        let near = |a: &[f64], b: &[f64]| {
            a.iter().zip(b).all(|(a, b)| (a - b).abs() < 2e-6 * (1.0 + b.abs()))
        };
        assert!(near(&back.weights, &mixture.weights));
        assert!(near(&back.means, &mixture.means));
        assert!(near(&back.variances, &mixture.variances));
    }

    struct Functions<'a>(&'a [f32], &'a mut [f32], &'a mut [f32]);

    impl WithSimd for Functions<'_> {
        type Output = ();

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            let (x, _) = S::as_simd_f32s(self.0);
            let (e, _) = S::as_mut_simd_f32s(self.1);
            let (l, _) = S::as_mut_simd_f32s(self.2);
            for ((x, e), l) in x.iter().zip(e).zip(l) {
                *e = exp(simd, *x);
                *l = ln(simd, simd.sub_f32s(simd.splat_f32s(1.0), *x));
            }
        }
    }

    #[test]
    fn functions_are_those_of_the_standard_library() {
        let mut random = Random::new(4);
        let x: Vec<f32> = (0..1 << 14).map(|_| -(86.0 * random.uniform()) as f32).collect();
        let (mut e, mut l) = (vec![0.0; x.len()], vec![0.0; x.len()]);
        pulp::Arch::new().dispatch(Functions(&x, &mut e, &mut l));
        for ((x, e), l) in x.iter().zip(&e).zip(&l) {
            let (x, e, l) = (f64::from(*x), f64::from(*e), f64::from(*l));
            assert!((e - x.exp()).abs() < 3e-7 * x.exp(), "{x} {e}");
            let expect = f64::from(1.0 - x as f32).ln();
            assert!((l - expect).abs() < 3e-7 * expect.max(1.0), "{x} {l} {expect}");
        }
    }
}
