//! Taking jobs apart.

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
        name: "count",
        kind: Kind::Whole { low: 1, high: 10_000 },
        default: Some("1"),
        help: "parts for each way; the first of all is the job itself, cut down",
    },
];

pub(super) fn entry() -> Entry {
    let help = "takes each job apart: parts of its age, kind and priority leave at every way";
    Entry::new("splitter", help, PARAMETERS, |given| {
        let (ways, count) = (given.whole("outputs"), given.whole("count"));
        let ports = Ports { inputs: vec!["in".into()], outputs: numbered("out", ways) };
        let make = prompt(move |_| Splitter { ways, count });
        Ok((ports, make))
    })
}

struct Splitter {
    ways: u32,
    count: u32,
}

impl Answer for Splitter {
    fn answer(&mut self, bag: &Bag, desk: &mut Desk) {
        for (_, value) in bag {
            let mut part = desk.accept(value);
            for at in 0..self.ways * self.count {
                if at > 0 {
                    part = desk.job(part.born, part.kind, part.priority);
                }
                desk.send((at / self.count) as usize, Value::Job(part));
            }
        }
    }
}
