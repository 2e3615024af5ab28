//! How much work pruning saves at equal strength: the question of Oshima and So.
//!
//! For each size, strategy and quantile a pruned player with N (1 - r) playouts a move meets a
//! whole one with N, for growing r, until the pruned one loses too often. The largest r that it
//! holds is what pruning saves; the paper states 18 % for the best single strategy and 23 % for
//! the best pair.
//!
//! A [`Plan`] is carried out by [`run`]. Each finished game is a line for a [`journal`], from
//! which a run goes on to the same results. [`agreement`] asks another question of the same
//! strategies: how often they keep the moves of strong players. [`picture`] has the maps of a
//! position.
//!
//! Sources: Oshima, Yamada and Endo, 2011, Procedia Computer Science 6, pages 237-242 (the two
//! numbers); Oshima and So, 2021, IJCSNS 21(6), pages 54-60. Opponent, games, komi and thresholds
//! are not in the abstracts, so how it is measured here is our own.

pub mod agreement;
mod games;
pub mod journal;
pub mod picture;
mod plan;
mod run;

pub use games::{game_of_line, read_games};
pub use plan::{Cell, Plan, Test, joined, singles_and_pairs};
pub use run::{Basis, CellResult, Claim, Event, Outcome, Row, Saved, run};

/// What the paper's best single strategy cuts of the complexity.
pub const PAPER_SINGLE: f64 = 0.18;
/// What the paper's best pair of strategies cuts of the complexity.
pub const PAPER_PAIR: f64 = 0.23;
