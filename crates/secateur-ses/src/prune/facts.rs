//! What is known of a structure before anything is pruned.

use std::collections::{HashMap, HashSet};

use crate::model::{Id, Kind, Ses};

/// More copies than any depth allows: this never ends.
pub(crate) const ENDLESS: u32 = u32::MAX;

/// What is known of a structure before anything is pruned.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    /// Of each node: how many copies of a structure inside itself it needs at least.
    pub(crate) heights: Vec<u32>,
    /// Of each entity that is a copy: what it copies, and whether that holds itself.
    pub(crate) targets: HashMap<Id, (Id, bool)>,
    /// Constraints by the child that is chosen: other child, whether it is required, entity
    /// within which both stand.
    pub(crate) means: HashMap<Id, Vec<(Id, bool, Id)>>,
    /// Specializations that a constraint may decide, with the entities within which.
    pub(crate) meant: HashMap<Id, Vec<Id>>,
}

/// Gathers the facts.
pub(crate) fn facts(ses: &Ses) -> Facts {
    let mut facts = Facts { targets: targets(ses), ..Facts::default() };
    facts.heights = heights(ses, &facts.targets);
    constraints(ses, &mut facts);
    facts
}

fn targets(ses: &Ses) -> HashMap<Id, (Id, bool)> {
    let mut by_name: HashMap<&str, Option<Id>> = HashMap::new();
    let mut targets: HashMap<Id, (Id, bool)> = HashMap::new();
    for id in 0..ses.nodes.len() as Id {
        if let Some(name) = ses.entity(id).and_then(|entity| entity.copies.as_deref()) {
            let found = *by_name.entry(name).or_insert_with(|| ses.target(name));
            if let Some(target) = found {
                targets.insert(id, (target, false));
            }
        }
    }
    for id in recursive(ses, &targets) {
        if let Some(target) = targets.get_mut(&id) {
            target.1 = true;
        }
    }
    targets
}

/// Copies of something that they stand in: the edges back to where the walk from the root came
/// from. Every circle has one, so counting these bounds every way down.
fn recursive(ses: &Ses, targets: &HashMap<Id, (Id, bool)>) -> Vec<Id> {
    let mut found = Vec::new();
    // 0 not met, 1 the walk is below it, 2 done.
    let mut state = vec![0_u8; ses.nodes.len()];
    for root in &ses.roots {
        let mut open = vec![(*root, false)];
        while let Some((id, done)) = open.pop() {
            if done {
                state[id as usize] = 2;
                continue;
            }
            if state[id as usize] != 0 {
                continue;
            }
            state[id as usize] = 1;
            open.push((id, true));
            open.extend(ses.node(id).children.iter().rev().map(|child| (*child, false)));
            if let Some((target, _)) = targets.get(&id) {
                match state[*target as usize] {
                    0 => open.push((*target, false)),
                    1 => found.push(id),
                    _ => {}
                }
            }
        }
    }
    found
}

/// The least number of copies that each node needs; the fixed point from above.
fn heights(ses: &Ses, targets: &HashMap<Id, (Id, bool)>) -> Vec<u32> {
    let mut heights = vec![ENDLESS; ses.nodes.len()];
    loop {
        let mut changed = false;
        for id in (0..ses.nodes.len() as Id).rev() {
            let height = height(ses, targets, &heights, id);
            if heights[id as usize] != height {
                heights[id as usize] = height;
                changed = true;
            }
        }
        if !changed || targets.is_empty() {
            return heights;
        }
    }
}

fn height(ses: &Ses, targets: &HashMap<Id, (Id, bool)>, heights: &[u32], id: Id) -> u32 {
    let node = ses.node(id);
    let of = |id: &Id| heights[*id as usize];
    match &node.kind {
        Kind::Entity(entity) => {
            let mut least = 0;
            if entity.copies.is_some() {
                least = match targets.get(&id) {
                    Some((target, recursive)) => of(target).saturating_add(u32::from(*recursive)),
                    None => ENDLESS,
                };
            }
            let aspects = node.children.iter().filter(|id| ses.node(**id).kind != Kind::Spec);
            let specs = node.children.iter().filter(|id| ses.node(**id).kind == Kind::Spec);
            let aspects = aspects.map(of).min().unwrap_or(0);
            specs.map(of).fold(least.max(aspects), u32::max)
        }
        Kind::Aspect(_) | Kind::Multi(..) => node.children.iter().map(of).max().unwrap_or(0),
        Kind::Spec => node.children.iter().map(of).min().unwrap_or(0),
    }
}

fn constraints(ses: &Ses, facts: &mut Facts) {
    if ses.constraints.is_empty() {
        return;
    }
    let mut children: HashMap<&str, Vec<Id>> = HashMap::new();
    for id in 0..ses.nodes.len() as Id {
        if spec_of(ses, id).is_some() {
            children.entry(&ses.node(id).name).or_default().push(id);
        }
    }
    let none = Vec::new();
    for constraint in &ses.constraints {
        for from in children.get(&*constraint.from).unwrap_or(&none) {
            for to in children.get(&*constraint.to).unwrap_or(&none) {
                let scope = meeting(ses, *from, *to);
                facts.means.entry(*from).or_default().push((*to, constraint.requires, scope));
                let spec = spec_of(ses, *to).expect("only children of specializations are listed");
                let scopes = facts.meant.entry(spec).or_default();
                if !scopes.contains(&scope) {
                    scopes.push(scope);
                }
            }
        }
    }
}

/// The specialization that a node is a child of.
pub(crate) fn spec_of(ses: &Ses, id: Id) -> Option<Id> {
    ses.node(id).parent.filter(|parent| ses.node(*parent).kind == Kind::Spec)
}

/// The nearest entity that both stand in and that is there in a result: children of
/// specializations merge into what they specialize.
fn meeting(ses: &Ses, a: Id, b: Id) -> Id {
    let line = |id: Id| {
        let mut line = vec![id];
        let mut at = ses.node(id).parent;
        while let Some(up) = at {
            line.push(up);
            at = ses.node(up).parent;
        }
        line
    };
    let above: HashSet<Id> = line(b).into_iter().collect();
    let stands = |id: &Id| ses.entity(*id).is_some() && spec_of(ses, *id).is_none();
    let mut both = line(a).into_iter().filter(|id| above.contains(id));
    both.find(stands).unwrap_or_else(|| ses.root())
}
