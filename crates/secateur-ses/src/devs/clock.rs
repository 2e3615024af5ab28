//! When a simulation ends, what it counts, and how it is seen that time stands still.

use std::collections::BTreeSet;

use super::error::DevsError;
use super::flat::Flat;

/// Steps at one time that are taken for granted. Long chains without delays are legitimate; a
/// million links in a row are not.
pub const ZERO_STEPS_MAX: u64 = 1_000_000;

/// Steps after that in which it is written down who fires.
const STEPS_SEEN: u64 = 256;

/// Where a run ends, whichever comes first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Until {
    /// Last time at which something may happen.
    pub time: f64,
    /// Transitions after which no further step is begun.
    pub transitions: u64,
}

impl Until {
    /// Until a time; what happens at that time still happens.
    pub fn time(time: f64) -> Self {
        Self { time, transitions: u64::MAX }
    }

    /// Until nothing happens any more.
    pub fn passive() -> Self {
        Self::time(f64::INFINITY)
    }

    /// Until a number of transitions were made.
    pub fn transitions(transitions: u64) -> Self {
        Self { time: f64::INFINITY, transitions }
    }
}

/// What a simulation did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// Steps: sets of transitions that were made at once.
    pub steps: u64,
    /// Internal transitions, confluent ones included.
    pub internal: u64,
    /// External transitions, confluent ones included.
    pub external: u64,
    /// Confluent transitions.
    pub confluent: u64,
    /// Values that came in at atomic models.
    pub received: u64,
}

impl Done {
    /// Transitions; a confluent one counts once.
    pub fn transitions(&self) -> u64 {
        self.internal + self.external - self.confluent
    }
}

/// Sees that time stands still.
#[derive(Clone, Debug)]
pub(super) struct Clock {
    pub(super) now: f64,
    /// Steps at this time.
    steps: u64,
    pub(super) zero_steps_max: u64,
    firing: BTreeSet<u32>,
}

impl Clock {
    pub(super) fn new() -> Self {
        let firing = BTreeSet::new();
        Self { now: f64::NEG_INFINITY, steps: 0, zero_steps_max: ZERO_STEPS_MAX, firing }
    }

    /// A step begins.
    #[inline]
    pub(super) fn step(&mut self, time: f64, firing: &[u32], flat: &Flat) -> Result<(), DevsError> {
        if time > self.now {
            self.now = time;
            self.steps = 0;
            return Ok(());
        }
        self.steps += 1;
        if self.steps > self.zero_steps_max { self.stalled(firing, flat) } else { Ok(()) }
    }

    #[cold]
    fn stalled(&mut self, firing: &[u32], flat: &Flat) -> Result<(), DevsError> {
        self.firing.extend(firing);
        if self.steps < self.zero_steps_max.saturating_add(STEPS_SEEN) {
            return Ok(());
        }
        let components = self.firing.iter().map(|&atom| flat.path(atom)).collect();
        Err(DevsError::ZeroTimeLoop { time: self.now, steps: self.steps, components })
    }
}

/// The time of the next transition.
#[inline]
pub(super) fn next(flat: &Flat, atom: u32, now: f64, advance: f64) -> Result<f64, DevsError> {
    if advance >= 0.0 { Ok(now + advance) } else { Err(bad(flat, atom, now, advance)) }
}

#[cold]
fn bad(flat: &Flat, atom: u32, time: f64, advance: f64) -> DevsError {
    DevsError::BadAdvance { component: flat.path(atom), time, advance }
}

/// Refuses a port that an atomic model does not have.
#[cold]
pub(super) fn no_output(flat: &Flat, atom: u32, port: u32) -> DevsError {
    let ports = flat.ports(atom).outputs.len() as u32;
    DevsError::NoSuchOutput { component: flat.path(atom), port, ports }
}

/// Refuses more values in a step than can be numbered.
#[cold]
pub(super) fn too_many(flat: &Flat, atom: u32) -> DevsError {
    DevsError::TooMany { component: flat.path(atom), what: "values in one step" }
}

/// Most values in a step: a loop that multiplies values ends here, before the memory does.
pub(super) const VALUES_MAX: usize = 1 << 25;
