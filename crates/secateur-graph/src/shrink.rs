//! The smaller graph that is left when classes of elements are cut.

use std::collections::{HashMap, HashSet};

use secateur_tensor::stored::StoredError;
use secateur_tensor::tensor::Values;
use secateur_tensor::{Bytes, DType, Stored, Tensor};

use crate::fact::Fact;
use crate::graph::{Graph, Node, NodeId, Origin, ValueId};
use crate::ops::{Op, OpError};
use crate::ties::{Coupling, Slot};

/// Sliced constants, by the constant and the kept indices of its axes.
type Copies = HashMap<(ValueId, Vec<(u32, Vec<usize>)>), ValueId>;

/// What a cut leaves of the axes of one node.
#[derive(Debug)]
pub struct Cut<'a> {
    coupling: &'a Coupling,
    kept: &'a HashMap<(u32, u32), Vec<usize>>,
    node: NodeId,
    /// Facts of the inputs before the cut.
    was: Vec<Option<&'a Fact>>,
    /// Facts of the inputs after the cut, with constants sliced.
    after: Vec<Option<&'a Fact>>,
    /// Facts of all values before the cut, with other numbers for the open dimensions.
    others: &'a [Vec<Option<Fact>>],
    values: &'a Node,
}

/// How an operator changes with its axes.
#[derive(Debug, Default)]
pub struct Shrunk {
    /// The operator, when its attributes change.
    pub op: Option<Op>,
    /// Inputs that get other values, e.g. sizes.
    pub inputs: Vec<(usize, Tensor)>,
}

/// Why a graph cannot be made smaller.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ShrinkError {
    /// An operator cannot follow.
    #[error("{node} ({op}): {error}")]
    Op {
        /// The node.
        node: String,
        /// Its number.
        id: NodeId,
        /// Its operator.
        op: &'static str,
        /// What is wrong.
        error: OpError,
    },
    /// A constant of a type that cannot be sliced.
    #[error("constant {name}: {error}")]
    Constant {
        /// The constant.
        name: String,
        /// The node that uses it.
        id: NodeId,
        /// What is wrong.
        error: StoredError,
    },
    /// A value does not come out as the ties promised.
    #[error("{node} ({op}) gives {found:?} after the cut, {expected:?} was expected")]
    Shape {
        /// The node.
        node: String,
        /// Its number.
        id: NodeId,
        /// Its operator.
        op: &'static str,
        /// What comes out.
        found: Vec<usize>,
        /// What the ties promised.
        expected: Vec<usize>,
    },
}

impl ShrinkError {
    /// The node that cannot follow the cut.
    pub fn node(&self) -> NodeId {
        match self {
            Self::Op { id, .. } | Self::Constant { id, .. } | Self::Shape { id, .. } => *id,
        }
    }
}

impl Cut<'_> {
    fn place(&self, slot: Slot) -> Option<u32> {
        self.coupling.place(self.node, slot)
    }

    /// The indices that are left of an axis; `None` where all are.
    pub fn kept(&self, slot: Slot, axis: usize) -> Option<&[usize]> {
        let place = self.place(slot)?;
        self.kept.get(&(place, axis as u32)).map(Vec::as_slice)
    }

    /// Whether an index of an axis is left.
    pub fn keeps(&self, slot: Slot, axis: usize, index: usize) -> bool {
        self.kept(slot, axis).is_none_or(|kept| kept.binary_search(&index).is_ok())
    }

    /// Number of indices below `end` that are left of an axis.
    pub fn kept_below(&self, slot: Slot, axis: usize, end: usize) -> usize {
        self.kept(slot, axis).map_or(end, |kept| kept.partition_point(|index| *index < end))
    }

    /// Dimensions before the cut.
    pub fn before(&self, slot: Slot) -> Vec<usize> {
        self.place(slot).map_or(Vec::new(), |p| self.coupling.places()[p as usize].shape.clone())
    }

    /// Dimensions after the cut.
    pub fn after(&self, slot: Slot) -> Vec<usize> {
        let mut shape = self.before(slot);
        for (axis, size) in shape.iter_mut().enumerate() {
            if let Some(kept) = self.kept(slot, axis) {
                *size = kept.len();
            }
        }
        shape
    }

    /// Whether the size of an axis is another with other numbers for the open dimensions of the
    /// network, e.g. with more images.
    pub fn is_open(&self, slot: Slot, axis: usize) -> bool {
        let size = self.before(slot)[axis];
        let mut shapes = self.others.iter().filter_map(|facts| self.shape_in(facts, slot));
        shapes.any(|shape| shape.get(axis) != Some(&size))
    }

    /// Whether two axes have one size, with any numbers for the open dimensions and after the cut.
    pub fn agree(&self, a: (Slot, usize), b: (Slot, usize)) -> bool {
        self.after(a.0).get(a.1) == self.after(b.0).get(b.1)
            && self.others.iter().all(|facts| {
                let shapes = self.shape_in(facts, a.0).zip(self.shape_in(facts, b.0));
                shapes.is_none_or(|(p, q)| p.get(a.1) == q.get(b.1))
            })
    }

    /// Whether an integer of an input is another with other numbers for the open dimensions.
    pub fn is_open_integer(&self, input: usize, at: usize) -> bool {
        let integer = |facts: &[Option<Fact>]| {
            let id = self.values.inputs.get(input).copied().flatten()?;
            facts[id.0 as usize].as_ref()?.integers()?.get(at).copied()
        };
        let now = self.integers_before(input).and_then(|all| all.get(at).copied());
        self.others.iter().any(|facts| integer(facts) != now)
    }

    fn shape_in(&self, facts: &[Option<Fact>], slot: Slot) -> Option<Vec<usize>> {
        let id = match slot {
            Slot::In(at) => self.values.inputs.get(at).copied().flatten()?,
            Slot::Out(at) => *self.values.outputs.get(at)?,
        };
        facts[id.0 as usize].as_ref()?.known_shape()
    }

    /// Facts of the inputs after the cut.
    pub fn facts(&self) -> &[Option<&Fact>] {
        &self.after
    }

    /// The integers of an input before the cut, where they are known.
    pub fn integers_before(&self, input: usize) -> Option<&[i64]> {
        self.was.get(input).copied().flatten()?.integers()
    }

    /// The integers of an input after the cut, where they are known.
    pub fn integers(&self, input: usize) -> Option<&[i64]> {
        self.after.get(input).copied().flatten()?.integers()
    }
}

impl Coupling {
    /// The graph that is left when classes are cut (`false` in `keep`). Nodes and values keep
    /// their numbers; sliced constants are new values.
    ///
    /// # Errors
    /// [`ShrinkError`] when an operator cannot follow; the graph given is never changed.
    pub fn shrink(
        &self,
        graph: &Graph,
        facts: &[Option<Fact>],
        keep: &[bool],
    ) -> Result<(Graph, Vec<Option<Fact>>), ShrinkError> {
        let kept = self.kept(keep);
        let mut small = graph.clone();
        let others = graph.bind_others(facts);
        let mut after: Vec<Vec<Option<Fact>>> = vec![facts.to_vec()];
        after.extend(others.iter().cloned());
        let mut copies: Copies = HashMap::new();
        let mut names: HashSet<String> =
            graph.values().iter().map(|value| value.name.clone()).collect();
        for (id, node) in graph.numbered_nodes() {
            let touched =
                self.slice_constants(&mut small, &mut after, &kept, (id, node), &mut copies)?;
            let inputs = small.node(id).inputs.clone();
            let op = node.op.operator();
            let fail =
                |error| ShrinkError::Op { node: node.name.clone(), id, op: op.name(), error };
            let changed = {
                let of = |id: &Option<ValueId>| id.and_then(|id| after[0][id.0 as usize].as_ref());
                let old = |id: &Option<ValueId>| id.and_then(|id| facts[id.0 as usize].as_ref());
                let cut = Cut {
                    coupling: self,
                    kept: &kept,
                    node: id,
                    was: node.inputs.iter().map(old).collect(),
                    after: inputs.iter().map(of).collect(),
                    others: &others,
                    values: node,
                };
                if touched { op.shrunk(&cut).map_err(fail)? } else { Shrunk::default() }
            };
            if let Some(op) = changed.op {
                small.set_op(id, op);
            }
            for (input, tensor) in changed.inputs {
                let name = fresh_name(&mut names, &format!("{}.{input}", node.name));
                let fact = Fact::known(tensor.clone());
                let value = small.add_constant(&name, tensor);
                for facts in &mut after {
                    facts.push(Some(fact.clone()));
                }
                small.set_input(id, input, Some(value));
            }
            // What the cut promises must hold for any number of an open dimension.
            for (at, after) in after.iter_mut().enumerate() {
                let before = at.checked_sub(1).map_or(facts, |at| &others[at]);
                self.infer(&small, before, after, &kept, id)?;
            }
        }
        Ok((small, after.swap_remove(0)))
    }

    /// Slices the constants that a node uses. Says whether the cut touches the node.
    fn slice_constants(
        &self,
        small: &mut Graph,
        after: &mut [Vec<Option<Fact>>],
        kept: &HashMap<(u32, u32), Vec<usize>>,
        (id, node): (NodeId, &Node),
        copies: &mut Copies,
    ) -> Result<bool, ShrinkError> {
        let mut touched = false;
        let outputs = (0..node.outputs.len()).map(Slot::Out);
        for slot in (0..node.inputs.len()).map(Slot::In).chain(outputs) {
            let Some(place) = self.place(id, slot) else { continue };
            let held = &self.places()[place as usize];
            let axes = (0..held.shape.len() as u32)
                .filter_map(|axis| Some((axis, kept.get(&(place, axis))?.clone())));
            let axes: Vec<(u32, Vec<usize>)> = axes.collect();
            if axes.is_empty() {
                continue;
            }
            touched = true;
            let (Some((_, input)), Slot::In(_)) = (held.user, slot) else { continue };
            let key = (held.value, axes);
            let value = if let Some(value) = copies.get(&key) {
                *value
            } else {
                let value = slice(small, after, held.value, id, &key.1)?;
                copies.insert(key, value);
                value
            };
            small.set_input(id, input, Some(value));
        }
        Ok(touched)
    }

    /// The facts of a node's outputs after the cut, checked against what the ties promised.
    fn infer(
        &self,
        small: &Graph,
        before: &[Option<Fact>],
        after: &mut [Option<Fact>],
        kept: &HashMap<(u32, u32), Vec<usize>>,
        id: NodeId,
    ) -> Result<(), ShrinkError> {
        let node = small.node(id);
        let op = node.op.operator().name();
        let name = || node.name.clone();
        let facts = small.node_facts(node, after).map_err(|error| ShrinkError::Op {
            node: name(),
            id,
            op,
            error,
        })?;
        for (at, value) in node.outputs.iter().enumerate() {
            let was = before.get(value.0 as usize).and_then(|fact| fact.as_ref()?.known_shape());
            let fact = match &facts {
                Some(facts) => facts.get(at).cloned(),
                None => after[value.0 as usize].clone(),
            };
            let found = fact.as_ref().and_then(Fact::known_shape);
            if let (Some(found), Some(mut expected), Some(place)) =
                (found, was, self.place(id, Slot::Out(at)))
            {
                let held = &self.places()[place as usize].shape;
                for (axis, size) in expected.iter_mut().enumerate() {
                    if let Some(kept) = kept.get(&(place, axis as u32)) {
                        // An axis of heads of all images has more of them with more images.
                        *size = *size * kept.len() / held[axis];
                    }
                }
                if found != expected {
                    return Err(ShrinkError::Shape { node: name(), id, op, found, expected });
                }
            }
            after[value.0 as usize] = fact;
        }
        Ok(())
    }
}

/// A name that is not taken, from the one given.
fn fresh_name(taken: &mut HashSet<String>, name: &str) -> String {
    let numbered = (1..).map(|number| format!("{name}.{number}"));
    let mut names = std::iter::once(name.to_owned()).chain(numbered);
    names.find(|name| taken.insert(name.clone())).expect("there is always a further number")
}

/// A tensor as a file would hold it.
fn at_rest(tensor: &Tensor) -> Stored {
    let shape = tensor.shape().to_vec();
    match tensor.values() {
        Values::F32(values) => Stored::of_f32(shape, values),
        Values::I64(values) => Stored::of_i64(shape, values),
        Values::Bool(values) => {
            let bytes = values.iter().map(|value| u8::from(*value)).collect();
            let stored = Stored::new(DType::Bool, shape, Bytes::owned(bytes));
            stored.expect("as many values as the shape says")
        }
        Values::Stored(stored) => stored.clone(),
    }
}

/// A constant with only the kept indices of some axes, as a new value.
fn slice(
    small: &mut Graph,
    after: &mut [Vec<Option<Fact>>],
    value: ValueId,
    user: NodeId,
    axes: &[(u32, Vec<usize>)],
) -> Result<ValueId, ShrinkError> {
    let name = small.value(value).name.clone();
    let origin = small.value(value).origin.clone();
    let fail = |error| ShrinkError::Constant { name: name.clone(), id: user, error };
    let stored = match origin {
        Origin::Weight(stored) => stored,
        Origin::Constant(tensor) => at_rest(&tensor),
        Origin::Input | Origin::Node(_) => unreachable!("only constants have a user"),
    };
    let mut sliced = stored;
    for (axis, kept) in axes {
        sliced = sliced.select(*axis as usize, kept).map_err(fail)?;
    }
    let fact = Graph::fact_of_weight(&sliced);
    let id = small.add_weight(&name, sliced);
    for facts in after.iter_mut() {
        facts.push(Some(fact.clone()));
    }
    Ok(id)
}
