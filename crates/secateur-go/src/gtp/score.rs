//! Commands that count the board and say what is dead.
#![expect(clippy::unnecessary_wraps, reason = "all commands have one type")]

use std::num::NonZero;

use super::commands::{point_of, syntax};
use super::{Engine, Reply};
use crate::board::{Color, Point, Status, unconditional};
use crate::search::{Reading, read_status};

/// Playouts that decide which stones are dead.
const STATUS_PLAYOUTS: u32 = 400;

/// Which stones playouts take for dead, and whose the points are.
pub(super) fn reading(engine: &Engine) -> Reading {
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
    read_status(engine.game.board(), STATUS_PLAYOUTS, engine.settings.seed, threads)
}

/// Black's lead after dead stones are taken off, and what the dead stones are.
fn lead(engine: &Engine) -> (f32, Reading) {
    let (board, reading) = (engine.game.board(), reading(engine));
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

pub(super) fn final_score(engine: &mut Engine, _: &[&str]) -> Reply {
    Ok(score(lead(engine).0))
}

/// GNU Go's form; the bounds give all points that playouts dispute to one side.
pub(super) fn new_score(engine: &mut Engine, _: &[&str]) -> Reply {
    let (lead, reading) = lead(engine);
    let disputed = reading.black.iter().filter(|share| (0.2..=0.8).contains(*share)).count() as f32;
    Ok(format!(
        "{} (upper bound: {:.1}, lower: {:.1})",
        score(lead),
        lead + disputed,
        lead - disputed
    ))
}

pub(super) fn final_status_list(engine: &mut Engine, words: &[&str]) -> Reply {
    let board = engine.game.board();
    let reading = reading(engine);
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
    Ok(by_chains(engine, &points))
}

pub(super) fn unconditional_status(engine: &mut Engine, words: &[&str]) -> Reply {
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

/// One line for each chain, as the standard wants.
fn by_chains(engine: &Engine, points: &[Point]) -> String {
    let board = engine.game.board();
    let size = board.size();
    let mut done = vec![false; size * size];
    let mut lines = Vec::new();
    for point in points {
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
    lines.join("\n")
}
