//! Values of metadata keys.

use std::fmt;

/// A metadata value.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the names are those of the format's types")]
pub enum Value {
    U8(u8),
    I8(i8),
    U16(u16),
    I16(i16),
    U32(u32),
    I32(i32),
    U64(u64),
    I64(i64),
    F32(f32),
    F64(f64),
    Bool(bool),
    String(String),
    Array(Array),
}

/// An array of metadata values of one type.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the names are those of the format's types")]
pub enum Array {
    U8(Vec<u8>),
    I8(Vec<i8>),
    U16(Vec<u16>),
    I16(Vec<i16>),
    U32(Vec<u32>),
    I32(Vec<i32>),
    U64(Vec<u64>),
    I64(Vec<i64>),
    F32(Vec<f32>),
    F64(Vec<f64>),
    Bool(Vec<bool>),
    Strings(Box<Strings>),
    Arrays(Vec<Array>),
}

/// Many strings in one piece of memory: a vocabulary costs two allocations, not one per token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Strings {
    text: String,
    ends: Vec<usize>,
}

impl Strings {
    /// Appends a string.
    pub fn push(&mut self, string: &str) {
        self.text.push_str(string);
        self.ends.push(self.text.len());
    }

    /// Number of strings.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The string at a place.
    pub fn get(&self, i: usize) -> Option<&str> {
        let end = *self.ends.get(i)?;
        let start = if i == 0 { 0 } else { self.ends[i - 1] };
        Some(&self.text[start..end])
    }

    /// The strings in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        (0..self.len()).map(|i| self.get(i).expect("an index below the length"))
    }
}

impl<'a> FromIterator<&'a str> for Strings {
    fn from_iter<I: IntoIterator<Item = &'a str>>(strings: I) -> Self {
        let mut all = Self::default();
        for string in strings {
            all.push(string);
        }
        all
    }
}

impl Value {
    /// The text of a string.
    pub fn text(&self) -> Option<&str> {
        if let Self::String(text) = self { Some(text) } else { None }
    }

    /// The number of any integer type.
    pub fn int(&self) -> Option<i128> {
        match *self {
            Self::U8(n) => Some(n.into()),
            Self::I8(n) => Some(n.into()),
            Self::U16(n) => Some(n.into()),
            Self::I16(n) => Some(n.into()),
            Self::U32(n) => Some(n.into()),
            Self::I32(n) => Some(n.into()),
            Self::U64(n) => Some(n.into()),
            Self::I64(n) => Some(n.into()),
            Self::F32(_) | Self::F64(_) | Self::Bool(_) | Self::String(_) | Self::Array(_) => None,
        }
    }

    /// The number of a floating type. An f32 becomes the f64 with its shortest decimal, so that
    /// 1e-5 stays 1e-5.
    pub fn float(&self) -> Option<f64> {
        match *self {
            Self::F32(x) => Some(shortest(x)),
            Self::F64(x) => Some(x),
            Self::U8(_)
            | Self::I8(_)
            | Self::U16(_)
            | Self::I16(_)
            | Self::U32(_)
            | Self::I32(_)
            | Self::U64(_)
            | Self::I64(_)
            | Self::Bool(_)
            | Self::String(_)
            | Self::Array(_) => None,
        }
    }

    /// The truth value.
    pub fn truth(&self) -> Option<bool> {
        if let Self::Bool(b) = *self { Some(b) } else { None }
    }

    /// The array.
    pub fn array(&self) -> Option<&Array> {
        if let Self::Array(array) = self { Some(array) } else { None }
    }
}

/// The f64 that the shortest decimal of an f32 names.
fn shortest(x: f32) -> f64 {
    x.to_string().parse().expect("a printed number is read again")
}

impl Array {
    /// Number of values.
    pub fn len(&self) -> usize {
        match self {
            Self::U8(v) => v.len(),
            Self::I8(v) => v.len(),
            Self::U16(v) => v.len(),
            Self::I16(v) => v.len(),
            Self::U32(v) => v.len(),
            Self::I32(v) => v.len(),
            Self::U64(v) => v.len(),
            Self::I64(v) => v.len(),
            Self::F32(v) => v.len(),
            Self::F64(v) => v.len(),
            Self::Bool(v) => v.len(),
            Self::Strings(v) => v.len(),
            Self::Arrays(v) => v.len(),
        }
    }

    /// Whether there are no values.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value at a place, if it is a number or a truth value.
    pub fn at(&self, i: usize) -> Option<Value> {
        match self {
            Self::U8(v) => v.get(i).copied().map(Value::U8),
            Self::I8(v) => v.get(i).copied().map(Value::I8),
            Self::U16(v) => v.get(i).copied().map(Value::U16),
            Self::I16(v) => v.get(i).copied().map(Value::I16),
            Self::U32(v) => v.get(i).copied().map(Value::U32),
            Self::I32(v) => v.get(i).copied().map(Value::I32),
            Self::U64(v) => v.get(i).copied().map(Value::U64),
            Self::I64(v) => v.get(i).copied().map(Value::I64),
            Self::F32(v) => v.get(i).copied().map(Value::F32),
            Self::F64(v) => v.get(i).copied().map(Value::F64),
            Self::Bool(v) => v.get(i).copied().map(Value::Bool),
            Self::Strings(_) | Self::Arrays(_) => None,
        }
    }

    /// The strings of an array of strings.
    pub fn strings(&self) -> Option<&Strings> {
        if let Self::Strings(strings) = self { Some(strings) } else { None }
    }

    /// Name of the type of the values.
    pub fn of(&self) -> &'static str {
        match self {
            Self::U8(_) => "u8",
            Self::I8(_) => "i8",
            Self::U16(_) => "u16",
            Self::I16(_) => "i16",
            Self::U32(_) => "u32",
            Self::I32(_) => "i32",
            Self::U64(_) => "u64",
            Self::I64(_) => "i64",
            Self::F32(_) => "f32",
            Self::F64(_) => "f64",
            Self::Bool(_) => "bool",
            Self::Strings(_) => "string",
            Self::Arrays(_) => "array",
        }
    }
}

/// Characters of a text that a message shows.
const SHOWN: usize = 60;

impl fmt::Display for Value {
    /// Type and value, long ones cut, as messages show it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::U8(n) => write!(f, "u8 {n}"),
            Self::I8(n) => write!(f, "i8 {n}"),
            Self::U16(n) => write!(f, "u16 {n}"),
            Self::I16(n) => write!(f, "i16 {n}"),
            Self::U32(n) => write!(f, "u32 {n}"),
            Self::I32(n) => write!(f, "i32 {n}"),
            Self::U64(n) => write!(f, "u64 {n}"),
            Self::I64(n) => write!(f, "i64 {n}"),
            Self::F32(x) => write!(f, "f32 {x}"),
            Self::F64(x) => write!(f, "f64 {x}"),
            Self::Bool(b) => write!(f, "bool {b}"),
            Self::String(text) => match text.char_indices().nth(SHOWN) {
                None => write!(f, "string {text:?}"),
                Some((end, _)) => write!(f, "string {:?}...", &text[..end]),
            },
            Self::Array(array) => write!(f, "an array of {} {}", array.len(), array.of()),
        }
    }
}
