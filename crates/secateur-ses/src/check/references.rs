//! What couplings, expressions and constraints name.

use std::collections::{HashMap, HashSet};

use super::Finding;
use crate::model::{Coupling, End, Given, Id, Kind, Node, Ses};
use crate::prune::facts::facts;
use crate::script::builtins::FUNCTIONS;
use crate::script::{Code, Functions};

/// Names that are there without being declared.
const BOUND: [&str; 5] = ["PATH", "LEVEL", "PARENT", "CHILDREN", "NUMREP"];

/// Couplings name the parent or a child, ports that are declared, and equal types.
pub(super) fn couplings(ses: &Ses, findings: &mut Vec<Finding>) {
    for (at, node) in ses.nodes.iter().enumerate() {
        let Some(aspect) = node.aspect() else { continue };
        for coupling in &aspect.couplings {
            for (end, is_source) in [(&coupling.source, true), (&coupling.target, false)] {
                let mut fault = |message: String| {
                    let found = Finding::error(ses, "coupling", at as Id, message);
                    findings.push(Finding { place: coupling.place, ..found });
                };
                let Some(entity) = entity_of(ses, node, &end.entity) else {
                    fault(format!(
                        "{} names {}, which is neither the parent nor a child",
                        shown(coupling),
                        end.entity
                    ));
                    continue;
                };
                if let Some(problem) = port(ses, node, end, entity, is_source) {
                    fault(format!("{}: {problem}", shown(coupling)));
                }
            }
            let classes = (class(ses, node, &coupling.source), class(ses, node, &coupling.target));
            if let (Some(from), Some(to)) = classes
                && from != to
            {
                let message =
                    format!("{} joins a port of type {from} to one of {to}", shown(coupling));
                let found = Finding::error(ses, "port type", at as Id, message);
                findings.push(Finding { place: coupling.place, ..found });
            }
        }
    }
}

fn shown(coupling: &Coupling) -> String {
    let end = |end: &End| format!("{}.{}", end.entity, end.port);
    format!("{} -> {}", end(&coupling.source), end(&coupling.target))
}

/// The entity that one end of a coupling means.
pub(super) fn entity_of(ses: &Ses, aspect: &Node, name: &str) -> Option<Id> {
    let parent = aspect.parent?;
    if name == "PARENT" || *ses.node(parent).name == *name {
        return Some(parent);
    }
    let named = |name: &str| aspect.children.iter().copied().find(|c| *ses.node(*c).name == *name);
    if let Some(found) = named(name) {
        return Some(found);
    }
    // The aspect of a chosen child goes over to what the child specializes.
    let mut at = parent;
    while let Some(spec) = ses.node(at).parent.filter(|up| ses.node(*up).kind == Kind::Spec) {
        at = ses.node(spec).parent?;
        if *ses.node(at).name == *name {
            return Some(at);
        }
    }
    let (base, number) = name.rsplit_once('_')?;
    number.parse::<u32>().ok()?;
    matches!(aspect.kind, Kind::Multi(..)).then(|| named(base)).flatten()
}

fn port(ses: &Ses, aspect: &Node, end: &End, entity: Id, is_source: bool) -> Option<String> {
    let ports = &ses.entity(entity)?.ports;
    if ports.is_empty() || end.port_index.is_some() {
        return None;
    }
    let Some(port) = ports.iter().find(|port| port.name == end.port) else {
        return Some(format!("{} has no port {}", end.entity, end.port));
    };
    // Seen from inside, what goes into the parent comes out of it.
    let inside = aspect.parent == Some(entity);
    let wanted = is_source == inside;
    if port.input != wanted {
        let word = if port.input { "an input" } else { "an output" };
        return Some(format!("{} of {} is {word}", end.port, end.entity));
    }
    None
}

fn class(ses: &Ses, aspect: &Node, end: &End) -> Option<String> {
    if let Some(class) = &end.class {
        return Some(class.to_string());
    }
    let entity = ses.entity(entity_of(ses, aspect, &end.entity)?)?;
    let port = entity.ports.iter().find(|port| port.name == end.port)?;
    port.class.as_ref().map(ToString::to_string)
}

/// Expressions use names that are declared.
pub(super) fn names(ses: &Ses, findings: &mut Vec<Finding>) {
    if ses.nodes.is_empty() {
        return;
    }
    if let Some(error) = Functions::unlisted(&ses.functions) {
        let found = Finding::error(ses, "name", ses.root(), error.to_string());
        findings.push(Finding { place: error.place().unwrap_or_default(), ..found });
    }
    let functions = Functions::new(&ses.functions);
    let variables: HashSet<&str> = ses.variables.iter().map(|v| &*v.name).collect();
    let known = |name: &str| {
        variables.contains(name)
            || BOUND.contains(&name)
            || FUNCTIONS.contains(&name)
            || functions.has(name)
    };
    let unknown = |code: &Code, more: Option<&str>| {
        code.names().into_iter().find(|name| !known(name) && more != Some(&**name))
    };
    let mut report = |code: &Code, id: Option<Id>, more: Option<&str>| {
        if let Some(name) = unknown(code, more) {
            let message =
                format!("`{}` names {name}, which is neither a variable nor a function", code.text);
            let at = id.unwrap_or_else(|| ses.root());
            let found = Finding::error(ses, "name", at, message);
            findings.push(Finding { place: code.place, ..found });
        }
    };
    for condition in &ses.conditions {
        report(condition, None, None);
    }
    for (at, node) in ses.nodes.iter().enumerate() {
        let id = Some(at as Id);
        if let Some(rule) = &node.rule {
            report(rule, id, None);
        }
        match &node.kind {
            Kind::Entity(entity) => {
                for attribute in &entity.attributes {
                    if let Given::Computed(code) = &attribute.value {
                        report(code, id, None);
                    }
                }
            }
            Kind::Aspect(aspect) | Kind::Multi(aspect, _) => {
                for code in aspect.priority.iter().chain(&aspect.computed) {
                    report(code, id, None);
                }
                if let Kind::Multi(_, repeat) = &node.kind
                    && let Some(code) = &repeat.count
                {
                    report(code, id, None);
                }
                for coupling in &aspect.couplings {
                    let bound = coupling.each.as_ref().map(|each| &*each.name);
                    for end in [&coupling.source, &coupling.target] {
                        for code in end.index.iter().chain(&end.port_index) {
                            report(code, id, bound);
                        }
                    }
                    if let Some(each) = &coupling.each {
                        report(&each.over, id, None);
                    }
                }
            }
            Kind::Spec => {}
        }
    }
}

/// Constraints name children of specializations, and do not contradict each other.
pub(super) fn constraints(ses: &Ses, findings: &mut Vec<Finding>) {
    if ses.constraints.is_empty() || ses.nodes.is_empty() {
        return;
    }
    constrained(ses, findings);
    let mut fault = |at: usize, message: String| {
        let found = Finding::error(ses, "constraint", ses.root(), message);
        findings.push(Finding { place: ses.constraints[at].place, ..found });
    };
    let mut seen: HashMap<(&str, &str), bool> = HashMap::new();
    for (at, constraint) in ses.constraints.iter().enumerate() {
        if constraint.from == constraint.to && !constraint.requires {
            fault(at, format!("{} excludes itself", constraint.from));
        }
        let known = seen.insert((&constraint.from, &constraint.to), constraint.requires);
        if known == Some(!constraint.requires) {
            fault(at, format!("{} both requires and excludes {}", constraint.from, constraint.to));
        }
    }
    impossible(ses, &mut fault);
}

/// What constraints speak of are children of specializations.
pub(super) fn constrained(ses: &Ses, findings: &mut Vec<Finding>) {
    if ses.constraints.is_empty() || ses.nodes.is_empty() {
        return;
    }
    let alternatives: HashSet<&str> = ses
        .nodes
        .iter()
        .filter(|node| node.parent.is_some_and(|parent| ses.node(parent).kind == Kind::Spec))
        .map(|node| &*node.name)
        .collect();
    for constraint in &ses.constraints {
        for name in [&constraint.from, &constraint.to] {
            if !alternatives.contains(&**name) {
                let message = format!("{name} is no child of a specialization");
                let found = Finding::error(ses, "constraint", ses.root(), message);
                findings.push(Finding { place: constraint.place, ..found });
            }
        }
    }
}

/// Alternatives that can never be chosen: what they require, directly or not, excludes itself
/// or needs two children of one specialization.
fn impossible(ses: &Ses, fault: &mut dyn FnMut(usize, String)) {
    let facts = facts(ses);
    for (from, first) in &facts.means {
        let mut needed: Vec<Id> = vec![*from];
        let mut at = 0;
        while at < needed.len() {
            for (to, required, _) in facts.means.get(&needed[at]).into_iter().flatten() {
                if *required && !needed.contains(to) {
                    needed.push(*to);
                }
            }
            at += 1;
        }
        let spec = |id: &Id| ses.node(*id).parent;
        let both = needed.iter().enumerate().find_map(|(at, a)| {
            let b = needed[at + 1..].iter().find(|b| spec(a) == spec(b))?;
            Some(format!("{} and {} of one specialization", ses.node(*a).name, ses.node(*b).name))
        });
        let excluded = needed.iter().find_map(|a| {
            let means = facts.means.get(a)?;
            let (b, ..) = means.iter().find(|(b, required, _)| !required && needed.contains(b))?;
            Some(format!("{}, which {} excludes", ses.node(*b).name, ses.node(*a).name))
        });
        if let Some(why) = both.or(excluded) {
            let name = &ses.node(*from).name;
            let place = ses.constraints.iter().position(|c| c.from == *name).unwrap_or(0);
            let _ = first;
            fault(place, format!("{name} can never be chosen: it requires {why}"));
        }
    }
}
