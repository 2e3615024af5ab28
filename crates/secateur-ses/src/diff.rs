//! What differs between two pruned structures, whatever the order of their nodes.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::pes::Pes;
use crate::place::joined;

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

/// Names of a path that are written; of a longer one the first and the last half.
const NAMES_MAX: usize = 64;

/// A node without its numbers.
#[derive(Default)]
struct Plain {
    attributes: BTreeMap<String, String>,
    couplings: BTreeSet<String>,
}

/// Compares two pruned structures.
pub fn diff(a: &Pes, b: &Pes) -> Difference {
    let mut found = Difference::default();
    // Both are walked side by side, and paths are made only where something differs: all paths
    // of a structure of a hundred thousand levels would fill any memory.
    let root = |pes: &Pes| pes.name(0).to_owned();
    let mut open = if root(a) == root(b) {
        vec![(0, root(a), Some(0), Some(0))]
    } else {
        vec![(0, root(a), Some(0), None), (0, root(b), None, Some(0))]
    };
    let mut line: Vec<String> = Vec::new();
    while let Some((depth, name, left, right)) = open.pop() {
        line.truncate(depth);
        line.push(name);
        match (left, right) {
            (Some(left), Some(right)) => compare((a, left), (b, right), &line, &mut found),
            (Some(_), None) => found.removed.push(joined(&line, NAMES_MAX)),
            (None, _) => found.added.push(joined(&line, NAMES_MAX)),
        }
        let below = left.map_or_else(Vec::new, |node| children(a, node));
        let beside = right.map_or_else(Vec::new, |node| children(b, node));
        let mut others: HashMap<(&str, u32), u32> = beside.iter().copied().collect();
        for (name, node) in below {
            open.push((depth + 1, shown(name), Some(node), others.remove(&name)));
        }
        for (name, node) in beside.into_iter().filter(|(name, _)| others.contains_key(name)) {
            open.push((depth + 1, shown(name), None, Some(node)));
        }
    }
    found.removed.sort();
    found.added.sort();
    found.attributes.sort();
    found.uncoupled.sort();
    found.coupled.sort();
    found
}

fn compare(a: (&Pes, u32), b: (&Pes, u32), line: &[String], found: &mut Difference) {
    let (before, after) = (plain(a.0, a.1), plain(b.0, b.1));
    if before.attributes == after.attributes && before.couplings == after.couplings {
        return;
    }
    let path = joined(line, NAMES_MAX);
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

/// The children of a node, each by its name and how often that stood before: names stand once
/// among siblings, but another tool may let them stand twice.
fn children(pes: &Pes, node: u32) -> Vec<((&str, u32), u32)> {
    let mut seen: HashMap<&str, u32> = HashMap::new();
    let mut children = Vec::new();
    for child in pes.children(node) {
        let before = seen.entry(pes.name(child)).or_default();
        children.push(((pes.name(child), *before), child));
        *before += 1;
    }
    children
}

fn shown((name, before): (&str, u32)) -> String {
    if before == 0 { name.to_owned() } else { format!("{name} ({})", before + 1) }
}

fn plain(pes: &Pes, node: u32) -> Plain {
    let mut plain = Plain::default();
    for (name, value) in pes.attributes(node) {
        plain.attributes.insert(name.to_owned(), value);
    }
    for link in pes.links(node) {
        let end = |end: u32, port: u32| {
            format!("{}.{}", pes.name(pes.end(node, end)), pes.names.text(port))
        };
        let (from, to) = (end(link.source, link.source_port), end(link.target, link.target_port));
        plain.couplings.insert(format!("{from} -> {to}"));
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language;
    use crate::prune::{Request, prune};

    fn pes(text: &str) -> Pes {
        prune(&language::read(text).unwrap(), &Request::default()).unwrap().pes
    }

    #[test]
    fn differences_have_their_paths() {
        let before = pes(
            "entity a { k = 1 aspect d { entity b { x = 1 } entity c { aspect e { entity f } } entity g couple b.o -> g.i } }",
        );
        let after = pes(
            "entity a { k = 1 aspect d { entity h { aspect e { entity f } } entity g entity b { x = 2 y = 3 } couple b.o -> g.j } }",
        );
        let found = diff(&before, &after);
        assert_eq!(found.removed, ["/a/d/c", "/a/d/c/e", "/a/d/c/e/f"]);
        assert_eq!(found.added, ["/a/d/h", "/a/d/h/e", "/a/d/h/e/f"]);
        let text = |text: &str| text.to_owned();
        let path = text("/a/d/b");
        let x = (path.clone(), text("x"), Some(text("1")), Some(text("2")));
        assert_eq!(found.attributes, [x, (path, text("y"), None, Some(text("3")))]);
        assert_eq!(found.uncoupled, [(text("/a/d"), text("b.o -> g.i"))]);
        assert_eq!(found.coupled, [(text("/a/d"), text("b.o -> g.j"))]);
        assert!(diff(&before, &before).is_empty());
        let other = diff(&pes("entity a"), &pes("entity b"));
        assert_eq!((other.removed, other.added), (vec![text("/a")], vec![text("/b")]));
    }

    #[test]
    fn a_hundred_thousand_levels_are_compared() {
        let depth = 50_000;
        let chain = |leaf: &str| {
            let open: Vec<String> =
                (0..depth).map(|level| format!("entity e{level} {{ aspect d{level} {{ ")).collect();
            let open = open.concat();
            pes(&format!("{open}entity {leaf}{}", " } }".repeat(depth)))
        };
        let (a, b) = (chain("x"), chain("y"));
        assert!(diff(&a, &a).is_empty());
        let found = diff(&a, &b);
        assert_eq!((found.removed.len(), found.added.len()), (1, 1));
        assert!(found.removed[0].ends_with("/d49999/x") && found.removed[0].len() < 1000);
        let flat = crate::flatten::flatten(&a).unwrap();
        assert_eq!(diff(&a, &flat).removed.len(), 2 * depth - 1);
    }
}
