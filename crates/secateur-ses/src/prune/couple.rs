//! Couplings: names of entities become places of children.

use std::collections::HashMap;
use std::sync::Arc;

use super::build::{Builder, Work};
use super::decide::whole;
use crate::error::SesError;
use crate::model::{Aspect, Coupling, End, Id, Kind, port_of};
use crate::pes::{Link, NOTHING};
use crate::script::Code;
use crate::script::value::Value;

/// Couplings of one aspect.
const LINKS_MAX: usize = 20_000_000;

/// What names mean at one aspect.
struct Ends {
    /// Names of the parent.
    parent: Vec<String>,
    /// Of each kind of child: its name, the place of the first, how many, whether numbered.
    kinds: Vec<(Arc<str>, u32, u32, bool)>,
    /// Places of children by their full names; made when it is first needed.
    full: Option<HashMap<String, u32>>,
}

impl Builder<'_> {
    /// The set of couplings of an aspect with so many copies of its children.
    pub(super) fn couple(
        &mut self,
        work: &Work,
        id: Id,
        level: u32,
        aspect: u32,
        copies: u64,
    ) -> Result<u32, SesError> {
        let ses = self.ses;
        let node = ses.node(id);
        let Some(found) = node.aspect() else { return Ok(NOTHING) };
        if found.couplings.is_empty() && found.computed.is_empty() {
            return Ok(NOTHING);
        }
        let everywhere = !dynamic(found);
        let key = (id, copies as u32);
        if everywhere && let Some(set) = self.couplings.get(&key) {
            return Ok(*set);
        }
        let mut ends = self.meanings(work, id, copies, everywhere);
        let mut names = names(&ends, copies);
        let mut links = Vec::new();
        for coupling in &found.couplings {
            self.written(work, level, coupling, &ends, &mut names, &mut links)?;
        }
        for code in &found.computed {
            let value = self.value(code, &work.above, level, &names)?;
            self.listed(work, code, &value, &mut ends, &mut links)?;
        }
        let _ = aspect;
        if links.is_empty() {
            return Ok(NOTHING);
        }
        let set = self.pes.couplings.len() as u32;
        self.pes.couplings.push(links);
        if everywhere {
            self.couplings.insert(key, set);
        }
        Ok(set)
    }

    fn meanings(&self, work: &Work, id: Id, copies: u64, everywhere: bool) -> Ends {
        let ses = self.ses;
        let node = ses.node(id);
        let many = matches!(node.kind, Kind::Multi(..));
        let mut at = 1;
        let mut kinds = Vec::new();
        for child in &node.children {
            let entity = ses.node(*child);
            let once = !many || ses.entity(*child).is_some_and(|entity| entity.once);
            let count = if once { 1 } else { copies as u32 };
            kinds.push((Arc::clone(&entity.name), at, count, !once));
            at += count;
        }
        // The parent goes by the name of the entity that has the aspect in the structure, by
        // its own with its number, and by what it is called in the result.
        let owner = node.parent.map_or("", |parent| &*ses.node(parent).name).to_owned();
        let found = &self.pes.nodes[work.node as usize];
        let origin = &*ses.node(self.origins[work.node as usize].0).name;
        let numbered = if found.copy == 0 || everywhere {
            origin.to_owned()
        } else {
            format!("{origin}_{}", found.copy)
        };
        let first = if owner == origin { numbered.clone() } else { owner.clone() };
        let merged = self.pes.name(work.node).to_owned();
        let parent = vec![first, owner, origin.to_owned(), numbered, merged, "PARENT".to_owned()];
        Ends { parent, kinds, full: None }
    }

    /// A coupling that is written out, once or over a list.
    fn written(
        &mut self,
        work: &Work,
        level: u32,
        coupling: &Coupling,
        ends: &Ends,
        names: &mut Vec<(Arc<str>, Value)>,
        links: &mut Vec<Link>,
    ) -> Result<(), SesError> {
        let Some(each) = &coupling.each else {
            return self.one(work, level, coupling, ends, names, links);
        };
        let over = self.value(&each.over, &work.above, level, names)?;
        let (Value::List(items) | Value::Tuple(items)) = &over else {
            let what = format!("a coupling is repeated over a list, not {}", over.class());
            return Err(SesError::Script { place: each.over.place, what });
        };
        for item in items.0.borrow().iter() {
            names.push((Arc::clone(&each.name), item.clone()));
            let wanted = match &each.when {
                Some(when) => self.value(when, &work.above, level, names)?.truth(),
                None => true,
            };
            if wanted {
                self.one(work, level, coupling, ends, names, links)?;
            }
            names.pop();
        }
        Ok(())
    }

    fn one(
        &mut self,
        work: &Work,
        level: u32,
        coupling: &Coupling,
        ends: &Ends,
        names: &[(Arc<str>, Value)],
        links: &mut Vec<Link>,
    ) -> Result<(), SesError> {
        let (sources, source_port) =
            self.places(work, level, coupling, &coupling.source, ends, names)?;
        let (targets, target_port) =
            self.places(work, level, coupling, &coupling.target, ends, names)?;
        let mut class = |class: &Option<Arc<str>>| {
            class.as_ref().map_or(0, |class| self.pes.names.number(class))
        };
        let (source_class, target_class) =
            (class(&coupling.source.class), class(&coupling.target.class));
        for source in &sources {
            for target in &targets {
                if links.len() >= LINKS_MAX {
                    let most = LINKS_MAX as u64;
                    return Err(SesError::TooLarge { what: "couplings of one aspect", most });
                }
                links.push(Link {
                    source: *source,
                    source_port,
                    source_class,
                    target: *target,
                    target_port,
                    target_class,
                });
            }
        }
        Ok(())
    }

    /// The entities that one end of a coupling names, and the number of its port's name.
    fn places(
        &mut self,
        work: &Work,
        level: u32,
        coupling: &Coupling,
        end: &End,
        ends: &Ends,
        names: &[(Arc<str>, Value)],
    ) -> Result<(Vec<u32>, u32), SesError> {
        let port = match &end.port_index {
            Some(code) => {
                let index = self.value(code, &work.above, level, names)?;
                self.pes.names.number(&format!("{}{}", end.port, index.shown()))
            }
            None => self.pes.names.number(&end.port),
        };
        if ends.parent.iter().any(|name| **name == *end.entity) && end.index.is_none() {
            return Ok((vec![0], port));
        }
        let kind = ends.kinds.iter().find(|(name, ..)| *name == end.entity);
        let Some((_, first, count, numbered)) = kind else {
            // `cell_2` for the second cell.
            if let Some((name, number)) = end.entity.rsplit_once('_') {
                let kind =
                    ends.kinds.iter().find(|(known, .., numbered)| **known == *name && *numbered);
                if let (Some((_, first, count, _)), Ok(k)) = (kind, number.parse::<u32>())
                    && (1..=*count).contains(&k)
                {
                    return Ok((vec![first + k - 1], port));
                }
            }
            return Err(self.dangling(work, coupling, &end.entity));
        };
        let Some(code) = &end.index else {
            return Ok(((*first..first + count).collect(), port));
        };
        let index = self.value(code, &work.above, level, names)?;
        match whole(&index).and_then(|index| u32::try_from(index).ok()) {
            Some(k) if *numbered && (1..=*count).contains(&k) => Ok((vec![first + k - 1], port)),
            _ => {
                let name = format!("{}[{}]", end.entity, index.shown());
                Err(self.dangling(work, coupling, &name))
            }
        }
    }

    fn dangling(&self, work: &Work, coupling: &Coupling, name: &str) -> SesError {
        let shown = |end: &End| format!("{}.{}", end.entity, end.port);
        let text = format!("{} -> {}", shown(&coupling.source), shown(&coupling.target));
        let path = self.way(work.node);
        SesError::Dangling { path, coupling: text, name: name.to_owned() }
    }

    /// Couplings that an expression listed: `[[source, port, target, port, comment], ..]`.
    fn listed(
        &mut self,
        work: &Work,
        code: &Code,
        value: &Value,
        ends: &mut Ends,
        links: &mut Vec<Link>,
    ) -> Result<(), SesError> {
        let fault = |what: String| SesError::Script { place: code.place, what };
        let (Value::List(rows) | Value::Tuple(rows)) = value else {
            return Err(fault(format!("couplings are a list, not {}", value.class())));
        };
        for row in rows.0.borrow().iter() {
            let (Value::List(cells) | Value::Tuple(cells)) = row else {
                return Err(fault(format!("a coupling is a list, not {}", row.class())));
            };
            let cells = cells.0.borrow();
            let text = |at: usize| match cells.get(at) {
                Some(Value::Text(text)) => Ok(Arc::clone(text)),
                _ => Err(fault(format!(
                    "a coupling lists source, port, target and port as texts, not {}",
                    row.repr()
                ))),
            };
            let [source, source_port, target, target_port] =
                [text(0)?, text(1)?, text(2)?, text(3)?];
            let mut place = |name: &str| {
                ends.place(name).ok_or_else(|| SesError::Dangling {
                    path: self.way(work.node),
                    coupling: format!("{source}.{source_port} -> {target}.{target_port}"),
                    name: name.to_owned(),
                })
            };
            let (from, to) = (place(&source)?, place(&target)?);
            let mut port = |text: &str| {
                let (port, class) = port_of(text);
                let class = class.map_or(0, |class| self.pes.names.number(&class));
                (self.pes.names.number(&port), class)
            };
            let (source_port, source_class) = port(&source_port);
            let (target_port, target_class) = port(&target_port);
            links.push(Link {
                source: from,
                source_port,
                source_class,
                target: to,
                target_port,
                target_class,
            });
        }
        Ok(())
    }
}

impl Ends {
    /// The place of an entity by its full name.
    fn place(&mut self, name: &str) -> Option<u32> {
        let full = self.full.get_or_insert_with(|| {
            let mut full = HashMap::new();
            for (name, first, count, numbered) in &self.kinds {
                if *numbered {
                    full.extend((0..*count).map(|k| (format!("{name}_{}", k + 1), first + k)));
                } else {
                    full.insert(name.to_string(), *first);
                }
            }
            full
        });
        full.get(name).copied().or_else(|| self.parent.iter().any(|p| p == name).then_some(0))
    }
}

/// Whether couplings depend on where in the result their aspect stands.
fn dynamic(aspect: &Aspect) -> bool {
    let depends = |code: &Code| code.mentions("PATH") || code.mentions("LEVEL");
    let coupled = |coupling: &Coupling| {
        let ends = [&coupling.source, &coupling.target];
        let codes = ends.into_iter().flat_map(|end| [&end.index, &end.port_index]).flatten();
        let each = coupling.each.iter().flat_map(|e| std::iter::once(&e.over).chain(&e.when));
        codes.chain(each).any(depends)
    };
    aspect.computed.iter().any(depends) || aspect.couplings.iter().any(coupled)
}

/// The names that coupling templates may use.
fn names(ends: &Ends, copies: u64) -> Vec<(Arc<str>, Value)> {
    let mut children = Vec::new();
    for (name, _, count, numbered) in &ends.kinds {
        if *numbered {
            children.extend((1..=*count).map(|k| Value::text(format!("{name}_{k}"))));
        } else {
            children.push(Value::Text(Arc::clone(name)));
        }
    }
    vec![
        ("PARENT".into(), Value::text(&*ends.parent[0])),
        ("CHILDREN".into(), Value::list(children)),
        ("NUMREP".into(), Value::Int(copies as i64)),
    ]
}
