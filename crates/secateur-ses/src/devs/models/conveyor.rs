//! Belts: jobs move on one behind the other.

use std::collections::VecDeque;

use super::desk::{Desk, Room};
use super::parameters::{Kind, Parameter};
use super::registry::Entry;
use crate::devs::atomic::{Atomic, Bag, Make, Output, State};
use crate::devs::model::Ports;
use crate::devs::value::Job;

const PARAMETERS: &[Parameter] = &[
    Parameter {
        name: "length",
        kind: Kind::Number { low: 0.0, high: 1e12 },
        default: None,
        help: "length of the belt",
    },
    Parameter {
        name: "speed",
        kind: Kind::Number { low: 1e-9, high: 1e12 },
        default: Some("1"),
        help: "length that a job moves on in a unit of time",
    },
    Parameter {
        name: "spacing",
        kind: Kind::Number { low: 0.0, high: 1e12 },
        default: Some("0"),
        help: "length that a job takes up; 0 for no limit",
    },
    Parameter {
        name: "blocking",
        kind: Kind::Whole { low: 0, high: 1 },
        default: Some("0"),
        help: "1: jobs stay at the end until there was an offer at `space`; others close up",
    },
];

pub(super) fn entry() -> Entry {
    Entry::new("conveyor", "moves jobs on, one behind the other", PARAMETERS, |given| {
        let (length, spacing) = (given.number("length"), given.number("spacing"));
        let speed = given.number("speed");
        let capacity = if spacing > 0.0 { (length / spacing).floor() } else { f64::INFINITY };
        if capacity < 1.0 {
            return Err(given.refuse("spacing", "at most the length"));
        }
        let blocking = given.whole("blocking") == 1;
        let make = Make::new(move |birth| {
            let mut belt = Conveyor {
                desk: Desk::new(birth),
                travel: length / speed,
                headway: spacing / speed,
                capacity,
                waiting: VecDeque::new(),
                moving: VecDeque::new(),
                room: Room::new(blocking),
                free: 0.0,
            };
            belt.go_on();
            belt
        });
        Ok((Ports::new(&["in", "space"], &["out", "ready"]), make))
    })
}

struct Conveyor {
    desk: Desk,
    /// Time from end to end.
    travel: f64,
    /// Least time from one job to the next, at either end.
    headway: f64,
    capacity: f64,
    /// Before the belt.
    waiting: VecDeque<Job>,
    /// On the belt, with the times when they are at its end.
    moving: VecDeque<(f64, Job)>,
    room: Room,
    /// Time from which the next job may get on.
    free: f64,
}

impl Conveyor {
    fn may_enter(&self) -> bool {
        (self.moving.len() as f64) < self.capacity
    }

    fn due(&self) -> f64 {
        let end = self.moving.front().filter(|_| self.room.may_leave()).map(|(due, _)| *due);
        let begin = (!self.waiting.is_empty() && self.may_enter()).then_some(self.free);
        end.unwrap_or(f64::INFINITY).min(begin.unwrap_or(f64::INFINITY))
    }

    fn go_on(&mut self) {
        let now = self.desk.now;
        while self.room.may_leave()
            && let Some((due, job)) = self.moving.front().copied()
            && due <= now
        {
            self.moving.pop_front();
            self.room.leave(job, &mut self.desk);
            if let Some((next, _)) = self.moving.front_mut() {
                *next = next.max(now + self.headway);
            }
        }
        while self.may_enter()
            && self.free <= now
            && let Some(job) = self.waiting.pop_front()
        {
            self.moving.push_back((now + self.travel, job));
            self.free = now + self.headway;
        }
        if self.capacity.is_finite() {
            let taken = self.moving.len() + self.waiting.len();
            let room = (self.capacity as u64).saturating_sub(taken as u64);
            self.room.renew(room, &mut self.desk);
        }
    }
}

impl Atomic for Conveyor {
    fn lambda(&self, out: &mut Output) {
        self.desk.lambda(out);
    }

    fn delta_int(&mut self) {
        self.desk.sent(self.due());
        self.go_on();
    }

    fn delta_ext(&mut self, elapsed: f64, bag: &Bag) {
        self.desk.now += elapsed;
        self.room.take(bag, &mut self.desk, |job| self.waiting.push_back(job));
        self.go_on();
    }

    fn ta(&self) -> f64 {
        self.desk.advance(self.due())
    }

    fn state(&self) -> State {
        let stuck = self.moving.front().is_some_and(|(due, _)| *due <= self.desk.now);
        let phase = if self.moving.is_empty() {
            "idle"
        } else if stuck && !self.room.may_leave() {
            "blocked"
        } else {
            "moving"
        };
        let jobs = (self.moving.len() + self.waiting.len()) as u32;
        let full = self.moving.len() as f64 / self.capacity;
        let busy = if self.capacity.is_finite() { full } else { f64::from(jobs.min(1)) };
        State { phase, jobs, busy: busy as f32 }
    }
}
