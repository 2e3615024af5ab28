#![doc = include_str!("wmr.md")]

use secateur_core::prune::{Evidence, Method, PruneError};
use secateur_core::{Criterion, Scores};

use super::{Candidates, Likelihoods, Rule, Weights};

/// Name, summary, page.
pub const METHOD: Method = Method {
    name: "wmr",
    summary: "sum of weights by rank among the models, frame by frame",
    page: include_str!("wmr.md"),
};

/// `sum_t w(r_i(t))`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Wmr {
    /// Weights of the ranks.
    pub weights: Weights,
}

impl Default for Wmr {
    fn default() -> Self {
        Self { weights: Weights::Exponential(None) }
    }
}

impl Criterion<Candidates, Likelihoods> for Wmr {
    fn name(&self) -> &'static str {
        METHOD.name
    }

    fn needs(&self) -> Evidence {
        Evidence::Activations
    }

    fn score(&self, model: &Candidates, evidence: &Likelihoods) -> Result<Scores, PruneError> {
        super::of_held(&Rule::Wmr(*self), model, evidence)
    }
}
