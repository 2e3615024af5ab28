//! Every command by its name, and the small ones.
#![expect(clippy::unnecessary_wraps, reason = "all commands have one type")]

use std::fmt::Write as _;

use super::maps::{self, Map};
use super::parameters::secateur_param;
use super::score::{final_score, final_status_list, new_score, unconditional_status};
use super::setup::{
    boardsize, clear_board, fixed_handicap, get_komi, gogui_setup, gogui_setup_player, kgs_rules,
    komi, loadsgf, place_free_handicap, query_boardsize, set_free_handicap,
};
use super::think::{
    genmove, kgs_genmove_cleanup, kgs_time_settings, lz_analyze, lz_genmove_analyze, reg_genmove,
    time_left, time_settings,
};
use super::{Engine, Reply};
use crate::board::{Color, Game, Point};
use crate::sgf;

type Command = fn(&mut Engine, &[&str]) -> Reply;

/// Names and functions, sorted.
const COMMANDS: &[(&str, Command)] = &[
    ("boardsize", boardsize),
    ("captures", captures),
    #[cfg(unix)]
    ("cputime", cputime),
    ("clear_board", clear_board),
    ("final_score", final_score),
    ("final_status_list", final_status_list),
    ("fixed_handicap", fixed_handicap),
    ("genmove", genmove),
    ("get_komi", get_komi),
    ("gg-undo", gg_undo),
    ("gogui-analyze_commands", |_, _| Ok(maps::MENU.to_owned())),
    ("gogui-interrupt", |_, _| Ok(String::new())),
    ("gogui-play_sequence", gogui_play_sequence),
    ("gogui-setup", gogui_setup),
    ("gogui-setup_player", gogui_setup_player),
    ("is_legal", is_legal),
    ("kgs-game_over", |_, _| Ok(String::new())),
    ("kgs-genmove_cleanup", kgs_genmove_cleanup),
    ("kgs-rules", kgs_rules),
    ("kgs-time_settings", kgs_time_settings),
    ("known_command", known_command),
    ("komi", komi),
    ("last_move", last_move),
    ("list_commands", list_commands),
    ("list_stones", list_stones),
    ("loadsgf", loadsgf),
    ("lz-analyze", lz_analyze),
    ("lz-genmove_analyze", lz_genmove_analyze),
    ("move_history", move_history),
    ("name", |_, _| Ok("secateur".to_owned())),
    ("new_score", new_score),
    ("place_free_handicap", place_free_handicap),
    ("play", play),
    ("printsgf", |engine, _| Ok(sgf::write(&sgf::of_game(&engine.game)))),
    ("protocol_version", |_, _| Ok("2".to_owned())),
    ("query_boardsize", query_boardsize),
    ("quit", quit),
    ("reg_genmove", reg_genmove),
    ("secateur-density", |engine, _| maps::rows(engine, Map::Density)),
    ("secateur-gradient", |engine, _| maps::rows(engine, Map::Gradient)),
    ("secateur-kept", secateur_kept),
    ("secateur-param", secateur_param),
    ("secateur-potential", |engine, _| maps::rows(engine, Map::Potential)),
    ("set_free_handicap", set_free_handicap),
    ("showboard", showboard),
    ("time_left", time_left),
    ("time_settings", time_settings),
    ("unconditional_status", unconditional_status),
    ("undo", undo),
    ("version", |_, _| Ok(env!("CARGO_PKG_VERSION").to_owned())),
];

pub(super) fn run(engine: &mut Engine, name: &str, words: &[&str]) -> Reply {
    match COMMANDS.iter().find(|(known, _)| *known == name) {
        Some((_, command)) => command(engine, words),
        None => Err("unknown command".to_owned()),
    }
}

pub(super) fn syntax<T>(what: &str) -> Result<T, String> {
    Err(what.to_owned())
}

pub(super) fn color_of(word: Option<&&str>) -> Result<Color, String> {
    match word.map(|word| word.to_ascii_lowercase()).as_deref() {
        Some("b" | "black") => Ok(Color::Black),
        Some("w" | "white") => Ok(Color::White),
        _ => syntax("invalid color"),
    }
}

pub(super) fn point_of(engine: &Engine, word: Option<&&str>) -> Result<Point, String> {
    let point = word.and_then(|word| Point::of_vertex(word, engine.game.board().size()).ok());
    point.ok_or_else(|| "invalid coordinate".to_owned())
}

pub(super) fn number(word: Option<&&str>) -> Option<f64> {
    word.and_then(|word| word.parse::<f64>().ok()).filter(|number| number.is_finite())
}

fn known_command(_: &mut Engine, words: &[&str]) -> Reply {
    let is_known = words.first().is_some_and(|word| COMMANDS.iter().any(|(name, _)| name == word));
    Ok(is_known.to_string())
}

fn list_commands(_: &mut Engine, _: &[&str]) -> Reply {
    let names: Vec<&str> = COMMANDS.iter().map(|(name, _)| *name).collect();
    Ok(names.join("\n"))
}

fn quit(engine: &mut Engine, _: &[&str]) -> Reply {
    engine.is_over = true;
    Ok(String::new())
}

fn play(engine: &mut Engine, words: &[&str]) -> Reply {
    let Ok(color) = color_of(words.first()) else { return syntax("invalid color or coordinate") };
    if words.get(1).is_some_and(|word| word.eq_ignore_ascii_case("resign")) {
        return Ok(String::new());
    }
    let Ok(point) = point_of(engine, words.get(1)) else {
        return syntax("invalid color or coordinate");
    };
    engine.game.play(point, color).map_err(|_| "illegal move".to_owned())?;
    Ok(String::new())
}

/// Colors and points by turns, such as `b D4 w pass`.
pub(super) fn moves_of(engine: &Engine, words: &[&str]) -> Result<Vec<(Color, Point)>, String> {
    let pair = |pair: &[&str]| {
        let color = color_of(pair.first())?;
        Ok((color, point_of(engine, pair.get(1))?))
    };
    words.chunks(2).map(pair).collect()
}

/// Several moves; all of them are played or none.
fn gogui_play_sequence(engine: &mut Engine, words: &[&str]) -> Reply {
    let mut game = engine.game.clone();
    for (color, point) in moves_of(engine, words)? {
        game.play(point, color).map_err(|_| "illegal move".to_owned())?;
    }
    engine.game = game;
    Ok(String::new())
}

fn undo(engine: &mut Engine, _: &[&str]) -> Reply {
    take_back(engine, 1)
}

fn gg_undo(engine: &mut Engine, words: &[&str]) -> Reply {
    match words.first().map_or(Ok(1), |word| word.parse()) {
        Ok(moves) => take_back(engine, moves),
        Err(_) => syntax("syntax error"),
    }
}

/// Takes so many moves back, or none when there are fewer.
fn take_back(engine: &mut Engine, moves: usize) -> Reply {
    if moves > engine.game.moves().len() {
        return syntax("cannot undo");
    }
    for _ in 0..moves {
        engine.game.undo().map_err(|_| "cannot undo".to_owned())?;
    }
    engine.search.forget();
    Ok(String::new())
}

fn is_legal(engine: &mut Engine, words: &[&str]) -> Reply {
    let (color, point) = (color_of(words.first())?, point_of(engine, words.get(1))?);
    Ok(u8::from(engine.game.is_legal(point, color)).to_string())
}

fn list_stones(engine: &mut Engine, words: &[&str]) -> Reply {
    let color = color_of(words.first())?;
    let board = engine.game.board();
    let stones = board.points().filter(|point| board.at(*point) == Some(color));
    let names: Vec<String> = stones.map(|point| point.vertex(board.size())).collect();
    Ok(names.join(" "))
}

/// Stones that a color has taken.
fn captures(engine: &mut Engine, words: &[&str]) -> Reply {
    let color = color_of(words.first())?;
    Ok(engine.game.board().captured(color.other()).to_string())
}

/// Seconds of all threads of this process so far.
#[cfg(unix)]
fn cputime(_: &mut Engine, _: &[&str]) -> Reply {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Ok(format!("{:.3}", time.tv_sec as f64 + time.tv_nsec as f64 / 1e9))
}

/// As GNU Go has it: the last move first.
fn move_history(engine: &mut Engine, _: &[&str]) -> Reply {
    let moves = engine.game.moves().iter().rev();
    let lines: Vec<String> = moves.map(|one| shown(&engine.game, *one)).collect();
    Ok(lines.join("\n"))
}

fn last_move(engine: &mut Engine, _: &[&str]) -> Reply {
    let last = engine.game.last().ok_or_else(|| "no previous move known".to_owned())?;
    Ok(shown(&engine.game, last))
}

fn shown(game: &Game, (color, point): (Color, Point)) -> String {
    format!("{color} {}", point.vertex(game.board().size()))
}

fn secateur_kept(engine: &mut Engine, words: &[&str]) -> Reply {
    let color = if words.is_empty() { engine.game.to_play() } else { color_of(words.first())? };
    maps::kept(engine, color)
}

fn showboard(engine: &mut Engine, _: &[&str]) -> Reply {
    let board = engine.game.board();
    let size = board.size();
    let letters: Vec<String> = (0..size)
        .map(|column| Point::new(size, column, 0).vertex(size).chars().take(1).collect())
        .collect();
    let letters = format!("   {}", letters.join(" "));
    let mut text = format!("\n{letters}\n");
    for row in 0..size {
        let stone = |column| match board.at(Point::new(size, column, row)) {
            Some(Color::Black) => "X",
            Some(Color::White) => "O",
            None => ".",
        };
        let stones: Vec<&str> = (0..size).map(stone).collect();
        let number = size - row;
        let _ = writeln!(text, "{number:2} {} {number}", stones.join(" "));
    }
    let (black, white) = (board.captured(Color::White), board.captured(Color::Black));
    let _ = write!(text, "{letters}\nblack has captured {black}, white {white}");
    Ok(text)
}
