//! `secateur demo formula`: a formula for a table with a known law, found, pruned, compared.

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use secateur::core::RunError;
use secateur::core::figure::{Figure, Series};
use secateur::core::record::Named;
use secateur::formula::backward::{Choice, Refit, Samples, Step, Tips, choose, path};
use secateur::formula::baselines::{Model, Rows, ols};
use secateur::formula::evaluate::values;
use secateur::formula::factor::factored;
use secateur::formula::formula::Split;
use secateur::formula::law;
use secateur::formula::metrics::rmse;
use secateur::formula::scale::Target;
use secateur::formula::search::{Limits, Search, Settings, run as search};
use secateur::formula::shorten::{READABLE, shortened};
use secateur::formula::simplify::simplify;
use secateur::formula::split::Groups;
use secateur::formula::table::Problem;
use secateur::formula::tree::Tree;
use serde_json::json;

use super::data::{self, Parts};
use super::prune::{self, VALIDATION, infix};
use super::report::{self, Head};
use super::{Manner, files, fit};
use crate::args::formula::{DecimalWord, LearnArgs, MissingWord, ReadingArgs};
use crate::commands::demo::folder;
use crate::out;

const FOLDER: &str = "secateur-demo-formula";
const TABLE: &str = "mixes.csv";
const FOUND: &str = "found.formula.json";
const PRUNED: &str = "pruned.formula.json";
const SEED: u64 = 1;
const GENERATIONS: u64 = 100;
/// Most nodes of a formula, its scale not counted.
const SIZE: usize = 27;
const TEST: f64 = 0.25;
const TOLERANCE: f64 = 0.02;

/// A way to predict, with its errors.
struct Row {
    name: &'static str,
    nodes: usize,
    variables: usize,
    train: f64,
    test: f64,
    formula: String,
}

pub(crate) fn run(manner: Manner) -> Result<ExitCode, RunError> {
    let start = Instant::now();
    let at = Path::new(FOLDER);
    folder::make(at, |name| [TABLE, FOUND, PRUNED, "report.html", "report.json"].contains(&name))?;
    let path_of_table = at.join(TABLE);
    folder::write(&path_of_table, law::csv(&law::table(SEED)))?;
    let reading = ReadingArgs {
        target: Some("strength".to_owned()),
        missing: MissingWord::Refuse,
        decimal: DecimalWord::Point,
    };
    let args = LearnArgs { table: path_of_table, reading, inputs: Vec::new(), ignore: Vec::new() };
    let (table, problem) = data::learned(&args, &[])?;
    let mut split = Split { test: TEST, validation: 0.0, group: Vec::new(), seed: SEED };
    let all = data::parts(&table, &problem, &split, &args.table)?;
    split.validation = VALIDATION;
    let parts = data::parts(&table, &problem, &split, &args.table)?;
    if !manner.quiet {
        out::note(&format!("searching {GENERATIONS} generations"));
    }
    let (found, judged) = find(&all.train)?;
    if !manner.quiet {
        out::note("pruning");
    }
    let goals = parts.goals();
    let rows = parts.rows(&goals);
    let steps = path(&found, Tips::Leaves, Refit::Constants, &rows).map_err(|error| {
        RunError::new(secateur::core::Kind::Other, "SEC-FO-015", error.to_string())
    })?;
    let chosen = choose(&steps, Choice::Tolerance(TOLERANCE), &rows, SEED);
    let pruned = prune::taken(&steps[chosen], Refit::Constants, &problem, &parts);
    for (name, tree, method) in [
        (FOUND, &found, "genetic operation tree"),
        (PRUNED, &pruned, "genetic operation tree, backward pruning"),
    ] {
        let mut document = fit::document(&problem, tree.clone(), &all.train);
        document.origin.method = Some(method.to_owned());
        document.origin.seed = Some(SEED);
        document.origin.split = Some(Split { validation: 0.0, ..split.clone() });
        let path = at.join(name);
        folder::write(&path, document.to_json().map_err(files::at(&path))?)?;
    }
    let rows = measured(&problem, &all, &[("got", &found), ("pruned got", &pruned)])?;
    let seconds = start.elapsed().as_secs_f64();
    let shown = Shown { all: &all, parts: &parts, steps: &steps, chosen, judged, rows: &rows };
    write_report(at, &shown, &problem, [&found, &pruned], seconds)?;
    show(&rows, manner, seconds);
    Ok(ExitCode::SUCCESS)
}

/// The formula of a search, and how many were judged.
fn find(train: &Problem) -> Result<(Tree, u64), RunError> {
    let target = Target::new(train.target.clone());
    let samples = Samples { columns: train.columns(), target: &target };
    let settings = Settings { size_max: SIZE, ..Settings::new(train.inputs.len() as u32, SEED) };
    let mut found = Search::new(settings, samples);
    let limits = Limits { generations: Some(GENERATIONS), time: None, patience: None };
    search(&mut found, limits, |_, _| true);
    let best = found.hall.best().ok_or_else(fit::nothing)?;
    let tree = simplify(&factored(&best.formula.whole()));
    Ok((shortened(&tree, samples, READABLE), found.evaluations))
}

/// Linear regression, the formulas, and the law that made the table.
fn measured(
    problem: &Problem,
    all: &Parts,
    found: &[(&'static str, &Tree)],
) -> Result<Vec<Row>, RunError> {
    let names: Vec<String> = problem.names.iter().map(|name| name.text.clone()).collect();
    let groups = Groups::single(all.train.rows());
    let (inputs, target) = (all.train.columns(), &all.train.target[..]);
    let linear = ols(&Rows { names: &names, inputs, target, groups: &groups, seed: SEED })?;
    let law = law::law();
    let mut trees = Vec::new();
    if let Model::Formula(tree) = &linear.model {
        trees.push(("ols", tree));
    }
    trees.extend(found);
    trees.push(("the law", &law));
    let test = all.test.as_ref().unwrap_or(&all.train);
    let error = |tree: &Tree, part: &Problem| rmse(&part.target, &values(tree, part.columns()));
    let row = |(name, tree): (&'static str, &Tree)| {
        Ok(Row {
            name,
            nodes: tree.size(),
            variables: tree.variables().len(),
            train: error(tree, &all.train),
            test: error(tree, test),
            formula: infix(tree, &names)?,
        })
    };
    trees.into_iter().map(row).collect()
}

/// What the report shows.
struct Shown<'a> {
    all: &'a Parts,
    parts: &'a Parts,
    steps: &'a [Step],
    chosen: usize,
    judged: u64,
    rows: &'a [Row],
}

fn write_report(
    at: &Path,
    shown: &Shown,
    problem: &Problem,
    [found, pruned]: [&Tree; 2],
    seconds: f64,
) -> Result<(), RunError> {
    let names: Vec<String> = problem.names.iter().map(|name| name.text.clone()).collect();
    let goal = problem.target_name.text.clone();
    let path = prune::Shown {
        steps: shown.steps,
        chosen: shown.chosen,
        test: shown.parts.test.as_ref(),
        names: &names,
    };
    let mut figures = vec![
        Named {
            title: "Comparison".to_owned(),
            caption: format!(
                "Noise of {} MPa lies over the law; sand, temperature and batch are not in it.",
                law::NOISE
            ),
            figure: Figure::Table {
                columns: HEADS.map(str::to_owned).to_vec(),
                rows: shown.rows.iter().map(cells).collect(),
            },
        },
        Named {
            title: "Error in rows that nothing was fitted to".to_owned(),
            caption: "Root mean square error.".to_owned(),
            figure: Figure::Bars {
                labels: shown.rows.iter().map(|row| row.name.to_owned()).collect(),
                series: vec![Series {
                    name: "rmse".to_owned(),
                    values: shown.rows.iter().map(|row| row.test).collect(),
                }],
                unit: "MPa".to_owned(),
            },
        },
    ];
    figures.extend(prune::figures(&path, found, pruned, shown.parts, &goal)?);
    let metric = |part: &Problem, tree: &Tree| {
        secateur::formula::metrics::metrics(&part.target, &values(tree, part.columns()))
    };
    let test = shown.all.test.as_ref().unwrap_or(&shown.all.train);
    let (before, after) = (metric(test, found), metric(test, pruned));
    let mut costs = report::sizes(Some(found), pruned);
    costs.push(report::count("Formulas judged", None, shown.judged as usize));
    let head = Head {
        method: "demo",
        model: format!("{goal}: {} nodes", pruned.size()),
        inputs: vec![files::input("table", &at.join(TABLE))?],
        costs,
        quality: report::quality("test", Some(&before), &after, test.rows()),
        seconds,
        kept: pruned.size(),
    };
    folder::report(at, &report::record(head, figures, Vec::new()))
}

const HEADS: [&str; 5] = ["method", "nodes", "variables", "rmse train", "rmse test"];

fn cells(row: &Row) -> Vec<String> {
    vec![
        row.name.to_owned(),
        row.nodes.to_string(),
        row.variables.to_string(),
        format!("{:.3}", row.train),
        format!("{:.3}", row.test),
    ]
}

fn show(rows: &[Row], manner: Manner, seconds: f64) {
    if manner.json {
        let rows: Vec<_> = rows
            .iter()
            .map(|row| {
                json!({
                    "method": row.name,
                    "size": row.nodes,
                    "variables": row.variables,
                    "rmse_train": row.train,
                    "rmse_test": row.test,
                    "formula": row.formula,
                })
            })
            .collect();
        out::json(&json!({ "folder": FOLDER, "rows": rows, "seconds": seconds }));
        return;
    }
    out::print(&out::table(&HEADS, rows.iter().map(cells).collect(), &[1, 2, 3, 4]));
    out::line("");
    for row in rows.iter().skip(1) {
        out::line(&out::clean(&format!("{}: strength = {}\n", row.name, row.formula)));
    }
    out::line(&format!(
        "Written in {seconds:.1} s: {FOLDER}/report.html, the table and both formulas.\n\
         Try:  secateur formula export {FOLDER}/{PRUNED} --to python\n\
         \x20     secateur formula prune {FOLDER}/{FOUND} --data {FOLDER}/{TABLE}\n\
         \x20     secateur formula compare {FOLDER}/{TABLE} --target strength --folds 5 --time 2s"
    ));
}
