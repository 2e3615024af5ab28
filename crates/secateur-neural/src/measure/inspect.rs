//! What a model is: architecture, tensors, zeros, cost.

use rayon::prelude::*;
use secateur_checkpoint::{BlockOptions, Checkpoint};
use secateur_graph::ValueId;
use serde::Serialize;

use crate::error::NeuralError;
use crate::family::{check_finite, count_nonzeros};
use crate::prune::shape_of;

/// What a model is.
#[derive(Clone, Debug, Serialize)]
pub struct Inspection {
    /// `hf` or `gguf`.
    pub format: String,
    /// Name of the architecture.
    pub architecture: String,
    /// One line: layers, widths, heads.
    pub summary: String,
    /// Blocks.
    pub layers: usize,
    /// Values in all tensors.
    pub parameters: u64,
    /// Values other than zero.
    pub nonzeros: u64,
    /// Bytes of all tensors.
    pub bytes: u64,
    /// Weights of linear layers inside the blocks.
    pub prunable: u64,
    /// Multiply-accumulates for one token, without attention over the past.
    pub macs_per_token: u64,
    /// Value types, with the number of tensors of each.
    pub types: Vec<(String, usize)>,
    /// Whether there is a tokenizer.
    pub tokenizer: bool,
    /// Linear layers inside the blocks.
    pub linears: Vec<LinearRow>,
    /// What the user should know, each a sentence.
    pub warnings: Vec<String>,
}

/// A linear layer.
#[derive(Clone, Debug, Serialize)]
pub struct LinearRow {
    /// Name of the module.
    pub name: String,
    /// `[out, in]`.
    pub shape: [usize; 2],
    /// Value type.
    pub dtype: String,
    /// Share of weights that are zero.
    pub sparsity: f64,
    /// The tightest of 1:4, 2:4 and 4:8 that the zeros keep to, if any.
    pub pattern: Option<String>,
}

/// Looks at a model; reads all weights to count zeros.
///
/// # Errors
/// [`NeuralError`] when a segment cannot be built.
pub fn inspect(model: &Checkpoint) -> Result<Inspection, NeuralError> {
    let mut linears = Vec::new();
    let mut macs = 0;
    for block in 0..model.dims.layers {
        let segment = model.block(block, BlockOptions { positions: 1, cache: false })?;
        let rows: Vec<_> =
            segment.linears.iter().map(|l| (l.name.clone(), shape_of(&segment.graph, l))).collect();
        macs += rows.iter().map(|(_, [out, inner])| (out * inner) as u64).sum::<u64>();
        linears.extend(rows);
    }
    let head = model.head()?;
    macs += head.linears.iter().map(|l| product(&head.graph, l.weight)).sum::<u64>();
    let prunable = linears.iter().map(|(_, [out, inner])| (out * inner) as u64).sum();
    let rows = linears.into_par_iter().map(|(name, shape)| row(model, name, shape)).collect();
    let (bytes, parameters) = model.tensors.size();
    let tensors: Vec<_> = model.tensors.iter().collect();
    let mut warnings = model.warnings.clone();
    warnings.extend(check_finite(model).err().map(|error| error.to_string()));
    Ok(Inspection {
        format: format!("{:?}", model.layout).to_lowercase(),
        architecture: model.architecture.name().to_owned(),
        summary: model.summary(),
        layers: model.dims.layers,
        parameters,
        nonzeros: tensors.par_iter().map(|(_, source)| count_nonzeros(&source.stored)).sum(),
        bytes,
        prunable,
        macs_per_token: macs,
        types: model.tensors.types().into_iter().map(|(t, n)| (t.to_string(), n)).collect(),
        tokenizer: model.tokenizer().is_ok(),
        linears: rows,
        warnings,
    })
}

fn product(graph: &secateur_graph::Graph, id: ValueId) -> u64 {
    let shape = graph.value(id).fact.known_shape().unwrap_or_default();
    shape.iter().map(|&n| n as u64).product()
}

fn row(model: &Checkpoint, name: String, shape: [usize; 2]) -> LinearRow {
    let source = model.tensors.find(&format!("{name}.weight")).expect("the segment has it");
    let values = source.stored.to_f32().expect("the segment has checked the type");
    let zeros = values.iter().filter(|v| **v == 0.0).count();
    let keeps = |keep: usize, of: usize| {
        let runs = values.chunks(of);
        shape[1].is_multiple_of(of)
            && runs.into_iter().all(|run| run.iter().filter(|v| **v != 0.0).count() <= keep)
    };
    let patterns = [(1, 4), (2, 4), (4, 8)];
    let pattern = patterns.iter().find(|(keep, of)| keeps(*keep, *of));
    LinearRow {
        name,
        shape,
        dtype: source.stored.dtype().to_string(),
        sparsity: zeros as f64 / values.len().max(1) as f64,
        pattern: pattern.map(|(keep, of)| format!("{keep}:{of}")),
    }
}
