#![doc = include_str!("magnitude.md")]

use rayon::prelude::*;
use secateur_core::prune::{Evidence, Method, PruneError};
use secateur_core::{Criterion, Scores};

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
        Ok(layer.scores(layer.weight.par_iter().map(|w| w.abs()).collect())?)
    }
}
