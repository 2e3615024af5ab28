//! Where a color cannot be lived against: regions in which the opponent, playing alone and as
//! often as it likes, never gets an uncapturable chain.
//!
//! Let the owner's uncapturable chains be a wall; they stay whatever the opponent (the rival)
//! does. Take one connected region of all other points. The rival can live in it if and only if
//! it holds two points that are not neighbors, and each
//!
//! - is a capturable stone of the owner, or an empty point without a stone of the owner beside
//!   it; and
//! - leaves the region in one piece when it is taken out.
//!
//! Why that is enough: the rival captures all capturable chains and for that need only play on
//! their liberties (in Benson's proof a chain falls to stones on its liberties alone); then it
//! plays everywhere but on the two points, the farthest from them first. Each of the chains that
//! result touches both points, since neither point alone cuts it off from the other; so each has
//! two eyes.
//!
//! Why no other way is left: let the rival have uncapturable chains. They can grow over the whole
//! region, capture what is in their eyes, and shrink each eye to a single point, so take that as
//! done. An eye has neither a stone nor a liberty of the wall beside it; it was empty from the
//! beginning or held a stone that was captured; and in the first case it never was a liberty of a
//! captured chain, because that would have been filled and the rival's stones stay. So eyes are
//! points of the first kind. Now let eyes and chains be the nodes of a graph, each eye joined
//! with the chains around it. All chains have two eyes or more, so a leaf of the graph, and every
//! leaf of its tree of blocks, has an eye whose loss leaves the graph connected; there are two
//! such leaves, or one block in which this holds for all its eyes. These two points do not cut
//! the region, and as eyes they are not neighbors.

use super::benson::alive;
use super::seki::can_share;
use crate::board::{BORDER, Board, CELLS, Color, EMPTY};

/// Points of a color for good, by cell: its uncapturable chains, and the regions in which the
/// opponent cannot live.
pub(super) fn owned(board: &Board, color: Color) -> [bool; CELLS] {
    let lives = alive(board, color);
    let own = color.state();
    let mut owned = [false; CELLS];
    let mut is_done = [false; CELLS];
    for point in board.points() {
        let first = usize::from(point.0);
        if board.state(first) == own && lives[board.root(first)] {
            is_done[first] = true;
            owned[first] = true;
        }
    }
    for point in board.points() {
        let first = usize::from(point.0);
        if is_done[first] {
            continue;
        }
        let region = flood(board, first, &mut is_done);
        let mut outside = [true; CELLS];
        for cell in &region {
            outside[*cell] = false;
        }
        let is_lost =
            !can_live(board, own, &region, &outside) && !can_share(board, color, &region, &outside);
        if is_lost {
            for cell in region {
                owned[cell] = true;
            }
        }
    }
    owned
}

/// The connected cells from the first one on that are on the board and not done yet; they are
/// done then.
pub(super) fn flood(board: &Board, first: usize, is_done: &mut [bool; CELLS]) -> Vec<usize> {
    let mut region = vec![first];
    is_done[first] = true;
    let mut at = 0;
    while at < region.len() {
        for beside in board.beside(region[at]) {
            if board.state(beside) != BORDER && !is_done[beside] {
                is_done[beside] = true;
                region.push(beside);
            }
        }
        at += 1;
    }
    region
}

/// Whether the opponent of the color of `own` can get an uncapturable chain in a region between
/// uncapturable chains of that color; `outside` marks all other cells.
fn can_live(board: &Board, own: u8, region: &[usize], outside: &[bool; CELLS]) -> bool {
    let can_be_eye = |cell: usize| match board.state(cell) {
        EMPTY => board.beside(cell).into_iter().all(|beside| board.state(beside) != own),
        state => state == own,
    };
    let cuts = |cell: usize| {
        let Some(first) = board.beside(cell).into_iter().find(|beside| !outside[*beside]) else {
            return false;
        };
        let mut is_done = *outside;
        is_done[cell] = true;
        flood(board, first, &mut is_done).len() + 1 < region.len()
    };
    let mut eyes: Vec<usize> = Vec::new();
    for &cell in region {
        if can_be_eye(cell) && !cuts(cell) {
            if eyes.iter().any(|eye| !board.beside(*eye).contains(&cell)) {
                return true;
            }
            eyes.push(cell);
        }
    }
    false
}
