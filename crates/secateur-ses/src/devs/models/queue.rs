//! Buffers between models.

use super::desk::{Answer, Desk, amount, places, prompt};
use super::line::{Discipline, Line};
use super::parameters::{Kind, Parameter};
use super::registry::Entry;
use crate::devs::atomic::{Bag, State};
use crate::devs::model::Ports;
use crate::devs::value::Value;

const PARAMETERS: &[Parameter] = &[
    Parameter {
        name: "capacity",
        kind: Kind::Number { low: 1.0, high: f64::INFINITY },
        default: Some("inf"),
        help: "jobs that fit in; further ones leave at `lost`",
    },
    Parameter {
        name: "discipline",
        kind: Kind::Word(Discipline::WORDS),
        default: Some("fifo"),
        help: "which job is next",
    },
];

const IN: usize = 0;
const NEXT: usize = 1;
const OUT: usize = 0;
const LOST: usize = 1;
const SPACE: usize = 2;

pub(super) fn entry() -> Entry {
    Entry::new("queue", "keeps jobs until they are asked for at `next`", PARAMETERS, |given| {
        let capacity = given.number("capacity");
        let discipline = Discipline::of(given.word("discipline"));
        let make = prompt(move |desk| {
            if capacity.is_finite() {
                desk.send(SPACE, places(capacity as u64));
            }
            Queue { line: Line::new(discipline), capacity, asked: 0 }
        });
        Ok((Ports::new(&["in", "next"], &["out", "lost", "space"]), make))
    })
}

struct Queue {
    line: Line,
    capacity: f64,
    /// Jobs that were asked for and not yet sent.
    asked: u64,
}

impl Answer for Queue {
    fn answer(&mut self, bag: &Bag, desk: &mut Desk) {
        let mut gone = 0;
        // Who asks makes room for who comes at the same time.
        for value in bag.at(NEXT) {
            self.asked = self.asked.saturating_add(amount(value));
        }
        gone += self.serve(desk);
        for value in bag.at(IN) {
            let job = desk.accept(value);
            if (self.line.len() as f64) < self.capacity {
                self.line.push(job);
                gone += self.serve(desk);
            } else {
                desk.send(LOST, Value::Job(job));
            }
        }
        if gone > 0 && self.capacity.is_finite() {
            desk.send(SPACE, places(gone));
        }
    }

    fn state(&self) -> State {
        let jobs = self.line.len() as u32;
        State { phase: "", jobs, busy: (f64::from(jobs) / self.capacity) as f32 }
    }
}

impl Queue {
    fn serve(&mut self, desk: &mut Desk) -> u64 {
        let mut gone = 0;
        while self.asked > 0
            && let Some(job) = self.line.pop(desk.random())
        {
            self.asked -= 1;
            gone += 1;
            desk.send(OUT, Value::Job(job));
        }
        gone
    }
}
