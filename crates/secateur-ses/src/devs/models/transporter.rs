//! Vehicles and robots: they carry jobs from one place to another and come back.

use super::desk::{Desk, Room};
use super::line::{Discipline, Line};
use super::parameters::{Kind, Parameter};
use super::registry::Entry;
use crate::devs::atomic::{Atomic, Bag, Make, Output, State};
use crate::devs::distribution::Distribution;
use crate::devs::model::Ports;
use crate::devs::value::Job;

const PARAMETERS: &[Parameter] = &[
    Parameter {
        name: "vehicles",
        kind: Kind::Whole { low: 1, high: 100_000 },
        default: Some("1"),
        help: "how many there are",
    },
    Parameter {
        name: "capacity",
        kind: Kind::Whole { low: 1, high: 100_000 },
        default: Some("1"),
        help: "jobs that one carries; it leaves with those that are there",
    },
    Parameter {
        name: "distance",
        kind: Kind::Number { low: 0.0, high: 1e12 },
        default: Some("0"),
        help: "from one place to the other",
    },
    Parameter {
        name: "speed",
        kind: Kind::Number { low: 1e-9, high: 1e12 },
        default: Some("1"),
        help: "distance in a unit of time",
    },
    Parameter {
        name: "load",
        kind: Kind::Duration,
        default: Some("0"),
        help: "time to load, for each trip",
    },
    Parameter {
        name: "unload",
        kind: Kind::Duration,
        default: Some("0"),
        help: "time to unload, for each trip",
    },
    Parameter {
        name: "blocking",
        kind: Kind::Whole { low: 0, high: 1 },
        default: Some("0"),
        help: "1: jobs are set down only when there was an offer at `space`",
    },
    Parameter {
        name: "discipline",
        kind: Kind::Word(Discipline::WORDS),
        default: Some("fifo"),
        help: "which of the jobs that wait is next",
    },
];

pub(super) fn entry() -> Entry {
    let help = "carries jobs by vehicles or robots that come back empty";
    Entry::new("transporter", help, PARAMETERS, |given| {
        let vehicles = given.whole("vehicles") as usize;
        let (capacity, blocking) = (given.whole("capacity") as usize, given.whole("blocking") == 1);
        let travel = given.number("distance") / given.number("speed");
        let (load, unload) = (given.duration("load"), given.duration("unload"));
        let discipline = Discipline::of(given.word("discipline"));
        let make = Make::new(move |birth| {
            let idle = Vehicle { trip: Trip::Idle, due: f64::INFINITY, jobs: Vec::new() };
            let mut transporter = Transporter {
                desk: Desk::new(birth),
                vehicles: vec![idle; vehicles],
                capacity,
                travel,
                load,
                unload,
                line: Line::new(discipline),
                room: Room::new(blocking),
            };
            transporter.go_on();
            transporter
        });
        Ok((Ports::new(&["in", "space"], &["out", "ready"]), make))
    })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trip {
    /// Where jobs come in.
    Idle,
    /// On the way with jobs.
    Loaded,
    /// Where jobs go out, waiting for room.
    There,
    /// On the way back.
    Back,
}

#[derive(Clone, Debug)]
struct Vehicle {
    trip: Trip,
    /// Time when the trip is over.
    due: f64,
    /// Jobs it carries, the first to be set down last.
    jobs: Vec<Job>,
}

struct Transporter {
    desk: Desk,
    vehicles: Vec<Vehicle>,
    capacity: usize,
    travel: f64,
    load: Distribution,
    unload: Distribution,
    line: Line,
    room: Room,
}

impl Transporter {
    fn due(&self) -> f64 {
        self.vehicles.iter().map(|vehicle| vehicle.due).fold(f64::INFINITY, f64::min)
    }

    fn go_on(&mut self) {
        let now = self.desk.now;
        for vehicle in &mut self.vehicles {
            if vehicle.trip == Trip::Loaded && vehicle.due <= now {
                vehicle.trip = Trip::There;
                vehicle.due = f64::INFINITY;
            }
            if vehicle.trip == Trip::There {
                while self.room.may_leave()
                    && let Some(job) = vehicle.jobs.pop()
                {
                    self.room.leave(job, &mut self.desk);
                }
                if vehicle.jobs.is_empty() {
                    vehicle.trip = Trip::Back;
                    vehicle.due = now + self.travel;
                }
            }
            if vehicle.trip == Trip::Back && vehicle.due <= now {
                vehicle.trip = Trip::Idle;
                vehicle.due = f64::INFINITY;
            }
            if vehicle.trip == Trip::Idle && self.line.len() > 0 {
                while vehicle.jobs.len() < self.capacity
                    && let Some(job) = self.line.pop(self.desk.random())
                {
                    vehicle.jobs.push(job);
                }
                vehicle.jobs.reverse();
                let handling = self.load.draw(self.desk.random());
                let set_down = self.unload.draw(self.desk.random());
                vehicle.trip = Trip::Loaded;
                vehicle.due = now + handling + self.travel + set_down;
            }
        }
        let idle = self.vehicles.iter().filter(|vehicle| vehicle.trip == Trip::Idle).count();
        let room = (idle * self.capacity).saturating_sub(self.line.len());
        self.room.renew(room as u64, &mut self.desk);
    }
}

impl Atomic for Transporter {
    fn lambda(&self, out: &mut Output) {
        self.desk.lambda(out);
    }

    fn delta_int(&mut self) {
        self.desk.sent(self.due());
        self.go_on();
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
        let trips = |trip| self.vehicles.iter().filter(|vehicle| vehicle.trip == trip).count();
        let phase = if trips(Trip::Loaded) > 0 {
            "loaded"
        } else if trips(Trip::There) > 0 {
            "blocked"
        } else if trips(Trip::Back) > 0 {
            "returning"
        } else {
            "idle"
        };
        let carried: usize = self.vehicles.iter().map(|vehicle| vehicle.jobs.len()).sum();
        let moving = (trips(Trip::Loaded) + trips(Trip::Back)) as f32;
        let jobs = (carried + self.line.len()) as u32;
        State { phase, jobs, busy: moving / self.vehicles.len() as f32 }
    }
}
