//! Machines: they work on jobs, wear out, break down, and wait for room behind them.

use std::collections::VecDeque;

use super::desk::{Desk, Room};
use super::line::{Discipline, Line};
use super::parameters::{Kind, Parameter};
use super::registry::Entry;
use crate::devs::atomic::{Atomic, Bag, Make, Output, State};
use crate::devs::distribution::Distribution;
use crate::devs::model::Ports;
use crate::devs::value::{Job, Value};

const PARAMETERS: &[Parameter] = &[
    Parameter { name: "time", kind: Kind::Duration, default: None, help: "time that a job takes" },
    Parameter {
        name: "servers",
        kind: Kind::Whole { low: 1, high: 1_000_000 },
        default: Some("1"),
        help: "jobs that are worked on at once",
    },
    Parameter {
        name: "factors",
        kind: Kind::Numbers,
        default: Some(""),
        help: "factor of the time for each kind of job; 1 for kinds beyond the list",
    },
    Parameter {
        name: "setup",
        kind: Kind::Duration,
        default: Some("0"),
        help: "time before a job whose kind differs from that of the job begun before it",
    },
    Parameter {
        name: "up",
        kind: Kind::Duration,
        default: Some("0"),
        help: "time from a repair to the next failure, work or not; 0 for no failures",
    },
    Parameter {
        name: "down",
        kind: Kind::Duration,
        default: Some("0"),
        help: "time of a repair; work goes on where it was",
    },
    Parameter {
        name: "scrap",
        kind: Kind::Number { low: 0.0, high: 1.0 },
        default: Some("0"),
        help: "share of jobs that leave at `scrap`",
    },
    Parameter {
        name: "blocking",
        kind: Kind::Whole { low: 0, high: 1 },
        default: Some("0"),
        help: "1: finished jobs stay until there was an offer at `space`",
    },
    Parameter {
        name: "discipline",
        kind: Kind::Word(Discipline::WORDS),
        default: Some("fifo"),
        help: "which of the jobs that wait here is next",
    },
];

const SCRAP: usize = 2;

pub(super) fn entry() -> Entry {
    Entry::new("server", "works on jobs; may fail", PARAMETERS, |given| {
        let (time, setup) = (given.duration("time"), given.duration("setup"));
        let (up, down) = (given.duration("up"), given.duration("down"));
        let (servers, factors) = (given.whole("servers") as usize, given.numbers("factors"));
        let (scrap, blocking) = (given.number("scrap"), given.whole("blocking") == 1);
        let discipline = Discipline::of(given.word("discipline"));
        let make = Make::new(move |birth| {
            let mut server = Server {
                desk: Desk::new(birth),
                time,
                setup,
                up,
                down,
                servers,
                factors: factors.clone(),
                scrap,
                line: Line::new(discipline),
                working: Vec::new(),
                finished: VecDeque::new(),
                room: Room::new(blocking),
                kind: None,
                fails: f64::INFINITY,
                repaired: f64::INFINITY,
            };
            server.wear();
            server.go_on();
            server
        });
        Ok((Ports::new(&["in", "space"], &["out", "ready", "scrap"]), make))
    })
}

struct Server {
    desk: Desk,
    time: Distribution,
    setup: Distribution,
    up: Distribution,
    down: Distribution,
    servers: usize,
    factors: Vec<f64>,
    scrap: f64,
    line: Line,
    /// Jobs that are worked on, with the times when they are finished.
    working: Vec<(f64, Job)>,
    /// Finished jobs that wait for room, each on its server.
    finished: VecDeque<Job>,
    room: Room,
    /// Kind of the job that was begun last.
    kind: Option<u32>,
    /// Time of the next failure.
    fails: f64,
    /// Time when the repair ends; infinity when nothing is broken.
    repaired: f64,
}

impl Server {
    fn is_down(&self) -> bool {
        self.repaired < f64::INFINITY
    }

    /// Draws the time of the next failure.
    fn wear(&mut self) {
        if self.up.mean() > 0.0 {
            self.fails = self.desk.now + self.up.draw(self.desk.random());
        }
    }

    fn due(&self) -> f64 {
        let work = self.working.iter().map(|(due, _)| *due);
        work.fold(self.fails.min(self.repaired), f64::min)
    }

    /// Does whatever can be done at this time without waiting.
    fn go_on(&mut self) {
        let now = self.desk.now;
        while let Some(at) = self.working.iter().position(|(due, _)| *due <= now) {
            let (_, job) = self.working.remove(at);
            if self.scrap > 0.0 && self.desk.random().uniform() < self.scrap {
                self.desk.send(SCRAP, Value::Job(job));
            } else {
                self.finished.push_back(job);
            }
        }
        while self.room.may_leave()
            && let Some(job) = self.finished.pop_front()
        {
            self.room.leave(job, &mut self.desk);
        }
        if self.is_down() {
            return;
        }
        while self.working.len() + self.finished.len() < self.servers
            && let Some(job) = self.line.pop(self.desk.random())
        {
            let factor = self.factors.get(job.kind as usize).copied().unwrap_or(1.0);
            let mut time = self.time.draw(self.desk.random()) * factor;
            if self.kind.is_some_and(|kind| kind != job.kind) {
                time += self.setup.draw(self.desk.random());
            }
            self.kind = Some(job.kind);
            self.working.push((now + time, job));
        }
        let taken = self.working.len() + self.finished.len() + self.line.len();
        self.room.renew(self.servers.saturating_sub(taken) as u64, &mut self.desk);
    }

    /// Breaks down: all that is worked on is finished later by the time of the repair.
    fn fail(&mut self) {
        let repair = self.down.draw(self.desk.random());
        self.fails = f64::INFINITY;
        self.repaired = self.desk.now + repair;
        for (due, _) in &mut self.working {
            *due += repair;
        }
    }
}

impl Atomic for Server {
    fn lambda(&self, out: &mut Output) {
        self.desk.lambda(out);
    }

    fn delta_int(&mut self) {
        if self.desk.sent(self.due()) {
            self.go_on();
            return;
        }
        if self.repaired <= self.desk.now {
            self.repaired = f64::INFINITY;
            self.wear();
        }
        self.go_on();
        if self.fails <= self.desk.now {
            self.fail();
        }
    }

    fn delta_ext(&mut self, elapsed: f64, bag: &Bag) {
        self.desk.now += elapsed;
        self.room.take(bag, &mut self.desk, |job| self.line.push(job));
        self.go_on();
    }

    fn ta(&self) -> f64 {
        self.desk.advance(self.due())
    }

    fn state(&self) -> State {
        let (working, finished) = (self.working.len(), self.finished.len());
        let phase = if self.is_down() {
            "down"
        } else if working > 0 {
            "busy"
        } else if finished > 0 {
            "blocked"
        } else {
            "idle"
        };
        let busy = if self.is_down() { 0 } else { working };
        let jobs = (working + finished + self.line.len()) as u32;
        State { phase, jobs, busy: busy as f32 / self.servers as f32 }
    }
}
