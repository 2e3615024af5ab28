//! `secateur ses simulate`.

use std::path::Path;
use std::process::ExitCode;

use secateur::core::{Kind, RunError};
use secateur::ses::devs::models::Registry;
use secateur::ses::devs::{
    Done, Estimate, Experiment, Flat, Gantt, Model, Outcome, Simulation, Trace, Until,
};
use secateur::ses::format::Document;
use secateur::ses::pes::Pes;
use secateur::ses::prune::{Choices, DEPTH, Request, prune};
use secateur::ses::transform::{TransformError, transform};
use serde_json::{Value, json};

use super::files::{self, Target};
use super::{Manner, prune as pruning};
use crate::args::ses::{RunArgs, SimulateArgs};
use crate::out;

/// An experiment as the command line describes it.
pub(super) fn experiment(args: &RunArgs, replications: u32) -> Experiment {
    Experiment { until: args.until, warmup: args.warmup, replications, seed: args.seed }
}

/// An error of the model with the file that it is about.
pub(super) fn at(path: &Path) -> impl Fn(TransformError) -> RunError + '_ {
    move |error| {
        let run = RunError::from(error);
        if run.kind == Kind::Usage { run } else { run.at(path) }
    }
}

pub(super) fn run(args: &SimulateArgs, manner: Manner) -> Result<ExitCode, RunError> {
    let path = args.document.as_path();
    let place = |path: &Option<std::path::PathBuf>| {
        path.as_deref().map(|out| Target::report(out, args.force, &[path_of(args)])).transpose()
    };
    let (trace, plot) = (place(&args.trace)?, place(&args.plot)?);
    let pes = structure(args)?;
    let model = transform(&pes, &Registry::ready()).map_err(at(path))?;
    let devs = |error: secateur::ses::devs::DevsError| at(path)(error.into());
    let flat = Flat::new(&model).map_err(devs)?;
    let outcome = experiment(&args.run, args.replications).run(&flat).map_err(devs)?;
    let (done, written) = watched(args, &flat, trace.as_ref(), plot.as_ref()).map_err(at(path))?;
    let mut outputs = Vec::new();
    for (target, text) in [trace, plot].into_iter().flatten().zip(written) {
        target.text(&text)?;
        outputs.push(target.path.display().to_string());
    }
    if manner.json {
        out::json(&summary(args, &pes, &model, &outcome, &done, &outputs));
    } else {
        show(args, &pes, &model, &outcome, &done, &outputs);
    }
    Ok(ExitCode::SUCCESS)
}

fn path_of(args: &SimulateArgs) -> &Path {
    &args.document
}

/// The result that is simulated: as it is, or pruned from a structure.
fn structure(args: &SimulateArgs) -> Result<Pes, RunError> {
    let path = args.document.as_path();
    let ses = match files::read(path)? {
        Document::Ses(ses) => ses,
        Document::Pes(pes) => {
            let given = !args.define.is_empty() || !args.choose.is_empty() || args.depth.is_some();
            if given {
                let message = "-D, --choose and --depth are for structures; this is a result";
                return Err(RunError::new(Kind::Usage, "SEC-SE-016", message).at(path));
            }
            return Ok(*pes);
        }
    };
    let mut choices = Choices::default();
    for choice in &args.choose {
        choices.choose(choice).map_err(pruning::usage)?;
    }
    let depth = args.depth.unwrap_or(DEPTH);
    let request = Request { choices, variables: args.define.clone(), depth, ..Request::default() };
    let pruned = prune(&ses, &request).map_err(files::at(path))?;
    for choice in &pruned.unused {
        out::note(&out::clean(&format!("warning: {choice}: it met no decision")));
    }
    Ok(pruned.pes)
}

/// Simulates the first replication once more and looks on: what was done, and the texts that are
/// wanted, the trace first.
fn watched(
    args: &SimulateArgs,
    flat: &Flat,
    trace: Option<&Target>,
    plot: Option<&Target>,
) -> Result<(Done, Vec<String>), TransformError> {
    let until = Until::time(args.run.until);
    let mut simulation = Simulation::new(flat, args.run.seed);
    let mut texts = Vec::new();
    let mut gantt = Gantt::new(flat);
    let done = if trace.is_some() {
        let mut watch = (Trace::new(flat, Vec::new()), gantt);
        let done = simulation.run(until, &mut watch)?;
        let bytes = watch.0.finish()?;
        texts.push(String::from_utf8_lossy(&bytes).into_owned());
        gantt = watch.1;
        done
    } else if plot.is_some() {
        simulation.run(until, &mut gantt)?
    } else {
        simulation.run(until, &mut ())?
    };
    if plot.is_some() {
        let title = format!("Phases until {}", args.run.until);
        let drawing = secateur::report::svg(&gantt.figure("time"), &title);
        texts.push(drawing.unwrap_or_else(|| empty_drawing(&title)));
        if gantt.left_out() > 0 {
            out::note(&format!("warning: {} spans are not drawn", out::count(gantt.left_out())));
        }
    }
    Ok((done, texts))
}

/// What is drawn when nothing had a phase, or there was too much.
fn empty_drawing(title: &str) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"400\" height=\"40\"><title>{title}</title>\
         <text x=\"8\" y=\"24\">There are no phases to draw.</text></svg>\n"
    )
}

/// An estimate for programs; the interval is absent for one replication.
pub(super) fn estimate(estimate: &Estimate) -> Value {
    let interval = estimate.half.is_finite().then(|| estimate.interval());
    json!({
        "mean": estimate.mean,
        "low": interval.map(|ends| ends[0]),
        "high": interval.map(|ends| ends[1]),
        "replications": estimate.replications,
    })
}

/// An estimate for people.
pub(super) fn shown(estimate: &Estimate) -> String {
    if estimate.half.is_finite() {
        format!("{} ± {}", short(estimate.mean), short(estimate.half))
    } else {
        short(estimate.mean)
    }
}

/// Four digits that count.
pub(super) fn short(value: f64) -> String {
    let size = value.abs();
    if size >= 1000.0 {
        format!("{value:.0}")
    } else if size >= 100.0 {
        format!("{value:.1}")
    } else if size >= 10.0 {
        format!("{value:.2}")
    } else if !(1e-9..0.1).contains(&size) {
        format!("{value:.3}")
    } else {
        format!("{value:.5}")
    }
}

fn summary(
    args: &SimulateArgs,
    pes: &Pes,
    model: &Model,
    outcome: &Outcome,
    done: &Done,
    outputs: &[String],
) -> Value {
    let counts = model.counts();
    let measures: Vec<_> = outcome
        .measures()
        .iter()
        .map(|m| json!({ "component": m.component, "name": m.name, "estimate": estimate(&m.estimate) }))
        .collect();
    json!({
        "structure": pes.name,
        "kind": pes.stage.word(),
        "atomics": counts.atomics,
        "coupled": counts.coupled,
        "couplings": counts.eic + counts.ic + counts.eoc,
        "until": args.run.until,
        "warmup": args.run.warmup,
        "replications": args.replications,
        "seed": args.run.seed,
        "steps": done.steps,
        "internal": done.internal,
        "external": done.external,
        "events": done.received,
        "measures": measures,
        "written": outputs,
    })
}

fn show(
    args: &SimulateArgs,
    pes: &Pes,
    model: &Model,
    outcome: &Outcome,
    done: &Done,
    outputs: &[String],
) {
    let counts = model.counts();
    out::line(&out::clean(&format!(
        "{}: {} atomic and {} coupled models, {} couplings; {} events until {}",
        pes.name,
        out::count(counts.atomics),
        out::count(counts.coupled),
        out::count(counts.eic + counts.ic + counts.eoc),
        out::count(done.received),
        args.run.until
    )));
    let measures = outcome.measures();
    for measure in measures.iter().filter(|m| m.component.is_empty()) {
        out::line(&format!("{:<17} {}", measure.name, shown(&measure.estimate)));
    }
    if args.stats {
        let names = ["utilization", "jobs", "stay", "sent"];
        let mut rows: Vec<Vec<String>> = Vec::new();
        for measure in measures.iter().filter(|m| !m.component.is_empty()) {
            let component = out::clean(&measure.component);
            if rows.last().is_none_or(|row| row[0] != component) {
                let mut row = vec!["-".to_owned(); 5];
                row[0] = component;
                rows.push(row);
            }
            let column = names.iter().position(|name| *name == measure.name);
            if let (Some(row), Some(column)) = (rows.last_mut(), column) {
                row[column + 1] = shown(&measure.estimate);
            }
        }
        let heads = ["component", "utilization", "jobs", "stay", "sent"];
        out::line("");
        out::print(&out::table(&heads, rows, &[1, 2, 3, 4]));
    }
    if !outputs.is_empty() {
        out::line(&format!("written: {}", outputs.join(", ")));
    }
}
