//! What SESToPy makes of its example trees, and what we make of them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use secateur_ses::flatten::flatten;
use secateur_ses::format::{Document, sestopy};
use secateur_ses::pes::Pes;
use secateur_ses::prune::{Request, prune};
use serde_json::Value;

/// The folder of shared data, when there is one.
fn data() -> Option<PathBuf> {
    let found = std::env::var_os("SECATEUR_TEST_DATA").map(PathBuf::from);
    if found.is_none() {
        println!("skipped: no test data");
    }
    found
}

/// Every tree in a folder, by its name.
fn trees(folder: &Path, found: &mut BTreeMap<String, PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            trees(&entry, found);
        } else if entry.extension().is_some_and(|ending| ending == "jsonsestree") {
            found.insert(entry.file_stem().unwrap().to_str().unwrap().to_owned(), entry);
        }
    }
}

/// Nodes as path and kind, with attributes and couplings in sorted order.
type Flat = BTreeMap<String, (Vec<String>, Vec<String>)>;

fn ours(pes: &Pes) -> Flat {
    let mut flat = Flat::new();
    for (node, _) in pes.walk() {
        let found = &pes.nodes[node as usize];
        let class = if found.is_aspect { "Aspect" } else { "Entity" };
        let mut attributes = Vec::new();
        if !found.is_aspect {
            attributes.extend(pes.attributes(node).map(|(name, value)| format!("{name}={value}")));
        }
        let text = |number| pes.names.text(number);
        let mut couplings: Vec<String> = pes
            .links(node)
            .iter()
            .map(|link| {
                format!(
                    "{}.{} / {} -> {}.{} / {}",
                    pes.name(pes.end(node, link.source)),
                    text(link.source_port),
                    text(link.source_class),
                    pes.name(pes.end(node, link.target)),
                    text(link.target_port),
                    text(link.target_class),
                )
            })
            .collect();
        attributes.sort();
        couplings.sort();
        let known = flat.insert(format!("{class} {}", pes.path(node)), (attributes, couplings));
        assert!(known.is_none(), "two nodes at {}", pes.path(node));
    }
    flat
}

fn golden(tree: &Value) -> Flat {
    let mut flat = Flat::new();
    for node in tree["nodes"].as_array().unwrap() {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let attributes = node["attrs"].as_object().unwrap();
        let mut attributes: Vec<String> =
            attributes.iter().map(|(name, value)| format!("{name}={}", text(value))).collect();
        let mut couplings: Vec<String> = node["couplings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|c| format!("{}.{} -> {}.{}", text(&c[0]), text(&c[1]), text(&c[2]), text(&c[3])))
            .collect();
        attributes.sort();
        couplings.sort();
        flat.insert(
            format!("{} /{}", text(&node["type"]), text(&node["path"])),
            (attributes, couplings),
        );
    }
    flat
}

/// SESToPy leaves names of chosen children in couplings of this tree; the entity that they
/// merged into is meant.
fn mended(flat: Flat) -> Flat {
    flat.into_iter()
        .map(|(path, (attributes, couplings))| {
            let owner = path.rsplit('/').nth(1).unwrap_or_default().to_owned();
            let mend = |text: String| {
                let name = owner.split('_').next().unwrap_or_default();
                text.replace(&format!("{name}."), &format!("{owner}."))
            };
            let mut couplings: Vec<String> = couplings.into_iter().map(mend).collect();
            couplings.sort();
            (path, (attributes, couplings))
        })
        .collect()
}

#[test]
fn trees_are_pruned_and_flattened_as_by_sestopy() {
    let Some(data) = data() else { return };
    let mut known = BTreeMap::new();
    trees(&data.join("data/ses/sestopy"), &mut known);
    let text = std::fs::read_to_string(data.join("golden/ses/golden.json")).unwrap();
    let cases: Vec<Value> = serde_json::from_str(&text).unwrap();
    assert!(cases.len() >= 38, "{}", cases.len());
    for case in cases {
        let name = case["name"].as_str().unwrap();
        let tree = &known[case["tree"].as_str().unwrap()];
        let text = std::fs::read_to_string(tree).unwrap();
        let Document::Ses(ses) = sestopy::read(&text).unwrap() else { panic!("{name}") };
        let variables = case["settings"].as_object().unwrap().iter();
        let variables = variables.map(|(k, v)| (k.clone(), v.as_str().unwrap().to_owned()));
        let request = Request { variables: variables.collect(), ..Request::default() };
        let pruned = prune(&ses, &request);
        if case["outcome"] != "pes" {
            assert!(pruned.is_err(), "{name}");
            continue;
        }
        let pes = pruned.unwrap_or_else(|error| panic!("{name}: {error}")).pes;
        let unclear = case["messages"] != serde_json::json!([]);
        let expect = golden(&case["pes"]);
        let expect = if unclear { mended(expect) } else { expect };
        assert_eq!(ours(&pes), expect, "{name}: pes");
        let flat = flatten(&pes).unwrap();
        if unclear {
            // Every coupling of the flat structure is between entities that are there.
            assert_eq!(flat.nodes.len() as u64, 7, "{name}");
        } else {
            assert_eq!(ours(&flat), golden(&case["fpes"]), "{name}: fpes");
        }
        for pes in [&pes, &flat] {
            let text = sestopy::write_pes(pes).unwrap();
            let Document::Pes(again) = sestopy::read(&text).unwrap() else { panic!("{name}") };
            assert_eq!(ours(pes), ours(&again), "{name}: written and read");
        }
        let text = sestopy::write_ses(&ses).unwrap();
        let Document::Ses(again) = sestopy::read(&text).unwrap() else { panic!("{name}") };
        assert_eq!(ours(&prune(&again, &request).unwrap().pes), ours(&pes), "{name}: rewritten");
    }
}

#[test]
fn no_tree_has_ports_or_children_that_contradict() {
    let Some(data) = data() else { return };
    let mut known = BTreeMap::new();
    trees(&data.join("data/ses/sestopy"), &mut known);
    for (name, path) in known {
        let Document::Ses(ses) = sestopy::read(&std::fs::read_to_string(path).unwrap()).unwrap()
        else {
            panic!("{name}")
        };
        let found = secateur_ses::check::check(&ses);
        let odd = found.iter().find(|finding| finding.rule == "A6" || finding.rule == "port");
        assert_eq!(odd, None, "{name}");
    }
}
