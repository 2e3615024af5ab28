//! `Attention` as ONNX has it (opset 23): heads as an axis or as blocks of the last one.

use rayon::prelude::*;
use secateur_tensor::tensor::Values;
use secateur_tensor::{Tensor, kernels};

use super::{Cost, OpError, Operator, at_most, given, known, maybe, need, optional, shape_error};
use crate::fact::{Fact, Kind};
use crate::ops::Op;
use crate::shrink::{Cut, Shrunk};
use crate::ties::{Slot, Ties};
use crate::walk::broadcast_steps;

/// Softmax of scaled products of queries and keys, times values, of groups of heads.
///
/// Inputs: queries, keys and values `[batch, heads, positions, width]`, or
/// `[batch, positions, heads * width]` with the numbers of heads as attributes; optionally a mask
/// that is broadcast to the scores (conditions that keep, or numbers that are added); optionally
/// past keys and values `[batch, kv_heads, past, width]`. Values may have another width.
/// Outputs: the result, laid out as the queries; keys and values with the past in front,
/// `[batch, kv_heads, past + positions, width]`; scores `[batch, heads, positions, past +
/// positions]`. A query that may see no key gives zeros.
///
/// [`Attention`](super::Attention) is the form that language models are built of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MultiHeadAttention {
    /// Numbers of heads, when inputs have them as blocks of the last axis.
    pub heads: Option<Heads>,
    /// Factor on the products; one over the root of the width when absent.
    pub scale: Option<f32>,
    /// Scores are kept between this and its negative by a tanh; not when 0.
    pub softcap: f32,
    /// Whether a query sees only keys up to its own position.
    pub causal: bool,
    /// Which scores are the last output.
    pub scores: Scores,
}

/// Numbers of heads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heads {
    /// Of queries.
    pub queries: usize,
    /// Of keys and values; divides those of queries.
    pub keys: usize,
}

/// Which scores are an output (ONNX: `qk_matmul_output_mode`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scores {
    /// Scaled products.
    #[default]
    Scaled,
    /// After the cap.
    Capped,
    /// With the mask added.
    Masked,
    /// After softmax.
    Softmax,
}

/// Sizes of an attention.
#[derive(Clone, Copy, Debug)]
struct Sizes {
    batch: usize,
    heads: usize,
    kv_heads: usize,
    queries: usize,
    keys: usize,
    past: usize,
    width: usize,
    value_width: usize,
    /// Whether heads are blocks of the last axis.
    blocks: bool,
}

impl MultiHeadAttention {
    fn sizes(&self, shapes: [&[usize]; 3], past: usize) -> Result<Sizes, OpError> {
        let [q, k, v] = shapes;
        let parts = |shape: &[usize], heads: Option<usize>| -> Option<[usize; 4]> {
            match (shape, heads) {
                ([batch, heads, positions, width], _) => Some([*batch, *heads, *positions, *width]),
                ([batch, positions, hidden], Some(heads))
                    if heads > 0 && hidden.is_multiple_of(heads) =>
                {
                    Some([*batch, heads, *positions, hidden / heads])
                }
                _ => None,
            }
        };
        let wrong = || {
            let text = format!("queries, keys and values of {q:?}, {k:?} and {v:?}");
            OpError::Attribute(format!("{text} do not fit {:?} heads", self.heads))
        };
        if q.len() != k.len() || q.len() != v.len() {
            return Err(wrong());
        }
        let of_keys = self.heads.map(|heads| heads.keys);
        let q_parts = parts(q, self.heads.map(|heads| heads.queries)).ok_or_else(wrong)?;
        let k_parts = parts(k, of_keys).ok_or_else(wrong)?;
        let v_parts = parts(v, of_keys).ok_or_else(wrong)?;
        let [batch, heads, queries, width] = q_parts;
        let [_, kv_heads, keys, _] = k_parts;
        let fits = k_parts == [batch, kv_heads, keys, width]
            && v_parts[..3] == [batch, kv_heads, keys]
            && kv_heads > 0
            && heads.is_multiple_of(kv_heads);
        if !fits {
            return Err(wrong());
        }
        let value_width = v_parts[3];
        let (keys, blocks) = (keys + past, q.len() == 3);
        Ok(Sizes { batch, heads, kv_heads, queries, keys, past, width, value_width, blocks })
    }

    fn sizes_of(&self, inputs: &[Option<&Tensor>]) -> Sizes {
        let shapes = [0, 1, 2].map(|index| given(inputs, index).shape());
        let past = maybe(inputs, 4).map_or(0, |past| past.shape()[2]);
        self.sizes(shapes, past).expect("checked in facts()")
    }
}

impl Operator for MultiHeadAttention {
    fn name(&self) -> &'static str {
        "Attention"
    }

    fn facts(&self, inputs: &[Option<&Fact>]) -> Result<Vec<Fact>, OpError> {
        at_most(inputs, 6)?;
        for index in 0..3 {
            need(inputs, index, Kind::F32)?;
        }
        let (q, k, v) = (known(inputs, 0)?, known(inputs, 1)?, known(inputs, 2)?);
        let past = match (optional(inputs, 4, Kind::F32)?, optional(inputs, 5, Kind::F32)?) {
            (None, None) => 0,
            (Some(_), Some(_)) => known(inputs, 4)?.get(2).copied().unwrap_or(0),
            (Some(_), None) => return Err(OpError::Missing { index: 5 }),
            (None, Some(_)) => return Err(OpError::Missing { index: 4 }),
        };
        let s = self.sizes([&q, &k, &v], past)?;
        for (index, width) in [(4, s.width), (5, s.value_width)] {
            let expected = [s.batch, s.kv_heads, past, width];
            if let Some(fact) = inputs.get(index).copied().flatten()
                && known(inputs, index)? != expected
            {
                return Err(shape_error(index, fact, format!("expected {expected:?}")));
            }
        }
        let scores = [s.batch, s.heads, s.queries, s.keys];
        if let Some(mask) = inputs.get(3).copied().flatten() {
            let shape = known(inputs, 3)?;
            let lead = scores.len().checked_sub(shape.len());
            let fits = lead.is_some_and(|lead| {
                shape.iter().zip(&scores[lead..]).all(|(n, to)| n == to || *n == 1)
            });
            if mask.kind == Kind::I64 || !fits {
                return Err(shape_error(3, mask, format!("expected a mask of {scores:?}")));
            }
        }
        let mut result = q.clone();
        result[q.len() - 1] = if s.blocks { s.heads * s.value_width } else { s.value_width };
        let present = |width: usize| Fact::f32_known(&[s.batch, s.kv_heads, s.keys, width]);
        let (keys, values) = (present(s.width), present(s.value_width));
        Ok(vec![Fact::f32_known(&result), keys, values, Fact::f32_known(&scores)])
    }

    fn cost(&self, inputs: &[Vec<usize>], outputs: &[Vec<usize>]) -> Cost {
        let past = inputs.get(4).and_then(|shape| shape.get(2)).copied().unwrap_or(0);
        let Ok(s) = self.sizes([&inputs[0], &inputs[1], &inputs[2]], past) else {
            return Cost::default();
        };
        let seen = |query: usize| {
            if self.causal { (s.past + query + 1).min(s.keys) } else { s.keys }
        };
        let pairs: usize = (0..s.queries).map(seen).sum();
        let macs = s.batch * s.heads * pairs * (s.width + s.value_width);
        Cost { macs: macs as u64, ..super::moved(inputs, outputs) }
    }

    fn forward(&self, inputs: &[Option<&Tensor>], outputs: &mut [Tensor]) {
        let s = self.sizes_of(inputs);
        let keys = joined(maybe(inputs, 4), given(inputs, 1), s, s.width);
        let values = joined(maybe(inputs, 5), given(inputs, 2), s, s.value_width);
        let scale = self.scale.unwrap_or_else(|| 1.0 / (s.width as f32).sqrt());
        let q = heads_first(given(inputs, 0), s.blocks, s.heads, s.width);
        let mask = Mask::new(maybe(inputs, 3), s);
        let group = s.heads / s.kv_heads;
        let wants_scores = outputs.len() > 3;
        let heads = 0..s.batch * s.heads;
        let computed: Vec<(Vec<f32>, Vec<f32>)> = heads
            .into_par_iter()
            .map(|at| {
                let kv = at / s.heads * s.kv_heads + at % s.heads / group;
                let q = &q[at * s.queries * s.width..][..s.queries * s.width];
                let k = &keys[kv * s.keys * s.width..][..s.keys * s.width];
                let v = &values[kv * s.keys * s.value_width..][..s.keys * s.value_width];
                self.head([q, k, v], s, scale, &mask.rows(at), wants_scores)
            })
            .collect();
        let y = outputs[0].as_f32_mut();
        for (at, (result, _)) in computed.iter().enumerate() {
            let (n, head) = (at / s.heads, at % s.heads);
            for (query, row) in result.chunks_exact(s.value_width.max(1)).enumerate() {
                let row_at = if s.blocks {
                    (n * s.queries + query) * s.heads + head
                } else {
                    at * s.queries + query
                };
                y[row_at * s.value_width..][..s.value_width].copy_from_slice(row);
            }
        }
        if let Some(scores) = outputs.get_mut(3) {
            let size = (s.queries * s.keys).max(1);
            let parts = scores.as_f32_mut().chunks_exact_mut(size);
            for (to, (_, from)) in parts.zip(&computed) {
                to.copy_from_slice(from);
            }
        }
        for (index, present) in [(1, keys), (2, values)] {
            if let Some(output) = outputs.get_mut(index) {
                output.as_f32_mut().copy_from_slice(&present);
            }
        }
    }

    /// A head of keys and values stands or falls with its group of query heads.
    fn ties(&self, ties: &mut Ties<'_>) {
        let shapes = [0, 1, 2].map(|index| ties.shape(Slot::In(index)));
        let past = ties.shape(Slot::In(4)).get(2).copied().unwrap_or(0);
        let Ok(s) = self.sizes([&shapes[0], &shapes[1], &shapes[2]], past) else {
            return ties.freeze_all("its heads are not known");
        };
        let group = s.heads / s.kv_heads;
        // Width of a head on the last axis, where heads are blocks of it.
        let block = |width: usize| if s.blocks { width } else { 1 };
        let axis = if s.blocks { 2 } else { 1 };
        let of_queries =
            [(Slot::In(0), axis, block(s.width)), (Slot::Out(0), axis, block(s.value_width))];
        let mut of_keys =
            vec![(Slot::In(1), axis, block(s.width)), (Slot::In(2), axis, block(s.value_width))];
        of_keys.extend([Slot::In(4), Slot::In(5), Slot::Out(1), Slot::Out(2)].map(|s| (s, 1, 1)));
        let mut of_queries = of_queries.to_vec();
        of_queries.push((Slot::Out(3), 1, 1));
        let mask = ties.shape(Slot::In(3));
        if let Some(axis) = mask.len().checked_sub(3)
            && mask[axis] == s.heads
        {
            of_queries.push((Slot::In(3), axis, 1));
        }
        for kv in 0..s.kv_heads {
            let first = (Slot::In(1), axis, kv * block(s.width));
            for (members, count) in [(&of_keys, 1), (&of_queries, group)] {
                for &(slot, axis, width) in members {
                    for at in kv * count * width..(kv + 1) * count * width {
                        ties.link(first, (slot, axis, at));
                    }
                }
            }
        }
        for slot in ties.slots() {
            let held = of_keys.iter().chain(&of_queries).find(|(of, ..)| *of == slot);
            let held = held.map(|(_, axis, _)| *axis);
            for axis in (0..ties.shape(slot).len()).filter(|axis| Some(*axis) != held) {
                ties.freeze(slot, axis, "it is the width of heads, or positions");
            }
        }
    }

    fn shrunk(&self, cut: &Cut<'_>) -> Result<Shrunk, OpError> {
        let Some(heads) = self.heads else { return Ok(Shrunk::default()) };
        let axis = if cut.before(Slot::In(0)).len() == 3 { 2 } else { 1 };
        let left = |input: usize, heads: usize| {
            heads * cut.after(Slot::In(input))[axis] / cut.before(Slot::In(input))[axis]
        };
        let heads = Heads { queries: left(0, heads.queries), keys: left(1, heads.keys) };
        let op = Op::MultiHeadAttention(Self { heads: Some(heads), ..*self });
        Ok(Shrunk { op: Some(op), inputs: Vec::new() })
    }
}

impl MultiHeadAttention {
    /// The result of one head, and its scores where they are wanted.
    fn head(
        &self,
        [q, k, v]: [&[f32]; 3],
        s: Sizes,
        scale: f32,
        mask: &[Vec<f32>],
        wants_scores: bool,
    ) -> (Vec<f32>, Vec<f32>) {
        let mut scores = vec![0.0; s.queries * s.keys];
        let mut y = vec![0.0; s.queries * s.value_width];
        if scores.is_empty() || y.is_empty() {
            return (y, scores);
        }
        if s.width > 0 {
            kernels::matmul_transposed(q, k, None, s.width, &mut scores);
        }
        let mut shown = Vec::new();
        let mut show = |stage: Scores, scores: &[f32]| {
            if wants_scores && stage == self.scores {
                shown = scores.to_vec();
            }
        };
        for score in &mut scores {
            *score *= scale;
        }
        show(Scores::Scaled, &scores);
        if self.softcap != 0.0 {
            for score in &mut scores {
                *score = self.softcap * (*score / self.softcap).tanh();
            }
        }
        show(Scores::Capped, &scores);
        let mut blind = Vec::new();
        for (query, row) in scores.chunks_exact_mut(s.keys).enumerate() {
            let end = if self.causal { (s.past + query + 1).min(s.keys) } else { s.keys };
            let bias = mask.get(query % mask.len().max(1));
            let hidden =
                bias.is_some_and(|bias| bias[..end].iter().all(|b| *b == f32::NEG_INFINITY));
            blind.push(hidden || end == 0);
            if let Some(bias) = bias {
                row.iter_mut().zip(bias).for_each(|(score, bias)| *score += bias);
            }
            row[end..].fill(f32::NEG_INFINITY);
        }
        show(Scores::Masked, &scores);
        for (row, blind) in scores.chunks_exact_mut(s.keys).zip(&blind) {
            if *blind {
                row.fill(0.0);
            } else {
                kernels::softmax_rows(row, s.keys);
            }
        }
        show(Scores::Softmax, &scores);
        let mut turned = vec![0.0; v.len()];
        let by = [1, s.value_width as isize];
        crate::walk::strided(v, &mut turned, &[s.value_width, s.keys], 0, &by);
        kernels::matmul_transposed(&scores, &turned, None, s.keys, &mut y);
        (y, shown)
    }
}

/// What a mask adds to scores, row by row.
struct Mask {
    values: Vec<f32>,
    steps: Vec<isize>,
    sizes: Sizes,
}

impl Mask {
    fn new(mask: Option<&Tensor>, sizes: Sizes) -> Self {
        let Some(mask) = mask else {
            return Self { values: Vec::new(), steps: Vec::new(), sizes };
        };
        let to = [sizes.batch, sizes.heads, sizes.queries, sizes.keys];
        let values = match mask.values() {
            Values::Bool(values) => {
                values.iter().map(|&keep| if keep { 0.0 } else { f32::NEG_INFINITY }).collect()
            }
            _ => mask.as_f32().to_vec(),
        };
        Self { values, steps: broadcast_steps(mask.shape(), &to), sizes }
    }

    /// The rows of a head of a sequence: none without a mask, one where all queries share it.
    fn rows(&self, at: usize) -> Vec<Vec<f32>> {
        let [by_batch, by_head, by_query, by_key] = self.steps[..] else { return Vec::new() };
        let (n, head) = ((at / self.sizes.heads) as isize, (at % self.sizes.heads) as isize);
        let start = n * by_batch + head * by_head;
        let count = if by_query == 0 { 1 } else { self.sizes.queries };
        let row = |query: usize| {
            let first = start + query as isize * by_query;
            let value = |key: usize| self.values[(first + key as isize * by_key) as usize];
            (0..self.sizes.keys).map(value).collect()
        };
        (0..count).map(row).collect()
    }
}

/// Values as `[batch, heads, positions, width]`.
fn heads_first(x: &Tensor, blocks: bool, heads: usize, width: usize) -> Vec<f32> {
    if !blocks {
        return x.as_f32().to_vec();
    }
    let (batch, positions) = (x.shape()[0], x.shape()[1]);
    let mut y = vec![0.0; x.len()];
    let row = (heads * width) as isize;
    let steps = [positions as isize * row, width as isize, row, 1];
    crate::walk::strided(x.as_f32(), &mut y, &[batch, heads, positions, width], 0, &steps);
    y
}

/// Past and new positions of each head, as `[batch, heads, positions, width]`.
fn joined(past: Option<&Tensor>, new: &Tensor, s: Sizes, width: usize) -> Vec<f32> {
    let new = heads_first(new, s.blocks, s.kv_heads, width);
    let Some(past) = past else { return new };
    let (old_run, new_run) = (s.past * width, (s.keys - s.past) * width);
    let mut all = Vec::with_capacity(past.len() + new.len());
    for head in 0..s.batch * s.kv_heads {
        all.extend_from_slice(&past.as_f32()[head * old_run..][..old_run]);
        all.extend_from_slice(&new[head * new_run..][..new_run]);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: MultiHeadAttention = MultiHeadAttention {
        heads: None,
        scale: Some(1.0),
        softcap: 0.0,
        causal: false,
        scores: Scores::Scaled,
    };

    fn run(op: MultiHeadAttention, inputs: &[Option<&Tensor>]) -> Vec<Tensor> {
        let facts: Vec<Option<Fact>> =
            inputs.iter().map(|t| t.map(|t| Fact::known(t.clone()))).collect();
        let facts: Vec<Option<&Fact>> = facts.iter().map(Option::as_ref).collect();
        let facts = op.facts(&facts).unwrap();
        let empty = |fact: &Fact| crate::ops::empty(fact.kind, &fact.known_shape().unwrap());
        let mut outputs: Vec<Tensor> = facts.iter().map(empty).collect();
        op.forward(inputs, &mut outputs);
        outputs
    }

    #[test]
    fn heads_as_blocks_and_as_an_axis_are_the_same() {
        let x: Vec<f32> = (0..12).map(|v| (v as f32 * 0.7).sin()).collect();
        let kv: Vec<f32> = (0..6).map(|v| (v as f32 * 1.3).cos()).collect();
        // Two query heads of width 2 on one key head, three positions.
        let blocks = MultiHeadAttention { heads: Some(Heads { queries: 2, keys: 1 }), ..PLAIN };
        let q = Tensor::f32(vec![1, 3, 4], x.clone());
        let k = Tensor::f32(vec![1, 3, 2], kv.clone());
        let by_blocks = run(blocks, &[Some(&q), Some(&k), Some(&k)]);
        let turned = heads_first(&q, true, 2, 2);
        let q = Tensor::f32(vec![1, 2, 3, 2], turned);
        let k = Tensor::f32(vec![1, 1, 3, 2], kv);
        let by_axis = run(PLAIN, &[Some(&q), Some(&k), Some(&k)]);
        assert_eq!(heads_first(&by_blocks[0], true, 2, 2), by_axis[0].as_f32());
        assert_eq!(by_axis[1].as_f32(), k.as_f32());
    }

    #[test]
    fn a_query_that_sees_no_key_gives_zeros() {
        let x = Tensor::f32(vec![1, 1, 2, 1], vec![1.0, 2.0]);
        let mask = Tensor::bool(vec![2, 2], vec![false, false, true, false]);
        let y = run(PLAIN, &[Some(&x), Some(&x), Some(&x), Some(&mask)]);
        assert_eq!(y[0].as_f32(), [0.0, 1.0]);
        assert_eq!(y[3].shape(), [1, 1, 2, 2]);
    }
}
