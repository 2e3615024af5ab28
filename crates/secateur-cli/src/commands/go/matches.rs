//! `secateur go match`.

use std::io::IsTerminal as _;
use std::ops::ControlFlow;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use secateur::core::figure::{Counts, Estimates, Figure};
use secateur::core::record::{CostRow, Measured, Named, Quality, Record, Unit};
use secateur::core::{Kind, Progress as _, RunError};
use secateur::go::play::{
    Adjudication, Effort, End, External, GameRecord, Identity, Match, MatchResult, Patience,
    Player, Rules, Score, Side, SprtState, Stopped, Tally, Time, Verdict, probe, run as play,
};
use secateur::go::search::Settings;
use serde_json::{Value, json};

use super::games::Games;
use super::{Manner, report};
use crate::args::go::{EngineArgs, MatchArgs};
use crate::commands::pages::Target;
use crate::out;
use crate::progress::stop_flag;

/// Places at which the page shows how the match went.
const SHOWN: usize = 24;
/// Lines that tell how far it is, where there is no bar.
const LINES: usize = 20;
/// Bins of the lengths of games.
const BINS: usize = 20;
/// Forfeits whose reason is told.
const FORFEITS: usize = 5;

/// The options of one side, as one string.
#[derive(Debug, Parser)]
#[command(no_binary_name = true, disable_help_flag = true)]
struct EngineLine {
    #[command(flatten)]
    engine: EngineArgs,
}

/// Our own engine with the options of a side.
pub(super) fn engine(side: &str, options: &str) -> Result<Settings, RunError> {
    let said = |what: &str| {
        let message = format!("{side} \"{options}\": {what}");
        let hint =
            "the options are those of `secateur go gtp --help`, e.g. \"--prune potential-low\"";
        RunError::new(Kind::Usage, "SEC-CL-006", message).hint(hint)
    };
    let line = EngineLine::try_parse_from(options.split_whitespace()).map_err(|error| {
        let text = error.to_string();
        said(text.lines().next().unwrap_or_default().trim_start_matches("error: "))
    })?;
    let settings = line.engine.settings();
    settings.check().map_err(|error| said(&error.to_string()))?;
    Ok(settings)
}

pub(super) fn run(args: &MatchArgs, manner: Manner) -> Result<ExitCode, RunError> {
    let started = Instant::now();
    let page = Target::page(args.report.as_deref(), args.force, &[])?;
    let (first, mut second) = (engine("--a", &args.a)?, None);
    let name = |options: &str| format!("secateur {}", options.trim()).trim_end().to_owned();
    let opponent = if let Some(line) = &args.gtp_opponent {
        let mut external = External::of_line(line)?;
        if let Some(time) = args.patience {
            external.patience =
                Patience { start: time, genmove: time, command: time, ..external.patience };
        }
        Player::External(external)
    } else {
        let settings = engine("--b", &args.b)?;
        second = Some(settings.clone());
        Player::own(name(&args.b), settings)
    };
    let of = Match {
        players: [Player::own(name(&args.a), first.clone()), opponent],
        rules: rules(args),
        games: args.games,
        seed: args.seed,
        jobs: args.jobs.unwrap_or_else(rayon::current_num_threads),
        sprt: args.sprt,
    };
    of.check()?;
    let identity = match &of.players[1] {
        Player::External(external) => Some(probe(external, &of.rules, stop_flag())?),
        Player::Own { .. } => None,
    };
    let games = args.output.as_ref().map(|at| Games::begin(at, args.force)).transpose()?;
    let names = [of.players[0].name(), of.players[1].name()];
    let mut progress = manner.progress();
    progress.begin("game", of.games);
    // Without a bar a line for each of many games would hide the rest.
    let has_bar = std::io::stderr().is_terminal();
    let every = of.games.div_ceil(LINES);
    let mut unwritten = None;
    let found = play(&of, stop_flag(), &mut |game, tally| {
        let done = tally.score.games() as usize;
        if has_bar || done.is_multiple_of(every) || done == of.games {
            progress.step(done, &note(&tally.score));
        }
        if let Some(games) = &games
            && let Err(error) = games.write(game, &of.rules, names)
        {
            unwritten = Some(error);
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    })?;
    if let Some(error) = unwritten {
        return Err(error);
    }
    let seconds = started.elapsed().as_secs_f64();
    let seen = Seen {
        of: &of,
        found: &found,
        settings: [Some(&first), second.as_ref()],
        identity,
        seconds,
    };
    let mut written: Vec<String> = games.iter().map(Games::shown).collect();
    let warnings = warnings(&seen);
    if let Some(page) = &page {
        page.record(&record(&seen, &warnings))?;
        written.push(page.path.display().to_string());
    }
    for warning in &warnings {
        out::note(&out::clean(&format!("warning: {warning}")));
    }
    if manner.json {
        print_json(&seen, &warnings, &written);
    } else {
        show(&seen, &written);
    }
    if found.stopped == Stopped::Interrupted {
        out::note("stopped: these are the games that were finished until then");
        return Ok(ExitCode::from(Kind::Interrupted.exit()));
    }
    Ok(ExitCode::SUCCESS)
}

fn rules(args: &MatchArgs) -> Rules {
    Rules {
        size: args.board,
        komi: args.komi,
        time: args.move_time.map(Time::Move).or(args.game_time.map(Time::Game)),
        opening_moves: args.opening,
        moves_max: args.moves_max,
        adjudication: args.adjudicate.map(|(value, moves)| Adjudication { value, moves }),
        ..Rules::default()
    }
}

/// A match as it is shown.
struct Seen<'a> {
    of: &'a Match,
    found: &'a MatchResult,
    settings: [Option<&'a Settings>; 2],
    identity: Option<Identity>,
    seconds: f64,
}

impl Seen<'_> {
    fn name(&self, side: Side) -> String {
        match (&self.identity, side) {
            (Some(identity), Side::Second) => {
                format!("{} {}", identity.name, identity.version).trim_end().to_owned()
            }
            _ => self.of.players[side.at()].name().to_owned(),
        }
    }
}

fn note(score: &Score) -> String {
    format!("{} won, {} lost by A", score.wins, score.losses)
}

pub(super) fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// A win rate with its interval.
pub(super) fn rate(score: &Score) -> String {
    let [low, high] = score.interval();
    match score.share() {
        Some(share) => format!("{} ({} to {})", percent(share), percent(low), percent(high)),
        None => "-".to_owned(),
    }
}

fn elo(elo: Option<f64>, endless: &str) -> String {
    // A rounded zero has no sign.
    elo.map_or_else(|| endless.to_owned(), |elo| format!("{:+.0}", elo.round() + 0.0))
}

fn warnings(seen: &Seen<'_>) -> Vec<String> {
    let tally = &seen.found.tally;
    let mut warnings = Vec::new();
    for side in Side::BOTH {
        let count = tally.forfeited[side.at()];
        if count == 0 {
            continue;
        }
        warnings.push(format!("{} forfeited {count} games", seen.name(side)));
        let of_side = |game: &GameRecord| match &game.end {
            End::Forfeit(forfeit) if forfeit.side == side => {
                Some(format!("game {}: {}", game.number + 1, forfeit.message))
            }
            _ => None,
        };
        warnings.extend(seen.found.games.iter().filter_map(of_side).take(FORFEITS));
    }
    if tally.disputed > 0 {
        let count = tally.disputed;
        warnings.push(format!("{count} games ended with another result by a player's own count"));
    }
    if tally.moves_max > 0 {
        let count = tally.moves_max;
        warnings.push(format!("{count} games were broken off at the most moves, and counted"));
    }
    warnings
}

fn show(seen: &Seen<'_>, written: &[String]) {
    let (of, tally) = (seen.of, &seen.found.tally);
    let line = |text: String| out::line(&out::clean(&text));
    for (letter, side) in ["A", "B"].into_iter().zip(Side::BOTH) {
        line(format!("{letter}: {}", seen.name(side)));
    }
    let score = &tally.score;
    line(format!(
        "{} games on {} x {}, komi {}: A won {}, lost {}, {} draws",
        score.games(),
        of.rules.size,
        of.rules.size,
        of.rules.komi,
        score.wins,
        score.losses,
        score.draws
    ));
    let [low, high] = score.elo_interval();
    line(format!(
        "A scores {}, Elo {} ({} to {})",
        rate(score),
        elo(score.elo(), "-"),
        elo(low, "-inf"),
        elo(high, "+inf")
    ));
    if let Some(sprt) = &seen.found.sprt {
        line(verdict(sprt));
    }
    let heads =
        ["", "as black", "as white", "resigned", "forfeited", "playouts", "moves cut", "seconds"];
    let rows = Side::BOTH.into_iter().zip(["A", "B"]).map(|(side, letter)| {
        let mut cells = vec![letter.to_owned()];
        cells.extend(side_cells(tally, side));
        cells
    });
    out::print(&out::table(&heads, rows.collect(), &[1, 2, 3, 4, 5, 6, 7]));
    line(format!("{:.1} s", seen.seconds));
    if !written.is_empty() {
        line(format!("written: {}", written.join(", ")));
    }
}

/// Points by color, how games were lost, work of a move.
fn side_cells(tally: &Tally, side: Side) -> Vec<String> {
    let points = |score: &Score| match side {
        Side::First => score.points(),
        Side::Second => score.games() as f64 - score.points(),
    };
    let (black, white) = match side {
        Side::First => (&tally.as_black, &tally.as_white),
        Side::Second => (&tally.as_white, &tally.as_black),
    };
    let effort = &tally.effort[side.at()];
    let turns = effort.turns.max(1) as f64;
    let own = |text: String| if effort.playouts == 0 { "-".to_owned() } else { text };
    vec![
        format!("{} of {}", points(black), black.games()),
        format!("{} of {}", points(white), white.games()),
        tally.resigned[side.at()].to_string(),
        tally.forfeited[side.at()].to_string(),
        own(format!("{:.0}", effort.playouts as f64 / turns)),
        own(percent(cut(effort))),
        format!("{:.3}", effort.seconds / turns),
    ]
}

/// Share of the moves that pruning cut.
pub(super) fn cut(effort: &Effort) -> f64 {
    effort.cut as f64 / effort.moves.max(1) as f64
}

fn verdict(sprt: &SprtState) -> String {
    let words = match sprt.verdict {
        Verdict::Continue => "the sequential test is open",
        Verdict::AcceptH0 => "the sequential test takes the lower Elo",
        Verdict::AcceptH1 => "the sequential test takes the higher Elo",
    };
    let SprtState { ratio, lower, upper, .. } = sprt;
    format!("{words}: ratio {ratio:.2} of {lower:.2} to {upper:.2}")
}

pub(super) fn score(score: &Score) -> Value {
    json!({
        "wins": score.wins,
        "draws": score.draws,
        "losses": score.losses,
        "share": score.share(),
        "interval": score.interval(),
        "elo": score.elo(),
        "elo_interval": score.elo_interval(),
    })
}

fn print_json(seen: &Seen<'_>, warnings: &[String], written: &[String]) {
    let (of, tally) = (seen.of, &seen.found.tally);
    let player = |side: Side| {
        let command = match &of.players[side.at()] {
            Player::External(external) => Some(external.command.clone()),
            Player::Own { .. } => None,
        };
        let options = seen.settings[side.at()].map(options);
        json!({ "name": seen.name(side), "command": command, "options": options })
    };
    let game = |game: &GameRecord| {
        json!({
            "number": game.number,
            "black": if game.black == Side::First { "a" } else { "b" },
            "winner": game.winner.map(|side| if side == Side::First { "a" } else { "b" }),
            "result": game.result(),
            "moves": game.moves.len(),
            "disputed": game.disputed,
            "forfeit": match &game.end {
                End::Forfeit(forfeit) => Some(&forfeit.message),
                End::Passes | End::MovesMax | End::Resignation | End::Adjudication => None,
            },
        })
    };
    out::json(&json!({
        "players": Side::BOTH.map(player),
        "size": of.rules.size,
        "komi": of.rules.komi,
        "seed": of.seed,
        "opening": of.rules.opening_moves,
        "jobs": of.jobs,
        "stopped": seen.found.stopped,
        "score": score(&tally.score),
        "as_black": score(&tally.as_black),
        "as_white": score(&tally.as_white),
        "resigned": tally.resigned,
        "forfeited": tally.forfeited,
        "disputed": tally.disputed,
        "adjudicated": tally.adjudicated,
        "moves_max": tally.moves_max,
        "moves": tally.moves,
        "effort": tally.effort,
        "sprt": seen.found.sprt,
        "games": seen.found.games.iter().map(game).collect::<Vec<_>>(),
        "warnings": warnings,
        "written": written,
        "seconds": seen.seconds,
    }));
}

/// All settings, by name.
pub(super) fn options(settings: &Settings) -> Value {
    report::rows(settings).into_iter().map(|(name, value)| (name, Value::from(value))).collect()
}

fn record(seen: &Seen<'_>, warnings: &[String]) -> Record {
    let (of, tally) = (seen.of, &seen.found.tally);
    let games = tally.score.games();
    let [low, high] = tally.score.interval();
    let measured = |value: f64, interval: [f64; 2]| Measured { value, interval: Some(interval) };
    let quality = tally.score.share().map(|share| Quality {
        metric: "win rate".to_owned(),
        lower_is_better: false,
        protocol: vec![
            ("games".to_owned(), games.to_string()),
            ("before".to_owned(), "A".to_owned()),
            ("after".to_owned(), "B".to_owned()),
        ],
        before: Some(measured(share, [low, high])),
        after: Some(measured(1.0 - share, [1.0 - high, 1.0 - low])),
    });
    let head = report::Head {
        model: format!(
            "{games} games on {size} x {size}: A, {}, against B, {}",
            seen.name(Side::First),
            seen.name(Side::Second),
            size = of.rules.size
        ),
        name: format!("Go on {size} x {size}", size = of.rules.size),
        inputs: Vec::new(),
        costs: costs(&tally.effort),
        quality: quality.into_iter().collect(),
        seconds: seen.seconds,
    };
    let engines = ["A", "B"].into_iter().zip(seen.settings);
    let engines: Vec<(&str, &Settings)> =
        engines.filter_map(|(name, settings)| Some((name, settings?))).collect();
    let figures = vec![
        outcome(seen),
        course(&seen.found.games),
        lengths(&seen.found.games),
        report::settings(&engines),
    ];
    // What the page says of pruning is what the pruned side did.
    let prunes = |settings: &&Settings| !settings.pruning.strategies.is_empty();
    let pruned = seen.settings.into_iter().flatten().find(prunes);
    let settings = pruned.or(seen.settings[0]).cloned().unwrap_or_default();
    let mut record = report::record(head, &settings, figures, warnings.to_vec());
    record.run.recipe.seed = of.seed;
    record.run.threads = of.jobs;
    record
}

/// Work of a move of each side.
pub(super) fn costs(effort: &[Effort; 2]) -> Vec<CostRow> {
    let [a, b] = effort;
    let row = |label: &str, unit: Unit, of: &dyn Fn(&Effort) -> f64| {
        let of_move = |effort: &Effort| of(effort) / effort.turns.max(1) as f64;
        let own = |effort: &Effort| {
            (effort.playouts > 0 || unit == Unit::Seconds).then(|| of_move(effort))
        };
        CostRow::new(label, unit, own(a), own(b))
    };
    vec![
        row("Playouts for a turn", Unit::Number, &|effort| effort.playouts as f64),
        row("Moves opened for a turn", Unit::Number, &|e| (e.moves - e.cut) as f64),
        row("Time of a turn", Unit::Seconds, &|effort| effort.seconds),
    ]
}

fn outcome(seen: &Seen<'_>) -> Named {
    let tally = &seen.found.tally;
    let columns = [
        "",
        "won as black",
        "won as white",
        "resigned",
        "forfeited",
        "playouts of a move",
        "moves cut",
        "seconds of a move",
    ];
    let row = |(side, letter): (Side, &str)| {
        std::iter::once(format!("{letter}: {}", seen.name(side)))
            .chain(side_cells(tally, side))
            .collect()
    };
    let ended = match seen.found.stopped {
        Stopped::Complete => "",
        Stopped::Decided => " The sequential test ended it.",
        Stopped::Interrupted => " It was interrupted.",
    };
    let sprt = seen
        .found
        .sprt
        .as_ref()
        .map_or_else(String::new, |s| format!(" By the end {}.", verdict(s)));
    Named {
        title: "Outcome".to_owned(),
        caption: format!(
            "A won {}, lost {}, {} draws; it scores {}, with 95 % Wilson intervals.{ended}{sprt}",
            tally.score.wins,
            tally.score.losses,
            tally.score.draws,
            rate(&tally.score)
        ),
        figure: Figure::Table {
            columns: columns.map(str::to_owned).into(),
            rows: Side::BOTH.into_iter().zip(["A", "B"]).map(row).collect(),
        },
    }
}

/// The score after ever more games.
fn course(games: &[GameRecord]) -> Named {
    let mut score = Score::default();
    let every = games.len().div_ceil(SHOWN).max(1);
    let mut points = Vec::new();
    for (at, game) in games.iter().enumerate() {
        score.add(game.winner);
        if (at + 1).is_multiple_of(every) || at + 1 == games.len() {
            let [low, high] = score.interval();
            let share = score.share().unwrap_or(0.5);
            points.push([(at + 1) as f64, share * 100.0, low * 100.0, high * 100.0]);
        }
    }
    Named {
        title: "Score of A as games went on".to_owned(),
        caption: "With 95 % Wilson intervals.".to_owned(),
        figure: Figure::Intervals {
            x: "games".to_owned(),
            y: "score, %".to_owned(),
            series: vec![Estimates { name: "A".to_owned(), points }],
            line: Some(50.0),
        },
    }
}

fn lengths(games: &[GameRecord]) -> Named {
    let longest = games.iter().map(|game| game.moves.len()).max().unwrap_or(1).max(1);
    let mut counts = vec![0_u64; BINS];
    for game in games {
        counts[(game.moves.len() * BINS / (longest + 1)).min(BINS - 1)] += 1;
    }
    Named {
        title: "Length of games".to_owned(),
        caption: "Moves, openings and passes included.".to_owned(),
        figure: Figure::Histogram {
            x: "moves".to_owned(),
            low: 0.0,
            high: (longest + 1) as f64,
            series: vec![Counts { name: "games".to_owned(), counts }],
            log_y: false,
        },
    }
}
