//! What each speaker is worth for what was heard; one criterion a file.
//!
//! The unit that is kept or cut is a speaker. The same criteria decide which speakers survive a
//! part of the speech and who answers in the end.
//!
//! To add one: write its file and its page beside these and add its line to [`METHODS`].

pub mod likelihood;
pub mod mwmr;
pub mod wmr;

use secateur_core::prune::{Method, PruneError};
use secateur_core::{Criterion, Scores};

pub use crate::ranks::Weights;
use crate::ranks::{self, Times};
pub use likelihood::Likelihood;
pub use mwmr::{Mwmr, Reading};
pub use wmr::Wmr;

/// Every criterion, sorted by name.
pub const METHODS: &[Method] = &[likelihood::METHOD, mwmr::METHOD, wmr::METHOD];

/// Speakers that compete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidates {
    /// Their numbers in the bank, ascending.
    pub ids: Vec<usize>,
    /// Speakers that were there at first.
    pub enrolled: usize,
}

/// Log-likelihoods of what was heard, of each candidate.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Likelihoods {
    /// Sums over all frames heard, of shape `[candidates]`.
    pub totals: Vec<f64>,
    /// The frames that are held, of shape `[candidates][frames]`.
    pub rows: Vec<Vec<f32>>,
}

impl Likelihoods {
    /// Frames that are held.
    pub fn held(&self) -> usize {
        self.rows.first().map_or(0, Vec::len)
    }
}

/// A rule as a value: a criterion whose sums can be carried on frame by frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rule {
    /// Sum of log-likelihoods.
    Likelihood,
    /// Sum of weights by rank.
    Wmr(Wmr),
    /// Sum of normalized likelihoods weighted by rank, or of weights of the best ranks.
    Mwmr(Mwmr),
}

impl Rule {
    /// Name on the command line.
    pub fn name(&self) -> &'static str {
        self.criterion().name()
    }

    /// The rule as a criterion.
    pub fn criterion(&self) -> &dyn Criterion<Candidates, Likelihoods> {
        match self {
            Self::Likelihood => &Likelihood,
            Self::Wmr(rule) => rule,
            Self::Mwmr(rule) => rule,
        }
    }

    /// Adds what held frames `frames` give to the sums of the candidates, frame by frame.
    pub(crate) fn add(
        &self,
        candidates: &Candidates,
        rows: &[Vec<f32>],
        frames: std::ops::Range<usize>,
        sums: &mut [f64],
    ) {
        match self {
            Self::Likelihood => likelihood::add(rows, frames, sums),
            Self::Wmr(rule) => {
                let weights = rule.weights.table(candidates.enrolled);
                ranks::add(rows, frames, sums, &weights, Times::One);
            }
            Self::Mwmr(rule) => rule.add(candidates, rows, frames, sums),
        }
    }
}

/// Sums as scores: of equal sums the speaker of the lower number is worth more.
///
/// # Errors
/// [`PruneError`] for a sum that is not a number.
pub(crate) fn scores(sums: &[f64]) -> Result<Scores, PruneError> {
    if let Some(at) = sums.iter().position(|sum| sum.is_nan()) {
        return Err(PruneError::Numeric(format!("the score of candidate {at} is not a number")));
    }
    Ok(Scores::ranked(sums.len(), |a, b| sums[a].total_cmp(&sums[b]).then(b.cmp(&a)))?)
}

/// Scores by the frames that are held.
pub(crate) fn of_held(
    rule: &Rule,
    candidates: &Candidates,
    evidence: &Likelihoods,
) -> Result<Scores, PruneError> {
    fits(candidates, evidence.rows.len())?;
    let mut sums = vec![0.0; evidence.rows.len()];
    rule.add(candidates, &evidence.rows, 0..evidence.held(), &mut sums);
    scores(&sums)
}

/// Evidence of as many speakers as there are candidates.
pub(crate) fn fits(candidates: &Candidates, got: usize) -> Result<(), PruneError> {
    let expected = candidates.ids.len();
    if got == expected {
        return Ok(());
    }
    Err(PruneError::Evidence { what: "log-likelihoods".to_owned(), expected, got })
}
