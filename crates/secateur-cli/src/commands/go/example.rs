//! A short game of the engine against itself, for pictures.

use secateur::core::RunError;
use secateur::go::board::Game;
use secateur::go::sgf;

/// The game as a file.
pub(super) const GAME: &str = include_str!("../../../../../examples/go/game.sgf");

/// The position at its end.
pub(super) fn position() -> Result<Game, RunError> {
    Ok(sgf::replay(&sgf::parse(GAME.as_bytes())?, usize::MAX)?)
}
