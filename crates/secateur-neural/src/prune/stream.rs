//! The steps of a run, in their order, each journaled when it is done.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};
use std::thread::ScopedJoinHandle;

use secateur_core::prune::Job;
use secateur_core::recipe::Precision;
use secateur_core::record::Measured;
use secateur_core::{Budget, Evidence, Progress};
use secateur_exec::Activations;
use secateur_store::Output;
use secateur_tensor::DType;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::allot::{self, Allotted};
use super::block::Block;
use super::evidence::Squares;
use super::linear::{Cut, Site, skip};
use super::places::Places;
use super::{Done, Work, interrupted};
use crate::data::Windows;
use crate::error::NeuralError;
use crate::measure::perplexity::{embed_into, perplexity};
use crate::plan::Spill;
use crate::summary::{Histograms, LayerSummary, map};

/// The first journaled step.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CopyStep {
    before: Option<Measured>,
}

/// The journaled step of a block.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct BlockStep {
    block: usize,
    layers: Vec<LayerSummary>,
    histograms: Histograms,
    /// Units at just the rank of a global cut that are still to be cut.
    ties: Option<u64>,
}

/// Goes through all steps.
pub(super) fn stream(
    work: &Work<'_>,
    job: &Job,
    spill: Spill,
    output: &mut Output,
    progress: &mut dyn Progress,
) -> Result<Done, NeuralError> {
    let places = Places::new(&work.files, output, work.file_name(job).as_deref())?;
    let mut steps = output.steps().to_vec().into_iter();
    let before = match steps.next() {
        Some(step) => parse::<CopyStep>(step)?.before,
        None => copy_step(work, &places, output, progress)?,
    };
    let dense = if allot::is_needed(work) { steps.next() } else { None };
    let mut allotted = allot::allot(work, spill, dense, job, output, progress)?;
    let mut done: Vec<BlockStep> = steps.map(parse).collect::<Result<_, _>>()?;
    if let (Allotted::Below(cutoff, _), Some(last)) = (&mut allotted, done.last()) {
        cutoff.ties = last.ties.unwrap_or(cutoff.ties);
    }
    // A global cut has seen all it needs on the dense model.
    let windows = match &allotted {
        Allotted::Below(..) => None,
        Allotted::Same | Allotted::Shares(_) => work.calibration.as_ref(),
    };
    let windows = windows.filter(|_| work.needs() != Evidence::Nothing);
    let mut activations = match windows {
        Some(windows) => Some(begin_activations(work, windows, spill, output)?),
        None => None,
    };
    let layers = work.model.dims.layers;
    progress.begin("block", layers);
    // What a block has written goes to the disk, and its step into the journal, while the next
    // block is worked on.
    let journal = Mutex::new(output);
    std::thread::scope(|scope| -> Result<(), NeuralError> {
        let mut writing: Option<ScopedJoinHandle<'_, Result<(), NeuralError>>> = None;
        for index in 0..layers {
            let is_done = index < done.len();
            if is_done && activations.is_none() {
                progress.step(index + 1, &note(&done[index], true));
                continue;
            }
            let mut block = Block::open(work, index)?;
            if is_done {
                reload(work, &places, &mut block)?;
            } else {
                let step = prune_block(
                    work,
                    index,
                    &mut block,
                    activations.as_ref(),
                    &mut allotted,
                    &places,
                )?;
                join(writing.take())?;
                let value = serde_json::to_value(&step).expect("a step is plain data");
                done.push(step);
                writing = Some(scope.spawn(|| {
                    places.sync()?;
                    let mut output = journal.lock().unwrap_or_else(PoisonError::into_inner);
                    Ok(output.step(value)?)
                }));
            }
            if let Some(activations) = &mut activations
                && index + 1 < layers
            {
                block.advance(work, activations, None)?;
            }
            progress.step(index + 1, &note(&done[index], is_done));
            if progress.stopped() && index + 1 < layers {
                join(writing.take())?;
                return Err(interrupted(work, job, done.len()));
            }
        }
        join(writing)
    })?;
    let mut histograms = Histograms::default();
    for step in &done {
        histograms.merge(&step.histograms);
    }
    let layers = done.into_iter().flat_map(|step| step.layers).collect();
    Ok(Done { layers, histograms, before })
}

/// Waits until a block is on the disk.
fn join(writing: Option<ScopedJoinHandle<'_, Result<(), NeuralError>>>) -> Result<(), NeuralError> {
    match writing.map(ScopedJoinHandle::join) {
        None => Ok(()),
        Some(Ok(done)) => done,
        Some(Err(panic)) => std::panic::resume_unwind(panic),
    }
}

/// A step of the journal.
pub(super) fn parse<T: for<'de> Deserialize<'de>>(step: Value) -> Result<T, NeuralError> {
    serde_json::from_value(step).map_err(|error| NeuralError::Expect {
        path: "journal.jsonl".into(),
        what: format!("a step of the journal is of another version: {error}"),
    })
}

fn note(step: &BlockStep, resumed: bool) -> String {
    let (kept, cut) = step
        .layers
        .iter()
        .filter(|l| l.skipped.is_none())
        .fold((0, 0), |(k, c), l| (k + l.kept, c + l.cut));
    let share = if kept + cut == 0 { 0.0 } else { cut as f64 / (kept + cut) as f64 * 100.0 };
    format!("{share:.1} % cut{}", if resumed { ", done before" } else { "" })
}

/// Measures the input model if asked for, and writes everything that is not pruned.
fn copy_step(
    work: &Work<'_>,
    places: &Places<'_>,
    output: &mut Output,
    progress: &mut dyn Progress,
) -> Result<Option<Measured>, NeuralError> {
    let before = match &work.evaluation {
        Some(windows) => Some(perplexity(&work.model, windows, progress)?.measured()),
        None => None,
    };
    places.write_heads(&work.files)?;
    let pruned: HashSet<String> = work.pruned_weights()?;
    for (name, source) in work.model.tensors.iter().filter(|(name, _)| !pruned.contains(*name)) {
        places.copy(name, source)?;
    }
    places.sync()?;
    let step = CopyStep { before: before.clone() };
    output.step(serde_json::to_value(&step).expect("a step is plain data"))?;
    Ok(before)
}

/// The calibration windows after the embedding, in memory or beside the output.
pub(super) fn begin_activations(
    work: &Work<'_>,
    windows: &Windows,
    spill: Spill,
    output: &Output,
) -> Result<Activations, NeuralError> {
    let (count, tokens, width) = (windows.count(), windows.tokens, work.model.dims.width);
    let dtype = match work.recipe.precision {
        Precision::F32 => DType::F32,
        Precision::Bf16 => DType::BF16,
    };
    let mut to = match spill {
        Spill::Memory => Activations::in_memory_as(dtype, count, tokens, width),
        Spill::File => {
            let path = output.partial().join(".activations");
            let file = Activations::in_file_as(dtype, &path, count, tokens, width);
            file.map_err(secateur_exec::ExecError::Spill)?
        }
    };
    embed_into(&work.model, windows, &mut to)?;
    Ok(to)
}

/// Replaces the weights of a block by those that an earlier run has written.
fn reload(work: &Work<'_>, places: &Places<'_>, block: &mut Block) -> Result<(), NeuralError> {
    for at in 0..block.linears.len() {
        if work.choice.skipped(&block.linears[at].name).is_none() {
            let mut weight = block.take(at);
            places.read_weight(&block.linears[at], &mut weight)?;
            block.put(at, weight);
        }
    }
    Ok(())
}

fn prune_block(
    work: &Work<'_>,
    index: usize,
    block: &mut Block,
    activations: Option<&Activations>,
    allotted: &mut Allotted,
    places: &Places<'_>,
) -> Result<BlockStep, NeuralError> {
    let gathered = match activations {
        Some(activations) => {
            let products = work.needs() == Evidence::Moments;
            let mut evidence = Squares::new(work, block, products);
            block.observe(work, activations, &mut evidence)?;
            evidence.share_moments();
            evidence
        }
        None => Squares::default(),
    };
    let mut layers = Vec::new();
    let mut histograms = Histograms::default();
    let count = block.linears.len();
    for at in 0..count {
        let linear = &block.linears[at];
        if let Some(why) = work.choice.skipped(&linear.name) {
            layers.push(skip(block, at, why));
            continue;
        }
        let evidence = match allotted {
            Allotted::Below(_, dense) => &dense[index],
            Allotted::Same | Allotted::Shares(_) => &gathered,
        };
        let inputs = &evidence.inputs(linear.input);
        let cut = match allotted {
            Allotted::Same => Cut::Budget(work.recipe.budget),
            Allotted::Shares(shares) => Cut::Budget(Budget::Sparsity(shares[index])),
            Allotted::Below(cutoff, _) => Cut::Below(cutoff),
        };
        let site = Site { work, number: index * count + at, at, inputs, places };
        let (mut layer, mask) = site.prune(block, cut, &mut histograms)?;
        if is_shown(work, index, at, count) {
            layer.map = Some(map(layer.shape, &mask));
        }
        layers.push(layer);
    }
    let ties = match allotted {
        Allotted::Below(cutoff, _) => Some(cutoff.ties),
        Allotted::Same | Allotted::Shares(_) => None,
    };
    Ok(BlockStep { block: index, layers, histograms, ties })
}

/// Mask maps are kept of the first, middle and last block, of its first and last layer.
fn is_shown(work: &Work<'_>, index: usize, at: usize, layers: usize) -> bool {
    let last = work.model.dims.layers - 1;
    [0, last / 2, last].contains(&index) && [0, layers - 1].contains(&at)
}
