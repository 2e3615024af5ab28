#![doc = include_str!("likelihood.md")]

use std::ops::Range;

use secateur_core::prune::{Evidence, Method, PruneError};
use secateur_core::{Criterion, Scores};

use super::{Candidates, Likelihoods};

/// Name, summary, page.
pub const METHOD: Method = Method {
    name: "ml",
    summary: "sum of log-likelihoods: the rule of most likelihood",
    page: include_str!("likelihood.md"),
};

/// `sum_t l_i(t)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Likelihood;

impl Criterion<Candidates, Likelihoods> for Likelihood {
    fn name(&self) -> &'static str {
        METHOD.name
    }

    fn needs(&self) -> Evidence {
        Evidence::Activations
    }

    fn score(&self, model: &Candidates, evidence: &Likelihoods) -> Result<Scores, PruneError> {
        super::fits(model, evidence.totals.len())?;
        super::scores(&evidence.totals)
    }
}

/// Adds log-likelihoods, frame by frame.
pub(super) fn add(rows: &[Vec<f32>], frames: Range<usize>, sums: &mut [f64]) {
    for (sum, row) in sums.iter_mut().zip(rows) {
        row[frames.clone()].iter().for_each(|value| *sum += f64::from(*value));
    }
}
