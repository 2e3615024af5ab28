//! The smaller network against the masked original.
//!
//! Masked means that every cut channel is replaced by a constant at every value that it runs
//! through: zero, or what follows from the bias of its batch normalization where that was
//! absorbed ([`super::absorb`]). Where a layer that absorbs it pads, the constant goes on into the
//! padding. What is left must compute the same.

use std::collections::HashMap;
use std::ops::Range;

use secateur_core::Random;
use secateur_exec::runner::sample_input;
use secateur_exec::{Runner, Visitor};
use secateur_graph::ops::Op;
use secateur_graph::{Fact, Graph, NodeId, Origin, Slot};
use secateur_tensor::Tensor;
use secateur_tensor::tensor::Values;

use super::error::NetworkError;
use super::model::Model;

/// Largest difference from the masked original, as a share of the largest output.
pub const TOLERANCE: f64 = 1e-5;

/// Sets cut channels of all values.
pub(super) struct Masked<'a> {
    model: &'a Model,
    /// Cut indices of the axes of each place.
    cut: HashMap<u32, Vec<(usize, Vec<usize>)>>,
    absorbed: &'a Constants,
}

/// Cut channels that are not zero.
#[derive(Clone, Debug, Default)]
pub struct Constants {
    /// Classes that keep their constants; all others are zero.
    pub classes: Vec<bool>,
    /// What constants give the outputs of a layer, `[1, out, ..]`, where they go on into its
    /// padding.
    pub border: HashMap<NodeId, Tensor>,
}

impl<'a> Masked<'a> {
    /// Masks what `keep` does not have.
    pub(super) fn new(model: &'a Model, keep: &[bool], absorbed: &'a Constants) -> Self {
        let mut cut: HashMap<u32, Vec<(usize, Vec<usize>)>> = HashMap::new();
        for ((place, axis), kept) in model.coupling.kept(keep) {
            let held = &model.coupling.places()[place as usize];
            if held.user.is_some() {
                continue;
            }
            let gone = (0..held.shape[axis as usize]).filter(|at| kept.binary_search(at).is_err());
            cut.entry(place).or_default().push((axis as usize, gone.collect()));
        }
        Self { model, cut, absorbed }
    }

    /// Cut indices of the axes of an input or output of a node.
    pub(super) fn cut(&self, node: NodeId, slot: Slot) -> &[(usize, Vec<usize>)] {
        let place = self.model.coupling.place(node, slot);
        place.and_then(|place| self.cut.get(&place)).map_or(&[], Vec::as_slice)
    }

    /// The class of an index of an axis of an input or output of a node.
    pub(super) fn class(
        &self,
        node: NodeId,
        slot: Slot,
        (axis, index): (usize, usize),
    ) -> Option<usize> {
        let place = self.model.coupling.place(node, slot)?;
        self.model.coupling.class(place, axis as u32, index)
    }

    fn is_absorbed(&self, class: Option<usize>) -> bool {
        class.is_some_and(|class| self.absorbed.classes.get(class) == Some(&true))
    }

    /// What an index that is cut gets in place of its values; none where it keeps them, because
    /// they follow from a constant that was absorbed.
    fn constant(&self, node: NodeId, slot: Slot, at: (usize, usize)) -> Option<f32> {
        if !self.is_absorbed(self.class(node, slot, at)) {
            return Some(0.0);
        }
        match &self.model.graph().node(node).op {
            Op::BatchNormalization(_) => Some(bias_of(self.model, node, at.1)),
            op if op.operator().weight().is_some() => Some(0.0),
            _ => None,
        }
    }

    fn mask(&self, node: NodeId, slot: Slot, tensor: &mut Tensor) {
        for (axis, indices) in self.cut(node, slot) {
            for index in indices {
                let Some(constant) = self.constant(node, slot, (*axis, *index)) else { continue };
                for run in runs(tensor.shape(), *axis, *index) {
                    match tensor.values_mut() {
                        Values::F32(values) => values[run].fill(constant),
                        Values::I64(values) => values[run].fill(0),
                        Values::Bool(values) => values[run].fill(false),
                        Values::Stored(_) => {}
                    }
                }
            }
        }
    }
}

/// Where the values of an index of an axis lie.
pub(super) fn runs(
    shape: &[usize],
    axis: usize,
    index: usize,
) -> impl Iterator<Item = Range<usize>> + use<> {
    let inner: usize = shape[axis + 1..].iter().product();
    let outer: usize = shape[..axis].iter().product();
    let size = shape[axis];
    (0..outer).map(move |row| (row * size + index) * inner).map(move |at| at..at + inner)
}

/// The bias of a channel of a batch normalization; zero when it is no constant.
fn bias_of(model: &Model, node: NodeId, channel: usize) -> f32 {
    let graph = model.graph();
    let bias = graph.node(node).inputs.get(2).copied().flatten();
    let bias = bias.map(|id| &graph.value(id).origin);
    let Some(Origin::Weight(stored)) = bias else { return 0.0 };
    stored.to_f32().ok().and_then(|bias| bias.get(channel).copied()).unwrap_or(0.0)
}

impl Visitor for Masked<'_> {
    fn wants(&self, node: NodeId) -> bool {
        let outputs = self.model.graph().node(node).outputs.len();
        self.absorbed.border.contains_key(&node)
            || (0..outputs).any(|at| !self.cut(node, Slot::Out(at)).is_empty())
    }

    fn after(&mut self, node: NodeId, outputs: &mut [Tensor]) {
        if let (Some(border), Some(output)) = (self.absorbed.border.get(&node), outputs.first_mut())
        {
            let border = border.as_f32();
            for (at, value) in output.as_f32_mut().iter_mut().enumerate() {
                *value += border[at % border.len()];
            }
        }
        for (at, tensor) in outputs.iter_mut().enumerate() {
            self.mask(node, Slot::Out(at), tensor);
        }
    }
}

/// The outputs of a graph with the inputs and outputs of a model, on the random inputs that
/// [`check`] uses.
///
/// # Errors
/// [`NetworkError::Runner`] when the network cannot be run.
pub fn outputs(
    model: &Model,
    graph: &Graph,
    facts: &[Option<Fact>],
    visitor: Option<&mut dyn Visitor>,
) -> Result<Vec<Tensor>, NetworkError> {
    let fail = |error| NetworkError::Runner { path: model.path.clone(), error };
    let runner = Runner::bound(graph, facts.to_vec(), &graph.outputs).map_err(fail)?;
    Ok(runner.run(&inputs(model, 0), &graph.outputs, visitor))
}

/// Compares the outputs of the smaller graph with those of the masked original, and gives the
/// largest difference as a share of the largest value of each output.
///
/// # Errors
/// [`NetworkError::Oracle`] when they differ by more than the tolerance, and
/// [`NetworkError::Runner`] when the network cannot be run.
pub fn check(
    model: &Model,
    found: &[Tensor],
    keep: &[bool],
    absorbed: &Constants,
    tolerance: f64,
) -> Result<f64, NetworkError> {
    let graph = model.graph();
    let mut masked = Masked::new(model, keep, absorbed);
    let expected = outputs(model, graph, &model.facts, Some(&mut masked))?;
    let mut worst = 0.0_f64;
    for ((id, a), b) in graph.outputs.iter().zip(&expected).zip(found) {
        let difference = relative_difference(a, b);
        // A difference that is no number is too large, too.
        if difference.is_nan() || difference > tolerance {
            let output = graph.value(*id).name.clone();
            let path = model.path.clone();
            return Err(NetworkError::Oracle { path, output, difference, tolerance });
        }
        worst = worst.max(difference);
    }
    Ok(worst)
}

/// Random inputs of a model.
pub(super) fn inputs(model: &Model, seed: u64) -> Vec<Tensor> {
    let mut random = Random::new(seed);
    let graph = model.graph();
    let each = graph.inputs.iter().zip(&model.shapes).map(|(id, shape)| {
        sample_input(graph.value(*id).fact.kind, shape, || random.normal() as f32)
    });
    each.collect()
}

/// Largest difference as a share of the largest value; infinite for other shapes.
pub fn relative_difference(a: &Tensor, b: &Tensor) -> f64 {
    if a.shape() != b.shape() {
        return f64::INFINITY;
    }
    match (a.values(), b.values()) {
        (Values::F32(a), Values::F32(b)) => {
            let scale = a.iter().fold(0.0_f64, |m, v| m.max(f64::from(v.abs())));
            let difference = a.iter().zip(b).fold(0.0_f64, |m, (a, b)| {
                let d = if a == b { 0.0 } else { (f64::from(*a) - f64::from(*b)).abs() };
                if d.is_nan() { f64::NAN } else { m.max(d) }
            });
            difference / scale.max(f64::MIN_POSITIVE)
        }
        (Values::I64(a), Values::I64(b)) => f64::from(u8::from(a != b)),
        (Values::Bool(a), Values::Bool(b)) => f64::from(u8::from(a != b)),
        _ => f64::INFINITY,
    }
}
