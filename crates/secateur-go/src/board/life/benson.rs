//! Chains that no number of the opponent's moves in a row can capture.
//!
//! Source: D. Benson, 1976, "Life in the game of Go", Information Sciences 10.

use crate::board::{BORDER, Board, CELLS, Color, EMPTY};

/// Which chains of a color can never be captured, by the root's cell.
pub(super) fn alive(board: &Board, color: Color) -> [bool; CELLS] {
    let own = color.state();
    let mut region_of = [usize::MAX; CELLS];
    let mut regions: Vec<Vec<usize>> = Vec::new();
    for point in board.points() {
        let first = usize::from(point.0);
        if board.state(first) == own || region_of[first] != usize::MAX {
            continue;
        }
        let mut region = vec![first];
        region_of[first] = regions.len();
        let mut at = 0;
        while at < region.len() {
            for beside in board.beside(region[at]) {
                let state = board.state(beside);
                if state != BORDER && state != own && region_of[beside] == usize::MAX {
                    region_of[beside] = regions.len();
                    region.push(beside);
                }
            }
            at += 1;
        }
        regions.push(region);
    }
    let roots_beside = |cell: usize| {
        let beside = board.beside(cell).into_iter();
        beside.filter(|cell| board.state(*cell) == own).map(|cell| board.root(cell))
    };
    // Chains around each region, and those to which all its empty points are liberties.
    let around: Vec<Vec<usize>> = regions
        .iter()
        .map(|region| {
            let mut roots: Vec<usize> =
                region.iter().flat_map(|cell| roots_beside(*cell)).collect();
            roots.sort_unstable();
            roots.dedup();
            roots
        })
        .collect();
    let is_vital = |region: &[usize], root: usize| {
        let mut empty = region.iter().filter(|cell| board.state(**cell) == EMPTY);
        empty.all(|cell| roots_beside(*cell).any(|other| other == root))
    };
    let mut lives = [false; CELLS];
    for roots in &around {
        for root in roots {
            lives[*root] = true;
        }
    }
    loop {
        let mut eyes = [0_u8; CELLS];
        for (region, roots) in regions.iter().zip(&around) {
            if roots.iter().all(|root| lives[*root]) {
                for root in roots.iter().filter(|root| is_vital(region, **root)) {
                    eyes[*root] = eyes[*root].saturating_add(1);
                }
            }
        }
        let mut changed = false;
        for (lives, eyes) in lives.iter_mut().zip(eyes) {
            if *lives && eyes < 2 {
                *lives = false;
                changed = true;
            }
        }
        if !changed {
            return lives;
        }
    }
}
