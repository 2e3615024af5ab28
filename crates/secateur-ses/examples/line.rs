//! A production line, simulated: `line [UNTIL] [trace]` prints throughput, utilization, waiting
//! and work in progress with 95 % intervals over ten replications; with `trace` the rows of one.

#![allow(clippy::print_stdout, reason = "the results are to be seen")]

use secateur_ses::devs::models::{Given, Registry};
use secateur_ses::devs::{DevsError, Experiment, Flat, Model, Ports, Simulation, Trace, Until};

/// Names with values.
type Pairs = &'static [(&'static str, &'static str)];

/// Components with their models and parameters.
const COMPONENTS: &[(&str, &str, Pairs)] = &[
    ("orders", "generator", &[("interarrival", "exponential(4)"), ("kinds", "3,1")]),
    ("store", "buffer", &[("discipline", "priority")]),
    ("saw", "machine", &[("time", "triangular(2, 3, 4)"), ("setup", "0.5"), ("blocking", "1")]),
    ("rack", "buffer", &[("capacity", "3")]),
    ("agv", "agv", &[("distance", "30"), ("speed", "20"), ("load", "0.2"), ("unload", "0.2")]),
    (
        "mill",
        "machine",
        &[
            ("time", "lognormal(6, 1)"),
            ("servers", "2"),
            ("up", "exponential(200)"),
            ("down", "exponential(10)"),
        ],
    ),
    ("done", "sink", &[]),
];

const COUPLINGS: &[[(&str, &str); 2]] = &[
    [("orders", "out"), ("store", "in")],
    [("saw", "ready"), ("store", "next")],
    [("store", "out"), ("saw", "in")],
    [("rack", "space"), ("saw", "space")],
    [("saw", "out"), ("rack", "in")],
    [("agv", "ready"), ("rack", "next")],
    [("rack", "out"), ("agv", "in")],
    [("agv", "out"), ("mill", "in")],
    [("mill", "out"), ("done", "in")],
];

fn main() -> Result<(), DevsError> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let until = words.first().and_then(|word| word.parse().ok()).unwrap_or(10_000.0);
    let ready = Registry::ready();
    let mut line = Model::new("line", Ports::default())?;
    let root = line.root();
    for (name, model, parameters) in COMPONENTS {
        let given: Vec<(String, Given)> =
            parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
        ready.place(&mut line, root, name, model, &given)?;
    }
    for [from, to] in COUPLINGS {
        line.couple(root, *from, *to)?;
    }
    let flat = Flat::new(&line)?;
    if words.iter().any(|word| word == "trace") {
        let mut trace = Trace::new(&flat, std::io::stdout().lock());
        Simulation::new(&flat, 1).run(Until::time(until), &mut trace)?;
        return trace.finish().map(drop);
    }
    let experiment = Experiment { until, warmup: until / 10.0, replications: 10, seed: 1 };
    for measure in experiment.run(&flat)?.measures() {
        let [low, high] = measure.estimate.interval();
        let (component, name, mean) = (measure.component, measure.name, measure.estimate.mean);
        println!("{component:<8} {name:<16} {mean:>10.4}   [{low:.4}, {high:.4}]");
    }
    Ok(())
}
