//! `bert`: BERT and MiniLM encoders. Learned positions and token types, every token sees all
//! tokens, layer norm after each residual, biases everywhere. It ends in the last hidden state;
//! pooler and classifiers are carried through.
//!
//! Source: J. Devlin et al., 2019, "BERT: pre-training of deep bidirectional transformers for
//! language understanding".

use super::{Architecture, Dims, activation, heads};
use crate::blocks::{Bias, BlockOptions, Builder, Look, Segment};
use crate::config::Config;
use crate::error::CheckpointError;

/// The architecture `bert`.
#[derive(Clone, Copy, Debug)]
pub struct Bert;

impl Architecture for Bert {
    fn name(&self) -> &'static str {
        "bert"
    }

    fn encoder(&self) -> bool {
        true
    }

    fn dims(&self, config: &Config) -> Result<Dims, CheckpointError> {
        let width = config.count("hidden_size")?;
        let position = config.word_or("position_embedding_type", "absolute")?;
        if position != "absolute" {
            return Err(config.unsupported("position_embedding_type", position));
        }
        for key in ["is_decoder", "add_cross_attention"] {
            if config.flag_or(key, false)? {
                return Err(config.unsupported(key, "true"));
            }
        }
        Ok(Dims {
            layers: config.count("num_hidden_layers")?,
            width,
            inner: config.count("intermediate_size")?,
            vocabulary: config.count("vocab_size")?,
            positions: config.count("max_position_embeddings")?,
            heads: heads(config, width)?,
            rope: None,
            windows: Vec::new(),
            epsilon: config.number_or("layer_norm_eps", 1e-12)?,
            activation: activation(config, "hidden_act", "gelu")?,
            tied: config.flag_or("tie_word_embeddings", true)?,
            parallel: false,
            qkv_bias: true,
            attention_bias: true,
            mlp_bias: true,
        })
    }

    fn embed(&self, mut b: Builder<'_>, dims: &Dims) -> Result<Segment, CheckpointError> {
        let root = root(&b);
        let name = |part: &str| format!("{root}embeddings.{part}");
        let x = b.embedding(&name("word_embeddings"), dims.vocabulary, dims.width)?;
        let because = format!("max_position_embeddings {}", dims.positions);
        let table = name("position_embeddings");
        let p = b.table("position_ids", &table, [dims.positions, dims.width], &because)?;
        let table = name("token_type_embeddings");
        let types = b.rows(&table).unwrap_or(2);
        let t = b.table("token_type_ids", &table, [types, dims.width], "type_vocab_size")?;
        let x = b.add("positions", x, p);
        let x = b.add("types", x, t);
        let y = b.layer_norm(&name("LayerNorm"), x, dims.epsilon)?;
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
        let name = |part: &str| format!("{root}encoder.layer.{index}.{part}");
        let present = Bias::Present;

        let x = b.activations(dims.width);
        let q = b.linear(&name("attention.self.query"), x, dims.width, present)?;
        let k = b.linear(&name("attention.self.key"), x, dims.width, present)?;
        let v = b.linear(&name("attention.self.value"), x, dims.width, present)?;
        let a = b.attention([q, k, v], Look { causal: false, ..dims.look(index) }, options);
        let a = b.linear(&name("attention.output.dense"), a, dims.width, present)?;
        let x = b.add("attention.residual", a, x);
        let x = b.layer_norm(&name("attention.output.LayerNorm"), x, dims.epsilon)?;

        let h = b.linear(&name("intermediate.dense"), x, dims.inner, present)?;
        let h = b.activation("mlp.activation", dims.activation, h);
        let h = b.linear(&name("output.dense"), h, dims.width, present)?;
        let h = b.add("mlp.residual", h, x);
        let y = b.layer_norm(&name("output.LayerNorm"), h, dims.epsilon)?;
        Ok(b.finish(y))
    }

    fn head(&self, b: Builder<'_>, _dims: &Dims) -> Result<Segment, CheckpointError> {
        Err(b.no_head())
    }

    fn ignores(&self, tensor: &str) -> bool {
        let heads = ["pooler.", "cls.", "classifier.", "qa_outputs."];
        let tensor = tensor.strip_prefix("bert.").unwrap_or(tensor);
        heads.iter().any(|head| tensor.starts_with(head)) || tensor == "embeddings.position_ids"
    }
}

/// What stands before all names: nothing in a plain encoder, `bert.` below a head.
fn root(b: &Builder<'_>) -> &'static str {
    if b.has("bert.embeddings.word_embeddings.weight") { "bert." } else { "" }
}
