//! Matches between two engines: our own with any settings, and other programs that speak GTP.
//!
//! A [`Match`] is played by [`run`]; each finished game is a [`GameRecord`] and all together a
//! [`MatchResult`]. A player that hangs, dies, answers garbage or plays an illegal move loses
//! that game by forfeit, with the reason; only a match that makes no sense is an error.
//!
//! Game number i has a seed of its own that follows from the seed of the match and i, so with a
//! limit of playouts and no limit of time the games of our own engines are the same for any
//! number of games at once.

mod game;
mod opening;
mod parallel;
mod player;
mod process;
mod record;
mod rules;
mod seat;
pub mod stats;
mod tally;

use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;

use serde::Serialize;

use crate::error::GoError;
pub use opening::opening;
pub(crate) use parallel::{Known, Series};
pub use player::{External, Patience, Player};
pub use record::{Effort, End, Forfeit, GameRecord, Reason, Side};
pub use rules::{Adjudication, Rules, Time};
pub use stats::{Sprt, SprtState, Verdict};
pub use tally::{Score, Tally};

/// Two players and what they play.
#[derive(Clone, Debug, PartialEq)]
pub struct Match {
    /// The first is black in games 0, 2, 4, and results are told of it.
    pub players: [Player; 2],
    /// What a game is played by.
    pub rules: Rules,
    /// Most games; an even number plays each opening with both colors.
    pub games: usize,
    /// Openings, seeds of the players and of the referee follow from it.
    pub seed: u64,
    /// Games at once, a thread each; at least 1.
    pub jobs: usize,
    /// Ends the match as soon as it is decided.
    pub sprt: Option<Sprt>,
}

impl Match {
    /// # Errors
    /// [`GoError::Size`], and [`GoError::Option`] for values that make no sense.
    pub fn check(&self) -> Result<(), GoError> {
        self.rules.check()?;
        self.players.iter().try_for_each(Player::check)?;
        self.sprt.iter().try_for_each(Sprt::check)?;
        for (option, value) in [("games", self.games), ("jobs", self.jobs)] {
            if value == 0 {
                return Err(GoError::Option {
                    option,
                    expected: "at least 1",
                    got: value.to_string(),
                });
            }
        }
        Ok(())
    }
}

/// Why a match ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stopped {
    /// All games were played.
    Complete,
    /// The sequential test was decided.
    Decided,
    /// It was told to.
    Interrupted,
}

/// All games of a match.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MatchResult {
    /// By number. Games that ended after the sequential test was decided are not among them.
    pub games: Vec<GameRecord>,
    /// Their sum.
    pub tally: Tally,
    /// What the sequential test says to the games, where one was asked for.
    pub sprt: Option<SprtState>,
    /// Why there are no more games.
    pub stopped: Stopped,
}

/// Plays a match. `on_game` is called on this thread for each game as it ends, in any order, with
/// the sum of those so far; [`ControlFlow::Break`] ends the match, as does `stop`. What was
/// finished by then is kept, games that were going on are not.
///
/// # Errors
/// [`GoError`] for a match that makes no sense, before any game is begun. Engines that cannot be
/// started lose their games; see [`probe`] to find that out before.
pub fn run(
    of: &Match,
    stop: &AtomicBool,
    on_game: &mut dyn FnMut(&GameRecord, &Tally) -> ControlFlow<()>,
) -> Result<MatchResult, GoError> {
    of.check()?;
    let series = Series { of, known: &Known::new() };
    let (games, stopped) = series.run(stop, on_game)?;
    let tally = Tally::of(&games);
    let sprt = of.sprt.map(|sprt| tally.score.test(&sprt));
    Ok(MatchResult { games, tally, sprt, stopped })
}

/// What a program says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Identity {
    /// Its answer to `name`.
    pub name: String,
    /// Its answer to `version`.
    pub version: String,
}

/// Starts a program, asks its name and whether it takes the size of the board, and ends it.
///
/// # Errors
/// [`GoError::NoStart`], [`GoError::Hung`], [`GoError::Died`], [`GoError::Garbage`],
/// [`GoError::Refused`].
pub fn probe(external: &External, rules: &Rules, stop: &AtomicBool) -> Result<Identity, GoError> {
    seat::probe(external, rules, stop)
}
