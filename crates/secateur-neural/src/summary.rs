//! What a run remembers of each layer: counts, histograms, mask maps. Small enough to be
//! journaled, so that a resumed run gives the same report.

use rayon::prelude::*;
use secateur_core::figure::{self, Figure};
use secateur_core::record::Named;
use secateur_core::{Mask, Scores};
use serde::{Deserialize, Serialize};

/// Bins per decade of a histogram of absolute values.
const PER_DECADE: usize = 8;
/// Decades of a histogram, from 10^LOW on.
const DECADES: usize = 10;
const LOW: i32 = -7;
/// Rows and columns of a mask map.
const MAP: usize = 64;

/// What is remembered of a layer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LayerSummary {
    /// Name of the module.
    pub name: String,
    /// `[out, in]`.
    pub shape: [usize; 2],
    /// Weights kept by the mask.
    pub kept: u64,
    /// Weights cut by the mask.
    pub cut: u64,
    /// Weights that are not zero in the output.
    pub nonzeros: u64,
    /// Share of the summed score that is kept.
    pub score_kept: f64,
    /// Why the layer was left alone.
    pub skipped: Option<String>,
    /// Why the layer was pruned otherwise than the recipe says, and how.
    #[serde(default)]
    pub fallback: Option<String>,
    /// Share of kept weights in each cell of a coarse map, in 255ths, for chosen layers.
    pub map: Option<Map>,
}

/// A coarse picture of a mask.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Map {
    /// Rows.
    pub rows: usize,
    /// Columns.
    pub columns: usize,
    /// Row-major shares in 255ths.
    pub cells: Vec<u8>,
}

/// Counts of absolute values in bins of equal ratio.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decades {
    /// Counts from 10^-7 on, eight bins a decade; smaller and larger values in the end bins.
    pub bins: Vec<u64>,
    /// Values that are exactly zero.
    pub zeros: u64,
}

impl Default for Decades {
    fn default() -> Self {
        Self { bins: vec![0; DECADES * PER_DECADE], zeros: 0 }
    }
}

impl Decades {
    /// Counts values.
    pub fn add(&mut self, values: &[f32]) {
        let counts = count(values.par_chunks(PART), SIZES, |part, counts: &mut Counts| {
            let mut zeros = 0;
            let (pairs, rest) = part.as_chunks::<2>();
            // Two tables: the next increment need not wait for the one before.
            let mut second = vec![0_u32; SIZES];
            for [a, b] in pairs {
                counts[size(*a)] += 1;
                second[size(*b)] += 1;
                zeros += u32::from(*a == 0.0) + u32::from(*b == 0.0);
            }
            for value in rest {
                counts[size(*value)] += 1;
                zeros += u32::from(*value == 0.0);
            }
            counts.iter_mut().zip(second).for_each(|(a, b)| *a += b);
            // Exact zeros get a count of their own, past the others.
            counts[0] -= zeros;
            counts[SIZES] = zeros;
        });
        self.spread(&counts[..SIZES], counts[SIZES]);
    }

    /// Puts counts by [`size`] into their bins.
    fn spread(&mut self, counts: &[u64], zeros: u64) {
        self.zeros += zeros;
        let last = self.bins.len() as i64 - 1;
        for (at, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            let value = f32::from_bits((at as u32) << 16 | 1 << 15);
            let place = (fast_log10(value) - LOW as f32) * PER_DECADE as f32;
            self.bins[(place as i64).clamp(0, last) as usize] += count;
        }
    }

    /// Adds the counts of another.
    pub fn merge(&mut self, other: &Self) {
        self.zeros += other.zeros;
        for (mine, theirs) in self.bins.iter_mut().zip(&other.bins) {
            *mine += theirs;
        }
    }
}

/// Values that one task counts.
const PART: usize = 1 << 20;
/// Counts by size.
type Counts = [u32];

/// A number for the size of a value, finer than any bin: exponent and seven bits of the mantissa.
fn size(value: f32) -> usize {
    (value.to_bits() >> 16 & 0x7fff) as usize
}

/// Sizes of values that are told apart.
const SIZES: usize = 1 << 15;

/// What `add` counts in each part: `places` counts, and two more.
fn count<P: Send>(
    parts: impl IndexedParallelIterator<Item = P>,
    places: usize,
    add: impl Fn(P, &mut Counts) + Sync,
) -> Vec<u64> {
    let part = |part| {
        let mut counts = vec![0_u32; places + 2];
        add(part, &mut counts);
        counts.into_iter().map(u64::from).collect::<Vec<u64>>()
    };
    let sum = |mut a: Vec<u64>, b: Vec<u64>| {
        a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
        a
    };
    parts.map(part).reduce(|| vec![0; places + 2], sum)
}

/// Decimal logarithm within 0.005, for bins.
fn fast_log10(x: f32) -> f32 {
    let bits = x.to_bits();
    let exponent = (bits >> 23) as f32 - 127.0;
    let m = f32::from_bits((bits & 0x007f_ffff) | 0x3f80_0000);
    // log2 of 1..2 by a parabola through 1, 1.5 and 2.
    let log2 = (-0.339_85 * m + 2.019_55) * m - 1.679_7;
    (exponent + log2) * std::f32::consts::LOG10_2
}

/// Histograms of a part of the model.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Histograms {
    /// Weights before.
    pub weights_before: Decades,
    /// Weights after.
    pub weights_after: Decades,
    /// Scores of kept weights.
    pub scores_kept: Decades,
    /// Scores of cut weights.
    pub scores_cut: Decades,
}

impl Histograms {
    /// Adds the counts of another.
    pub fn merge(&mut self, other: &Self) {
        self.weights_before.merge(&other.weights_before);
        self.weights_after.merge(&other.weights_after);
        self.scores_kept.merge(&other.scores_kept);
        self.scores_cut.merge(&other.scores_cut);
    }

    /// Counts the scores of a pruned layer.
    pub fn add_scores(&mut self, scores: &Scores, mask: &Mask) {
        let parts = scores.values().par_chunks(PART).zip(mask.words().par_chunks(PART / 64));
        let counts = count(parts, 2 * SIZES, |(values, words), counts: &mut Counts| {
            let mut zeros = [0; 2];
            for (values, word) in values.chunks(64).zip(words) {
                for (bit, value) in values.iter().enumerate() {
                    let kept = (word >> bit & 1) as usize;
                    let size = size(*value);
                    counts[kept * SIZES + size] += 1;
                    if size == 0 {
                        zeros[kept] += u32::from(*value == 0.0);
                    }
                }
            }
            for (kept, zeros) in zeros.into_iter().enumerate() {
                counts[kept * SIZES] -= zeros;
                counts[2 * SIZES + kept] = zeros;
            }
        });
        self.scores_cut.spread(&counts[..SIZES], counts[2 * SIZES]);
        self.scores_kept.spread(&counts[SIZES..2 * SIZES], counts[2 * SIZES + 1]);
    }

    /// The figures of a record.
    pub fn figures(&self) -> Vec<Named> {
        let figure = |x: &str, pairs: [(&str, &Decades); 2]| Figure::Histogram {
            x: x.to_owned(),
            low: f64::from(LOW),
            high: f64::from(LOW) + DECADES as f64,
            series: pairs
                .into_iter()
                .map(|(name, d)| figure::Counts { name: name.to_owned(), counts: d.bins.clone() })
                .collect(),
            log_y: true,
        };
        let zeros = self.weights_after.zeros;
        vec![
            Named {
                title: "Weights before and after".to_owned(),
                caption: format!(
                    "Absolute values of the weights of all pruned layers. {zeros} weights are \
                     zero afterwards and stand in no bin."
                ),
                figure: figure(
                    "log10 of the absolute weight",
                    [("before", &self.weights_before), ("after", &self.weights_after)],
                ),
            },
            Named {
                title: "Scores of kept and cut weights".to_owned(),
                caption: "Scores compete inside a row or a layer, so the two overlap where rows \
                          differ in scale."
                    .to_owned(),
                figure: figure(
                    "log10 of the score",
                    [("kept", &self.scores_kept), ("cut", &self.scores_cut)],
                ),
            },
        ]
    }
}

/// A coarse map of a mask `[out, inner]`: the share of kept weights in each cell.
pub fn map([out, inner]: [usize; 2], mask: &Mask) -> Map {
    let (rows, columns) = (out.min(MAP), inner.min(MAP));
    let mut cells = Vec::with_capacity(rows * columns);
    for r in 0..rows {
        for c in 0..columns {
            let (r0, r1) = (r * out / rows, (r + 1) * out / rows);
            let (c0, c1) = (c * inner / columns, (c + 1) * inner / columns);
            let kept: usize = (r0..r1)
                .map(|row| (c0..c1).filter(|col| mask.keeps(row * inner + col)).count())
                .sum();
            cells.push((kept * 255 / ((r1 - r0) * (c1 - c0))) as u8);
        }
    }
    Map { rows, columns, cells }
}

impl Map {
    /// The figure of a record.
    pub fn figure(&self, name: &str, shape: [usize; 2]) -> Named {
        Named {
            title: format!("Mask of {name}"),
            caption: format!(
                "{} outputs down, {} inputs across; dark cells keep more.",
                shape[0], shape[1]
            ),
            figure: Figure::Heatmap {
                rows: self.rows,
                columns: self.columns,
                values: self.cells.iter().map(|&c| f32::from(c) / 255.0).collect(),
                low: 0.0,
                high: 1.0,
                legend: "share of weights kept".to_owned(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_fall_into_their_decade() {
        let mut decades = Decades::default();
        decades.add(&[0.0, 1.5e-3, -1.5e-3, 1e-20, 1e20, 1.02]);
        assert_eq!(decades.zeros, 1);
        assert_eq!((decades.bins[0], decades.bins[DECADES * PER_DECADE - 1]), (1, 1));
        assert_eq!(decades.bins[4 * PER_DECADE..5 * PER_DECADE].iter().sum::<u64>(), 2);
        assert_eq!(decades.bins[7 * PER_DECADE], 1);
        for x in [1e-6_f32, 0.37, 1.0, 1.3, 77.0] {
            assert!((fast_log10(x) - x.log10()).abs() < 0.005, "{x}");
        }
    }
}
