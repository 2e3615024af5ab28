//! Weights of ranks, and sums of them.

use std::ops::Range;

use rayon::prelude::*;

/// The weight of rank r = 1 (the best), 2, ...
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Weights {
    /// `exp(-(r - 1) / rho)`; without a number rho is `max(1, 0.02 N)`, N the speakers enrolled.
    Exponential(Option<f64>),
    /// `1 - (r - 1) / N`, N the speakers enrolled.
    Linear,
    /// `1 / r`.
    Reciprocal,
    /// 1 for the best so many, 0 for the others.
    Top(usize),
}

impl Weights {
    /// Weights of all ranks among `enrolled` speakers, down to the last that is not zero.
    pub fn table(self, enrolled: usize) -> Vec<f64> {
        let n = enrolled as f64;
        let of = |weight: &dyn Fn(f64) -> f64| (0..enrolled).map(|r| weight(r as f64)).collect();
        match self {
            Self::Exponential(rho) => {
                let rho = rho.unwrap_or_else(|| (0.02 * n).max(1.0));
                of(&|r| (-r / rho).exp())
            }
            Self::Linear => of(&|r| 1.0 - r / n),
            Self::Reciprocal => of(&|r| 1.0 / (r + 1.0)),
            Self::Top(best) => vec![1.0; best.min(enrolled)],
        }
    }
}

/// What a weight multiplies.
#[derive(Clone, Copy)]
pub(crate) enum Times {
    One,
    /// The log-likelihood less the logarithm of the mean likelihood of the frame.
    Normalized,
}

/// Frames that are ranked before they are added.
const FRAMES: usize = 64;
/// Candidates times frames below which one thread does all.
const SMALL: usize = 1 << 13;

/// Adds weights by rank, frame by frame. Of equal values the lower place is the better rank.
pub(crate) fn add(
    rows: &[Vec<f32>],
    frames: Range<usize>,
    sums: &mut [f64],
    weights: &[f64],
    times: Times,
) {
    let n = rows.len();
    if n == 0 {
        return;
    }
    let mut columns = vec![0.0; FRAMES.min(frames.len().max(1)) * n];
    let mut parts = vec![0.0; columns.len()];
    for from in frames.clone().step_by(FRAMES) {
        let len = FRAMES.min(frames.end - from);
        for (place, row) in rows.iter().enumerate() {
            for (t, value) in row[from..from + len].iter().enumerate() {
                columns[t * n + place] = *value;
            }
        }
        let parts = &mut parts[..len * n];
        let frame = |order: &mut Vec<u64>, (column, parts): (&[f32], &mut [f64])| {
            rank(column, parts, weights, times, order);
        };
        if len * n < SMALL {
            let mut order = Vec::new();
            let pairs = columns.chunks_exact(n).zip(parts.chunks_exact_mut(n));
            pairs.for_each(|pair| frame(&mut order, pair));
        } else {
            let pairs = columns.par_chunks_exact(n).zip(parts.par_chunks_exact_mut(n));
            pairs.for_each_init(Vec::new, frame);
        }
        for parts in parts.chunks_exact(n) {
            sums.iter_mut().zip(parts).for_each(|(sum, part)| *sum += part);
        }
    }
}

/// What one frame gives each candidate.
fn rank(column: &[f32], parts: &mut [f64], weights: &[f64], times: Times, order: &mut Vec<u64>) {
    order.clear();
    let keyed = column.iter().enumerate();
    order.extend(keyed.map(|(place, value)| u64::from(!key(*value)) << 32 | place as u64));
    let weighted = weights.len().min(order.len());
    if weighted < order.len() && weighted > 0 {
        order.select_nth_unstable(weighted - 1);
    }
    order[..weighted].sort_unstable();
    parts.fill(0.0);
    let mean = match times {
        Times::One => 0.0,
        Times::Normalized => log_mean_exp(column),
    };
    for (weight, place) in weights.iter().zip(&order[..weighted]) {
        let place = (place & u64::from(u32::MAX)) as usize;
        parts[place] = match times {
            Times::One => *weight,
            Times::Normalized => weight * (f64::from(column[place]) - mean),
        };
    }
}

/// An integer that orders as the value does; -0.0 and 0.0 are the same.
fn key(value: f32) -> u32 {
    let bits = (value + 0.0).to_bits();
    if bits >> 31 == 1 { !bits } else { bits | 1 << 31 }
}

/// Logarithm of the mean of exponentials.
fn log_mean_exp(values: &[f32]) -> f64 {
    let most = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    if !most.is_finite() {
        return f64::from(most);
    }
    let sum: f64 = values.iter().map(|value| f64::from((value - most).exp())).sum();
    f64::from(most) + (sum / values.len() as f64).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_of_weights() {
        assert_eq!(Weights::Reciprocal.table(4), [1.0, 0.5, 1.0 / 3.0, 0.25]);
        assert_eq!(Weights::Linear.table(4), [1.0, 0.75, 0.5, 0.25]);
        assert_eq!(Weights::Top(2).table(4), [1.0, 1.0]);
        // Of few speakers rho is 1, of 126 it is 2.52.
        assert_eq!(Weights::Exponential(None).table(3)[1], (-1.0_f64).exp());
        assert_eq!(Weights::Exponential(None).table(126)[1], (-1.0 / 2.52_f64).exp());
    }

    #[test]
    fn the_best_rank_first_and_the_lower_place_among_equals() {
        let rows = [vec![-3.0_f32, 1.0], vec![-1.0, 1.0], vec![-1.0, 5.0]];
        let mut sums = [0.0; 3];
        add(&rows, 0..1, &mut sums, &[1.0, 0.5, 0.25], Times::One);
        assert_eq!(sums, [0.25, 1.0, 0.5]);
        add(&rows, 1..2, &mut sums, &[1.0], Times::One);
        assert_eq!(sums, [0.25, 1.0, 1.5]);
    }

    #[test]
    fn threads_do_not_matter() {
        let mut random = secateur_core::Random::new(1);
        let rows: Vec<Vec<f32>> =
            (0..300).map(|_| (0..130).map(|_| random.normal() as f32).collect()).collect();
        let weights = Weights::Exponential(None).table(300);
        let of = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let mut sums = vec![0.0; 300];
            pool.install(|| add(&rows, 0..130, &mut sums, &weights, Times::Normalized));
            sums
        };
        assert_eq!(of(1), of(3));
    }
}
