//! The smaller network against the masked original.
//!
//! Masked means that every cut channel is replaced by a constant, zero unless it was absorbed,
//! at every value that it runs through. What is left must compute the same.

use std::collections::HashMap;

use secateur_core::Random;
use secateur_exec::runner::sample_input;
use secateur_exec::{Runner, Visitor};
use secateur_graph::{Fact, Graph, NodeId, Slot};
use secateur_tensor::Tensor;
use secateur_tensor::tensor::Values;

use super::error::NetworkError;
use super::model::Model;

/// Largest difference from the masked original, as a share of the largest output.
pub const TOLERANCE: f64 = 1e-5;

/// Sets cut channels of all values.
struct Masked<'a> {
    model: &'a Model,
    cut: HashMap<u32, Vec<(usize, Vec<usize>)>>,
}

impl Masked<'_> {
    fn clear(&self, place: u32, tensor: &mut Tensor) {
        let Some(axes) = self.cut.get(&place) else { return };
        let shape = tensor.shape().to_vec();
        for (axis, indices) in axes {
            let inner: usize = shape[axis + 1..].iter().product();
            let size = shape[*axis];
            let outer: usize = shape[..*axis].iter().product();
            let runs = (0..outer)
                .flat_map(|row| indices.iter().map(move |index| (row * size + index) * inner));
            match tensor.values_mut() {
                Values::F32(values) => runs.for_each(|at| values[at..at + inner].fill(0.0)),
                Values::I64(values) => runs.for_each(|at| values[at..at + inner].fill(0)),
                Values::Bool(values) => runs.for_each(|at| values[at..at + inner].fill(false)),
                Values::Stored(_) => {}
            }
        }
    }
}

impl Visitor for Masked<'_> {
    fn wants(&self, node: NodeId) -> bool {
        let outputs = self.model.graph().node(node).outputs.len();
        let place = |at| self.model.coupling.place(node, Slot::Out(at));
        (0..outputs).filter_map(place).any(|place| self.cut.contains_key(&place))
    }

    fn after(&mut self, node: NodeId, outputs: &mut [Tensor]) {
        for (at, tensor) in outputs.iter_mut().enumerate() {
            if let Some(place) = self.model.coupling.place(node, Slot::Out(at)) {
                self.clear(place, tensor);
            }
        }
    }
}

/// Compares the smaller graph with the masked original on random inputs, and gives the largest
/// difference as a share of the largest value of each output.
///
/// # Errors
/// [`NetworkError::Oracle`] when they differ by more than the tolerance, and
/// [`NetworkError::Runner`] when the network cannot be run.
pub fn check(
    model: &Model,
    small: &Graph,
    small_facts: &[Option<Fact>],
    keep: &[bool],
    tolerance: f64,
) -> Result<f64, NetworkError> {
    let fail = |error| NetworkError::Runner { path: model.path.clone(), error };
    let graph = model.graph();
    let mut cut: HashMap<u32, Vec<(usize, Vec<usize>)>> = HashMap::new();
    for ((place, axis), kept) in model.coupling.kept(keep) {
        let held = &model.coupling.places()[place as usize];
        if held.user.is_some() {
            continue;
        }
        let gone = (0..held.shape[axis as usize]).filter(|at| kept.binary_search(at).is_err());
        cut.entry(place).or_default().push((axis as usize, gone.collect()));
    }
    let mut masked = Masked { model, cut };
    let before = Runner::bound(graph, model.facts.clone(), &graph.outputs).map_err(fail)?;
    let after = Runner::bound(small, small_facts.to_vec(), &small.outputs).map_err(fail)?;
    let mut random = Random::new(0);
    let inputs: Vec<Tensor> = graph
        .inputs
        .iter()
        .zip(&model.shapes)
        .map(|(id, shape)| {
            let kind = graph.value(*id).fact.kind;
            sample_input(kind, shape, || random.normal() as f32)
        })
        .collect();
    let expected = before.run(&inputs, &graph.outputs, Some(&mut masked));
    let found = after.run(&inputs, &small.outputs, None);
    let mut worst = 0.0_f64;
    for ((id, a), b) in graph.outputs.iter().zip(&expected).zip(&found) {
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
