//! Random moves that leave both sides a chance.

use secateur_core::Random;

use super::rules::Rules;
use crate::board::{Game, Point};
use crate::error::GoError;
use crate::playout::{Dice, Policy, play_out};

/// Openings that are tried.
const TRIES: usize = 16;
/// Playouts that judge an opening.
const PLAYOUTS: u32 = 100;
/// How far black's share of playouts may be off from one half.
const BALANCE: f64 = 0.1;

/// The opening of a pair of games: `rules.opening_moves` legal moves by turns, at random on the
/// third line and above where the board has room for it. It is the first of 16 where black wins
/// 40 to 60 % of 100 playouts, or else the one that comes nearest to one half.
///
/// # Errors
/// [`GoError::Size`].
pub fn opening(rules: &Rules, seed: u64, pair: u64) -> Result<Game, GoError> {
    let mut random = Random::stream(seed, pair);
    let mut best: Option<(f64, Game)> = None;
    for _ in 0..TRIES {
        let game = draw(rules, &mut random)?;
        if rules.opening_moves == 0 {
            return Ok(game);
        }
        let off = (black_share(&game, random.bits()) - 0.5).abs();
        if off <= BALANCE {
            return Ok(game);
        }
        if best.as_ref().is_none_or(|(least, _)| off < *least) {
            best = Some((off, game));
        }
    }
    Ok(best.expect("at least one opening is tried").1)
}

fn draw(rules: &Rules, random: &mut Random) -> Result<Game, GoError> {
    let mut game = Game::new(rules.size)?;
    (game.komi, game.ko) = (rules.komi, rules.ko);
    let edge = if rules.size < 7 { 0 } else { 2 };
    let is_inside = |point: &Point| {
        let (x, y) = point.column_row(rules.size).unwrap_or_default();
        let line = x.min(y).min(rules.size - 1 - x).min(rules.size - 1 - y);
        line >= edge
    };
    for _ in 0..rules.opening_moves {
        let color = game.to_play();
        let legal = game.legal(color);
        let inside: Vec<Point> = legal.iter().copied().filter(is_inside).collect();
        let from = if inside.is_empty() { &legal } else { &inside };
        let point = if from.is_empty() { Point::PASS } else { from[random.below(from.len())] };
        game.play(point, color)?;
    }
    Ok(game)
}

/// Share of playouts that black wins.
fn black_share(game: &Game, seed: u64) -> f64 {
    let mut dice = Dice::new(seed);
    let mut board = game.board().clone();
    let mut trace = Vec::new();
    let mut won = 0.0;
    for _ in 0..PLAYOUTS {
        board.copy_from(game.board());
        trace.clear();
        let lead = play_out(&mut board, game.to_play(), Policy::Patterns, &mut dice, &mut trace);
        won += f64::from(u8::from(lead as f32 > game.komi));
    }
    won / f64::from(PLAYOUTS)
}
