//! Commands that begin a game: size, komi, rules, handicap, records.
#![expect(clippy::unnecessary_wraps, reason = "all commands have one type")]

use std::path::Path;

use super::commands::{color_of, moves_of, number, point_of, syntax};
use super::{Engine, Reply};
use crate::board::handicap::{handicap_max, handicap_points};
use crate::board::{Board, Color, Game, Ko, Point, Scoring};
use crate::sgf;

/// Begins a game with this one's komi.
fn begin(engine: &mut Engine, mut game: Game) {
    game.komi = engine.komi;
    game.ko = Ko::PositionalSuperko;
    engine.game = game;
    engine.record_scoring = None;
    engine.search.forget();
}

pub(super) fn boardsize(engine: &mut Engine, words: &[&str]) -> Reply {
    let size = words.first().and_then(|word| word.parse::<u64>().ok());
    let Some(size) = size else { return syntax("syntax error: the size is no number") };
    let game = usize::try_from(size).ok().and_then(|size| Game::new(size).ok());
    begin(engine, game.ok_or_else(|| "unacceptable size".to_owned())?);
    Ok(String::new())
}

pub(super) fn clear_board(engine: &mut Engine, _: &[&str]) -> Reply {
    let game = Game::new(engine.game.board().size()).map_err(|error| error.to_string())?;
    begin(engine, game);
    Ok(String::new())
}

pub(super) fn komi(engine: &mut Engine, words: &[&str]) -> Reply {
    let Some(komi) = number(words.first()).map(|komi| komi as f32).filter(|komi| komi.is_finite())
    else {
        return syntax("syntax error: komi is no number");
    };
    engine.komi = komi;
    engine.game.komi = komi;
    engine.search.forget();
    Ok(String::new())
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

pub(super) fn fixed_handicap(engine: &mut Engine, words: &[&str]) -> Reply {
    let stones = words.first().and_then(|word| word.parse().ok());
    let Some(stones) = stones else { return syntax("syntax error") };
    match handicap_points(engine.game.board().size(), stones) {
        Some(points) => set_handicap(engine, &points),
        None => syntax("invalid number of stones"),
    }
}

/// The fixed places, as many as there are.
pub(super) fn place_free_handicap(engine: &mut Engine, words: &[&str]) -> Reply {
    let stones = words.first().and_then(|word| word.parse::<usize>().ok());
    let Some(stones) = stones else { return syntax("syntax error") };
    let size = engine.game.board().size();
    match handicap_points(size, stones.min(handicap_max(size))) {
        Some(points) => set_handicap(engine, &points),
        None => syntax("invalid number of stones"),
    }
}

pub(super) fn set_free_handicap(engine: &mut Engine, words: &[&str]) -> Reply {
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
        "chinese" | "aga" | "nz" | "new_zealand" | "goe" => Some(Scoring::Area),
        _ => None,
    }
}

pub(super) fn loadsgf(engine: &mut Engine, words: &[&str]) -> Reply {
    // The protocol knows no quotes: a name with blanks is all words but a number at the end.
    let (names, before) = match words.split_last() {
        None => return syntax("syntax error"),
        Some((last, names)) if !names.is_empty() && last.parse::<u32>().is_ok() => (names, last),
        Some(_) => (words, &""),
    };
    let before = before.parse().map_or(usize::MAX, |number: usize| number.saturating_sub(1));
    let name = &names.join(" ");
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

pub(super) fn get_komi(engine: &mut Engine, _: &[&str]) -> Reply {
    Ok(engine.game.komi.to_string())
}

pub(super) fn query_boardsize(engine: &mut Engine, _: &[&str]) -> Reply {
    Ok(engine.game.board().size().to_string())
}

/// Rules as the server KGS names them; they say how `final_score` counts.
pub(super) fn kgs_rules(engine: &mut Engine, words: &[&str]) -> Reply {
    let scoring = words.first().and_then(|word| scoring_of(word));
    engine.scoring = scoring.ok_or_else(|| "unknown rules".to_owned())?;
    engine.record_scoring = None;
    Ok(String::new())
}

/// Stones of both colors, in any order, in place of those of the board.
pub(super) fn gogui_setup(engine: &mut Engine, words: &[&str]) -> Reply {
    let stones = moves_of(engine, words)?;
    let size = engine.game.board().size();
    let mut cells: Vec<Option<Color>> = vec![None; size * size];
    for (color, point) in stones {
        let Some(at) = point.number(size) else { return syntax("invalid coordinate") };
        cells[at] = Some(color);
    }
    let board = Board::of_stones(&cells).map_err(|error| error.to_string())?;
    let to_play = engine.game.to_play();
    begin(engine, Game::of_board(board, to_play));
    Ok(String::new())
}

pub(super) fn gogui_setup_player(engine: &mut Engine, words: &[&str]) -> Reply {
    engine.game.turn(color_of(words.first())?);
    Ok(String::new())
}
