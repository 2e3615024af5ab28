//! The structure: entities, aspects, multi-aspects and specializations in one arena.
//!
//! The kinds of nodes alternate (axiom A3): below an entity stand aspects (what it is made of),
//! multi-aspects (many of one kind) and specializations (which kinds there are); below those
//! stand entities again. An entity with a `ref` stands for a copy of another one; that is how a
//! structure holds itself.
//!
//! Source: B. P. Zeigler, 1984, "Multifacetted modelling and discrete event simulation"; the
//! variables, conditions, rules and priorities after H. Folkerts, T. Pawletta, C. Deatcu, 2021,
//! "Model generation for multiple simulators using SES/MB and SESToPy".

use std::sync::Arc;

use crate::place::{Place, joined};
use crate::script::{Code, Function};

/// Number of a node in its structure.
pub type Id = u32;

/// A System Entity Structure.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ses {
    /// Its name.
    pub name: String,
    /// What it is about.
    pub comment: String,
    /// Nodes; a parent comes before its children.
    pub nodes: Vec<Node>,
    /// The root, and entities beside it that are only there to be copied.
    pub roots: Vec<Id>,
    /// SES variables.
    pub variables: Vec<Variable>,
    /// Conditions that must hold before anything is pruned.
    pub conditions: Vec<Code>,
    /// What one decision means for another.
    pub constraints: Vec<Constraint>,
    /// Functions.
    pub functions: Vec<Function>,
    /// Which rules of the format it came from apply.
    pub origin: Origin,
}

/// Where a structure came from; other tools have other rules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    /// The language, or its JSON.
    #[default]
    Language,
    /// A file of SESToPy.
    Sestopy,
    /// A file of SESTools.
    Sestools,
}

/// A node.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Its name.
    pub name: Arc<str>,
    /// The node above; none at a root.
    pub parent: Option<Id>,
    /// The nodes below, in order.
    pub children: Vec<Id>,
    /// Where it stands in the input.
    pub place: Place,
    /// What it is.
    pub kind: Kind,
    /// For a child of a specialization: when it is the one that is chosen. For an aspect: when
    /// it is.
    pub rule: Option<Code>,
    /// A remark.
    pub comment: String,
}

/// What a node is.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// A thing.
    Entity(Entity),
    /// What a thing is made of.
    Aspect(Aspect),
    /// Many of one kind.
    Multi(Aspect, Repeat),
    /// Which kinds of a thing there are.
    Spec,
}

/// What an entity holds besides its children.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Entity {
    /// Attached variables.
    pub attributes: Vec<Attribute>,
    /// The entity whose copy this is.
    pub copies: Option<Arc<str>>,
    /// Whether it is left open until it is resumed.
    pub delayed: bool,
    /// Below a multi-aspect: whether it is there once, and not as often as the others.
    pub once: bool,
    /// Ports that are declared; when there are none, couplings may use any.
    pub ports: Vec<Port>,
}

/// A variable of an entity.
#[derive(Clone, Debug, PartialEq)]
pub struct Attribute {
    /// Its name.
    pub name: Arc<str>,
    /// Its value.
    pub value: Given,
    /// Its type, as written.
    pub class: Option<String>,
    /// The smallest and the largest value, as written.
    pub range: Option<(Code, Code)>,
    /// A remark.
    pub comment: String,
    /// Where it stands.
    pub place: Place,
}

/// The value of an attribute.
#[derive(Clone, Debug, PartialEq)]
pub enum Given {
    /// A text that goes into the result as it is.
    Literal(Arc<str>),
    /// An expression.
    Computed(Code),
    /// Nothing yet.
    Open,
}

/// A declared port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// Its name.
    pub name: Arc<str>,
    /// Whether values go in through it.
    pub input: bool,
    /// Type of the values.
    pub class: Option<Arc<str>>,
}

/// What an aspect or a multi-aspect holds besides its children.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Aspect {
    /// Couplings that are written out.
    pub couplings: Vec<Coupling>,
    /// Expressions that give lists of couplings.
    pub computed: Vec<Code>,
    /// Of aspects that met through a specialization the highest is taken; 1 when absent.
    pub priority: Option<Code>,
}

/// How often the children of a multi-aspect are there.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Repeat {
    /// The number; open when absent.
    pub count: Option<Code>,
    /// The fewest and the most that may be chosen, where it is open.
    pub range: Option<(u64, u64)>,
}

/// A coupling of two ports.
#[derive(Clone, Debug, PartialEq)]
pub struct Coupling {
    /// Where values come from.
    pub source: End,
    /// Where they go.
    pub target: End,
    /// A remark.
    pub comment: String,
    /// Over what it is repeated.
    pub each: Option<Each>,
    /// Where it stands.
    pub place: Place,
}

/// One end of a coupling.
#[derive(Clone, Debug, PartialEq)]
pub struct End {
    /// The parent of the aspect or one of its children; `PARENT` is the parent.
    pub entity: Arc<str>,
    /// Which copy of a repeated child, from 1; `None` is the only one, or all of them.
    pub index: Option<Code>,
    /// The port, without its type.
    pub port: Arc<str>,
    /// A number that is put behind the port's name.
    pub port_index: Option<Code>,
    /// Type of the port.
    pub class: Option<Arc<str>>,
}

/// `for NAME in LIST when CONDITION`.
#[derive(Clone, Debug, PartialEq)]
pub struct Each {
    /// The name that is bound.
    pub name: Arc<str>,
    /// What it goes over.
    pub over: Code,
    /// Which are taken.
    pub when: Option<Code>,
}

/// An SES variable.
#[derive(Clone, Debug, PartialEq)]
pub struct Variable {
    /// Its name.
    pub name: Arc<str>,
    /// Its value unless another is given; must be given when absent.
    pub value: Option<Code>,
    /// What it may be: a condition over its name.
    pub allowed: Option<Code>,
    /// A remark.
    pub comment: String,
    /// Where it stands.
    pub place: Place,
}

/// What choosing one child of a specialization means for another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Constraint {
    /// The child that is chosen.
    pub from: Arc<str>,
    /// Whether `to` must be chosen too, or must not.
    pub requires: bool,
    /// The other child.
    pub to: Arc<str>,
    /// Where it stands.
    pub place: Place,
}

/// Names of a path in messages: one of a hundred thousand helps nobody.
const NAMES_MAX: usize = 12;

impl Ses {
    /// The root entity.
    pub fn root(&self) -> Id {
        self.roots.first().copied().unwrap_or(0)
    }

    /// A node.
    pub fn node(&self, id: Id) -> &Node {
        &self.nodes[id as usize]
    }

    /// Adds a node below `parent`, or a root.
    pub fn add(&mut self, parent: Option<Id>, name: &str, place: Place, kind: Kind) -> Id {
        let id = self.nodes.len() as Id;
        self.nodes.push(Node {
            name: name.into(),
            parent,
            children: Vec::new(),
            place,
            kind,
            rule: None,
            comment: String::new(),
        });
        match parent {
            Some(parent) => self.nodes[parent as usize].children.push(id),
            None => self.roots.push(id),
        }
        id
    }

    /// The entity of a node that is one.
    pub fn entity(&self, id: Id) -> Option<&Entity> {
        match &self.node(id).kind {
            Kind::Entity(entity) => Some(entity),
            Kind::Aspect(_) | Kind::Multi(..) | Kind::Spec => None,
        }
    }

    /// The entity that a `ref` names: the first of that name that is no copy itself, entities
    /// beside the root first.
    pub fn target(&self, name: &str) -> Option<Id> {
        let fits = |id: &Id| {
            let node = self.node(*id);
            *node.name == *name && self.entity(*id).is_some_and(|e| e.copies.is_none())
        };
        let first = self.roots.iter().copied().find(fits);
        first.or_else(|| (0..self.nodes.len() as Id).find(fits))
    }

    /// The names from the root to a node.
    pub fn path(&self, id: Id) -> String {
        let mut names = Vec::new();
        let mut at = Some(id);
        while let Some(id) = at {
            names.push(&*self.node(id).name);
            at = self.node(id).parent;
        }
        names.reverse();
        joined(&names, NAMES_MAX)
    }
}

impl Node {
    /// The aspect of a node that is an aspect or a multi-aspect.
    pub fn aspect(&self) -> Option<&Aspect> {
        match &self.kind {
            Kind::Aspect(aspect) | Kind::Multi(aspect, _) => Some(aspect),
            Kind::Entity(_) | Kind::Spec => None,
        }
    }

    /// Whether it is an entity that stands for nothing at all.
    pub fn is_none(&self) -> bool {
        self.name.eq_ignore_ascii_case("none")
    }
}

/// The attribute that holds the number of a repeated entity: `_NAME`.
pub fn index_attribute(name: &str) -> Attribute {
    Attribute {
        name: format!("_{name}").into(),
        value: Given::Literal("0".into()),
        class: None,
        range: None,
        comment: "internal variable".into(),
        place: Place::None,
    }
}

/// The end of a coupling as SESToPy writes it: `port / TYPE`.
pub fn port_of(text: &str) -> (Arc<str>, Option<Arc<str>>) {
    match text.split_once('/') {
        Some((port, class)) if !class.trim().is_empty() => {
            (port.trim().into(), Some(class.trim().into()))
        }
        _ => (text.trim().trim_end_matches('/').trim_end().into(), None),
    }
}
