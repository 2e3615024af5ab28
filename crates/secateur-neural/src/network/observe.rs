//! What flows into layers on calibration images.

use std::collections::HashMap;

use secateur_exec::{Runner, Visitor};
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

struct Norms<'a> {
    /// For each layer the axis of its input channels, from the end or, for images, 1.
    layers: HashMap<NodeId, bool>,
    moments: &'a mut Moments,
}

impl Visitor for Norms<'_> {
    fn wants(&self, node: NodeId) -> bool {
        self.layers.contains_key(&node)
    }

    fn before(&mut self, node: NodeId, inputs: &[Option<&Tensor>]) {
        let Some(Some(x)) = inputs.first() else { return };
        let shape = x.shape();
        let axis = if self.layers[&node] { 1 } else { shape.len() - 1 };
        let (channels, inner) = (shape[axis], shape[axis + 1..].iter().product::<usize>());
        let entry = self.moments.squares.entry(node);
        let (squares, count) = entry.or_insert_with(|| (vec![0.0; channels], 0));
        for (at, run) in x.as_f32().chunks_exact(inner.max(1)).enumerate() {
            let sum: f32 = run.iter().map(|v| v * v).sum();
            squares[at % channels] += f64::from(sum);
        }
        *count += (x.len() / channels) as u64;
    }
}

/// Images that go through a network at a time.
pub const BATCH: usize = 16;

/// Runs all images through a graph in batches.
///
/// # Errors
/// [`NetworkError`] when the network cannot be run.
pub fn through(
    model: &Model,
    graph: &Graph,
    images: &Images,
    mut each: impl FnMut(usize, &[Tensor]) -> Result<(), NetworkError>,
    mut visitor: Option<&mut dyn Visitor>,
    wanted: &[secateur_graph::ValueId],
) -> Result<(), NetworkError> {
    let fail = |error| NetworkError::Runner { path: model.path.clone(), error };
    let batch = if model.batch(BATCH).is_some() { BATCH } else { model.shapes[0][0] };
    let mut runners: HashMap<usize, Runner<'_>> = HashMap::new();
    let mut first = 0;
    while first < images.len() {
        let count = batch.min(images.len() - first);
        if count < batch && model.batch(count).is_none() {
            break;
        }
        let runner = match runners.entry(count) {
            std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::hash_map::Entry::Vacant(entry) => {
                let shapes = model.batch(count).unwrap_or_else(|| model.shapes.clone());
                let facts = graph.bind(&shapes).map_err(|error| fail(error.into()))?;
                entry.insert(Runner::bound(graph, facts, wanted).map_err(fail)?)
            }
        };
        let x = images.batch(first, count)?;
        let seen = visitor.as_mut().map(|visitor| &mut **visitor as &mut dyn Visitor);
        let outputs = runner.run(&[x], wanted, seen);
        each(first, &outputs)?;
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
    let layers = model.layers.iter().map(|l| (l.node, is_convolution(l.node))).collect();
    let mut norms = Norms { layers, moments: &mut moments };
    through(model, graph, images, |_, _| Ok(()), Some(&mut norms), &graph.outputs)?;
    Ok(moments)
}
