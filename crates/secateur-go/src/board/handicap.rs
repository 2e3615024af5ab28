//! Handicap stones where the GTP standard puts them.
//!
//! Source: G. Farnebäck, 2002, "GTP version 2, draft 2", section 4.1.1.

use super::Point;

/// Most stones that have fixed places on a board of this size.
pub fn handicap_max(size: usize) -> usize {
    match size {
        0..=6 => 0,
        7 => 4,
        _ if size.is_multiple_of(2) => 4,
        _ => 9,
    }
}

/// The fixed places of handicap stones; `None` when the standard has none for this number.
pub fn handicap_points(size: usize, stones: usize) -> Option<Vec<Point>> {
    if stones < 2 || stones > handicap_max(size) {
        return None;
    }
    let low = if size < 13 { 2 } else { 3 };
    let (high, middle) = (size - 1 - low, size / 2);
    let at = |column, row_from_below: usize| Point::new(size, column, size - 1 - row_from_below);
    let corners = [at(low, low), at(high, high), at(low, high), at(high, low)];
    let sides = [at(low, middle), at(high, middle), at(middle, low), at(middle, high)];
    let mut points = corners[..stones.min(4)].to_vec();
    if stones >= 6 {
        points.extend(&sides[..if stones >= 8 { 4 } else { 2 }]);
    }
    if stones >= 5 && stones % 2 == 1 {
        points.push(at(middle, middle));
    }
    Some(points)
}
