//! Which stones are dead at the end.
//!
//! What is certain stays as it is. Playouts settle most other chains; those that live in some
//! and die in others are searched one group at a time, with either color first. A group lives that
//! does with its own color first and mostly otherwise: at the end of a game, whoever could have
//! lived or killed by one move has made it. A group of which that is unsure still lives in a seki:
//! an opponent's group lives whoever is first, and playouts, which fill until one of both dies,
//! always kill one of them. Last, stones that only dead ones hold are not dead.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::seki::seki;
use super::survival::Survival;
use crate::board::{Board, Color, Point, Status, unconditional};
use crate::playout::{Dice, Policy, play_out};

/// How often a point ended as black's.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// Share of playouts in which black owned the point, of shape `[points]`.
    pub black: Vec<f64>,
    /// Stones that are dead, row by row.
    pub dead: Vec<Point>,
    /// Stones that live in a seki, row by row.
    pub seki: Vec<Point>,
}

/// Share of playouts below or above which a chain needs no search.
const SETTLED: f64 = 0.03;
/// Share of playouts in which chains of a group have the same fate.
const TOGETHER: f64 = 0.85;
/// Playouts of a search of one group, by playouts of the whole.
const SEARCH_PLAYOUTS: u32 = 15;

/// Sum of the shares of playouts and of both searches below which a group is dead.
const LIVING_MIN: f64 = 1.5;
/// Mean of these shares, that with the own color first counted twice, below which a group lives
/// only in a seki. Between the values of living and of dead groups in GNU Go's regression files.
const SURE_MIN: f64 = 0.72;
/// Share of survival, with the other color first, of a group that holds another in a seki.
const HOLDING_MIN: f64 = 0.75;

/// A chain and what playouts made of it.
struct Chain {
    stones: Vec<Point>,
    color: Color,
    /// Whether it survived, by playout.
    fates: Vec<bool>,
    verdict: Option<Verdict>,
}

/// What is known of a chain.
#[derive(Clone, Copy)]
enum Verdict {
    Settled { is_dead: bool },
    Searched(Shares),
}

/// How often a group survived.
#[derive(Clone, Copy)]
struct Shares {
    playouts: f64,
    own_first: f64,
    other_first: f64,
}

impl Shares {
    fn may_live(self) -> bool {
        self.playouts + self.own_first + self.other_first >= LIVING_MIN
    }

    fn surely_lives(self) -> bool {
        (self.playouts + 2.0 * self.own_first + self.other_first) / 4.0 >= SURE_MIN
    }
}

impl Chain {
    fn share(&self) -> f64 {
        let survived = self.fates.iter().filter(|fate| **fate).count();
        survived as f64 / self.fates.len().max(1) as f64
    }

    /// Share of playouts in which both have the same fate.
    fn agreement(&self, other: &Self) -> f64 {
        let same = self.fates.iter().zip(&other.fates).filter(|(a, b)| a == b).count();
        same as f64 / self.fates.len().max(1) as f64
    }

    fn is_with(&self, other: &Self) -> bool {
        self.color == other.color && self.agreement(other) >= TOGETHER
    }

    /// Whether this chain, where it is not sure to live, does so in a seki with another.
    fn is_held_by(&self, other: &Self) -> bool {
        let opposed = self.color != other.color && self.agreement(other) <= 1.0 - TOGETHER;
        let holds = matches!(other.verdict,
            Some(Verdict::Searched(shares)) if shares.other_first >= HOLDING_MIN);
        opposed && holds
    }
}

/// Plays the position out, each color first in half of the games, and searches what stays open, on
/// so many threads; the result is the same for any number.
pub fn read_status(board: &Board, playouts: u32, seed: u64, threads: usize) -> Reading {
    let mut chains = chains_of(board);
    let black = play_all(board, playouts, &mut Dice::new(seed), &mut chains);
    let groups = groups_of(&chains);
    let leaders: Vec<&Chain> = groups.iter().map(|group| &chains[group[0]]).collect();
    let verdicts = judge(board, &leaders, playouts, seed, threads);
    for (group, verdict) in groups.into_iter().zip(verdicts) {
        for chain in group {
            chains[chain].verdict = Some(verdict);
        }
    }
    let mut dead: Vec<Point> = chains
        .iter()
        .filter(|chain| is_dead(chain, &chains))
        .flat_map(|chain| chain.stones.iter().copied())
        .collect();
    spare_the_held(board, &mut dead);
    dead.sort_unstable();
    let seki = seki(board, &dead);
    Reading { black, dead, seki }
}

/// Chains without a verdict that share their fates, each group by its largest first.
fn groups_of(chains: &[Chain]) -> Vec<Vec<usize>> {
    let mut open: Vec<usize> =
        (0..chains.len()).filter(|at| chains[*at].verdict.is_none()).collect();
    let mut groups = Vec::new();
    while let Some(first) = open.first().copied() {
        let (group, others) = open
            .into_iter()
            .partition(|other| *other == first || chains[first].is_with(&chains[*other]));
        groups.push(group);
        open = others;
    }
    groups
}

/// What playouts say of each chain, or where they do not, what searches do.
fn judge(
    board: &Board,
    chains: &[&Chain],
    playouts: u32,
    seed: u64,
    threads: usize,
) -> Vec<Verdict> {
    let is_open = |chain: &&&Chain| (SETTLED..=1.0 - SETTLED).contains(&chain.share());
    let searches: Vec<(&Chain, Color)> = chains
        .iter()
        .filter(is_open)
        .flat_map(|chain| [(*chain, chain.color), (*chain, chain.color.other())])
        .collect();
    // Each search has random numbers of its own, so that they can be made in any order.
    let search = |(chain, first): (&Chain, Color)| {
        let number = 2 * u64::from(chain.stones[0].0) + u64::from(first == chain.color);
        let survival = Survival::new(board, chain.stones[0], chain.color);
        survival.share(first, SEARCH_PLAYOUTS * playouts, &mut Dice::new(seed ^ number << 32))
    };
    let mut shares = in_parallel(&searches, threads, search).into_iter();
    let verdict = |chain: &&Chain| {
        let share = chain.share();
        if !is_open(&chain) {
            return Verdict::Settled { is_dead: share < SETTLED };
        }
        let mut next = || shares.next().unwrap_or_else(|| unreachable!("two for each open chain"));
        Verdict::Searched(Shares { playouts: share, own_first: next(), other_first: next() })
    };
    chains.iter().map(verdict).collect()
}

/// Results of tasks in their order. The threads are no pool's: games that wait for this may fill
/// a pool.
fn in_parallel<T: Copy + Sync, R: Send + Sync>(
    tasks: &[T],
    threads: usize,
    work: impl Fn(T) -> R + Sync,
) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let results: Vec<OnceLock<R>> = tasks.iter().map(|_| OnceLock::new()).collect();
    let run = || {
        while let Some(at) =
            Some(next.fetch_add(1, Ordering::Relaxed)).filter(|at| *at < tasks.len())
        {
            let _ = results[at].set(work(tasks[at]));
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads.min(tasks.len()) {
            scope.spawn(run);
        }
        run();
    });
    results.into_iter().filter_map(OnceLock::into_inner).collect()
}

fn is_dead(chain: &Chain, chains: &[Chain]) -> bool {
    match chain.verdict {
        None => false,
        Some(Verdict::Settled { is_dead }) => is_dead,
        Some(Verdict::Searched(shares)) => {
            let lives = shares.surely_lives() || chains.iter().any(|other| chain.is_held_by(other));
            !(shares.may_live() && lives)
        }
    }
}

/// Takes stones off the dead that only dead ones hold: where the dead are gone and one color alone
/// lives around a region, its stones in there cannot be captured.
fn spare_the_held(board: &Board, dead: &mut Vec<Point>) {
    let mut clean = board.clone();
    for point in dead.iter() {
        clean.take_off(*point);
    }
    let owners = clean.owners();
    dead.retain(|point| {
        let owner = point.number(board.size()).and_then(|number| owners[number]);
        owner.is_none() || owner != board.at(*point)
    });
}

/// All chains, the largest first, with what is certain of them.
fn chains_of(board: &Board) -> Vec<Chain> {
    let certain = unconditional(board);
    let mut is_done = vec![false; certain.len()];
    let mut chains = Vec::new();
    for (number, point) in board.points().enumerate() {
        let Some(color) = board.at(point).filter(|_| !is_done[number]) else { continue };
        let stones: Vec<Point> = board.chain(point).collect();
        for stone in stones.iter().filter_map(|stone| stone.number(board.size())) {
            is_done[stone] = true;
        }
        let verdict = match certain[number] {
            Status::Alive => Some(Verdict::Settled { is_dead: false }),
            Status::Dead => Some(Verdict::Settled { is_dead: true }),
            Status::Undecided | Status::Territory(_) => None,
        };
        chains.push(Chain { stones, color, fates: Vec::new(), verdict });
    }
    chains.sort_by_key(|chain| std::cmp::Reverse(chain.stones.len()));
    chains
}

/// Plays out and notes fates; the share of playouts in which each point was black's.
fn play_all(board: &Board, playouts: u32, dice: &mut Dice, chains: &mut [Chain]) -> Vec<f64> {
    let size = board.size();
    let mut after = board.clone();
    let mut trace = Vec::new();
    let mut counts = vec![0_u32; size * size];
    for turn in 0..playouts {
        after.copy_from(board);
        after.clear_ko();
        trace.clear();
        let color = Color::BOTH[turn as usize % 2];
        play_out(&mut after, color, Policy::Patterns, dice, &mut trace);
        let owners = after.owners();
        for (count, owner) in counts.iter_mut().zip(&owners) {
            *count += u32::from(*owner == Some(Color::Black));
        }
        for chain in chains.iter_mut() {
            let is_own = |stone: &&Point| {
                stone.number(size).is_some_and(|number| owners[number] == Some(chain.color))
            };
            let kept = chain.stones.iter().filter(is_own).count();
            chain.fates.push(2 * kept >= chain.stones.len());
        }
    }
    counts.into_iter().map(|count| f64::from(count) / f64::from(playouts.max(1))).collect()
}
