//! Ports that nobody declared: what couplings outside of an entity name must be named inside.

use secateur_core::nearest;
use std::collections::{BTreeMap, BTreeSet};

use super::Finding;
use super::inheritance::specialized;
use super::references::entity_of;
use crate::model::{Coupling, Id, Ses};

/// A port as couplings name it: its name, and whether values come out of the entity there.
type Port<'a> = (&'a str, bool);

/// What the couplings of a structure say of the ports of one entity.
#[derive(Debug, Default)]
struct Known<'a> {
    outside: BTreeMap<Port<'a>, (Id, &'a Coupling)>,
    inside: BTreeSet<Port<'a>>,
    /// Whether an alternative has no parts, or parts whose couplings are computed: then ports
    /// may be there that no coupling names.
    hidden: bool,
}

/// A port of an entity with parts that is coupled from outside and by no coupling inside: values
/// are lost there. Where ports may be hidden, only what is nearly the name of another is told.
pub(super) fn undeclared(ses: &Ses, findings: &mut Vec<Finding>) {
    let wholes = wholes(ses);
    let whole = |id: Id| wholes[id as usize];
    let mut all: BTreeMap<Id, Known<'_>> = BTreeMap::new();
    for (at, node) in ses.nodes.iter().enumerate() {
        let id = at as Id;
        if ses.entity(id).is_some() {
            all.entry(whole(id)).or_default().hidden |= node.children.is_empty();
        }
        let Some(aspect) = node.aspect() else { continue };
        let Some(parent) = node.parent.map(whole) else { continue };
        let known = all.entry(parent).or_default();
        known.hidden |= !aspect.computed.is_empty() || aspect.couplings.is_empty();
        for coupling in &aspect.couplings {
            for (end, is_source) in [(&coupling.source, true), (&coupling.target, false)] {
                let Some(entity) = entity_of(ses, node, &end.entity) else { continue };
                let entity = whole(entity);
                if entity == parent {
                    all.entry(parent).or_default().inside.insert((&end.port, !is_source));
                } else if end.port_index.is_none() {
                    let outside = &mut all.entry(entity).or_default().outside;
                    outside.entry((&end.port, is_source)).or_insert((id, coupling));
                }
            }
        }
    }
    for (id, known) in &all {
        let Some(entity) = ses.entity(*id).filter(|entity| entity.ports.is_empty()) else {
            continue;
        };
        let copied = entity.copies.as_ref().and_then(|name| ses.target(name));
        let copied = copied.map(whole).and_then(|target| all.get(&target));
        let others = copied.into_iter().flat_map(|other| &other.inside);
        let inside: BTreeSet<Port<'_>> = known.inside.iter().chain(others).copied().collect();
        if inside.is_empty() {
            continue;
        }
        let hidden = known.hidden && copied.is_none() || copied.is_some_and(|other| other.hidden);
        for ((port, output), (at, coupling)) in &known.outside {
            let numbered = port.trim_end_matches(|c: char| c.is_ascii_digit());
            if inside.contains(&(*port, *output)) || inside.contains(&(numbered, *output)) {
                continue;
            }
            let loose = |(name, out): &&Port<'_>| {
                out == output && !known.outside.contains_key(&(*name, *out))
            };
            let meant = nearest(port, inside.iter().filter(loose).map(|(name, _)| *name));
            if hidden && meant.is_none() {
                continue;
            }
            let word = if *output { "output" } else { "input" };
            let name = &ses.node(*id).name;
            let mut message = format!("no coupling inside of {name} names its {word} {port}");
            if let Some(meant) = meant {
                message = format!("{message}; is {meant} meant?");
            }
            let found = Finding::error(ses, "port", *at, message).warning();
            findings.push(Finding { place: coupling.place, ..found });
        }
    }
}

/// Of each entity the one of a result that it becomes a part of.
fn wholes(ses: &Ses) -> Vec<Id> {
    let mut wholes: Vec<Id> = Vec::with_capacity(ses.nodes.len());
    for id in 0..ses.nodes.len() as Id {
        // A parent comes before its children.
        wholes.push(specialized(ses, id).map_or(id, |up| wholes[up as usize]));
    }
    wholes
}
