//! Operators of versions before 13: read in their own sense, and written in their own form.

use secateur_onnx::attributes::Attributes;
use secateur_onnx::proto::attribute_proto::AttributeType;
use secateur_onnx::proto::{AttributeProto, GraphProto, NodeProto};
use secateur_tensor::{Bytes, DType, Stored, Tensor};

use crate::parts::{constant, float, halved, info, ints, model, network, node, run, weight, with};

fn x() -> Tensor {
    Tensor::f32(vec![1, 2, 2, 2], vec![0.0, 1.0, 2.0, 3.0, -1.0, -2.0, 0.5, 4.0])
}

/// One operator on `x`; expected numbers are those of onnxruntime 1.32.
fn check(version: i64, op: &str, attributes: &[AttributeProto], y: &[i64], expected: &[f32]) {
    let node = with(node(op, &["x"], "y", &[]), attributes);
    let found = run(&network(&model(version, vec![node], &[], [&[1, 2, 2, 2], y])), &x());
    assert_eq!(found.len(), expected.len(), "{op} of version {version}: {found:?}");
    for (a, b) in found.iter().zip(expected) {
        assert!((a - b).abs() < 1e-5, "{op} of version {version}: {found:?}");
    }
}

#[test]
fn attributes_are_read_as_the_inputs_that_they_became() {
    check(
        9,
        "Slice",
        &[ints("starts", &[1]), ints("ends", &[9]), ints("axes", &[3])],
        &[1, 2, 2, 1],
        &[1.0, 3.0, -2.0, 4.0],
    );
    check(
        9,
        "Slice",
        &[ints("starts", &[0, 1]), ints("ends", &[1, 2])],
        &[1, 1, 2, 2],
        &[-1.0, -2.0, 0.5, 4.0],
    );
    check(
        10,
        "Clip",
        &[float("min", 0.0)],
        &[1, 2, 2, 2],
        &[0.0, 1.0, 2.0, 3.0, 0.0, 0.0, 0.5, 4.0],
    );
    check(
        10,
        "Clip",
        &[float("max", 1.0)],
        &[1, 2, 2, 2],
        &[0.0, 1.0, 1.0, 1.0, -1.0, -2.0, 0.5, 1.0],
    );
    check(
        10,
        "Pad",
        &[ints("pads", &[0, 0, 0, 0, 0, -1, 0, 1]), float("value", 7.0)],
        &[1, 1, 2, 3],
        &[0.0, 1.0, 7.0, 2.0, 3.0, 7.0],
    );
    check(12, "Unsqueeze", &[ints("axes", &[0, 5])], &[1, 1, 2, 2, 2, 1], x().as_f32());
    check(12, "Squeeze", &[ints("axes", &[0])], &[2, 2, 2], x().as_f32());
    check(12, "ReduceSum", &[ints("axes", &[2, 3])], &[1, 2, 1, 1], &[6.0, 1.5]);
    check(9, "Dropout", &[float("ratio", 0.5)], &[1, 2, 2, 2], x().as_f32());
}

#[test]
fn softmax_was_taken_of_matrices() {
    let all = [
        0.011_371,
        0.030_909_6,
        0.084_021,
        0.228_392_8,
        0.004_183_2,
        0.001_538_9,
        0.018_747_6,
        0.620_836,
    ];
    let rows = [
        0.032_058_6,
        0.087_144_3,
        0.236_882_8,
        0.643_914_3,
        0.006_482_4,
        0.002_384_8,
        0.029_052_3,
        0.962_080_5,
    ];
    let logs = [
        -3.440_189_6,
        -2.440_189_6,
        -1.440_189_7,
        -0.440_189_7,
        -5.038_657,
        -6.038_657,
        -3.538_657,
        -0.038_657_1,
    ];
    check(12, "Softmax", &[], &[1, 2, 2, 2], &all);
    let axis = |axis| AttributeProto { i: Some(axis), ..int("axis") };
    check(12, "Softmax", &[axis(2)], &[1, 2, 2, 2], &rows);
    check(12, "LogSoftmax", &[axis(2)], &[1, 2, 2, 2], &logs);
    let last = [
        0.268_941_4,
        0.731_058_6,
        0.268_941_4,
        0.731_058_6,
        0.731_058_6,
        0.268_941_4,
        0.029_312_2,
        0.970_687_8,
    ];
    check(13, "Softmax", &[], &[1, 2, 2, 2], &last);
    check(12, "Softmax", &[axis(3)], &[1, 2, 2, 2], &last);
    check(12, "Hardmax", &[], &[1, 2, 2, 2], &[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
}

fn int(name: &str) -> AttributeProto {
    AttributeProto {
        name: Some(name.to_owned()),
        r#type: Some(AttributeType::Int.into()),
        ..AttributeProto::default()
    }
}

#[test]
fn the_nearest_was_below_in_larger_images_and_above_in_smaller_ones() {
    let resized = |version: i64, op: &str, scales: [f32; 4], y: &[i64]| {
        let node = node(op, &["x", "scales"], "y", &[]);
        let scales = [("scales", Stored::of_f32(vec![4], &scales))];
        run(&network(&model(version, vec![node], &scales, [&[1, 2, 2, 2], y])), &x())
    };
    let twice =
        [0.0, 0.0, 1.0, 1.0, 2.0, 2.0, 3.0, 3.0, -1.0, -1.0, -2.0, -2.0, 0.5, 0.5, 4.0, 4.0];
    assert_eq!(resized(9, "Upsample", [1.0, 1.0, 1.0, 2.0], &[1, 2, 2, 4]), twice);
    assert_eq!(resized(10, "Resize", [1.0, 1.0, 1.0, 2.0], &[1, 2, 2, 4]), twice);
    let half = [0.0, 2.0, -1.0, 0.5];
    assert_eq!(resized(10, "Resize", [1.0, 1.0, 1.0, 0.5], &[1, 2, 2, 1]), half);
}

#[test]
fn what_has_another_sense_is_carried() {
    let normal = node("BatchNormalization", &["x", "w", "w", "w", "w"], "y", &[("spatial", 0)]);
    let weights = [("w", weight(&[2, 2, 2]))];
    let network = network(&model(7, vec![normal], &weights, [&[1, 2, 2, 2]; 2]));
    let op = format!("{:?}", network.graph.nodes()[0].op);
    assert!(op.contains("statistics of each place"), "{op}");
}

/// Two convolutions with something between them.
fn between(version: i64, nodes: Vec<NodeProto>, last: [usize; 4]) -> Vec<NodeProto> {
    let mut all = vec![node("Conv", &["x", "w"], "c", &[])];
    all.extend(nodes);
    all.push(node("Conv", &["a", "v"], "y", &[]));
    let weights = [("w", weight(&[8, 2, 1, 1])), ("v", weight(&last))];
    let whole =
        network(&model(version, all, &weights, [&[1, 2, 2, 2], &[1, last[0] as i64, 2, 2]]));
    let small = halved(&whole);
    assert_eq!(small.opset_import[0].version(), version);
    // That it runs says that all sizes fit together.
    run(&network(&small), &x());
    small.graph.unwrap().node
}

#[test]
fn a_cut_is_written_in_the_form_of_the_version() {
    let split = with(node("Split", &["c"], "a", &[("axis", 1)]), &[ints("split", &[5, 3])]);
    let split = NodeProto { output: vec!["a".to_owned(), "b".to_owned()], ..split };
    for version in [7, 12] {
        let nodes = between(version, vec![split.clone()], [3, 5, 1, 1]);
        assert_eq!(Attributes(&nodes[1]).ints("split"), Some(&[3, 1][..]));
        assert_eq!(nodes[1].input.len(), 1);
    }
    let even = NodeProto { attribute: split.attribute[..1].to_vec(), ..split };
    let nodes = between(11, vec![even], [3, 4, 1, 1]);
    assert_eq!(Attributes(&nodes[1]).ints("split"), Some(&[2, 2][..]));
    let slice = node("Slice", &["c"], "a", &[]);
    let slice = with(slice, &[ints("starts", &[1]), ints("ends", &[i64::MAX]), ints("axes", &[1])]);
    let nodes = between(9, vec![slice], [3, 7, 1, 1]);
    let of = |name| Attributes(&nodes[1]).ints(name).unwrap();
    assert_eq!((of("starts"), of("ends"), nodes[1].input.len()), (&[1][..], &[4][..], 1));
}

#[test]
fn constants_in_nodes_are_cut() {
    let nodes = vec![
        constant("w", &weight(&[8, 2, 1, 1])),
        node("Conv", &["x", "w"], "c", &[]),
        constant("v.0", &weight(&[3, 8, 1, 1])),
        node("Identity", &["v.0"], "v", &[]),
        node("Conv", &["c", "v"], "y", &[]),
    ];
    let small = halved(&network(&model(9, nodes, &[], [&[1, 2, 2, 2], &[1, 3, 2, 2]])));
    let graph = small.graph.as_ref().unwrap();
    assert!(graph.node.iter().all(|node| node.op_type() == "Conv"), "{:?}", graph.node);
    let dims: Vec<&[i64]> = graph.initializer.iter().map(|t| t.dims.as_slice()).collect();
    assert_eq!(dims, [[4, 2, 1, 1], [3, 4, 1, 1]]);
    run(&network(&small), &x());
}

#[test]
fn what_a_branch_uses_from_around_it_is_left_alone() {
    let branch = |input: &str, output: &str| GraphProto {
        name: Some(output.to_owned()),
        node: vec![node("Relu", &[input], output, &[])],
        output: vec![info(output, &[1, 8, 2, 2])],
        ..GraphProto::default()
    };
    let attribute = |name: &str, graph: GraphProto| AttributeProto {
        name: Some(name.to_owned()),
        r#type: Some(AttributeType::Graph.into()),
        g: Some(graph),
        ..AttributeProto::default()
    };
    let branches = [
        attribute("then_branch", branch("c", "then")),
        attribute("else_branch", branch("d", "else")),
    ];
    let nodes = vec![
        node("Conv", &["x", "w"], "c", &[]),
        node("Conv", &["c", "v"], "d", &[]),
        with(node("If", &["z"], "e", &[]), &branches),
        node("Conv", &["x", "w"], "f", &[]),
        node("Conv", &["f", "v"], "g", &[]),
        node("Add", &["e", "g"], "y", &[]),
    ];
    let z = Stored::new(DType::Bool, vec![], Bytes::owned(vec![1])).unwrap();
    let weights = [("w", weight(&[8, 2, 1, 1])), ("v", weight(&[8, 8, 1, 1])), ("z", z)];
    let whole = model(17, nodes, &weights, [&[1, 2, 2, 2], &[1, 8, 2, 2]]);
    let small = halved(&network(&whole));
    // Only the channels of f are no one else's; the weights of c and d are as they were.
    let (was, is) = (whole.graph.unwrap(), small.graph.unwrap());
    assert_eq!(is.node[..3], was.node[..3]);
    assert_eq!(is.initializer[..3], was.initializer[..3]);
    let dims: Vec<&[i64]> = is.initializer[3..].iter().map(|t| t.dims.as_slice()).collect();
    assert_eq!(dims, [[4, 2, 1, 1], [8, 4, 1, 1]]);
}
