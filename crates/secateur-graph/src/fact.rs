//! What is known of a value before it is computed.

use std::fmt;
use std::sync::Arc;

use secateur_tensor::Tensor;
use secateur_tensor::tensor::Values;

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
    /// Indices, sizes, integers of any width.
    I64,
    /// Conditions.
    Bool,
}

/// Kind and shape of a value, and the value itself where it is known before a run: sizes and
/// indices that other operators take as inputs.
#[derive(Clone, Debug)]
pub struct Fact {
    /// Kind of the values.
    pub kind: Kind,
    /// Dimensions, outermost first.
    pub shape: Vec<Dim>,
    /// The value, when it is known.
    pub value: Option<Arc<Tensor>>,
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
    /// Values of a kind.
    pub fn of(kind: Kind, shape: Vec<Dim>) -> Self {
        Self { kind, shape, value: None }
    }

    /// Values of a kind, of known dimensions.
    pub fn of_known(kind: Kind, shape: &[usize]) -> Self {
        Self::of(kind, shape.iter().map(|&n| Dim::Known(n)).collect())
    }

    /// A value that is known.
    pub fn known(tensor: Tensor) -> Self {
        let kind = match tensor.values() {
            Values::F32(_) | Values::Stored(_) => Kind::F32,
            Values::I64(_) => Kind::I64,
            Values::Bool(_) => Kind::Bool,
        };
        let fact = Self::of_known(kind, tensor.shape());
        Self { value: Some(Arc::new(tensor)), ..fact }
    }

    /// The integers of a known value.
    pub fn integers(&self) -> Option<&[i64]> {
        match self.value.as_ref()?.values() {
            Values::I64(values) => Some(values),
            Values::F32(_) | Values::Bool(_) | Values::Stored(_) => None,
        }
    }

    /// f32 values.
    pub fn f32(shape: Vec<Dim>) -> Self {
        Self::of(Kind::F32, shape)
    }

    /// f32 values of known dimensions.
    pub fn f32_known(shape: &[usize]) -> Self {
        Self::f32(shape.iter().map(|&n| Dim::Known(n)).collect())
    }

    /// i64 values.
    pub fn i64(shape: Vec<Dim>) -> Self {
        Self::of(Kind::I64, shape)
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
