//! What strategies see of a position: the maps for a picture of a board.

use serde::{Deserialize, Serialize};

use crate::board::{Color, Game, Point};
use crate::criteria::{Maps, Node, Pruning, safe};
use crate::error::GoError;
use crate::potential::{Charges, Edge, Field, Kernel};

/// What happens to a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// A black stone lies there.
    Black,
    /// A white stone lies there.
    White,
    /// A move there is illegal.
    Illegal,
    /// The move is kept, whatever it scores: a capture, beside a weak chain or the last move.
    Safe,
    /// The move is kept.
    Kept,
    /// The move is cut.
    Cut,
}

/// Maps of a position, all of shape `[points]`, row by row from the top left.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Picture {
    /// Points on a side.
    pub size: usize,
    /// `black` or `white`.
    pub to_play: String,
    /// The last move as GTP writes it; `None` at the beginning.
    pub last: Option<String>,
    /// Signed, in units of the kernel: black's stones add.
    pub potential: Vec<f32>,
    /// Unsigned, in units of the kernel.
    pub density: Vec<f32>,
    /// Of the potential, in units of the kernel by point.
    pub gradient: Vec<f32>,
    /// Stones, and what pruning does with each move.
    pub fates: Vec<Fate>,
    /// Legal moves.
    pub legal: usize,
    /// Moves of these that are cut.
    pub cut: usize,
}

impl Picture {
    /// The maps of the position of a game, for the player whose turn it is.
    ///
    /// # Errors
    /// [`GoError::Option`] and [`GoError::Prune`] for a kernel or pruning that makes no sense.
    pub fn new(
        game: &Game,
        pruning: &Pruning,
        kernel: Kernel,
        edge: Edge,
    ) -> Result<Self, GoError> {
        pruning.check()?;
        let (board, color) = (game.board(), game.to_play());
        let size = board.size();
        let moves = game.legal(color);
        let last = game.last().map(|(_, point)| point);
        let maps = Maps::new(&Field::new(&Charges::new(size, kernel, edge)?, board));
        let node = Node { board, color, last: last.unwrap_or(Point::PASS), moves: &moves };
        let (mask, pinned) = (pruning.keep(&node, &maps)?, safe(&node));
        let mut fates: Vec<Fate> = board
            .points()
            .map(|point| match board.at(point) {
                Some(Color::Black) => Fate::Black,
                Some(Color::White) => Fate::White,
                None => Fate::Illegal,
            })
            .collect();
        for (at, number) in moves.iter().filter_map(|point| point.number(size)).enumerate() {
            fates[number] = match (pinned.keeps(at), mask.keeps(at)) {
                (true, _) => Fate::Safe,
                (false, true) => Fate::Kept,
                (false, false) => Fate::Cut,
            };
        }
        let cut = fates.iter().filter(|fate| **fate == Fate::Cut).count();
        let Maps { potential, density, gradient } = maps;
        Ok(Self {
            size,
            to_play: color.to_string(),
            last: last.map(|point| point.vertex(size)),
            potential,
            density,
            gradient,
            fates,
            legal: moves.len(),
            cut,
        })
    }
}
