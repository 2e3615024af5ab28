//! Single operators against the outputs of another runtime, `fixtures/operators.json`. They are
//! made by `crates/secateur-bench/peers/operator_cases.py`.

use std::path::Path;

use prost::Message;
use secateur_exec::{Compiled, Runner};
use secateur_onnx::proto::attribute_proto::AttributeType;
use secateur_onnx::proto::{
    AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, ValueInfoProto,
};
use secateur_onnx::{Document, Network, tensor_proto};
use secateur_tensor::tensor::Values;
use secateur_tensor::{Bytes, DType, Stored, Tensor};
use serde_json::Value;

use crate::parts::info;

/// Largest difference of a value, where values are about 1: sums of f32 in another order.
const TOLERANCE: f64 = 2e-5;

fn numbers(value: &Value) -> Vec<f64> {
    let of = |v: &Value| v.as_f64().or(v.as_bool().map(|b| f64::from(u8::from(b)))).unwrap();
    value["values"].as_array().unwrap().iter().map(of).collect()
}

fn shape(value: &Value) -> Vec<usize> {
    value["shape"].as_array().unwrap().iter().map(|n| n.as_u64().unwrap() as usize).collect()
}

fn stored(value: &Value) -> Stored {
    let (shape, numbers) = (shape(value), numbers(value));
    let bytes = |dtype, bytes: Vec<u8>| Stored::new(dtype, shape.clone(), Bytes::owned(bytes));
    match value["type"].as_str().unwrap() {
        "f32" => Stored::of_f32(shape, &numbers.iter().map(|v| *v as f32).collect::<Vec<_>>()),
        "i64" => Stored::of_i64(shape, &numbers.iter().map(|v| *v as i64).collect::<Vec<_>>()),
        "bool" => bytes(DType::Bool, numbers.iter().map(|v| *v as u8).collect()).unwrap(),
        "u8" => bytes(DType::U8, numbers.iter().map(|v| *v as u8).collect()).unwrap(),
        other => panic!("{other}"),
    }
}

fn attribute(name: &str, value: &Value) -> AttributeProto {
    let mut proto = AttributeProto { name: Some(name.to_owned()), ..AttributeProto::default() };
    let kind = if let Some(text) = value.as_str() {
        proto.s = Some(text.as_bytes().to_vec());
        AttributeType::String
    } else if let Some(list) = value.as_array() {
        proto.ints = list.iter().map(|n| n.as_i64().unwrap()).collect();
        AttributeType::Ints
    } else if let Some(n) = value.as_i64() {
        proto.i = Some(n);
        AttributeType::Int
    } else {
        proto.f = Some(value.as_f64().unwrap() as f32);
        AttributeType::Float
    };
    proto.r#type = Some(kind.into());
    proto
}

/// A network of one node: floats of some size are inputs, all else are constants. Without any the
/// first is one.
fn network(case: &Value, opset: i64) -> (Network, Vec<Tensor>) {
    let inputs = case["inputs"].as_array().unwrap();
    let is_fed = |value: &Value| value["type"] == "f32" && numbers(value).len() > 5;
    let mut graph = GraphProto { name: Some("case".to_owned()), ..GraphProto::default() };
    let mut node = NodeProto {
        op_type: Some(case["op"].as_str().unwrap().to_owned()),
        name: Some("node".to_owned()),
        ..NodeProto::default()
    };
    let attributes = case["attributes"].as_object().unwrap();
    node.attribute = attributes.iter().map(|(name, value)| attribute(name, value)).collect();
    let mut fed = Vec::new();
    for (at, value) in inputs.iter().enumerate() {
        if value.is_null() {
            node.input.push(String::new());
            continue;
        }
        let name = format!("x{at}");
        let stored = stored(value);
        if at == 0 && is_fed(value) {
            graph
                .input
                .push(info(&name, &shape(value).iter().map(|n| *n as i64).collect::<Vec<_>>()));
            fed.push(stored.to_tensor().unwrap());
        } else {
            graph.initializer.push(tensor_proto(&name, &stored));
        }
        node.input.push(name);
    }
    for at in 0..case["outputs"].as_array().unwrap().len() {
        let name = format!("y{at}");
        node.output.push(name.clone());
        graph.output.push(ValueInfoProto { name: Some(name), ..ValueInfoProto::default() });
    }
    graph.node.push(node);
    let model = ModelProto {
        ir_version: Some(10),
        opset_import: vec![OperatorSetIdProto { domain: None, version: Some(opset) }],
        graph: Some(graph),
        ..ModelProto::default()
    };
    let bytes = Bytes::owned(model.encode_to_vec());
    let document = Document::parse("case.onnx".as_ref(), &bytes);
    (Network::new(document.unwrap()).unwrap(), fed)
}

#[track_caller]
fn compare(name: &str, found: &Tensor, expect: &Value) {
    assert_eq!(found.shape(), shape(expect), "{name}");
    let values: Vec<f64> = match found.values() {
        Values::F32(values) => values.iter().map(|v| f64::from(*v)).collect(),
        Values::I64(values) => values.iter().map(|v| *v as f64).collect(),
        Values::Bool(values) => values.iter().map(|v| f64::from(u8::from(*v))).collect(),
        Values::Stored(stored) => panic!("{name}: {stored:?}"),
    };
    for (at, (found, expect)) in values.iter().zip(numbers(expect)).enumerate() {
        let near = (found - expect).abs() <= TOLERANCE * expect.abs().max(1.0);
        assert!(near, "{name}, value {at}: {found}, not {expect}");
    }
}

#[test]
fn operators_give_what_another_runtime_gives() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/operators.json");
    let all: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let opset = all["opset"].as_i64().unwrap();
    let cases = all["cases"].as_array().unwrap();
    for (number, case) in cases.iter().enumerate() {
        let name = format!("case {number}, {}", case["op"].as_str().unwrap());
        let (network, fed) = network(case, opset);
        let graph = &network.graph;
        let shapes: Vec<Vec<usize>> = fed.iter().map(|tensor| tensor.shape().to_vec()).collect();
        let expect = case["outputs"].as_array().unwrap();
        let runner = Runner::new(graph, &shapes).unwrap_or_else(|error| panic!("{name}: {error}"));
        for (found, expect) in runner.run(&fed, &graph.outputs, None).iter().zip(expect) {
            compare(&name, found, expect);
        }
        let mut compiled = Compiled::new(graph, &shapes).unwrap();
        let fed: Vec<&Tensor> = fed.iter().collect();
        for (found, expect) in compiled.run(&fed).iter().zip(expect) {
            compare(&format!("{name}, compiled"), found, expect);
        }
    }
    assert!(cases.len() > 80);
}
