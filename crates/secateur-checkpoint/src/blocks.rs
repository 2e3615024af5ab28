//! Building blocks that architectures share.

use std::path::Path;

use secateur_graph::ops::{
    Attention, Binary, Gather, Gelu, Gemm, LayerNormalization, Op, Regroup, RmsNormalization,
    RotaryEmbedding, Split, Swish,
};
use secateur_graph::{Dim, Fact, Graph, GraphError, ValueId};
use secateur_tensor::Tensor;
use secateur_tensor::kernels::Pairing;

use crate::config::Rope;
use crate::error::CheckpointError;
use crate::tensors::{Source, Tensors};

/// A part of a network: embedding, a block, or the head.
#[derive(Clone, Debug)]
pub struct Segment {
    /// The graph. Inputs: `input_ids` or `x`, where needed `position_ids` and `token_type_ids`,
    /// and of a block with a cache `past_key` and `past_value`. Outputs: `y`, and with a cache
    /// `present_key` and `present_value`.
    pub graph: Graph,
    /// The linear layers, in the order in which they run.
    pub linears: Vec<Linear>,
}

/// A linear layer of a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Linear {
    /// Name of the module, e.g. `model.layers.0.mlp.up_proj`; its weight is `NAME.weight`.
    pub name: String,
    /// The node that multiplies.
    pub node: secateur_graph::NodeId,
    /// What flows in; layers with the same input share it.
    pub input: ValueId,
    /// The weight `[out, in]`.
    pub weight: ValueId,
    /// Which way round the file has it.
    pub order: WeightOrder,
}

/// Which way round a file has the weight of a linear layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WeightOrder {
    /// `[out, in]`, as almost everywhere.
    OutIn,
    /// `[in, out]`, as GPT-2 has it.
    InOut,
}

/// How a block is to be built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockOptions {
    /// Positions that angles are made for: the longest sequence, past included.
    pub positions: usize,
    /// Whether past keys and values go in and present ones come out.
    pub cache: bool,
}

/// Whether a linear layer has a bias.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bias {
    /// None.
    Absent,
    /// One, `NAME.bias`.
    Present,
}

/// Heads of an attention.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Heads {
    /// Query heads.
    pub count: usize,
    /// Key and value heads.
    pub kv: usize,
    /// Values of a head.
    pub width: usize,
}

/// What an attention looks at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Look {
    /// Its heads.
    pub heads: Heads,
    /// Rotary embedding of queries and keys.
    pub rope: Option<Rope>,
    /// Whether a token sees only tokens up to itself.
    pub causal: bool,
    /// A token sees at most this many tokens, itself included.
    pub window: Option<usize>,
    /// Factor on the products of queries and keys.
    pub scale: f32,
}

/// Builds the graph of a segment from the tensors of a model.
#[derive(Debug)]
pub struct Builder<'a> {
    graph: Graph,
    linears: Vec<Linear>,
    tensors: &'a Tensors,
    path: &'a Path,
}

impl<'a> Builder<'a> {
    /// An empty segment over a model's tensors; `path` is for messages.
    pub fn new(tensors: &'a Tensors, path: &'a Path) -> Self {
        Self { graph: Graph::new(), linears: Vec::new(), tensors, path }
    }

    /// The finished segment, with its output.
    pub fn finish(mut self, y: ValueId) -> Segment {
        self.graph.rename(y, "y");
        self.graph.outputs.insert(0, y);
        Segment { graph: self.graph, linears: self.linears }
    }

    /// The input `x: [batch, sequence, width]`.
    pub fn activations(&mut self, width: usize) -> ValueId {
        self.graph.add_input("x", Fact::f32(vec![batch(), sequence(), width.into()]))
    }

    /// A weight of the given shape; `because` says where the shape comes from.
    ///
    /// # Errors
    /// [`CheckpointError`] when it is missing, of another shape, or not of floats.
    pub fn weight(
        &mut self,
        name: &str,
        expected: &[usize],
        because: &str,
    ) -> Result<ValueId, CheckpointError> {
        let source = self.source(name, expected, because)?;
        Ok(self.graph.add_weight(name, source.load()))
    }

    /// A tensor of floats of the given shape.
    fn source(
        &self,
        name: &str,
        expected: &[usize],
        because: &str,
    ) -> Result<&'a Source, CheckpointError> {
        let path = || self.tensors.file_of(name).unwrap_or(self.path).to_owned();
        let Some(source) = self.tensors.find(name) else {
            let nearest = self.tensors.nearest(name).map(str::to_owned);
            return Err(CheckpointError::MissingTensor {
                path: path(),
                name: name.to_owned(),
                nearest,
            });
        };
        let stored = &source.stored;
        if stored.shape() != expected {
            return Err(CheckpointError::TensorShape {
                path: path(),
                name: name.to_owned(),
                expected: expected.to_vec(),
                found: stored.shape().to_vec(),
                because: because.to_owned(),
            });
        }
        if !stored.dtype().is_float() {
            return Err(CheckpointError::UnsupportedType {
                path: path(),
                name: name.to_owned(),
                dtype: stored.dtype().to_string(),
            });
        }
        Ok(source)
    }

    /// Rows of the table `NAME.weight`, when it is there.
    pub fn rows(&self, name: &str) -> Option<usize> {
        self.tensors.find(&format!("{name}.weight"))?.stored.shape().first().copied()
    }

    /// The error of an encoder that is asked for a head.
    pub fn no_head(&self) -> CheckpointError {
        CheckpointError::NoHead { path: self.path.to_owned() }
    }

    /// Whether the model has a tensor.
    pub fn has(&self, name: &str) -> bool {
        self.tensors.find(name).is_some()
    }

    /// Token ids `[batch, sequence]` to rows of an embedding `[vocabulary, width]`.
    ///
    /// # Errors
    /// [`CheckpointError`] of the weight.
    pub fn embedding(
        &mut self,
        name: &str,
        vocabulary: usize,
        width: usize,
    ) -> Result<ValueId, CheckpointError> {
        let because = format!("vocab_size {vocabulary}, hidden_size {width}");
        self.table("input_ids", name, [vocabulary, width], &because)
    }

    /// Rows of a table `NAME.weight` at the integers of an input `[batch, sequence]`.
    ///
    /// # Errors
    /// [`CheckpointError`] of the weight.
    pub fn table(
        &mut self,
        input: &str,
        name: &str,
        shape: [usize; 2],
        because: &str,
    ) -> Result<ValueId, CheckpointError> {
        let indices = self.graph.add_input(input, Fact::i64(vec![batch(), sequence()]));
        let table = self.weight(&format!("{name}.weight"), &shape, because)?;
        Ok(self.node(name, Op::Gather(Gather::ROWS), &[table, indices]))
    }

    /// A linear layer `NAME` from the width of `x` to `out`.
    ///
    /// # Errors
    /// [`CheckpointError`] of its weight or bias.
    pub fn linear(
        &mut self,
        name: &str,
        x: ValueId,
        out: usize,
        bias: Bias,
    ) -> Result<ValueId, CheckpointError> {
        let inner = self.width(x);
        let because = format!("{out} out, {inner} in");
        let weight = self.weight(&format!("{name}.weight"), &[out, inner], &because)?;
        self.multiply(name, x, weight, out, bias, WeightOrder::OutIn)
    }

    /// A linear layer `NAME` from the width of `x` to `out`, whose weight the file has as
    /// `[in, out]`, with a bias.
    ///
    /// # Errors
    /// [`CheckpointError`] of its weight or bias.
    pub fn linear_in_out(
        &mut self,
        name: &str,
        x: ValueId,
        out: usize,
    ) -> Result<ValueId, CheckpointError> {
        let inner = self.width(x);
        let because = format!("{inner} in, {out} out");
        let weight = format!("{name}.weight");
        let source = self.source(&weight, &[inner, out], &because)?;
        let transposed = source.load().transposed().map_err(|_| {
            let dtype = source.stored.dtype().to_string();
            CheckpointError::UnsupportedType {
                path: self.tensors.file_of(&weight).unwrap_or(self.path).to_owned(),
                name: weight.clone(),
                dtype,
            }
        })?;
        let weight = self.graph.add_weight(&weight, transposed);
        self.multiply(name, x, weight, out, Bias::Present, WeightOrder::InOut)
    }

    fn multiply(
        &mut self,
        name: &str,
        x: ValueId,
        weight: ValueId,
        out: usize,
        bias: Bias,
        order: WeightOrder,
    ) -> Result<ValueId, CheckpointError> {
        let mut inputs = vec![Some(x), Some(weight)];
        if bias == Bias::Present {
            let because = format!("{out} out");
            inputs.push(Some(self.weight(&format!("{name}.bias"), &[out], &because)?));
        }
        let y = must(self.graph.add_node(name, Op::Gemm(Gemm::LINEAR), &inputs))[0];
        let node = secateur_graph::NodeId(self.graph.nodes().len() as u32 - 1);
        self.linears.push(Linear { name: name.to_owned(), node, input: x, weight, order });
        Ok(y)
    }

    /// Root-mean-square normalization by `NAME.weight`.
    ///
    /// # Errors
    /// [`CheckpointError`] of its weight.
    pub fn rms_norm(
        &mut self,
        name: &str,
        x: ValueId,
        epsilon: f64,
    ) -> Result<ValueId, CheckpointError> {
        let width = self.width(x);
        let scale = self.weight(&format!("{name}.weight"), &[width], "hidden_size")?;
        let op = Op::RmsNormalization(RmsNormalization { axis: -1, epsilon: epsilon as f32 });
        Ok(self.node(name, op, &[x, scale]))
    }

    /// Root-mean-square normalization of every head by `NAME.weight`, which all heads share.
    ///
    /// # Errors
    /// [`CheckpointError`] of its weight.
    pub fn head_norm(
        &mut self,
        name: &str,
        x: ValueId,
        head: usize,
        epsilon: f64,
    ) -> Result<ValueId, CheckpointError> {
        let width = self.width(x);
        let scale = self.weight(&format!("{name}.weight"), &[head], "head_dim")?;
        let apart = Regroup { from: vec![width], to: vec![width / head, head] };
        let x = self.node(&format!("{name}.heads"), Op::Regroup(apart), &[x]);
        let op = Op::RmsNormalization(RmsNormalization { axis: -1, epsilon: epsilon as f32 });
        let x = self.node(name, op, &[x, scale]);
        let flat = Regroup { from: vec![width / head, head], to: vec![width] };
        Ok(self.node(&format!("{name}.flat"), Op::Regroup(flat), &[x]))
    }

    /// Layer normalization by `NAME.weight` and `NAME.bias`, which very old files call `gamma`
    /// and `beta`.
    ///
    /// # Errors
    /// [`CheckpointError`] of its weights.
    pub fn layer_norm(
        &mut self,
        name: &str,
        x: ValueId,
        epsilon: f64,
    ) -> Result<ValueId, CheckpointError> {
        let width = self.width(x);
        let old = self.has(&format!("{name}.gamma"));
        let (weight, bias) = if old { ("gamma", "beta") } else { ("weight", "bias") };
        let scale = self.weight(&format!("{name}.{weight}"), &[width], "hidden_size")?;
        let bias = self.weight(&format!("{name}.{bias}"), &[width], "hidden_size")?;
        let op = Op::LayerNormalization(LayerNormalization {
            axis: -1,
            epsilon: epsilon as f32,
            statistics: false,
        });
        Ok(self.node(name, op, &[x, scale, bias]))
    }

    /// Queries and keys, rotated where asked for, attended values:
    /// `[batch, sequence, heads * width]`.
    pub fn attention(
        &mut self,
        [q, k, v]: [ValueId; 3],
        look: Look,
        options: BlockOptions,
    ) -> ValueId {
        let heads = look.heads;
        let [q, k] = match look.rope {
            Some(rope) => self.rotate([q, k], heads, rope, options.positions),
            None => [q, k],
        };
        let op = Attention {
            heads: heads.count,
            kv_heads: heads.kv,
            scale: look.scale,
            causal: look.causal,
            window: look.window,
        };
        let mut inputs = vec![Some(q), Some(k), Some(v), None, None];
        if options.cache {
            let shape = vec![batch(), Dim::symbol("past"), (heads.kv * heads.width).into()];
            inputs[3] = Some(self.graph.add_input("past_key", Fact::f32(shape.clone())));
            inputs[4] = Some(self.graph.add_input("past_value", Fact::f32(shape)));
        }
        let outputs = must(self.graph.add_node("attention", Op::Attention(op), &inputs));
        for (&id, name) in outputs[1..].iter().zip(["present_key", "present_value"]) {
            self.graph.rename(id, name);
            self.graph.outputs.push(id);
        }
        outputs[0]
    }

    /// Queries and keys with their rotary embedding.
    fn rotate(
        &mut self,
        [q, k]: [ValueId; 2],
        heads: Heads,
        rope: Rope,
        positions: usize,
    ) -> [ValueId; 2] {
        let ids = self.graph.add_input("position_ids", Fact::i64(vec![batch(), sequence()]));
        let (cos, sin) = angles(heads, rope, positions);
        let cos = self.graph.add_constant("cos", cos);
        let sin = self.graph.add_constant("sin", sin);
        let rotary = RotaryEmbedding { head_width: heads.width, pairing: Pairing::Halves };
        let mut turn = |name, x| self.node(name, Op::RotaryEmbedding(rotary), &[x, cos, sin, ids]);
        [turn("rotary.q", q), turn("rotary.k", k)]
    }

    /// Splits a fused projection into query, key and value, one after the other:
    /// `[.., 3 * width]` into three of `[.., width]`.
    pub fn split_thirds(&mut self, qkv: ValueId) -> [ValueId; 3] {
        let split = Op::Split(Split { axis: -1, parts: 3, numbered: false });
        let parts = must(self.graph.add_node("split", split, &[Some(qkv)]));
        [parts[0], parts[1], parts[2]]
    }

    /// Splits a fused projection whose heads hold query, key and value one after the other:
    /// `[.., heads * 3 * width]` into three of `[.., heads * width]`.
    pub fn split_heads(&mut self, qkv: ValueId, heads: Heads) -> [ValueId; 3] {
        let (count, width) = (heads.count, heads.width);
        let by_head = Regroup { from: vec![count * 3 * width], to: vec![count, 3, width] };
        let qkv = self.node("heads", Op::Regroup(by_head), &[qkv]);
        let split = Op::Split(Split { axis: -2, parts: 3, numbered: false });
        let parts = must(self.graph.add_node("split", split, &[Some(qkv)]));
        let flat = Regroup { from: vec![count, 1, width], to: vec![count * width] };
        let mut flatten = |part, name: &str| self.node(name, Op::Regroup(flat.clone()), &[part]);
        [flatten(parts[0], "q"), flatten(parts[1], "k"), flatten(parts[2], "v")]
    }

    /// `x + y`.
    pub fn add(&mut self, name: &str, x: ValueId, y: ValueId) -> ValueId {
        self.node(name, Op::Binary(Binary::Add), &[x, y])
    }

    /// `x * y`.
    pub fn mul(&mut self, name: &str, x: ValueId, y: ValueId) -> ValueId {
        self.node(name, Op::Binary(Binary::Mul), &[x, y])
    }

    /// An activation.
    pub fn activation(&mut self, name: &str, activation: Activation, x: ValueId) -> ValueId {
        let op = match activation {
            Activation::Silu => Op::Swish(Swish),
            Activation::Gelu => Op::Gelu(Gelu { tanh: false }),
            Activation::GeluTanh => Op::Gelu(Gelu { tanh: true }),
        };
        self.node(name, op, &[x])
    }

    fn node(&mut self, name: &str, op: Op, inputs: &[ValueId]) -> ValueId {
        let inputs: Vec<Option<ValueId>> = inputs.iter().copied().map(Some).collect();
        must(self.graph.add_node(name, op, &inputs))[0]
    }

    fn width(&self, x: ValueId) -> usize {
        let last = self.graph.value(x).fact.last().and_then(Dim::known);
        last.expect("activations end in a known width")
    }
}

/// Activations of the supported architectures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// `x sigmoid(x)`.
    Silu,
    /// Exact GELU.
    Gelu,
    /// GELU by tanh.
    GeluTanh,
}

impl Activation {
    /// The activation of a name in config.json (`hidden_act`).
    pub fn of_name(name: &str) -> Option<Self> {
        match name {
            "silu" | "swish" => Some(Self::Silu),
            "gelu" => Some(Self::Gelu),
            "gelu_new" | "gelu_fast" | "gelu_pytorch_tanh" => Some(Self::GeluTanh),
            _ => None,
        }
    }
}

fn batch() -> Dim {
    Dim::symbol("batch")
}

fn sequence() -> Dim {
    Dim::symbol("sequence")
}

/// Cosines and sines `[positions, half]`. Frequencies and angles are rounded to f32 as the
/// common implementations do, so that results are comparable to the last digits.
fn angles(heads: Heads, rope: Rope, positions: usize) -> (Tensor, Tensor) {
    let half = (heads.width as f64 * rope.partial) as usize / 2;
    let frequency = |i: usize| {
        let exponent = (2 * i) as f64 / (2 * half) as f64;
        rope.scaling.apply(rope.theta.powf(exponent).recip()) as f32
    };
    let frequencies: Vec<f32> = (0..half).map(frequency).collect();
    let angle = |p: usize, f: &f32| f64::from(p as f32 * f);
    let all = |turn: fn(f64) -> f64| {
        let values = (0..positions)
            .flat_map(|p| frequencies.iter().map(move |f| turn(angle(p, f)) as f32))
            .collect();
        Tensor::f32(vec![positions, half], values)
    };
    (all(f64::cos), all(f64::sin))
}

/// Shapes were checked against config.json when the weights were taken, so that the operators
/// cannot refuse them.
fn must(result: Result<Vec<ValueId>, GraphError>) -> Vec<ValueId> {
    result.expect("shapes were checked when the weights were taken")
}
