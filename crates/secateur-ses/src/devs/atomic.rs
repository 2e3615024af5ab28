//! Atomic models: what they are asked, and what they are given.

use std::fmt;
use std::sync::Arc;

use secateur_core::Random;

use super::value::Value;

/// No link, no place.
pub(super) const NONE: u32 = u32::MAX;

/// An atomic model of parallel DEVS.
///
/// Times are durations in the unit of the model; ports are numbered in the order in which the
/// component names them. Random numbers come from the [`Birth`] a model is made with.
///
/// Source: A. C. Chow and B. P. Zeigler, 1994, "Parallel DEVS: a parallel, hierarchical, modular
/// modeling formalism".
pub trait Atomic: Send + 'static {
    /// The output function: what is sent when the time that [`ta`](Self::ta) gave is over, before
    /// the transition.
    fn lambda(&self, out: &mut Output);

    /// The internal transition: the time that `ta` gave is over, and nothing came in.
    fn delta_int(&mut self);

    /// The external transition: `bag` came in, `elapsed` after the last transition.
    fn delta_ext(&mut self, elapsed: f64, bag: &Bag);

    /// The confluent transition: the time is over and `bag` came in, at once. Unless a model says
    /// otherwise the internal transition comes first.
    fn delta_conf(&mut self, bag: &Bag) {
        self.delta_int();
        self.delta_ext(0.0, bag);
    }

    /// The time advance: how long until the next internal transition; infinity for never. Neither
    /// negative nor NaN.
    fn ta(&self) -> f64;

    /// What traces and statistics see of the state.
    fn state(&self) -> State {
        State::default()
    }
}

/// What traces and statistics see of the state of an atomic model.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct State {
    /// The phase, such as `busy`; empty for models without phases.
    pub phase: &'static str,
    /// Jobs inside.
    pub jobs: u32,
    /// Share of the resources that work, in `[0, 1]`.
    pub busy: f32,
}

/// What an atomic model is given when it is made.
#[derive(Clone, Debug)]
pub struct Birth {
    /// Random numbers of its own: they depend on the seed and on the component's path only, so
    /// that other components may come and go without changing them.
    pub random: Random,
    /// Number of the atomic model in the simulation.
    pub atom: u32,
}

impl Birth {
    /// An id for a job that is this model's own, the `count`-th.
    pub fn job_id(&self, count: u64) -> u64 {
        (u64::from(self.atom) << 40) | count
    }
}

/// How an atomic model is made: any number of times, so that one description serves any number of
/// simulations.
#[derive(Clone)]
pub struct Make(Arc<dyn Fn(Birth) -> Box<dyn Machine> + Send + Sync>);

impl Make {
    /// Wraps a function that makes the model.
    pub fn new<T: Atomic>(make: impl Fn(Birth) -> T + Send + Sync + 'static) -> Self {
        Self(Arc::new(move |birth| Box::new(make(birth))))
    }

    pub(super) fn make(&self, birth: Birth) -> Box<dyn Machine> {
        (self.0)(birth)
    }
}

impl fmt::Debug for Make {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Make")
    }
}

/// What simulators call: a transition together with the time advance after it, so that an event
/// costs one indirect call less.
pub(super) trait Machine: Send {
    fn output(&self, out: &mut Output);
    fn internal(&mut self) -> f64;
    fn external(&mut self, elapsed: f64, bag: &Bag) -> f64;
    fn confluent(&mut self, bag: &Bag) -> f64;
    fn advance(&self) -> f64;
    fn seen(&self) -> State;
}

impl<T: Atomic> Machine for T {
    fn output(&self, out: &mut Output) {
        self.lambda(out);
    }

    fn internal(&mut self) -> f64 {
        self.delta_int();
        self.ta()
    }

    fn external(&mut self, elapsed: f64, bag: &Bag) -> f64 {
        self.delta_ext(elapsed, bag);
        self.ta()
    }

    fn confluent(&mut self, bag: &Bag) -> f64 {
        self.delta_conf(bag);
        self.ta()
    }

    fn advance(&self) -> f64 {
        self.ta()
    }

    fn seen(&self) -> State {
        self.state()
    }
}

/// Where [`Atomic::lambda`] puts what it sends.
#[derive(Debug, Default)]
pub struct Output {
    pub(super) time: f64,
    pub(super) sent: Vec<(u32, Value)>,
}

impl Output {
    /// The time of the simulation.
    pub fn time(&self) -> f64 {
        self.time
    }

    /// Sends a value from an output port.
    pub fn send(&mut self, port: usize, value: Value) {
        self.sent.push((port as u32, value));
    }
}

/// A message on its way to a port, and the next one to the same atomic model.
#[derive(Clone, Copy, Debug)]
pub(super) struct Link {
    pub(super) message: u32,
    pub(super) port: u32,
    pub(super) next: u32,
}

/// What came in at one time: values at ports, ordered by the number of the sender and then by the
/// order in which it sent them.
#[derive(Debug)]
pub struct Bag<'a> {
    pub(super) links: &'a [Link],
    pub(super) messages: &'a [(u32, Value)],
    pub(super) head: u32,
}

impl<'a> Bag<'a> {
    /// The values with the ports they came in at.
    pub fn iter(&self) -> Inputs<'a> {
        Inputs { links: self.links, messages: self.messages, at: self.head }
    }

    /// The values at a port.
    pub fn at(&self, port: usize) -> impl Iterator<Item = &'a Value> + use<'a> {
        self.iter().filter(move |(p, _)| *p == port).map(|(_, value)| value)
    }
}

impl<'a> IntoIterator for &Bag<'a> {
    type Item = (usize, &'a Value);
    type IntoIter = Inputs<'a>;

    fn into_iter(self) -> Inputs<'a> {
        self.iter()
    }
}

/// The values of a [`Bag`].
#[derive(Clone, Debug)]
pub struct Inputs<'a> {
    links: &'a [Link],
    messages: &'a [(u32, Value)],
    at: u32,
}

impl<'a> Iterator for Inputs<'a> {
    type Item = (usize, &'a Value);

    fn next(&mut self) -> Option<Self::Item> {
        let link = self.links.get(self.at as usize)?;
        self.at = link.next;
        Some((link.port as usize, &self.messages[link.message as usize].1))
    }
}
