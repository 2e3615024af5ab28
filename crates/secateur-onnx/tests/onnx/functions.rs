//! Functions of a model: run as what they are made of, and written as calls where a cut left
//! them alone.

use secateur_onnx::Network;
use secateur_onnx::proto::{AttributeProto, FunctionProto, ModelProto, NodeProto};
use secateur_tensor::{Stored, Tensor};

use crate::parts::{
    constant, float, function, halved, model, network, node, opset, outputs, run, weight, with,
};

fn call(name: &str, inputs: &[&str], output: &str) -> NodeProto {
    NodeProto { domain: Some("own".to_owned()), ..node(name, inputs, output, &[]) }
}

/// The slope of a `LeakyRelu` is that of the call.
fn leaky(input: &str, output: &str) -> NodeProto {
    let slope =
        AttributeProto { ref_attr_name: Some("slope".to_owned()), f: None, ..float("alpha", 0.0) };
    with(node("LeakyRelu", &[input], output, &[]), &[slope])
}

fn of(
    functions: Vec<FunctionProto>,
    nodes: Vec<NodeProto>,
    weights: &[(&str, Stored)],
) -> ModelProto {
    let mut model = model(17, nodes, weights, [&[1, 2, 1, 2], &[1, 3, 1, 2]]);
    model.ir_version = Some(9);
    model.opset_import.push(opset("own", 1));
    model.functions = functions;
    model
}

fn x() -> Tensor {
    Tensor::f32(vec![1, 2, 1, 2], vec![1.0, -2.0, -0.5, 3.0])
}

/// A convolution and a slope, and the same with a doubling after it.
fn blocks() -> Vec<FunctionProto> {
    let block = vec![node("Conv", &["a", "w"], "t", &[]), leaky("t", "z")];
    let doubled = vec![
        with(call("block", &["a", "w"], "t"), &[float("slope", 0.25)]),
        constant("two", &Stored::of_f32(vec![], &[2.0])),
        node("Mul", &["t", "two"], "z", &[]),
    ];
    vec![
        function("block", &["a", "w"], &["z"], block),
        function("doubled", &["a", "w"], &["z"], doubled),
    ]
}

fn calls() -> ModelProto {
    let nodes = vec![
        with(call("block", &["x", "w"], "c"), &[float("slope", 0.5)]),
        call("doubled", &["c", "v"], "y"),
    ];
    of(blocks(), nodes, &[("w", weight(&[8, 2, 1, 1])), ("v", weight(&[3, 8, 1, 1]))])
}

/// The same without functions.
fn written_out() -> ModelProto {
    let two = [("two", Stored::of_f32(vec![], &[2.0]))];
    let nodes = vec![
        node("Conv", &["x", "w"], "t", &[]),
        with(node("LeakyRelu", &["t"], "c", &[]), &[float("alpha", 0.5)]),
        node("Conv", &["c", "v"], "u", &[]),
        with(node("LeakyRelu", &["u"], "d", &[]), &[float("alpha", 0.25)]),
        node("Mul", &["d", "two"], "y", &[]),
    ];
    let weights = [("w", weight(&[8, 2, 1, 1])), ("v", weight(&[3, 8, 1, 1]))];
    of(Vec::new(), nodes, &[&weights[..], &two].concat())
}

fn names(model: &ModelProto) -> Vec<&str> {
    model.graph.as_ref().unwrap().node.iter().map(NodeProto::op_type).collect()
}

fn unchanged(network: &Network) -> ModelProto {
    let (_, facts) = network.bind(&[]).unwrap();
    network.patched(&network.graph, &facts).model
}

#[test]
fn calls_give_what_their_functions_are_made_of() {
    let network = network(&calls());
    assert_eq!(run(&network, &x()), run(&crate::parts::network(&written_out()), &x()));
    assert!(unchanged(&network) == calls());
}

#[test]
fn calls_stay_where_a_cut_changes_nothing_in_them() {
    let small = halved(&network(&calls()));
    assert_eq!(names(&small), ["block", "doubled"]);
    assert_eq!(small.functions, calls().functions);
    let expected = halved(&network(&written_out()));
    assert_eq!(run(&network(&small), &x()), run(&network(&expected), &x()));
}

#[test]
fn what_is_cut_in_a_function_comes_in_the_place_of_its_call() {
    let fixed = vec![
        constant("k", &weight(&[3, 8, 1, 1])),
        node("Conv", &["a", "k"], "t", &[]),
        node("Relu", &["t"], "z", &[]),
    ];
    let functions =
        vec![function("fixed", &["a"], &["z"], fixed), blocks().remove(0), blocks().remove(1)];
    let nodes = vec![
        with(call("block", &["x", "w"], "c"), &[float("slope", 0.5)]),
        call("fixed", &["c"], "y"),
    ];
    let whole = of(functions, nodes, &[("w", weight(&[8, 2, 1, 1]))]);
    let small = halved(&network(&whole));
    assert_eq!(names(&small), ["block", "Conv", "Relu"]);
    // One that was never called is none of our business.
    let left: Vec<&str> = small.functions.iter().map(FunctionProto::name).collect();
    assert_eq!(left, ["block", "doubled"]);
    assert_eq!(run(&network(&small), &x()).len(), 6);
}

#[test]
fn an_output_may_be_an_input_and_names_may_be_taken() {
    let inner = vec![node("Relu", &["a"], "y/t", &[]), node("Neg", &["y/t"], "b", &[])];
    let functions = vec![function("same", &["a"], &["b", "a"], inner)];
    let mut same = call("same", &["x"], "y");
    same.output.push("y/y/t".to_owned());
    let mut whole = of(functions, vec![same], &[]);
    let graph = whole.graph.as_mut().unwrap();
    let other = secateur_onnx::proto::ValueInfoProto {
        name: Some("y/y/t".to_owned()),
        ..graph.output[0].clone()
    };
    graph.output.push(other);
    let found = outputs(&network(&whole), &x());
    assert_eq!(found[0].as_f32(), [-1.0, 0.0, 0.0, -3.0]);
    assert_eq!(found[1].as_f32(), x().as_f32());
}

#[test]
fn a_missing_attribute_has_the_default_of_the_function_or_of_the_operator() {
    let slope = |defaults: Vec<AttributeProto>| {
        let inner = function("slope", &["a"], &["z"], vec![leaky("a", "z")]);
        let inner = FunctionProto { attribute_proto: defaults, ..inner };
        run(&network(&of(vec![inner], vec![call("slope", &["x"], "y")], &[])), &x())
    };
    assert_eq!(slope(vec![float("slope", 0.5)]), [1.0, -1.0, -0.25, 3.0]);
    assert_eq!(slope(Vec::new()), [1.0, -0.02, -0.005, 3.0]);
}

#[test]
fn functions_of_other_versions_and_without_end_stay_calls() {
    let opaque = |model: &ModelProto| {
        let ops =
            network(model).graph.nodes().iter().map(|node| format!("{:?}", node.op)).collect();
        let ops: Vec<String> = ops;
        ops.join("\n")
    };
    let mut model = calls();
    model.opset_import[0].version = Some(16);
    assert!(opaque(&model).contains("another version"), "{}", opaque(&model));
    assert!(unchanged(&network(&model)) == model);
    // Each calls the one before it twice: 2^30 nodes.
    let relu = vec![node("Relu", &["a"], "z", &[])];
    let mut functions = vec![function("f0", &["a"], &["z"], relu)];
    for at in 1..30 {
        let inner = format!("f{}", at - 1);
        let twice = vec![call(&inner, &["a"], "t"), call(&inner, &["t"], "z")];
        functions.push(function(&format!("f{at}"), &["a"], &["z"], twice));
    }
    let deep = of(functions, vec![call("f29", &["x"], "y")], &[]);
    let start = std::time::Instant::now();
    assert!(opaque(&deep).contains("too many"));
    assert!(unchanged(&network(&deep)) == deep);
    println!("{:?}", start.elapsed());
}
