//! What each block gives, where that is found out on the dense model first.
//!
//! A dense pass goes through the whole model before any block is pruned. OWL counts the outliers
//! among the scores of each block; a global cut finds the one rank over all layers at which it
//! falls, from the scores of the dense model (its mask is that of a selection from all scores).
//! What was found is a step of the journal.

use rayon::prelude::*;
use secateur_core::census::{Census, Cutoff};
use secateur_core::prune::Job;
use secateur_core::recipe::{Allocation, Scope};
use secateur_core::{Budget, Progress};
use secateur_exec::Activations;
use secateur_store::Output;
use serde::{Deserialize, Serialize};

use super::block::Block;
use super::evidence::Squares;
use super::{Work, interrupted, shape_of, stream};
use crate::criteria::Pruner;
use crate::error::NeuralError;
use crate::layer::Layer;
use crate::plan::Spill;

/// What each block gives.
pub(super) enum Allotted {
    /// The budget of the recipe.
    Same,
    /// A sparsity for each block.
    Shares(Vec<f64>),
    /// What lies below one rank, by the evidence of the dense model, block by block.
    Below(Cutoff, Vec<Squares>),
}

/// The journaled step.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
enum Step {
    Shares(Vec<f64>),
    Below(Cutoff),
}

/// Whether a run has a dense pass.
pub(super) fn is_needed(work: &Work<'_>) -> bool {
    work.recipe.scope == Scope::Global || work.recipe.allocation != Allocation::Uniform
}

/// Makes the dense pass, or takes what it found from the journal.
pub(super) fn allot(
    work: &Work<'_>,
    spill: Spill,
    journaled: Option<serde_json::Value>,
    job: &Job,
    output: &mut Output,
    progress: &mut dyn Progress,
) -> Result<Allotted, NeuralError> {
    if !is_needed(work) {
        return Ok(Allotted::Same);
    }
    let journaled = journaled.map(stream::parse::<Step>).transpose()?;
    match (work.recipe.allocation, journaled) {
        (Allocation::Owl { .. }, Some(Step::Shares(shares))) => Ok(Allotted::Shares(shares)),
        (Allocation::Owl { threshold, band }, _) => {
            let shares = owl(work, spill, [threshold, band], job, output, progress)?;
            journal(output, &Step::Shares(shares.clone()))?;
            Ok(Allotted::Shares(shares))
        }
        (Allocation::Uniform, Some(Step::Below(cutoff))) => {
            let evidence = survey(work, spill, job, output, progress, |_, _, _| Ok(()))?;
            Ok(Allotted::Below(cutoff, evidence))
        }
        (Allocation::Uniform, _) => {
            let (cutoff, evidence) = global(work, spill, job, output, progress)?;
            journal(output, &Step::Below(cutoff))?;
            Ok(Allotted::Below(cutoff, evidence))
        }
    }
}

fn journal(output: &mut Output, step: &Step) -> Result<(), NeuralError> {
    Ok(output.step(serde_json::to_value(step).expect("a step is plain data"))?)
}

/// Goes through the dense model block by block; gives the evidence of each block, without the
/// products of inputs.
fn survey(
    work: &Work<'_>,
    spill: Spill,
    job: &Job,
    output: &Output,
    progress: &mut dyn Progress,
    mut visit: impl FnMut(usize, &mut Block, &Squares) -> Result<(), NeuralError>,
) -> Result<Vec<Squares>, NeuralError> {
    // OWL needs activations whatever the method needs.
    let windows = work.calibration.as_ref();
    let mut activations: Option<Activations> = windows
        .map(|windows| stream::begin_activations(work, windows, spill, output))
        .transpose()?;
    let layers = work.model.dims.layers;
    let mut all = Vec::with_capacity(layers);
    progress.begin("dense block", layers);
    for index in 0..layers {
        let mut block = Block::open(work, index)?;
        let mut evidence = Squares::new(work, &block, false);
        if let Some(activations) = &mut activations {
            block.advance(work, activations, Some(&mut evidence))?;
        }
        visit(index, &mut block, &evidence)?;
        all.push(evidence);
        progress.step(index + 1, "");
        if progress.stopped() {
            return Err(interrupted(work, job, 0));
        }
    }
    Ok(all)
}

/// Sparsity of each block by the share of outliers among its scores, as the reference
/// implementation has it: shares are stretched to a band around the budget.
fn owl(
    work: &Work<'_>,
    spill: Spill,
    [threshold, band]: [f64; 2],
    job: &Job,
    output: &Output,
    progress: &mut dyn Progress,
) -> Result<Vec<f64>, NeuralError> {
    let Budget::Sparsity(sparsity) = work.recipe.budget else {
        unreachable!("the recipe was checked")
    };
    let mut outliers = Vec::new();
    let mut sizes = Vec::new();
    survey(work, spill, job, output, progress, |_, block, evidence| {
        let (mut sum, mut count) = (0.0, 0);
        let mut layers = Vec::new();
        for at in 0..block.linears.len() {
            let linear = &block.linears[at];
            if work.choice.skipped(&linear.name).is_some() {
                continue;
            }
            let norms = evidence.inputs(linear.input).norms();
            let weight = block.take(at);
            // Rows in parallel, sums in order: the same bits for any number of threads.
            let rows = weight.par_chunks_exact(norms.len());
            let sums: Vec<f64> = rows.map(|row| scores(row, &norms).sum()).collect();
            sum += sums.iter().sum::<f64>();
            count += weight.len();
            layers.push((weight, norms));
        }
        let limit = threshold * sum / count.max(1) as f64;
        let past: usize = layers
            .iter()
            .map(|(weight, norms)| {
                let rows = weight.par_chunks_exact(norms.len());
                rows.map(|row| scores(row, norms).filter(|s| *s > limit).count()).sum::<usize>()
            })
            .sum();
        outliers.push(past as f64 / count.max(1) as f64);
        sizes.push(count as f64);
        Ok(())
    })?;
    Ok(shares(&outliers, &sizes, sparsity, band))
}

/// Wanda's scores of a row.
fn scores(row: &[f32], norms: &[f32]) -> impl Iterator<Item = f64> {
    row.iter().zip(norms).map(|(weight, norm)| f64::from(weight.abs() * norm))
}

/// Sparsities whose mean, weighted by size, is the budget: blocks with more outliers cut less.
fn shares(outliers: &[f64], sizes: &[f64], sparsity: f64, band: f64) -> Vec<f64> {
    let pruned = || outliers.iter().zip(sizes).filter(|(_, size)| **size > 0.0);
    let low = pruned().map(|(o, _)| *o).fold(f64::INFINITY, f64::min);
    let high = pruned().map(|(o, _)| *o).fold(0.0, f64::max);
    if high <= low {
        return vec![sparsity; outliers.len()];
    }
    let stretched = |outlier: &f64| (outlier - low) / (high - low) * 2.0 * band;
    let total: f64 = sizes.iter().sum();
    let mean = pruned().map(|(o, size)| stretched(o) * size).sum::<f64>() / total;
    let share = |outlier: &f64| (sparsity - (stretched(outlier) - mean)).clamp(0.0, 1.0);
    outliers.iter().map(share).collect()
}

/// The one cut over all layers.
fn global(
    work: &Work<'_>,
    spill: Spill,
    job: &Job,
    output: &Output,
    progress: &mut dyn Progress,
) -> Result<(Cutoff, Vec<Squares>), NeuralError> {
    let Budget::Sparsity(sparsity) = work.recipe.budget else {
        unreachable!("the recipe was checked")
    };
    let mut census = Census::default();
    let evidence = survey(work, spill, job, output, progress, |index, block, evidence| {
        count(work, index, block, evidence, &mut census)
    })?;
    let closer = census.look_closer(sparsity);
    let mut census = closer.map_err(|error| NeuralError::Prune {
        name: "all layers".to_owned(),
        error: error.into(),
    })?;
    for (index, evidence) in evidence.iter().enumerate() {
        let mut block = Block::open(work, index)?;
        count(work, index, &mut block, evidence, &mut census)?;
    }
    Ok((census.cutoff(), evidence))
}

/// Counts the scores of a block's layers.
fn count(
    work: &Work<'_>,
    index: usize,
    block: &mut Block,
    evidence: &Squares,
    census: &mut Census,
) -> Result<(), NeuralError> {
    let Pruner::Criterion(criterion) = &work.pruner else { unreachable!("the recipe was checked") };
    for at in 0..block.linears.len() {
        let linear = &block.linears[at];
        if work.choice.skipped(&linear.name).is_some() {
            continue;
        }
        let (name, input) = (linear.name.clone(), linear.input);
        let [out, inner] = shape_of(block.session.graph(), linear);
        let number = index * block.linears.len() + at;
        let weight = block.take(at);
        let layer = Layer { name, index: number, out, inner, weight, group: out * inner };
        let scores = criterion.score(&layer, &evidence.inputs(input));
        let scores =
            scores.map_err(|error| NeuralError::Prune { name: layer.name.clone(), error })?;
        census.add(&scores);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers of the reference implementation: (D - min) / (max - min) * 2 * band, less
    /// their mean, is what a block keeps beyond its budget.
    #[test]
    fn blocks_with_outliers_keep_more() {
        let shares = shares(&[0.01, 0.03, 0.02], &[1.0; 3], 0.7, 0.08);
        for (got, expect) in shares.iter().zip([0.78, 0.62, 0.7]) {
            assert!((got - expect).abs() < 1e-12, "{shares:?}");
        }
    }

    #[test]
    fn the_mean_is_the_budget_whatever_the_sizes() {
        let sizes = [3.0, 1.0, 0.0, 2.0];
        let shares = shares(&[0.5, 0.1, 0.9, 0.3], &sizes, 0.5, 0.1);
        let mean: f64 = shares.iter().zip(sizes).map(|(s, n)| s * n).sum::<f64>() / 6.0;
        assert!((mean - 0.5).abs() < 1e-12, "{shares:?}");
        assert_eq!(super::shares(&[0.2, 0.2], &[1.0, 1.0], 0.5, 0.1), [0.5, 0.5]);
    }
}
