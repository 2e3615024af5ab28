//! Formulas as text: reading in the syntaxes of several tools, writing for several languages.
//!
//! [`read`] and [`write`] work without recursion: the depth of a formula is bounded by its length
//! alone.

use std::fmt;

mod functions;
mod guards;
mod lexer;
mod names;
mod reader;
mod styles;
mod writer;

pub use names::safe_names;
pub use reader::{read, read_open};
pub use writer::{Target, write};

/// Longest text of a formula, in bytes.
pub const TEXT_MAX: usize = 16 << 20;

/// How a formula is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Syntax {
    /// Our own: `a * ln(b) + c ^ 2`, near to what Python and most tools write.
    Infix,
    /// Nested calls of gplearn, with its guarded operators: `add(mul(X0, X1), 0.5)`.
    Gplearn,
    /// Expressions of SymPy: `x0**2*exp(-x1/3) + Abs(x2)`.
    Sympy,
    /// Equations of PySR: `square(x0) + (x1 * -2.3)`.
    Pysr,
    /// Cell formulas: `=LN(A2)*POWER(B2,2)`.
    Excel,
}

impl Syntax {
    /// Every syntax.
    pub const ALL: [Self; 5] = [Self::Infix, Self::Gplearn, Self::Sympy, Self::Pysr, Self::Excel];

    /// Name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Infix => "infix",
            Self::Gplearn => "gplearn",
            Self::Sympy => "sympy",
            Self::Pysr => "pysr",
            Self::Excel => "excel",
        }
    }

    /// The syntax of a name, as [`Syntax::name`] gives it.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|syntax| syntax.name() == name)
    }

    /// The syntax that a text looks like: Excel when it begins with `=`, gplearn when it is one
    /// of its calls and has no infix operator, [`Syntax::Infix`] otherwise.
    pub fn guess(text: &str) -> Self {
        let lines = text.lines().map(str::trim_start);
        if lines.clone().any(|line| line.starts_with('=')) {
            return Self::Excel;
        }
        let begins = |name: &str| {
            text.trim_start()
                .strip_prefix(name)
                .is_some_and(|rest| rest.trim_start().starts_with('('))
        };
        let call = functions::GPLEARN.iter().any(|(name, _)| begins(name));
        let binary =
            |text: &str| text.contains(['+', '*', '/', '^', '`', '[']) || text.contains(" - ");
        if call && !binary(text) { Self::Gplearn } else { Self::Infix }
    }
}

/// Where in a text something stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// The part of the line around the place, with a caret below it.
    pub excerpt: String,
}

/// Characters shown before and after a place.
const SHOWN: usize = 36;

impl Place {
    /// The place of a byte of a text.
    pub fn of(text: &str, at: usize) -> Self {
        let mut at = at.min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        let line = 1 + text[..at].matches('\n').count() as u32;
        let start = text[..at].rfind('\n').map_or(0, |end| end + 1);
        let end = text[at..].find('\n').map_or(text.len(), |end| at + end);
        let before: Vec<char> = text[start..at].chars().collect();
        let plain = |c: char| if c.is_control() { ' ' } else { c };
        let from = before.len().saturating_sub(SHOWN);
        let left: String = before[from..].iter().copied().map(plain).collect();
        let right: String = text[at..end].chars().take(SHOWN).map(plain).collect();
        let caret = " ".repeat(before.len() - from);
        Self {
            line,
            column: before.len() as u32 + 1,
            excerpt: format!("\n  {left}{right}\n  {caret}^"),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}
