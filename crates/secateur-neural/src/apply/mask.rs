//! Cut weights become zero; the layer keeps its shape.

use rayon::prelude::*;
use secateur_core::prune::PruneError;
use secateur_core::{Apply, Mask, Scores};

use crate::layer::{Inputs, Layer};

/// For each of four bits, lowest first, all bits of a number or none.
const BITS: [[u32; 4]; 16] = {
    let mut all = [[0; 4]; 16];
    let mut bits = 0;
    while bits < 16 {
        let mut lane = 0;
        while lane < 4 {
            all[bits][lane] = if bits >> lane & 1 == 1 { u32::MAX } else { 0 };
            lane += 1;
        }
        bits += 1;
    }
    all
};

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
        let chunks = layer.weight.par_chunks_mut(64).zip(mask.words()).with_min_len(1024);
        chunks.for_each(|(chunk, word)| {
            let (fours, rest) = chunk.as_chunks_mut::<4>();
            for (at, four) in fours.iter_mut().enumerate() {
                // All bits of a kept weight, none of one that is cut, four weights at a time.
                let bits = &BITS[(word >> (4 * at) & 15) as usize];
                for lane in 0..4 {
                    four[lane] = f32::from_bits(four[lane].to_bits() & bits[lane]);
                }
            }
            let past = 4 * fours.len();
            for (at, weight) in rest.iter_mut().enumerate() {
                *weight = if word >> (past + at) & 1 == 0 { 0.0 } else { *weight };
            }
        });
        Ok(())
    }
}
