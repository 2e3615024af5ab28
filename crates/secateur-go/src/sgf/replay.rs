//! Trees to games on a board.

use super::{Tree, read::fault};
use crate::board::{Board, Color, Game, Ko, Point};
use crate::error::GoError;

/// The point of `pd`, or a pass for an empty value (and for `tt` up to 19).
///
/// # Errors
/// [`GoError::Sgf`] for anything else.
pub fn point_of(value: &str, size: usize, offset: usize) -> Result<Point, GoError> {
    let letters: Vec<usize> = value
        .trim()
        .bytes()
        .map(|byte| match byte {
            b'a'..=b'z' => usize::from(byte - b'a'),
            b'A'..=b'Z' => usize::from(byte - b'A') + 26,
            _ => usize::MAX,
        })
        .collect();
    match letters[..] {
        [] => Ok(Point::PASS),
        [19, 19] if size <= 19 => Ok(Point::PASS),
        [column, row] if column < size && row < size => Ok(Point::new(size, column, row)),
        _ => {
            let shown: String = value.chars().take(10).collect();
            Err(fault(offset, &format!("`{shown}` is no point of a board of {size}")))
        }
    }
}

/// The points of a list with rectangles such as `aa:cc`.
///
/// # Errors
/// [`GoError::Sgf`] for what is no point.
pub fn points_of(values: &[String], size: usize, offset: usize) -> Result<Vec<Point>, GoError> {
    let mut points = Vec::new();
    for value in values {
        let (from, to) = value.split_once(':').unwrap_or((value, value));
        let [from, to] = [from, to].map(|text| {
            let point = point_of(text, size, offset)?;
            point.column_row(size).ok_or_else(|| fault(offset, "an empty value is no point"))
        });
        let ((x1, y1), (x2, y2)) = (from?, to?);
        for row in y1.min(y2)..=y1.max(y2) {
            points.extend((x1.min(x2)..=x1.max(x2)).map(|column| Point::new(size, column, row)));
        }
    }
    points.sort_unstable();
    points.dedup();
    Ok(points)
}

/// Handicap stones that the first node states; zero without.
pub fn handicap(tree: &Tree) -> usize {
    let first = tree.roots().next().map(|root| &tree.nodes[root]);
    first.and_then(|node| node.text("HA")).and_then(|text| text.trim().parse().ok()).unwrap_or(0)
}

/// The main line of the first game on a board, up to `moves_max` moves. Files hold games under
/// many rules, so only simple ko is asked for. Stones that are set up in the middle begin the
/// game anew.
///
/// # Errors
/// [`GoError::Sgf`] for moves and sizes that make no sense, [`GoError::Size`],
/// [`GoError::Illegal`].
pub fn replay(tree: &Tree, moves_max: usize) -> Result<Game, GoError> {
    let line = tree.main_line();
    let first = line.first().ok_or_else(|| fault(0, "there is no game"))?;
    let root = &tree.nodes[*first];
    let size = match root.text("SZ") {
        None => 19,
        Some(text) => {
            let offset = root.properties.iter().find(|p| p.name == "SZ").map_or(0, |p| p.offset);
            let side = text.split(':').next().unwrap_or_default().trim();
            side.parse().map_err(|_| fault(offset, "the size is no number"))?
        }
    };
    let mut game = Game::new(size)?;
    game.ko = Ko::Simple;
    if let Some(komi) = root.text("KM").and_then(|text| text.trim().parse::<f32>().ok())
        && komi.is_finite()
    {
        game.komi = komi;
    }
    let mut played = 0;
    for node in line {
        let node = &tree.nodes[node];
        for property in &node.properties {
            let at = property.offset;
            match property.name.as_str() {
                "AB" | "AW" | "AE" => {
                    let points = points_of(&property.values, size, at)?;
                    game = set_up(&game, &property.name, &points)?;
                }
                "PL" => {
                    let is_white = property.values[0].trim().starts_with(['W', 'w', '2']);
                    game.turn(if is_white { Color::White } else { Color::Black });
                }
                "B" | "W" => {
                    if played == moves_max {
                        return Ok(game);
                    }
                    let color = if property.name == "B" { Color::Black } else { Color::White };
                    game.play(point_of(&property.values[0], size, at)?, color)?;
                    played += 1;
                }
                _ => {}
            }
        }
    }
    Ok(game)
}

/// A game that begins with the position and these points changed.
fn set_up(game: &Game, name: &str, points: &[Point]) -> Result<Game, GoError> {
    let board = game.board();
    let mut stones: Vec<Option<Color>> = board.points().map(|point| board.at(point)).collect();
    let stone = match name {
        "AB" => Some(Color::Black),
        "AW" => Some(Color::White),
        _ => None,
    };
    for number in points.iter().filter_map(|point| point.number(board.size())) {
        stones[number] = stone;
    }
    let is_first = game.moves().is_empty();
    let turn = if name == "AB" && is_first { Color::White } else { game.to_play() };
    let mut next = Game::of_board(Board::of_stones(&stones)?, turn);
    next.ko = game.ko;
    next.komi = game.komi;
    Ok(next)
}
