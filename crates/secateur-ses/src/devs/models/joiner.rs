//! Putting jobs together.

use std::collections::VecDeque;

use super::desk::{Answer, Desk, numbered, prompt};
use super::parameters::{Kind, Parameter};
use super::registry::Entry;
use crate::devs::atomic::{Bag, State};
use crate::devs::model::Ports;
use crate::devs::value::{Job, Value};

const PARAMETERS: &[Parameter] = &[
    Parameter {
        name: "inputs",
        kind: Kind::Whole { low: 1, high: 100_000 },
        default: Some("2"),
        help: "how many ways in: `in1`, `in2`, ...",
    },
    Parameter {
        name: "count",
        kind: Kind::Whole { low: 1, high: 1_000_000 },
        default: Some("1"),
        help: "jobs wanted from each way",
    },
];

pub(super) fn entry() -> Entry {
    let help = "puts jobs together: the first of `in1` goes on, as old as the oldest";
    Entry::new("joiner", help, PARAMETERS, |given| {
        let (ways, count) = (given.whole("inputs"), given.whole("count") as usize);
        let ports = Ports { inputs: numbered("in", ways), outputs: vec!["out".into()] };
        let make = prompt(move |_| Joiner { lines: vec![VecDeque::new(); ways as usize], count });
        Ok((ports, make))
    })
}

struct Joiner {
    lines: Vec<VecDeque<Job>>,
    count: usize,
}

impl Answer for Joiner {
    fn answer(&mut self, bag: &Bag, desk: &mut Desk) {
        for (port, value) in bag {
            let job = desk.accept(value);
            self.lines[port].push_back(job);
        }
        while self.lines.iter().all(|line| line.len() >= self.count) {
            let mut parts = self.lines.iter_mut().flat_map(|line| line.drain(..self.count));
            let first = parts.next();
            if let Some(first) = first {
                let born = parts.map(|part| part.born).fold(first.born, f64::min);
                desk.send(0, Value::Job(Job { born, ..first }));
            }
        }
    }

    fn state(&self) -> State {
        let jobs = self.lines.iter().map(VecDeque::len).sum::<usize>() as u32;
        State { jobs, ..State::default() }
    }
}
