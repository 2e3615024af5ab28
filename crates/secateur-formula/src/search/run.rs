//! A search from its beginning to its end.

use std::time::{Duration, Instant};

use super::Search;

/// When a search ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Most generations.
    pub generations: Option<u64>,
    /// Most time; where this ends a search, how far it came depends on the machine.
    pub time: Option<Duration>,
    /// Generations without a gain before the search ends.
    pub patience: Option<u64>,
}

/// Share of the error that counts as a gain.
const GAIN_MIN: f64 = 1e-4;

/// Share of the spread of the target below which nothing is left to find.
const SOLVED: f64 = 1e-20;

/// Why a search ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// All generations are done.
    Generations,
    /// The time is over.
    Time,
    /// Nothing was gained for long.
    Patience,
    /// The formula meets every row.
    Solved,
    /// It was told to.
    Stopped,
}

impl End {
    /// The end in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Generations => "all generations are done",
            Self::Time => "the time is over",
            Self::Patience => "nothing was gained for long",
            Self::Solved => "the formula meets every row",
            Self::Stopped => "it was stopped",
        }
    }
}

/// Steps until a limit is reached. `between` is called after every generation with the time that
/// passed; `false` stops the search, which keeps the best.
pub fn run(
    search: &mut Search,
    limits: Limits,
    mut between: impl FnMut(&Search, Duration) -> bool,
) -> End {
    let start = Instant::now();
    let error = |search: &Search| search.hall.best().map_or(f64::INFINITY, |best| best.error);
    let mut gained = (search.generation, error(search));
    loop {
        let now = error(search);
        if now <= SOLVED * search.train.target.spread {
            return End::Solved;
        }
        if now < gained.1 * (1.0 - GAIN_MIN) {
            gained = (search.generation, now);
        }
        if limits.generations.is_some_and(|most| search.generation >= most) {
            return End::Generations;
        }
        if limits.time.is_some_and(|most| start.elapsed() >= most) {
            return End::Time;
        }
        if limits.patience.is_some_and(|most| search.generation - gained.0 >= most) {
            return End::Patience;
        }
        search.step();
        if !between(search, start.elapsed()) {
            return End::Stopped;
        }
    }
}
