//! The point that makes two eyes out of one, or keeps them from being made.
//!
//! Eyes of three to six points with such a point are known: three in a row, the pyramid of four,
//! the bulky five and the cross, the rabbity six. It is the one with most neighbors in the eye.

use crate::board::{Board, Point};

/// Most points of an eye with a vital point.
const POINTS_MAX: usize = 6;

/// Most empty neighbors of a stone that is taken for the wall of an eye.
const OPEN_MAX: u16 = 2;

/// The vital point of an eye beside a stone.
#[inline]
pub(super) fn vital(board: &Board, stone: usize) -> Option<Point> {
    let open = board.empty_beside(stone);
    if open == 0 || open > OPEN_MAX {
        return None;
    }
    board.beside(stone).into_iter().find_map(|beside| of_eye(board, beside))
}

/// The vital point of the eye that holds an empty cell.
fn of_eye(board: &Board, first: usize) -> Option<Point> {
    if board.state(first) != 0 || board.empty_beside(first) == 0 || board.is_between(first) {
        return None;
    }
    let mut cells = [first; POINTS_MAX];
    let (mut count, mut at) = (1, 0);
    let mut walls = 0;
    while at < count {
        for beside in board.beside(cells[at]) {
            match board.state(beside) {
                0 if cells[..count].contains(&beside) => {}
                0 if count == POINTS_MAX || board.is_between(beside) => return None,
                0 => {
                    cells[count] = beside;
                    count += 1;
                }
                // The border is the wall of both.
                state => walls |= u8::from(state != 3) * state,
            }
        }
        if walls == 3 {
            return None;
        }
        at += 1;
    }
    // In an eye of these shapes the vital point has so many neighbors, all others fewer.
    let most = match count {
        3 => 2,
        4 | 5 => 3,
        6 => 4,
        _ => return None,
    };
    let mut found = None;
    for cell in &cells[..count] {
        let degree = usize::from(board.empty_beside(*cell));
        if degree >= most {
            if found.is_some() {
                return None;
            }
            found = Some((*cell, degree));
        }
    }
    let (cell, degree) = found?;
    let edges: usize = cells[..count].iter().map(|c| usize::from(board.empty_beside(*c))).sum();
    // Five points around a point of three neighbors: only with a square among them.
    let is_known = match (count, degree) {
        (5, 3) => edges == 10,
        (6, 4) => edges == 12,
        _ => true,
    };
    is_known.then_some(Point(cell as u16))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::board::Color;

    /// The vital point of the eye at the top left of a board full of black stones.
    fn vital_of(eye: &[(usize, usize)]) -> Option<(usize, usize)> {
        let size = 6;
        let mut stones = vec![Some(Color::Black); size * size];
        for (x, y) in eye {
            stones[y * size + x] = None;
        }
        stones[size * size - 1] = None;
        let board = Board::of_stones(&stones).unwrap();
        let (x, y) = eye[0];
        let first = usize::from(Point::new(size, x, y).0);
        of_eye(&board, first).and_then(|point| point.column_row(size))
    }

    #[test]
    fn shapes_have_their_points() {
        assert_eq!(vital_of(&[(0, 0), (1, 0), (2, 0)]), Some((1, 0)));
        assert_eq!(vital_of(&[(0, 0), (1, 0), (0, 1)]), Some((0, 0)));
        assert_eq!(vital_of(&[(0, 0), (1, 0), (2, 0), (1, 1)]), Some((1, 0)));
        assert_eq!(vital_of(&[(0, 0), (1, 0), (2, 0), (3, 0)]), None, "alive");
        assert_eq!(vital_of(&[(0, 0), (1, 0), (0, 1), (1, 1)]), None, "dead as it is");
        let bulky = [(0, 0), (1, 0), (0, 1), (1, 1), (2, 1)];
        assert_eq!(vital_of(&bulky), Some((1, 1)));
        let cross = [(1, 0), (0, 1), (1, 1), (2, 1), (1, 2)];
        assert_eq!(vital_of(&cross), Some((1, 1)));
        assert_eq!(vital_of(&[(0, 0), (1, 0), (2, 0), (3, 0), (1, 1)]), None, "alive");
        let rabbity = [(1, 0), (0, 1), (1, 1), (2, 1), (1, 2), (0, 2)];
        assert_eq!(vital_of(&rabbity), Some((1, 1)));
        assert_eq!(vital_of(&[(0, 0), (1, 0)]), None);
    }

    #[test]
    fn eyes_of_two_colors_have_none() {
        let mut stones = vec![Some(Color::Black); 25];
        for at in [0, 1, 2, 24] {
            stones[at] = None;
        }
        stones[5] = Some(Color::White);
        let board = Board::of_stones(&stones).unwrap();
        assert_eq!(of_eye(&board, usize::from(Point::new(5, 0, 0).0)), None);
    }
}
