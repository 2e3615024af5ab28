//! Building blocks that architectures share.

use std::path::Path;

use secateur_graph::ops::{
    Add, Attention, Gather, Gelu, Gemm, LayerNormalization, Mul, Op, Reshape, RmsNormalization,
    RotaryEmbedding, Split, Swish,
};
use secateur_graph::{Dim, Fact, Graph, GraphError, ValueId};
use secateur_tensor::Tensor;
use secateur_tensor::kernels::Pairing;

use crate::config::Rope;
use crate::error::CheckpointError;
use crate::tensors::Tensors;

/// A part of a network: embedding, a block, or the head.
#[derive(Clone, Debug)]
pub struct Segment {
    /// The graph. Inputs: `input_ids` or `x`, and of a block `position_ids`, and with a cache
    /// `past_key` and `past_value`. Outputs: `y`, and with a cache `present_key` and
    /// `present_value`.
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
    /// Rotary embedding.
    pub rope: Rope,
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
        let path = || self.path.to_owned();
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
        Ok(self.graph.add_weight(name, source.load()))
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
        let ids = self.graph.add_input("input_ids", Fact::i64(vec![batch(), sequence()]));
        let because = format!("vocab_size {vocabulary}, hidden_size {width}");
        let table = self.weight(&format!("{name}.weight"), &[vocabulary, width], &because)?;
        Ok(self.node(name, Op::Gather(Gather), &[table, ids]))
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
        let mut inputs = vec![Some(x), Some(weight)];
        if bias == Bias::Present {
            inputs.push(Some(self.weight(&format!("{name}.bias"), &[out], &because)?));
        }
        let y = must(self.graph.add_node(name, Op::Gemm(Gemm), &inputs))[0];
        let node = secateur_graph::NodeId(self.graph.nodes().len() as u32 - 1);
        self.linears.push(Linear { name: name.to_owned(), node, input: x, weight });
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
        let op = Op::RmsNormalization(RmsNormalization { epsilon: epsilon as f32 });
        Ok(self.node(name, op, &[x, scale]))
    }

    /// Layer normalization by `NAME.weight` and `NAME.bias`.
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
        let scale = self.weight(&format!("{name}.weight"), &[width], "hidden_size")?;
        let bias = self.weight(&format!("{name}.bias"), &[width], "hidden_size")?;
        let op = Op::LayerNormalization(LayerNormalization { epsilon: epsilon as f32 });
        Ok(self.node(name, op, &[x, scale, bias]))
    }

    /// Rotated queries and keys, attended values: `[batch, sequence, heads * width]`.
    pub fn attention(
        &mut self,
        [q, k, v]: [ValueId; 3],
        heads: Heads,
        options: BlockOptions,
    ) -> ValueId {
        let positions = self.graph.add_input("position_ids", Fact::i64(vec![batch(), sequence()]));
        let (cos, sin) = angles(heads, options.positions);
        let cos = self.graph.add_constant("cos", cos);
        let sin = self.graph.add_constant("sin", sin);
        let rotary = RotaryEmbedding { head_width: heads.width, pairing: Pairing::Halves };
        let q = self.node("rotary.q", Op::RotaryEmbedding(rotary), &[q, cos, sin, positions]);
        let k = self.node("rotary.k", Op::RotaryEmbedding(rotary), &[k, cos, sin, positions]);
        let scale = (heads.width as f32).sqrt().recip();
        let op = Attention { heads: heads.count, kv_heads: heads.kv, scale, causal: true };
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

    /// Splits a fused projection whose heads hold query, key and value one after the other:
    /// `[.., heads * 3 * width]` into three of `[.., heads * width]`.
    pub fn split_heads(&mut self, qkv: ValueId, heads: Heads) -> [ValueId; 3] {
        let (count, width) = (heads.count, heads.width);
        let by_head = Reshape { from: vec![count * 3 * width], to: vec![count, 3, width] };
        let qkv = self.node("heads", Op::Reshape(by_head), &[qkv]);
        let split = Op::Split(Split { from_last: 1, parts: 3 });
        let parts = must(self.graph.add_node("split", split, &[Some(qkv)]));
        let flat = Reshape { from: vec![count, 1, width], to: vec![count * width] };
        let mut flatten = |part, name: &str| self.node(name, Op::Reshape(flat.clone()), &[part]);
        [flatten(parts[0], "q"), flatten(parts[1], "k"), flatten(parts[2], "v")]
    }

    /// `x + y`.
    pub fn add(&mut self, name: &str, x: ValueId, y: ValueId) -> ValueId {
        self.node(name, Op::Add(Add), &[x, y])
    }

    /// `x * y`.
    pub fn mul(&mut self, name: &str, x: ValueId, y: ValueId) -> ValueId {
        self.node(name, Op::Mul(Mul), &[x, y])
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
fn angles(heads: Heads, positions: usize) -> (Tensor, Tensor) {
    let half = heads.half();
    let frequency = |i: usize| {
        let exponent = (2 * i) as f64 / (2 * half) as f64;
        (heads.rope.theta.powf(exponent).recip() / heads.rope.factor) as f32
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

impl Heads {
    /// Pairs of a head that are rotated.
    pub fn half(&self) -> usize {
        (self.width as f64 * self.rope.partial) as usize / 2
    }
}

/// Shapes were checked against config.json when the weights were taken, so that the operators
/// cannot refuse them.
fn must(result: Result<Vec<ValueId>, GraphError>) -> Vec<ValueId> {
    result.expect("shapes were checked when the weights were taken")
}
