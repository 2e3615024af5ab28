//! Games added up.

use serde::{Deserialize, Serialize};

use super::record::{Effort, End, GameRecord, Side};
use super::stats::{Sprt, SprtState, elo, wilson};
use crate::board::Color;

/// Wins, draws and losses of the first player.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Score {
    /// Games won.
    pub wins: u64,
    /// Games that nobody won.
    pub draws: u64,
    /// Games lost.
    pub losses: u64,
}

impl Score {
    /// Counts a game.
    pub fn add(&mut self, winner: Option<Side>) {
        match winner {
            Some(Side::First) => self.wins += 1,
            Some(Side::Second) => self.losses += 1,
            None => self.draws += 1,
        }
    }

    /// Games.
    pub fn games(&self) -> u64 {
        self.wins + self.draws + self.losses
    }

    /// Wins and half of the draws.
    pub fn points(&self) -> f64 {
        self.wins as f64 + 0.5 * self.draws as f64
    }

    /// Points by game; `None` without games.
    pub fn share(&self) -> Option<f64> {
        (self.games() > 0).then(|| self.points() / self.games() as f64)
    }

    /// The 95 % Wilson interval of the share.
    pub fn interval(&self) -> [f64; 2] {
        wilson(self.points(), self.games())
    }

    /// The difference in Elo; `None` where it has no bound, and without games.
    pub fn elo(&self) -> Option<f64> {
        self.share().and_then(elo)
    }

    /// The bounds of the interval in Elo; `None` where there is no bound.
    pub fn elo_interval(&self) -> [Option<f64>; 2] {
        self.interval().map(elo)
    }

    /// What a sequential test says to it.
    pub fn test(&self, sprt: &Sprt) -> SprtState {
        sprt.state(self.wins, self.draws, self.losses)
    }
}

/// A match so far.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tally {
    /// Of the first player.
    pub score: Score,
    /// Of the first player, in games where it was black.
    pub as_black: Score,
    /// Of the first player, in games where it was white.
    pub as_white: Score,
    /// Games that black won.
    pub black_wins: u64,
    /// Games that white won.
    pub white_wins: u64,
    /// Games that each side resigned.
    pub resigned: [u64; 2],
    /// Games that each side forfeited.
    pub forfeited: [u64; 2],
    /// Games whose result a player disputes.
    pub disputed: u64,
    /// Games that were adjudicated.
    pub adjudicated: u64,
    /// Games that were broken off at the most moves.
    pub moves_max: u64,
    /// Moves of all games, openings included.
    pub moves: u64,
    /// Work and time of each side.
    pub effort: [Effort; 2],
}

impl Tally {
    /// Counts a game.
    pub fn add(&mut self, game: &GameRecord) {
        self.score.add(game.winner);
        match game.color(Side::First) {
            Color::Black => self.as_black.add(game.winner),
            Color::White => self.as_white.add(game.winner),
        }
        match game.winner.map(|side| game.color(side)) {
            Some(Color::Black) => self.black_wins += 1,
            Some(Color::White) => self.white_wins += 1,
            None => {}
        }
        match &game.end {
            End::Resignation => {
                if let Some(winner) = game.winner {
                    self.resigned[winner.other().at()] += 1;
                }
            }
            End::Forfeit(forfeit) => self.forfeited[forfeit.side.at()] += 1,
            End::Adjudication => self.adjudicated += 1,
            End::MovesMax => self.moves_max += 1,
            End::Passes => {}
        }
        self.disputed += u64::from(game.disputed);
        self.moves += game.moves.len() as u64;
        for (sum, effort) in self.effort.iter_mut().zip(&game.effort) {
            sum.add(effort);
        }
    }

    /// The sum of games.
    pub fn of<'a>(games: impl IntoIterator<Item = &'a GameRecord>) -> Self {
        let mut tally = Self::default();
        games.into_iter().for_each(|game| tally.add(game));
        tally
    }
}
