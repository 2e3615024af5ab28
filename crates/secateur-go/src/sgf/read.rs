//! Bytes to trees.

use super::{Node, Property, Tree};
use crate::error::GoError;

/// Largest file that is read.
pub const BYTES_MAX: usize = 64 << 20;

/// How text is stored.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Charset {
    Utf8,
    Latin1,
}

/// Reads all games of a file. Text before the first `(;` is skipped. The charset is what `CA`
/// says; without it UTF-8 when the bytes are that, and else Latin-1.
///
/// # Errors
/// [`GoError::Sgf`] with the offset for what is malformed, [`GoError::TooLarge`] above 64 MiB.
pub fn parse(bytes: &[u8]) -> Result<Tree, GoError> {
    if bytes.len() > BYTES_MAX {
        return Err(GoError::TooLarge { bytes: bytes.len(), most: BYTES_MAX });
    }
    let mut reader = Reader { bytes, at: 0, charset: charset(bytes)? };
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
    match open.last() {
        Some((_, at)) => Err(fault(*at, "a `(` that is never closed")),
        None => Ok(tree),
    }
}

pub(super) fn fault(offset: usize, what: &str) -> GoError {
    GoError::Sgf { offset, what: what.to_owned() }
}

/// The charset of a file, from its first `CA`.
fn charset(bytes: &[u8]) -> Result<Charset, GoError> {
    let named = bytes.windows(3).position(|window| window == b"CA[");
    let Some(at) = named else {
        let is_utf8 = std::str::from_utf8(bytes).is_ok();
        return Ok(if is_utf8 { Charset::Utf8 } else { Charset::Latin1 });
    };
    let rest = &bytes[at + 3..];
    let end = rest.iter().take(40).position(|byte| *byte == b']').unwrap_or(0);
    let name = String::from_utf8_lossy(&rest[..end]).trim().to_ascii_lowercase();
    match name.as_str() {
        "" | "utf-8" | "utf8" | "us-ascii" | "ascii" => {
            let is_utf8 = std::str::from_utf8(bytes).is_ok();
            Ok(if is_utf8 { Charset::Utf8 } else { Charset::Latin1 })
        }
        "iso-8859-1" | "iso8859-1" | "iso_8859-1" | "latin1" | "latin-1" => Ok(Charset::Latin1),
        _ if bytes.is_ascii() => Ok(Charset::Utf8),
        _ => Err(GoError::Charset { name, offset: at }),
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    charset: Charset,
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
            // Older files write names with small letters between, which do not count.
            let mut name = String::new();
            while let Some(byte) = self.peek().filter(u8::is_ascii_alphanumeric) {
                if !byte.is_ascii_lowercase() {
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
        let start = self.at;
        loop {
            match self.peek() {
                None => return Err(fault(opened, "a `[` that is never closed")),
                Some(b']') => break,
                Some(b'\\') => self.at += 2,
                Some(_) => self.at += 1,
            }
        }
        let bytes = self.bytes.get(start..self.at).unwrap_or_default();
        self.at += 1;
        Ok(match self.charset {
            Charset::Utf8 => String::from_utf8_lossy(bytes).into_owned(),
            Charset::Latin1 => bytes.iter().map(|byte| char::from(*byte)).collect(),
        })
    }
}
