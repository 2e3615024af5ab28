//! The hierarchical simulator: coordinators over coordinators, values handed on level by level.
//!
//! It is what the flat simulator is measured by: both give the same trace. The levels are walked
//! by lists, not by calls, so that depth costs no stack.

use super::atomic::{Bag, Link, Machine, NONE, Output};
use super::clock::{Clock, Done, Until, next, no_output};
use super::error::DevsError;
use super::flat::{Flat, Wires};
use super::model::{End, Id, Model};
use super::table::Table;
use super::value::Value;
use super::watch::Watch;

/// A value on its way; ordered by sender, then by the order of sending, then by port.
#[derive(Clone, Copy, Debug)]
struct Message {
    atom: u32,
    order: u32,
    port: u32,
    value: Value,
}

impl Message {
    fn key(&self) -> (u32, u32, u32) {
        (self.atom, self.order, self.port)
    }
}

/// A coordinator of a coupled model, or a simulator of an atomic one.
#[derive(Default)]
struct Level {
    atom: Option<(u32, Box<dyn Machine>)>,
    last: f64,
    next: f64,
    received: Vec<Message>,
    sent: Vec<Message>,
}

/// A simulation of a model with its hierarchy.
pub struct Hierarchy<'f> {
    flat: &'f Flat<'f>,
    model: &'f Model,
    wires: Wires,
    children: Table<u32>,
    levels: Vec<Level>,
    clock: Clock,
    done: Done,
    begun: bool,
}

impl<'f> Hierarchy<'f> {
    /// Makes the atomic models as [`Simulation`](super::Simulation) does; `flat` only numbers
    /// them, its couplings are not used.
    ///
    /// # Errors
    /// [`DevsError::TooMany`].
    pub fn new(flat: &'f Flat<'f>, seed: u64) -> Result<Self, DevsError> {
        let model = flat.model;
        let parents = model.nodes.iter().enumerate().skip(1);
        let pairs = parents.map(|(at, node)| (node.parent, at as u32));
        let children = Table::grouped(model.nodes.len(), pairs);
        let mut levels: Vec<Level> = model.nodes.iter().map(|_| Level::default()).collect();
        for (atom, machine) in flat.make(seed).into_iter().enumerate() {
            let level = &mut levels[flat.atoms[atom].0 as usize];
            level.atom = Some((atom as u32, machine));
        }
        let wires = Wires::new(model)?;
        let (clock, done) = (Clock::new(), Done::default());
        Ok(Self { flat, model, wires, children, levels, clock, done, begun: false })
    }

    fn begin(&mut self, watch: &mut impl Watch) -> Result<(), DevsError> {
        for id in &self.flat.atoms {
            let level = &mut self.levels[id.0 as usize];
            if let Some((atom, machine)) = &level.atom {
                level.next = next(self.flat, *atom, 0.0, machine.advance())?;
                watch.begin(0.0, *atom, machine.seen());
            }
        }
        // Children come after their parents.
        for node in (0..self.levels.len()).rev() {
            self.settle(node);
        }
        Ok(())
    }

    /// The time of the next event of a coupled model is the least of its components'.
    fn settle(&mut self, node: usize) {
        if self.levels[node].atom.is_none() {
            let times = self.children.at(node as u32).iter().map(|&c| self.levels[c as usize].next);
            self.levels[node].next = times.fold(f64::INFINITY, f64::min);
        }
    }

    /// How many steps may follow each other at one time before it is an error.
    #[must_use]
    pub fn zero_steps_max(mut self, steps: u64) -> Self {
        self.clock.zero_steps_max = steps;
        self
    }

    /// Runs on. A simulation that has stopped can be run on later.
    ///
    /// # Errors
    /// [`DevsError::ZeroTimeLoop`], [`DevsError::BadAdvance`], [`DevsError::NoSuchOutput`].
    pub fn run<W: Watch>(&mut self, until: Until, watch: &mut W) -> Result<Done, DevsError> {
        if !std::mem::replace(&mut self.begun, true) {
            self.begin(watch)?;
        }
        while self.done.transitions() < until.transitions
            && self.levels[0].next <= until.time
            && self.levels[0].next < f64::INFINITY
        {
            self.step(self.levels[0].next, watch)?;
        }
        watch.end(if until.time.is_finite() { until.time } else { self.clock.now.max(0.0) });
        Ok(self.done)
    }

    fn step(&mut self, time: f64, watch: &mut impl Watch) -> Result<(), DevsError> {
        let firing = self.reach(|level| level.next == time);
        let atoms = self.atoms(&firing);
        self.clock.step(time, &atoms, self.flat)?;
        self.send(time, &atoms, watch)?;
        for &node in firing.iter().rev().filter(|&&node| node != 0) {
            self.hand_up(node);
        }
        let mut leaving = std::mem::take(&mut self.levels[0].sent);
        tidy(&mut leaving);
        for message in leaving {
            watch.left(time, message.port, &message.value);
        }
        let changing = self.hand_down(time);
        for atom in self.atoms(&changing) {
            self.transition(time, atom, watch)?;
        }
        for &node in changing.iter().rev() {
            self.settle(node as usize);
        }
        self.done.steps += 1;
        Ok(())
    }

    /// The components that `wanted` holds for, reached from the top through such; parents first.
    fn reach(&self, wanted: impl Fn(&Level) -> bool) -> Vec<u32> {
        let mut reached = vec![0];
        let mut at = 0;
        while let Some(&node) = reached.get(at) {
            let children = self.children.at(node).iter();
            reached.extend(children.filter(|&&child| wanted(&self.levels[child as usize])));
            at += 1;
        }
        reached
    }

    fn atoms(&self, nodes: &[u32]) -> Vec<u32> {
        let atoms = nodes.iter().filter_map(|&node| self.levels[node as usize].atom.as_ref());
        let mut atoms: Vec<u32> = atoms.map(|(atom, _)| *atom).collect();
        atoms.sort_unstable();
        atoms
    }

    fn send(&mut self, time: f64, atoms: &[u32], watch: &mut impl Watch) -> Result<(), DevsError> {
        let mut out = Output { time, sent: Vec::new() };
        for &atom in atoms {
            let id = self.flat.atoms[atom as usize];
            let level = &mut self.levels[id.0 as usize];
            if let Some((_, machine)) = &level.atom {
                machine.output(&mut out);
            }
            for (order, (port, value)) in (0..).zip(out.sent.drain(..)) {
                if port as usize >= self.model.ports(id).outputs.len() {
                    return Err(no_output(self.flat, atom, port));
                }
                watch.sent(time, atom, port, &value);
                level.sent.push(Message { atom, order, port, value });
            }
        }
        Ok(())
    }

    /// Hands what a component sends to its siblings and its parent.
    fn hand_up(&mut self, node: u32) {
        let mut sent = std::mem::take(&mut self.levels[node as usize].sent);
        tidy(&mut sent);
        let parent = self.model.nodes[node as usize].parent;
        for message in &sent {
            let from = End { node: Id(node), port: message.port };
            for at in self.wires.ends.range(self.wires.output(self.model, from)) {
                let to = self.wires.ends.value(at);
                let level = &mut self.levels[to.node.0 as usize];
                let list = if to.node.0 == parent { &mut level.sent } else { &mut level.received };
                list.push(Message { port: to.port, ..*message });
            }
        }
        sent.clear();
        self.levels[node as usize].sent = sent;
    }

    /// Hands what coupled models receive down to their components; returns all components that
    /// have received or fire, parents first.
    fn hand_down(&mut self, time: f64) -> Vec<u32> {
        let mut reached = vec![0];
        let mut at = 0;
        while let Some(&node) = reached.get(at) {
            let mut received = std::mem::take(&mut self.levels[node as usize].received);
            tidy(&mut received);
            if self.levels[node as usize].atom.is_some() {
                self.levels[node as usize].received = received;
            } else {
                for message in &received {
                    let port = self.wires.input(End { node: Id(node), port: message.port });
                    for at in self.wires.ends.range(port) {
                        let to = self.wires.ends.value(at);
                        let level = &mut self.levels[to.node.0 as usize];
                        level.received.push(Message { port: to.port, ..*message });
                    }
                }
            }
            let active = |child: &&u32| {
                let level = &self.levels[**child as usize];
                level.next == time || !level.received.is_empty()
            };
            reached.extend(self.children.at(node).iter().filter(active));
            at += 1;
        }
        reached
    }

    fn transition(
        &mut self,
        time: f64,
        atom: u32,
        watch: &mut impl Watch,
    ) -> Result<(), DevsError> {
        let level = &mut self.levels[self.flat.atoms[atom as usize].0 as usize];
        let Some((_, machine)) = &mut level.atom else { return Ok(()) };
        let messages: Vec<(u32, Value)> =
            level.received.iter().map(|message| (message.port, message.value)).collect();
        let count = messages.len() as u32;
        let links: Vec<Link> = (0..count)
            .map(|at| Link {
                message: at,
                port: messages[at as usize].0,
                next: if at + 1 == count { NONE } else { at + 1 },
            })
            .collect();
        let head = if count == 0 { NONE } else { 0 };
        let bag = Bag { links: &links, messages: &messages, head };
        let fires = level.next == time;
        let advance = match (fires, count > 0) {
            (true, true) => machine.confluent(&bag),
            (true, false) => machine.internal(),
            (false, _) => machine.external(time - level.last, &bag),
        };
        self.done.internal += u64::from(fires);
        self.done.external += u64::from(count > 0);
        self.done.confluent += u64::from(fires && count > 0);
        self.done.received += u64::from(count);
        for (port, value) in &bag {
            watch.received(time, atom, port as u32, value);
        }
        watch.state(time, atom, machine.seen());
        level.received.clear();
        level.last = time;
        level.next = next(self.flat, atom, time, advance)?;
        Ok(())
    }
}

/// Orders messages, and keeps one of those that came by several ways.
fn tidy(messages: &mut Vec<Message>) {
    messages.sort_by_key(Message::key);
    messages.dedup_by_key(|message| message.key());
}
