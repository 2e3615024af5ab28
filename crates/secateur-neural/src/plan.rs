//! What a run will take, before it reads a value.

use secateur_checkpoint::BlockOptions;
use secateur_core::prune::Evidence;
use secateur_core::recipe::{Allocation, Precision, Scope};
use secateur_exec::Activations;
use secateur_exec::segments::BATCH_TOKENS;
use secateur_tensor::DType;
use serde::Serialize;

use crate::error::NeuralError;
use crate::prune::{Work, band, shape_of};

/// Memory that a run may take unless it is told: what a small laptop has free.
const DEFAULT_MEMORY: u64 = 4 << 30;
/// Memory of the program itself: code, thread stacks, packed panels of matrix products.
const BASE: u64 = 64 << 20;
/// Multiply-accumulates a second, for estimates: a slow pair of cores.
const MACS_PER_SECOND: f64 = 4e10;

/// Where calibration activations are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spill {
    /// In memory.
    Memory,
    /// In a file beside the output.
    File,
}

/// Bytes of memory that a run takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Memory {
    /// Whatever happens: one block, its scores, the working values of a batch.
    pub least: u64,
    /// Calibration activations.
    pub activations: u64,
}

/// Bytes of memory that a run takes, from shapes alone.
///
/// # Errors
/// [`NeuralError`] when the first block cannot be described.
pub fn memory(work: &Work<'_>) -> Result<Memory, NeuralError> {
    let d = &work.model.dims;
    let kv = d.heads.kv * d.heads.width;
    let attention = d.heads.count * d.heads.width;
    let block =
        (d.width * (attention + 2 * kv) + attention * d.width + 3 * d.inner * d.width) as u64;
    let largest = (d.inner.max(3 * attention) * d.width) as u64;
    let values = |tokens: usize| ((6 * d.width + 3 * d.inner + 2 * attention) * tokens * 4) as u64;
    // Without activations no block is at work: a layer alone is, or bands of it.
    let mut least = BASE
        + match (&work.calibration, work.in_bands()?) {
            (Some(_), _) => block * 4 + largest * 16,
            (None, false) => largest * 16,
            (None, true) => {
                let widest = band(d.inner.max(attention).max(d.width)).max(band(d.width));
                (widest * 16 * rayon::current_num_threads()) as u64
            }
        };
    if work.needs() == Evidence::Moments {
        // Products of each distinct input, and the factor of the largest at work.
        let square = |n: usize| (n * n) as u64;
        let all = 2 * square(d.width) + square(attention) + square(d.inner);
        least += 4 * all + 28 * square(d.inner.max(attention).max(d.width));
    }
    let mut activations = 0;
    if let Some(windows) = &work.calibration {
        least += values(windows.tokens.max(BATCH_TOKENS));
        let kept = match work.recipe.precision {
            Precision::F32 => DType::F32,
            Precision::Bf16 => DType::BF16,
        };
        activations = Activations::bytes(kept, windows.count(), windows.tokens, d.width);
    }
    if let Some(windows) = &work.evaluation {
        let head = (d.vocabulary * (d.width + 128) * 4) as u64;
        let all = Activations::bytes(DType::F32, windows.count(), windows.tokens, d.width);
        least = least.max(BASE + block * 4 + head + all + values(windows.tokens.max(BATCH_TOKENS)));
    }
    Ok(Memory { least, activations })
}

impl Memory {
    /// Where activations go under a budget of bytes.
    ///
    /// # Errors
    /// [`NeuralError::Memory`] when even one block does not fit.
    pub fn spill(&self, allowed: Option<u64>) -> Result<Spill, NeuralError> {
        let budget = allowed.unwrap_or(DEFAULT_MEMORY);
        match allowed {
            Some(allowed) if self.least > allowed => {
                Err(NeuralError::Memory { needed: bytes(self.least), allowed: bytes(allowed) })
            }
            _ if self.least + self.activations > budget => Ok(Spill::File),
            _ => Ok(Spill::Memory),
        }
    }
}

/// Bytes for a person.
pub fn bytes(n: u64) -> String {
    let units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
    let mut value = n as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < units.len() {
        value /= 1024.0;
        unit += 1;
    }
    if unit == 0 { format!("{n} bytes") } else { format!("{value:.1} {}", units[unit]) }
}

/// What `--dry-run` shows.
#[derive(Clone, Debug, Serialize)]
pub struct Plan {
    /// One line on the model.
    pub model: String,
    /// The method.
    pub method: String,
    /// The budget, in words.
    pub budget: String,
    /// Layers that will be pruned.
    pub layers: usize,
    /// Layers that will be left alone.
    pub skipped: usize,
    /// Weights in the pruned layers.
    pub weights: u64,
    /// Values in all tensors.
    pub parameters: u64,
    /// Calibration windows, and tokens of each.
    pub calibration: Option<[usize; 2]>,
    /// Bytes of the weights that will be written.
    pub output_bytes: u64,
    /// Bytes of memory that the run will take.
    pub memory_bytes: u64,
    /// Bytes written to a file beside the output while the run lasts.
    pub spilled_bytes: u64,
    /// Seconds that the run may take; a guess from the number of multiply-accumulates.
    pub seconds: f64,
    /// What the user should know, each a sentence.
    pub warnings: Vec<String>,
}

/// Plans a run from headers and shapes; no weight is read.
///
/// # Errors
/// [`NeuralError`] when the run could not start.
pub fn plan(work: &Work<'_>, max_memory: Option<u64>) -> Result<Plan, NeuralError> {
    let (mut layers, mut skipped, mut weights) = (0, 0, 0);
    for block in 0..work.model.dims.layers {
        let segment = work.model.block(block, BlockOptions { positions: 1, cache: false })?;
        for linear in &segment.linears {
            let [out, inner] = shape_of(&segment.graph, linear);
            if work.choice.skipped(&linear.name).is_some() {
                skipped += 1;
            } else {
                layers += 1;
                weights += (out * inner) as u64;
            }
        }
    }
    let memory = memory(work)?;
    let spill = memory.spill(max_memory)?;
    let (in_memory, spilled) = match spill {
        Spill::Memory => (memory.activations, 0),
        Spill::File => (0, memory.activations),
    };
    let tokens = work.calibration.as_ref().map_or(0, |w| w.ids.len()) as f64;
    let evaluated = work.evaluation.as_ref().map_or(0, |w| w.ids.len()) as f64;
    let passes = match work.needs() {
        Evidence::Nothing => 0.0,
        // Products of inputs cost about half a pass of the layers that share them.
        Evidence::Moments => 3.0,
        Evidence::Activations | Evidence::Gradients => 2.0,
    };
    // The dense pass comes first; after that, a global cut needs no other.
    let passes = match (work.recipe.allocation, work.recipe.scope) {
        (Allocation::Owl { .. }, _) => passes + 1.0,
        (Allocation::Uniform, Scope::Global) if passes > 0.0 => 1.0,
        (Allocation::Uniform, _) => passes,
    };
    let scored = if work.recipe.scope == Scope::Global { 3.0 } else { 1.0 };
    let macs = weights as f64 * (passes * tokens + 2.0 * evaluated);
    let read = work.model.tensors.size().0 as f64 / 5e8;
    Ok(Plan {
        model: work.model.summary(),
        method: work.recipe.method.clone(),
        budget: work.recipe.budget.to_string(),
        layers,
        skipped,
        weights,
        parameters: work.model.tensors.size().1,
        calibration: work.calibration.as_ref().map(|w| [w.count(), w.tokens]),
        output_bytes: work.files.iter().map(|f| f.len).sum(),
        memory_bytes: memory.least + in_memory,
        spilled_bytes: spilled,
        seconds: macs / MACS_PER_SECOND + (read + weights as f64 / 5e7) * scored,
        warnings: work.warnings(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn activations_spill_past_the_budget_and_too_little_is_refused() {
        let memory = Memory { least: 100 << 20, activations: 300 << 20 };
        assert_eq!(memory.spill(None).unwrap(), Spill::Memory);
        assert_eq!(memory.spill(Some(1 << 30)).unwrap(), Spill::Memory);
        assert_eq!(memory.spill(Some(200 << 20)).unwrap(), Spill::File);
        let error = memory.spill(Some(50 << 20)).unwrap_err().to_string();
        assert_eq!(error, "needs 100.0 MiB of memory, --max-memory is 50.0 MiB");
    }
}
