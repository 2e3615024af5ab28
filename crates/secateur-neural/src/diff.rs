//! What differs between two models, tensor by tensor.

use std::path::Path;

use rayon::prelude::*;
use secateur_checkpoint::{Checkpoint, Source};
use serde::Serialize;

use crate::error::NeuralError;

/// What differs between two models.
#[derive(Clone, Debug, Serialize)]
pub struct Difference {
    /// Values in all tensors, before and after.
    pub parameters: [u64; 2],
    /// Bytes of all tensors, before and after.
    pub bytes: [u64; 2],
    /// Tensors that are the same bits in the same type.
    pub identical: usize,
    /// Tensors that differ, in the order of the first model.
    pub changed: Vec<Row>,
    /// Names that only the first model has.
    pub removed: Vec<String>,
    /// Names that only the second model has.
    pub added: Vec<String>,
}

/// A tensor that differs.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// Name of the tensor.
    pub name: String,
    /// Shape, before and after.
    pub shape: [Vec<usize>; 2],
    /// Value type, before and after.
    pub dtype: [String; 2],
    /// Share of zeros, before and after.
    pub sparsity: [f64; 2],
    /// Values that differ; absent when the shapes do.
    pub values_changed: Option<u64>,
    /// Euclidean length of the change over that of the first tensor; absent when shapes differ.
    pub change: Option<f64>,
}

/// Compares two models.
///
/// # Errors
/// [`NeuralError`] when one cannot be opened.
pub fn diff(a: &Path, b: &Path) -> Result<Difference, NeuralError> {
    let (a, b) = (secateur_checkpoint::open(a)?, secateur_checkpoint::open(b)?);
    let pairs: Vec<_> = a
        .tensors
        .iter()
        .filter_map(|(name, first)| b.tensors.find(name).map(|second| (name, first, second)))
        .collect();
    let rows: Vec<Option<Row>> = pairs.par_iter().map(|(name, x, y)| compare(name, x, y)).collect();
    Ok(Difference {
        parameters: [a.tensors.size().1, b.tensors.size().1],
        bytes: [a.tensors.size().0, b.tensors.size().0],
        identical: rows.iter().filter(|row| row.is_none()).count(),
        changed: rows.into_iter().flatten().collect(),
        removed: only_in(&a, &b),
        added: only_in(&b, &a),
    })
}

fn only_in(a: &Checkpoint, b: &Checkpoint) -> Vec<String> {
    let names = a.tensors.iter().map(|(name, _)| name);
    names.filter(|name| b.tensors.find(name).is_none()).map(str::to_owned).collect()
}

/// `None` when the two are the same bits.
fn compare(name: &str, a: &Source, b: &Source) -> Option<Row> {
    let (a, b) = (a.load(), b.load());
    let same_kind = a.dtype() == b.dtype() && a.shape() == b.shape();
    if same_kind && **a.bytes() == **b.bytes() {
        return None;
    }
    let values = |s: &secateur_tensor::Stored| s.to_f32().unwrap_or_default();
    let (x, y) = (values(&a), values(&b));
    let zeros = |v: &[f32]| v.iter().filter(|v| **v == 0.0).count() as f64 / v.len().max(1) as f64;
    let comparable = a.shape() == b.shape() && x.len() == y.len() && !x.is_empty();
    let (mut changed, mut distance, mut length) = (0, 0.0, 0.0);
    for (&x, &y) in x.iter().zip(&y) {
        changed += u64::from(x != y);
        distance += f64::from(x - y).powi(2);
        length += f64::from(x).powi(2);
    }
    Some(Row {
        name: name.to_owned(),
        shape: [a.shape().to_vec(), b.shape().to_vec()],
        dtype: [a.dtype().to_string(), b.dtype().to_string()],
        sparsity: [zeros(&x), zeros(&y)],
        values_changed: comparable.then_some(changed),
        change: (comparable && length > 0.0).then(|| (distance / length).sqrt()),
    })
}
