//! Nodes over values.

use std::collections::HashMap;

use secateur_tensor::{DType, Stored, Tensor};

use crate::fact::{Dim, Fact, Kind};
use crate::ops;
use crate::ops::{Cost, Op, OpError};

/// Number of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ValueId(pub u32);

/// Number of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub u32);

/// Where a value comes from.
#[derive(Clone, Debug)]
pub enum Origin {
    /// Given at each run.
    Input,
    /// A weight, as its file holds it.
    Weight(Stored),
    /// A constant that no file holds, e.g. the angles of rotary embedding.
    Constant(Tensor),
    /// Computed by a node.
    Node(NodeId),
}

/// A value of the graph.
#[derive(Clone, Debug)]
pub struct Value {
    /// Name; of a weight, that of the file.
    pub name: String,
    /// Kind and shape.
    pub fact: Fact,
    /// Where it comes from.
    pub origin: Origin,
}

/// One operation.
#[derive(Clone, Debug)]
pub struct Node {
    /// Name, for messages and observers.
    pub name: String,
    /// What is computed.
    pub op: Op,
    /// Inputs; `None` where an optional one is absent.
    pub inputs: Vec<Option<ValueId>>,
    /// Outputs, in the operator's order.
    pub outputs: Vec<ValueId>,
}

/// A network. Nodes stand in an order in which they can run.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    values: Vec<Value>,
    nodes: Vec<Node>,
    /// Values given at each run.
    pub inputs: Vec<ValueId>,
    /// Values the graph is for.
    pub outputs: Vec<ValueId>,
}

/// Why a graph cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GraphError {
    /// An operator refuses its inputs.
    #[error("{node} ({op}): {error}")]
    Op {
        /// The node.
        node: String,
        /// Its operator.
        op: &'static str,
        /// What is wrong.
        error: OpError,
    },
    /// A run brings a shape that does not fit the input's fact.
    #[error("input {input} has shape {found:?}, the graph takes {expected:?}")]
    Input {
        /// The input.
        input: String,
        /// Its shape.
        found: Vec<usize>,
        /// What the graph takes.
        expected: Vec<Dim>,
    },
}

impl Graph {
    /// An empty graph.
    pub fn new() -> Self {
        Self::default()
    }

    /// The values, by number.
    pub fn values(&self) -> &[Value] {
        &self.values
    }

    /// The nodes, in an order in which they can run.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// One value.
    pub fn value(&self, id: ValueId) -> &Value {
        &self.values[id.0 as usize]
    }

    /// One node.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0 as usize]
    }

    /// Numbers and nodes, in order.
    pub fn numbered_nodes(&self) -> impl Iterator<Item = (NodeId, &Node)> {
        self.nodes.iter().enumerate().map(|(at, node)| (NodeId(at as u32), node))
    }

    /// The input of a name.
    pub fn input(&self, name: &str) -> Option<ValueId> {
        self.inputs.iter().copied().find(|id| self.value(*id).name == name)
    }

    /// The output of a name.
    pub fn output(&self, name: &str) -> Option<ValueId> {
        self.outputs.iter().copied().find(|id| self.value(*id).name == name)
    }

    /// Adds an input.
    pub fn add_input(&mut self, name: &str, fact: Fact) -> ValueId {
        let id = self.add_value(name.to_owned(), fact, Origin::Input);
        self.inputs.push(id);
        id
    }

    /// Adds a weight.
    pub fn add_weight(&mut self, name: &str, stored: Stored) -> ValueId {
        let fact = Self::fact_of_weight(&stored);
        let fact = Fact { value: None, ..fact };
        self.add_value(name.to_owned(), fact, Origin::Weight(stored))
    }

    /// Adds a constant that no file holds.
    pub fn add_constant(&mut self, name: &str, tensor: Tensor) -> ValueId {
        let fact = Fact { value: None, ..Fact::known(tensor.clone()) };
        self.add_value(name.to_owned(), fact, Origin::Constant(tensor))
    }

    /// Adds a node and the values it computes, named after it.
    ///
    /// # Errors
    /// [`GraphError::Op`] when the operator refuses its inputs.
    pub fn add_node(
        &mut self,
        name: &str,
        op: Op,
        inputs: &[Option<ValueId>],
    ) -> Result<Vec<ValueId>, GraphError> {
        let facts: Vec<Option<&Fact>> =
            inputs.iter().map(|id| id.map(|id| &self.value(id).fact)).collect();
        let outputs = facts_of(name, &op, &facts)?;
        let node = NodeId(self.nodes.len() as u32);
        let single = outputs.len() == 1;
        let outputs: Vec<ValueId> = outputs
            .into_iter()
            .enumerate()
            .map(|(at, fact)| {
                let name = if single { name.to_owned() } else { format!("{name}.{at}") };
                self.add_value(name, fact, Origin::Node(node))
            })
            .collect();
        let node =
            Node { name: name.to_owned(), op, inputs: inputs.to_vec(), outputs: outputs.clone() };
        self.nodes.push(node);
        Ok(outputs)
    }

    /// Adds a node whose outputs are inferred when the graph is bound to shapes of its inputs;
    /// facts of the outputs that are known from elsewhere serve operators that nothing is known
    /// of.
    pub fn add_unbound_node(
        &mut self,
        name: &str,
        op: Op,
        inputs: Vec<Option<ValueId>>,
        outputs: Vec<(String, Fact)>,
    ) -> NodeId {
        let id = NodeId(self.nodes.len() as u32);
        let outputs = outputs
            .into_iter()
            .map(|(name, fact)| self.add_value(name, fact, Origin::Node(id)))
            .collect();
        self.nodes.push(Node { name: name.to_owned(), op, inputs, outputs });
        id
    }

    /// Replaces the operator of a node.
    pub fn set_op(&mut self, node: NodeId, op: Op) {
        self.nodes[node.0 as usize].op = op;
    }

    /// Replaces an input of a node; places up to it that did not exist are absent.
    pub fn set_input(&mut self, node: NodeId, input: usize, value: Option<ValueId>) {
        let inputs = &mut self.nodes[node.0 as usize].inputs;
        if inputs.len() <= input {
            inputs.resize(input + 1, None);
        }
        inputs[input] = value;
    }

    /// Replaces the value of a constant.
    pub fn set_weight(&mut self, id: ValueId, stored: Stored) {
        let value = &mut self.values[id.0 as usize];
        value.fact = Fact { value: None, ..Self::fact_of_weight(&stored) };
        value.origin = Origin::Weight(stored);
    }

    /// Renames a value, e.g. an output.
    pub fn rename(&mut self, id: ValueId, name: &str) {
        name.clone_into(&mut self.values[id.0 as usize].name);
    }

    fn add_value(&mut self, name: String, fact: Fact, origin: Origin) -> ValueId {
        self.values.push(Value { name, fact, origin });
        ValueId(self.values.len() as u32 - 1)
    }

    /// The facts of all values when the inputs have the given shapes, in the order of
    /// [`Graph::inputs`]; an absent input stays as it is.
    ///
    /// # Errors
    /// [`GraphError`] when a shape does not fit.
    pub fn facts_for(&self, shapes: &[Option<Vec<usize>>]) -> Result<Vec<Fact>, GraphError> {
        let mut facts: Vec<Fact> = self.values.iter().map(|v| v.fact.clone()).collect();
        let mut symbols: HashMap<Dim, usize> = HashMap::new();
        for (&id, shape) in self.inputs.iter().zip(shapes) {
            if let Some(shape) = shape {
                let value = self.value(id);
                bind(value, shape, &mut symbols)?;
                let kind = value.fact.kind;
                let shape = shape.iter().map(|&n| Dim::Known(n)).collect();
                facts[id.0 as usize] = Fact::of(kind, shape);
            }
        }
        for node in &self.nodes {
            let inputs: Vec<Option<&Fact>> =
                node.inputs.iter().map(|id| id.map(|id| &facts[id.0 as usize])).collect();
            let outputs = facts_of(&node.name, &node.op, &inputs)?;
            for (&id, fact) in node.outputs.iter().zip(outputs) {
                facts[id.0 as usize] = fact;
            }
        }
        Ok(facts)
    }

    /// What is known of all values when the inputs have the given shapes, in the order of
    /// [`Graph::inputs`], and small constants their values: `None` where nothing is known, after
    /// operators that nothing is known of or whose outputs depend on data.
    ///
    /// # Errors
    /// [`GraphError`] when a shape does not fit.
    pub fn bind(&self, shapes: &[Vec<usize>]) -> Result<Vec<Option<Fact>>, GraphError> {
        self.bind_beside(shapes, None)
    }

    /// The same, with facts of constants that are there already.
    fn bind_beside(
        &self,
        shapes: &[Vec<usize>],
        there: Option<&[Option<Fact>]>,
    ) -> Result<Vec<Option<Fact>>, GraphError> {
        let mut facts: Vec<Option<Fact>> = vec![None; self.values.len()];
        let mut symbols: HashMap<Dim, usize> = HashMap::new();
        for (&id, shape) in self.inputs.iter().zip(shapes) {
            let value = self.value(id);
            bind(value, shape, &mut symbols)?;
            facts[id.0 as usize] = Some(Fact::of_known(value.fact.kind, shape));
        }
        for (at, value) in self.values.iter().enumerate() {
            facts[at] = match &value.origin {
                Origin::Weight(_) | Origin::Constant(_) if there.is_some() => {
                    there.and_then(|facts| facts[at].clone())
                }
                Origin::Weight(stored) => Some(Self::fact_of_weight(stored)),
                Origin::Constant(tensor) => Some(Fact::known(tensor.clone())),
                Origin::Input | Origin::Node(_) => continue,
            };
        }
        for node in &self.nodes {
            let outputs = self.node_facts(node, &facts).map_err(|error| GraphError::Op {
                node: node.name.clone(),
                op: node.op.operator().name(),
                error,
            })?;
            for (at, id) in node.outputs.iter().enumerate() {
                facts[id.0 as usize] = match &outputs {
                    Some(outputs) => outputs.get(at).cloned(),
                    None => substitute(&self.value(*id).fact, &symbols),
                };
            }
        }
        Ok(facts)
    }

    /// What would be known of all values with another number for one of the open dimensions of
    /// the inputs, for each of them, beside what is known at the numbers of `facts`. A dimension
    /// for which no other number is found is left out.
    pub(crate) fn bind_others(&self, facts: &[Option<Fact>]) -> Vec<Vec<Option<Fact>>> {
        let given = |id: &ValueId| facts[id.0 as usize].as_ref()?.known_shape();
        let Some(base) = self.inputs.iter().map(given).collect::<Option<Vec<_>>>() else {
            return Vec::new();
        };
        let dims = self.inputs.iter().flat_map(|id| &self.value(*id).fact.shape);
        let mut symbols: Vec<&Dim> = dims.filter(|dim| dim.known().is_none()).collect();
        let mut seen = std::collections::HashSet::new();
        symbols.retain(|symbol| seen.insert(*symbol));
        let others = symbols.into_iter().filter_map(|symbol| {
            let with = |change: fn(usize) -> usize| {
                let shapes: Vec<Vec<usize>> = self
                    .inputs
                    .iter()
                    .zip(&base)
                    .map(|(id, shape)| {
                        let dims = self.value(*id).fact.shape.iter().zip(shape);
                        dims.map(|(dim, n)| if dim == symbol { change(*n) } else { *n }).collect()
                    })
                    .collect();
                self.bind_beside(&shapes, Some(facts)).ok()
            };
            // Some networks take multiples only.
            with(|n| n + 1).or_else(|| with(|n| n * 2)).or_else(|| with(|n| n / 2))
        });
        others.collect()
    }

    /// The facts of a node's outputs, with their values where those of all inputs are known.
    /// `None` when something about the inputs or the operator is not known.
    ///
    /// # Errors
    /// [`OpError`] when the operator refuses its inputs.
    pub fn node_facts(
        &self,
        node: &Node,
        facts: &[Option<Fact>],
    ) -> Result<Option<Vec<Fact>>, OpError> {
        let mut inputs = Vec::with_capacity(node.inputs.len());
        for input in &node.inputs {
            let fact = match input {
                None => None,
                Some(id) => match &facts[id.0 as usize] {
                    Some(fact) => Some(fact),
                    None => return Ok(None),
                },
            };
            inputs.push(fact);
        }
        match node.op.operator().facts(&inputs) {
            Ok(mut outputs) => {
                check_sizes(&outputs)?;
                ops::fold(&node.op, &inputs, &mut outputs);
                Ok(Some(outputs))
            }
            Err(OpError::Opaque | OpError::Training | OpError::Dynamic { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The fact of a constant, with its value where it is small.
    pub fn fact_of_weight(stored: &Stored) -> Fact {
        const SMALL: usize = 4096;
        let dtype = stored.dtype();
        if stored.len() <= SMALL
            && let Ok(tensor) = stored.to_tensor()
        {
            return Fact::known(tensor);
        }
        let kind = match dtype {
            DType::Bool => Kind::Bool,
            _ if dtype.is_float() => Kind::F32,
            _ => Kind::I64,
        };
        Fact::of_known(kind, stored.shape())
    }

    /// The cost of a node under the given facts of all values; zero where dimensions are not
    /// known.
    pub fn cost(&self, node: &Node, facts: &[Fact]) -> Cost {
        let shapes = |ids: &mut dyn Iterator<Item = Option<ValueId>>| -> Option<Vec<Vec<usize>>> {
            ids.map(|id| match id {
                Some(id) => facts[id.0 as usize].known_shape(),
                None => Some(Vec::new()),
            })
            .collect()
        };
        let inputs = shapes(&mut node.inputs.iter().copied());
        let outputs = shapes(&mut node.outputs.iter().copied().map(Some));
        match (inputs, outputs) {
            (Some(inputs), Some(outputs)) => node.op.operator().cost(&inputs, &outputs),
            _ => Cost::default(),
        }
    }
}

fn facts_of(name: &str, op: &Op, inputs: &[Option<&Fact>]) -> Result<Vec<Fact>, GraphError> {
    let operator = op.operator();
    operator.facts(inputs).map_err(|error| GraphError::Op {
        node: name.to_owned(),
        op: operator.name(),
        error,
    })
}

/// Checks a shape against an input's fact; a symbol must mean one number everywhere.
fn bind(
    value: &Value,
    shape: &[usize],
    symbols: &mut HashMap<Dim, usize>,
) -> Result<(), GraphError> {
    let expected = &value.fact.shape;
    let fits = count_of(shape).is_some()
        && expected.len() == shape.len()
        && expected.iter().zip(shape).all(|(dim, &n)| match dim {
            Dim::Known(known) => *known == n,
            Dim::Symbol(_) => *symbols.entry(dim.clone()).or_insert(n) == n,
        });
    if fits {
        return Ok(());
    }
    Err(GraphError::Input {
        input: value.name.clone(),
        found: shape.to_vec(),
        expected: expected.clone(),
    })
}

/// Refuses values of more elements than any memory holds, before anything is computed of them.
fn check_sizes(facts: &[Fact]) -> Result<(), OpError> {
    for fact in facts {
        if let Some(shape) = fact.known_shape()
            && count_of(&shape).is_none()
        {
            return Err(OpError::Attribute(format!("an output of shape {shape:?} is too large")));
        }
    }
    Ok(())
}

/// The number of values of a shape, when some memory could hold them.
fn count_of(shape: &[usize]) -> Option<usize> {
    const MOST: usize = 1 << 36;
    let count = shape.iter().try_fold(1_usize, |count, n| count.checked_mul(*n))?;
    (count <= MOST).then_some(count)
}

/// A fact with the numbers of this run for its symbols, when all are known.
fn substitute(fact: &Fact, symbols: &HashMap<Dim, usize>) -> Option<Fact> {
    let number = |dim: &Dim| dim.known().or_else(|| symbols.get(dim).copied());
    let shape: Option<Vec<usize>> = fact.shape.iter().map(number).collect();
    Some(Fact::of_known(fact.kind, &shape?))
}

/// The kind of a tensor's values.
pub(crate) fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::F32 => "floats",
        Kind::I64 => "integers",
        Kind::Bool => "conditions",
    }
}
