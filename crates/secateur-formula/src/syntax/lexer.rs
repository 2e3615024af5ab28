//! Words of a formula.

use super::{Place, Syntax};
use crate::error::FormulaError;

/// A word of a formula.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Number(f64),
    /// A bare name.
    Name(String),
    /// A name in backquotes or brackets.
    Quoted(String),
    Plus,
    Minus,
    Times,
    Over,
    Power,
    Percent,
    Greater,
    Open,
    Close,
    /// A comma or, in Excel, a semicolon.
    Comma,
    End,
}

/// The words of a text, one after the other.
pub(super) struct Lexer<'a> {
    text: &'a str,
    at: usize,
    syntax: Syntax,
    /// Numbers are written `1,5` and operands separated by semicolons.
    comma_decimals: bool,
}

/// Whether the operands are separated by semicolons.
fn has_semicolons(text: &str) -> bool {
    let mut depth = 0_usize;
    text.chars().any(|c| {
        match c {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && c == ';'
    })
}

impl<'a> Lexer<'a> {
    /// The words of `text` from a byte on.
    pub(super) fn new(text: &'a str, from: usize, syntax: Syntax) -> Self {
        let comma_decimals = syntax == Syntax::Excel && has_semicolons(&text[from..]);
        Self { text, at: from, syntax, comma_decimals }
    }

    fn wrong(&self, at: usize, what: impl Into<String>) -> FormulaError {
        FormulaError::Syntax { place: Place::of(self.text, at), what: what.into() }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// The next word and the byte at which it begins.
    pub(super) fn next(&mut self) -> Result<(Token, usize), FormulaError> {
        loop {
            let start = self.blank();
            if let Some(token) = self.word(start)? {
                return Ok((token, start));
            }
        }
    }

    /// Skips what is no word; the byte at which the next word begins.
    fn blank(&mut self) -> usize {
        loop {
            let rest = self.rest();
            self.at += rest.len() - rest.trim_start().len();
            if self.syntax == Syntax::Excel || !self.rest().starts_with('#') {
                return self.at;
            }
            self.at += self.rest().find('\n').unwrap_or(self.rest().len());
        }
    }

    /// The word at the place; none for the name of a sheet before a cell.
    fn word(&mut self, start: usize) -> Result<Option<Token>, FormulaError> {
        let Some(first) = self.rest().chars().next() else { return Ok(Some(Token::End)) };
        if first.is_ascii_digit() || first == '.' {
            return self.number().map(Some);
        }
        if first.is_alphabetic() || first == '_' || first == '$' {
            return Ok(self.name());
        }
        self.at += first.len_utf8();
        let token = match first {
            '+' => Token::Plus,
            '-' | '\u{2212}' => Token::Minus,
            '*' if self.rest().starts_with('*') && self.syntax != Syntax::Excel => {
                self.at += 1;
                Token::Power
            }
            '*' | '\u{b7}' | '\u{d7}' => Token::Times,
            '/' => Token::Over,
            '^' => Token::Power,
            '%' if self.syntax == Syntax::Excel => Token::Percent,
            '>' => Token::Greater,
            '(' => Token::Open,
            ')' => Token::Close,
            ',' => Token::Comma,
            ';' if self.syntax == Syntax::Excel => Token::Comma,
            '`' => self.backquoted(start)?,
            '[' => self.bracketed(start)?,
            '\'' if self.syntax == Syntax::Excel => {
                let end = self.rest().find("'!");
                let end = end.ok_or_else(|| self.wrong(start, "the quote is not closed"))?;
                self.at += end + 2;
                return Ok(None);
            }
            other => {
                let what = match other {
                    '%' => "there is no operator %; the remainder is not supported".to_owned(),
                    '=' => "an equation was found where a formula is expected; give its right side"
                        .to_owned(),
                    _ => format!("there is no operator {other:?}; there are + - * / ^ and **"),
                };
                return Err(self.wrong(start, what));
            }
        };
        Ok(Some(token))
    }

    fn number(&mut self) -> Result<Token, FormulaError> {
        let start = self.at;
        let bytes = self.rest().as_bytes();
        let digits = |mut at: usize| {
            while bytes.get(at).is_some_and(u8::is_ascii_digit) {
                at += 1;
            }
            at
        };
        let mut end = digits(0);
        let whole = end > 0;
        let point =
            bytes.get(end) == Some(&b'.') || self.comma_decimals && bytes.get(end) == Some(&b',');
        if point {
            let after = digits(end + 1);
            if !whole && after == end + 1 {
                return Err(self.wrong(start, "a digit is expected beside the point"));
            }
            end = after;
        }
        if matches!(bytes.get(end), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
            let after = digits(end + 1 + sign);
            if after > end + 1 + sign {
                end = after;
            }
        }
        let written = &self.rest()[..end];
        self.at += end;
        let value: f64 = written.replace(',', ".").parse().expect("digits are a number");
        if !value.is_finite() {
            let place = Place::of(self.text, start);
            return Err(FormulaError::NotFinite { place, text: written.to_owned() });
        }
        Ok(Token::Number(value))
    }

    fn name(&mut self) -> Option<Token> {
        let rest = self.rest();
        // A point joins a module to its function, and parts of names that tools make.
        let part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '$');
        let end = rest.find(|c: char| !part(c)).unwrap_or(rest.len());
        let name = rest[..end].to_owned();
        self.at += end;
        if self.syntax == Syntax::Excel {
            if self.rest().starts_with('!') {
                self.at += 1;
                return None;
            }
            // `Table1[column]` is the column.
            if self.rest().starts_with('[') {
                let start = self.at;
                self.at += 1;
                if let Ok(token) = self.bracketed(start) {
                    return Some(token);
                }
                self.at = start;
            }
        }
        Some(Token::Name(name))
    }

    /// A name in backquotes; two of them stand for one in the name.
    fn backquoted(&mut self, start: usize) -> Result<Token, FormulaError> {
        let mut name = String::new();
        loop {
            let end = self.rest().find('`');
            let end = end.ok_or_else(|| self.wrong(start, "the backquote is not closed"))?;
            name.push_str(&self.rest()[..end]);
            self.at += end + 1;
            if !self.rest().starts_with('`') {
                return Ok(Token::Quoted(name));
            }
            name.push('`');
            self.at += 1;
        }
    }

    /// A name in brackets; in Excel also `[@name]` and `[@[name]]`.
    fn bracketed(&mut self, start: usize) -> Result<Token, FormulaError> {
        let excel = self.syntax == Syntax::Excel;
        if excel && self.rest().starts_with('@') {
            self.at += 1;
        }
        let nested = excel && self.rest().starts_with('[');
        let close = if nested { "]]" } else { "]" };
        let from = self.at + usize::from(nested);
        let end = self.text[from..].find(close);
        let end = end.ok_or_else(|| self.wrong(start, "the bracket is not closed"))?;
        self.at = from + end + close.len();
        Ok(Token::Quoted(self.text[from..from + end].to_owned()))
    }
}
