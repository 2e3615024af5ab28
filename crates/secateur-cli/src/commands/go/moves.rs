//! What pruning makes of the moves of a position.

use secateur::core::{Mask, RunError};
use secateur::go::board::{Color, Game, Point};
use secateur::go::criteria::{Maps, Node, Pruning, Strategy, safe};
use secateur::go::potential::{Charges, Field};
use secateur::go::search::Settings;

/// A legal move.
pub(super) struct Move {
    pub(super) point: Point,
    pub(super) potential: f32,
    pub(super) density: f32,
    pub(super) gradient: f32,
    pub(super) kept: bool,
    /// Whether it is never cut.
    pub(super) safe: bool,
    /// Strategies that alone would cut it.
    pub(super) cut_by: Vec<Strategy>,
}

/// A position with its fields and its moves.
pub(super) struct Moves {
    pub(super) color: Color,
    pub(super) maps: Maps,
    /// In the order of the board.
    pub(super) legal: Vec<Move>,
}

impl Moves {
    pub(super) fn new(game: &Game, color: Color, settings: &Settings) -> Result<Self, RunError> {
        settings.check()?;
        let board = game.board();
        let charges = Charges::new(board.size(), settings.kernel, settings.edge)?;
        let maps = Maps::new(&Field::new(&charges, board));
        let points = game.legal(color);
        let last = game.last().map_or(Point::PASS, |(_, point)| point);
        let node = Node { board, color, last, moves: &points };
        let keep = |pruning: &Pruning| -> Result<Mask, RunError> {
            Ok(pruning.keep(&node, &maps).map_err(secateur::go::GoError::from)?)
        };
        let kept = keep(&settings.pruning)?;
        let alone = |strategy: Strategy| {
            let pruning =
                Pruning { strategies: vec![strategy], min_keep: Some(0), ..settings.pruning };
            Ok((strategy, keep(&pruning)?))
        };
        let strategies = settings.pruning.strategies.iter().copied();
        let masks: Vec<(Strategy, Mask)> =
            strategies.map(alone).collect::<Result<_, RunError>>()?;
        let safe = safe(&node);
        let one = |(at, point): (usize, &Point)| {
            let number = point.number(board.size()).unwrap_or_default();
            Move {
                point: *point,
                potential: maps.potential[number],
                density: maps.density[number],
                gradient: maps.gradient[number],
                kept: kept.keeps(at),
                safe: safe.keeps(at),
                cut_by: masks.iter().filter(|(_, mask)| !mask.keeps(at)).map(|(s, _)| *s).collect(),
            }
        };
        let legal = points.iter().enumerate().map(one).collect();
        Ok(Self { color, maps, legal })
    }

    pub(super) fn kept(&self) -> usize {
        self.legal.iter().filter(|found| found.kept).count()
    }

    pub(super) fn cut(&self) -> usize {
        self.legal.len() - self.kept()
    }

    /// Share of the legal moves that is cut.
    pub(super) fn share_cut(&self) -> f64 {
        self.cut() as f64 / self.legal.len().max(1) as f64
    }

    /// Of a point; `None` where no move is legal.
    pub(super) fn of(&self, point: Point) -> Option<&Move> {
        self.legal.iter().find(|found| found.point == point)
    }
}
