//! The architectures, one file each.
//!
//! To add one: write its file beside these, add its line to [`ALL`]. `docs/architectures.md`
//! walks through it.

pub mod gpt_neox;
pub mod llama;

use crate::blocks::{BlockOptions, Builder, Heads, Segment};
use crate::config::Config;
use crate::error::CheckpointError;

/// Every architecture, sorted by name.
pub const ALL: &[&dyn Architecture] = &[&gpt_neox::GptNeox, &llama::Llama];

/// How an architecture reads its configuration and builds its segments.
pub trait Architecture: Sync {
    /// Name in config.json, `model_type`.
    fn name(&self) -> &'static str;

    /// Sizes and options.
    ///
    /// # Errors
    /// [`CheckpointError`] when a key is missing, cannot be, or is not supported.
    fn dims(&self, config: &Config) -> Result<Dims, CheckpointError>;

    /// The embedding: `input_ids` to `y`.
    ///
    /// # Errors
    /// [`CheckpointError`] of its tensors.
    fn embed(&self, builder: Builder<'_>, dims: &Dims) -> Result<Segment, CheckpointError>;

    /// Block `index`: `x` to `y`.
    ///
    /// # Errors
    /// [`CheckpointError`] of its tensors.
    fn block(
        &self,
        builder: Builder<'_>,
        dims: &Dims,
        index: usize,
        options: BlockOptions,
    ) -> Result<Segment, CheckpointError>;

    /// The head: `x` to logits `y`.
    ///
    /// # Errors
    /// [`CheckpointError`] of its tensors.
    fn head(&self, builder: Builder<'_>, dims: &Dims) -> Result<Segment, CheckpointError>;

    /// Whether a tensor that no segment asks for is known to be of no use, e.g. a stored mask.
    fn ignores(&self, tensor: &str) -> bool;
}

/// Sizes and options of a model.
#[derive(Clone, Copy, Debug, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of config.json")]
pub struct Dims {
    /// Blocks.
    pub layers: usize,
    /// Values of a token.
    pub width: usize,
    /// Values inside the feed-forward part.
    pub inner: usize,
    /// Rows of the embedding.
    pub vocabulary: usize,
    /// Longest sequence the model was made for.
    pub positions: usize,
    /// Heads.
    pub heads: Heads,
    /// Epsilon of the normalizations.
    pub epsilon: f64,
    /// Activation of the feed-forward part.
    pub activation: crate::blocks::Activation,
    /// Whether the head is the embedding.
    pub tied: bool,
    /// Whether attention and feed-forward read the same input and add up.
    pub parallel: bool,
    /// Whether the projections of attention have biases.
    pub attention_bias: bool,
    /// Whether the feed-forward projections have biases.
    pub mlp_bias: bool,
}

/// The architecture of a configuration.
///
/// # Errors
/// [`CheckpointError`] when `model_type` is missing or unknown.
pub fn of(config: &Config) -> Result<&'static dyn Architecture, CheckpointError> {
    let name = config.word_or("model_type", "")?;
    if name.is_empty() {
        return Err(config.error("model_type", "the key is missing"));
    }
    ALL.iter().copied().find(|arch| arch.name() == name).ok_or_else(|| {
        let known: Vec<&str> = ALL.iter().map(|arch| arch.name()).collect();
        CheckpointError::UnknownArchitecture {
            path: config.path.clone(),
            found: name.to_owned(),
            known: known.join(", "),
        }
    })
}

/// The heads of a configuration, checked against each other; `default_partial` is the share of a
/// head that is rotated when the file does not say.
fn heads(config: &Config, width: usize, default_partial: f64) -> Result<Heads, CheckpointError> {
    let count = config.count("num_attention_heads")?;
    let kv = config.count_or_absent("num_key_value_heads")?.unwrap_or(count);
    if count % kv != 0 {
        let reason = format!("{kv} do not divide num_attention_heads, {count}");
        return Err(config.error("num_key_value_heads", reason));
    }
    let head = match config.count_or_absent("head_dim")? {
        Some(head) => head,
        None if width.is_multiple_of(count) => width / count,
        None => {
            let reason = format!("{count} heads do not divide hidden_size, {width}");
            return Err(config.error("num_attention_heads", reason));
        }
    };
    let heads = Heads { count, kv, width: head, rope: config.rope(default_partial)? };
    let rotated = (head as f64 * heads.rope.partial) as usize;
    if !rotated.is_multiple_of(2) {
        let reason = format!("{rotated} rotated values of a head of {head} do not make pairs");
        return Err(config.error("head_dim", reason));
    }
    Ok(heads)
}

/// The activation of a configuration.
fn activation(
    config: &Config,
    default: &str,
) -> Result<crate::blocks::Activation, CheckpointError> {
    let name = config.word_or("hidden_act", default)?;
    crate::blocks::Activation::of_name(name).ok_or_else(|| CheckpointError::UnsupportedOption {
        path: config.path.clone(),
        key: "hidden_act".to_owned(),
        value: name.to_owned(),
    })
}
