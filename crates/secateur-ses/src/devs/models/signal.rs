//! Signals: numbers that are sent when they change.
//!
//! What is continuous moves on in steps of a quantum: an integrator sends when its value is a
//! quantum away from what it sent last. Between events its value is a straight line, so nothing
//! is computed on a grid of time.
//!
//! Source: E. Kofman and S. Junco, 2001, "Quantized-state systems: a DEVS approach for continuous
//! system simulation" (the method of first order, QSS1).

use secateur_core::Random;

use super::desk::numbered;
use super::parameters::{Kind, Parameter, Parameters};
use super::registry::Entry;
use crate::devs::atomic::{Atomic, Bag, Make, Output};
use crate::devs::model::Ports;
use crate::devs::value::Value;

/// Any number that stays finite when a few are multiplied.
const ANY: Kind = Kind::Number { low: -1e50, high: 1e50 };
/// A span of time or of a value.
const SPAN: Kind = Kind::Number { low: 1e-9, high: 1e12 };

const fn number(
    name: &'static str,
    kind: Kind,
    default: &'static str,
    help: &'static str,
) -> Parameter {
    Parameter { name, kind, default: Some(default), help }
}

const VALUE: Parameter = number("value", ANY, "1", "the number");
const QUANTUM: Parameter = number("quantum", SPAN, "0.01", "change that is told");
const START: Parameter = number("start", ANY, "0", "value at time 0");
const INPUTS: Parameter =
    number("inputs", Kind::Whole { low: 1, high: 10_000 }, "2", "how many: `u1`, `u2`, ...");

pub(super) fn constant() -> Entry {
    Entry::new("constant", "sends a number at time 0", &[VALUE], |given| {
        Ok(source(given.number("value"), 0.0, None))
    })
}

pub(super) fn step() -> Entry {
    const TAKES: &[Parameter] = &[
        VALUE,
        number("at", Kind::Number { low: 0.0, high: 1e12 }, "1", "the time; it is 0 before"),
    ];
    Entry::new("step", "sends a number at a time", TAKES, |given| {
        Ok(source(given.number("value"), given.number("at"), None))
    })
}

pub(super) fn noise() -> Entry {
    const TAKES: &[Parameter] = &[
        number("deviation", Kind::Number { low: 0.0, high: 1e50 }, "0.1", "standard deviation"),
        number("period", SPAN, "1", "time between numbers"),
    ];
    Entry::new("noise", "sends normally distributed numbers", TAKES, |given| {
        Ok(source(0.0, 0.0, Some((given.number("deviation"), given.number("period")))))
    })
}

pub(super) fn gain() -> Entry {
    const TAKES: &[Parameter] = &[number("k", ANY, "1", "the factor")];
    Entry::new("gain", "multiplies `u`", TAKES, |given| {
        Ok(weighted(vec!["u".into()], vec![given.number("k")]))
    })
}

pub(super) fn add() -> Entry {
    Entry::new("add", "adds its inputs", &[INPUTS], |given| Ok(sum(given, 1.0)))
}

pub(super) fn subtract() -> Entry {
    let help = "subtracts all further inputs from `u1`";
    Entry::new("subtract", help, &[INPUTS], |given| Ok(sum(given, -1.0)))
}

pub(super) fn integrator() -> Entry {
    const TAKES: &[Parameter] = &[number("k", ANY, "1", "the factor"), START, QUANTUM];
    Entry::new("integrator", "adds up `u` over time", TAKES, |given| {
        Ok(state(&["u"], given, given.number("k"), 0.0))
    })
}

pub(super) fn lag() -> Entry {
    const TAKES: &[Parameter] = &[
        number("k", ANY, "1", "the factor"),
        number("time", SPAN, "1", "time to come 63 % of the way"),
        START,
        QUANTUM,
    ];
    Entry::new(
        "lag",
        "follows the sum of `u` and `d` with a delay of first order",
        TAKES,
        |given| {
            let time = given.number("time");
            Ok(state(&["u", "d"], given, given.number("k") / time, 1.0 / time))
        },
    )
}

fn source(value: f64, at: f64, noise: Option<(f64, f64)>) -> (Ports, Make) {
    let make = Make::new(move |birth| {
        let mut source = Source { value, sigma: at, noise, random: birth.random };
        source.draw();
        source
    });
    (Ports::new(&[], &["y"]), make)
}

fn sum(given: &Parameters, sign: f64) -> (Ports, Make) {
    let inputs = given.whole("inputs");
    let mut weights = vec![sign; inputs as usize];
    weights[0] = 1.0;
    weighted(numbered("u", inputs), weights)
}

fn weighted(inputs: Vec<String>, weights: Vec<f64>) -> (Ports, Make) {
    let ports = Ports { inputs, outputs: vec!["y".into()] };
    let make = Make::new(move |_| Weighted {
        values: vec![0.0; weights.len()],
        weights: weights.clone(),
        sent: None,
        sigma: f64::INFINITY,
    });
    (ports, make)
}

fn state(inputs: &[&str], given: &Parameters, k: f64, decay: f64) -> (Ports, Make) {
    let (start, quantum) = (given.number("start"), given.number("quantum"));
    let count = inputs.len();
    let make = Make::new(move |_| Quantized {
        inputs: vec![0.0; count],
        k,
        decay,
        value: start,
        told: start,
        quantum,
        sigma: 0.0,
        first: true,
    });
    (Ports::new(inputs, &["y"]), make)
}

/// The number that a value is, if it is one.
fn number_of(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => Some(*number),
        Value::Integer(number) => Some(*number as f64),
        Value::Signal | Value::Job(_) => None,
    }
}

struct Source {
    value: f64,
    sigma: f64,
    /// Deviation and period.
    noise: Option<(f64, f64)>,
    random: Random,
}

impl Source {
    fn draw(&mut self) {
        if let Some((deviation, _)) = self.noise {
            self.value = deviation * self.random.normal();
        }
    }
}

impl Atomic for Source {
    fn lambda(&self, out: &mut Output) {
        out.send(0, Value::Number(self.value));
    }

    fn delta_int(&mut self) {
        self.sigma = self.noise.map_or(f64::INFINITY, |(_, period)| period);
        self.draw();
    }

    fn delta_ext(&mut self, _elapsed: f64, _bag: &Bag) {}

    fn ta(&self) -> f64 {
        self.sigma
    }
}

/// A weighted sum of what came in last.
struct Weighted {
    values: Vec<f64>,
    weights: Vec<f64>,
    sent: Option<f64>,
    sigma: f64,
}

impl Weighted {
    fn sum(&self) -> f64 {
        self.values.iter().zip(&self.weights).map(|(value, weight)| value * weight).sum()
    }
}

impl Atomic for Weighted {
    fn lambda(&self, out: &mut Output) {
        out.send(0, Value::Number(self.sum()));
    }

    fn delta_int(&mut self) {
        self.sent = Some(self.sum());
        self.sigma = f64::INFINITY;
    }

    fn delta_ext(&mut self, _elapsed: f64, bag: &Bag) {
        for (port, value) in bag {
            if let Some(number) = number_of(value) {
                self.values[port] = number;
            }
        }
        self.sigma = if self.sent == Some(self.sum()) { f64::INFINITY } else { 0.0 };
    }

    fn ta(&self) -> f64 {
        self.sigma
    }
}

/// A value whose rate of change is `k` times the inputs minus `decay` times what was told.
struct Quantized {
    inputs: Vec<f64>,
    k: f64,
    decay: f64,
    value: f64,
    told: f64,
    quantum: f64,
    sigma: f64,
    /// Whether the first value is still to be told.
    first: bool,
}

impl Quantized {
    fn rate(&self) -> f64 {
        self.k * self.inputs.iter().sum::<f64>() - self.decay * self.told
    }

    /// When the value is a quantum away from what was told.
    fn wait(&mut self) {
        let rate = self.rate();
        let way = self.told + self.quantum.copysign(rate) - self.value;
        self.sigma = if rate == 0.0 { f64::INFINITY } else { (way / rate).max(0.0) };
    }

    fn next(&self) -> f64 {
        if self.first { self.told } else { self.told + self.quantum.copysign(self.rate()) }
    }
}

impl Atomic for Quantized {
    fn lambda(&self, out: &mut Output) {
        out.send(0, Value::Number(self.next()));
    }

    fn delta_int(&mut self) {
        self.told = self.next();
        self.value = self.told;
        self.first = false;
        self.wait();
    }

    fn delta_ext(&mut self, elapsed: f64, bag: &Bag) {
        self.value += self.rate() * elapsed;
        for (port, value) in bag {
            if let Some(number) = number_of(value) {
                self.inputs[port] = number;
            }
        }
        if !self.first {
            self.wait();
        }
    }

    fn ta(&self) -> f64 {
        self.sigma
    }
}
