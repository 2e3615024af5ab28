//! Times the convolutions of ResNet-20 and MobileNetV2, layer by layer: `conv [BATCH] [THREADS]
//! [--json]` prints the median of each, how much of the machine's peak that is (`peak` measures
//! it), and the sums over the networks. With `--json` one object a line.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "the times are the result")]

use std::process::ExitCode;
use std::time::{Duration, Instant};

use secateur_tensor::kernels::{Activation, ConvShape, Epilogue, PackedConv, conv};

/// Products and sums of a core in a second: two fused multiply-adds of eight values a cycle.
const PEAK_OF_CORE: f64 = 102e9;
/// How long a layer is timed.
const LONG: Duration = Duration::from_millis(150);

/// Layers of one shape in a network.
struct Layer {
    network: &'static str,
    times: usize,
    shape: ConvShape,
}

fn layer(
    network: &'static str,
    times: usize,
    size: usize,
    channels: [usize; 2],
    [kernel, stride, groups]: [usize; 3],
) -> Layer {
    let shape = ConvShape {
        batch: 1,
        height: size,
        width: size,
        channels_in: channels[0],
        channels_out: channels[1],
        kernel: [kernel; 2],
        stride: [stride; 2],
        pads: [kernel / 2; 4],
        dilation: [1, 1],
        groups,
    };
    Layer { network, times, shape }
}

fn layers() -> Vec<Layer> {
    let resnet = |times, size, channels, kernel| layer("resnet20", times, size, channels, kernel);
    let mobile =
        |times, size, channels, kernel| layer("mobilenetv2", times, size, channels, kernel);
    let wide = |times, size, channels: usize, stride| {
        mobile(times, size, [channels; 2], [3, stride, channels])
    };
    let point = |times, size, from, to| mobile(times, size, [from, to], [1, 1, 1]);
    vec![
        resnet(1, 32, [3, 16], [3, 1, 1]),
        resnet(6, 32, [16, 16], [3, 1, 1]),
        resnet(1, 32, [16, 32], [3, 2, 1]),
        resnet(5, 16, [32, 32], [3, 1, 1]),
        resnet(1, 16, [32, 64], [3, 2, 1]),
        resnet(5, 8, [64, 64], [3, 1, 1]),
        resnet(1, 1, [64, 10], [1, 1, 1]),
        mobile(1, 224, [3, 32], [3, 2, 1]),
        wide(1, 112, 32, 1),
        point(1, 112, 32, 16),
        point(1, 112, 16, 96),
        wide(1, 112, 96, 2),
        point(1, 56, 96, 24),
        point(2, 56, 24, 144),
        wide(1, 56, 144, 1),
        point(1, 56, 144, 24),
        wide(1, 56, 144, 2),
        point(1, 28, 144, 32),
        point(3, 28, 32, 192),
        wide(2, 28, 192, 1),
        point(2, 28, 192, 32),
        wide(1, 28, 192, 2),
        point(1, 14, 192, 64),
        point(4, 14, 64, 384),
        wide(4, 14, 384, 1),
        point(3, 14, 384, 64),
        point(1, 14, 384, 96),
        point(3, 14, 96, 576),
        wide(2, 14, 576, 1),
        point(2, 14, 576, 96),
        wide(1, 14, 576, 2),
        point(1, 7, 576, 160),
        point(3, 7, 160, 960),
        wide(3, 7, 960, 1),
        point(2, 7, 960, 160),
        point(1, 7, 960, 320),
        point(1, 7, 320, 1280),
        point(1, 1, 1280, 1000),
        layer("odd", 1, 32, [11, 13], [3, 1, 1]),
        layer("odd", 1, 16, [23, 23], [3, 1, 1]),
        layer("odd", 1, 8, [45, 45], [3, 1, 1]),
        layer("odd", 1, 28, [45, 21], [1, 1, 1]),
        layer("odd", 1, 28, [45, 45], [3, 1, 45]),
        layer("odd", 1, 14, [112, 112], [5, 1, 112]),
    ]
}

/// The median of the seconds of a run, and the least.
fn time(shape: &ConvShape) -> (f64, f64) {
    let values =
        |n: usize| -> Vec<f32> { (0..n).map(|i| (i % 977) as f32 / 488.5 - 1.0).collect() };
    let ConvShape { channels_in, channels_out, kernel, groups, .. } = *shape;
    let w = values(channels_out * channels_in / groups * kernel[0] * kernel[1]);
    let bias = values(channels_out);
    let packed = PackedConv::new(&w, Some(&bias), channels_out, channels_in, kernel, groups);
    let x = values(shape.batch * shape.height * shape.width * channels_in);
    let pixels = shape.batch * shape.out_height() * shape.out_width();
    let mut y = vec![0.0_f32; pixels * channels_out];
    let epilogue = Epilogue { residual: None, activation: Activation::Relu };
    let begin = Instant::now();
    let mut seconds = Vec::new();
    while begin.elapsed() < LONG || seconds.len() < 5 {
        let start = Instant::now();
        conv(&x, shape, &packed, epilogue, &mut y);
        seconds.push(start.elapsed().as_secs_f64());
    }
    seconds.sort_by(f64::total_cmp);
    (seconds[seconds.len() / 2], seconds[0])
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let json = words.iter().any(|word| word == "--json");
    let numbers: Vec<usize> = words.iter().filter_map(|word| word.parse().ok()).collect();
    let batch = numbers.first().copied().unwrap_or(1);
    let threads = numbers.get(1).copied().unwrap_or(2);
    let pool = match rayon::ThreadPoolBuilder::new().num_threads(threads).build() {
        Ok(pool) => pool,
        Err(error) => {
            eprintln!("no threads: {error}");
            return ExitCode::FAILURE;
        }
    };
    let mut sums: Vec<(&str, f64, f64)> = Vec::new();
    let only = words.iter().find_map(|word| word.strip_prefix("only="));
    for Layer { network, times, mut shape } in layers() {
        let name = format!("{}->{} {}", shape.channels_in, shape.channels_out, shape.height);
        if only.is_some_and(|only| only != name) {
            continue;
        }
        shape.batch = batch;
        let (median, least) = pool.install(|| time(&shape));
        let gflops = 2.0 * shape.macs() as f64 / median / 1e9;
        let share = gflops * 1e9 / (PEAK_OF_CORE * threads as f64);
        let ConvShape { height, channels_in, channels_out, kernel, stride, groups, .. } = shape;
        let (kernel, stride) = (kernel[0], stride[0]);
        if json {
            println!(
                "{{\"network\":\"{network}\",\"times\":{times},\"batch\":{batch},\
                 \"size\":{height},\"in\":{channels_in},\"out\":{channels_out},\
                 \"kernel\":{kernel},\"stride\":{stride},\"groups\":{groups},\
                 \"seconds\":{median:e},\"seconds_min\":{least:e},\"gflops\":{gflops:.1},\
                 \"share\":{share:.3}}}"
            );
        } else {
            let layer = format!("{channels_in}->{channels_out} {kernel}x{kernel}");
            let layer = format!("{layer} s{stride} g{groups} {height}x{height}");
            println!(
                "{network:12} {times} x {layer:28} {:9.1} us (least {:9.1}) {gflops:7.1} GFLOP/s \
                 {:3.0} %",
                median * 1e6,
                least * 1e6,
                share * 100.0
            );
        }
        let (median, least) = (median * times as f64, least * times as f64);
        match sums.last_mut() {
            Some((last, sum, of_least)) if *last == network => {
                *sum += median;
                *of_least += least;
            }
            _ => sums.push((network, median, least)),
        }
    }
    for (network, median, least) in sums {
        if json {
            println!(
                "{{\"network\":\"{network}\",\"batch\":{batch},\"threads\":{threads},\
                 \"seconds\":{median:e},\"seconds_min\":{least:e}}}"
            );
        } else {
            println!("{network:12} in all {:.3} ms (least {:.3} ms)", median * 1e3, least * 1e3);
        }
    }
    ExitCode::SUCCESS
}
