//! What both players of a match are held to.

use std::time::Duration;

use serde::Serialize;

use crate::board::{Game, Ko};
use crate::error::GoError;

/// How long a player may think.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Time {
    /// The same for each move; what is left over is lost.
    Move(Duration),
    /// For all moves of a game together.
    Game(Duration),
}

/// Ends games that are decided. A value is the share of playouts that the side to move won in
/// our own search; GTP engines do not tell theirs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Adjudication {
    /// Share of playouts above which a side is as good as the winner; above 0.5, below 1.
    pub value: f64,
    /// So many searches in a row must say so, of both players where both are our own.
    pub moves: usize,
}

/// What a game is played by.
#[derive(Clone, Debug, PartialEq)]
pub struct Rules {
    /// Points on a side, 2 to 25.
    pub size: usize,
    /// Points that white gets for playing second.
    pub komi: f32,
    /// Which repetitions are forbidden.
    pub ko: Ko,
    /// Limit of time, told to GTP engines and added to the settings of our own; `None` for none.
    pub time: Option<Time>,
    /// How much later than its time a player may answer before it has lost.
    pub grace: Duration,
    /// Moves that are played at random before the players begin.
    pub opening_moves: usize,
    /// Most moves of a game, opening included; `None` for three a point. Then it is counted as it
    /// stands.
    pub moves_max: Option<usize>,
    /// Ends decided games; `None` plays them out.
    pub adjudication: Option<Adjudication>,
    /// Playouts by which the referee reads which stones are dead at the end.
    pub status_playouts: u32,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            size: 9,
            komi: 7.5,
            ko: Ko::PositionalSuperko,
            time: None,
            grace: Duration::from_millis(500),
            opening_moves: 0,
            moves_max: None,
            adjudication: None,
            status_playouts: 400,
        }
    }
}

impl Rules {
    /// # Errors
    /// [`GoError::Size`], and [`GoError::Option`] for values that make no sense.
    pub fn check(&self) -> Result<(), GoError> {
        let option = |option, expected, got: String| Err(GoError::Option { option, expected, got });
        Game::new(self.size)?;
        let points = self.size * self.size;
        if !self.komi.is_finite() {
            return option("komi", "a number", self.komi.to_string());
        }
        if self.opening_moves > points / 2 {
            let expected = "at most half of the points of the board";
            return option("opening", expected, self.opening_moves.to_string());
        }
        if self.moves_max.is_some_and(|most| most <= self.opening_moves) {
            return option("moves", "more than the opening has", format!("{:?}", self.moves_max));
        }
        if self.status_playouts == 0 {
            return option("status playouts", "at least 1", "0".to_owned());
        }
        if let Some(Time::Move(time) | Time::Game(time)) = self.time
            && time.is_zero()
        {
            return option("time", "more than zero", "0".to_owned());
        }
        let Some(Adjudication { value, moves }) = self.adjudication else { return Ok(()) };
        if !(0.5 < value && value < 1.0) || moves == 0 {
            let got = format!("{value} for {moves} moves");
            return option("adjudication", "a value between 0.5 and 1 and at least 1 move", got);
        }
        Ok(())
    }

    /// Most moves of a game.
    pub fn most_moves(&self) -> usize {
        self.moves_max.unwrap_or(3 * self.size * self.size)
    }
}
