//! A document as a graph.

use std::collections::{HashMap, HashSet};

use secateur_graph::ops::{Op, Opaque};
use secateur_graph::{Dim, Fact, Graph, GraphError, Kind, NodeId, Origin, Value, ValueId};
use secateur_tensor::{DType, Stored};

use crate::attributes::Attributes;
use crate::document::Document;
use crate::error::OnnxError;
use crate::inline::{self, Expanded};
use crate::operators::forms::{self, Place};
use crate::operators::{self, Around};
use crate::proto::{
    GraphProto, NodeProto, TensorProto, ValueInfoProto, tensor_shape_proto, type_proto,
};
use crate::tensors::dtype_of;

/// Shapes of the inputs of a graph, and what is known of all its values at these.
pub type Bound = (Vec<Vec<usize>>, Vec<Option<Fact>>);

/// A file as a graph, with the way back.
#[derive(Clone, Debug)]
pub struct Network {
    /// The file.
    pub document: Document,
    /// Its graph. Constants are weights, whether the file has them as initializers or as nodes.
    pub graph: Graph,
    /// The graph of the file with its functions written out, where it calls some.
    pub(crate) expanded: Option<Expanded>,
    /// For each node of the graph, its number in the file with its functions written out; none
    /// for what stands in for a constant of a type that nothing is computed from.
    pub(crate) nodes: Vec<Option<usize>>,
}

/// Reads the nodes of a graph one after the other.
struct Reader<'a> {
    document: &'a Document,
    refused: Option<&'a HashMap<usize, &'static str>>,
    graph: Graph,
    nodes: Vec<Option<usize>>,
    by_name: HashMap<String, ValueId>,
    facts: HashMap<&'a str, Fact>,
    opset: i64,
}

impl Around for Reader<'_> {
    fn opset(&self) -> i64 {
        self.opset
    }

    fn constant_type(&self, input: &str) -> Option<DType> {
        match &self.graph.value(*self.by_name.get(input)?).origin {
            Origin::Weight(stored) => Some(stored.dtype()),
            Origin::Constant(_) | Origin::Input | Origin::Node(_) => None,
        }
    }

    fn constant_shape(&self, input: &str) -> Option<Vec<usize>> {
        let mut value = self.graph.value(*self.by_name.get(input)?);
        loop {
            let node = match &value.origin {
                Origin::Weight(stored) => return Some(stored.shape().to_vec()),
                Origin::Constant(_) | Origin::Input => return None,
                Origin::Node(node) => self.graph.node(*node),
            };
            let same = matches!(
                node.op,
                Op::Cast(_)
                    | Op::CastLike(_)
                    | Op::Dequantize(_)
                    | Op::Quantize(_)
                    | Op::Identity(_)
            );
            value = self.graph.value((*node.inputs.first()?).filter(|_| same)?);
        }
    }
}

impl Network {
    /// Opens a file as a graph.
    ///
    /// # Errors
    /// [`OnnxError`] when the file is wrong, or of a version that is not supported.
    pub fn open(path: &std::path::Path) -> Result<Self, OnnxError> {
        let document = Document::open(path)?;
        document.check_supported()?;
        Self::new(document)
    }

    /// The graph of a document.
    ///
    /// # Errors
    /// [`OnnxError`] when a tensor cannot be read.
    pub fn new(document: Document) -> Result<Self, OnnxError> {
        let empty = GraphProto::default();
        let expanded = inline::expanded(&document.model);
        let own = || document.model.graph.as_ref().unwrap_or(&empty);
        let graph = expanded.as_ref().map_or_else(own, |expanded| &expanded.graph);
        let mut reader = Reader {
            document: &document,
            refused: expanded.as_ref().map(|expanded| &expanded.refused),
            graph: Graph::new(),
            nodes: Vec::new(),
            by_name: HashMap::new(),
            facts: facts(graph),
            opset: document.opset(),
        };
        reader.constants(graph)?;
        reader.inputs(graph);
        for (at, node) in graph.node.iter().enumerate() {
            reader.node(at, node)?;
        }
        for output in &graph.output {
            if let Some(id) = reader.by_name.get(output.name()) {
                reader.graph.outputs.push(*id);
            }
        }
        let Reader { graph, nodes, .. } = reader;
        Ok(Self { document, graph, expanded, nodes })
    }

    /// Shapes of the inputs with numbers for their symbols: those given by name, else 1 for what
    /// is the first axis of an input and `other` for further ones.
    pub fn shapes(&self, given: &[(String, Vec<usize>)], other: usize) -> Vec<Vec<usize>> {
        let inputs = || self.graph.inputs.iter().map(|id| self.graph.value(*id));
        let mut symbols: HashMap<&Dim, usize> =
            inputs().filter_map(|value| Some((value.fact.shape.first()?, 1))).collect();
        for (name, shape) in given {
            if let Some(id) = self.graph.input(name) {
                symbols.extend(self.graph.value(id).fact.shape.iter().zip(shape.iter().copied()));
            }
        }
        let number = |dim: &Dim| dim.known().or_else(|| symbols.get(dim).copied()).unwrap_or(other);
        let of = |value: &Value| match given.iter().find(|(name, _)| *name == value.name) {
            Some((_, shape)) => shape.clone(),
            None => value.fact.shape.iter().map(number).collect(),
        };
        inputs().map(of).collect()
    }

    /// The facts of all values for shapes that fit: those given, and for open dimensions beyond
    /// the first axis the first number of a list that the network accepts.
    ///
    /// # Errors
    /// [`GraphError`] of the first try.
    pub fn bind(&self, given: &[(String, Vec<usize>)]) -> Result<Bound, GraphError> {
        let mut first = None;
        for other in [64, 224, 32, 128, 16, 8, 1, 512, 4096] {
            let shapes = self.shapes(given, other);
            match self.graph.bind(&shapes) {
                Ok(facts) => return Ok((shapes, facts)),
                Err(error) => {
                    first.get_or_insert(error);
                }
            }
        }
        Err(first.expect("the list is not empty"))
    }

    /// The number of a node in the file, with its functions written out.
    pub(crate) fn number(&self, node: NodeId) -> Option<usize> {
        self.nodes.get(node.0 as usize).copied().flatten()
    }
}

impl<'a> Reader<'a> {
    fn constants(&mut self, graph: &'a GraphProto) -> Result<(), OnnxError> {
        for tensor in &graph.initializer {
            self.constant(tensor.name(), tensor)?;
        }
        for sparse in &graph.sparse_initializer {
            let name = sparse.values.as_ref().map_or("", TensorProto::name);
            self.unread(name, "SparseTensor");
        }
        Ok(())
    }

    /// A constant, or what stands in for one of a type that nothing is computed from.
    fn constant(&mut self, name: &str, tensor: &TensorProto) -> Result<(), OnnxError> {
        match self.document.stored(tensor) {
            Ok(stored) => {
                let id = self.graph.add_weight(name, stored);
                self.by_name.insert(name.to_owned(), id);
            }
            Err(OnnxError::TensorType { dtype, .. }) => self.unread(name, &dtype),
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn unread(&mut self, name: &str, what: &str) {
        let op = Op::Opaque(Opaque { name: format!("constant of type {what}"), why: None });
        let fact = Fact::of(Kind::F32, vec![Dim::symbol("unknown")]);
        let node = self.graph.add_unbound_node(name, op, vec![], vec![(name.to_owned(), fact)]);
        self.nodes.push(None);
        self.by_name.insert(name.to_owned(), self.graph.node(node).outputs[0]);
    }

    fn inputs(&mut self, graph: &'a GraphProto) {
        for input in &graph.input {
            if self.by_name.contains_key(input.name()) {
                continue;
            }
            let unknown = || Fact::of(Kind::F32, vec![Dim::symbol("unknown")]);
            let fact = fact(input).unwrap_or_else(unknown);
            let id = self.graph.add_input(input.name(), fact);
            self.by_name.insert(input.name().to_owned(), id);
        }
    }

    fn node(&mut self, at: usize, node: &'a NodeProto) -> Result<(), OnnxError> {
        let first = node.output.first().map_or("", String::as_str);
        let own = matches!(node.domain(), "" | "ai.onnx");
        if own && node.op_type() == "Constant" {
            return self.constant_node(at, node, first);
        }
        // A constant under another name stays that constant for each of its uses.
        if own
            && node.op_type() == "Identity"
            && let Some(id) = node.input.first().and_then(|name| self.by_name.get(name))
            && matches!(self.graph.value(*id).origin, Origin::Weight(_))
            && !self.is_output(first)
        {
            self.by_name.insert(first.to_owned(), *id);
            return Ok(());
        }
        let mut op = operators::read(node, self);
        if let Op::Opaque(opaque) = &mut op
            && let Some(why) = self.refused.and_then(|refused| refused.get(&at))
        {
            opaque.why = Some((*why).to_owned());
        }
        let mut inputs = self.operands(node, &op);
        // What the subgraphs of a node use from around it.
        inputs.extend(
            captured(node).iter().filter_map(|name| self.by_name.get(*name).copied()).map(Some),
        );
        let name = match node.name() {
            "" => format!("{} {at}", node.op_type()),
            name => name.to_owned(),
        };
        let unknown = || Fact::of(Kind::F32, vec![Dim::symbol("unknown")]);
        let outputs = node.output.iter().map(|name| {
            (name.clone(), self.facts.get(name.as_str()).cloned().unwrap_or_else(unknown))
        });
        let outputs = outputs.collect();
        let id = self.graph.add_unbound_node(&name, op, inputs, outputs);
        self.nodes.push(Some(at));
        for (name, id) in node.output.iter().zip(&self.graph.node(id).outputs) {
            // An output that is left out has no name, and an input without one is not it.
            if !name.is_empty() {
                self.by_name.insert(name.clone(), *id);
            }
        }
        Ok(())
    }

    /// The inputs of an operator, wherever its version has them.
    fn operands(&mut self, node: &NodeProto, op: &Op) -> Vec<Option<ValueId>> {
        if matches!(op, Op::Opaque(_)) {
            return node.input.iter().map(|name| self.by_name.get(name).copied()).collect();
        }
        let mut find = |place| match place {
            Place::Input(at) => self.by_name.get(node.input.get(at)?).copied(),
            Place::Attribute(name) => {
                let tensor = forms::tensor(node, name)?;
                Some(self.graph.add_constant(&format!("{}.{name}", node.output.first()?), tensor))
            }
        };
        let places = forms::places(node, self.opset);
        places.into_iter().map(|place| place.and_then(&mut find)).collect()
    }

    fn is_output(&self, name: &str) -> bool {
        let graph = self.document.model.graph.as_ref();
        graph.is_some_and(|graph| graph.output.iter().any(|output| output.name() == name))
    }

    fn constant_node(
        &mut self,
        at: usize,
        node: &'a NodeProto,
        name: &str,
    ) -> Result<(), OnnxError> {
        let attributes = Attributes(node);
        if let Some(tensor) = attributes.tensor("value") {
            return self.constant(name, tensor);
        }
        let i64s = |values: &[i64], shape| Stored::of_i64(shape, values);
        let f32s = |values: &[f32], shape| Stored::of_f32(shape, values);
        let stored = if let Some(value) = attributes.float("value_float") {
            f32s(&[value], vec![])
        } else if let Some(value) = attributes.int("value_int") {
            i64s(&[value], vec![])
        } else if let Some(values) = attributes.ints("value_ints") {
            i64s(values, vec![values.len()])
        } else if let Some(values) = attributes.find("value_floats") {
            f32s(&values.floats, vec![values.floats.len()])
        } else {
            let fact = Fact::of(Kind::F32, vec![Dim::symbol("unknown")]);
            let op = Opaque { name: "Constant".into(), why: Some("it is not of numbers".into()) };
            let outputs = vec![(name.to_owned(), fact)];
            let id = self.graph.add_unbound_node(name, Op::Opaque(op), vec![], outputs);
            self.nodes.push(Some(at));
            self.by_name.insert(name.to_owned(), self.graph.node(id).outputs[0]);
            return Ok(());
        };
        let id = self.graph.add_weight(name, stored);
        self.by_name.insert(name.to_owned(), id);
        Ok(())
    }
}

/// Names that the subgraphs of a node use and do not make.
pub(crate) fn captured(node: &NodeProto) -> Vec<&str> {
    let mut used = Vec::new();
    let mut made = HashSet::new();
    let mut open: Vec<&GraphProto> = subgraphs(node).collect();
    while let Some(graph) = open.pop() {
        made.extend(graph.input.iter().map(ValueInfoProto::name));
        made.extend(graph.initializer.iter().map(TensorProto::name));
        used.extend(graph.output.iter().map(ValueInfoProto::name));
        for node in &graph.node {
            used.extend(node.input.iter().map(String::as_str));
            made.extend(node.output.iter().map(String::as_str));
            open.extend(subgraphs(node));
        }
    }
    used.retain(|name| !name.is_empty() && !made.contains(name));
    used.sort_unstable();
    used.dedup();
    used
}

/// The subgraphs of a node.
pub(crate) fn subgraphs(node: &NodeProto) -> impl Iterator<Item = &GraphProto> {
    node.attribute.iter().flat_map(|attribute| attribute.g.iter().chain(&attribute.graphs))
}

/// What the file says of its values.
fn facts(graph: &GraphProto) -> HashMap<&str, Fact> {
    let infos = graph.value_info.iter().chain(&graph.output);
    infos.filter_map(|info| Some((info.name(), fact(info)?))).collect()
}

/// Kind and shape of a value that is a tensor of a type that is computed with.
fn fact(info: &ValueInfoProto) -> Option<Fact> {
    let Some(type_proto::Value::TensorType(tensor)) = &info.r#type.as_ref()?.value else {
        return None;
    };
    let kind = match dtype_of(tensor.elem_type())? {
        DType::Bool => Kind::Bool,
        dtype if dtype.is_float() => Kind::F32,
        _ => Kind::I64,
    };
    let dims = tensor.shape.as_ref()?.dim.iter().enumerate();
    let dim = |(axis, dim): (usize, &tensor_shape_proto::Dimension)| match &dim.value {
        Some(tensor_shape_proto::dimension::Value::DimValue(n)) if *n >= 0 => {
            Dim::Known(*n as usize)
        }
        Some(tensor_shape_proto::dimension::Value::DimParam(name)) if !name.is_empty() => {
            Dim::symbol(name)
        }
        _ => Dim::symbol(&format!("{}.{axis}", info.name())),
    };
    Some(Fact::of(kind, dims.map(dim).collect()))
}
