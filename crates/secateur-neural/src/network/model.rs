//! A network at fixed shapes, with its coupled channels and what it costs.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use secateur_graph::ops::{Op, Transpose, Weight};
use secateur_graph::{Coupling, Fact, Granularity, Graph, NodeId, Origin, Slot, ValueId};
use secateur_onnx::Network;

use super::error::NetworkError;
use crate::options::Choice;

/// A file as a graph at fixed shapes.
#[derive(Debug)]
pub struct Model {
    /// The file.
    pub path: PathBuf,
    /// Its messages and graph.
    pub network: Network,
    /// Shapes of the inputs.
    pub shapes: Vec<Vec<usize>>,
    /// What is known of all values at these shapes.
    pub facts: Vec<Option<Fact>>,
    /// Which channels stand or fall together.
    pub coupling: Coupling,
    /// Nodes with weights, in order.
    pub layers: Vec<Layer>,
    /// Constants that the file has as initializers.
    initializers: HashSet<ValueId>,
    granularity: Granularity,
    /// Nodes whose axes stay as they are.
    held: Vec<NodeId>,
}

/// A node with a matrix or a stack of kernels as weight.
#[derive(Clone, Debug)]
pub struct Layer {
    /// The node.
    pub node: NodeId,
    /// Name: that of the weight without `.weight`, else that of the node.
    pub name: String,
    /// Operator.
    pub op: &'static str,
    /// The weight, as the file holds it.
    pub weight: ValueId,
    /// The node that reads the weight, and the number of its input: that of the layer, or the
    /// first of transposes in between.
    pub read: (NodeId, usize),
    /// Dimensions of the weight.
    pub shape: Vec<usize>,
    /// Axis of the output features.
    pub out_axis: usize,
    /// Axis of the input features.
    pub in_axis: usize,
    /// Groups of a convolution; 1 for others.
    pub groups: usize,
    /// Multiply-accumulates at the shapes of the model.
    pub macs: u64,
}

/// What a network costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Costs {
    /// Multiply-accumulates of convolutions and products, for one run at the shapes.
    pub macs: u64,
    /// Floats of its constants, running statistics left out.
    pub parameters: u64,
    /// Bytes of its constants.
    pub bytes: u64,
}

impl Model {
    /// Opens a file; `inputs` are shapes by name for what the file leaves open.
    ///
    /// # Errors
    /// [`NetworkError`] when the file is wrong or of an unsupported version.
    pub fn open(
        path: &Path,
        inputs: &[(String, Vec<usize>)],
        granularity: Granularity,
    ) -> Result<Self, NetworkError> {
        Self::of(Network::open(path)?, inputs, granularity)
    }

    /// The same of a network that is open already.
    ///
    /// # Errors
    /// [`NetworkError::Graph`] when shapes do not fit.
    pub fn of(
        network: Network,
        inputs: &[(String, Vec<usize>)],
        granularity: Granularity,
    ) -> Result<Self, NetworkError> {
        let path = network.document.path.clone();
        let fail = |error| NetworkError::Graph { path: path.clone(), error };
        let (shapes, facts) = network.bind(inputs).map_err(fail)?;
        let coupling = Coupling::new(&network.graph, &facts, granularity);
        let layers = layers(&network.graph, &facts);
        let listed: HashSet<&str> = network
            .document
            .model
            .graph
            .iter()
            .flat_map(|graph| &graph.initializer)
            .map(secateur_onnx::proto::TensorProto::name)
            .collect();
        let values = network.graph.values().iter().enumerate();
        let initializers = values
            .filter(|(_, value)| listed.contains(value.name.as_str()))
            .map(|(at, _)| ValueId(at as u32))
            .collect();
        let held = Vec::new();
        Ok(Self { path, network, shapes, facts, coupling, layers, initializers, granularity, held })
    }

    /// Leaves the axes of a node as they are from now on, and what is tied to them. Says whether
    /// this changes anything.
    pub fn hold(&mut self, node: NodeId) -> bool {
        if self.held.contains(&node) {
            return false;
        }
        self.held.push(node);
        self.coupling =
            Coupling::around(&self.network.graph, &self.facts, self.granularity, &self.held);
        true
    }

    /// The graph.
    pub fn graph(&self) -> &Graph {
        &self.network.graph
    }

    /// The shapes with another number of images, where the first axis of every input is open.
    pub fn batch(&self, images: usize) -> Option<Vec<Vec<usize>>> {
        let graph = self.graph();
        let open = |id: &ValueId| {
            graph.value(*id).fact.shape.first().is_some_and(|dim| dim.known().is_none())
        };
        if !graph.inputs.iter().all(open) {
            return None;
        }
        let mut shapes = self.shapes.clone();
        for shape in &mut shapes {
            shape[0] = images;
        }
        Some(shapes)
    }

    /// Dimensions of the inputs and outputs of nodes, with some classes cut where `keep` is given.
    fn shape_of(
        &self,
        shapes: Option<&[Vec<usize>]>,
        (node, slot): (NodeId, Slot),
        value: Option<ValueId>,
    ) -> Vec<usize> {
        let fact = value.and_then(|id| self.facts[id.0 as usize].as_ref());
        match (shapes, self.coupling.place(node, slot)) {
            (Some(shapes), Some(place)) => shapes[place as usize].clone(),
            _ => fact.and_then(Fact::known_shape).unwrap_or_default(),
        }
    }

    /// Multiply-accumulates of convolutions and products, with some classes cut where `keep` is
    /// given.
    pub fn macs(&self, keep: Option<&[bool]>) -> u64 {
        let shapes = keep.map(|keep| self.coupling.shapes(keep));
        let shapes = shapes.as_deref();
        let counted = self.graph().numbered_nodes();
        let counted =
            counted.filter(|(_, node)| is_counted(&node.op) && self.is_whole(&node.outputs));
        let macs = |(id, node): (NodeId, &secateur_graph::Node)| {
            let inputs = node.inputs.iter().enumerate();
            let inputs: Vec<Vec<usize>> =
                inputs.map(|(at, v)| self.shape_of(shapes, (id, Slot::In(at)), *v)).collect();
            let outputs = node.outputs.iter().enumerate();
            let outputs: Vec<Vec<usize>> = outputs
                .map(|(at, v)| self.shape_of(shapes, (id, Slot::Out(at)), Some(*v)))
                .collect();
            node.op.operator().cost(&inputs, &outputs).macs
        };
        counted.map(macs).sum()
    }

    /// Constants that count as parameters, with the number of their values: floats, without the
    /// running statistics of batch normalization. A constant that is used twice in the same size
    /// is there once.
    pub fn parameters(&self, keep: Option<&[bool]>) -> Vec<(ValueId, u64)> {
        self.constants(keep).into_iter().filter(|c| c.1).map(|(id, _, count)| (id, count)).collect()
    }

    /// Constants, whether they count as parameters, and the number of their values.
    fn constants(&self, keep: Option<&[bool]>) -> Vec<(ValueId, bool, u64)> {
        let shapes = keep.map(|keep| self.coupling.shapes(keep));
        let mut seen: HashSet<(ValueId, Vec<usize>)> = HashSet::new();
        let mut constants = Vec::new();
        for (id, node) in self.graph().numbered_nodes() {
            for (at, value) in node.inputs.iter().enumerate() {
                let Some(value) = value else { continue };
                let Origin::Weight(stored) = &self.graph().value(*value).origin else { continue };
                let shape = self.shape_of(shapes.as_deref(), (id, Slot::In(at)), Some(*value));
                let count: u64 = shape.iter().map(|&n| n as u64).product();
                if !seen.insert((*value, shape)) {
                    continue;
                }
                let statistics = matches!(node.op, Op::BatchNormalization(_)) && at >= 3;
                // A number in a node of its own is an attribute rather than a parameter.
                let counts = count > 1 || self.initializers.contains(value);
                let is_parameter = stored.dtype().is_float() && !statistics && counts;
                constants.push((*value, is_parameter, count));
            }
        }
        constants
    }

    /// What the network costs, with some classes cut where `keep` is given.
    pub fn costs(&self, keep: Option<&[bool]>) -> Costs {
        let constants = self.constants(keep);
        let size = |id: ValueId| match &self.graph().value(id).origin {
            Origin::Weight(stored) => stored.dtype().block().1 as u64,
            Origin::Constant(_) | Origin::Input | Origin::Node(_) => 0,
        };
        Costs {
            macs: self.macs(keep),
            parameters: constants.iter().filter(|c| c.1).map(|c| c.2).sum(),
            bytes: constants.iter().map(|(id, _, count)| count * size(*id)).sum(),
        }
    }

    fn is_whole(&self, values: &[ValueId]) -> bool {
        values.iter().all(|id| self.facts[id.0 as usize].is_some())
    }

    /// Layers that are to be pruned, by the patterns of a choice; refuses patterns that match none.
    ///
    /// # Errors
    /// [`NetworkError::NoMatch`].
    pub fn chosen(&self, choice: &Choice) -> Result<Vec<bool>, NetworkError> {
        let names: Vec<&str> = self.layers.iter().map(|layer| layer.name.as_str()).collect();
        for pattern in choice.layers.iter().chain(&choice.skip) {
            if !names.iter().any(|name| crate::options::matches(pattern, name)) {
                let distance = |name: &&&str| secateur_checkpoint::tensors::edits(pattern, name);
                let nearest = names.iter().min_by_key(distance).map_or("", |name| *name);
                let (pattern, nearest) = (pattern.clone(), nearest.to_owned());
                return Err(NetworkError::NoMatch { pattern, nearest });
            }
        }
        Ok(names.iter().map(|name| choice.skipped(name).is_none()).collect())
    }
}

/// Operators whose multiply-accumulates are counted.
fn is_counted(op: &Op) -> bool {
    matches!(
        op,
        Op::Conv(_) | Op::ConvTranspose(_) | Op::Gemm(_) | Op::MatMul(_) | Op::Attention(_)
    )
}

/// A constant that an input of a node is, under transposes too.
struct Constant {
    value: ValueId,
    /// The node that reads it, and the number of the input.
    read: (NodeId, usize),
    /// For each axis of what the node gets its axis in the constant.
    axes: Vec<usize>,
}

fn constant_of(graph: &Graph, node: NodeId, input: usize) -> Option<Constant> {
    let mut read = (node, input);
    let mut turns: Vec<Option<&Vec<usize>>> = Vec::new();
    loop {
        let value = graph.node(read.0).inputs.get(read.1).copied().flatten()?;
        match &graph.value(value).origin {
            Origin::Weight(stored) => {
                let mut axes: Vec<usize> = (0..stored.shape().len()).collect();
                for order in turns.into_iter().rev() {
                    axes = match order {
                        Some(order) => order.iter().map(|at| axes.get(*at).copied()).collect(),
                        None => Some(axes.into_iter().rev().collect()),
                    }?;
                }
                return Some(Constant { value, read, axes });
            }
            Origin::Node(made) => {
                let Op::Transpose(Transpose { order }) = &graph.node(*made).op else {
                    return None;
                };
                turns.push(order.as_ref());
                read = (*made, 0);
            }
            Origin::Constant(_) | Origin::Input => return None,
        }
    }
}

fn layers(graph: &Graph, facts: &[Option<Fact>]) -> Vec<Layer> {
    let mut layers: Vec<Layer> = Vec::new();
    for (id, node) in graph.numbered_nodes() {
        let Some(Weight { input, out_from_end, in_from_end, .. }) = node.op.operator().weight()
        else {
            continue;
        };
        let Some(Constant { value: weight, read, axes }) = constant_of(graph, id, input) else {
            continue;
        };
        let Origin::Weight(stored) = &graph.value(weight).origin else { continue };
        let rank = stored.shape().len();
        let is_short = rank < out_from_end.max(in_from_end) || rank < 2 || axes.len() != rank;
        if !stored.dtype().is_float() || is_short {
            continue;
        }
        let shapes = |ids: &[Option<ValueId>]| -> Option<Vec<Vec<usize>>> {
            let of = |id: &Option<ValueId>| match id {
                Some(id) => facts[id.0 as usize].as_ref()?.known_shape(),
                None => Some(Vec::new()),
            };
            ids.iter().map(of).collect()
        };
        let outputs: Vec<Option<ValueId>> = node.outputs.iter().copied().map(Some).collect();
        let macs = match (shapes(&node.inputs), shapes(&outputs)) {
            (Some(inputs), Some(outputs)) => node.op.operator().cost(&inputs, &outputs).macs,
            _ => 0,
        };
        let groups = match &node.op {
            Op::Conv(conv) => conv.groups,
            Op::ConvTranspose(conv) => conv.groups,
            _ => 1,
        };
        let value = &graph.value(weight).name;
        let name = match value.strip_suffix(".weight") {
            Some(name) => name.to_owned(),
            None => node.name.clone(),
        };
        let taken = layers.iter().filter(|layer| layer.name == name).count();
        let name = if taken == 0 { name } else { format!("{name}#{}", taken + 1) };
        layers.push(Layer {
            node: id,
            name,
            op: node.op.operator().name(),
            weight,
            read,
            shape: stored.shape().to_vec(),
            out_axis: axes[rank - out_from_end],
            in_axis: axes[rank - in_from_end],
            groups,
            macs,
        });
    }
    layers
}
