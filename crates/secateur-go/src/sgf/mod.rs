//! Games in files: SGF FF\[4\] with variations, and lines of moves.
//!
//! A [`Tree`] is a flat list of nodes in the order of the file, each with its parent, so that
//! deep nesting costs no stack. Values are text after the charset of the file; they are unescaped
//! when they are read as text, and written back as they came.
//!
//! Source: A. Hollosi, 2006, "SGF File Format FF\[4\]", red-bean.com/sgf.

mod charset;
mod read;
mod replay;
mod tygem;
mod write;

pub use read::{BYTES_MAX, parse};
pub use replay::{handicap, point_of, points_of, replay};
pub use tygem::{Line, parse_line};
pub use write::{escaped, of_game, write};

/// One property: its name and its values, escapes kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Property {
    /// Capital letters.
    pub name: String,
    /// At least one.
    pub values: Vec<String>,
    /// Where it stands in the file, in bytes.
    pub offset: usize,
}

/// One node and where it hangs.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Node {
    /// The node before; `None` for the first of a game.
    pub parent: Option<usize>,
    /// In the order of the file.
    pub properties: Vec<Property>,
}

impl Node {
    /// The values of a property; none when it is absent.
    pub fn values(&self, name: &str) -> &[String] {
        let found = self.properties.iter().find(|property| property.name == name);
        found.map_or(&[], |property| &property.values)
    }

    /// The first value of a property, unescaped.
    pub fn text(&self, name: &str) -> Option<String> {
        self.values(name).first().map(|value| unescaped(value))
    }
}

/// All games of a file.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Tree {
    /// Parents before children, siblings in the order of the file.
    pub nodes: Vec<Node>,
}

impl Tree {
    /// The first nodes of the games.
    pub fn roots(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.nodes.len()).filter(|at| self.nodes[*at].parent.is_none())
    }

    /// The main line of the first game: the first child of each node.
    pub fn main_line(&self) -> Vec<usize> {
        let mut first_child = vec![None; self.nodes.len()];
        for (at, node) in self.nodes.iter().enumerate().rev() {
            if let Some(parent) = node.parent {
                first_child[parent] = Some(at);
            }
        }
        std::iter::successors(self.roots().next(), |at| first_child[*at]).collect()
    }
}

/// A value as text: escapes and soft line breaks resolved, other blanks as spaces.
pub fn unescaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let mut chars = value.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some(end @ ('\n' | '\r')) => {
                    let pair = if end == '\n' { '\r' } else { '\n' };
                    chars.next_if_eq(&pair);
                }
                Some(c) => text.push(c),
                None => {}
            },
            '\t' | '\x0b' => text.push(' '),
            c => text.push(c),
        }
    }
    text
}
