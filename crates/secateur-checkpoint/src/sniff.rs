//! What a file is, by its first bytes.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::error::CheckpointError;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// GGUF.
    Gguf,
    /// Perhaps safetensors: a small header length and an opening brace.
    Safetensors,
    /// Something else.
    Other,
}

/// Recognizes a regular file by its first bytes, and refuses what is never read.
///
/// # Errors
/// [`CheckpointError`] for empty files, pickle files, Git LFS pointers, web pages, pipes and devices.
pub fn sniff(path: &Path) -> Result<Content, CheckpointError> {
    let io = |source| CheckpointError::Io { path: path.to_owned(), source };
    let meta = std::fs::metadata(path).map_err(io)?;
    if !meta.is_file() {
        let kind = if meta.is_dir() { "a directory" } else { "a pipe or a device" };
        return Err(CheckpointError::NotRegular { path: path.to_owned(), kind });
    }
    if meta.len() == 0 {
        return Err(CheckpointError::Empty { path: path.to_owned() });
    }
    let mut head = Vec::new();
    File::open(path).map_err(io)?.take(64).read_to_end(&mut head).map_err(io)?;
    if head.starts_with(b"version https://git-lfs") {
        return Err(CheckpointError::LfsPointer { path: path.to_owned(), bytes: meta.len() });
    }
    if is_web_page(&head) {
        return Err(CheckpointError::WebPage { path: path.to_owned() });
    }
    if is_pickle(path, &head) {
        return Err(CheckpointError::Pickle { path: path.to_owned() });
    }
    Ok(if head.starts_with(b"GGUF") {
        Content::Gguf
    } else if head.get(8) == Some(&b'{') {
        Content::Safetensors
    } else {
        Content::Other
    })
}

/// The content of a regular file; pipes, whose other end may never write, and Git LFS pointers are
/// refused.
pub(crate) fn read_whole(path: &Path) -> Result<Vec<u8>, CheckpointError> {
    sniff(path)?;
    std::fs::read(path).map_err(|source| CheckpointError::Io { path: path.to_owned(), source })
}

/// What servers answer with in place of a file that needs a login or is not there.
fn is_web_page(head: &[u8]) -> bool {
    let head = head.trim_ascii_start();
    let begins =
        |start: &[u8]| head.get(..start.len()).is_some_and(|h| h.eq_ignore_ascii_case(start));
    begins(b"<!doctype html") || begins(b"<html")
}

/// Zip archives and pickle opcodes, as `torch.save` writes them.
fn is_pickle(path: &Path, head: &[u8]) -> bool {
    let named = path.extension().and_then(|e| e.to_str()).is_some_and(|ending| {
        ["bin", "pt", "pth", "th", "ckpt", "pkl"].iter().any(|e| ending.eq_ignore_ascii_case(e))
    });
    let opcode = head.first() == Some(&0x80) && head.get(1).is_some_and(|v| (2..=5).contains(v));
    head.starts_with(b"PK\x03\x04") || (opcode && (named || head.get(8) != Some(&b'{')))
}
