//! The search for a move: playouts from a tree whose moves can be pruned.
//!
//! Values follow `(1 - b) Q + b Q_amaf + c sqrt(ln N / n)` with
//! `b = n_a / (n_a + n + n n_a / R)`; priors count as games. Wins are counted under area scoring.
//! Positional superko holds in the tree, simple ko in playouts. One thread.
//!
//! Sources: L. Kocsis and C. Szepesvari, 2006, "Bandit based Monte-Carlo planning"; S. Gelly and
//! D. Silver, 2011, "Monte-Carlo tree search and rapid action value estimation in computer Go".

mod prior;
mod seki;
mod settings;
mod status;
mod survival;

use std::time::Instant;

use crate::board::{Board, Color, Game, Point};
use crate::criteria::{Maps, Node, Pruning};
use crate::error::GoError;
use crate::playout::{Dice, play_out};
use crate::potential::{Charges, Field};
pub use settings::{Scope, Settings, Shape, Unpruning};
pub use status::{Reading, read_status};

/// Playouts between two looks at the clock.
const CLOCK_EVERY: u64 = 16;

/// A position of the tree, by the move that leads to it.
#[derive(Clone, Debug)]
struct Branch {
    point: Point,
    is_kept: bool,
    /// The children lie side by side.
    first: u32,
    count: u16,
    is_open: bool,
    visits: u32,
    wins: f32,
    seen: u32,
    seen_wins: f32,
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
            wins: 0.0,
            seen: 0,
            seen_wins: 0.0,
            prior_visits: prior.played,
            prior_wins: prior.won,
        }
    }

    fn children(&self) -> std::ops::Range<usize> {
        self.first as usize..self.first as usize + usize::from(self.count)
    }

    /// Share of wins, without prior.
    fn mean(&self) -> f64 {
        if self.visits == 0 { 0.5 } else { f64::from(self.wins) / f64::from(self.visits) }
    }
}

/// A move that was looked at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// The move.
    pub point: Point,
    /// Playouts that began with it.
    pub visits: u32,
    /// Share that was won by the player.
    pub value: f64,
}

/// Work that was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// Playouts.
    pub playouts: u64,
    /// Nodes that got children.
    pub nodes: u64,
    /// Legal moves at those nodes.
    pub moves: u64,
    /// Moves that pruning cut there.
    pub cut: u64,
}

/// What a search found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The move; a pass when nothing is better.
    pub point: Point,
    /// Whether the position is as good as lost.
    pub resigns: bool,
    /// Share of playouts that the move won.
    pub value: f64,
    /// All moves with playouts, the best first.
    pub candidates: Vec<Candidate>,
    /// What it cost.
    pub work: Work,
    /// Playouts that an earlier search left.
    pub reused: u32,
}

/// A game as far as a tree was grown for it.
#[derive(Debug)]
struct Root {
    start: u64,
    moves: Vec<(Color, Point)>,
    color: Color,
}

/// A search that keeps its tree from move to move.
#[derive(Debug)]
pub struct Search {
    settings: Settings,
    charges: Option<Charges>,
    dice: Dice,
    tree: Vec<Branch>,
    /// The game at the root.
    root: Option<Root>,
    work: Work,
}

impl Search {
    /// A search without a tree yet.
    ///
    /// # Errors
    /// [`GoError::Option`] for settings that make no sense.
    pub fn new(settings: Settings) -> Result<Self, GoError> {
        settings.check()?;
        let dice = Dice::new(settings.seed);
        let (charges, tree, root) = (None, Vec::new(), None);
        Ok(Self { settings, charges, dice, tree, root, work: Work::default() })
    }

    /// Limits the time of the next moves; `None` leaves the limit of playouts alone, which must
    /// be set then.
    pub fn limit_time(&mut self, time: Option<std::time::Duration>) {
        if time.is_some() || self.settings.playouts.is_some() {
            self.settings.time = time;
        }
    }

    /// Forgets the tree, as when komi changes.
    pub fn forget(&mut self) {
        self.root = None;
    }

    /// How it searches.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Searches the best move of a color.
    ///
    /// # Errors
    /// [`GoError`] of the pruning.
    pub fn best(&mut self, game: &Game, color: Color) -> Result<Found, GoError> {
        let begin = Instant::now();
        self.work = Work::default();
        self.prepare(game, color)?;
        let reused = self.tree[0].visits;
        let mut board = game.board().clone();
        let mut trace = Vec::new();
        let mut path = Vec::new();
        if !self.tree[0].is_open {
            let last = game.last().map_or(Point::PASS, |(_, point)| point);
            self.expand(0, game, game.board(), color, last, &[], 0)?;
        }
        loop {
            let done = self.work.playouts;
            if self.settings.playouts.is_some_and(|most| done >= most) {
                break;
            }
            if let Some(time) = self.settings.time
                && done.is_multiple_of(CLOCK_EVERY)
                && done > 0
                && begin.elapsed() >= time
            {
                break;
            }
            self.once(game, color, &mut board, &mut trace, &mut path)?;
            self.work.playouts += 1;
        }
        Ok(self.found(game, color, reused))
    }

    /// Keeps the part of the tree below the moves that were played since, or begins anew.
    fn prepare(&mut self, game: &Game, color: Color) -> Result<(), GoError> {
        let size = game.board().size();
        let prunes = !self.settings.pruning.strategies.is_empty();
        if prunes && self.charges.as_ref().is_none_or(|charges| charges.size != size) {
            self.charges = Some(Charges::new(size, self.settings.kernel, self.settings.edge)?);
        }
        let kept = self.descended(game, color);
        let nothing = prior::Prior { won: 0.0, played: 0.0 };
        self.tree = kept.unwrap_or_else(|| vec![Branch::new(Point::PASS, true, nothing)]);
        let (start, moves) = (game.start().hash(), game.moves().to_vec());
        self.root = Some(Root { start, moves, color });
        Ok(())
    }

    fn descended(&self, game: &Game, color: Color) -> Option<Vec<Branch>> {
        let root = self.root.as_ref()?;
        let since = game.moves().strip_prefix(root.moves.as_slice())?;
        if root.start != game.start().hash() || self.settings.shape == Shape::Flat {
            return None;
        }
        // Pruning of the root alone cannot be had from a node below it.
        let is_root_only = self.settings.scope == Scope::Root;
        if is_root_only && !self.settings.pruning.strategies.is_empty() {
            return None;
        }
        let (mut at, mut turn) = (0, root.color);
        for (color, point) in since {
            if *color != turn {
                return None;
            }
            at = self.tree[at].children().find(|child| self.tree[*child].point == *point)?;
            turn = turn.other();
        }
        if turn != color || since.is_empty() {
            return None;
        }
        // The branch is copied breadth first, so that children stay side by side.
        let mut copy = vec![self.tree[at].clone()];
        let mut next = 0;
        while next < copy.len() {
            let children = copy[next].children();
            copy[next].first = copy.len() as u32;
            copy.extend_from_slice(&self.tree[children]);
            next += 1;
        }
        Some(copy)
    }

    /// One playout: down the tree, a game by chance, and its result back up.
    fn once(
        &mut self,
        game: &Game,
        color: Color,
        board: &mut Board,
        trace: &mut Vec<Point>,
        path: &mut Vec<usize>,
    ) -> Result<(), GoError> {
        board.copy_from(game.board());
        trace.clear();
        path.clear();
        path.push(0);
        let mut hashes = vec![board.hash()];
        let (mut at, mut turn) = (0, color);
        let mut last = game.last().map_or(Point::PASS, |(_, point)| point);
        let mut passes = game.passes().min(1);
        let mut ended = false;
        loop {
            let branch = &self.tree[at];
            if !branch.is_open {
                let is_ripe = branch.visits >= self.settings.expand_at;
                let has_room = self.tree.len() < self.settings.nodes_max;
                if !is_ripe || !has_room || self.settings.shape == Shape::Flat {
                    break;
                }
                self.expand(at, game, board, turn, last, &hashes, path.len())?;
            }
            at = self.choose(at);
            last = self.tree[at].point;
            board.play(last, turn);
            trace.push(last);
            path.push(at);
            hashes.push(board.hash());
            turn = turn.other();
            passes = if last.is_pass() { passes + 1 } else { 0 };
            if passes >= 2 {
                ended = true;
                break;
            }
        }
        let lead = if ended {
            let area = board.area();
            area.black - area.white
        } else {
            play_out(board, turn, self.settings.policy, &mut self.dice, trace)
        };
        let margin = lead as f32 - game.komi;
        let black_wins = if margin > 0.0 {
            1.0
        } else if margin < 0.0 {
            0.0
        } else {
            0.5
        };
        self.learn(path, trace, color, black_wins);
        Ok(())
    }

    /// The child to try next.
    fn choose(&self, at: usize) -> usize {
        let parent = &self.tree[at];
        let children = parent.children();
        let children = match self.settings.unpruning {
            Some(unpruning) => {
                let visits = f64::from(parent.visits.max(1));
                let open = (unpruning.first * visits.powf(unpruning.power)).ceil() as usize;
                children.start..children.end.min(children.start.saturating_add(open.max(1)))
            }
            None => children,
        };
        if self.settings.shape == Shape::Flat {
            return children.min_by_key(|child| self.tree[*child].visits).unwrap_or(at);
        }
        let log = f64::from(parent.visits.max(1)).ln();
        let mut best = (f64::NEG_INFINITY, at);
        for child in children {
            let urgency = self.urgency(&self.tree[child], log);
            if urgency > best.0 {
                best = (urgency, child);
            }
        }
        best.1
    }

    fn urgency(&self, branch: &Branch, log: f64) -> f64 {
        let visits = f64::from(branch.visits) + f64::from(branch.prior_visits);
        let wins = f64::from(branch.wins) + f64::from(branch.prior_wins);
        let mean = if visits > 0.0 { wins / visits } else { 0.5 };
        let mut value = mean;
        if let Some(equal) = self.settings.rave
            && branch.seen > 0
        {
            let seen = f64::from(branch.seen);
            let share = seen / (seen + visits + visits * seen / equal);
            value = (1.0 - share) * mean + share * f64::from(branch.seen_wins) / seen;
        }
        let tried = visits.max(1.0);
        value + self.settings.exploration * (log / tried).sqrt()
    }

    /// Counts a result in all nodes of the path, and in the siblings whose move came later.
    fn learn(&mut self, path: &[usize], trace: &[Point], color: Color, black_wins: f32) {
        let turn = |depth: usize| if depth.is_multiple_of(2) { color } else { color.other() };
        let won = |color: Color| match color {
            Color::Black => black_wins,
            Color::White => 1.0 - black_wins,
        };
        // Who played first on each cell, from here to the end; 0 for nobody.
        let mut first = [0_u8; crate::board::CELLS];
        let mut written = trace.len();
        for (depth, at) in path.iter().enumerate().rev() {
            let mover = turn(depth + 1);
            let branch = &mut self.tree[*at];
            branch.visits += 1;
            branch.wins += won(mover);
            if self.settings.rave.is_none() || !branch.is_open {
                continue;
            }
            while written > depth {
                written -= 1;
                first[usize::from(trace[written].0)] = turn(written).state();
            }
            let player = turn(depth);
            for child in branch.children() {
                let child = &mut self.tree[child];
                if first[usize::from(child.point.0)] == player.state() && !child.point.is_pass() {
                    child.seen += 1;
                    child.seen_wins += won(player);
                }
            }
        }
    }

    /// Gives a node its children: legal moves that fill no eye, the pass last.
    #[expect(clippy::too_many_arguments, reason = "a node is known by all of these")]
    fn expand(
        &mut self,
        at: usize,
        game: &Game,
        board: &Board,
        color: Color,
        last: Point,
        hashes: &[u64],
        depth: usize,
    ) -> Result<(), GoError> {
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
        let prunes_here = depth == 0 || self.settings.scope == Scope::Nodes;
        let mask = match &self.charges {
            Some(charges) if prunes_here => {
                let node = Node { board, color, last, moves: &moves };
                let maps = Maps::new(&Field::new(charges, board));
                Some(Pruning::keep(&self.settings.pruning, &node, &maps)?)
            }
            _ => None,
        };
        let is_kept = |at: usize| mask.as_ref().is_none_or(|mask| mask.keeps(at));
        let branch = |at: usize| {
            Branch::new(moves[at], is_kept(at), prior::of_move(board, moves[at], color, last))
        };
        let mut children: Vec<Branch> = match self.settings.unpruning {
            None => (0..moves.len()).filter(|at| is_kept(*at)).map(branch).collect(),
            Some(_) => (0..moves.len()).map(branch).collect(),
        };
        if self.settings.unpruning.is_some() {
            let worth = |branch: &Branch| branch.prior_wins / branch.prior_visits;
            children.sort_by(|a, b| b.is_kept.cmp(&a.is_kept).then(worth(b).total_cmp(&worth(a))));
        }
        let pass = prior::of_move(board, Point::PASS, color, last);
        children.push(Branch::new(Point::PASS, true, pass));
        self.work.nodes += 1;
        self.work.moves += moves.len() as u64;
        self.work.cut += (0..moves.len()).filter(|at| !is_kept(*at)).count() as u64;
        let first = self.tree.len() as u32;
        let branch = &mut self.tree[at];
        branch.first = first;
        branch.count = children.len() as u16;
        branch.is_open = true;
        self.tree.append(&mut children);
        Ok(())
    }

    /// The answer that the tree gives.
    fn found(&self, game: &Game, color: Color, reused: u32) -> Found {
        let children = self.tree[0].children().map(|child| &self.tree[child]);
        let mut candidates: Vec<Candidate> = children
            .filter(|child| child.visits > 0)
            .map(|child| Candidate {
                point: child.point,
                visits: child.visits,
                value: child.mean(),
            })
            .collect();
        candidates.sort_by(|a, b| match self.settings.shape {
            Shape::Flat => b.value.total_cmp(&a.value),
            Shape::Tree => b.visits.cmp(&a.visits).then(b.value.total_cmp(&a.value)),
        });
        let best = candidates.first().copied();
        let mut point = best.map_or(Point::PASS, |best| best.point);
        let value = best.map_or(0.5, |best| best.value);
        // After a pass of the opponent the game can be ended by our own, as it stands.
        let area = game.board().area();
        let lead = area.lead(game.komi) * color.sign();
        if game.passes() > 0 && lead > 0.0 {
            point = Point::PASS;
        }
        let points = game.board().size() * game.board().size();
        let has_begun = game.moves().len() > points / 4;
        let resigns = !point.is_pass()
            && has_begun
            && self.settings.resign_below.is_some_and(|least| value < least);
        Found { point, resigns, value, candidates, work: self.work, reused }
    }
}
