//! Whether a chain survives when one color plays first: a search that counts only that.
//!
//! A search for the winner does not care about stones that decide nothing. Here a playout is won
//! when a point ends as its color's, and only moves near the chain are in the tree. Selection is
//! that of the search for a move, by the mean and all-moves-as-first.

use crate::board::{Board, CELLS, Color, Point};
use crate::playout::{Dice, Policy, play_out};

use super::prior;

/// Steps from the chain within which moves are searched.
const REACH: usize = 4;
/// Visits of a node before it gets children.
const EXPAND_AT: u32 = 4;
/// Visits at which all-moves-as-first counts as much as the move itself.
const EQUAL: f32 = 500.0;
/// Weight of upper confidence.
const EXPLORATION: f32 = 0.1;

struct Node {
    point: Point,
    first: usize,
    count: usize,
    visits: f32,
    wins: f32,
    seen: f32,
    seen_wins: f32,
    is_open: bool,
    playouts: u32,
}

impl Node {
    fn new(point: Point, prior: prior::Prior) -> Self {
        let (visits, wins) = (prior.played, prior.won);
        Self {
            point,
            first: 0,
            count: 0,
            visits,
            wins,
            seen: 0.0,
            seen_wins: 0.0,
            is_open: false,
            playouts: 0,
        }
    }
}

/// The chain whose survival is searched.
pub(super) struct Survival<'a> {
    board: &'a Board,
    stone: Point,
    owner: Color,
    /// Cells of moves in the tree.
    near: Vec<bool>,
}

impl<'a> Survival<'a> {
    /// Of the chain of a stone.
    pub(super) fn new(board: &'a Board, stone: Point, owner: Color) -> Self {
        let mut near = vec![false; CELLS];
        let mut edge: Vec<usize> = board.chain(stone).map(|point| usize::from(point.0)).collect();
        for _ in 0..REACH {
            for cell in std::mem::take(&mut edge) {
                for beside in board.beside(cell) {
                    if !near[beside] && board.state(beside) != crate::board::BORDER {
                        near[beside] = true;
                        edge.push(beside);
                    }
                }
            }
        }
        Self { board, stone, owner, near }
    }

    /// Share of playouts after the best play of both in which the chain's point ends as its
    /// owner's; `first` plays first.
    pub(super) fn share(&self, first: Color, playouts: u32, dice: &mut Dice) -> f64 {
        let mut tree = vec![Node::new(Point::PASS, prior::Prior { won: 0.0, played: 0.0 })];
        let mut board = self.board.clone();
        let (mut trace, mut path) = (Vec::new(), Vec::new());
        let mut late = (0_u32, 0_u32);
        for turn in 0..playouts {
            let survived = self.once(first, &mut tree, &mut board, &mut trace, &mut path, dice);
            if turn >= playouts / 2 {
                late = (late.0 + u32::from(survived), late.1 + 1);
            }
        }
        f64::from(late.0) / f64::from(late.1.max(1))
    }

    fn once(
        &self,
        first: Color,
        tree: &mut Vec<Node>,
        board: &mut Board,
        trace: &mut Vec<Point>,
        path: &mut Vec<usize>,
        dice: &mut Dice,
    ) -> bool {
        board.copy_from(self.board);
        board.clear_ko();
        trace.clear();
        path.clear();
        path.push(0);
        let (mut at, mut color, mut passes) = (0, first, 0);
        while passes < 2 {
            if !tree[at].is_open {
                if tree[at].playouts < EXPAND_AT && at != 0 {
                    break;
                }
                self.expand(tree, at, board, color, trace.last().copied());
            }
            at = choose(tree, at);
            let point = tree[at].point;
            board.play(point, color);
            trace.push(point);
            path.push(at);
            passes = if point.is_pass() { passes + 1 } else { 0 };
            color = color.other();
        }
        if passes < 2 {
            play_out(board, color, Policy::Patterns, dice, trace);
        }
        let survived = self.is_owned(board);
        learn(tree, path, trace, first, self.owner, survived);
        survived
    }

    /// Whether the stone's point is its owner's, as a stone or an eye.
    fn is_owned(&self, board: &Board) -> bool {
        let cell = usize::from(self.stone.0);
        match board.at(self.stone) {
            Some(color) => color == self.owner,
            None => board.is_walled(cell, self.owner),
        }
    }

    fn expand(
        &self,
        tree: &mut Vec<Node>,
        at: usize,
        board: &Board,
        color: Color,
        last: Option<Point>,
    ) {
        let last = last.unwrap_or(Point::PASS);
        let is_move = |point: &Point| {
            let cell = usize::from(point.0);
            self.near[cell] && board.is_legal(*point, color) && !board.is_eye(cell, color)
        };
        let moves = board.points().filter(is_move);
        let node = |point| Node::new(point, prior::of_move(board, point, color, last));
        let mut children: Vec<Node> = moves.map(node).collect();
        children.push(Node::new(Point::PASS, prior::Prior { won: 5.0, played: 10.0 }));
        tree[at].first = tree.len();
        tree[at].count = children.len();
        tree[at].is_open = true;
        tree.append(&mut children);
    }
}

fn choose(tree: &[Node], at: usize) -> usize {
    let parent = &tree[at];
    let log = parent.visits.max(1.0).ln();
    let mut best = (f32::NEG_INFINITY, at);
    let children = parent.first..parent.first + parent.count;
    for (child, node) in children.clone().zip(&tree[children]) {
        let mean = node.wins / node.visits.max(1.0);
        let mut value = mean;
        if node.seen > 0.0 {
            let share = node.seen / (node.seen + node.visits + node.visits * node.seen / EQUAL);
            value = (1.0 - share) * mean + share * node.seen_wins / node.seen;
        }
        value += EXPLORATION * (log / node.visits.max(1.0)).sqrt();
        if value > best.0 {
            best = (value, child);
        }
    }
    best.1
}

/// Counts a result in the nodes of the path, and in siblings whose move came later.
fn learn(
    tree: &mut [Node],
    path: &[usize],
    trace: &[Point],
    first: Color,
    owner: Color,
    survived: bool,
) {
    let turn = |depth: usize| if depth.is_multiple_of(2) { first } else { first.other() };
    let won = |color: Color| f32::from(u8::from((color == owner) == survived));
    let mut player_of = [0_u8; CELLS];
    let mut written = trace.len();
    for (depth, at) in path.iter().enumerate().rev() {
        let node = &mut tree[*at];
        node.playouts += 1;
        node.visits += 1.0;
        node.wins += won(turn(depth + 1));
        if !node.is_open {
            continue;
        }
        while written > depth {
            written -= 1;
            player_of[usize::from(trace[written].0)] = turn(written).state();
        }
        let player = turn(depth);
        let children = node.first..node.first + node.count;
        for child in &mut tree[children] {
            if !child.point.is_pass() && player_of[usize::from(child.point.0)] == player.state() {
                child.seen += 1.0;
                child.seen_wins += won(player);
            }
        }
    }
}
