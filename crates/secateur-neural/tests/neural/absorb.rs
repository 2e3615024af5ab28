//! Constants of cut channels in the layers that read them.

use secateur_attacks::networks::{Builder, int};
use secateur_core::figure::Figure;
use secateur_core::recipe::Absorb;
use secateur_core::record::Record;
use secateur_exec::Runner;
use secateur_neural::network::Model;
use secateur_onnx::proto::ModelProto;
use secateur_tensor::Tensor;

use crate::networks::Place;

/// Scales of eight channels: half of them give nothing but their bias.
const SCALES: [f32; 8] = [0.9, 0.0, 1.1, 0.0, 0.0, 0.8, 1.3, 0.0];

/// Three normalized layers, then a linear one. The kernels of the middle layers are of a given
/// size; what follows them takes constants as a mean, as a bias that is there, as one that is
/// not, or as a summand.
fn network(kernel: i64, activation: &str) -> ModelProto {
    let mut net = Builder::new();
    net.conv("first", "x", [8, 3, 3, 3], 1, 1);
    net.norm("n1", "first", 8);
    net.tensor("n1.weight", &[8], &SCALES);
    net.node("a1", activation, &["n1"], vec![]);
    // Its mean takes the constants.
    net.conv("second", "a1", [8, 8, kernel, kernel], 1, 1);
    net.norm("n2", "second", 8);
    net.tensor("n2.weight", &[8], &SCALES);
    net.node("a2", activation, &["n2"], vec![]);
    // It gets a bias.
    net.conv("third", "a2", [8, 8, kernel, kernel], 1, 1);
    net.node("a3", "Tanh", &["third"], vec![]);
    net.conv("fourth", "a3", [8, 8, 1, 1], 1, 1);
    net.norm("n4", "fourth", 8);
    net.tensor("n4.weight", &[8], &SCALES);
    net.node("a4", activation, &["n4"], vec![]);
    net.node("pool", "GlobalAveragePool", &["a4"], vec![]);
    net.node("flat", "Flatten", &["pool"], vec![int("axis", 1)]);
    net.weight("head.weight", &[8, 4]);
    net.weight("head.bias", &[4]);
    // A summand takes them.
    net.node("product", "MatMul", &["flat", "head.weight"], vec![]);
    net.node("logits", "Add", &["product", "head.bias"], vec![]);
    net.finish(&[3, 8, 8], "logits", 4)
}

fn run(model: &Model) -> Vec<f32> {
    let shape = vec![2, 3, 8, 8];
    let numbers = (0..384).map(|at| ((at * 37 % 101) as f32 - 50.0) / 25.0).collect();
    let graph = model.graph();
    let runner = Runner::new(graph, std::slice::from_ref(&shape)).unwrap();
    let outputs = runner.run(&[Tensor::f32(shape, numbers)], &graph.outputs, None);
    outputs[0].as_f32().to_vec()
}

fn difference(a: &[f32], b: &[f32]) -> f32 {
    let most = a.iter().fold(0.0_f32, |most, v| most.max(v.abs()));
    a.iter().zip(b).fold(0.0_f32, |d, (a, b)| d.max((a - b).abs())) / most
}

fn proof(record: &Record) -> &str {
    let figure = record.figures.iter().find(|figure| figure.title == "Proof").unwrap();
    let Figure::Text { text } = &figure.figure else { panic!("proof is a text") };
    text
}

/// Cuts what gives its bias only, and gives the difference from the whole network.
fn cut(model: &ModelProto, absorb: Absorb) -> (f32, Record, Model) {
    let place = Place::of(model);
    let mut recipe = place.channels("bn-scale", 0.5);
    recipe.network.as_mut().unwrap().absorb = absorb;
    // Only these are normalized.
    recipe.layers = ["first", "second", "fourth"].map(str::to_owned).to_vec();
    let record = place.run(&recipe, "out.onnx").unwrap();
    let small = place.open("out.onnx");
    (difference(&run(&place.open("net.onnx")), &run(&small)), record, small)
}

fn shape_of(model: &Model, layer: &str) -> Vec<usize> {
    model.layers.iter().find(|found| found.name == layer).unwrap().shape.clone()
}

#[test]
fn channels_that_give_their_bias_only_are_cut_without_a_trace() {
    for activation in ["Relu", "Sigmoid", "HardSwish", "Tanh"] {
        let model = network(1, activation);
        let (zero, _, _) = cut(&model, Absorb::Never);
        assert!(zero > 1e-3, "{activation}: the constants are nothing, {zero}");
        let (difference, record, small) = cut(&model, Absorb::Exact);
        assert!(difference < 1e-5, "{activation}: {difference}");
        assert_eq!(shape_of(&small, "second"), [4, 4, 1, 1]);
        assert_eq!(shape_of(&small, "third"), [8, 4, 1, 1]);
        assert!(proof(&record).contains("3 layers took"), "{}", proof(&record));
        assert!(!proof(&record).contains("padding"), "{}", proof(&record));
    }
}

#[test]
fn padding_stops_constants_unless_they_may_go_on_into_it() {
    let model = network(3, "Sigmoid");
    let (zero, _, _) = cut(&model, Absorb::Never);
    let (exact, record, _) = cut(&model, Absorb::Exact);
    assert!(proof(&record).contains("1 layer took"), "{}", proof(&record));
    let (always, record, _) = cut(&model, Absorb::Always);
    assert!(proof(&record).contains("3 layers took"), "{}", proof(&record));
    assert!(proof(&record).contains("with zeros there the difference is"), "{}", proof(&record));
    assert!(always < exact && exact < zero, "{always}, {exact}, {zero}");
}

#[test]
fn a_weight_of_two_layers_gets_two_biases() {
    let mut net = Builder::new();
    net.conv("first", "x", [8, 3, 3, 3], 1, 1);
    net.norm("n1", "first", 8);
    net.tensor("n1.weight", &[8], &SCALES);
    net.node("a1", "Sigmoid", &["n1"], vec![]);
    net.weight("w", &[4, 8, 1, 1]);
    net.weight("b", &[4]);
    net.node("left", "Conv", &["a1", "w", "b"], vec![]);
    net.node("a2", "Relu", &["a1"], vec![]);
    net.node("a3", "Tanh", &["a2"], vec![]);
    net.node("right", "Conv", &["a3", "w", "b"], vec![]);
    net.node("sum", "Sub", &["left", "right"], vec![]);
    net.node("pool", "GlobalAveragePool", &["sum"], vec![]);
    net.node("logits", "Flatten", &["pool"], vec![int("axis", 1)]);
    let place = Place::of(&net.finish(&[3, 8, 8], "logits", 4));
    let recipe = {
        let mut recipe = place.channels("bn-scale", 0.5);
        recipe.network.as_mut().unwrap().absorb = Absorb::Exact;
        recipe
    };
    place.run(&recipe, "out.onnx").unwrap();
    let found = difference(&run(&place.open("net.onnx")), &run(&place.open("out.onnx")));
    assert!(found < 1e-5, "{found}");
}
