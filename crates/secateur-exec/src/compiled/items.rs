//! The nodes of a graph that are left to compute when constants are known, in the forms that
//! steps are made of.

use std::collections::HashMap;
use std::sync::Arc;

use secateur_graph::ops::{Binary, Op, Unary, empty};
use secateur_graph::{Fact, Graph, Kind, Node, NodeId, Origin, ValueId};
use secateur_tensor::Tensor;
use secateur_tensor::kernels::Activation;
use secateur_tensor::tensor::Values;

use crate::runner::{RunnerError, check_runs};

/// A node, or what became of it.
pub(super) struct Item<'g> {
    pub(super) node: NodeId,
    pub(super) form: Form<'g>,
    pub(super) inputs: Vec<Option<ValueId>>,
    pub(super) outputs: Vec<ValueId>,
    /// Input 0 as the graph has it, when the node is to be observed.
    pub(super) observed: Option<ValueId>,
}

/// What an item computes.
pub(super) enum Form<'g> {
    /// As the operator says.
    Node(&'g Op),
    /// The same values in the same order, under the shape of the output.
    View,
    /// A function of each value.
    Activation(Activation),
    /// `x * factor + summand` for each channel.
    Affine(Affine),
}

/// `x * factor + summand` for each index of an axis, or the same for all.
pub(super) struct Affine {
    pub(super) axis: Option<usize>,
    pub(super) factor: Vec<f64>,
    pub(super) summand: Vec<f64>,
}

/// Items in an order in which they can run, and what is known of their values.
pub(super) struct Items<'g> {
    pub(super) graph: &'g Graph,
    pub(super) facts: Vec<Option<Fact>>,
    pub(super) list: Vec<Item<'g>>,
    /// Times that a value is read: by items, as input 0 of observed nodes, and as an output.
    pub(super) uses: Vec<usize>,
    constants: Vec<Option<Arc<Tensor>>>,
}

impl<'g> Items<'g> {
    /// The items that the outputs of a graph need.
    pub(super) fn new(
        graph: &'g Graph,
        facts: Vec<Option<Fact>>,
        observed: &[NodeId],
    ) -> Result<Self, RunnerError> {
        let nodes = needed(graph, &facts)?;
        let count = graph.values().len();
        let constants = facts.iter().map(|f| f.as_ref().and_then(|f| f.value.clone())).collect();
        let list = Vec::with_capacity(nodes.len());
        let mut items = Self { graph, facts, list, uses: vec![0; count], constants };
        for (id, node) in nodes {
            for input in node.inputs.iter().flatten() {
                items.read_weight(*input)?;
            }
            let observed =
                node.inputs.first().copied().flatten().filter(|_| observed.contains(&id));
            let is_known = node.inputs.iter().flatten().all(|id| items.constant(*id).is_some());
            if is_known && observed.is_none() {
                items.fold(node);
                continue;
            }
            let (inputs, outputs) = (node.inputs.clone(), node.outputs.clone());
            let form = Form::Node(&node.op);
            items.list.push(Item { node: id, form, inputs, outputs, observed });
        }
        for output in &graph.outputs {
            items.read_weight(*output)?;
            items.uses[output.0 as usize] += 1;
        }
        for item in &items.list {
            for input in item.inputs.iter().flatten().chain(&item.observed) {
                items.uses[input.0 as usize] += 1;
            }
        }
        items.name_forms();
        items.join_gates();
        Ok(items)
    }

    /// The value that a constant has.
    pub(super) fn constant(&self, id: ValueId) -> Option<&Arc<Tensor>> {
        self.constants[id.0 as usize].as_ref()
    }

    /// The f32 values of a constant.
    pub(super) fn floats(&self, id: ValueId) -> Option<&[f32]> {
        match self.constant(id)?.values() {
            Values::F32(values) => Some(values),
            Values::I64(_) | Values::Bool(_) | Values::Stored(_) => None,
        }
    }

    /// The integers of a constant.
    pub(super) fn integers(&self, id: ValueId) -> Option<&[i64]> {
        match self.constant(id)?.values() {
            Values::I64(values) => Some(values),
            Values::F32(_) | Values::Bool(_) | Values::Stored(_) => None,
        }
    }

    pub(super) fn fact(&self, id: ValueId) -> &Fact {
        self.facts[id.0 as usize].as_ref().expect("values of nodes that run have facts")
    }

    pub(super) fn shape(&self, id: ValueId) -> Vec<usize> {
        self.fact(id).known_shape().expect("a bound graph has numbers")
    }

    /// An input of an item that is there.
    pub(super) fn input(item: &Item<'_>, index: usize) -> Option<ValueId> {
        item.inputs.get(index).copied().flatten()
    }

    fn read_weight(&mut self, id: ValueId) -> Result<(), RunnerError> {
        let value = self.graph.value(id);
        let place = &mut self.constants[id.0 as usize];
        match &value.origin {
            Origin::Weight(stored) if place.is_none() => {
                let fail = |error| RunnerError::Weight { name: value.name.clone(), error };
                *place = Some(Arc::new(stored.to_tensor().map_err(fail)?));
            }
            Origin::Constant(tensor) if place.is_none() => {
                *place = Some(Arc::new(tensor.clone()));
            }
            Origin::Weight(_) | Origin::Constant(_) | Origin::Input | Origin::Node(_) => {}
        }
        Ok(())
    }

    /// Computes a node whose inputs are constants.
    fn fold(&mut self, node: &Node) {
        let facts: Vec<Option<&Fact>> =
            node.inputs.iter().map(|id| id.map(|id| self.fact(id))).collect();
        let mut inputs: Vec<Option<&Tensor>> = node
            .inputs
            .iter()
            .map(|id| id.and_then(|id| self.constant(id)).map(|t| &**t))
            .collect();
        let empty = |id: &ValueId| empty(self.fact(*id).kind, &self.shape(*id));
        let mut outputs: Vec<Tensor> = node.outputs.iter().map(empty).collect();
        let operator = node.op.operator();
        if operator.in_place(&facts)
            && let Some(Some(x)) = inputs.first().copied()
        {
            outputs[0] = x.clone();
            inputs[0] = None;
        }
        operator.forward(&inputs, &mut outputs);
        for (id, tensor) in node.outputs.iter().zip(outputs) {
            self.constants[id.0 as usize] = Some(Arc::new(tensor));
        }
    }

    fn name_forms(&mut self) {
        for at in 0..self.list.len() {
            let item = &self.list[at];
            let Form::Node(op) = item.form else { continue };
            let x = item.inputs.iter().flatten().copied().find(|id| self.constant(*id).is_none());
            let Some(x) = x else { continue };
            let form = self.form(op, item, x);
            if let Some(form) = form {
                let item = &mut self.list[at];
                item.form = form;
                item.inputs = vec![Some(x)];
            }
        }
    }

    /// A form for an operator of one value that is no constant.
    fn form(&self, op: &Op, item: &Item<'_>, x: ValueId) -> Option<Form<'g>> {
        let y = item.outputs[0];
        if self.fact(x).kind != self.fact(y).kind {
            return None;
        }
        match op {
            Op::Identity(_) => {
                let others = &item.outputs[1..];
                others.iter().all(|id| self.uses[id.0 as usize] == 0).then_some(Form::View)
            }
            Op::Reshape(_) | Op::Flatten(_) | Op::Squeeze(_) | Op::Unsqueeze(_) => Some(Form::View),
            Op::Expand(_) => (self.shape(x) == self.shape(y)).then_some(Form::View),
            _ if self.fact(x).kind != Kind::F32 => None,
            Op::Unary(unary) => activation(*unary).map(Form::Activation),
            Op::Swish(_) => Some(Form::Activation(Activation::Silu)),
            Op::Clip(_) => {
                let bound = |index: usize, none: f32| match Self::input(item, index) {
                    None => Some(none),
                    Some(id) => self.floats(id).map(|values| values[0]),
                };
                let (low, high) = (bound(1, f32::NEG_INFINITY)?, bound(2, f32::INFINITY)?);
                Some(Form::Activation(Activation::Clip { low, high }))
            }
            Op::BatchNormalization(norm) => {
                let part = |index: usize| self.floats(Self::input(item, index)?);
                let (scale, bias) = (part(1)?, part(2)?);
                let (mean, variance) = (part(3)?, part(4)?);
                let root = |c: usize| (f64::from(variance[c]) + f64::from(norm.epsilon)).sqrt();
                let factor: Vec<f64> =
                    (0..scale.len()).map(|c| f64::from(scale[c]) / root(c)).collect();
                let summand = (0..scale.len())
                    .map(|c| f64::from(bias[c]) - f64::from(mean[c]) * factor[c])
                    .collect();
                Some(Form::Affine(Affine { axis: Some(1), factor, summand }))
            }
            Op::Binary(binary) => self.of_constant(*binary, item, x),
            _ => None,
        }
    }

    /// A function of a value and a constant that is one number, or one for each index of an axis.
    fn of_constant(&self, binary: Binary, item: &Item<'_>, x: ValueId) -> Option<Form<'g>> {
        let &[Some(a), Some(b)] = item.inputs.as_slice() else { return None };
        let c = if x == a { b } else { a };
        let values = self.floats(c)?;
        let (shape, of_constant) = (self.shape(x), self.shape(c));
        if self.shape(item.outputs[0]) != shape || of_constant.len() > shape.len() {
            return None;
        }
        let lead = shape.len() - of_constant.len();
        let mut wide = (0..of_constant.len()).filter(|axis| of_constant[*axis] != 1);
        let axis = wide.next().map(|axis| axis + lead);
        if wide.next().is_some() {
            return None;
        }
        let all = |f: fn(f64) -> f64| values.iter().map(|v| f(f64::from(*v))).collect::<Vec<_>>();
        let (factor, summand) = match binary {
            Binary::Add => (all(|_| 1.0), all(|v| v)),
            Binary::Sub if x == a => (all(|_| 1.0), all(|v| -v)),
            Binary::Sub => (all(|_| -1.0), all(|v| v)),
            Binary::Mul => (all(|v| v), all(|_| 0.0)),
            Binary::Div if x == a && !values.contains(&0.0) => (all(|v| 1.0 / v), all(|_| 0.0)),
            Binary::PRelu if x == a && values.len() == 1 => {
                return Some(Form::Activation(Activation::LeakyRelu(values[0])));
            }
            _ => return None,
        };
        Some(Form::Affine(Affine { axis, factor, summand }))
    }

    /// `x * sigmoid(x)` is one function of `x`, and so is `x * hard_sigmoid(x)`.
    fn join_gates(&mut self) {
        let mut made: HashMap<ValueId, usize> = HashMap::new();
        let mut gone = vec![false; self.list.len()];
        for at in 0..self.list.len() {
            if let Some((x, gate, joined)) = self.gate(&self.list[at], &made) {
                gone[gate] = true;
                self.uses[x.0 as usize] -= 1;
                let item = &mut self.list[at];
                item.form = Form::Activation(joined);
                item.inputs = vec![Some(x)];
            }
            made.extend(self.list[at].outputs.iter().map(|id| (*id, at)));
        }
        let mut gone = gone.into_iter();
        self.list.retain(|_| !gone.next().expect("one for each item"));
    }

    /// The value that a product takes by itself and through a gate, the gate, and both in one.
    fn gate(
        &self,
        item: &Item<'_>,
        made: &HashMap<ValueId, usize>,
    ) -> Option<(ValueId, usize, Activation)> {
        let Form::Node(Op::Binary(Binary::Mul)) = item.form else { return None };
        let &[Some(a), Some(b)] = item.inputs.as_slice() else { return None };
        for (x, through) in [(a, b), (b, a)] {
            let Some(&at) = made.get(&through) else { continue };
            let gate = &self.list[at];
            if gate.inputs.first() != Some(&Some(x))
                || gate.observed.is_some()
                || self.uses[through.0 as usize] != 1
            {
                continue;
            }
            match gate.form {
                Form::Activation(Activation::Sigmoid) => return Some((x, at, Activation::Silu)),
                Form::Activation(Activation::HardSigmoid { alpha, beta })
                    if (alpha - 1.0 / 6.0).abs() < 1e-6 && beta == 0.5 =>
                {
                    return Some((x, at, Activation::HardSwish));
                }
                _ => {}
            }
        }
        None
    }
}

/// Nodes that the outputs need, in order, each of which can be computed.
fn needed<'g>(
    graph: &'g Graph,
    facts: &[Option<Fact>],
) -> Result<Vec<(NodeId, &'g Node)>, RunnerError> {
    let mut wanted = vec![false; graph.values().len()];
    for id in &graph.outputs {
        wanted[id.0 as usize] = true;
    }
    let is_known = |id: ValueId| facts[id.0 as usize].as_ref().is_some_and(|f| f.value.is_some());
    let mut nodes = Vec::new();
    for (id, node) in graph.numbered_nodes().collect::<Vec<_>>().into_iter().rev() {
        if !node.outputs.iter().any(|id| wanted[id.0 as usize] && !is_known(*id)) {
            continue;
        }
        check_runs(node, facts)?;
        nodes.push((id, node));
        for input in node.inputs.iter().flatten() {
            wanted[input.0 as usize] = true;
        }
    }
    nodes.reverse();
    Ok(nodes)
}

/// The activation of layers that a function is, if it is one.
fn activation(unary: Unary) -> Option<Activation> {
    match unary {
        Unary::Relu => Some(Activation::Relu),
        Unary::HardSwish => Some(Activation::HardSwish),
        Unary::HardSigmoid { alpha, beta } => Some(Activation::HardSigmoid { alpha, beta }),
        Unary::Sigmoid => Some(Activation::Sigmoid),
        Unary::LeakyRelu { alpha } => Some(Activation::LeakyRelu(alpha)),
        _ => None,
    }
}
