//! Small graphs, compiled, against the same run node by node.

use secateur_graph::NodeId;
use secateur_graph::ops::{
    AutoPad, Binary, Cast, Concat, Conv, ConvTranspose, Flatten, Gelu, Gemm, GlobalPool,
    LayerNormalization, MatMul, Op, Pool, PoolKind, Reshape, Shape, Slice, Softmax, Split, Swish,
    Transpose, Unary, Where, Window,
};
use secateur_tensor::{DType, Tensor};

mod drawn;

use self::drawn::{Drawn, check_close, mean_of, window};
use super::Compiled;
use crate::{Runner, Visitor};

/// Steps of a compiled network.
fn steps(compiled: &Compiled) -> Vec<String> {
    compiled.plan.names()
}

#[test]
fn a_residual_block_is_three_convolutions() {
    for shortcut_first in [false, true] {
        for batch in [1, 4] {
            let (mut net, x) = Drawn::new(&[batch, 5, 9, 9]);
            let mut shortcut = None;
            if shortcut_first {
                let y = net.conv(x, [5, 11], 1, 2);
                shortcut = Some(net.norm(y, 11));
            }
            let y = net.conv(x, [5, 11], 3, 2);
            let y = net.norm(y, 11);
            let y = net.unary(Unary::Relu, y);
            let y = net.conv(y, [11, 11], 3, 1);
            let y = net.norm(y, 11);
            let other = shortcut.unwrap_or_else(|| {
                let y = net.conv(x, [5, 11], 1, 2);
                net.norm(y, 11)
            });
            let y = net.binary(Binary::Add, y, other);
            let y = net.unary(Unary::Relu, y);
            let compiled = net.check(&[y]);
            assert_eq!(steps(&compiled), ["ToLast", "Conv", "Conv", "Conv"]);
        }
    }
}

#[test]
fn an_inverted_bottleneck_adds_what_it_started_from() {
    let (mut net, x) = Drawn::new(&[2, 3, 8, 8]);
    let x = net.conv(x, [3, 6], 3, 2);
    let y = net.conv(x, [6, 24], 1, 1);
    let y = net.norm(y, 24);
    let y = net.clip(y);
    let y = net.depthwise(y, 24, 3);
    let y = net.norm(y, 24);
    let y = net.clip(y);
    let y = net.conv(y, [24, 6], 1, 1);
    let y = net.binary(Binary::Add, x, y);
    let y = net.add(Op::GlobalPool(GlobalPool::Average), &[y]);
    let y = net.add(Op::Flatten(Flatten { axis: 1 }), &[y]);
    let (w, b) = (net.weight(&[10, 6]), net.weight(&[10]));
    let y = net.add(Op::Gemm(Gemm::LINEAR), &[y, w, b]);
    let compiled = net.check(&[y]);
    assert_eq!(steps(&compiled), ["ConvPlain", "Conv", "Conv", "Conv", "Mean", "Conv"]);
}

#[test]
fn squeeze_and_excitation_scales_channels() {
    for mean in [Op::GlobalPool(GlobalPool::Average), mean_of(&[2, 3]), mean_of(&[-1, -2])] {
        for gate in [Unary::HardSigmoid { alpha: 1.0 / 6.0, beta: 0.5 }, Unary::Sigmoid] {
            let (mut net, x) = Drawn::new(&[2, 3, 6, 6]);
            let y = net.conv(x, [3, 12], 3, 1);
            let y = net.unary(Unary::HardSwish, y);
            let s = net.add(mean.clone(), &[y]);
            let s = net.conv(s, [12, 5], 1, 1);
            let s = net.unary(Unary::Relu, s);
            let s = net.conv(s, [5, 12], 1, 1);
            let s = net.unary(gate, s);
            let y = net.binary(Binary::Mul, s, y);
            let y = net.unary(Unary::Relu, y);
            let y = net.conv(y, [12, 4], 1, 1);
            let compiled = net.check(&[y]);
            let expect = ["ConvPlain", "Mean", "Conv", "Conv", "Excitation", "Conv"];
            assert_eq!(steps(&compiled), expect);
        }
    }
}

#[test]
fn branches_are_joined_and_split_with_channels_last() {
    let (mut net, x) = Drawn::new(&[3, 3, 10, 10]);
    let x = net.conv(x, [3, 8], 3, 1);
    let a = net.conv(x, [8, 5], 1, 1);
    let b = net.conv(x, [8, 7], 3, 1);
    let pool = |kind| Op::Pool(Pool { window: window(3, 1, 1), kind });
    let c = net.add(pool(PoolKind::Max), &[x]);
    let d = net.add(pool(PoolKind::Average { count_padding: true }), &[x]);
    let e = net.add(pool(PoolKind::Average { count_padding: false }), &[x]);
    let y = net.add(Op::Concat(Concat { axis: 1 }), &[a, b, c, d, e]);
    let sizes = net.integers(&[15, 15, 6]);
    let split = Op::Split(Split { axis: 1, parts: 3, numbered: false });
    let parts = net.node(split, &[y, sizes]);
    let y = net.binary(Binary::Sub, parts[0], parts[1]);
    let y = net.unary(Unary::Sigmoid, y);
    let rows = net.add(Op::Concat(Concat { axis: 2 }), &[y, y]);
    let whole = net.add(Op::Concat(Concat { axis: -1 }), &[rows, rows]);
    let global = net.add(Op::GlobalPool(GlobalPool::Max), &[whole]);
    let compiled = net.check(&[parts[2], whole, global]);
    assert!(!steps(&compiled).contains(&"Node".to_owned()));
}

#[test]
fn a_shortcut_without_weights_is_one_step() {
    let (mut net, x) = Drawn::new(&[2, 3, 8, 8]);
    let x = net.conv(x, [3, 4], 3, 1);
    let x = net.unary(Unary::Relu, x);
    let y = net.conv(x, [4, 8], 3, 2);
    let (starts, ends) = (net.integers(&[0, 0]), net.integers(&[i64::MAX, i64::MAX]));
    let (axes, steps_of) = (net.integers(&[2, -1]), net.integers(&[2, 2]));
    let z = net.add(Op::Slice(Slice), &[x, starts, ends, axes, steps_of]);
    let (starts, ends) = (net.integers(&[-3]), net.integers(&[100]));
    let axis = net.integers(&[1]);
    let z = net.add(Op::Slice(Slice), &[z, starts, ends, axis]);
    let z = net.pad(z, &[0, 2, 0, 0, 0, 3, 0, 0]);
    let y = net.binary(Binary::Add, y, z);
    let y = net.unary(Unary::Relu, y);
    let y = net.add(
        Op::Pool(Pool {
            window: window(4, 4, 0),
            kind: PoolKind::Average { count_padding: false },
        }),
        &[y],
    );
    let shape = net.integers(&[0, -1]);
    let y = net.add(Op::Reshape(Reshape { allow_zero: false }), &[y, shape]);
    let (w, b) = (net.weight(&[8, 5]), net.weight(&[1, 5]));
    let gemm = Gemm { alpha: 0.5, beta: 2.0, trans_a: false, trans_b: false };
    let y = net.add(Op::Gemm(gemm), &[y, w, b]);
    let compiled = net.check(&[y]);
    assert_eq!(steps(&compiled), ["ConvPlain", "Windows", "Conv", "Mean", "Conv"]);
}

#[test]
fn zeros_around_an_image_become_those_of_the_convolution() {
    for (pads, expect) in [
        ([0, 0, 1, 2, 0, 0, 3, 0], vec!["ConvPlain"]),
        ([0, 1, 1, 1, 0, 0, 1, 1], vec!["Windows", "ConvPlain"]),
    ] {
        let (mut net, x) = Drawn::new(&[1, 3, 7, 6]);
        let channels = 3 + pads[1] as usize;
        let y = net.pad(x, &pads);
        let y = net.conv(y, [channels, 4], 3, 2);
        let compiled = net.check(&[y]);
        assert_eq!(steps(&compiled), expect);
    }
}

#[test]
fn a_block_of_attention_agrees() {
    let (batch, tokens, width, heads) = (2_usize, 7_usize, 16_usize, 4_usize);
    let (mut net, x) = Drawn::new(&[batch, tokens, width]);
    let norm = LayerNormalization { axis: -1, epsilon: 1e-5, statistics: false };
    let (scale, shift) = (net.weight(&[width]), net.weight(&[width]));
    let n = net.add(Op::LayerNormalization(norm), &[x, scale, shift]);
    let shape = net.integers(&[0, 0, heads as i64, (width / heads) as i64]);
    let heads_of = |net: &mut Drawn, order: &[usize]| {
        let (w, b) = (net.weight(&[width, width]), net.weight(&[width]));
        let y = net.add(Op::MatMul(MatMul), &[n, w]);
        let y = net.binary(Binary::Add, b, y);
        let y = net.add(Op::Reshape(Reshape { allow_zero: false }), &[y, shape]);
        net.add(Op::Transpose(Transpose { order: Some(order.to_vec()) }), &[y])
    };
    let q = heads_of(&mut net, &[0, 2, 1, 3]);
    let k = heads_of(&mut net, &[0, 2, 3, 1]);
    let v = heads_of(&mut net, &[0, 2, 1, 3]);
    let scores = net.add(Op::MatMul(MatMul), &[q, k]);
    let two = net.fixed(&[], &[2.0]);
    let scores = net.binary(Binary::Div, scores, two);
    let scores = net.add(Op::Softmax(Softmax { axis: -1, log: false, flat: false }), &[scores]);
    let y = net.add(Op::MatMul(MatMul), &[scores, v]);
    let y = net.add(Op::Transpose(Transpose { order: Some(vec![0, 2, 1, 3]) }), &[y]);
    let shape = net.integers(&[batch as i64, tokens as i64, width as i64]);
    let y = net.add(Op::Reshape(Reshape { allow_zero: false }), &[y, shape]);
    let w = net.weight(&[width, width]);
    let y = net.add(Op::MatMul(MatMul), &[y, w]);
    let x = net.binary(Binary::Add, x, y);
    let w = net.weight(&[width, 3 * width]);
    let y = net.add(Op::MatMul(MatMul), &[x, w]);
    let b = net.weight(&[1, 1, 3 * width]);
    let y = net.binary(Binary::Add, y, b);
    let y = net.add(Op::Gelu(Gelu { tanh: false }), &[y]);
    let w = net.weight(&[3 * width, width]);
    let y = net.add(Op::MatMul(MatMul), &[y, w]);
    let y = net.binary(Binary::Add, y, x);
    net.check(&[y]);
}

#[test]
fn what_others_read_is_not_taken_in() {
    let (mut net, x) = Drawn::new(&[1, 4, 5, 5]);
    let y = net.conv(x, [4, 4], 3, 1);
    let n = net.norm(y, 4);
    let relu = net.unary(Unary::Relu, n);
    let gate = net.unary(Unary::Sigmoid, relu);
    let silu = net.binary(Binary::Mul, gate, relu);
    let swish = net.add(Op::Swish(Swish), &[y]);
    let sum = net.binary(Binary::Add, silu, swish);
    let twice = net.binary(Binary::Add, sum, sum);
    let again = net.binary(Binary::Mul, twice, gate);
    // Pre-activation: what comes before a convolution stays.
    let y = net.norm(again, 4);
    let y = net.unary(Unary::LeakyRelu { alpha: 0.1 }, y);
    let y = net.conv(y, [4, 4], 3, 1);
    let y = net.binary(Binary::Add, y, again);
    net.check(&[y, relu, x, n]);
}

#[test]
fn constants_are_broadcast_in_both_layouts() {
    for is_last in [false, true] {
        let (mut net, x) = Drawn::new(&[2, 6, 4, 5]);
        let x = if is_last { net.conv(x, [6, 6], 1, 1) } else { x };
        let mut y = net.unary(Unary::Tanh, x);
        for shape in [&[6, 1, 1][..], &[4, 5], &[1], &[5], &[4, 1], &[6, 4, 5], &[1, 6, 1, 5]] {
            let c = net.weight(shape);
            let z = net.binary(Binary::Mul, c, y);
            let d = net.weight(shape);
            y = net.binary(Binary::Sub, d, z);
            y = net.binary(Binary::Max, y, c);
        }
        let plane = net.add(mean_of(&[1]), &[x]);
        let y = net.binary(Binary::Add, plane, y);
        let column = net.add(mean_of(&[2, 3]), &[x]);
        let y = net.binary(Binary::Add, y, column);
        let y = net.norm(y, 6);
        let y = net.unary(Unary::Relu, y);
        net.check(&[y]);
    }
}

#[test]
fn conditions_between_convolutions() {
    let (mut net, x) = Drawn::new(&[2, 4, 5, 5]);
    let y = net.conv(x, [4, 6], 3, 1);
    let threshold = net.weight(&[1]);
    let large = net.binary(Binary::Greater, y, threshold);
    let curve = net.unary(Unary::Tanh, y);
    let y = net.add(Op::Where(Where), &[large, y, curve]);
    let y = net.conv(y, [6, 3], 3, 1);
    net.check(&[y]);
}

#[test]
fn images_with_channels_last_in_the_graph_are_seen_as_they_are() {
    let (mut net, x) = Drawn::new(&[2, 6, 7, 3]);
    let transpose = |order: [usize; 4]| Op::Transpose(Transpose { order: Some(order.to_vec()) });
    let y = net.add(transpose([0, 3, 1, 2]), &[x]);
    let y = net.conv(y, [3, 5], 3, 1);
    let y = net.add(transpose([0, 2, 3, 1]), &[y]);
    let b = net.weight(&[5]);
    let y = net.binary(Binary::Add, y, b);
    let y = net.unary(Unary::Relu, y);
    let compiled = net.check(&[y]);
    assert_eq!(steps(&compiled), ["Conv", "Scaling"]);
}

#[test]
fn what_mixes_images_is_run_as_a_whole() {
    let (mut net, x) = Drawn::new(&[4, 3, 5, 5]);
    let y = net.conv(x, [3, 4], 3, 1);
    let m = net.add(mean_of(&[0]), &[y]);
    let y = net.binary(Binary::Sub, y, m);
    assert_eq!(net.check(&[y]).parts, 1);
    let (mut net, x) = Drawn::new(&[4, 3, 5, 5]);
    let y = net.conv(x, [3, 4], 3, 1);
    let shape = net.integers(&[2, 2, 4, 25]);
    let y = net.add(Op::Reshape(Reshape { allow_zero: false }), &[y, shape]);
    assert_eq!(net.check(&[y]).parts, 1);
}

#[test]
fn numbers_made_of_the_batch_are_those_of_the_whole() {
    // The mean over a batch that is summed elsewhere.
    let (mut net, x) = Drawn::new(&[4, 3, 5, 5]);
    let y = net.conv(x, [3, 4], 3, 1);
    let shape = net.add(Op::Shape(Shape { start: 0, end: Some(1) }), &[y]);
    let count = net.add(Op::Cast(Cast { to: DType::F32 }), &[shape]);
    let y = net.binary(Binary::Div, y, count);
    assert_eq!(net.check(&[y]).parts, 1);
    // Images fall into rows otherwise when there are fewer of them.
    let (mut net, x) = Drawn::new(&[4, 8]);
    let reshape = Op::Reshape(Reshape { allow_zero: false });
    let (rows, back) = (net.integers(&[4, -1]), net.integers(&[-1, 8]));
    let y = net.unary(Unary::Tanh, x);
    let y = net.add(reshape.clone(), &[y, rows]);
    let y = net.add(Op::Softmax(Softmax { axis: 1, log: false, flat: false }), &[y]);
    let y = net.add(reshape, &[y, back]);
    assert_eq!(net.check(&[y]).parts, 1);
    // What is by image is run by image.
    let (mut net, x) = Drawn::new(&[4, 3, 5, 5]);
    let y = net.conv(x, [3, 4], 3, 1);
    assert_eq!(net.check(&[y]).parts, 4);
}

#[test]
fn rows_of_values_are_images_of_one_row() {
    let (mut net, x) = Drawn::new(&[2, 3, 20]);
    let w = net.weight(&[6, 3, 5]);
    let row = Window {
        kernel: vec![5],
        strides: vec![2],
        dilations: vec![1],
        pads: vec![2, 1],
        auto_pad: AutoPad::NotSet,
        ceil: false,
    };
    let y = net.add(Op::Conv(Conv { window: row.clone(), groups: 1 }), &[x, w]);
    let y = net.norm(y, 6);
    let y = net.unary(Unary::Relu, y);
    let y = net.add(Op::Pool(Pool { window: row, kind: PoolKind::Max }), &[y]);
    let y = net.add(Op::GlobalPool(GlobalPool::Average), &[y]);
    net.check(&[y]);
}

#[test]
fn norms_are_part_of_a_transposed_convolution() {
    let (mut net, x) = Drawn::new(&[2, 4, 3, 3]);
    let w = net.weight(&[4, 3, 2, 2]);
    let op = ConvTranspose {
        window: window(2, 2, 0),
        groups: 2,
        output_padding: vec![0, 0],
        output_shape: None,
    };
    let y = net.add(Op::ConvTranspose(op), &[x, w]);
    let y = net.norm(y, 6);
    let compiled = net.check(&[y]);
    assert_eq!(steps(&compiled), ["Copy", "Node"]);
}

/// Keeps input 0 of all nodes.
struct Seen(Vec<(NodeId, Tensor)>);

impl Visitor for Seen {
    fn wants(&self, _node: NodeId) -> bool {
        true
    }

    fn before(&mut self, node: NodeId, inputs: &[Option<&Tensor>]) {
        self.0.push((node, inputs[0].unwrap().clone()));
    }
}

#[test]
fn what_is_observed_is_there_to_be_seen() {
    let (mut net, x) = Drawn::new(&[2, 3, 6, 6]);
    let y = net.pad(x, &[0, 0, 1, 1, 0, 0, 1, 1]);
    let y = net.conv(y, [3, 8], 3, 1);
    let y = net.norm(y, 8);
    let y = net.unary(Unary::Relu, y);
    let s = net.add(Op::GlobalPool(GlobalPool::Average), &[y]);
    let gate = net.unary(Unary::Sigmoid, s);
    let s = net.binary(Binary::Mul, s, gate);
    let y = net.binary(Binary::Mul, y, s);
    let b = net.weight(&[8, 1, 1]);
    let y = net.binary(Binary::Add, b, y);
    let z = net.conv(y, [8, 8], 1, 1);
    let y = net.binary(Binary::Add, z, y);
    net.graph.outputs = vec![y];
    let graph = &net.graph;
    let shapes = [vec![2, 3, 6, 6]];
    let x = Tensor::f32(shapes[0].clone(), (0..216).map(|v| (v % 11) as f32 - 5.0).collect());
    let mut expect = Seen(Vec::new());
    let runner = Runner::new(graph, &shapes).unwrap();
    let result = runner.run(std::slice::from_ref(&x), &graph.outputs, Some(&mut expect));
    let nodes: Vec<NodeId> = graph.numbered_nodes().map(|(id, _)| id).collect();
    let one_by_one = nodes.iter().map(|node| vec![*node]);
    for observed in one_by_one.chain([nodes.clone()]) {
        let mut compiled = Compiled::observing(graph, &shapes, &observed).unwrap();
        let mut seen = Vec::new();
        let found = compiled.run_observed(&[&x], &mut |node, x| seen.push((node, x.clone())));
        check_close(&found[0], &result[0]);
        let expect = expect.0.iter().filter(|(node, _)| observed.contains(node));
        assert_eq!(seen.len(), observed.len());
        for ((a, found), (b, expect)) in seen.iter().zip(expect) {
            assert_eq!(a, b);
            check_close(found, expect);
        }
    }
}
