//! What llama, mistral and qwen share: sequential residual, RMS norm before each part, rotary
//! embedding, grouped heads, gated feed-forward. The files of these architectures say where they
//! differ.

use crate::arch::{Architecture, Dims, activation, heads, rope};
use crate::blocks::{Bias, BlockOptions, Builder, Segment};
use crate::config::Config;
use crate::error::CheckpointError;

/// Whether queries and keys are normalized head by head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HeadNorm {
    Absent,
    Present,
}

/// One of these architectures: what it is called, and where it differs.
pub(crate) struct Gated {
    /// `model_type` in config.json.
    pub(crate) name: &'static str,
    /// Reads sizes and options.
    pub(crate) dims: fn(&Config) -> Result<Dims, CheckpointError>,
    pub(crate) head_norm: HeadNorm,
}

impl Architecture for Gated {
    fn name(&self) -> &'static str {
        self.name
    }

    fn dims(&self, config: &Config) -> Result<Dims, CheckpointError> {
        (self.dims)(config)
    }

    fn embed(&self, mut b: Builder<'_>, dims: &Dims) -> Result<Segment, CheckpointError> {
        let y = b.embedding("model.embed_tokens", dims.vocabulary, dims.width)?;
        Ok(b.finish(y))
    }

    fn block(
        &self,
        b: Builder<'_>,
        dims: &Dims,
        index: usize,
        options: BlockOptions,
    ) -> Result<Segment, CheckpointError> {
        block(b, dims, index, options, self.head_norm)
    }

    fn head(&self, mut b: Builder<'_>, dims: &Dims) -> Result<Segment, CheckpointError> {
        let x = b.activations(dims.width);
        let h = b.rms_norm("model.norm", x, dims.epsilon)?;
        let name = if dims.tied { "model.embed_tokens" } else { "lm_head" };
        let y = b.linear(name, h, dims.vocabulary, Bias::Absent)?;
        Ok(b.finish(y))
    }

    /// A tied head that is stored all the same, and frequencies that older files hold.
    fn ignores(&self, tensor: &str) -> bool {
        tensor == "lm_head.weight" || tensor.ends_with("rotary_emb.inv_freq")
    }
}

/// Sizes and options that all of them write alike, without biases and windows.
pub(crate) fn dims(config: &Config) -> Result<Dims, CheckpointError> {
    let width = config.count("hidden_size")?;
    let heads = heads(config, width)?;
    Ok(Dims {
        layers: config.count("num_hidden_layers")?,
        width,
        inner: config.count("intermediate_size")?,
        vocabulary: config.count("vocab_size")?,
        positions: config.count_or_absent("max_position_embeddings")?.unwrap_or(2048),
        heads,
        rope: rope(config, heads, 1.0)?,
        windows: Vec::new(),
        epsilon: config.number_or("rms_norm_eps", 1e-6)?,
        activation: activation(config, "hidden_act", "silu")?,
        tied: config.flag_or("tie_word_embeddings", false)?,
        parallel: false,
        qkv_bias: false,
        attention_bias: false,
        mlp_bias: false,
    })
}

fn block(
    mut b: Builder<'_>,
    dims: &Dims,
    index: usize,
    options: BlockOptions,
    norm: HeadNorm,
) -> Result<Segment, CheckpointError> {
    let name = |part: &str| format!("model.layers.{index}.{part}");
    let bias = |present| if present { Bias::Present } else { Bias::Absent };
    let (qkv_bias, mlp_bias) = (bias(dims.qkv_bias), bias(dims.mlp_bias));
    let head = dims.heads.width;
    let (q_width, kv_width) = (dims.heads.count * head, dims.heads.kv * head);

    let x = b.activations(dims.width);
    let h = b.rms_norm(&name("input_layernorm"), x, dims.epsilon)?;
    let mut q = b.linear(&name("self_attn.q_proj"), h, q_width, qkv_bias)?;
    let mut k = b.linear(&name("self_attn.k_proj"), h, kv_width, qkv_bias)?;
    let v = b.linear(&name("self_attn.v_proj"), h, kv_width, qkv_bias)?;
    if norm == HeadNorm::Present {
        q = b.head_norm(&name("self_attn.q_norm"), q, head, dims.epsilon)?;
        k = b.head_norm(&name("self_attn.k_norm"), k, head, dims.epsilon)?;
    }
    let a = b.attention([q, k, v], dims.look(index), options);
    let a = b.linear(&name("self_attn.o_proj"), a, dims.width, bias(dims.attention_bias))?;
    let x = b.add("attention.residual", a, x);

    let h = b.rms_norm(&name("post_attention_layernorm"), x, dims.epsilon)?;
    let gate = b.linear(&name("mlp.gate_proj"), h, dims.inner, mlp_bias)?;
    let up = b.linear(&name("mlp.up_proj"), h, dims.inner, mlp_bias)?;
    let gate = b.activation("mlp.activation", dims.activation, gate);
    let h = b.mul("mlp.gated", gate, up);
    let h = b.linear(&name("mlp.down_proj"), h, dims.width, mlp_bias)?;
    let y = b.add("mlp.residual", h, x);
    Ok(b.finish(y))
}
