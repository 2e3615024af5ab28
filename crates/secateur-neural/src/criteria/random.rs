#![doc = include_str!("random.md")]

use secateur_core::prune::{Evidence, Method, PruneError};
use secateur_core::{Criterion, Random, Scores};

use crate::layer::{Inputs, Layer};

/// Name, summary, page.
pub const METHOD: Method = Method {
    name: "random",
    summary: "a seeded random number; the floor that every method must beat",
    page: include_str!("random.md"),
};

/// A random number per weight.
#[derive(Clone, Copy, Debug)]
pub struct RandomScore {
    /// The run's seed.
    pub seed: u64,
}

impl Criterion<Layer, Inputs> for RandomScore {
    fn name(&self) -> &'static str {
        METHOD.name
    }

    fn needs(&self) -> Evidence {
        Evidence::Nothing
    }

    fn score(&self, layer: &Layer, _inputs: &Inputs) -> Result<Scores, PruneError> {
        let mut random = Random::stream(self.seed, layer.index as u64);
        Ok(layer.scores(layer.weight.iter().map(|_| random.uniform() as f32).collect())?)
    }
}
