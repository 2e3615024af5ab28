//! Which stones are dead at the end.
//!
//! What is certain stays as it is. Playouts settle most other chains; those that live in some
//! and die in others are searched one group at a time, with either color first; the mean of both
//! and of the playouts counts. So a seki stays: whoever plays first in it gains nothing.

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
const TOGETHER: f64 = 0.9;
/// Playouts of a search of one group, by playouts of the whole.
const SEARCH_PLAYOUTS: u32 = 15;

/// A chain and what playouts made of it.
struct Chain {
    stones: Vec<Point>,
    color: Color,
    /// Whether it survived, by playout.
    fates: Vec<bool>,
    is_dead: Option<bool>,
}

impl Chain {
    fn share(&self) -> f64 {
        let survived = self.fates.iter().filter(|fate| **fate).count();
        survived as f64 / self.fates.len().max(1) as f64
    }

    fn is_with(&self, other: &Self) -> bool {
        let same = self.fates.iter().zip(&other.fates).filter(|(a, b)| a == b).count();
        self.color == other.color && same as f64 >= TOGETHER * self.fates.len() as f64
    }
}

/// Plays the position out, each color first in half of the games, and searches what stays open.
pub fn read_status(board: &Board, playouts: u32, seed: u64) -> Reading {
    let mut dice = Dice::new(seed);
    let mut chains = chains_of(board);
    let black = play_all(board, playouts, &mut dice, &mut chains);
    for at in 0..chains.len() {
        if chains[at].is_dead.is_some() {
            continue;
        }
        let share = chains[at].share();
        let is_dead = if share < SETTLED {
            true
        } else if share > 1.0 - SETTLED {
            false
        } else {
            let chain = &chains[at];
            let survival = Survival::new(board, chain.stones[0], chain.color);
            let mut search = |first| survival.share(first, SEARCH_PLAYOUTS * playouts, &mut dice);
            let shares = (search(chain.color), search(chain.color.other()));
            shares.0 + shares.1 + share < 1.5
        };
        let group: Vec<usize> = (at..chains.len())
            .filter(|other| chains[*other].is_dead.is_none() && chains[at].is_with(&chains[*other]))
            .collect();
        for other in group {
            chains[other].is_dead = Some(is_dead);
        }
    }
    let mut dead: Vec<Point> = chains
        .into_iter()
        .filter(|chain| chain.is_dead == Some(true))
        .flat_map(|chain| chain.stones)
        .collect();
    dead.sort_unstable();
    let seki = seki(board, &dead);
    Reading { black, dead, seki }
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
        let is_dead = match certain[number] {
            Status::Alive => Some(false),
            Status::Dead => Some(true),
            Status::Undecided | Status::Territory(_) => None,
        };
        chains.push(Chain { stones, color, fates: Vec::new(), is_dead });
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
