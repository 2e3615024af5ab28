//! A look at the bytes of a model before they are decoded: that lengths are inside each other,
//! how deep and how many messages there are, and which fields decoding would drop.

mod fields;

use std::collections::BTreeMap;
use std::path::Path;

use crate::error::OnnxError;

/// Messages inside messages, as the decoder reads. A subgraph takes three of them.
const DEPTH_MAX: usize = 100;
/// Messages of any file; an empty one takes two bytes in the file and hundreds in memory.
const MESSAGES_MAX: u64 = 1 << 20;
/// Bytes of a file that allow one message more.
const MESSAGE_BYTES: u64 = 8;
/// Unknown fields that are named.
const NAMED_MAX: usize = 8;

/// What a field holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Varint,
    Fixed32,
    Fixed64,
    Bytes,
    /// The message of this number in the list.
    Message(usize),
}

/// A message of the schema.
struct Message {
    name: &'static str,
    /// Number, name, content.
    fields: &'static [(u32, &'static str, Kind)],
}

/// A message that is being looked at.
struct Frame {
    message: usize,
    end: usize,
    /// Graphs around the message, itself included.
    graphs: usize,
}

/// Looks at a whole file; gives the fields that decoding drops, in words, if there are any.
pub(crate) fn check(path: &Path, bytes: &[u8]) -> Result<Option<String>, OnnxError> {
    let mut walk = Walk { path, bytes, at: 0, unknown: BTreeMap::new() };
    let mut stack = vec![Frame { message: fields::MODEL, end: bytes.len(), graphs: 0 }];
    let messages_max = MESSAGES_MAX.max(bytes.len() as u64 / MESSAGE_BYTES);
    let mut messages = 1;
    while let Some(frame) = stack.last() {
        if walk.at == frame.end {
            stack.pop();
            continue;
        }
        let (message, end, graphs) = (frame.message, frame.end, frame.graphs);
        let Some(inner) = walk.field(message, end)? else { continue };
        messages += 1;
        if messages > messages_max {
            return Err(walk.limit("messages in the file", messages, messages_max));
        }
        let is_graph = fields::MESSAGES[inner.message].name == "GraphProto";
        let graphs = graphs + usize::from(is_graph);
        if stack.len() > DEPTH_MAX {
            let what =
                format!("messages in messages, with subgraphs {} deep", graphs.saturating_sub(1));
            return Err(walk.limit(&what, stack.len() as u64, DEPTH_MAX as u64));
        }
        stack.push(Frame { graphs, ..inner });
    }
    Ok(walk.lost())
}

struct Walk<'a> {
    path: &'a Path,
    bytes: &'a [u8],
    at: usize,
    /// Message and number of unknown fields, with how often they stand there.
    unknown: BTreeMap<(&'static str, u32), u64>,
}

impl Walk<'_> {
    /// Reads a field; a message is given back instead of read.
    fn field(&mut self, message: usize, end: usize) -> Result<Option<Frame>, OnnxError> {
        let start = self.at;
        let schema = &fields::MESSAGES[message];
        let (number, wire) = self.tag(end, schema)?;
        let known = schema.fields.iter().find(|(n, ..)| *n == number);
        let Some((_, name, kind)) = known else {
            *self.unknown.entry((schema.name, number)).or_default() += 1;
            self.skip(wire, number, end, schema)?;
            return Ok(None);
        };
        match (kind, wire) {
            (Kind::Message(inner), 2) => {
                let length = self.length(end, schema)?;
                Ok(Some(Frame { message: *inner, end: self.at + length, graphs: 0 }))
            }
            // Numbers may also stand one after the other in a run of bytes.
            (Kind::Varint, 0) | (Kind::Fixed32, 5) | (Kind::Fixed64, 1) => {
                self.skip(wire, number, end, schema).map(|()| None)
            }
            (Kind::Varint | Kind::Fixed32 | Kind::Fixed64 | Kind::Bytes, 2) => {
                self.skip(wire, number, end, schema).map(|()| None)
            }
            _ => Err(self.bad(start, format!("field {name} of {} has another kind", schema.name))),
        }
    }

    /// Number and wire type of the next field.
    fn tag(&mut self, end: usize, schema: &Message) -> Result<(u32, u32), OnnxError> {
        let start = self.at;
        let tag = self.varint(end, schema)?;
        let (number, wire) = (tag >> 3, (tag & 7) as u32);
        match u32::try_from(number) {
            Ok(number) if (1..1 << 29).contains(&number) => Ok((number, wire)),
            _ => Err(self.bad(start, format!("a field of {} has number {number}", schema.name))),
        }
    }

    /// Skips what follows a tag, also groups, which no current message has.
    fn skip(
        &mut self,
        wire: u32,
        number: u32,
        end: usize,
        schema: &Message,
    ) -> Result<(), OnnxError> {
        let mut groups: Vec<u32> = Vec::new();
        let (mut wire, mut number) = (wire, number);
        loop {
            let start = self.at;
            match wire {
                0 => _ = self.varint(end, schema)?,
                1 => self.advance(8, end, schema)?,
                2 => {
                    let length = self.length(end, schema)?;
                    self.at += length;
                }
                3 if groups.len() < DEPTH_MAX => groups.push(number),
                4 if groups.last() == Some(&number) => _ = groups.pop(),
                5 => self.advance(4, end, schema)?,
                _ => return Err(self.bad(start, format!("a field of {} is damaged", schema.name))),
            }
            if groups.is_empty() {
                return Ok(());
            }
            (number, wire) = self.tag(end, schema)?;
        }
    }

    fn length(&mut self, end: usize, schema: &Message) -> Result<usize, OnnxError> {
        let start = self.at;
        let length = self.varint(end, schema)?;
        let there = end - self.at;
        match usize::try_from(length) {
            Ok(length) if length <= there => Ok(length),
            _ => {
                let name = schema.name;
                let why = format!("a field of {name} claims {length} bytes, and {there} follow");
                Err(self.bad(start, why))
            }
        }
    }

    fn advance(&mut self, bytes: usize, end: usize, schema: &Message) -> Result<(), OnnxError> {
        if end - self.at < bytes {
            return Err(self.bad(self.at, format!("{} ends inside a number", schema.name)));
        }
        self.at += bytes;
        Ok(())
    }

    fn varint(&mut self, end: usize, schema: &Message) -> Result<u64, OnnxError> {
        let start = self.at;
        let mut value = 0;
        for (place, byte) in self.bytes[start..end].iter().take(10).enumerate() {
            value |= u64::from(byte & 0x7f) << (7 * place);
            if byte & 0x80 == 0 {
                self.at = start + place + 1;
                return Ok(value);
            }
        }
        Err(self.bad(start, format!("{} ends inside a number", schema.name)))
    }

    fn bad(&self, at: usize, reason: String) -> OnnxError {
        OnnxError::Protobuf { path: self.path.to_owned(), offset: Some(at as u64), reason }
    }

    fn limit(&self, what: &str, found: u64, limit: u64) -> OnnxError {
        OnnxError::Limit { path: self.path.to_owned(), what: what.to_owned(), found, limit }
    }

    fn lost(&self) -> Option<String> {
        if self.unknown.is_empty() {
            return None;
        }
        let shown = self.unknown.iter().take(NAMED_MAX);
        let mut names: Vec<String> = shown
            .map(|((message, number), count)| match count {
                1 => format!("field {number} of {message}"),
                _ => format!("field {number} of {message} ({count} times)"),
            })
            .collect();
        if self.unknown.len() > NAMED_MAX {
            names.push(format!("and {} more", self.unknown.len() - NAMED_MAX));
        }
        Some(format!("this version does not know {}", names.join(", ")))
    }
}
