//! Fast scoring of speakers that were adapted from one mixture: of each frame only the Gaussians
//! that are best for the mixture of all speakers.
//!
//! Source: D. Reynolds, 1997, "Comparison of background normalization methods for text-independent
//! speaker verification" (the best C Gaussians).

use pulp::{Simd, WithSimd, bytemuck};
use rayon::prelude::*;

use super::packed::{BLOCK, GROUP, Heard, Packed};
use super::score::{exp, ln, tile};
use crate::error::SpeakerError;

/// Speakers that fill a vector of any machine.
const LANES: usize = 16;

/// Speakers' means beside each other, for scoring with the best Gaussians only.
#[derive(Clone, Debug)]
pub struct Adapted {
    background: Packed,
    /// Best Gaussians that are worked out for each frame.
    top: usize,
    speakers: usize,
    /// Shifts, of shape `[components, width, speakers padded]`.
    shifts: Vec<f32>,
}

/// What a frame gives: of each speaker, and of the mixture of all.
#[derive(Clone, Debug, PartialEq)]
pub struct Fast {
    /// Log-likelihoods, of shape `[speakers, frames]`.
    pub speakers: Vec<f32>,
    /// Of the mixture of all speakers, of shape `[frames]`.
    pub background: Vec<f32>,
}

impl Adapted {
    /// Speakers that differ from the mixture of all in their means alone.
    ///
    /// # Errors
    /// [`SpeakerError::Mixture`] for a speaker that was not adapted from this mixture,
    /// [`SpeakerError::Option`] for no Gaussians.
    pub fn new(
        background: &Packed,
        speakers: &[&Packed],
        top: usize,
    ) -> Result<Self, SpeakerError> {
        if top == 0 {
            let (option, expected) = ("top", "at least 1");
            return Err(SpeakerError::Option { option, expected, got: top.to_string() });
        }
        let (components, width) = (background.components(), background.width());
        let padded = speakers.len().next_multiple_of(LANES);
        let mut shifts = vec![0.0; components * width * padded];
        for (at, speaker) in speakers.iter().enumerate() {
            let mut same = speaker.components() == components && speaker.width() == width;
            same = same && speaker.parts().1 == background.parts().1;
            for component in 0..if same { components } else { 0 } {
                for d in 0..width {
                    let (scale, shift) = speaker.shape(component, d);
                    same &= scale == background.shape(component, d).0;
                    shifts[(component * width + d) * padded + at] = shift;
                }
            }
            if !same {
                let what = "it was not adapted from the background model".to_owned();
                return Err(SpeakerError::Mixture { what });
            }
        }
        let top = top.min(components);
        Ok(Self { background: background.clone(), top, speakers: speakers.len(), shifts })
    }

    /// Some of the speakers, in this order.
    #[must_use]
    pub fn of(&self, active: &[usize]) -> Self {
        let from = self.speakers.next_multiple_of(LANES);
        let padded = active.len().next_multiple_of(LANES);
        let mut shifts = vec![0.0; self.shifts.len() / from.max(1) * padded];
        for (to, row) in shifts.chunks_exact_mut(padded).zip(self.shifts.chunks_exact(from)) {
            to.iter_mut().zip(active).for_each(|(to, speaker)| *to = row[*speaker]);
        }
        Self { background: self.background.clone(), shifts, speakers: active.len(), ..*self }
    }

    /// Gaussians that a frame costs.
    pub fn gaussians_per_frame(&self) -> u64 {
        (self.background.components() + self.top * self.speakers) as u64
    }

    /// Log-likelihoods of all frames.
    ///
    /// # Panics
    /// When the frames have another width.
    pub fn score(&self, heard: &Heard) -> Fast {
        assert_eq!(heard.width(), self.background.width(), "frames of the mixtures' width");
        let arch = pulp::Arch::new();
        let block = |from: usize| {
            let len = BLOCK.min(heard.len() - from);
            let mut found =
                Fast { speakers: vec![0.0; self.speakers * len], background: vec![0.0; len] };
            arch.dispatch(Block { adapted: self, heard, from, found: &mut found });
            found
        };
        let starts: Vec<usize> = (0..heard.len()).step_by(BLOCK).collect();
        let blocks: Vec<Fast> = starts.into_par_iter().map(block).collect();
        let mut all = Fast {
            speakers: vec![0.0; self.speakers * heard.len()],
            background: Vec::with_capacity(heard.len()),
        };
        for found in &blocks {
            let (from, len) = (all.background.len(), found.background.len());
            all.background.extend_from_slice(&found.background);
            let rows = all.speakers.chunks_exact_mut(heard.len());
            for (row, part) in rows.zip(found.speakers.chunks_exact(len)) {
                row[from..from + len].copy_from_slice(part);
            }
        }
        all
    }
}

struct Block<'a> {
    adapted: &'a Adapted,
    heard: &'a Heard,
    from: usize,
    found: &'a mut Fast,
}

impl WithSimd for Block<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { adapted, heard, from, found } = self;
        let background = &adapted.background;
        let size = heard.width() * BLOCK;
        let values = &heard.values()[from / BLOCK * size..][..size];
        let (x, _) = S::as_simd_f32s(values);
        let components = background.components();
        let mut terms = vec![[simd.splat_f32s(0.0); 1]; components.next_multiple_of(GROUP)];
        let len = found.background.len();
        let mut best: Vec<(f32, usize)> = Vec::with_capacity(adapted.top + 1);
        let mut own = vec![0.0; adapted.speakers.next_multiple_of(LANES)];
        for at in 0..BLOCK / S::F32_LANES {
            let sums = tile::<S, 1>(simd, background, x, at, &mut terms);
            let sums: &[f32] = bytemuck::cast_slice(&sums);
            let terms: &[f32] = bytemuck::cast_slice(terms.as_flattened());
            for lane in 0..S::F32_LANES {
                let frame = at * S::F32_LANES + lane;
                if frame >= len {
                    return;
                }
                found.background[frame] = sums[lane];
                best.clear();
                let of_frame = terms[lane..].iter().step_by(S::F32_LANES).take(components);
                for (component, term) in of_frame.enumerate() {
                    let full = best.len() == adapted.top;
                    if full && best.last().is_some_and(|worst| *term <= worst.0) {
                        continue;
                    }
                    let place = best.partition_point(|better| better.0 >= *term);
                    best.insert(place, (*term, component));
                    best.truncate(adapted.top);
                }
                speakers(simd, adapted, heard, from + frame, &best, &mut own);
                for (speaker, value) in own[..adapted.speakers].iter().enumerate() {
                    found.speakers[speaker * len + frame] = *value;
                }
            }
        }
    }
}

/// One frame under all speakers; lanes are speakers.
#[inline(always)]
fn speakers<S: Simd>(
    simd: S,
    adapted: &Adapted,
    heard: &Heard,
    frame: usize,
    best: &[(f32, usize)],
    own: &mut [f32],
) {
    let background = &adapted.background;
    let width = background.width();
    let (shapes, constants) = background.parts();
    let (shifts, _) = S::as_simd_f32s(&adapted.shifts);
    let (own, _) = S::as_mut_simd_f32s(own);
    let vectors = own.len();
    let mut most = simd.splat_f32s(f32::NEG_INFINITY);
    for (vector, own) in own.iter_mut().enumerate() {
        let mut sum = simd.splat_f32s(0.0);
        for (number, (_, component)) in best.iter().enumerate() {
            let mut term = simd.splat_f32s(0.0);
            for d in 0..width {
                let pair = &shapes[component / GROUP * width + d];
                let scaled = simd.splat_f32s(heard.at(frame, d));
                let scale = simd.splat_f32s(pair[component % GROUP]);
                let shift = shifts[(component * width + d) * vectors + vector];
                let t = simd.mul_add_e_f32s(scaled, scale, shift);
                term = simd.mul_add_e_f32s(t, t, term);
            }
            let term = simd.sub_f32s(simd.splat_f32s(constants[*component]), term);
            // The sum is kept relative to the largest term so far.
            if number == 0 {
                most = term;
                sum = simd.splat_f32s(1.0);
                continue;
            }
            let more = simd.max_f32s(most, term);
            let kept = simd.mul_f32s(sum, exp(simd, simd.sub_f32s(most, more)));
            sum = simd.add_f32s(kept, exp(simd, simd.sub_f32s(term, more)));
            most = more;
        }
        *own = simd.add_f32s(most, ln(simd, sum));
    }
}

#[cfg(test)]
mod tests {
    use secateur_core::Random;

    use super::super::{Mixture, log_sum_exp};
    use super::*;
    use crate::features::Frames;

    fn drawn(random: &mut Random) -> (Mixture, Vec<Mixture>) {
        let (components, width) = (9, 5);
        let numbers = |random: &mut Random, n: usize| -> Vec<f64> {
            (0..n).map(|_| 2.0 * random.normal()).collect()
        };
        let background = Mixture {
            width,
            weights: vec![1.0 / 9.0; components],
            means: numbers(random, components * width),
            variances: numbers(random, components * width).iter().map(|v| 0.5 + v * v).collect(),
        };
        let speakers = (0..19).map(|_| {
            let mut speaker = background.clone();
            speaker.means.iter_mut().for_each(|mean| *mean += 0.3 * random.normal());
            speaker
        });
        (background.clone(), speakers.collect())
    }

    #[test]
    fn the_best_gaussians_are_those_of_the_background() {
        let mut random = Random::new(8);
        let (background, speakers) = drawn(&mut random);
        let frames =
            Frames { width: 5, values: (0..5 * 37).map(|_| 3.0 * random.normal()).collect() };
        let packed: Vec<Packed> = speakers.iter().map(Packed::new).collect();
        let models: Vec<&Packed> = packed.iter().collect();
        let heard = Heard::new(&frames, 5, 0..37).unwrap();
        for top in [1, 3, 9] {
            let adapted = Adapted::new(&Packed::new(&background), &models, top).unwrap();
            let found = adapted.score(&heard);
            let terms = |mixture: &Mixture, frame: &[f64]| -> Vec<f64> {
                let constants = mixture.constants();
                (0..9)
                    .map(|c| {
                        let of = |all: &[f64], d: usize| all[c * 5 + d];
                        let distance: f64 = (0..5)
                            .map(|d| {
                                (frame[d] - of(&mixture.means, d)).powi(2)
                                    / of(&mixture.variances, d)
                            })
                            .sum();
                        constants[c] - 0.5 * distance
                    })
                    .collect()
            };
            for t in 0..37 {
                let all = terms(&background, frames.frame(t));
                let mut order: Vec<usize> = (0..9).collect();
                order.sort_by(|a, b| all[*b].total_cmp(&all[*a]));
                for (speaker, mixture) in speakers.iter().enumerate() {
                    let own = terms(mixture, frames.frame(t));
                    let kept: Vec<f64> = order[..top].iter().map(|c| own[*c]).collect();
                    let expect = log_sum_exp(&kept);
                    let got = f64::from(found.speakers[speaker * 37 + t]);
                    assert!((got - expect).abs() < 1e-4 * (1.0 + expect.abs() / 10.0));
                }
                assert!((f64::from(found.background[t]) - log_sum_exp(&all)).abs() < 1e-3);
            }
            let some = adapted.of(&[18, 2]).score(&heard);
            assert_eq!(some.speakers[..37], found.speakers[18 * 37..]);
            assert_eq!(some.speakers[37..], found.speakers[2 * 37..3 * 37]);
        }
        let other =
            Packed::new(&Mixture { weights: background.weights.clone(), ..drawn(&mut random).0 });
        assert!(Adapted::new(&other, &models, 3).is_err());
    }
}
