//! `Attention` (ONNX opset 23), with grouped heads and past keys and values.

use secateur_tensor::Tensor;
use secateur_tensor::kernels::{self, AttentionShape};

use super::{Cost, OpError, Operator, at_most, given, need, optional, shape_error};
use crate::fact::{Dim, Fact, Kind};

/// Softmax of scaled products of queries and keys, times values.
///
/// Inputs: `q: [batch, sequence, heads * width]`, `k` and `v: [batch, sequence, kv_heads *
/// width]`, and optionally past keys and values `[batch, past, kv_heads * width]`. Outputs: the
/// result, shaped as `q`; with a past also present keys and values `[batch, past + sequence,
/// kv_heads * width]`. (ONNX has the heads of past and present as an axis before the positions.)
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Attention {
    /// Query heads (ONNX: `q_num_heads`).
    pub heads: usize,
    /// Key and value heads (ONNX: `kv_num_heads`); divides `heads`.
    pub kv_heads: usize,
    /// Factor on the products.
    pub scale: f32,
    /// Whether a query sees only keys up to its own position.
    pub causal: bool,
    /// A causal query sees at most this many keys, its own position included (ONNX has no such
    /// attribute and takes a mask).
    pub window: Option<usize>,
}

impl Operator for Attention {
    fn name(&self) -> &'static str {
        "Attention"
    }

    fn facts(&self, inputs: &[Option<&Fact>]) -> Result<Vec<Fact>, OpError> {
        at_most(inputs, 5)?;
        let q = need(inputs, 0, Kind::F32)?;
        let k = need(inputs, 1, Kind::F32)?;
        let v = need(inputs, 2, Kind::F32)?;
        if self.kv_heads == 0 || !self.heads.is_multiple_of(self.kv_heads) {
            let text = format!("{} heads do not divide by {}", self.heads, self.kv_heads);
            return Err(OpError::Attribute(text));
        }
        let width = q.last().and_then(Dim::known).unwrap_or(0);
        if q.shape.len() != 3 || width == 0 || width % self.heads != 0 {
            let expected = format!("expected [batch, sequence, {} x width]", self.heads);
            return Err(shape_error(0, q, expected));
        }
        let mut kv = q.shape.clone();
        kv[2] = Dim::Known(width / self.heads * self.kv_heads);
        for (index, part) in [(1, k), (2, v)] {
            if part.shape != kv {
                return Err(shape_error(index, part, format!("expected {kv:?}")));
            }
        }
        let past = optional(inputs, 3, Kind::F32)?;
        match (past, optional(inputs, 4, Kind::F32)?) {
            (None, None) => Ok(vec![Fact::f32(q.shape.clone())]),
            (Some(keys), Some(values)) => {
                let fits =
                    keys.shape.len() == 3 && keys.shape[0] == kv[0] && keys.shape[2] == kv[2];
                if !fits || values.shape != keys.shape {
                    return Err(shape_error(3, keys, format!("expected [batch, past, {}]", kv[2])));
                }
                kv[1] = keys.shape[1].plus(&kv[1]);
                Ok(vec![Fact::f32(q.shape.clone()), Fact::f32(kv.clone()), Fact::f32(kv)])
            }
            (Some(_), None) => Err(OpError::Missing { index: 4 }),
            (None, Some(_)) => Err(OpError::Missing { index: 3 }),
        }
    }

    fn cost(&self, inputs: &[Vec<usize>], outputs: &[Vec<usize>]) -> Cost {
        let [batch, queries, width] = inputs[0][..] else { return Cost::default() };
        let keys = outputs.get(1).map_or(queries, |present| present[1]);
        // Products with keys and with values; a causal query sees half of its own block.
        let seen: usize = if self.causal {
            let window = self.window.unwrap_or(usize::MAX);
            (keys - queries + 1..=keys).map(|keys| keys.min(window)).sum()
        } else {
            keys * queries
        };
        Cost { macs: (2 * batch * width * seen) as u64, ..super::moved(inputs, outputs) }
    }

    fn forward(&self, inputs: &[Option<&Tensor>], outputs: &mut [Tensor]) {
        let (q, k, v) = (given(inputs, 0), given(inputs, 1), given(inputs, 2));
        let (y, present) = outputs.split_at_mut(1);
        let (k, v) = match (inputs.get(3).copied().flatten(), present) {
            (Some(past_k), [present_k, present_v]) => {
                append(past_k, k, present_k);
                append(given(inputs, 4), v, present_v);
                (&*present_k, &*present_v)
            }
            _ => (k, v),
        };
        let shape = AttentionShape {
            batch: q.shape()[0],
            queries: q.shape()[1],
            keys: k.shape()[1],
            heads: self.heads,
            kv_heads: self.kv_heads,
            width: q.shape()[2] / self.heads,
            scale: self.scale,
            causal: self.causal,
            window: self.window,
        };
        kernels::attention(q.as_f32(), k.as_f32(), v.as_f32(), shape, y[0].as_f32_mut());
    }
}

/// Joins past and new positions of each sequence.
fn append(past: &Tensor, new: &Tensor, present: &mut Tensor) {
    let batch = new.shape()[0];
    let (old_len, new_len) = (past.len() / batch, new.len() / batch);
    let sequences = present.as_f32_mut().chunks_exact_mut(old_len + new_len);
    for (at, sequence) in sequences.enumerate() {
        sequence[..old_len].copy_from_slice(&past.as_f32()[at * old_len..(at + 1) * old_len]);
        sequence[old_len..].copy_from_slice(&new.as_f32()[at * new_len..(at + 1) * new_len]);
    }
}
