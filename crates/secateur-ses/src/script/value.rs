//! Values of expressions, shown as Python shows them.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::rc::Rc;
use std::sync::Arc;

use serde_json::json;

/// Lists in lists, as far as they are compared and shown.
const DEPTH_MAX: u32 = 64;
/// Comparisons of items in one comparison of values; lists that share lists could need 2^64.
const COMPARISONS_MAX: u32 = 100_000;
/// Bytes that a value is shown in.
const SHOWN_MAX: usize = 1 << 20;

/// A value. Lists are shared, as in Python: who appends to one appends for all.
#[derive(Clone, Debug)]
pub enum Value {
    /// `None`.
    None,
    /// `True` or `False`.
    Bool(bool),
    /// A whole number of 64 bits.
    Int(i64),
    /// A real number.
    Float(f64),
    /// A text.
    Text(Arc<str>),
    /// A list.
    List(Rc<Items>),
    /// A tuple.
    Tuple(Rc<Items>),
    /// A dictionary; keys and values in turn.
    Dict(Rc<Items>),
}

/// The items of a list. They are dropped in a loop, so that no depth ends the stack.
#[derive(Debug)]
pub struct Items(pub RefCell<Vec<Value>>);

impl Drop for Items {
    fn drop(&mut self) {
        let mut open = std::mem::take(&mut *self.0.borrow_mut());
        while let Some(value) = open.pop() {
            if let Value::List(items) | Value::Tuple(items) | Value::Dict(items) = value
                && let Some(items) = Rc::into_inner(items)
            {
                open.append(&mut items.0.borrow_mut());
            }
        }
    }
}

impl Value {
    /// A list of values.
    pub fn list(items: Vec<Self>) -> Self {
        Self::List(Rc::new(Items(RefCell::new(items))))
    }

    /// A tuple of values.
    pub fn tuple(items: Vec<Self>) -> Self {
        Self::Tuple(Rc::new(Items(RefCell::new(items))))
    }

    /// A dictionary.
    pub fn dict(pairs: impl IntoIterator<Item = (Self, Self)>) -> Self {
        let items = pairs.into_iter().flat_map(|(key, value)| [key, value]).collect();
        Self::Dict(Rc::new(Items(RefCell::new(items))))
    }

    /// A text.
    pub fn text(text: impl Into<Arc<str>>) -> Self {
        Self::Text(text.into())
    }

    /// Whether Python takes it as true.
    pub fn truth(&self) -> bool {
        match self {
            Self::None => false,
            Self::Bool(value) => *value,
            Self::Int(value) => *value != 0,
            Self::Float(value) => *value != 0.0,
            Self::Text(text) => !text.is_empty(),
            Self::List(items) | Self::Tuple(items) | Self::Dict(items) => {
                !items.0.borrow().is_empty()
            }
        }
    }

    /// Name of its type.
    pub fn class(&self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Float(_) => "float",
            Self::Text(_) => "str",
            Self::List(_) => "list",
            Self::Tuple(_) => "tuple",
            Self::Dict(_) => "dict",
        }
    }

    /// As a number, where it is one; `True` is 1.
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Bool(value) => Some(f64::from(u8::from(*value))),
            Self::Int(value) => Some(*value as f64),
            Self::Float(value) => Some(*value),
            _ => None,
        }
    }

    /// As a whole number, where it is one.
    pub fn int(&self) -> Option<i64> {
        match self {
            Self::Bool(value) => Some(i64::from(*value)),
            Self::Int(value) => Some(*value),
            _ => None,
        }
    }

    /// Whether two values are equal, as `==` has it.
    pub fn equals(&self, other: &Self) -> bool {
        self.equals_at(other, 0, &mut 0)
    }

    fn equals_at(&self, other: &Self, depth: u32, done: &mut u32) -> bool {
        *done += 1;
        if *done > COMPARISONS_MAX {
            return false;
        }
        if let (Some(a), Some(b)) = (self.int(), other.int()) {
            return a == b;
        }
        if let (Some(a), Some(b)) = (self.number(), other.number()) {
            return a == b;
        }
        match (self, other) {
            (Self::None, Self::None) => true,
            (Self::Text(a), Self::Text(b)) => a == b,
            (Self::List(a), Self::List(b)) | (Self::Tuple(a), Self::Tuple(b)) => {
                Rc::ptr_eq(a, b) || {
                    let (a, b) = (a.0.borrow(), b.0.borrow());
                    depth < DEPTH_MAX
                        && a.len() == b.len()
                        && a.iter().zip(&*b).all(|(a, b)| a.equals_at(b, depth + 1, done))
                }
            }
            (Self::Dict(a), Self::Dict(b)) => {
                Rc::ptr_eq(a, b) || {
                    let (a, b) = (a.0.borrow(), b.0.borrow());
                    let mut pair = |wanted: &[Self]| {
                        b.chunks(2).any(|found| {
                            wanted[0].equals_at(&found[0], depth + 1, done)
                                && wanted[1].equals_at(&found[1], depth + 1, done)
                        })
                    };
                    depth < DEPTH_MAX && a.len() == b.len() && a.chunks(2).all(&mut pair)
                }
            }
            _ => false,
        }
    }

    /// As `str()` writes it.
    pub fn shown(&self) -> String {
        match self {
            Self::Text(text) => text.to_string(),
            _ => self.repr(),
        }
    }

    /// As `repr()` writes it, which reads back as the same value.
    pub fn repr(&self) -> String {
        let mut text = String::new();
        self.write(&mut text, 0);
        text
    }

    fn write(&self, text: &mut String, depth: u32) {
        let mut many = |open: &str, items: &Items, close: &str, pairs: bool| {
            text.push_str(open);
            if depth >= DEPTH_MAX || text.len() > SHOWN_MAX {
                text.push_str("...");
            } else {
                for (at, item) in items.0.borrow().iter().enumerate() {
                    if at > 0 {
                        text.push_str(if pairs && at % 2 == 1 { ": " } else { ", " });
                    }
                    item.write(text, depth + 1);
                }
            }
            text.push_str(close);
        };
        match self {
            Self::None => text.push_str("None"),
            Self::Bool(value) => text.push_str(if *value { "True" } else { "False" }),
            Self::Int(value) => text.push_str(&value.to_string()),
            Self::Float(value) => text.push_str(&float(*value)),
            Self::Text(value) => text.push_str(&quoted(value)),
            Self::List(items) => many("[", items, "]", false),
            Self::Tuple(items) => {
                let one = items.0.borrow().len() == 1;
                many("(", items, if one { ",)" } else { ")" }, false);
            }
            Self::Dict(items) => many("{", items, "}", true),
        }
    }

    /// As JSON; tuples become lists, and what is not finite a text.
    pub fn json(&self) -> serde_json::Value {
        self.json_at(0, &mut 0)
    }

    fn json_at(&self, depth: u32, done: &mut u32) -> serde_json::Value {
        *done += 1;
        match self {
            Self::None => serde_json::Value::Null,
            Self::Bool(value) => json!(value),
            Self::Int(value) => json!(value),
            Self::Float(value) if value.is_finite() => json!(value),
            Self::Float(value) => json!(float(*value)),
            Self::Text(value) => json!(&**value),
            _ if depth >= DEPTH_MAX || *done > COMPARISONS_MAX => json!("..."),
            Self::List(items) | Self::Tuple(items) => {
                items.0.borrow().iter().map(|item| item.json_at(depth + 1, done)).collect()
            }
            Self::Dict(items) => serde_json::Value::Object(
                items
                    .0
                    .borrow()
                    .chunks(2)
                    .map(|pair| (pair[0].shown(), pair[1].json_at(depth + 1, done)))
                    .collect(),
            ),
        }
    }
}

/// A real number as Python writes it.
fn float(value: f64) -> String {
    if value.is_nan() {
        return "nan".into();
    }
    if value.is_infinite() {
        return if value > 0.0 { "inf".into() } else { "-inf".into() };
    }
    let size = value.abs();
    if value != 0.0 && !(1e-4..1e16).contains(&size) {
        let text = format!("{value:e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let exponent: i32 = exponent.parse().unwrap_or(0);
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{digits}e{sign}{:02}", exponent.abs());
    }
    let text = format!("{value}");
    if text.contains('.') { text } else { format!("{text}.0") }
}

/// A text in quotes as Python writes it.
pub fn quoted(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut out = String::with_capacity(text.len() + 2);
    out.push(quote);
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c == quote => {
                out.push('\\');
                out.push(c);
            }
            c if (c as u32) < 0x20 || c as u32 == 0x7f => {
                let _ = write!(out, "\\x{:02x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push(quote);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_look_as_in_python() {
        let list = Value::list(vec![
            Value::Int(1),
            Value::Float(2.0),
            Value::Float(1e16),
            Value::Float(1.5e-7),
            Value::text("it's"),
            Value::tuple(vec![Value::Bool(true)]),
            Value::None,
        ]);
        assert_eq!(list.repr(), "[1, 2.0, 1e+16, 1.5e-07, \"it's\", (True,), None]");
        let dict = Value::dict([(Value::text("_a"), Value::text("1"))]);
        assert_eq!(dict.shown(), "{'_a': '1'}");
        assert!(Value::Int(1).equals(&Value::Bool(true)));
        assert!(!Value::Int(1).equals(&Value::text("1")));
    }

    #[test]
    fn deep_and_circular_lists_end() {
        let mut deep = Value::list(vec![]);
        for _ in 0..200_000 {
            deep = Value::list(vec![deep]);
        }
        assert!(deep.repr().contains("..."));
        drop(deep);
        let ring = Value::list(vec![]);
        let Value::List(items) = &ring else { unreachable!() };
        items.0.borrow_mut().push(ring.clone());
        assert!(ring.repr().contains("..."));
        items.0.borrow_mut().clear();
    }
}
