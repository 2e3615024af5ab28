//! Regions in which the opponent cannot get two eyes but may live in a seki: around stones that
//! it can capture for one eye only, and that cannot attack it either.
//!
//! The opponent (the rival) plays as often as it likes first: it leaves a connected space with
//! stones of the owner inside, and fills the rest of the region. Then both play in turn, the
//! owner first, with passes, and the owner must take stones of the rival around the space before
//! they have two eyes. When it cannot, for some space, the region is not the owner's for good.
//!
//! The game is searched to its end in spaces of up to seven points. Larger ones are taken for
//! safe, as is what the search does not decide in time, or what comes back to where it was: that
//! can only leave more undecided.

use std::collections::HashMap;

use super::benson::alive;
use super::territory::flood;
use crate::board::{Board, CELLS, Color, EMPTY, Point};

/// Points of the smallest space that is taken for safe when nothing cuts its surroundings. The
/// largest eye that one move can keep from becoming two has six, and one point stays open.
const SAFE: usize = 8;
/// Positions that are searched for a region.
const NODES_MAX: u32 = 20_000;

/// Whether the opponent of a color may get a seki in a region; `outside` marks all other cells.
pub(super) fn can_share(
    board: &Board,
    color: Color,
    region: &[usize],
    outside: &[bool; CELLS],
) -> bool {
    let mut nodes = NODES_MAX;
    let mut seen = [false; CELLS];
    region.iter().any(|cell| {
        let root = board.root(*cell);
        if board.state(*cell) != color.state() || seen[root] {
            return false;
        }
        seen[root] = true;
        let spaces = Spaces { board, color, region, outside };
        let mut space = Vec::new();
        spaces.add(&mut space, *cell);
        spaces.grow(&space, &mut [false; CELLS], &mut nodes)
    })
}

/// All spaces that the rival can leave.
struct Spaces<'a> {
    board: &'a Board,
    color: Color,
    region: &'a [usize],
    outside: &'a [bool; CELLS],
}

impl Spaces<'_> {
    /// Whether the rival can leave a point empty: nothing of the wall is beside it.
    fn is_spared(&self, cell: usize) -> bool {
        let is_wall = |at: usize| self.board.state(at) == self.color.state() && self.outside[at];
        self.board.state(cell) == EMPTY
            && !self.outside[cell]
            && !self.board.beside(cell).into_iter().any(is_wall)
    }

    /// Adds a point and the chains that have it as a liberty, or the whole chain of a stone.
    fn add(&self, space: &mut Vec<usize>, cell: usize) {
        if space.contains(&cell) {
            return;
        }
        if self.board.state(cell) == EMPTY {
            space.push(cell);
            for beside in self.board.beside(cell) {
                if self.board.state(beside) == self.color.state() {
                    self.add(space, beside);
                }
            }
        } else {
            space.extend(self.board.chain(Point(cell as u16)).map(|stone| usize::from(stone.0)));
        }
    }

    /// Whether this space, or a larger one without the excluded points, is a seki.
    fn grow(&self, space: &[usize], excluded: &mut [bool; CELLS], nodes: &mut u32) -> bool {
        let around = space.iter().flat_map(|cell| self.board.beside(*cell));
        let next = (space.len() < SAFE)
            .then(|| {
                let mut next = around.filter(|cell| !excluded[*cell] && !space.contains(cell));
                next.find(|cell| self.is_spared(*cell))
            })
            .flatten();
        let Some(next) = next else { return self.is_seki(space, nodes) };
        let mut larger = space.to_vec();
        self.add(&mut larger, next);
        if larger.iter().all(|cell| !excluded[*cell]) && self.grow(&larger, excluded, nodes) {
            return true;
        }
        excluded[next] = true;
        let found = self.grow(space, excluded, nodes);
        excluded[next] = false;
        found
    }

    fn is_seki(&self, space: &[usize], nodes: &mut u32) -> bool {
        if space.iter().filter(|cell| self.board.state(**cell) == EMPTY).count() < 2 {
            return false;
        }
        if space.len() >= SAFE {
            return self.is_surrounded(space);
        }
        let mut board = self.board.clone();
        board.suicide = false;
        board.clear_ko();
        let rest = || self.region.iter().copied().filter(|cell| !space.contains(cell));
        for cell in rest() {
            if board.state(cell) == self.color.state() {
                board.take_off(Point(cell as u16));
            }
        }
        let around: Vec<usize> = rest().collect();
        for cell in &around {
            if board.state(*cell) == EMPTY {
                board.put(*cell, self.color.other());
            }
        }
        if board.alive().is_err() {
            return false;
        }
        let mut attack =
            Attack { owner: self.color, space, around: &around, known: HashMap::new(), nodes };
        attack.survives(&board, self.color)
    }

    /// Whether the rest of the region is a single piece.
    fn is_surrounded(&self, space: &[usize]) -> bool {
        let mut is_done = *self.outside;
        for cell in space {
            is_done[*cell] = true;
        }
        let Some(first) = self.region.iter().find(|cell| !is_done[**cell]) else { return false };
        flood(self.board, *first, &mut is_done).len() + space.len() == self.region.len()
    }
}

/// The game in a space, as far as it is known; a position that is being searched counts as
/// survived.
struct Attack<'a> {
    owner: Color,
    space: &'a [usize],
    around: &'a [usize],
    known: HashMap<(u64, Color, Option<(Point, Color)>), bool>,
    nodes: &'a mut u32,
}

impl Attack<'_> {
    /// Whether the rival keeps all its stones around the space.
    fn survives(&mut self, board: &Board, color: Color) -> bool {
        let key = (board.hash(), color, board.ko_point());
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        if *self.nodes == 0 {
            return true;
        }
        *self.nodes -= 1;
        self.known.insert(key, true);
        let survives = if color == self.owner {
            // When the owner passes the rival does so too, and has survived.
            !self.moves(board, color).into_iter().any(|after| {
                self.around.iter().any(|cell| after.state(*cell) == EMPTY)
                    || !self.survives(&after, color.other())
            })
        } else {
            let mut passed = board.clone();
            passed.clear_ko();
            self.survives(&passed, self.owner)
                || self.moves(board, color).into_iter().any(|after| {
                    let lives = alive(&after, color);
                    self.around.iter().all(|cell| lives[after.root(*cell)])
                        || self.survives(&after, self.owner)
                })
        };
        self.known.insert(key, survives);
        survives
    }

    /// Positions after each legal move in the space.
    fn moves(&self, board: &Board, color: Color) -> Vec<Board> {
        let points = self.space.iter().map(|cell| Point(*cell as u16));
        let legal = points.filter(|point| board.is_legal(*point, color));
        legal
            .map(|point| {
                let mut after = board.clone();
                after.play(point, color);
                after
            })
            .collect()
    }
}
