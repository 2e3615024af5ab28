//! One game a line: an identifier, a tab, and moves `;B[pd];W[dd]`.

use super::read::fault;
use super::replay::point_of;
use crate::board::{Color, Point};
use crate::error::GoError;

/// A game of one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What stands before the tab.
    pub id: String,
    /// On a board of 19.
    pub moves: Vec<(Color, Point)>,
}

/// Reads one line; offsets count from its beginning.
///
/// # Errors
/// [`GoError::Sgf`] for anything that is not such a line.
pub fn parse_line(line: &str) -> Result<Line, GoError> {
    let line = line.trim_end();
    let (id, text) = line.split_once('\t').ok_or_else(|| fault(0, "a tab is expected"))?;
    let mut offset = id.len() + 1;
    let mut moves = Vec::new();
    for part in text.split(';') {
        if !part.is_empty() {
            let color = match part.as_bytes()[0] {
                b'B' => Color::Black,
                b'W' => Color::White,
                _ => return Err(fault(offset, "`B[` or `W[` is expected")),
            };
            let value = part.get(1..).and_then(|rest| rest.strip_prefix('['));
            let value = value.and_then(|rest| rest.strip_suffix(']'));
            let value = value.ok_or_else(|| fault(offset, "a move such as `B[pd]` is expected"))?;
            moves.push((color, point_of(value, 19, offset)?));
        }
        offset += part.len() + 1;
    }
    Ok(Line { id: id.to_owned(), moves })
}
