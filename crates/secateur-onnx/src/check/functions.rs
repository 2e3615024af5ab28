//! Functions of a model: each defined once, and none that calls itself.

use std::collections::HashMap;
use std::path::Path;

use super::attributes::graphs_of;
use super::own_domain;
use crate::error::OnnxError;
use crate::proto::{ModelProto, NodeProto};
use crate::visit;

/// Domain, name, overload.
type Name<'a> = (&'a str, &'a str, &'a str);

/// Checks that every function can be written out.
pub(super) fn check(path: &Path, model: &ModelProto) -> Result<(), OnnxError> {
    let mut index: HashMap<Name<'_>, usize> = HashMap::new();
    for (at, function) in model.functions.iter().enumerate() {
        let name = (own_domain(function.domain()), function.name(), function.overload());
        if index.insert(name, at).is_some() {
            let reason = format!("{} is defined twice", visit::function(function));
            return Err(OnnxError::Model { path: path.to_owned(), reason });
        }
    }
    let calls: Vec<Vec<usize>> = model
        .functions
        .iter()
        .map(|function| {
            let mut found = Vec::new();
            called(&function.node, &index, &mut found);
            found.sort_unstable();
            found.dedup();
            found
        })
        .collect();
    match super::graphs::cycle(&calls) {
        None => Ok(()),
        Some(cycle) => {
            let name = |at: &usize| {
                let function = &model.functions[*at];
                visit::function_name(function.domain(), function.name(), function.overload())
            };
            let functions = super::graphs::shown(cycle.iter().map(name).collect());
            Err(OnnxError::Recursion { path: path.to_owned(), functions })
        }
    }
}

fn called(nodes: &[NodeProto], index: &HashMap<Name<'_>, usize>, found: &mut Vec<usize>) {
    for node in nodes {
        let name = (own_domain(node.domain()), node.op_type(), node.overload());
        found.extend(index.get(&name));
        for graph in node.attribute.iter().flat_map(graphs_of) {
            called(&graph.node, index, found);
        }
    }
}
