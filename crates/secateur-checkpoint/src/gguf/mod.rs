//! GGUF files: metadata and tensors in one file.
//!
//! [`read`] checks a whole header against the size of the file and maps the values where they
//! are; [`lay_out`] is the way back. [`as_hf`] says what a Hugging Face directory of the same model would say: its
//! `config.json`, its tensors by their Hugging Face names, its `tokenizer.json`. It does not know
//! what models compute.
//!
//! Versions 2 and 3, little-endian. Layout: ggml's `docs/gguf.md`. Differs from it in: dimensions
//! of size zero, alignments above 1 MiB and headers above 100 MiB are refused.
//!
//! Start reading at `header` for the layout, at `hf` for the meaning.

mod codes;
mod cursor;
mod error;
mod header;
mod hf;
mod sniff;
mod tokenizer;
mod types;
mod value;
mod write;

#[cfg(test)]
mod tests;

use std::fs;
use std::path::{Path, PathBuf};

use secateur_tensor::{Bytes, Stored};

pub use codes::CODES;
pub use error::GgufError;
pub(crate) use hf::rope;
pub use hf::{AsHf, as_hf};
pub(crate) use tokenizer::name_of_split;
pub use value::{Array, Strings, Value};
pub use write::{Laid, lay_out};

/// A GGUF file: metadata and tensors, values left where they are (mapped).
#[derive(Clone, Debug)]
pub struct Gguf {
    /// Version of the format, 2 or 3.
    pub version: u32,
    /// Keys and values in the file's order; no key is there twice.
    pub metadata: Vec<(String, Value)>,
    /// Names and tensors in the file's order, shapes outermost first; no name is there twice.
    pub tensors: Vec<(String, Stored)>,
    /// The file.
    pub path: PathBuf,
}

impl Gguf {
    /// The value of a key.
    pub fn value(&self, key: &str) -> Option<&Value> {
        self.metadata.iter().find(|(k, _)| k == key).map(|(_, value)| value)
    }

    /// The tensor of a name.
    pub fn tensor(&self, name: &str) -> Option<&Stored> {
        self.tensors.iter().find(|(n, _)| n == name).map(|(_, stored)| stored)
    }
}

/// Reads the header of a GGUF file and maps its values.
///
/// # Errors
/// [`GgufError`] when the file cannot be read, is no GGUF file of version 2 or 3, is damaged, or
/// has tensors of a type that is not read.
pub fn read(path: &Path) -> Result<Gguf, GgufError> {
    let io = |source| GgufError::Io { path: path.to_owned(), source };
    // A pipe must not be opened: that waits for a writer.
    let kind = fs::metadata(path).map_err(io)?.file_type();
    if !kind.is_file() {
        let found = if kind.is_dir() { "a directory" } else { "a pipe, a socket or a device" };
        return Err(GgufError::NotAFile { path: path.to_owned(), found });
    }
    parse(path, &Bytes::map(path).map_err(io)?)
}

/// Reads the header of the bytes of a GGUF file; `path` is for messages.
///
/// # Errors
/// [`GgufError`] when they are damaged, of another version, or have tensors of a type that is not
/// read.
pub fn parse(path: &Path, bytes: &Bytes) -> Result<Gguf, GgufError> {
    header::parse(bytes, path)
}
