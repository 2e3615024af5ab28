//! `secateur go match`.

mod page;

use std::io::IsTerminal as _;
use std::ops::ControlFlow;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use secateur::core::{Kind, Progress as _, RunError};
use secateur::go::play::{
    Adjudication, End, External, GameRecord, Identity, Match, MatchResult, Patience, Player, Rules,
    Score, Side, SprtState, Stopped, Tally, Time, Verdict, probe, run as play,
};
use secateur::go::search::Settings;
use serde_json::json;

use super::Manner;
use super::games::Games;
use super::results::{cut, options, percent, rate, score};
use crate::args::go::{EngineArgs, MatchArgs};
use crate::commands::pages::Target;
use crate::out;
use crate::progress::stop_flag;

/// Lines that tell how far it is, where there is no bar.
const LINES: usize = 20;
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
    page.iter().try_for_each(|page| page.is_apart(args.output.as_deref()))?;
    let (of, settings) = arranged(args)?;
    let identity = match &of.players[1] {
        Player::External(external) => Some(probe(external, &of.rules, stop_flag())?),
        Player::Own { .. } => None,
    };
    let games = args.output.as_ref().map(|at| Games::begin(at, args.force)).transpose()?;
    let found = played(&of, games.as_ref(), manner)?;
    let seconds = started.elapsed().as_secs_f64();
    let seen = Seen {
        of: &of,
        found: &found,
        settings: [settings[0].as_ref(), settings[1].as_ref()],
        identity,
        seconds,
    };
    let mut written: Vec<String> = games.iter().map(Games::shown).collect();
    let warnings = warnings(&seen);
    if let Some(page) = &page {
        page.record(&page::record(&seen, &warnings))?;
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

/// The match that is asked for, and how our own engines of it search.
fn arranged(args: &MatchArgs) -> Result<(Match, [Option<Settings>; 2]), RunError> {
    let own = |side: &str, options: &str| {
        let settings = engine(side, options)?;
        let name = format!("secateur {}", options.trim());
        Ok::<_, RunError>((Player::own(name.trim_end(), settings.clone()), Some(settings)))
    };
    let (first, settings) = own("--a", &args.a)?;
    let (second, of_second) = match &args.gtp_opponent {
        None => own("--b", &args.b)?,
        Some(line) => {
            let mut external = External::of_line(line)?;
            if let Some(time) = args.patience {
                external.patience =
                    Patience { start: time, genmove: time, command: time, ..external.patience };
            }
            (Player::External(external), None)
        }
    };
    let of = Match {
        players: [first, second],
        rules: rules(args),
        games: args.games,
        seed: args.seed,
        jobs: args.jobs.unwrap_or_else(rayon::current_num_threads),
        sprt: args.sprt,
    };
    of.check()?;
    Ok((of, [settings, of_second]))
}

/// Plays, tells how far it is, and writes each game as it ends.
fn played(of: &Match, games: Option<&Games>, manner: Manner) -> Result<MatchResult, RunError> {
    let names = [of.players[0].name(), of.players[1].name()];
    let mut progress = manner.progress();
    progress.begin("game", of.games);
    // Without a bar a line for each of many games would hide the rest.
    let has_bar = std::io::stderr().is_terminal();
    let every = of.games.div_ceil(LINES);
    let mut unwritten = None;
    let found = play(of, stop_flag(), &mut |game, tally| {
        let done = tally.score.games() as usize;
        if has_bar || done.is_multiple_of(every) || done == of.games {
            progress.step(done, &note(&tally.score));
        }
        if let Some(games) = games
            && let Err(error) = games.write(game, &of.rules, names)
        {
            unwritten = Some(error);
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    })?;
    unwritten.map_or(Ok(found), Err)
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
        warnings.push(format!("{} forfeited {}", seen.name(side), out::counted(count, "game")));
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
        "{} on {} x {}, komi {}: A won {}, lost {}, {}",
        out::counted(score.games(), "game"),
        of.rules.size,
        of.rules.size,
        of.rules.komi,
        score.wins,
        score.losses,
        out::counted(score.draws, "draw")
    ));
    let [low, high] = score.elo_interval();
    // All games won or lost are no finite difference, and no games are none.
    let endless = match score.share() {
        None => "-",
        Some(share) if share < 0.5 => "-inf",
        Some(_) => "+inf",
    };
    line(format!(
        "A scores {}, Elo {} ({} to {})",
        rate(score),
        elo(score.elo(), endless),
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

fn verdict(sprt: &SprtState) -> String {
    let words = match sprt.verdict {
        Verdict::Continue => "the sequential test is open",
        Verdict::AcceptH0 => "the sequential test takes the lower Elo",
        Verdict::AcceptH1 => "the sequential test takes the higher Elo",
    };
    let SprtState { ratio, lower, upper, .. } = sprt;
    format!("{words}: ratio {ratio:.2} of {lower:.2} to {upper:.2}")
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
