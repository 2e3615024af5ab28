//! Putting jobs together.

use std::collections::VecDeque;

use super::desk::{Desk, numbered};
use super::parameters::{Kind, Parameter};
use super::registry::Entry;
use crate::devs::atomic::{Atomic, Bag, Make, Output, State};
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
        let make = Make::new(move |birth| {
            let lines = vec![VecDeque::new(); ways as usize];
            Joiner { desk: Desk::new(birth), lines, count }
        });
        Ok((ports, make))
    })
}

struct Joiner {
    desk: Desk,
    lines: Vec<VecDeque<Job>>,
    count: usize,
}

impl Atomic for Joiner {
    fn lambda(&self, out: &mut Output) {
        self.desk.lambda(out);
    }

    fn delta_int(&mut self) {
        self.desk.sent(f64::INFINITY);
    }

    fn delta_ext(&mut self, elapsed: f64, bag: &Bag) {
        self.desk.now += elapsed;
        for (port, value) in bag {
            let job = self.desk.accept(value);
            self.lines[port].push_back(job);
        }
        while self.lines.iter().all(|line| line.len() >= self.count) {
            let mut parts = self.lines.iter_mut().flat_map(|line| line.drain(..self.count));
            let first = parts.next();
            if let Some(first) = first {
                let born = parts.map(|part| part.born).fold(first.born, f64::min);
                self.desk.send(0, Value::Job(Job { born, ..first }));
            }
        }
    }

    fn ta(&self) -> f64 {
        self.desk.advance(f64::INFINITY)
    }

    fn state(&self) -> State {
        let jobs = self.lines.iter().map(VecDeque::len).sum::<usize>() as u32;
        State { jobs, ..State::default() }
    }
}
