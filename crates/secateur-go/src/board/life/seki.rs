//! Regions in which the opponent cannot get two eyes but may live in a seki: around stones that
//! it can capture for one eye only, and that cannot attack it either.
//!
//! The opponent (the rival) plays as often as it likes first. Suppose that it leaves a connected
//! space with stones of the owner inside, and has a single chain on all other points of the
//! region. To take that chain the owner must fill the space but for one point; then the rival
//! takes these stones and has the shape that they had as its eye, the owner to play. When that
//! shape cannot be killed, whichever point was left, the owner cannot attack.
//!
//! Shapes that can be killed are those that the literature on nakade lists: three in a row or
//! bent, the pyramid, the square, the bulky and the crossed five, the rabbity six. All of these,
//! and no other of that size or above, have a point beside all their points save at most one,
//! which is on a square with it.

use super::territory::flood;
use crate::board::{Board, CELLS, EMPTY};

/// Points of the smallest space that cannot be attacked, whatever its shape.
const SAFE: usize = 8;

/// Whether the opponent of the color of `own` may get a seki in a region; `outside` marks all
/// other cells.
pub(super) fn can_share(board: &Board, own: u8, region: &[usize], outside: &[bool; CELLS]) -> bool {
    let search = Search { board, own, region, outside };
    let mut seen = [false; CELLS];
    region.iter().any(|cell| {
        let root = board.root(*cell);
        if board.state(*cell) != own || seen[root] {
            return false;
        }
        seen[root] = true;
        let mut space = Vec::new();
        search.add(&mut space, *cell);
        search.grow(&space, &mut vec![false; CELLS])
    })
}

struct Search<'a> {
    board: &'a Board,
    own: u8,
    region: &'a [usize],
    outside: &'a [bool; CELLS],
}

impl Search<'_> {
    /// Whether the rival can leave a point empty: nothing of the wall is beside it.
    fn is_spared(&self, cell: usize) -> bool {
        let is_wall = |at: usize| self.board.state(at) == self.own && self.outside[at];
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
                if self.board.state(beside) == self.own {
                    self.add(space, beside);
                }
            }
        } else {
            let chain = self.board.chain(crate::board::Point(cell as u16));
            space.extend(chain.map(|stone| usize::from(stone.0)));
        }
    }

    /// Whether this space, or a larger one without the excluded points, is a seki.
    fn grow(&self, space: &[usize], excluded: &mut Vec<bool>) -> bool {
        if self.is_seki(space) {
            return true;
        }
        if space.len() >= SAFE {
            return false;
        }
        let next = space.iter().flat_map(|cell| self.board.beside(*cell)).find(|cell| {
            !excluded[*cell] && !space.contains(cell) && self.is_spared(*cell)
        });
        let Some(next) = next else { return false };
        let mut larger = space.to_vec();
        self.add(&mut larger, next);
        let is_free = larger.iter().all(|cell| !excluded[*cell]);
        if is_free && self.grow(&larger, excluded) {
            return true;
        }
        excluded[next] = true;
        let found = self.grow(space, excluded);
        excluded[next] = false;
        found
    }

    fn is_seki(&self, space: &[usize]) -> bool {
        let liberties = || space.iter().filter(|cell| self.board.state(**cell) == EMPTY);
        liberties().count() >= 2
            && liberties().all(|last| {
                let left: Vec<usize> = space.iter().copied().filter(|cell| cell != last).collect();
                !self.can_be_killed(&left)
            })
            && self.is_surrounded(space)
    }

    /// Whether the owner, to play, keeps an eye of this shape from becoming two.
    fn can_be_killed(&self, shape: &[usize]) -> bool {
        let beside = |a: usize, b: usize| self.board.beside(a).contains(&b);
        let on_square = |a: usize, b: usize| {
            let both = shape.iter().filter(|cell| beside(a, **cell) && beside(b, **cell));
            both.count() == 2
        };
        shape.iter().any(|vital| {
            let mut rest =
                shape.iter().filter(|cell| *cell != vital && !beside(*vital, **cell));
            rest.next().is_none_or(|corner| on_square(*vital, *corner)) && rest.next().is_none()
        })
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
