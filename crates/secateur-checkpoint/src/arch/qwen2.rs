//! `qwen2`: Qwen 1.5, 2 and 2.5. As llama, with biases at queries, keys and values, and windows
//! where `use_sliding_window` asks for them.
//!
//! Source: A. Yang et al., 2024, "Qwen2 technical report".

use super::{Dims, windows_if_used};
use crate::config::Config;
use crate::error::CheckpointError;
use crate::gated::{self, Gated, HeadNorm};

/// The architecture `qwen2`.
pub(crate) const QWEN2: Gated = Gated { name: "qwen2", dims, head_norm: HeadNorm::Absent };

fn dims(config: &Config) -> Result<Dims, CheckpointError> {
    let dims = gated::dims(config)?;
    let windows = windows_if_used(config, dims.layers)?;
    Ok(Dims { qkv_bias: true, windows, ..dims })
}
