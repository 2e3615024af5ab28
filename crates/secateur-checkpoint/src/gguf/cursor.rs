//! Reading the header from its first byte to its last.

use std::fmt;
use std::path::Path;

use super::GgufError;

/// Bytes of header that are read; the largest vocabularies need a fifth of it.
pub(super) const HEADER_MAX: u64 = 100 << 20;

/// A place in a file. Every step is checked against the file's length before it is taken.
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
    pub(super) path: &'a Path,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a [u8], path: &'a Path) -> Self {
        Self { bytes, at: 0, path }
    }

    /// Offset of the next byte.
    pub(super) fn at(&self) -> u64 {
        self.at as u64
    }

    /// Bytes from here to the end of the file.
    pub(super) fn left(&self) -> u64 {
        (self.bytes.len() - self.at) as u64
    }

    /// Checks that `count` pieces of at least `size` bytes can follow.
    pub(super) fn expect(
        &self,
        count: u64,
        size: u64,
        what: fmt::Arguments<'_>,
    ) -> Result<(), GgufError> {
        let needed = count.saturating_mul(size);
        if needed > self.left() {
            return Err(GgufError::Truncated {
                path: self.path.to_owned(),
                what: what.to_string(),
                offset: self.at(),
                needed,
                left: self.left(),
            });
        }
        if self.at() + needed > HEADER_MAX {
            return Err(GgufError::Limit {
                path: self.path.to_owned(),
                what: format!("the header up to the end of {what}"),
                offset: 0,
                found: self.at() + needed,
                limit: HEADER_MAX,
            });
        }
        Ok(())
    }

    /// The next `count` times `size` bytes.
    pub(super) fn take(
        &mut self,
        count: u64,
        size: u64,
        what: fmt::Arguments<'_>,
    ) -> Result<&'a [u8], GgufError> {
        self.expect(count, size, what)?;
        // The product is no larger than the file, which is in memory.
        let end = self.at + (count * size) as usize;
        let bytes = &self.bytes[self.at..end];
        self.at = end;
        Ok(bytes)
    }

    fn array<const N: usize>(&mut self, what: fmt::Arguments<'_>) -> Result<[u8; N], GgufError> {
        let bytes = self.take(1, N as u64, what)?;
        Ok(bytes.try_into().expect("as many bytes as were taken"))
    }

    pub(super) fn u32(&mut self, what: fmt::Arguments<'_>) -> Result<u32, GgufError> {
        Ok(u32::from_le_bytes(self.array(what)?))
    }

    pub(super) fn u64(&mut self, what: fmt::Arguments<'_>) -> Result<u64, GgufError> {
        Ok(u64::from_le_bytes(self.array(what)?))
    }

    /// A string: its length as a u64, then UTF-8.
    pub(super) fn string(
        &mut self,
        limit: u64,
        what: fmt::Arguments<'_>,
    ) -> Result<&'a str, GgufError> {
        let offset = self.at();
        let len = self.u64(format_args!("the length of {what}"))?;
        // A length that the file cannot hold is damage, whatever the limit is.
        self.expect(len, 1, what)?;
        if len > limit {
            return Err(GgufError::Limit {
                path: self.path.to_owned(),
                what: format!("the length of {what}"),
                offset,
                found: len,
                limit,
            });
        }
        let start = self.at();
        let bytes = self.take(len, 1, what)?;
        std::str::from_utf8(bytes).map_err(|e| GgufError::NotUtf8 {
            path: self.path.to_owned(),
            what: what.to_string(),
            offset: start + e.valid_up_to() as u64,
        })
    }
}
