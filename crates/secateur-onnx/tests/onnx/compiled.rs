//! Networks of the test data, compiled, against the same run node by node.

use secateur_exec::{Compiled, Runner, Visitor};
use secateur_graph::ops::Op;
use secateur_graph::{Graph, NodeId};
use secateur_onnx::Network;
use secateur_tensor::Tensor;

use crate::real::models;

/// Sums in another order, and weights that batch normalization is folded into.
const TOLERANCE: f32 = 1e-4;

/// Values between -2 and 2 in no pattern that a layer could know.
fn sample(shape: &[usize], seed: u32) -> Tensor {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 22) as f32 - 2.0
    };
    let count = shape.iter().product();
    Tensor::f32(shape.to_vec(), (0..count).map(|_| next()).collect())
}

#[track_caller]
fn check_close(found: &Tensor, expect: &Tensor, what: &str) {
    assert_eq!(found.shape(), expect.shape(), "{what}");
    let largest = expect.as_f32().iter().fold(0.0_f32, |most, v| most.max(v.abs()));
    for (found, expect) in found.as_f32().iter().zip(expect.as_f32()) {
        let error = (found - expect).abs();
        assert!(error <= TOLERANCE * largest.max(1e-6), "{what}: {found}, not {expect}");
    }
}

fn shapes(network: &Network, batch: usize) -> Vec<Vec<usize>> {
    let (mut shapes, _) = network.bind(&[]).unwrap();
    for shape in &mut shapes {
        shape[0] = batch;
    }
    shapes
}

#[test]
fn compiled_networks_give_what_their_nodes_give() {
    for path in models() {
        let network = Network::open(&path).unwrap();
        for batch in [1, 4] {
            let what = format!("{}, batch {batch}", path.display());
            let shapes = shapes(&network, batch);
            let inputs: Vec<Tensor> = shapes.iter().map(|shape| sample(shape, 7)).collect();
            let runner = Runner::new(&network.graph, &shapes).unwrap();
            let expect = runner.run(&inputs, &network.graph.outputs, None);
            let inputs: Vec<&Tensor> = inputs.iter().collect();
            let mut first: Option<Vec<Tensor>> = None;
            for threads in [1, 2, 3] {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                let found = pool.install(|| {
                    let mut compiled = Compiled::new(&network.graph, &shapes).unwrap();
                    compiled.run(&inputs);
                    compiled.run(&inputs)
                });
                for (found, expect) in found.iter().zip(&expect) {
                    check_close(found, expect, &what);
                }
                let first = first.get_or_insert_with(|| found.clone());
                for (found, first) in found.iter().zip(first) {
                    assert_eq!(found.as_f32(), first.as_f32(), "{what}, {threads} threads");
                }
            }
        }
    }
}

/// Keeps input 0 of some nodes.
struct Seen<'a>(&'a [NodeId], Vec<(NodeId, Tensor)>);

impl Visitor for Seen<'_> {
    fn wants(&self, node: NodeId) -> bool {
        self.0.contains(&node)
    }

    fn before(&mut self, node: NodeId, inputs: &[Option<&Tensor>]) {
        self.1.push((node, inputs[0].unwrap().clone()));
    }
}

fn layers(graph: &Graph) -> Vec<NodeId> {
    let is_layer = |op: &Op| matches!(op, Op::Conv(_) | Op::Gemm(_) | Op::MatMul(_));
    graph.numbered_nodes().filter(|(_, node)| is_layer(&node.op)).map(|(id, _)| id).collect()
}

#[test]
fn observers_see_what_the_nodes_get() {
    for path in models() {
        let network = Network::open(&path).unwrap();
        let shapes = shapes(&network, 2);
        let nodes = layers(&network.graph);
        let inputs: Vec<Tensor> = shapes.iter().map(|shape| sample(shape, 9)).collect();
        let mut expect = Seen(&nodes, Vec::new());
        let runner = Runner::new(&network.graph, &shapes).unwrap();
        runner.run(&inputs, &network.graph.outputs, Some(&mut expect));
        let mut compiled = Compiled::observing(&network.graph, &shapes, &nodes).unwrap();
        let mut found = Vec::new();
        let inputs: Vec<&Tensor> = inputs.iter().collect();
        compiled.run_observed(&inputs, &mut |node, x| found.push((node, x.clone())));
        assert_eq!(found.len(), expect.1.len(), "{}", path.display());
        for ((a, found), (b, expect)) in found.iter().zip(&expect.1) {
            assert_eq!(a, b);
            check_close(found, expect, &network.graph.node(*a).name);
        }
    }
}
