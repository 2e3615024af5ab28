//! What differs between two pruned structures, whatever the order of their nodes.

use std::collections::{BTreeMap, BTreeSet};

use crate::pes::Pes;

/// What differs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// Paths that only the first has.
    pub removed: Vec<String>,
    /// Paths that only the second has.
    pub added: Vec<String>,
    /// Attributes: path, name, value before and after.
    pub attributes: Vec<(String, String, Option<String>, Option<String>)>,
    /// Couplings that only the first has: path of the aspect, coupling.
    pub uncoupled: Vec<(String, String)>,
    /// Couplings that only the second has.
    pub coupled: Vec<(String, String)>,
}

impl Difference {
    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A node without its numbers.
#[derive(Default)]
struct Plain {
    attributes: BTreeMap<String, String>,
    couplings: BTreeSet<String>,
}

/// Compares two pruned structures.
pub fn diff(a: &Pes, b: &Pes) -> Difference {
    let (a, b) = (plain(a), plain(b));
    let mut found = Difference::default();
    for (path, before) in &a {
        let Some(after) = b.get(path) else {
            found.removed.push(path.clone());
            continue;
        };
        let names: BTreeSet<&String> =
            before.attributes.keys().chain(after.attributes.keys()).collect();
        for name in names {
            let (old, new) = (before.attributes.get(name), after.attributes.get(name));
            if old != new {
                found.attributes.push((path.clone(), name.clone(), old.cloned(), new.cloned()));
            }
        }
        let gone = before.couplings.difference(&after.couplings);
        found.uncoupled.extend(gone.map(|coupling| (path.clone(), coupling.clone())));
        let new = after.couplings.difference(&before.couplings);
        found.coupled.extend(new.map(|coupling| (path.clone(), coupling.clone())));
    }
    found.added = b.into_keys().filter(|path| !a.contains_key(path)).collect();
    found
}

fn plain(pes: &Pes) -> BTreeMap<String, Plain> {
    let mut all = BTreeMap::new();
    let mut line: Vec<String> = Vec::new();
    for (node, depth) in pes.walk() {
        line.truncate(depth as usize);
        line.push(pes.name(node).to_owned());
        let mut plain = Plain::default();
        for (name, value) in pes.attributes(node) {
            plain.attributes.insert(name.to_owned(), value);
        }
        for link in pes.links(node) {
            let end = |end: u32, port: u32| {
                format!("{}.{}", pes.name(pes.end(node, end)), pes.names.text(port))
            };
            let (from, to) =
                (end(link.source, link.source_port), end(link.target, link.target_port));
            plain.couplings.insert(format!("{from} -> {to}"));
        }
        let mut path = format!("/{}", line.join("/"));
        // Names stand once among siblings; where another tool let them stand twice they count.
        let mut number = 1;
        while all.contains_key(&path) {
            number += 1;
            path = format!("/{} ({number})", line.join("/"));
        }
        all.insert(path, plain);
    }
    all
}
