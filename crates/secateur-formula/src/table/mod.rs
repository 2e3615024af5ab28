//! Tables: columns of numbers with names and units, read from text.
//!
//! Nothing is guessed that could change a number: a missing value, a word or a decimal comma is an
//! error that says where it is, until an option says what is meant.

mod dialect;
pub mod error;
mod names;
mod number;
mod problem;
mod read;

pub use dialect::Delimiter;
pub use error::TableError;
pub use names::{Name, find};
pub use problem::Problem;
pub use read::{names, parse, read};

/// Most columns that are read.
pub const COLUMNS_MAX: usize = 4096;

/// Most bytes of a file that are read.
pub const BYTES_MAX: u64 = 1 << 36;

/// What decimals have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Decimal {
    /// `1.5`
    #[default]
    Point,
    /// `1,5`
    Comma,
}

/// Whether the first line holds names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Header {
    /// It does when it holds no numbers, it does not when it holds nothing else.
    #[default]
    Detect,
    /// It does.
    Yes,
    /// It does not: columns are called x0, x1, ..., and the last y.
    No,
}

/// What is done about missing values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Missing {
    /// They are an error.
    #[default]
    Refuse,
    /// Rows with one are left out.
    DropRows,
    /// The median of what the column has stands for them.
    Median,
}

/// Which columns are read; names are looked up as [`Table::find`] does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Which {
    /// All.
    #[default]
    All,
    /// Those of these names, in the order of the file.
    Only(Vec<String>),
    /// All but those of these names.
    Except(Vec<String>),
}

/// How a table is read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// What separates fields; found from the first lines when absent.
    pub delimiter: Option<Delimiter>,
    /// Whether the first line holds names.
    pub header: Header,
    /// What decimals have.
    pub decimal: Decimal,
    /// What is done about missing values.
    pub missing: Missing,
    /// Which columns are read. What others hold does not matter.
    pub which: Which,
    /// Columns that only tell rows apart. Those that `which` leaves out are read too, and hold a
    /// number for each different text.
    pub labels: Vec<String>,
    /// Lines that start with this byte are left out.
    pub comment: Option<u8>,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Its name, with its unit apart.
    pub name: Name,
    /// Its values, of shape `[rows]`, all finite.
    pub values: Vec<f64>,
    /// Rows whose value is the median of the others.
    pub filled: Vec<usize>,
    /// Whether its values only tell rows apart; then it is no input.
    pub is_label: bool,
}

/// Columns of numbers of the same length.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// The columns, in the order of the file.
    pub columns: Vec<Column>,
    /// Number of rows, at least one.
    pub rows: usize,
    /// Rows of the file, from 0, that were left out for a missing value, ascending.
    pub dropped: Vec<usize>,
    /// What separated the fields.
    pub delimiter: Delimiter,
}

impl Table {
    /// The column of a name: as the header has it, then without the unit, then without regard to
    /// upper and lower case.
    ///
    /// # Errors
    /// [`TableError::NoColumn`] with the nearest name, [`TableError::Ambiguous`].
    pub fn find(&self, name: &str) -> Result<usize, TableError> {
        let names: Vec<Name> = self.columns.iter().map(|column| column.name.clone()).collect();
        find(name, &names)
    }

    /// The row that a row of the file, from 0, became; `None` when it was left out or is not there.
    pub fn row_of(&self, file_row: usize) -> Option<usize> {
        let before = self.dropped.partition_point(|dropped| *dropped < file_row);
        let is_dropped = self.dropped.get(before) == Some(&file_row);
        let row = file_row - before;
        (!is_dropped && row < self.rows).then_some(row)
    }
}
