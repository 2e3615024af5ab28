//! Tests of the whole: damaged files, the meaning of files, tokenizers, a real model.

mod llama;
mod malformed;
mod mutation;
mod real;
mod tokenizer;

use std::path::Path;

use secateur_tensor::Bytes;

use super::{Gguf, GgufError, header};

/// Reads a file from memory.
fn parse(bytes: Vec<u8>) -> Result<Gguf, GgufError> {
    header::parse(&Bytes::owned(bytes), Path::new("model.gguf"))
}
