//! What stops reading or writing a formula.

use secateur_core::{Kind, RunError};

use crate::syntax::Place;

/// What stops reading or writing a formula.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the messages say what the fields are")]
pub enum FormulaError {
    #[error("{place}: {what}{}", .place.excerpt)]
    Syntax { place: Place, what: String },
    #[error("{place}: there is no function {name}{near}{}", .place.excerpt)]
    UnknownFunction { place: Place, name: String, near: String },
    #[error("{place}: there is no column {name}{near}{}", .place.excerpt)]
    UnknownVariable { place: Place, name: String, near: String },
    #[error("{place}: {text} is no finite number{}", .place.excerpt)]
    NotFinite { place: Place, text: String },
    #[error("{what}: there are {found}, and at most {most} are allowed")]
    TooLarge { what: &'static str, found: u64, most: u64 },
    #[error("not a formula document: {what}")]
    Document { what: String },
    #[error("the document has version {found}; this program reads version {known}")]
    Version { found: String, known: u32 },
    #[error("the table of equations: {what}")]
    HallOfFame { what: String },
    #[error("{target} cannot hold {what}")]
    Export { target: &'static str, what: String },
    #[error("the data has no column {name}{near}")]
    MissingColumn { name: String, near: String },
}

impl FormulaError {
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
            Self::Syntax { .. } => {
                ("SEC-FO-001", Kind::Input, Some("docs/formulas.md describes each syntax"))
            }
            Self::UnknownFunction { .. } => (
                "SEC-FO-002",
                Kind::Input,
                Some("docs/formulas.md lists the functions of each syntax; --syntax chooses one"),
            ),
            Self::UnknownVariable { .. } => (
                "SEC-FO-003",
                Kind::Input,
                Some(
                    "columns are named as in the data, x0 is the first; odd names go in backquotes",
                ),
            ),
            Self::NotFinite { .. } => {
                ("SEC-FO-004", Kind::Input, Some("constants lie between -1.8e308 and 1.8e308"))
            }
            Self::TooLarge { .. } => ("SEC-FO-005", Kind::Resources, None),
            Self::Document { .. } => {
                ("SEC-FO-006", Kind::Input, Some("docs/formulas.md describes the document"))
            }
            Self::Version { .. } => {
                ("SEC-FO-007", Kind::Unsupported, Some("use the version of secateur that wrote it"))
            }
            Self::HallOfFame { .. } => (
                "SEC-FO-008",
                Kind::Input,
                Some("the first line names the columns Complexity, Loss and Equation"),
            ),
            Self::Export { .. } => (
                "SEC-FO-009",
                Kind::Unsupported,
                Some("choose another target, or prune the formula first"),
            ),
            Self::MissingColumn { .. } => {
                ("SEC-FO-010", Kind::Input, Some("rename the column in the data or in the formula"))
            }
        }
    }
}

impl From<FormulaError> for RunError {
    fn from(error: FormulaError) -> Self {
        let (code, kind, hint) = error.card();
        let run = Self::new(kind, code, error.to_string());
        match hint {
            Some(hint) => run.hint(hint),
            None => run,
        }
    }
}

/// Every error code of formulas with its explanation, sorted.
pub const CODES: &[(&str, &str)] = &[
    (
        "SEC-FO-001",
        "A formula cannot be read. The message gives line and column and shows the place. Products are written out (2 * x, not 2x), parentheses are closed, functions have all their operands.",
    ),
    (
        "SEC-FO-002",
        "A formula calls a function that its syntax does not have. The message names the nearest one that it has. The same name may mean different things: log is the natural logarithm except in Excel, and gplearn's div, log, sqrt and inv are guarded.",
    ),
    (
        "SEC-FO-003",
        "A formula uses a column that the data does not have. A column is written by its name, in backquotes or brackets where the name is no identifier, or as x0, x1, ... by its place from 0.",
    ),
    (
        "SEC-FO-004",
        "A constant is larger than a double can hold, or is infinite or not a number. A formula with such a constant has no value anywhere.",
    ),
    ("SEC-FO-005", "The text, the table or the result is larger than allowed."),
    (
        "SEC-FO-006",
        "A JSON file is not a formula document: fields are missing, unknown, of another type or contradict each other.",
    ),
    ("SEC-FO-007", "The formula document was written by a newer version of the program."),
    (
        "SEC-FO-008",
        "A hall of fame of PySR lacks one of the columns Complexity, Loss and Equation, or a row of it cannot be read.",
    ),
    (
        "SEC-FO-009",
        "The target of the export has no way to write the formula, so nothing was written rather than something else.",
    ),
    ("SEC-FO-010", "A formula is to be evaluated over data that lacks one of its inputs."),
    (
        "SEC-FO-011",
        "The file with the formula is not there, is no file, is too large, or may not be read.",
    ),
    (
        "SEC-FO-012",
        "The command asks for something that does not go together: no target, an ending that names no format, a row that a table of equations does not have, a checkpoint that would be lost.",
    ),
    (
        "SEC-FO-013",
        "A split left too few rows on one side. Rows that are equal in all columns of --group stay together, so that few groups make few rows.",
    ),
    (
        "SEC-FO-014",
        "The formula has no value in some row: a division by zero, a logarithm of nothing, an overflow. Formulas of tools that guard such operators are read with --syntax gplearn.",
    ),
    (
        "SEC-FO-015",
        "No formula was found that has a value in every row. Search longer, with other operators, or with --guarded.",
    ),
    (
        "SEC-FO-016",
        "A checkpoint continues only the search it was written by: the same rows, the same settings, the same version.",
    ),
    (
        "SEC-FO-017",
        "The comparison was stopped before all fits were done; there is no table of a part of the folds.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_sorted_and_each_error_has_one() {
        assert!(CODES.is_sorted_by(|a, b| a.0 < b.0));
        let error = FormulaError::Version { found: "2".into(), known: 1 };
        assert!(CODES.iter().any(|(code, _)| *code == error.code()));
        assert_eq!(RunError::from(error).kind.exit(), 4);
    }
}
