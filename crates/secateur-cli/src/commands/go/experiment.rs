//! `secateur go experiment`.

mod journal;
mod page;

use std::io::IsTerminal as _;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use secateur::core::record::Input;
use secateur::core::{Kind, Progress as _, RunError};
use secateur::go::board::Game;
use secateur::go::criteria::Strategy;
use secateur::go::experiment::agreement::{Agreement, Question, agreement};
use secateur::go::experiment::{
    CellResult, Event, Outcome, Plan, Row, Test, joined, read_games, run as carry_out,
};
use serde_json::{Value, json};

use super::results::{options, percent, rate, score};
use super::{Manner, position};
use crate::args::go::{ExperimentArgs, TestWord};
use crate::commands::pages::Target;
use crate::out;
use crate::progress::{Terminal, stop_flag};
use journal::Lines;

/// Playouts of the whole player when nothing is said.
const PLAYOUTS: u64 = 300;

/// Everything that was found.
struct Found {
    plan: Plan,
    outcome: Outcome,
    agreement: Option<Agreement>,
    /// Game records that were read.
    games: Vec<Game>,
    inputs: Vec<Input>,
    /// Games that were played now, and are not from the journal.
    played: u64,
    seconds: f64,
}

pub(super) fn run(args: &ExperimentArgs, manner: Manner) -> Result<ExitCode, RunError> {
    let started = Instant::now();
    let files: Vec<_> = args.agree.iter().map(PathBuf::as_path).collect();
    // The page that was written when the run was stopped is that of the same run.
    let page = Target::page(args.report.as_deref(), args.force || args.resume, &files)?;
    page.iter().try_for_each(|page| page.is_apart(args.journal.as_deref()))?;
    let plan = plan(args)?;
    let question = question(&plan);
    question.check()?;
    let has_matches = args.games > 0;
    if has_matches {
        plan.check()?;
    } else if files.is_empty() {
        let hint = "give a number of games, or files with --agree";
        return Err(usage("--games 0 leaves nothing to do", hint));
    }
    let mut games = Vec::new();
    let mut inputs = Vec::new();
    for file in files {
        let found = read_games(&position::bytes(file)?);
        games.extend(found.map_err(|error| RunError::from(error).at(file))?);
        inputs.push(position::input(file)?);
    }
    let mut progress = manner.progress();
    let mut outcome = Outcome { rows: Vec::new(), claims: Vec::new(), games: 0, is_complete: true };
    let mut played = 0;
    if has_matches {
        (outcome, played) = matches(args, &plan, &mut progress, manner)?;
    }
    let agreement = (!games.is_empty() && outcome.is_complete)
        .then(|| asked(&games, &question, &mut progress))
        .transpose()?;
    let is_complete =
        outcome.is_complete && agreement.as_ref().is_none_or(|found| found.is_complete);
    let seconds = started.elapsed().as_secs_f64();
    let found = Found { plan, outcome, agreement, games, inputs, played, seconds };
    let mut written: Vec<String> =
        args.journal.iter().map(|path| path.display().to_string()).collect();
    if let Some(page) = &page {
        page.record(&page::record(&found)?)?;
        written.push(page.path.display().to_string());
    }
    if manner.json {
        print_json(&found, &written);
    } else {
        show(&found, &written);
    }
    if !is_complete {
        let more = if args.journal.is_some() { "; --resume goes on" } else { "" };
        out::note(&format!("stopped: this is what was finished until then{more}"));
        return Ok(ExitCode::from(Kind::Interrupted.exit()));
    }
    Ok(ExitCode::SUCCESS)
}

fn usage(message: &str, hint: &str) -> RunError {
    RunError::new(Kind::Usage, "SEC-CL-006", message).hint(hint)
}

fn plan(args: &ExperimentArgs) -> Result<Plan, RunError> {
    let engine = &args.engine;
    if engine.time_per_move.is_some() {
        let hint = "--playouts limits the whole player, --savings the pruned one";
        return Err(usage("an experiment counts playouts and takes no time of a move", hint));
    }
    if engine.prune.is_some() || engine.quantile.is_some() || engine.threshold.is_some() {
        let hint = "--strategies and --quantiles say what is tried";
        return Err(usage("an experiment tries several strategies and quantiles", hint));
    }
    let mut strategies: Vec<Vec<Strategy>> = Vec::new();
    for entry in args.strategies.iter().flat_map(|entries| &entries.0) {
        if !strategies.contains(entry) {
            strategies.push(entry.clone());
        }
    }
    let first = if args.full { args.boards.len() } else { 1 };
    let (sizes, later) = args.boards.split_at(first.min(args.boards.len()));
    Ok(Plan {
        sizes: sizes.to_vec(),
        later_sizes: later.to_vec(),
        best: 1,
        strategies,
        quantiles: args.quantiles.clone(),
        savings: args.savings.clone(),
        playouts: engine.playouts.unwrap_or(PLAYOUTS),
        games: args.games,
        test: match args.test {
            TestWord::Sprt => Test::Sprt(args.sprt),
            TestWord::Wilson => Test::Wilson,
        },
        komi: args.komi,
        opening_moves: args.opening,
        search: engine.settings(),
        seed: engine.seed,
    })
}

fn question(plan: &Plan) -> Question {
    Question {
        strategies: plan.strategies.clone(),
        quantiles: plan.quantiles.clone(),
        min_keep: plan.search.pruning.min_keep,
        kernel: plan.search.kernel,
        edge: plan.search.edge,
        ..Question::default()
    }
}

/// The matches, each game of which goes into the journal, and how many games were played now.
fn matches(
    args: &ExperimentArgs,
    plan: &Plan,
    progress: &mut Terminal,
    manner: Manner,
) -> Result<(Outcome, u64), RunError> {
    let journal = args.journal.as_deref();
    let (known, mut lines) = match journal {
        Some(path) => Lines::begin(path, plan, args.resume, args.force)?,
        None => (secateur::go::experiment::journal::Journal::default(), Lines::none()),
    };
    if !known.is_empty() && !manner.quiet {
        let games = out::counted(known.len() as u64, "game");
        out::note(&format!("the journal has {games} already"));
    }
    if !manner.quiet {
        let (rows, games) = plan.most();
        let rows = out::counted(rows as u64, "row");
        let games = out::counted(games as u64, "game");
        out::note(&format!("at most {rows} of matches and {games}"));
    }
    // A line for each of thousands of games helps nobody; a bar shows them.
    let has_bar = std::io::stderr().is_terminal();
    let mut failed = None;
    let mut played = 0;
    let jobs = args.jobs.unwrap_or_else(rayon::current_num_threads);
    let outcome = carry_out(plan, jobs, &known, stop_flag(), &mut |event| {
        match event {
            Event::Begin { cell, .. } if has_bar => progress.begin(&cell.name(), plan.games),
            Event::Game { tally, line, .. } => {
                played += 1;
                if let Err(error) = lines.add(line) {
                    failed = Some(error);
                    return ControlFlow::Break(());
                }
                if has_bar {
                    let games = tally.score.games() as usize;
                    progress.step(games, &percent(tally.score.share().unwrap_or(0.5)));
                }
            }
            Event::Cell(result) if !manner.quiet => out::note(&told(result)),
            Event::Begin { .. } | Event::Cell(_) => {}
        }
        ControlFlow::Continue(())
    });
    match failed {
        Some(error) => Err(error),
        None => Ok((outcome?, played)),
    }
}

/// A match in a line.
fn told(result: &CellResult) -> String {
    let holds = if result.holds { "holds" } else { "loses" };
    let (score, cell) = (&result.tally.score, &result.cell);
    format!("{}: {}, {}, {holds}", cell.name(), out::counted(score.games(), "game"), rate(score))
}

fn asked(
    games: &[Game],
    question: &Question,
    progress: &mut Terminal,
) -> Result<Agreement, RunError> {
    progress.begin("game record", games.len());
    let found = agreement(games, question, stop_flag(), &mut |done| {
        progress.step(done, "");
        ControlFlow::Continue(())
    })?;
    Ok(found)
}

/// The best quantile of each size and combination: the row that saves most, and of those the one
/// that won most.
fn best_rows(outcome: &Outcome) -> Vec<&Row> {
    let mut best: Vec<&Row> = Vec::new();
    for row in &outcome.rows {
        let same = |b: &&mut &Row| b.size == row.size && b.strategies == row.strategies;
        match best.iter_mut().find(same) {
            None => best.push(row),
            Some(other) if row.worth() > other.worth() => *other = row,
            Some(_) => {}
        }
    }
    best
}

/// Work beside that of the whole player, of a share that was spared. A rounded zero has no sign.
fn less(share: f64) -> String {
    format!("{:+.0} %", (-share * 100.0).round() + 0.0)
}

/// A share that may be missing because not even nothing can be saved.
fn saving(largest: Option<f64>) -> String {
    largest.map_or_else(|| "loses".to_owned(), |share| format!("{:.0} %", share * 100.0))
}

const HEADS: [&str; 8] =
    ["board", "strategies", "quantile", "saved", "win rate there", "games", "moves opened", "time"];

fn cells(row: &Row) -> Vec<String> {
    let mut cells = vec![
        row.size.to_string(),
        joined(&row.strategies),
        row.quantile.to_string(),
        saving(row.largest),
    ];
    if let Some(result) = row.held() {
        cells.extend([
            rate(&result.tally.score),
            result.tally.score.games().to_string(),
            less(result.saved.kept),
            less(result.saved.seconds),
        ]);
    } else {
        cells.extend(["-"; 4].map(str::to_owned));
    }
    cells
}

fn show(found: &Found, written: &[String]) {
    let outcome = &found.outcome;
    if !outcome.rows.is_empty() {
        let rows = best_rows(outcome).into_iter().map(cells).collect();
        out::print(&out::table(&HEADS, rows, &[0, 2, 3, 4, 5, 6, 7]));
    }
    for claim in &outcome.claims {
        let kind = if claim.strategies.len() == 1 { "single strategy" } else { "pair" };
        let saved = match claim.saving {
            Some(share) => format!("saves {:.0} % of the playouts", share * 100.0),
            None => "loses even with all playouts".to_owned(),
        };
        out::line(&format!(
            "{size} x {size}: the best {kind}, {}, {saved}; the paper states {:.0} %",
            joined(&claim.strategies),
            claim.paper * 100.0,
            size = claim.size
        ));
    }
    if let Some(agreement) = &found.agreement {
        let heads = ["strategies", "quantile", "moves cut", "played moves kept", "95 %"];
        let row = |line: &secateur::go::experiment::agreement::Line| {
            let [low, high] = line.all.interval();
            vec![
                joined(&line.strategies),
                line.quantile.to_string(),
                percent(line.all.share_cut().unwrap_or(0.0)),
                percent(line.all.share_kept().unwrap_or(0.0)),
                format!("{} to {}", percent(low), percent(high)),
            ]
        };
        let rows = agreement.lines.iter().map(row).collect();
        out::print(&out::table(&heads, rows, &[1, 2, 3, 4]));
        let positions = agreement.lines.first().map_or(0, |line| line.all.positions);
        let (games, positions) =
            (out::counted(agreement.games, "game"), out::counted(positions, "position"));
        out::line(&format!("{games}, {positions}"));
    }
    if outcome.games > 0 {
        let games = out::counted(outcome.games, "game");
        let now = match found.played {
            all if all == outcome.games => String::new(),
            some => format!(", {} of them now,", out::count(some)),
        };
        out::line(&format!("{games}{now} in {:.1} s", found.seconds));
    }
    if !written.is_empty() {
        out::line(&format!("written: {}", written.join(", ")));
    }
}

fn print_json(found: &Found, written: &[String]) {
    let outcome = &found.outcome;
    let cell = |result: &CellResult| {
        json!({
            "saving": result.cell.saving,
            "playouts": result.playouts,
            "score": score(&result.tally.score),
            "holds": result.holds,
            "basis": result.basis,
            "sprt": result.sprt,
            "saved": result.saved,
        })
    };
    let row = |row: &Row| {
        json!({
            "size": row.size,
            "strategies": row.strategies,
            "quantile": row.quantile,
            "largest": row.largest,
            "cells": row.cells.iter().map(cell).collect::<Vec<_>>(),
        })
    };
    let plan = &found.plan;
    out::json(&json!({
        "plan": {
            "sizes": plan.sizes,
            "later_sizes": plan.later_sizes,
            "strategies": plan.strategies,
            "quantiles": plan.quantiles,
            "savings": plan.savings,
            "playouts": plan.playouts,
            "games": plan.games,
            "komi": plan.komi,
            "opening": plan.opening_moves,
            "seed": plan.seed,
            "options": options(&plan.search),
        },
        "rows": outcome.rows.iter().map(row).collect::<Vec<_>>(),
        "claims": outcome.claims,
        "games": outcome.games,
        "played": found.played,
        "is_complete": outcome.is_complete,
        "agreement": found.agreement.as_ref().map(of_agreement),
        "written": written,
        "seconds": found.seconds,
    }));
}

fn of_agreement(found: &Agreement) -> Value {
    let lines = found.lines.iter().map(|line| {
        json!({
            "strategies": line.strategies,
            "quantile": line.quantile,
            "all": line.all,
            "share_kept": line.all.share_kept(),
            "interval": line.all.interval(),
            "share_cut": line.all.share_cut(),
            "phases": line.phases,
        })
    });
    json!({
        "games": found.games,
        "phases": found.phases,
        "is_complete": found.is_complete,
        "lines": lines.collect::<Vec<_>>(),
    })
}
