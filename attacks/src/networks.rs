//! Small sound networks that tests prune: random weights, every kind of coupling.

use secateur_onnx::proto::attribute_proto::AttributeType;
use secateur_onnx::proto::tensor_proto::DataType;
use secateur_onnx::proto::tensor_shape_proto::{Dimension, dimension::Value as Dim};
use secateur_onnx::proto::type_proto::{Tensor as TensorType, Value as TypeValue};
use secateur_onnx::proto::{
    AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto, TensorShapeProto, TypeProto,
    ValueInfoProto,
};

use crate::onnx::{ints, model, node};

/// Builds a graph node by node, with weights from a fixed sequence of numbers.
#[derive(Debug, Default)]
pub struct Builder {
    graph: GraphProto,
    state: u64,
}

impl Builder {
    /// An empty graph.
    pub fn new() -> Self {
        Self {
            graph: GraphProto { name: Some("net".to_owned()), ..GraphProto::default() },
            state: 1,
        }
    }

    /// A number between -1 and 1.
    fn number(&mut self) -> f32 {
        self.state = self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        ((self.state >> 40) as f32 / (1_u64 << 24) as f32).mul_add(2.0, -1.0)
    }

    /// A constant of given floats; one of the same name is replaced.
    pub fn tensor(&mut self, name: &str, dims: &[i64], values: &[f32]) {
        self.graph.initializer.retain(|tensor| tensor.name() != name);
        self.graph.initializer.push(TensorProto {
            name: Some(name.to_owned()),
            data_type: Some(DataType::Float.into()),
            dims: dims.to_vec(),
            raw_data: Some(values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>().into()),
            ..TensorProto::default()
        });
    }

    /// A weight of numbers of the size that keeps a layer's outputs near those of its inputs.
    pub fn weight(&mut self, name: &str, dims: &[i64]) {
        let count: i64 = dims.iter().product();
        let inner = (count / dims[0]) as f32;
        let values: Vec<f32> = (0..count).map(|_| self.number() * (3.0 / inner).sqrt()).collect();
        self.tensor(name, dims, &values);
    }

    /// Integers.
    pub fn integers(&mut self, name: &str, values: &[i64]) {
        self.graph.initializer.push(TensorProto {
            name: Some(name.to_owned()),
            data_type: Some(DataType::Int64.into()),
            dims: vec![values.len() as i64],
            int64_data: values.to_vec(),
            ..TensorProto::default()
        });
    }

    /// A node that gives the value of its own name.
    pub fn node(&mut self, name: &str, op: &str, inputs: &[&str], attributes: Vec<AttributeProto>) {
        self.graph_node(op, inputs, &[name], attributes);
    }

    /// A node of several outputs.
    pub fn graph_node(
        &mut self,
        op: &str,
        inputs: &[&str],
        outputs: &[&str],
        attributes: Vec<AttributeProto>,
    ) {
        let node = NodeProto { attribute: attributes, ..node(outputs[0], op, inputs, outputs) };
        self.graph.node.push(node);
    }

    /// A convolution with its weight `NAME.weight`, padded so that a stride of 1 keeps the size.
    pub fn conv(&mut self, name: &str, x: &str, shape: [i64; 4], stride: i64, groups: i64) {
        let weight = format!("{name}.weight");
        self.weight(&weight, &shape);
        let pad = shape[2] / 2;
        let attributes = vec![
            ints("kernel_shape", &shape[2..]),
            ints("strides", &[stride, stride]),
            ints("pads", &[pad, pad, pad, pad]),
            int("group", groups),
        ];
        self.node(name, "Conv", &[x, &weight], attributes);
    }

    /// Batch normalization with its constants `NAME.weight`, `.bias`, `.mean`, `.variance`.
    pub fn norm(&mut self, name: &str, x: &str, channels: i64) {
        let part = |part: &str| format!("{name}.{part}");
        for (at, from, to) in
            [("weight", 0.5, 1.5), ("bias", -0.3, 0.3), ("mean", -0.2, 0.2), ("variance", 0.5, 1.5)]
        {
            let values: Vec<f32> = (0..channels)
                .map(|_| from + (to - from) * f32::midpoint(self.number(), 1.0))
                .collect();
            self.tensor(&part(at), &[channels], &values);
        }
        let [scale, bias, mean, variance] =
            ["weight", "bias", "mean", "variance"].map(|at| format!("{name}.{at}"));
        self.node(name, "BatchNormalization", &[x, &scale, &bias, &mean, &variance], vec![]);
    }

    /// The model, with an input `x` of open batch and an output.
    pub fn finish(mut self, input: &[i64], output: &str, out: i64) -> ModelProto {
        self.graph.input.push(value("x", input));
        self.graph.output.push(value(output, &[out]));
        model(self.graph)
    }
}

/// An integer attribute.
pub fn int(name: &str, value: i64) -> AttributeProto {
    AttributeProto {
        name: Some(name.to_owned()),
        r#type: Some(AttributeType::Int.into()),
        i: Some(value),
        ..AttributeProto::default()
    }
}

/// A value of floats `[N, dims ..]`.
fn value(name: &str, dims: &[i64]) -> ValueInfoProto {
    let open = Dimension { value: Some(Dim::DimParam("N".to_owned())), ..Dimension::default() };
    let known =
        dims.iter().map(|n| Dimension { value: Some(Dim::DimValue(*n)), ..Dimension::default() });
    let shape = TensorShapeProto { dim: std::iter::once(open).chain(known).collect() };
    let tensor = TensorType { elem_type: Some(DataType::Float.into()), shape: Some(shape) };
    ValueInfoProto {
        name: Some(name.to_owned()),
        r#type: Some(TypeProto {
            value: Some(TypeValue::TensorType(tensor)),
            ..TypeProto::default()
        }),
        ..ValueInfoProto::default()
    }
}

/// A network on images of 3 x 8 x 8 that tells 4 classes apart: a residual block, a shortcut that
/// is sliced and padded, a depthwise convolution, squeeze-and-excitation, concatenation, and a
/// linear layer.
pub fn residual() -> ModelProto {
    let mut net = Builder::new();
    net.conv("stem", "x", [8, 3, 3, 3], 1, 1);
    net.norm("stem_bn", "stem", 8);
    net.node("a", "Relu", &["stem_bn"], vec![]);
    net.conv("block1.conv1", "a", [12, 8, 3, 3], 1, 1);
    net.norm("b1", "block1.conv1", 12);
    net.node("b2", "Relu", &["b1"], vec![]);
    net.conv("block1.conv2", "b2", [8, 12, 3, 3], 1, 1);
    net.norm("b3", "block1.conv2", 8);
    net.node("b4", "Add", &["b3", "a"], vec![]);
    net.node("b", "Relu", &["b4"], vec![]);
    // Half the size and twice the channels, without weights in the shortcut.
    net.conv("block2.conv1", "b", [16, 8, 3, 3], 2, 1);
    net.norm("c1", "block2.conv1", 16);
    net.node("c2", "Relu", &["c1"], vec![]);
    net.conv("block2.depthwise", "c2", [16, 1, 3, 3], 1, 16);
    net.norm("c3", "block2.depthwise", 16);
    net.integers("starts", &[0, 0]);
    net.integers("ends", &[i64::MAX, i64::MAX]);
    net.integers("axes", &[2, 3]);
    net.integers("steps", &[2, 2]);
    net.node("s1", "Slice", &["b", "starts", "ends", "axes", "steps"], vec![]);
    net.integers("pads", &[0, 4, 0, 0, 0, 4, 0, 0]);
    net.node("s2", "Pad", &["s1", "pads"], vec![]);
    net.node("c4", "Add", &["c3", "s2"], vec![]);
    net.node("c", "Relu", &["c4"], vec![]);
    // Squeeze-and-excitation.
    net.node("q1", "GlobalAveragePool", &["c"], vec![]);
    net.conv("squeeze", "q1", [6, 16, 1, 1], 1, 1);
    net.node("q2", "Relu", &["squeeze"], vec![]);
    net.conv("excite", "q2", [16, 6, 1, 1], 1, 1);
    net.node("q3", "Sigmoid", &["excite"], vec![]);
    net.node("d", "Mul", &["c", "q3"], vec![]);
    net.conv("left", "d", [10, 16, 1, 1], 1, 1);
    net.conv("right", "d", [6, 16, 3, 3], 1, 1);
    net.node("e", "Concat", &["left", "right"], vec![int("axis", 1)]);
    net.node("f", "GlobalAveragePool", &["e"], vec![]);
    net.node("g", "Flatten", &["f"], vec![int("axis", 1)]);
    net.weight("head.weight", &[4, 16]);
    net.weight("head.bias", &[4]);
    net.node("logits", "Gemm", &["g", "head.weight", "head.bias"], vec![int("transB", 1)]);
    net.finish(&[3, 8, 8], "logits", 4)
}

/// Packed images of 3 x 8 x 8 with 4 classes that [`residual`] can be measured on.
pub fn images(count: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(count * 193);
    let mut state = 7_u64;
    for image in 0..count {
        bytes.push((image % 4) as u8);
        for _ in 0..192 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            bytes.push((state >> 56) as u8);
        }
    }
    bytes
}
