//! The axioms on nodes and names.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use super::{Finding, lenient};
use crate::model::{Given, Id, Kind, Origin, Ses};

/// A3, A4, A5, and nodes without children.
pub(super) fn structure(ses: &Ses, findings: &mut Vec<Finding>) {
    if ses.roots.is_empty() {
        findings.push(Finding {
            rule: "A3",
            is_error: true,
            place: crate::place::Place::None,
            path: "/".into(),
            message: "there is no root entity".into(),
        });
        return;
    }
    for (at, node) in ses.nodes.iter().enumerate() {
        let id = at as Id;
        let mut fault =
            |rule, message: String| findings.push(Finding::error(ses, rule, id, message));
        let is_entity = matches!(node.kind, Kind::Entity(_));
        for child in &node.children {
            if is_entity == matches!(ses.node(*child).kind, Kind::Entity(_)) {
                let what = if is_entity {
                    "an entity, without an aspect or specialization between"
                } else {
                    "no entity"
                };
                fault(
                    "A3",
                    format!("{} stands right below it and is {what}", ses.node(*child).name),
                );
            }
        }
        if node.parent.is_none() && !is_entity {
            fault("A3", "the root is no entity".into());
        }
        let mut seen: HashSet<&str> = HashSet::new();
        for child in &node.children {
            if !seen.insert(&ses.node(*child).name) {
                fault("A4", format!("two of its children are called {}", ses.node(*child).name));
            }
        }
        match &node.kind {
            Kind::Entity(entity) => {
                let mut seen: HashSet<&str> = HashSet::new();
                for attribute in &entity.attributes {
                    if !seen.insert(&attribute.name) {
                        fault("A5", format!("two of its variables are called {}", attribute.name));
                    }
                }
                if let Some(name) = &entity.copies
                    && ses.target(name).is_none()
                {
                    fault("ref", format!("there is no entity {name} to copy"));
                }
            }
            Kind::Aspect(_) | Kind::Multi(..) if node.children.is_empty() => {
                fault("A3", "an aspect without children; leaves are entities".into());
            }
            Kind::Spec => match node.children.len() {
                0 => fault("A3", "a specialization without children; leaves are entities".into()),
                1 => {
                    let message = "a specialization with one child leaves nothing to choose";
                    let found = Finding::error(ses, "specialization", id, message);
                    // SESTools writes them for alternatives that are still to come.
                    let later = ses.origin == Origin::Sestools;
                    findings.push(if later { found.warning() } else { found });
                }
                _ => {}
            },
            Kind::Aspect(_) | Kind::Multi(..) => {}
        }
    }
}

/// A2: no entity stands below one of its name.
pub(super) fn hierarchy(ses: &Ses, findings: &mut Vec<Finding>) {
    let mut above: HashMap<&str, Vec<Id>> = HashMap::new();
    for root in &ses.roots {
        let mut open = vec![(*root, false)];
        while let Some((id, done)) = open.pop() {
            let node = ses.node(id);
            let named =
                ses.entity(id).is_some_and(|entity| entity.copies.is_none()) && !node.is_none();
            if done {
                if named {
                    above.get_mut(&*node.name).map(Vec::pop);
                }
                continue;
            }
            if named {
                let line = above.entry(&node.name).or_default();
                if let Some(first) = line.last() {
                    let message = cycle(ses, *first, id);
                    findings.push(Finding { message, ..Finding::error(ses, "A2", id, "") });
                }
                line.push(id);
            }
            open.push((id, true));
            open.extend(node.children.iter().rev().map(|child| (*child, false)));
        }
    }
}

/// The names from one node down to another.
fn cycle(ses: &Ses, from: Id, to: Id) -> String {
    let mut names = Vec::new();
    let mut at = to;
    while at != from {
        names.push(&*ses.node(at).name);
        match ses.node(at).parent {
            Some(parent) => at = parent,
            None => break,
        }
    }
    names.push(&ses.node(from).name);
    names.reverse();
    if names.len() > 12 {
        names.splice(6..names.len() - 5, ["..."]);
    }
    names.join(" -> ")
}

/// A1: entities of one name have the same variables and the same parts.
pub(super) fn uniformity(ses: &Ses, findings: &mut Vec<Finding>) {
    let mut shapes = vec![0_u64; ses.nodes.len()];
    for at in (0..ses.nodes.len()).rev() {
        let node = &ses.nodes[at];
        let mut hasher = DefaultHasher::new();
        std::mem::discriminant(&node.kind).hash(&mut hasher);
        node.name.hash(&mut hasher);
        if let Kind::Entity(entity) = &node.kind {
            // A variable without a value, and numbers of copies, make no difference.
            for attribute in entity.attributes.iter().filter(|a| !a.name.starts_with('_')) {
                attribute.name.hash(&mut hasher);
                match &attribute.value {
                    Given::Literal(text) => text.hash(&mut hasher),
                    Given::Computed(code) => code.text.hash(&mut hasher),
                    Given::Open => {}
                }
            }
            entity.copies.hash(&mut hasher);
        }
        for child in &node.children {
            shapes[*child as usize].hash(&mut hasher);
        }
        shapes[at] = hasher.finish();
    }
    let mut first: HashMap<&str, Id> = HashMap::new();
    for (at, node) in ses.nodes.iter().enumerate() {
        let id = at as Id;
        let whole = ses.entity(id).is_some_and(|entity| entity.copies.is_none());
        if !whole || node.is_none() {
            continue;
        }
        let known = *first.entry(&node.name).or_insert(id);
        if shapes[known as usize] != shapes[at] {
            let message = format!(
                "it differs from {} of the same name; uniform entities have the same variables and parts",
                ses.path(known)
            );
            let found = Finding::error(ses, "A1", id, message);
            findings.push(if lenient(ses) { found.warning() } else { found });
        }
    }
}
