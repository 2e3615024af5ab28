//! What is asked, and what identifies it.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::board::Game;
use crate::criteria::{Pruning, Strategy, Threshold};
use crate::error::GoError;
use crate::play::{Match, Player, Rules, Sprt};
use crate::search::Settings;

/// How it is decided whether a pruned player is as good as the whole one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Test {
    /// A sequential test; `elo0` is a loss that would matter, `elo1` one that would not. When the
    /// games run out first, the likelier hypothesis counts.
    Sprt(Sprt),
    /// All games; the upper bound of the 95 % Wilson interval is one half or more.
    Wilson,
}

/// An experiment: pruned players with fewer playouts against whole ones.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Sizes of the board on which every strategy is tried with every quantile.
    pub sizes: Vec<usize>,
    /// Sizes on which only the best of the first of `sizes` are tried.
    pub later_sizes: Vec<usize>,
    /// How many single strategies, and how many pairs, go on to the later sizes, each with its
    /// best quantile.
    pub best: usize,
    /// What is tried: moves are kept when all strategies of an entry keep them.
    pub strategies: Vec<Vec<Strategy>>,
    /// Shares of the legal moves that each strategy cuts.
    pub quantiles: Vec<f64>,
    /// Shares of the playouts that the pruned player goes without, rising. They are tried in
    /// this order until one costs strength.
    pub savings: Vec<f64>,
    /// Playouts a move of the whole player.
    pub playouts: u64,
    /// Most games of a match.
    pub games: usize,
    /// What decides a match.
    pub test: Test,
    /// Points that white gets for playing second.
    pub komi: f32,
    /// Random moves at the beginning of each pair of games.
    pub opening_moves: usize,
    /// How both search; pruning, playouts, time and seed are set by the experiment.
    pub search: Settings,
    /// Everything by chance follows from it.
    pub seed: u64,
}

impl Default for Plan {
    /// The question of the paper on 9 x 9, the best on 13 x 13 and 19 x 19.
    fn default() -> Self {
        Self {
            sizes: vec![9],
            later_sizes: vec![13, 19],
            best: 1,
            strategies: singles_and_pairs(),
            quantiles: vec![0.05, 0.1, 0.2, 0.3, 0.4, 0.5],
            savings: vec![0.0, 0.1, 0.18, 0.23, 0.3, 0.4, 0.5],
            playouts: 300,
            games: 400,
            test: Test::Sprt(Sprt { elo0: -50.0, elo1: 0.0, alpha: 0.05, beta: 0.05 }),
            komi: 7.5,
            opening_moves: 4,
            search: Settings::default(),
            seed: 0,
        }
    }
}

/// The four strategies, and their six pairs.
pub fn singles_and_pairs() -> Vec<Vec<Strategy>> {
    let all = Strategy::ALL;
    let singles = all.iter().map(|strategy| vec![*strategy]);
    let pairs = (0..all.len()).flat_map(|a| (a + 1..all.len()).map(move |b| vec![all[a], all[b]]));
    singles.chain(pairs).collect()
}

/// One match of an experiment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cell {
    /// Points on a side.
    pub size: usize,
    /// What prunes.
    pub strategies: Vec<Strategy>,
    /// Share of the legal moves that each strategy cuts.
    pub quantile: f64,
    /// Share of the playouts that the pruned player goes without.
    pub saving: f64,
}

/// Names of strategies with a plus between them.
pub fn joined(strategies: &[Strategy]) -> String {
    let names: Vec<&str> = strategies.iter().map(|strategy| strategy.name()).collect();
    names.join("+")
}

impl Cell {
    /// Size, strategies, quantile and saving in one line; no two cells have the same.
    pub fn name(&self) -> String {
        let Self { size, strategies, quantile, saving } = self;
        format!("{size} {} q={quantile} r={saving}", joined(strategies))
    }

    /// A number of its own for each cell: seeds do not depend on which others are tried.
    ///
    /// Source: G. Fowler, L. Noll and K.-P. Vo, 1991, the hash FNV-1a.
    fn hash(&self) -> u64 {
        let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        self.name().bytes().fold(0xcbf2_9ce4_8422_2325, step)
    }
}

impl Plan {
    /// # Errors
    /// [`GoError::Size`], and [`GoError::Option`] for values that make no sense.
    pub fn check(&self) -> Result<(), GoError> {
        let option = |option, expected, got: String| Err(GoError::Option { option, expected, got });
        if self.sizes.is_empty() || self.strategies.is_empty() || self.quantiles.is_empty() {
            let expected = "at least one of each";
            return option("sizes, strategies and quantiles", expected, "none".to_owned());
        }
        for strategies in &self.strategies {
            let is_twice = |at: usize| strategies[..at].contains(&strategies[at]);
            if strategies.is_empty() || (0..strategies.len()).any(is_twice) {
                return option("strategies", "each once, at least one", joined(strategies));
            }
        }
        for quantile in &self.quantiles {
            Pruning { threshold: Threshold::Quantile(*quantile), ..Pruning::default() }.check()?;
        }
        let is_rising = self.savings.is_sorted_by(|a, b| a < b);
        let is_share = |saving: &f64| (0.0..1.0).contains(saving);
        if self.savings.is_empty() || !is_rising || !self.savings.iter().all(is_share) {
            let got = format!("{:?}", self.savings);
            return option("savings", "rising, from 0 to below 1", got);
        }
        if self.games < 2 || !self.games.is_multiple_of(2) {
            let expected = "an even number, as each opening is played twice";
            return option("games", expected, self.games.to_string());
        }
        if self.playouts < 2 {
            return option("playouts", "at least 2", self.playouts.to_string());
        }
        if let Test::Sprt(sprt) = &self.test {
            sprt.check()?;
        }
        for size in self.sizes.iter().chain(&self.later_sizes) {
            Game::new(*size)?;
            self.rules(*size).check()?;
        }
        self.settings(None, self.playouts).check()
    }

    /// Most rows, and most games, that there can be: every row climbs to the last saving and no
    /// test ends early.
    pub fn most(&self) -> (usize, usize) {
        let kinds = [1, 2].map(|count| {
            let has_so_many = |strategies: &&Vec<Strategy>| strategies.len() == count;
            self.strategies.iter().filter(has_so_many).count().min(self.best)
        });
        let first = self.sizes.len() * self.strategies.len() * self.quantiles.len();
        let rows = first + self.later_sizes.len() * (kinds[0] + kinds[1]);
        (rows, rows * self.savings.len() * self.games)
    }

    /// The rules of a size.
    pub fn rules(&self, size: usize) -> Rules {
        let (komi, opening_moves) = (self.komi, self.opening_moves);
        Rules { size, komi, opening_moves, ..Rules::default() }
    }

    fn settings(&self, pruning: Option<Pruning>, playouts: u64) -> Settings {
        Settings {
            pruning: pruning.unwrap_or_default(),
            playouts: Some(playouts),
            time: None,
            seed: 0,
            ..self.search.clone()
        }
    }

    /// Playouts a move of the pruned player.
    pub fn playouts_left(&self, saving: f64) -> u64 {
        ((self.playouts as f64 * (1.0 - saving)).round() as u64).max(1)
    }

    /// The match of a cell: the pruned player is the first.
    pub fn match_of(&self, cell: &Cell, jobs: usize) -> Match {
        let pruning = Pruning {
            strategies: cell.strategies.clone(),
            threshold: Threshold::Quantile(cell.quantile),
            ..self.search.pruning.clone()
        };
        let few = self.playouts_left(cell.saving);
        let sprt = match self.test {
            Test::Sprt(sprt) => Some(sprt),
            Test::Wilson => None,
        };
        Match {
            players: [
                Player::own(cell.name(), self.settings(Some(pruning), few)),
                Player::own("whole", self.settings(None, self.playouts)),
            ],
            rules: self.rules(cell.size),
            games: self.games,
            seed: self.seed ^ cell.hash(),
            jobs,
            sprt,
        }
    }

    /// What the games depend on: two plans whose identities are equal play the same games in
    /// the cells that both have.
    pub fn identity(&self) -> Value {
        // Sizes, strategies, quantiles, savings, test and number of games say which games are
        // played, not how: a journal serves a larger plan as well.
        let search = Settings { pruning: self.search.pruning.clone(), ..self.settings(None, 1) };
        json!({
            "version": env!("CARGO_PKG_VERSION"),
            "playouts": self.playouts,
            "komi": self.komi,
            "opening_moves": self.opening_moves,
            "search": format!("{search:?}"),
            "seed": self.seed,
        })
    }
}
