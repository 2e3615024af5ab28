//! Cuts of networks whose inputs have open dimensions, proven at one size and written for all.

use prost::Message;
use secateur_attacks::networks::{Builder, int};
use secateur_exec::Runner;
use secateur_graph::{Coupling, Granularity, GraphError, Slot};
use secateur_onnx::proto::tensor_shape_proto::{Dimension, dimension::Value as Dim};
use secateur_onnx::proto::{ModelProto, TensorShapeProto, type_proto};
use secateur_onnx::{Document, Network};
use secateur_tensor::{Bytes, Tensor};

use crate::parts::{info, ints};

/// A builder with the shape of `x` at hand.
fn net() -> Builder {
    let mut net = Builder::new();
    net.node("shape", "Shape", &["x"], vec![]);
    net
}

/// The model, which does not say what shape its output has.
fn finish(net: Builder, input: &[i64], output: &str) -> ModelProto {
    let mut model = net.finish(input, output, 1);
    model.graph.as_mut().unwrap().output[0].r#type = None;
    model
}

fn open(model: &ModelProto) -> Network {
    let bytes = Bytes::owned(model.encode_to_vec());
    Network::new(Document::parse("open.onnx".as_ref(), &bytes).unwrap()).unwrap()
}

/// Runs a network on numbers that are the same for the same shape.
fn run(network: &Network, shape: &[usize]) -> Result<Tensor, GraphError> {
    network.graph.bind(&[shape.to_vec()])?;
    let runner = Runner::new(&network.graph, &[shape.to_vec()]).unwrap();
    let count = shape.iter().product();
    let x = Tensor::f32(shape.to_vec(), (0..count).map(|v| (v as f32).sin()).collect());
    Ok(runner.run(&[x], &network.graph.outputs, None).remove(0))
}

/// Cuts the first class of each group, and runs what is written on other shapes.
fn check(model: &ModelProto, classes: &[usize], shapes: &[&[usize]]) {
    let network = open(model);
    let (_, facts) = network.bind(&[]).unwrap();
    let coupling = Coupling::new(&network.graph, &facts, Granularity::Outer);
    let found: Vec<usize> = coupling.groups.iter().map(|group| group.classes.len()).collect();
    assert_eq!(found, classes);
    let mut keep = vec![true; coupling.classes.len()];
    coupling.groups.iter().for_each(|group| keep[group.classes[0]] = false);
    let (small, after) = coupling.shrink(&network.graph, &facts, &keep).unwrap();
    let again = open(&network.patched(&small, &after).model);
    for shape in shapes {
        let (expect, found) = (run(&network, shape).unwrap(), run(&again, shape).unwrap());
        assert_eq!(found.shape(), expect.shape());
    }
}

#[test]
fn heads_of_all_images_along_one_axis() {
    let mut net = net();
    net.weight("in.weight", &[3, 8]);
    net.node("y", "MatMul", &["x", "in.weight"], vec![]);
    net.node("turned", "Transpose", &["y"], vec![ints("perm", &[1, 0, 2])]);
    // [5, batch, 8] becomes [5, 4 * batch, 2] by numbers that a run computes.
    net.integers("zero", &[0]);
    net.node("batch", "Gather", &["shape", "zero"], vec![]);
    net.integers("four", &[4]);
    net.node("count", "Mul", &["batch", "four"], vec![]);
    net.integers("five", &[5]);
    net.integers("two", &[2]);
    net.node("to", "Concat", &["five", "count", "two"], vec![int("axis", 0)]);
    net.node("heads", "Reshape", &["turned", "to"], vec![]);
    net.node("curve", "Tanh", &["heads"], vec![]);
    net.integers("back", &[5, -1, 8]);
    net.node("joined", "Reshape", &["curve", "back"], vec![]);
    net.weight("out.weight", &[8, 3]);
    net.node("z", "MatMul", &["joined", "out.weight"], vec![]);
    let model = finish(net, &[5, 3], "z");
    check(&model, &[4], &[&[1, 5, 3], &[3, 5, 3]]);
}

fn dimensions(info: &mut secateur_onnx::proto::ValueInfoProto) -> &mut TensorShapeProto {
    match info.r#type.as_mut().and_then(|kind| kind.value.as_mut()) {
        Some(type_proto::Value::TensorType(tensor)) => tensor.shape.as_mut().unwrap(),
        _ => panic!("info() makes tensors"),
    }
}

/// A row of weights, repeated for every image, before the places.
fn with_a_row_for_every_image() -> ModelProto {
    let mut net = net();
    net.weight("in.weight", &[3, 8]);
    net.node("y", "MatMul", &["x", "in.weight"], vec![]);
    net.integers("zero", &[0]);
    net.node("batch", "Gather", &["shape", "zero"], vec![]);
    net.integers("rest", &[1, 8]);
    net.node("to", "Concat", &["batch", "rest"], vec![int("axis", 0)]);
    net.weight("row", &[1, 1, 8]);
    net.node("rows", "Expand", &["row", "to"], vec![]);
    net.node("all", "Concat", &["rows", "y"], vec![int("axis", 1)]);
    net.weight("out.weight", &[8, 3]);
    net.node("z", "MatMul", &["all", "out.weight"], vec![]);
    finish(net, &[5, 3], "z")
}

#[test]
fn what_cannot_follow_for_any_batch_is_held() {
    let network = open(&with_a_row_for_every_image());
    let (_, facts) = network.bind(&[]).unwrap();
    let coupling = Coupling::new(&network.graph, &facts, Granularity::Outer);
    let mut keep = vec![true; coupling.classes.len()];
    assert_eq!(keep.len(), 8);
    keep[3] = false;
    let error = coupling.shrink(&network.graph, &facts, &keep).unwrap_err();
    let held = error.node();
    assert_eq!(network.graph.node(held).name, "rows");
    let coupling = Coupling::around(&network.graph, &facts, Granularity::Outer, &[held]);
    assert!(coupling.classes.is_empty());
    let place = coupling.place(held, Slot::Out(0)).unwrap();
    assert_eq!(coupling.frozen(place, 2).unwrap().why, "this node cannot follow a cut");
}

#[test]
fn one_slice_of_channels_and_of_an_open_side() {
    let mut net = net();
    net.conv("stem", "x", [6, 3, 3, 3], 1, 1);
    // The first four channels, and all but one of the rows, by numbers that a run computes.
    net.integers("two", &[2]);
    net.node("rows", "Gather", &["shape", "two"], vec![]);
    net.integers("four", &[4]);
    net.node("ends", "Concat", &["four", "rows"], vec![int("axis", 0)]);
    net.integers("starts", &[0, 0]);
    net.integers("axes", &[1, 2]);
    net.node("part", "Slice", &["stem", "starts", "ends", "axes"], vec![]);
    net.conv("head", "part", [2, 4, 1, 1], 1, 1);
    let mut model = finish(net, &[3, 8, 8], "head");
    let graph = model.graph.as_mut().unwrap();
    dimensions(&mut graph.input[0]).dim[2] =
        Dimension { value: Some(Dim::DimParam("rows".to_owned())), ..Dimension::default() };
    check(&model, &[4, 2], &[&[1, 3, 8, 8], &[2, 3, 11, 8]]);
}

#[test]
fn layers_after_an_operator_of_unknown_shape_stay_as_they_are() {
    let mut net = Builder::new();
    net.weight("in.weight", &[3, 8]);
    net.node("y", "MatMul", &["x", "in.weight"], vec![]);
    net.node("a", "Relu", &["y"], vec![]);
    net.weight("middle.weight", &[8, 6]);
    net.node("b", "MatMul", &["a", "middle.weight"], vec![]);
    net.node("mystery", "Unheard", &["b"], vec![]);
    net.weight("out.weight", &[6, 3]);
    net.node("z", "MatMul", &["mystery", "out.weight"], vec![]);
    let network = open(&finish(net, &[5, 3], "z"));
    let (_, facts) = network.bind(&[]).unwrap();
    let coupling = Coupling::new(&network.graph, &facts, Granularity::Outer);
    assert_eq!(coupling.classes.len(), 8);
    let (last, _) = network.graph.numbered_nodes().last().unwrap();
    let place = coupling.place(last, Slot::In(1)).unwrap();
    assert_eq!(coupling.frozen(place, 0).unwrap().why, "not all is known of its inputs");
}

#[test]
fn a_name_that_stands_for_two_sizes_is_forgotten() {
    let mut net = Builder::new();
    for side in ["left", "right"] {
        let name = |part: &str| format!("{side}.{part}");
        net.weight(&name("in"), &[3, 8]);
        net.node(&name("y"), "MatMul", &["x", &name("in")], vec![]);
        net.integers(&name("split"), &[0, 5, 4, 2]);
        net.node(&name("parts"), "Reshape", &[&name("y"), &name("split")], vec![]);
        let order = vec![ints("perm", &[0, 2, 1, 3])];
        net.node(&name("turned"), "Transpose", &[&name("parts")], order.clone());
        net.integers(&name("all"), &[-1, 5, 2]);
        net.node(&name("heads"), "Reshape", &[&name("turned"), &name("all")], vec![]);
        net.integers(&name("each"), &[-1, 4, 5, 2]);
        net.node(&name("again"), "Reshape", &[&name("heads"), &name("each")], vec![]);
        net.node(&name("back"), "Transpose", &[&name("again")], order);
        net.integers(&name("join"), &[0, 5, -1]);
        net.node(&name("joined"), "Reshape", &[&name("back"), &name("join")], vec![]);
        net.weight(&name("out"), &[8, 3]);
        net.node(&name("z"), "MatMul", &[&name("joined"), &name("out")], vec![]);
    }
    net.node("z", "Add", &["left.z", "right.z"], vec![]);
    let mut model = finish(net, &[5, 3], "z");
    let graph = model.graph.as_mut().unwrap();
    for name in ["left.heads", "right.heads"] {
        let mut stated = info(name, &[0, 5, 2]);
        dimensions(&mut stated).dim[0].value = Some(Dim::DimParam("4*N".to_owned()));
        graph.value_info.push(stated);
    }
    let network = open(&model);
    let (_, facts) = network.bind(&[]).unwrap();
    let coupling = Coupling::new(&network.graph, &facts, Granularity::Outer);
    assert_eq!(coupling.classes.len(), 8);
    let stated = |cut: &[usize]| -> Vec<Option<Dim>> {
        let keep: Vec<bool> = (0..8).map(|class| !cut.contains(&class)).collect();
        let (small, after) = coupling.shrink(&network.graph, &facts, &keep).unwrap();
        let mut patched = network.patched(&small, &after);
        let infos = &mut patched.model.graph.as_mut().unwrap().value_info;
        infos.iter_mut().map(|info| dimensions(info).dim[0].value.clone()).collect()
    };
    // One side loses a head, then both do.
    assert_eq!(stated(&[0]), [None, None]);
    let name = Some(Dim::DimParam("4*N".to_owned()));
    assert_eq!(stated(&[0, 4]), [name.clone(), name]);
}

#[test]
fn what_led_nowhere_before_still_fits() {
    let mut net = Builder::new();
    net.conv("stem", "x", [6, 3, 3, 3], 1, 1);
    net.integers("to", &[0, 2, 3, 8, 8]);
    net.node("nowhere", "Reshape", &["stem", "to"], vec![]);
    net.conv("head", "stem", [2, 6, 1, 1], 1, 1);
    let network = open(&finish(net, &[3, 8, 8], "head"));
    let (_, facts) = network.bind(&[]).unwrap();
    let coupling = Coupling::new(&network.graph, &facts, Granularity::Outer);
    let mut keep = vec![true; coupling.classes.len()];
    keep[0] = false;
    let (small, after) = coupling.shrink(&network.graph, &facts, &keep).unwrap();
    let patched = network.patched(&small, &after);
    let again = open(&patched.model);
    assert_eq!(again.graph.nodes().len(), 3);
    assert!(again.bind(&[]).unwrap().1.iter().all(Option::is_some));
}
