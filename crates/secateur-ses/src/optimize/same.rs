//! Which members are the same structure: equal up to the numbers and the order of copies.
//!
//! Every entity gets a color: its name without the number of the copy, its attributes, and, of
//! what it is made of, the colors of the parts with the couplings between them. Parts that look
//! alike are told apart by the parts that they are coupled to, round by round, as in the
//! refinement of colors of graphs. Two structures of the same color at the root are the same.
//!
//! Source: B. Weisfeiler and A. Leman, 1968, "The reduction of a graph to canonical form and the
//! algebra which appears therein" (color refinement). It does not tell certain regular graphs
//! apart; parts that are coupled so and equal in all else count as the same.

use std::hash::{DefaultHasher, Hash, Hasher};

use crate::pes::{NOTHING, Pes};

/// The color of the root.
pub(super) fn color(pes: &Pes) -> u64 {
    let mut colors = vec![0; pes.nodes.len()];
    // What is below a node comes after it.
    for node in (0..pes.nodes.len() as u32).rev() {
        colors[node as usize] = if pes.nodes[node as usize].is_aspect {
            aspect(pes, node, &colors)
        } else {
            entity(pes, node, &colors)
        };
    }
    colors.first().copied().unwrap_or(0)
}

fn hash(value: impl Hash) -> u64 {
    // The default hasher has fixed keys.
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

fn entity(pes: &Pes, node: u32, colors: &[u64]) -> u64 {
    let found = &pes.nodes[node as usize];
    let base = pes.base_name(node);
    let set = pes.attributes.get(found.attributes as usize).map_or(&[][..], Vec::as_slice);
    let attributes: Vec<(&str, Option<&str>)> = set
        .iter()
        .map(|attribute| {
            // The number of the copy is only a name while its variable is no parameter.
            let name = pes.names.text(attribute.name);
            (name, (attribute.value != NOTHING).then(|| pes.names.text(attribute.value)))
        })
        .collect();
    let numbered = set.iter().any(|attribute| {
        attribute.value == NOTHING && !pes.names.text(attribute.name).starts_with('_')
    });
    let parts: Vec<u64> = pes.children(node).map(|child| colors[child as usize]).collect();
    hash((base, attributes, numbered.then_some(found.copy), parts))
}

fn aspect(pes: &Pes, node: u32, colors: &[u64]) -> u64 {
    let children = pes.children(node);
    let mut current: Vec<u64> = children.map(|child| colors[child as usize]).collect();
    let links = pes.links(node);
    let mut kinds = count(&current);
    loop {
        let color = |end: u32| if end == 0 { 1 } else { current[end as usize - 1] };
        let mut around: Vec<Vec<u64>> = vec![Vec::new(); current.len() + 1];
        for link in links {
            let ports = (pes.names.text(link.source_port), pes.names.text(link.target_port));
            around[link.source as usize].push(hash((0, ports, color(link.target))));
            around[link.target as usize].push(hash((1, ports, color(link.source))));
        }
        for found in &mut around {
            found.sort_unstable();
        }
        let next: Vec<u64> =
            current.iter().zip(&around[1..]).map(|(own, around)| hash((own, around))).collect();
        let more = count(&next);
        let outside = hash(&around[0]);
        current = next;
        if more == kinds {
            current.sort_unstable();
            return hash((pes.name(node), current, outside));
        }
        kinds = more;
    }
}

/// How many colors there are.
fn count(colors: &[u64]) -> usize {
    let mut sorted = colors.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    sorted.len()
}
