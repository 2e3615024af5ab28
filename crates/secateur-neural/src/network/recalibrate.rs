//! Two networks side by side on the same images, node by node: statistics of batch normalization
//! are taken anew, and weights are fitted.

use std::collections::HashMap;

use secateur_exec::Runner;
use secateur_graph::ops::Op;
use secateur_graph::{Graph, NodeId, ValueId};
use secateur_tensor::{Stored, Tensor};

use super::error::NetworkError;
use super::images::Images;
use super::model::Model;
use super::observe::BATCH;

/// Values of all images, batch by batch.
pub(super) type Batches = Vec<Tensor>;

/// One network with its values so far.
pub(super) struct Side<'g> {
    pub(super) graph: &'g Graph,
    pub(super) runners: Vec<Runner<'g>>,
    /// For each batch the number of its runner.
    of_batch: Vec<usize>,
    pub(super) values: HashMap<ValueId, Batches>,
    uses: HashMap<ValueId, usize>,
}

impl<'g> Side<'g> {
    pub(super) fn new(
        model: &Model,
        graph: &'g Graph,
        images: &Images,
    ) -> Result<Self, NetworkError> {
        let fail = |error| NetworkError::Runner { path: model.path.clone(), error };
        let batch = if model.batch(BATCH).is_some() { BATCH } else { model.shapes[0][0] };
        let mut sizes: Vec<usize> = Vec::new();
        let mut runners = Vec::new();
        let mut of_batch = Vec::new();
        let mut inputs = Vec::new();
        let mut first = 0;
        while first < images.len() {
            let count = batch.min(images.len() - first);
            if count < batch && model.batch(count).is_none() {
                break;
            }
            let at = if let Some(at) = sizes.iter().position(|size| *size == count) {
                at
            } else {
                let shapes = model.batch(count).unwrap_or_else(|| model.shapes.clone());
                let facts = graph.bind(&shapes).map_err(|error| fail(error.into()))?;
                runners.push(Runner::bound(graph, facts, &graph.outputs).map_err(fail)?);
                sizes.push(count);
                sizes.len() - 1
            };
            of_batch.push(at);
            inputs.push(images.batch(first, count)?);
            first += count;
        }
        let mut uses: HashMap<ValueId, usize> = HashMap::new();
        if let Some(runner) = runners.first() {
            for id in runner.nodes() {
                for input in graph.node(*id).inputs.iter().flatten() {
                    *uses.entry(*input).or_default() += 1;
                }
            }
        }
        let values = HashMap::from([(graph.inputs[0], inputs)]);
        Ok(Self { graph, runners, of_batch, values, uses })
    }

    /// The value of an input of a node in a batch.
    pub(super) fn read(&self, id: ValueId, batch: usize) -> Option<&Tensor> {
        match self.values.get(&id) {
            Some(batches) => batches.get(batch),
            None => self.runners[self.of_batch[batch]].constant(id),
        }
    }

    pub(super) fn batches(&self) -> usize {
        self.of_batch.len()
    }

    /// Puts a new value of a constant where it is at work.
    pub(super) fn set(&mut self, id: ValueId, values: &[f32]) {
        for runner in &mut self.runners {
            if let Some(tensor) = runner.constant_mut(id) {
                tensor.as_f32_mut().copy_from_slice(values);
            }
        }
    }

    /// Computes a node for all batches.
    pub(super) fn compute(&mut self, id: NodeId) {
        let node = self.graph.node(id);
        let mut outputs: Vec<Batches> = vec![Vec::new(); node.outputs.len()];
        for batch in 0..self.batches() {
            let mut read: Vec<Option<&Tensor>> =
                node.inputs.iter().map(|input| input.and_then(|id| self.read(id, batch))).collect();
            let results = self.runners[self.of_batch[batch]].compute(id, &mut read);
            for (batches, tensor) in outputs.iter_mut().zip(results) {
                batches.push(tensor);
            }
        }
        for (output, batches) in node.outputs.iter().zip(outputs) {
            if self.uses.contains_key(output) {
                self.values.insert(*output, batches);
            }
        }
    }

    /// Forgets the inputs of a node that nothing reads any more.
    pub(super) fn release(&mut self, id: NodeId) {
        for input in self.graph.node(id).inputs.iter().flatten() {
            if let Some(left) = self.uses.get_mut(input) {
                *left = left.saturating_sub(1);
                if *left == 0 {
                    self.values.remove(input);
                }
            }
        }
    }
}

/// Mean and variance of each channel of batches `[images, channels, ..]`.
fn statistics(batches: &Batches) -> (Vec<f32>, Vec<f32>) {
    let channels = batches[0].shape()[1];
    let mut sums = vec![(0.0_f64, 0.0_f64); channels];
    let mut count = 0_usize;
    for tensor in batches {
        let pixels: usize = tensor.shape()[2..].iter().product();
        for (plane, values) in tensor.as_f32().chunks_exact(pixels.max(1)).enumerate() {
            let (sum, squares) = &mut sums[plane % channels];
            for value in values {
                *sum += f64::from(*value);
                *squares += f64::from(*value) * f64::from(*value);
            }
        }
        count += tensor.len() / channels;
    }
    let n = count as f64;
    let mean = |&(sum, _): &(f64, f64)| (sum / n) as f32;
    let variance = |&(sum, squares): &(f64, f64)| (squares / n - (sum / n).powi(2)).max(0.0) as f32;
    (sums.iter().map(mean).collect(), sums.iter().map(variance).collect())
}

/// Takes the mean and variance of a batch normalization from what flows into it, and puts them
/// into the graph that is `out`.
pub(super) fn refresh(side: &mut Side<'_>, id: NodeId, out: &mut Graph) -> bool {
    let node = side.graph.node(id);
    let Op::BatchNormalization(_) = node.op else { return false };
    let (Some(x), Some(mean), Some(variance)) = (node.inputs[0], node.inputs[3], node.inputs[4])
    else {
        return false;
    };
    let Some(batches) = side.values.get(&x) else { return false };
    let (means, variances) = statistics(batches);
    for (value, values) in [(mean, means), (variance, variances)] {
        side.set(value, &values);
        put(out, value, &values);
    }
    true
}

/// Replaces the values of a constant of floats, in its own type.
pub(super) fn put(graph: &mut Graph, id: ValueId, values: &[f32]) {
    let secateur_graph::Origin::Weight(stored) = &graph.value(id).origin else { return };
    let (dtype, shape) = (stored.dtype(), stored.shape().to_vec());
    let bytes = secateur_tensor::Bytes::owned(secateur_tensor::convert::encode(dtype, values));
    if let Ok(stored) = Stored::new(dtype, shape, bytes) {
        graph.set_weight(id, stored);
    }
}

/// Takes the statistics of all batch normalizations of a graph anew, one after the other, and
/// says how many there are.
///
/// # Errors
/// [`NetworkError`] when the network cannot be run.
pub fn recalibrate(
    model: &Model,
    graph: &Graph,
    images: &Images,
) -> Result<(Graph, usize), NetworkError> {
    let mut out = graph.clone();
    let mut side = Side::new(model, graph, images)?;
    let mut count = 0;
    let nodes = side.runners.first().map_or(Vec::new(), |runner| runner.nodes().to_vec());
    for id in nodes {
        count += usize::from(refresh(&mut side, id, &mut out));
        side.compute(id);
        side.release(id);
    }
    Ok((out, count))
}
