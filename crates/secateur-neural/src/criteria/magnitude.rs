#![doc = include_str!("magnitude.md")]

use rayon::prelude::*;
use secateur_core::prune::{Evidence, Method, PruneError};
use secateur_core::{Criterion, Scores};
use secateur_tensor::kernels::isa::vectorize;

use crate::layer::{Inputs, Layer};

/// Name, summary, page.
pub const METHOD: Method = Method {
    name: "magnitude",
    summary: "absolute value of the weight; needs no data",
    page: include_str!("magnitude.md"),
};

/// `|w|`.
#[derive(Clone, Copy, Debug)]
pub struct Magnitude;

impl Criterion<Layer, Inputs> for Magnitude {
    fn name(&self) -> &'static str {
        METHOD.name
    }

    fn needs(&self) -> Evidence {
        Evidence::Nothing
    }

    fn score(&self, layer: &Layer, _inputs: &Inputs) -> Result<Scores, PruneError> {
        const CHUNK: usize = 1 << 16;
        let mut values = vec![0.0; layer.weight.len()];
        let chunks = values.par_chunks_mut(CHUNK).zip(layer.weight.par_chunks(CHUNK));
        chunks.for_each(|(values, weights)| {
            vectorize(|| values.iter_mut().zip(weights).for_each(|(v, w)| *v = w.abs()));
        });
        Ok(layer.scores(values)?)
    }
}
