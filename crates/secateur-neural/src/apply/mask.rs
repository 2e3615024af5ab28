//! Cut weights become zero; the layer keeps its shape.

use secateur_core::prune::PruneError;
use secateur_core::{Apply, Mask, Scores};

use crate::layer::{Inputs, Layer};

/// Writes +0.0 where the mask cuts.
#[derive(Clone, Copy, Debug)]
pub struct Zero;

impl Apply<Layer, Inputs> for Zero {
    fn apply(
        &self,
        layer: &mut Layer,
        mask: &Mask,
        _: &Scores,
        _: &Inputs,
    ) -> Result<(), PruneError> {
        if mask.len() != layer.weight.len() {
            return Err(PruneError::Evidence {
                what: format!("mask of {}", layer.name),
                expected: layer.weight.len(),
                got: mask.len(),
            });
        }
        for (chunk, word) in layer.weight.chunks_mut(64).zip(mask.words()) {
            for (bit, weight) in chunk.iter_mut().enumerate() {
                if word >> bit & 1 == 0 {
                    *weight = 0.0;
                }
            }
        }
        Ok(())
    }
}
