//! From a number to its member: decision by decision, the tables say how many members each
//! alternative has.

use num_bigint::BigUint;

use super::Member;
use super::tables::{Above, Share, Tables};
use crate::error::SesError;
use crate::model::{Id, Kind};

/// Decisions of one member that are listed.
const CHOICES_MAX: usize = 200_000;

/// An entity whose part of the number is still to be turned into decisions.
struct Open {
    id: Id,
    level: u32,
    above: Above,
    path: String,
    number: BigUint,
}

/// The member of a number below the total.
pub(super) fn member(tables: &Tables<'_>, number: &BigUint) -> Result<Member, SesError> {
    let root = tables.ses.root();
    let path = format!("/{}", tables.ses.node(root).name);
    let mut open =
        vec![Open { id: root, level: 0, above: Above::new(), path, number: number.clone() }];
    let mut choices = Vec::new();
    while let Some(entity) = open.pop() {
        let first = open.len();
        decide(tables, entity, &mut open, &mut choices)?;
        open[first..].reverse();
        if choices.len() > CHOICES_MAX || open.len() > CHOICES_MAX {
            let most = CHOICES_MAX as u64;
            return Err(SesError::TooLarge { what: "decisions of one member", most });
        }
    }
    Ok(Member { number: number.clone(), choices })
}

fn decide(
    tables: &Tables<'_>,
    entity: Open,
    open: &mut Vec<Open>,
    choices: &mut Vec<String>,
) -> Result<(), SesError> {
    let ses = tables.ses;
    let Open { id, level, above, path, mut number } = entity;
    // Aspects that are there so far, and specializations that are not resolved yet.
    let mut aspects: Vec<(Id, u32)> = Vec::new();
    let mut specs: Vec<(Id, u32)> = Vec::new();
    part(tables, id, level, &mut aspects, &mut specs);
    while let Some((spec, inner_level)) = specs.pop() {
        let mut rest = Share::one();
        for (other, level) in &specs {
            rest = rest.times(&tables.at(*other, *level, &above)?);
        }
        let mut chosen = None;
        for child in &ses.node(spec).children {
            let (mut aspects, mut inner) = (aspects.clone(), Vec::new());
            part(tables, *child, inner_level, &mut aspects, &mut inner);
            // A copy past the depth has no members.
            if past(tables, *child, inner_level) {
                continue;
            }
            let mut share = own(tables, &aspects, &above)?.times(&rest);
            for (spec, level) in &inner {
                share = share.times(&tables.at(*spec, *level, &above)?);
            }
            let members = share.members();
            if number < members {
                chosen = Some((*child, aspects, inner));
                break;
            }
            number -= members;
        }
        let (child, all, inner) = chosen.expect("the number is below the sum over the children");
        if ses.node(spec).children.len() > 1 {
            let point = leveled(&ses.node(spec).name, inner_level, level);
            choices.push(format!("{path}/{point}={}", ses.node(child).name));
        }
        aspects = all;
        specs.extend(inner);
    }
    for (aspect, inner) in &aspects {
        let members = tables.at(*aspect, *inner, &above)?.aspects;
        if number >= members {
            number -= members;
            continue;
        }
        if aspects.len() > 1 {
            let name = &*ses.node(*aspect).name;
            let twice = aspects.iter().filter(|(other, _)| other == aspect).count() > 1;
            let name = if twice { format!("{name}.{inner}") } else { leveled(name, *inner, level) };
            choices.push(format!("{path}={name}"));
        }
        return below(tables, (*aspect, *inner), &above, &path, number, open, choices);
    }
    Ok(())
}

/// A name with its level, where that is not the level of the entity.
fn leveled(name: &str, level: u32, entity: u32) -> String {
    if level == entity { name.to_owned() } else { format!("{name}.{level}") }
}

/// Whether an entity is a copy past the depth.
fn past(tables: &Tables<'_>, id: Id, level: u32) -> bool {
    tables.copied(id, level) == Some(None)
}

/// Adds the aspects and specializations of an entity and of what it copies; the first
/// specialization comes to lie on top.
fn part(
    tables: &Tables<'_>,
    id: Id,
    level: u32,
    aspects: &mut Vec<(Id, u32)>,
    specs: &mut Vec<(Id, u32)>,
) {
    let ses = tables.ses;
    let mut of = |id: Id, level: u32| {
        for child in ses.node(id).children.iter().rev() {
            if ses.node(*child).kind == Kind::Spec {
                specs.push((*child, level));
            }
        }
        for child in &ses.node(id).children {
            if ses.node(*child).kind != Kind::Spec {
                aspects.push((*child, level));
            }
        }
    };
    if let Some(Some((target, inner))) = tables.copied(id, level) {
        of(target, inner);
    }
    of(id, level);
}

/// What aspects contribute that are there already.
fn own(tables: &Tables<'_>, aspects: &[(Id, u32)], above: &Above) -> Result<Share, SesError> {
    let mut share = Share::one();
    for (aspect, level) in aspects {
        share.aspects += tables.at(*aspect, *level, above)?.aspects;
        share.bare = BigUint::ZERO;
    }
    Ok(share)
}

/// Shares a number out among the children of an aspect.
fn below(
    tables: &Tables<'_>,
    (aspect, level): (Id, u32),
    above: &Above,
    path: &str,
    mut number: BigUint,
    open: &mut Vec<Open>,
    choices: &mut Vec<String>,
) -> Result<(), SesError> {
    let ses = tables.ses;
    let node = ses.node(aspect);
    let mut children: Vec<(Id, Above)> =
        node.children.iter().map(|child| (*child, above.clone())).collect();
    if let Kind::Multi(_, repeat) = &node.kind {
        let (low, high) = tables.numbers(aspect, repeat, above, level)?;
        for count in low..=high {
            children = tables.children(aspect, count, above)?;
            let mut members = BigUint::from(1_u32);
            for (child, above) in &children {
                members *= tables.at(*child, level, above)?.members();
            }
            if number < members {
                if low < high {
                    choices.push(format!("{path}/{}={count}", node.name));
                }
                break;
            }
            number -= members;
        }
    }
    for (child, inner) in children {
        let members = tables.at(child, level, &inner)?.members();
        let name = &ses.node(child).name;
        let copy = if inner.len() > above.len() { inner.last().map(|(_, k)| *k) } else { None };
        let path = match copy {
            Some(copy) => format!("{path}/{name}_{copy}"),
            None => format!("{path}/{name}"),
        };
        let part = &number % &members;
        number /= &members;
        open.push(Open { id: child, level, above: inner, path, number: part });
    }
    Ok(())
}
