//! Convolutions beside a plain twin that is summed in f64.

use super::super::epilogue::Activation;
use super::super::layout::to_plain;
use super::*;

/// Rounding of a product of values up to 1 and of its sum, a product of the window.
const TOLERANCE: f64 = 1e-6;

fn sample(n: usize, seed: usize) -> Vec<f32> {
    (0..n).map(|i| ((i * 7919 + seed * 31) % 1009) as f32 / 504.5 - 1.0).collect()
}

fn activate(activation: Activation, x: f64) -> f64 {
    let sigmoid = 1.0 / (1.0 + (-x).exp());
    match activation {
        Activation::None => x,
        Activation::Relu => x.max(0.0),
        Activation::Clip { low, high } => x.max(f64::from(low)).min(f64::from(high)),
        Activation::HardSwish => x * (x / 6.0 + 0.5).clamp(0.0, 1.0),
        Activation::HardSigmoid { alpha, beta } => {
            (f64::from(alpha) * x + f64::from(beta)).clamp(0.0, 1.0)
        }
        Activation::Sigmoid => sigmoid,
        Activation::Silu => x * sigmoid,
        Activation::LeakyRelu(factor) => {
            if x > 0.0 {
                x
            } else {
                f64::from(factor) * x
            }
        }
    }
}

/// The plain twin: each value by its coordinates, from the weight as it is stored.
fn plain(
    x: &[f32],
    shape: &ConvShape,
    w: &[f32],
    bias: &[f32],
    epilogue: Epilogue<'_>,
) -> Vec<f64> {
    let (height, width) = (shape.out_height(), shape.out_width());
    let [rows, columns] = shape.kernel;
    let (input, out) = (shape.channels_in / shape.groups, shape.channels_out / shape.groups);
    let mut y = Vec::new();
    for at in 0..shape.batch * height * width * shape.channels_out {
        let (pixel, channel) = (at / shape.channels_out, at % shape.channels_out);
        let (image, pixel) = (pixel / (height * width), pixel % (height * width));
        let (top, left) = (pixel / width * shape.stride[0], pixel % width * shape.stride[1]);
        let mut sum = f64::from(bias[channel]);
        for place in 0..rows * columns {
            let i = (top + place / columns * shape.dilation[0]).checked_sub(shape.pads[0]);
            let j = (left + place % columns * shape.dilation[1]).checked_sub(shape.pads[1]);
            let (Some(i), Some(j)) = (i, j) else { continue };
            if i >= shape.height || j >= shape.width {
                continue;
            }
            let pixel = (image * shape.height + i) * shape.width + j;
            for c in 0..input {
                let x = x[pixel * shape.channels_in + channel / out * input + c];
                sum += f64::from(x) * f64::from(w[(channel * input + c) * rows * columns + place]);
            }
        }
        sum += epilogue.residual.map_or(0.0, |residual| f64::from(residual[at]));
        y.push(activate(epilogue.activation, sum));
    }
    y
}

/// Compares with the twin on vectors and on plain arrays, and the bits of one to three threads.
#[track_caller]
fn check(shape: ConvShape, activation: Activation, with_residual: bool) {
    let [rows, columns] = shape.kernel;
    let inner = shape.channels_in / shape.groups * rows * columns;
    let x = sample(shape.batch * shape.height * shape.width * shape.channels_in, 1);
    let w = sample(shape.channels_out * inner, 2);
    let bias = sample(shape.channels_out, 3);
    let len = shape.batch * shape.out_height() * shape.out_width() * shape.channels_out;
    let residual = sample(len, 4);
    let epilogue = Epilogue { residual: with_residual.then_some(&residual[..]), activation };
    let ConvShape { channels_out, channels_in, kernel, groups, .. } = shape;
    let packed = PackedConv::new(&w, Some(&bias), channels_out, channels_in, kernel, groups);
    let expect = plain(&x, &shape, &w, &bias, epilogue);
    let mut first: Option<Vec<f32>> = None;
    for (lanes, threads) in
        [(Lanes::Widest, 1), (Lanes::Widest, 2), (Lanes::Widest, 3), (Lanes::Plain, 1)]
    {
        let mut y = vec![f32::NAN; len];
        POOLS[threads - 1]
            .install(|| conv_on(lanes, &x, Order::ChannelsLast, &shape, &packed, epilogue, &mut y));
        let tolerance = TOLERANCE * (inner + 4) as f64;
        for (at, (got, expect)) in y.iter().zip(&expect).enumerate() {
            let difference = (f64::from(*got) - expect).abs();
            assert!(difference < tolerance, "{lanes:?} {shape:?} {at}: {got}, not {expect}");
        }
        if lanes == Lanes::Widest {
            assert_eq!(&y, first.get_or_insert_with(|| y.clone()), "{threads} threads: {shape:?}");
        }
    }
    if matches!(packed.kind, Kind::Panels(..)) {
        let mut of_plain = vec![0.0; x.len()];
        to_plain(&x, shape.batch, channels_in, shape.height * shape.width, &mut of_plain);
        let mut y = vec![f32::NAN; len];
        conv_plain(&of_plain, &shape, &packed, epilogue, &mut y);
        assert_eq!(Some(y), first, "plain: {shape:?}");
    }
}

static POOLS: std::sync::LazyLock<Vec<rayon::ThreadPool>> = std::sync::LazyLock::new(|| {
    let pool = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    (1..=3).map(pool).collect()
});

fn shape(batch: usize, size: [usize; 2], channels: [usize; 2], kernel: [usize; 2]) -> ConvShape {
    ConvShape {
        batch,
        height: size[0],
        width: size[1],
        channels_in: channels[0],
        channels_out: channels[1],
        kernel,
        stride: [1, 1],
        pads: [0; 4],
        dilation: [1, 1],
        groups: 1,
    }
}

const WIDTHS: [usize; 8] = [1, 3, 7, 16, 17, 23, 33, 45];

#[test]
fn channels_of_any_number() {
    for channels_in in [1, 3, 7, 16, 17, 33] {
        for channels_out in WIDTHS {
            let plain = shape(1, [7, 5], [channels_in, channels_out], [3, 3]);
            check(ConvShape { pads: [1; 4], ..plain }, Activation::Relu, true);
            check(shape(3, [5, 5], [channels_in, channels_out], [1, 1]), Activation::None, false);
        }
    }
}

#[test]
fn strides_pads_and_dilations() {
    for channels in [[3, 16], [17, 9]] {
        for kernel in [[1, 1], [3, 3], [2, 5], [7, 1]] {
            for stride in [[1, 1], [2, 2], [1, 3]] {
                for pads in [[0; 4], [1; 4], [0, 3, 2, 1], [8, 9, 0, 12]] {
                    for dilation in [[1, 1], [2, 2], [3, 1]] {
                        for (batch, size) in [(1, [9, 11]), (3, [19, 13])] {
                            let shape = shape(batch, size, channels, kernel);
                            let shape = ConvShape { stride, pads, dilation, ..shape };
                            check(shape, Activation::None, false);
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn groups() {
    for (groups, channels) in
        [(2, [6, 4]), (3, [9, 51]), (4, [4, 32]), (5, [5, 15]), (2, [34, 90]), (4, [4, 8])]
    {
        for (kernel, pads, dilation) in
            [([3, 3], [1; 4], [1, 1]), ([1, 1], [0; 4], [1, 1]), ([3, 2], [2, 0, 1, 2], [2, 1])]
        {
            for batch in [1, 3] {
                let shape = shape(batch, [9, 8], channels, kernel);
                let shape = ConvShape { pads, dilation, groups, ..shape };
                check(shape, Activation::LeakyRelu(0.1), true);
                check(ConvShape { stride: [2, 2], ..shape }, Activation::None, false);
            }
        }
    }
}

#[test]
fn depthwise_kernels() {
    for channels in [2, 3, 7, 8, 16, 17, 33, 72] {
        for kernel in [[3, 3], [5, 5], [1, 3], [4, 2]] {
            for stride in [[1, 1], [2, 2], [3, 2]] {
                for (pads, dilation) in
                    [([1; 4], [1, 1]), ([2, 0, 0, 3], [1, 1]), ([0; 4], [2, 1]), ([3; 4], [1, 2])]
                {
                    for (batch, size) in [(1, [7, 7]), (3, [13, 22])] {
                        let shape = shape(batch, size, [channels; 2], kernel);
                        let shape = ConvShape { stride, pads, dilation, groups: channels, ..shape };
                        check(shape, Activation::Clip { low: -0.5, high: 1.0 }, true);
                    }
                }
            }
        }
    }
}

#[test]
fn every_activation_with_and_without_a_residual() {
    for activation in [
        Activation::None,
        Activation::Relu,
        Activation::Clip { low: 0.0, high: 6.0 },
        Activation::HardSwish,
        Activation::HardSigmoid { alpha: 0.2, beta: 0.5 },
        Activation::Sigmoid,
        Activation::Silu,
        Activation::LeakyRelu(0.01),
    ] {
        for with_residual in [false, true] {
            for (channels, groups) in [([8, 45], 1), ([5, 5], 1), ([16, 16], 16), ([3, 3], 3)] {
                let shape = shape(1, [9, 8], channels, [3, 3]);
                let shape = ConvShape { pads: [1; 4], groups, ..shape };
                check(shape, activation, with_residual);
            }
        }
    }
}

#[test]
fn large_layers_are_cut_into_pieces() {
    for (size, channels, kernel) in [
        ([32, 32], [16, 16], [3, 3]),
        ([8, 8], [64, 64], [3, 3]),
        ([7, 7], [160, 320], [1, 1]),
        ([40, 40], [33, 50], [1, 1]),
        ([20, 21], [24, 40], [5, 5]),
    ] {
        for batch in [1, 3] {
            let pads = [kernel[0] / 2; 4];
            let shape = ConvShape { pads, ..shape(batch, size, channels, kernel) };
            check(shape, Activation::HardSwish, true);
        }
    }
    let groups = 96;
    let shape = shape(3, [28, 28], [96, 96], [3, 3]);
    check(ConvShape { pads: [1; 4], groups, ..shape }, Activation::None, false);
}

#[test]
fn linear_layers() {
    for rows in [0, 1, 2, 5, 32] {
        for (inner, out) in [(5, 3), (64, 10), (130, 200), (1280, 1000)] {
            let (x, w, bias) = (sample(rows * inner, 1), sample(out * inner, 2), sample(out, 3));
            let packed = PackedConv::linear(&w, Some(&bias), out, inner);
            let expect: Vec<f64> = x
                .chunks(inner)
                .flat_map(|x| {
                    w.chunks(inner).zip(&bias).map(move |(w, bias)| {
                        let products = x.iter().zip(w).map(|(x, w)| f64::from(*x) * f64::from(*w));
                        products.sum::<f64>() + f64::from(*bias)
                    })
                })
                .collect();
            for pool in POOLS.iter() {
                let mut y = vec![f32::NAN; rows * out];
                pool.install(|| linear(&x, &packed, Epilogue::default(), &mut y));
                for (y, expect) in y.iter().zip(&expect) {
                    let tolerance = TOLERANCE * inner as f64;
                    assert!((f64::from(*y) - expect).abs() < tolerance, "{rows} {inner} {out}");
                }
            }
        }
    }
}

#[test]
fn a_kernel_larger_than_the_image_gives_nothing() {
    let shape = shape(1, [2, 5], [3, 4], [3, 3]);
    assert_eq!((shape.out_height(), shape.out_width(), shape.macs()), (0, 3, 0));
    let packed = PackedConv::new(&sample(108, 1), None, 4, 3, [3, 3], 1);
    conv(&sample(30, 1), &shape, &packed, Epilogue::default(), &mut []);
}
