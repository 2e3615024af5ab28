//! What a run remembers of each layer: counts, histograms, mask maps. Small enough to be
//! journaled, so that a resumed run gives the same report.

use std::ops::Range;
use std::sync::LazyLock;

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
    /// Counts from 10^-7 on, eight bins a decade; smaller and larger values in the end bins. Those
    /// of large layers are those of a sample times its share.
    pub bins: Vec<u64>,
    /// Values that are exactly zero, all of them.
    pub zeros: u64,
}

impl Default for Decades {
    fn default() -> Self {
        Self { bins: vec![0; DECADES * PER_DECADE], zeros: 0 }
    }
}

impl Decades {
    /// Counts the values of a layer, or of a part of it, that stand in the sample. Zeros stand in
    /// no bin.
    pub fn add(&mut self, values: &[f32], sample: Sample) {
        let parts = sample.parts(values.len()).map(|units| {
            let mut bins = [[0_u32; BINS]; 4];
            for units in units {
                count(&values[units], &mut bins);
            }
            total(&bins)
        });
        let counts = parts.reduce(|| vec![0; BINS], |a, b| sum(a, &b));
        sample.spread(&mut self.bins, &counts);
    }

    /// Adds the counts of another.
    pub fn merge(&mut self, other: &Self) {
        self.zeros += other.zeros;
        for (mine, theirs) in self.bins.iter_mut().zip(&other.bins) {
            *mine += theirs;
        }
    }
}

/// Bins of [`Decades`], and one for zeros.
const BINS: usize = DECADES * PER_DECADE + 1;

/// Which weights of a layer its histograms count: all of a small layer; of a large one a run of
/// 64 in every so many, from all rows and columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Number of the first run of this part.
    first: usize,
    /// One run in so many is counted, and counted so many times.
    every: usize,
}

impl Sample {
    /// Weights that are counted together.
    const RUN: usize = 64;

    /// Of a layer of `len` weights.
    pub fn of(len: usize) -> Self {
        // A prime, so that the runs do not always lie in the same columns.
        Self { first: 0, every: if len > 1 << 20 { 17 } else { 1 } }
    }

    /// Of the part of the layer from weight `first` on, a multiple of 64.
    #[must_use]
    pub fn from(self, first: usize) -> Self {
        Self { first: first / Self::RUN, ..self }
    }

    /// The runs in a part of `len` weights, as tasks.
    fn parts(self, len: usize) -> impl ParallelIterator<Item = impl Iterator<Item = Range<usize>>> {
        const TASK: usize = 1 << 12;
        let runs = len.div_ceil(Self::RUN);
        let first = (self.every - self.first % self.every) % self.every;
        let count = runs.saturating_sub(first).div_ceil(self.every);
        (0..count.div_ceil(TASK)).into_par_iter().map(move |task| {
            (task * TASK..count.min((task + 1) * TASK)).map(move |at| {
                let start = (first + at * self.every) * Self::RUN;
                start..len.min(start + Self::RUN)
            })
        })
    }

    fn spread(self, bins: &mut [u64], counts: &[u64]) {
        // The last count is that of zeros.
        bins.iter_mut().zip(counts).for_each(|(bin, count)| *bin += count * self.every as u64);
    }
}

/// The bin of a value by its exponent and seven bits of its mantissa, finer than any bin.
static BIN: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let last = (DECADES * PER_DECADE) as i64 - 1;
    let bin = |at: u32| {
        let value = f32::from_bits(at << 16 | 1 << 15);
        let place = (fast_log10(value) - LOW as f32) * PER_DECADE as f32;
        (place as i64).clamp(0, last) as u8
    };
    (0..1 << 15).map(bin).collect()
});

fn bin(value: f32) -> usize {
    let size = value.to_bits() >> 16 & 0x7fff;
    if value == 0.0 { BINS - 1 } else { usize::from(BIN[size as usize]) }
}

/// Counts into four tables, so that no count waits for the one before.
fn count(values: &[f32], bins: &mut [[u32; BINS]; 4]) {
    let (fours, rest) = values.as_chunks::<4>();
    for four in fours {
        for (value, bins) in four.iter().zip(bins.iter_mut()) {
            bins[bin(*value)] += 1;
        }
    }
    for value in rest {
        bins[0][bin(*value)] += 1;
    }
}

fn total(bins: &[[u32; BINS]]) -> Vec<u64> {
    (0..BINS).map(|at| bins.iter().map(|bins| u64::from(bins[at])).sum()).collect()
}

fn sum(mut a: Vec<u64>, b: &[u64]) -> Vec<u64> {
    a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
    a
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

    /// Counts the scores of a pruned layer, or of a part of it, that stand in the sample.
    pub fn add_scores(&mut self, scores: &Scores, mask: &Mask, sample: Sample) {
        let (values, words) = (scores.values(), mask.words());
        let parts = sample.parts(values.len()).map(|units| {
            let mut bins = [[0_u32; BINS]; 2];
            for units in units {
                let word = words[units.start / Sample::RUN];
                for (bit, value) in values[units].iter().enumerate() {
                    bins[(word >> bit & 1) as usize][bin(*value)] += 1;
                }
            }
            bins.map(|bins| total(&[bins]))
        });
        let none = || [vec![0; BINS], vec![0; BINS]];
        let [cut, kept] = parts.reduce(none, |[a, b], [c, d]| [sum(a, &c), sum(b, &d)]);
        sample.spread(&mut self.scores_cut.bins, &cut);
        sample.spread(&mut self.scores_kept.bins, &kept);
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
                     zero afterwards and stand in no bin. A layer of more than a million weights \
                     is counted by a sample of one in 17, times 17."
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
        decades.add(&[0.0, 1.5e-3, -1.5e-3, 1e-20, 1e20, 1.02], Sample::of(6));
        assert_eq!((decades.bins[0], decades.bins[DECADES * PER_DECADE - 1]), (1, 1));
        assert_eq!(decades.bins[4 * PER_DECADE..5 * PER_DECADE].iter().sum::<u64>(), 2);
        assert_eq!(decades.bins[7 * PER_DECADE], 1);
        for x in [1e-6_f32, 0.37, 1.0, 1.3, 77.0] {
            assert!((fast_log10(x) - x.log10()).abs() < 0.005, "{x}");
        }
    }

    #[test]
    fn a_sample_is_the_same_whole_or_in_parts() {
        let len = (1 << 20) + 64 * 3 + 5;
        let values: Vec<f32> = (0..len).map(|at| (at % 1013) as f32 * 1e-3).collect();
        let sample = Sample::of(len);
        let mut whole = Decades::default();
        whole.add(&values, sample);
        let mut parts = Decades::default();
        for (at, part) in values.chunks(64 * 1000).enumerate() {
            parts.add(part, sample.from(at * 64 * 1000));
        }
        assert_eq!(whole, parts);
        let counted: u64 = whole.bins.iter().sum();
        assert!(counted.abs_diff(len as u64) < len as u64 / 100, "{counted} of {len}");
        let mut all = Decades::default();
        all.add(&values, Sample { first: 0, every: 1 });
        for (some, all) in whole.bins.iter().zip(&all.bins) {
            assert!(some.abs_diff(*all) <= all / 20 + 1000, "{some} {all}");
        }
    }
}
