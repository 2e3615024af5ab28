//! Ports of coupled models that are likely misspelt: nobody declares them, so a coupling to a
//! name that no coupling inside knows loses its values without an error.

use std::collections::{BTreeMap, BTreeSet};

use secateur_core::nearest;

use super::path;
use crate::pes::Pes;

/// A port that couplings outside of an entity name and none inside, with one of nearly that name
/// that is named only inside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loose {
    /// The entity, by the names from the root.
    pub path: String,
    /// Whether values would come out of it there.
    pub is_output: bool,
    /// The port.
    pub port: String,
    /// The port that may be meant.
    pub nearest: String,
}

/// Finds such ports of all entities with parts, in the order of the entities.
pub fn loose(pes: &Pes) -> Vec<Loose> {
    // Of each entity and direction: names that couplings outside have, and those inside.
    let mut all: BTreeMap<(u32, bool), [BTreeSet<u32>; 2]> = BTreeMap::new();
    for (aspect, _) in pes.walk() {
        for link in pes.links(aspect) {
            let ends =
                [(link.source, link.source_port, true), (link.target, link.target_port, false)];
            for (end, port, is_source) in ends {
                let node = pes.end(aspect, end);
                if !pes.is_leaf(node) && node != 0 {
                    let is_output = (end == 0) != is_source;
                    let sides = all.entry((node, is_output)).or_default();
                    sides[usize::from(end == 0)].insert(port);
                }
            }
        }
    }
    let mut found = Vec::new();
    for ((node, is_output), [outside, inside]) in all {
        for port in outside.difference(&inside) {
            let port = pes.names.text(*port);
            let others = inside.difference(&outside).map(|name| pes.names.text(*name));
            if let Some(nearest) = nearest(port, others) {
                let path = path(pes, node);
                found.push(Loose { path, is_output, port: port.to_owned(), nearest });
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language;
    use crate::prune::{Request, prune};

    #[track_caller]
    fn check(couplings: &str, expect: &[(&str, bool, &str, &str)]) {
        let text = format!(
            "entity r {{ aspect d {{ entity g entity u {{ aspect e {{ entity s
               couple PARENT.in -> s.in couple s.out -> PARENT.out1 couple s.out -> PARENT.out2 }} }}
             {couplings} }} }}"
        );
        let pes = prune(&language::read(&text).unwrap(), &Request::default()).unwrap().pes;
        let expect: Vec<Loose> = expect
            .iter()
            .map(|(path, is_output, port, nearest)| Loose {
                path: (*path).to_owned(),
                is_output: *is_output,
                port: (*port).to_owned(),
                nearest: (*nearest).to_owned(),
            })
            .collect();
        assert_eq!(loose(&pes), expect, "{couplings}");
    }

    #[test]
    fn only_ports_that_miss_each_other_are_found() {
        check("couple g.out -> u.in couple u.out1 -> g.in", &[]);
        check("couple g.out -> u.inn", &[("/r/u", false, "inn", "in")]);
        check("couple u.out3 -> g.in", &[("/r/u", true, "out3", "out1")]);
        check("couple u.out1 -> g.in couple u.outt -> g.in", &[("/r/u", true, "outt", "out2")]);
        // Nothing of that name is meant: a variant may have no use for an input.
        check("couple g.out -> u.emergency", &[]);
        check("couple g.out -> u.in couple g.out -> u.inn", &[]);
    }
}
