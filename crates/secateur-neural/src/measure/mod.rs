//! What a model is worth and what it costs.

pub mod embeddings;
pub mod inspect;
pub mod perplexity;
