//! How often strategies keep the moves that strong players made.

use std::collections::btree_map::{BTreeMap, Entry};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::plan::{joined, singles_and_pairs};
use crate::board::{Color, Game, Point};
use crate::criteria::{Maps, Node, Pruning, Strategy, Threshold, safe};
use crate::error::GoError;
use crate::potential::{Charges, Edge, Field, Kernel};

/// Games between two reports.
const BATCH: usize = 64;

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

impl Question {
    /// # Errors
    /// [`GoError::Option`] for values that make no sense.
    pub fn check(&self) -> Result<(), GoError> {
        let option = |option, expected, got: String| Err(GoError::Option { option, expected, got });
        if self.strategies.is_empty() || self.quantiles.is_empty() {
            return option("strategies and quantiles", "at least one of each", "none".to_owned());
        }
        if let Some(empty) = self.strategies.iter().find(|strategies| strategies.is_empty()) {
            return option("strategies", "at least one", joined(empty));
        }
        if !self.phases.is_sorted_by(|a, b| a < b) {
            return option("phases", "rising", format!("{:?}", self.phases));
        }
        self.quantiles.iter().try_for_each(|quantile| self.pruning(&[], *quantile).check())?;
        self.kernel.check()
    }

    /// The pruning of a combination.
    fn pruning(&self, strategies: &[Strategy], quantile: f64) -> Pruning {
        let (strategies, threshold) = (strategies.to_vec(), Threshold::Quantile(quantile));
        Pruning { strategies, threshold, min_keep: self.min_keep }
    }

    /// The phase of a move, counted from 0.
    fn phase(&self, number: usize) -> usize {
        self.phases.partition_point(|end| *end <= number)
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

/// Asks a question of games, on all threads; `on_games` is told how many are done and can end it
/// by [`ControlFlow::Break`], as can `stop`. What was looked at by then is counted.
///
/// # Errors
/// [`GoError::Option`] for a question that makes no sense, [`GoError::Prune`] of the strategies.
pub fn agreement(
    games: &[Game],
    question: &Question,
    stop: &AtomicBool,
    on_games: &mut dyn FnMut(usize) -> ControlFlow<()>,
) -> Result<Agreement, GoError> {
    question.check()?;
    let mut charges = BTreeMap::new();
    for size in games.iter().map(|game| game.board().size()) {
        if let Entry::Vacant(place) = charges.entry(size) {
            place.insert(Charges::new(size, question.kernel, question.edge)?);
        }
    }
    let mut counts = Counts::new(question);
    let mut done = 0;
    for batch in games.chunks(BATCH) {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let of_game = |game: &Game| {
            let mut counts = Counts::new(question);
            counts.game(game, question, &charges[&game.board().size()]).map(|()| counts)
        };
        let found: Vec<Result<Counts, GoError>> = batch.par_iter().map(of_game).collect();
        for other in found {
            counts.add(&other?);
        }
        done += batch.len();
        if on_games(done).is_break() {
            break;
        }
    }
    Ok(counts.answer(question, done, done == games.len()))
}

/// Counts by combination, quantile and phase.
struct Counts(Vec<Count>);

impl Counts {
    fn new(question: &Question) -> Self {
        let phases = question.phases.len() + 1;
        let lines = question.strategies.len() * question.quantiles.len();
        Self(vec![Count::default(); lines * phases])
    }

    fn add(&mut self, other: &Self) {
        self.0.iter_mut().zip(&other.0).for_each(|(sum, count)| sum.add(count));
    }

    fn game(&mut self, game: &Game, question: &Question, charges: &Charges) -> Result<(), GoError> {
        let mut board = game.start().clone();
        let mut field = Field::default();
        let mut last = Point::PASS;
        for (number, (color, point)) in game.moves().iter().enumerate() {
            if number >= question.skip && !point.is_pass() {
                let legal = board.points().filter(|point| board.is_legal(*point, *color));
                let moves: Vec<Point> = legal.collect();
                field.follow(charges, &board);
                let node = Node { board: &board, color: *color, last, moves: &moves };
                self.position(&node, *point, &Maps::new(&field), number, question)?;
            }
            board.play(*point, *color);
            last = *point;
        }
        Ok(())
    }

    fn position(
        &mut self,
        node: &Node<'_>,
        played: Point,
        maps: &Maps,
        number: usize,
        question: &Question,
    ) -> Result<(), GoError> {
        let Some(played) = node.moves.iter().position(|point| *point == played) else {
            return Ok(());
        };
        let ranks = Ranks::new(node, maps)?;
        let (phases, legal) = (question.phases.len() + 1, node.moves.len());
        let mut at = question.phase(number);
        for strategies in &question.strategies {
            let lowest = ranks.lowest(strategies);
            for quantile in &question.quantiles {
                let cut = ranks.cut(&lowest, *quantile, question.min_keep);
                let (is_kept, cut) = if let Some(cut) = cut {
                    (lowest[played] >= ranks.budget(*quantile), cut)
                } else {
                    let mask = question.pruning(strategies, *quantile).keep(node, maps)?;
                    (mask.keeps(played), legal - mask.kept())
                };
                let (positions, kept) = (1, u64::from(is_kept));
                self.0[at].add(&Count { positions, kept, legal: legal as u64, cut: cut as u64 });
                at += phases;
            }
        }
        Ok(())
    }

    fn answer(self, question: &Question, games: usize, is_complete: bool) -> Agreement {
        let mut phases = self.0.chunks(question.phases.len() + 1);
        let mut lines = Vec::new();
        for strategies in &question.strategies {
            for quantile in &question.quantiles {
                let phases = phases.next().unwrap_or_default().to_vec();
                let mut all = Count::default();
                for count in &phases {
                    all.add(count);
                }
                let (strategies, quantile) = (strategies.clone(), *quantile);
                lines.push(Line { strategies, quantile, all, phases });
            }
        }
        Agreement { games: games as u64, phases: question.phases.clone(), lines, is_complete }
    }
}

/// The order in which each strategy cuts the moves of a position. One order serves all quantiles,
/// where [`Pruning::keep`] would select anew for each of them.
struct Ranks {
    /// By strategy: how many moves are cut before this one; [`u16::MAX`] for safe moves.
    of: [Vec<u16>; 4],
    /// Moves that can be cut; none on an empty board.
    loose: usize,
}

impl Ranks {
    fn new(node: &Node<'_>, maps: &Maps) -> Result<Self, GoError> {
        let pinned = safe(node);
        let has_stones = Color::BOTH.into_iter().any(|color| node.board.stones(color) > 0);
        let loose: Vec<usize> =
            (0..node.moves.len()).filter(|at| has_stones && !pinned.keeps(*at)).collect();
        let mut of = [const { Vec::new() }; 4];
        let mut order = Vec::with_capacity(loose.len());
        for (ranks, strategy) in of.iter_mut().zip(Strategy::ALL) {
            let scores = strategy.criterion().score(node, maps)?;
            // Of equal moves the first is cut first. Moves and values in one word sort fastest.
            let word = |at: &usize| u64::from(ordered(scores.values()[*at])) << 32 | *at as u64;
            order.clear();
            order.extend(loose.iter().map(word));
            order.sort_unstable();
            *ranks = vec![u16::MAX; node.moves.len()];
            for (rank, word) in order.iter().enumerate() {
                ranks[*word as u32 as usize] = rank as u16;
            }
        }
        Ok(Self { of, loose: loose.len() })
    }

    /// The first rank of each move by any of these strategies.
    fn lowest(&self, strategies: &[Strategy]) -> Vec<u16> {
        let mut lowest = vec![u16::MAX; self.of[0].len()];
        for strategy in strategies {
            for (low, rank) in lowest.iter_mut().zip(&self.of[*strategy as usize]) {
                *low = (*low).min(*rank);
            }
        }
        lowest
    }

    /// Moves that each strategy cuts.
    fn budget(&self, quantile: f64) -> u16 {
        let budget = (quantile * self.of[0].len() as f64).floor() as usize;
        budget.min(self.loose) as u16
    }

    /// Moves that are cut together; `None` when too few would be left.
    fn cut(&self, lowest: &[u16], quantile: f64, min_keep: Option<usize>) -> Option<usize> {
        let (moves, budget) = (lowest.len(), self.budget(quantile));
        let cut: u16 = lowest.iter().map(|rank| u16::from(*rank < budget)).sum();
        let least = min_keep.unwrap_or_else(|| moves.div_ceil(20).max(4)).min(moves);
        (moves - usize::from(cut) >= least).then_some(usize::from(cut))
    }
}

/// A word that rises with the value; zeros of both signs have the same.
fn ordered(value: f32) -> u32 {
    let bits = (value + 0.0).to_bits();
    if bits >> 31 == 1 { !bits } else { bits | 1 << 31 }
}

#[cfg(test)]
mod tests {
    use secateur_core::Random;

    use super::*;

    /// The short way counts what selecting anew for each quantile counts.
    #[test]
    fn counts_are_those_of_pruning_each_position() {
        let quantiles = vec![0.0, 0.1, 0.35, 0.5, 0.8, 1.0];
        let question = Question { quantiles, phases: vec![10, 30], ..Question::default() };
        let mut random = Random::new(7);
        for size in [3, 5, 9] {
            let charges = Charges::new(size, question.kernel, question.edge).unwrap();
            let mut game = Game::new(size).unwrap();
            game.ko = crate::board::Ko::Simple;
            let mut expect = Counts::new(&question);
            for number in 0..60 {
                let (color, moves) = (game.to_play(), game.legal(game.to_play()));
                let Some(point) = (!moves.is_empty()).then(|| moves[random.below(moves.len())])
                else {
                    break;
                };
                let last = game.last().map_or(Point::PASS, |(_, point)| point);
                let maps = Maps::new(&Field::new(&charges, game.board()));
                let node = Node { board: game.board(), color, last, moves: &moves };
                let mut at = question.phase(number);
                for strategies in &question.strategies {
                    for quantile in &question.quantiles {
                        let pruning = question.pruning(strategies, *quantile);
                        let mask = pruning.keep(&node, &maps).unwrap();
                        let played = moves.iter().position(|m| *m == point).unwrap();
                        expect.0[at].add(&Count {
                            positions: 1,
                            kept: u64::from(mask.keeps(played)),
                            legal: moves.len() as u64,
                            cut: (moves.len() - mask.kept()) as u64,
                        });
                        at += 3;
                    }
                }
                game.play(point, color).unwrap();
            }
            let mut got = Counts::new(&question);
            got.game(&game, &question, &charges).unwrap();
            // A field that follows the game rounds otherwise than one made anew, which can
            // exchange two moves of the same value.
            for (got, expect) in got.0.iter().zip(&expect.0) {
                assert_eq!(
                    (got.positions, got.legal, got.cut),
                    (expect.positions, expect.legal, expect.cut)
                );
                assert!(got.kept.abs_diff(expect.kept) <= 1, "{got:?} {expect:?}");
            }
        }
    }
}
