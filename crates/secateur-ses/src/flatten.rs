//! Flattening: the root, its aspect, and every leaf right below it.
//!
//! Couplings are followed through all levels: from an output of a leaf (or an input of the root)
//! up and down to the inputs of leaves (or outputs of the root). By closure under coupling the
//! flat model does what the hierarchical one does. An entity called `NONE` is a leaf whatever it
//! was made of: its parts went with it.

use std::collections::{HashMap, HashSet};

use crate::error::SesError;
use crate::pes::{Link, NOTHING, Node, Pes, Stage};

/// Couplings of a flat structure.
const LINKS_MAX: usize = 20_000_000;

/// A port of an entity, seen as an input or as an output.
type Port = (u32, u32, bool);

/// Flattens a pruned structure.
///
/// # Errors
/// [`SesError::Kind`] unless it is complete and hierarchical, [`SesError::TooLarge`] for more
/// couplings than can be held.
pub fn flatten(pes: &Pes) -> Result<Pes, SesError> {
    if pes.stage != Stage::Pes {
        let what = match pes.stage {
            Stage::Ipes => "a pes can be flattened, and in this ipes something is open; secateur ses resume goes on with it".to_owned(),
            Stage::Pes | Stage::Fpes => "this is flat already".to_owned(),
        };
        return Err(SesError::Kind { what });
    }
    let mut flat = Pes {
        stage: Stage::Fpes,
        nodes: Vec::new(),
        couplings: Vec::new(),
        open: None,
        ..pes.clone()
    };
    flat.nodes.push(pes.nodes[0]);
    let Some(aspect) = pes.aspect(0) else { return Ok(flat) };
    let leaves = leaves(pes);
    let names = names(pes, &leaves);
    (flat.nodes[0].first, flat.nodes[0].count) = (1, 1);
    flat.nodes.push(Node {
        parent: 0,
        first: 2,
        count: leaves.len() as u32,
        couplings: NOTHING,
        ..pes.nodes[aspect as usize]
    });
    let mut places: HashMap<u32, u32> = HashMap::with_capacity(leaves.len());
    for (at, (leaf, name)) in leaves.iter().zip(names).enumerate() {
        places.insert(*leaf, at as u32 + 1);
        let node = pes.nodes[*leaf as usize];
        let name = name.map_or(node.name, |name| flat.names.number(&name));
        flat.nodes.push(Node { name, parent: 1, first: 0, count: 0, ..node });
    }
    places.insert(0, 0);
    let links = links(pes, &places)?;
    if !links.is_empty() {
        flat.couplings.push(links);
        flat.nodes[1].couplings = 0;
    }
    Ok(flat)
}

/// The leaves in document order; nothing below an entity called `NONE` is among them.
pub(crate) fn leaves(pes: &Pes) -> Vec<u32> {
    let mut kept = kept(pes);
    kept.retain(|node| ends(pes, *node));
    kept
}

/// Whether an entity is a leaf, or is taken for one.
fn ends(pes: &Pes, node: u32) -> bool {
    pes.is_leaf(node) || (node != 0 && pes.is_left_out(node))
}

/// All nodes in document order, without those below an entity called `NONE`.
fn kept(pes: &Pes) -> Vec<u32> {
    let mut kept = Vec::new();
    let mut open = vec![0];
    while let Some(node) = open.pop() {
        kept.push(node);
        if !ends(pes, node) {
            open.extend(pes.children(node).rev());
        }
    }
    kept
}

/// New names of leaves whose names stand more than once: numbered in document order. As in SESToPy
/// a node above leaves that has such a name takes a number too.
pub(crate) fn names(pes: &Pes, leaves: &[u32]) -> Vec<Option<String>> {
    let mut count: HashMap<u32, u32> = HashMap::new();
    for leaf in leaves {
        *count.entry(pes.nodes[*leaf as usize].name).or_default() += 1;
    }
    let mut taken: HashSet<String> = HashSet::new();
    let single = count.iter().filter(|(_, count)| **count == 1);
    taken.extend(single.map(|(name, _)| pes.names.text(*name).to_owned()));
    let mut next: HashMap<u32, u32> = HashMap::new();
    let mut names = Vec::with_capacity(leaves.len());
    for node in kept(pes) {
        let (name, leaf) = (pes.nodes[node as usize].name, ends(pes, node));
        let repeated = count.get(&name).is_some_and(|count| *count > 1);
        if repeated {
            let number = next.entry(name).or_insert(0);
            *number += 1;
            if leaf {
                names.push(Some(free(&mut taken, pes.names.text(name), number)));
            }
        } else if leaf {
            names.push(None);
        }
    }
    names
}

/// The name with its number, or the next number that makes a name nobody has.
fn free(taken: &mut HashSet<String>, name: &str, number: &mut u32) -> String {
    loop {
        let new = format!("{name}_{number}");
        if taken.insert(new.clone()) {
            return new;
        }
        *number += 1;
    }
}

/// A way from port to port, with the types written at its ends.
#[derive(Clone, Copy)]
struct Way {
    to: u32,
    source_class: u32,
    target_class: u32,
}

/// The couplings between leaves, and of leaves with the root.
fn links(pes: &Pes, places: &HashMap<u32, u32>) -> Result<Vec<Link>, SesError> {
    let mut numbers: HashMap<Port, u32> = HashMap::new();
    let mut ports: Vec<Port> = Vec::new();
    let mut ways: Vec<Vec<Way>> = Vec::new();
    for (aspect, _) in pes.walk() {
        for link in pes.links(aspect) {
            let mut port = |end: u32, port: u32, source: bool| {
                // Inside its own aspect an input of the parent is where values come from.
                let key = (pes.end(aspect, end), port, (end == 0) == source);
                *numbers.entry(key).or_insert_with(|| {
                    ports.push(key);
                    ways.push(Vec::new());
                    ports.len() as u32 - 1
                })
            };
            let from = port(link.source, link.source_port, true);
            let to = port(link.target, link.target_port, false);
            let (source_class, target_class) = (link.source_class, link.target_class);
            ways[from as usize].push(Way { to, source_class, target_class });
        }
    }
    let leaf = |(entity, ..): &Port| *entity != 0 && places.contains_key(entity);
    let ends = |port: &Port| if port.0 == 0 { !port.2 } else { leaf(port) && port.2 };
    let starts = |port: &Port| if port.0 == 0 { port.2 } else { leaf(port) && !port.2 };
    let mut links = Vec::new();
    let mut seen = vec![u32::MAX; ports.len()];
    for (start, port) in ports.iter().enumerate().filter(|(_, port)| starts(port)) {
        let mut open: Vec<(Way, u32)> =
            ways[start].iter().rev().map(|way| (*way, way.source_class)).collect();
        while let Some((way, source_class)) = open.pop() {
            if std::mem::replace(&mut seen[way.to as usize], start as u32) == start as u32 {
                continue;
            }
            let target = &ports[way.to as usize];
            if ends(target) {
                if links.len() >= LINKS_MAX {
                    let most = LINKS_MAX as u64;
                    return Err(SesError::TooLarge { what: "couplings of one aspect", most });
                }
                links.push(Link {
                    source: places[&port.0],
                    source_port: port.1,
                    source_class,
                    target: places[&target.0],
                    target_port: target.1,
                    target_class: way.target_class,
                });
            } else {
                open.extend(ways[way.to as usize].iter().rev().map(|way| (*way, source_class)));
            }
        }
    }
    Ok(links)
}
