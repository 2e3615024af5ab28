//! Operators with heads.

use secateur_graph::ops::{Heads, MultiHeadAttention, MultiHeadRotary, Op, Scores};
use secateur_tensor::kernels::Pairing;

use super::{Reading, Unread};

pub(super) fn read(reading: Reading<'_>) -> Option<Result<Op, Unread>> {
    match reading.node.op_type() {
        "Attention" => Some(attention(reading).map(Op::MultiHeadAttention)),
        "RotaryEmbedding" => Some(Ok(Op::MultiHeadRotary(rotary(reading)))),
        _ => None,
    }
}

fn attention(reading: Reading<'_>) -> Result<MultiHeadAttention, Unread> {
    let attributes = reading.attributes;
    if reading.has(6) {
        return Err("its keys are padded".into());
    }
    let count = |name: &str| attributes.int(name).and_then(|n| usize::try_from(n).ok());
    let heads = match (count("q_num_heads"), count("kv_num_heads")) {
        (Some(queries), Some(keys)) => Some(Heads { queries, keys }),
        _ => None,
    };
    let scores = match attributes.int("qk_matmul_output_mode") {
        None | Some(0) => Scores::Scaled,
        Some(1) => Scores::Capped,
        Some(2) => Scores::Masked,
        Some(3) => Scores::Softmax,
        Some(other) => return Err(format!("qk_matmul_output_mode is {other}")),
    };
    Ok(MultiHeadAttention {
        heads,
        scale: attributes.float("scale"),
        softcap: attributes.float("softcap").unwrap_or(0.0),
        causal: attributes.flag("is_causal", false),
        scores,
    })
}

fn rotary(reading: Reading<'_>) -> MultiHeadRotary {
    let heads = reading.attributes.int("num_heads").filter(|heads| *heads > 0);
    let neighbors = reading.attributes.flag("interleaved", false);
    MultiHeadRotary {
        heads: heads.map(|heads| heads as usize),
        pairing: if neighbors { Pairing::Neighbors } else { Pairing::Halves },
    }
}
