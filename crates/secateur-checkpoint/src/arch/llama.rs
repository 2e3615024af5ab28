//! `llama`: Llama, SmolLM2 and their like; biases where config.json asks for them.
//!
//! Source: H. Touvron et al., 2023, "LLaMA: open and efficient foundation language models".

use super::Dims;
use crate::config::Config;
use crate::error::CheckpointError;
use crate::gated::{self, Gated, HeadNorm};

/// The architecture `llama`.
pub(crate) const LLAMA: Gated = Gated { name: "llama", dims, head_norm: HeadNorm::Absent };

fn dims(config: &Config) -> Result<Dims, CheckpointError> {
    let attention_bias = config.flag_or("attention_bias", false)?;
    Ok(Dims {
        qkv_bias: attention_bias,
        attention_bias,
        mlp_bias: config.flag_or("mlp_bias", false)?,
        ..gated::dims(config)?
    })
}
