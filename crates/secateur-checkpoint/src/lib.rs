//! Language models as they lie on disk, and as graphs.
//!
//! - [`open()`](checkpoint::open) reads a Hugging Face directory or a GGUF file: headers first,
//!   everything checked, values left where they are.
//! - [`arch`] has a file per architecture, which says in shared [`blocks`] how tensors become
//!   the graphs of embedding, block and head.
//! - [`write`] plans the files of an output directory.
//!
//! It does not know pruning, nor how graphs are run.
//!
//! Start reading at [`checkpoint`], then [`arch::llama`].

pub mod arch;
pub mod blocks;
pub mod checkpoint;
pub mod config;
pub mod error;
mod gated;
pub mod gguf;
pub mod hf;
pub mod safetensors;
pub mod sniff;
pub mod tensors;
pub mod tokenizer;
pub mod write;

pub use blocks::{BlockOptions, Linear, Segment};
pub use checkpoint::{Checkpoint, open};
pub use error::CheckpointError;
pub use tensors::{RowOrder, Source, Tensors};
pub use tokenizer::Tokenizer;
