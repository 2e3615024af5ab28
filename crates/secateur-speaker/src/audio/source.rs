//! Bytes that come, and how many have come.

use std::io::{self, Read};

use super::Fault;

/// Any source of bytes.
pub(crate) type Boxed = Box<dyn Read + Send + Sync>;

/// A source that knows its place, and perhaps its end.
pub(crate) struct Source {
    inner: Boxed,
    /// Bytes taken so far.
    pub(crate) at: u64,
    /// Bytes of the whole; a pipe has none.
    pub(crate) len: Option<u64>,
}

impl Source {
    pub(crate) fn new(inner: Boxed, len: Option<u64>) -> Self {
        Self { inner, at: 0, len }
    }

    /// Bytes that are still to come.
    pub(crate) fn left(&self) -> Option<u64> {
        self.len.map(|len| len.saturating_sub(self.at))
    }

    /// As many bytes as there are, up to `most`.
    pub(crate) fn up_to(&mut self, most: usize) -> Result<Vec<u8>, Fault> {
        let mut bytes = Vec::new();
        let taken = self.by_ref().take(most as u64).read_to_end(&mut bytes);
        taken.map_err(|error| Fault::read(&error))?;
        Ok(bytes)
    }

    /// So many bytes of `what`.
    pub(crate) fn exactly(&mut self, count: usize, what: &'static str) -> Result<Vec<u8>, Fault> {
        let bytes = self.up_to(count)?;
        if bytes.len() == count {
            Ok(bytes)
        } else {
            Err(Fault::Cut { what, declared: count as u64, found: bytes.len() as u64 })
        }
    }

    /// Passes over so many bytes of `what`.
    pub(crate) fn skip(&mut self, count: u64, what: &'static str) -> Result<(), Fault> {
        let found = io::copy(&mut self.by_ref().take(count), &mut io::sink());
        let found = found.map_err(|error| Fault::read(&error))?;
        if found == count { Ok(()) } else { Err(Fault::Cut { what, declared: count, found }) }
    }

    /// Puts bytes back in front.
    pub(crate) fn back(self, bytes: Vec<u8>) -> Self {
        let at = self.at - bytes.len() as u64;
        let inner = Box::new(io::Cursor::new(bytes).chain(self.inner));
        Self { inner, at, len: self.len }
    }
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.at += count as u64;
        Ok(count)
    }
}
