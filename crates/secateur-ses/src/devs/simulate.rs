//! The fast simulator: a flat model, event by event.
//!
//! Every step takes all atomic models whose time has come, asks them what they send, hands the
//! values on along precomputed tables, and makes the transitions of all that fired or received.
//! All buffers are kept from step to step, so that a step allocates nothing once they have grown.

use super::atomic::{Bag, Link, Machine, NONE, Output};
use super::clock::{Clock, Done, Until, VALUES_MAX, next, no_output, too_many};
use super::error::DevsError;
use super::flat::Flat;
use super::heap::Heap;
use super::watch::Watch;

/// An atomic model that runs.
struct Slot {
    machine: Box<dyn Machine>,
    /// Time of the last transition.
    last: f64,
    /// Time of the next internal transition.
    next: f64,
    /// First and last of the values that have come in, or [`NONE`].
    head: u32,
    tail: u32,
    /// Whether the heap has its time.
    waits: bool,
}

/// A simulation of a flat model.
pub struct Simulation<'f> {
    flat: &'f Flat<'f>,
    slots: Vec<Slot>,
    heap: Heap,
    clock: Clock,
    /// Those that fire again at the time it is now.
    soon: Vec<u32>,
    firing: Vec<u32>,
    receiving: Vec<u32>,
    links: Vec<Link>,
    out: Output,
    /// Ports of the outermost model with the values that leave there.
    exits: Vec<(u32, u32)>,
    done: Done,
    begun: bool,
}

impl<'f> Simulation<'f> {
    /// Makes the atomic models; equal seeds give equal simulations.
    pub fn new(flat: &'f Flat<'f>, seed: u64) -> Self {
        let made = flat.make(seed).into_iter();
        let (last, next, head, tail, waits) = (0.0, f64::INFINITY, NONE, NONE, false);
        Self {
            flat,
            slots: made.map(|machine| Slot { machine, last, next, head, tail, waits }).collect(),
            heap: Heap::new(flat.len()),
            clock: Clock::new(),
            soon: Vec::new(),
            firing: Vec::new(),
            receiving: Vec::new(),
            links: Vec::new(),
            out: Output::default(),
            exits: Vec::new(),
            done: Done::default(),
            begun: false,
        }
    }

    /// How many steps may follow each other at one time before it is an error.
    #[must_use]
    pub fn zero_steps_max(mut self, steps: u64) -> Self {
        self.clock.zero_steps_max = steps;
        self
    }

    /// What was done so far.
    pub fn done(&self) -> Done {
        self.done
    }

    /// Time of the next event; `None` when nothing will happen any more, or nothing has begun.
    pub fn next_time(&self) -> Option<f64> {
        if self.soon.is_empty() { self.heap.least() } else { Some(self.clock.now) }
    }

    /// Runs on. A simulation that has stopped can be run on later.
    ///
    /// # Errors
    /// [`DevsError::ZeroTimeLoop`], [`DevsError::BadAdvance`], [`DevsError::NoSuchOutput`],
    /// [`DevsError::TooMany`].
    pub fn run<W: Watch>(&mut self, until: Until, watch: &mut W) -> Result<Done, DevsError> {
        if !std::mem::replace(&mut self.begun, true) {
            self.begin(watch)?;
        }
        while self.done.transitions() < until.transitions
            && let Some(time) = self.next_time().filter(|time| *time <= until.time)
        {
            self.step(time, watch)?;
        }
        if W::WATCHES {
            watch.end(if until.time.is_finite() { until.time } else { self.clock.now.max(0.0) });
        }
        Ok(self.done)
    }

    fn begin<W: Watch>(&mut self, watch: &mut W) -> Result<(), DevsError> {
        for (atom, slot) in (0..).zip(&mut self.slots) {
            slot.next = next(self.flat, atom, 0.0, slot.machine.advance())?;
            slot.waits = slot.next < f64::INFINITY;
            if slot.waits {
                self.heap.set(atom, slot.next);
            }
            if W::WATCHES {
                watch.begin(0.0, atom, slot.machine.seen());
            }
        }
        Ok(())
    }

    fn step<W: Watch>(&mut self, time: f64, watch: &mut W) -> Result<(), DevsError> {
        self.gather(time);
        self.clock.step(time, &self.firing, self.flat)?;
        self.send(time, watch)?;
        if W::WATCHES {
            self.leave(time, watch);
        }
        self.change(time, watch)?;
        self.done.steps += 1;
        self.out.sent.clear();
        self.links.clear();
        self.receiving.clear();
        Ok(())
    }

    /// Those whose time has come, ordered by number.
    fn gather(&mut self, time: f64) {
        self.firing.clear();
        std::mem::swap(&mut self.firing, &mut self.soon);
        while let Some(atom) = self.heap.pop_at(time) {
            self.slots[atom as usize].waits = false;
            self.firing.push(atom);
        }
        if !self.firing.is_sorted() {
            self.firing.sort_unstable();
        }
    }

    /// Asks those that fire what they send, and hands it on.
    fn send<W: Watch>(&mut self, time: f64, watch: &mut W) -> Result<(), DevsError> {
        let Self { flat, slots, firing, receiving, links, out, exits, .. } = self;
        out.time = time;
        for &atom in firing.iter() {
            let first = out.sent.len();
            slots[atom as usize].machine.output(out);
            let outputs = flat.outputs[atom as usize];
            let ports = flat.outputs[atom as usize + 1] - outputs;
            for (message, (port, value)) in (first as u32..).zip(&out.sent[first..]) {
                if *port >= ports {
                    return Err(no_output(flat, atom, *port));
                }
                if W::WATCHES {
                    watch.sent(time, atom, *port, value);
                    let ends = flat.exits.at(outputs + port);
                    exits.extend(ends.iter().map(|&exit| (exit, message)));
                }
                for target in flat.targets.at(outputs + port) {
                    let at = links.len() as u32;
                    links.push(Link { message, port: target.port, next: NONE });
                    let slot = &mut slots[target.atom as usize];
                    if slot.head == NONE {
                        slot.head = at;
                        receiving.push(target.atom);
                    } else {
                        links[slot.tail as usize].next = at;
                    }
                    slot.tail = at;
                }
            }
            if links.len().max(out.sent.len()) > VALUES_MAX {
                return Err(too_many(flat, atom));
            }
        }
        self.done.received += self.links.len() as u64;
        Ok(())
    }

    fn leave<W: Watch>(&mut self, time: f64, watch: &mut W) {
        for (port, message) in self.exits.drain(..) {
            watch.left(time, port, &self.out.sent[message as usize].1);
        }
    }

    /// Makes the transitions of all that fired or received.
    fn change<W: Watch>(&mut self, time: f64, watch: &mut W) -> Result<(), DevsError> {
        let firing = std::mem::take(&mut self.firing);
        let mut receiving = std::mem::take(&mut self.receiving);
        if W::WATCHES {
            // Rows of a trace are ordered by number; without a trace the order cannot be seen.
            receiving.extend(firing.iter().filter(|&&atom| self.slots[atom as usize].head == NONE));
            receiving.sort_unstable();
            for &atom in &receiving {
                self.transition(time, atom, watch)?;
            }
        } else {
            for &atom in &firing {
                self.transition(time, atom, watch)?;
            }
            for &atom in &receiving {
                if self.slots[atom as usize].head != NONE {
                    self.transition(time, atom, watch)?;
                }
            }
        }
        self.firing = firing;
        self.receiving = receiving;
        Ok(())
    }

    #[inline]
    fn transition<W: Watch>(
        &mut self,
        time: f64,
        atom: u32,
        watch: &mut W,
    ) -> Result<(), DevsError> {
        let slot = &mut self.slots[atom as usize];
        let fires = slot.next == time;
        let head = std::mem::replace(&mut slot.head, NONE);
        let bag = Bag { links: &self.links, messages: &self.out.sent, head };
        let advance = if head == NONE {
            self.done.internal += 1;
            slot.machine.internal()
        } else {
            self.done.external += 1;
            if fires {
                self.done.internal += 1;
                self.done.confluent += 1;
                slot.machine.confluent(&bag)
            } else {
                slot.machine.external(time - slot.last, &bag)
            }
        };
        if W::WATCHES {
            for (port, value) in &bag {
                watch.received(time, atom, port as u32, value);
            }
            watch.state(time, atom, slot.machine.seen());
        }
        slot.last = time;
        slot.next = next(self.flat, atom, time, advance)?;
        if slot.next == time {
            self.soon.push(atom);
        } else if slot.next < f64::INFINITY {
            slot.waits = true;
            self.heap.set(atom, slot.next);
            return Ok(());
        }
        if std::mem::replace(&mut slot.waits, false) {
            self.heap.remove(atom);
        }
        Ok(())
    }
}
