//! The description of a model: components in components, ports, couplings.

use secateur_core::nearest;
use std::collections::HashMap;
use std::sync::Arc;

use super::atomic::Make;
use super::error::DevsError;

/// A component of a [`Model`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id(pub(super) u32);

/// The names of the ports of a component, each list in its order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ports {
    /// Input ports.
    pub inputs: Vec<String>,
    /// Output ports.
    pub outputs: Vec<String>,
}

impl Ports {
    /// Ports with these names.
    pub fn new(inputs: &[&str], outputs: &[&str]) -> Self {
        let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        Self { inputs: owned(inputs), outputs: owned(outputs) }
    }
}

/// A port of a component.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct End {
    /// The component.
    pub node: Id,
    /// The port, as a number.
    pub port: u32,
}

/// A coupling inside a coupled model, its owner. It is external input coupling when it starts at
/// the owner, external output coupling when it ends there, internal coupling otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coupling {
    /// The coupled model.
    pub owner: Id,
    /// An output of a component, or an input of the owner.
    pub from: End,
    /// An input of a component, or an output of the owner.
    pub to: End,
}

#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) name: Arc<str>,
    pub(super) parent: u32,
    pub(super) ports: Arc<Ports>,
    /// `None` for coupled models.
    pub(super) make: Option<Make>,
    /// What its random numbers are drawn by; its path when `None`.
    pub(super) stream: Option<u64>,
}

/// How many of everything a model has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Atomic models.
    pub atomics: u64,
    /// Coupled models, the outermost included.
    pub coupled: u64,
    /// External input couplings.
    pub eic: u64,
    /// Internal couplings.
    pub ic: u64,
    /// External output couplings.
    pub eoc: u64,
}

/// The description of a coupled model. Nothing runs in it: any number of simulations may be made
/// of one description.
///
/// Components lie in one list whatever their depth, so that depth costs neither stack nor time.
#[derive(Clone, Debug)]
pub struct Model {
    pub(super) nodes: Vec<Node>,
    pub(super) couplings: Vec<Coupling>,
    names: HashMap<(u32, Arc<str>), u32>,
}

impl Model {
    /// A coupled model without components.
    ///
    /// # Errors
    /// [`DevsError::Twice`] when two ports share a name.
    pub fn new(name: &str, ports: Ports) -> Result<Self, DevsError> {
        let mut model = Self { nodes: Vec::new(), couplings: Vec::new(), names: HashMap::new() };
        distinct(name, &ports)?;
        let ports = Arc::new(ports);
        model.nodes.push(Node { name: name.into(), parent: 0, ports, make: None, stream: None });
        Ok(model)
    }

    /// The outermost coupled model.
    pub fn root(&self) -> Id {
        Id(0)
    }

    /// Adds an atomic model to a coupled one.
    ///
    /// # Errors
    /// [`DevsError::Twice`] when the name or a port is there already, [`DevsError::NotCoupled`]
    /// when `parent` is atomic, [`DevsError::TooMany`].
    pub fn atomic(
        &mut self,
        parent: Id,
        name: &str,
        ports: impl Into<Arc<Ports>>,
        make: Make,
    ) -> Result<Id, DevsError> {
        self.add(parent, name, ports.into(), Some(make))
    }

    /// Adds a coupled model without components to another.
    ///
    /// # Errors
    /// The same as of [`atomic`](Self::atomic).
    pub fn coupled(
        &mut self,
        parent: Id,
        name: &str,
        ports: impl Into<Arc<Ports>>,
    ) -> Result<Id, DevsError> {
        self.add(parent, name, ports.into(), None)
    }

    fn add(
        &mut self,
        parent: Id,
        name: &str,
        ports: Arc<Ports>,
        make: Option<Make>,
    ) -> Result<Id, DevsError> {
        if self.nodes[parent.0 as usize].make.is_some() {
            return Err(DevsError::NotCoupled { component: self.path(parent) });
        }
        let id = self.nodes.len() as u32;
        if self.nodes.len() >= u32::MAX as usize - 1 {
            return Err(DevsError::TooMany { component: self.path(parent), what: "components" });
        }
        let name: Arc<str> = name.into();
        if self.names.contains_key(&(parent.0, Arc::clone(&name))) {
            let component = self.path(parent);
            return Err(DevsError::Twice { component, name: name.to_string() });
        }
        distinct(&name, &ports)?;
        self.names.insert((parent.0, Arc::clone(&name)), id);
        self.nodes.push(Node { name, parent: parent.0, ports, make, stream: None });
        Ok(Id(id))
    }

    /// Lets an atomic model draw the random numbers that a component of another path would draw,
    /// so that the same system drawn differently behaves the same.
    pub fn draw_as(&mut self, node: Id, path: &str) {
        self.nodes[node.0 as usize].stream = Some(path.bytes().fold(STREAM, mix));
    }

    /// Couples two ports that are named, inside of `owner`: a component is named as it was added,
    /// the owner itself by an empty name or its own.
    ///
    /// # Errors
    /// [`DevsError::UnknownComponent`], [`DevsError::UnknownPort`], and those of
    /// [`couple_ends`](Self::couple_ends).
    pub fn couple(
        &mut self,
        owner: Id,
        from: (&str, &str),
        to: (&str, &str),
    ) -> Result<(), DevsError> {
        let source = self.component(owner, from.0)?;
        let target = self.component(owner, to.0)?;
        let from = if source == owner {
            self.input(source, from.1)?
        } else {
            self.output(source, from.1)?
        };
        let to =
            if target == owner { self.output(target, to.1)? } else { self.input(target, to.1)? };
        self.couple_ends(owner, End { node: source, port: from }, End { node: target, port: to })
    }

    /// Couples two ports that are numbered, inside of `owner`. A coupling that is there already
    /// may be added again; it changes nothing.
    ///
    /// # Errors
    /// [`DevsError::NotCoupled`] when the owner is atomic, [`DevsError::UnknownComponent`] when an
    /// end is no component of it, [`DevsError::UnknownPort`], [`DevsError::SelfLoop`],
    /// [`DevsError::Through`].
    pub fn couple_ends(&mut self, owner: Id, from: End, to: End) -> Result<(), DevsError> {
        if self.nodes[owner.0 as usize].make.is_some() {
            return Err(DevsError::NotCoupled { component: self.path(owner) });
        }
        for end in [from, to] {
            if end.node != owner && self.parent(end.node) != Some(owner) {
                let component = self.path(end.node);
                return Err(DevsError::UnknownComponent {
                    coupled: self.path(owner),
                    component,
                    nearest: None,
                });
            }
        }
        let sources = self.ports(from.node);
        let names = if from.node == owner { &sources.inputs } else { &sources.outputs };
        self.within(from, names, if from.node == owner { "input" } else { "output" })?;
        let targets = self.ports(to.node);
        let others = if to.node == owner { &targets.outputs } else { &targets.inputs };
        self.within(to, others, if to.node == owner { "output" } else { "input" })?;
        if from.node == to.node {
            let component = self.path(from.node);
            let from_port = names[from.port as usize].clone();
            let to_port = others[to.port as usize].clone();
            return Err(if from.node == owner {
                DevsError::Through { component, from: from_port, to: to_port }
            } else {
                DevsError::SelfLoop { component, from: from_port, to: to_port }
            });
        }
        self.couplings.push(Coupling { owner, from, to });
        Ok(())
    }

    fn within(&self, end: End, names: &[String], direction: &'static str) -> Result<(), DevsError> {
        if (end.port as usize) < names.len() {
            return Ok(());
        }
        let (component, port) = (self.path(end.node), format!("number {}", end.port));
        Err(DevsError::UnknownPort { component, direction, port, nearest: None })
    }

    /// The component of a coupled model that is named so; the model itself for an empty name or
    /// its own.
    ///
    /// # Errors
    /// [`DevsError::UnknownComponent`] with the nearest name.
    pub fn component(&self, owner: Id, name: &str) -> Result<Id, DevsError> {
        if let Some(&id) = self.names.get(&(owner.0, Arc::from(name))) {
            return Ok(Id(id));
        }
        if name.is_empty() || *self.nodes[owner.0 as usize].name == *name {
            return Ok(owner);
        }
        let siblings = self.nodes.iter().skip(1).filter(|node| node.parent == owner.0);
        Err(DevsError::UnknownComponent {
            coupled: self.path(owner),
            component: name.to_owned(),
            nearest: nearest(name, siblings.map(|node| &*node.name)),
        })
    }

    /// The number of an input port.
    ///
    /// # Errors
    /// [`DevsError::UnknownPort`] with the nearest name.
    pub fn input(&self, node: Id, port: &str) -> Result<u32, DevsError> {
        self.port(node, &self.ports(node).inputs, "input", port)
    }

    /// The number of an output port.
    ///
    /// # Errors
    /// [`DevsError::UnknownPort`] with the nearest name.
    pub fn output(&self, node: Id, port: &str) -> Result<u32, DevsError> {
        self.port(node, &self.ports(node).outputs, "output", port)
    }

    fn port(
        &self,
        node: Id,
        names: &[String],
        direction: &'static str,
        port: &str,
    ) -> Result<u32, DevsError> {
        names.iter().position(|name| name == port).map(|at| at as u32).ok_or_else(|| {
            DevsError::UnknownPort {
                component: self.path(node),
                direction,
                port: port.to_owned(),
                nearest: nearest(port, names.iter().map(String::as_str)),
            }
        })
    }

    /// The ports of a component.
    pub fn ports(&self, node: Id) -> &Ports {
        &self.nodes[node.0 as usize].ports
    }

    /// The coupled model that a component is part of; `None` for the outermost.
    pub fn parent(&self, node: Id) -> Option<Id> {
        (node.0 != 0).then(|| Id(self.nodes[node.0 as usize].parent))
    }

    /// The names from the outermost model (left out) down to a component, with `/` between; the
    /// name of the outermost for itself.
    pub fn path(&self, node: Id) -> String {
        let mut names = Vec::new();
        let mut at = node;
        while let Some(parent) = self.parent(at) {
            names.push(&*self.nodes[at.0 as usize].name);
            at = parent;
        }
        if names.is_empty() {
            return self.nodes[0].name.to_string();
        }
        names.reverse();
        names.join("/")
    }

    /// The couplings, in the order in which they were added.
    pub fn couplings(&self) -> &[Coupling] {
        &self.couplings
    }

    /// How many components and couplings there are.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        counts.atomics = self.nodes.iter().filter(|node| node.make.is_some()).count() as u64;
        counts.coupled = self.nodes.len() as u64 - counts.atomics;
        for coupling in &self.couplings {
            if coupling.from.node == coupling.owner {
                counts.eic += 1;
            } else if coupling.to.node == coupling.owner {
                counts.eoc += 1;
            } else {
                counts.ic += 1;
            }
        }
        counts
    }
}

/// The stream of random numbers of the empty path (FNV-1a).
pub(super) const STREAM: u64 = 0xcbf2_9ce4_8422_2325;

/// The stream when a path goes on by a byte.
pub(super) fn mix(hash: u64, byte: u8) -> u64 {
    (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
}

fn distinct(component: &str, ports: &Ports) -> Result<(), DevsError> {
    for names in [&ports.inputs, &ports.outputs] {
        for (at, name) in names.iter().enumerate() {
            if names[..at].contains(name) {
                let (component, name) = (component.to_owned(), name.clone());
                return Err(DevsError::Twice { component, name });
            }
        }
    }
    Ok(())
}
