//! What all ready models have: a clock, random numbers, and values that are to be sent at once.

use secateur_core::Random;

use crate::devs::atomic::{Atomic, Bag, Birth, Make, Output, State};
use crate::devs::value::{Job, Value};

/// A clock, random numbers, and values that are to be sent before time goes on.
///
/// A model keeps absolute times on its own clock. It tells the desk of time that has passed, and
/// in an internal transition asks it first whether this was only to send what lay there.
#[derive(Clone, Debug)]
pub(super) struct Desk {
    pub(super) now: f64,
    birth: Birth,
    jobs: u64,
    out: Vec<(u32, Value)>,
}

impl Desk {
    pub(super) fn new(birth: Birth) -> Self {
        Self { now: 0.0, birth, jobs: 0, out: Vec::new() }
    }

    pub(super) fn random(&mut self) -> &mut Random {
        &mut self.birth.random
    }

    /// Puts a value on the desk, to be sent at once.
    pub(super) fn send(&mut self, port: usize, value: Value) {
        self.out.push((port as u32, value));
    }

    /// What [`Atomic::lambda`](crate::devs::Atomic::lambda) does.
    pub(super) fn lambda(&self, out: &mut Output) {
        for (port, value) in &self.out {
            out.send(*port as usize, *value);
        }
    }

    /// The first thing in an internal transition: `true` when it was to send what lay on the
    /// desk; otherwise the clock is moved to `due`, the time that was waited for.
    pub(super) fn sent(&mut self, due: f64) -> bool {
        let sent = !self.out.is_empty();
        self.out.clear();
        if !sent {
            self.now = due;
        }
        sent
    }

    /// The time advance when the next thing to do is `due`.
    pub(super) fn advance(&self, due: f64) -> f64 {
        if self.out.is_empty() { (due - self.now).max(0.0) } else { 0.0 }
    }

    /// A new job.
    pub(super) fn job(&mut self, born: f64, kind: u32, priority: f32) -> Job {
        self.jobs += 1;
        Job { id: self.birth.job_id(self.jobs), born, kind, priority }
    }

    /// The job that came in; what is no job counts as a new one, a whole number as its kind.
    pub(super) fn accept(&mut self, value: &Value) -> Job {
        match value {
            Value::Job(job) => *job,
            Value::Integer(kind) => {
                let kind = u32::try_from(*kind).unwrap_or(0);
                self.job(self.now, kind, 0.0)
            }
            Value::Signal | Value::Number(_) => self.job(self.now, 0, 0.0),
        }
    }

    /// One of several, with shares as weights; the last one for rounding.
    pub(super) fn pick(&mut self, weights: &[f64]) -> usize {
        let all: f64 = weights.iter().sum();
        let mut left = self.birth.random.uniform() * all;
        for (at, weight) in weights.iter().enumerate() {
            left -= weight;
            if left < 0.0 {
                return at;
            }
        }
        weights.iter().rposition(|weight| *weight > 0.0).unwrap_or(0)
    }
}

/// A model that waits for nothing: all that it sends answers what came in just before.
pub(super) trait Answer: Send + 'static {
    /// Takes in a bag and puts on the desk what is sent for it.
    fn answer(&mut self, bag: &Bag, desk: &mut Desk);

    /// What traces and statistics see.
    fn state(&self) -> State {
        State::default()
    }
}

/// Such a model at its desk.
struct Prompt<T> {
    desk: Desk,
    model: T,
}

/// How such a model is made.
pub(super) fn prompt<T: Answer>(make: impl Fn(&mut Desk) -> T + Send + Sync + 'static) -> Make {
    Make::new(move |birth| {
        let mut desk = Desk::new(birth);
        let model = make(&mut desk);
        Prompt { desk, model }
    })
}

impl<T: Answer> Atomic for Prompt<T> {
    fn lambda(&self, out: &mut Output) {
        self.desk.lambda(out);
    }

    fn delta_int(&mut self) {
        self.desk.sent(f64::INFINITY);
    }

    fn delta_ext(&mut self, elapsed: f64, bag: &Bag) {
        self.desk.now += elapsed;
        self.model.answer(bag, &mut self.desk);
    }

    fn ta(&self) -> f64 {
        self.desk.advance(f64::INFINITY)
    }

    fn state(&self) -> State {
        self.model.state()
    }
}

/// How much a value at a port like `next`, `ready` or `space` asks for or offers: a whole number
/// so much, anything else one.
pub(super) fn amount(value: &Value) -> u64 {
    match value {
        Value::Integer(count) => u64::try_from(*count).unwrap_or(0),
        Value::Signal | Value::Number(_) | Value::Job(_) => 1,
    }
}

/// The offer of so many places.
pub(super) fn places(count: u64) -> Value {
    Value::Integer(i64::try_from(count).unwrap_or(i64::MAX))
}

/// Names with numbers from 1: `out1`, `out2`, ...
pub(super) fn numbered(name: &str, count: u32) -> Vec<String> {
    (1..=count).map(|at| format!("{name}{at}")).collect()
}

const IN: usize = 0;
const SPACE: usize = 1;
const OUT: usize = 0;
const READY: usize = 1;

/// Room before and behind a model whose first ports are the inputs `in` and `space` and the outputs
/// `out` and `ready`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    before: Offer,
    /// Whether jobs leave only when there is room behind.
    blocking: bool,
    /// Room behind that was offered and not yet used.
    behind: u64,
}

impl Room {
    pub(super) fn new(blocking: bool) -> Self {
        Self { before: Offer::default(), blocking, behind: 0 }
    }

    /// What came in: jobs go to `line`, offers of room behind are added up.
    pub(super) fn take(&mut self, bag: &Bag, desk: &mut Desk, mut line: impl FnMut(Job)) {
        for (port, value) in bag {
            match port {
                IN => {
                    line(desk.accept(value));
                    self.before.taken();
                }
                SPACE => self.behind = self.behind.saturating_add(amount(value)),
                _ => {}
            }
        }
    }

    pub(super) fn may_leave(&self) -> bool {
        !self.blocking || self.behind > 0
    }

    /// Sends a job on, into room behind if any was offered.
    pub(super) fn leave(&mut self, job: Job, desk: &mut Desk) {
        self.behind = self.behind.saturating_sub(1);
        desk.send(OUT, Value::Job(job));
    }

    /// Offers what is free before and not yet offered.
    pub(super) fn renew(&mut self, free: u64, desk: &mut Desk) {
        self.before.renew(free, READY, desk);
    }
}

/// Room that was offered and not yet taken, so that nobody is offered the same room twice.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Offer(u64);

impl Offer {
    /// A job has come, offered or not.
    pub(super) fn taken(&mut self) {
        self.0 = self.0.saturating_sub(1);
    }

    /// Offers what is free and not yet offered, at a port.
    pub(super) fn renew(&mut self, free: u64, port: usize, desk: &mut Desk) {
        if free > self.0 {
            desk.send(port, places(free - self.0));
            self.0 = free;
        }
    }
}
