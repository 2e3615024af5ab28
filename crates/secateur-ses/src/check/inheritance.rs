//! A6: a chosen child and what it specializes become one entity, so they must not contradict
//! each other.

use super::{Finding, lenient};
use crate::model::{Attribute, Entity, Given, Id, Kind, Ses};
use crate::script::{Code, Functions, Globals, Machine};

/// Specializations inside each other that are looked through.
const NESTED_MAX: usize = 1000;

/// Types and ranges of variables, and ports, of every child of a specialization against those of
/// all that it merges into; a child called `NONE` brings nothing.
pub(super) fn inheritance(ses: &Ses, findings: &mut Vec<Finding>) {
    for at in 0..ses.nodes.len() as Id {
        let Some(child) = ses.entity(at) else { continue };
        let Some(mut above) = specialized(ses, at) else { continue };
        let mut fault = |place, message: String, is_error: bool| {
            let found = Finding { place, ..Finding::error(ses, "A6", at, message) };
            findings.push(if is_error && !lenient(ses) { found } else { found.warning() });
        };
        let node = ses.node(at);
        let own = child.attributes.iter().any(|attribute| !attribute.name.starts_with('_'));
        if node.is_none() && (own || !node.children.is_empty() || child.copies.is_some()) {
            let message = "it stands for nothing, so its variables and parts are lost";
            fault(node.place, message.into(), false);
            continue;
        }
        if child.attributes.is_empty() && child.ports.is_empty() {
            continue;
        }
        for _ in 0..NESTED_MAX {
            let (name, parent) = (&ses.node(above).name, ses.entity(above));
            for (place, what) in parent.map(|parent| conflicts(child, parent)).unwrap_or_default() {
                fault(
                    place.unwrap_or(node.place),
                    format!("{what} of {name}, which it specializes"),
                    true,
                );
            }
            match specialized(ses, above) {
                Some(next) => above = next,
                None => break,
            }
        }
    }
}

/// The entity that a child of a specialization merges into.
pub(super) fn specialized(ses: &Ses, id: Id) -> Option<Id> {
    let spec = ses.node(id).parent.filter(|up| ses.node(*up).kind == Kind::Spec)?;
    ses.node(spec).parent.filter(|up| ses.entity(*up).is_some())
}

type Conflict = (Option<crate::place::Place>, String);

fn conflicts(child: &Entity, parent: &Entity) -> Vec<Conflict> {
    let mut found = Vec::new();
    for own in &child.attributes {
        let Some(other) = parent.attributes.iter().find(|other| other.name == own.name) else {
            continue;
        };
        if let (Some(class), Some(wanted)) = (&own.class, &other.class)
            && class != wanted
        {
            let what = format!("its variable {} is {class}, and {wanted} as a variable", own.name);
            found.push((Some(own.place), what));
        } else if let Some(what) = outside(own, other) {
            found.push((Some(own.place), what));
        }
    }
    for own in &child.ports {
        let Some(other) = parent.ports.iter().find(|other| other.name == own.name) else {
            continue;
        };
        if own.input != other.input {
            let word = |input: bool| if input { "an input" } else { "an output" };
            let (is, was) = (word(own.input), word(other.input));
            found.push((None, format!("its port {} is {is}, and {was}", own.name)));
        } else if let (Some(class), Some(wanted)) = (&own.class, &other.class)
            && class != wanted
        {
            found.push((None, format!("its port {} is {class}, and {wanted} as a port", own.name)));
        }
    }
    found
}

/// Whether a value or a range that is written out leaves the range of the inherited variable.
fn outside(own: &Attribute, other: &Attribute) -> Option<String> {
    let (low, high) = other.range.as_ref()?;
    let (low, high) = (number(low)?, number(high)?);
    let range = format!("{low} to {high}");
    if let Some((least, most)) = &own.range {
        let (least, most) = (number(least)?, number(most)?);
        return (least < low || most > high).then(|| {
            format!("its variable {} goes from {least} to {most}, outside of {range}", own.name)
        });
    }
    let value = match &own.value {
        Given::Literal(text) => number(&Code::read(text, own.place).ok()?)?,
        Given::Computed(code) => number(code)?,
        Given::Open => return None,
    };
    (value < low || value > high)
        .then(|| format!("its variable {} is {value}, outside of {range}", own.name))
}

/// The number that an expression without names stands for.
fn number(code: &Code) -> Option<f64> {
    if !code.names().is_empty() {
        return None;
    }
    Machine::new(&Functions::new(&[]), &Globals::default()).value(code).ok()?.number()
}
