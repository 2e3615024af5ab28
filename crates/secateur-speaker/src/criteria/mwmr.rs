#![doc = include_str!("mwmr.md")]

use std::ops::Range;

use secateur_core::prune::{Evidence, Method, PruneError};
use secateur_core::{Criterion, Scores};

use super::{Candidates, Likelihoods, Rule, Weights};
use crate::ranks::{self, Times};

/// Name, summary, page.
pub const METHOD: Method = Method {
    name: "mwmr",
    summary: "modified weighting of models' ranks, in two readings",
    page: include_str!("mwmr.md"),
};

/// What "modified" means: two reconstructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// M1: the weight multiplies the normalized log-likelihood of the frame.
    Normalized,
    /// M2: only so many best ranks have their weight, all others have none.
    Best(usize),
}

/// Modified weighting models rank.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mwmr {
    /// The reading.
    pub reading: Reading,
    /// Weights of the ranks.
    pub weights: Weights,
}

impl Default for Mwmr {
    fn default() -> Self {
        Self { reading: Reading::Normalized, weights: Weights::Exponential(None) }
    }
}

impl Mwmr {
    pub(super) fn add(
        &self,
        candidates: &Candidates,
        rows: &[Vec<f32>],
        frames: Range<usize>,
        sums: &mut [f64],
    ) {
        let mut weights = self.weights.table(candidates.enrolled);
        match self.reading {
            Reading::Normalized => ranks::add(rows, frames, sums, &weights, Times::Normalized),
            Reading::Best(best) => {
                weights.truncate(best);
                ranks::add(rows, frames, sums, &weights, Times::One);
            }
        }
    }
}

impl Criterion<Candidates, Likelihoods> for Mwmr {
    fn name(&self) -> &'static str {
        METHOD.name
    }

    fn needs(&self) -> Evidence {
        Evidence::Activations
    }

    fn score(&self, model: &Candidates, evidence: &Likelihoods) -> Result<Scores, PruneError> {
        super::of_held(&Rule::Mwmr(*self), model, evidence)
    }
}
