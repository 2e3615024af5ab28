//! `qwen3`: as llama, with an RMS norm on every head of queries and keys, heads of a width of
//! their own, and windows where `use_sliding_window` asks for them.
//!
//! Source: A. Yang et al., 2025, "Qwen3 technical report".

use super::{Dims, windows_if_used};
use crate::config::Config;
use crate::error::CheckpointError;
use crate::gated::{self, Gated, HeadNorm};

/// The architecture `qwen3`.
pub(crate) const QWEN3: Gated = Gated { name: "qwen3", dims, head_norm: HeadNorm::Present };

fn dims(config: &Config) -> Result<Dims, CheckpointError> {
    let dims = gated::dims(config)?;
    let attention_bias = config.flag_or("attention_bias", false)?;
    let windows = windows_if_used(config, dims.layers)?;
    Ok(Dims { qkv_bias: attention_bias, attention_bias, windows, ..dims })
}
