//! What a file is, by its first bytes.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::error::OnnxError;

/// Place and first bytes of other formats, what they are, and what to do.
const OTHERS: &[(usize, &[u8], &str, &str)] = &[
    (0, b"GGUF", "a GGUF file", "rename the file to .gguf"),
    (0, b"\x89HDF", "an HDF5 file (Keras)", "convert the model with tf2onnx"),
    (4, b"TFL3", "a TensorFlow Lite file", "convert the model with tf2onnx"),
    (4, b"ORTM", "a file in the ORT format of onnxruntime", "give the .onnx file it was made from"),
    (0, b"\x93NUMPY", "a NumPy array", "give the model itself"),
    (0, b"\x1f\x8b", "a gzip archive", "unpack it first"),
    (0, b"\x28\xb5\x2f\xfd", "a Zstandard archive", "unpack it first"),
    (0, b"\x7fELF", "a program", "give the model itself"),
    (0, b"{", "JSON", "give the model itself"),
];

/// Refuses what is no regular file or, by its first bytes, something else than ONNX.
pub(crate) fn sniff(path: &Path) -> Result<(), OnnxError> {
    let io = |source| OnnxError::Io { path: path.to_owned(), source };
    let meta = std::fs::metadata(path).map_err(io)?;
    if !meta.is_file() {
        let kind = if meta.is_dir() { "a directory" } else { "a pipe or a device" };
        return Err(OnnxError::NotRegular { path: path.to_owned(), kind });
    }
    let mut head = Vec::new();
    File::open(path).map_err(io)?.take(64).read_to_end(&mut head).map_err(io)?;
    look(path, &head, meta.len())
}

/// The same by the first bytes alone.
pub(crate) fn look(path: &Path, head: &[u8], bytes: u64) -> Result<(), OnnxError> {
    let path = || path.to_owned();
    if bytes == 0 {
        return Err(OnnxError::Empty { path: path() });
    }
    if head.starts_with(b"version https://git-lfs") {
        return Err(OnnxError::LfsPointer { path: path(), bytes });
    }
    if is_web_page(head) {
        return Err(OnnxError::WebPage { path: path() });
    }
    if is_pickle(head) {
        return Err(OnnxError::Pickle { path: path() });
    }
    let starts = |at: usize, start: &[u8]| head.get(at..).is_some_and(|h| h.starts_with(start));
    if let Some((.., found, mend)) = OTHERS.iter().find(|(at, start, ..)| starts(*at, start)) {
        return Err(OnnxError::WrongFormat { path: path(), found, mend });
    }
    let header = head.first_chunk().map(|length| u64::from_le_bytes(*length));
    if starts(8, b"{") && header.is_some_and(|length| length < bytes) {
        let (found, mend) = ("a safetensors file", "rename the file to .safetensors");
        return Err(OnnxError::WrongFormat { path: path(), found, mend });
    }
    Ok(())
}

/// What servers answer with in place of a file that needs a login or is not there.
fn is_web_page(head: &[u8]) -> bool {
    let head = head.trim_ascii_start();
    let begins =
        |start: &[u8]| head.get(..start.len()).is_some_and(|h| h.eq_ignore_ascii_case(start));
    begins(b"<!doctype html") || begins(b"<html")
}

/// Zip archives and pickle opcodes, as `torch.save` writes them.
fn is_pickle(head: &[u8]) -> bool {
    // No field of a model has the number of the first byte of either.
    let opcode = head.first() == Some(&0x80) && head.get(1).is_some_and(|v| (2..=5).contains(v));
    opcode || head.starts_with(b"PK\x03\x04")
}
