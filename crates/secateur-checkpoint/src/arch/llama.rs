//! `llama`: Llama, SmolLM2 and their like. Sequential residual, RMS norm before each part,
//! rotary embedding, grouped heads, gated feed-forward.
//!
//! Source: H. Touvron et al., 2023, "LLaMA: open and efficient foundation language models".

use super::{Architecture, Dims, activation, heads};
use crate::blocks::{Bias, BlockOptions, Builder, Segment};
use crate::config::Config;
use crate::error::CheckpointError;

/// The architecture `llama`.
#[derive(Clone, Copy, Debug)]
pub struct Llama;

impl Architecture for Llama {
    fn name(&self) -> &'static str {
        "llama"
    }

    fn dims(&self, config: &Config) -> Result<Dims, CheckpointError> {
        let width = config.count("hidden_size")?;
        Ok(Dims {
            layers: config.count("num_hidden_layers")?,
            width,
            inner: config.count("intermediate_size")?,
            vocabulary: config.count("vocab_size")?,
            positions: config.count_or_absent("max_position_embeddings")?.unwrap_or(2048),
            heads: heads(config, width, 1.0)?,
            epsilon: config.number_or("rms_norm_eps", 1e-6)?,
            activation: activation(config, "silu")?,
            tied: config.flag_or("tie_word_embeddings", false)?,
            parallel: false,
            attention_bias: config.flag_or("attention_bias", false)?,
            mlp_bias: config.flag_or("mlp_bias", false)?,
        })
    }

    fn embed(&self, mut b: Builder<'_>, dims: &Dims) -> Result<Segment, CheckpointError> {
        let y = b.embedding("model.embed_tokens", dims.vocabulary, dims.width)?;
        Ok(b.finish(y))
    }

    fn block(
        &self,
        mut b: Builder<'_>,
        dims: &Dims,
        index: usize,
        options: BlockOptions,
    ) -> Result<Segment, CheckpointError> {
        let name = |part: &str| format!("model.layers.{index}.{part}");
        let bias = |present| if present { Bias::Present } else { Bias::Absent };
        let (attention_bias, mlp_bias) = (bias(dims.attention_bias), bias(dims.mlp_bias));
        let (q_width, kv_width) =
            (dims.heads.count * dims.heads.width, dims.heads.kv * dims.heads.width);

        let x = b.activations(dims.width);
        let h = b.rms_norm(&name("input_layernorm"), x, dims.epsilon)?;
        let q = b.linear(&name("self_attn.q_proj"), h, q_width, attention_bias)?;
        let k = b.linear(&name("self_attn.k_proj"), h, kv_width, attention_bias)?;
        let v = b.linear(&name("self_attn.v_proj"), h, kv_width, attention_bias)?;
        let a = b.attention([q, k, v], dims.heads, options);
        let a = b.linear(&name("self_attn.o_proj"), a, dims.width, attention_bias)?;
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

    fn head(&self, mut b: Builder<'_>, dims: &Dims) -> Result<Segment, CheckpointError> {
        let x = b.activations(dims.width);
        let h = b.rms_norm("model.norm", x, dims.epsilon)?;
        let name = if dims.tied { "model.embed_tokens" } else { "lm_head" };
        let y = b.linear(name, h, dims.vocabulary, Bias::Absent)?;
        Ok(b.finish(y))
    }

    fn ignores(&self, tensor: &str) -> bool {
        // A tied head that is stored all the same, and frequencies that older files hold.
        tensor == "lm_head.weight" || tensor.ends_with("rotary_emb.inv_freq")
    }
}
