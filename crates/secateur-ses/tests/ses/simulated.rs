//! Structures that run: hierarchical and flat, against closed forms.

use secateur_ses::devs::devstone::{self, Kind};
use secateur_ses::devs::models::Registry;
use secateur_ses::devs::{Done, Flat, Hierarchy, Model, Simulation, Statistics, Trace, Until};
use secateur_ses::flatten::flatten;
use secateur_ses::pes::Pes;
use secateur_ses::prune::prune;
use secateur_ses::transform::transform;

use crate::examples::{example, request};

fn pruned(name: &str, variables: &[(&str, &str)], choices: &[&str]) -> Pes {
    prune(&example(name), &request(variables, choices, 100)).unwrap().pes
}

/// The trace of a model, and what was done.
fn trace(model: &Model, seed: u64, until: f64) -> (String, Done) {
    let flat = Flat::new(model).unwrap();
    let mut trace = Trace::new(&flat, Vec::new());
    let done = Simulation::new(&flat, seed).run(Until::time(until), &mut trace).unwrap();
    (String::from_utf8(trace.finish().unwrap()).unwrap(), done)
}

/// Every example in some of its shapes: name, variables, choices, end of time.
type Case = (&'static str, &'static [(&'static str, &'static str)], &'static [&'static str], f64);

const CASES: [Case; 12] = [
    ("devstone-li", &[], &[], 1.0),
    ("devstone-hi", &[], &[], 1.0),
    ("devstone-ho", &[], &[], 1.0),
    ("devstone-homod", &[], &[], 1.0),
    ("feedback", &[], &[], 200.0),
    ("feedback", &[("feedforward", "1"), ("gain", "8.0")], &[], 200.0),
    ("fms", &[], &["transport=agv", "robot=scara", "fixture=table"], 500.0),
    (
        "fms",
        &[("cells", "2"), ("levels", "2"), ("interval", "0.5")],
        &["transport=conveyor", "robot=gantry", "fixture=rail"],
        500.0,
    ),
    ("fms", &[("levels", "1")], &["transport=agv", "robot=scara", "fixture=rail"], 300.0),
    ("network", &[], &["backbone=wan", "node=gateway"], 100.0),
    ("network", &[], &["backbone=lan", "node=hub"], 100.0),
    ("network", &[("sites", "4")], &["backbone=wan", "node=hub"], 50.0),
];

/// Rows of a trace with each component's path replaced.
fn renamed(trace: &str, model: &Model, flat: &Model) -> String {
    let (from, to) = (Flat::new(model).unwrap(), Flat::new(flat).unwrap());
    assert_eq!(from.len(), to.len());
    let names: std::collections::HashMap<String, String> =
        (0..from.len() as u32).map(|atom| (from.path(atom), to.path(atom))).collect();
    let row = |row: &str| {
        let fields: Vec<&str> = row.splitn(3, ',').collect();
        let name = names.get(fields[1]).map_or(fields[1], String::as_str);
        format!("{},{name},{}\n", fields[0], fields[2])
    };
    trace.lines().map(row).collect()
}

#[test]
fn hierarchical_and_flat_structures_give_identical_traces() {
    let registry = Registry::ready();
    for (name, variables, choices, until) in CASES {
        let about = format!("{name} {variables:?} {choices:?}");
        let pes = pruned(name, variables, choices);
        let model = transform(&pes, &registry).unwrap_or_else(|e| panic!("{about}: {e}"));
        let flat_model = transform(&flatten(&pes).unwrap(), &registry).unwrap();
        assert_eq!(flat_model.counts().coupled, 1, "{about}");
        for seed in [0, 7] {
            let (text, done) = trace(&model, seed, until);
            assert!(done.internal > 5 && text.lines().count() > 10, "{about}: nothing happens");
            let (flat_text, flat_done) = trace(&flat_model, seed, until);
            assert_eq!(done, flat_done, "{about}");
            assert!(renamed(&text, &model, &flat_model) == flat_text, "{about}: traces differ");
            // The simulator that keeps the hierarchy sees the same.
            let flat = Flat::new(&model).unwrap();
            let mut slow = Trace::new(&flat, Vec::new());
            Hierarchy::new(&flat, seed).unwrap().run(Until::time(until), &mut slow).unwrap();
            let slow = String::from_utf8(slow.finish().unwrap()).unwrap();
            assert!(slow == text, "{about}: simulators differ");
        }
        let (other, _) = trace(&model, 8, until);
        let drawn = !name.starts_with("devstone") && !variables.contains(&("feedforward", "1"));
        assert_eq!(other != trace(&model, 7, until).0, drawn, "{about}: the seed");
    }
}

/// What stands for nothing is left out with all that it was made of, also where several are
/// numbered in the flat structure, and where couplings go through it.
#[test]
fn entities_called_none_leave_out_the_same_in_hierarchical_and_flat_structures() {
    let unit = |name: &str, chosen: &str| {
        format!(
            r#"entity {name} {{
                aspect {name}DEC {{
                    entity {name}box {{ mb = "MB/server"  time = 1 }}
                    couple PARENT.in -> {name}box.in
                    couple {name}box.out -> PARENT.out
                }}
                specialization {name}SPEC {{ entity {name}real {chosen} entity NONE }}
            }}"#
        )
    };
    for (first, second, expect) in
        [("when True", "when True", 2), ("", "when True", 1), ("", "", 0)]
    {
        let (a, b) = (unit("a", first), unit("b", second));
        let none = |text: String, chosen: &str| match chosen {
            "" => text.replace("entity NONE", "entity NONE when True"),
            _ => text,
        };
        let (a, b) = (none(a, first), none(b, second));
        let text = format!(
            r#"entity shop {{ aspect shopDEC {{
                entity source {{ mb = "MB/generator"  interarrival = "exponential(2)" }}
                {a} {b}
                entity sink {{ mb = "MB/sink" }}
                couple source.out -> a.in couple a.out -> sink.in
                couple source.out -> b.in couple b.out -> sink.in
            }} }}"#
        );
        let ses = secateur_ses::language::read(&text).unwrap();
        let pes = prune(&ses, &secateur_ses::prune::Request::default()).unwrap().pes;
        let model = transform(&pes, &Registry::ready()).unwrap();
        let flat = flatten(&pes).unwrap();
        assert_eq!(flat.nodes.len(), 6, "{expect}: source, a, b and sink below an aspect");
        let flat_model = transform(&flat, &Registry::ready()).unwrap();
        assert_eq!(model.counts().atomics, 2 + expect);
        assert_eq!(flat_model.counts().atomics, 2 + expect);
        let (text, done) = trace(&model, 5, 50.0);
        let (flat_text, flat_done) = trace(&flat_model, 5, 50.0);
        assert_eq!(done, flat_done);
        assert!(renamed(&text, &model, &flat_model) == flat_text, "{expect}: traces differ");
    }
}

#[test]
fn devstone_as_a_structure_does_the_work_of_its_closed_forms() {
    for kind in Kind::ALL {
        let name = format!("devstone-{}", kind.name().to_lowercase());
        for (width, depth) in [(1, 1), (2, 2), (1, 3), (3, 4), (5, 5), (10, 7)] {
            let about = format!("{name} {width} x {depth}");
            let (w, d) = (width.to_string(), depth.to_string());
            let model =
                transform(&pruned(&name, &[("width", &w), ("depth", &d)], &[]), &Registry::ready())
                    .unwrap();
            let mut expect = devstone::counts(kind, width, depth);
            expect.atomics += 1;
            expect.coupled += 1;
            expect.ic += if matches!(kind, Kind::Li | Kind::Hi) { 1 } else { 2 };
            assert_eq!(model.counts(), expect, "{about}");
            let flat = Flat::new(&model).unwrap();
            let done = Simulation::new(&flat, 0).run(Until::passive(), &mut ()).unwrap();
            let work = devstone::work(kind, width, depth);
            assert_eq!(done.external, work.transitions, "{about}");
            assert_eq!(done.received, work.events, "{about}");
        }
    }
}

/// Two quanta of the process.
const NEAR: f64 = 0.02;

/// A lag behind a gain in a loop rests where `y = k (1 - y)`.
#[test]
fn the_control_loop_comes_to_rest_where_it_should() {
    let last = |variables: &[(&str, &str)], until: f64| {
        let model = transform(&pruned("feedback", variables, &[]), &Registry::ready()).unwrap();
        let (text, _) = trace(&model, 1, until);
        let row = text.lines().rfind(|row| row.contains(",process,send,y,")).unwrap();
        row.rsplit(',').next().unwrap().parse::<f64>().unwrap()
    };
    let proportional = last(&[("feedforward", "1")], 99.0);
    assert!((proportional - 2.5 / 3.5).abs() < NEAR, "{proportional}");
    // The measured disturbance is taken off where it comes in.
    let disturbed = last(&[("feedforward", "1")], 400.0);
    assert!((disturbed - 2.5 / 3.5).abs() < NEAR, "{disturbed}");
    let integral = last(&[("feedforward", "1"), ("gain", "8.0")], 400.0);
    assert!((integral - 1.0).abs() < NEAR, "{integral}");
}

/// Every request is answered: what the clients got is what the sink has.
#[test]
fn requests_in_the_network_are_answered_over_every_kind_of_node() {
    for choices in [["backbone=wan", "node=gateway"], ["backbone=lan", "node=hub"]] {
        let model = transform(&pruned("network", &[], &choices), &Registry::ready()).unwrap();
        let flat = Flat::new(&model).unwrap();
        let mut statistics = Statistics::new(&flat, 0.0);
        let run = Simulation::new(&flat, 3).run(Until::time(2000.0), &mut statistics);
        run.unwrap();
        let found = statistics.summary();
        // Eight clients think for 2 on average and wait for a server that takes 0.1.
        assert!((3.2..4.0).contains(&found.throughput), "{choices:?}: {}", found.throughput);
        let wait = found.lead_time_mean.unwrap();
        assert!((0.1..0.3).contains(&wait), "{choices:?}: {wait}");
    }
}

#[test]
fn the_guide_lists_every_model_with_its_parameters() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/structures.md");
    let guide = std::fs::read_to_string(path).unwrap();
    for entry in Registry::ready().entries() {
        let name = format!("`{}`", entry.name);
        let row = guide.lines().find(|line| line.starts_with('|') && line.contains(&name));
        let row = row.unwrap_or_else(|| panic!("docs/structures.md lacks {name}"));
        for parameter in entry.parameters {
            assert!(row.contains(parameter.name), "{name} lacks {}", parameter.name);
        }
    }
}
