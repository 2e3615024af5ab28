//! Where in an input something stands.

use std::fmt;

/// Where in an input something stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Place {
    /// Nowhere that could be named.
    #[default]
    None,
    /// A line and a column of a text, from 1; columns count characters.
    Text {
        /// Line, from 1.
        line: u32,
        /// Column, from 1.
        column: u32,
    },
    /// A node of a file that numbers its nodes, by that number.
    Node(u32),
    /// A byte of a file, from 0.
    Byte(u64),
}

impl Place {
    /// Line and column in a text.
    pub fn text(line: u32, column: u32) -> Self {
        Self::Text { line, column }
    }

    /// This place in a text that itself begins at `outer`: lines are added, and columns of the
    /// first line.
    #[must_use]
    pub fn within(self, outer: Self) -> Self {
        match (self, outer) {
            (Self::Text { line: 1, column }, Self::Text { line, column: first }) => {
                Self::Text { line, column: first + column - 1 }
            }
            (Self::Text { line: inner, column }, Self::Text { line, .. }) => {
                Self::Text { line: line + inner - 1, column }
            }
            (_, outer) => outer,
        }
    }
}

/// A path of names; of a very long one the first and the last of `most`.
pub(crate) fn joined(names: &[impl AsRef<str>], most: usize) -> String {
    let join = |names: &[_]| names.iter().map(AsRef::as_ref).collect::<Vec<&str>>().join("/");
    if names.len() > most {
        let (first, last) = (&names[..most / 2], &names[names.len() - most / 2..]);
        return format!("/{}/.../{}", join(first), join(last));
    }
    format!("/{}", join(names))
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("the input"),
            Self::Text { line, column } => write!(f, "line {line}, column {column}"),
            Self::Node(number) => write!(f, "node {number}"),
            Self::Byte(at) => write!(f, "byte {at}"),
        }
    }
}
