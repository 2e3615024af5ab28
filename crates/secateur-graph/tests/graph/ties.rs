//! Cutting channels gives what masking them gives, for every operator that ties axes.

use secateur_graph::ops::{
    Along, Aspect, AutoPad, BatchNormalization, Binary, Blocks, Clip, Concat, Conv, ConvTranspose,
    Coordinates, DepthToSpace, Dequantize, Einsum, Expand, Extreme, Flatten, Gather, Gemm,
    GlobalPool, GroupNormalization, Heads, InstanceNormalization, IsSpecial, LayerNormalization,
    MatMul, MeanVarianceNormalization, MultiHeadAttention, MultiHeadRotary, OneHot, Op, Pad,
    PadMode, Pool, PoolKind, Reduce, Reduction, Reshape, Resize, ResizeMode, RmsNormalization,
    Scores, Shape, Slice, Softmax, SpaceToDepth, Split, Squeeze, Tile, TopK, Transpose, Unary,
    Unsqueeze, Where, Window,
};
use secateur_graph::{Granularity, Slot, ValueId};
use secateur_tensor::kernels::Pairing;
use secateur_tensor::{Stored, Tensor};

use crate::net::Net;

fn window(kernel: usize, stride: usize, pad: usize) -> Window {
    Window {
        kernel: vec![kernel; 2],
        strides: vec![stride; 2],
        dilations: vec![1; 2],
        pads: vec![pad; 4],
        auto_pad: AutoPad::NotSet,
        ceil: false,
    }
}

const RELU: Op = Op::Unary(Unary::Relu);
const RESHAPE: Op = Op::Reshape(Reshape { allow_zero: false });

fn transpose(order: &[usize]) -> Op {
    Op::Transpose(Transpose { order: Some(order.to_vec()) })
}

impl Net {
    fn image(&mut self) -> ValueId {
        self.input(&[1, 2, 4, 4])
    }

    /// A convolution of 3 by 3 or 1 by 1, with a bias.
    fn conv(
        &mut self,
        x: ValueId,
        out: usize,
        each: usize,
        groups: usize,
        kernel: usize,
    ) -> ValueId {
        let w = self.weight(&[out, each, kernel, kernel]);
        let b = self.weight(&[out]);
        let window = window(kernel, 1, kernel / 2);
        self.op(Op::Conv(Conv { window, groups }), &[x, w, b])
    }

    /// A linear layer on the last axis.
    fn linear(&mut self, x: ValueId, inner: usize, out: usize) -> ValueId {
        let w = self.weight(&[inner, out]);
        let y = self.op(Op::MatMul(MatMul), &[x, w]);
        let b = self.weight(&[out]);
        self.op(Op::Binary(Binary::Add), &[y, b])
    }

    fn reshape(&mut self, x: ValueId, shape: &[i64]) -> ValueId {
        let shape = self.ints(shape);
        self.op(RESHAPE, &[x, shape])
    }
}

/// Between two convolutions of `channels` channels.
fn between(channels: usize, classes: &[usize], middle: impl Fn(&mut Net, ValueId) -> ValueId) {
    let mut net = Net::default();
    let x = net.image();
    let x = net.conv(x, channels, 2, 1, 3);
    let y = middle(&mut net, x);
    let facts = net.facts();
    let out = facts[y.0 as usize].as_ref().unwrap().known_shape().unwrap()[1];
    let y = net.conv(y, 3, out, 1, 1);
    net.output(y);
    net.check(classes);
}

#[test]
fn convolutions_with_batch_normalization() {
    between(5, &[5], |net, x| {
        let parts = [net.positive(&[5]), net.weight(&[5]), net.weight(&[5]), net.positive(&[5])];
        let op = Op::BatchNormalization(BatchNormalization { epsilon: 1e-5 });
        let x = net.op(op, &[x, parts[0], parts[1], parts[2], parts[3]]);
        net.op(RELU, &[x])
    });
}

#[test]
fn groups_of_a_convolution() {
    // Three groups of two inputs and four outputs.
    between(6, &[3], |net, x| net.conv(x, 12, 2, 3, 3));
}

#[test]
fn a_depthwise_convolution() {
    between(5, &[5], |net, x| net.conv(x, 5, 1, 5, 3));
    between(4, &[4], |net, x| net.conv(x, 8, 1, 4, 3));
}

#[test]
fn transposed_convolutions() {
    between(4, &[3, 4], |net, x| {
        let (w, b) = (net.weight(&[4, 3, 2, 2]), net.weight(&[3]));
        net.op(transposed(1), &[x, w, b])
    });
    between(4, &[2], |net, x| {
        let (w, b) = (net.weight(&[4, 3, 2, 2]), net.weight(&[6]));
        net.op(transposed(2), &[x, w, b])
    });
}

fn transposed(groups: usize) -> Op {
    Op::ConvTranspose(ConvTranspose {
        window: window(2, 2, 0),
        groups,
        output_padding: vec![],
        output_shape: None,
    })
}

#[test]
fn a_shortcut() {
    between(5, &[5], |net, x| {
        let y = net.op(RELU, &[x]);
        let y = net.conv(y, 5, 5, 1, 3);
        net.op(Op::Binary(Binary::Add), &[x, y])
    });
}

#[test]
fn a_shortcut_of_option_a() {
    // Every second pixel, with channels of zeros around.
    between(3, &[3, 3], |net, x| {
        let parts = [net.ints(&[0, 0]), net.ints(&[i64::MAX, 4]), net.ints(&[-1, -2])];
        let step = net.ints(&[2, 2]);
        let short = net.op(Op::Slice(Slice), &[x, parts[0], parts[1], parts[2], step]);
        let pads = net.ints(&[0, 1, 0, 0, 0, 2, 0, 0]);
        let short = net.op(Op::Pad(Pad { mode: PadMode::Constant }), &[short, pads]);
        let (w, b) = (net.weight(&[6, 3, 3, 3]), net.weight(&[6]));
        let y = net.op(Op::Conv(Conv { window: window(3, 2, 1), groups: 1 }), &[x, w, b]);
        net.op(Op::Binary(Binary::Add), &[short, y])
    });
}

#[test]
fn a_slice_of_channels() {
    for (start, end) in [(1, 4), (-4, -1), (0, 3), (2, i64::MAX)] {
        between(5, &[2, 3], |net, x| {
            let (start, end, axis) = (net.ints(&[start]), net.ints(&[end]), net.ints(&[1]));
            let part = net.op(Op::Slice(Slice), &[x, start, end, axis]);
            let whole = net.op(Op::GlobalPool(GlobalPool::Average), &[x]);
            let whole = net.conv(whole, 3, 5, 1, 1);
            net.op(Op::Binary(Binary::Mul), &[part, whole])
        });
    }
}

#[test]
fn pads_of_its_own_values_freeze_channels_only_where_they_are_padded() {
    for mode in [PadMode::Reflect, PadMode::Edge, PadMode::Wrap] {
        between(4, &[4], |net, x| {
            let pads = net.ints(&[0, 0, 1, 1, 0, 0, 1, 1]);
            net.op(Op::Pad(Pad { mode }), &[x, pads])
        });
        between(4, &[], |net, x| {
            let pads = net.ints(&[0, 1, 0, 0, 0, 0, 0, 0]);
            net.op(Op::Pad(Pad { mode }), &[x, pads])
        });
    }
}

#[test]
fn pads_that_take_channels_away() {
    between(5, &[1, 2, 4], |net, x| {
        let pads = net.ints(&[-1, 2]);
        let value = net.constant(Stored::of_f32(vec![], &[0.0]));
        let axes = net.ints(&[1]);
        let y = net.op(Op::Pad(Pad { mode: PadMode::Constant }), &[x, pads, value, axes]);
        let whole = net.op(Op::GlobalPool(GlobalPool::Max), &[x]);
        let whole = net.conv(whole, 6, 5, 1, 1);
        net.op(Op::Binary(Binary::Add), &[y, whole])
    });
}

#[test]
fn a_concat_and_a_split() {
    between(4, &[2, 2, 2, 3], |net, x| {
        let y = net.conv(x, 3, 4, 1, 3);
        let both = net.op(Op::Concat(Concat { axis: 1 }), &[x, y]);
        let sizes = net.ints(&[2, 5]);
        let split = Op::Split(Split { axis: 1, parts: 2, numbered: false });
        let parts = net.many(split, &[both, sizes], 2);
        let left = net.conv(parts[0], 2, 2, 1, 1);
        net.op(Op::Concat(Concat { axis: 1 }), &[left, parts[1]])
    });
}

#[test]
fn a_split_in_equal_parts() {
    between(6, &[3], |net, x| {
        let split = Op::Split(Split { axis: 1, parts: 2, numbered: true });
        let parts = net.many(split, &[x], 2);
        let gate = net.op(Op::Unary(Unary::Sigmoid), &[parts[1]]);
        net.op(Op::Binary(Binary::Mul), &[parts[0], gate])
    });
}

#[test]
fn a_channel_shuffle() {
    between(6, &[3], |net, x| {
        let x = net.conv(x, 6, 2, 3, 1);
        let x = net.reshape(x, &[1, 3, 2, 4, 4]);
        let x = net.op(transpose(&[0, 2, 1, 3, 4]), &[x]);
        net.reshape(x, &[0, -1, 4, 4])
    });
}

#[test]
fn channels_as_groups_and_back() {
    between(6, &[3], |net, x| {
        let x = net.reshape(x, &[1, 3, 2, 16]);
        let x = net.op(RELU, &[x]);
        net.reshape(x, &[1, 6, 4, 4])
    });
}

#[test]
fn an_image_flattened_into_a_linear_layer() {
    let mut net = Net::default();
    let x = net.image();
    let x = net.conv(x, 3, 2, 1, 3);
    let x = net.op(Op::Pool(Pool { window: window(2, 2, 0), kind: PoolKind::Max }), &[x]);
    let x = net.op(Op::Flatten(Flatten { axis: 1 }), &[x]);
    let (w, b) = (net.weight(&[5, 12]), net.weight(&[5]));
    let x = net.op(Op::Gemm(Gemm::LINEAR), &[x, w, b]);
    let x = net.op(RELU, &[x]);
    let (w, b) = (net.weight(&[5, 2]), net.weight(&[1, 2]));
    let gemm = Gemm { alpha: 0.5, beta: 2.0, trans_a: false, trans_b: false };
    let y = net.op(Op::Gemm(gemm), &[x, w, b]);
    net.output(y);
    net.check(&[3, 5]);
}

#[test]
fn a_reshape_by_a_computed_shape() {
    let mut net = Net::default();
    let x = net.image();
    let x = net.conv(x, 3, 2, 1, 3);
    let shape = net.op(Op::Shape(Shape { start: 0, end: Some(1) }), &[x]);
    let rest = net.ints(&[-1]);
    let shape = net.op(Op::Concat(Concat { axis: 0 }), &[shape, rest]);
    let x = net.op(RESHAPE, &[x, shape]);
    let x = net.linear(x, 48, 2);
    net.output(x);
    net.check(&[3]);
}

#[test]
fn squeeze_and_excitation() {
    between(5, &[3, 5], |net, x| {
        let s = net.op(Op::GlobalPool(GlobalPool::Average), &[x]);
        let s = net.conv(s, 3, 5, 1, 1);
        let s = net.op(RELU, &[s]);
        let s = net.conv(s, 5, 3, 1, 1);
        let s = net.op(Op::Unary(Unary::HardSigmoid { alpha: 0.2, beta: 0.5 }), &[s]);
        net.op(Op::Binary(Binary::Mul), &[x, s])
    });
}

#[test]
fn a_mean_over_pixels_and_axes_put_in() {
    between(5, &[5], |net, x| {
        let axes = net.ints(&[-1, -2]);
        let mean = Reduce {
            reduction: Reduction::Mean,
            axes: None,
            keep_dims: false,
            noop_without_axes: false,
        };
        let s = net.op(Op::Reduce(mean), &[x, axes]);
        let axes = net.ints(&[2, 3]);
        let s = net.op(Op::Unsqueeze(Unsqueeze), &[s, axes]);
        let s = net.op(Op::Squeeze(Squeeze), &[s, axes]);
        let s = net.op(Op::Unsqueeze(Unsqueeze), &[s, axes]);
        net.op(Op::Binary(Binary::Sub), &[x, s])
    });
}

#[test]
fn normalizations_of_groups_and_instances() {
    for scale_by_group in [true, false] {
        between(6, &[3], |net, x| {
            let size = if scale_by_group { 3 } else { 6 };
            let (scale, bias) = (net.positive(&[size]), net.weight(&[size]));
            let norm = GroupNormalization { epsilon: 1e-5, groups: 3, scale_by_group };
            net.op(Op::GroupNormalization(norm), &[x, scale, bias])
        });
    }
    between(4, &[4], |net, x| {
        let (scale, bias) = (net.positive(&[4]), net.weight(&[4]));
        let norm = InstanceNormalization { epsilon: 1e-5 };
        net.op(Op::InstanceNormalization(norm), &[x, scale, bias])
    });
}

#[test]
fn an_instance_normalization_of_groups() {
    // As exporters write group normalization: the groups as channels, then a scale of channels.
    between(6, &[3], |net, x| {
        let y = net.reshape(x, &[0, 3, -1]);
        let (scale, bias) = (net.positive(&[3]), net.weight(&[3]));
        let norm = InstanceNormalization { epsilon: 1e-5 };
        let y = net.op(Op::InstanceNormalization(norm), &[y, scale, bias]);
        let shape = net.op(Op::Shape(Shape { start: 0, end: None }), &[x]);
        let y = net.op(RESHAPE, &[y, shape]);
        let scale = net.weight(&[6, 1, 1]);
        net.op(Op::Binary(Binary::Mul), &[y, scale])
    });
}

#[test]
fn what_is_normalized_over_cannot_be_cut() {
    let layer =
        Op::LayerNormalization(LayerNormalization { axis: -1, epsilon: 1e-5, statistics: false });
    let rms = Op::RmsNormalization(RmsNormalization { axis: -1, epsilon: 1e-5 });
    for op in [layer, rms] {
        let mut net = Net::default();
        let x = net.input(&[3, 4]);
        let x = net.linear(x, 4, 6);
        let scale = net.positive(&[6]);
        let x = net.op(op, &[x, scale]);
        let x = net.linear(x, 6, 5);
        let x = net.op(RELU, &[x]);
        let x = net.linear(x, 5, 2);
        net.output(x);
        net.check(&[5]);
        assert_eq!(net.frozen(2, Slot::In(0), 1), "it is normalized over");
        assert_eq!(net.frozen(0, Slot::In(1), 1), "it is normalized over");
    }
}

#[test]
fn a_softmax_cannot_be_cut_where_it_is_taken() {
    let mut net = Net::default();
    let x = net.input(&[3, 4]);
    let x = net.linear(x, 4, 6);
    let x = net.op(Op::Softmax(Softmax { axis: 1, log: false, flat: false }), &[x]);
    let x = net.linear(x, 6, 2);
    net.output(x);
    net.check(&[]);
    assert_eq!(net.frozen(0, Slot::Out(0), 1), "softmax is taken over it");
}

#[test]
fn constant_indices_gather_channels() {
    between(6, &[2, 4], |net, x| {
        // Channel 5 twice, 1 from the end, 0 and 2 not at all.
        let indices = net.ints(&[5, 3, -2, -1, 1]);
        let y = net.op(Op::Gather(Gather { axis: 1 }), &[x, indices]);
        let all = net.op(Op::GlobalPool(GlobalPool::Average), &[x]);
        let all = net.conv(all, 1, 6, 1, 1);
        net.op(Op::Binary(Binary::Add), &[y, all])
    });
}

#[test]
fn one_index_takes_an_axis_away() {
    // Queries, keys and values of one projection: [positions, 3, heads * width].
    let mut net = Net::default();
    let x = net.input(&[3, 4]);
    let x = net.linear(x, 4, 12);
    let x = net.reshape(x, &[0, 3, 4]);
    let x = net.op(transpose(&[1, 0, 2]), &[x]);
    let mut parts = Vec::new();
    for at in 0..3 {
        let index = net.constant(Stored::of_i64(vec![], &[at]));
        parts.push(net.op(Op::Gather(Gather { axis: 0 }), &[x, index]));
    }
    let y = net.op(Op::Binary(Binary::Mul), &[parts[0], parts[1]]);
    let y = net.op(Op::Binary(Binary::Add), &[y, parts[2]]);
    let y = net.linear(y, 4, 2);
    net.output(y);
    net.check(&[4]);
}

#[test]
fn channels_as_pixels() {
    for blocks in [Blocks::Outer, Blocks::Inner] {
        between(12, &[3], |net, x| {
            net.op(Op::DepthToSpace(DepthToSpace { block: 2, blocks }), &[x])
        });
    }
    between(3, &[3], |net, x| net.op(Op::SpaceToDepth(SpaceToDepth { block: 2 }), &[x]));
}

#[test]
fn transposes_to_channels_last_and_back() {
    between(5, &[4, 5], |net, x| {
        let x = net.op(transpose(&[0, 2, 3, 1]), &[x]);
        let x = net.linear(x, 5, 4);
        let x = net.op(Op::Unary(Unary::Tanh), &[x]);
        net.op(transpose(&[0, 3, 1, 2]), &[x])
    });
}

#[test]
fn a_constant_used_twice() {
    // One weight in two layers: its two uses are cut on their own.
    let mut net = Net::default();
    let x = net.input(&[3, 4]);
    let w = net.weight(&[4, 4]);
    let x = net.op(Op::MatMul(MatMul), &[x, w]);
    let x = net.op(RELU, &[x]);
    let x = net.op(Op::MatMul(MatMul), &[x, w]);
    let x = net.op(RELU, &[x]);
    let x = net.op(Op::MatMul(MatMul), &[x, w]);
    net.output(x);
    net.check(&[4, 4]);
}

#[test]
fn slopes_bounds_and_choices() {
    between(4, &[4], |net, x| {
        let slope = net.weight(&[4, 1, 1]);
        let x = net.op(Op::Binary(Binary::PRelu), &[x, slope]);
        let (low, high) = (Stored::of_f32(vec![], &[-1.0]), Stored::of_f32(vec![], &[1.0]));
        let (low, high) = (net.constant(low), net.constant(high));
        let x = net.op(Op::Clip(Clip), &[x, low, high]);
        let other = net.weight(&[4, 4, 4]);
        let mask = Tensor::bool(vec![4, 1, 1], vec![true, false, false, true]);
        let mask = net.graph.add_constant("mask", mask);
        net.op(Op::Where(Where), &[mask, x, other])
    });
}

#[test]
fn images_resized_and_tiled() {
    between(4, &[4], |net, x| {
        let scales = net.constant(Stored::of_f32(vec![4], &[1.0, 1.0, 2.0, 0.5]));
        let resize = Resize {
            mode: ResizeMode::Linear,
            coordinates: Coordinates::HalfPixel,
            axes: None,
            antialias: false,
            exclude_outside: false,
            aspect: Aspect::Stretch,
        };
        let x = net.sparse(Op::Resize(resize.clone()), vec![Some(x), None, Some(scales)], 1)[0];
        let sizes = net.ints(&[1, 4, 3, 3]);
        let x = net.sparse(Op::Resize(resize), vec![Some(x), None, None, Some(sizes)], 1)[0];
        let repeats = net.ints(&[1, 1, 2, 1]);
        net.op(Op::Tile(Tile), &[x, repeats])
    });
    between(4, &[], |net, x| {
        let repeats = net.ints(&[1, 2, 1, 1]);
        net.op(Op::Tile(Tile), &[x, repeats])
    });
}

#[test]
fn a_quantized_weight() {
    let mut net = Net::default();
    let x = net.image();
    let q = net.constant(Stored::of_i64(vec![4, 2, 1, 1], &[3, -7, 11, 2, 5, -2, 9, 1]));
    let (scale, zero) = (net.positive(&[4]), net.ints(&[1, 2, 3, 4]));
    let w = net.op(Op::Dequantize(Dequantize { axis: 0, block: 0 }), &[q, scale, zero]);
    let x = net.op(Op::Conv(Conv { window: window(1, 1, 0), groups: 1 }), &[x, w]);
    let y = net.conv(x, 2, 4, 1, 1);
    net.output(y);
    net.check(&[4]);
}

/// Queries of 4 heads and keys and values of 2 heads of width 3, from `[1, 5, 6]`.
fn projections(net: &mut Net) -> [ValueId; 3] {
    let x = net.input(&[1, 5, 6]);
    [net.linear(x, 6, 12), net.linear(x, 6, 6), net.linear(x, 6, 6)]
}

#[test]
fn heads_written_out() {
    let mut net = Net::default();
    let [q, k, v] = projections(&mut net);
    let q = net.reshape(q, &[1, 5, 4, 3]);
    let q = net.op(transpose(&[0, 2, 1, 3]), &[q]);
    let mut repeated = Vec::new();
    for part in [k, v] {
        // Each head of keys and values for two of queries.
        let part = net.reshape(part, &[1, 5, 2, 3]);
        let part = net.op(transpose(&[0, 2, 1, 3]), &[part]);
        let axis = net.ints(&[2]);
        let part = net.op(Op::Unsqueeze(Unsqueeze), &[part, axis]);
        let shape = net.ints(&[1, 2, 2, 5, 3]);
        let part = net.op(Op::Expand(Expand), &[part, shape]);
        repeated.push(net.reshape(part, &[1, 4, 5, 3]));
    }
    let k = net.op(transpose(&[0, 1, 3, 2]), &[repeated[0]]);
    let scores = net.op(Op::MatMul(MatMul), &[q, k]);
    let scores = net.op(Op::Softmax(Softmax { axis: -1, log: false, flat: false }), &[scores]);
    let y = net.op(Op::MatMul(MatMul), &[scores, repeated[1]]);
    let y = net.op(transpose(&[0, 2, 1, 3]), &[y]);
    let y = net.reshape(y, &[1, 5, 12]);
    let y = net.linear(y, 12, 3);
    net.output(y);
    net.check(&[2]);
    // Dimensions of all heads: those of queries and keys, and those of values.
    assert_eq!(net.classes(Granularity::Inner), [3, 3]);
}

const ATTENTION: MultiHeadAttention = MultiHeadAttention {
    heads: None,
    scale: None,
    softcap: 0.0,
    causal: true,
    scores: Scores::Scaled,
};

#[test]
fn heads_as_blocks() {
    let mut net = Net::default();
    let [q, k, v] = projections(&mut net);
    let (cos, sin) = (net.weight(&[1, 5, 1]), net.weight(&[1, 5, 1]));
    let rotary = |heads| {
        Op::MultiHeadRotary(MultiHeadRotary { heads: Some(heads), pairing: Pairing::Halves })
    };
    let q = net.op(rotary(4), &[q, cos, sin]);
    let k = net.op(rotary(2), &[k, cos, sin]);
    let mask = net.weight(&[4, 5, 5]);
    let heads = Some(Heads { queries: 4, keys: 2 });
    let op = Op::MultiHeadAttention(MultiHeadAttention { heads, ..ATTENTION });
    let y = net.many(op, &[q, k, v, mask], 4)[0];
    let y = net.linear(y, 12, 3);
    net.output(y);
    net.check(&[2]);
}

#[test]
fn heads_as_an_axis() {
    let mut net = Net::default();
    let [q, k, v] = projections(&mut net);
    let mut turned = Vec::new();
    for (part, heads) in [(q, 4), (k, 2), (v, 2)] {
        let part = net.reshape(part, &[1, 5, heads, 3]);
        turned.push(net.op(transpose(&[0, 2, 1, 3]), &[part]));
    }
    let (cos, sin) = (net.weight(&[7, 1]), net.weight(&[7, 1]));
    let ids = net.constant(Stored::of_i64(vec![1, 5], &[2, 3, 4, 5, 6]));
    let rotary = MultiHeadRotary { heads: None, pairing: Pairing::Neighbors };
    turned[0] = net.op(Op::MultiHeadRotary(rotary), &[turned[0], cos, sin, ids]);
    let y = net.many(Op::MultiHeadAttention(ATTENTION), &turned, 1)[0];
    let y = net.op(transpose(&[0, 2, 1, 3]), &[y]);
    let y = net.reshape(y, &[1, 5, 12]);
    let y = net.linear(y, 12, 3);
    net.output(y);
    net.check(&[2]);
}

/// Two heads of width 3 of queries, keys and values `[batch, 2, positions, 3]`.
fn attend(net: &mut Net, [q, k, v]: [ValueId; 3]) -> ValueId {
    let k = net.op(transpose(&[0, 1, 3, 2]), &[k]);
    let scores = net.op(Op::MatMul(MatMul), &[q, k]);
    let scores = net.op(Op::Softmax(Softmax { axis: -1, log: false, flat: false }), &[scores]);
    let y = net.op(Op::MatMul(MatMul), &[scores, v]);
    net.op(transpose(&[0, 2, 1, 3]), &[y])
}

#[test]
fn heads_of_one_projection() {
    for split in [true, false] {
        let mut net = Net::default();
        let x = net.input(&[2, 5, 4]);
        let x = net.linear(x, 4, 18);
        let x = net.reshape(x, &[0, 0, 3, 2, -1]);
        let x = net.op(transpose(&[2, 0, 3, 1, 4]), &[x]);
        let axis = net.ints(&[0]);
        let parts: Vec<ValueId> = if split {
            let parts = net.many(Op::Split(Split { axis: 0, parts: 3, numbered: true }), &[x], 3);
            parts.iter().map(|part| net.op(Op::Squeeze(Squeeze), &[*part, axis])).collect()
        } else {
            let index = |net: &mut Net, at| net.constant(Stored::of_i64(vec![], &[at]));
            let indices = [0, 1, 2].map(|at| index(&mut net, at));
            indices.iter().map(|at| net.op(Op::Gather(Gather { axis: 0 }), &[x, *at])).collect()
        };
        let y = attend(&mut net, [parts[0], parts[1], parts[2]]);
        let y = net.reshape(y, &[2, 5, 6]);
        let y = net.linear(y, 6, 3);
        net.output(y);
        net.check(&[2]);
    }
}

#[test]
fn heads_merged_with_the_batch() {
    let mut net = Net::default();
    let x = net.input(&[2, 5, 4]);
    let mut parts = Vec::new();
    for _ in 0..3 {
        let part = net.linear(x, 4, 6);
        let part = net.reshape(part, &[2, 5, 2, 3]);
        let part = net.op(transpose(&[0, 2, 1, 3]), &[part]);
        let part = net.reshape(part, &[4, 5, 3]);
        parts.push(net.reshape(part, &[4, 1, 5, 3]));
    }
    let y = attend(&mut net, [parts[0], parts[1], parts[2]]);
    let y = net.reshape(y, &[2, 2, 5, 3]);
    let y = net.op(transpose(&[0, 2, 1, 3]), &[y]);
    let y = net.reshape(y, &[2, 5, 6]);
    let y = net.linear(y, 6, 3);
    net.output(y);
    net.check(&[2]);
}

#[test]
fn values_of_pixels_times_values_of_channels() {
    between(4, &[4], |net, x| {
        let pixels = net.conv(x, 1, 4, 1, 1);
        let axes = net.ints(&[2, 3]);
        let most = Reduce {
            reduction: Reduction::Max,
            axes: None,
            keep_dims: true,
            noop_without_axes: false,
        };
        let channels = net.op(Op::Reduce(most), &[x, axes]);
        net.op(Op::Binary(Binary::Mul), &[pixels, channels])
    });
}

#[test]
fn a_mean_over_channels_cannot_be_cut() {
    between(4, &[], |net, x| {
        let axes = net.ints(&[1]);
        let mean = Reduce {
            reduction: Reduction::Mean,
            axes: None,
            keep_dims: true,
            noop_without_axes: false,
        };
        let mean = net.op(Op::Reduce(mean), &[x, axes]);
        net.op(Op::Binary(Binary::Sub), &[x, mean])
    });
}

#[test]
fn a_network_is_cut_twice() {
    let mut net = Net::default();
    let x = net.image();
    let x = net.conv(x, 6, 2, 1, 3);
    let x = net.conv(x, 6, 2, 3, 3);
    let parts = net.many(Op::Split(Split { axis: 1, parts: 2, numbered: true }), &[x], 2);
    let x = net.op(Op::Concat(Concat { axis: 1 }), &[parts[1], parts[0]]);
    let y = net.conv(x, 2, 6, 1, 1);
    net.output(y);
    // The parts hold one group each, and half of the one in the middle.
    net.check(&[1, 1, 1]);
    net.cut(&[true, false, true]);
    net.check(&[1, 1]);
}

#[test]
fn sums_of_products_over_named_axes() {
    // Two heads of width 3 by names alone; the width of queries and keys is summed over.
    let mut net = Net::default();
    let x = net.input(&[5, 4]);
    let einsum = |equation: &str| Op::Einsum(Einsum { equation: equation.to_owned() });
    let mut parts = Vec::new();
    for _ in 0..3 {
        let w = net.weight(&[4, 2, 3]);
        parts.push(net.op(einsum("sc,chd->hsd"), &[x, w]));
    }
    let scores = net.op(einsum("...id,...jd->...ij"), &[parts[0], parts[1]]);
    let scores = net.op(Op::Softmax(Softmax { axis: -1, log: false, flat: false }), &[scores]);
    let y = net.op(Op::MatMul(MatMul), &[scores, parts[2]]);
    let w = net.weight(&[2, 3, 4]);
    let y = net.op(einsum("hsd,hdc->sc"), &[y, w]);
    net.output(y);
    // Heads, the width of queries and keys, that of values.
    net.check(&[2, 3, 3]);
}

#[test]
fn orders_and_sums_along_other_axes() {
    between(4, &[4], |net, x| {
        let k = net.ints(&[2]);
        let top = net.many(Op::TopK(TopK { axis: -1, extreme: Extreme::Max }), &[x, k], 2);
        let axis = net.constant(Stored::of_i64(vec![], &[2]));
        let sum = Along::CumSum { exclusive: false, reverse: false };
        let y = net.op(Op::Along(sum), &[top[0], axis]);
        let (depth, values) = (net.ints(&[2]), net.weight(&[2]));
        let spots = net.op(Op::OneHot(OneHot { axis: -1 }), &[top[1], depth, values]);
        let pixels = net.ints(&[-1]);
        let mean = Reduce {
            reduction: Reduction::Mean,
            axes: None,
            keep_dims: false,
            noop_without_axes: false,
        };
        let spots = net.op(Op::Reduce(mean), &[spots, pixels]);
        let y = net.op(Op::Binary(Binary::Mul), &[y, spots]);
        let norm = MeanVarianceNormalization { axes: vec![0, 2, 3] };
        let y = net.op(Op::MeanVarianceNormalization(norm), &[y]);
        let special = net.op(Op::IsSpecial(IsSpecial::Nan), &[y]);
        net.op(Op::Where(Where), &[special, top[0], y])
    });
    between(4, &[], |net, x| net.op(Op::Along(Along::Hardmax { axis: 1, flat: false }), &[x]));
}
