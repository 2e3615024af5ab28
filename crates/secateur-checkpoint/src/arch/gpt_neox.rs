//! `gpt_neox`: GPT-NeoX, Pythia, Polyglot-Ko. One projection for query, key and value with the
//! three side by side per head, rotary embedding on a part of each head, parallel or sequential
//! residual, layer norm, biases everywhere.
//!
//! Source: S. Black et al., 2022, "GPT-NeoX-20B: an open-source autoregressive language model".

use super::{Architecture, Dims, activation, heads, rope};
use crate::blocks::{Bias, BlockOptions, Builder, Segment};
use crate::config::Config;
use crate::error::CheckpointError;

/// The architecture `gpt_neox`.
#[derive(Clone, Copy, Debug)]
pub struct GptNeox;

impl Architecture for GptNeox {
    fn name(&self) -> &'static str {
        "gpt_neox"
    }

    fn dims(&self, config: &Config) -> Result<Dims, CheckpointError> {
        let width = config.count("hidden_size")?;
        let heads = heads(config, width)?;
        let attention_bias = config.flag_or("attention_bias", true)?;
        Ok(Dims {
            layers: config.count("num_hidden_layers")?,
            width,
            inner: config.count("intermediate_size")?,
            vocabulary: config.count("vocab_size")?,
            positions: config.count_or_absent("max_position_embeddings")?.unwrap_or(2048),
            heads,
            rope: rope(config, heads, 0.25)?,
            windows: Vec::new(),
            epsilon: config.number_or("layer_norm_eps", 1e-5)?,
            activation: activation(config, "hidden_act", "gelu")?,
            tied: config.flag_or("tie_word_embeddings", false)?,
            parallel: config.flag_or("use_parallel_residual", true)?,
            qkv_bias: attention_bias,
            attention_bias,
            mlp_bias: true,
        })
    }

    fn embed(&self, mut b: Builder<'_>, dims: &Dims) -> Result<Segment, CheckpointError> {
        let y = b.embedding("gpt_neox.embed_in", dims.vocabulary, dims.width)?;
        Ok(b.finish(y))
    }

    fn block(
        &self,
        mut b: Builder<'_>,
        dims: &Dims,
        index: usize,
        options: BlockOptions,
    ) -> Result<Segment, CheckpointError> {
        let name = |part: &str| format!("gpt_neox.layers.{index}.{part}");
        let attention_bias = if dims.attention_bias { Bias::Present } else { Bias::Absent };
        let heads_width = dims.heads.count * dims.heads.width;

        let x = b.activations(dims.width);
        let h = b.layer_norm(&name("input_layernorm"), x, dims.epsilon)?;
        let fused = name("attention.query_key_value");
        let qkv = b.linear(&fused, h, 3 * heads_width, attention_bias)?;
        let qkv = b.split_heads(qkv, dims.heads);
        let a = b.attention(qkv, dims.look(index), options);
        let a = b.linear(&name("attention.dense"), a, dims.width, attention_bias)?;
        let residual = b.add("attention.residual", a, x);

        let mlp_input = if dims.parallel { x } else { residual };
        let h = b.layer_norm(&name("post_attention_layernorm"), mlp_input, dims.epsilon)?;
        let h = b.linear(&name("mlp.dense_h_to_4h"), h, dims.inner, Bias::Present)?;
        let h = b.activation("mlp.activation", dims.activation, h);
        let h = b.linear(&name("mlp.dense_4h_to_h"), h, dims.width, Bias::Present)?;
        let y = b.add("mlp.residual", h, residual);
        Ok(b.finish(y))
    }

    fn head(&self, mut b: Builder<'_>, dims: &Dims) -> Result<Segment, CheckpointError> {
        let x = b.activations(dims.width);
        let h = b.layer_norm("gpt_neox.final_layer_norm", x, dims.epsilon)?;
        // Newer files call the head as all architectures do.
        let name = match dims.tied {
            true => "gpt_neox.embed_in",
            false if b.has("lm_head.weight") => "lm_head",
            false => "embed_out",
        };
        let y = b.linear(name, h, dims.vocabulary, Bias::Absent)?;
        Ok(b.finish(y))
    }

    fn ignores(&self, tensor: &str) -> bool {
        // Masks and frequencies that older files hold, and a tied head that is stored all the same.
        ["attention.bias", "attention.masked_bias", "rotary_emb.inv_freq"]
            .iter()
            .any(|ending| tensor.ends_with(ending))
            || tensor == "embed_out.weight"
            || tensor == "lm_head.weight"
    }
}
