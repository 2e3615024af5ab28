//! Junctions: each job goes one of several ways.

use super::desk::{Desk, numbered};
use super::parameters::{Kind, Parameter};
use super::registry::Entry;
use crate::devs::atomic::{Atomic, Bag, Make, Output};
use crate::devs::model::Ports;
use crate::devs::value::Value;

const PARAMETERS: &[Parameter] = &[
    Parameter {
        name: "outputs",
        kind: Kind::Whole { low: 1, high: 100_000 },
        default: Some("2"),
        help: "how many ways: `out1`, `out2`, ...",
    },
    Parameter {
        name: "policy",
        kind: Kind::Word(&["cycle", "random", "kind"]),
        default: Some("cycle"),
        help: "in turn, by `weights`, or kind 0 to `out1` and so on, further kinds to the last",
    },
    Parameter {
        name: "weights",
        kind: Kind::Numbers,
        default: Some(""),
        help: "shares of the ways for policy=random; none for equal ones",
    },
];

pub(super) fn entry() -> Entry {
    Entry::new("router", "sends each job one of several ways", PARAMETERS, |given| {
        let count = given.whole("outputs");
        let mut weights = given.numbers("weights");
        if weights.is_empty() {
            weights = vec![1.0; count as usize];
        }
        if weights.len() != count as usize || weights.iter().sum::<f64>() <= 0.0 {
            return Err(given.refuse("weights", format!("{count} numbers, one above 0")));
        }
        let policy = given.word("policy");
        let ports = Ports { inputs: vec!["in".into()], outputs: numbered("out", count) };
        let make = Make::new(move |birth| {
            let (desk, weights) = (Desk::new(birth), weights.clone());
            Router { desk, policy, weights, next: 0 }
        });
        Ok((ports, make))
    })
}

struct Router {
    desk: Desk,
    policy: &'static str,
    weights: Vec<f64>,
    next: usize,
}

impl Atomic for Router {
    fn lambda(&self, out: &mut Output) {
        self.desk.lambda(out);
    }

    fn delta_int(&mut self) {
        self.desk.sent(f64::INFINITY);
    }

    fn delta_ext(&mut self, elapsed: f64, bag: &Bag) {
        self.desk.now += elapsed;
        let ways = self.weights.len();
        for (_, value) in bag {
            let job = self.desk.accept(value);
            let way = match self.policy {
                "kind" => (job.kind as usize).min(ways - 1),
                "random" => self.desk.pick(&self.weights),
                _ => {
                    let next = (self.next + 1) % ways;
                    std::mem::replace(&mut self.next, next)
                }
            };
            self.desk.send(way, Value::Job(job));
        }
    }

    fn ta(&self) -> f64 {
        self.desk.advance(f64::INFINITY)
    }
}
