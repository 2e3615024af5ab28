//! One graph with its weights at work.

use secateur_graph::ops::{Gather, Gemm, empty};
use secateur_graph::{Fact, Graph, GraphError, Kind, Node, NodeId, Op, Origin, ValueId};
use secateur_tensor::stored::StoredError;
use secateur_tensor::{Stored, Tensor};

use crate::observe::Observer;

/// A graph that runs: weights are converted once, buffers are kept between runs.
#[derive(Debug)]
pub struct Session {
    graph: Graph,
    /// Weights and constants by number of the value.
    fixed: Vec<Option<Tensor>>,
    /// Buffers that no value uses.
    free: Vec<Tensor>,
}

/// How the weights of linear layers are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weights {
    /// Converted once: fastest for many rows, and they can be changed.
    AtWork,
    /// As their file has them, decoded in every run: fastest for few rows, and in least memory.
    AtRest,
}

/// Why a graph does not run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExecError {
    /// Shapes do not fit.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// A weight is of a type that nothing is computed from.
    #[error("weight {name}: {error}")]
    Weight {
        /// The weight.
        name: String,
        /// What is wrong.
        error: StoredError,
    },
    /// A run did not bring an input that it needs.
    #[error("input {name} was not given")]
    InputMissing {
        /// The input.
        name: String,
    },
    /// A file of spilled activations failed.
    #[error("spilled activations: {0}")]
    Spill(#[from] std::io::Error),
}

/// A value during a run.
enum Slot<'a> {
    Empty,
    Borrowed(&'a Tensor),
    Owned(Tensor),
}

impl Slot<'_> {
    fn tensor(&self) -> Option<&Tensor> {
        match self {
            Self::Empty => None,
            Self::Borrowed(tensor) => Some(tensor),
            Self::Owned(tensor) => Some(tensor),
        }
    }
}

impl Session {
    /// Converts the weights of a graph. A table that is only gathered from stays at rest.
    ///
    /// # Errors
    /// [`ExecError::Weight`] when a weight is of a type that nothing is computed from.
    pub fn new(graph: Graph) -> Result<Self, ExecError> {
        Self::with(graph, Weights::AtWork)
    }

    /// The same, with the weights of linear layers as they are to be.
    ///
    /// # Errors
    /// [`ExecError::Weight`] when a weight is of a type that nothing is computed from.
    pub fn with(graph: Graph, weights: Weights) -> Result<Self, ExecError> {
        let mut fixed = Vec::with_capacity(graph.values().len());
        for (at, value) in graph.values().iter().enumerate() {
            fixed.push(match &value.origin {
                Origin::Weight(stored) => {
                    let id = ValueId(at as u32);
                    Some(at_work(&graph, id, stored, weights).map_err(|error| {
                        let name = value.name.clone();
                        ExecError::Weight { name, error }
                    })?)
                }
                Origin::Constant(tensor) => Some(tensor.clone()),
                Origin::Input | Origin::Node(_) => None,
            });
        }
        Ok(Self { graph, fixed, free: Vec::new() })
    }

    /// The graph.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// A weight at work.
    ///
    /// # Panics
    /// When the value is no weight.
    pub fn weight(&self, id: ValueId) -> &Tensor {
        self.fixed[id.0 as usize].as_ref().expect("a weight of this graph")
    }

    /// A weight at work, to be changed; later runs see the change.
    ///
    /// # Panics
    /// When the value is no weight.
    pub fn weight_mut(&mut self, id: ValueId) -> &mut Tensor {
        self.fixed[id.0 as usize].as_mut().expect("a weight of this graph")
    }

    /// Computes the wanted values, and shows the observer the inputs of the nodes it wants. Only
    /// what these need is computed.
    ///
    /// # Errors
    /// [`ExecError`] when an input is missing or of another shape.
    pub fn run(
        &mut self,
        inputs: &[(ValueId, &Tensor)],
        wanted: &[ValueId],
        mut observer: Option<&mut dyn Observer>,
    ) -> Result<Vec<Tensor>, ExecError> {
        let facts = self.facts(inputs)?;
        let wants = |(id, _)| observer.as_ref().is_some_and(|o| o.wants(id));
        let observed: Vec<bool> = self.graph.numbered_nodes().map(wants).collect();
        let plan = Plan::new(&self.graph, wanted, &observed);
        let absent = |id: &&ValueId| {
            plan.uses[id.0 as usize] > 0 && !inputs.iter().any(|(given, _)| given == *id)
        };
        if let Some(id) = self.graph.inputs.iter().find(absent) {
            return Err(missing(&self.graph, *id));
        }
        let mut uses = plan.uses.clone();
        let mut slots: Vec<Slot<'_>> = (0..facts.len()).map(|_| Slot::Empty).collect();
        for &(id, tensor) in inputs {
            slots[id.0 as usize] = Slot::Borrowed(tensor);
        }
        for (id, node) in self.graph.numbered_nodes() {
            let (runs, is_observed) = (plan.runs[id.0 as usize], observed[id.0 as usize]);
            if !runs && !is_observed {
                continue;
            }
            if is_observed && let Some(observer) = observer.as_mut() {
                observer.see(id, &read_inputs(node, 0, &self.fixed, &slots, &self.graph)?);
            }
            if runs {
                let outputs = execute(
                    &self.graph,
                    node,
                    &facts,
                    &self.fixed,
                    &mut slots,
                    &uses,
                    &mut self.free,
                )?;
                for (&id, tensor) in node.outputs.iter().zip(outputs) {
                    slots[id.0 as usize] = Slot::Owned(tensor);
                }
            }
            release(node, &mut uses, &mut slots, &mut self.free);
        }
        wanted
            .iter()
            .map(|id| match std::mem::replace(&mut slots[id.0 as usize], Slot::Empty) {
                Slot::Owned(tensor) => Ok(tensor),
                Slot::Borrowed(tensor) => Ok(tensor.clone()),
                Slot::Empty => Err(missing(&self.graph, *id)),
            })
            .collect()
    }

    /// Takes back the memory of a result.
    pub fn recycle(&mut self, tensor: Tensor) {
        self.free.push(tensor);
    }

    fn facts(&self, inputs: &[(ValueId, &Tensor)]) -> Result<Vec<Fact>, ExecError> {
        let shape_of = |id: &ValueId| {
            let given = inputs.iter().find(|(given, _)| given == id);
            given.map(|(_, tensor)| tensor.shape().to_vec())
        };
        let shapes: Vec<_> = self.graph.inputs.iter().map(shape_of).collect();
        Ok(self.graph.facts_for(&shapes)?)
    }
}

fn at_work(
    graph: &Graph,
    id: ValueId,
    stored: &Stored,
    weights: Weights,
) -> Result<Tensor, StoredError> {
    let mut uses = graph.nodes().iter().filter(|n| n.inputs.contains(&Some(id)));
    let rests = |node: &Node| match node.op {
        Op::Gather(Gather::ROWS) => node.inputs[1] != Some(id),
        Op::Gemm(Gemm::LINEAR) => weights == Weights::AtRest && node.inputs[1] == Some(id),
        _ => false,
    };
    if stored.dtype().is_float() && uses.all(rests) {
        Ok(Tensor::stored(stored.clone()))
    } else {
        stored.to_tensor()
    }
}

/// What a run computes, and how often each value is read.
struct Plan {
    /// Whether each node runs.
    runs: Vec<bool>,
    /// Reads of each value; a wanted value has one more, so that it stays.
    uses: Vec<usize>,
}

impl Plan {
    fn new(graph: &Graph, wanted: &[ValueId], observed: &[bool]) -> Self {
        let mut needed = vec![false; graph.values().len()];
        let mut runs = vec![false; graph.nodes().len()];
        for id in wanted {
            needed[id.0 as usize] = true;
        }
        let nodes: Vec<(NodeId, &Node)> = graph.numbered_nodes().collect();
        for &(id, node) in nodes.iter().rev() {
            let at = id.0 as usize;
            runs[at] = node.outputs.iter().any(|id| needed[id.0 as usize]);
            if runs[at] || observed[at] {
                for id in node.inputs.iter().flatten() {
                    needed[id.0 as usize] = true;
                }
            }
        }
        let mut uses = vec![0; needed.len()];
        for id in wanted {
            uses[id.0 as usize] += 1;
        }
        for (id, node) in nodes {
            if runs[id.0 as usize] || observed[id.0 as usize] {
                // A value that is an input twice is counted once, and released once.
                let mut inputs: Vec<ValueId> = node.inputs.iter().flatten().copied().collect();
                inputs.sort_unstable();
                inputs.dedup();
                for id in inputs {
                    uses[id.0 as usize] += 1;
                }
            }
        }
        Self { runs, uses }
    }
}

/// Counts the inputs of a node as read, and frees what nobody reads any more.
fn release(node: &Node, uses: &mut [usize], slots: &mut [Slot<'_>], free: &mut Vec<Tensor>) {
    for (place, id) in node.inputs.iter().enumerate() {
        if let Some(id) = id
            && !node.inputs[..place].contains(&Some(*id))
        {
            uses[id.0 as usize] -= 1;
        }
    }
    for id in node.inputs.iter().flatten().chain(&node.outputs) {
        let at = id.0 as usize;
        if uses[at] == 0 && matches!(slots[at], Slot::Owned(_)) {
            let Slot::Owned(tensor) = std::mem::replace(&mut slots[at], Slot::Empty) else {
                unreachable!("checked in the condition")
            };
            free.push(tensor);
        }
    }
}

/// The inputs of a node from number `from` on; earlier places are `None`.
fn read_inputs<'r>(
    node: &Node,
    from: usize,
    fixed: &'r [Option<Tensor>],
    slots: &'r [Slot<'_>],
    graph: &Graph,
) -> Result<Vec<Option<&'r Tensor>>, ExecError> {
    let read = |(place, id): (usize, &Option<ValueId>)| match id {
        Some(id) if place >= from => {
            let at = id.0 as usize;
            match slots[at].tensor().or(fixed[at].as_ref()) {
                Some(tensor) => Ok(Some(tensor)),
                None => Err(missing(graph, *id)),
            }
        }
        _ => Ok(None),
    };
    node.inputs.iter().enumerate().map(read).collect()
}

fn missing(graph: &Graph, id: ValueId) -> ExecError {
    ExecError::InputMissing { name: graph.value(id).name.clone() }
}

fn execute(
    graph: &Graph,
    node: &Node,
    facts: &[Fact],
    fixed: &[Option<Tensor>],
    slots: &mut [Slot<'_>],
    uses: &[usize],
    free: &mut Vec<Tensor>,
) -> Result<Vec<Tensor>, ExecError> {
    let operator = node.op.operator();
    let shapes: Vec<(Kind, Vec<usize>)> = node
        .outputs
        .iter()
        .map(|id| {
            let fact = &facts[id.0 as usize];
            let shape = fact.known_shape().ok_or_else(|| missing(graph, *id))?;
            Ok((fact.kind, shape))
        })
        .collect::<Result<_, ExecError>>()?;
    let known: Vec<Option<&Fact>> =
        node.inputs.iter().map(|id| id.map(|id| &facts[id.0 as usize])).collect();
    let mut outputs = Vec::with_capacity(shapes.len());
    let in_place = shapes[0].0 == Kind::F32 && operator.in_place(&known);
    let first = usize::from(in_place);
    if in_place {
        outputs.push(take_or_copy(graph, node, &shapes[0].1, fixed, slots, uses, free)?);
    }
    for (kind, shape) in &shapes[first..] {
        outputs.push(match kind {
            Kind::F32 => buffer(free, shape),
            Kind::I64 | Kind::Bool => empty(*kind, shape),
        });
    }
    let inputs = read_inputs(node, first, fixed, slots, graph)?;
    operator.forward(&inputs, &mut outputs);
    Ok(outputs)
}

/// The memory of input 0 when nobody else reads it, else a copy.
fn take_or_copy(
    graph: &Graph,
    node: &Node,
    shape: &[usize],
    fixed: &[Option<Tensor>],
    slots: &mut [Slot<'_>],
    uses: &[usize],
    free: &mut Vec<Tensor>,
) -> Result<Tensor, ExecError> {
    let id = node.inputs[0].expect("facts() has checked input 0");
    let at = id.0 as usize;
    let read_again = node.inputs[1..].contains(&Some(id));
    if uses[at] == 1 && !read_again && matches!(slots[at], Slot::Owned(_)) {
        let Slot::Owned(mut tensor) = std::mem::replace(&mut slots[at], Slot::Empty) else {
            unreachable!("checked in the condition")
        };
        tensor.resize_f32(shape);
        return Ok(tensor);
    }
    let mut copy = buffer(free, shape);
    let Some(source) = slots[at].tensor().or(fixed[at].as_ref()) else {
        return Err(missing(graph, id));
    };
    copy.as_f32_mut().copy_from_slice(source.as_f32());
    Ok(copy)
}

/// A buffer of a shape: a free one of the right size, else the last free one resized, else new.
fn buffer(free: &mut Vec<Tensor>, shape: &[usize]) -> Tensor {
    let len: usize = shape.iter().product();
    let fitting = free.iter().position(|t| t.len() == len);
    match fitting.or_else(|| free.len().checked_sub(1)) {
        Some(at) => {
            let mut tensor = free.swap_remove(at);
            tensor.resize_f32(shape);
            tensor
        }
        None => Tensor::zeros(shape.to_vec()),
    }
}

#[cfg(test)]
mod tests {
    use secateur_graph::Dim;
    use secateur_graph::ops::{Binary, Gemm, Swish};

    use super::*;

    /// y = swish(x w^T) * x + x, which reads x three times and works in place where it may.
    fn graph() -> Graph {
        let mut g = Graph::new();
        let x = g.add_input("x", Fact::f32(vec![Dim::symbol("rows"), Dim::Known(2)]));
        let w = g.add_weight("w", Stored::of_f32(vec![2, 2], &[0.0, 1.0, 1.0, 0.0]));
        let h = g.add_node("h", Op::Gemm(Gemm::LINEAR), &[Some(x), Some(w)]).unwrap()[0];
        let s = g.add_node("s", Op::Swish(Swish), &[Some(h)]).unwrap()[0];
        let m = g.add_node("m", Op::Binary(Binary::Mul), &[Some(s), Some(x)]).unwrap()[0];
        let y = g.add_node("y", Op::Binary(Binary::Add), &[Some(x), Some(m)]).unwrap()[0];
        g.outputs.push(y);
        g
    }

    fn swish(v: f32) -> f32 {
        v / (1.0 + (-v).exp())
    }

    struct Watch(Vec<Vec<f32>>);

    impl Observer for Watch {
        fn wants(&self, node: NodeId) -> bool {
            node.0 == 1
        }
        fn see(&mut self, _: NodeId, inputs: &[Option<&Tensor>]) {
            self.0.push(inputs[0].unwrap().as_f32().to_vec());
        }
    }

    #[test]
    fn a_graph_runs_again_and_again_and_is_observed() {
        let mut session = Session::new(graph()).unwrap();
        let (x_id, y_id) = (session.graph().inputs[0], session.graph().outputs[0]);
        for rows in [1, 3, 2] {
            let values: Vec<f32> = (0..rows * 2).map(|v| v as f32 * 0.5 - 1.0).collect();
            let x = Tensor::f32(vec![rows, 2], values.clone());
            let mut watch = Watch(Vec::new());
            let y = session.run(&[(x_id, &x)], &[y_id], Some(&mut watch)).unwrap().remove(0);
            for (at, &got) in y.as_f32().iter().enumerate() {
                let other = values[at ^ 1];
                let expect = swish(other) * values[at] + values[at];
                assert!((got - expect).abs() < 1e-6, "{got} {expect}");
                assert_eq!(watch.0[0][at], other);
            }
            assert_eq!(x.as_f32(), values, "an input is not worked on in place");
            session.recycle(y);
        }
    }

    #[test]
    fn an_observed_node_needs_only_its_inputs() {
        let mut session = Session::new(graph()).unwrap();
        let x_id = session.graph().inputs[0];
        let x = Tensor::f32(vec![1, 2], vec![3.0, 4.0]);
        let mut watch = Watch(Vec::new());
        assert!(session.run(&[(x_id, &x)], &[], Some(&mut watch)).unwrap().is_empty());
        assert_eq!(watch.0, [[4.0, 3.0]]);
    }

    #[test]
    fn what_is_missing_or_misshapen_is_named() {
        let mut session = Session::new(graph()).unwrap();
        let (x_id, y_id) = (session.graph().inputs[0], session.graph().outputs[0]);
        let error = session.run(&[], &[y_id], None).unwrap_err();
        assert_eq!(error.to_string(), "input x was not given");
        let x = Tensor::zeros(vec![1, 3]);
        let error = session.run(&[(x_id, &x)], &[y_id], None).unwrap_err();
        assert_eq!(error.to_string(), "input x has shape [1, 3], the graph takes [rows, 2]");
    }
}
