//! Coordinators: they hand jobs to members and take them back.

use super::desk::{Desk, Offer, numbered};
use super::line::{Discipline, Line};
use super::parameters::{Kind, Parameter};
use super::registry::Entry;
use crate::devs::atomic::{Atomic, Bag, Make, Output, State};
use crate::devs::model::Ports;
use crate::devs::value::Value;

const PARAMETERS: &[Parameter] = &[
    Parameter {
        name: "members",
        kind: Kind::Whole { low: 1, high: 100_000 },
        default: Some("1"),
        help: "how many there are, at `to1` and `done1`, `to2` and `done2`, ...",
    },
    Parameter {
        name: "limit",
        kind: Kind::Number { low: 1.0, high: f64::INFINITY },
        default: Some("1"),
        help: "jobs that a member has at once",
    },
    Parameter {
        name: "policy",
        kind: Kind::Word(&["least", "cycle", "kind", "random"]),
        default: Some("least"),
        help: "the member with the fewest jobs, in turn, by kind of job, or any with room",
    },
    Parameter {
        name: "discipline",
        kind: Kind::Word(Discipline::WORDS),
        default: Some("fifo"),
        help: "which of the jobs that wait is next",
    },
];

/// Jobs from outside; the members' finished jobs follow.
const IN: usize = 0;
/// Jobs that are done; room; the members' inputs follow.
const OUT: usize = 0;
const READY: usize = 1;
const TO: usize = 2;

pub(super) fn entry() -> Entry {
    let help = "hands jobs to members and sends on what they have done";
    Entry::new("controller", help, PARAMETERS, |given| {
        let (members, limit) = (given.whole("members"), given.number("limit"));
        let policy = given.word("policy");
        let discipline = Discipline::of(given.word("discipline"));
        let mut ports = Ports::new(&["in"], &["out", "ready"]);
        ports.inputs.extend(numbered("done", members));
        ports.outputs.extend(numbered("to", members));
        let make = Make::new(move |birth| {
            let mut controller = Controller {
                desk: Desk::new(birth),
                line: Line::new(discipline),
                loads: vec![0; members as usize],
                limit,
                policy,
                next: 0,
                offer: Offer::default(),
            };
            controller.go_on();
            controller
        });
        Ok((ports, make))
    })
}

struct Controller {
    desk: Desk,
    line: Line,
    /// Jobs at each member.
    loads: Vec<u32>,
    limit: f64,
    policy: &'static str,
    next: usize,
    offer: Offer,
}

impl Controller {
    fn has_room(&self, member: usize) -> bool {
        f64::from(self.loads[member]) < self.limit
    }

    /// The member for a job of a kind, if there is one with room.
    fn member(&mut self, kind: u32) -> Option<usize> {
        let count = self.loads.len();
        match self.policy {
            "kind" => Some((kind as usize).min(count - 1)).filter(|member| self.has_room(*member)),
            "cycle" => {
                let turn = (0..count).map(|step| (self.next + step) % count);
                let member = turn.into_iter().find(|member| self.has_room(*member))?;
                self.next = (member + 1) % count;
                Some(member)
            }
            "random" => {
                let free = (0..count).filter(|member| self.has_room(*member)).count();
                let chosen = (free > 0).then(|| self.desk.random().below(free))?;
                (0..count).filter(|member| self.has_room(*member)).nth(chosen)
            }
            _ => {
                let least = (0..count).min_by_key(|member| self.loads[*member])?;
                Some(least).filter(|member| self.has_room(*member))
            }
        }
    }

    fn go_on(&mut self) {
        // By kind, a job whose member is full must not hold up the others.
        let mut held = Vec::new();
        while let Some(job) = self.line.pop(self.desk.random()) {
            if let Some(member) = self.member(job.kind) {
                self.loads[member] += 1;
                self.desk.send(TO + member, Value::Job(job));
            } else {
                held.push(job);
                if self.policy != "kind" {
                    break;
                }
            }
        }
        // They were next, so they are next again, whatever the discipline.
        for job in held.into_iter().rev() {
            self.line.jobs.push_front(job);
        }
        if self.limit.is_finite() {
            let room =
                self.loads.iter().map(|&load| (self.limit as u64).saturating_sub(load.into()));
            let room = room.sum::<u64>().saturating_sub(self.line.len() as u64);
            self.offer.renew(room, READY, &mut self.desk);
        }
    }
}

impl Atomic for Controller {
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
            if port == IN {
                self.line.push(job);
                self.offer.taken();
            } else {
                let load = &mut self.loads[port - 1];
                *load = load.saturating_sub(1);
                self.desk.send(OUT, Value::Job(job));
            }
        }
        self.go_on();
    }

    fn ta(&self) -> f64 {
        self.desk.advance(f64::INFINITY)
    }

    fn state(&self) -> State {
        let working = self.loads.iter().filter(|load| **load > 0).count();
        let phase = if working > 0 { "busy" } else { "idle" };
        let busy = working as f32 / self.loads.len() as f32;
        State { phase, jobs: self.line.len() as u32, busy }
    }
}
