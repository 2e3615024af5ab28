//! Expressions and small functions, run without reach to anything outside.
//!
//! The language is the part of Python that rules and functions of System Entity Structures are
//! written in. `lexer` makes tokens, `parser` a tree, `eval` walks it under a budget of steps;
//! `builtins` has every function and method that may be called. What is not in them is refused
//! by name and place.

pub(crate) mod ast;
pub(crate) mod builtins;
mod eval;
mod layout;
pub(crate) mod lexer;
pub(crate) mod parser;
mod statements;
pub mod value;

pub use eval::{Functions, Globals, Machine};

use std::sync::Arc;

use crate::error::SesError;
use crate::place::Place;

/// An expression with its text.
#[derive(Clone, Debug)]
pub struct Code {
    /// As it was written.
    pub text: Arc<str>,
    /// Where it begins.
    pub place: Place,
    pub(crate) expr: Arc<ast::Expr>,
}

impl PartialEq for Code {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Code {
    /// Reads an expression that begins at `place`.
    ///
    /// # Errors
    /// [`SesError::Syntax`] and [`SesError::Refused`].
    pub fn read(text: &str, place: Place) -> Result<Self, SesError> {
        let expr = parser::expression(text, place)?;
        let text = if text.contains('#') { bare(text) } else { text.trim() };
        Ok(Self { text: text.into(), place, expr: Arc::new(expr) })
    }

    /// Whether it is a name and nothing else.
    pub(crate) fn is_name(&self) -> bool {
        matches!(self.names().first(), Some(name) if **name == *self.text)
    }

    /// Whether a free name occurs.
    pub fn mentions(&self, name: &str) -> bool {
        self.expr.mentions(name)
    }

    /// Every free name, each once, in the order of first use.
    pub fn names(&self) -> Vec<Arc<str>> {
        let mut names: Vec<Arc<str>> = Vec::new();
        self.expr.visit_names(&mut |name| {
            if !names.iter().any(|known| **known == *name) {
                names.push(name.into());
            }
        });
        names
    }

    /// Whether the value is written out: no name occurs and nothing is called.
    pub fn is_literal(&self) -> bool {
        self.expr.is_literal()
    }
}

/// An expression without the remark behind it, which would hide what is written after.
fn bare(text: &str) -> &str {
    let tokens = lexer::tokens(text, Place::None).unwrap_or_default();
    match (tokens.first(), tokens.iter().rev().nth(1)) {
        (Some(first), Some(last)) => &text[first.start..last.end],
        _ => text.trim(),
    }
}

/// A function from a structure: its source, and its definitions.
#[derive(Clone, Debug)]
pub struct Function {
    /// The name it is called by.
    pub name: Arc<str>,
    /// The source.
    pub source: Arc<str>,
    /// Where the source begins.
    pub place: Place,
    pub(crate) definitions: Arc<Vec<Arc<ast::Definition>>>,
}

impl PartialEq for Function {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.source == other.source
    }
}

impl Function {
    /// Reads a function; the source may hold further definitions that it uses.
    ///
    /// # Errors
    /// [`SesError::Syntax`] and [`SesError::Refused`], with the line inside the source.
    pub fn read(name: &str, source: &str, place: Place) -> Result<Self, SesError> {
        let definitions =
            statements::module(source, place).map_err(|error| error.within_function(name))?;
        if !definitions.iter().any(|definition| *definition.name == *name) {
            let what = format!("the source of {name} does not define it");
            return Err(SesError::Syntax { place, what });
        }
        let definitions = definitions.into_iter().map(Arc::new).collect();
        Ok(Self {
            name: name.into(),
            source: source.into(),
            place,
            definitions: Arc::new(definitions),
        })
    }
}
