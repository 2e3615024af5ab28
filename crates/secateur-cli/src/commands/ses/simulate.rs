//! `secateur ses simulate`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use secateur::core::figure::Figure;
use secateur::core::record::{CostRow, Measured, Named, Quality, Record};
use secateur::core::{Kind, RunError};
use secateur::ses::devs::models::Registry;
use secateur::ses::devs::{
    Done, Estimate, Experiment, Flat, Gantt, Measure, Model, Simulation, Trace, Until,
};
use secateur::ses::format::Document;
use secateur::ses::pes::Pes;
use secateur::ses::prune::{Choices, DEPTH, Request, prune};
use secateur::ses::transform::{Loose, TransformError, loose, transform};
use serde_json::{Value, json};

use super::files::{self, Target};
use super::{Manner, prune as pruning, report};
use crate::args::ses::{RunArgs, SimulateArgs};
use crate::out;

/// Ports that are warned of.
const LOOSE_MAX: usize = 20;

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
    let started = Instant::now();
    let path = args.document.as_path();
    let place = |out: &PathBuf| Target::report(out, args.force, &[path]);
    let trace = args.trace.as_ref().map(place).transpose()?;
    let plot = args.plot.as_ref().map(place).transpose()?;
    let page = |out: &PathBuf| report::place(out, args.force, &[path]);
    let report = args.report.as_ref().map(page).transpose()?;
    let pes = structure(args)?;
    let input = files::input(path)?;
    let model = transform(&pes, &Registry::ready()).map_err(at(path))?;
    for Loose { path, is_output, port, nearest } in loose(&pes).iter().take(LOOSE_MAX) {
        let word = if *is_output { "output" } else { "input" };
        out::note(&out::clean(&format!(
            "warning: {path}: no coupling inside names its {word} {port}; is {nearest} meant?"
        )));
    }
    let devs = |error: secateur::ses::devs::DevsError| at(path)(error.into());
    let flat = Flat::new(&model).map_err(devs)?;
    let outcome = experiment(&args.run, args.replications).run(&flat).map_err(devs)?;
    let draws = plot.is_some() || report.is_some();
    let (done, gantt) = watched(args, &flat, trace.as_ref(), draws)?;
    if let (Some(gantt), Some(plot)) = (&gantt, &plot) {
        let title = format!("Phases until {}", args.run.until);
        let drawing = secateur::report::svg(&gantt.figure("time"), &title);
        plot.text(&drawing.unwrap_or_else(|| empty_drawing(&title)))?;
    }
    let measures = outcome.measures();
    if let (Some(gantt), Some(report)) = (&gantt, &report) {
        let seconds = started.elapsed().as_secs_f64();
        let costs = costs(&pes, &model, &done);
        let head = report::Head { method: "simulate", input: &input, pes: &pes, costs, seconds };
        report::write(&record(args, head, &measures, gantt.figure("time")), report)?;
    }
    if let Some(gantt) = gantt.filter(|gantt| gantt.left_out() > 0) {
        out::note(&format!("warning: {} spans are not drawn", out::count(gantt.left_out())));
    }
    let outputs = [trace, plot, report].into_iter().flatten();
    let outputs: Vec<String> = outputs.map(|target| target.path.display().to_string()).collect();
    if manner.json {
        out::json(&summary(args, &pes, &model, &measures, &done, &outputs));
    } else {
        show(args, &pes, &model, &measures, &done, &outputs);
    }
    Ok(ExitCode::SUCCESS)
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

/// Simulates the first replication once more and looks on: writes the trace row by row, and
/// gathers what the chart needs.
fn watched<'f>(
    args: &SimulateArgs,
    flat: &'f Flat<'f>,
    trace: Option<&Target>,
    draws: bool,
) -> Result<(Done, Option<Gantt<'f>>), RunError> {
    let fault = |error: secateur::ses::devs::DevsError| at(&args.document)(error.into());
    let until = Until::time(args.run.until);
    let mut simulation = Simulation::new(flat, args.run.seed);
    let mut gantt = draws.then(|| Gantt::new(flat));
    let mut trace = match trace {
        Some(target) => Some(Trace::new(flat, target.grow()?)),
        None => None,
    };
    let done = match (&mut trace, &mut gantt) {
        (Some(trace), Some(gantt)) => simulation.run(until, &mut (trace, gantt)),
        (Some(trace), None) => simulation.run(until, trace),
        (None, Some(gantt)) => simulation.run(until, gantt),
        (None, None) => simulation.run(until, &mut ()),
    };
    let done = done.map_err(fault)?;
    if let Some(trace) = trace {
        let file = trace.finish().map_err(fault)?;
        file.finish().map_err(|error| files::store(&error))?;
    }
    Ok((done, gantt))
}

/// What the model is, and what simulating it once took.
fn costs(pes: &Pes, model: &Model, done: &Done) -> Vec<CostRow> {
    let counts = model.counts();
    let one = |label: &str, count: u64| report::row(label, None, count);
    vec![
        one("Entities", pes.entities()),
        one("Atomic models", counts.atomics),
        one("Couplings", counts.eic + counts.ic + counts.eoc),
        one("Events", done.received),
        one("Transitions", done.internal + done.external),
    ]
}

/// The record of a simulation.
fn record(
    args: &SimulateArgs,
    head: report::Head<'_>,
    measures: &[Measure],
    gantt: Figure,
) -> Record {
    let caption = format!(
        "{} replications until {}, without the first {}; intervals of 95 %.",
        args.replications, args.run.until, args.run.warmup
    );
    let columns = COLUMNS.map(str::to_owned).to_vec();
    let table = Figure::Table { columns, rows: component_rows(measures) };
    let named = |title: &str, caption: &str, figure| Named {
        title: title.to_owned(),
        caption: caption.to_owned(),
        figure,
    };
    let mut figures = vec![named("Components", &caption, table)];
    let has_spans = matches!(&gantt, Figure::Spans { spans, .. } if !spans.is_empty());
    let phases = "Who was in which phase in the first replication; idle times are left out.";
    figures.extend(has_spans.then(|| named("Gantt chart", phases, gantt)));
    figures.push(report::structure(head.pes));
    let mut record = report::record(head, figures, Vec::new());
    record.run.recipe.seed = args.run.seed;
    let pairs = [
        ("until", args.run.until.to_string()),
        ("warmup", args.run.warmup.to_string()),
        ("replications", args.replications.to_string()),
        ("seed", args.run.seed.to_string()),
    ];
    let protocol: Vec<_> = pairs.map(|(name, value)| (name.to_owned(), value)).to_vec();
    let whole = measures.iter().filter(|measure| measure.component.is_empty());
    let quality = whole.map(|measure| Quality {
        metric: measure.name.to_owned(),
        lower_is_better: measure.name != "throughput",
        protocol: protocol.clone(),
        before: None,
        after: Some(Measured {
            value: measure.estimate.mean,
            interval: measure.estimate.half.is_finite().then(|| measure.estimate.interval()),
        }),
    });
    record.quality = quality.collect();
    record
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
    measures: &[Measure],
    done: &Done,
    outputs: &[String],
) -> Value {
    let counts = model.counts();
    let measures: Vec<_> = measures
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
    measures: &[Measure],
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
    for measure in measures.iter().filter(|m| m.component.is_empty()) {
        out::line(&format!("{:<17} {}", measure.name, shown(&measure.estimate)));
    }
    if args.stats {
        out::line("");
        out::print(&out::table(&COLUMNS, component_rows(measures), &[1, 2, 3, 4]));
    }
    if !outputs.is_empty() {
        out::line(&format!("written: {}", outputs.join(", ")));
    }
}

/// What is said of a component.
const COLUMNS: [&str; 5] = ["component", "utilization", "jobs", "stay", "sent"];

/// A row for each component that says anything.
fn component_rows(measures: &[Measure]) -> Vec<Vec<String>> {
    let mut rows: Vec<Vec<String>> = Vec::new();
    for measure in measures.iter().filter(|m| !m.component.is_empty()) {
        if rows.last().is_none_or(|row| row[0] != measure.component) {
            let mut row = vec!["-".to_owned(); COLUMNS.len()];
            row[0].clone_from(&measure.component);
            rows.push(row);
        }
        let column = COLUMNS.iter().position(|name| *name == measure.name);
        if let (Some(row), Some(column)) = (rows.last_mut(), column) {
            row[column] = shown(&measure.estimate);
        }
    }
    rows
}
