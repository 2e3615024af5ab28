//! A model without its hierarchy: atomic models, and couplings closed transitively.

use std::sync::Arc;

use super::atomic::{Birth, Machine, NONE};
use super::error::DevsError;
use super::model::{End, Id, Model, Ports, STREAM, mix};
use super::table::Table;
use secateur_core::Random;

/// An input port of an atomic model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Target {
    pub(super) atom: u32,
    pub(super) port: u32,
}

/// A model without its hierarchy. From every output port of an atomic model it knows the input
/// ports of atomic models, and the output ports of the outermost model, that a value reaches.
///
/// Couplings are sets: a value reaches a port at most once, however many ways lead there.
#[derive(Debug)]
pub struct Flat<'m> {
    pub(super) model: &'m Model,
    /// The component of each atomic model.
    pub(super) atoms: Vec<Id>,
    /// Where the output ports of each atomic model begin, and where the last ones end.
    pub(super) outputs: Vec<u32>,
    /// Input ports that each output port reaches, ordered.
    pub(super) targets: Table<Target>,
    /// Ports of the outermost model that each output port reaches, ordered.
    pub(super) exits: Table<u32>,
}

impl<'m> Flat<'m> {
    /// Closes the couplings of a model.
    ///
    /// # Errors
    /// [`DevsError::TooMany`] when the closure has more couplings than can be numbered.
    pub fn new(model: &'m Model) -> Result<Self, DevsError> {
        let mut atoms = Vec::new();
        let mut atom_of = vec![NONE; model.nodes.len()];
        for (at, node) in model.nodes.iter().enumerate() {
            if node.make.is_some() {
                atom_of[at] = atoms.len() as u32;
                atoms.push(Id(at as u32));
            }
        }
        let mut closure = Closure::new(model, &atom_of)?;
        let mut outputs = vec![0];
        let (mut targets, mut exits) = (Table::new(), Table::new());
        for &atom in &atoms {
            for port in 0..model.ports(atom).outputs.len() {
                closure.follow(End { node: atom, port: port as u32 });
                targets.row(&closure.targets);
                exits.row(&closure.exits);
            }
            if targets.values() >= NONE as usize {
                let component = model.path(atom);
                return Err(DevsError::TooMany { component, what: "couplings" });
            }
            outputs.push(targets.rows() as u32);
        }
        Ok(Self { model, atoms, outputs, targets, exits })
    }

    /// How many atomic models there are.
    pub fn len(&self) -> usize {
        self.atoms.len()
    }

    /// Whether there is no atomic model.
    pub fn is_empty(&self) -> bool {
        self.atoms.is_empty()
    }

    /// The path of an atomic model.
    pub fn path(&self, atom: u32) -> String {
        self.model.path(self.atoms[atom as usize])
    }

    /// The ports of an atomic model.
    pub fn ports(&self, atom: u32) -> &'m Ports {
        self.model.ports(self.atoms[atom as usize])
    }

    /// The couplings between atomic models as pairs of paths and ports; the outermost model's
    /// outputs come with its name.
    pub fn couplings(&self) -> impl Iterator<Item = [(String, &'m str); 2]> + '_ {
        let sources = (0..self.len() as u32).flat_map(|atom| {
            let base = self.outputs[atom as usize];
            (base..self.outputs[atom as usize + 1]).map(move |row| (atom, row - base, row))
        });
        sources.flat_map(move |(atom, port, row)| {
            let from = move || (self.path(atom), self.ports(atom).outputs[port as usize].as_str());
            let root = self.model.root();
            let targets = self.targets.at(row).iter().map(move |to| {
                let name = self.ports(to.atom).inputs[to.port as usize].as_str();
                [from(), (self.path(to.atom), name)]
            });
            let exits = self.exits.at(row).iter().map(move |&to| {
                let name = self.model.ports(root).outputs[to as usize].as_str();
                [from(), (self.model.path(root), name)]
            });
            targets.chain(exits)
        })
    }

    /// The same as a model of one level; components are named by their paths.
    ///
    /// # Errors
    /// [`DevsError::Twice`] when two paths are the same because a name has a `/` in it.
    pub fn model(&self) -> Result<Model, DevsError> {
        let root = self.model.root();
        let mut model = Model::new(&self.model.path(root), self.model.ports(root).clone())?;
        let mut ids = Vec::with_capacity(self.len());
        for &atom in &self.atoms {
            let node = &self.model.nodes[atom.0 as usize];
            if let Some(make) = &node.make {
                let ports = Arc::clone(&node.ports);
                let id = model.atomic(root, &self.model.path(atom), ports, make.clone())?;
                model.nodes[id.0 as usize].stream = node.stream;
                ids.push(id);
            }
        }
        for (atom, &node) in ids.iter().enumerate() {
            let base = self.outputs[atom];
            for row in base..self.outputs[atom + 1] {
                let from = End { node, port: row - base };
                for to in self.targets.at(row) {
                    let to = End { node: ids[to.atom as usize], port: to.port };
                    model.couple_ends(root, from, to)?;
                }
                for &port in self.exits.at(row) {
                    model.couple_ends(root, from, End { node: root, port })?;
                }
            }
        }
        let inputs = self.model.couplings.iter().filter(|c| c.from.node == root);
        if inputs.clone().next().is_some() {
            let atom_of = self.numbers();
            let mut closure = Closure::new(self.model, &atom_of)?;
            for port in 0..self.model.ports(root).inputs.len() as u32 {
                closure.enter(End { node: root, port });
                for to in &closure.targets {
                    let to = End { node: ids[to.atom as usize], port: to.port };
                    model.couple_ends(root, End { node: root, port }, to)?;
                }
            }
        }
        Ok(model)
    }

    fn numbers(&self) -> Vec<u32> {
        let mut atom_of = vec![NONE; self.model.nodes.len()];
        for (atom, id) in self.atoms.iter().enumerate() {
            atom_of[id.0 as usize] = atom as u32;
        }
        atom_of
    }

    /// Makes all atomic models, each with its own random numbers.
    pub(super) fn make(&self, seed: u64) -> Vec<Box<dyn Machine>> {
        let streams = streams(self.model);
        let atoms = self.atoms.iter().enumerate();
        let made = atoms.filter_map(|(atom, id)| {
            let random = Random::stream(seed, streams[id.0 as usize]);
            let make = self.model.nodes[id.0 as usize].make.as_ref()?;
            Some(make.make(Birth { random, atom: atom as u32 }))
        });
        made.collect()
    }
}

/// The number of each component's stream of random numbers: a hash of its path (FNV-1a), or of
/// the one that it draws as.
fn streams(model: &Model) -> Vec<u64> {
    let mut streams = vec![STREAM; model.nodes.len()];
    for at in 1..model.nodes.len() {
        let node = &model.nodes[at];
        let mut hash = streams[node.parent as usize];
        if node.parent != 0 {
            hash = mix(hash, b'/');
        }
        streams[at] = node.stream.unwrap_or_else(|| node.name.bytes().fold(hash, mix));
    }
    streams
}

/// Follows couplings from a port to where they end.
struct Closure<'a> {
    model: &'a Model,
    atom_of: &'a [u32],
    wires: Wires,
    /// The search that saw a port last.
    seen: Vec<u32>,
    search: u32,
    open: Vec<u32>,
    targets: Vec<Target>,
    exits: Vec<u32>,
}

/// The couplings by the port where they start. All ports of all components are numbered: the
/// inputs of a component, then its outputs.
pub(super) struct Wires {
    /// Number of the first port of each component.
    pub(super) first: Vec<u32>,
    /// Where the couplings from each port end.
    pub(super) ends: Table<End>,
}

impl Wires {
    pub(super) fn new(model: &Model) -> Result<Self, DevsError> {
        let mut first = vec![0_u32];
        for node in &model.nodes {
            let ports = node.ports.inputs.len() + node.ports.outputs.len();
            let next =
                u32::try_from(ports).ok().and_then(|n| n.checked_add(first[first.len() - 1]));
            let component = || model.path(model.root());
            first.push(
                next.filter(|n| *n < NONE)
                    .ok_or_else(|| DevsError::TooMany { component: component(), what: "ports" })?,
            );
        }
        let start = |c: &super::model::Coupling| {
            let outputs = if c.from.node == c.owner { 0 } else { inputs(model, c.from.node) };
            first[c.from.node.0 as usize] + outputs + c.from.port
        };
        let ports = first[model.nodes.len()] as usize;
        let pairs = model.couplings.iter().map(|c| (start(c), c.to));
        let ends = Table::grouped(ports, pairs);
        Ok(Self { first, ends })
    }

    /// The number of an input port.
    pub(super) fn input(&self, end: End) -> u32 {
        self.first[end.node.0 as usize] + end.port
    }

    /// The number of an output port.
    pub(super) fn output(&self, model: &Model, end: End) -> u32 {
        self.first[end.node.0 as usize] + inputs(model, end.node) + end.port
    }
}

fn inputs(model: &Model, node: Id) -> u32 {
    model.ports(node).inputs.len() as u32
}

impl<'a> Closure<'a> {
    fn new(model: &'a Model, atom_of: &'a [u32]) -> Result<Self, DevsError> {
        let wires = Wires::new(model)?;
        let seen = vec![0; wires.ends.rows()];
        let (open, targets, exits) = (Vec::new(), Vec::new(), Vec::new());
        Ok(Self { model, atom_of, wires, seen, search: 0, open, targets, exits })
    }

    /// Where the values of an output port of a component go.
    fn follow(&mut self, from: End) {
        let port = self.wires.output(self.model, from);
        self.spread(port, self.model.parent(from.node).unwrap_or(Id(0)));
    }

    /// Where the values of an input port of a coupled model go.
    fn enter(&mut self, from: End) {
        let port = self.wires.input(from);
        self.spread(port, from.node);
    }

    fn spread(&mut self, port: u32, owner: Id) {
        self.targets.clear();
        self.exits.clear();
        self.search += 1;
        self.open.push(port);
        self.open.push(owner.0);
        while let (Some(owner), Some(port)) = (self.open.pop(), self.open.pop()) {
            for at in self.wires.ends.range(port) {
                let to = self.wires.ends.value(at);
                self.arrive(Id(owner), to);
            }
        }
        self.targets.sort_unstable();
        self.exits.sort_unstable();
    }

    fn arrive(&mut self, owner: Id, to: End) {
        let up = to.node == owner;
        let port = if up { self.wires.output(self.model, to) } else { self.wires.input(to) };
        if std::mem::replace(&mut self.seen[port as usize], self.search) == self.search {
            return;
        }
        let atom = self.atom_of[to.node.0 as usize];
        match (up, self.model.parent(to.node)) {
            (true, None) => self.exits.push(to.port),
            (true, Some(parent)) => self.open.extend([port, parent.0]),
            (false, _) if atom != NONE => self.targets.push(Target { atom, port: to.port }),
            (false, _) => self.open.extend([port, to.node.0]),
        }
    }
}
