//! Nodes and their attributes: one content each, of the type that they name, and what ONNX says
//! of its own operators. Operators and attributes that are not known are left alone.

use std::collections::HashSet;
use std::path::Path;

use super::own_domain;
use crate::document::OPSETS;
use crate::error::OnnxError;
use crate::proto::attribute_proto::AttributeType;
use crate::proto::{AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto};
use crate::schemas::{self, MANY, Schema};
use crate::visit;

/// Checks every node of graphs and functions.
pub(super) fn check(path: &Path, model: &ModelProto) -> Result<(), OnnxError> {
    if let Some(graph) = &model.graph {
        let nodes = Nodes { path, has_schemas: has_schemas(&model.opset_import) };
        nodes.check(&graph.node, &visit::graph(graph, None))?;
    }
    for function in &model.functions {
        let nodes = Nodes { path, has_schemas: has_schemas(&function.opset_import) };
        nodes.check(&function.node, &visit::function(function))?;
    }
    Ok(())
}

/// Whether operators of ONNX are of the versions that the schemas are of.
fn has_schemas(opsets: &[OperatorSetIdProto]) -> bool {
    let mut own = opsets.iter().filter(|opset| own_domain(opset.domain()).is_empty());
    own.all(|opset| (OPSETS[0]..=OPSETS[1]).contains(&opset.version()))
}

/// The subgraphs of an attribute.
pub(super) fn graphs_of(attribute: &AttributeProto) -> impl Iterator<Item = &GraphProto> {
    attribute.g.iter().chain(&attribute.graphs)
}

struct Nodes<'a> {
    path: &'a Path,
    has_schemas: bool,
}

impl Nodes<'_> {
    fn check(&self, nodes: &[NodeProto], graph: &str) -> Result<(), OnnxError> {
        for (at, node) in nodes.iter().enumerate() {
            let own = self.has_schemas && own_domain(node.domain()).is_empty();
            let schema = if own { schemas::find(node.op_type()) } else { None };
            if let Some(reason) = node_fault(node, schema) {
                let place = format!("{} in {graph}", visit::node(node, at));
                return Err(OnnxError::Node { path: self.path.to_owned(), place, reason });
            }
            let mut seen = HashSet::new();
            for attribute in &node.attribute {
                let name = attribute.name();
                let twice = (!seen.insert(name)).then(|| "it stands twice".to_owned());
                let fault = twice.or_else(|| fault(attribute));
                if let Some(reason) = fault.or_else(|| fault_by(attribute, schema)) {
                    let node = visit::node(node, at);
                    let place = format!("attribute {name:?} of {node} in {graph}");
                    return Err(OnnxError::Attribute { path: self.path.to_owned(), place, reason });
                }
                for inner in graphs_of(attribute) {
                    let place = visit::graph(inner, Some((name, &visit::node(node, at), graph)));
                    self.check(&inner.node, &place)?;
                }
            }
        }
        Ok(())
    }
}

/// What is wrong with a node apart from its attributes.
fn node_fault(node: &NodeProto, schema: Option<&Schema>) -> Option<String> {
    if node.op_type().is_empty() {
        return Some("it has no operator".to_owned());
    }
    let schema = schema?;
    count_fault("inputs", &node.input, schema.inputs)
        .or_else(|| count_fault("outputs", &node.output, schema.outputs))
}

fn count_fault(what: &str, names: &[String], [least, most]: [usize; 2]) -> Option<String> {
    // Empty names at the end stand for nothing.
    let used = names.iter().rposition(|name| !name.is_empty()).map_or(0, |at| at + 1);
    if names.len() >= least && used <= most {
        return None;
    }
    let found = if used > most { used } else { names.len() };
    Some(match most {
        MANY => format!("it has {found} {what}, and its operator at least {least}"),
        _ if least == most => format!("it has {found} {what}, and its operator {least}"),
        _ => format!("it has {found} {what}, and its operator {least} to {most}"),
    })
}

/// Contents that an attribute has, by their types.
fn contents(attribute: &AttributeProto) -> impl Iterator<Item = AttributeType> {
    let all = [
        (attribute.f.is_some(), AttributeType::Float),
        (attribute.i.is_some(), AttributeType::Int),
        (attribute.s.is_some(), AttributeType::String),
        (attribute.t.is_some(), AttributeType::Tensor),
        (attribute.g.is_some(), AttributeType::Graph),
        (attribute.sparse_tensor.is_some(), AttributeType::SparseTensor),
        (attribute.tp.is_some(), AttributeType::TypeProto),
        (!attribute.floats.is_empty(), AttributeType::Floats),
        (!attribute.ints.is_empty(), AttributeType::Ints),
        (!attribute.strings.is_empty(), AttributeType::Strings),
        (!attribute.tensors.is_empty(), AttributeType::Tensors),
        (!attribute.graphs.is_empty(), AttributeType::Graphs),
        (!attribute.sparse_tensors.is_empty(), AttributeType::SparseTensors),
        (!attribute.type_protos.is_empty(), AttributeType::TypeProtos),
    ];
    all.into_iter().filter(|(there, _)| *there).map(|(_, of)| of)
}

/// How an attribute contradicts itself.
fn fault(attribute: &AttributeProto) -> Option<String> {
    if attribute.name().is_empty() {
        return Some("it has no name".to_owned());
    }
    let mut contents = contents(attribute);
    let content = contents.next();
    if let (Some(first), Some(second)) = (content, contents.next()) {
        let (first, second) = (first.as_str_name(), second.as_str_name());
        return Some(format!("it has a content of type {first} and one of type {second}"));
    }
    // A content that is not there is the default of its type: 0, an empty list.
    let (named, content) = (type_of(attribute)?, content?);
    (named != content).then(|| {
        format!("its type is {}, its content is {}", named.as_str_name(), content.as_str_name())
    })
}

/// How an attribute contradicts its operator.
fn fault_by(attribute: &AttributeProto, schema: Option<&Schema>) -> Option<String> {
    let asked = schema?.attribute(attribute.name())?;
    let found = type_of(attribute).or_else(|| contents(attribute).next())?;
    (found != asked).then(|| {
        format!(
            "its type is {}, its operator asks for {}",
            found.as_str_name(),
            asked.as_str_name()
        )
    })
}

/// The type that an attribute names; the first versions had none, and those of later versions
/// are carried as they are.
fn type_of(attribute: &AttributeProto) -> Option<AttributeType> {
    let named = AttributeType::try_from(attribute.r#type?).ok()?;
    (named != AttributeType::Undefined).then_some(named)
}
