//! Matches in order, and what they say.

use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;

use serde::Serialize;

use super::journal::{self, Journal};
use super::plan::{Cell, Plan, Test};
use super::{PAPER_PAIR, PAPER_SINGLE};
use crate::criteria::Strategy;
use crate::error::GoError;
use crate::play::{Effort, GameRecord, Known, Series, SprtState, Stopped, Tally, Verdict};

/// What happens during a run.
#[derive(Debug)]
pub enum Event<'a> {
    /// A match begins, with so many games known from the journal.
    Begin {
        /// Which match.
        cell: &'a Cell,
        /// Games that are known.
        known: usize,
    },
    /// A game ended.
    Game {
        /// Of which match.
        cell: &'a Cell,
        /// The game.
        game: &'a GameRecord,
        /// Games of the match so far.
        tally: &'a Tally,
        /// The line for the journal, with its end.
        line: &'a str,
    },
    /// A match ended.
    Cell(&'a CellResult),
}

/// What decided a match.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    /// The sequential test accepted a hypothesis.
    Sprt,
    /// The games ran out, and one hypothesis of the sequential test is likelier.
    Likelier,
    /// The Wilson interval of all games.
    Wilson,
}

/// Share of the work that the pruned player was spared, by turn; negative where it did more.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Saved {
    /// Of playouts.
    pub playouts: f64,
    /// Of nodes that got children.
    pub nodes: f64,
    /// Of legal moves generated, whether they were cut or not.
    pub moves: f64,
    /// Of moves that became nodes of the tree.
    pub kept: f64,
    /// Of time; depends on the machine.
    pub seconds: f64,
}

impl Saved {
    /// The first player's work against the second's.
    pub fn of(effort: &[Effort; 2]) -> Self {
        let [pruned, whole] = effort;
        let saved = |pick: &dyn Fn(&Effort) -> f64| {
            let by_turn = |effort: &Effort| pick(effort) / effort.turns.max(1) as f64;
            let whole = by_turn(whole);
            if whole > 0.0 { 1.0 - by_turn(pruned) / whole } else { 0.0 }
        };
        Self {
            playouts: saved(&|effort| effort.playouts as f64),
            nodes: saved(&|effort| effort.nodes as f64),
            moves: saved(&|effort| effort.moves as f64),
            kept: saved(&|effort| (effort.moves - effort.cut) as f64),
            seconds: saved(&|effort| effort.seconds),
        }
    }
}

/// A match that was played.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CellResult {
    /// Which.
    pub cell: Cell,
    /// Playouts a move of the pruned player.
    pub playouts: u64,
    /// Games of the pruned player, which is the first, against the whole one.
    pub tally: Tally,
    /// Share of points of the pruned player.
    pub share: f64,
    /// Its 95 % Wilson interval. Where a sequential test stopped the match it is too narrow.
    pub interval: [f64; 2],
    /// The sequential test, where one was asked for.
    pub sprt: Option<SprtState>,
    /// Whether the pruned player is taken to be as good as the whole one.
    pub holds: bool,
    /// By what.
    pub basis: Basis,
    /// Work that it was spared.
    pub saved: Saved,
}

/// All matches of one size, strategy and quantile.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// Points on a side.
    pub size: usize,
    /// What prunes.
    pub strategies: Vec<Strategy>,
    /// Share of the legal moves that each strategy cuts.
    pub quantile: f64,
    /// By saving; the last is the first that did not hold.
    pub cells: Vec<CellResult>,
    /// The largest share of playouts that the pruned player can go without; `None` when it loses
    /// with all of them.
    pub largest: Option<f64>,
}

impl Row {
    /// The match of the largest saving that was held; else the first.
    pub fn held(&self) -> Option<&CellResult> {
        self.cells.iter().rfind(|result| result.holds).or(self.cells.first())
    }

    /// Order of rows: the largest saving, then the share of points there.
    pub fn worth(&self) -> (f64, f64) {
        (self.largest.unwrap_or(-1.0), self.held().map_or(0.0, |result| result.share))
    }
}

/// The best row of a kind beside the number of the paper.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Claim {
    /// Points on a side.
    pub size: usize,
    /// What prunes.
    pub strategies: Vec<Strategy>,
    /// Share of the legal moves that each strategy cuts.
    pub quantile: f64,
    /// The largest share of playouts that can be spared; `None` for not even none.
    pub saving: Option<f64>,
    /// What the paper states, for boards whose size its abstract does not name.
    pub paper: f64,
}

/// What an experiment found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// In the order of the plan, sizes first; those that were not finished are left out.
    pub rows: Vec<Row>,
    /// The best single strategy and the best pair of each size, as far as there are any.
    pub claims: Vec<Claim>,
    /// Games, those from the journal included.
    pub games: u64,
    /// Whether all of the plan was carried out.
    pub is_complete: bool,
}

/// Carries out a plan, `jobs` games at once; games that the journal has are not played again.
/// `on` is called on this thread; [`ControlFlow::Break`] ends the run, as does `stop`, and what
/// was finished by then is returned.
///
/// Results do not depend on `jobs`, nor on how often the run was stopped and taken up again; only
/// times do.
///
/// # Errors
/// [`GoError`] for a plan that makes no sense, before any game is begun.
pub fn run(
    plan: &Plan,
    jobs: usize,
    journal: &Journal,
    stop: &AtomicBool,
    on: &mut dyn FnMut(Event<'_>) -> ControlFlow<()>,
) -> Result<Outcome, GoError> {
    plan.check()?;
    if jobs == 0 {
        let (option, expected) = ("jobs", "at least 1");
        return Err(GoError::Option { option, expected, got: "0".to_owned() });
    }
    let mut rows = Vec::new();
    let mut is_complete = true;
    let all = |size: usize| {
        let strategies = plan.strategies.iter();
        strategies.flat_map(move |strategies| {
            plan.quantiles.iter().map(move |quantile| (size, strategies.clone(), *quantile))
        })
    };
    let mut to_do: Vec<(usize, Vec<Strategy>, f64)> =
        plan.sizes.iter().flat_map(|size| all(*size)).collect();
    let mut at = 0;
    let mut has_later = false;
    while is_complete {
        if at == to_do.len() {
            if has_later {
                break;
            }
            has_later = true;
            to_do.extend(later(plan, &rows));
            continue;
        }
        let (size, strategies, quantile) = &to_do[at];
        let row = row(plan, jobs, journal, (*size, strategies, *quantile), stop, on)?;
        is_complete = row.is_some();
        rows.extend(row);
        at += 1;
    }
    let games = rows.iter().flat_map(|row: &Row| &row.cells);
    let games = games.map(|result| result.tally.score.games()).sum();
    let claims = claims(&rows);
    Ok(Outcome { rows, claims, games, is_complete })
}

/// Rows for the later sizes: the best single strategies and pairs of the first size, each with
/// its best quantile.
fn later(plan: &Plan, rows: &[Row]) -> Vec<(usize, Vec<Strategy>, f64)> {
    let mut chosen = Vec::new();
    for strategies in [1, 2] {
        let mut best: Vec<&Row> = Vec::new();
        for row in ranked(rows, plan.sizes[0], strategies) {
            if best.len() < plan.best && best.iter().all(|b| b.strategies != row.strategies) {
                best.push(row);
            }
        }
        chosen.extend(best);
    }
    let of_size = |size: &usize| {
        let size = *size;
        chosen.iter().map(move |row| (size, row.strategies.clone(), row.quantile))
    };
    plan.later_sizes.iter().flat_map(of_size).collect()
}

/// Rows of a size with so many strategies, the best first; of equal ones the earlier first.
fn ranked(rows: &[Row], size: usize, strategies: usize) -> Vec<&Row> {
    let is_meant = |row: &&Row| row.size == size && row.strategies.len() == strategies;
    let mut found: Vec<&Row> = rows.iter().filter(is_meant).collect();
    found.sort_by(|a, b| {
        let ((saving_a, share_a), (saving_b, share_b)) = (a.worth(), b.worth());
        saving_b.total_cmp(&saving_a).then(share_b.total_cmp(&share_a))
    });
    found
}

fn claims(rows: &[Row]) -> Vec<Claim> {
    let mut sizes: Vec<usize> = rows.iter().map(|row| row.size).collect();
    sizes.dedup();
    let mut claims = Vec::new();
    for size in sizes {
        for (strategies, paper) in [(1, PAPER_SINGLE), (2, PAPER_PAIR)] {
            let best = ranked(rows, size, strategies).into_iter().next();
            claims.extend(best.map(|row| Claim {
                size,
                strategies: row.strategies.clone(),
                quantile: row.quantile,
                saving: row.largest,
                paper,
            }));
        }
    }
    claims
}

/// One row, by growing savings; `None` when it was stopped.
fn row(
    plan: &Plan,
    jobs: usize,
    journal: &Journal,
    (size, strategies, quantile): (usize, &[Strategy], f64),
    stop: &AtomicBool,
    on: &mut dyn FnMut(Event<'_>) -> ControlFlow<()>,
) -> Result<Option<Row>, GoError> {
    let mut cells: Vec<CellResult> = Vec::new();
    let mut largest = None;
    for saving in &plan.savings {
        let cell = Cell { size, strategies: strategies.to_vec(), quantile, saving: *saving };
        let Some(result) = played(plan, jobs, journal, cell, stop, on)? else { return Ok(None) };
        let told = on(Event::Cell(&result));
        let holds = result.holds;
        cells.push(result);
        if holds {
            largest = Some(*saving);
        }
        if told.is_break() {
            return Ok(None);
        }
        if !holds {
            break;
        }
    }
    Ok(Some(Row { size, strategies: strategies.to_vec(), quantile, cells, largest }))
}

/// One match; `None` when it was stopped.
fn played(
    plan: &Plan,
    jobs: usize,
    journal: &Journal,
    cell: Cell,
    stop: &AtomicBool,
    on: &mut dyn FnMut(Event<'_>) -> ControlFlow<()>,
) -> Result<Option<CellResult>, GoError> {
    let none = Known::new();
    let known = journal.of(&cell).unwrap_or(&none);
    if on(Event::Begin { cell: &cell, known: known.len() }).is_break() {
        return Ok(None);
    }
    let of = plan.match_of(&cell, jobs);
    let series = Series { of: &of, known };
    let (games, stopped) = series.run(stop, &mut |game, tally| {
        let line = journal::line(&cell, game);
        on(Event::Game { cell: &cell, game, tally, line: &line })
    })?;
    if stopped == Stopped::Interrupted {
        return Ok(None);
    }
    let tally = Tally::of(&games);
    let score = tally.score;
    let (interval, sprt) = (score.interval(), of.sprt.map(|sprt| score.test(&sprt)));
    let (holds, basis) = match (plan.test, sprt) {
        (Test::Sprt(_), Some(state)) => match state.verdict {
            Verdict::AcceptH1 => (true, Basis::Sprt),
            Verdict::AcceptH0 => (false, Basis::Sprt),
            Verdict::Continue => (state.ratio >= 0.0, Basis::Likelier),
        },
        (Test::Wilson | Test::Sprt(_), _) => (interval[1] >= 0.5, Basis::Wilson),
    };
    Ok(Some(CellResult {
        playouts: plan.playouts_left(cell.saving),
        cell,
        share: score.share().unwrap_or(0.5),
        interval,
        sprt,
        holds,
        basis,
        saved: Saved::of(&tally.effort),
        tally,
    }))
}
