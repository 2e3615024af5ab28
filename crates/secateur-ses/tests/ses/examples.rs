//! The structures under `examples/ses`.

use std::path::Path;

use num_bigint::BigUint;
use secateur_ses::check::check;
use secateur_ses::family::Family;
use secateur_ses::flatten::flatten;
use secateur_ses::format::{Document, Format, read, write};
use secateur_ses::model::Ses;
use secateur_ses::pes::Pes;
use secateur_ses::prune::{Choices, Request, prune};

pub(crate) fn example(name: &str) -> Ses {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/ses");
    let text = std::fs::read_to_string(folder.join(format!("{name}.ses"))).unwrap();
    match read(text.as_bytes()).unwrap_or_else(|error| panic!("{name}: {error}")) {
        Document::Ses(ses) => *ses,
        Document::Pes(_) => panic!("{name} is a pes"),
    }
}

pub(crate) fn request(variables: &[(&str, &str)], choices: &[&str], depth: u32) -> Request {
    let mut chosen = Choices::default();
    for choice in choices {
        chosen.choose(choice).unwrap();
    }
    let variables = variables.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    Request { choices: chosen, variables, depth, ..Request::default() }
}

const ALL: [&str; 7] =
    ["devstone-hi", "devstone-ho", "devstone-homod", "devstone-li", "feedback", "fms", "network"];

#[test]
fn examples_have_no_findings_and_survive_every_format() {
    for name in ALL {
        let ses = example(name);
        let findings = check(&ses);
        assert!(findings.is_empty(), "{name}: {findings:?}");
        for format in [Format::Language, Format::Json] {
            let document = Document::Ses(Box::new(ses.clone()));
            let (text, lost) = write(&document, format).unwrap();
            assert!(lost.is_empty());
            let Document::Ses(again) = read(text.as_bytes()).unwrap() else { panic!("{name}") };
            let rewritten = write(&Document::Ses(again), format).unwrap().0;
            assert_eq!(text, rewritten, "{name}");
        }
        for format in [Format::Dot, Format::Mermaid] {
            write(&Document::Ses(Box::new(ses.clone())), format).unwrap();
        }
    }
}

/// Atomic models, couplings from the parent, among children, and to the parent.
fn counts(pes: &Pes) -> [u64; 4] {
    let mut found = [0; 4];
    for (node, _) in pes.walk() {
        found[0] += u64::from(pes.is_leaf(node));
        for link in pes.links(node) {
            let kind = match (link.source, link.target) {
                (0, _) => 1,
                (_, 0) => 3,
                _ => 2,
            };
            found[kind] += 1;
        }
    }
    found
}

/// Closed forms as asserted by the reference implementations (G. Wainer et al., 2011,
/// "DEVStone: a benchmarking technique for studying performance of DEVS modeling and simulation
/// environments").
fn closed(kind: &str, w: u64, d: u64) -> [u64; 4] {
    let inner = if w > 2 { (w - 2) * (d - 1) } else { 0 };
    match kind {
        "li" => [(w - 1) * (d - 1) + 1, w * (d - 1) + 1, 0, d],
        "hi" => [(w - 1) * (d - 1) + 1, w * (d - 1) + 1, inner, d],
        "ho" => [(w - 1) * (d - 1) + 1, (w + 1) * (d - 1) + 1, inner, w * (d - 1) + 1],
        "homod" => [
            (w - 1 + w * (w - 1) / 2) * (d - 1) + 1,
            (2 * (w - 1) + 1) * (d - 1) + 1,
            ((w - 1).pow(2) + (w - 1) * w / 2) * (d - 1),
            d,
        ],
        _ => unreachable!(),
    }
}

#[test]
fn devstone_has_the_sizes_of_its_closed_forms() {
    for kind in ["li", "hi", "ho", "homod"] {
        let ses = example(&format!("devstone-{kind}"));
        for (width, depth) in [(1_u64, 1_u64), (2, 2), (1, 3), (3, 4), (5, 5), (10, 7), (20, 3)] {
            let variables = [("width", width.to_string()), ("depth", depth.to_string())];
            let variables = variables.iter().map(|(k, v)| (*k, v.as_str())).collect::<Vec<_>>();
            let pes = prune(&ses, &request(&variables, &[], 100)).unwrap().pes;
            // Beside it is the seeder, coupled to each of its inputs.
            let mut expect = closed(kind, width, depth);
            expect[0] += 1;
            expect[2] += if ["li", "hi"].contains(&kind) { 1 } else { 2 };
            assert_eq!(counts(&pes), expect, "{kind} {width} {depth}");
            let flat = flatten(&pes).unwrap();
            assert_eq!(counts(&flat)[0], expect[0]);
        }
    }
}

#[test]
fn the_factory_grows_by_the_number_of_its_cells() {
    let ses = example("fms");
    let choices = ["transport=agv", "robot=scara", "fixture=table"];
    for (n, levels) in [(3_u64, 0_u32), (3, 1), (2, 3), (4, 2)] {
        let variables = [("cells", n.to_string()), ("levels", levels.to_string())];
        let variables = variables.iter().map(|(k, v)| (*k, v.as_str())).collect::<Vec<_>>();
        let pes = prune(&ses, &request(&variables, &choices, levels)).unwrap().pes;
        // Six parts beside the cells at the top, four in each unit, three and itself per station.
        let units: u64 = (1..=levels).map(|level| n.pow(level)).sum();
        let stations = n.pow(levels + 1);
        assert_eq!(pes.entities(), 1 + 6 + 5 * units + 4 * stations, "{n} {levels}");
        let flat = flatten(&pes).unwrap();
        assert_eq!(flat.entities(), 1 + 6 + 4 * units + 3 * stations);
        // Seven couplings beside the members at the top, six of each unit and four of each
        // station, and two ends of each member at its controller.
        let members = units + stations;
        assert_eq!(flat.links(1).len() as u64, 7 + 5 * units + 4 * stations + 2 * members);
    }
}

#[test]
fn constraints_are_honoured_and_named() {
    let ses = example("network");
    let chosen = ["site_1/node=gateway", "site_2/node=hub"];
    let pes = prune(&ses, &request(&[], &chosen, 0)).unwrap().pes;
    assert!(pes.walk().any(|(node, _)| pes.name(node) == "wan_backbone"), "a gateway requires it");
    let both = ["backbone=lan", "node=gateway"];
    let error = prune(&ses, &request(&[], &both, 0)).unwrap_err().to_string();
    assert!(
        error.contains("lan") && error.contains("gateway at /network/site_1/node requires wan"),
        "{error}"
    );
    let missing = prune(&ses, &request(&[], &["site_1/node=hub"], 0)).unwrap_err().to_string();
    assert!(
        missing.contains("/network/site_2/node") && missing.contains("hub, gateway"),
        "{missing}"
    );
    let forced = prune(&ses, &request(&[], &["node=hub"], 0)).unwrap_err().to_string();
    assert!(forced.contains("/network/backbone") && forced.contains("wan, lan"), "{forced}");
    let family = Family::new(&ses, &request(&[], &[], 0)).unwrap();
    assert_eq!((family.count().to_string().as_str(), family.allowed().unwrap()), ("8", Some(5)));
    assert_eq!(family.sample(20, 1).unwrap().len(), 20);
}

#[test]
fn families_are_counted_at_once() {
    let ses = example("fms");
    let count = |cells: &str, depth: u32| {
        Family::new(&ses, &request(&[("cells", cells)], &[], depth)).unwrap().count().clone()
    };
    // Transport: 2; each cell is a station with 2 robots and 2 fixtures, or a unit.
    assert_eq!(count("3", 0), BigUint::from(2_u32 * 4 * 4 * 4));
    let unit = BigUint::from(2_u32 * 4 * 4);
    assert_eq!(count("2", 1), BigUint::from(2_u32) * (unit + 4_u32).pow(2));
    assert!(count("50", 2).to_string().len() > 10_000);
}
