//! Files that are something else than their names say.

use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

use crate::Case;
use crate::headers::replace;
use crate::model::llama;

/// The cases of this file.
pub const CASES: &[Case] = &[
    Case { name: "empty_weights", write: |f| replace(f, b"") },
    Case { name: "empty_config", write: |f| other(f, "config.json", b"") },
    Case { name: "empty_model_file", write: |f| fs::write(f.join("model"), b"") },
    Case { name: "unknown_model_file", write: |f| fs::write(f.join("model"), [7; 100]) },
    Case { name: "folder_without_a_model", write: |f| fs::create_dir(f.join("model")) },
    Case { name: "gguf_named_safetensors", write: |f| replace(f, b"GGUF\x03\0\0\0\0\0\0\0") },
    Case { name: "onnx_named_bin", write: |f| instead(f, "pytorch_model.bin", ONNX) },
    Case { name: "lfs_pointer_for_weights", write: |f| replace(f, LFS_POINTER) },
    Case { name: "lfs_pointer_for_tokenizer", write: |f| other(f, "tokenizer.json", LFS_POINTER) },
    Case { name: "lfs_pointer_for_config", write: |f| other(f, "config.json", LFS_POINTER) },
    Case { name: "web_page_for_weights", write: |f| replace(f, WEB_PAGE) },
    Case { name: "pickle_in_a_zip", write: |f| instead(f, "pytorch_model.bin", b"PK\x03\x04rest") },
    Case { name: "pickle_of_old", write: |f| instead(f, "model.pt", b"\x80\x02}q\0X\x01\0\0\0") },
    Case { name: "pickle_named_safetensors", write: |f| replace(f, b"PK\x03\x04\0\0\0\0\0\0\0\0") },
    Case { name: "directory_for_weights", write: directory },
    Case { name: "pipe_for_weights", write: |f| pipe(f, "model/model.safetensors") },
    Case { name: "pipe_for_config", write: |f| pipe(f, "model/config.json") },
    Case { name: "pipe_for_tokenizer", write: |f| pipe(f, "model/tokenizer.json") },
    Case { name: "pipe_for_index", write: |f| pipe(f, "model/model.safetensors.index.json") },
    Case { name: "pipe_for_text", write: |f| pipe(f, "text.txt") },
    Case { name: "pipe_for_model", write: |f| make_pipe(&f.join("model")) },
    Case { name: "device_for_weights", write: device },
];

/// The start of a protobuf message: ir_version 8, a producer.
const ONNX: &[u8] = b"\x08\x08\x12\x07pytorch\x1a\x032.0";

const LFS_POINTER: &[u8] = b"version https://git-lfs.github.com/spec/v1\n\
oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n";

const WEB_PAGE: &[u8] =
    b"<!DOCTYPE html>\n<html><head><title>404 Not Found</title></head></html>\n";

/// Writes the valid model, then other bytes in one of its files.
fn other(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    llama().write(folder)?;
    fs::write(folder.join("model").join(name), bytes)
}

/// Writes the valid model with another file in place of its weights.
fn instead(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    other(folder, name, bytes)?;
    fs::remove_file(folder.join("model/model.safetensors"))
}

fn directory(folder: &Path) -> io::Result<()> {
    llama().write(folder)?;
    fs::remove_file(folder.join("model/model.safetensors"))?;
    fs::create_dir(folder.join("model/model.safetensors"))
}

/// Writes the valid model with a pipe, into which nobody writes, in place of one of its files.
fn pipe(folder: &Path, name: &str) -> io::Result<()> {
    llama().write(folder)?;
    let path = folder.join(name);
    if path.exists() {
        fs::remove_file(&path)?;
    }
    make_pipe(&path)
}

pub(crate) fn make_pipe(path: &Path) -> io::Result<()> {
    let status = Command::new("mkfifo").arg(path).status()?;
    if status.success() { Ok(()) } else { Err(io::Error::other("mkfifo failed")) }
}

/// Weights that never end.
fn device(folder: &Path) -> io::Result<()> {
    llama().write(folder)?;
    fs::remove_file(folder.join("model/model.safetensors"))?;
    link(Path::new("/dev/zero"), &folder.join("model/model.safetensors"))
}

#[cfg(unix)]
pub(crate) fn link(to: &Path, at: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(to, at)
}

#[cfg(not(unix))]
pub(crate) fn link(_to: &Path, _at: &Path) -> io::Result<()> {
    Err(io::Error::from(io::ErrorKind::Unsupported))
}
