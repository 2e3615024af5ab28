//! The pruned structure: entities and the one aspect that each is made of.
//!
//! Nodes lie in one arena and name each other by number. Children of a node lie side by side,
//! so a coupling names them by their place, and copies of one thing share their attributes and
//! couplings. A coupled model is read off it directly: an entity with an aspect is a coupled
//! model of the entities below, an entity without one an atomic model whose kind its attribute
//! `mb` names.

use std::sync::Arc;

use crate::model::{Id, Ses};
use crate::names::Names;
use crate::prune::Choices;

/// No node, no set.
pub const NOTHING: u32 = u32::MAX;

/// How far a structure was pruned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Nothing is open.
    Pes,
    /// Some entities wait for decisions.
    Ipes,
    /// The root and all leaves, in one level.
    Fpes,
}

impl Stage {
    /// The word in files.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pes => "pes",
            Self::Ipes => "ipes",
            Self::Fpes => "fpes",
        }
    }
}

/// A pruned structure.
#[derive(Clone, Debug)]
pub struct Pes {
    /// How far it was pruned.
    pub stage: Stage,
    /// Name of the structure it came from.
    pub name: String,
    /// What that is about.
    pub comment: String,
    /// SES variables with the values it was pruned for.
    pub variables: Vec<Bound>,
    /// All texts.
    pub names: Names,
    /// Nodes; the first is the root, and a node comes before those below it.
    pub nodes: Vec<Node>,
    /// Sets of attributes, which entities share.
    pub attributes: Vec<Vec<Attribute>>,
    /// Sets of couplings, which aspects share.
    pub couplings: Vec<Vec<Link>>,
    /// What is still open.
    pub open: Option<Box<Open>>,
}

/// A variable with its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Bound {
    /// Its name.
    pub name: Arc<str>,
    /// Its value as Python writes it.
    pub text: String,
    /// Its value.
    pub value: serde_json::Value,
    /// A remark.
    pub comment: String,
}

/// A node of a pruned structure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node {
    /// Number of its name.
    pub name: u32,
    /// Whether it is an entity or an aspect.
    pub is_aspect: bool,
    /// The node above; [`NOTHING`] at the root.
    pub parent: u32,
    /// The first node below.
    pub first: u32,
    /// How many are below: of an entity at most one.
    pub count: u32,
    /// Its set of attributes; an aspect has its priority there, unless it is 1.
    pub attributes: u32,
    /// Its set of couplings; [`NOTHING`] at entities and aspects without any.
    pub couplings: u32,
    /// Which copy of a repeated entity it is, from 1; 0 when it is not repeated.
    pub copy: u32,
}

/// An attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Attribute {
    /// Number of its name.
    pub name: u32,
    /// Number of its value; [`NOTHING`] stands for the number of the copy.
    pub value: u32,
}

/// A coupling of two ports: from an entity to an entity, each 0 for the parent or the place of a
/// child from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Link {
    /// Where values come from.
    pub source: u32,
    /// Number of the port's name.
    pub source_port: u32,
    /// Number of the name of its type; 0 when there is none.
    pub source_class: u32,
    /// Where values go.
    pub target: u32,
    /// Number of the port's name.
    pub target_port: u32,
    /// Number of the name of its type; 0 when there is none.
    pub target_class: u32,
}

/// What an incomplete structure still needs to be completed.
#[derive(Clone, Debug)]
pub struct Open {
    /// The structure that it is pruned from.
    pub ses: Ses,
    /// Choices given so far.
    pub choices: Choices,
    /// How often a structure may hold itself.
    pub depth: u32,
    /// Most entities of the result.
    pub entities_max: u64,
    /// What each node came from: a node of the structure, and the level of copies.
    pub origins: Vec<(Id, u32)>,
    /// Entities that wait, in the order in which they were met.
    pub waiting: Vec<Residual>,
    /// Constraints in force: the specialization, the node within which they count, the child,
    /// whether it is required, and why.
    pub forced: Vec<Force>,
    /// Decisions that constraints may speak of: specialization, node within which they count,
    /// the child, and where it was chosen.
    pub settled: Vec<Settled>,
}

/// An entity that waits for a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Residual {
    /// Its node.
    pub node: u32,
    /// Numbers of the repeated entities above it, the nearest last.
    pub path: Vec<(Arc<str>, u32)>,
    /// Why it waits.
    pub reason: String,
}

/// A child that is required or excluded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Force {
    /// The specialization.
    pub spec: Id,
    /// The node of the result within which it counts.
    pub scope: u32,
    /// The child.
    pub child: Id,
    /// Whether it is required, or excluded.
    pub required: bool,
    /// Why.
    pub why: String,
}

/// A decision that constraints may speak of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// The specialization.
    pub spec: Id,
    /// The node of the result within which it counts.
    pub scope: u32,
    /// The child.
    pub child: Id,
    /// Where it was chosen.
    pub path: String,
}

impl Pes {
    /// The name of a node.
    pub fn name(&self, node: u32) -> &str {
        self.names.text(self.nodes[node as usize].name)
    }

    /// The name of a node without the number of its copy, and the level behind it: `cell_2.1` is
    /// `cell` at `1`.
    pub fn base_name(&self, node: u32) -> (&str, &str) {
        let (name, copy) = (self.name(node), self.nodes[node as usize].copy);
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let level = name.rsplit_once('.').filter(|(_, level)| is_number(level));
        let (front, level) = level.unwrap_or((name, ""));
        let number = copy.to_string();
        let bare = front.strip_suffix(&number).and_then(|front| front.strip_suffix('_'));
        (bare.filter(|_| copy > 0).unwrap_or(front), level)
    }

    /// The nodes right below a node.
    pub fn children(&self, node: u32) -> std::ops::Range<u32> {
        let node = &self.nodes[node as usize];
        if node.count == 0 { 0..0 } else { node.first..node.first + node.count }
    }

    /// The aspect of an entity.
    pub fn aspect(&self, entity: u32) -> Option<u32> {
        self.children(entity).next()
    }

    /// The attributes of an entity: name and value.
    pub fn attributes(&self, node: u32) -> impl Iterator<Item = (&str, String)> {
        let found = &self.nodes[node as usize];
        let set = self.attributes.get(found.attributes as usize).map_or(&[][..], Vec::as_slice);
        set.iter().map(|attribute| {
            let value = match attribute.value {
                NOTHING => found.copy.to_string(),
                number => self.names.text(number).to_owned(),
            };
            (self.names.text(attribute.name), value)
        })
    }

    /// The value of an attribute as it stands in the structure: texts have their quotes.
    pub fn attribute(&self, node: u32, name: &str) -> Option<String> {
        self.attributes(node).find(|(found, _)| *found == name).map(|(_, value)| value)
    }

    /// The kind of model that an entity names in `mb`, without quotes and the `MB/` before it.
    pub fn model(&self, node: u32) -> Option<String> {
        let value = self.attribute(node, "mb")?;
        let bare = value.trim().trim_matches(['"', '\'']);
        Some(bare.strip_prefix("MB/").unwrap_or(bare).to_owned())
    }

    /// The couplings of an aspect.
    pub fn links(&self, aspect: u32) -> &[Link] {
        let set = self.nodes[aspect as usize].couplings;
        self.couplings.get(set as usize).map_or(&[], Vec::as_slice)
    }

    /// The node at one end of a coupling of an aspect.
    pub fn end(&self, aspect: u32, end: u32) -> u32 {
        let node = &self.nodes[aspect as usize];
        if end == 0 { node.parent } else { node.first + end - 1 }
    }

    /// The names from the root to a node.
    pub fn path(&self, node: u32) -> String {
        let mut names = Vec::new();
        let mut at = node;
        while at != NOTHING {
            names.push(self.name(at));
            at = self.nodes[at as usize].parent;
        }
        names.reverse();
        format!("/{}", names.join("/"))
    }

    /// All nodes in document order, with their depths.
    pub fn walk(&self) -> Walk<'_> {
        Walk { pes: self, open: if self.nodes.is_empty() { Vec::new() } else { vec![(0, 0)] } }
    }

    /// How many entities it has.
    pub fn entities(&self) -> u64 {
        self.nodes.iter().filter(|node| !node.is_aspect).count() as u64
    }

    /// Whether an entity is called `NONE`, and so stands for nothing; in a flat structure several
    /// of them have numbers behind the name.
    pub fn is_left_out(&self, node: u32) -> bool {
        let found = &self.nodes[node as usize];
        let Some(rest) = self.name(node).strip_prefix("NONE") else { return false };
        let numbered = || rest.strip_prefix('_').is_some_and(|rest| rest.parse::<u32>().is_ok());
        !found.is_aspect && (rest.is_empty() || (self.stage == Stage::Fpes && numbered()))
    }

    /// Whether an entity has nothing below.
    pub fn is_leaf(&self, node: u32) -> bool {
        let found = &self.nodes[node as usize];
        !found.is_aspect && found.count == 0
    }
}

/// Nodes in document order.
#[derive(Debug)]
pub struct Walk<'a> {
    pes: &'a Pes,
    open: Vec<(u32, u32)>,
}

impl Iterator for Walk<'_> {
    type Item = (u32, u32);

    fn next(&mut self) -> Option<(u32, u32)> {
        let (node, depth) = self.open.pop()?;
        self.open.extend(self.pes.children(node).rev().map(|child| (child, depth + 1)));
        Some((node, depth))
    }
}
