//! The page of an experiment.

use secateur::core::RunError;
use secateur::core::figure::{Estimates, Figure};
use secateur::core::record::{CostRow, Measured, Named, Quality, Record, Unit};
use secateur::go::board::Game;
use secateur::go::criteria::{Strategy, Threshold};
use secateur::go::experiment::agreement::{Agreement, Count, Line};
use secateur::go::experiment::{CellResult, Outcome, Plan, Row, Test, joined};
use secateur::go::search::Settings;

use super::{Found, best_rows, cells, less, saving};
use crate::commands::go::moves::Moves;
use crate::commands::go::results::{percent, rate};
use crate::commands::go::{board, example, report};
use crate::out;

/// Rows that the page lists.
const LISTED: usize = 2000;
/// The position of a game record that is shown.
const SHOWN_AFTER: usize = 60;

pub(super) fn record(found: &Found) -> Result<Record, RunError> {
    let (plan, outcome) = (&found.plan, &found.outcome);
    let best = best(outcome);
    let mut figures = Vec::new();
    if !outcome.rows.is_empty() {
        figures.push(claims(outcome));
        figures.push(table(outcome));
        figures.extend(charts(outcome));
        figures.push(matches(outcome));
    }
    if let Some(agreement) = &found.agreement {
        figures.extend(agreements(agreement));
    }
    figures.extend(boards(found)?);
    let asked_only = found.agreement.as_ref().filter(|_| plan.games == 0);
    if asked_only.is_none() {
        figures.push(asked(plan));
        figures.push(report::settings(&[("both players", &plan.search)]));
    }
    let mut settings = plan.search.clone();
    if let Some((row, _)) = best {
        settings.pruning.strategies.clone_from(&row.strategies);
        settings.pruning.threshold = Threshold::Quantile(row.quantile);
    }
    let sizes: Vec<String> =
        plan.sizes.iter().chain(&plan.later_sizes).map(ToString::to_string).collect();
    let played =
        format!("{} on boards of {}", out::counted(outcome.games, "game"), sizes.join(", "));
    let (name, model, method) = match asked_only {
        Some(agreement) => {
            let games = out::counted(agreement.games, "game record");
            ("Go: strong moves that are kept", games, "agreement".to_owned())
        }
        None => ("Go: work saved by pruning", played, report::names(&settings.pruning.strategies)),
    };
    let head = report::Head {
        model,
        name: name.to_owned(),
        method,
        inputs: found.inputs.clone(),
        costs: best.map_or_else(Vec::new, |(row, result)| costs(plan, row, result)),
        quality: best.map(|(row, result)| quality(row, result)).into_iter().collect(),
        seconds: found.seconds,
    };
    let warnings = if outcome.is_complete {
        Vec::new()
    } else {
        vec!["The run was stopped; rows that were not finished are left out.".to_owned()]
    };
    let mut record = report::record(head, &settings, figures, warnings);
    record.run.recipe.seed = plan.seed;
    Ok(record)
}

/// What saves most on the first board.
fn best(outcome: &Outcome) -> Option<(&Row, &CellResult)> {
    let first = outcome.rows.first()?.size;
    let rows = best_rows(outcome).into_iter().filter(|row| row.size == first);
    let best = rows.max_by(|a, b| {
        let (a, b) = (a.worth(), b.worth());
        a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1))
    })?;
    Some((best, best.held()?))
}

fn costs(plan: &Plan, row: &Row, result: &CellResult) -> Vec<CostRow> {
    let least = row.largest.map(|saving| plan.playouts_left(saving) as f64);
    let whole = plan.playouts as f64;
    let [pruned, unpruned] = &result.tally.effort;
    let tried = |effort: &secateur::go::play::Effort| {
        Some((effort.moves - effort.cut) as f64 / effort.turns.max(1) as f64)
    };
    vec![
        CostRow::new("Playouts at equal strength", Unit::Count, Some(whole), least.or(Some(whole))),
        CostRow::new("Moves opened for a turn", Unit::Number, tried(unpruned), tried(pruned)),
    ]
}

fn quality(row: &Row, result: &CellResult) -> Quality {
    Quality {
        metric: "win rate".to_owned(),
        lower_is_better: false,
        protocol: vec![
            ("board".to_owned(), row.size.to_string()),
            ("pruned by".to_owned(), joined(&row.strategies)),
            ("quantile".to_owned(), row.quantile.to_string()),
            ("games".to_owned(), result.tally.score.games().to_string()),
        ],
        before: Some(Measured { value: 0.5, interval: None }),
        after: Some(Measured { value: result.share, interval: Some(result.interval) }),
    }
}

fn named(title: &str, caption: &str, columns: &[&str], rows: Vec<Vec<String>>) -> Named {
    Named {
        title: title.to_owned(),
        caption: caption.to_owned(),
        figure: Figure::Table {
            columns: columns.iter().map(|head| (*head).to_owned()).collect(),
            rows,
        },
    }
}

/// The question of the paper.
fn claims(outcome: &Outcome) -> Named {
    let rows = outcome.claims.iter().map(|claim| {
        vec![
            claim.size.to_string(),
            (if claim.strategies.len() == 1 { "single" } else { "pair" }).to_owned(),
            joined(&claim.strategies),
            claim.quantile.to_string(),
            saving(claim.saving),
            format!("{:.0} %", claim.paper * 100.0),
        ]
    });
    named(
        "What pruning saves",
        "The largest share of the playouts that a pruned player can go without and still hold its \
         own against a whole one: the best single strategy and the best pair of each board, beside \
         what Oshima, Yamada and Endo (2011) state. The best of many is better by chance too.",
        &["board", "kind", "strategies", "quantile", "saved", "paper"],
        rows.collect(),
    )
}

fn table(outcome: &Outcome) -> Named {
    named(
        "Best quantile of each strategy",
        "Win rates of the pruned player at the largest saving that it holds, with 95 % Wilson \
         intervals; moves opened and time beside those of the whole player there.",
        &super::HEADS,
        best_rows(outcome).into_iter().map(cells).collect(),
    )
}

/// Win rate against saving, single strategies and pairs, for each board.
fn charts(outcome: &Outcome) -> Vec<Named> {
    let mut sizes: Vec<usize> = outcome.rows.iter().map(|row| row.size).collect();
    sizes.dedup();
    let mut charts = Vec::new();
    for size in sizes {
        for (kind, is_meant) in [("single strategies", true), ("combinations", false)] {
            let rows = best_rows(outcome);
            let rows =
                rows.iter().filter(|r| r.size == size && (r.strategies.len() == 1) == is_meant);
            let series: Vec<Estimates> = rows.map(|row| curve(row)).collect();
            if series.is_empty() {
                continue;
            }
            charts.push(Named {
                title: format!("{size} x {size}, {kind}"),
                caption:
                    "Win rate of the pruned player against the playouts that it goes without; \
                          each ends at the first saving that it does not hold."
                        .to_owned(),
                figure: Figure::Intervals {
                    x: "playouts saved, %".to_owned(),
                    y: "win rate, %".to_owned(),
                    series,
                    line: Some(50.0),
                },
            });
        }
    }
    charts
}

fn curve(row: &Row) -> Estimates {
    let point = |result: &CellResult| {
        let [low, high] = result.interval;
        [result.cell.saving, result.share, low, high].map(|share| share * 100.0)
    };
    Estimates {
        name: format!("{}, q {}", joined(&row.strategies), row.quantile),
        points: row.cells.iter().map(point).collect(),
    }
}

/// All matches.
fn matches(outcome: &Outcome) -> Named {
    let results = outcome.rows.iter().flat_map(|row| &row.cells).take(LISTED);
    let rows = results.map(|result| {
        let basis = match result.basis {
            secateur::go::experiment::Basis::Sprt => "sequential test",
            secateur::go::experiment::Basis::Likelier => "likelier",
            secateur::go::experiment::Basis::Wilson => "interval",
        };
        vec![
            result.cell.size.to_string(),
            joined(&result.cell.strategies),
            result.cell.quantile.to_string(),
            percent(result.cell.saving),
            rate(&result.tally.score),
            result.tally.score.games().to_string(),
            (if result.holds { "yes" } else { "no" }).to_owned(),
            basis.to_owned(),
            less(result.saved.kept),
            less(result.saved.nodes),
            less(result.saved.seconds),
        ]
    });
    named(
        "All matches",
        "Win rates of the pruned player with so many playouts less; moves opened, nodes and time \
         for a turn beside those of the whole player.",
        &[
            "board",
            "strategies",
            "quantile",
            "saved",
            "win rate",
            "games",
            "holds",
            "by",
            "moves opened",
            "nodes",
            "time",
        ],
        rows.collect(),
    )
}

fn agreements(found: &Agreement) -> Vec<Named> {
    let kept = |count: &Count| count.share_kept().map_or_else(|| "-".to_owned(), percent);
    let row = |line: &Line| {
        let [low, high] = line.all.interval();
        let mut cells = vec![
            joined(&line.strategies),
            line.quantile.to_string(),
            percent(line.all.share_cut().unwrap_or(0.0)),
            kept(&line.all),
            format!("{} to {}", percent(low), percent(high)),
        ];
        cells.extend(line.phases.iter().map(kept));
        cells
    };
    let mut columns: Vec<String> =
        ["strategies", "quantile", "moves cut", "played moves kept", "95 %"]
            .map(str::to_owned)
            .into();
    let mut begin = 0;
    for end in &found.phases {
        columns.push(format!("moves {} to {end}", begin + 1));
        begin = *end;
    }
    columns.push(format!("from move {}", begin + 1));
    let positions = found.lines.first().map_or(0, |line| line.all.positions);
    let table = Named {
        title: "Agreement with game records".to_owned(),
        caption: format!(
            "How often the move that was played is kept, in {positions} positions of {} games. \
             Cutting at random would keep as many as it leaves.",
            found.games
        ),
        figure: Figure::Table { columns, rows: found.lines.iter().map(row).collect() },
    };
    let mut series: Vec<Estimates> = Vec::new();
    for line in found.lines.iter().filter(|line| line.strategies.len() == 1) {
        let name = joined(&line.strategies);
        let [low, high] = line.all.interval();
        let (cut, kept) = (line.all.share_cut(), line.all.share_kept());
        let point = [cut.unwrap_or(0.0), kept.unwrap_or(0.0), low, high].map(|share| share * 100.0);
        match series.iter_mut().find(|series| series.name == name) {
            Some(series) => series.points.push(point),
            None => series.push(Estimates { name, points: vec![point] }),
        }
    }
    let chart = Named {
        title: "Played moves kept".to_owned(),
        caption: "Against the share of the legal moves that is cut, by single strategies."
            .to_owned(),
        figure: Figure::Intervals {
            x: "moves cut, %".to_owned(),
            y: "played moves kept, %".to_owned(),
            series,
            line: None,
        },
    };
    vec![table, chart]
}

/// What each strategy sees of a position: one of the game records, or the embedded one.
fn boards(found: &Found) -> Result<Vec<Named>, RunError> {
    let plan = &found.plan;
    let (game, of) = match found.games.first() {
        Some(game) => (early(game)?, "the first game record"),
        None => (example::position()?, "an example"),
    };
    let color = game.to_play();
    let settings = |strategies: &[Strategy], quantile: f64| {
        let mut settings: Settings = plan.search.clone();
        settings.pruning.strategies = strategies.to_vec();
        settings.pruning.threshold = Threshold::Quantile(quantile);
        settings
    };
    let field = Moves::new(&game, color, &settings(&[], 0.0))?;
    let mut figures = vec![board::field(&game, &field)];
    let best = best_rows(&found.outcome);
    for strategies in &plan.strategies {
        let row = best.iter().find(|row| row.strategies == *strategies);
        let quantile = row.map_or(plan.quantiles[0], |row| row.quantile);
        let moves = Moves::new(&game, color, &settings(strategies, quantile))?;
        let mut figure = board::kept(&game, &moves, &[]);
        figure.title = joined(strategies);
        figure.caption = format!("{} With quantile {quantile}, in {of}.", figure.caption);
        figures.push(figure);
    }
    Ok(figures)
}

/// A game up to the position that is shown.
fn early(game: &Game) -> Result<Game, RunError> {
    let turn = game.moves().first().map_or_else(|| game.to_play(), |(color, _)| *color);
    let mut early = Game::of_board(game.start().clone(), turn);
    early.ko = game.ko;
    for (color, point) in game.moves().iter().take(SHOWN_AFTER) {
        early.play(*point, *color)?;
    }
    Ok(early)
}

fn asked(plan: &Plan) -> Named {
    let list =
        |shares: &[f64]| shares.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let sizes =
        |sizes: &[usize]| sizes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let test = match &plan.test {
        Test::Sprt(sprt) => format!(
            "sequential: Elo {} against {}, errors {} and {}",
            sprt.elo0, sprt.elo1, sprt.alpha, sprt.beta
        ),
        Test::Wilson => "upper end of the 95 % Wilson interval at least a half".to_owned(),
    };
    let strategies: Vec<String> = plan.strategies.iter().map(|entry| joined(entry)).collect();
    let rows = [
        ("boards with every strategy", sizes(&plan.sizes)),
        ("boards with the best", sizes(&plan.later_sizes)),
        ("strategies", strategies.join(", ")),
        ("quantiles", list(&plan.quantiles)),
        ("savings", list(&plan.savings)),
        ("playouts of the whole player", plan.playouts.to_string()),
        ("most games of a match", plan.games.to_string()),
        ("test", test),
        ("komi", plan.komi.to_string()),
        ("random moves at the beginning", plan.opening_moves.to_string()),
        ("seed", plan.seed.to_string()),
    ];
    let rows = rows.into_iter().map(|(name, value)| vec![name.to_owned(), value]).collect();
    named("Experiment", "What was tried, and how it was decided.", &["option", "value"], rows)
}
