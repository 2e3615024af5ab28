//! `secateur demo ses`: a factory whose cells are factories again, pruned to three depths,
//! simulated, compared.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use secateur::core::RunError;
use secateur::core::figure::{Figure, Series};
use secateur::core::record::Named;
use secateur::ses::devs::models::Registry;
use secateur::ses::devs::{
    DevsError, Estimate, Experiment, Flat, Gantt, Outcome, Simulation, Until,
};
use secateur::ses::format::json::write_pes;
use secateur::ses::language;
use secateur::ses::model::Ses;
use secateur::ses::prune::{Choices, Pruned, Request, prune};
use secateur::ses::transform::transform;
use serde_json::json;

use super::simulate::{at, estimate, short, shown};
use super::{Manner, files, report};
use crate::commands::demo::folder::{self, write};
use crate::out;

const FOLDER: &str = "secateur-demo-ses";
const STRUCTURE: &str = include_str!("../../../../../examples/ses/fms.ses");
const DEPTHS: [u32; 3] = [1, 2, 3];
const VARIABLES: [(&str, &str); 2] = [("cells", "2"), ("interval", "0.5")];
const CHOICES: [&str; 3] = ["transport=conveyor", "robot=scara", "fixture=rail"];
const EXPERIMENT: Experiment =
    Experiment { until: 3000.0, warmup: 500.0, replications: 10, seed: 1 };
/// Time that the Gantt chart shows.
const SHOWN_UNTIL: f64 = 60.0;

/// A depth, pruned and simulated.
struct Row {
    depth: u32,
    request: Request,
    pruned: Pruned,
    stations: u64,
    events: u64,
    throughput: Estimate,
    lead_time: Option<Estimate>,
    utilization: Estimate,
    gantt: Figure,
}

pub(crate) fn run(manner: Manner) -> Result<ExitCode, RunError> {
    let start = Instant::now();
    let folder = PathBuf::from(FOLDER);
    let own = own_names();
    folder::make(&folder, |name| own.iter().any(|own| own == name))?;
    write(&folder.join("fms.ses"), STRUCTURE)?;
    let ses = language::read(STRUCTURE).map_err(files::at(&folder.join("fms.ses")))?;
    let mut rows = Vec::new();
    for depth in DEPTHS {
        if !manner.quiet {
            out::note(&format!("depth {depth}"));
        }
        rows.push(row(&folder, &ses, depth)?);
    }
    write_report(&folder, &ses, &rows, start.elapsed().as_secs_f64())?;
    show(&rows, manner, start.elapsed().as_secs_f64());
    Ok(ExitCode::SUCCESS)
}

fn own_names() -> Vec<String> {
    let mut names: Vec<String> = DEPTHS.iter().map(|depth| format!("depth-{depth}.pes")).collect();
    names.extend(["fms.ses", "report.html", "report.json"].map(str::to_owned));
    names
}

fn row(folder: &Path, ses: &Ses, depth: u32) -> Result<Row, RunError> {
    let path = folder.join("fms.ses");
    let mut choices = Choices::default();
    for choice in CHOICES {
        choices.choose(choice).map_err(files::at(&path))?;
    }
    let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    let levels = (depth - 1).to_string();
    let variables = VARIABLES.into_iter().chain([("levels", levels.as_str())]).map(owned).collect();
    let request = Request { choices, variables, depth, ..Request::default() };
    let pruned = prune(ses, &request).map_err(files::at(&path))?;
    write(&folder.join(format!("depth-{depth}.pes")), write_pes(&pruned.pes))?;
    let model = transform(&pruned.pes, &Registry::ready()).map_err(at(&path))?;
    let devs = |error: DevsError| at(&path)(error.into());
    let flat = Flat::new(&model).map_err(devs)?;
    let outcome = EXPERIMENT.run(&flat).map_err(devs)?;
    let done = Simulation::new(&flat, EXPERIMENT.seed)
        .run(Until::time(EXPERIMENT.until), &mut ())
        .map_err(devs)?;
    let mut gantt = Gantt::new(&flat);
    Simulation::new(&flat, EXPERIMENT.seed)
        .run(Until::time(SHOWN_UNTIL), &mut gantt)
        .map_err(devs)?;
    let nothing = Estimate { mean: f64::NAN, half: f64::NAN, replications: 0 };
    let machines = machines(&outcome);
    Ok(Row {
        depth,
        stations: machines.len() as u64,
        events: done.received,
        throughput: outcome.estimate(|s| Some(s.throughput)).unwrap_or(nothing),
        lead_time: outcome.estimate(|s| s.lead_time_mean),
        utilization: outcome
            .estimate(|s| {
                let busy = machines.iter().map(|&at| s.components[at].utilization);
                Some(busy.sum::<f64>() / machines.len() as f64)
            })
            .unwrap_or(nothing),
        gantt: gantt.figure("time"),
        request,
        pruned,
    })
}

/// Places of the machines among the components.
fn machines(outcome: &Outcome) -> Vec<usize> {
    let Some(first) = outcome.replications.first() else { return Vec::new() };
    let components = first.components.iter().enumerate();
    // Inside of units names have their level behind a dot.
    let is_machine = |path: &str| {
        let name = path.rsplit('/').next().unwrap_or(path);
        name.split('.').next() == Some("machine")
    };
    components.filter(|(_, c)| is_machine(&c.path)).map(|(at, _)| at).collect()
}

fn write_report(folder: &Path, ses: &Ses, rows: &[Row], seconds: f64) -> Result<(), RunError> {
    let Some(middle) = rows.get(1).or(rows.last()) else { return Ok(()) };
    let bars = |title: &str, caption: &str, unit: &str, value: &dyn Fn(&Row) -> f64| Named {
        title: title.to_owned(),
        caption: caption.to_owned(),
        figure: Figure::Bars {
            labels: rows.iter().map(|row| format!("depth {}", row.depth)).collect(),
            series: vec![Series {
                name: title.to_lowercase(),
                values: rows.iter().map(value).collect(),
            }],
            unit: unit.to_owned(),
        },
    };
    let columns =
        ["depth", "entities", "stations", "events", "throughput", "lead time", "utilization"];
    let table = Figure::Table {
        columns: columns.map(str::to_owned).to_vec(),
        rows: rows.iter().map(cells).collect(),
    };
    let mut figures = vec![
        Named {
            title: "What depth costs and brings".into(),
            caption: format!(
                "{} replications until {}, without the first {}; intervals of 95 %. Utilization is \
                 that of the machines.",
                EXPERIMENT.replications, EXPERIMENT.until, EXPERIMENT.warmup
            ),
            figure: table,
        },
        bars("Throughput", "Finished orders in a unit of time.", "", &|row| row.throughput.mean),
        bars("Entities", "Size of the pruned structure.", "", &|row| {
            row.pruned.pes.entities() as f64
        }),
    ];
    for row in rows {
        figures.push(Named {
            title: format!("Structure at depth {}", row.depth),
            ..report::structure(&row.pruned.pes)
        });
    }
    figures.push(Named {
        title: format!("Gantt chart at depth {}", middle.depth),
        caption: format!("Who was in which phase until {SHOWN_UNTIL}; idle times are left out."),
        figure: middle.gantt.clone(),
    });
    figures.push(report::decisions(&middle.pruned));
    let last = rows.last().unwrap_or(middle);
    let input = files::input(&folder.join("fms.ses"))?;
    let mut costs = report::costs_of_pruning(ses, &last.request, &last.pruned.pes);
    costs.push(report::row("Events simulated", None, rows.iter().map(|row| row.events).sum()));
    let head =
        report::Head { method: "demo", input: &input, pes: &last.pruned.pes, costs, seconds };
    let record = report::record(head, figures, Vec::new());
    folder::report(folder, &record)
}

fn cells(row: &Row) -> Vec<String> {
    vec![
        row.depth.to_string(),
        out::count(row.pruned.pes.entities()),
        row.stations.to_string(),
        out::count(row.events),
        shown(&row.throughput),
        row.lead_time.as_ref().map_or_else(|| "-".to_owned(), shown),
        format!(
            "{} ± {} %",
            short(row.utilization.mean * 100.0),
            short(row.utilization.half * 100.0)
        ),
    ]
}

fn show(rows: &[Row], manner: Manner, seconds: f64) {
    if manner.json {
        let rows: Vec<_> = rows
            .iter()
            .map(|row| {
                json!({
                    "depth": row.depth,
                    "file": format!("{FOLDER}/depth-{}.pes", row.depth),
                    "entities": row.pruned.pes.entities(),
                    "stations": row.stations,
                    "events": row.events,
                    "throughput": estimate(&row.throughput),
                    "lead_time": row.lead_time.as_ref().map(estimate),
                    "utilization": estimate(&row.utilization),
                })
            })
            .collect();
        out::json(&json!({ "folder": FOLDER, "rows": rows, "seconds": seconds }));
        return;
    }
    let heads =
        ["depth", "entities", "stations", "events", "throughput", "lead time", "utilization"];
    out::print(&out::table(&heads, rows.iter().map(cells).collect(), &[0, 1, 2, 3, 4, 5, 6]));
    out::line(&format!(
        "\nWritten in {seconds:.1} s: {FOLDER}/report.html with the drawn trees and a Gantt chart.\n\
         Try:  secateur ses simulate {FOLDER}/depth-2.pes --until 3000 --stats --replications 5\n\
         \x20     secateur ses optimize {FOLDER}/fms.ses --maximize throughput --until 1000 --depth 0\n\
         \x20     secateur ses draw {FOLDER}/depth-3.pes --svg fms.svg"
    ));
}
