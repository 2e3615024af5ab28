//! Makes ONNX models, whole and broken.

#![allow(missing_docs, reason = "short names of the parts of the format")]

use prost::Message;
use secateur_onnx::proto::attribute_proto::AttributeType;
use secateur_onnx::proto::tensor_proto::{DataLocation, DataType};
use secateur_onnx::proto::tensor_shape_proto::{Dimension, dimension};
use secateur_onnx::proto::{
    AttributeProto, FunctionProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto,
    StringStringEntryProto, TensorProto, TensorShapeProto, TypeProto, ValueInfoProto, type_proto,
};

/// A model of two nodes: `y = x w + b`, where `w` is `[4, 3]` and `b` is `[3]`.
pub fn whole() -> ModelProto {
    let graph = GraphProto {
        name: text("main"),
        node: vec![
            node("project", "MatMul", &["x", "w"], &["h"]),
            node("shift", "Add", &["h", "b"], &["y"]),
        ],
        initializer: vec![counted("w", &[4, 3]), counted("b", &[3])],
        input: vec![value("x", &[1, 4])],
        output: vec![value("y", &[1, 3])],
        ..GraphProto::default()
    };
    model(graph)
}

/// A model of a graph.
pub fn model(graph: GraphProto) -> ModelProto {
    ModelProto {
        ir_version: Some(10),
        opset_import: vec![opset("", 21)],
        producer_name: text("attacks"),
        graph: Some(graph),
        ..ModelProto::default()
    }
}

/// The graph of a model that has one.
pub fn graph(model: &mut ModelProto) -> &mut GraphProto {
    model.graph.as_mut().expect("the model has a graph")
}

pub fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

pub fn opset(domain: &str, version: i64) -> OperatorSetIdProto {
    OperatorSetIdProto { domain: text(domain), version: Some(version) }
}

pub fn node(name: &str, op_type: &str, input: &[&str], output: &[&str]) -> NodeProto {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    NodeProto {
        name: text(name),
        op_type: text(op_type),
        input: names(input),
        output: names(output),
        ..NodeProto::default()
    }
}

/// An input or output of f32 values.
pub fn value(name: &str, dims: &[i64]) -> ValueInfoProto {
    let dim = |dim: &i64| Dimension {
        value: Some(dimension::Value::DimValue(*dim)),
        ..Dimension::default()
    };
    let tensor = type_proto::Tensor {
        elem_type: Some(DataType::Float as i32),
        shape: Some(TensorShapeProto { dim: dims.iter().map(dim).collect() }),
    };
    let value = Some(type_proto::Value::TensorType(tensor));
    let r#type = Some(TypeProto { value, ..TypeProto::default() });
    ValueInfoProto { name: text(name), r#type, ..ValueInfoProto::default() }
}

/// A tensor without values.
pub fn tensor(name: &str, data_type: DataType, dims: &[i64]) -> TensorProto {
    TensorProto {
        name: text(name),
        data_type: Some(data_type as i32),
        dims: dims.to_vec(),
        ..TensorProto::default()
    }
}

/// A tensor of f32 values counted up from 1.
pub fn counted(name: &str, dims: &[i64]) -> TensorProto {
    let raw_data = Some(counted_bytes(dims).into());
    TensorProto { raw_data, ..tensor(name, DataType::Float, dims) }
}

/// The values of [`counted`].
pub fn counted_bytes(dims: &[i64]) -> Vec<u8> {
    let count = dims.iter().product::<i64>();
    (1..=count).flat_map(|value| (value as f32).to_le_bytes()).collect()
}

/// Moves a tensor's values to a file, of which these keys tell.
pub fn external(mut tensor: TensorProto, keys: &[(&str, &str)]) -> TensorProto {
    let entry =
        |(key, value): &(&str, &str)| StringStringEntryProto { key: text(key), value: text(value) };
    tensor.raw_data = None;
    tensor.data_location = Some(DataLocation::External as i32);
    tensor.external_data = keys.iter().map(entry).collect();
    tensor
}

pub fn ints(name: &str, values: &[i64]) -> AttributeProto {
    AttributeProto {
        name: text(name),
        r#type: Some(AttributeType::Ints as i32),
        ints: values.to_vec(),
        ..AttributeProto::default()
    }
}

pub fn subgraph(name: &str, graph: GraphProto) -> AttributeProto {
    AttributeProto {
        name: text(name),
        r#type: Some(AttributeType::Graph as i32),
        g: Some(graph),
        ..AttributeProto::default()
    }
}

/// A node with a condition, whose both branches are this graph.
pub fn choice(name: &str, branch: &GraphProto, output: &str) -> NodeProto {
    let mut choice = node(name, "If", &["x"], &[output]);
    choice.attribute = ["then_branch", "else_branch"]
        .map(|branch_name| subgraph(branch_name, branch.clone()))
        .into();
    choice
}

/// A graph without inputs that gives `x`, from around it, under another name.
pub fn branch(output: &str) -> GraphProto {
    GraphProto {
        name: text("branch"),
        node: vec![node("", "Identity", &["x"], &[output])],
        output: vec![value(output, &[1, 4])],
        ..GraphProto::default()
    }
}

/// Graphs in graphs, so many levels below the one that is given.
pub fn nested(depth: usize) -> GraphProto {
    let inner = |graph: GraphProto, level: usize| {
        let output = format!("out_{level}");
        let mut node = node("", "If", &["x"], &[&output]);
        node.attribute = vec![subgraph("then_branch", graph)];
        GraphProto {
            name: text(&format!("level {level}")),
            node: vec![node],
            output: vec![value(&output, &[1, 4])],
            ..GraphProto::default()
        }
    };
    let mut top = (0..depth).fold(branch("innermost"), inner);
    top.input = vec![value("x", &[1, 4])];
    top
}

/// A function of the domain `own` that calls another.
pub fn function(name: &str, calls: &str) -> FunctionProto {
    let mut call = node("", calls, &["in"], &["out"]);
    call.domain = text("own");
    FunctionProto {
        name: text(name),
        domain: text("own"),
        input: vec!["in".to_owned()],
        output: vec!["out".to_owned()],
        node: vec![call],
        opset_import: vec![opset("", 21), opset("own", 1)],
        ..FunctionProto::default()
    }
}

pub fn bytes(model: &ModelProto) -> Vec<u8> {
    model.encode_to_vec()
}

/// A field of bytes as it lies in a file; messages and texts are such.
pub fn field(number: u32, content: &[u8]) -> Vec<u8> {
    field_of_length(number, content.len() as u64, content)
}

/// A field that claims to be of any length.
pub fn field_of_length(number: u32, length: u64, content: &[u8]) -> Vec<u8> {
    [&varint(u64::from(number) << 3 | 2)[..], &varint(length), content].concat()
}

/// A field of a number.
pub fn number(number: u32, value: u64) -> Vec<u8> {
    [varint(u64::from(number) << 3), varint(value)].concat()
}

/// A number as seven bits a byte.
pub fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value > 0x7f {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}
