//! `secateur formula compare`.

use std::process::ExitCode;
use std::time::Instant;

use secateur::core::figure::Figure;
use secateur::core::{Progress as _, RunError};
use secateur::formula::backward::Choice;
use secateur::formula::baselines::Settings as Network;
use secateur::formula::compare::{
    Contender, Fold, Outcome, Setup, Trees, baselines, compare, record, trees,
};
use secateur::formula::metrics::{Metrics, Spread};
use secateur::formula::split::{Groups, repeated_folds};
use serde_json::{Value, json};

use super::prune::VALIDATION;
use super::{Manner, data, files, settings};
use crate::args::formula::{CompareArgs, WayWord};
use crate::commands::pages::Target;
use crate::out;

/// Generations of a search when neither they nor a time are given.
const GENERATIONS: u64 = 50;

pub(super) fn run(args: &CompareArgs, manner: Manner) -> Result<ExitCode, RunError> {
    let started = Instant::now();
    let path = args.learn.table.as_path();
    let page = Target::page(args.report.as_deref(), args.force, &[path])?;
    let (table, problem) = data::learned(&args.learn, &args.group)?;
    let parted = |error| RunError::from(error).at(path);
    let groups = Groups::of_columns(&table, &args.group).map_err(parted)?;
    let (folds, repeats) = (usize::from(args.folds), usize::from(args.repeats));
    let splits = repeated_folds(&groups, folds, repeats, args.seed).map_err(parted)?;
    let setup = Setup { problem: &problem, groups: &groups, splits: &splits, seed: args.seed };
    let contenders = contenders(args, problem.inputs.len() as u32, manner);
    let mut progress = manner.progress();
    progress.begin("fit", contenders.len() * splits.len());
    let outcomes = compare(&setup, &contenders, |name, done| progress.step(done, name))?;
    let mut record = record(&setup, &outcomes, &path.display().to_string());
    record.run.command = crate::commands::prune::command();
    record.run.inputs = vec![files::input("table", path)?];
    record.run.threads = rayon::current_num_threads();
    record.run.seconds = Some(started.elapsed().as_secs_f64());
    if let Some(page) = &page {
        page.record(&record)?;
    }
    for warning in &record.warnings {
        out::note(&out::clean(&format!("warning: {warning}")));
    }
    let written: Vec<String> = page.iter().map(|page| page.path.display().to_string()).collect();
    if manner.json {
        out::json(&json!({
            "target": problem.target_name.text,
            "rows": problem.rows(),
            "inputs": problem.inputs.len(),
            "groups": groups.count(),
            "folds": folds,
            "repeats": repeats,
            "seed": args.seed,
            "methods": outcomes.iter().map(method).collect::<Vec<_>>(),
            "warnings": record.warnings,
            "written": written,
            "seconds": record.run.seconds,
        }));
        return Ok(ExitCode::SUCCESS);
    }
    out::line(&out::clean(&format!(
        "{} in {} rows, {} groups, {folds} folds{}",
        problem.target_name.text,
        out::count(problem.rows() as u64),
        out::count(groups.count() as u64),
        if repeats > 1 { format!(", {repeats} times") } else { String::new() }
    )));
    if let Some(Figure::Table { columns, rows }) = record.figures.first().map(|named| &named.figure)
    {
        let heads: Vec<&str> = columns.iter().map(String::as_str).collect();
        let right: Vec<usize> = (1..heads.len()).collect();
        out::print(&out::table(&heads, rows.clone(), &right));
    }
    if !written.is_empty() {
        out::line(&format!("written: {}", written.join(", ")));
    }
    Ok(ExitCode::SUCCESS)
}

/// What takes part, in the order of the help.
fn contenders(args: &CompareArgs, inputs: u32, manner: Manner) -> Vec<Contender<'static>> {
    let how = Trees {
        search: settings::settings(&args.search, inputs, args.seed),
        limits: settings::limits(&args.search, GENERATIONS),
        validation: args.validation.filter(|share| *share > 0.0).unwrap_or(VALIDATION),
        refit: args.refit.refit(),
        choice: Choice::Tolerance(args.tolerance),
    };
    let watched = manner.progress();
    let mut all = baselines(Network::default());
    all.extend(trees(&how, move || watched.stopped()));
    let wanted = |word: WayWord| args.methods.is_empty() || args.methods.contains(&word);
    let words = [
        WayWord::Ols,
        WayWord::LogLinear,
        WayWord::Stepwise,
        WayWord::Network,
        WayWord::Got,
        WayWord::PrunedGot,
    ];
    all.into_iter().zip(words).filter(|(_, word)| wanted(*word)).map(|(way, _)| way).collect()
}

fn method(outcome: &Outcome) -> Value {
    json!({
        "name": outcome.name,
        "rmse": spread(outcome.rmse()),
        "r2": spread(outcome.r2()),
        "mae": spread(outcome.mae()),
        "size": spread(outcome.size()),
        "parameters": spread(outcome.parameters()),
        "seconds": spread(outcome.seconds()),
        "pooled": outcome.pooled.as_ref().map(errors),
        "pooled_interval": outcome.pooled_interval,
        "folds": outcome.folds.iter().map(fold).collect::<Vec<_>>(),
    })
}

fn errors(errors: &Metrics) -> Value {
    json!({ "rmse": errors.rmse, "r2": errors.r2, "mae": errors.mae })
}

fn spread(spread: Option<Spread>) -> Value {
    spread.map_or(
        Value::Null,
        |Spread { mean, sd, interval, .. }| json!({ "mean": mean, "sd": sd, "interval": interval }),
    )
}

fn fold(fold: &Result<Fold, RunError>) -> Value {
    let (done, error) = match fold {
        Ok(fold) => (Some(fold), None),
        Err(error) => (None, Some(error.to_string())),
    };
    json!({
        "train": done.map(|fold| errors(&fold.train)),
        "test": done.map(|fold| errors(&fold.test)),
        "size": done.and_then(|fold| fold.fitted.model.size()),
        "parameters": done.map(|fold| fold.fitted.parameters),
        "model": done.map(|fold| &fold.fitted.text),
        "seconds": done.map(|fold| fold.seconds),
        "error": error,
    })
}
