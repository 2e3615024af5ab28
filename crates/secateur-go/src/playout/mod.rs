//! Games played out by chance.
//!
//! A playout never fills an eye and ends when nobody has a move left, so that every empty point
//! is an eye or a point that nobody may play. Simple ko is obeyed, superko is not; a playout of
//! more than three moves a point is broken off and counted as it stands.

mod dice;
mod nakade;
mod patterns;

use crate::board::{Board, Color, Point};
pub use dice::Dice;

/// How moves of a playout are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Policy {
    /// Each legal move that fills no eye with the same chance.
    Light,
    /// Near the last move first: chains in atari are saved or captured (nine times of ten),
    /// then 3 x 3 patterns are played (19 times of 20); else as light.
    #[default]
    Patterns,
    /// As patterns, and before these the vital points of eyes beside the last move (nine times
    /// of ten). It costs a fifth of the speed.
    Nakade,
}

/// Chance of looking for a capture, in 65,536.
const CAPTURE: u32 = 58_982;
/// Chance of looking for the vital point of an eye, in 65,536.
const NAKADE: u32 = 58_982;
/// Chance of looking for a pattern, in 65,536.
const PATTERN: u32 = 62_259;

/// Plays a game out from here; `color` plays first. Moves go to `trace` as they are played, by
/// turns, passes included. Returns black's area minus white's.
pub fn play_out(
    board: &mut Board,
    color: Color,
    policy: Policy,
    dice: &mut Dice,
    trace: &mut Vec<Point>,
) -> i32 {
    let mut color = color;
    let mut last = trace.last().copied().unwrap_or(Point::PASS);
    let mut passes = 0;
    let table = patterns::known();
    for _ in 0..3 * board.size() * board.size() {
        let near = match policy {
            Policy::Patterns | Policy::Nakade if !last.is_pass() => {
                near_move(board, color, last, policy, dice, table)
            }
            _ => None,
        };
        let point = near.unwrap_or_else(|| board.random_move(color, dice));
        board.play(point, color);
        trace.push(point);
        passes = if point.is_pass() { passes + 1 } else { 0 };
        if passes == 2 {
            break;
        }
        last = point;
        color = color.other();
    }
    board.lead_of_eyes()
}

/// A few moves to choose from, without an allocation.
struct Few {
    cells: [u16; 24],
    count: usize,
}

impl Few {
    fn push(&mut self, cell: usize) {
        if self.count < self.cells.len() {
            self.cells[self.count] = cell as u16;
            self.count += 1;
        }
    }

    /// One of them that is legal and fills no eye, at random.
    fn draw(&mut self, board: &Board, color: Color, dice: &mut Dice) -> Option<Point> {
        while self.count > 0 {
            let at = if self.count == 1 { 0 } else { dice.below(self.count) };
            let point = Point(self.cells[at]);
            if board.is_legal(point, color) && !board.is_eye(usize::from(point.0), color) {
                return Some(point);
            }
            self.count -= 1;
            self.cells[at] = self.cells[self.count];
        }
        None
    }
}

/// A move near the last one: a rescue, a capture, a pattern.
fn near_move(
    board: &Board,
    color: Color,
    last: Point,
    policy: Policy,
    dice: &mut Dice,
    table: &[u64],
) -> Option<Point> {
    let cell = usize::from(last.0);
    let mut few = Few { cells: [0; 24], count: 0 };
    if dice.hits(CAPTURE) {
        in_atari(board, color, cell, &mut few);
        if let Some(point) = few.draw(board, color, dice) {
            return Some(point);
        }
    }
    if policy == Policy::Nakade
        && dice.hits(NAKADE)
        && let Some(point) = nakade::vital(board, cell)
        && board.is_legal(point, color)
    {
        return Some(point);
    }
    if dice.hits(PATTERN) {
        few.count = 0;
        for around in board.beside(cell).into_iter().chain(board.corners(cell)) {
            if board.state(around) == 0 && patterns::matches(table, board, around) {
                few.push(around);
            }
        }
        while let Some(point) = few.draw(board, color, dice) {
            if !is_self_atari(board, point, color) {
                return Some(point);
            }
            let at = few.cells[..few.count].iter().position(|cell| *cell == point.0)?;
            few.count -= 1;
            few.cells[at] = few.cells[few.count];
        }
    }
    None
}

/// Moves that capture the last stone, or save chains that it put in atari.
fn in_atari(board: &Board, color: Color, cell: usize, few: &mut Few) {
    if let Some(liberty) = board.only_liberty(board.root(cell)) {
        few.push(liberty);
    }
    let mut done = [0; 4];
    for (at, beside) in board.beside(cell).into_iter().enumerate() {
        if board.state(beside) != color.state() {
            continue;
        }
        let root = board.root(beside);
        let Some(liberty) = board.only_liberty(root).filter(|_| !done.contains(&root)) else {
            continue;
        };
        done[at] = root;
        if !is_self_atari(board, Point(liberty as u16), color) {
            few.push(liberty);
        }
        for stone in board.chain(Point(root as u16)) {
            for around in board.beside(usize::from(stone.0)) {
                if board.state(around) == color.other().state()
                    && let Some(capture) = board.only_liberty(board.root(around))
                    && capture != liberty
                {
                    few.push(capture);
                }
            }
        }
    }
}

/// Whether a stone here would have a single liberty, as far as its neighbors show.
pub(crate) fn is_self_atari(board: &Board, point: Point, color: Color) -> bool {
    let cell = usize::from(point.0);
    let empty = board.empty_beside(cell);
    if empty >= 2 {
        return false;
    }
    let mut own = [0; 4];
    for (at, beside) in board.beside(cell).into_iter().enumerate() {
        let (state, root) = (board.state(beside), board.root(beside));
        if state == color.other().state() && board.only_liberty(root) == Some(cell) {
            return false;
        }
        if state == color.state() {
            own[at] = root;
        }
    }
    // The liberties of the chain to be, until a second one is found.
    let mut found = 0;
    let mut see = |liberty: usize| {
        if liberty == cell || liberty == found {
            return false;
        }
        let second = found != 0;
        found = liberty;
        second
    };
    for beside in board.beside(cell) {
        if board.state(beside) == 0 && see(beside) {
            return false;
        }
    }
    for root in own.into_iter().filter(|root| *root != 0) {
        for stone in board.chain(Point(root as u16)) {
            for beside in board.beside(usize::from(stone.0)) {
                if board.state(beside) == 0 && see(beside) {
                    return false;
                }
            }
        }
    }
    true
}

/// Whether the surroundings of a point are one of the patterns.
pub(crate) fn is_pattern(board: &Board, point: Point) -> bool {
    patterns::matches(patterns::known(), board, usize::from(point.0))
}
