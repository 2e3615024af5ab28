//! Pruning as a search: which member of a family is best, by simulation.
//!
//! The same five questions as everywhere: a member's *score* is a measure of its simulation,
//! averaged over replications; *select* keeps the better ones; *apply* is pruning to the member;
//! what is left is *measured* with intervals. All members are simulated with the same seeds
//! (common random numbers), so differences between members vary less than the members do.
//!
//! A family within the budget is listed and simulated as a whole. Of a larger one so many members
//! are drawn uniformly, and go through successive halving: each round doubles the replications
//! and keeps the better half, until the wanted number of replications is reached. Members whose
//! structures are the same are one.
//!
//! With two objectives a member is better that fewer others dominate: those that none dominates
//! are the front, those that only the front dominates the next, and so on.
//!
//! Source: Z. Karnin, T. Koren and O. Somekh, 2013, "Almost optimal exploration in multi-armed
//! bandits" (sequential halving), with doubling of replications after K. Jamieson and
//! A. Talwalkar, 2016, "Non-stochastic best arm identification and hyperparameter optimization";
//! fronts after N. Srinivas and K. Deb, 1994, "Multiobjective optimization using nondominated
//! sorting in genetic algorithms".

mod front;
mod measure;
mod same;

use std::collections::{HashMap, HashSet};

use num_bigint::BigUint;
use rayon::prelude::*;
use secateur_core::{Budget, Limits, Progress, Scores, select};

use crate::devs::models::Registry;
use crate::devs::{DevsError, Estimate, Experiment, Flat, Model};
use crate::error::SesError;
use crate::family::{Family, Member, TRIED_MAX};
use crate::model::Ses;
use crate::prune::{Request, prune};
use crate::transform::{TransformError, transform};
pub use front::fronts;
use measure::Still;
pub use measure::{MEASURES, Quantity, UnknownMeasure};

/// What is searched for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Objective {
    /// What is measured.
    pub quantity: Quantity,
    /// Whether more of it is better.
    pub maximize: bool,
}

/// How it is searched.
#[derive(Clone, Debug, PartialEq)]
pub struct Search {
    /// One objective, or two that are traded for each other.
    pub objectives: Vec<Objective>,
    /// Members that are simulated at most.
    pub budget: usize,
    /// How each is simulated.
    pub experiment: Experiment,
}

/// A member with what its simulations gave.
#[derive(Clone, Debug, PartialEq)]
pub struct Scored {
    /// The member.
    pub member: Member,
    /// Other members with the same structure.
    pub same: Vec<BigUint>,
    /// Entities of its structure.
    pub entities: u64,
    /// Whether no other member of the last round is at least as good in all objectives and better
    /// in one.
    pub front: bool,
    /// By objective.
    pub results: Vec<Measured>,
}

/// What the simulations of a member gave for an objective.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// The measure in each replication.
    pub values: Vec<f64>,
    /// Their mean.
    pub estimate: Estimate,
    /// How much it is more than that of the first member, by the replications that both have: with
    /// common random numbers the differences vary less than the values.
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
    /// Whether all of them that keep the constraints and the choices were simulated.
    pub exhaustive: bool,
    /// Whether the search was stopped; what was simulated until then is ranked.
    pub stopped: bool,
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
    same: Vec<BigUint>,
    model: Model,
    entities: u64,
    still: Vec<Still>,
    /// By objective, then by replication.
    values: Vec<Vec<f64>>,
}

/// Searches the family of a structure; choices of the request are kept by all members.
///
/// # Errors
/// [`TransformError`] of the structure; of the first member when none can be simulated;
/// [`DevsError::BadOption`] for a budget, objectives or an experiment that make no sense.
pub fn optimize(
    ses: &Ses,
    request: &Request,
    registry: &Registry,
    search: &Search,
    progress: &mut dyn Progress,
) -> Result<Found, TransformError> {
    if search.budget == 0 {
        let value = "0".to_owned();
        return Err(DevsError::BadOption { what: "the budget", value }.into());
    }
    if !(1..=2).contains(&search.objectives.len()) {
        let value = search.objectives.len().to_string();
        return Err(DevsError::BadOption { what: "the number of objectives", value }.into());
    }
    let family = Family::new(ses, request)?;
    let (members, exhaustive) = members(&family, search)?;
    let mut found = Found {
        family: family.count().clone(),
        exhaustive,
        stopped: false,
        ranked: Vec::new(),
        refused: Vec::new(),
        rounds: Vec::new(),
    };
    let mut first_error = None;
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
                .and_then(|request| make(ses, &request, registry, search));
            (member, made)
        })
        .collect();
    let runners = distinct(ready, &mut found, &mut first_error);
    rounds(runners, search, &mut found, &mut first_error, progress)?;
    match (found.ranked.is_empty(), first_error) {
        (true, _) if found.stopped => Ok(found),
        (true, Some(error)) => Err(error),
        (true, None) => {
            let what = "no member of the family keeps the constraints and the choices".to_owned();
            Err(SesError::Kind { what }.into())
        }
        (false, _) => {
            compare(&mut found.ranked);
            mark(&mut found.ranked, search);
            Ok(found)
        }
    }
}

/// The members that are simulated, and whether these are all.
fn members(family: &Family<'_>, search: &Search) -> Result<(Vec<Member>, bool), SesError> {
    if *family.count() <= BigUint::from(search.budget) {
        return Ok((family.first(search.budget)?.0, true));
    }
    // Constraints and choices may leave few enough to list.
    if !family.is_free() && *family.count() <= BigUint::from(TRIED_MAX) {
        let (members, more) = family.first(search.budget.saturating_add(1))?;
        if !more && members.len() <= search.budget {
            return Ok((members, true));
        }
    }
    let mut seen = HashSet::new();
    let drawn = family.sample(search.budget, search.experiment.seed)?;
    let new = drawn.into_iter().filter(|member| seen.insert(member.number.clone()));
    Ok((new.collect(), false))
}

/// A member that can run.
struct Made {
    model: Model,
    entities: u64,
    color: u64,
    still: Vec<Still>,
}

fn make(
    ses: &Ses,
    request: &Request,
    registry: &Registry,
    search: &Search,
) -> Result<Made, TransformError> {
    let pes = prune(ses, request)?.pes;
    let still = search.objectives.iter().map(|objective| {
        let still = objective.quantity.still(&pes);
        still.map_err(|what| TransformError::from(SesError::Kind { what }))
    });
    let still = still.collect::<Result<_, _>>()?;
    let (entities, color) = (pes.entities(), same::color(&pes));
    Ok(Made { model: transform(&pes, registry)?, entities, color, still })
}

/// One runner for every structure, whatever members lead to it.
fn distinct(
    ready: Vec<(Member, Result<Made, TransformError>)>,
    found: &mut Found,
    first_error: &mut Option<TransformError>,
) -> Vec<Runner> {
    let mut runners: Vec<Runner> = Vec::new();
    let mut known: HashMap<u64, usize> = HashMap::new();
    for (member, made) in ready {
        match made {
            Ok(made) => {
                if let Some(&at) = known.get(&made.color) {
                    runners[at].same.push(member.number);
                    continue;
                }
                known.insert(made.color, runners.len());
                let Made { model, entities, still, .. } = made;
                let values = vec![Vec::new(); still.len()];
                let same = Vec::new();
                runners.push(Runner { member, same, model, entities, still, values });
            }
            Err(error) => {
                found.refused.push((member, error.to_string()));
                first_error.get_or_insert(error);
            }
        }
    }
    runners
}

/// Simulates in rounds; whoever leaves goes to the front of the ranking, so that the last that
/// stay are the first.
fn rounds(
    mut runners: Vec<Runner>,
    search: &Search,
    found: &mut Found,
    first_error: &mut Option<TransformError>,
    progress: &mut dyn Progress,
) -> Result<(), TransformError> {
    let last = search.experiment.replications;
    let mut replications = if found.exhaustive { last } else { 1.min(last) };
    loop {
        let outcomes = round(&mut runners, search, replications, progress);
        found.stopped = outcomes.len() < runners.len();
        let mut left = Vec::new();
        let mut outcomes = outcomes.into_iter();
        for runner in runners {
            // Who had no turn in this round is ranked by those before it.
            match outcomes.next().unwrap_or(Ok(())) {
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
        left.retain(|runner| runner.values.iter().all(|values| !values.is_empty()));
        found.rounds.push(Round { members: left.len(), replications });
        if replications >= last || found.stopped {
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

/// Simulates members up to so many replications, some at a time; fewer outcomes than members when
/// it was stopped.
fn round(
    runners: &mut [Runner],
    search: &Search,
    replications: u32,
    progress: &mut dyn Progress,
) -> Vec<Result<(), TransformError>> {
    progress.begin("member", runners.len());
    let at_once = 8 * rayon::current_num_threads().max(1);
    let mut outcomes = Vec::new();
    for some in runners.chunks_mut(at_once) {
        if progress.stopped() {
            break;
        }
        let ran = some.par_iter_mut().map(|runner| runner.go_on(search, replications));
        outcomes.extend(ran.collect::<Vec<_>>());
        progress.step(outcomes.len(), &format!("{replications} replications"));
    }
    outcomes
}

/// Those that stay, and those that go: the one `select` of the project, on scores where more is
/// better.
fn halve(left: Vec<Runner>, keep: usize, search: &Search) -> (Vec<Runner>, Vec<Runner>) {
    let mut left = sorted(left, search);
    // Of equal scores the one of the lower index is cut first, so the better comes later.
    left.reverse();
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

/// The better ones first: by their front, then the first objective; of equals the smaller
/// structure, then the lower number.
fn sorted(runners: Vec<Runner>, search: &Search) -> Vec<Runner> {
    let losses: Vec<Vec<f64>> = runners.iter().map(|runner| runner.losses(search)).collect();
    let fronts = fronts(&losses);
    let mut keyed: Vec<_> = runners.into_iter().zip(losses).zip(fronts).collect();
    keyed.sort_by(|((a, x), front_a), ((b, y), front_b)| {
        let order = front_a.cmp(front_b).then(x[0].total_cmp(&y[0]));
        order.then(a.entities.cmp(&b.entities)).then_with(|| a.member.number.cmp(&b.member.number))
    });
    keyed.into_iter().map(|((runner, _), _)| runner).collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Puts members before those that are ranked already.
fn rank(runners: Vec<Runner>, search: &Search, ranked: &mut Vec<Scored>) {
    let scored = sorted(runners, search).into_iter().filter_map(|runner| {
        let Runner { member, same, entities, values, .. } = runner;
        let results = values.into_iter().map(|values| {
            let estimate = Estimate::of(&values)?;
            Some(Measured { values, estimate, difference: None })
        });
        Some(Scored {
            member,
            same,
            entities,
            front: false,
            results: results.collect::<Option<_>>()?,
        })
    });
    let before: Vec<Scored> = scored.collect();
    ranked.splice(0..0, before);
}

/// Differences to the first, replication by replication.
fn compare(ranked: &mut [Scored]) {
    let Some((best, others)) = ranked.split_first_mut() else { return };
    for other in others {
        for (own, best) in other.results.iter_mut().zip(&best.results) {
            let pairs = own.values.iter().zip(&best.values);
            let differences: Vec<f64> = pairs.map(|(value, best)| value - best).collect();
            own.difference = Estimate::of(&differences);
        }
    }
}

/// Marks those that no other dominates, among the last that stayed: whoever left in an earlier
/// round had fewer replications, and would be there by luck. Of one objective only the first is.
fn mark(ranked: &mut [Scored], search: &Search) {
    let replications = |scored: &Scored| scored.results.first().map_or(0, |r| r.values.len());
    let last = ranked.first().map_or(0, replications);
    let stayed = ranked.iter().take_while(|scored| replications(scored) == last).count();
    let ranked = &mut ranked[..stayed];
    let losses: Vec<Vec<f64>> = ranked
        .iter()
        .map(|scored| {
            let means = scored.results.iter().map(|result| result.estimate.mean);
            means.zip(&search.objectives).map(|(mean, objective)| objective.loss(mean)).collect()
        })
        .collect();
    let several = search.objectives.len() > 1;
    for (at, (scored, front)) in ranked.iter_mut().zip(fronts(&losses)).enumerate() {
        scored.front = if several { front == 0 } else { at == 0 };
    }
}

impl Objective {
    /// The value turned so that less is better.
    fn loss(&self, value: f64) -> f64 {
        if self.maximize { -value } else { value }
    }
}

impl Runner {
    fn losses(&self, search: &Search) -> Vec<f64> {
        let means = self.values.iter().map(|values| mean(values));
        means.zip(&search.objectives).map(|(mean, objective)| objective.loss(mean)).collect()
    }

    /// Simulates up to so many replications.
    fn go_on(&mut self, search: &Search, replications: u32) -> Result<(), TransformError> {
        let done = self.values.first().map_or(0, Vec::len) as u32;
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
            for (at, objective) in search.objectives.iter().enumerate() {
                let value = objective.quantity.of(self.still[at], summary);
                self.values[at].push(value.map_err(|what| SesError::Kind { what })?);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language;
    use secateur_core::Silent;

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
        let objectives = vec![Objective { quantity, maximize }];
        let search = Search { objectives, budget, experiment };
        optimize(&ses, &Request::default(), &Registry::ready(), &search, &mut Silent).unwrap()
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
        let difference = second.results[0].difference.unwrap();
        assert!(difference.mean > 0.0);
        let apart = second.results[0].estimate.half.hypot(found.ranked[0].results[0].estimate.half);
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
        assert_eq!(found.ranked[0].results[0].values.len(), 4);
        assert_eq!(search(Quantity::Throughput, true, 5).ranked, found.ranked, "it repeats");
    }

    #[test]
    fn no_budget_is_a_matter_of_the_command_line() {
        let ses = language::read(SHOP).unwrap();
        let experiment = Experiment { until: 10.0, warmup: 0.0, replications: 1, seed: 0 };
        let quantity = Quantity::Throughput;
        let objectives = vec![Objective { quantity, maximize: true }];
        let mut search = Search { objectives, budget: 0, experiment };
        let run = |search: &Search| {
            optimize(&ses, &Request::default(), &Registry::ready(), search, &mut Silent)
                .unwrap_err()
        };
        assert_eq!(run(&search).code(), "SEC-DV-016");
        search.budget = 9;
        search.experiment.until = -1.0;
        assert_eq!(run(&search).code(), "SEC-DV-016");
    }

    /// Two equal stations beside each other, each slow and cheap or fast and dear.
    const PAIR: &str = r#"
        entity plant { aspect plantDEC {
            entity source { mb = "MB/generator"  interarrival = "exponential(1)" }
            entity split { mb = "MB/router"  outputs = 2 }
            entity mill { specialization millSPEC {
                entity slow { mb = "MB/machine"  time = 1.5  _cost = 1 }
                entity fast { mb = "MB/machine"  time = 0.5  _cost = 3 }
            } }
            entity lathe { specialization latheSPEC {
                entity slow2 { mb = "MB/machine"  time = 1.5  _cost = 1 }
                entity same { mb = "MB/machine"  time = 0.3  _cost = 2 }
            } }
            entity sink { mb = "MB/sink" }
            couple source.out -> split.in
            couple split.out1 -> mill.in
            couple split.out2 -> lathe.in
            couple mill.out -> sink.in
            couple lathe.out -> sink.in
        } }"#;

    fn of_pair(words: &[(&str, bool)], choices: &[&str]) -> Found {
        let ses = language::read(PAIR).unwrap();
        let objectives = words
            .iter()
            .map(|(word, maximize)| Objective {
                quantity: word.parse().unwrap(),
                maximize: *maximize,
            })
            .collect();
        let experiment = Experiment { until: 500.0, warmup: 50.0, replications: 3, seed: 5 };
        let search = Search { objectives, budget: 50, experiment };
        let mut request = Request::default();
        for choice in choices {
            request.choices.choose(choice).unwrap();
        }
        optimize(&ses, &request, &Registry::ready(), &search, &mut Silent).unwrap()
    }

    #[test]
    fn two_objectives_have_a_front() {
        let found = of_pair(&[("lead-time", false), ("sum=_cost", false)], &[]);
        assert_eq!(found.ranked.len(), 4);
        let costs = |front: bool| -> Vec<f64> {
            let of = found.ranked.iter().filter(|scored| scored.front == front);
            of.map(|scored| scored.results[1].estimate.mean).collect()
        };
        // The dear mill with the slow lathe costs more and gains less than the other way round.
        assert_eq!((costs(true), costs(false)), (vec![5.0, 3.0, 2.0], vec![4.0]));
    }

    #[test]
    fn choices_are_kept_by_all_members() {
        for (choices, members) in
            [(&["mill=fast"][..], 2), (&["mill=fast", "/plant/lathe=same"], 1)]
        {
            let found = of_pair(&[("throughput", true)], choices);
            assert!(found.exhaustive);
            assert_eq!(found.ranked.len(), members, "{choices:?}");
            let fast = |scored: &Scored| scored.member.choices.join(" ").contains("millSPEC=fast");
            assert!(found.ranked.iter().all(fast));
        }
    }

    #[test]
    fn measures_of_components_are_of_those_that_are_named() {
        let found = of_pair(&[("utilization=fast_mill", false)], &["mill=fast"]);
        let used = found.ranked[0].results[0].estimate.mean;
        assert!((0.2..0.3).contains(&used), "half of the jobs, half a unit of time each: {used}");
        assert!(found.refused.is_empty());
    }

    /// Stops after some steps.
    struct Stop(usize);

    impl Progress for Stop {
        fn begin(&mut self, _: &str, _: usize) {}
        fn step(&mut self, _: usize, _: &str) {
            self.0 = self.0.saturating_sub(1);
        }
        fn stopped(&self) -> bool {
            self.0 == 0
        }
        fn warn(&mut self, _: &str) {}
    }

    #[test]
    fn what_was_simulated_before_a_stop_is_ranked() {
        let ses = language::read(SHOP).unwrap();
        let experiment = Experiment { until: 500.0, warmup: 0.0, replications: 2, seed: 5 };
        let objectives = vec![Objective { quantity: Quantity::Throughput, maximize: true }];
        let search = Search { objectives, budget: 5, experiment };
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        let run = |steps| {
            pool.install(|| {
                let request = Request::default();
                optimize(&ses, &request, &Registry::ready(), &search, &mut Stop(steps)).unwrap()
            })
        };
        let found = run(1);
        assert_eq!((found.stopped, found.ranked.len()), (true, found.rounds[0].members));
        assert!(found.ranked.iter().all(|scored| scored.results[0].values.len() == 1));
        assert!(run(0).ranked.is_empty());
        assert!(!run(9).stopped);
    }

    #[test]
    fn the_same_structure_is_simulated_once() {
        let ses = language::read(
            r#"entity team { aspect teamDEC {
                entity gang { multi gangMASP [2] {
                    entity worker { specialization workerSPEC {
                        entity quick { mb = "MB/generator"  interarrival = 1 }
                        entity slow { mb = "MB/generator"  interarrival = 2 }
                    } }
                    couple worker.out -> gang.out
                } }
                entity sink { mb = "MB/sink" }
                couple gang.out -> sink.in
            } }"#,
        )
        .unwrap();
        let objectives = vec![Objective { quantity: Quantity::Throughput, maximize: true }];
        let experiment = Experiment { until: 100.0, warmup: 0.0, replications: 1, seed: 0 };
        let search = Search { objectives, budget: 9, experiment };
        let request = Request::default();
        let found = optimize(&ses, &request, &Registry::ready(), &search, &mut Silent).unwrap();
        let same: Vec<usize> = found.ranked.iter().map(|scored| scored.same.len()).collect();
        assert_eq!((found.family, same), (BigUint::from(4_u32), vec![0, 1, 0]));
    }
}
