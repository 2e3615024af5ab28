//! Stones and points that no number of the opponent's moves can change.
//!
//! [`uncapturable`] chains stay however often the opponent plays in a row (`benson`). What else
//! their color has for good is where the opponent, who may play as often as it likes, gets no
//! uncapturable chain of its own (`territory`). These are the definitions that the manual of GNU
//! Go gives for `unconditional_status`.

mod attack;
mod benson;
mod seki;
mod territory;

use super::{Board, Color};
use benson::alive;

/// What is certain about a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Nothing.
    Undecided,
    /// Its stone can never be captured, or stands where only its own color can live.
    Alive,
    /// Its stone can never live.
    Dead,
    /// It is empty, and this color's for good.
    Territory(Color),
}

/// Whether each point holds a stone of a color that no number of the opponent's moves in a row
/// can capture, row by row from the top left.
pub fn uncapturable(board: &Board, color: Color) -> Vec<bool> {
    let lives = alive(board, color);
    let is_safe = |cell: usize| board.state(cell) == color.state() && lives[board.root(cell)];
    board.points().map(|point| is_safe(usize::from(point.0))).collect()
}

/// What is certain about each point, row by row from the top left. Where neither color can live
/// nothing is.
pub fn unconditional(board: &Board) -> Vec<Status> {
    let [black, white] = Color::BOTH.map(|color| territory::owned(board, color));
    let status = |point: super::Point| {
        let cell = usize::from(point.0);
        let owner = match (black[cell], white[cell]) {
            (true, false) => Color::Black,
            (false, true) => Color::White,
            (true, true) | (false, false) => return Status::Undecided,
        };
        match board.at(point) {
            Some(stone) if stone == owner => Status::Alive,
            Some(_) => Status::Dead,
            None => Status::Territory(owner),
        }
    };
    board.points().map(status).collect()
}
