//! Constants of cut channels, put into the layers that read them.
//!
//! A channel whose scale is taken for zero still gives the bias of its batch normalization, sent
//! through the activations that follow. Instead of losing it, a layer that reads it takes it into
//! its bias: `b[o] += sum over c, k of w[o, c, k] * a[c]` for cut channels `c` with constants `a`.
//! Without padding this is exact; with padding it is, but for the border.
//!
//! After Z. Liu and others, 2017, "Learning efficient convolutional networks through network
//! slimming", section 3.3; that the constants are absorbed is ours.

use std::collections::{HashMap, HashSet};

use secateur_core::recipe::Absorb;
use secateur_exec::{Runner, Visitor};
use secateur_graph::ops::{Binary, Op};
use secateur_graph::{Fact, Graph, Node, NodeId, Origin, Slot, ValueId};
use secateur_tensor::tensor::Values as Held;
use secateur_tensor::{Bytes, DType, Stored, Tensor, convert};

use super::error::NetworkError;
use super::model::{Layer, Model};
use super::oracle::{Constants, Masked, inputs, runs};

/// Difference between two values of a constant, as a share of it: pooling sums it up in several
/// orders.
const SPREAD: f32 = 1e-5;

/// A smaller graph with constants in its biases.
#[derive(Debug)]
pub struct Absorbed {
    /// The graph.
    pub graph: Graph,
    /// What is known of its values.
    pub facts: Vec<Option<Fact>>,
    /// What was absorbed.
    pub constants: Constants,
    /// Layers that took something.
    pub layers: usize,
}

/// Puts the constants of what `keep` does not have into the layers of the smaller graph. Channels
/// that something reads which cannot take their constants stay zero. Gives none when there is
/// nothing to absorb.
///
/// # Errors
/// [`NetworkError::Runner`] when the network cannot be run.
pub fn absorb(
    model: &Model,
    small: &Graph,
    facts: &[Option<Fact>],
    keep: &[bool],
    how: Absorb,
) -> Result<Option<Absorbed>, NetworkError> {
    // A layer keeps its constants only if there is a bias of batch normalization.
    let normalized = |node: &Node| matches!(node.op, Op::BatchNormalization(_));
    let classes: Vec<bool> =
        if how == Absorb::Never || !model.graph().nodes().iter().any(normalized) {
            vec![false; keep.len()]
        } else {
            keep.iter().map(|keep| !keep).collect()
        };
    let mut constants = Constants { classes, border: HashMap::new() };
    // First what can be told without a run.
    let takes = |sink: &Sink<'_>| sink.place.is_some() && (how == Absorb::Always || !sink.padded);
    let mut sinks = ends(model, keep, &constants, &HashMap::new());
    refuse(&sinks, &mut constants, |sink, _| takes(sink));
    while constants.classes.contains(&true) {
        let values = observe(model, keep, &constants)?;
        sinks = ends(model, keep, &constants, &values);
        if !refuse(&sinks, &mut constants, |sink, value| takes(sink) && value.is_some()) {
            return Ok(fill(model, small, facts, keep, constants, &sinks));
        }
    }
    Ok(None)
}

/// Sets classes to zero that a node reads which cannot take them; says whether there are any.
fn refuse(
    sinks: &[Sink<'_>],
    constants: &mut Constants,
    takes: impl Fn(&Sink<'_>, Option<f32>) -> bool,
) -> bool {
    let mut refused = false;
    for sink in sinks {
        for (class, _, value) in &sink.read {
            if !takes(sink, *value) {
                refused |= std::mem::replace(&mut constants.classes[*class], false);
            }
        }
    }
    refused
}

/// Values that cut indices have of the outputs of nodes: the same at every place and for every
/// input, or none.
type Values = HashMap<(NodeId, usize), HashMap<(usize, usize), Option<f32>>>;

struct Recorder<'a> {
    masked: Masked<'a>,
    values: Values,
}

impl Visitor for Recorder<'_> {
    fn wants(&self, node: NodeId) -> bool {
        self.masked.wants(node)
    }

    fn after(&mut self, node: NodeId, outputs: &mut [Tensor]) {
        self.masked.after(node, outputs);
        for (at, tensor) in outputs.iter().enumerate() {
            let Held::F32(values) = tensor.values() else { continue };
            for (axis, indices) in self.masked.cut(node, Slot::Out(at)) {
                for index in indices {
                    let mut all = runs(tensor.shape(), *axis, *index).flat_map(|r| &values[r]);
                    let first = all.next().copied().unwrap_or(0.0);
                    let near = |a: f32, b: f32| (a - b).abs() <= SPREAD * b.abs();
                    let one = all.all(|v| near(*v, first)).then_some(first);
                    let seen = self.values.entry((node, at)).or_default();
                    let held = seen.entry((*axis, *index)).or_insert(one);
                    if !held.zip(one).is_some_and(|(a, b)| near(a, b)) {
                        *held = None;
                    }
                }
            }
        }
    }
}

/// Runs the masked original on two inputs and looks at what is cut.
fn observe(model: &Model, keep: &[bool], constants: &Constants) -> Result<Values, NetworkError> {
    let fail = |error| NetworkError::Runner { path: model.path.clone(), error };
    let graph = model.graph();
    let runner = Runner::bound(graph, model.facts.clone(), &graph.outputs).map_err(fail)?;
    let masked = Masked::new(model, keep, constants);
    let mut recorder = Recorder { masked, values: HashMap::new() };
    for seed in [1, 2] {
        runner.run(&inputs(model, seed), &graph.outputs, Some(&mut recorder));
    }
    Ok(recorder.values)
}

/// Where a layer takes a constant of each output.
#[derive(Clone, Copy)]
enum Taking {
    /// An input that is added: of the node itself, or of the sum that follows. It may be absent.
    Summand(NodeId, usize),
    /// The mean of the batch normalization that follows.
    Mean(NodeId),
}

/// A node in which a cut channel ends.
struct Sink<'a> {
    layer: Option<&'a Layer>,
    /// Class, index of the input channel, and its constant where it has one.
    read: Vec<(usize, usize, Option<f32>)>,
    padded: bool,
    place: Option<Taking>,
}

/// The nodes in which cut channels end.
fn ends<'a>(
    model: &'a Model,
    keep: &[bool],
    constants: &Constants,
    values: &Values,
) -> Vec<Sink<'a>> {
    let graph = model.graph();
    let masked = Masked::new(model, keep, constants);
    let makers: HashMap<ValueId, (NodeId, usize)> = graph
        .numbered_nodes()
        .flat_map(|(id, node)| node.outputs.iter().enumerate().map(move |(at, v)| (*v, (id, at))))
        .collect();
    let mut sinks = Vec::new();
    for (id, node) in graph.numbered_nodes() {
        if matches!(node.op, Op::Shape(_) | Op::Size(_)) {
            continue;
        }
        let mut given: Option<HashSet<usize>> = None;
        let mut read = Vec::new();
        for (at, value) in node.inputs.iter().enumerate() {
            let slot = Slot::In(at);
            let Some(maker) = value.and_then(|value| makers.get(&value)) else { continue };
            for (axis, indices) in masked.cut(id, slot) {
                for index in indices {
                    let Some(class) = masked.class(id, slot, (*axis, *index)) else { continue };
                    let passed = given.get_or_insert_with(|| classes_given(model, &masked, id));
                    if constants.classes[class] && !passed.contains(&class) {
                        let of = values.get(maker).and_then(|c| c.get(&(*axis, *index)));
                        read.push((class, *index, of.copied().flatten().filter(|_| at == 0)));
                    }
                }
            }
        }
        if !read.is_empty() {
            let layer = model.layers.iter().find(|layer| layer.node == id);
            let place = layer.and_then(|layer| taking(model, layer));
            sinks.push(Sink { layer, read, padded: pads(model, id), place });
        }
    }
    sinks
}

/// Classes of cut channels that a node gives on.
fn classes_given(model: &Model, masked: &Masked<'_>, node: NodeId) -> HashSet<usize> {
    let outputs = 0..model.graph().node(node).outputs.len();
    let mut classes = HashSet::new();
    for slot in outputs.map(Slot::Out) {
        for (axis, indices) in masked.cut(node, slot) {
            classes.extend(indices.iter().filter_map(|at| masked.class(node, slot, (*axis, *at))));
        }
    }
    classes
}

fn pads(model: &Model, node: NodeId) -> bool {
    let node = model.graph().node(node);
    let Op::Conv(conv) = &node.op else { return false };
    let shape = node.inputs[0].and_then(|id| model.facts[id.0 as usize].as_ref()?.known_shape());
    shape.is_some_and(|shape| conv.window.padding(&shape[2..]).iter().flatten().any(|n| *n > 0))
}

/// Where a layer can take a constant of each output; none where it cannot.
fn taking(model: &Model, layer: &Layer) -> Option<Taking> {
    let graph = model.graph();
    let node = graph.node(layer.node);
    let weight = layer.read == (layer.node, 1);
    let vector = |id: Option<ValueId>| {
        let of = |id: ValueId| match &graph.value(id).origin {
            Origin::Weight(stored) => Some(stored.shape().to_vec()),
            Origin::Constant(_) | Origin::Input | Origin::Node(_) => None,
        };
        id.and_then(of).is_some_and(|shape| shape == [layer.shape[layer.out_axis]])
    };
    match &node.op {
        Op::Conv(conv) if conv.groups == 1 && weight => {
            let bias = node.inputs.get(2).copied().flatten();
            if bias.is_some() {
                return vector(bias).then_some(Taking::Summand(layer.node, 2));
            }
            let (user, at) = only_user(graph, node.outputs[0])?;
            let normalized = matches!(graph.node(user).op, Op::BatchNormalization(_)) && at == 0;
            if normalized && vector(graph.node(user).inputs.get(3).copied().flatten()) {
                return Some(Taking::Mean(user));
            }
            Some(Taking::Summand(layer.node, 2))
        }
        Op::Gemm(gemm) if gemm.alpha == 1.0 && gemm.beta == 1.0 && !gemm.trans_a => {
            let bias = node.inputs.get(2).copied().flatten();
            (bias.is_none() || vector(bias)).then_some(Taking::Summand(layer.node, 2))
        }
        Op::MatMul(_) => {
            let (user, at) = only_user(graph, node.outputs[0])?;
            let added = matches!(graph.node(user).op, Op::Binary(Binary::Add));
            let other = 1_usize.checked_sub(at)?;
            let fits = added && vector(graph.node(user).inputs.get(other).copied().flatten());
            fits.then_some(Taking::Summand(user, other))
        }
        _ => None,
    }
}

/// The only node that reads a value, and the number of the input.
fn only_user(graph: &Graph, value: ValueId) -> Option<(NodeId, usize)> {
    let mut users = graph.numbered_nodes().flat_map(|(id, node)| {
        let inputs = node.inputs.iter().enumerate();
        inputs.filter(|(_, input)| **input == Some(value)).map(move |(at, _)| (id, at))
    });
    let first = users.next()?;
    (users.next().is_none() && !graph.outputs.contains(&value)).then_some(first)
}

fn fill(
    model: &Model,
    small: &Graph,
    facts: &[Option<Fact>],
    keep: &[bool],
    mut constants: Constants,
    sinks: &[Sink<'_>],
) -> Option<Absorbed> {
    let mut graph = small.clone();
    let mut facts = facts.to_vec();
    let kept = model.coupling.kept(keep);
    let mut layers = 0;
    for sink in sinks {
        let (Some(layer), Some(place)) = (sink.layer, sink.place) else { continue };
        let Some(sums) = sums(model, layer, &sink.read) else { continue };
        if sums.iter().all(|sum| *sum == 0.0) {
            continue;
        }
        if sink.padded
            && let Some(border) = border(model, layer, &sink.read, &sums)
        {
            constants.border.insert(layer.node, border);
        }
        let rows = model.coupling.place(layer.read.0, Slot::In(layer.read.1));
        let rows = rows.and_then(|place| kept.get(&(place, layer.out_axis as u32)));
        let sums: Vec<f64> = match rows {
            Some(rows) => rows.iter().map(|row| sums[*row]).collect(),
            None => sums,
        };
        add(model, &mut graph, &mut facts, (layer, place), &sums);
        layers += 1;
    }
    (layers > 0).then_some(Absorbed { graph, facts, constants, layers })
}

/// What the constants of cut inputs give each output of a layer.
fn sums(model: &Model, layer: &Layer, read: &[(usize, usize, Option<f32>)]) -> Option<Vec<f64>> {
    let Origin::Weight(stored) = &model.graph().value(layer.weight).origin else { return None };
    let weight = stored.to_f32().ok()?;
    let shape = &layer.shape;
    let step = |axis: usize| shape[axis + 1..].iter().product::<usize>();
    let (out_step, in_step) = (step(layer.out_axis), step(layer.in_axis));
    // A kernel's places come after both axes.
    let places: usize = step(layer.out_axis.max(layer.in_axis));
    let sum = |out: usize| {
        let of = |&(_, index, value): &(usize, usize, Option<f32>)| {
            let first = out * out_step + index * in_step;
            let all: f64 = weight[first..first + places].iter().map(|w| f64::from(*w)).sum();
            all * f64::from(value.unwrap_or(0.0))
        };
        read.iter().map(of).sum()
    };
    Some((0..shape[layer.out_axis]).map(sum).collect())
}

/// What is missing of the sums where a kernel reaches into the padding: `[1, out, ..]`.
fn border(
    model: &Model,
    layer: &Layer,
    read: &[(usize, usize, Option<f32>)],
    sums: &[f64],
) -> Option<Tensor> {
    let graph = model.graph();
    let node = graph.node(layer.node);
    let shape = |id: ValueId| {
        let mut shape = model.facts[id.0 as usize].as_ref()?.known_shape()?;
        shape[0] = 1;
        Some(shape)
    };
    let mut image = Tensor::zeros(shape(node.inputs[0]?)?);
    for (_, index, value) in read {
        let run = runs(image.shape(), 1, *index).next()?;
        image.as_f32_mut()[run].fill(value.unwrap_or(0.0));
    }
    let Origin::Weight(stored) = &graph.value(layer.weight).origin else { return None };
    let weight = stored.to_tensor().ok()?;
    let mut outputs = [Tensor::zeros(shape(node.outputs[0])?)];
    node.op.operator().forward(&[Some(&image), Some(&weight)], &mut outputs);
    let [mut border] = outputs;
    let places = border.len() / sums.len();
    for (values, sum) in border.as_f32_mut().chunks_exact_mut(places).zip(sums) {
        for value in values {
            *value = *sum as f32 - *value;
        }
    }
    Some(border)
}

fn add(
    model: &Model,
    graph: &mut Graph,
    facts: &mut Vec<Option<Fact>>,
    (layer, place): (&Layer, Taking),
    sums: &[f64],
) {
    let (node, input, sign) = match place {
        Taking::Summand(node, input) => (node, input, 1.0),
        Taking::Mean(node) => (node, 3, -1.0),
    };
    let old = graph.node(node).inputs.get(input).copied().flatten();
    let of = |id: ValueId| match &graph.value(id).origin {
        Origin::Weight(stored) => Some((graph.value(id).name.clone(), stored.clone())),
        Origin::Constant(_) | Origin::Input | Origin::Node(_) => None,
    };
    let (name, dtype, values) = match old.and_then(of) {
        Some((name, stored)) => (name, stored.dtype(), stored.to_f32().unwrap_or_default()),
        None => (format!("{}.bias", layer.name), dtype_of(model, layer), vec![0.0; sums.len()]),
    };
    let values: Vec<f32> = values
        .iter()
        .zip(sums)
        .map(|(value, sum)| (f64::from(*value) + sign * sum) as f32)
        .collect();
    let bytes = Bytes::owned(convert::encode(dtype, &values));
    let Ok(stored) = Stored::new(dtype, vec![values.len()], bytes) else { return };
    facts.push(Some(Graph::fact_of_weight(&stored)));
    let id = graph.add_weight(&name, stored);
    graph.set_input(node, input, Some(id));
}

fn dtype_of(model: &Model, layer: &Layer) -> DType {
    match &model.graph().value(layer.weight).origin {
        Origin::Weight(stored) => stored.dtype(),
        Origin::Constant(_) | Origin::Input | Origin::Node(_) => DType::F32,
    }
}
