//! Where jobs come from.

use super::desk::{Desk, amount};
use super::parameters::{Kind, Parameter};
use super::registry::Entry;
use crate::devs::atomic::{Atomic, Bag, Make, Output, State};
use crate::devs::distribution::Distribution;
use crate::devs::model::Ports;
use crate::devs::value::Value;

const PARAMETERS: &[Parameter] = &[
    Parameter {
        name: "interarrival",
        kind: Kind::Duration,
        default: None,
        help: "time between jobs; with mode=pull, from an order to its job",
    },
    Parameter {
        name: "start",
        kind: Kind::Number { low: 0.0, high: f64::MAX },
        default: Some("0"),
        help: "time before the first interarrival time begins",
    },
    Parameter {
        name: "limit",
        kind: Kind::Number { low: 0.0, high: f64::INFINITY },
        default: Some("inf"),
        help: "jobs in all",
    },
    Parameter {
        name: "batch",
        kind: Kind::Whole { low: 1, high: 1_000_000 },
        default: Some("1"),
        help: "jobs at once",
    },
    Parameter {
        name: "kinds",
        kind: Kind::Numbers,
        default: Some("1"),
        help: "shares of the kinds of jobs, e.g. 3,1 for three quarters of kind 0",
    },
    Parameter {
        name: "priority",
        kind: Kind::Number { low: -1e9, high: 1e9 },
        default: Some("0"),
        help: "priority of the jobs",
    },
    Parameter {
        name: "mode",
        kind: Kind::Word(&["push", "pull"]),
        default: Some("push"),
        help: "whether jobs come by themselves or when ordered at `next`",
    },
];

pub(super) fn entry() -> Entry {
    Entry::new("generator", "sends jobs at `out`", PARAMETERS, |given| {
        let kinds = given.numbers("kinds");
        if kinds.iter().sum::<f64>() <= 0.0 {
            return Err(given.refuse("kinds", "numbers of which one is above 0"));
        }
        let (pull, time) = (given.word("mode") == "pull", given.duration("interarrival"));
        let (start, limit) = (given.number("start"), given.number("limit"));
        let (batch, priority) = (given.whole("batch"), given.number("priority") as f32);
        let make = Make::new(move |birth| {
            let mut desk = Desk::new(birth);
            let due =
                if pull || limit < 1.0 { f64::INFINITY } else { start + time.draw(desk.random()) };
            let kinds = kinds.clone();
            let mut generator = Generator {
                desk,
                time,
                left: limit,
                batch,
                priority,
                kinds,
                pull,
                orders: 0,
                due,
                next: Vec::new(),
            };
            generator.prepare();
            generator
        });
        Ok((Ports::new(&["next"], &["out"]), make))
    })
}

/// The kinds of the next batch are drawn ahead, so that sending needs no random numbers.
struct Generator {
    desk: Desk,
    time: Distribution,
    left: f64,
    batch: u32,
    priority: f32,
    kinds: Vec<f64>,
    pull: bool,
    orders: u64,
    due: f64,
    next: Vec<Value>,
}

impl Generator {
    /// Makes the jobs that will be sent when they are due.
    fn prepare(&mut self) {
        self.next.clear();
        if self.due == f64::INFINITY {
            return;
        }
        for _ in 0..self.batch {
            if self.left >= 1.0 {
                self.left -= 1.0;
                let kind =
                    if self.kinds.len() > 1 { self.desk.pick(&self.kinds) as u32 } else { 0 };
                self.next.push(Value::Job(self.desk.job(self.due, kind, self.priority)));
            }
        }
    }

    fn wait(&mut self) {
        let more = self.left >= 1.0 && (!self.pull || self.orders > 0);
        self.due =
            if more { self.desk.now + self.time.draw(self.desk.random()) } else { f64::INFINITY };
        self.prepare();
    }
}

impl Atomic for Generator {
    fn lambda(&self, out: &mut Output) {
        for value in &self.next {
            // Born when it is sent, by the clock of the simulation.
            let value = match *value {
                Value::Job(mut job) => {
                    job.born = out.time();
                    Value::Job(job)
                }
                other => other,
            };
            out.send(0, value);
        }
    }

    fn delta_int(&mut self) {
        self.desk.now = self.due;
        self.orders = self.orders.saturating_sub(1);
        self.wait();
    }

    fn delta_ext(&mut self, elapsed: f64, bag: &Bag) {
        self.desk.now += elapsed;
        if self.pull {
            self.orders += bag.iter().map(|(_, value)| amount(value)).sum::<u64>();
            if self.due == f64::INFINITY {
                self.wait();
            }
        }
    }

    fn ta(&self) -> f64 {
        (self.due - self.desk.now).max(0.0)
    }

    fn state(&self) -> State {
        State::default()
    }
}
