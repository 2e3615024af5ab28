//! Values of graphs: each given once, each given before it is used.
//!
//! A subgraph sees the values of the graphs around it, so a node needs what its subgraphs use.
//! Graphs of training are carried as they are.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};
use std::path::Path;

use super::attributes::graphs_of;
use crate::error::OnnxError;
use crate::proto::{FunctionProto, GraphProto, ModelProto, NodeProto, ValueInfoProto};
use crate::visit;

/// Things of a list that are shown.
const SHOWN_MAX: usize = 8;

/// Checks all graphs and functions; nodes that are not sorted are.
pub(super) fn check(
    path: &Path,
    model: &mut ModelProto,
    warnings: &mut Vec<String>,
) -> Result<(), OnnxError> {
    let mut check = Check { path, warnings, orders: Vec::new() };
    if let Some(graph) = &model.graph {
        let place = visit::graph(graph, None);
        check.graph(graph, &place, None)?;
    }
    for function in &model.functions {
        check.function(function)?;
    }
    let mut orders = check.orders.into_iter();
    if let Some(graph) = &mut model.graph {
        sort(&mut graph.node, &mut orders);
    }
    for function in &mut model.functions {
        sort(&mut function.node, &mut orders);
    }
    Ok(())
}

/// Brings nodes into their order, those of subgraphs first.
fn sort(nodes: &mut Vec<NodeProto>, orders: &mut impl Iterator<Item = Option<Vec<usize>>>) {
    let order = orders.next().expect("every list of nodes was checked");
    for node in nodes.iter_mut() {
        for attribute in &mut node.attribute {
            for graph in attribute.g.iter_mut().chain(&mut attribute.graphs) {
                sort(&mut graph.node, orders);
            }
        }
    }
    if let Some(order) = order {
        *nodes = order.into_iter().map(|at| std::mem::take(&mut nodes[at])).collect();
    }
}

/// Who gives a value.
#[derive(Clone, Copy)]
enum Giver {
    Input,
    Initializer,
    Node(usize),
}

/// The values of a graph, and those of the graphs around it.
struct Scope<'a> {
    values: HashMap<&'a str, Giver>,
    outer: Option<&'a Scope<'a>>,
}

impl Scope<'_> {
    fn sees(&self, name: &str) -> bool {
        self.values.contains_key(name) || self.outer.is_some_and(|outer| outer.sees(name))
    }
}

struct Check<'a> {
    path: &'a Path,
    warnings: &'a mut Vec<String>,
    /// The order of each list of nodes, if it is another than it has: a graph before its
    /// subgraphs, these in the order of their nodes.
    orders: Vec<Option<Vec<usize>>>,
}

impl Check<'_> {
    /// Checks a graph; gives the values of graphs around it that it uses.
    fn graph<'g>(
        &mut self,
        graph: &'g GraphProto,
        place: &str,
        outer: Option<&Scope<'_>>,
    ) -> Result<HashSet<&'g str>, OnnxError> {
        let mut values = HashMap::new();
        for input in &graph.input {
            self.give(&mut values, &graph.node, place, input.name(), Giver::Input)?;
        }
        // An initializer may give an input its default; two may not give the same value.
        let sparse = graph.sparse_initializer.iter().filter_map(|s| s.values.as_ref());
        for tensor in graph.initializer.iter().chain(sparse) {
            if let Some(Giver::Input) = values.get(tensor.name()) {
                values.remove(tensor.name());
            }
            self.give(&mut values, &graph.node, place, tensor.name(), Giver::Initializer)?;
        }
        let outputs: Vec<&str> = graph.output.iter().map(ValueInfoProto::name).collect();
        self.nodes(&graph.node, values, &outputs, place, outer)
    }

    fn function(&mut self, function: &FunctionProto) -> Result<(), OnnxError> {
        let place = visit::function(function);
        let mut values = HashMap::new();
        for input in &function.input {
            self.give(&mut values, &function.node, &place, input, Giver::Input)?;
        }
        let outputs: Vec<&str> = function.output.iter().map(String::as_str).collect();
        self.nodes(&function.node, values, &outputs, &place, None).map(|_| ())
    }

    /// Notes that something gives a value.
    fn give<'g>(
        &self,
        values: &mut HashMap<&'g str, Giver>,
        nodes: &[NodeProto],
        place: &str,
        name: &'g str,
        giver: Giver,
    ) -> Result<(), OnnxError> {
        let words = |giver| match giver {
            Giver::Input => "an input".to_owned(),
            Giver::Initializer => "an initializer".to_owned(),
            Giver::Node(at) => visit::node(&nodes[at], at),
        };
        if name.is_empty() {
            let reason = format!("{place}: {} has no name", words(giver));
            return Err(OnnxError::Model { path: self.path.to_owned(), reason });
        }
        match values.insert(name, giver) {
            None => Ok(()),
            Some(first) => Err(OnnxError::Duplicate {
                path: self.path.to_owned(),
                place: place.to_owned(),
                value: name.to_owned(),
                first: words(first),
                second: words(giver),
            }),
        }
    }

    /// Checks nodes and outputs, given the values of inputs and initializers.
    fn nodes<'g>(
        &mut self,
        nodes: &'g [NodeProto],
        mut values: HashMap<&'g str, Giver>,
        outputs: &[&'g str],
        place: &str,
        outer: Option<&Scope<'_>>,
    ) -> Result<HashSet<&'g str>, OnnxError> {
        for (at, node) in nodes.iter().enumerate() {
            for output in node.output.iter().filter(|output| !output.is_empty()) {
                self.give(&mut values, nodes, place, output, Giver::Node(at))?;
            }
        }
        if let Some(outer) = outer {
            let mut again: Vec<&str> =
                values.keys().copied().filter(|name| outer.sees(name)).collect();
            again.sort_unstable();
            if let Some(first) = again.first() {
                let others = match again.len() {
                    1 => String::new(),
                    n => format!(" and {} others", n - 1),
                };
                self.warnings.push(format!(
                    "{place} gives {first:?}{others} again, which a graph around it gives"
                ));
            }
        }
        let scope = Scope { values, outer };
        let slot = self.orders.len();
        self.orders.push(None);
        let mut captured = HashSet::new();
        let mut needs: Vec<Vec<usize>> = Vec::with_capacity(nodes.len());
        for (at, node) in nodes.iter().enumerate() {
            let mut used: HashSet<&'g str> = HashSet::new();
            for attribute in &node.attribute {
                for inner in graphs_of(attribute) {
                    let name = visit::node(node, at);
                    let words = visit::graph(inner, Some((attribute.name(), &name, place)));
                    used.extend(self.graph(inner, &words, Some(&scope))?);
                }
            }
            for input in node.input.iter().filter(|input| !input.is_empty()) {
                if !scope.sees(input) {
                    return Err(self.undefined(place, visit::node(node, at), input));
                }
                used.insert(input);
            }
            needs.push(
                used.iter()
                    .filter_map(|name| match scope.values.get(name) {
                        Some(Giver::Node(giver)) => Some(*giver),
                        Some(_) => None,
                        None => {
                            captured.insert(*name);
                            None
                        }
                    })
                    .collect(),
            );
        }
        let mut given = HashSet::new();
        for output in outputs {
            if !scope.sees(output) {
                return Err(self.undefined(place, "an output".to_owned(), output));
            }
            if !given.insert(output) {
                return Err(OnnxError::Duplicate {
                    path: self.path.to_owned(),
                    place: place.to_owned(),
                    value: (*output).to_owned(),
                    first: "an output".to_owned(),
                    second: "another".to_owned(),
                });
            }
            if !scope.values.contains_key(output) {
                captured.insert(*output);
            }
        }
        self.orders[slot] = self.order(nodes, &needs, place)?;
        Ok(captured)
    }

    fn undefined(&self, place: &str, user: String, value: &str) -> OnnxError {
        OnnxError::Undefined {
            path: self.path.to_owned(),
            place: place.to_owned(),
            user,
            value: value.to_owned(),
        }
    }

    /// The order in which nodes can run, if it is another than they have.
    fn order(
        &mut self,
        nodes: &[NodeProto],
        needs: &[Vec<usize>],
        place: &str,
    ) -> Result<Option<Vec<usize>>, OnnxError> {
        let late = |(at, needs): (usize, &Vec<usize>)| needs.iter().any(|need| *need >= at);
        let Some(first) = needs.iter().enumerate().position(late) else { return Ok(None) };
        if let Some(cycle) = cycle(needs) {
            // A node needs the next one, so values flow the other way.
            let names = cycle.iter().rev().map(|at| visit::node(&nodes[*at], *at)).collect();
            return Err(OnnxError::Cycle {
                path: self.path.to_owned(),
                place: place.to_owned(),
                nodes: shown(names),
            });
        }
        self.warnings.push(format!(
            "{place}: {} stands before a node that it needs; the nodes were sorted",
            visit::node(&nodes[first], first)
        ));
        Ok(Some(sorted(needs)))
    }
}

/// An order in which everything comes after what it needs, of those that are possible the one
/// nearest to the order that is there.
fn sorted(needs: &[Vec<usize>]) -> Vec<usize> {
    let mut users = vec![Vec::new(); needs.len()];
    let mut missing = vec![0; needs.len()];
    for (at, needs) in needs.iter().enumerate() {
        missing[at] = needs.len();
        for need in needs {
            users[*need].push(at);
        }
    }
    let free = missing.iter().enumerate().filter(|(_, missing)| **missing == 0);
    let mut ready: BinaryHeap<Reverse<usize>> = free.map(|(at, _)| Reverse(at)).collect();
    let mut order = Vec::with_capacity(needs.len());
    while let Some(Reverse(at)) = ready.pop() {
        order.push(at);
        for user in &users[at] {
            missing[*user] -= 1;
            if missing[*user] == 0 {
                ready.push(Reverse(*user));
            }
        }
    }
    order
}

/// Things that need each other in a circle, each before the one that it needs, the first again
/// at the end.
pub(super) fn cycle(needs: &[Vec<usize>]) -> Option<Vec<usize>> {
    let order = sorted(needs);
    if order.len() == needs.len() {
        return None;
    }
    let mut left = vec![true; needs.len()];
    for at in order {
        left[at] = false;
    }
    // Whatever is left needs something that is left: following that must come to a place again.
    let mut at = left.iter().position(|left| *left)?;
    let mut path: Vec<usize> = Vec::new();
    let mut seen: HashMap<usize, usize> = HashMap::new();
    loop {
        if let Some(start) = seen.insert(at, path.len()) {
            let mut cycle = path.split_off(start);
            cycle.push(cycle[0]);
            return Some(cycle);
        }
        path.push(at);
        at = *needs[at].iter().filter(|need| left[**need]).min()?;
    }
}

/// The first and last of many names.
pub(super) fn shown(mut names: Vec<String>) -> Vec<String> {
    if names.len() > SHOWN_MAX {
        let more = names.len() - SHOWN_MAX;
        let end = names.split_off(names.len() - SHOWN_MAX / 2);
        names.truncate(SHOWN_MAX / 2);
        names.push(format!("({more} more)"));
        names.extend(end);
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorting_moves_as_little_as_it_can() {
        // 0 needs 2, the rest is free.
        assert_eq!(sorted(&[vec![2], vec![], vec![], vec![]]), [1, 2, 0, 3]);
        assert_eq!(sorted(&[vec![], vec![0], vec![1]]), [0, 1, 2]);
    }

    #[test]
    fn circles_are_found() {
        assert_eq!(cycle(&[vec![], vec![0], vec![1]]), None);
        assert_eq!(cycle(&[vec![0]]), Some(vec![0, 0]));
        // 3 needs the circle of 1 and 2, but is not on it.
        assert_eq!(cycle(&[vec![3], vec![2], vec![1], vec![1]]), Some(vec![1, 2, 1]));
    }
}
