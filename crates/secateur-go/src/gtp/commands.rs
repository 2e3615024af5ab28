//! Every command, one function each.
#![expect(clippy::unnecessary_wraps, reason = "all commands have one type")]

use std::fmt::Write as _;
use std::path::Path;

use super::maps::{self, Map};
use super::think::{genmove, kgs_time_settings, lz_analyze, reg_genmove, time_left, time_settings};
use super::{Engine, Reply};
use crate::board::handicap::{handicap_max, handicap_points};
use crate::board::{Color, Game, Ko, Point, Scoring, Status, unconditional};
use crate::search::read_status;
use crate::sgf;

/// Playouts that decide which stones are dead.
const STATUS_PLAYOUTS: u32 = 400;

type Command = fn(&mut Engine, &[&str]) -> Reply;

/// Names and functions, sorted.
const COMMANDS: &[(&str, Command)] = &[
    ("boardsize", boardsize),
    ("clear_board", clear_board),
    ("final_score", final_score),
    ("final_status_list", final_status_list),
    ("fixed_handicap", fixed_handicap),
    ("genmove", genmove),
    ("gogui-analyze_commands", |_, _| Ok(maps::MENU.to_owned())),
    ("kgs-time_settings", kgs_time_settings),
    ("known_command", known_command),
    ("komi", komi),
    ("list_commands", list_commands),
    ("loadsgf", loadsgf),
    ("lz-analyze", lz_analyze),
    ("name", |_, _| Ok("secateur".to_owned())),
    ("new_score", new_score),
    ("place_free_handicap", place_free_handicap),
    ("play", play),
    ("printsgf", |engine, _| Ok(sgf::write(&sgf::of_game(&engine.game)))),
    ("protocol_version", |_, _| Ok("2".to_owned())),
    ("quit", quit),
    ("reg_genmove", reg_genmove),
    ("secateur-density", |engine, _| maps::rows(engine, Map::Density)),
    ("secateur-gradient", |engine, _| maps::rows(engine, Map::Gradient)),
    ("secateur-kept", secateur_kept),
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

fn point_of(engine: &Engine, word: Option<&&str>) -> Result<Point, String> {
    let point = word.and_then(|word| Point::of_vertex(word, engine.game.board().size()).ok());
    point.ok_or_else(|| "invalid coordinate".to_owned())
}

pub(super) fn number(word: Option<&&str>) -> Option<f64> {
    word.and_then(|word| word.parse::<f64>().ok()).filter(|number| number.is_finite())
}

/// Begins a game with this one's komi.
fn begin(engine: &mut Engine, mut game: Game) {
    game.komi = engine.komi;
    game.ko = Ko::PositionalSuperko;
    engine.game = game;
    engine.record_scoring = None;
    engine.search.forget();
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

fn boardsize(engine: &mut Engine, words: &[&str]) -> Reply {
    let size = words.first().and_then(|word| word.parse::<u64>().ok());
    let Some(size) = size else { return syntax("syntax error: the size is no number") };
    let game = usize::try_from(size).ok().and_then(|size| Game::new(size).ok());
    begin(engine, game.ok_or_else(|| "unacceptable size".to_owned())?);
    Ok(String::new())
}

fn clear_board(engine: &mut Engine, _: &[&str]) -> Reply {
    let game = Game::new(engine.game.board().size()).map_err(|error| error.to_string())?;
    begin(engine, game);
    Ok(String::new())
}

fn komi(engine: &mut Engine, words: &[&str]) -> Reply {
    let Some(komi) = number(words.first()).map(|komi| komi as f32).filter(|komi| komi.is_finite())
    else {
        return syntax("syntax error: komi is no number");
    };
    engine.komi = komi;
    engine.game.komi = komi;
    engine.search.forget();
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

fn undo(engine: &mut Engine, _: &[&str]) -> Reply {
    engine.game.undo().map_err(|_| "cannot undo".to_owned())?;
    engine.search.forget();
    Ok(String::new())
}

fn secateur_kept(engine: &mut Engine, words: &[&str]) -> Reply {
    let color = if words.is_empty() { engine.game.to_play() } else { color_of(words.first())? };
    maps::kept(engine, color)
}

/// Black's lead after dead stones are taken off, and what the dead stones are.
fn lead(engine: &Engine) -> (f32, crate::search::Reading) {
    let board = engine.game.board();
    let reading = read_status(board, STATUS_PLAYOUTS, engine.settings.seed);
    let scoring = engine.record_scoring.unwrap_or(engine.scoring);
    let points = board.points_at_end(&reading.dead, &reading.seki, scoring);
    (points.lead(engine.game.komi), reading)
}

fn score(lead: f32) -> String {
    if lead == 0.0 {
        return "0".to_owned();
    }
    format!("{}+{:.1}", if lead > 0.0 { 'B' } else { 'W' }, lead.abs())
}

fn final_score(engine: &mut Engine, _: &[&str]) -> Reply {
    Ok(score(lead(engine).0))
}

/// GNU Go's form; the bounds give all points that playouts dispute to one side.
fn new_score(engine: &mut Engine, _: &[&str]) -> Reply {
    let (lead, reading) = lead(engine);
    let disputed = reading.black.iter().filter(|share| (0.2..=0.8).contains(*share)).count() as f32;
    Ok(format!(
        "{} (upper bound: {:.1}, lower: {:.1})",
        score(lead),
        lead + disputed,
        lead - disputed
    ))
}

fn final_status_list(engine: &mut Engine, words: &[&str]) -> Reply {
    let board = engine.game.board();
    let size = board.size();
    let (_, reading) = lead(engine);
    let mut clean = board.clone();
    reading.dead.iter().copied().for_each(|point| clean.take_off(point));
    let owners = clean.owners();
    let territory = |color: Color| -> Vec<Point> {
        let mine = |(point, owner): (Point, &Option<Color>)| {
            (*owner == Some(color) && clean.at(point).is_none()).then_some(point)
        };
        clean.points().zip(&owners).filter_map(mine).collect()
    };
    let stones = || board.points().filter(|point| board.at(*point).is_some());
    let points: Vec<Point> = match words.first().copied() {
        Some("dead") => reading.dead,
        Some("alive") => stones()
            .filter(|point| !reading.dead.contains(point) && !reading.seki.contains(point))
            .collect(),
        Some("seki") => reading.seki,
        Some("black_territory") => territory(Color::Black),
        Some("white_territory") => territory(Color::White),
        _ => return syntax("invalid status"),
    };
    // One line for each chain, as the standard wants.
    let mut done = vec![false; size * size];
    let mut lines = Vec::new();
    for point in &points {
        let chain: Vec<Point> = match board.at(*point) {
            Some(_) => board.chain(*point).collect(),
            None => vec![*point],
        };
        if point.number(size).is_some_and(|at| done[at]) {
            continue;
        }
        for at in chain.iter().filter_map(|point| point.number(size)) {
            done[at] = true;
        }
        let names: Vec<String> = chain.into_iter().map(|point| point.vertex(size)).collect();
        lines.push(names.join(" "));
    }
    Ok(lines.join("\n"))
}

fn unconditional_status(engine: &mut Engine, words: &[&str]) -> Reply {
    let point = point_of(engine, words.first())?;
    let board = engine.game.board();
    let Some(number) = point.number(board.size()) else { return syntax("invalid coordinate") };
    let status = match unconditional(board)[number] {
        Status::Undecided => "undecided",
        Status::Alive => "alive",
        Status::Dead => "dead",
        Status::Territory(Color::Black) => "black_territory",
        Status::Territory(Color::White) => "white_territory",
    };
    Ok(status.to_owned())
}

/// Sets stones of black on an empty board.
fn set_handicap(engine: &mut Engine, points: &[Point]) -> Reply {
    let size = engine.game.board().size();
    let mut board = engine.game.board().clone();
    if Color::BOTH.into_iter().any(|color| board.stones(color) > 0) {
        return syntax("board not empty");
    }
    for point in points {
        if point.is_pass() || board.place(*point, Color::Black).is_err() {
            return syntax("bad vertex list");
        }
    }
    begin(engine, Game::of_board(board, Color::White));
    let names: Vec<String> = points.iter().map(|point| point.vertex(size)).collect();
    Ok(names.join(" "))
}

fn fixed_handicap(engine: &mut Engine, words: &[&str]) -> Reply {
    let stones = words.first().and_then(|word| word.parse().ok());
    let Some(stones) = stones else { return syntax("syntax error") };
    match handicap_points(engine.game.board().size(), stones) {
        Some(points) => set_handicap(engine, &points),
        None => syntax("invalid number of stones"),
    }
}

/// The fixed places, as many as there are.
fn place_free_handicap(engine: &mut Engine, words: &[&str]) -> Reply {
    let stones = words.first().and_then(|word| word.parse::<usize>().ok());
    let Some(stones) = stones else { return syntax("syntax error") };
    let size = engine.game.board().size();
    match handicap_points(size, stones.min(handicap_max(size))) {
        Some(points) => set_handicap(engine, &points),
        None => syntax("invalid number of stones"),
    }
}

fn set_free_handicap(engine: &mut Engine, words: &[&str]) -> Reply {
    let points: Result<Vec<Point>, String> =
        words.iter().map(|word| point_of(engine, Some(word))).collect();
    let Ok(points) = points else { return syntax("bad vertex list") };
    if points.len() < 2 {
        return syntax("bad vertex list");
    }
    set_handicap(engine, &points).map(|_| String::new())
}

/// How the rules that a record names count.
fn scoring_of(rules: &str) -> Option<Scoring> {
    match rules.trim().to_ascii_lowercase().as_str() {
        "japanese" | "korean" => Some(Scoring::Territory),
        "chinese" | "aga" | "nz" | "goe" => Some(Scoring::Area),
        _ => None,
    }
}

fn loadsgf(engine: &mut Engine, words: &[&str]) -> Reply {
    let Some(name) = words.first() else { return syntax("syntax error") };
    let before = match words.get(1) {
        None => usize::MAX,
        Some(word) => match word.parse::<usize>() {
            Ok(number) => number.saturating_sub(1),
            Err(_) => return syntax("syntax error"),
        },
    };
    // Devices and pipes may never end.
    let data = std::fs::metadata(Path::new(name));
    if data.is_ok_and(|data| !data.is_file() || data.len() > sgf::BYTES_MAX as u64) {
        return Err("cannot load file: no file, or too large".to_owned());
    }
    let bytes = std::fs::read(Path::new(name));
    let bytes = bytes.map_err(|error| format!("cannot load file: {error}"))?;
    let load = || {
        let tree = sgf::parse(&bytes)?;
        let rules = tree.nodes.first().and_then(|root| root.text("RU"));
        Ok((sgf::replay(&tree, before)?, rules.as_deref().and_then(scoring_of)))
    };
    let (game, scoring) =
        load().map_err(|error: crate::GoError| format!("cannot load file: {error}"))?;
    engine.komi = game.komi;
    begin(engine, game);
    engine.record_scoring = scoring;
    Ok(engine.game.to_play().to_string())
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
