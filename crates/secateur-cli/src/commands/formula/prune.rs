//! `secateur formula prune`.

use std::process::ExitCode;
use std::time::Instant;

use secateur::core::figure::{Figure, Points};
use secateur::core::record::Named;
use secateur::core::{Kind, RunError};
use secateur::formula::backward::{Choice, Refit, Samples, Step, Tips, choose, path, refitted};
use secateur::formula::evaluate::values;
use secateur::formula::factor::factored;
use secateur::formula::formula::{Formula, Split};
use secateur::formula::metrics::{Metrics, metrics};
use secateur::formula::scale::Target;
use secateur::formula::shorten::{READABLE, shortened};
use secateur::formula::simplify::simplify;
use secateur::formula::syntax::{Target as Language, write};
use secateur::formula::table::Problem;
use secateur::formula::tree::Tree;
use serde_json::{Value, json};

use super::data::Parts;
use super::eval::{Used, faults};
use super::report::{self, Head};
use super::{Manner, data, files};
use crate::args::formula::{ChooseWord, PruneArgs, TipWord};
use crate::commands::pages;
use crate::out;

/// Share of the rows that selects when nothing else is said.
pub(super) const VALIDATION: f64 = 0.3;

pub(super) fn run(args: &PruneArgs, manner: Manner) -> Result<ExitCode, RunError> {
    let started = Instant::now();
    let path_of_table = &args.table.data;
    let mut inputs_read = vec![path_of_table.as_path()];
    inputs_read.extend(args.formula.formula.as_deref());
    let output = args.output.as_deref();
    let output = output.map(|path| files::document(path, args.force, &inputs_read)).transpose()?;
    let page = pages::Target::page(args.report.as_deref(), args.force, &inputs_read)?;
    let columns = data::columns(path_of_table, &args.table.reading)?;
    let formula = files::formula(&args.formula, &data::texts(&columns))?;
    let split = split(args, &formula);
    let used = Used::of(&formula, &args.table, &columns, &args.formula)?;
    let table = used.table(&args.table, &split.group)?;
    let problem = used.problem(&table, path_of_table)?;
    let Used { tree, target: goal, .. } = used;
    faults(&values(&tree, problem.columns())).map_err(|error| error.at(path_of_table))?;
    let mut parts = data::parts(&table, &problem, &split, path_of_table)?;
    let mut warnings = problem.warnings.clone();
    if args.paper_mode {
        let Some(test) = &parts.test else {
            let message = "--paper-mode selects on test rows, and there are none";
            return Err(RunError::new(Kind::Usage, "SEC-FO-012", message)
                .hint("keep some aside with --test 0.3"));
        };
        parts.select = test.clone();
        warnings.push(
            "Formulas were selected on the test rows, as in the paper: their test error flatters."
                .to_owned(),
        );
    }
    let goals = parts.goals();
    let rows = parts.rows(&goals);
    let tips = match args.tip {
        TipWord::Leaves => Tips::Leaves,
        TipWord::Operators => Tips::Operators,
        TipWord::Any => Tips::All,
    };
    let steps = path(&tree, tips, args.refit.refit(), &rows)
        .map_err(|error| RunError::new(Kind::Other, "SEC-FO-015", error.to_string()))?;
    let rule = match args.choose {
        ChooseWord::Minimum => Choice::Minimum,
        ChooseWord::Tolerance => Choice::Tolerance(args.tolerance),
        ChooseWord::OneSe => Choice::OneStandardError,
    };
    let chosen = choose(&steps, rule, &rows, split.seed);
    let pruned = taken(&steps[chosen], args.refit.refit(), &problem, &parts);
    let document = document(&formula, &problem, &pruned, &parts.train, &split);
    let names = document.names();
    let text = infix(&pruned, &names)?;
    let mut written = Vec::new();
    if let Some(output) = &output {
        output.text(&document.to_json().map_err(files::at(&output.path))?)?;
        written.push(output.path.display().to_string());
    }
    let table_of_steps = Shown { steps: &steps, chosen, test: parts.test.as_ref(), names: &names };
    let seconds = started.elapsed().as_secs_f64();
    let before = measured(&tree, &parts);
    let after = measured(&pruned, &parts);
    if let Some(page) = &page {
        let mut read = vec![files::input("table", path_of_table)?];
        if let Some(path) = &args.formula.formula {
            read.insert(0, files::input("formula", path)?);
        }
        let mut quality = Vec::new();
        for ((rows, before, count), (_, after, _)) in before.iter().zip(&after) {
            quality.extend(report::quality(rows, Some(before), after, *count));
        }
        let head = Head {
            method: "backward",
            model: format!("{goal}: {} nodes", pruned.size()),
            inputs: read,
            costs: report::sizes(Some(&tree), &pruned),
            quality,
            seconds,
            kept: pruned.size(),
        };
        let figures = figures(&table_of_steps, &tree, &pruned, &parts, &goal)?;
        page.record(&report::record(head, figures, warnings.clone()))?;
        written.push(page.path.display().to_string());
    }
    for warning in &warnings {
        out::note(&out::clean(&format!("warning: {warning}")));
    }
    if manner.json {
        let errors = |measured: &[(&'static str, Metrics, usize)]| -> Value {
            measured
                .iter()
                .map(|(rows, e, n)| {
                    let value = json!({ "rmse": e.rmse, "r2": e.r2, "mae": e.mae, "rows": n });
                    ((*rows).to_owned(), value)
                })
                .collect::<serde_json::Map<_, _>>()
                .into()
        };
        out::json(&json!({
            "formula": text,
            "target": goal,
            "size_before": tree.size(),
            "size": pruned.size(),
            "variables": pruned.variables().len(),
            "before": errors(&before),
            "after": errors(&after),
            "chosen": chosen,
            "path": table_of_steps.json()?,
            "written": written,
            "seconds": seconds,
        }));
    } else {
        out::print(&table_of_steps.text()?);
        out::line(&format!(
            "{} nodes of {}, {} variables of {}",
            pruned.size(),
            tree.size(),
            pruned.variables().len(),
            tree.variables().len()
        ));
        for ((rows, before, _), (_, after, _)) in before.iter().zip(&after) {
            out::line(&format!("{rows:10} rmse {:.4}, was {:.4}", after.rmse, before.rmse));
        }
        out::line(&out::clean(&format!("{goal} = {text}")));
        if !written.is_empty() {
            out::line(&format!("written: {}", written.join(", ")));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The formula of a step. Where constants are fitted again, they are now fitted to all rows that
/// are not test rows.
pub(super) fn taken(step: &Step, refit: Refit, problem: &Problem, parts: &Parts) -> Tree {
    let mut tree = step.formula.whole();
    if refit == Refit::Constants {
        let rows = problem.of_rows(&parts.learned);
        let target = Target::new(rows.target.clone());
        let samples = Samples { columns: rows.columns(), target: &target };
        if let Some(formula) = refitted(&tree, refit, samples) {
            tree = formula.whole();
        }
        return shortened(&simplify(&factored(&tree)), samples, READABLE);
    }
    simplify(&factored(&tree))
}

/// The split that was asked for, that the formula was made with, or the usual one.
fn split(args: &PruneArgs, formula: &Formula) -> Split {
    let known = formula.origin.split.clone().unwrap_or_default();
    let group = if args.split.group.is_empty() { known.group } else { args.split.group.clone() };
    let usual = if known.validation > 0.0 { known.validation } else { VALIDATION };
    Split {
        test: args.split.test.unwrap_or(known.test),
        validation: args.split.validation.unwrap_or(usual),
        group,
        seed: args.split.seed.unwrap_or(known.seed),
    }
}

/// The document of a pruned formula.
fn document(
    formula: &Formula,
    problem: &Problem,
    pruned: &Tree,
    train: &Problem,
    split: &Split,
) -> Formula {
    let mut document = super::fit::document(problem, pruned.clone(), train);
    document.origin = formula.origin.clone();
    document.origin.split = Some(split.clone());
    let method = formula.origin.method.as_deref().unwrap_or("unknown");
    if !method.ends_with("backward pruning") {
        document.origin.method = Some(format!("{method}, backward pruning"));
    }
    document
}

pub(super) fn infix(tree: &Tree, names: &[String]) -> Result<String, RunError> {
    write(tree, names, Language::Infix).map_err(RunError::from)
}

/// Errors in the rows of each use.
fn measured(tree: &Tree, parts: &Parts) -> Vec<(&'static str, Metrics, usize)> {
    let of = |name, part: &Problem| {
        (name, metrics(&part.target, &values(tree, part.columns())), part.rows())
    };
    let mut all = vec![of("train", &parts.train), of("validation", &parts.select)];
    all.extend(parts.test.iter().map(|test| of("test", test)));
    all
}

/// The path as it is shown.
pub(super) struct Shown<'a> {
    pub(super) steps: &'a [Step],
    pub(super) chosen: usize,
    pub(super) test: Option<&'a Problem>,
    pub(super) names: &'a [String],
}

impl Shown<'_> {
    fn rows(&self) -> Result<Vec<Vec<String>>, RunError> {
        let mut rows = Vec::new();
        for (number, step) in self.steps.iter().enumerate() {
            let whole = step.formula.whole();
            let gone = match &step.gone {
                Some((tree, by)) => format!("{} -> {by}", infix(tree, self.names)?),
                None => String::new(),
            };
            let mut row = vec![
                number.to_string(),
                whole.size().to_string(),
                whole.variables().len().to_string(),
                format!("{:.4}", step.train),
                format!("{:.4}", step.select),
            ];
            row.extend(self.test.map(|test| {
                let errors = metrics(&test.target, &values(&whole, test.columns()));
                format!("{:.4}", errors.rmse)
            }));
            row.push(if number == self.chosen { "taken".to_owned() } else { String::new() });
            row.push(gone);
            rows.push(row);
        }
        Ok(rows)
    }

    fn heads(&self) -> Vec<&'static str> {
        let mut heads = vec!["step", "nodes", "variables", "train", "validation"];
        heads.extend(self.test.map(|_| "test"));
        heads.extend(["", "gave way to its median"]);
        heads
    }

    fn text(&self) -> Result<String, RunError> {
        let right: Vec<usize> = (0..self.heads().len() - 2).collect();
        Ok(out::table(&self.heads(), self.rows()?, &right))
    }

    fn json(&self) -> Result<Vec<Value>, RunError> {
        let one = |step: &Step| -> Result<Value, RunError> {
            let whole = step.formula.whole();
            let gone = step.gone.as_ref();
            let part = gone.map(|(tree, _)| infix(tree, self.names)).transpose()?;
            let test =
                self.test.map(|test| metrics(&test.target, &values(&whole, test.columns())).rmse);
            Ok(json!({
                "formula": infix(&whole, self.names)?,
                "size": whole.size(),
                "variables": whole.variables().len(),
                "rmse_train": finite(step.train),
                "rmse_validation": finite(step.select),
                "rmse_test": test.map(finite),
                "gone": part,
                "median": gone.map(|(_, by)| by),
            }))
        };
        self.steps.iter().map(one).collect()
    }
}

fn finite(value: f64) -> Value {
    if value.is_finite() { json!(value) } else { Value::Null }
}

pub(super) fn figures(
    shown: &Shown,
    before: &Tree,
    after: &Tree,
    parts: &Parts,
    goal: &str,
) -> Result<Vec<Named>, RunError> {
    let curve = |of: fn(&Step) -> f64| -> Vec<[f64; 2]> {
        let point = |step: &Step| [step.formula.whole().size() as f64, of(step)];
        let mut points: Vec<[f64; 2]> = shown.steps.iter().map(point).collect();
        points.retain(|point| point[1].is_finite());
        points
    };
    let series = |name: &str, points| Points { name: name.to_owned(), points };
    let named = |title: &str, caption: &str, figure| Named {
        title: title.to_owned(),
        caption: caption.to_owned(),
        figure,
    };
    let path = Figure::Lines {
        x: "nodes".to_owned(),
        y: format!("rmse of {goal}"),
        series: vec![
            series("train", curve(|step| step.train)),
            series("validation", curve(|step| step.select)),
        ],
        log_y: false,
    };
    let table = Figure::Table {
        columns: shown.heads().iter().map(|head| (*head).to_owned()).collect(),
        rows: shown.rows()?,
    };
    let text = format!(
        "before: {goal} = {}\n\nafter: {goal} = {}",
        infix(before, shown.names)?,
        infix(after, shown.names)?
    );
    let rows = parts.test.as_ref().unwrap_or(&parts.select);
    Ok(vec![
        named("Formula", "Before and after.", Figure::Text { text }),
        named("Error against size", "Every step of the path.", path),
        super::fit::predicted(after, rows, goal),
        named("Path", "One tip after the other gives way to its median.", table),
    ])
}
