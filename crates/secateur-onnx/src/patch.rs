//! What was done to a graph, put back into the messages of its file.

use std::collections::{HashMap, HashSet};

use secateur_graph::ops::Op;
use secateur_graph::{Fact, Graph, NodeId, Origin, ValueId};
use secateur_tensor::Stored;
use secateur_tensor::tensor::Values;

use crate::check::own_domain;
use crate::document::Document;
use crate::network::{Network, captured};
use crate::operators;
use crate::operators::forms::{self, Place};
use crate::proto::attribute_proto::AttributeType;
use crate::proto::tensor_shape_proto::dimension::Value as DimValue;
use crate::proto::{AttributeProto, GraphProto, TensorProto, ValueInfoProto, type_proto};
use crate::tensors::{data_type_of, set_values, tensor_proto};

/// The oldest version in which initializers need not be inputs.
const FREE_INITIALIZERS: i64 = 4;

impl Network {
    /// The document with what `graph` has of the network: other operators, other constants.
    /// `facts` are what is known of the values of `graph` at the shapes that
    /// [`Network::bind`] gave. Initializers and nodes that nothing uses any more are left out;
    /// all else stays as it was.
    pub fn patched(&self, graph: &Graph, facts: &[Option<Fact>]) -> Document {
        let mut document = self.document.clone();
        let ir_version = document.model.ir_version();
        let opset = document.opset();
        if let Some(expanded) = &self.expanded {
            document.model.graph = Some(expanded.graph.clone());
        }
        let Some(proto) = document.model.graph.as_mut() else { return document };
        let dead_before = dead(proto);
        let names = self.constant_names(graph, proto);
        self.forget_shapes_of_weights(graph, facts, proto, &names);
        for (id, node) in graph.numbered_nodes() {
            let Some(at) = self.number(id) else { continue };
            let was = self.graph.node(id);
            if node.op != was.op {
                operators::write(&node.op, &mut proto.node[at]);
            }
            for (input, value) in node.inputs.iter().enumerate() {
                let Some(value) = value else { continue };
                if was.inputs.get(input).copied().flatten() == Some(*value) {
                    continue;
                }
                let node = &mut proto.node[at];
                match forms::place(node.op_type(), opset, input) {
                    Place::Attribute(name) => {
                        if let Some(stored) = at_rest(&graph.value(*value).origin) {
                            forms::put(node, name, &stored);
                        }
                    }
                    Place::Input(input) => {
                        // What only a dead node uses has no name; the node goes with it.
                        let Some(name) = names.get(value) else { continue };
                        if node.input.len() <= input {
                            node.input.resize(input + 1, String::new());
                        }
                        node.input[input].clone_from(name);
                    }
                }
            }
        }
        self.put_constants(graph, proto, &names, ir_version < FREE_INITIALIZERS);
        remove_dead(proto, &dead_before);
        self.put_shapes(graph, facts, proto);
        put_shapes_of_constants(proto);
        if let Some(expanded) = &self.expanded {
            expanded.fold(&mut document.model, &self.document.model);
        }
        document
    }

    /// Names of the new constants: that of the constant they come from where nothing else uses
    /// it any more, else a new one.
    fn constant_names(&self, graph: &Graph, proto: &GraphProto) -> HashMap<ValueId, String> {
        let mut taken: HashSet<String> = every_name(proto);
        let old = self.graph.values().len();
        let opset = self.document.opset();
        let mut kept: HashSet<&str> = HashSet::new();
        let mut fresh: Vec<ValueId> = Vec::new();
        let mut is_fresh: HashSet<ValueId> = HashSet::new();
        let live = live_nodes(graph);
        // What led to no output before stays in the file, so it has to fit as well.
        let live_before = live_nodes(&self.graph);
        let stays = |id: &NodeId| live.contains(id) || !live_before.contains(id);
        for (id, node) in graph.numbered_nodes().filter(|(id, _)| stays(id)) {
            let asks_for_type = asks_for_type_or_shape(&node.op);
            for (at, value) in node.inputs.iter().enumerate() {
                let Some(value) = value else { continue };
                if asks_for_type == Some(at) {
                    continue;
                }
                if (value.0 as usize) < old {
                    kept.insert(&graph.value(*value).name);
                } else if let Some(number) = self.number(id)
                    && let Place::Input(_) = forms::place(proto.node[number].op_type(), opset, at)
                    && is_fresh.insert(*value)
                {
                    fresh.push(*value);
                }
            }
        }
        let outputs = graph.outputs.iter().map(|id| graph.value(*id).name.as_str());
        kept.extend(outputs);
        kept.extend(proto.node.iter().flat_map(captured));
        let constants = self.graph.values()[..old].iter();
        let mut reusable: HashSet<&str> = constants
            .filter(|value| matches!(value.origin, Origin::Weight(_)))
            .map(|value| value.name.as_str())
            .filter(|name| !kept.contains(name))
            .collect();
        let mut numbers: HashMap<&str, usize> = HashMap::new();
        let mut names = HashMap::new();
        for id in fresh {
            let wish = graph.value(id).name.as_str();
            let mut name = wish.to_owned();
            if !reusable.remove(wish) {
                let number = numbers.entry(wish).or_insert(0);
                while taken.contains(&name) {
                    *number += 1;
                    name = format!("{wish}_{number}");
                }
            }
            taken.insert(name.clone());
            names.insert(id, name);
        }
        names
    }

    /// Nodes that ask for the type or shape of a constant only must not keep it from getting
    /// smaller: a shape becomes a constant, a type is that of the smaller one.
    fn forget_shapes_of_weights(
        &self,
        graph: &Graph,
        facts: &[Option<Fact>],
        proto: &mut GraphProto,
        names: &HashMap<ValueId, String>,
    ) {
        let smaller: HashMap<&str, &String> =
            names.iter().map(|(id, name)| (graph.value(*id).name.as_str(), name)).collect();
        for (id, node) in graph.numbered_nodes() {
            let (Some(at), Some(input)) = (self.number(id), asks_for_type_or_shape(&node.op))
            else {
                continue;
            };
            let Some(value) = node.inputs.get(input).copied().flatten() else { continue };
            let value = graph.value(value);
            let (Origin::Weight(_), Some(name)) = (&value.origin, smaller.get(value.name.as_str()))
            else {
                continue;
            };
            if let Op::CastLike(_) = node.op {
                proto.node[at].input[input].clone_from(name);
            } else if let Some(known) = facts[node.outputs[0].0 as usize].as_ref()
                && let Some(values) = known.integers()
            {
                let shape = known.known_shape().unwrap_or_default();
                let node = &mut proto.node[at];
                node.op_type = Some("Constant".to_owned());
                node.input.clear();
                node.attribute = vec![AttributeProto {
                    name: Some("value".to_owned()),
                    r#type: Some(AttributeType::Tensor.into()),
                    t: Some(tensor_proto("", &Stored::of_i64(shape, values))),
                    ..AttributeProto::default()
                }];
            }
        }
    }

    /// Constants that are new, and old ones whose values were changed.
    fn put_constants(
        &self,
        graph: &Graph,
        proto: &mut GraphProto,
        names: &HashMap<ValueId, String>,
        as_inputs: bool,
    ) {
        let mut new: Vec<(&String, Stored)> = Vec::new();
        let mut ids: Vec<&ValueId> = names.keys().collect();
        ids.sort_unstable();
        for id in ids {
            let Some(stored) = at_rest(&graph.value(*id).origin) else { continue };
            new.push((&names[id], stored));
        }
        let changed =
            self.graph.values().iter().zip(graph.values()).filter_map(|(was, is)| {
                match (&was.origin, &is.origin) {
                    (Origin::Weight(a), Origin::Weight(b)) if !a.is(b) => {
                        Some((&is.name, b.clone()))
                    }
                    _ => None,
                }
            });
        new.extend(changed);
        let mut place: HashMap<String, usize> = HashMap::new();
        for (at, tensor) in proto.initializer.iter().enumerate() {
            place.insert(tensor.name().to_owned(), at);
        }
        let mut from_nodes: HashSet<&String> = HashSet::new();
        for (name, stored) in &new {
            if let Some(at) = place.get(*name) {
                set_values(&mut proto.initializer[*at], stored);
            } else {
                from_nodes.insert(name);
                proto.initializer.push(tensor_proto(name, stored));
                if as_inputs {
                    proto.input.push(input(name, stored));
                }
            }
        }
        // Nodes that were these constants make room for them.
        proto.node.retain(|node| {
            let own = node.op_type() == "Constant" && own_domain(node.domain()).is_empty();
            !own || node.output.first().is_none_or(|name| !from_nodes.contains(name))
        });
        let shapes: HashMap<&str, &[usize]> =
            new.iter().map(|(name, stored)| (name.as_str(), stored.shape())).collect();
        for info in &mut proto.input {
            if let Some(shape) = shapes.get(info.name()) {
                set_dims(info, shape);
            }
        }
    }

    /// Shapes that the file states and a cut has changed.
    fn put_shapes(&self, graph: &Graph, facts: &[Option<Fact>], proto: &mut GraphProto) {
        let by_name: HashMap<&str, usize> = graph
            .values()
            .iter()
            .enumerate()
            .filter(|(_, value)| !matches!(value.origin, Origin::Constant(_)))
            .map(|(at, value)| (value.name.as_str(), at))
            .collect();
        let old = self.graph.values().len();
        let several = self.names_of_several_sizes(facts, proto, &by_name);
        proto.value_info.retain_mut(|info| {
            let Some(&at) = by_name.get(info.name()).filter(|at| **at < old) else { return true };
            let Some(shape) = facts[at].as_ref().and_then(Fact::known_shape) else { return true };
            let Some(type_proto::Value::TensorType(tensor)) =
                info.r#type.as_mut().and_then(|kind| kind.value.as_mut())
            else {
                return true;
            };
            let Some(dims) = tensor.shape.as_mut() else { return true };
            if dims.dim.len() != shape.len() {
                return false;
            }
            for (dim, size) in dims.dim.iter_mut().zip(shape) {
                match &mut dim.value {
                    Some(DimValue::DimValue(n)) => *n = size as i64,
                    Some(DimValue::DimParam(name)) if several.contains(name) => dim.value = None,
                    _ => {}
                }
            }
            true
        });
    }

    /// Names of dimensions that no longer stand for one number, e.g. `4*batch` for the heads of
    /// all images where one layer has lost heads.
    fn names_of_several_sizes(
        &self,
        facts: &[Option<Fact>],
        proto: &GraphProto,
        by_name: &HashMap<&str, usize>,
    ) -> HashSet<String> {
        let old = self.graph.values().len();
        let mut sizes: HashMap<&str, usize> = HashMap::new();
        let mut several = HashSet::new();
        for info in proto.input.iter().chain(&proto.output).chain(&proto.value_info) {
            let Some(&at) = by_name.get(info.name()).filter(|at| **at < old) else { continue };
            let Some(shape) = facts[at].as_ref().and_then(Fact::known_shape) else { continue };
            let Some(type_proto::Value::TensorType(tensor)) =
                info.r#type.as_ref().and_then(|kind| kind.value.as_ref())
            else {
                continue;
            };
            let dims = tensor.shape.iter().flat_map(|shape| &shape.dim);
            for (dim, size) in dims.zip(shape) {
                if let Some(DimValue::DimParam(name)) = &dim.value
                    && *sizes.entry(name).or_insert(size) != size
                {
                    several.insert(name.clone());
                }
            }
        }
        several
    }
}

/// The input of which a node asks for no more than the type or the shape.
fn asks_for_type_or_shape(op: &Op) -> Option<usize> {
    match op {
        Op::Shape(_) | Op::Size(_) => Some(0),
        Op::CastLike(_) => Some(1),
        _ => None,
    }
}

/// Nodes that lead to an output.
fn live_nodes(graph: &Graph) -> HashSet<NodeId> {
    let mut live: HashSet<ValueId> = graph.outputs.iter().copied().collect();
    let mut nodes = HashSet::new();
    for (id, node) in graph.numbered_nodes().collect::<Vec<_>>().into_iter().rev() {
        if node.outputs.iter().any(|output| live.contains(output)) {
            live.extend(node.inputs.iter().flatten());
            nodes.insert(id);
        }
    }
    nodes
}

/// Shapes that the file states of its own constants.
fn put_shapes_of_constants(proto: &mut GraphProto) {
    let shapes: HashMap<&str, Vec<usize>> = proto
        .initializer
        .iter()
        .map(|tensor| (tensor.name(), tensor.dims.iter().map(|&n| n as usize).collect()))
        .collect();
    for info in &mut proto.value_info {
        if let Some(shape) = shapes.get(info.name()).cloned() {
            set_dims(info, &shape);
        }
    }
}

fn input(name: &str, stored: &Stored) -> ValueInfoProto {
    let mut info = ValueInfoProto { name: Some(name.to_owned()), ..ValueInfoProto::default() };
    let elem_type = data_type_of(stored.dtype()).map(i32::from);
    let tensor =
        type_proto::Tensor { elem_type, shape: Some(crate::proto::TensorShapeProto::default()) };
    info.r#type = Some(crate::proto::TypeProto {
        value: Some(type_proto::Value::TensorType(tensor)),
        ..crate::proto::TypeProto::default()
    });
    set_dims(&mut info, stored.shape());
    info
}

fn set_dims(info: &mut ValueInfoProto, shape: &[usize]) {
    let Some(type_proto::Value::TensorType(tensor)) =
        info.r#type.as_mut().and_then(|kind| kind.value.as_mut())
    else {
        return;
    };
    let dim = |size: &usize| crate::proto::tensor_shape_proto::Dimension {
        value: Some(DimValue::DimValue(*size as i64)),
        ..crate::proto::tensor_shape_proto::Dimension::default()
    };
    tensor.shape = Some(crate::proto::TensorShapeProto { dim: shape.iter().map(dim).collect() });
}

/// A constant as a file would hold it.
fn at_rest(origin: &Origin) -> Option<Stored> {
    match origin {
        Origin::Weight(stored) => Some(stored.clone()),
        Origin::Constant(tensor) => Some(match tensor.values() {
            Values::I64(values) => Stored::of_i64(tensor.shape().to_vec(), values),
            _ => Stored::of_f32(tensor.shape().to_vec(), tensor.as_f32()),
        }),
        Origin::Input | Origin::Node(_) => None,
    }
}

/// Every name of a value in a graph and its subgraphs.
pub(crate) fn every_name(proto: &GraphProto) -> HashSet<String> {
    let mut names = HashSet::new();
    let mut open = vec![proto];
    while let Some(graph) = open.pop() {
        names.extend(graph.input.iter().chain(&graph.output).map(|info| info.name().to_owned()));
        names.extend(graph.initializer.iter().map(|tensor| tensor.name().to_owned()));
        for node in &graph.node {
            names.extend(node.input.iter().chain(&node.output).cloned());
            for attribute in &node.attribute {
                open.extend(attribute.g.iter().chain(&attribute.graphs));
            }
        }
    }
    names
}

/// Numbers of nodes and names of initializers that lead to no output.
struct Dead {
    nodes: HashSet<String>,
    initializers: HashSet<String>,
}

/// The first output of a node, which no other has.
pub(crate) fn key(node: &crate::proto::NodeProto) -> String {
    node.output.iter().find(|name| !name.is_empty()).cloned().unwrap_or_default()
}

fn dead(proto: &GraphProto) -> Dead {
    let mut live: HashSet<&str> = proto.output.iter().map(ValueInfoProto::name).collect();
    let mut nodes = HashSet::new();
    for node in proto.node.iter().rev() {
        if node.output.iter().any(|name| live.contains(name.as_str())) {
            live.extend(node.input.iter().map(String::as_str));
            live.extend(captured(node));
        } else {
            nodes.insert(key(node));
        }
    }
    let unused = proto.initializer.iter().map(TensorProto::name);
    let initializers = unused.filter(|name| !live.contains(name)).map(str::to_owned).collect();
    Dead { nodes, initializers }
}

/// Leaves out what has become dead, but not what was dead before.
fn remove_dead(proto: &mut GraphProto, before: &Dead) {
    let now = dead(proto);
    proto.node.retain(|node| {
        let key = key(node);
        !now.nodes.contains(&key) || before.nodes.contains(&key)
    });
    // What was dead before stays, with what it reads.
    let read: HashSet<String> = proto
        .node
        .iter()
        .flat_map(|node| node.input.iter().map(String::as_str).chain(captured(node)))
        .map(str::to_owned)
        .collect();
    let gone = |name: &str| {
        now.initializers.contains(name)
            && !before.initializers.contains(name)
            && !read.contains(name)
    };
    proto.input.retain(|info| !gone(info.name()));
    let removed: HashSet<String> = now.nodes.difference(&before.nodes).cloned().collect();
    proto.value_info.retain(|info| !removed.contains(info.name()));
    proto.initializer.retain(|tensor| !gone(tensor.name()));
}
