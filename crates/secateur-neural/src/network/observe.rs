//! What flows into layers on calibration images.

use std::collections::HashMap;

use secateur_exec::Compiled;
use secateur_graph::{Graph, NodeId};
use secateur_tensor::Tensor;

use super::error::NetworkError;
use super::images::Images;
use super::model::Model;

/// Norms of the input channels of layers.
#[derive(Clone, Debug, Default)]
pub struct Moments {
    squares: HashMap<NodeId, (Vec<f64>, u64)>,
}

impl Moments {
    /// Root of the mean square of each input channel of a layer.
    pub fn norms(&self, node: NodeId) -> Option<Vec<f64>> {
        let (squares, count) = self.squares.get(&node)?;
        Some(squares.iter().map(|s| (s / (*count).max(1) as f64).sqrt()).collect())
    }
}

/// Images that go through a network at a time.
pub const BATCH: usize = 16;

/// Runs all images through a graph in batches: `each` gets the number of the first image and the
/// first output, `seen` the input of the nodes that are to be observed.
///
/// # Errors
/// [`NetworkError`] when the network cannot be run.
pub fn through(
    model: &Model,
    graph: &Graph,
    images: &Images,
    observed: &[NodeId],
    mut seen: impl FnMut(NodeId, &Tensor) + Send,
    mut each: impl FnMut(usize, &Tensor) -> Result<(), NetworkError>,
) -> Result<(), NetworkError> {
    let fail = |error| NetworkError::Runner { path: model.path.clone(), error };
    let batch = if model.batch(BATCH).is_some() { BATCH } else { model.shapes[0][0] };
    let mut compiled: Option<(usize, Compiled)> = None;
    let mut first = 0;
    while first < images.len() {
        let count = batch.min(images.len() - first);
        if count < batch && model.batch(count).is_none() {
            break;
        }
        let network = match &mut compiled {
            Some((size, network)) if *size == count => network,
            other => {
                let shapes = model.batch(count).unwrap_or_else(|| model.shapes.clone());
                let network = Compiled::observing(graph, &shapes, observed).map_err(fail)?;
                &mut other.insert((count, network)).1
            }
        };
        let x = images.batch(first, count)?;
        let outputs = network.run_observed(&[&x], &mut seen);
        if let Some(output) = outputs.first() {
            each(first, output)?;
        }
        first += count;
    }
    Ok(())
}

/// Norms of the inputs of all layers on images.
///
/// # Errors
/// [`NetworkError`] when the network cannot be run.
pub fn moments(model: &Model, images: &Images) -> Result<Moments, NetworkError> {
    let mut moments = Moments::default();
    let graph = model.graph();
    let is_convolution = |node: NodeId| {
        graph.node(node).op.operator().weight().is_some_and(|weight| weight.convolution)
    };
    let nodes: Vec<NodeId> = model.layers.iter().map(|layer| layer.node).collect();
    let seen = |node: NodeId, x: &Tensor| {
        let shape = x.shape();
        let axis = if is_convolution(node) { 1 } else { shape.len() - 1 };
        let (channels, inner) = (shape[axis], shape[axis + 1..].iter().product::<usize>());
        let entry = moments.squares.entry(node);
        let (squares, count) = entry.or_insert_with(|| (vec![0.0; channels], 0));
        for (at, run) in x.as_f32().chunks_exact(inner.max(1)).enumerate() {
            let sum: f32 = run.iter().map(|v| v * v).sum();
            squares[at % channels] += f64::from(sum);
        }
        *count += (x.len() / channels) as u64;
    };
    through(model, graph, images, &nodes, seen, |_, _| Ok(()))?;
    Ok(moments)
}
