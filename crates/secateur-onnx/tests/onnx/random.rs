//! Random networks, cut at random: what is written and read again gives what the masked original
//! gives, with one image and with several.
//!
//! `SECATEUR_RANDOM_NETWORKS=10000` runs more than the usual number.

use std::collections::HashMap;

use prost::Message;
use secateur_exec::{Runner, Visitor};
use secateur_graph::{Coupling, Fact, Granularity, NodeId, Slot};
use secateur_onnx::proto::attribute_proto::AttributeType;
use secateur_onnx::proto::{
    AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorShapeProto,
    TypeProto, ValueInfoProto, tensor_shape_proto, type_proto,
};
use secateur_onnx::{Document, Network, tensor_proto};
use secateur_tensor::tensor::Values;
use secateur_tensor::{Bytes, Stored, Tensor};

/// Largest difference as a share of the largest value: sums run in another order only.
const TOLERANCE: f32 = 1e-5;
const USUAL: u64 = 1000;

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// Between -1 and 1.
    fn number(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1 << 23) as f32 - 1.0
    }
}

enum Attribute<'a> {
    Int(i64),
    Ints(&'a [i64]),
    Float(f32),
    Text(&'a str),
}

/// A feature map `[batch, channels, side, side]`.
#[derive(Clone)]
struct Map {
    name: String,
    channels: usize,
    side: usize,
}

struct Builder {
    random: Random,
    graph: GraphProto,
    count: usize,
}

fn info(name: &str, shape: &[usize]) -> ValueInfoProto {
    use tensor_shape_proto::dimension::Value;
    let dim = |(axis, size): (usize, &usize)| tensor_shape_proto::Dimension {
        value: Some(match axis {
            0 => Value::DimParam("batch".to_owned()),
            _ => Value::DimValue(*size as i64),
        }),
        ..tensor_shape_proto::Dimension::default()
    };
    let shape = Some(TensorShapeProto { dim: shape.iter().enumerate().map(dim).collect() });
    let tensor = type_proto::Tensor { elem_type: Some(1), shape };
    let value = Some(type_proto::Value::TensorType(tensor));
    ValueInfoProto {
        name: Some(name.to_owned()),
        r#type: Some(TypeProto { value, ..TypeProto::default() }),
        ..ValueInfoProto::default()
    }
}

impl Builder {
    fn fresh(&mut self, what: &str) -> String {
        self.count += 1;
        format!("{what}{}", self.count)
    }

    fn many(
        &mut self,
        op: &str,
        inputs: &[&str],
        outputs: usize,
        attributes: &[(&str, Attribute<'_>)],
    ) -> Vec<String> {
        let attribute = |(name, value): &(&str, Attribute<'_>)| {
            let mut proto =
                AttributeProto { name: Some((*name).to_owned()), ..AttributeProto::default() };
            let kind = match value {
                Attribute::Int(value) => {
                    proto.i = Some(*value);
                    AttributeType::Int
                }
                Attribute::Ints(values) => {
                    proto.ints = values.to_vec();
                    AttributeType::Ints
                }
                Attribute::Float(value) => {
                    proto.f = Some(*value);
                    AttributeType::Float
                }
                Attribute::Text(text) => {
                    proto.s = Some(text.as_bytes().to_vec());
                    AttributeType::String
                }
            };
            proto.r#type = Some(kind.into());
            proto
        };
        let output: Vec<String> = (0..outputs).map(|_| self.fresh(op)).collect();
        self.graph.node.push(NodeProto {
            name: Some(output[0].clone()),
            op_type: Some(op.to_owned()),
            input: inputs.iter().map(|name| (*name).to_owned()).collect(),
            output: output.clone(),
            attribute: attributes.iter().map(attribute).collect(),
            ..NodeProto::default()
        });
        output
    }

    fn op(&mut self, op: &str, inputs: &[&str], attributes: &[(&str, Attribute<'_>)]) -> String {
        self.many(op, inputs, 1, attributes).remove(0)
    }

    fn constant(&mut self, stored: &Stored) -> String {
        let name = self.fresh("constant");
        self.graph.initializer.push(tensor_proto(&name, stored));
        name
    }

    fn ints(&mut self, values: &[i64]) -> String {
        self.constant(&Stored::of_i64(vec![values.len()], values))
    }

    fn floats(&mut self, shape: &[usize], low: f32, high: f32) -> String {
        let count = shape.iter().product();
        let mut next = || low + (high - low) * (self.random.number() + 1.0) / 2.0;
        let values: Vec<f32> = (0..count).map(|_| next()).collect();
        self.constant(&Stored::of_f32(shape.to_vec(), &values))
    }

    /// A weight whose sums stay near 1.
    fn weight(&mut self, shape: &[usize], fan_in: usize) -> String {
        let bound = (3.0 / fan_in as f32).sqrt();
        self.floats(shape, -bound, bound)
    }

    fn reshape(&mut self, x: &str, shape: &[i64]) -> String {
        let shape = self.ints(shape);
        self.op("Reshape", &[x, &shape], &[])
    }

    fn transpose(&mut self, x: &str, order: &[i64]) -> String {
        self.op("Transpose", &[x], &[("perm", Attribute::Ints(order))])
    }

    fn conv(&mut self, x: &Map, out: usize, kernel: usize, stride: usize, groups: usize) -> Map {
        let each = x.channels / groups;
        let w = self.weight(&[out, each, kernel, kernel], each * kernel * kernel);
        let b = self.floats(&[out], -0.3, 0.3);
        let (k, s, p) = (kernel as i64, stride as i64, (kernel / 2) as i64);
        let inputs = [x.name.as_str(), w.as_str(), b.as_str()];
        let inputs = if self.random.chance(60) { &inputs[..] } else { &inputs[..2] };
        let name = self.op(
            "Conv",
            inputs,
            &[
                ("kernel_shape", Attribute::Ints(&[k, k])),
                ("strides", Attribute::Ints(&[s, s])),
                ("pads", Attribute::Ints(&[p, p, p, p])),
                ("group", Attribute::Int(groups as i64)),
            ],
        );
        Map { name, channels: out, side: (x.side + 2 * (kernel / 2) - kernel) / stride + 1 }
    }

    /// A dense layer on the last axis: the weight as it is, or behind a transpose.
    fn linear(&mut self, x: &str, inner: usize, out: usize) -> String {
        let w = if self.random.chance(50) {
            self.weight(&[inner, out], inner)
        } else {
            let w = self.weight(&[out, inner], inner);
            self.transpose(&w, &[1, 0])
        };
        let y = self.op("MatMul", &[x, &w], &[]);
        let b = self.floats(&[out], -0.3, 0.3);
        self.op("Add", &[&b, &y], &[])
    }

    fn activation(&mut self, x: &Map) -> Map {
        let name = match self.random.below(8) {
            0 => self.op("Relu", &[&x.name], &[]),
            1 => self.op("Sigmoid", &[&x.name], &[]),
            2 => self.op("LeakyRelu", &[&x.name], &[("alpha", Attribute::Float(0.1))]),
            3 => self.op("HardSwish", &[&x.name], &[]),
            4 => self.op("Tanh", &[&x.name], &[]),
            5 => {
                let slope = self.floats(&[x.channels, 1, 1], 0.0, 0.5);
                self.op("PRelu", &[&x.name, &slope], &[])
            }
            6 => {
                let gate = self.op("Sigmoid", &[&x.name], &[]);
                self.op("Mul", &[&x.name, &gate], &[])
            }
            _ => {
                let scale = self.floats(&[1, x.channels, 1, 1], 0.5, 1.5);
                self.op("Mul", &[&x.name, &scale], &[])
            }
        };
        Map { name, ..x.clone() }
    }

    fn normalization(&mut self, x: &Map) -> Map {
        let c = x.channels;
        let (scale, bias) = (self.floats(&[c], 0.5, 1.5), self.floats(&[c], -0.5, 0.5));
        let name = match self.random.below(4) {
            0 | 1 => {
                let (mean, var) = (self.floats(&[c], -0.3, 0.3), self.floats(&[c], 0.5, 1.5));
                self.op("BatchNormalization", &[&x.name, &scale, &bias, &mean, &var], &[])
            }
            // One value has no spread.
            2 if x.side > 1 => self.op("InstanceNormalization", &[&x.name, &scale, &bias], &[]),
            _ => {
                let groups = self.divisor(c);
                let groups = if x.side == 1 && groups == c { 1 } else { groups };
                let groups = ("num_groups", Attribute::Int(groups as i64));
                self.op("GroupNormalization", &[&x.name, &scale, &bias], &[groups])
            }
        };
        Map { name, ..x.clone() }
    }

    fn divisor(&mut self, of: usize) -> usize {
        let all: Vec<usize> = (1..=of).filter(|n| of.is_multiple_of(*n)).collect();
        self.random.one_of(&all)
    }

    fn pool(&mut self, x: &Map) -> Map {
        let op = self.random.one_of(&["MaxPool", "AveragePool"]);
        let attributes =
            [("kernel_shape", Attribute::Ints(&[2, 2])), ("strides", Attribute::Ints(&[2, 2]))];
        let name = self.op(op, &[&x.name], &attributes);
        Map { name, channels: x.channels, side: x.side / 2 }
    }

    fn squeeze_and_excite(&mut self, x: &Map) -> Map {
        let name = self.op("GlobalAveragePool", &[&x.name], &[]);
        let y = Map { name, channels: x.channels, side: 1 };
        let y = self.conv(&y, 4, 1, 1, 1);
        let y = Map { name: self.op("Relu", &[&y.name], &[]), ..y };
        let y = self.conv(&y, x.channels, 1, 1, 1);
        let gate = self.op("Sigmoid", &[&y.name], &[]);
        Map { name: self.op("Mul", &[&x.name, &gate], &[]), ..x.clone() }
    }

    fn shuffle(&mut self, x: &Map) -> Map {
        let (g, side) = (self.divisor(x.channels), x.side as i64);
        let each = (x.channels / g) as i64;
        let y = self.reshape(&x.name, &[-1, g as i64, each, side, side]);
        let y = self.transpose(&y, &[0, 2, 1, 3, 4]);
        Map { name: self.reshape(&y, &[0, -1, side, side]), ..x.clone() }
    }

    /// Parts of the channels, or of the places.
    fn part(&mut self, x: &Map) -> Map {
        if x.channels > 2 && self.random.chance(60) {
            let first = 1 + self.random.below(x.channels - 1);
            if self.random.chance(50) {
                let sizes = self.ints(&[first as i64, (x.channels - first) as i64]);
                let axis = [("axis", Attribute::Int(1))];
                let parts = self.many("Split", &[&x.name, &sizes], 2, &axis);
                if self.random.chance(30) && 2 * first == x.channels {
                    let name = self.op("Mul", &[&parts[0], &parts[1]], &[]);
                    return Map { name, channels: first, side: x.side };
                }
                return Map { name: parts[0].clone(), channels: first, side: x.side };
            }
            let (from, to) = (self.ints(&[first as i64]), self.ints(&[i64::MAX]));
            let axes = self.ints(&[1]);
            let name = self.op("Slice", &[&x.name, &from, &to, &axes], &[]);
            return Map { name, channels: x.channels - first, side: x.side };
        }
        let parts = [&[0, 0][..], &[i64::MAX; 2], &[2, 3], &[2, 2]];
        let parts: Vec<String> = parts.iter().map(|values| self.ints(values)).collect();
        let name = self.op("Slice", &[&x.name, &parts[0], &parts[1], &parts[2], &parts[3]], &[]);
        Map { name, channels: x.channels, side: x.side.div_ceil(2) }
    }

    fn pad(&mut self, x: &Map) -> Map {
        if self.random.chance(50) {
            let (a, b) = (self.random.below(3), self.random.below(3));
            let pads = self.ints(&[0, a as i64, 0, 0, 0, b as i64, 0, 0]);
            let name = self.op("Pad", &[&x.name, &pads], &[]);
            return Map { name, channels: x.channels + a + b, side: x.side };
        }
        let pads = self.ints(&[0, 0, 1, 1, 0, 0, 1, 1]);
        Map { name: self.op("Pad", &[&x.name, &pads], &[]), side: x.side + 2, ..x.clone() }
    }

    fn larger(&mut self, x: &Map) -> Map {
        match self.random.below(3) {
            0 if x.channels.is_multiple_of(4) => {
                let mode = self.random.one_of(&["DCR", "CRD"]);
                let attributes =
                    [("blocksize", Attribute::Int(2)), ("mode", Attribute::Text(mode))];
                let name = self.op("DepthToSpace", &[&x.name], &attributes);
                Map { name, channels: x.channels / 4, side: 2 * x.side }
            }
            1 => {
                let scales = self.constant(&Stored::of_f32(vec![4], &[1.0, 1.0, 2.0, 2.0]));
                let mode = [("mode", Attribute::Text("nearest"))];
                let name = self.op("Resize", &[&x.name, "", &scales], &mode);
                Map { name, channels: x.channels, side: 2 * x.side }
            }
            _ => {
                let groups = self.divisor(x.channels);
                let each = 1 + self.random.below(4);
                let w = self.weight(&[x.channels, each, 2, 2], x.channels / groups);
                let attributes = [
                    ("kernel_shape", Attribute::Ints(&[2, 2])),
                    ("strides", Attribute::Ints(&[2, 2])),
                    ("group", Attribute::Int(groups as i64)),
                ];
                let name = self.op("ConvTranspose", &[&x.name, &w], &attributes);
                Map { name, channels: each * groups, side: 2 * x.side }
            }
        }
    }

    /// Heads from `[batch, places, heads * width]` to `[batch, heads, places, width]`.
    fn heads(&mut self, x: &str, heads: usize, width: usize) -> String {
        let y = self.reshape(x, &[0, 0, heads as i64, width as i64]);
        self.transpose(&y, &[0, 2, 1, 3])
    }

    /// A number of images as a run has it.
    fn batch_of(&mut self, x: &str) -> String {
        let (shape, zero) = (self.op("Shape", &[x], &[]), self.ints(&[0]));
        self.op("Gather", &[&shape, &zero], &[])
    }

    /// Attention over the places of a map, with shared heads of keys and values at times.
    fn attention(&mut self, x: &Map) -> Map {
        let (c, places) = (x.channels, x.side * x.side);
        let (kv, times) = (1 + self.random.below(3), 1 + self.random.below(2));
        let (heads, width) = (kv * times, 2 + self.random.below(3));
        let y = self.reshape(&x.name, &[0, c as i64, -1]);
        let y = self.transpose(&y, &[0, 2, 1]);
        let (q, k, v) = if times == 1 && self.random.chance(40) {
            // One product for all three, split by an axis of its own.
            let all = self.linear(&y, c, 3 * heads * width);
            let all = self.reshape(&all, &[0, 0, 3, heads as i64, width as i64]);
            let all = self.transpose(&all, &[2, 0, 3, 1, 4]);
            let at = |builder: &mut Self, index: i64| {
                let index = builder.constant(&Stored::of_i64(vec![], &[index]));
                builder.op("Gather", &[&all, &index], &[("axis", Attribute::Int(0))])
            };
            (at(self, 0), at(self, 1), at(self, 2))
        } else {
            let q = self.linear(&y, c, heads * width);
            let k = self.linear(&y, c, kv * width);
            let v = self.linear(&y, c, kv * width);
            let q = self.heads(&q, heads, width);
            let (k, v) = (self.heads(&k, kv, width), self.heads(&v, kv, width));
            let repeat = |builder: &mut Self, x: &str| {
                let axis = builder.ints(&[2]);
                let x = builder.op("Unsqueeze", &[x, &axis], &[]);
                let by = builder.ints(&[1, 1, times as i64, 1, 1]);
                let x = builder.op("Expand", &[&x, &by], &[]);
                builder.reshape(&x, &[0, heads as i64, places as i64, width as i64])
            };
            if times > 1 { (q, repeat(self, &k), repeat(self, &v)) } else { (q, k, v) }
        };
        let y = if self.random.chance(40) {
            // Heads of all images along one axis, as many as the run says.
            let batch = self.batch_of(&x.name);
            let count = self.ints(&[heads as i64]);
            let count = self.op("Mul", &[&batch, &count], &[]);
            let rest = self.ints(&[places as i64, width as i64]);
            let shape = self.op("Concat", &[&count, &rest], &[("axis", Attribute::Int(0))]);
            let joined = |builder: &mut Self, x: &str| builder.op("Reshape", &[x, &shape], &[]);
            let (q, k, v) = (joined(self, &q), joined(self, &k), joined(self, &v));
            let y = self.weighted(&q, &k, &v, &[0, 2, 1]);
            self.reshape(&y, &[-1, heads as i64, places as i64, width as i64])
        } else {
            self.weighted(&q, &k, &v, &[0, 1, 3, 2])
        };
        let y = self.transpose(&y, &[0, 2, 1, 3]);
        let y = self.reshape(&y, &[0, places as i64, -1]);
        let y = self.linear(&y, heads * width, c);
        let y = self.transpose(&y, &[0, 2, 1]);
        let side = x.side as i64;
        let name = self.reshape(&y, &[0, -1, side, side]);
        Map { name, ..x.clone() }
    }

    fn weighted(&mut self, q: &str, k: &str, v: &str, turned: &[i64]) -> String {
        let k = self.transpose(k, turned);
        let scores = self.op("MatMul", &[q, &k], &[]);
        let scores = self.op("Softmax", &[&scores], &[("axis", Attribute::Int(-1))]);
        self.op("MatMul", &[&scores, v], &[])
    }

    /// Two dense layers on channels put last.
    fn dense(&mut self, x: &Map) -> Map {
        let y = self.transpose(&x.name, &[0, 2, 3, 1]);
        let width = 2 + self.random.below(6);
        let y = self.linear(&y, x.channels, width);
        let y = self.op("Relu", &[&y], &[]);
        let y = self.linear(&y, width, x.channels);
        Map { name: self.transpose(&y, &[0, 3, 1, 2]), ..x.clone() }
    }

    fn step(&mut self, maps: &[Map]) -> Map {
        let x = if self.random.chance(70) {
            maps[maps.len() - 1].clone()
        } else {
            maps[self.random.below(maps.len())].clone()
        };
        match self.random.below(20) {
            0..=3 => {
                let kernel = self.random.one_of(&[1, 3]);
                let stride = if x.side > 4 { self.random.one_of(&[1, 1, 2]) } else { 1 };
                let groups = if self.random.chance(30) { self.divisor(x.channels) } else { 1 };
                let out = groups * (1 + self.random.below(8_usize.div_ceil(groups)));
                self.conv(&x, out, kernel, stride, groups)
            }
            4 => self.conv(&x, x.channels, 3, 1, x.channels),
            5 | 6 => self.normalization(&x),
            7 | 8 => self.activation(&x),
            9 => {
                let y = self.conv(&x, x.channels, 3, 1, 1);
                let op = self.random.one_of(&["Add", "Add", "Mul", "Sub"]);
                Map { name: self.op(op, &[&x.name, &y.name], &[]), ..x }
            }
            10 | 11 => {
                let like = |y: &&Map| y.side == x.side && x.channels + y.channels <= 24;
                let all: Vec<&Map> = maps.iter().filter(like).collect();
                if all.is_empty() {
                    return self.activation(&x);
                }
                let y = all[self.random.below(all.len())].clone();
                let axis = [("axis", Attribute::Int(1))];
                let name = self.op("Concat", &[&x.name, &y.name], &axis);
                Map { name, channels: x.channels + y.channels, side: x.side }
            }
            12 => {
                let like = |y: &&Map| y.side == x.side && y.channels == x.channels;
                let all: Vec<&Map> = maps.iter().filter(like).collect();
                let y = all[self.random.below(all.len())].clone();
                Map { name: self.op("Add", &[&x.name, &y.name], &[]), ..x }
            }
            13 if x.side > 1 => self.pool(&x),
            14 => self.squeeze_and_excite(&x),
            15 => self.shuffle(&x),
            16 => self.part(&x),
            17 => self.pad(&x),
            18 if x.side <= 4 => self.larger(&x),
            19 => self.dense(&x),
            _ if x.side <= 4 => self.attention(&x),
            _ => self.activation(&x),
        }
    }
}

fn network(seed: u64) -> ModelProto {
    let graph = GraphProto { name: Some("random".to_owned()), ..GraphProto::default() };
    let mut builder = Builder { random: Random(seed), graph, count: 0 };
    let mut maps = vec![Map { name: "x".to_owned(), channels: 3, side: 6 }];
    let first = maps[0].clone();
    maps.push(builder.conv(&first, 6, 3, 1, 1));
    for _ in 0..3 + builder.random.below(8) {
        let next = builder.step(&maps);
        maps.push(next);
    }
    let last = maps[maps.len() - 1].clone();
    let name = builder.op("GlobalAveragePool", &[&last.name], &[]);
    let name = builder.op("Flatten", &[&name], &[]);
    let w = builder.weight(&[4, last.channels], last.channels);
    let b = builder.floats(&[4], 0.5, 1.0);
    let linear = [("transB", Attribute::Int(1))];
    let name = builder.op("Gemm", &[&name, &w, &b], &linear);
    let mut graph = builder.graph;
    graph.input = vec![info("x", &[1, 3, 6, 6])];
    graph.output = vec![info(&name, &[1, 4])];
    ModelProto {
        ir_version: Some(10),
        opset_import: vec![OperatorSetIdProto { domain: None, version: Some(21) }],
        graph: Some(graph),
        ..ModelProto::default()
    }
}

fn open(model: &ModelProto) -> Network {
    let bytes = Bytes::owned(model.encode_to_vec());
    Network::new(Document::parse("random.onnx".as_ref(), &bytes).unwrap()).unwrap()
}

/// Zeros for what is cut, wherever it is computed.
struct Masked<'a> {
    coupling: &'a Coupling,
    kept: &'a HashMap<(u32, u32), Vec<usize>>,
}

impl Visitor for Masked<'_> {
    fn wants(&self, _node: NodeId) -> bool {
        true
    }

    fn after(&mut self, node: NodeId, outputs: &mut [Tensor]) {
        for (at, tensor) in outputs.iter_mut().enumerate() {
            let Some(place) = self.coupling.place(node, Slot::Out(at)) else { continue };
            let shape = tensor.shape().to_vec();
            for axis in 0..shape.len() {
                let Some(kept) = self.kept.get(&(place, axis as u32)) else { continue };
                let inner: usize = shape[axis + 1..].iter().product();
                // An axis of the heads of all images repeats them for each image.
                let size = self.coupling.places()[place as usize].shape[axis];
                if let Values::F32(values) = tensor.values_mut() {
                    let gone = |at: usize| !kept.contains(&(at / inner % shape[axis] % size));
                    let cut = values.iter_mut().enumerate().filter(|(at, _)| gone(*at));
                    cut.for_each(|(_, value)| *value = 0.0);
                }
            }
        }
    }
}

/// Classes to cut, such that every axis keeps an index.
fn cut(random: &mut Random, coupling: &Coupling) -> Vec<bool> {
    let percent = random.one_of(&[10, 30, 60, 90]);
    let mut keep: Vec<bool> =
        (0..coupling.classes.len()).map(|_| !random.chance(percent)).collect();
    let mut order: Vec<usize> = (0..keep.len()).filter(|at| !keep[*at]).collect();
    while coupling.shapes(&keep).iter().flatten().any(|size| *size == 0) {
        let Some(at) = order.pop() else { break };
        keep[at] = true;
    }
    keep
}

/// What one network was good for.
#[derive(Debug, Default)]
struct Found {
    classes: usize,
    cut: usize,
    held: usize,
}

fn check(seed: u64) -> Found {
    let model = network(seed);
    let original = open(&model);
    let (_, facts) = original.bind(&[]).unwrap_or_else(|error| panic!("network {seed}: {error}"));
    let granularity = if seed.is_multiple_of(4) { Granularity::Inner } else { Granularity::Outer };
    let mut random = Random(!seed);
    let mut held: Vec<NodeId> = Vec::new();
    let (coupling, keep, small, after) = loop {
        let coupling = Coupling::around(&original.graph, &facts, granularity, &held);
        let keep = cut(&mut random, &coupling);
        match coupling.shrink(&original.graph, &facts, &keep) {
            Ok((small, after)) => break (coupling, keep, small, after),
            Err(error) => {
                println!("network {seed}: {error}");
                assert!(!held.contains(&error.node()), "network {seed}: {error}");
                held.push(error.node());
            }
        }
    };
    let found = Found {
        classes: coupling.classes.len(),
        cut: keep.iter().filter(|keep| !**keep).count(),
        held: held.len(),
    };
    let patched = original.patched(&small, &after);
    let again = open(&patched.model);
    let kept = coupling.kept(&keep);
    for batch in [1, 3] {
        let shape = vec![batch, 3, 6, 6];
        let numbers = (0..batch * 108).map(|_| random.number()).collect();
        let x = vec![Tensor::f32(shape.clone(), numbers)];
        let run = |network: &Network, visitor: Option<&mut dyn Visitor>| {
            let graph = &network.graph;
            let runner = Runner::new(graph, std::slice::from_ref(&shape));
            let runner = runner.unwrap_or_else(|error| panic!("network {seed}, {batch}: {error}"));
            runner.run(&x, &graph.outputs, visitor)
        };
        let mut masked = Masked { coupling: &coupling, kept: &kept };
        let expect = run(&original, Some(&mut masked));
        let found = run(&again, None);
        for (found, expect) in found.iter().zip(&expect) {
            assert_eq!(found.shape(), expect.shape(), "network {seed}, batch {batch}");
            let most = expect.as_f32().iter().fold(0.0_f32, |most, v| most.max(v.abs()));
            for (found, expect) in found.as_f32().iter().zip(expect.as_f32()) {
                let close = (found - expect).abs() <= TOLERANCE * most;
                assert!(close, "network {seed}, batch {batch}: {found}, not {expect}");
            }
        }
    }
    if batch_is_open(&original) {
        assert!(batch_is_open(&again), "network {seed}");
    }
    // What the file says of its shapes is what its nodes give.
    let (_, read) = again.bind(&[]).unwrap();
    let shape = |facts: &[Option<Fact>], network: &Network, at: usize| {
        let id = network.graph.nodes()[at].outputs[0];
        facts[id.0 as usize].as_ref().and_then(Fact::known_shape)
    };
    if again.graph.nodes().len() == small.nodes().len() {
        for at in 0..small.nodes().len() {
            let id = small.nodes()[at].outputs[0];
            let expect = after[id.0 as usize].as_ref().and_then(Fact::known_shape);
            assert_eq!(shape(&read, &again, at), expect, "network {seed}, node {at}");
        }
    }
    found
}

fn batch_is_open(network: &Network) -> bool {
    let graph = &network.graph;
    graph.inputs.iter().all(|id| graph.value(*id).fact.shape[0].known().is_none())
}

#[test]
fn random_networks_cut_at_random() {
    let asked = std::env::var("SECATEUR_RANDOM_NETWORKS").ok();
    let count = asked.and_then(|n| n.parse().ok()).unwrap_or(USUAL);
    let mut sum = Found::default();
    let mut with_a_cut = 0;
    for seed in 0..count {
        let found = check(seed);
        with_a_cut += u64::from(found.cut > 0);
        sum.classes += found.classes;
        sum.cut += found.cut;
        sum.held += found.held;
    }
    println!("{count} networks, {with_a_cut} with a cut: {sum:?}");
    assert_eq!(sum.held, 0, "every operator here follows every cut");
    // Most have something to cut, else nothing is tested.
    assert!(with_a_cut * 10 > count * 7, "{with_a_cut} of {count}");
}
