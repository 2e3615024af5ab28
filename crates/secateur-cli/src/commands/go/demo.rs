//! `secateur demo go`: what pruning cuts of a position, and little matches of pruned players with
//! fewer playouts against a whole one.

use std::ops::ControlFlow;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use secateur::core::figure::{Estimates, Figure};
use secateur::core::record::{Measured, Named, Quality};
use secateur::core::{Kind, RunError};
use secateur::go::criteria::{Strategy, Threshold};
use secateur::go::play::{Match, MatchResult, Player, Rules, Stopped, run as play};
use secateur::go::search::{Found, Search, Settings};
use serde_json::json;

use super::games::Games;
use super::moves::Moves;
use super::results::{costs, cut, percent, rate, score};
use super::{Manner, board, example, report};
use crate::commands::demo::folder;
use crate::out;
use crate::progress::stop_flag;

const FOLDER: &str = "secateur-demo-go";
/// Playouts a move of the whole player, games of a match, side of the board.
const PLAYOUTS: u64 = 150;
const GAMES: usize = 20;
const SIZE: usize = 9;
const QUANTILE: f64 = 0.2;
/// Playouts with which the position is searched.
const SEARCH: u64 = 5000;
/// What is tried: strategies, and the share of the playouts that they go without. The shares are
/// those that the paper states for its best single strategy and its best pair.
const TRIED: [(&[Strategy], f64); 3] = [
    (&[Strategy::PotentialLow], 0.0),
    (&[Strategy::PotentialLow], 0.18),
    (&[Strategy::PotentialLow, Strategy::GradientLow], 0.23),
];

/// A match and its players.
struct Row {
    settings: Settings,
    found: MatchResult,
}

pub(crate) fn run(manner: Manner) -> Result<ExitCode, RunError> {
    let start = Instant::now();
    let at = Path::new(FOLDER);
    folder::make(at, |name| {
        ["game.sgf", "board.svg", "games", "report.html", "report.json"].contains(&name)
    })?;
    folder::write(&at.join("game.sgf"), example::GAME)?;
    let game = example::position()?;
    let pruned = settings(TRIED[0].0, SEARCH);
    let moves = Moves::new(&game, game.to_play(), &pruned)?;
    let searched = Search::new(pruned.clone())?.best(&game, game.to_play())?;
    let picture = board::whole(&game, &moves, &searched.candidates);
    let picture = secateur::report::svg(&picture, "What pruning cuts").unwrap_or_default();
    folder::write(&at.join("board.svg"), picture)?;
    let games = Games::begin(&at.join("games"), true)?;
    let mut rows = Vec::new();
    for (number, (strategies, saving)) in TRIED.into_iter().enumerate() {
        let playouts = (PLAYOUTS as f64 * (1.0 - saving)).round() as u64;
        let settings = settings(strategies, playouts);
        if !manner.quiet {
            out::note(&format!(
                "{GAMES} games by {}, {playouts} playouts",
                report::names(strategies)
            ));
        }
        let found = little_match(&settings, (number == 0).then_some(&games))?;
        if found.stopped == Stopped::Interrupted {
            let message = "the demo was stopped before its end";
            return Err(RunError::new(Kind::Interrupted, "SEC-GO-019", message));
        }
        rows.push(Row { settings, found });
    }
    let seconds = start.elapsed().as_secs_f64();
    let position = [board::field(&game, &moves), board::kept(&game, &moves, &searched.candidates)];
    folder::report(at, &record(position, &rows, seconds))?;
    show(&moves, &searched, &rows, manner, seconds);
    Ok(ExitCode::SUCCESS)
}

fn settings(strategies: &[Strategy], playouts: u64) -> Settings {
    let mut settings = Settings { playouts: Some(playouts), ..Settings::default() };
    settings.pruning.strategies = strategies.to_vec();
    settings.pruning.threshold = Threshold::Quantile(QUANTILE);
    settings
}

fn little_match(settings: &Settings, games: Option<&Games>) -> Result<MatchResult, RunError> {
    let of = Match {
        players: [
            Player::own("pruned", settings.clone()),
            Player::own("whole", self::settings(&[], PLAYOUTS)),
        ],
        rules: Rules { size: SIZE, opening_moves: 4, ..Rules::default() },
        games: GAMES,
        seed: 1,
        jobs: rayon::current_num_threads(),
        sprt: None,
    };
    let mut failed = None;
    let found = play(&of, stop_flag(), &mut |game, _| {
        let written = games.map(|games| games.write(game, &of.rules, ["pruned", "whole"]));
        failed = written.and_then(Result::err);
        if failed.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    failed.map_or(Ok(found), Err)
}

fn record(position: [Named; 2], rows: &[Row], seconds: f64) -> secateur::core::record::Record {
    let estimates = |(at, row): (usize, &Row)| {
        let score = &row.found.tally.score;
        let [low, high] = score.interval();
        let share = score.share().unwrap_or(0.5);
        Estimates {
            name: name(&row.settings),
            points: vec![[(at + 1) as f64, share * 100.0, low * 100.0, high * 100.0]],
        }
    };
    let table = Named {
        title: "Pruned against whole".to_owned(),
        caption: format!(
            "{GAMES} games on {SIZE} x {SIZE} each against the same search without pruning and \
             {PLAYOUTS} playouts a move, openings of four random moves. So few games say little: \
             look at the intervals."
        ),
        figure: Figure::Table {
            columns: HEADS.map(str::to_owned).into(),
            rows: rows.iter().map(cells).collect(),
        },
    };
    let chart = Named {
        title: "Win rates".to_owned(),
        caption: "Of the pruned players, with 95 % Wilson intervals.".to_owned(),
        figure: Figure::Intervals {
            x: "match".to_owned(),
            y: "win rate, %".to_owned(),
            series: rows.iter().enumerate().map(estimates).collect(),
            line: Some(50.0),
        },
    };
    let last = rows.last();
    let quality = last.map(|row| {
        let score = &row.found.tally.score;
        let value = score.share().unwrap_or(0.5);
        Quality {
            metric: "win rate".to_owned(),
            lower_is_better: false,
            protocol: vec![("games".to_owned(), GAMES.to_string())],
            before: Some(Measured { value: 0.5, interval: None }),
            after: Some(Measured { value, interval: Some(score.interval()) }),
        }
    });
    let mut costs = last.map_or_else(Vec::new, |row| {
        let [pruned, whole] = row.found.tally.effort;
        costs(&[whole, pruned])
    });
    // Time of a loaded machine says nothing.
    costs.retain(|row| row.unit != secateur::core::record::Unit::Seconds);
    let settings = last.map(|row| row.settings.clone()).unwrap_or_default();
    let head = report::Head {
        model: format!("boards of {SIZE} and 13, {} games", GAMES * rows.len()),
        name: "Go: pruned against whole".to_owned(),
        method: report::names(&settings.pruning.strategies),
        inputs: Vec::new(),
        costs,
        quality: quality.into_iter().collect(),
        seconds,
    };
    let whole = self::settings(&[], PLAYOUTS);
    let mut figures = Vec::from(position);
    figures.extend([table, chart]);
    figures.push(report::settings(&[("pruned", &settings), ("whole", &whole)]));
    report::record(head, &settings, figures, Vec::new())
}

const HEADS: [&str; 6] =
    ["pruned by", "playouts", "games", "win rate", "moves cut", "moves opened for a turn"];

fn name(settings: &Settings) -> String {
    let playouts = settings.playouts.unwrap_or_default();
    format!("{}, {playouts} playouts", report::names(&settings.pruning.strategies))
}

fn cells(row: &Row) -> Vec<String> {
    let [pruned, whole] = &row.found.tally.effort;
    let tried = |e: &secateur::go::play::Effort| (e.moves - e.cut) as f64 / e.turns.max(1) as f64;
    vec![
        report::names(&row.settings.pruning.strategies),
        format!("{} of {PLAYOUTS}", row.settings.playouts.unwrap_or_default()),
        row.found.tally.score.games().to_string(),
        rate(&row.found.tally.score),
        percent(cut(pruned)),
        format!("{:.0} of {:.0}", tried(pruned), tried(whole)),
    ]
}

fn show(moves: &Moves, searched: &Found, rows: &[Row], manner: Manner, seconds: f64) {
    if manner.json {
        let row = |row: &Row| {
            json!({
                "strategies": row.settings.pruning.strategies,
                "quantile": QUANTILE,
                "playouts": row.settings.playouts,
                "playouts_whole": PLAYOUTS,
                "score": score(&row.found.tally.score),
                "share_cut": cut(&row.found.tally.effort[0]),
            })
        };
        out::json(&json!({
            "folder": FOLDER,
            "position": {
                "legal": moves.legal.len(),
                "kept": moves.kept(),
                "cut": moves.cut(),
                "best": searched.point.vertex(13),
            },
            "rows": rows.iter().map(row).collect::<Vec<_>>(),
            "seconds": seconds,
        }));
        return;
    }
    out::line(&format!(
        "A position of 13 x 13: {} of {} moves cut by {}; after {} playouts the best is {}\n",
        moves.cut(),
        moves.legal.len(),
        report::names(TRIED[0].0),
        out::count(searched.work.playouts),
        searched.point.vertex(13)
    ));
    out::print(&out::table(&HEADS, rows.iter().map(cells).collect(), &[1, 2, 3, 4, 5]));
    out::line(&format!(
        "\nWritten in {seconds:.1} s: {FOLDER}/report.html, the position, its picture board.svg, and games.\n\
         Try:  secateur go analyze {FOLDER}/game.sgf --prune potential-low+gradient-low --playouts 10000\n\
         \x20     secateur go match --a '--prune potential-low' --b '--prune none' --games 100\n\
         \x20     secateur go gtp --board 9 --prune potential-low\n\
         \x20     secateur methods potential-low"
    ));
}
