//! `secateur formula fit`.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use secateur::core::figure::{Figure, Points};
use secateur::core::record::{CostRow, Named};
use secateur::core::{Kind, Progress as _, RunError};
use secateur::formula::backward::{Samples, median};
use secateur::formula::evaluate::values;
use secateur::formula::factor::factored;
use secateur::formula::formula::{Formula, Input, Split};
use secateur::formula::metrics::{Metrics, metrics};
use secateur::formula::scale::Target as Goal;
use secateur::formula::search::{self, End, Entry, Limits, Search, Settings};
use secateur::formula::shorten::{READABLE, shortened};
use secateur::formula::simplify::simplify;
use secateur::formula::table::Problem;
use secateur::formula::tree::Tree;
use serde_json::{Value, json};

use super::prune::infix;
use super::report::{self, Head};
use super::{Manner, data, files, settings};
use crate::args::formula::FitArgs;
use crate::commands::pages::Target;
use crate::out;

/// Generations when neither they nor a time are given.
const GENERATIONS: u64 = 200;
/// Time between two checkpoints.
const CHECKPOINT: Duration = Duration::from_secs(10);
/// Points that a figure shows.
const POINTS: usize = 2000;

pub(super) fn run(args: &FitArgs, manner: Manner) -> Result<ExitCode, RunError> {
    let started = Instant::now();
    let path = args.learn.table.as_path();
    let output = args.output.as_deref();
    let output = output.map(|out| files::document(out, args.force, &[path])).transpose()?;
    let page = Target::page(args.report.as_deref(), args.force, &[path])?;
    let (table, problem) = data::learned(&args.learn, &args.split.group)?;
    let split = Split {
        test: args.split.test.unwrap_or(0.0),
        validation: args.split.validation.unwrap_or(0.0),
        group: args.split.group.clone(),
        seed: args.split.seed.unwrap_or(0),
    };
    let parts = data::parts(&table, &problem, &split, path)?;
    let target = Goal::new(parts.train.target.clone());
    let train = Samples { columns: parts.train.columns(), target: &target };
    let settings = settings::settings(&args.search, parts.train.inputs.len() as u32, split.seed);
    let input = files::input("table", path)?;
    let mut search = begin(args, settings, &input.blake3, train)?;
    let limits = settings::limits(&args.search, GENERATIONS);
    let end = searched(args, &mut search, limits, &input.blake3, manner)?;
    let best = taken(&search, &parts, split.validation > 0.0).ok_or_else(|| nothing().at(path))?;
    let tree = simplify(&factored(&best.formula.whole()));
    let tree = shortened(&tree, train, READABLE);
    let mut document = document(&problem, tree.clone(), &parts.train);
    document.origin.method = Some("genetic operation tree".to_owned());
    document.origin.seed = Some(split.seed);
    document.origin.split = Some(split.clone());
    let names = document.names();
    let mut written = Vec::new();
    if let Some(output) = &output {
        output.text(&document.to_json().map_err(files::at(&output.path))?)?;
        written.push(output.path.display().to_string());
    }
    let measured = measured(&tree, &parts, split.validation > 0.0);
    let seconds = started.elapsed().as_secs_f64();
    let goal = problem.target_name.text.clone();
    if let Some(page) = &page {
        let head = Head {
            method: "got",
            model: format!("{goal}: {} nodes", tree.size()),
            inputs: vec![input.clone()],
            costs: costs(&tree, &search),
            quality: measured
                .iter()
                .flat_map(|(rows, errors, count)| report::quality(rows, None, errors, *count))
                .collect(),
            seconds,
            kept: tree.size(),
        };
        let figures = figures(&search, &tree, &parts, &goal, &names)?;
        page.record(&report::record(head, figures, problem.warnings.clone()))?;
        written.push(page.path.display().to_string());
    }
    for warning in &problem.warnings {
        out::note(&out::clean(&format!("warning: {warning}")));
    }
    let text = infix(&tree, &names)?;
    if manner.json {
        print_json(&search, &tree, &text, &goal, &measured, end, &written, seconds, &names)?;
    } else {
        out::line(&format!(
            "{} generations, {} formulas in {seconds:.1} s: {}",
            out::count(search.generation),
            out::count(search.evaluations),
            end.words()
        ));
        for (rows, errors, count) in &measured {
            out::line(&format!("{rows:10} {} ({count} rows)", report::line(errors)));
        }
        out::line(&format!("{} nodes, {} variables", tree.size(), tree.variables().len()));
        out::line(&out::clean(&format!("{goal} = {text}")));
        if !written.is_empty() {
            out::line(&format!("written: {}", written.join(", ")));
        }
    }
    if end == End::Stopped {
        out::note("stopped: this is the best until then");
        return Ok(ExitCode::from(Kind::Interrupted.exit()));
    }
    Ok(ExitCode::SUCCESS)
}

/// The error where no formula was found.
pub(super) fn nothing() -> RunError {
    RunError::new(Kind::Other, "SEC-FO-015", "no formula has a value in every row")
        .hint("search longer, or with --guarded")
}

/// A new search, or the one of the checkpoint.
fn begin<'a>(
    args: &FitArgs,
    settings: Settings,
    data: &str,
    train: Samples<'a>,
) -> Result<Search<'a>, RunError> {
    let Some(path) = &args.checkpoint else { return Ok(Search::new(settings, train)) };
    if !path.exists() {
        return Ok(Search::new(settings, train));
    }
    if !args.resume {
        let message = "there is a checkpoint already";
        return Err(RunError::new(Kind::Usage, "SEC-FO-012", message)
            .at(path)
            .hint("go on from it with --resume, or remove it"));
    }
    let refuse = |what: String| RunError::new(Kind::Input, "SEC-FO-016", what).at(path);
    let text = std::fs::read(path)
        .map_err(|error| refuse(format!("the checkpoint cannot be read: {error}")))?;
    let value: Value = serde_json::from_slice(&text)
        .map_err(|error| refuse(format!("the checkpoint is no JSON: {error}")))?;
    search::resume(&value, settings, data, train).map_err(|error| refuse(error.to_string()))
}

/// Searches to the end, with progress and checkpoints.
fn searched(
    args: &FitArgs,
    search: &mut Search,
    limits: Limits,
    data: &str,
    manner: Manner,
) -> Result<End, RunError> {
    let keep = match &args.checkpoint {
        Some(path) => Some(Target::new(path, true, &[&args.learn.table])?),
        None => None,
    };
    let mut progress = manner.progress();
    progress.begin("generation", limits.generations.unwrap_or(0) as usize);
    let mut kept = Duration::ZERO;
    let mut failed = None;
    let rows = search.rows() as f64;
    let end = search::run(search, limits, |search, passed| {
        if let Some(best) = search.hall.best() {
            let rmse = (best.error / rows).sqrt();
            let note = format!("rmse {rmse:.4}, {} nodes", best.size);
            progress.step(search.generation as usize, &note);
        }
        if let Some(keep) = &keep
            && passed >= kept + CHECKPOINT
        {
            kept = passed;
            failed = keep.text(&search.checkpoint(data).to_string()).err();
        }
        failed.is_none() && !progress.stopped()
    });
    if let Some(error) = failed {
        return Err(error);
    }
    if let Some(keep) = &keep {
        keep.text(&search.checkpoint(data).to_string())?;
    }
    Ok(end)
}

/// The formula of the front with the least error in the rows that decide; without such rows the
/// one with the least error.
fn taken<'s>(search: &'s Search, parts: &data::Parts, decide: bool) -> Option<&'s Entry> {
    if !decide {
        return search.hall.best();
    }
    let target = Goal::new(parts.select.target.clone());
    let samples = Samples { columns: parts.select.columns(), target: &target };
    let error = |entry: &Entry| entry.formula.rmse(samples);
    let front = search.hall.front();
    let best = front.into_iter().min_by(|a, b| error(a).total_cmp(&error(b)));
    best.filter(|entry| error(entry).is_finite())
}

/// The document of a formula over the inputs of a problem.
pub(super) fn document(problem: &Problem, tree: Tree, train: &Problem) -> Formula {
    let names: Vec<String> = problem.names.iter().map(|name| name.text.clone()).collect();
    let mut document = Formula::new(&problem.target_name.text, &names, tree);
    document.unit.clone_from(&problem.target_name.unit);
    for ((input, name), values) in document.inputs.iter_mut().zip(&problem.names).zip(&train.inputs)
    {
        *input = Input {
            name: name.text.clone(),
            unit: name.unit.clone(),
            median: Some(median(values)),
            low: values.iter().copied().reduce(f64::min),
            high: values.iter().copied().reduce(f64::max),
        };
    }
    document.origin.rows = Some(train.rows() as u64);
    document
}

type Measured = Vec<(&'static str, Metrics, usize)>;

fn measured(tree: &Tree, parts: &data::Parts, decided: bool) -> Measured {
    let of = |name, part: &Problem| {
        (name, metrics(&part.target, &values(tree, part.columns())), part.rows())
    };
    let mut all = vec![of("train", &parts.train)];
    if decided {
        all.push(of("validation", &parts.select));
    }
    all.extend(parts.test.iter().map(|test| of("test", test)));
    all
}

fn costs(tree: &Tree, search: &Search) -> Vec<CostRow> {
    let mut costs = report::sizes(None, tree);
    costs.push(report::count("Formulas judged", None, search.evaluations as usize));
    costs
}

/// What a formula gives against what was measured.
pub(super) fn predicted(tree: &Tree, rows: &Problem, goal: &str) -> Named {
    let found = values(tree, rows.columns());
    let every = rows.rows().div_ceil(POINTS);
    let pairs = rows.target.iter().zip(&found).step_by(every);
    let points: Vec<[f64; 2]> = pairs.map(|(y, f)| [*y, *f]).filter(|p| p[1].is_finite()).collect();
    let low = points.iter().map(|p| p[0]).fold(f64::INFINITY, f64::min);
    let high = points.iter().map(|p| p[0]).fold(f64::NEG_INFINITY, f64::max);
    let line = (0..=40).map(|k| low + (high - low) * f64::from(k) / 40.0).map(|y| [y, y]).collect();
    Named {
        title: "Predicted against measured".to_owned(),
        caption: "A formula without error has all its points on the diagonal.".to_owned(),
        figure: Figure::Scatter {
            x: format!("{goal}, measured"),
            y: format!("{goal}, predicted"),
            series: vec![
                Points { name: "rows".to_owned(), points },
                Points { name: "diagonal".to_owned(), points: line },
            ],
        },
    }
}

fn figures(
    search: &Search,
    tree: &Tree,
    parts: &data::Parts,
    goal: &str,
    names: &[String],
) -> Result<Vec<Named>, RunError> {
    let rows = parts.train.rows() as f64;
    let front = search.hall.front();
    let points =
        front.iter().map(|entry| [entry.size as f64, (entry.error / rows).sqrt()]).collect();
    let text = format!("{goal} = {}", infix(tree, names)?);
    let front = Figure::Lines {
        x: "nodes".to_owned(),
        y: format!("rmse of {goal}"),
        series: vec![Points { name: "train".to_owned(), points }],
        log_y: false,
    };
    Ok(vec![
        Named {
            title: "Formula".to_owned(),
            caption: "The formula that was taken.".to_owned(),
            figure: Figure::Text { text },
        },
        Named {
            title: "Error against size".to_owned(),
            caption:
                "The best formula of every size; smaller ones that are better hide larger ones."
                    .to_owned(),
            figure: front,
        },
        predicted(tree, parts.test.as_ref().unwrap_or(&parts.train), goal),
    ])
}

#[expect(clippy::too_many_arguments, reason = "everything that is said at the end")]
fn print_json(
    search: &Search,
    tree: &Tree,
    text: &str,
    goal: &str,
    measured: &Measured,
    end: End,
    written: &[String],
    seconds: f64,
    names: &[String],
) -> Result<(), RunError> {
    let errors: serde_json::Map<String, Value> = measured
        .iter()
        .map(|(rows, e, n)| {
            let value = json!({ "rmse": e.rmse, "r2": e.r2, "mae": e.mae, "rows": n });
            ((*rows).to_owned(), value)
        })
        .collect();
    let rows = search.rows() as f64;
    let mut front = Vec::new();
    for entry in search.hall.front() {
        front.push(json!({
            "size": entry.size,
            "rmse_train": (entry.error / rows).sqrt(),
            "formula": infix(&entry.formula.whole(), names)?,
        }));
    }
    out::json(&json!({
        "formula": text,
        "target": goal,
        "size": tree.size(),
        "variables": tree.variables().len(),
        "errors": errors,
        "front": front,
        "generations": search.generation,
        "evaluations": search.evaluations,
        "end": end.words(),
        "written": written,
        "seconds": seconds,
    }));
    Ok(())
}
