//! What stops the reading or splitting of a table.

use secateur_core::{Kind, RunError};

/// What stops the reading or splitting of a table. Lines and columns count from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the messages say what the fields are")]
pub enum TableError {
    #[error("the table cannot be read: {what}")]
    Read { what: String },
    #[error("the table is no UTF-8 text: byte {byte} (line {line}) does not belong there")]
    Encoding { byte: usize, line: usize },
    #[error("the table has no rows: {found}")]
    NoRows { found: &'static str },
    #[error("line {line} has {got} fields, {expected} were expected")]
    Ragged { line: usize, expected: usize, got: usize },
    #[error("line {line}, character {character}: the quote that opens here is never closed")]
    Quote { line: usize, character: usize },
    #[error("the column {name:?} is there twice, as columns {first} and {second}")]
    Twice { name: String, first: usize, second: usize },
    #[error("column {column} has no name")]
    Unnamed { column: usize },
    #[error("line {line} holds names and numbers, e.g. {name:?} and {number:?}: is it a header?")]
    Header { line: usize, name: String, number: String },
    #[error("the table has {got} {what}, at most {most} are read")]
    TooLarge { what: &'static str, got: usize, most: usize },
    #[error("{count} values are missing; the first is in line {line}, column {column:?}{columns}")]
    Missing { count: usize, line: usize, column: String, columns: String },
    #[error("line {line}, column {column:?}: {text:?} is no number")]
    Text { line: usize, column: String, text: String },
    #[error("the column {column:?} holds words, e.g. {examples}")]
    Words { column: String, examples: String },
    #[error("line {line}, column {column:?}: {text:?} has a comma where a number has a point")]
    DecimalComma { line: usize, column: String, text: String },
    #[error("line {line}, column {column:?}: {text:?} is not finite, or too large for a number")]
    NotFinite { line: usize, column: String, text: String },
    #[error("there is no column {name:?}{near}")]
    NoColumn { name: String, near: String },
    #[error("{name:?} may be any of the columns {candidates}")]
    Ambiguous { name: String, candidates: String },
    #[error("the target {column:?} is {value} in every row")]
    ConstantTarget { column: String, value: String },
    #[error("{what}")]
    Columns { what: String },
    #[error("{what}")]
    Split { what: String },
    #[error("line {line}: {what}")]
    RowNumbers { line: usize, what: String },
}

impl TableError {
    /// The stable code; `secateur explain CODE` says more.
    pub fn code(&self) -> &'static str {
        self.card().0
    }

    /// The kind, which decides the exit code.
    pub fn kind(&self) -> Kind {
        self.card().1
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        self.card().2.map(str::to_owned)
    }

    fn card(&self) -> (&'static str, Kind, Option<&'static str>) {
        match self {
            Self::Read { .. } => ("SEC-FO-020", Kind::Input, None),
            Self::Encoding { .. } => (
                "SEC-FO-021",
                Kind::Input,
                Some("save it as UTF-8, e.g. iconv -f latin1 -t utf-8 IN > OUT"),
            ),
            Self::NoRows { .. } => ("SEC-FO-022", Kind::Input, None),
            Self::Ragged { .. } => (
                "SEC-FO-023",
                Kind::Input,
                Some("mend the line; texts that hold the delimiter need quotes"),
            ),
            Self::Quote { .. } => ("SEC-FO-024", Kind::Input, Some("close it, or remove it")),
            Self::Twice { .. } => ("SEC-FO-025", Kind::Input, Some("rename one of them")),
            Self::Unnamed { .. } => (
                "SEC-FO-026",
                Kind::Input,
                Some("name it in the header, or leave it out with --ignore 'column N'"),
            ),
            Self::Header { .. } => {
                ("SEC-FO-027", Kind::Input, Some("give every column a name that is no number"))
            }
            Self::TooLarge { .. } => ("SEC-FO-028", Kind::Resources, None),
            Self::Missing { .. } => (
                "SEC-FO-029",
                Kind::Input,
                Some("--missing drop leaves such rows out, --missing median fills them in"),
            ),
            Self::Text { .. } => (
                "SEC-FO-030",
                Kind::Input,
                Some("mend the value, or leave the column out with --ignore NAME"),
            ),
            Self::Words { .. } => (
                "SEC-FO-031",
                Kind::Unsupported,
                Some("make a column of 0 and 1 for each word, or leave it out with --ignore NAME"),
            ),
            Self::DecimalComma { .. } => {
                ("SEC-FO-032", Kind::Input, Some("--decimal comma reads such numbers"))
            }
            Self::NotFinite { .. } => (
                "SEC-FO-033",
                Kind::Input,
                Some("mend the value, or leave the column out with --ignore NAME"),
            ),
            Self::NoColumn { .. } => ("SEC-FO-034", Kind::Usage, None),
            Self::Ambiguous { .. } => {
                ("SEC-FO-035", Kind::Usage, Some("write the name as the header has it"))
            }
            Self::ConstantTarget { .. } => (
                "SEC-FO-036",
                Kind::Input,
                Some("there is nothing to explain; is it the right column?"),
            ),
            Self::Columns { .. } => ("SEC-FO-037", Kind::Usage, None),
            Self::Split { .. } => ("SEC-FO-038", Kind::Usage, None),
            Self::RowNumbers { .. } => {
                ("SEC-FO-039", Kind::Input, Some("rows of data count from 0, the header does not"))
            }
        }
    }
}

impl From<TableError> for RunError {
    fn from(error: TableError) -> Self {
        let (code, kind, hint) = error.card();
        let run = Self::new(kind, code, error.to_string());
        match hint {
            Some(hint) => run.hint(hint),
            None => run,
        }
    }
}

/// Every error code of tables with its explanation, sorted.
pub const CODES: &[(&str, &str)] = &[
    ("SEC-FO-020", "The file with the table is not there, is a directory, or may not be read."),
    (
        "SEC-FO-021",
        "Tables are read as UTF-8. A file that a spreadsheet saved in an older encoding, or as UTF-16, must be converted first.",
    ),
    (
        "SEC-FO-022",
        "The file is empty, holds a header and nothing below it, or every row has a missing value and --missing drop left them all out.",
    ),
    (
        "SEC-FO-023",
        "A line has more or fewer fields than the first. Often it holds a delimiter inside a text without quotes, a decimal comma, or a remark.",
    ),
    (
        "SEC-FO-024",
        "A quote at the start of a field opens a text that may hold delimiters and line breaks; the file ends before it is closed.",
    ),
    ("SEC-FO-025", "Two columns have the same header, so a formula could not name one of them."),
    (
        "SEC-FO-026",
        "The header leaves a column without a name, as the row numbers that some tools write. A row number is no input: leave it out with --ignore 'column N'.",
    ),
    (
        "SEC-FO-027",
        "The first line is a header when it holds no numbers, and data when it holds nothing else. This one holds both.",
    ),
    (
        "SEC-FO-028",
        "The table has more columns, or the file more bytes, than are read. Nothing was allocated for it.",
    ),
    (
        "SEC-FO-029",
        "Values are missing: a field is empty or one of NA, N/A, NaN, null, None and ?. By default nothing is guessed. --missing drop leaves out every row with a missing value, --missing median puts the median of the column in its place (never in the target).",
    ),
    (
        "SEC-FO-030",
        "A column of numbers holds a text. Thousands separators, units and remarks inside a field are not guessed away.",
    ),
    (
        "SEC-FO-031",
        "More than half of a column are words. A formula works on numbers: encode the column, one column of 0 and 1 for each word, or leave it out.",
    ),
    (
        "SEC-FO-032",
        "A number is written with a decimal comma. --decimal comma reads the whole table so; the delimiter is then a semicolon, a tab or blanks, or numbers are in quotes.",
    ),
    ("SEC-FO-033", "A value is infinite, or too large for a number of 64 bits (about 1.8e308)."),
    (
        "SEC-FO-034",
        "No column has this name. Names are compared as the header has them, then without the unit in brackets, then without regard to upper and lower case.",
    ),
    ("SEC-FO-035", "Several columns have this name but for the unit, or for upper and lower case."),
    (
        "SEC-FO-036",
        "The target has the same value in every row, so that any formula would be that constant.",
    ),
    (
        "SEC-FO-037",
        "The chosen columns cannot be used together: no input is left, a column is both input and target, or the target has missing values that a median must not fill.",
    ),
    (
        "SEC-FO-038",
        "The rows cannot be split so: a share outside of 0 to 1, fewer than two folds, or fewer groups of equal rows than parts.",
    ),
    (
        "SEC-FO-039",
        "The file of row numbers holds something that is no row of the table, or a row twice.",
    ),
    (
        "SEC-FO-040",
        "A regression needs the logarithm of a value that is not positive, or a value is not finite, in a row that is learned from.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_sorted_and_each_error_has_one() {
        assert!(CODES.is_sorted_by(|a, b| a.0 < b.0));
        let error = TableError::Ragged { line: 3, expected: 2, got: 1 };
        assert!(CODES.iter().any(|(code, _)| *code == error.code()));
        let run = RunError::from(TableError::Unnamed { column: 1 });
        assert_eq!((run.kind.exit(), run.code), (3, "SEC-FO-026"));
    }
}
