//! Which stones are dead at the end, by playouts.

use crate::board::{Board, Color, Point, Status, unconditional};
use crate::playout::{Dice, Policy, play_out};

/// How often a point ended as black's.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// Share of playouts in which black owned the point, of shape `[points]`.
    pub black: Vec<f64>,
    /// Stones that died in most playouts, row by row.
    pub dead: Vec<Point>,
}

/// Share of playouts above which a chain is taken for dead.
const DEAD_ABOVE: f64 = 0.7;

/// Plays the position out, each color first in half of the games. Stones that are alive or dead
/// for certain are what they are.
pub fn read_status(board: &Board, playouts: u32, seed: u64) -> Reading {
    let mut dice = Dice::new(seed);
    let mut after = board.clone();
    let mut trace = Vec::new();
    let mut counts = vec![0_u32; board.size() * board.size()];
    for turn in 0..playouts {
        after.copy_from(board);
        after.clear_ko();
        trace.clear();
        let color = Color::BOTH[turn as usize % 2];
        play_out(&mut after, color, Policy::Patterns, &mut dice, &mut trace);
        for (count, owner) in counts.iter_mut().zip(after.owners()) {
            *count += u32::from(owner == Some(Color::Black));
        }
    }
    let share = |count: &u32| f64::from(*count) / f64::from(playouts.max(1));
    let black: Vec<f64> = counts.iter().map(share).collect();
    let certain = unconditional(board);
    let size = board.size();
    let is_dead = |point: &Point| {
        let (Some(color), Some(number)) = (board.at(*point), point.number(size)) else {
            return false;
        };
        match certain[number] {
            Status::Alive => false,
            Status::Dead => true,
            Status::Undecided | Status::Territory(_) => {
                let numbers: Vec<usize> =
                    board.chain(*point).filter_map(|stone| stone.number(size)).collect();
                let own = |number: &usize| match color {
                    Color::Black => black[*number],
                    Color::White => 1.0 - black[*number],
                };
                let mean = numbers.iter().map(own).sum::<f64>() / numbers.len() as f64;
                1.0 - mean > DEAD_ABOVE
            }
        }
    };
    let dead = board.points().filter(is_dead).collect();
    Reading { black, dead }
}
