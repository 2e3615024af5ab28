//! `qwen2`: Qwen 1.5, 2 and 2.5. As llama, with biases at queries, keys and values, and windows
//! where `use_sliding_window` asks for them.
//!
//! Source: A. Yang et al., 2024, "Qwen2 technical report".

use super::{Architecture, Dims, windows_if_used};
use crate::blocks::{BlockOptions, Builder, Segment};
use crate::config::Config;
use crate::error::CheckpointError;
use crate::gated::{self, HeadNorm};

/// The architecture `qwen2`.
#[derive(Clone, Copy, Debug)]
pub struct Qwen2;

impl Architecture for Qwen2 {
    fn name(&self) -> &'static str {
        "qwen2"
    }

    fn dims(&self, config: &Config) -> Result<Dims, CheckpointError> {
        let dims = gated::dims(config)?;
        let windows = windows_if_used(config, dims.layers)?;
        Ok(Dims { qkv_bias: true, windows, ..dims })
    }

    fn embed(&self, b: Builder<'_>, dims: &Dims) -> Result<Segment, CheckpointError> {
        gated::embed(b, dims)
    }

    fn block(
        &self,
        b: Builder<'_>,
        dims: &Dims,
        index: usize,
        options: BlockOptions,
    ) -> Result<Segment, CheckpointError> {
        gated::block(b, dims, index, options, HeadNorm::Absent)
    }

    fn head(&self, b: Builder<'_>, dims: &Dims) -> Result<Segment, CheckpointError> {
        gated::head(b, dims)
    }

    fn ignores(&self, tensor: &str) -> bool {
        gated::ignores(tensor)
    }
}
