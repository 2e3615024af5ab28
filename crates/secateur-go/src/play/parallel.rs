//! Games at once, and the end of a match.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;

use super::record::GameRecord;
use super::stats::Verdict;
use super::tally::{Score, Tally};
use super::{Match, Stopped, game};
use crate::error::GoError;

/// Flags any of which ends what is going on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stop<'a> {
    outer: &'a AtomicBool,
    inner: &'a AtomicBool,
}

impl<'a> Stop<'a> {
    /// One flag.
    pub(super) fn of(flag: &'a AtomicBool) -> Self {
        Self { outer: flag, inner: flag }
    }

    pub(super) fn is_set(&self) -> bool {
        self.outer.load(Ordering::Relaxed) || self.inner.load(Ordering::Relaxed)
    }
}

/// Games that were played before, by number.
pub(crate) type Known = BTreeMap<usize, GameRecord>;

/// The games of a match, without those that are known.
#[derive(Debug)]
pub(crate) struct Series<'a> {
    /// The match; checked.
    pub(crate) of: &'a Match,
    /// Taken as they are.
    pub(crate) known: &'a Known,
}

impl Series<'_> {
    /// Plays; returns the games by number.
    pub(crate) fn run(
        &self,
        stop: &AtomicBool,
        on_game: &mut dyn FnMut(&GameRecord, &Tally) -> ControlFlow<()>,
    ) -> Result<(Vec<GameRecord>, Stopped), GoError> {
        let games = self.of.games;
        let mut done: Known =
            self.known.range(..games).map(|(at, game)| (*at, game.clone())).collect();
        let missing: Vec<usize> = (0..games).filter(|at| !done.contains_key(at)).collect();
        let mut tally = Tally::of(done.values());
        let mut head = Head::default();
        let mut decided = self.decided(&mut head, &done);
        let (halt, next) = (AtomicBool::new(false), AtomicUsize::new(0));
        let mut failed = None;
        let mut told = false;
        if decided.is_none() {
            let (sender, results) = mpsc::channel();
            std::thread::scope(|scope| {
                for _ in 0..self.of.jobs.min(missing.len()) {
                    let (sender, halt, next, missing) = (sender.clone(), &halt, &next, &missing);
                    scope.spawn(move || {
                        let flags = Stop { outer: stop, inner: halt };
                        while !flags.is_set()
                            && let Some(number) = missing.get(next.fetch_add(1, Ordering::Relaxed))
                            && sender.send(game::play(self.of, *number, &flags)).is_ok()
                        {
                        }
                    });
                }
                drop(sender);
                for result in results {
                    match result {
                        // Nobody is told of games that do not count.
                        Ok(_) if decided.is_some() => {}
                        Ok(game) => {
                            tally.add(&game);
                            told |= on_game(&game, &tally).is_break();
                            done.insert(game.number, game);
                        }
                        Err(GoError::Interrupted) => {}
                        Err(error) => failed = Some(error),
                    }
                    if decided.is_none() {
                        decided = self.decided(&mut head, &done);
                    }
                    if told || failed.is_some() || decided.is_some() {
                        halt.store(true, Ordering::Relaxed);
                    }
                }
            });
        }
        if let Some(error) = failed {
            return Err(error);
        }
        let counted = decided.unwrap_or(games);
        let is_whole = done.range(..counted).count() == counted;
        let stopped = match decided {
            Some(_) => Stopped::Decided,
            None if is_whole => Stopped::Complete,
            None => Stopped::Interrupted,
        };
        Ok((done.into_values().take_while(|game| game.number < counted).collect(), stopped))
    }

    /// After how many games the sequential test is decided. Only games without a gap before them
    /// count, and only whole pairs, so that it does not depend on which game ends first and no
    /// color counts more than the other.
    fn decided(&self, head: &mut Head, done: &Known) -> Option<usize> {
        let sprt = self.of.sprt?;
        while let Some(game) = done.get(&head.games) {
            head.score.add(game.winner);
            head.games += 1;
            let is_pair = head.games.is_multiple_of(2) || head.games == self.of.games;
            if is_pair && head.score.test(&sprt).verdict != Verdict::Continue {
                return Some(head.games);
            }
        }
        None
    }
}

/// The games from the first without a gap.
#[derive(Debug, Default)]
struct Head {
    games: usize,
    score: Score,
}
