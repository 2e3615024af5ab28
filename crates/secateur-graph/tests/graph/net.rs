//! Small networks, run as they are, with channels masked, and with the same channels cut.

use std::collections::HashMap;

use secateur_graph::ops::{Op, empty};
use secateur_graph::{Coupling, Fact, Granularity, Graph, NodeId, Origin, Slot, ValueId};
use secateur_tensor::tensor::Values;
use secateur_tensor::{Stored, Tensor};

/// Results of a cut network differ from those of the masked one by the order of sums only.
const TOLERANCE: f32 = 2e-4;

/// The indices that are left of axes that are cut.
type Kept = HashMap<(u32, u32), Vec<usize>>;

/// A network that is being built. Weights and inputs are drawn from a fixed seed.
#[derive(Default)]
pub(crate) struct Net {
    pub(crate) graph: Graph,
    shapes: Vec<Vec<usize>>,
    drawn: u64,
}

impl Net {
    /// Numbers between -1 and 1.
    pub(crate) fn numbers(&mut self, count: usize) -> Vec<f32> {
        let mut next = || {
            self.drawn += 1;
            let mut z = self.drawn.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z ^= z >> 27;
            (z >> 40) as f32 / (1 << 23) as f32 - 1.0
        };
        (0..count).map(|_| next()).collect()
    }

    pub(crate) fn input(&mut self, shape: &[usize]) -> ValueId {
        self.shapes.push(shape.to_vec());
        let name = format!("input {}", self.shapes.len());
        self.graph.add_input(&name, Fact::f32_known(shape))
    }

    pub(crate) fn weight(&mut self, shape: &[usize]) -> ValueId {
        let values = self.numbers(shape.iter().product());
        self.constant(Stored::of_f32(shape.to_vec(), &values))
    }

    /// A weight of numbers between 0.5 and 1.5, e.g. variances.
    pub(crate) fn positive(&mut self, shape: &[usize]) -> ValueId {
        let mut values = self.numbers(shape.iter().product());
        for value in &mut values {
            *value = *value / 2.0 + 1.0;
        }
        self.constant(Stored::of_f32(shape.to_vec(), &values))
    }

    pub(crate) fn ints(&mut self, values: &[i64]) -> ValueId {
        self.constant(Stored::of_i64(vec![values.len()], values))
    }

    pub(crate) fn constant(&mut self, stored: Stored) -> ValueId {
        let name = format!("constant {}", self.graph.values().len());
        self.graph.add_weight(&name, stored)
    }

    /// A node of several outputs.
    pub(crate) fn many(&mut self, op: Op, inputs: &[ValueId], outputs: usize) -> Vec<ValueId> {
        let inputs = inputs.iter().map(|id| Some(*id)).collect();
        self.sparse(op, inputs, outputs)
    }

    /// A node of which inputs are left out.
    pub(crate) fn sparse(
        &mut self,
        op: Op,
        inputs: Vec<Option<ValueId>>,
        outputs: usize,
    ) -> Vec<ValueId> {
        let name = format!("{} {}", op.operator().name(), self.graph.nodes().len());
        let outputs = (0..outputs).map(|at| (format!("{name}.{at}"), Fact::f32(vec![]))).collect();
        let node = self.graph.add_unbound_node(&name, op, inputs, outputs);
        self.graph.node(node).outputs.clone()
    }

    pub(crate) fn op(&mut self, op: Op, inputs: &[ValueId]) -> ValueId {
        self.many(op, inputs, 1)[0]
    }

    pub(crate) fn output(&mut self, id: ValueId) {
        self.graph.outputs.push(id);
    }

    pub(crate) fn facts(&self) -> Vec<Option<Fact>> {
        self.graph.bind(&self.shapes).unwrap()
    }

    /// Why an axis of a node's input or output cannot be cut.
    pub(crate) fn frozen(&self, node: usize, slot: Slot, axis: u32) -> &'static str {
        let coupling = Coupling::new(&self.graph, &self.facts(), Granularity::Outer);
        let place = coupling.place(NodeId(node as u32), slot).unwrap();
        coupling.frozen(place, axis).map_or("it can be cut", |frozen| frozen.why)
    }

    /// Numbers of classes that can be cut, of each group of axes.
    pub(crate) fn classes(&self, granularity: Granularity) -> Vec<usize> {
        let coupling = Coupling::new(&self.graph, &self.facts(), granularity);
        let mut counts: Vec<usize> = coupling.groups.iter().map(|g| g.classes.len()).collect();
        counts.sort_unstable();
        counts
    }

    /// Checks that the network has these numbers of classes, and that cutting any of them gives
    /// what masking them gives, for heads as a whole and for the same dimensions of every head.
    pub(crate) fn check(&mut self, classes: &[usize]) {
        assert_eq!(self.classes(Granularity::Outer), classes, "classes of each group");
        for granularity in [Granularity::Outer, Granularity::Inner] {
            let facts = self.facts();
            let coupling = Coupling::new(&self.graph, &facts, granularity);
            let count = coupling.classes.len();
            let one: Vec<Vec<bool>> =
                (0..count).map(|cut| (0..count).map(|at| at != cut).collect()).collect();
            let mut keeps = one;
            // The first half and the last half of every group.
            for half in [0, 1] {
                let mut keep = vec![true; count];
                for group in coupling.groups.iter().filter(|group| group.classes.len() > 1) {
                    let (low, high) = group.classes.split_at(group.classes.len() / 2);
                    (if half == 0 { low } else { high }).iter().for_each(|c| keep[*c] = false);
                }
                keeps.push(keep);
            }
            for keep in keeps.iter().filter(|keep| !empties(&coupling, keep)) {
                self.compare(&coupling, &facts, keep);
            }
        }
    }

    /// Cuts classes (`false`) for good.
    pub(crate) fn cut(&mut self, keep: &[bool]) {
        let facts = self.facts();
        let coupling = Coupling::new(&self.graph, &facts, Granularity::Outer);
        self.graph = coupling.shrink(&self.graph, &facts, keep).unwrap().0;
    }

    fn compare(&mut self, coupling: &Coupling, facts: &[Option<Fact>], keep: &[bool]) {
        let (small, after) = coupling.shrink(&self.graph, facts, keep).unwrap();
        let mut inputs = Vec::new();
        for shape in self.shapes.clone() {
            inputs.push(Tensor::f32(shape.clone(), self.numbers(shape.iter().product())));
        }
        let kept = coupling.kept(keep);
        let masked = run(&self.graph, facts, &inputs, Some((coupling, &kept)));
        let cut = run(&small, &after, &inputs, None);
        for (id, node) in self.graph.numbered_nodes() {
            for (at, value) in node.outputs.iter().enumerate() {
                let Values::F32(_) = masked[value].values() else { continue };
                let place = coupling.place(id, Slot::Out(at)).unwrap();
                let mut stored =
                    Stored::of_f32(masked[value].shape().to_vec(), masked[value].as_f32());
                for axis in 0..stored.shape().len() {
                    if let Some(kept) = kept.get(&(place, axis as u32)) {
                        stored = stored.select(axis, kept).unwrap();
                    }
                }
                let (expect, found) = (stored.to_f32().unwrap(), &cut[value]);
                assert_eq!(found.shape(), stored.shape(), "{} of {}", node.name, at);
                for (a, b) in expect.iter().zip(found.as_f32()) {
                    let close = (a - b).abs() <= TOLERANCE * (1.0 + a.abs());
                    assert!(close, "{}: {a} where masked, {b} where cut", node.name);
                }
            }
        }
    }
}

/// Whether a cut leaves nothing of an axis.
fn empties(coupling: &Coupling, keep: &[bool]) -> bool {
    coupling.shapes(keep).iter().flatten().any(|size| *size == 0)
}

/// Every value of a graph that is computed; with a mask, cut indices are zeros wherever they are.
fn run(
    graph: &Graph,
    facts: &[Option<Fact>],
    inputs: &[Tensor],
    mask: Option<(&Coupling, &Kept)>,
) -> HashMap<ValueId, Tensor> {
    let mut values: HashMap<ValueId, Tensor> =
        graph.inputs.iter().copied().zip(inputs.iter().cloned()).collect();
    for (id, node) in graph.numbered_nodes() {
        let masked = |slot: Slot, mut tensor: Tensor| {
            if let Some((coupling, kept)) = mask
                && let Some(place) = coupling.place(id, slot)
            {
                for axis in 0..tensor.shape().len() {
                    if let Some(kept) = kept.get(&(place, axis as u32)) {
                        clear(&mut tensor, axis, kept);
                    }
                }
            }
            tensor
        };
        let find = |(at, value): (usize, &Option<ValueId>)| {
            let value = (*value)?;
            let tensor = match &graph.value(value).origin {
                Origin::Weight(stored) => stored.to_tensor().unwrap(),
                Origin::Constant(tensor) => tensor.clone(),
                Origin::Input | Origin::Node(_) => return Some(values[&value].clone()),
            };
            Some(masked(Slot::In(at), tensor))
        };
        let read: Vec<Option<Tensor>> = node.inputs.iter().enumerate().map(find).collect();
        let mut read: Vec<Option<&Tensor>> = read.iter().map(Option::as_ref).collect();
        let known: Vec<Option<&Fact>> =
            node.inputs.iter().map(|id| id.and_then(|id| facts[id.0 as usize].as_ref())).collect();
        let mut outputs: Vec<Tensor> = Vec::new();
        for output in &node.outputs {
            let fact = facts[output.0 as usize].as_ref().unwrap();
            outputs.push(empty(fact.kind, &fact.known_shape().unwrap()));
        }
        let operator = node.op.operator();
        if operator.in_place(&known) {
            outputs[0] = read[0].take().unwrap().clone();
        }
        operator.forward(&read, &mut outputs);
        for (at, (value, tensor)) in node.outputs.iter().zip(outputs).enumerate() {
            values.insert(*value, masked(Slot::Out(at), tensor));
        }
    }
    values
}

/// Zeros for the indices of an axis that are not kept.
fn clear(tensor: &mut Tensor, axis: usize, kept: &[usize]) {
    let shape = tensor.shape().to_vec();
    let inner: usize = shape[axis + 1..].iter().product();
    let gone = |at: usize| !kept.contains(&(at / inner % shape[axis]));
    match tensor.values_mut() {
        Values::F32(values) => {
            values.iter_mut().enumerate().filter(|(at, _)| gone(*at)).for_each(|(_, v)| *v = 0.0);
        }
        Values::I64(_) | Values::Bool(_) | Values::Stored(_) => {}
    }
}
