//! What a move is worth before it is tried, in games won and played.
//!
//! Source: P. Baudis, 2015, michi: even games, captures, self-atari, distance to the last move,
//! empty sides.

use super::tree::SMALL_MAX;
use crate::board::{Board, Color, Point};
use crate::playout::{is_pattern, is_self_atari};

/// Games won and played.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Prior {
    pub(super) won: f32,
    pub(super) played: f32,
}

/// Least size of a board whose lines matter by themselves.
const LINES_FROM: usize = 7;

/// The prior of a legal move.
pub(super) fn of_move(board: &Board, point: Point, color: Color, last: Point) -> Prior {
    let mut prior = Prior { won: 5.0, played: 10.0 };
    let size = board.size();
    let Some((x, y)) = point.column_row(size) else {
        // A pass ends games too early when it is tried as often as a move; where the tree reaches
        // the end of games it is a move like any other.
        let won = if size <= SMALL_MAX { 5.0 } else { 1.0 };
        return Prior { won, played: 10.0 };
    };
    let mut add = |won: f32, played: f32| {
        prior.won += won;
        prior.played += played;
    };
    match board.captures(point, color) {
        0 => {}
        1 => add(15.0, 15.0),
        _ => add(30.0, 30.0),
    }
    if is_self_atari(board, point, color) {
        add(0.0, 10.0);
    }
    if is_pattern(board, point) {
        add(10.0, 10.0);
    }
    if let Some((u, v)) = last.column_row(size) {
        match x.abs_diff(u) + y.abs_diff(v) {
            1 => add(24.0, 24.0),
            2 => add(22.0, 22.0),
            3 => add(8.0, 8.0),
            _ => {}
        }
    }
    if size >= LINES_FROM && is_alone(board, x, y) {
        match x.min(y).min(size - 1 - x).min(size - 1 - y) {
            0 | 1 => add(0.0, 10.0),
            2 => add(10.0, 10.0),
            _ => {}
        }
    }
    prior
}

/// Whether no stone lies within three steps.
fn is_alone(board: &Board, x: usize, y: usize) -> bool {
    let size = board.size();
    let rows = y.saturating_sub(3)..=(y + 3).min(size - 1);
    rows.into_iter().all(|v| {
        let reach = 3 - y.abs_diff(v);
        let mut columns = x.saturating_sub(reach)..=(x + reach).min(size - 1);
        columns.all(|u| board.at(Point::new(size, u, v)).is_none())
    })
}
