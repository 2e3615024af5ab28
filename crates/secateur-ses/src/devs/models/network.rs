//! A computer network: clients that ask servers, and what joins them.
//!
//! A request is a job whose kind is the number of the site that is asked and whose priority is the
//! number of the site that asks; the answer is the same job with kind 0. Everybody on a line hears
//! everything and takes what is meant for them.

use std::collections::VecDeque;

use super::desk::Desk;
use super::parameters::{Kind, Parameter};
use super::registry::Entry;
use crate::devs::atomic::{Atomic, Bag, Make, Output, State};
use crate::devs::distribution::Distribution;
use crate::devs::model::Ports;
use crate::devs::value::{Job, Value};

const SITES: Kind = Kind::Whole { low: 1, high: 100_000 };
const SITE: Parameter =
    Parameter { name: "site", kind: SITES, default: Some("1"), help: "number of its site" };

/// An answer has the kind of no site.
const ANSWER: u32 = 0;

pub(super) fn client() -> Entry {
    const TAKES: &[Parameter] = &[
        SITE,
        Parameter { name: "sites", kind: SITES, default: Some("1"), help: "how many there are" },
        Parameter {
            name: "remote",
            kind: Kind::Number { low: 0.0, high: 1.0 },
            default: Some("0.25"),
            help: "share of requests to other sites",
        },
        Parameter {
            name: "think",
            kind: Kind::Duration,
            default: Some("exponential(1)"),
            help: "time from an answer to the next request",
        },
    ];
    let help = "sends a request, waits for its answer, thinks; answered ones leave at `done`";
    Entry::new("client", help, TAKES, |given| {
        let (site, sites) = (given.whole("site"), given.whole("sites"));
        let (remote, think) = (given.number("remote"), given.duration("think"));
        if site > sites {
            return Err(given.refuse("site", format!("at most {sites}, the number of sites")));
        }
        let make = Make::new(move |birth| {
            let (desk, due) = (Desk::new(birth), f64::INFINITY);
            let mut client = Client { desk, site, sites, remote, think, due, waits: None };
            client.rest();
            client
        });
        Ok((Ports::new(&["in"], &["out", "done"]), make))
    })
}

struct Client {
    desk: Desk,
    site: u32,
    sites: u32,
    remote: f64,
    think: Distribution,
    due: f64,
    /// The request that is not yet answered.
    waits: Option<u64>,
}

impl Client {
    fn rest(&mut self) {
        self.due = self.desk.now + self.think.draw(self.desk.random());
    }

    fn ask(&mut self) {
        let mut target = self.site;
        if self.sites > 1 && self.desk.random().uniform() < self.remote {
            // Any of the others: those from its own number on are one further.
            target = self.desk.random().below(self.sites as usize - 1) as u32 + 1;
            target += u32::from(target >= self.site);
        }
        let job = self.desk.job(self.desk.now, target, self.site as f32);
        self.waits = Some(job.id);
        self.due = f64::INFINITY;
        self.desk.send(0, Value::Job(job));
    }
}

impl Atomic for Client {
    fn lambda(&self, out: &mut Output) {
        self.desk.lambda(out);
    }

    fn delta_int(&mut self) {
        if !self.desk.sent(self.due) {
            self.ask();
        }
    }

    fn delta_ext(&mut self, elapsed: f64, bag: &Bag) {
        self.desk.now += elapsed;
        let jobs = bag.iter().filter_map(|(_, value)| value.job());
        for job in jobs.filter(|job| job.kind == ANSWER) {
            if self.waits == Some(job.id) {
                self.waits = None;
                self.desk.send(1, Value::Job(job));
                self.rest();
            }
        }
    }

    fn ta(&self) -> f64 {
        self.desk.advance(self.due)
    }

    fn state(&self) -> State {
        let waits = self.waits.is_some();
        State {
            phase: if waits { "waiting" } else { "idle" },
            jobs: 0,
            busy: f32::from(u8::from(waits)),
        }
    }
}

const NODE: &[Parameter] = &[
    SITE,
    Parameter {
        name: "time",
        kind: Kind::Duration,
        default: Some("0"),
        help: "time that each job takes, one after the other",
    },
];

pub(super) fn hub() -> Entry {
    node("hub", "repeats all that its site sends, and brings in all that comes", true)
}

pub(super) fn gateway() -> Entry {
    node("gateway", "lets through what is meant for its site, or for others", false)
}

fn node(name: &'static str, help: &'static str, repeats: bool) -> Entry {
    Entry::new(name, help, NODE, move |given| {
        let (site, time) = (given.whole("site"), given.duration("time"));
        let make = Make::new(move |birth| {
            let (desk, line, due) = (Desk::new(birth), VecDeque::new(), f64::INFINITY);
            Node { desk, site, time, repeats, line, due }
        });
        Ok((Ports::new(&["uplink", "up", "reply"], &["uplink", "down", "serve"]), make))
    })
}

const FROM_UPLINK: usize = 0;
const FROM_CLIENTS: usize = 1;
const UPLINK: usize = 0;
const DOWN: usize = 1;
const SERVE: usize = 2;

struct Node {
    desk: Desk,
    site: u32,
    time: Distribution,
    repeats: bool,
    /// Jobs that wait, with the ports they came in at; the first is worked on.
    line: VecDeque<(usize, Job)>,
    due: f64,
}

impl Node {
    fn begin(&mut self) {
        let busy = !self.line.is_empty();
        self.due =
            if busy { self.desk.now + self.time.draw(self.desk.random()) } else { f64::INFINITY };
    }

    fn forward(&mut self, port: usize, mut job: Job) {
        let own = job.priority as u32 == self.site;
        match port {
            FROM_UPLINK if job.kind == ANSWER => {
                if own || self.repeats {
                    self.desk.send(DOWN, Value::Job(job));
                }
            }
            FROM_UPLINK => {
                if job.kind == self.site && !own {
                    self.desk.send(SERVE, Value::Job(job));
                }
            }
            FROM_CLIENTS => {
                let local = job.kind == self.site;
                if local {
                    self.desk.send(SERVE, Value::Job(job));
                }
                if !local || self.repeats {
                    self.desk.send(UPLINK, Value::Job(job));
                }
            }
            _ => {
                job.kind = ANSWER;
                if own || self.repeats {
                    self.desk.send(DOWN, Value::Job(job));
                }
                if !own || self.repeats {
                    self.desk.send(UPLINK, Value::Job(job));
                }
            }
        }
    }
}

impl Atomic for Node {
    fn lambda(&self, out: &mut Output) {
        self.desk.lambda(out);
    }

    fn delta_int(&mut self) {
        if self.desk.sent(self.due) {
            return;
        }
        if let Some((port, job)) = self.line.pop_front() {
            self.forward(port, job);
        }
        self.begin();
    }

    fn delta_ext(&mut self, elapsed: f64, bag: &Bag) {
        self.desk.now += elapsed;
        let free = self.line.is_empty();
        self.line.extend(bag.iter().filter_map(|(port, value)| Some((port, value.job()?))));
        if free {
            self.begin();
        }
    }

    fn ta(&self) -> f64 {
        self.desk.advance(self.due)
    }

    fn state(&self) -> State {
        let busy = !self.line.is_empty();
        State {
            phase: if busy { "busy" } else { "idle" },
            jobs: self.line.len() as u32,
            busy: f32::from(u8::from(busy)),
        }
    }
}
