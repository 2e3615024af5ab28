//! The way down: entities become nodes of the result.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use super::choices::{Choices, Fits};
use super::decide::{Decided, Part};
use super::facts::{Facts, facts};
use super::{Decision, LOGGED_MAX, Pruned, Reason};
use crate::error::SesError;
use crate::model::{Given, Id, Kind, Ses};
use crate::names::Names;
use crate::pes::{Attribute, Force, NOTHING, Node, Open, Pes, Residual, Settled, Stage};
use crate::script::value::Value;
use crate::script::{Code, Functions, Globals, Machine};

/// Names that make an expression depend on where it is evaluated.
const DYNAMIC: [&str; 5] = ["PATH", "LEVEL", "PARENT", "CHILDREN", "NUMREP"];

/// Names of a path in the log.
const NAMES_LOGGED: usize = 64;

/// Children of specializations that merge into one entity.
const MERGED_MAX: usize = 10_000;

/// The number of a repeated entity, and those above it.
#[derive(Debug)]
pub(super) struct Bind {
    name: Arc<str>,
    number: u32,
    above: Above,
}

/// Numbers of the repeated entities above.
pub(super) type Above = Option<Rc<Bind>>;

impl Drop for Bind {
    fn drop(&mut self) {
        // In a loop, so that no depth ends the stack.
        let mut above = self.above.take();
        while let Some(bind) = above {
            above = Rc::into_inner(bind).and_then(|mut bind| bind.above.take());
        }
    }
}

/// An entity that the way has come to.
#[derive(Clone, Debug)]
pub(super) struct Work {
    pub(super) node: u32,
    pub(super) above: Above,
    pub(super) fits: Fits,
    /// Whether it is gone on with although it is to be left open.
    pub(super) awake: bool,
}

/// A value that is known for all places, or only at each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Cached<T> {
    #[default]
    Unknown,
    Always(T),
    Dynamic,
}

/// A result that is being built.
#[derive(Debug)]
pub(super) struct Builder<'a> {
    pub(super) ses: &'a Ses,
    pub(super) facts: Facts,
    pub(super) functions: Functions,
    pub(super) globals: Globals,
    pub(super) choices: Choices,
    pub(super) depth: u32,
    pub(super) entities_max: u64,
    pub(super) leave_open: bool,
    pub(super) pes: Pes,
    pub(super) origins: Vec<(Id, u32)>,
    pub(super) forced: Vec<Force>,
    pub(super) settled: Vec<Settled>,
    pub(super) log: Vec<Decision>,
    pub(super) decisions: u64,
    pub(super) rules: Vec<Cached<bool>>,
    /// Whether rules hold that differ from level to level and no further.
    pub(super) rules_at: HashMap<(Id, u32), bool>,
    pub(super) counts: Vec<Cached<u64>>,
    pub(super) couplings: HashMap<(Id, u32), u32>,
    sets: Vec<Cached<u32>>,
    merged: HashMap<Vec<u32>, u32>,
    known_sets: HashMap<Vec<Attribute>, u32>,
    stack: Vec<Work>,
    /// Entities left open; whether only for want of a decision.
    waiting: Vec<(Work, bool, String)>,
    entities: u64,
    buffer: String,
}

impl<'a> Builder<'a> {
    pub(super) fn new(ses: &'a Ses, globals: Globals, choices: Choices) -> Self {
        let nodes = ses.nodes.len();
        Self {
            ses,
            facts: facts(ses),
            functions: Functions::new(&ses.functions),
            globals,
            choices,
            depth: super::DEPTH,
            entities_max: super::ENTITIES_MAX,
            leave_open: false,
            pes: Pes {
                stage: Stage::Pes,
                name: ses.name.clone(),
                comment: ses.comment.clone(),
                variables: Vec::new(),
                names: Names::default(),
                nodes: Vec::new(),
                attributes: Vec::new(),
                couplings: Vec::new(),
                open: None,
            },
            origins: Vec::new(),
            forced: Vec::new(),
            settled: Vec::new(),
            log: Vec::new(),
            decisions: 0,
            rules: vec![Cached::Unknown; nodes],
            rules_at: HashMap::new(),
            counts: vec![Cached::Unknown; nodes],
            sets: vec![Cached::Unknown; nodes],
            couplings: HashMap::new(),
            merged: HashMap::new(),
            known_sets: HashMap::new(),
            stack: Vec::new(),
            waiting: Vec::new(),
            entities: 0,
            buffer: String::new(),
        }
    }

    /// Puts the root.
    pub(super) fn plant(&mut self) -> Result<(), SesError> {
        let root = self.ses.root();
        let node = self.entity(root, NOTHING, 0, 0)?;
        let fits = self.choices.begin();
        let fits = self.choices.enter(&fits, &[&self.ses.node(root).name]);
        self.stack.push(Work { node, above: None, fits, awake: false });
        Ok(())
    }

    /// Takes up an incomplete result.
    pub(super) fn again(&mut self, pes: Pes, open: Open, depth: Option<u32>) {
        self.depth = depth.unwrap_or(open.depth);
        self.entities_max = open.entities_max;
        self.entities = pes.entities();
        self.pes = pes;
        for (at, set) in self.pes.attributes.iter().enumerate() {
            self.known_sets.insert(set.clone(), at as u32);
        }
        self.origins = open.origins;
        self.forced = open.forced;
        self.settled = open.settled;
        for residual in open.waiting {
            let mut above: Above = None;
            for (name, number) in residual.path {
                above = Some(Rc::new(Bind { name, number, above }));
            }
            let fits = self.fits(residual.node);
            let undecided = residual.reason != DELAYED;
            let work = Work { node: residual.node, above, fits, awake: false };
            self.waiting.push((work, undecided, residual.reason));
        }
    }

    /// How far choices fit the way to a node that is there already.
    fn fits(&self, node: u32) -> Fits {
        let mut line = Vec::new();
        let mut at = node;
        while at != NOTHING {
            line.push(at);
            at = self.pes.nodes[at as usize].parent;
        }
        let mut fits = self.choices.begin();
        for node in line.into_iter().rev() {
            let found = &self.pes.nodes[node as usize];
            let (origin, level) = self.origins[node as usize];
            let name = &*self.ses.node(origin).name;
            fits = if found.is_aspect {
                self.choices.pass(&fits, name)
            } else {
                self.enter(&fits, name, found.copy, level)
            };
        }
        fits
    }

    pub(super) fn enter(&self, fits: &Fits, name: &str, copy: u32, level: u32) -> Fits {
        if fits.is_empty() {
            return Rc::clone(fits);
        }
        let this = if copy == 0 { name.to_owned() } else { format!("{name}_{copy}") };
        let full = format!("{this}.{level}");
        self.choices.enter(fits, &[&this, name, &full])
    }

    /// Wakes entities that wait: those at the given paths, or all.
    pub(super) fn wake(&mut self, at: &[String]) -> Result<(), SesError> {
        let ways: Vec<String> = self
            .waiting
            .iter()
            .map(|(work, ..)| way(self.ses, &self.pes, &self.origins, work.node))
            .collect();
        for path in at {
            if !ways.contains(path) {
                let shown: Vec<&str> = ways.iter().take(8).map(String::as_str).collect();
                let waiting = if shown.is_empty() {
                    "nothing waits".to_owned()
                } else {
                    format!("waiting: {}", shown.join(", "))
                };
                return Err(SesError::NotWaiting { path: path.clone(), waiting });
            }
        }
        let all = std::mem::take(&mut self.waiting);
        let mut awake = Vec::new();
        for ((mut work, undecided, reason), way) in all.into_iter().zip(ways) {
            let delayed_again = self.choices.delays(&work.fits);
            if (at.is_empty() && !delayed_again) || at.contains(&way) {
                work.awake = true;
                awake.push(work);
            } else {
                self.waiting.push((work, undecided, reason));
            }
        }
        self.stack.extend(awake.into_iter().rev());
        Ok(())
    }

    /// Goes on until nothing moves any more.
    pub(super) fn grow(&mut self) -> Result<(), SesError> {
        loop {
            while let Some(work) = self.stack.pop() {
                self.expand(work)?;
            }
            // What waits for a constraint is tried again when there are new ones.
            let forced = self.forced.len();
            let before = self.waiting.len();
            let all = std::mem::take(&mut self.waiting);
            for (mut work, undecided, reason) in all {
                if undecided && !self.forced.is_empty() && self.stack.is_empty() {
                    work.awake = true;
                    self.expand(work)?;
                } else {
                    self.waiting.push((work, undecided, reason));
                }
            }
            let moved = self.forced.len() > forced || self.waiting.len() < before;
            if self.stack.is_empty() && !moved {
                return Ok(());
            }
        }
    }

    /// Ends the building.
    pub(super) fn finish(mut self, whole: bool) -> Result<Pruned, SesError> {
        let delayed = self.waiting.iter().any(|(_, undecided, _)| !undecided);
        if !self.leave_open
            && !delayed
            && whole
            && let Some((work, ..)) = self.waiting.first()
        {
            // Only a constraint could have decided it, and none did.
            let work = work.clone();
            if let Err(Decided::Wait(error) | Decided::Fault(error)) = self.parts(&work, false)? {
                return Err(error);
            }
            let path = self.way(work.node);
            return Err(SesError::NoChoice { path, point: "it".into(), candidates: "none".into() });
        }
        if self.waiting.is_empty() {
            self.pes.stage = Stage::Pes;
            let unused = self.choices.choices.into_iter().filter(|choice| !choice.used);
            let unused = unused.map(|choice| choice.text).collect();
            let Self { pes, log, decisions, .. } = self;
            return Ok(Pruned { pes, log, decisions, unused });
        }
        self.pes.stage = Stage::Ipes;
        let waiting = self.waiting.iter().map(|(work, _, reason)| Residual {
            node: work.node,
            path: numbers(&work.above),
            reason: reason.clone(),
        });
        self.pes.open = Some(Box::new(Open {
            waiting: waiting.collect(),
            ses: self.ses.clone(),
            choices: self.choices,
            depth: self.depth,
            entities_max: self.entities_max,
            origins: self.origins,
            forced: self.forced,
            settled: self.settled,
        }));
        let (log, decisions) = (self.log, self.decisions);
        Ok(Pruned { pes: self.pes, log, decisions, unused: Vec::new() })
    }

    /// The names from the root to a node, without what merged into them.
    pub(super) fn way(&self, node: u32) -> String {
        way(self.ses, &self.pes, &self.origins, node)
    }

    pub(super) fn note(&mut self, node: u32, point: &str, chosen: &str, reason: Reason) {
        self.decisions += 1;
        if self.log.len() < LOGGED_MAX {
            let path = way_up(self.ses, &self.pes, &self.origins, node, NAMES_LOGGED);
            let (point, chosen) = (point.to_owned(), chosen.to_owned());
            self.log.push(Decision { path, point, chosen, reason });
        }
    }

    /// A new entity.
    fn entity(&mut self, origin: Id, parent: u32, copy: u32, level: u32) -> Result<u32, SesError> {
        if self.entities >= self.entities_max {
            return Err(self.too_large());
        }
        self.entities += 1;
        let name = self.instance(origin, copy, level);
        let node = self.pes.nodes.len() as u32;
        self.pes.nodes.push(Node {
            name,
            is_aspect: false,
            parent,
            first: 0,
            count: 0,
            attributes: NOTHING,
            couplings: NOTHING,
            copy,
        });
        self.origins.push((origin, level));
        Ok(node)
    }

    fn too_large(&self) -> SesError {
        SesError::TooLarge { what: "entities of the result", most: self.entities_max }
    }

    /// `name`, `name_2` for the second copy, `name_2.1` inside a copy of the whole.
    fn instance(&mut self, origin: Id, copy: u32, level: u32) -> u32 {
        use std::fmt::Write as _;
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.clear();
        buffer.push_str(&self.ses.node(origin).name);
        if copy > 0 {
            let _ = write!(buffer, "_{copy}");
        }
        if level > 0 {
            let _ = write!(buffer, ".{level}");
        }
        let number = self.pes.names.number(&buffer);
        self.buffer = buffer;
        number
    }

    /// The value of an expression at a place of the result.
    pub(super) fn value(
        &self,
        code: &Code,
        above: &Above,
        level: u32,
        more: &[(Arc<str>, Value)],
    ) -> Result<Value, SesError> {
        let mut names = more.to_vec();
        if code.mentions("PATH") {
            let pairs = numbers(above).into_iter().map(|(name, number)| {
                (Value::text(format!("_{name}")), Value::text(number.to_string()))
            });
            names.push(("PATH".into(), Value::dict(pairs)));
        }
        if code.mentions("LEVEL") {
            names.push(("LEVEL".into(), Value::Int(level.into())));
        }
        Machine::new(&self.functions, &self.globals).value_with(code, &names)
    }

    /// Whether an expression has another value elsewhere.
    pub(super) fn is_dynamic(code: &Code) -> bool {
        DYNAMIC.iter().any(|name| code.mentions(name))
    }

    /// Takes an entity as far as it goes: merges what specializes it, and puts what is below.
    fn expand(&mut self, work: Work) -> Result<(), SesError> {
        let (origin, _) = self.origins[work.node as usize];
        let entity = self.ses.entity(origin).expect("only entities are worked on");
        if !work.awake && (entity.delayed || self.choices.delays(&work.fits)) {
            self.waiting.push((work, false, DELAYED.to_owned()));
            return Ok(());
        }
        let (decisions, logged) = (self.decisions, self.log.len());
        let parts = match self.parts(&work, true)? {
            Ok(parts) => parts,
            Err(Decided::Fault(error)) => return Err(error),
            Err(Decided::Wait(error)) => {
                self.decisions = decisions;
                self.log.truncate(logged);
                self.waiting.push((work, true, error.to_string()));
                return Ok(());
            }
        };
        let chosen = match self.aspect(&work, &parts)? {
            Ok(chosen) => chosen,
            Err(Decided::Fault(error)) => return Err(error),
            Err(Decided::Wait(error)) => {
                self.decisions = decisions;
                self.log.truncate(logged);
                self.waiting.push((work, true, error.to_string()));
                return Ok(());
            }
        };
        self.merge(&work, &parts)?;
        match chosen {
            Some((aspect, level, copies)) => self.below(&work, aspect, level, copies),
            None => Ok(()),
        }
    }

    /// Names and attributes of what merges into an entity.
    fn merge(&mut self, work: &Work, parts: &[Part]) -> Result<(), SesError> {
        if parts.len() > MERGED_MAX {
            return Err(self.too_large());
        }
        let picked = parts.iter().filter(|part| part.picked);
        let mut name: Option<String> = None;
        for part in picked {
            let child = self.ses.node(part.id);
            let old = name.unwrap_or_else(|| self.pes.name(work.node).to_owned());
            name = Some(if child.is_none() {
                "NONE".to_owned()
            } else {
                format!("{}_{old}", child.name)
            });
        }
        if let Some(name) = name {
            self.pes.nodes[work.node as usize].name = self.pes.names.number(&name);
        }
        // The chosen child comes before what it merges into, and wins.
        let mut sets = Vec::new();
        for part in parts.iter().rev() {
            let set = self.set(part.id, &work.above, part.level)?;
            if set != NOTHING {
                sets.push(set);
            }
        }
        let set = match sets[..] {
            [] => NOTHING,
            [one] => one,
            _ => self.merged(&sets),
        };
        self.pes.nodes[work.node as usize].attributes = set;
        Ok(())
    }

    fn merged(&mut self, sets: &[u32]) -> u32 {
        if let Some(set) = self.merged.get(sets) {
            return *set;
        }
        let mut all: Vec<Attribute> = Vec::new();
        for set in sets {
            for attribute in &self.pes.attributes[*set as usize] {
                if all.iter().all(|known| known.name != attribute.name) {
                    all.push(*attribute);
                }
            }
        }
        let number = self.known(all);
        self.merged.insert(sets.to_vec(), number);
        number
    }

    /// The number of a set of attributes.
    pub(super) fn known(&mut self, set: Vec<Attribute>) -> u32 {
        if let Some(number) = self.known_sets.get(&set) {
            return *number;
        }
        let number = self.pes.attributes.len() as u32;
        self.pes.attributes.push(set.clone());
        self.known_sets.insert(set, number);
        number
    }

    /// The attributes of one entity of the structure.
    fn set(&mut self, id: Id, above: &Above, level: u32) -> Result<u32, SesError> {
        if let Cached::Always(set) = self.sets[id as usize] {
            return Ok(set);
        }
        let ses = self.ses;
        let Some(entity) = ses.entity(id) else { return Ok(NOTHING) };
        let mut dynamic = false;
        let mut set = Vec::new();
        for attribute in &entity.attributes {
            let value = match &attribute.value {
                // Numbers of copies are filled in by the copy itself.
                Given::Literal(_) if attribute.name.starts_with('_') && repeated(ses, id) => {
                    NOTHING
                }
                Given::Literal(text) => self.pes.names.number(text),
                Given::Open => 0,
                Given::Computed(code) => {
                    dynamic |= Self::is_dynamic(code);
                    let value = self.value(code, above, level, &[])?;
                    let range = attribute.range.as_ref();
                    self.within(range, &value, id, &attribute.name, above, level)?;
                    self.pes.names.number(&value.shown())
                }
            };
            set.push(Attribute { name: self.pes.names.number(&attribute.name), value });
        }
        let number = if set.is_empty() { NOTHING } else { self.known(set) };
        self.sets[id as usize] = if dynamic { Cached::Dynamic } else { Cached::Always(number) };
        Ok(number)
    }

    fn within(
        &self,
        range: Option<&(Code, Code)>,
        value: &Value,
        id: Id,
        name: &str,
        above: &Above,
        level: u32,
    ) -> Result<(), SesError> {
        let Some((low, high)) = range else { return Ok(()) };
        let low = self.value(low, above, level, &[])?.number();
        let high = self.value(high, above, level, &[])?.number();
        let found = value.number();
        let inside = match (low, found, high) {
            (Some(low), Some(found), Some(high)) => low <= found && found <= high,
            _ => false,
        };
        if inside {
            return Ok(());
        }
        let node = self.ses.node(id);
        let what = format!("{name} is {}, outside of its range", value.repr());
        Err(SesError::Structure { place: node.place, name: node.name.to_string(), what })
    }

    /// Puts an aspect and the entities that it is made of.
    fn below(&mut self, work: &Work, id: Id, level: u32, copies: u64) -> Result<(), SesError> {
        let ses = self.ses;
        let node = ses.node(id);
        let many = matches!(node.kind, Kind::Multi(..));
        let once = |child: &Id| !many || ses.entity(*child).is_some_and(|entity| entity.once);
        let each = |child: &Id| if once(child) { 1 } else { copies };
        let count = node.children.iter().map(each).fold(0_u64, u64::saturating_add);
        if count > self.entities_max.saturating_sub(self.entities) {
            return Err(self.too_large());
        }
        let aspect = self.pes.nodes.len() as u32;
        let name = if many { node.name.replace("MASP", "DEC") } else { node.name.to_string() };
        let priority = self.priority(id, work, level)?;
        let attributes = if priority == 1 {
            NOTHING
        } else {
            let name = self.pes.names.number("priority");
            let value = self.pes.names.number(&priority.to_string());
            self.known(vec![Attribute { name, value }])
        };
        let first = aspect + 1;
        let name = self.pes.names.number(&name);
        self.pes.nodes.push(Node {
            name,
            is_aspect: true,
            parent: work.node,
            first,
            count: count as u32,
            attributes,
            couplings: NOTHING,
            copy: 0,
        });
        self.origins.push((id, level));
        let parent = &mut self.pes.nodes[work.node as usize];
        (parent.first, parent.count) = (aspect, 1);
        let passed = self.choices.pass(&work.fits, &node.name);
        let from = self.stack.len();
        for child in &node.children {
            let simple = self.is_simple(*child);
            let name = &ses.node(*child).name;
            for number in 1..=each(child) as u32 {
                let copy = if once(child) { 0 } else { number };
                let below = self.entity(*child, aspect, copy, level)?;
                let fits = self.enter(&passed, name, copy, level);
                if simple && fits.is_empty() {
                    let set = self.set(*child, &None, level)?;
                    self.pes.nodes[below as usize].attributes = set;
                    continue;
                }
                let above = if copy == 0 {
                    work.above.clone()
                } else {
                    let above = work.above.clone();
                    Some(Rc::new(Bind { name: Arc::clone(name), number, above }))
                };
                self.stack.push(Work { node: below, above, fits, awake: false });
            }
        }
        self.stack[from..].reverse();
        let couplings = self.couple(work, id, level, aspect, copies)?;
        self.pes.nodes[aspect as usize].couplings = couplings;
        Ok(())
    }

    /// Whether an entity is the same leaf everywhere.
    fn is_simple(&mut self, id: Id) -> bool {
        let node = self.ses.node(id);
        let plain = node.children.is_empty()
            && self.ses.entity(id).is_some_and(|e| e.copies.is_none() && !e.delayed);
        if plain && self.sets[id as usize] == Cached::Unknown {
            let computed =
                |code: &Given| matches!(code, Given::Computed(code) if Self::is_dynamic(code));
            let dynamic = self
                .ses
                .entity(id)
                .is_some_and(|entity| entity.attributes.iter().any(|a| computed(&a.value)));
            if dynamic {
                self.sets[id as usize] = Cached::Dynamic;
            }
        }
        plain && self.sets[id as usize] != Cached::Dynamic
    }
}

/// Why an entity waits that was left open on purpose.
pub(crate) const DELAYED: &str = "left open";

/// Whether a node is a child of a multi-aspect.
fn repeated(ses: &Ses, id: Id) -> bool {
    let parent = ses.node(id).parent;
    parent.is_some_and(|parent| matches!(ses.node(parent).kind, Kind::Multi(..)))
}

/// The repeated entities above with their numbers, the nearest last.
pub(super) fn numbers(above: &Above) -> Vec<(Arc<str>, u32)> {
    let mut numbers = Vec::new();
    let mut at = above;
    while let Some(bind) = at {
        numbers.push((Arc::clone(&bind.name), bind.number));
        at = &bind.above;
    }
    numbers.reverse();
    numbers
}

/// The names from the root to a node, without what merged into them.
pub(crate) fn way(ses: &Ses, pes: &Pes, origins: &[(Id, u32)], node: u32) -> String {
    way_up(ses, pes, origins, node, usize::MAX)
}

/// The same with so many names at most, the nearest ones.
fn way_up(ses: &Ses, pes: &Pes, origins: &[(Id, u32)], node: u32, most: usize) -> String {
    let mut names = Vec::new();
    let mut at = node;
    while at != NOTHING {
        if names.len() >= most {
            names.push("...".to_owned());
            break;
        }
        let found = &pes.nodes[at as usize];
        if !found.is_aspect {
            let name = &*ses.node(origins[at as usize].0).name;
            let copy = found.copy;
            names.push(if copy == 0 { name.to_owned() } else { format!("{name}_{copy}") });
        }
        at = found.parent;
    }
    names.reverse();
    format!("/{}", names.join("/"))
}
