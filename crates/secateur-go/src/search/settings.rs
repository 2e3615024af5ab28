//! How a search is made.

use std::time::Duration;

use crate::criteria::Pruning;
use crate::error::GoError;
use crate::playout::Policy;
use crate::potential::{Edge, Kernel};

/// How playouts are shared among moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Shape {
    /// Each move of the root gets the same number, as in the papers.
    Flat,
    /// A tree, by upper confidence and all-moves-as-first.
    #[default]
    Tree,
}

/// Most threads of a search.
const THREADS_MAX: usize = 256;

/// Where moves are pruned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Scope {
    /// At the position that is searched only.
    Root,
    /// At every node of the tree.
    #[default]
    Nodes,
}

/// Moves that are cut come back as a node is visited: the first `ceil(first N^power)` moves, kept
/// ones before cut ones, after N visits.
///
/// Source: G. Chaslot et al., 2008, "Progressive strategies for Monte-Carlo tree search".
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Unpruning {
    /// Moves at the first visit.
    pub first: f64,
    /// Growth.
    pub power: f64,
}

impl Default for Unpruning {
    fn default() -> Self {
        Self { first: 8.0, power: 0.5 }
    }
}

/// How a search is made. At least one limit is to be set; with a limit of playouts and no limit
/// of time, the same seed and number of threads give the same moves.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Flat or a tree.
    pub shape: Shape,
    /// Moves of playouts.
    pub policy: Policy,
    /// Most playouts a move; a thread ends at 16,777,216 with those that earlier moves left.
    pub playouts: Option<u64>,
    /// Most time a move.
    pub time: Option<Duration>,
    /// Threads, each with a tree of its own.
    pub threads: usize,
    /// Seed of the first move; later moves go on from there.
    pub seed: u64,
    /// Visits at which all-moves-as-first counts as much as the move itself; `None` without it.
    pub rave: Option<f64>,
    /// Weight of upper confidence.
    pub exploration: f64,
    /// Visits before a node gets children.
    pub expand_at: u32,
    /// Most nodes of all trees together, 40 bytes each.
    pub nodes_max: usize,
    /// Which moves are cut.
    pub pruning: Pruning,
    /// Where.
    pub scope: Scope,
    /// Whether cut moves come back.
    pub unpruning: Option<Unpruning>,
    /// Field of a stone.
    pub kernel: Kernel,
    /// What the edge does.
    pub edge: Edge,
    /// Resigns when the best move wins less often than this; `None` for never.
    pub resign_below: Option<f64>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            shape: Shape::Tree,
            policy: Policy::Patterns,
            playouts: Some(5000),
            time: None,
            threads: 1,
            seed: 0,
            rave: Some(3500.0),
            exploration: 0.0,
            expand_at: 8,
            nodes_max: 5_000_000,
            pruning: Pruning::default(),
            scope: Scope::Nodes,
            unpruning: None,
            kernel: Kernel::Coulomb,
            edge: Edge::Open,
            resign_below: Some(0.08),
        }
    }
}

impl Settings {
    /// # Errors
    /// [`GoError::Option`] for values that make no sense.
    pub fn check(&self) -> Result<(), GoError> {
        self.pruning.check()?;
        self.kernel.check()?;
        let option = |option, expected, got: String| Err(GoError::Option { option, expected, got });
        if self.playouts.is_none() && self.time.is_none() {
            return option("playouts", "set when there is no limit of time", "nothing".to_owned());
        }
        if self.playouts == Some(0) {
            return option("playouts", "at least 1", "0".to_owned());
        }
        if !(1..=THREADS_MAX).contains(&self.threads) {
            return option("threads", "1 to 256", self.threads.to_string());
        }
        if self.rave.is_some_and(|rave| rave.is_nan() || rave <= 0.0) {
            return option("rave", "a positive number", format!("{:?}", self.rave));
        }
        if !(self.exploration >= 0.0 && self.exploration.is_finite()) {
            return option("exploration", "zero or more", self.exploration.to_string());
        }
        let Some(unpruning) = self.unpruning else { return Ok(()) };
        if !(unpruning.first >= 1.0 && (0.0..=1.0).contains(&unpruning.power)) {
            return option("unpruning", "first >= 1 and 0 <= power <= 1", format!("{unpruning:?}"));
        }
        Ok(())
    }
}
