//! A whole network, run at fixed shapes.

use std::collections::HashMap;

use secateur_graph::ops::{Op, empty};
use secateur_graph::{Fact, Graph, GraphError, Kind, NodeId, OpError, Origin, ValueId};
use secateur_tensor::Tensor;
use secateur_tensor::stored::StoredError;

/// Sees values on their way, and may change them.
pub trait Visitor {
    /// Whether this node's inputs or outputs are to be shown.
    fn wants(&self, node: NodeId) -> bool;
    /// The inputs of a node, in its order, before it runs.
    fn before(&mut self, _node: NodeId, _inputs: &[Option<&Tensor>]) {}
    /// The outputs of a node after it ran.
    fn after(&mut self, _node: NodeId, _outputs: &mut [Tensor]) {}
}

/// Why a network does not run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunnerError {
    /// Shapes do not fit.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// A node cannot be computed.
    #[error("{node} ({op}) cannot be run: {why}")]
    Node {
        /// The node.
        node: String,
        /// Its operator.
        op: String,
        /// Why.
        why: String,
    },
    /// A constant is of a type that nothing is computed from.
    #[error("constant {name}: {error}")]
    Weight {
        /// The constant.
        name: String,
        /// What is wrong.
        error: StoredError,
    },
}

/// A graph bound to the shapes of its inputs, with its constants at work.
#[derive(Debug)]
pub struct Runner<'g> {
    graph: &'g Graph,
    facts: Vec<Option<Fact>>,
    /// Constants, and values that are known without a run.
    fixed: Vec<Option<Tensor>>,
    /// Nodes that the outputs need, in order.
    nodes: Vec<NodeId>,
    /// Times that each value is read.
    uses: Vec<usize>,
}

impl<'g> Runner<'g> {
    /// Binds a graph to the shapes of its inputs, in the order of [`Graph::inputs`].
    ///
    /// # Errors
    /// [`RunnerError`] when shapes do not fit, or a needed node cannot be computed.
    pub fn new(graph: &'g Graph, shapes: &[Vec<usize>]) -> Result<Self, RunnerError> {
        let facts = graph.bind(shapes)?;
        Self::bound(graph, facts, &graph.outputs)
    }

    /// The same with facts that are known already, for some values of the graph.
    ///
    /// # Errors
    /// As [`Runner::new`].
    pub fn bound(
        graph: &'g Graph,
        facts: Vec<Option<Fact>>,
        wanted: &[ValueId],
    ) -> Result<Self, RunnerError> {
        let is_known = |id: ValueId| facts[id.0 as usize].as_ref().and_then(|f| f.value.as_ref());
        let mut uses = vec![0; graph.values().len()];
        for id in wanted {
            uses[id.0 as usize] += 1;
        }
        let mut nodes = Vec::new();
        for (id, node) in graph.numbered_nodes().collect::<Vec<_>>().into_iter().rev() {
            let needed = |id: &ValueId| uses[id.0 as usize] > 0 && is_known(*id).is_none();
            if !node.outputs.iter().any(needed) {
                continue;
            }
            check_runs(node, &facts)?;
            nodes.push(id);
            for input in node.inputs.iter().flatten() {
                uses[input.0 as usize] += 1;
            }
        }
        nodes.reverse();
        let mut fixed = vec![None; graph.values().len()];
        for (at, value) in graph.values().iter().enumerate() {
            if uses[at] == 0 {
                continue;
            }
            fixed[at] = match (&value.origin, is_known(ValueId(at as u32))) {
                (_, Some(tensor)) => Some((**tensor).clone()),
                (Origin::Weight(stored), None) => {
                    let fail = |error| RunnerError::Weight { name: value.name.clone(), error };
                    Some(stored.to_tensor().map_err(fail)?)
                }
                (Origin::Constant(tensor), None) => Some(tensor.clone()),
                (Origin::Input | Origin::Node(_), None) => None,
            };
        }
        Ok(Self { graph, facts, fixed, nodes, uses })
    }

    /// What is known of all values.
    pub fn facts(&self) -> &[Option<Fact>] {
        &self.facts
    }

    /// Nodes that run, in order.
    pub fn nodes(&self) -> &[NodeId] {
        &self.nodes
    }

    /// A constant at work, to be changed.
    pub fn constant_mut(&mut self, id: ValueId) -> Option<&mut Tensor> {
        self.fixed[id.0 as usize].as_mut()
    }

    /// A constant at work, or a value that is known without a run.
    pub fn constant(&self, id: ValueId) -> Option<&Tensor> {
        self.fixed[id.0 as usize].as_ref()
    }

    /// Computes the outputs of one node from its inputs.
    ///
    /// # Panics
    /// When the node is none of [`Runner::nodes`].
    pub fn compute(&self, id: NodeId, read: &mut [Option<&Tensor>]) -> Vec<Tensor> {
        let node = self.graph.node(id);
        let mut outputs = Vec::with_capacity(node.outputs.len());
        for output in &node.outputs {
            let fact = self.facts[output.0 as usize].as_ref();
            let fact = fact.expect("a node that runs has facts");
            let shape = fact.known_shape().expect("a bound graph has numbers");
            outputs.push(empty(fact.kind, &shape));
        }
        let known: Vec<Option<&Fact>> = node
            .inputs
            .iter()
            .map(|id| id.and_then(|id| self.facts[id.0 as usize].as_ref()))
            .collect();
        let operator = node.op.operator();
        if operator.in_place(&known)
            && let Some(Some(x)) = read.first().copied()
        {
            outputs[0] = x.clone();
            read[0] = None;
        }
        operator.forward(read, &mut outputs);
        outputs
    }

    /// Computes the wanted values from inputs in the order of [`Graph::inputs`]. A visitor sees
    /// the nodes it wants on the way.
    ///
    /// # Panics
    /// When an input is not of the shape that the network is bound to.
    pub fn run(
        &self,
        inputs: &[Tensor],
        wanted: &[ValueId],
        mut visitor: Option<&mut dyn Visitor>,
    ) -> Vec<Tensor> {
        let mut values: HashMap<ValueId, Tensor> = HashMap::new();
        let given: HashMap<ValueId, &Tensor> =
            self.graph.inputs.iter().copied().zip(inputs).collect();
        let mut uses = self.uses.clone();
        for id in wanted {
            uses[id.0 as usize] += 1;
        }
        for &id in &self.nodes {
            let node = self.graph.node(id);
            let seen = visitor.as_ref().is_some_and(|visitor| visitor.wants(id));
            let mut outputs;
            {
                let find = |id: ValueId| {
                    let held = values.get(&id).or_else(|| given.get(&id).copied());
                    held.or(self.fixed[id.0 as usize].as_ref())
                };
                let mut read: Vec<Option<&Tensor>> =
                    node.inputs.iter().map(|id| id.and_then(find)).collect();
                if seen && let Some(visitor) = visitor.as_mut() {
                    visitor.before(id, &read);
                }
                outputs = self.compute(id, &mut read);
            }
            if seen && let Some(visitor) = visitor.as_mut() {
                visitor.after(id, &mut outputs);
            }
            for (&output, tensor) in node.outputs.iter().zip(outputs) {
                if uses[output.0 as usize] > 0 {
                    values.insert(output, tensor);
                }
            }
            for input in node.inputs.iter().flatten() {
                let left = &mut uses[input.0 as usize];
                *left = left.saturating_sub(1);
                if *left == 0 {
                    values.remove(input);
                }
            }
        }
        let take = |id: &ValueId| {
            let held = values.get(id).or_else(|| given.get(id).copied());
            held.or(self.fixed[id.0 as usize].as_ref()).cloned().expect("a value of the graph")
        };
        wanted.iter().map(take).collect()
    }
}

/// Refuses a node that cannot be computed.
pub(crate) fn check_runs(
    node: &secateur_graph::Node,
    facts: &[Option<Fact>],
) -> Result<(), RunnerError> {
    let Some(why) = cannot_run(node, facts) else { return Ok(()) };
    let op = match &node.op {
        Op::Opaque(opaque) => opaque.name.clone(),
        op => op.operator().name().to_owned(),
    };
    Err(RunnerError::Node { node: node.name.clone(), op, why })
}

/// Why a node cannot be computed, if it cannot.
fn cannot_run(node: &secateur_graph::Node, facts: &[Option<Fact>]) -> Option<String> {
    if let Op::Opaque(opaque) = &node.op {
        let why = opaque.why.clone();
        return Some(why.unwrap_or_else(|| "this operator is not known".to_owned()));
    }
    let known: Option<Vec<Option<&Fact>>> = node
        .inputs
        .iter()
        .map(|id| match id {
            Some(id) => facts[id.0 as usize].as_ref().map(Some),
            None => Some(None),
        })
        .collect();
    let error = known.and_then(|inputs| node.op.operator().facts(&inputs).err());
    let unknown = |id: &ValueId| facts[id.0 as usize].is_none();
    match error {
        // What a file says of the shape does not say what is computed.
        Some(error @ (OpError::Opaque | OpError::Training)) => Some(error.to_string()),
        _ if !node.outputs.iter().any(unknown) => None,
        Some(error) => Some(error.to_string()),
        None => Some("the shape of an input depends on data".to_owned()),
    }
}

/// Random inputs of the given facts: normal numbers, and zeros for integers and conditions.
pub fn sample_input(kind: Kind, shape: &[usize], mut normal: impl FnMut() -> f32) -> Tensor {
    let mut tensor = empty(kind, shape);
    if kind == Kind::F32 {
        tensor.as_f32_mut().iter_mut().for_each(|value| *value = normal());
    }
    tensor
}

#[cfg(test)]
mod tests {
    use secateur_graph::ops::Identity;

    use super::*;

    #[test]
    fn dropout_that_may_be_in_training_is_refused_though_the_file_says_its_shape() {
        let mut graph = Graph::new();
        let x = graph.add_input("x", Fact::f32_known(&[2]));
        let training = graph.add_input("training", Fact::of_known(Kind::Bool, &[]));
        let dropout = Op::Identity(Identity { dropout: true });
        let inputs = vec![Some(x), None, Some(training)];
        let outputs = vec![("y".to_owned(), Fact::f32_known(&[2]))];
        let node = graph.add_unbound_node("drop", dropout, inputs, outputs);
        graph.outputs = graph.node(node).outputs.clone();
        let error = Runner::new(&graph, &[vec![2], vec![]]).unwrap_err();
        assert!(error.to_string().contains("training"), "{error}");
    }
}
