//! Regions in which the opponent cannot get two eyes but may live in a seki: around stones that
//! it can capture for one eye only, and that cannot attack it either.
//!
//! The opponent (the rival) plays as often as it likes first: it leaves a connected space with
//! stones of the owner inside, and fills the rest of the region. Then both play in turn, the
//! owner first, with passes, and the owner must take stones of the rival around the space before
//! they have two eyes. When it cannot, for some space, the region is not the owner's for good.
//!
//! The game is searched to its end in spaces of up to seven points. Larger ones are taken for
//! safe, and so is what comes back to where it was: that can only leave more undecided.

use super::attack::Space;
use super::territory::flood;
use crate::board::{Board, CELLS, Color, EMPTY, Point};

/// Points of the smallest space that is taken for safe when nothing cuts its surroundings. The
/// largest eye that one move can keep from becoming two has six, and one point stays open.
const SAFE: usize = 8;

/// Whether the opponent of a color may get a seki in a region; `outside` marks all other cells.
pub(super) fn can_share(
    board: &Board,
    color: Color,
    region: &[usize],
    outside: &[bool; CELLS],
) -> bool {
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
        spaces.grow(&space, &mut [false; CELLS])
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
    fn grow(&self, space: &[usize], excluded: &mut [bool; CELLS]) -> bool {
        let around = space.iter().flat_map(|cell| self.board.beside(*cell));
        let next = (space.len() < SAFE)
            .then(|| {
                let mut next = around.filter(|cell| !excluded[*cell] && !space.contains(cell));
                next.find(|cell| self.is_spared(*cell))
            })
            .flatten();
        let Some(next) = next else { return self.is_seki(space) };
        let mut larger = space.to_vec();
        self.add(&mut larger, next);
        if larger.iter().all(|cell| !excluded[*cell]) && self.grow(&larger, excluded) {
            return true;
        }
        excluded[next] = true;
        let found = self.grow(space, excluded);
        excluded[next] = false;
        found
    }

    fn is_seki(&self, space: &[usize]) -> bool {
        if space.iter().filter(|cell| self.board.state(**cell) == EMPTY).count() < 2 {
            return false;
        }
        if space.len() >= SAFE {
            return self.pieces(space).len() == 1;
        }
        let place = |cell: usize| space.iter().position(|other| *other == cell);
        let bits = |cells: &mut dyn Iterator<Item = usize>| -> u8 {
            cells.filter_map(place).fold(0, |points, at| points | 1 << at)
        };
        let beside = |cell: usize| bits(&mut self.board.beside(cell).into_iter());
        let around = self.pieces(space).into_iter().map(|piece| {
            let mut near = piece.into_iter().flat_map(|cell| self.board.beside(cell));
            bits(&mut near)
        });
        let game = Space {
            beside: space.iter().map(|cell| beside(*cell)).collect(),
            around: around.collect(),
        };
        let own = |cell: &usize| self.board.state(*cell) == self.color.state();
        game.survives(bits(&mut space.iter().copied().filter(own)))
    }

    /// The connected pieces of the rest of the region.
    fn pieces(&self, space: &[usize]) -> Vec<Vec<usize>> {
        let mut is_done = *self.outside;
        for cell in space {
            is_done[*cell] = true;
        }
        let mut pieces = Vec::new();
        for cell in self.region {
            if !is_done[*cell] {
                pieces.push(flood(self.board, *cell, &mut is_done));
            }
        }
        pieces
    }
}
