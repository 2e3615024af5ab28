//! Calls of a model's own functions, with the nodes of the functions in their place, and back.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use prost::Message;

use crate::check::own_domain;
use crate::network::subgraphs;
use crate::patch::{every_name, key};
use crate::proto::{
    AttributeProto, FunctionProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto,
};

/// Calls in calls that are followed.
const DEPTH_MAX: usize = 32;
/// Bytes that may come in the place of all calls together, without those that are shared with
/// the functions.
const BYTES_MAX: usize = 1 << 24;
/// Bytes of a node beside those of its message.
const BYTES_OF_NODE: usize = 128;

/// A graph without calls of functions.
#[derive(Clone, Debug)]
pub(crate) struct Expanded {
    pub(crate) graph: GraphProto,
    /// Numbers of calls in the file, and what is in their place here.
    calls: Vec<(usize, Range<usize>)>,
    /// Calls that stay, by their number here, with why.
    pub(crate) refused: HashMap<usize, &'static str>,
}

/// Domain, name, overload.
type Name = (String, String, String);

struct Inliner<'a> {
    functions: HashMap<Name, &'a FunctionProto>,
    opsets: HashMap<&'a str, i64>,
    taken: HashSet<String>,
    /// For names that are taken.
    number: usize,
    bytes_left: usize,
    nodes: Vec<NodeProto>,
    refused: HashMap<usize, &'static str>,
}

/// The function that a node calls.
fn name_of(node: &NodeProto) -> Name {
    let overload = node.overload().to_owned();
    (own_domain(node.domain()).to_owned(), node.op_type().to_owned(), overload)
}

fn functions(model: &ModelProto) -> HashMap<Name, &FunctionProto> {
    let name = |f: &FunctionProto| {
        let domain = own_domain(f.domain()).to_owned();
        (domain, f.name().to_owned(), f.overload().to_owned())
    };
    model.functions.iter().map(|function| (name(function), function)).collect()
}

fn versions(opsets: &[OperatorSetIdProto]) -> HashMap<&str, i64> {
    opsets.iter().map(|opset| (own_domain(opset.domain()), opset.version())).collect()
}

/// The graph of a model with the nodes of functions in the place of their calls; `None` where
/// there are no calls. Attributes have their values, and values have names that no other has.
pub(crate) fn expanded(model: &ModelProto) -> Option<Expanded> {
    let graph = model.graph.as_ref()?;
    let functions = functions(model);
    if functions.is_empty() || !graph.node.iter().any(|n| functions.contains_key(&name_of(n))) {
        return None;
    }
    let mut inliner = Inliner {
        functions,
        opsets: versions(&model.opset_import),
        taken: every_name(graph),
        number: 0,
        bytes_left: BYTES_MAX,
        nodes: Vec::new(),
        refused: HashMap::new(),
    };
    let mut calls = Vec::new();
    for (at, node) in graph.node.iter().enumerate() {
        let from = inliner.nodes.len();
        if inliner.write_out(node.clone(), 0) {
            calls.push((at, from..inliner.nodes.len()));
        }
    }
    let Inliner { nodes, refused, .. } = inliner;
    let expanded = GraphProto { node: nodes, ..without_nodes(graph) };
    Some(Expanded { graph: expanded, calls, refused })
}

fn without_nodes(graph: &GraphProto) -> GraphProto {
    GraphProto {
        node: Vec::new(),
        name: graph.name.clone(),
        initializer: graph.initializer.clone(),
        sparse_initializer: graph.sparse_initializer.clone(),
        doc_string: graph.doc_string.clone(),
        input: graph.input.clone(),
        output: graph.output.clone(),
        value_info: graph.value_info.clone(),
        quantization_annotation: graph.quantization_annotation.clone(),
        metadata_props: graph.metadata_props.clone(),
    }
}

impl Inliner<'_> {
    /// Adds a node, or what it calls. Says whether it is a call that was followed.
    fn write_out(&mut self, node: NodeProto, depth: usize) -> bool {
        let Some(function) = self.functions.get(&name_of(&node)).copied() else {
            self.nodes.push(node);
            return false;
        };
        let bytes: usize = function.node.iter().map(size).sum();
        let other = |(domain, version): (&str, i64)| {
            self.opsets.get(domain).is_some_and(|ours| *ours != version)
        };
        let why = if versions(&function.opset_import).into_iter().any(other) {
            Some("this function is of another version of its operators than the model")
        } else if depth >= DEPTH_MAX || bytes > self.bytes_left {
            Some("the functions of the model are too many to be written out")
        } else {
            None
        };
        if let Some(why) = why {
            self.refused.insert(self.nodes.len(), why);
            self.nodes.push(node);
            return false;
        }
        self.bytes_left -= bytes;
        self.body(&node, function, depth);
        true
    }

    fn body(&mut self, call: &NodeProto, function: &FunctionProto, depth: usize) {
        let first = call.output.iter().map(String::as_str).find(|name| !name.is_empty());
        let prefix = Some(call.name()).filter(|name| !name.is_empty()).or(first).unwrap_or("call");
        let mut names: HashMap<String, String> = HashMap::new();
        for (at, inner) in function.input.iter().enumerate() {
            names.insert(inner.clone(), call.input.get(at).cloned().unwrap_or_default());
        }
        // An output that is an input, or given a second time, is a copy.
        let mut copies = Vec::new();
        for (inner, outer) in function.output.iter().zip(&call.output) {
            if outer.is_empty() {
                continue;
            }
            if names.contains_key(inner) {
                copies.push((inner, outer));
            } else {
                names.insert(inner.clone(), outer.clone());
            }
        }
        for name in function.node.iter().flat_map(made) {
            if !name.is_empty() && !names.contains_key(name) {
                let fresh = self.fresh(&format!("{prefix}/{name}"));
                names.insert(name.to_owned(), fresh);
            }
        }
        for node in &function.node {
            let mut node = node.clone();
            resolve(&mut node, call, function);
            rename(&mut node, &names);
            if !node.name().is_empty() {
                node.name = Some(format!("{prefix}/{}", node.name()));
            }
            self.write_out(node, depth + 1);
        }
        for (inner, outer) in copies {
            self.nodes.push(NodeProto {
                op_type: Some("Identity".to_owned()),
                input: vec![names[inner].clone()],
                output: vec![outer.clone()],
                ..NodeProto::default()
            });
        }
    }

    fn fresh(&mut self, wish: &str) -> String {
        let mut name = wish.to_owned();
        while !self.taken.insert(name.clone()) {
            self.number += 1;
            name = format!("{wish}_{}", self.number);
        }
        name
    }
}

/// Bytes of a copy of a node.
fn size(node: &NodeProto) -> usize {
    let tensors = node.attribute.iter().filter_map(|attribute| attribute.t.as_ref());
    let shared: usize =
        tensors.filter_map(|tensor| tensor.raw_data.as_ref()).map(bytes::Bytes::len).sum();
    node.encoded_len() - shared + BYTES_OF_NODE
}

/// Names that a node gives, in its subgraphs too.
fn made(node: &NodeProto) -> Vec<&str> {
    let mut names: Vec<&str> = node.output.iter().map(String::as_str).collect();
    let mut open: Vec<&GraphProto> = subgraphs(node).collect();
    while let Some(graph) = open.pop() {
        names.extend(graph.input.iter().map(crate::proto::ValueInfoProto::name));
        names.extend(graph.initializer.iter().map(crate::proto::TensorProto::name));
        for node in &graph.node {
            names.extend(node.output.iter().map(String::as_str));
            open.extend(subgraphs(node));
        }
    }
    names
}

/// Calls `change` on every node and subgraph of a node, itself first.
fn walk(
    node: &mut NodeProto,
    change: &mut dyn FnMut(&mut NodeProto),
    of_graph: &mut dyn FnMut(&mut GraphProto),
) {
    change(node);
    let graphs = node.attribute.iter_mut().flat_map(|a| a.g.iter_mut().chain(&mut a.graphs));
    for graph in graphs {
        of_graph(graph);
        for node in &mut graph.node {
            walk(node, change, of_graph);
        }
    }
}

/// Gives the attributes that stand for those of a call their values.
fn resolve(node: &mut NodeProto, call: &NodeProto, function: &FunctionProto) {
    let value = |attribute: &AttributeProto| {
        let asked = attribute.ref_attr_name();
        if asked.is_empty() {
            return Some(attribute.clone());
        }
        let all = call.attribute.iter().chain(&function.attribute_proto);
        let found = all.into_iter().find(|found| found.name() == asked)?;
        Some(AttributeProto { name: attribute.name.clone(), ..found.clone() })
    };
    let values =
        |node: &mut NodeProto| node.attribute = node.attribute.iter().filter_map(value).collect();
    walk(node, &mut { values }, &mut |_| {});
}

/// Gives values other names; those without one keep theirs.
fn rename(node: &mut NodeProto, names: &HashMap<String, String>) {
    let new = |name: &mut String| {
        if let Some(other) = names.get(name.as_str()) {
            name.clone_from(other);
        }
    };
    let some = |name: &mut Option<String>| {
        if let Some(name) = name {
            new(name);
        }
    };
    let of_node =
        |node: &mut NodeProto| node.input.iter_mut().chain(&mut node.output).for_each(new);
    let of_graph = |graph: &mut GraphProto| {
        let infos = graph.input.iter_mut().chain(&mut graph.output).chain(&mut graph.value_info);
        infos.for_each(|info| some(&mut info.name));
        graph.initializer.iter_mut().for_each(|tensor| some(&mut tensor.name));
        let sparse = graph.sparse_initializer.iter_mut().filter_map(|t| t.values.as_mut());
        sparse.for_each(|tensor| some(&mut tensor.name));
    };
    walk(node, &mut { of_node }, &mut { of_graph });
}

impl Expanded {
    /// Puts calls back in the place of nodes that are still as the functions have them, and
    /// takes away functions that are not called any more.
    pub(crate) fn fold(&self, model: &mut ModelProto, original: &ModelProto) {
        let (Some(graph), Some(was)) = (model.graph.as_mut(), original.graph.as_ref()) else {
            return;
        };
        let places: HashMap<String, usize> =
            graph.node.iter().enumerate().map(|(at, node)| (key(node), at)).collect();
        let mut calls: HashMap<usize, (usize, usize)> = HashMap::new();
        let mut all_back = true;
        for (number, range) in &self.calls {
            let nodes = &self.graph.node[range.clone()];
            let at = nodes.first().and_then(|first| places.get(&key(first)).copied());
            match at {
                Some(at) if graph.node.get(at..at + nodes.len()) == Some(nodes) => {
                    calls.insert(at, (nodes.len(), *number));
                }
                _ => all_back = false,
            }
        }
        let mut at = 0;
        let mut folded = Vec::with_capacity(graph.node.len());
        while at < graph.node.len() {
            if let Some((count, number)) = calls.get(&at) {
                folded.push(was.node[*number].clone());
                at += (*count).max(1);
            } else {
                folded.push(std::mem::take(&mut graph.node[at]));
                at += 1;
            }
        }
        graph.node = folded;
        if !all_back {
            drop_functions(model, original);
        }
    }
}

/// Takes away functions that were called and are not any more, and states the versions of the
/// operators that have come from functions into the graph.
fn drop_functions(model: &mut ModelProto, original: &ModelProto) {
    let [before, now] = [called(original), called(model)];
    let is_gone = |function: &FunctionProto| {
        let domain = own_domain(function.domain()).to_owned();
        let name = (domain, function.name().to_owned(), function.overload().to_owned());
        before.contains(&name) && !now.contains(&name)
    };
    let known: HashSet<String> =
        model.opset_import.iter().map(|o| own_domain(o.domain()).to_owned()).collect();
    let mut new: Vec<OperatorSetIdProto> = Vec::new();
    for function in model.functions.iter().filter(|function| is_gone(function)) {
        for opset in &function.opset_import {
            let domain = own_domain(opset.domain());
            if !known.contains(domain) && !new.iter().any(|o| own_domain(o.domain()) == domain) {
                new.push(opset.clone());
            }
        }
    }
    model.functions.retain(|function| !is_gone(function));
    model.opset_import.extend(new);
}

/// Functions that lead into the graph.
fn called(model: &ModelProto) -> HashSet<Name> {
    let functions = functions(model);
    let mut found = HashSet::new();
    let mut open: Vec<&NodeProto> = model.graph.iter().flat_map(|graph| &graph.node).collect();
    while let Some(node) = open.pop() {
        open.extend(subgraphs(node).flat_map(|graph| &graph.node));
        let name = name_of(node);
        if let Some(function) = functions.get(&name)
            && found.insert(name)
        {
            open.extend(&function.node);
        }
    }
    found
}
