//! Heads that are cut are written back as attributes.

use prost::Message;
use secateur_graph::{Coupling, Granularity};
use secateur_onnx::attributes::Attributes;
use secateur_onnx::proto::{GraphProto, ModelProto, OperatorSetIdProto};
use secateur_onnx::{Document, Network, tensor_proto};
use secateur_tensor::{Bytes, Stored};

use crate::parts::{info, node};

/// Attention of 4 heads of queries on 2 of keys and values, of width 2, with rotated queries.
fn model() -> ModelProto {
    let weight = |name: &str, shape: [usize; 2]| {
        let values: Vec<f32> = (0..shape[0] * shape[1]).map(|v| (v as f32).sin()).collect();
        tensor_proto(name, &Stored::of_f32(shape.to_vec(), &values))
    };
    let angles = |name: &str| tensor_proto(name, &Stored::of_f32(vec![1, 5, 1], &[0.5; 5]));
    let heads = [("q_num_heads", 4), ("kv_num_heads", 2), ("is_causal", 1)];
    let graph = GraphProto {
        name: Some("heads".to_owned()),
        node: vec![
            node("MatMul", &["x", "wq"], "q", &[]),
            node("MatMul", &["x", "wk"], "k", &[]),
            node("MatMul", &["x", "wv"], "v", &[]),
            node("RotaryEmbedding", &["q", "cos", "sin"], "turned", &[("num_heads", 4)]),
            node("Attention", &["turned", "k", "v"], "a", &heads),
            node("MatMul", &["a", "wo"], "y", &[]),
        ],
        initializer: vec![
            weight("wq", [3, 8]),
            weight("wk", [3, 4]),
            weight("wv", [3, 4]),
            weight("wo", [8, 3]),
            angles("cos"),
            angles("sin"),
        ],
        input: vec![info("x", &[1, 5, 3])],
        output: vec![info("y", &[1, 5, 3])],
        ..GraphProto::default()
    };
    ModelProto {
        ir_version: Some(11),
        opset_import: vec![OperatorSetIdProto { domain: None, version: Some(23) }],
        graph: Some(graph),
        ..ModelProto::default()
    }
}

#[test]
fn a_group_of_heads_is_cut_from_the_file() {
    let bytes = Bytes::owned(model().encode_to_vec());
    let document = Document::parse("heads.onnx".as_ref(), &bytes).unwrap();
    let network = Network::new(document).unwrap();
    let (_, facts) = network.bind(&[]).unwrap();
    let coupling = Coupling::new(&network.graph, &facts, Granularity::Outer);
    assert_eq!(coupling.classes.len(), 2);
    let (small, after) = coupling.shrink(&network.graph, &facts, &[false, true]).unwrap();
    let patched = network.patched(&small, &after);
    let graph = patched.model.graph.as_ref().unwrap();
    let attribute = |node: usize, name: &str| Attributes(&graph.node[node]).int(name);
    assert_eq!(attribute(3, "num_heads"), Some(2));
    assert_eq!(attribute(4, "q_num_heads"), Some(2));
    assert_eq!(attribute(4, "kv_num_heads"), Some(1));
    let dims: Vec<&[i64]> = graph.initializer[..4].iter().map(|t| t.dims.as_slice()).collect();
    assert_eq!(dims, [[3, 4], [3, 2], [3, 2], [4, 3]]);
    let again = Bytes::owned(patched.model.encode_to_vec());
    let again = Network::new(Document::parse("heads.onnx".as_ref(), &again).unwrap()).unwrap();
    assert!(again.bind(&[]).unwrap().1.iter().all(Option::is_some));
}
