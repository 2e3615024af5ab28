//! Names of tensors, here and there.

/// A width of the model.
#[derive(Clone, Copy)]
pub(in crate::gguf) enum Width {
    Hidden,
    Inner,
    Query,
    KeyValue,
}

/// Linear layers of a block: GGUF's name, Hugging Face's, rows, columns.
pub(in crate::gguf) const LINEARS: &[(&str, &str, Width, Width)] = &[
    ("attn_q", "self_attn.q_proj", Width::Query, Width::Hidden),
    ("attn_k", "self_attn.k_proj", Width::KeyValue, Width::Hidden),
    ("attn_v", "self_attn.v_proj", Width::KeyValue, Width::Hidden),
    ("attn_output", "self_attn.o_proj", Width::Hidden, Width::Query),
    ("ffn_gate", "mlp.gate_proj", Width::Inner, Width::Hidden),
    ("ffn_up", "mlp.up_proj", Width::Inner, Width::Hidden),
    ("ffn_down", "mlp.down_proj", Width::Hidden, Width::Inner),
];

/// Normalizations of a block.
pub(in crate::gguf) const NORMS: &[(&str, &str)] =
    &[("attn_norm", "input_layernorm"), ("ffn_norm", "post_attention_layernorm")];

/// Normalizations of every head, where the architecture has them.
pub(in crate::gguf) const HEAD_NORMS: &[(&str, &str)] =
    &[("attn_q_norm", "self_attn.q_norm"), ("attn_k_norm", "self_attn.k_norm")];

/// Tensors outside the blocks.
pub(in crate::gguf) const OUTSIDE: &[(&str, &str)] = &[
    ("token_embd.weight", "model.embed_tokens.weight"),
    ("output_norm.weight", "model.norm.weight"),
    ("output.weight", "lm_head.weight"),
];

/// Block and rest of a tensor's name.
pub(in crate::gguf) fn block(name: &str) -> Option<(usize, &str)> {
    let (number, rest) = name.strip_prefix("blk.")?.split_once('.')?;
    let block = number.parse::<u32>().ok()? as usize;
    // One block has one name: no leading zeros or signs.
    (block.to_string() == number).then_some((block, rest))
}

/// GGUF's name of a tensor, from Hugging Face's.
pub(in crate::gguf) fn in_file(name: &str) -> Option<String> {
    if let Some((ours, _)) = OUTSIDE.iter().find(|(_, theirs)| *theirs == name) {
        return Some((*ours).to_owned());
    }
    let (block, rest) = name.strip_prefix("model.layers.")?.split_once('.')?;
    let (stem, part) = rest.rsplit_once('.')?;
    let norms = NORMS.iter().chain(HEAD_NORMS).copied();
    let linears = LINEARS.iter().map(|(ours, theirs, ..)| (*ours, *theirs));
    let (ours, _) = norms.chain(linears).find(|(_, theirs)| *theirs == stem)?;
    let block: usize = block.parse().ok()?;
    matches!(part, "weight" | "bias").then(|| format!("blk.{block}.{ours}.{part}"))
}
