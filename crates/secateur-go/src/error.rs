//! What stops a game, a file or a search.

use secateur_core::{Kind, PruneError, RunError};

use crate::board::Color;

/// What stops a game, a file or a search.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the messages say what the fields are")]
pub enum GoError {
    #[error("a board has 2 to 25 points on a side, not {size}")]
    Size { size: usize },
    #[error("`{text}` is no point of a board of {size}")]
    Vertex { text: String, size: usize },
    #[error("move {number}: {color} may not play {vertex}")]
    Illegal { color: Color, vertex: String, number: usize },
    #[error("{vertex} has a stone already")]
    Occupied { vertex: String },
    #[error("the chain at {vertex} would have no liberty")]
    NoLiberty { vertex: String },
    #[error("there is no move to take back")]
    NoUndo,
    #[error("{option} must be {expected}, not {got}")]
    Option { option: &'static str, expected: &'static str, got: String },
    #[error("byte {offset}: {what}")]
    Sgf { offset: usize, what: String },
    #[error("{bytes} bytes are too many, {most} are read")]
    TooLarge { bytes: usize, most: usize },
    #[error("byte {offset}: the charset {name} cannot be read")]
    Charset { name: String, offset: usize },
    #[error("{name} cannot be started: {message}")]
    NoStart { name: String, message: String },
    #[error("{name} gave no answer to `{command}` in {seconds} s")]
    Hung { name: String, command: String, seconds: f64 },
    #[error("{name} ended at `{command}`, {status}{}", said(.stderr))]
    Died { name: String, command: String, status: String, stderr: Vec<String> },
    #[error("{name} answered `{command}` with `{line}`")]
    Garbage { name: String, command: String, line: String },
    #[error("{name} refused `{command}`: {message}")]
    Refused { name: String, command: String, message: String },
    #[error("the journal is that of another experiment: {what} is {got}, not {expected}")]
    OtherJournal { what: String, expected: String, got: String },
    #[error("line {line} of the journal is damaged")]
    Journal { line: usize },
    #[error("it was interrupted")]
    Interrupted,
    #[error(transparent)]
    Prune(#[from] PruneError),
}

/// The last lines that a program wrote to its errors.
fn said(lines: &[String]) -> String {
    if lines.is_empty() {
        return String::new();
    }
    format!("; it said: {}", lines.join(" | "))
}

impl GoError {
    /// The stable code; `secateur explain CODE` says more.
    pub fn code(&self) -> &'static str {
        self.card().0
    }

    /// The kind, which decides the exit code.
    pub fn kind(&self) -> Kind {
        self.card().1
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        self.card().2
    }

    fn card(&self) -> (&'static str, Kind, Option<&'static str>) {
        let input = |code, hint| (code, Kind::Input, Some(hint));
        match self {
            Self::Size { .. } => {
                ("SEC-GO-001", Kind::Unsupported, Some("choose a size from 2 to 25"))
            }
            Self::Vertex { .. } => {
                input("SEC-GO-002", "columns are letters without I, rows are counted from below")
            }
            Self::Illegal { .. } => input(
                "SEC-GO-003",
                "the point is taken, the move would kill its own stones, or repeat a position",
            ),
            Self::Occupied { .. } => input("SEC-GO-004", "name each stone once"),
            Self::NoLiberty { .. } => {
                input("SEC-GO-005", "a position that is set up holds no captured stones")
            }
            Self::NoUndo => input("SEC-GO-006", "the game is at its beginning"),
            Self::Option { .. } => ("SEC-GO-007", Kind::Usage, None),
            Self::Prune(_) => ("SEC-GO-008", Kind::Input, None),
            Self::Sgf { .. } => {
                input("SEC-GO-009", "save the game again, or cut the file at that place")
            }
            Self::TooLarge { .. } => input("SEC-GO-010", "split the file into its games"),
            Self::Charset { .. } => {
                ("SEC-GO-011", Kind::Unsupported, Some("convert the file to UTF-8"))
            }
            Self::NoStart { .. } => input(
                "SEC-GO-012",
                "give the path of the program, and quote arguments that hold blanks",
            ),
            Self::Hung { .. } => (
                "SEC-GO-013",
                Kind::Resources,
                Some("see whether it needs an option such as `--mode gtp`, or wait longer"),
            ),
            Self::Died { .. } => {
                input("SEC-GO-014", "run the command by hand and type `name` to see what it says")
            }
            Self::Garbage { .. } => input(
                "SEC-GO-015",
                "start the program so that it speaks GTP, such as `gnugo --mode gtp`",
            ),
            Self::Refused { .. } => input(
                "SEC-GO-016",
                "choose a size of the board, rules and komi that the program knows",
            ),
            Self::OtherJournal { .. } => {
                input("SEC-GO-017", "give the options of the journal, or another file")
            }
            Self::Journal { .. } => {
                input("SEC-GO-018", "cut the file before that line; the games before it are kept")
            }
            Self::Interrupted => (
                "SEC-GO-019",
                Kind::Interrupted,
                Some("start it again; an experiment goes on from its journal with --resume"),
            ),
        }
    }
}

impl From<GoError> for RunError {
    fn from(error: GoError) -> Self {
        let (code, kind, hint) = error.card();
        let mut run = Self::new(kind, code, error.to_string());
        run.hint = hint.map(str::to_owned);
        run
    }
}

/// Every error code of Go with its explanation, sorted.
pub const CODES: &[(&str, &str)] = &[
    (
        "SEC-GO-001",
        "Boards have 2 to 25 points on a side: GTP names columns by one letter and leaves I out.",
    ),
    ("SEC-GO-002", "A point is a letter and a number, such as D4, or the word pass."),
    (
        "SEC-GO-003",
        "A move is illegal where a stone lies, where it would have no liberty after captures, where ko forbids it, and where it would bring an earlier position of the game again.",
    ),
    ("SEC-GO-004", "A stone is to be put where one lies already."),
    ("SEC-GO-005", "Stones are to be set up so that a chain has no liberty; no game leads there."),
    ("SEC-GO-006", "A move is to be taken back, but none was played since the game was set up."),
    ("SEC-GO-007", "An option has a value that makes no sense, such as a quantile above one."),
    ("SEC-GO-008", "Moves could not be scored or selected; the message says why."),
    (
        "SEC-GO-009",
        "The file is no SGF, or breaks off, or names points that its board does not have. The offset counts bytes from the beginning.",
    ),
    ("SEC-GO-010", "Files of more than 64 MiB are not read at once."),
    (
        "SEC-GO-011",
        "SGF is read in the charsets of the Encoding Standard but UTF-16 (UTF-8, ISO-8859, Windows, KOI8, GBK, GB18030, Big5, Shift_JIS, EUC-JP, ISO-2022-JP, EUC-KR); plain ASCII under any name.",
    ),
    (
        "SEC-GO-012",
        "The program of a GTP engine cannot be started: there is no such file, or it may not be run.",
    ),
    (
        "SEC-GO-013",
        "A GTP engine gave no answer in time and was killed. In a match it loses the game.",
    ),
    (
        "SEC-GO-014",
        "A GTP engine ended while an answer was waited for. In a match it loses the game.",
    ),
    (
        "SEC-GO-015",
        "An answer of GTP begins with = or ?, and a move is a point such as D4, pass or resign. In a match the engine loses the game.",
    ),
    (
        "SEC-GO-016",
        "A GTP engine answered with an error where the game needs its consent. In a match it loses the game.",
    ),
    (
        "SEC-GO-017",
        "A journal holds the games of one experiment. Its first line says which; games of another do not belong into it.",
    ),
    (
        "SEC-GO-018",
        "A line of a journal is none of its game records. Only the last line may be incomplete, as when a run was killed.",
    ),
    ("SEC-GO-019", "The run was told to stop; the games that were finished are kept."),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_sorted_and_each_error_has_one() {
        assert!(CODES.is_sorted_by(|a, b| a.0 < b.0));
        let error = GoError::Size { size: 26 };
        assert!(CODES.iter().any(|(code, _)| *code == error.code()));
        assert_eq!(RunError::from(error).kind.exit(), 4);
    }
}
