//! What each legal move is worth by the potential of its point; one criterion a file.
//!
//! The unit that is kept or cut is a legal move of a [`Node`]. A strategy keeps moves on one side
//! of a threshold, so each criterion is a value that rises toward what is kept.
//!
//! To add one: write its file and its page beside these and add its line to [`METHODS`] and
//! [`Strategy`].

pub mod gradient_high;
pub mod gradient_low;
pub mod potential_high;
pub mod potential_low;

use secateur_core::prune::{Method, PruneError};
use secateur_core::{Budget, Criterion, Limits, Mask, Scores, select};
use serde::{Deserialize, Serialize};

use crate::board::{Board, Color, Point};
use crate::error::GoError;
use crate::potential::Field;
pub use gradient_high::GradientHigh;
pub use gradient_low::GradientLow;
pub use potential_high::PotentialHigh;
pub use potential_low::PotentialLow;

/// Every criterion, sorted by name.
pub const METHODS: &[Method] =
    &[gradient_high::METHOD, gradient_low::METHOD, potential_high::METHOD, potential_low::METHOD];

/// A position whose moves are to be pruned.
#[derive(Clone, Debug)]
pub struct Node<'a> {
    /// The position.
    pub board: &'a Board,
    /// Who plays.
    pub color: Color,
    /// The move before; a pass when there is none.
    pub last: Point,
    /// Legal moves without the pass.
    pub moves: &'a [Point],
}

/// Field and gradient at a node: the evidence.
#[derive(Clone, Debug, PartialEq)]
pub struct Maps {
    /// Of shape `[points]`.
    pub potential: Vec<f32>,
    /// Of shape `[points]`.
    pub density: Vec<f32>,
    /// Of shape `[points]`.
    pub gradient: Vec<f32>,
}

impl Maps {
    /// The maps of a field.
    pub fn new(field: &Field) -> Self {
        let (potential, density) = (field.potential.clone(), field.density.clone());
        Self { gradient: field.gradient(), potential, density }
    }
}

/// One of the four criteria as a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strategy {
    /// Cuts moves far from every stone.
    PotentialLow,
    /// Cuts moves deep inside of one color's area.
    PotentialHigh,
    /// Cuts moves where the potential is flat.
    GradientLow,
    /// Cuts moves hard against strong stones.
    GradientHigh,
}

impl Strategy {
    /// All four.
    pub const ALL: [Self; 4] =
        [Self::PotentialLow, Self::PotentialHigh, Self::GradientLow, Self::GradientHigh];

    /// The criterion.
    pub fn criterion(self) -> &'static dyn for<'a> Criterion<Node<'a>, Maps> {
        match self {
            Self::PotentialLow => &PotentialLow,
            Self::PotentialHigh => &PotentialHigh,
            Self::GradientLow => &GradientLow,
            Self::GradientHigh => &GradientHigh,
        }
    }

    /// Name on the command line.
    pub fn name(self) -> &'static str {
        self.criterion().name()
    }

    /// The strategy of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|strategy| strategy.name() == name)
    }

    /// Which side of an absolute threshold is kept: scores of high strategies are negated values.
    fn sign(self) -> f32 {
        match self {
            Self::PotentialLow | Self::GradientLow => 1.0,
            Self::PotentialHigh | Self::GradientHigh => -1.0,
        }
    }
}

/// Where the line between kept and cut is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Threshold {
    /// Each strategy cuts this share of the legal moves, rounded down: the same on all sizes.
    Quantile(f64),
    /// The value of potential, density or gradient itself.
    Absolute(f32),
}

/// How the moves of a node are pruned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pruning {
    /// A move is kept when all of them keep it; none means no pruning.
    pub strategies: Vec<Strategy>,
    /// The same for all strategies.
    pub threshold: Threshold,
    /// Fewest moves kept; `None` for the larger of 4 and 5 % of the legal moves.
    pub min_keep: Option<usize>,
}

impl Default for Pruning {
    fn default() -> Self {
        Self { strategies: Vec::new(), threshold: Threshold::Quantile(0.2), min_keep: None }
    }
}

impl Pruning {
    /// # Errors
    /// [`GoError::Option`] for a quantile outside of 0 to 1 and a threshold that is no number.
    pub fn check(&self) -> Result<(), GoError> {
        let (option, expected, got) = match self.threshold {
            Threshold::Quantile(q) if !(0.0..=1.0).contains(&q) => {
                ("quantile", "between 0 and 1", q.to_string())
            }
            Threshold::Absolute(t) if t.is_nan() => ("threshold", "a number", t.to_string()),
            Threshold::Quantile(_) | Threshold::Absolute(_) => return Ok(()),
        };
        Err(GoError::Option { option, expected, got })
    }

    /// The moves that are kept. Moves that are safe from pruning always are; so are all moves of
    /// an empty board.
    ///
    /// # Errors
    /// [`PruneError`] when node and maps do not fit.
    pub fn keep(&self, node: &Node<'_>, maps: &Maps) -> Result<Mask, PruneError> {
        let moves = node.moves.len();
        let has_stones = Color::BOTH.into_iter().any(|color| node.board.stones(color) > 0);
        if self.strategies.is_empty() || !has_stones || moves == 0 {
            return Ok(Mask::keep_all(moves));
        }
        let pinned = safe(node);
        let limits = Limits { pinned: Some(pinned.clone()), ..Limits::NONE };
        let mut kept = Mask::keep_all(moves);
        let mut worth = vec![0.0_f64; moves];
        for strategy in &self.strategies {
            let scores = strategy.criterion().score(node, maps)?;
            let budget = match self.threshold {
                Threshold::Quantile(share) => Budget::Sparsity(share),
                Threshold::Absolute(value) => Budget::AtLeast(strategy.sign() * value),
            };
            let mask = select(&scores, budget, &limits)?;
            for at in (0..moves).filter(|at| !mask.keeps(*at)) {
                kept.put(at, false);
            }
            // Ranks make values of different units comparable where too few are left. They order
            // as the selection does, so that what is filled in was cut last.
            let values = scores.values();
            let ranks = Scores::ranked(moves, |a, b| {
                let by_value = (values[a] + 0.0).total_cmp(&(values[b] + 0.0));
                pinned.keeps(a).cmp(&pinned.keeps(b)).then(by_value).then(a.cmp(&b))
            })?;
            for (worth, rank) in worth.iter_mut().zip(ranks.values()) {
                *worth = worth.max(moves as f64 - f64::from(*rank));
            }
        }
        let least = self.min_keep.unwrap_or_else(|| (moves.div_ceil(20)).max(4)).min(moves);
        if kept.kept() >= least {
            return Ok(kept);
        }
        // The moves nearest to being kept by all strategies fill the places.
        let nearest = Scores::ranked(moves, |a, b| {
            let rank = |at: usize| (kept.keeps(at), -worth[at]);
            let ((kept_a, worth_a), (kept_b, worth_b)) = (rank(a), rank(b));
            kept_a.cmp(&kept_b).then(worth_a.total_cmp(&worth_b))
        })?;
        let limits = Limits { pinned: Some(kept), ..Limits::NONE };
        Ok(select(&nearest, Budget::Keep(least), &limits)?)
    }
}

/// Moves that are never pruned: captures, moves beside a chain of two liberties or fewer (escapes
/// from atari among them), and moves beside the last one.
pub fn safe(node: &Node<'_>) -> Mask {
    let size = node.board.size();
    let last = node.last.column_row(size);
    let is_near = |point: Point| match (point.column_row(size), last) {
        (Some((x, y)), Some((u, v))) => x.abs_diff(u) + y.abs_diff(v) <= 1,
        _ => false,
    };
    // Points beside weak chains, each chain looked at once.
    let mut looked_at = vec![false; size * size];
    let mut weak = vec![false; size * size];
    for (number, point) in node.board.points().enumerate() {
        if looked_at[number] || node.board.at(point).is_none() {
            continue;
        }
        for stone in node.board.chain(point).filter_map(|stone| stone.number(size)) {
            looked_at[stone] = true;
        }
        let liberties = node.board.liberties(point);
        if liberties.len() <= 2 {
            for liberty in liberties.into_iter().filter_map(|point| point.number(size)) {
                weak[liberty] = true;
            }
        }
    }
    let is_safe =
        |point: &Point| is_near(*point) || point.number(size).is_none_or(|number| weak[number]);
    node.moves.iter().map(is_safe).collect()
}

/// The value of a map at each move of a node.
fn at_moves(
    node: &Node<'_>,
    map: &[f32],
    value: impl Fn(f32) -> f32,
) -> Result<Scores, PruneError> {
    let size = node.board.size();
    if map.len() != size * size {
        let what = "a map of the board".to_owned();
        return Err(PruneError::Evidence { what, expected: size * size, got: map.len() });
    }
    let numbers =
        node.moves.iter().map(|point| point.number(size).map_or(0.0, |at| value(map[at])));
    Ok(Scores::one_group(numbers.collect())?)
}
