//! `llama`: Llama, SmolLM2 and their like; biases where config.json asks for them.
//!
//! Source: H. Touvron et al., 2023, "LLaMA: open and efficient foundation language models".

use super::{Architecture, Dims};
use crate::blocks::{BlockOptions, Builder, Segment};
use crate::config::Config;
use crate::error::CheckpointError;
use crate::gated::{self, HeadNorm};

/// The architecture `llama`.
#[derive(Clone, Copy, Debug)]
pub struct Llama;

impl Architecture for Llama {
    fn name(&self) -> &'static str {
        "llama"
    }

    fn dims(&self, config: &Config) -> Result<Dims, CheckpointError> {
        let attention_bias = config.flag_or("attention_bias", false)?;
        Ok(Dims {
            qkv_bias: attention_bias,
            attention_bias,
            mlp_bias: config.flag_or("mlp_bias", false)?,
            ..gated::dims(config)?
        })
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
