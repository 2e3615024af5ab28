//! One tree: playouts go down it, and their results go back up.

use std::time::Instant;

use super::settings::{Scope, Settings, Shape};
use super::{Interrupt, Limits, Work, prior};
use crate::board::{Board, Color, Game, Point};
use crate::criteria::{Maps, Node, Pruning};
use crate::error::GoError;
use crate::playout::{Dice, play_out};
use crate::potential::{Charges, Field};

/// Playouts between two looks at the clock and at interrupts.
const CLOCK_EVERY: u64 = 16;

/// Most visits of a root: up to here every count and sum is exact in single precision.
const VISITS_MAX: u32 = 1 << 24;

/// Largest size of boards on which the tree reaches the end of games. There a playout counts by
/// its lead, so that no point is given away in a game that is decided, and a move's own results
/// soon outweigh those of all moves as first.
pub(super) const SMALL_MAX: usize = 5;
/// Most visits at which all-moves-as-first counts as much, on small boards.
const SMALL_RAVE: f64 = 30.0;
/// Least weight of upper confidence on small boards.
const SMALL_EXPLORATION: f64 = 0.2;

/// What a search is about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Task<'a> {
    pub(super) settings: &'a Settings,
    /// For the maps of pruning.
    pub(super) charges: Option<&'a Charges>,
    pub(super) game: &'a Game,
    pub(super) color: Color,
}

/// A position of the tree, by the move that leads to it.
#[derive(Clone, Debug)]
pub(super) struct Branch {
    pub(super) point: Point,
    is_kept: bool,
    /// The children lie side by side.
    first: u32,
    count: u16,
    is_open: bool,
    pub(super) visits: u32,
    /// Playouts that were won.
    pub(super) won: f32,
    /// What playouts were worth; as many as were won but on small boards.
    worth: f32,
    seen: u32,
    seen_worth: f32,
    prior_visits: f32,
    prior_wins: f32,
}

impl Branch {
    fn new(point: Point, is_kept: bool, prior: prior::Prior) -> Self {
        Self {
            point,
            is_kept,
            first: 0,
            count: 0,
            is_open: false,
            visits: 0,
            won: 0.0,
            worth: 0.0,
            seen: 0,
            seen_worth: 0.0,
            prior_visits: prior.played,
            prior_wins: prior.won,
        }
    }

    pub(super) fn children(&self) -> std::ops::Range<usize> {
        self.first as usize..self.first as usize + usize::from(self.count)
    }
}

/// A tree and its own random numbers.
#[derive(Debug)]
pub(super) struct Tree {
    /// The root comes first.
    pub(super) branches: Vec<Branch>,
    pub(super) work: Work,
    dice: Dice,
    /// Most nodes.
    nodes_max: usize,
    board: Board,
    trace: Vec<Point>,
    path: Vec<usize>,
    hashes: Vec<u64>,
}

impl Tree {
    pub(super) fn new(seed: u64, nodes_max: usize, board: &Board) -> Self {
        let (dice, board) = (Dice::new(seed), board.clone());
        let (trace, path, hashes) = (Vec::new(), Vec::new(), Vec::new());
        let work = Work::default();
        let mut tree =
            Self { branches: Vec::new(), work, dice, nodes_max, board, trace, path, hashes };
        tree.clear();
        tree
    }

    /// Leaves the root alone, without playouts.
    pub(super) fn clear(&mut self) {
        let nothing = prior::Prior { won: 0.0, played: 0.0 };
        self.branches = vec![Branch::new(Point::PASS, true, nothing)];
    }

    /// Makes the node below these moves the root; begins anew where there is none.
    pub(super) fn descend(&mut self, moves: &[(Color, Point)]) {
        let mut at = 0;
        for (_, point) in moves {
            let below = self.branches[at].children();
            match below.into_iter().find(|child| self.branches[*child].point == *point) {
                Some(child) => at = child,
                None => return self.clear(),
            }
        }
        if at == 0 {
            return;
        }
        // The branch is copied breadth first, so that children stay side by side.
        let mut copy = vec![self.branches[at].clone()];
        let mut next = 0;
        while next < copy.len() {
            let children = copy[next].children();
            copy[next].first = copy.len() as u32;
            copy.extend_from_slice(&self.branches[children]);
            next += 1;
        }
        self.branches = copy;
    }

    /// Playouts until a limit is reached.
    pub(super) fn grow(
        &mut self,
        task: Task,
        limits: Limits,
        begin: Instant,
    ) -> Result<(), GoError> {
        self.work = Work::default();
        if !self.branches[0].is_open {
            self.hashes.clear();
            let last = task.game.last().map_or(Point::PASS, |(_, point)| point);
            self.board.copy_from(task.game.board());
            self.expand(0, task, task.color, last, 0)?;
        }
        loop {
            let done = self.work.playouts;
            let is_full = self.branches[0].visits >= VISITS_MAX;
            if is_full || limits.playouts.is_some_and(|most| done >= most) {
                return Ok(());
            }
            let looks = done.is_multiple_of(CLOCK_EVERY) && done > 0;
            let is_late = || limits.time.is_some_and(|time| begin.elapsed() >= time);
            let is_interrupted = || limits.interrupt.is_some_and(Interrupt::is_raised);
            if looks && (is_late() || is_interrupted()) {
                return Ok(());
            }
            self.once(task)?;
            self.work.playouts += 1;
        }
    }

    /// One playout: down the tree, a game by chance, and its result back up.
    fn once(&mut self, task: Task) -> Result<(), GoError> {
        let (game, settings) = (task.game, task.settings);
        self.board.copy_from(game.board());
        self.trace.clear();
        self.path.clear();
        self.path.push(0);
        self.hashes.clear();
        self.hashes.push(self.board.hash());
        let (mut at, mut turn) = (0, task.color);
        let mut last = game.last().map_or(Point::PASS, |(_, point)| point);
        let mut passes = game.passes().min(1);
        let mut ended = false;
        loop {
            let branch = &self.branches[at];
            if !branch.is_open {
                let is_ripe = branch.visits >= settings.expand_at;
                let has_room = self.branches.len() < self.nodes_max;
                if !is_ripe || !has_room || settings.shape == Shape::Flat {
                    break;
                }
                self.expand(at, task, turn, last, self.path.len())?;
            }
            at = self.choose(at, settings);
            last = self.branches[at].point;
            self.board.play(last, turn);
            self.trace.push(last);
            self.path.push(at);
            self.hashes.push(self.board.hash());
            turn = turn.other();
            passes = if last.is_pass() { passes + 1 } else { 0 };
            if passes >= 2 {
                ended = true;
                break;
            }
        }
        let lead = if ended {
            let area = self.board.area();
            area.black - area.white
        } else {
            play_out(&mut self.board, turn, settings.policy, &mut self.dice, &mut self.trace)
        };
        self.learn(task, lead);
        Ok(())
    }

    /// The child to try next.
    fn choose(&self, at: usize, settings: &Settings) -> usize {
        let parent = &self.branches[at];
        let children = parent.children();
        let children = match settings.unpruning {
            Some(unpruning) => {
                let visits = f64::from(parent.visits.max(1));
                let open = (unpruning.first * visits.powf(unpruning.power)).ceil() as usize;
                children.start..children.end.min(children.start.saturating_add(open.max(1)))
            }
            None => children,
        };
        if settings.shape == Shape::Flat {
            return children.min_by_key(|child| self.branches[*child].visits).unwrap_or(at);
        }
        let weights = Weights::of(settings, self.board.size());
        let log = f64::from(parent.visits.max(1)).ln();
        let mut best = (f64::NEG_INFINITY, at);
        for child in children {
            let urgency = weights.urgency(&self.branches[child], log);
            if urgency > best.0 {
                best = (urgency, child);
            }
        }
        best.1
    }

    /// Counts a result in all nodes of the path, and in the siblings whose move came later.
    fn learn(&mut self, task: Task, lead: i32) {
        let Self { branches, path, trace, .. } = self;
        let (color, rave) = (task.color, task.settings.rave);
        let turn = |depth: usize| if depth.is_multiple_of(2) { color } else { color.other() };
        let (won, worth) = (won(lead, task.game.komi), worth(lead, task.game));
        let of = |color: Color, black: f32| match color {
            Color::Black => black,
            Color::White => 1.0 - black,
        };
        let (won, worth) = (|color| of(color, won), |color| of(color, worth));
        // Who played first on each cell, from here to the end; 0 for nobody.
        let mut first = [0_u8; crate::board::CELLS];
        let mut written = trace.len();
        for (depth, at) in path.iter().enumerate().rev() {
            let mover = turn(depth + 1);
            let branch = &mut branches[*at];
            branch.visits += 1;
            branch.worth += worth(mover);
            branch.won += won(mover);
            if rave.is_none() || !branch.is_open {
                continue;
            }
            while written > depth {
                written -= 1;
                first[usize::from(trace[written].0)] = turn(written).state();
            }
            let player = turn(depth);
            for child in branch.children() {
                let child = &mut branches[child];
                if first[usize::from(child.point.0)] == player.state() && !child.point.is_pass() {
                    child.seen += 1;
                    child.seen_worth += worth(player);
                }
            }
        }
    }

    /// Gives a node its children: legal moves that fill no eye, the pass last.
    fn expand(
        &mut self,
        at: usize,
        task: Task,
        color: Color,
        last: Point,
        depth: usize,
    ) -> Result<(), GoError> {
        let Task { settings, game, .. } = task;
        let (board, hashes) = (&self.board, &self.hashes);
        let repeats = |point: Point| {
            let hash = board.hash_after(point, color);
            game.ko == crate::board::Ko::PositionalSuperko
                && (game.has_seen(hash) || hashes.contains(&hash))
        };
        let moves: Vec<Point> = board
            .points()
            .filter(|point| board.is_legal(*point, color) && !repeats(*point))
            .filter(|point| !board.is_eye(usize::from(point.0), color))
            .collect();
        let prunes_here = depth == 0 || settings.scope == Scope::Nodes;
        let mask = match task.charges {
            Some(charges) if prunes_here => {
                let node = Node { board, color, last, moves: &moves };
                let maps = Maps::new(&Field::new(charges, board));
                Some(Pruning::keep(&settings.pruning, &node, &maps)?)
            }
            _ => None,
        };
        let is_kept = |at: usize| mask.as_ref().is_none_or(|mask| mask.keeps(at));
        let branch = |at: usize| {
            Branch::new(moves[at], is_kept(at), prior::of_move(board, moves[at], color, last))
        };
        let mut children: Vec<Branch> = match settings.unpruning {
            None => (0..moves.len()).filter(|at| is_kept(*at)).map(branch).collect(),
            Some(_) => (0..moves.len()).map(branch).collect(),
        };
        if settings.unpruning.is_some() {
            let worth = |branch: &Branch| branch.prior_wins / branch.prior_visits;
            children.sort_by(|a, b| b.is_kept.cmp(&a.is_kept).then(worth(b).total_cmp(&worth(a))));
        }
        let pass = prior::of_move(board, Point::PASS, color, last);
        children.push(Branch::new(Point::PASS, true, pass));
        self.work.nodes += 1;
        self.work.moves += moves.len() as u64;
        self.work.cut += (0..moves.len()).filter(|at| !is_kept(*at)).count() as u64;
        let first = self.branches.len() as u32;
        let branch = &mut self.branches[at];
        branch.first = first;
        branch.count = children.len() as u16;
        branch.is_open = true;
        self.branches.append(&mut children);
        Ok(())
    }
}

/// Whether black won a playout; one half for a draw.
fn won(lead: i32, komi: f32) -> f32 {
    let margin = lead as f32 - komi;
    if margin > 0.0 {
        1.0
    } else if margin < 0.0 {
        0.0
    } else {
        0.5
    }
}

/// What a playout is worth for black, from 0 to 1: won or lost, and how far ahead on small boards.
fn worth(lead: i32, game: &Game) -> f32 {
    let size = game.board().size();
    if size > SMALL_MAX {
        return won(lead, game.komi);
    }
    0.5 + (lead as f32 / size as f32).atan() / std::f32::consts::PI
}

/// What makes a child worth trying.
#[derive(Clone, Copy, Debug)]
struct Weights {
    /// Visits at which all-moves-as-first counts as much as the move itself.
    rave: Option<f64>,
    exploration: f64,
}

impl Weights {
    fn of(settings: &Settings, size: usize) -> Self {
        let Settings { rave, exploration, .. } = *settings;
        if size > SMALL_MAX {
            return Self { rave, exploration };
        }
        let rave = rave.map(|rave| rave.min(SMALL_RAVE));
        Self { rave, exploration: exploration.max(SMALL_EXPLORATION) }
    }

    /// How much a child wants to be tried, by the logarithm of the visits above it.
    fn urgency(self, branch: &Branch, log: f64) -> f64 {
        let visits = f64::from(branch.visits) + f64::from(branch.prior_visits);
        let worth = f64::from(branch.worth) + f64::from(branch.prior_wins);
        let mean = if visits > 0.0 { worth / visits } else { 0.5 };
        let mut value = mean;
        if let Some(equal) = self.rave
            && branch.seen > 0
        {
            let seen = f64::from(branch.seen);
            let share = seen / (seen + visits + visits * seen / equal);
            value = (1.0 - share) * mean + share * f64::from(branch.seen_worth) / seen;
        }
        value + self.exploration * (log / visits.max(1.0)).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_takes_no_more_visits_than_are_exact() {
        let game = Game::new(5).unwrap();
        let settings = Settings::default();
        let task = Task { settings: &settings, charges: None, game: &game, color: Color::Black };
        let mut tree = Tree::new(1, 1000, game.board());
        tree.branches[0].visits = VISITS_MAX - 3;
        let limits = Limits { playouts: Some(100), ..Limits::default() };
        tree.grow(task, limits, Instant::now()).unwrap();
        assert_eq!((tree.branches[0].visits, tree.work.playouts), (VISITS_MAX, 3));
        tree.grow(task, limits, Instant::now()).unwrap();
        assert_eq!(tree.work.playouts, 0);
    }
}
