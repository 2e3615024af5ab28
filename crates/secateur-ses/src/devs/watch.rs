//! What may be seen of a running simulation.

use super::atomic::State;
use super::value::Value;

/// Sees what happens in a simulation. Within a time, and within a step of it, values sent come
/// first, then those that leave, then what comes in and the new state, atomic model by atomic
/// model.
///
/// Atomic models are numbered as in [`Flat`](super::Flat).
pub trait Watch {
    /// Whether anything is looked at; a simulation that nobody watches is faster.
    const WATCHES: bool = true;

    /// An atomic model begins in a state.
    fn begin(&mut self, _time: f64, _atom: u32, _state: State) {}

    /// An atomic model sends a value from an output port.
    fn sent(&mut self, _time: f64, _atom: u32, _port: u32, _value: &Value) {}

    /// A value leaves the outermost model at an output port.
    fn left(&mut self, _time: f64, _port: u32, _value: &Value) {}

    /// A value comes in at an input port of an atomic model.
    fn received(&mut self, _time: f64, _atom: u32, _port: u32, _value: &Value) {}

    /// An atomic model has changed to a state, or kept it, in a transition.
    fn state(&mut self, _time: f64, _atom: u32, _state: State) {}

    /// The simulation stops at a time.
    fn end(&mut self, _time: f64) {}
}

/// Nobody watches.
impl Watch for () {
    const WATCHES: bool = false;
}

impl<A: Watch, B: Watch> Watch for (A, B) {
    const WATCHES: bool = A::WATCHES || B::WATCHES;

    fn begin(&mut self, time: f64, atom: u32, state: State) {
        self.0.begin(time, atom, state);
        self.1.begin(time, atom, state);
    }

    fn sent(&mut self, time: f64, atom: u32, port: u32, value: &Value) {
        self.0.sent(time, atom, port, value);
        self.1.sent(time, atom, port, value);
    }

    fn left(&mut self, time: f64, port: u32, value: &Value) {
        self.0.left(time, port, value);
        self.1.left(time, port, value);
    }

    fn received(&mut self, time: f64, atom: u32, port: u32, value: &Value) {
        self.0.received(time, atom, port, value);
        self.1.received(time, atom, port, value);
    }

    fn state(&mut self, time: f64, atom: u32, state: State) {
        self.0.state(time, atom, state);
        self.1.state(time, atom, state);
    }

    fn end(&mut self, time: f64) {
        self.0.end(time);
        self.1.end(time);
    }
}

/// Watches through a reference.
impl<W: Watch> Watch for &mut W {
    const WATCHES: bool = W::WATCHES;

    fn begin(&mut self, time: f64, atom: u32, state: State) {
        (**self).begin(time, atom, state);
    }

    fn sent(&mut self, time: f64, atom: u32, port: u32, value: &Value) {
        (**self).sent(time, atom, port, value);
    }

    fn left(&mut self, time: f64, port: u32, value: &Value) {
        (**self).left(time, port, value);
    }

    fn received(&mut self, time: f64, atom: u32, port: u32, value: &Value) {
        (**self).received(time, atom, port, value);
    }

    fn state(&mut self, time: f64, atom: u32, state: State) {
        (**self).state(time, atom, state);
    }

    fn end(&mut self, time: f64) {
        (**self).end(time);
    }
}
