//! Single weights of convolutions and linear layers, with the criteria for language models.
//!
//! The weight of a convolution `[out, in / groups, kh, kw]` is a matrix with a row for each
//! output: its columns are those of the image patches (im2col), channel by channel. A weight
//! `[in, out]` is turned.

use std::collections::HashMap;

use rayon::prelude::*;
use secateur_core::prune::Pruned;
use secateur_core::recipe::Scope;
use secateur_core::{Budget, Limits, PruneError, Scores, select};
use secateur_graph::ops::{Op, Window};
use secateur_graph::{Graph, NodeId};
use secateur_tensor::Tensor;

use super::error::NetworkError;
use super::images::Images;
use super::model::{Layer, Model};
use super::observe::through;
use super::recalibrate::put;
use super::score::values;
use crate::criteria::Pruner;
use crate::layer::{Inputs, Layer as Matrix};

/// Squares of the patch columns of layers.
#[derive(Debug, Default)]
pub struct Columns {
    squares: HashMap<NodeId, Vec<f64>>,
    images: usize,
}

/// Adds the squares of every column of the patches of images.
fn add_patches(window: &Window, x: &Tensor, sums: &mut [f64]) {
    let shape = x.shape();
    let image = &shape[2..];
    let Ok(outputs) = window.outputs(image) else { return };
    let padding = window.padding(image);
    let area: usize = image.iter().product();
    let places: usize = window.kernel.iter().product();
    let channels = shape[1];
    // For each axis and place of the kernel: the first index that is met, and how many are.
    let met = |axis: usize, place: usize| -> (usize, usize) {
        let at = |output: usize| {
            let from = output * window.strides[axis] + place * window.dilations[axis];
            from.checked_sub(padding[axis][0]).filter(|from| *from < image[axis])
        };
        let all: Vec<usize> = (0..outputs[axis]).filter_map(at).collect();
        (all.first().copied().unwrap_or(0), all.len())
    };
    let planes = x.as_f32().par_chunks_exact(area);
    let of_plane = |values: &[f32]| -> Vec<f64> {
        let of_place = |place: usize| {
            let mut rest = place;
            let mut runs = vec![(0, 0); image.len()];
            for axis in (0..image.len()).rev() {
                runs[axis] = met(axis, rest % window.kernel[axis]);
                rest /= window.kernel[axis];
            }
            squares(values, image, &window.strides, &runs)
        };
        (0..places).map(of_place).collect()
    };
    let found: Vec<Vec<f64>> = planes.map(of_plane).collect();
    for (plane, found) in found.into_iter().enumerate() {
        let first = plane % channels * places;
        for (sum, value) in sums[first..first + places].iter_mut().zip(found) {
            *sum += value;
        }
    }
}

/// The sum of squares of an image at first indices, counts and strides of each axis.
fn squares(values: &[f32], image: &[usize], strides: &[usize], runs: &[(usize, usize)]) -> f64 {
    let [(first, count), inner @ ..] = runs else { return f64::from(values[0] * values[0]) };
    if inner.is_empty() {
        let along = values[(*first).min(values.len())..].iter().step_by(strides[0]).take(*count);
        return f64::from(along.map(|v| v * v).sum::<f32>());
    }
    let size: usize = image[1..].iter().product();
    (0..*count)
        .map(|at| {
            let start = (first + at * strides[0]) * size;
            squares(&values[start..start + size], &image[1..], &strides[1..], inner)
        })
        .sum()
}

/// Runs images through a model and gathers the squares of the inputs of the chosen layers.
///
/// # Errors
/// [`NetworkError`] when the network cannot be run.
pub fn columns(model: &Model, chosen: &[bool], images: &Images) -> Result<Columns, NetworkError> {
    let mut columns = Columns { images: images.len(), ..Columns::default() };
    let graph = model.graph();
    let layers: HashMap<NodeId, &Layer> = model
        .layers
        .iter()
        .zip(chosen)
        .filter(|(layer, chosen)| **chosen && layer.groups == 1)
        .map(|(layer, _)| (layer.node, layer))
        .collect();
    let mut nodes: Vec<NodeId> = layers.keys().copied().collect();
    nodes.sort_unstable();
    let seen = |node: NodeId, x: &Tensor| {
        let width = inner(layers[&node]);
        let sums = columns.squares.entry(node).or_insert_with(|| vec![0.0; width]);
        match &graph.node(node).op {
            Op::Conv(conv) => add_patches(&conv.window, x, sums),
            _ => {
                for row in x.as_f32().chunks_exact(width) {
                    for (sum, value) in sums.iter_mut().zip(row) {
                        *sum += f64::from(*value) * f64::from(*value);
                    }
                }
            }
        }
    };
    through(model, graph, images, &nodes, seen, |_, _| Ok(()))?;
    Ok(columns)
}

/// Inputs of one output of a layer.
fn inner(layer: &Layer) -> usize {
    layer.shape.iter().product::<usize>() / layer.shape[layer.out_axis]
}

/// Whether the weight is `[in, out]` and its rows are columns.
fn is_turned(layer: &Layer) -> bool {
    layer.out_axis != 0
}

/// What was done to a layer.
#[derive(Clone, Debug)]
pub struct Cut {
    /// Weights kept.
    pub kept: u64,
    /// Weights cut.
    pub cut: u64,
    /// Share of the scores that is kept.
    pub score_kept: f64,
    /// Why the layer was left alone.
    pub skipped: Option<String>,
}

/// Cuts weights of the layers of a model.
///
/// # Errors
/// [`NetworkError::Prune`] with the layer.
pub fn cut(
    model: &Model,
    pruner: &Pruner,
    budget: Budget,
    scope: Scope,
    skipped: &[Option<String>],
    columns: Option<&Columns>,
) -> Result<(Graph, Vec<Cut>), NetworkError> {
    let mut out = model.graph().clone();
    let mut cuts = Vec::with_capacity(model.layers.len());
    let threshold = match (scope, budget) {
        (Scope::Global, Budget::Sparsity(sparsity)) => {
            Some(global(model, pruner, sparsity, skipped, columns)?)
        }
        _ => None,
    };
    for (index, layer) in model.layers.iter().enumerate() {
        let count = layer.shape.iter().product::<usize>() as u64;
        let why = skipped[index].clone().or_else(|| left_alone(layer, budget, columns.is_some()));
        if let Some(why) = why {
            cuts.push(Cut { kept: count, cut: 0, score_kept: 1.0, skipped: Some(why) });
            continue;
        }
        let mut matrix = matrix(model, layer, index, scope, budget);
        let inputs = inputs_of(layer, columns);
        let fail = |error| NetworkError::Prune { name: layer.name.clone(), error };
        let pruned: Pruned = match (&threshold, pruner) {
            (Some(cutoffs), Pruner::Criterion(criterion)) => {
                let scores = criterion.score(&matrix, &inputs).map_err(fail)?;
                let keep = Budget::Keep(cutoffs[&index]);
                let scores = Scores::one_group(scores.into_values()).map_err(|e| fail(e.into()))?;
                let mask = select(&scores, keep, &Limits::NONE).map_err(|e| fail(e.into()))?;
                for (value, keep) in matrix.weight.iter_mut().zip(mask.iter()) {
                    *value = if keep { *value } else { 0.0 };
                }
                Pruned { mask, scores }
            }
            _ => pruner.prune(&mut matrix, &inputs, budget).map_err(fail)?,
        };
        let score_kept = pruned.scores.share_kept(&pruned.mask);
        let (kept, gone) = (pruned.mask.kept() as u64, pruned.mask.cut() as u64);
        cuts.push(Cut { kept, cut: gone, score_kept, skipped: None });
        let values = if is_turned(layer) {
            turned(&matrix.weight, matrix.out, matrix.inner)
        } else {
            matrix.weight
        };
        put(&mut out, layer.weight, &values);
    }
    Ok((out, cuts))
}

fn left_alone(layer: &Layer, budget: Budget, on_inputs: bool) -> Option<String> {
    if is_turned(layer) && layer.shape.len() > 2 {
        return Some("its weight is no matrix with a row for each output".to_owned());
    }
    if on_inputs && layer.groups > 1 {
        return Some("its outputs read different inputs (grouped convolution)".to_owned());
    }
    match budget {
        Budget::NofM { of, .. } if !inner(layer).is_multiple_of(of) => {
            Some(format!("{of} does not divide its {} inputs", inner(layer)))
        }
        _ => None,
    }
}

fn matrix(model: &Model, layer: &Layer, index: usize, scope: Scope, budget: Budget) -> Matrix {
    let (out, inner) = (layer.shape[layer.out_axis], inner(layer));
    let mut weight = values(model, layer);
    if is_turned(layer) {
        weight = turned(&weight, inner, out);
    }
    let group = match (budget, scope) {
        (Budget::NofM { .. }, _) | (_, Scope::Row) => inner,
        (_, Scope::Layer | Scope::Global) => out * inner,
    };
    Matrix { name: layer.name.clone(), index, out, inner, weight, group }
}

fn inputs_of(layer: &Layer, columns: Option<&Columns>) -> Inputs {
    match columns {
        Some(columns) => Inputs {
            squares: columns.squares.get(&layer.node).cloned().unwrap_or_default(),
            windows: columns.images,
            moments: None,
        },
        None => Inputs::default(),
    }
}

/// For each layer how many of its weights a cut over all layers keeps.
fn global(
    model: &Model,
    pruner: &Pruner,
    sparsity: f64,
    skipped: &[Option<String>],
    columns: Option<&Columns>,
) -> Result<HashMap<usize, usize>, NetworkError> {
    let Pruner::Criterion(criterion) = pruner else {
        return Err(NetworkError::Combination {
            what: "a global cut needs one list of scores, which this method does not have".into(),
            mend: "leave out --scope global",
        });
    };
    let mut all = Vec::new();
    let mut lengths = Vec::new();
    for (index, layer) in model.layers.iter().enumerate() {
        let budget = Budget::Sparsity(sparsity);
        if skipped[index].is_some() || left_alone(layer, budget, columns.is_some()).is_some() {
            continue;
        }
        let matrix = matrix(model, layer, index, Scope::Global, budget);
        let fail = |error| NetworkError::Prune { name: layer.name.clone(), error };
        let scores = criterion.score(&matrix, &inputs_of(layer, columns)).map_err(fail)?;
        lengths.push((index, scores.len()));
        all.extend(scores.into_values());
    }
    let fail = |error: PruneError| NetworkError::Prune { name: "all layers".to_owned(), error };
    let scores = Scores::one_group(all).map_err(|error| fail(error.into()))?;
    let mask = select(&scores, Budget::Sparsity(sparsity), &Limits::NONE)
        .map_err(|error| fail(error.into()))?;
    let mut kept = HashMap::new();
    let mut first = 0;
    for (index, length) in lengths {
        kept.insert(index, (first..first + length).filter(|at| mask.keeps(*at)).count());
        first += length;
    }
    Ok(kept)
}

/// `[rows, columns]` as `[columns, rows]`.
fn turned(values: &[f32], rows: usize, columns: usize) -> Vec<f32> {
    let mut turned = vec![0.0; values.len()];
    for row in 0..rows {
        for column in 0..columns {
            turned[column * rows + row] = values[row * columns + column];
        }
    }
    turned
}
