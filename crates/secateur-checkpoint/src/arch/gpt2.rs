//! `gpt2`: GPT-2. Learned positions, layer norm, one projection for query, key and value, and
//! weights that the file has as `[in, out]`.
//!
//! Source: A. Radford et al., 2019, "Language models are unsupervised multitask learners".

use super::{Architecture, Dims, activation};
use crate::blocks::{Bias, BlockOptions, Builder, Heads, Look, Segment};
use crate::config::Config;
use crate::error::CheckpointError;

/// The architecture `gpt2`.
#[derive(Clone, Copy, Debug)]
pub struct Gpt2;

impl Architecture for Gpt2 {
    fn name(&self) -> &'static str {
        "gpt2"
    }

    fn dims(&self, config: &Config) -> Result<Dims, CheckpointError> {
        let width = config.count("n_embd")?;
        let count = config.count("n_head")?;
        if !width.is_multiple_of(count) {
            let reason = format!("{count} heads do not divide n_embd, {width}");
            return Err(config.error("n_head", reason));
        }
        // Attention scaled in another way, and attention to another model, compute other things.
        for (key, usual) in [
            ("scale_attn_weights", true),
            ("scale_attn_by_inverse_layer_idx", false),
            ("add_cross_attention", false),
        ] {
            if config.flag_or(key, usual)? != usual {
                return Err(config.unsupported(key, if usual { "false" } else { "true" }));
            }
        }
        Ok(Dims {
            layers: config.count("n_layer")?,
            width,
            inner: config.count_or_absent("n_inner")?.unwrap_or(4 * width),
            vocabulary: config.count("vocab_size")?,
            positions: config.count("n_positions")?,
            heads: Heads { count, kv: count, width: width / count },
            rope: None,
            windows: Vec::new(),
            epsilon: config.number_or("layer_norm_epsilon", 1e-5)?,
            activation: activation(config, "activation_function", "gelu_new")?,
            tied: config.flag_or("tie_word_embeddings", true)?,
            parallel: false,
            qkv_bias: true,
            attention_bias: true,
            mlp_bias: true,
        })
    }

    fn embed(&self, mut b: Builder<'_>, dims: &Dims) -> Result<Segment, CheckpointError> {
        let root = root(&b);
        let x = b.embedding(&format!("{root}wte"), dims.vocabulary, dims.width)?;
        let because = format!("n_positions {}, n_embd {}", dims.positions, dims.width);
        let table = format!("{root}wpe");
        let p = b.table("position_ids", &table, [dims.positions, dims.width], &because)?;
        let y = b.add("embedding", x, p);
        Ok(b.finish(y))
    }

    fn block(
        &self,
        mut b: Builder<'_>,
        dims: &Dims,
        index: usize,
        options: BlockOptions,
    ) -> Result<Segment, CheckpointError> {
        let root = root(&b);
        let name = |part: &str| format!("{root}h.{index}.{part}");
        let look: Look = dims.look(index);

        let x = b.activations(dims.width);
        let h = b.layer_norm(&name("ln_1"), x, dims.epsilon)?;
        let qkv = b.linear_in_out(&name("attn.c_attn"), h, 3 * dims.width)?;
        let qkv = b.split_thirds(qkv);
        let a = b.attention(qkv, look, options);
        let a = b.linear_in_out(&name("attn.c_proj"), a, dims.width)?;
        let x = b.add("attention.residual", a, x);

        let h = b.layer_norm(&name("ln_2"), x, dims.epsilon)?;
        let h = b.linear_in_out(&name("mlp.c_fc"), h, dims.inner)?;
        let h = b.activation("mlp.activation", dims.activation, h);
        let h = b.linear_in_out(&name("mlp.c_proj"), h, dims.width)?;
        let y = b.add("mlp.residual", h, x);
        Ok(b.finish(y))
    }

    fn head(&self, mut b: Builder<'_>, dims: &Dims) -> Result<Segment, CheckpointError> {
        let root = root(&b);
        let x = b.activations(dims.width);
        let h = b.layer_norm(&format!("{root}ln_f"), x, dims.epsilon)?;
        let name = if dims.tied { format!("{root}wte") } else { "lm_head".to_owned() };
        let y = b.linear(&name, h, dims.vocabulary, Bias::Absent)?;
        Ok(b.finish(y))
    }

    fn ignores(&self, tensor: &str) -> bool {
        // Masks that older files hold, and a tied head that is stored all the same.
        tensor.ends_with(".attn.bias")
            || tensor.ends_with(".attn.masked_bias")
            || tensor == "lm_head.weight"
    }
}

/// What stands before all names: the first published files have nothing there.
fn root(b: &Builder<'_>) -> &'static str {
    if b.has("wte.weight") { "" } else { "transformer." }
}
