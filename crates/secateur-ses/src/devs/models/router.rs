//! Junctions: each job goes one of several ways.

use super::desk::{Answer, Desk, numbered, prompt};
use super::parameters::{Kind, Parameter};
use super::registry::Entry;
use crate::devs::atomic::Bag;
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
        let make = prompt(move |_| Router { policy, weights: weights.clone(), next: 0 });
        Ok((ports, make))
    })
}

struct Router {
    policy: &'static str,
    weights: Vec<f64>,
    next: usize,
}

impl Answer for Router {
    fn answer(&mut self, bag: &Bag, desk: &mut Desk) {
        let ways = self.weights.len();
        for (_, value) in bag {
            let job = desk.accept(value);
            let way = match self.policy {
                "kind" => (job.kind as usize).min(ways - 1),
                "random" => desk.pick(&self.weights),
                _ => {
                    let next = (self.next + 1) % ways;
                    std::mem::replace(&mut self.next, next)
                }
            };
            desk.send(way, Value::Job(job));
        }
    }
}
