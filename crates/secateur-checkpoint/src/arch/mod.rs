//! The architectures, one file each.
//!
//! To add one: write its file beside these, add its line to [`ALL`]. `docs/architectures.md`
//! walks through it.

pub mod bert;
pub mod gpt2;
pub mod gpt_neox;
pub mod llama;
pub mod mistral;
pub mod qwen2;
pub mod qwen3;

use crate::blocks::{BlockOptions, Builder, Heads, Look, Segment};
use crate::config::{Config, Rope};
use crate::error::CheckpointError;

/// Every architecture, sorted by name.
pub const ALL: &[&dyn Architecture] = &[
    &bert::Bert,
    &gpt2::Gpt2,
    &gpt_neox::GptNeox,
    &llama::LLAMA,
    &mistral::MISTRAL,
    &qwen2::QWEN2,
    &qwen3::QWEN3,
];

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

    /// Whether a token sees those after it, so that the model has no next token to predict.
    fn encoder(&self) -> bool {
        false
    }

    /// The head: `x` to logits `y`.
    ///
    /// # Errors
    /// [`CheckpointError`] of its tensors, and that of an encoder, which has no head.
    fn head(&self, builder: Builder<'_>, dims: &Dims) -> Result<Segment, CheckpointError>;

    /// Whether a tensor that no segment asks for is known to be of no use, e.g. a stored mask.
    fn ignores(&self, tensor: &str) -> bool;
}

/// Sizes and options of a model.
#[derive(Clone, Debug, PartialEq)]
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
    /// Rotary embedding; without one, positions are learned.
    pub rope: Option<Rope>,
    /// Of each block, how many tokens a token sees at most; empty means no limits.
    pub windows: Vec<Option<usize>>,
    /// Epsilon of the normalizations.
    pub epsilon: f64,
    /// Activation of the feed-forward part.
    pub activation: crate::blocks::Activation,
    /// Whether the head is the embedding.
    pub tied: bool,
    /// Whether attention and feed-forward read the same input and add up.
    pub parallel: bool,
    /// Whether the projections to queries, keys and values have biases.
    pub qkv_bias: bool,
    /// Whether the projection after attention has a bias.
    pub attention_bias: bool,
    /// Whether the feed-forward projections have biases.
    pub mlp_bias: bool,
}

impl Dims {
    /// What the attention of a causal block looks at.
    pub fn look(&self, block: usize) -> Look {
        Look {
            heads: self.heads,
            rope: self.rope,
            causal: true,
            window: self.windows.get(block).copied().flatten(),
            scale: (self.heads.width as f32).sqrt().recip(),
        }
    }
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

/// The heads of a configuration, checked against each other.
pub(crate) fn heads(config: &Config, width: usize) -> Result<Heads, CheckpointError> {
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
    Ok(Heads { count, kv, width: head })
}

/// The rotary embedding of a configuration; `default_partial` is the share of a head that is
/// rotated when the file does not say.
pub(crate) fn rope(
    config: &Config,
    heads: Heads,
    default_partial: f64,
) -> Result<Option<Rope>, CheckpointError> {
    let rope = config.rope(default_partial)?;
    let rotated = (heads.width as f64 * rope.partial) as usize;
    if !rotated.is_multiple_of(2) {
        let head = heads.width;
        let reason = format!("{rotated} rotated values of a head of {head} do not make pairs");
        return Err(config.error("head_dim", reason));
    }
    Ok(Some(rope))
}

/// Windows of the blocks. `layer_types` decides where it is there; else the blocks from `first`
/// on have windows of `sliding_window` tokens.
fn windows(
    config: &Config,
    layers: usize,
    first: usize,
) -> Result<Vec<Option<usize>>, CheckpointError> {
    let Some(size) = config.count_or_absent("sliding_window")? else { return Ok(Vec::new()) };
    let Some(types) = config.words("layer_types")? else {
        return Ok((0..layers).map(|at| (at >= first).then_some(size)).collect());
    };
    if types.len() != layers {
        let reason = format!("{} types for {layers} layers", types.len());
        return Err(config.error("layer_types", reason));
    }
    let window = |word: &&str| match *word {
        "full_attention" => Ok(None),
        "sliding_attention" => Ok(Some(size)),
        other => Err(config.unsupported("layer_types", other)),
    };
    types.iter().map(window).collect()
}

/// Windows where `use_sliding_window` asks for them, as the Qwen architectures have it.
fn windows_if_used(config: &Config, layers: usize) -> Result<Vec<Option<usize>>, CheckpointError> {
    if !config.flag_or("use_sliding_window", false)? {
        return Ok(Vec::new());
    }
    let first = config.count_or_absent("max_window_layers")?.unwrap_or(28);
    windows(config, layers, first)
}

/// The activation of a configuration.
pub(crate) fn activation(
    config: &Config,
    key: &str,
    default: &str,
) -> Result<crate::blocks::Activation, CheckpointError> {
    let name = config.word_or(key, default)?;
    crate::blocks::Activation::of_name(name).ok_or_else(|| config.unsupported(key, name))
}
