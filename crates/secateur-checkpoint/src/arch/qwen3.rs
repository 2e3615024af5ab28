//! `qwen3`: as llama, with an RMS norm on every head of queries and keys, heads of a width of
//! their own, and windows where `use_sliding_window` asks for them.
//!
//! Source: A. Yang et al., 2025, "Qwen3 technical report".

use super::{Architecture, Dims, windows_if_used};
use crate::blocks::{BlockOptions, Builder, Segment};
use crate::config::Config;
use crate::error::CheckpointError;
use crate::gated::{self, HeadNorm};

/// The architecture `qwen3`.
#[derive(Clone, Copy, Debug)]
pub struct Qwen3;

impl Architecture for Qwen3 {
    fn name(&self) -> &'static str {
        "qwen3"
    }

    fn dims(&self, config: &Config) -> Result<Dims, CheckpointError> {
        let dims = gated::dims(config)?;
        let attention_bias = config.flag_or("attention_bias", false)?;
        let windows = windows_if_used(config, dims.layers)?;
        Ok(Dims { qkv_bias: attention_bias, attention_bias, windows, ..dims })
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
        gated::block(b, dims, index, options, HeadNorm::Present)
    }

    fn head(&self, b: Builder<'_>, dims: &Dims) -> Result<Segment, CheckpointError> {
        gated::head(b, dims)
    }

    fn ignores(&self, tensor: &str) -> bool {
        gated::ignores(tensor)
    }
}
