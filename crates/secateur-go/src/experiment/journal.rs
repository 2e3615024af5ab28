//! Games that were played, as lines that a run can go on from.
//!
//! The first line says which experiment it is, each other holds one game:
//!
//! ```json
//! {"journal":"secateur go experiment","identity":{"playouts":300,"seed":0}}
//! {"cell":{"size":9,"strategies":["potential-low"],"quantile":0.2,"saving":0.0},"game":{"number":0}}
//! ```
//!
//! Files are left to the caller: a line is to be on the disk before the next game is reported. A
//! last line without its end was cut off by a kill and is dropped.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::plan::{Cell, Plan};
use crate::error::GoError;
use crate::play::{GameRecord, Known};

/// What the first line says that it is.
const NAME: &str = "secateur go experiment";

/// One line after the first.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    cell: Cell,
    game: GameRecord,
}

/// The games of a journal.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Journal {
    /// By the name of the cell and the number.
    games: HashMap<String, Known>,
    /// Bytes that are whole lines: what follows is to be cut off before lines are added.
    pub bytes: usize,
    /// Whether the first line is there; else it is to be written, see [`head`].
    pub has_head: bool,
}

impl Journal {
    /// Games that it has.
    pub fn len(&self) -> usize {
        self.games.values().map(Known::len).sum()
    }

    /// Whether it has no game.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The games of a cell.
    pub(super) fn of(&self, cell: &Cell) -> Option<&Known> {
        self.games.get(&cell.name())
    }
}

/// The first line, with its end.
pub fn head(plan: &Plan) -> String {
    format!("{}\n", json!({ "journal": NAME, "identity": plan.identity() }))
}

/// The line of a game, with its end.
pub(super) fn line(cell: &Cell, game: &GameRecord) -> String {
    let line = Line { cell: cell.clone(), game: game.clone() };
    let text = serde_json::to_string(&line).expect("records have text keys and finite numbers");
    format!("{text}\n")
}

/// Reads the bytes of a journal of this plan; none at all are a journal without games.
///
/// # Errors
/// [`GoError::OtherJournal`] when it is that of another plan, [`GoError::Journal`] for a line that
/// is no record.
pub fn read(bytes: &[u8], plan: &Plan) -> Result<Journal, GoError> {
    let mut journal = Journal::default();
    let mut rest = bytes;
    let mut number = 0;
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        let (text, after) = rest.split_at(end + 1);
        number += 1;
        if number == 1 {
            let value: Value = serde_json::from_slice(text).map_err(|_| no_journal(plan, text))?;
            check(&value, plan)?;
            journal.has_head = true;
        } else {
            match serde_json::from_slice(text) {
                Ok(Line { cell, game }) => {
                    journal.games.entry(cell.name()).or_default().insert(game.number, game);
                }
                // A loss of power can leave blocks of zeros in the last line.
                Err(_) if after.is_empty() => break,
                Err(_) => return Err(GoError::Journal { line: number }),
            }
        }
        journal.bytes += text.len();
        rest = after;
    }
    // A file that is no journal is not to be written over.
    if !journal.has_head && !head(plan).as_bytes().starts_with(rest) {
        return Err(no_journal(plan, rest));
    }
    Ok(journal)
}

/// The error for a file whose first line is something else.
fn no_journal(plan: &Plan, text: &[u8]) -> GoError {
    let shown = |text: &str| text.chars().take(60).collect::<String>().escape_debug().to_string();
    GoError::OtherJournal {
        what: "its first line".to_owned(),
        expected: shown(&head(plan)),
        got: shown(&String::from_utf8_lossy(text)),
    }
}

/// Compares the first line with that of a plan.
fn check(head: &Value, plan: &Plan) -> Result<(), GoError> {
    let other = |what: &str, expected: &Value, got: Option<&Value>| GoError::OtherJournal {
        what: what.to_owned(),
        expected: expected.to_string(),
        got: got.map_or_else(|| "missing".to_owned(), Value::to_string),
    };
    let name = Value::from(NAME);
    if head.get("journal") != Some(&name) {
        return Err(other("its kind", &name, head.get("journal")));
    }
    // The identity is compared as it is read back.
    let text = plan.identity().to_string();
    let expected: Value = serde_json::from_str(&text).unwrap_or_default();
    let got = head.get("identity");
    for (key, value) in expected.as_object().into_iter().flatten() {
        let found = got.and_then(|got| got.get(key));
        if found != Some(value) {
            return Err(other(key, value, found));
        }
    }
    Ok(())
}
