//! How a file separates its fields, found from its first lines.

use super::error::TableError;
use super::{Decimal, Options};

/// What separates fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delimiter {
    /// `,`
    Comma,
    /// A tab.
    Tab,
    /// `;`
    Semicolon,
    /// One or more spaces or tabs; those at the ends of a line separate nothing.
    Blanks,
}

impl Delimiter {
    /// The byte that the reader of the text is told; blanks are joined to tabs before.
    pub(super) fn byte(self) -> u8 {
        match self {
            Self::Comma => b',',
            Self::Tab | Self::Blanks => b'\t',
            Self::Semicolon => b';',
        }
    }

    fn splits(self, byte: u8) -> bool {
        match self {
            Self::Blanks => byte == b' ' || byte == b'\t',
            Self::Comma | Self::Tab | Self::Semicolon => byte == self.byte(),
        }
    }
}

/// What a byte is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Content,
    Split,
    Break,
}

/// A way through a text that knows where fields begin and which quotes are open.
struct Walk {
    delimiter: Delimiter,
    at_start: bool,
    quoted: bool,
    open: bool,
}

impl Walk {
    fn new(delimiter: Delimiter) -> Self {
        Self { delimiter, at_start: true, quoted: false, open: false }
    }

    fn step(&mut self, byte: u8) -> Part {
        if !self.open {
            let part = match byte {
                b'\n' | b'\r' => Part::Break,
                _ if self.delimiter.splits(byte) => Part::Split,
                _ => Part::Content,
            };
            if part != Part::Content {
                self.at_start = true;
                return part;
            }
        }
        if self.at_start {
            self.quoted = byte == b'"';
            self.open = self.quoted;
            self.at_start = false;
        } else if self.quoted && byte == b'"' {
            self.open = !self.open;
        }
        Part::Content
    }
}

/// Most bytes that are looked at to find a delimiter.
const LOOKED_AT: usize = 1 << 16;

/// The delimiter that splits the first lines into the same number of fields, more than one; of
/// several the first of semicolon, tab, comma, blanks. Where none does, the one that does so for
/// most lines.
pub(super) fn detect(text: &str, options: &Options) -> Delimiter {
    let all = [Delimiter::Semicolon, Delimiter::Tab, Delimiter::Comma, Delimiter::Blanks];
    let commas_split = options.decimal == Decimal::Point;
    let mut best = (0, if commas_split { Delimiter::Comma } else { Delimiter::Semicolon });
    for delimiter in all {
        if delimiter == Delimiter::Comma && !commas_split {
            continue;
        }
        let counts = fields_of_lines(text.as_bytes(), delimiter, options.comment);
        let first = counts.first().copied().unwrap_or(0);
        if first < 2 {
            continue;
        }
        let same = counts.iter().filter(|count| **count == first).count();
        if same == counts.len() {
            return delimiter;
        }
        if same > best.0 {
            best = (same, delimiter);
        }
    }
    best.1
}

/// The number of fields in each of the first lines that are not blank.
fn fields_of_lines(bytes: &[u8], delimiter: Delimiter, comment: Option<u8>) -> Vec<usize> {
    let is_cut = bytes.len() > LOOKED_AT;
    let bytes = &bytes[..bytes.len().min(LOOKED_AT)];
    let mut walk = Walk::new(delimiter);
    let mut counts = Vec::new();
    let mut line = Line::default();
    for byte in bytes {
        let part = walk.step(*byte);
        if part == Part::Break {
            counts.extend(line.fields(delimiter, comment));
            line = Line::default();
        } else {
            line.first = line.first.or(Some(*byte));
            line.splits += usize::from(part == Part::Split);
            line.runs += usize::from(part == Part::Content && !line.in_run);
            line.in_run = part == Part::Content;
            line.blank &= byte.is_ascii_whitespace();
        }
    }
    if !is_cut {
        counts.extend(line.fields(delimiter, comment));
    }
    counts
}

/// A line on the way through it.
struct Line {
    first: Option<u8>,
    splits: usize,
    /// Runs of content between delimiters.
    runs: usize,
    in_run: bool,
    blank: bool,
}

impl Default for Line {
    fn default() -> Self {
        Self { first: None, splits: 0, runs: 0, in_run: false, blank: true }
    }
}

impl Line {
    fn fields(&self, delimiter: Delimiter, comment: Option<u8>) -> Option<usize> {
        if self.blank || comment.is_some() && self.first == comment {
            return None;
        }
        Some(if delimiter == Delimiter::Blanks { self.runs } else { self.splits + 1 })
    }
}

/// The text with each run of blanks outside of quotes as one tab, and none at the ends of lines.
/// Line breaks stay.
pub(super) fn joined(text: &str) -> Vec<u8> {
    let mut walk = Walk::new(Delimiter::Blanks);
    let mut out = Vec::with_capacity(text.len());
    let (mut waits, mut in_line) = (false, false);
    for byte in text.bytes() {
        match walk.step(byte) {
            Part::Split => waits = in_line,
            Part::Break => {
                (waits, in_line) = (false, false);
                out.push(byte);
            }
            Part::Content => {
                if waits {
                    out.push(b'\t');
                }
                (waits, in_line) = (false, true);
                out.push(byte);
            }
        }
    }
    out
}

/// Refuses a quote that is never closed; `bytes` are as the reader gets them.
pub(super) fn check_quotes(bytes: &[u8], delimiter: Delimiter) -> Result<(), TableError> {
    if !bytes.contains(&b'"') {
        return Ok(());
    }
    let delimiter = if delimiter == Delimiter::Blanks { Delimiter::Tab } else { delimiter };
    let mut walk = Walk::new(delimiter);
    let mut opening = 0;
    for (at, byte) in bytes.iter().enumerate() {
        let was_start = walk.at_start;
        walk.step(*byte);
        if was_start && walk.open {
            opening = at;
        }
    }
    if !walk.open {
        return Ok(());
    }
    let before = &bytes[..opening];
    let line_start = before.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
    let character = String::from_utf8_lossy(&before[line_start..]).chars().count() + 1;
    Err(TableError::Quote { line: line_of(bytes, opening), character })
}

/// The line, from 1, that a byte lies in. Lines end with `\n`, `\r\n` or `\r`.
pub(super) fn line_of(bytes: &[u8], at: usize) -> usize {
    let ends = |at: usize| match bytes[at] {
        b'\n' => true,
        b'\r' => bytes.get(at + 1) != Some(&b'\n'),
        _ => false,
    };
    1 + (0..at.min(bytes.len())).filter(|at| ends(*at)).count()
}

/// The line of the record that a reader found at a byte: blank lines and remarks before it are
/// not part of it.
pub(super) fn line_of_record(bytes: &[u8], at: usize, comment: Option<u8>) -> usize {
    let mut at = at;
    while let Some(byte) = bytes.get(at) {
        if Some(*byte) == comment {
            at += bytes[at..].iter().position(|b| *b == b'\n').unwrap_or(bytes.len() - at);
        } else if !matches!(byte, b'\n' | b'\r') {
            break;
        } else {
            at += 1;
        }
    }
    line_of(bytes, at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: Delimiter) {
        assert_eq!(detect(text, &Options::default()), expect, "{text:?}");
    }

    #[test]
    fn delimiters_are_found() {
        check("a,b\n1,2\n", Delimiter::Comma);
        check("a\tb\n1\t2\n", Delimiter::Tab);
        check("a;b;c\n1,5;2,5;3,5\n", Delimiter::Semicolon);
        check("1 2  3\n 4 5 6 \n\n", Delimiter::Blanks);
        check("cement (kg/m3), water (kg/m3)\n1, 2\n", Delimiter::Comma);
        check("\"a b\",\"c, d\"\n1,2\n", Delimiter::Comma);
        check("a\n1\n", Delimiter::Comma);
        check("a,b\n1,2\n3\n", Delimiter::Comma);
        let commas = Options { decimal: Decimal::Comma, ..Options::default() };
        assert_eq!(detect("1,5 2,5\n3,5 4,5\n", &commas), Delimiter::Blanks);
    }

    #[test]
    fn blanks_are_joined_outside_of_quotes() {
        assert_eq!(joined("  a  \"b  c\" \t d \r\n1 2 3"), b"a\t\"b  c\"\td\r\n1\t2\t3");
    }

    #[test]
    fn open_quotes_are_placed() {
        let check = |text: &str| check_quotes(text.as_bytes(), Delimiter::Comma);
        assert_eq!(check("a,b\n\"1\",\"2\"\"\"\n"), Ok(()));
        assert_eq!(check("a,b\n5\" pipe,2\n"), Ok(()), "a quote inside a field opens nothing");
        assert_eq!(check("a,b\n1,\"2\n3,4\n"), Err(TableError::Quote { line: 2, character: 3 }));
    }
}
