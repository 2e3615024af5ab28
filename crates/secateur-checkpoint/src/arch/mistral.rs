//! `mistral`: as llama, without biases, and every token sees a window of the tokens before it.
//!
//! Source: A. Jiang et al., 2023, "Mistral 7B".

use super::{Dims, windows};
use crate::config::Config;
use crate::error::CheckpointError;
use crate::gated::{self, Gated, HeadNorm};

/// The architecture `mistral`.
pub(crate) const MISTRAL: Gated = Gated { name: "mistral", dims, head_norm: HeadNorm::Absent };

fn dims(config: &Config) -> Result<Dims, CheckpointError> {
    let dims = gated::dims(config)?;
    Ok(Dims { windows: windows(config, dims.layers, 0)?, ..dims })
}
