//! Attention with grouped heads, causal or not, without a matrix of all scores.

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use pulp::NullaryFnOnce;
use rayon::prelude::*;

use super::isa;
use super::softmax::softmax_row;

/// Queries that one task works on.
const QUERIES: usize = 64;

/// Sizes of an attention.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AttentionShape {
    /// Sequences.
    pub batch: usize,
    /// Queries of a sequence.
    pub queries: usize,
    /// Keys and values of a sequence, past ones included; the queries are its last positions.
    pub keys: usize,
    /// Query heads.
    pub heads: usize,
    /// Key and value heads; divides `heads`, each serves `heads / kv_heads` neighbors.
    pub kv_heads: usize,
    /// Values of a query or key head.
    pub width: usize,
    /// Factor on the products of queries and keys.
    pub scale: f32,
    /// Whether a query sees only keys up to its own position.
    pub causal: bool,
    /// A causal query sees at most this many keys, its own position included.
    pub window: Option<usize>,
}

impl AttentionShape {
    /// The keys that a query sees, first and one past the last.
    fn visible(&self, query: usize) -> std::ops::Range<usize> {
        if !self.causal {
            return 0..self.keys;
        }
        let end = self.keys - self.queries + query + 1;
        let first = self.window.map_or(0, |window| end.saturating_sub(window));
        first..end
    }
}

/// Softmax of scaled products of queries and keys, times values.
///
/// `q: [batch, queries, heads * width]`, `k, v: [batch, keys, kv_heads * width]`, into
/// `y: [batch, queries, heads * width]`. Work is cut by sequence, head and 64 queries, so the
/// result is the same bits for any number of threads.
///
/// Source: A. Vaswani et al., 2017, "Attention is all you need"; grouped heads: J. Ainslie et
/// al., 2023, "GQA".
///
/// # Panics
/// When lengths do not fit.
pub fn attention(q: &[f32], k: &[f32], v: &[f32], shape: AttentionShape, y: &mut [f32]) {
    let s = shape;
    let (q_row, kv_row) = (s.heads * s.width, s.kv_heads * s.width);
    assert_eq!(q.len(), s.batch * s.queries * q_row, "queries");
    assert_eq!(k.len(), s.batch * s.keys * kv_row, "keys");
    assert_eq!(v.len(), k.len(), "values");
    assert_eq!(y.len(), q.len(), "result");
    assert!(s.keys >= s.queries, "the queries are the last of the keys");
    let group = s.heads / s.kv_heads;
    let sequences = y.par_chunks_exact_mut(s.queries * q_row).enumerate();
    let tiles = sequences.flat_map(|(sequence, y)| {
        let y = MatMut::from_row_major_slice_mut(y, s.queries, q_row);
        y.par_row_chunks_mut(QUERIES).enumerate().flat_map(move |(block, y)| {
            let heads = y.par_col_chunks_mut(s.width).enumerate();
            heads.map(move |(head, y)| (sequence, block * QUERIES, head, y))
        })
    });
    tiles.for_each_init(Vec::new, |scores, (sequence, first, head, y)| {
        let queries = y.nrows();
        // Keys that any query of the tile sees.
        let seen = s.visible(first).start..s.visible(first + queries - 1).end;
        let q = &q[sequence * s.queries * q_row..][..s.queries * q_row];
        let q = MatRef::from_row_major_slice(q, s.queries, q_row).submatrix(
            first,
            head * s.width,
            queries,
            s.width,
        );
        let (k, v) = (
            seen_part(k, s, sequence, head / group, &seen),
            seen_part(v, s, sequence, head / group, &seen),
        );
        scores.resize(QUERIES * s.keys, 0.0);
        let scores = &mut scores[..queries * seen.len()];
        let products = MatMut::from_row_major_slice_mut(scores, queries, seen.len());
        matmul(products, Accum::Replace, q, k.transpose(), s.scale, Par::Seq);
        isa::run(Weights { shape: s, first, seen: seen.clone(), scores });
        let weights = MatRef::from_row_major_slice(&*scores, queries, seen.len());
        matmul(y, Accum::Replace, weights, v, 1.0, Par::Seq);
    });
}

/// Turns scores of a tile into weights: softmax over what each query sees.
struct Weights<'a> {
    shape: AttentionShape,
    /// The first query of the tile.
    first: usize,
    /// The keys that the tile has scores of.
    seen: std::ops::Range<usize>,
    scores: &'a mut [f32],
}

impl NullaryFnOnce for Weights<'_> {
    type Output = ();

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "compiled anew for each instruction set")]
    fn call(self) {
        for (at, row) in self.scores.chunks_exact_mut(self.seen.len()).enumerate() {
            let visible = self.shape.visible(self.first + at);
            let begin = visible.start - self.seen.start;
            let end = visible.end - self.seen.start;
            row[..begin].fill(0.0);
            softmax_row(&mut row[begin..end]);
            row[end..].fill(0.0);
        }
    }
}

/// The rows `seen` of one key or value head of one sequence.
fn seen_part<'a>(
    x: &'a [f32],
    s: AttentionShape,
    sequence: usize,
    head: usize,
    seen: &std::ops::Range<usize>,
) -> MatRef<'a, f32> {
    let row = s.kv_heads * s.width;
    let x = &x[sequence * s.keys * row..][..s.keys * row];
    MatRef::from_row_major_slice(x, s.keys, row).submatrix(
        seen.start,
        head * s.width,
        seen.len(),
        s.width,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The plain twin: one query, one head at a time, in f64.
    fn plain(q: &[f32], k: &[f32], v: &[f32], s: AttentionShape) -> Vec<f64> {
        let mut y = vec![0.0; q.len()];
        let (q_row, kv_row) = (s.heads * s.width, s.kv_heads * s.width);
        for b in 0..s.batch {
            for i in 0..s.queries {
                for h in 0..s.heads {
                    let q = &q[(b * s.queries + i) * q_row + h * s.width..][..s.width];
                    let end = if s.causal { s.keys - s.queries + i + 1 } else { s.keys };
                    let begin = end.saturating_sub(s.window.unwrap_or(usize::MAX));
                    let at =
                        |j: usize| (b * s.keys + j) * kv_row + h / (s.heads / s.kv_heads) * s.width;
                    let weights: Vec<f64> = (begin..end)
                        .map(|j| {
                            let k = &k[at(j)..][..s.width];
                            let dot: f64 = q.iter().zip(k).map(|(a, b)| f64::from(a * b)).sum();
                            (dot * f64::from(s.scale)).exp()
                        })
                        .collect();
                    let sum: f64 = weights.iter().sum();
                    for d in 0..s.width {
                        y[(b * s.queries + i) * q_row + h * s.width + d] = (begin..end)
                            .map(|j| weights[j - begin] / sum * f64::from(v[at(j) + d]))
                            .sum();
                    }
                }
            }
        }
        y
    }

    fn sample(n: usize, seed: usize) -> Vec<f32> {
        (0..n).map(|i| ((i * 7919 + seed) % 1009) as f32 / 504.5 - 1.0).collect()
    }

    #[track_caller]
    fn check(s: AttentionShape) {
        let q = sample(s.batch * s.queries * s.heads * s.width, 1);
        let k = sample(s.batch * s.keys * s.kv_heads * s.width, 2);
        let v = sample(s.batch * s.keys * s.kv_heads * s.width, 3);
        let mut y = vec![0.0; q.len()];
        attention(&q, &k, &v, s, &mut y);
        for (got, expect) in y.iter().zip(plain(&q, &k, &v, s)) {
            assert!((f64::from(*got) - expect).abs() < 2e-6, "{got} {expect}");
        }
    }

    #[test]
    fn attention_agrees_with_its_twin() {
        let shape = AttentionShape {
            batch: 2,
            queries: 70,
            keys: 70,
            heads: 6,
            kv_heads: 2,
            width: 8,
            scale: 0.35,
            causal: true,
            window: None,
        };
        check(shape);
        check(AttentionShape { window: Some(5), ..shape });
        check(AttentionShape { keys: 175, queries: 3, window: Some(16), ..shape });
        check(AttentionShape { window: Some(1), ..shape });
        check(AttentionShape { window: Some(1000), ..shape });
        check(AttentionShape { causal: false, ..shape });
        check(AttentionShape { keys: 75, queries: 3, ..shape });
        check(AttentionShape { keys: 9, queries: 1, kv_heads: 6, batch: 1, ..shape });
    }
}
