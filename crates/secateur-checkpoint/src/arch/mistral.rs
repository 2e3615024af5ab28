//! `mistral`: as llama, without biases, and every token sees a window of the tokens before it.
//!
//! Source: A. Jiang et al., 2023, "Mistral 7B".

use super::{Architecture, Dims, windows};
use crate::blocks::{BlockOptions, Builder, Segment};
use crate::config::Config;
use crate::error::CheckpointError;
use crate::gated::{self, HeadNorm};

/// The architecture `mistral`.
#[derive(Clone, Copy, Debug)]
pub struct Mistral;

impl Architecture for Mistral {
    fn name(&self) -> &'static str {
        "mistral"
    }

    fn dims(&self, config: &Config) -> Result<Dims, CheckpointError> {
        let dims = gated::dims(config)?;
        Ok(Dims { windows: windows(config, dims.layers, 0)?, ..dims })
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
