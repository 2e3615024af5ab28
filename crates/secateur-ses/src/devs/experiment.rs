//! Experiments: a model simulated several times, and how sure the results are.

use rayon::prelude::*;
use secateur_core::interval::student;

use super::clock::Until;
use super::error::DevsError;
use super::flat::Flat;
use super::simulate::Simulation;
use super::statistics::{Component, Statistics, Summary};

/// How a model is simulated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Experiment {
    /// Time at which each replication ends.
    pub until: f64,
    /// Time before which nothing counts.
    pub warmup: f64,
    /// How often it is simulated.
    pub replications: u32,
    /// Seed of the first replication; each further one has the next. Models that are simulated
    /// with the same seed have common random numbers in components of the same path.
    pub seed: u64,
}

/// A mean over replications with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The mean.
    pub mean: f64,
    /// Half the width of the interval; infinite for one replication.
    pub half: f64,
    /// Replications that have the value.
    pub replications: u32,
}

/// An [`Estimate`] of something.
#[derive(Clone, Debug, PartialEq)]
pub struct Measure {
    /// The component's path; empty for the whole model.
    pub component: String,
    /// What it is: `throughput`, `lead time`, `work in progress`; for components `utilization`,
    /// `jobs`, `stay`, `sent`.
    pub name: &'static str,
    /// The mean over replications.
    pub estimate: Estimate,
}

/// What an experiment gave.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Every replication, in order.
    pub replications: Vec<Summary>,
}

impl Experiment {
    /// Simulates a model as often as wanted, on all threads; the result depends on neither their
    /// number nor their order.
    ///
    /// # Errors
    /// [`DevsError::BadOption`] for times or numbers that make no sense, and those of
    /// [`Simulation::run`].
    pub fn run(&self, flat: &Flat) -> Result<Outcome, DevsError> {
        let bad = |what, value: f64| Err(DevsError::BadOption { what, value: value.to_string() });
        if !(self.until > 0.0 && self.until < f64::INFINITY) {
            return bad("the end of a simulation", self.until);
        }
        if !(0.0..self.until).contains(&self.warmup) {
            return bad("the warm-up", self.warmup);
        }
        if self.replications == 0 {
            return bad("the number of replications", 0.0);
        }
        let each = (0..self.replications).into_par_iter().map(|replication| {
            let seed = self.seed.wrapping_add(u64::from(replication));
            let mut statistics = Statistics::new(flat, self.warmup);
            Simulation::new(flat, seed).run(Until::time(self.until), &mut statistics)?;
            Ok(statistics.summary())
        });
        Ok(Outcome { replications: each.collect::<Result<_, DevsError>>()? })
    }
}

impl Outcome {
    /// The mean of a value over the replications that have it.
    pub fn estimate(&self, value: impl Fn(&Summary) -> Option<f64>) -> Option<Estimate> {
        let values: Vec<f64> = self.replications.iter().filter_map(value).collect();
        Estimate::of(&values)
    }

    /// The mean of a value of a component over the replications that have it.
    fn of(&self, at: usize, value: impl Fn(&Component) -> Option<f64>) -> Option<Estimate> {
        self.estimate(|summary| summary.components.get(at).and_then(&value))
    }

    /// Every measure: first of the whole model, then of each component that says anything.
    pub fn measures(&self) -> Vec<Measure> {
        let mut measures = Vec::new();
        let mut add = |component: &str, name, estimate: Option<Estimate>| {
            let component = component.to_owned();
            measures.extend(estimate.map(|estimate| Measure { component, name, estimate }));
        };
        add("", "throughput", self.estimate(|s| Some(s.throughput)));
        add("", "lead time", self.estimate(|s| s.lead_time_mean));
        add("", "work in progress", self.estimate(|s| Some(s.work_in_progress_mean)));
        let Some(first) = self.replications.first() else { return measures };
        for (at, component) in first.components.iter().enumerate() {
            let used = self.of(at, |c| Some(c.utilization)).filter(|e| e.mean > 0.0);
            let jobs = self.of(at, |c| Some(c.jobs_mean)).filter(|e| e.mean > 0.0);
            add(&component.path, "utilization", used);
            add(&component.path, "jobs", jobs);
            add(&component.path, "stay", self.of(at, |c| c.stay_mean));
            add(&component.path, "sent", self.of(at, |c| Some(c.sent as f64)));
        }
        measures
    }
}

impl Estimate {
    /// The mean of values and its 95 % interval by Student's distribution; `None` without values.
    pub fn of(values: &[f64]) -> Option<Self> {
        let n = values.len();
        if n == 0 {
            return None;
        }
        let mean = values.iter().sum::<f64>() / n as f64;
        let half = if n == 1 {
            f64::INFINITY
        } else {
            let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
            student(n - 1) * (squares / (n - 1) as f64 / n as f64).sqrt()
        };
        Some(Self { mean, half, replications: n as u32 })
    }

    /// The ends of the interval.
    pub fn interval(&self) -> [f64; 2] {
        [self.mean - self.half, self.mean + self.half]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Golden: the tables of Student's distribution.
    #[test]
    fn intervals_are_those_of_the_tables() {
        for (freedom, quantile) in
            [(1, 12.706), (10, 2.228), (11, 2.201), (30, 2.042), (120, 1.980)]
        {
            assert!((student(freedom) - quantile).abs() < 5e-4, "{freedom}");
        }
        let estimate = Estimate::of(&[1.0, 2.0, 3.0]).unwrap();
        assert_eq!(estimate.mean, 2.0);
        assert!((estimate.half - 4.30265 / 3.0_f64.sqrt()).abs() < 1e-9);
        assert_eq!(Estimate::of(&[]), None);
        assert_eq!(Estimate::of(&[1.0]).unwrap().half, f64::INFINITY);
    }
}
