//! Pruning as a search: which member of a family is best, by simulation.
//!
//! The same five questions as everywhere: a member's *score* is a measure of its simulation,
//! averaged over replications; *select* keeps the better ones; *apply* is pruning to the member;
//! what is left is *measured* with intervals. All members are simulated with the same seeds
//! (common random numbers), so differences between members vary less than the members do.
//!
//! A family within the budget is listed and simulated as a whole. Of a larger one so many members
//! are drawn uniformly, and go through successive halving: each round doubles the replications
//! and keeps the better half, until the wanted number of replications is reached.
//!
//! Source: Z. Karnin, T. Koren and O. Somekh, 2013, "Almost optimal exploration in multi-armed
//! bandits" (sequential halving), with doubling of replications after K. Jamieson and
//! A. Talwalkar, 2016, "Non-stochastic best arm identification and hyperparameter optimization".

use std::collections::HashSet;

use num_bigint::BigUint;
use rayon::prelude::*;
use secateur_core::{Budget, Limits, Scores, select};

use crate::devs::models::Registry;
use crate::devs::{DevsError, Estimate, Experiment, Flat, Model, Summary};
use crate::error::SesError;
use crate::family::{Family, Member};
use crate::model::Ses;
use crate::prune::{Request, prune};
use crate::transform::{TransformError, transform};

/// What is measured of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantity {
    /// Finished jobs in a unit of time.
    Throughput,
    /// Time from birth to finish.
    LeadTime,
    /// Jobs in all components.
    WorkInProgress,
}

impl Quantity {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Throughput, Self::LeadTime, Self::WorkInProgress];

    /// The word on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Throughput => "throughput",
            Self::LeadTime => "lead-time",
            Self::WorkInProgress => "work-in-progress",
        }
    }

    fn of(self, summary: &Summary) -> Option<f64> {
        match self {
            Self::Throughput => Some(summary.throughput),
            Self::LeadTime => summary.lead_time_mean,
            Self::WorkInProgress => Some(summary.work_in_progress_mean),
        }
    }
}

/// What is searched for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Search {
    /// What is measured.
    pub quantity: Quantity,
    /// Whether more of it is better.
    pub maximize: bool,
    /// Members that are simulated.
    pub budget: usize,
    /// How each is simulated.
    pub experiment: Experiment,
}

/// A member with what its simulations gave.
#[derive(Clone, Debug, PartialEq)]
pub struct Scored {
    /// The member.
    pub member: Member,
    /// Entities of its structure.
    pub entities: u64,
    /// The measure in each replication.
    pub values: Vec<f64>,
    /// Their mean.
    pub estimate: Estimate,
    /// How much it is more than the best, by the replications that both have: with common random
    /// numbers the differences vary less than the values.
    pub difference: Option<Estimate>,
}

/// A round of the search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Round {
    /// Members in it.
    pub members: usize,
    /// Replications that each has at its end.
    pub replications: u32,
}

/// What a search found.
#[derive(Clone, Debug)]
pub struct Found {
    /// Members of the family, before constraints.
    pub family: BigUint,
    /// Whether all of them that keep the constraints were simulated.
    pub exhaustive: bool,
    /// The members, the best first; those that left in an earlier round come after those that
    /// stayed.
    pub ranked: Vec<Scored>,
    /// Members that could not be simulated, and why.
    pub refused: Vec<(Member, String)>,
    /// The rounds.
    pub rounds: Vec<Round>,
}

/// A member on its way through the rounds.
struct Runner {
    member: Member,
    model: Model,
    entities: u64,
    values: Vec<f64>,
}

/// Searches the family of a structure.
///
/// # Errors
/// [`TransformError`] of the structure; of the first member when none can be simulated;
/// [`DevsError::BadOption`] for a budget or an experiment that makes no sense.
pub fn optimize(
    ses: &Ses,
    request: &Request,
    registry: &Registry,
    search: &Search,
) -> Result<Found, TransformError> {
    if search.budget == 0 {
        let value = "0".to_owned();
        return Err(DevsError::BadOption { what: "the budget", value }.into());
    }
    let family = Family::new(ses, request)?;
    let exhaustive = *family.count() <= BigUint::from(search.budget);
    let members = if exhaustive {
        family.first(search.budget)?.0
    } else {
        let mut seen = HashSet::new();
        let drawn = family.sample(search.budget, search.experiment.seed)?;
        drawn.into_iter().filter(|member| seen.insert(member.number.clone())).collect()
    };
    let asked: Vec<_> = members
        .into_iter()
        .map(|member| {
            let request = family.request(&member);
            (member, request)
        })
        .collect();
    let ready: Vec<_> = asked
        .into_par_iter()
        .map(|(member, request)| {
            let made = request
                .map_err(TransformError::from)
                .and_then(|request| make(ses, &request, registry));
            (member, made)
        })
        .collect();
    let mut found = Found {
        family: family.count().clone(),
        exhaustive,
        ranked: Vec::new(),
        refused: Vec::new(),
        rounds: Vec::new(),
    };
    let mut first_error = None;
    let mut runners = Vec::new();
    for (member, made) in ready {
        match made {
            Ok((model, entities)) => {
                runners.push(Runner { member, model, entities, values: Vec::new() });
            }
            Err(error) => {
                found.refused.push((member, error.to_string()));
                first_error.get_or_insert(error);
            }
        }
    }
    rounds(runners, search, &mut found, &mut first_error)?;
    match (found.ranked.is_empty(), first_error) {
        (true, Some(error)) => Err(error),
        (true, None) => {
            let what = "no member of the family keeps the constraints".to_owned();
            Err(SesError::Kind { what }.into())
        }
        (false, _) => {
            compare(&mut found.ranked);
            Ok(found)
        }
    }
}

fn make(ses: &Ses, request: &Request, registry: &Registry) -> Result<(Model, u64), TransformError> {
    let pes = prune(ses, request)?.pes;
    Ok((transform(&pes, registry)?, pes.entities()))
}

/// Simulates in rounds; whoever leaves goes to the front of the ranking, so that the last that
/// stay are the first.
fn rounds(
    mut runners: Vec<Runner>,
    search: &Search,
    found: &mut Found,
    first_error: &mut Option<TransformError>,
) -> Result<(), TransformError> {
    let last = search.experiment.replications;
    let mut replications = if found.exhaustive { last } else { 1.min(last) };
    loop {
        let outcomes: Vec<Result<(), TransformError>> =
            runners.par_iter_mut().map(|runner| runner.go_on(search, replications)).collect();
        let mut left = Vec::new();
        for (runner, outcome) in runners.into_iter().zip(outcomes) {
            match outcome {
                Ok(()) => left.push(runner),
                Err(TransformError::Model(error @ DevsError::BadOption { .. })) => {
                    return Err(error.into());
                }
                Err(error) => {
                    found.refused.push((runner.member, error.to_string()));
                    first_error.get_or_insert(error);
                }
            }
        }
        found.rounds.push(Round { members: left.len(), replications });
        if replications >= last {
            rank(left, search, &mut found.ranked);
            return Ok(());
        }
        let keep = left.len().div_ceil(2);
        let goes;
        (runners, goes) = halve(left, keep, search);
        rank(goes, search, &mut found.ranked);
        replications = replications.saturating_mul(2).min(last);
    }
}

/// Those that stay, and those that go: the one `select` of the project, on scores where more is
/// better.
fn halve(left: Vec<Runner>, keep: usize, search: &Search) -> (Vec<Runner>, Vec<Runner>) {
    let mut left = left;
    // Of equal scores the one of the lower index is cut first, so the better comes later.
    left.sort_by(|a, b| better(a, b, search).reverse());
    let ranks: Vec<f32> = (0..left.len()).map(|rank| rank as f32).collect();
    let mask = Scores::one_group(ranks)
        .ok()
        .and_then(|scores| select(&scores, Budget::Keep(keep), &Limits::default()).ok());
    let keeps = |at: usize| mask.as_ref().is_none_or(|mask| mask.keeps(at));
    let (mut stay, mut go) = (Vec::new(), Vec::new());
    for (at, runner) in left.into_iter().enumerate() {
        if keeps(at) { stay.push(runner) } else { go.push(runner) }
    }
    (stay, go)
}

/// The better one first; of equals the smaller structure, then the lower number.
fn better(a: &Runner, b: &Runner, search: &Search) -> std::cmp::Ordering {
    let (x, y) = (mean(&a.values), mean(&b.values));
    let order = if search.maximize { y.total_cmp(&x) } else { x.total_cmp(&y) };
    order.then(a.entities.cmp(&b.entities)).then_with(|| a.member.number.cmp(&b.member.number))
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Puts members before those that are ranked already.
fn rank(mut runners: Vec<Runner>, search: &Search, ranked: &mut Vec<Scored>) {
    runners.sort_by(|a, b| better(a, b, search));
    let scored = runners.into_iter().filter_map(|runner| {
        let estimate = Estimate::of(&runner.values)?;
        let Runner { member, entities, values, .. } = runner;
        Some(Scored { member, entities, values, estimate, difference: None })
    });
    let before: Vec<Scored> = scored.collect();
    ranked.splice(0..0, before);
}

/// Differences to the best, replication by replication.
fn compare(ranked: &mut [Scored]) {
    let Some((best, others)) = ranked.split_first_mut() else { return };
    for other in others {
        let pairs = other.values.iter().zip(&best.values);
        let differences: Vec<f64> = pairs.map(|(value, best)| value - best).collect();
        other.difference = Estimate::of(&differences);
    }
}

impl Runner {
    /// Simulates up to so many replications.
    fn go_on(&mut self, search: &Search, replications: u32) -> Result<(), TransformError> {
        let done = self.values.len() as u32;
        if done >= replications {
            return Ok(());
        }
        let experiment = Experiment {
            replications: replications - done,
            seed: search.experiment.seed.wrapping_add(u64::from(done)),
            ..search.experiment
        };
        let flat = Flat::new(&self.model)?;
        let outcome = experiment.run(&flat)?;
        for summary in &outcome.replications {
            let value = search.quantity.of(summary).ok_or_else(|| {
                let what =
                    format!("nothing was finished, so there is no {}", search.quantity.word());
                SesError::Kind { what }
            })?;
            self.values.push(value);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language;

    /// Orders every 2 on average; the fast machine takes 1, the slow one 3, and a pair of them
    /// takes turns.
    const SHOP: &str = r#"
        entity shop { aspect shopDEC {
            entity source { mb = "MB/generator"  interarrival = "exponential(2)" }
            entity mill { specialization millSPEC {
                entity slow { mb = "MB/machine"  time = 3 }
                entity fast { mb = "MB/machine"  time = 1 }
                entity broken { mb = "MB/machine"  time = "soon" }
            } }
            entity lathe { specialization latheSPEC {
                entity old { mb = "MB/machine"  time = 2.5 }
                entity new { mb = "MB/machine"  time = 0.5 }
            } }
            entity sink { mb = "MB/sink" }
            couple source.out -> mill.in
            couple mill.out -> lathe.in
            couple lathe.out -> sink.in
        } }"#;

    fn search(quantity: Quantity, maximize: bool, budget: usize) -> Found {
        let ses = language::read(SHOP).unwrap();
        let experiment = Experiment { until: 2000.0, warmup: 100.0, replications: 4, seed: 5 };
        let search = Search { quantity, maximize, budget, experiment };
        optimize(&ses, &Request::default(), &Registry::ready(), &search).unwrap()
    }

    #[test]
    fn the_fast_machines_win_and_the_broken_ones_are_told() {
        for (quantity, maximize) in [(Quantity::Throughput, true), (Quantity::LeadTime, false)] {
            let found = search(quantity, maximize, 6);
            assert!(found.exhaustive);
            assert_eq!((found.ranked.len(), found.refused.len()), (4, 2));
            let best = found.ranked[0].member.choices.join(" ");
            assert!(best.contains("fast") && best.contains("new"), "{best}");
            assert!(found.refused[0].1.contains("soon"), "{:?}", found.refused[0]);
            assert_eq!(found.rounds, [Round { members: 4, replications: 4 }]);
        }
    }

    #[test]
    fn common_random_numbers_narrow_the_differences() {
        let found = search(Quantity::LeadTime, false, 6);
        let second = &found.ranked[1];
        let difference = second.difference.unwrap();
        assert!(difference.mean > 0.0);
        let apart = second.estimate.half.hypot(found.ranked[0].estimate.half);
        assert!(difference.half < apart, "{difference:?} {apart}");
    }

    #[test]
    fn a_family_beyond_the_budget_is_halved() {
        let found = search(Quantity::Throughput, true, 5);
        assert!(!found.exhaustive);
        let replications: Vec<u32> = found.rounds.iter().map(|round| round.replications).collect();
        assert_eq!(replications, [1, 2, 4]);
        let members: Vec<usize> = found.rounds.iter().map(|round| round.members).collect();
        assert!(members.windows(2).all(|pair| pair[1] == pair[0].div_ceil(2)), "{members:?}");
        assert_eq!(found.ranked.len(), members[0]);
        assert_eq!(found.ranked[0].values.len(), 4);
        assert_eq!(search(Quantity::Throughput, true, 5).ranked, found.ranked, "it repeats");
    }

    #[test]
    fn no_budget_is_a_matter_of_the_command_line() {
        let ses = language::read(SHOP).unwrap();
        let experiment = Experiment { until: 10.0, warmup: 0.0, replications: 1, seed: 0 };
        let quantity = Quantity::Throughput;
        let mut search = Search { quantity, maximize: true, budget: 0, experiment };
        let run = |search: &Search| {
            optimize(&ses, &Request::default(), &Registry::ready(), search).unwrap_err()
        };
        assert_eq!(run(&search).code(), "SEC-DV-016");
        search.budget = 9;
        search.experiment.until = -1.0;
        assert_eq!(run(&search).code(), "SEC-DV-016");
    }
}
