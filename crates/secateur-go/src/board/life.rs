//! Stones and points that no number of the opponent's moves can change.
//!
//! Source: D. Benson, 1976, "Life in the game of Go", Information Sciences 10. What the owner of
//! such chains also has as territory follows the definition that GNU Go documents for
//! `unconditional_status`: the opponent plays as long as it can, and what stays without a life is
//! dead.

use super::{BORDER, Board, CELLS, Color, EMPTY, Point};

/// What is certain about a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Nothing.
    Undecided,
    /// Its stone can never be captured, or stands where only its own color can live.
    Alive,
    /// Its stone can never live.
    Dead,
    /// It is empty, and this color's for good.
    Territory(Color),
}

/// Which chains of a color can never be captured, by the root's cell.
fn alive(board: &Board, color: Color) -> [bool; CELLS] {
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

/// Points of a color for good: its living chains, and what the opponent cannot live in. By cell.
///
/// Which moves the opponent may play can depend on their order, so all eight orders that
/// symmetries give are tried, and what holds in each is certain.
fn owned(board: &Board, color: Color) -> [bool; CELLS] {
    let lives = alive(board, color);
    let mut rest = board.clone();
    rest.suicide = false;
    for point in board.points() {
        if board.at(point) == Some(color) && !lives[board.root(usize::from(point.0))] {
            rest.take_off(point);
        }
    }
    let mut owned = [true; CELLS];
    for symmetry in 0..8 {
        let order: Vec<usize> = (0..board.size() * board.size())
            .map(|number| turned(board.size(), number, symmetry))
            .collect();
        let mut after = rest.clone();
        attack(&mut after, color.other(), &order);
        for cell in order {
            let beside = || after.beside(cell).into_iter();
            owned[cell] &= match after.at(Point(cell as u16)) {
                Some(stone) if stone == color => true,
                Some(_) => after.only_liberty(after.root(cell)).is_some(),
                None => beside().any(|beside| after.state(beside) == color.state()),
            };
        }
    }
    owned
}

/// The cell of a point after one of the eight symmetries.
fn turned(size: usize, number: usize, symmetry: usize) -> usize {
    let (mut x, mut y) = (number % size, number / size);
    if symmetry & 1 == 1 {
        x = size - 1 - x;
    }
    if symmetry & 2 == 2 {
        y = size - 1 - y;
    }
    if symmetry & 4 == 4 {
        (x, y) = (y, x);
    }
    usize::from(Point::new(size, x, y).0)
}

fn try_play(board: &mut Board, cell: usize, color: Color) -> bool {
    board.clear_ko();
    let legal = board.is_legal(Point(cell as u16), color);
    if legal {
        board.play(Point(cell as u16), color);
    }
    board.clear_ko();
    legal
}

/// The rival plays beside all chains of its opponent, extends what is in atari, and cuts large
/// eyes into small ones.
fn attack(board: &mut Board, rival: Color, order: &[usize]) {
    let is_foe = |board: &Board, cell: usize| board.state(cell) == rival.other().state();
    for &cell in order {
        if board.beside(cell).into_iter().any(|beside| is_foe(board, beside)) {
            try_play(board, cell, rival);
        }
    }
    loop {
        let mut changed = false;
        for &cell in order {
            if board.state(cell) == rival.state()
                && let Some(liberty) = board.only_liberty(board.root(cell))
            {
                changed |= try_play(board, liberty, rival);
            }
        }
        if !changed {
            break;
        }
    }
    for wanted in [2, 1] {
        for &cell in order {
            if board.state(cell) == EMPTY && board.empty_beside(cell) >= wanted {
                try_play(board, cell, rival);
            }
        }
    }
}

/// Whether each point holds a stone of a color that no number of the opponent's moves in a row
/// can capture, row by row from the top left.
pub fn uncapturable(board: &Board, color: Color) -> Vec<bool> {
    let lives = alive(board, color);
    let is_safe =
        |point: Point| board.at(point) == Some(color) && lives[board.root(usize::from(point.0))];
    board.points().map(is_safe).collect()
}

/// What is certain about each point, row by row from the top left.
pub fn unconditional(board: &Board) -> Vec<Status> {
    let mut status = vec![Status::Undecided; board.size() * board.size()];
    for color in Color::BOTH {
        let lives = alive(board, color);
        if !lives.contains(&true) {
            continue;
        }
        let owned = owned(board, color);
        for (point, status) in board.points().zip(&mut status) {
            let cell = usize::from(point.0);
            match board.at(point) {
                Some(stone) if stone == color && owned[cell] => *status = Status::Alive,
                Some(stone) if stone != color && owned[cell] => *status = Status::Dead,
                None if owned[cell] => *status = Status::Territory(color),
                Some(_) | None => {}
            }
        }
    }
    status
}
