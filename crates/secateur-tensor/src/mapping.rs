//! Bytes that are owned or mapped from a file.

#![expect(unsafe_code, reason = "a file is mapped into memory")]

use std::fs::File;
use std::io;
use std::ops::{Deref, Range};
use std::path::Path;
use std::sync::Arc;

use memmap2::Mmap;

/// A shared run of bytes, owned or mapped; cloning and slicing copy nothing.
#[derive(Clone)]
pub struct Bytes {
    whole: Arc<Whole>,
    range: Range<usize>,
}

enum Whole {
    Owned(Vec<u8>),
    Mapped(Mmap),
}

impl Bytes {
    /// Maps a file for reading. An empty file gives empty bytes.
    ///
    /// The file must not be shortened while it is mapped: the system would end the process when
    /// a missing page is read. Inputs are never written by this project; whoever else changes
    /// them during a run is caught by a check of length and time at the end of the run.
    ///
    /// # Errors
    /// Those of opening and mapping the file.
    pub fn map(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let len = file.metadata()?.len();
        let len = usize::try_from(len).map_err(|_| io::Error::from(io::ErrorKind::FileTooLarge))?;
        if len == 0 {
            return Ok(Self::owned(Vec::new()));
        }
        // SAFETY: the mapping is read-only and private to `Whole`, which never hands out a
        // mutable view; the requirement that nobody shortens the file is stated above.
        let mapped = unsafe { Mmap::map(&file)? };
        Ok(Self { whole: Arc::new(Whole::Mapped(mapped)), range: 0..len })
    }

    /// Bytes of our own.
    pub fn owned(bytes: Vec<u8>) -> Self {
        let range = 0..bytes.len();
        Self { whole: Arc::new(Whole::Owned(bytes)), range }
    }

    /// Whether both are the same place in memory.
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.whole, &other.whole) && self.range == other.range
    }

    /// A part, sharing the memory.
    ///
    /// # Panics
    /// When the range ends past the end.
    #[must_use]
    pub fn slice(&self, range: Range<usize>) -> Self {
        assert!(range.start <= range.end && range.end <= self.len(), "a part of the bytes");
        let start = self.range.start;
        Self { whole: Arc::clone(&self.whole), range: start + range.start..start + range.end }
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &*self.whole {
            Whole::Owned(bytes) => &bytes[self.range.clone()],
            Whole::Mapped(bytes) => &bytes[self.range.clone()],
        }
    }
}

impl std::fmt::Debug for Bytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} bytes", self.len())
    }
}
