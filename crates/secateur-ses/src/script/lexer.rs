//! Text into tokens; the language of structures and the expressions in it share them.

use std::sync::Arc;

use crate::error::SesError;
use crate::place::Place;

/// A token with its place.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) place: Place,
    /// Byte at which it begins.
    pub(crate) start: usize,
    /// Byte after its end.
    pub(crate) end: usize,
    /// How far it is indented, when it begins a line outside all brackets.
    pub(crate) indent: Option<u32>,
}

/// What a token is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum TokenKind {
    Name(Arc<str>),
    Int(i64),
    Float(f64),
    Text(Arc<str>),
    Mark(&'static str),
    End,
}

impl TokenKind {
    /// The token for a message.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Name(name) => format!("`{name}`"),
            Self::Int(value) => format!("`{value}`"),
            Self::Float(value) => format!("`{value}`"),
            Self::Text(_) => "a text".to_owned(),
            Self::Mark("\n") => "the end of the line".to_owned(),
            Self::Mark(mark) => format!("`{mark}`"),
            Self::End => "the end".to_owned(),
        }
    }
}

/// Marks, the longer ones first.
const MARKS: [&str; 41] = [
    "**=", "//=", "<<", ">>", ":=", "->", "..", "==", "!=", "<=", ">=", "**", "//", "+=", "-=",
    "*=", "/=", "%=", "(", ")", "[", "]", "{", "}", ",", ":", ";", ".", "=", "<", ">", "+", "-",
    "*", "/", "%", "@", "&", "|", "^", "~",
];

/// Cuts a text that begins at `origin` into tokens; the last is [`TokenKind::End`].
///
/// # Errors
/// [`SesError::Syntax`] for a character or a text that is none.
pub(crate) fn tokens(text: &str, origin: Place) -> Result<Vec<Token>, SesError> {
    Lexer { text, at: 0, line: 1, line_start: 0, depth: 0, origin, tokens: Vec::new() }.run()
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    line: u32,
    line_start: usize,
    /// Open brackets.
    depth: usize,
    origin: Place,
    tokens: Vec<Token>,
}

impl Lexer<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn place_at(&self, at: usize) -> Place {
        let column = self.text[self.line_start..at].chars().count() as u32 + 1;
        Place::text(self.line, column).within(self.origin)
    }

    fn fault(&self, what: impl Into<String>) -> SesError {
        SesError::Syntax { place: self.place_at(self.at), what: what.into() }
    }

    fn newline(&mut self, after: usize) {
        self.line += 1;
        self.line_start = after;
    }

    fn run(mut self) -> Result<Vec<Token>, SesError> {
        // The column of a token is counted from the last one of its line, so that a long line
        // costs no more than a short one.
        let mut fresh = true;
        let mut counted = (0, 0, 1_u32);
        while let Some(c) = self.rest().chars().next() {
            if c == '\n' {
                self.at += 1;
                self.newline(self.at);
                fresh = true;
                continue;
            }
            if c.is_whitespace() || c == '\u{feff}' {
                self.at += c.len_utf8();
                continue;
            }
            if c == '#' {
                self.at += self.rest().find('\n').unwrap_or(self.rest().len());
                continue;
            }
            if c == '\\' && self.continued() {
                continue;
            }
            let indent = (fresh && self.depth == 0).then(|| self.indent());
            fresh = false;
            let start = self.at;
            let column = if counted.0 == self.line {
                counted.2 + self.text[counted.1..start].chars().count() as u32
            } else {
                self.text[self.line_start..start].chars().count() as u32 + 1
            };
            counted = (self.line, start, column);
            let place = Place::text(self.line, column).within(self.origin);
            let kind = self.token(c)?;
            self.tokens.push(Token { kind, place, start, end: self.at, indent });
        }
        let place = self.place_at(self.at);
        self.tokens.push(Token {
            kind: TokenKind::End,
            place,
            start: self.at,
            end: self.at,
            indent: Some(0),
        });
        Ok(self.tokens)
    }

    /// A line that goes on after a backslash.
    fn continued(&mut self) -> bool {
        let rest = self.rest();
        let length = ["\\\n", "\\\r\n"].iter().find(|end| rest.starts_with(**end)).map(|e| e.len());
        if let Some(length) = length {
            self.at += length;
            self.newline(self.at);
        }
        length.is_some()
    }

    fn indent(&self) -> u32 {
        let mut width = 0;
        for c in self.text[self.line_start..self.at].chars() {
            width = if c == '\t' { width / 8 * 8 + 8 } else { width + 1 };
        }
        width
    }

    fn token(&mut self, c: char) -> Result<TokenKind, SesError> {
        if c.is_alphabetic() || c == '_' {
            let rest = self.rest();
            let length =
                rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
            let name: Arc<str> = rest[..length].into();
            let prefix = name.len() < 3 && name.chars().all(|c| "bBfFrRuU".contains(c));
            if prefix && rest[length..].starts_with(['"', '\'']) {
                let (place, name) =
                    (self.place_at(self.at), format!("a text that begins with {name}"));
                return Err(SesError::Refused { place, name, allowed: "texts have no prefix" });
            }
            self.at += length;
            return Ok(TokenKind::Name(name));
        }
        if c.is_ascii_digit() || (c == '.' && self.digit_after_dot()) {
            return self.number();
        }
        if c == '"' || c == '\'' {
            return self.quoted(c);
        }
        let mark = MARKS.into_iter().find(|mark| self.rest().starts_with(mark));
        let Some(mark) = mark else {
            let shown: String = c.escape_default().collect();
            return Err(self.fault(format!("the character `{shown}` means nothing here")));
        };
        match mark {
            "(" | "[" | "{" => self.depth += 1,
            ")" | "]" | "}" => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        self.at += mark.len();
        Ok(TokenKind::Mark(mark))
    }

    fn digit_after_dot(&self) -> bool {
        let bytes = &self.text.as_bytes()[self.at..];
        let after_dot = self.at > 0 && self.text.as_bytes()[self.at - 1] == b'.';
        bytes.get(1).is_some_and(u8::is_ascii_digit) && !after_dot
    }

    fn number(&mut self) -> Result<TokenKind, SesError> {
        let bytes = &self.text.as_bytes()[self.at..];
        let digits = |from: usize| bytes[from..].iter().take_while(|b| b.is_ascii_digit()).count();
        let mut length = digits(0);
        let mut real = false;
        if bytes.get(length) == Some(&b'.') && bytes.get(length + 1) != Some(&b'.') {
            real = true;
            length += 1 + digits(length + 1);
        }
        if matches!(bytes.get(length), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(bytes.get(length + 1), Some(b'+' | b'-')));
            let exponent = digits(length + 1 + sign);
            if exponent > 0 {
                real = true;
                length += 1 + sign + exponent;
            }
        }
        let word = &self.text[self.at..self.at + length];
        let after = self.text[self.at + length..].chars().next();
        if after.is_some_and(|c| c.is_alphanumeric() || c == '_') {
            return Err(self.fault(format!("{word} runs into a letter")));
        }
        let kind = if real {
            word.parse().ok().filter(|value: &f64| value.is_finite()).map(TokenKind::Float)
        } else {
            word.parse().ok().map(TokenKind::Int)
        };
        let Some(kind) = kind else { return Err(self.fault("the number is too large")) };
        self.at += length;
        Ok(kind)
    }

    fn quoted(&mut self, quote: char) -> Result<TokenKind, SesError> {
        let triple: String = std::iter::repeat_n(quote, 3).collect();
        let long = self.rest().starts_with(&triple);
        let closing = if long { triple } else { quote.to_string() };
        let opened = self.place_at(self.at);
        let mut value = String::new();
        self.at += closing.len();
        loop {
            if self.rest().starts_with(&closing) {
                self.at += closing.len();
                return Ok(TokenKind::Text(value.into()));
            }
            let Some(c) = self.rest().chars().next() else {
                return Err(SesError::Syntax { place: opened, what: "the text never ends".into() });
            };
            if c == '\n' && !long {
                let what = "the text ends with its line; close it, or use three quotes".into();
                return Err(SesError::Syntax { place: opened, what });
            }
            self.at += c.len_utf8();
            if c == '\n' {
                self.newline(self.at);
            }
            if c == '\\' {
                self.escape(&mut value)?;
            } else {
                value.push(c);
            }
        }
    }

    fn escape(&mut self, value: &mut String) -> Result<(), SesError> {
        let Some(c) = self.rest().chars().next() else {
            return Err(self.fault("the text never ends"));
        };
        self.at += c.len_utf8();
        match c {
            'n' => value.push('\n'),
            't' => value.push('\t'),
            'r' => value.push('\r'),
            '0' => value.push('\0'),
            '\n' => self.newline(self.at),
            '\\' | '\'' | '"' => value.push(c),
            'x' | 'u' => {
                let length = if c == 'x' { 2 } else { 4 };
                let digits = self.rest().get(..length);
                let number = digits.and_then(|d| u32::from_str_radix(d, 16).ok());
                let Some(c) = number.and_then(char::from_u32) else {
                    return Err(self.fault(format!("after \\{c} come {length} hexadecimal digits")));
                };
                self.at += length;
                value.push(c);
            }
            // As Python does: an unknown escape stands for itself.
            other => {
                value.push('\\');
                value.push(other);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: &[TokenKind]) {
        let found = tokens(text, Place::text(1, 1)).unwrap();
        let kinds: Vec<_> = found.into_iter().map(|t| t.kind).collect();
        assert_eq!(kinds[..kinds.len() - 1], *expect);
    }

    #[test]
    fn ranges_are_no_numbers_with_dots() {
        use TokenKind::{Float, Int, Mark, Name, Text};
        check("1..8", &[Int(1), Mark(".."), Int(8)]);
        check("1.5..8.", &[Float(1.5), Mark(".."), Float(8.0)]);
        check(".5 a.b", &[Float(0.5), Name("a".into()), Mark("."), Name("b".into())]);
        check("'a\\tb' # c", &[Text("a\tb".into())]);
    }

    #[test]
    fn places_count_characters() {
        let found = tokens("ä b\n  c", Place::text(10, 5)).unwrap();
        let places: Vec<_> = found.iter().map(|t| t.place).collect();
        assert_eq!(places[..3], [Place::text(10, 5), Place::text(10, 7), Place::text(11, 3)]);
        let fault = tokens("a\n 'b", Place::text(1, 1)).unwrap_err();
        assert!(fault.to_string().starts_with("line 2, column 2"), "{fault}");
        assert!(tokens("99999999999999999999", Place::None).is_err());
    }
}
