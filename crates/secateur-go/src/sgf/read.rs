//! Bytes to trees.

use encoding_rs::{Encoding, UTF_8};

use super::charset::charsets;
use super::{Node, Property, Tree};
use crate::error::GoError;

/// Largest file that is read.
pub const BYTES_MAX: usize = 64 << 20;

/// Reads all games of a file. Text before the first `(;` is skipped. The charset is that of the
/// first `CA` (any of the Encoding Standard but UTF-16); without it UTF-8 when the bytes are
/// that, and else the likeliest. As the tree holds text, `CA` is UTF-8 there.
///
/// # Errors
/// [`GoError::Sgf`] with the offset for what is malformed, [`GoError::TooLarge`] above 64 MiB.
pub fn parse(bytes: &[u8]) -> Result<Tree, GoError> {
    if bytes.len() > BYTES_MAX {
        return Err(GoError::TooLarge { bytes: bytes.len(), most: BYTES_MAX });
    }
    let (likely, others) = charsets(bytes)?;
    parse_as(bytes, likely).or_else(|error| {
        others.iter().find_map(|charset| parse_as(bytes, charset).ok()).ok_or(error)
    })
}

fn parse_as(bytes: &[u8], charset: &'static Encoding) -> Result<Tree, GoError> {
    let mut reader = Reader { bytes, at: 0, charset };
    reader.at = reader.first_game().ok_or_else(|| fault(0, "there is no `(;`"))?;
    let mut tree = Tree::default();
    // For each open bracket the node that it hangs on, and where it was opened.
    let mut open: Vec<(Option<usize>, usize)> = Vec::new();
    let mut parent = None;
    let mut fresh = false;
    loop {
        reader.skip_blanks();
        let Some(byte) = reader.peek() else { break };
        match byte {
            b'(' => {
                if fresh {
                    return Err(fault(reader.at, "a variation without a node"));
                }
                open.push((parent, reader.at));
                fresh = true;
                reader.at += 1;
            }
            b')' => {
                if fresh {
                    return Err(fault(reader.at, "a variation without a node"));
                }
                let (before, _) =
                    open.pop().ok_or_else(|| fault(reader.at, "a `)` that closes nothing"))?;
                parent = before;
                reader.at += 1;
            }
            b';' => {
                if open.is_empty() {
                    return Err(fault(reader.at, "a node outside of a game"));
                }
                reader.at += 1;
                let properties = reader.properties()?;
                tree.nodes.push(Node { parent, properties });
                parent = Some(tree.nodes.len() - 1);
                fresh = false;
            }
            // What follows the last game is left alone, as some programs end files with 0 or text.
            _ if open.is_empty() => break,
            _ => return Err(fault(reader.at, "`;`, `(` or `)` is expected")),
        }
    }
    if let Some((_, at)) = open.last() {
        return Err(fault(*at, "a `(` that is never closed"));
    }
    if !bytes.is_ascii() || reader.charset != UTF_8 {
        declare_utf8(&mut tree);
    }
    Ok(tree)
}

fn declare_utf8(tree: &mut Tree) {
    for root in tree.nodes.iter_mut().filter(|node| node.parent.is_none()) {
        let values = vec!["UTF-8".to_owned()];
        match root.properties.iter_mut().find(|property| property.name == "CA") {
            Some(property) => property.values = values,
            None => root.properties.push(Property { name: "CA".to_owned(), values, offset: 0 }),
        }
    }
}

pub(super) fn fault(offset: usize, what: &str) -> GoError {
    GoError::Sgf { offset, what: what.to_owned() }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    charset: &'static Encoding,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn skip_blanks(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace() || byte == 0x0b) {
            self.at += 1;
        }
    }

    /// Where the first `(` stands that a `;` follows.
    fn first_game(&self) -> Option<usize> {
        let mut opened = None;
        for (at, byte) in self.bytes.iter().enumerate() {
            match byte {
                b'(' => opened = Some(at),
                b';' if opened.is_some() => return opened,
                byte if byte.is_ascii_whitespace() => {}
                _ => opened = None,
            }
        }
        None
    }

    fn properties(&mut self) -> Result<Vec<Property>, GoError> {
        let mut properties: Vec<Property> = Vec::new();
        loop {
            self.skip_blanks();
            if !self.peek().is_some_and(|byte| byte.is_ascii_alphabetic()) {
                return Ok(properties);
            }
            let offset = self.at;
            // Older files write names with small letters between, which do not count. Digits do
            // behind a capital.
            let mut name = String::new();
            while let Some(byte) = self.peek().filter(u8::is_ascii_alphanumeric) {
                if byte.is_ascii_uppercase() || (byte.is_ascii_digit() && !name.is_empty()) {
                    name.push(char::from(byte));
                }
                self.at += 1;
            }
            if name.is_empty() {
                return Err(fault(offset, "a property without capital letters"));
            }
            let mut values = Vec::new();
            loop {
                self.skip_blanks();
                if self.peek() != Some(b'[') {
                    break;
                }
                values.push(self.value()?);
            }
            if values.is_empty() {
                return Err(fault(self.at, &format!("property {name} without a value")));
            }
            match properties.iter_mut().find(|property| property.name == name) {
                Some(property) => property.values.append(&mut values),
                None => properties.push(Property { name, values, offset }),
            }
        }
    }

    fn value(&mut self) -> Result<String, GoError> {
        let opened = self.at;
        self.at += 1;
        let text = if self.charset == UTF_8 { self.utf8() } else { self.decoded() };
        text.ok_or_else(|| fault(opened, "a `[` that is never closed"))
    }

    /// Up to the closing bracket and over it.
    fn utf8(&mut self) -> Option<String> {
        let start = self.at;
        loop {
            match self.peek()? {
                b']' => break,
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
        let bytes = &self.bytes[start..self.at];
        self.at += 1;
        Some(String::from_utf8_lossy(bytes).into_owned())
    }

    /// The same in other charsets, where a bracket or a backslash may be the second byte of a
    /// character.
    fn decoded(&mut self) -> Option<String> {
        let mut decoder = self.charset.new_decoder_without_bom_handling();
        let mut text = String::new();
        let mut is_escaped = false;
        loop {
            let byte = [self.peek()?];
            self.at += 1;
            // A byte completes a few characters at most. To a string of any length, each call
            // would clear all of its spare room.
            let mut room = [0; 32];
            let (_, _, written, _) = decoder.decode_to_utf8(&byte, &mut room, false);
            for c in std::str::from_utf8(&room[..written]).unwrap_or_default().chars() {
                if is_escaped {
                    is_escaped = false;
                } else if c == ']' {
                    return Some(text);
                } else {
                    is_escaped = c == '\\';
                }
                text.push(c);
            }
        }
    }
}
