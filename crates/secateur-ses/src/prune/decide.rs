//! Decisions: which child of a specialization, which aspect, how many copies.

use super::Reason;
use super::build::{Above, Builder, Cached, Work};
use super::facts::spec_of;
use crate::error::SesError;
use crate::model::{Id, Kind};
use crate::pes::{Force, Settled};
use crate::script::Code;

/// An entity of the structure that is part of an entity of the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) id: Id,
    /// Level of copies that its own parts are at.
    pub(super) level: u32,
    /// Whether it was chosen in a specialization, and so gives its name.
    pub(super) picked: bool,
}

/// Why there is no decision.
#[derive(Debug)]
pub(super) enum Decided {
    /// It may come later.
    Wait(SesError),
    /// There will be none.
    Fault(SesError),
}

/// An aspect, the level of its parts, and how many copies of them there are.
pub(super) type Made = (Id, u32, u64);

/// A decision, or why there is none.
type Choosing<T> = Result<T, Decided>;

impl Builder<'_> {
    /// The entities that make up one of the result: itself, what it copies, and the children
    /// chosen in its specializations, in the order in which they merge.
    ///
    /// # Errors
    /// Those of expressions.
    pub(super) fn parts(
        &mut self,
        work: &Work,
        lenient: bool,
    ) -> Result<Choosing<Vec<Part>>, SesError> {
        let (origin, level) = self.origins[work.node as usize];
        let mut parts = Vec::new();
        let mut open = Vec::new();
        if let Err(fault) = self.part(work, origin, level, false, &mut parts, &mut open) {
            return Ok(Err(fault));
        }
        while let Some((spec, level)) = open.pop() {
            if parts.len() > 10_000 {
                let most = 10_000;
                return Err(SesError::TooLarge {
                    what: "children that merge into one entity",
                    most,
                });
            }
            let child = match self.child(work, spec, level, lenient)? {
                Ok(child) => child,
                Err(fault) => return Ok(Err(fault)),
            };
            if let Err(fault) = self.part(work, child, level, true, &mut parts, &mut open) {
                return Ok(Err(fault));
            }
        }
        Ok(Ok(parts))
    }

    /// Adds an entity and what it copies; their specializations are open, the first on top.
    fn part(
        &mut self,
        work: &Work,
        id: Id,
        level: u32,
        picked: bool,
        parts: &mut Vec<Part>,
        open: &mut Vec<(Id, u32)>,
    ) -> Choosing<()> {
        let ses = self.ses;
        let specs = |id: Id, level: u32, open: &mut Vec<(Id, u32)>| {
            let children = ses.node(id).children.iter().rev();
            open.extend(children.filter(|c| ses.node(**c).kind == Kind::Spec).map(|c| (*c, level)));
        };
        let copies = ses.entity(id).is_some_and(|entity| entity.copies.is_some());
        if copies {
            let Some((target, recursive)) = self.facts.targets.get(&id).copied() else {
                let node = ses.node(id);
                let what = "what it copies is not there".to_owned();
                let name = node.name.to_string();
                return Err(Decided::Fault(SesError::Structure { place: node.place, name, what }));
            };
            let inner = level + u32::from(recursive);
            if inner > self.depth {
                let path = self.way(work.node);
                return Err(Decided::Fault(SesError::NoTerminal { path, depth: self.depth }));
            }
            parts.push(Part { id: target, level: inner, picked: false });
            specs(target, inner, open);
        }
        parts.push(Part { id, level, picked });
        specs(id, level, open);
        Ok(())
    }

    /// Whether an alternative can end within the depth.
    fn ends(&self, id: Id, level: u32) -> bool {
        self.facts.heights[id as usize] <= self.depth.saturating_sub(level)
    }

    /// The child that is taken in a specialization.
    fn child(
        &mut self,
        work: &Work,
        spec: Id,
        level: u32,
        lenient: bool,
    ) -> Result<Choosing<Id>, SesError> {
        let ses = self.ses;
        let node = ses.node(spec);
        let ending: Vec<Id> =
            node.children.iter().copied().filter(|child| self.ends(*child, level)).collect();
        if ending.is_empty() {
            let path = self.way(work.node);
            let depth = self.depth;
            return Ok(Err(Decided::Fault(SesError::NoTerminal { path, depth })));
        }
        let forces = self.forces(work.node, spec);
        let named = |name: &str| {
            node.children.iter().copied().find(|child| *ses.node(*child).name == *name)
        };
        let chosen = if work.fits.is_empty() {
            None
        } else {
            let full = format!("{}.{level}", node.name);
            let points = [&*node.name, full.as_str()];
            self.explicit(work, &points, &|name| named(name).is_some())?
        };
        let chosen = chosen.and_then(|name| named(&name)).map(|child| (child, Reason::Choice));
        let found = match chosen {
            Some(found) => Some(found),
            None => match self.ruled(work, &node.children, level)?[..] {
                [] => None,
                [one] => Some((one, Reason::Rule)),
                ref many => {
                    let candidates = self.shown(many);
                    let path = self.way(work.node);
                    let point = node.name.to_string();
                    return Ok(Err(Decided::Fault(SesError::Ambiguous {
                        path,
                        point,
                        candidates,
                    })));
                }
            },
        };
        // An alternative that needs more copies than the depth allows gives way to the one that
        // ends.
        let found = match found {
            Some((child, _)) if !ending.contains(&child) => match ending[..] {
                [one] => Some((one, Reason::Depth)),
                _ => None,
            },
            other => other,
        };
        let found = found.or_else(|| {
            let required = forces.iter().find(|force| force.required);
            let open: Vec<Id> = ending
                .iter()
                .copied()
                .filter(|child| !forces.iter().any(|f| !f.required && f.child == *child))
                .collect();
            match (required, &open[..], &ending[..]) {
                (Some(force), ..) => Some((force.child, Reason::Constraint)),
                (None, _, [one]) if node.children.len() == 1 => Some((*one, Reason::Only)),
                (None, _, [one]) => Some((*one, Reason::Depth)),
                (None, [one], _) => Some((*one, Reason::Constraint)),
                _ => None,
            }
        });
        let Some((child, reason)) = found else {
            let path = self.way(work.node);
            let candidates = self.shown(&ending);
            let error = SesError::NoChoice { path, point: node.name.to_string(), candidates };
            let later = lenient && (self.leave_open || self.facts.meant.contains_key(&spec));
            return Ok(Err(if later { Decided::Wait(error) } else { Decided::Fault(error) }));
        };
        if let Some(force) = forces.iter().find(|force| force.required != (force.child == child)) {
            let path = self.way(work.node);
            let error = self.contradiction(path, child, force.child, force.required, &force.why);
            return Ok(Err(Decided::Fault(error)));
        }
        if let Err(error) = self.settle(work.node, spec, child) {
            return Ok(Err(Decided::Fault(error)));
        }
        self.note(work.node, &node.name, &ses.node(child).name, reason);
        Ok(Ok(child))
    }

    fn contradiction(
        &self,
        path: String,
        chosen: Id,
        other: Id,
        required: bool,
        why: &str,
    ) -> SesError {
        let chosen = self.ses.node(chosen).name.to_string();
        let word = if required { "requires" } else { "excludes" };
        let why = format!("{why} {word} {}", self.ses.node(other).name);
        SesError::Constraint { path, chosen, why }
    }

    /// What the user chose at a decision; of several the most exact.
    fn explicit(
        &mut self,
        work: &Work,
        points: &[&str],
        fits: &dyn Fn(&str) -> bool,
    ) -> Result<Option<String>, SesError> {
        if work.fits.is_empty() {
            return Ok(None);
        }
        let mut best: Option<(u32, u32, String)> = None;
        let mut used = Vec::new();
        for (at, choice, exact) in self.choices.at(&work.fits, points) {
            if !fits(&choice.child) {
                continue;
            }
            used.push(at);
            match &best {
                Some((_, known, _)) if *known > exact => {}
                Some((_, known, child)) if *known == exact && *child != choice.child => {
                    let choice = choice.text.clone();
                    let what = format!("another choice takes {child} at the same place");
                    return Err(SesError::Choice { choice, what });
                }
                _ => best = Some((at, exact, choice.child.clone())),
            }
        }
        for at in used {
            self.choices.choices[at as usize].used = true;
        }
        Ok(best.map(|(_, _, child)| child))
    }

    /// Of some alternatives those whose rule is true.
    fn ruled(&mut self, work: &Work, all: &[Id], level: u32) -> Result<Vec<Id>, SesError> {
        let mut found = Vec::new();
        for id in all {
            if self.rule(*id, &work.above, level)? == Some(true) {
                found.push(*id);
            }
        }
        Ok(found)
    }

    /// Whether the rule of a node holds, when it has one.
    fn rule(&mut self, id: Id, above: &Above, level: u32) -> Result<Option<bool>, SesError> {
        let ses = self.ses;
        let Some(rule) = &ses.node(id).rule else { return Ok(None) };
        if let Cached::Always(holds) = self.rules[id as usize] {
            return Ok(Some(holds));
        }
        if let Some(holds) = self.rules_at.get(&(id, level)) {
            return Ok(Some(*holds));
        }
        let holds = self.value(rule, above, level, &[])?.truth();
        if !Self::is_dynamic(rule) {
            self.rules[id as usize] = Cached::Always(holds);
        } else if !rule.mentions("PATH") {
            // What is left that differs from place to place is the level.
            self.rules_at.insert((id, level), holds);
        }
        Ok(Some(holds))
    }

    fn shown(&self, ids: &[Id]) -> String {
        let names: Vec<&str> = ids.iter().map(|id| &*self.ses.node(*id).name).collect();
        names.join(", ")
    }

    /// The constraints in force on a specialization of a node.
    fn forces(&self, node: u32, spec: Id) -> Vec<Force> {
        let Some(scopes) = self.facts.meant.get(&spec) else { return Vec::new() };
        let scopes: Vec<u32> = scopes.iter().map(|scope| self.scope(node, *scope)).collect();
        let fits = |force: &&Force| force.spec == spec && scopes.contains(&force.scope);
        self.forced.iter().filter(fits).cloned().collect()
    }

    /// The nearest node at or above another that came from an entity of the structure; the root
    /// when there is none.
    fn scope(&self, node: u32, origin: Id) -> u32 {
        let mut at = node;
        loop {
            let (found, _) = self.origins[at as usize];
            let copied = self.facts.targets.get(&found).is_some_and(|(t, _)| *t == origin);
            let parent = self.pes.nodes[at as usize].parent;
            if found == origin || copied || parent == crate::pes::NOTHING {
                return at;
            }
            at = parent;
        }
    }

    /// Notes a decision for constraints: what it means for others, and whether they agree.
    fn settle(&mut self, node: u32, spec: Id, child: Id) -> Result<(), SesError> {
        if self.facts.means.is_empty() {
            return Ok(());
        }
        let path = self.way(node);
        for scope in self.facts.meant.get(&spec).cloned().unwrap_or_default() {
            let scope = self.scope(node, scope);
            let settled = Settled { spec, scope, child, path: path.clone() };
            if !self.settled.contains(&settled) {
                self.settled.push(settled);
            }
        }
        for (other, required, scope) in self.facts.means.get(&child).cloned().unwrap_or_default() {
            let scope = self.scope(node, scope);
            let spec = spec_of(self.ses, other).expect("constraints speak of such children");
            let why = format!("{} at {path}", self.ses.node(child).name);
            let against = self.settled.iter().find(|settled| {
                settled.spec == spec
                    && settled.scope == scope
                    && required != (settled.child == other)
            });
            if let Some(settled) = against {
                let (path, chosen) = (settled.path.clone(), settled.child);
                return Err(self.contradiction(path, chosen, other, required, &why));
            }
            let force = Force { spec, scope, child: other, required, why };
            if !self.forced.contains(&force) {
                self.forced.push(force);
            }
        }
        Ok(())
    }

    /// The aspect that an entity is made of, the level of its parts, and how many copies of
    /// them; none for a leaf.
    pub(super) fn aspect(
        &mut self,
        work: &Work,
        parts: &[Part],
    ) -> Result<Choosing<Option<Made>>, SesError> {
        let ses = self.ses;
        let mut all: Vec<(Id, u32, Id)> = Vec::new();
        for part in parts {
            for child in &ses.node(part.id).children {
                if ses.node(*child).kind != Kind::Spec {
                    all.push((*child, part.level, part.id));
                }
            }
        }
        // The parts of what was there first come first.
        all.sort_by_key(|(_, _, from)| parts.iter().position(|part| part.id == *from));
        if all.is_empty() {
            return Ok(Ok(None));
        }
        let point = format!("the aspects of {}", ses.node(self.origins[work.node as usize].0).name);
        // The same aspect may be there from several levels; `name.1` is that of the first.
        let named = |name: &str| {
            let fits = |(id, level, _): &&(Id, u32, Id)| {
                let own = &*ses.node(*id).name;
                own == name
                    || name.strip_prefix(own).and_then(|rest| rest.strip_prefix('.'))
                        == Some(level.to_string().as_str())
            };
            all.iter().find(fits).copied()
        };
        if let Some(name) = self.explicit(work, &[], &|name| named(name).is_some())? {
            let (id, level, _) = named(&name).expect("explicit choices are candidates");
            if !self.ends(id, level) {
                let (path, depth) = (self.way(work.node), self.depth);
                return Ok(Err(Decided::Fault(SesError::NoTerminal { path, depth })));
            }
            self.note(work.node, &point, &name, Reason::Choice);
            return self.repeated(work, id, level);
        }
        let mut left = Vec::new();
        let mut ruled = 0;
        for (id, level, from) in &all {
            match self.rule(*id, &work.above, *level)? {
                Some(false) => {}
                Some(true) => {
                    ruled += 1;
                    left.push((*id, *level, *from));
                }
                None => left.push((*id, *level, *from)),
            }
        }
        let siblings = all.iter().all(|(_, _, from)| *from == all[0].2);
        if left.is_empty() && all.len() == 1 {
            // A single aspect whose rule is false is not there.
            return Ok(Ok(None));
        }
        let by_rule = left.len() < all.len() || ruled == 1;
        let ending: Vec<_> =
            left.iter().copied().filter(|(id, level, _)| self.ends(*id, *level)).collect();
        if !left.is_empty() && ending.is_empty() {
            let others: Vec<_> =
                all.iter().copied().filter(|(id, level, _)| self.ends(*id, *level)).collect();
            if let [(id, level, _)] = others[..] {
                self.note(work.node, &point, &ses.node(id).name, Reason::Depth);
                return self.repeated(work, id, level);
            }
            let (path, depth) = (self.way(work.node), self.depth);
            return Ok(Err(Decided::Fault(SesError::NoTerminal { path, depth })));
        }
        let by_depth = ending.len() < left.len();
        if siblings && ending.len() > 1 {
            // Siblings are told apart by rules: exactly one is true, and all have one.
            let path = self.way(work.node);
            let candidates = self.shown(&ending.iter().map(|(id, ..)| *id).collect::<Vec<_>>());
            if ruled > 1 {
                return Ok(Err(Decided::Fault(SesError::Ambiguous { path, point, candidates })));
            }
            if ruled == 1 {
                let (id, level, _) = self.only_true(work, &ending)?;
                self.note(work.node, &point, &ses.node(id).name, Reason::Rule);
                return self.repeated(work, id, level);
            }
            return Ok(Err(self.later(SesError::NoChoice { path, point, candidates })));
        }
        match ending[..] {
            [] => {
                let path = self.way(work.node);
                let candidates = self.shown(&all.iter().map(|(id, ..)| *id).collect::<Vec<_>>());
                Ok(Err(self.later(SesError::NoChoice { path, point, candidates })))
            }
            [(id, level, _)] => {
                if all.len() > 1 {
                    let reason = match (by_depth, by_rule) {
                        (true, _) => Reason::Depth,
                        (false, true) => Reason::Rule,
                        (false, false) => Reason::Only,
                    };
                    self.note(work.node, &point, &ses.node(id).name, reason);
                }
                self.repeated(work, id, level)
            }
            _ => {
                let mut ranked = Vec::new();
                for (id, level, _) in &ending {
                    ranked.push((self.priority(*id, work, *level)?, *id, *level));
                }
                let highest = ranked.iter().map(|(rank, ..)| *rank).max().unwrap_or(1);
                ranked.retain(|(rank, ..)| *rank == highest);
                if let [(_, id, level)] = ranked[..] {
                    self.note(work.node, &point, &ses.node(id).name, Reason::Priority);
                    return self.repeated(work, id, level);
                }
                let path = self.way(work.node);
                let candidates =
                    self.shown(&ranked.iter().map(|(_, id, _)| *id).collect::<Vec<_>>());
                Ok(Err(Decided::Fault(SesError::Ambiguous { path, point, candidates })))
            }
        }
    }

    fn only_true(&mut self, work: &Work, all: &[(Id, u32, Id)]) -> Result<(Id, u32, Id), SesError> {
        for found in all {
            if self.rule(found.0, &work.above, found.1)? == Some(true) {
                return Ok(*found);
            }
        }
        Ok(all[0])
    }

    /// An error now, or something to decide later.
    fn later(&self, error: SesError) -> Decided {
        if self.leave_open { Decided::Wait(error) } else { Decided::Fault(error) }
    }

    /// The priority of an aspect, 1 unless it says otherwise.
    pub(super) fn priority(&mut self, id: Id, work: &Work, level: u32) -> Result<i64, SesError> {
        let ses = self.ses;
        let Some(code) = ses.node(id).aspect().and_then(|aspect| aspect.priority.as_ref()) else {
            return Ok(1);
        };
        let value = self.value(code, &work.above, level, &[])?;
        whole(&value).ok_or_else(|| {
            let what = format!("the priority is {}, and must be a whole number", value.repr());
            let name = ses.node(id).name.to_string();
            SesError::Structure { place: code.place, name, what }
        })
    }

    /// An aspect with the number of copies of its children.
    fn repeated(
        &mut self,
        work: &Work,
        id: Id,
        level: u32,
    ) -> Result<Choosing<Option<Made>>, SesError> {
        let ses = self.ses;
        let node = ses.node(id);
        let Kind::Multi(_, repeat) = &node.kind else { return Ok(Ok(Some((id, level, 1)))) };
        let number = |text: &str| text.parse::<u64>().is_ok();
        let chosen = self.explicit(work, &[&node.name], &number)?;
        let chosen = chosen.and_then(|text| text.parse::<u64>().ok());
        let others = node.children.iter().any(|child| ses.entity(*child).is_some_and(|e| e.once));
        let least = repeat.range.map_or(u64::from(!others), |(least, _)| least);
        let most = repeat.range.map_or(self.entities_max, |(_, most)| most);
        let count = match (chosen, &repeat.count) {
            (Some(count), _) => {
                self.note(work.node, &node.name, &count.to_string(), Reason::Choice);
                count
            }
            (None, Some(code)) => match self.count(id, code, work, level, least, most)? {
                Ok(count) => count,
                Err(error) => return Ok(Err(Decided::Fault(error))),
            },
            (None, None) if least == most => least,
            (None, None) => {
                let path = self.way(work.node);
                let candidates = match repeat.range {
                    Some((least, most)) => format!("{least} to {most}"),
                    None => "any number, e.g. 2".to_owned(),
                };
                let point = node.name.to_string();
                return Ok(Err(self.later(SesError::NoChoice { path, point, candidates })));
            }
        };
        if count < least || count > most {
            let (path, name) = (self.way(work.node), node.name.to_string());
            let count = count.to_string();
            let error = SesError::Repetition { path, name, count, least, most };
            return Ok(Err(Decided::Fault(error)));
        }
        Ok(Ok(Some((id, level, count))))
    }

    /// The number of copies that an expression gives.
    fn count(
        &mut self,
        id: Id,
        code: &Code,
        work: &Work,
        level: u32,
        least: u64,
        most: u64,
    ) -> Result<Result<u64, SesError>, SesError> {
        if let Cached::Always(count) = self.counts[id as usize] {
            return Ok(Ok(count));
        }
        let value = self.value(code, &work.above, level, &[])?;
        let Some(count) = whole(&value).and_then(|count| u64::try_from(count).ok()) else {
            let name = self.ses.node(id).name.to_string();
            let (path, count) = (self.way(work.node), value.repr());
            return Ok(Err(SesError::Repetition { path, name, count, least, most }));
        };
        let dynamic = Self::is_dynamic(code);
        self.counts[id as usize] = if dynamic { Cached::Dynamic } else { Cached::Always(count) };
        Ok(Ok(count))
    }
}

/// A whole number, also one that is written as a text or with a zero behind the point.
pub(super) fn whole(value: &crate::script::value::Value) -> Option<i64> {
    use crate::script::value::Value;
    match value {
        Value::Float(number) if number.fract() == 0.0 && number.abs() < 9e15 => {
            Some(*number as i64)
        }
        Value::Text(text) => text.trim().parse().ok(),
        other => other.int(),
    }
}
