//! What a simulation was like: throughput, utilization, queues, waiting, work in progress.

use std::collections::HashMap;

use super::atomic::State;
use super::flat::Flat;
use super::value::Value;
use super::watch::Watch;

/// What one component was like, from the end of the warm-up on.
#[derive(Clone, Debug, PartialEq)]
pub struct Component {
    /// Its path.
    pub path: String,
    /// Jobs that came in.
    pub received: u64,
    /// Jobs that it sent.
    pub sent: u64,
    /// Jobs inside, on average over time.
    pub jobs_mean: f64,
    /// Most jobs inside at one time.
    pub jobs_max: u32,
    /// Share of its resources that worked, on average over time.
    pub utilization: f64,
    /// Time from a job's coming in to its leaving, on average over the jobs that left; for a queue
    /// this is the waiting time. `None` when none did.
    pub stay_mean: Option<f64>,
    /// Phases with the shares of time that it was in them, in the order of first appearance.
    pub phases: Vec<(&'static str, f64)>,
}

/// What a simulation was like, from the end of the warm-up on.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// Time that was looked at.
    pub time: f64,
    /// Jobs that came to a component without outputs, or left the model.
    pub finished: u64,
    /// Finished jobs in a unit of time.
    pub throughput: f64,
    /// Time from birth to finish, on average over the finished jobs.
    pub lead_time_mean: Option<f64>,
    /// Jobs in all components, on average over time.
    pub work_in_progress_mean: f64,
    /// Most jobs in all components at one time.
    pub work_in_progress_max: u64,
    /// The components, in the order of their numbers.
    pub components: Vec<Component>,
}

/// A mean that is gathered value by value.
#[derive(Clone, Copy, Debug, Default)]
struct Mean {
    sum: f64,
    count: u64,
}

impl Mean {
    fn add(&mut self, value: f64) {
        self.sum += value;
        self.count += 1;
    }

    fn value(self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / self.count as f64)
    }
}

/// What is gathered of a component.
#[derive(Clone, Debug, Default)]
struct Gauge {
    state: State,
    /// Time up to which the state is accounted for.
    since: f64,
    jobs_area: f64,
    jobs_max: u32,
    busy_area: f64,
    phases: Vec<(&'static str, f64)>,
    received: u64,
    sent: u64,
    stay: Mean,
    /// When the jobs inside came in.
    inside: HashMap<u64, f64>,
    /// Whether something came in in this transition.
    hears: bool,
    /// Whether the component says how many jobs are inside.
    counts_jobs: bool,
}

/// Gathers a [`Summary`] while a simulation runs.
pub struct Statistics<'f> {
    flat: &'f Flat<'f>,
    warmup: f64,
    gauges: Vec<Gauge>,
    lead: Mean,
    finished: u64,
    jobs: u64,
    jobs_since: f64,
    jobs_area: f64,
    jobs_max: u64,
    end: f64,
}

impl<'f> Statistics<'f> {
    /// Begins; what happens before the time `warmup` does not count.
    pub fn new(flat: &'f Flat<'f>, warmup: f64) -> Self {
        Self {
            flat,
            warmup,
            gauges: vec![Gauge::default(); flat.len()],
            lead: Mean::default(),
            finished: 0,
            jobs: 0,
            jobs_since: 0.0,
            jobs_area: 0.0,
            jobs_max: 0,
            end: 0.0,
        }
    }

    /// What there is of a span of time after the warm-up.
    fn after(&self, from: f64, to: f64) -> f64 {
        (to - from.max(self.warmup)).max(0.0)
    }

    /// Accounts for a component's state up to a time.
    fn account(&mut self, time: f64, atom: u32) {
        let span = self.after(self.gauges[atom as usize].since, time);
        let gauge = &mut self.gauges[atom as usize];
        gauge.since = time;
        if span > 0.0 {
            let state = gauge.state;
            gauge.jobs_area += f64::from(state.jobs) * span;
            gauge.busy_area += f64::from(state.busy) * span;
            gauge.jobs_max = gauge.jobs_max.max(state.jobs);
            if !state.phase.is_empty() {
                match gauge.phases.iter_mut().find(|(phase, _)| *phase == state.phase) {
                    Some((_, sum)) => *sum += span,
                    None => gauge.phases.push((state.phase, span)),
                }
            }
        }
    }

    /// Accounts for the jobs in all components up to a time.
    fn account_jobs(&mut self, time: f64) {
        let span = self.after(self.jobs_since, time);
        self.jobs_since = time;
        if span > 0.0 {
            self.jobs_area += self.jobs as f64 * span;
            self.jobs_max = self.jobs_max.max(self.jobs);
        }
    }

    fn finish(&mut self, time: f64, value: &Value) {
        if let Some(job) = value.job().filter(|_| time >= self.warmup) {
            self.finished += 1;
            self.lead.add(time - job.born);
        }
    }

    /// What was gathered, up to the time at which the simulation stopped.
    pub fn summary(&self) -> Summary {
        let time = (self.end - self.warmup).max(0.0);
        let mean = |area: f64| if time > 0.0 { area / time } else { 0.0 };
        let components = self.gauges.iter().enumerate().map(|(atom, gauge)| Component {
            path: self.flat.path(atom as u32),
            received: gauge.received,
            sent: gauge.sent,
            jobs_mean: mean(gauge.jobs_area),
            jobs_max: gauge.jobs_max,
            utilization: mean(gauge.busy_area),
            stay_mean: gauge.stay.value(),
            phases: gauge.phases.iter().map(|(phase, span)| (*phase, mean(*span))).collect(),
        });
        Summary {
            time,
            finished: self.finished,
            throughput: mean(self.finished as f64),
            lead_time_mean: self.lead.value(),
            work_in_progress_mean: mean(self.jobs_area),
            work_in_progress_max: self.jobs_max,
            components: components.collect(),
        }
    }
}

impl Watch for Statistics<'_> {
    fn begin(&mut self, _time: f64, atom: u32, state: State) {
        self.gauges[atom as usize].state = state;
        self.jobs += u64::from(state.jobs);
    }

    fn sent(&mut self, time: f64, atom: u32, _port: u32, value: &Value) {
        let Some(job) = value.job() else { return };
        let counts = time >= self.warmup;
        let gauge = &mut self.gauges[atom as usize];
        gauge.sent += u64::from(counts);
        if let Some(since) = gauge.inside.remove(&job.id).filter(|_| counts) {
            gauge.stay.add(time - since);
        }
    }

    fn left(&mut self, time: f64, _port: u32, value: &Value) {
        self.finish(time, value);
    }

    fn received(&mut self, time: f64, atom: u32, _port: u32, value: &Value) {
        let gauge = &mut self.gauges[atom as usize];
        gauge.hears = true;
        let Some(job) = value.job() else { return };
        gauge.received += u64::from(time >= self.warmup);
        if self.flat.ports(atom).outputs.is_empty() {
            self.finish(time, value);
        } else {
            gauge.inside.insert(job.id, time);
        }
    }

    fn state(&mut self, time: f64, atom: u32, state: State) {
        let gauge = &mut self.gauges[atom as usize];
        let (before, hears) = (gauge.state, std::mem::take(&mut gauge.hears));
        gauge.counts_jobs |= state.jobs > 0;
        if gauge.counts_jobs && !hears && before.jobs == 0 && state.jobs == 0 {
            // Jobs that became part of others never leave; none is inside now, sent or unsent.
            gauge.inside.clear();
        }
        if state == before {
            return;
        }
        self.account(time, atom);
        if state.jobs != before.jobs {
            self.account_jobs(time);
            self.jobs = self.jobs - u64::from(before.jobs) + u64::from(state.jobs);
        }
        self.gauges[atom as usize].state = state;
    }

    fn end(&mut self, time: f64) {
        self.end = time;
        for atom in 0..self.gauges.len() as u32 {
            self.account(time, atom);
        }
        self.account_jobs(time);
    }
}
