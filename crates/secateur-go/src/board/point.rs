//! Points, colors, and how a person writes them.

use std::fmt;

use crate::error::GoError;

/// Smallest board.
pub const SIZE_MIN: usize = 2;
/// Largest board: GTP has no more letters.
pub const SIZE_MAX: usize = 25;

/// Cells of the largest board with its border: 27 rows of 26, and one more.
pub(crate) const CELLS: usize = 704;

/// Letters of columns; I is left out.
const LETTERS: &[u8; 25] = b"ABCDEFGHJKLMNOPQRSTUVWXYZ";

/// Who plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Color {
    /// Plays first.
    Black,
    /// Plays second.
    White,
}

impl Color {
    /// Both, in order of play.
    pub const BOTH: [Self; 2] = [Self::Black, Self::White];

    /// The opponent.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Black => Self::White,
            Self::White => Self::Black,
        }
    }

    /// +1 for black, -1 for white.
    pub fn sign(self) -> f32 {
        match self {
            Self::Black => 1.0,
            Self::White => -1.0,
        }
    }

    /// 0 for black, 1 for white.
    #[inline]
    pub(crate) fn at(self) -> usize {
        self as usize
    }

    /// State of a cell that holds a stone of this color.
    #[inline]
    pub(crate) fn state(self) -> u8 {
        self as u8 + 1
    }

    /// `B` or `W`.
    pub fn letter(self) -> char {
        match self {
            Self::Black => 'B',
            Self::White => 'W',
        }
    }
}

impl fmt::Display for Color {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Black => "black",
            Self::White => "white",
        })
    }
}

/// A point of a board, or a pass. The number is that of a cell in rows with a border, so a point
/// means something only together with the size of its board.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Point(pub(crate) u16);

impl Point {
    /// No point: a pass.
    pub const PASS: Self = Self(0);

    /// Whether this is a pass.
    #[inline]
    pub fn is_pass(self) -> bool {
        self.0 == 0
    }

    /// Column `column` from the left and row `row` from the top, both from 0.
    ///
    /// # Panics
    /// When they lie outside of a board of this size.
    pub fn new(size: usize, column: usize, row: usize) -> Self {
        assert!(column < size && row < size, "column {column}, row {row} of a board of {size}");
        Self(((row + 1) * (size + 1) + column + 1) as u16)
    }

    /// Point number `number`, row by row from the top left.
    ///
    /// # Panics
    /// When it lies outside of a board of this size.
    pub fn numbered(size: usize, number: usize) -> Self {
        Self::new(size, number % size, number / size)
    }

    /// Column from the left and row from the top; `None` for a pass.
    pub fn column_row(self, size: usize) -> Option<(usize, usize)> {
        let cell = usize::from(self.0);
        (cell != 0).then(|| (cell % (size + 1) - 1, cell / (size + 1) - 1))
    }

    /// The number row by row from the top left; `None` for a pass.
    pub fn number(self, size: usize) -> Option<usize> {
        self.column_row(size).map(|(column, row)| row * size + column)
    }

    /// As GTP writes it: `D4`, `PASS`.
    pub fn vertex(self, size: usize) -> String {
        match self.column_row(size) {
            None => "PASS".to_owned(),
            Some((column, row)) => format!("{}{}", char::from(LETTERS[column]), size - row),
        }
    }

    /// Reads what GTP writes; letters of either case.
    ///
    /// # Errors
    /// [`GoError::Vertex`] for anything else, and for points outside of the board.
    pub fn of_vertex(text: &str, size: usize) -> Result<Self, GoError> {
        if text.eq_ignore_ascii_case("pass") {
            return Ok(Self::PASS);
        }
        let fault = || GoError::Vertex { text: text.chars().take(20).collect(), size };
        let letter = text.bytes().next().ok_or_else(fault)?.to_ascii_uppercase();
        let column = LETTERS.iter().position(|l| *l == letter).ok_or_else(fault)?;
        let digits = text.get(1..).ok_or_else(fault)?;
        if digits.is_empty() || digits.len() > 2 || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(fault());
        }
        let row: usize = digits.parse().map_err(|_| fault())?;
        if column >= size || row == 0 || row > size {
            return Err(fault());
        }
        Ok(Self::new(size, column, size - row))
    }
}
