//! The search for a move: playouts from a tree whose moves can be pruned.
//!
//! Values follow `(1 - b) Q + b Q_amaf + c sqrt(ln N / n)` with
//! `b = n_a / (n_a + n + n n_a / R)`; priors count as games. Wins are counted under area scoring.
//! Positional superko holds in the tree, simple ko in playouts. Each thread grows a tree of its
//! own, and the visits of their roots are added.
//!
//! Sources: L. Kocsis and C. Szepesvari, 2006, "Bandit based Monte-Carlo planning"; S. Gelly and
//! D. Silver, 2011, "Monte-Carlo tree search and rapid action value estimation in computer Go".

mod interrupt;
mod prior;
mod seki;
mod settings;
mod status;
mod survival;
mod tree;

use std::time::{Duration, Instant};

use crate::board::{Color, Game, Point};
use crate::error::GoError;
use crate::potential::Charges;
pub use interrupt::Interrupt;
pub use settings::{Scope, Settings, Shape, Unpruning};
pub use status::{Reading, read_status};
use tree::{Task, Tree};

/// Share of playouts below which nothing is hoped for.
const HOPELESS: f64 = 0.02;

/// How much may be done.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits<'a> {
    /// Most playouts, of all threads together.
    pub playouts: Option<u64>,
    /// Most time.
    pub time: Option<Duration>,
    /// Ends the search when it is raised.
    pub interrupt: Option<&'a Interrupt>,
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

impl Work {
    /// Adds the work of another thread.
    fn add(&mut self, other: &Self) {
        self.playouts += other.playouts;
        self.nodes += other.nodes;
        self.moves += other.moves;
        self.cut += other.cut;
    }
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

/// A search that keeps its trees from move to move.
#[derive(Debug)]
pub struct Search {
    settings: Settings,
    charges: Option<Charges>,
    /// One for each thread.
    trees: Vec<Tree>,
    /// The game at the roots.
    root: Option<Root>,
}

impl Search {
    /// A search without a tree yet.
    ///
    /// # Errors
    /// [`GoError::Option`] for settings that make no sense.
    pub fn new(settings: Settings) -> Result<Self, GoError> {
        settings.check()?;
        Ok(Self { settings, charges: None, trees: Vec::new(), root: None })
    }

    /// Limits the time of the next moves; `None` leaves the limit of playouts alone, which must
    /// be set then.
    pub fn limit_time(&mut self, time: Option<Duration>) {
        if time.is_some() || self.settings.playouts.is_some() {
            self.settings.time = time;
        }
    }

    /// Forgets the trees, as when komi changes.
    pub fn forget(&mut self) {
        self.root = None;
    }

    /// The limits of the settings.
    pub fn limits(&self) -> Limits<'static> {
        let Settings { playouts, time, .. } = self.settings;
        Limits { playouts, time, interrupt: None }
    }

    /// How it searches.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Searches the best move of a color within the limits of the settings.
    ///
    /// # Errors
    /// [`GoError`] of the pruning.
    pub fn best(&mut self, game: &Game, color: Color) -> Result<Found, GoError> {
        self.think(game, color, self.limits())
    }

    /// Searches on within other limits, from where the last search came to.
    ///
    /// # Errors
    /// [`GoError`] of the pruning.
    pub fn think(&mut self, game: &Game, color: Color, limits: Limits) -> Result<Found, GoError> {
        let begin = Instant::now();
        self.prepare(game, color)?;
        let reused = self.trees.iter().map(|tree| tree.branches[0].visits).sum();
        let (settings, charges) = (&self.settings, self.charges.as_ref());
        let task = Task { settings, charges, game, color };
        let count = self.trees.len() as u64;
        let share = |number: u64| Limits {
            playouts: limits.playouts.map(|most| (most + count - 1 - number) / count),
            ..limits
        };
        let Some((first, others)) = self.trees.split_first_mut() else {
            unreachable!("there is a tree for every thread")
        };
        std::thread::scope(|scope| {
            let running: Vec<_> = (1..)
                .zip(others)
                .map(|(number, tree)| scope.spawn(move || tree.grow(task, share(number), begin)))
                .collect();
            let mut result = first.grow(task, share(0), begin);
            for thread in running {
                let other = thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
                result = result.and(other);
            }
            result
        })?;
        Ok(self.found(game, color, reused))
    }

    /// Keeps the parts of the trees below the moves that were played since, or begins anew.
    fn prepare(&mut self, game: &Game, color: Color) -> Result<(), GoError> {
        let size = game.board().size();
        let prunes = !self.settings.pruning.strategies.is_empty();
        if prunes && self.charges.as_ref().is_none_or(|charges| charges.size != size) {
            self.charges = Some(Charges::new(size, self.settings.kernel, self.settings.edge)?);
        }
        let Settings { threads, seed, nodes_max, .. } = self.settings;
        if self.trees.is_empty() {
            let seed = |number: usize| seed ^ (number as u64) << 48;
            self.trees = (0..threads)
                .map(|number| Tree::new(seed(number), nodes_max / threads, game.board()))
                .collect();
        }
        let since = self.moves_since(game, color);
        for tree in &mut self.trees {
            match &since {
                Some(moves) => tree.descend(moves),
                None => tree.clear(),
            }
        }
        let (start, moves) = (game.start().hash(), game.moves().to_vec());
        self.root = Some(Root { start, moves, color });
        Ok(())
    }

    /// The moves from the roots to this game; `None` where the trees are of no use for it.
    fn moves_since(&self, game: &Game, color: Color) -> Option<Vec<(Color, Point)>> {
        let root = self.root.as_ref()?;
        let since = game.moves().strip_prefix(root.moves.as_slice())?;
        if root.start != game.start().hash() {
            return None;
        }
        // Pruning of the root alone cannot be had from a node below it.
        let is_root_only =
            self.settings.scope == Scope::Root && !self.settings.pruning.strategies.is_empty();
        if !since.is_empty() && (is_root_only || self.settings.shape == Shape::Flat) {
            return None;
        }
        let mut turn = root.color;
        for (color, _) in since {
            if *color != turn {
                return None;
            }
            turn = turn.other();
        }
        (turn == color).then(|| since.to_vec())
    }

    /// What was tried most after a move, this first.
    pub fn variation(&self, point: Point) -> Vec<Point> {
        let best = |tree: &Tree| {
            let below = |at: usize| tree.branches[at].children();
            let mut at = below(0).find(|child| tree.branches[*child].point == point);
            let mut line = Vec::new();
            while let Some(node) =
                at.filter(|node| line.is_empty() || tree.branches[*node].visits > 1)
            {
                line.push(tree.branches[node].point);
                at = below(node).max_by_key(|child| tree.branches[*child].visits);
            }
            line
        };
        let lines = self.trees.iter().map(best);
        lines.max_by_key(Vec::len).filter(|line| !line.is_empty()).unwrap_or_else(|| vec![point])
    }

    /// The answer that the trees give.
    fn found(&self, game: &Game, color: Color, reused: u32) -> Found {
        let mut work = Work::default();
        let mut tried: Vec<(Point, u32, f64)> = Vec::new();
        for tree in &self.trees {
            work.add(&tree.work);
            for child in tree.branches[0].children().map(|child| &tree.branches[child]) {
                let wins = f64::from(child.won);
                match tried.iter_mut().find(|(point, ..)| *point == child.point) {
                    Some((_, visits, won)) => {
                        *visits += child.visits;
                        *won += wins;
                    }
                    None => tried.push((child.point, child.visits, wins)),
                }
            }
        }
        let mut candidates: Vec<Candidate> = tried
            .into_iter()
            .filter(|(_, visits, _)| *visits > 0)
            .map(|(point, visits, wins)| Candidate {
                point,
                visits,
                value: wins / f64::from(visits),
            })
            .collect();
        candidates.sort_by(|a, b| match self.settings.shape {
            Shape::Flat => b.value.total_cmp(&a.value),
            Shape::Tree => b.visits.cmp(&a.visits).then(b.value.total_cmp(&a.value)),
        });
        let best = candidates.first().copied();
        let mut point = best.map_or(Point::PASS, |best| best.point);
        let value = best.map_or(0.5, |best| best.value);
        // After a pass of the opponent the game can be ended by our own: when it is won as it stands,
        // or nothing can be won any more.
        let area = game.board().area();
        let lead = area.lead(game.komi) * color.sign();
        if game.passes() > 0 && (lead > 0.0 || value < HOPELESS) {
            point = Point::PASS;
        }
        let points = game.board().size() * game.board().size();
        let has_begun = game.moves().len() > points / 4;
        let resigns = !point.is_pass()
            && has_begun
            && self.settings.resign_below.is_some_and(|least| value < least);
        Found { point, resigns, value, candidates, work, reused }
    }
}
