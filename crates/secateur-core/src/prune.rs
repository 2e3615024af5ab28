//! The five questions as verbs.

use std::path::PathBuf;

use crate::budget::{Budget, Limits};
use crate::error::{Progress, RunError};
use crate::mask::Mask;
use crate::recipe::Recipe;
use crate::record::Record;
use crate::schedule::Schedule;
use crate::scores::{Scores, ScoresError};
use crate::select::{SelectError, select};

/// What a criterion must have seen before it can score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Evidence {
    /// The model alone.
    Nothing,
    /// What flows through the model on sample inputs.
    Activations,
    /// The same, and how inputs of a layer go together: their products with each other.
    Moments,
    /// The gradient of a loss on labeled samples.
    Gradients,
}

/// What stops a score, a selection or a cut.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PruneError {
    /// The scores make no sense.
    #[error(transparent)]
    Scores(#[from] ScoresError),
    /// The budget makes no sense for them.
    #[error(transparent)]
    Select(#[from] SelectError),
    /// The evidence does not fit the model.
    #[error("{what}: expected {expected}, got {got}")]
    Evidence {
        /// What does not fit.
        what: String,
        /// What the model needs.
        expected: usize,
        /// What was gathered.
        got: usize,
    },
    /// A matrix that must be inverted cannot be, however much is added to its diagonal.
    #[error("{what} cannot be inverted, with {damping} of the mean added to its diagonal")]
    Singular {
        /// The matrix.
        what: String,
        /// The largest share that was tried.
        damping: f64,
    },
    /// The numbers cannot be worked with.
    #[error("{0}")]
    Numeric(String),
}

/// What each unit of a model `M` is worth, given evidence `E`. `M` is the unit of work, not the
/// network: one linear layer, one candidate list, one tree.
pub trait Criterion<M: ?Sized, E: ?Sized>: Sync {
    /// Name on the command line.
    fn name(&self) -> &'static str;
    /// What must be gathered first.
    fn needs(&self) -> Evidence;
    /// Scores of all units, larger means keep.
    ///
    /// # Errors
    /// [`PruneError`] when model and evidence do not fit or give NaN.
    fn score(&self, model: &M, evidence: &E) -> Result<Scores, PruneError>;
}

/// How chosen units are removed from a model.
pub trait Apply<M: ?Sized, E: ?Sized>: Sync {
    /// Removes what `mask` does not keep. A failed call leaves the model as it was. Places that
    /// are cut but stay hold +0.0, never -0.0.
    ///
    /// # Errors
    /// [`PruneError`] when mask and model do not fit.
    fn apply(
        &self,
        model: &mut M,
        mask: &Mask,
        scores: &Scores,
        evidence: &E,
    ) -> Result<(), PruneError>;
}

/// What one pruning did: the mask, and the scores it came from.
#[derive(Clone, Debug, PartialEq)]
pub struct Pruned {
    /// What was kept.
    pub mask: Mask,
    /// What each unit was worth.
    pub scores: Scores,
}

/// Scores, selects, applies.
///
/// # Errors
/// [`PruneError`] of the step that failed; the model is as it was.
pub fn prune<M: ?Sized, E: ?Sized>(
    model: &mut M,
    criterion: &dyn Criterion<M, E>,
    apply: &dyn Apply<M, E>,
    evidence: &E,
    budget: Budget,
    limits: &Limits,
) -> Result<Pruned, PruneError> {
    let scores = criterion.score(model, evidence)?;
    let mask = select(&scores, budget, limits)?;
    apply.apply(model, &mask, &scores, evidence)?;
    Ok(Pruned { mask, scores })
}

/// Prunes in steps: at each step of the schedule gathers evidence, prunes to the step's
/// sparsity, and lets the model recover. Returns the last pruning.
///
/// # Errors
/// Whatever `observe`, the pruning or `recover` give first.
pub fn gradual<M: ?Sized, E, X: From<PruneError>>(
    model: &mut M,
    criterion: &dyn Criterion<M, E>,
    apply: &dyn Apply<M, E>,
    schedule: &Schedule,
    mut observe: impl FnMut(&M) -> Result<E, X>,
    mut recover: impl FnMut(&mut M, &Pruned) -> Result<(), X>,
) -> Result<Option<Pruned>, X> {
    let mut last = None;
    for step in schedule.steps() {
        let evidence = observe(model)?;
        let budget = Budget::Sparsity(schedule.at(step));
        let pruned = prune(model, criterion, apply, &evidence, budget, &Limits::NONE)?;
        recover(model, &pruned)?;
        last = Some(pruned);
    }
    Ok(last)
}

/// A method as the user sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Method {
    /// Name on the command line.
    pub name: &'static str,
    /// One line for a list.
    pub summary: &'static str,
    /// The page with the fixed heads, Markdown.
    pub page: &'static str,
}

/// Where a run writes, and what it may use: nothing of this changes the result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// The output.
    pub output: PathBuf,
    /// What to do with what is already there.
    pub existing: OnExisting,
    /// Bytes of memory that the run may take, when limited.
    pub max_memory: Option<u64>,
    /// The exact command, one word per argument, for the record.
    pub command: Vec<String>,
}

/// What to do with an output that is already there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnExisting {
    /// Refuse it.
    Refuse,
    /// Replace an older output of ours.
    Replace,
    /// Continue an unfinished run.
    Resume,
}

/// A kind of models that can be pruned.
pub trait Family: Sync {
    /// Name on the command line.
    fn name(&self) -> &'static str;
    /// The methods, sorted by name.
    fn methods(&self) -> &'static [Method];
    /// Runs a recipe and records what it did.
    ///
    /// # Errors
    /// [`RunError`] with kind, place, message and hint.
    fn run(
        &self,
        recipe: &Recipe,
        job: &Job,
        progress: &mut dyn Progress,
    ) -> Result<Record, RunError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Size;
    impl Criterion<Vec<f32>, ()> for Size {
        fn name(&self) -> &'static str {
            "size"
        }
        fn needs(&self) -> Evidence {
            Evidence::Nothing
        }
        fn score(&self, model: &Vec<f32>, (): &()) -> Result<Scores, PruneError> {
            Ok(Scores::one_group(model.iter().map(|v| v.abs()).collect())?)
        }
    }

    struct Zero;
    impl Apply<Vec<f32>, ()> for Zero {
        fn apply(
            &self,
            model: &mut Vec<f32>,
            mask: &Mask,
            _: &Scores,
            (): &(),
        ) -> Result<(), PruneError> {
            for (value, keep) in model.iter_mut().zip(mask.iter()) {
                *value = if keep { *value } else { 0.0 };
            }
            Ok(())
        }
    }

    #[test]
    fn gradual_pruning_ends_at_the_last_sparsity() {
        let mut model: Vec<f32> = (1..=10).map(|v| v as f32).collect();
        let ramp =
            crate::schedule::Ramp { initial: 0.0, last: 0.8, begin: 0, every: 1, updates: 4 };
        let mut kept = Vec::new();
        let last = gradual(
            &mut model,
            &Size,
            &Zero,
            &Schedule::Cubic { ramp },
            |_| Ok::<_, PruneError>(()),
            |_, pruned| {
                kept.push(pruned.mask.kept());
                Ok(())
            },
        );
        assert_eq!(last.unwrap().unwrap().mask.kept(), 2);
        assert_eq!(kept, [10, 6, 3, 3, 2]);
        assert_eq!(model, [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 9.0, 10.0]);
    }
}
