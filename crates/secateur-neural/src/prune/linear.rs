//! One linear layer at work: whole, or a band of rows at a time where that gives the same.
//!
//! A band stays in the caches of the processor from the first look at its weights until it is
//! written, and a layer is never in memory as a whole. That takes a method whose scores of a row
//! hang on that row alone, and a layer that nothing needs afterwards.

use std::ops::Range;

use rayon::prelude::*;
use secateur_core::bracket::{Bracket, Tally, cutoffs};
use secateur_core::census::{Census, Cutoff};
use secateur_core::prune::{PruneError, Pruned};
use secateur_core::recipe::OnSingular;
use secateur_core::scores::share;
use secateur_core::{Budget, Limits, Mask};
use secateur_tensor::Stored;
use secateur_tensor::kernels::isa::vectorize;

use super::block::Block;
use super::places::Places;
use super::{Work, shape_of};
use crate::apply::mask::Zero;
use crate::criteria::Pruner;
use crate::criteria::magnitude::Magnitude;
use crate::error::NeuralError;
use crate::family::count_nonzeros;
use crate::layer::{Inputs, Layer};
use crate::summary::{Histograms, LayerSummary, Sample};

/// Weights of a band, unless its fewest rows hold more.
const BAND: usize = 1 << 18;
/// Masks of bands are joined by words, so a band has a multiple of so many rows.
const ROWS: usize = 64;

/// The most weights in a band of rows of so many values.
pub(crate) fn band(inner: usize) -> usize {
    rows_of_band(inner) * inner
}

fn rows_of_band(inner: usize) -> usize {
    (BAND / inner).max(1).next_multiple_of(ROWS)
}

/// How much of a layer goes.
pub(super) enum Cut<'a> {
    /// A share of each group.
    Budget(Budget),
    /// What lies below a cut that was found before.
    Below(&'a mut Cutoff),
}

/// A layer of a block, with what is to become of it.
pub(super) struct Site<'a> {
    pub(super) work: &'a Work<'a>,
    /// Number of the layer in the model.
    pub(super) number: usize,
    /// Its place among the layers of the block.
    pub(super) at: usize,
    pub(super) inputs: &'a Inputs,
    pub(super) places: &'a Places<'a>,
}

/// What is known of a layer, or of a part of it, that was pruned and written.
struct Part {
    nonzeros: u64,
    /// Sums of the scores that are kept, and of all.
    sums: [f64; 2],
    histograms: Histograms,
    mask: Mask,
    fallback: Option<String>,
}

/// A layer that is left alone.
pub(super) fn skip(block: &mut Block, at: usize, why: String) -> LayerSummary {
    let linear = &block.linears[at];
    let shape = shape_of(block.session.graph(), linear);
    let name = linear.name.clone();
    let nonzeros = if let Some(stored) = block.at_rest(at) {
        count_nonzeros(stored)
    } else {
        let weight = block.take(at);
        let count = nonzeros(&weight);
        block.put(at, weight);
        count
    };
    LayerSummary {
        name,
        shape,
        kept: (shape[0] * shape[1]) as u64,
        cut: 0,
        nonzeros,
        score_kept: 1.0,
        skipped: Some(why),
        fallback: None,
        map: None,
    }
}

impl Site<'_> {
    /// Prunes the layer, writes it, and leaves it in the block as it was written.
    pub(super) fn prune(
        &self,
        block: &mut Block,
        cut: Cut<'_>,
        histograms: &mut Histograms,
    ) -> Result<(LayerSummary, Mask), NeuralError> {
        let linear = &block.linears[self.at];
        let (name, shape) = (linear.name.clone(), shape_of(block.session.graph(), linear));
        let banded = match cut {
            Cut::Budget(budget) => self.in_bands(block, shape, budget)?,
            Cut::Below(_) => None,
        };
        let part = match banded {
            Some(part) => part,
            None => self.whole(block, shape, cut)?,
        };
        histograms.merge(&part.histograms);
        let summary = LayerSummary {
            name,
            shape,
            kept: part.mask.kept() as u64,
            cut: part.mask.cut() as u64,
            nonzeros: part.nonzeros,
            score_kept: share(part.sums),
            skipped: None,
            fallback: part.fallback,
            map: None,
        };
        Ok((summary, part.mask))
    }

    /// The layer with a weight, which may be that of some of its rows.
    fn layer(&self, block: &Block, inner: usize, weight: Vec<f32>, group: usize) -> Layer {
        Layer {
            name: block.linears[self.at].name.clone(),
            index: self.number,
            out: weight.len() / inner,
            inner,
            weight,
            group,
        }
    }

    fn whole(
        &self,
        block: &mut Block,
        [out, inner]: [usize; 2],
        cut: Cut<'_>,
    ) -> Result<Part, NeuralError> {
        let weight = block.take(self.at);
        let group = self.work.group([out, inner]);
        let mut layer = self.layer(block, inner, weight, group);
        let linear = &block.linears[self.at];
        let part = self.part(&mut layer, cut, Sample::of(out * inner), |weight| {
            self.places.write_weight(linear, [out, inner], weight)
        })?;
        block.put(self.at, layer.weight);
        Ok(part)
    }

    /// Prunes a layer, or a band of one, and lets it be written.
    fn part(
        &self,
        layer: &mut Layer,
        cut: Cut<'_>,
        sample: Sample,
        write: impl FnOnce(&mut [f32]) -> Result<(), NeuralError>,
    ) -> Result<Part, NeuralError> {
        let mut histograms = Histograms::default();
        let units = layer.weight.len() as u64;
        histograms.weights_before.add(&layer.weight, sample);
        histograms.weights_before.zeros += units - nonzeros(&layer.weight);
        let (Pruned { mask, scores }, fallback) = self.cut(layer, cut)?;
        write(&mut layer.weight)?;
        let nonzeros = nonzeros(&layer.weight);
        histograms.weights_after.add(&layer.weight, sample);
        histograms.weights_after.zeros += units - nonzeros;
        histograms.add_scores(&scores, &mask, sample);
        Ok(Part { nonzeros, sums: scores.sums(&mask), histograms, mask, fallback })
    }

    /// Zeros in place of what goes; and how else than the recipe says, if so.
    fn cut(
        &self,
        layer: &mut Layer,
        cut: Cut<'_>,
    ) -> Result<(Pruned, Option<String>), NeuralError> {
        let (pruner, inputs) = (&self.work.pruner, self.inputs);
        let mut fallback = None;
        let pruned = match cut {
            Cut::Below(cutoff) => pruner.prune_below(layer, inputs, cutoff),
            Cut::Budget(budget) => match pruner.prune(layer, inputs, budget) {
                Err(error @ PruneError::Singular { .. })
                    if self.work.recipe.on_singular == OnSingular::Magnitude =>
                {
                    fallback = Some(format!("{error}: pruned by magnitude"));
                    let limits = &Limits::NONE;
                    secateur_core::prune(layer, &Magnitude, &Zero, inputs, budget, limits)
                }
                done => done,
            },
        };
        let failed = |error| NeuralError::Prune { name: layer.name.clone(), error };
        Ok((pruned.map_err(failed)?, fallback))
    }

    /// Prunes the layer band by band; `None` where it must be whole.
    fn in_bands(
        &self,
        block: &Block,
        [out, inner]: [usize; 2],
        budget: Budget,
    ) -> Result<Option<Part>, NeuralError> {
        let linear = &block.linears[self.at];
        let rows = rows_of_band(inner).min(out);
        let is_fit = self.work.row_wise && rows < out && self.places.takes_rows(linear);
        let (Some(stored), true) = (block.at_rest(self.at), is_fit) else {
            return Ok(None);
        };
        let bands: Vec<Range<usize>> =
            (0..out).step_by(rows).map(|first| first..out.min(first + rows)).collect();
        let group = self.work.group([out, inner]);
        let mut cuts: Vec<Option<Cutoff>> = vec![None; bands.len()];
        if group > inner {
            let found = self.find_cut(block, stored, &bands, budget)?;
            cuts = found.into_iter().map(Some).collect();
        }
        let sample = Sample::of(out * inner);
        let band = |weight: &mut Vec<f32>, (rows, cutoff): (&Range<usize>, Option<Cutoff>)| {
            read(stored, rows.clone(), inner, weight);
            let taken = std::mem::take(weight);
            let mut layer = self.layer(block, inner, taken, inner);
            let mut cutoff = cutoff;
            let cut = cutoff.as_mut().map_or(Cut::Budget(budget), Cut::Below);
            let part = self.part(&mut layer, cut, sample.from(rows.start * inner), |weight| {
                self.places.write_rows(linear, rows.start, weight)
            });
            *weight = layer.weight;
            part
        };
        let parts = bands.par_iter().zip(cuts).map_init(Vec::new, band);
        Ok(Some(Part::join(parts.collect::<Result<_, _>>()?)))
    }

    /// Where the cut of the whole layer falls in each band.
    fn find_cut(
        &self,
        block: &Block,
        stored: &Stored,
        bands: &[Range<usize>],
        budget: Budget,
    ) -> Result<Vec<Cutoff>, NeuralError> {
        const SAMPLE: usize = 1 << 18;
        let (Pruner::Criterion(criterion), Budget::Sparsity(sparsity)) =
            (&self.work.pruner, budget)
        else {
            unreachable!("N:M is cut by rows, and columns have no one list of scores")
        };
        let [out, inner] = [stored.shape()[0], stored.shape()[1]];
        let failed = |error: PruneError| NeuralError::Prune {
            name: block.linears[self.at].name.clone(),
            error,
        };
        // The buffer serves the next band.
        let score = |weight: &mut Vec<f32>| {
            let layer = self.layer(block, inner, std::mem::take(weight), inner);
            let scores = criterion.score(&layer, self.inputs).map_err(failed);
            *weight = layer.weight;
            scores
        };
        let step = (stored.len() / SAMPLE).clamp(1, out);
        let mut sample = vec![0.0; out.div_ceil(step) * inner];
        for (row, values) in (0..out).step_by(step).zip(sample.chunks_exact_mut(inner)) {
            stored.read_rows_f32(row, values).expect("the session has checked its type");
        }
        let bracket = Bracket::around(score(&mut sample)?.into_values(), sparsity);
        let tally = |weight: &mut Vec<f32>, rows: &Range<usize>| {
            read(stored, rows.clone(), inner, weight);
            Ok(bracket.tally(&score(weight)?))
        };
        let tallies: Result<Vec<Tally>, NeuralError> =
            bands.par_iter().map_init(Vec::new, tally).collect();
        let cut = (sparsity * stored.len() as f64).floor() as u64;
        if let Some(found) = cutoffs(bracket, &tallies?, cut) {
            return Ok(found);
        }
        // The rows of the sample are not like the others: all scores are counted.
        let mut weight = Vec::new();
        let mut next = |rows: &Range<usize>| {
            read(stored, rows.clone(), inner, &mut weight);
            score(&mut weight)
        };
        let mut census = Census::default();
        for rows in bands {
            census.add(&next(rows)?);
        }
        let mut census =
            census.look_closer(sparsity).map_err(|error| failed(PruneError::from(error)))?;
        for rows in bands {
            census.add(&next(rows)?);
        }
        let mut whole = census.cutoff();
        bands.iter().map(|rows| Ok(whole.split(&next(rows)?))).collect()
    }
}

impl Part {
    /// One part of its bands, in order.
    fn join(parts: Vec<Self>) -> Self {
        let (mut words, mut len) = (Vec::new(), 0);
        let mut all = Self {
            nonzeros: 0,
            sums: [0.0; 2],
            histograms: Histograms::default(),
            mask: Mask::cut_all(0),
            fallback: None,
        };
        for part in parts {
            all.nonzeros += part.nonzeros;
            all.sums = [all.sums[0] + part.sums[0], all.sums[1] + part.sums[1]];
            all.histograms.merge(&part.histograms);
            words.extend_from_slice(part.mask.words());
            len += part.mask.len();
            all.fallback = all.fallback.or(part.fallback);
        }
        all.mask = Mask::of_words(words, len);
        all
    }
}

/// Some rows of a weight.
fn read(stored: &Stored, rows: Range<usize>, inner: usize, weight: &mut Vec<f32>) {
    weight.resize(rows.len() * inner, 0.0);
    stored.read_rows_f32(rows.start, weight).expect("the session has checked its type");
}

fn nonzeros(weight: &[f32]) -> u64 {
    let count = |part: &[f32]| vectorize(|| part.iter().filter(|w| **w != 0.0).count()) as u64;
    weight.par_chunks(1 << 16).map(count).sum()
}
