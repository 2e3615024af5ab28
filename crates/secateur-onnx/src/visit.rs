//! Every tensor of a model, wherever it stands, with words for its place.

use std::fmt;

use crate::proto::{
    AttributeProto, FunctionProto, GraphProto, ModelProto, NodeProto, SparseTensorProto,
    TensorProto,
};

/// A tensor's role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Initializer,
    /// Values or indices of a sparse initializer.
    Sparse,
    Attribute,
}

/// Where a tensor stands.
pub(crate) struct Spot<'a> {
    pub(crate) role: Role,
    /// The graph, in words.
    graph: &'a str,
    /// The node and the name of its attribute.
    node: Option<(&'a str, &'a str)>,
    name: &'a str,
}

impl fmt::Display for Spot<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { graph, name, .. } = self;
        match (self.role, self.node) {
            (Role::Initializer, _) => write!(f, "initializer {name:?} of {graph}"),
            (Role::Sparse, _) => write!(f, "sparse initializer {name:?} of {graph}"),
            (_, Some((node, attribute))) => {
                write!(f, "attribute {attribute:?} of {node} in {graph}")
            }
            (Role::Attribute, None) => write!(f, "an attribute of {graph}"),
        }
    }
}

/// A node in words.
pub(crate) fn node(node: &NodeProto, at: usize) -> String {
    match node.name() {
        "" => format!("node {at} ({})", node.op_type()),
        name => format!("node {name:?} ({})", node.op_type()),
    }
}

/// A graph in words; `inside` is the node that it belongs to, with the graph of that.
pub(crate) fn graph(graph: &GraphProto, inside: Option<(&str, &str, &str)>) -> String {
    match inside {
        None => format!("graph {:?}", graph.name()),
        Some((attribute, node, outer)) => format!("subgraph {attribute:?} of {node} in {outer}"),
    }
}

/// A function in words.
pub(crate) fn function(function: &FunctionProto) -> String {
    format!("function {:?}", function_name(function.domain(), function.name(), function.overload()))
}

/// The full name of a function.
pub(crate) fn function_name(domain: &str, name: &str, overload: &str) -> String {
    let overload = if overload.is_empty() { String::new() } else { format!(":{overload}") };
    if domain.is_empty() {
        format!("{name}{overload}")
    } else {
        format!("{domain}.{name}{overload}")
    }
}

/// Writes the same walk twice, for messages that are read and for messages that are changed.
macro_rules! walk {
    ($tensors:ident, $graph:ident, $nodes:ident, $attribute:ident, $sparse:ident,
     $iter:ident, $as_option:ident $(, $mutable:tt)?) => {
        /// Calls `see` with every tensor until it fails.
        pub(crate) fn $tensors<E>(
            model: &$($mutable)? ModelProto,
            see: &mut dyn FnMut(&Spot<'_>, &$($mutable)? TensorProto) -> Result<(), E>,
        ) -> Result<(), E> {
            if let Some(top) = model.graph.$as_option() {
                let name = graph(top, None);
                $graph(top, &name, see)?;
            }
            for one in model.functions.$iter() {
                let name = function(one);
                $nodes(&$($mutable)? one.node, &name, see)?;
                for attribute in one.attribute_proto.$iter() {
                    $attribute(attribute, "its defaults", &name, see)?;
                }
            }
            for (at, info) in model.training_info.$iter().enumerate() {
                if let Some(inner) = info.initialization.$as_option() {
                    $graph(inner, &format!("the initialization of training {at}"), see)?;
                }
                if let Some(inner) = info.algorithm.$as_option() {
                    $graph(inner, &format!("the algorithm of training {at}"), see)?;
                }
            }
            Ok(())
        }

        fn $graph<E>(
            graph: &$($mutable)? GraphProto,
            name: &str,
            see: &mut dyn FnMut(&Spot<'_>, &$($mutable)? TensorProto) -> Result<(), E>,
        ) -> Result<(), E> {
            for tensor in graph.initializer.$iter() {
                let own = tensor.name().to_owned();
                let spot = Spot { role: Role::Initializer, graph: name, node: None, name: &own };
                see(&spot, tensor)?;
            }
            for sparse in graph.sparse_initializer.$iter() {
                $sparse(sparse, Role::Sparse, None, name, see)?;
            }
            $nodes(&$($mutable)? graph.node, name, see)
        }

        fn $nodes<E>(
            nodes: &$($mutable)? [NodeProto],
            graph: &str,
            see: &mut dyn FnMut(&Spot<'_>, &$($mutable)? TensorProto) -> Result<(), E>,
        ) -> Result<(), E> {
            for (at, one) in nodes.$iter().enumerate().filter(|(_, n)| !n.attribute.is_empty()) {
                let name = node(one, at);
                for attribute in one.attribute.$iter() {
                    $attribute(attribute, &name, graph, see)?;
                }
            }
            Ok(())
        }

        fn $attribute<E>(
            attribute: &$($mutable)? AttributeProto,
            node: &str,
            outer: &str,
            see: &mut dyn FnMut(&Spot<'_>, &$($mutable)? TensorProto) -> Result<(), E>,
        ) -> Result<(), E> {
            let name = attribute.name().to_owned();
            let place = Some((node, name.as_str()));
            let tensors = attribute.t.$as_option().into_iter().chain(attribute.tensors.$iter());
            for tensor in tensors {
                let own = tensor.name().to_owned();
                let spot = Spot { role: Role::Attribute, graph: outer, node: place, name: &own };
                see(&spot, tensor)?;
            }
            let sparse = attribute.sparse_tensor.$as_option().into_iter();
            for sparse in sparse.chain(attribute.sparse_tensors.$iter()) {
                $sparse(sparse, Role::Attribute, place, outer, see)?;
            }
            for inner in attribute.g.$as_option().into_iter().chain(attribute.graphs.$iter()) {
                let name = graph(inner, Some((&name, node, outer)));
                $graph(inner, &name, see)?;
            }
            Ok(())
        }

        fn $sparse<E>(
            sparse: &$($mutable)? SparseTensorProto,
            role: Role,
            node: Option<(&str, &str)>,
            graph: &str,
            see: &mut dyn FnMut(&Spot<'_>, &$($mutable)? TensorProto) -> Result<(), E>,
        ) -> Result<(), E> {
            let own = sparse.values.as_ref().map_or("", TensorProto::name).to_owned();
            let spot = Spot { role, graph, node, name: &own };
            if let Some(values) = sparse.values.$as_option() {
                see(&spot, values)?;
            }
            if let Some(indices) = sparse.indices.$as_option() {
                see(&spot, indices)?;
            }
            Ok(())
        }
    };
}

walk!(tensors, graph_tensors, nodes_tensors, attribute_tensors, sparse_tensors, iter, as_ref);
walk!(
    tensors_mut,
    graph_tensors_mut,
    nodes_tensors_mut,
    attribute_tensors_mut,
    sparse_tensors_mut,
    iter_mut,
    as_mut,
    mut
);
