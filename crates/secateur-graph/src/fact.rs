//! What is known of a value before it is computed.

use std::fmt;
use std::sync::Arc;

/// One dimension: a number, or a name for a number that each run brings.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Dim {
    /// Known.
    Known(usize),
    /// Known when the graph runs, e.g. `batch`.
    Symbol(Arc<str>),
}

/// Kind of the values at work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Numbers.
    F32,
    /// Indices.
    I64,
}

/// Kind and shape of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// Kind of the values.
    pub kind: Kind,
    /// Dimensions, outermost first.
    pub shape: Vec<Dim>,
}

impl Dim {
    /// A named dimension.
    pub fn symbol(name: &str) -> Self {
        Self::Symbol(name.into())
    }

    /// The number, when known.
    pub fn known(&self) -> Option<usize> {
        match self {
            Self::Known(n) => Some(*n),
            Self::Symbol(_) => None,
        }
    }

    /// The sum of two dimensions.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Known(a), Self::Known(b)) => Self::Known(a + b),
            _ => Self::symbol(&format!("{self} + {other}")),
        }
    }
}

impl Fact {
    /// f32 values.
    pub fn f32(shape: Vec<Dim>) -> Self {
        Self { kind: Kind::F32, shape }
    }

    /// f32 values of known dimensions.
    pub fn f32_known(shape: &[usize]) -> Self {
        Self::f32(shape.iter().map(|&n| Dim::Known(n)).collect())
    }

    /// i64 values.
    pub fn i64(shape: Vec<Dim>) -> Self {
        Self { kind: Kind::I64, shape }
    }

    /// The dimensions as numbers, when all are known.
    pub fn known_shape(&self) -> Option<Vec<usize>> {
        self.shape.iter().map(Dim::known).collect()
    }

    /// The innermost dimension.
    pub fn last(&self) -> Option<&Dim> {
        self.shape.last()
    }
}

impl From<usize> for Dim {
    fn from(n: usize) -> Self {
        Self::Known(n)
    }
}

impl fmt::Display for Dim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(n) => write!(f, "{n}"),
            Self::Symbol(name) => f.write_str(name),
        }
    }
}

impl fmt::Debug for Dim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
