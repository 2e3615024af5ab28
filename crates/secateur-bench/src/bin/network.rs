//! Times a whole network: `network FILE.onnx [--batch N] [--threads N] [--seconds S] [--json]`
//! prints the median of many runs, and how they spread. With `--json` one object.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "the times are the result")]

use std::process::ExitCode;
use std::time::{Duration, Instant};

use secateur_exec::Compiled;
use secateur_onnx::Network;
use secateur_tensor::Tensor;

/// What a run of the program is asked for.
struct Request {
    file: String,
    batch: usize,
    threads: usize,
    seconds: f64,
    json: bool,
}

fn request() -> Option<Request> {
    let mut request =
        Request { file: String::new(), batch: 1, threads: 2, seconds: 2.0, json: false };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--batch" => request.batch = words.next()?.parse().ok()?,
            "--threads" => request.threads = words.next()?.parse().ok()?,
            "--seconds" => request.seconds = words.next()?.parse().ok()?,
            "--json" => request.json = true,
            _ => request.file = word,
        }
    }
    (!request.file.is_empty()).then_some(request)
}

/// Seconds of opening the file, of compiling, and of each run.
fn time(
    request: &Request,
) -> Result<(f64, f64, Vec<f64>), Box<dyn std::error::Error + Send + Sync>> {
    let start = Instant::now();
    let network = Network::open(request.file.as_ref())?;
    let (mut shapes, _) = network.bind(&[])?;
    let opened = start.elapsed().as_secs_f64();
    shapes.iter_mut().filter_map(|shape| shape.first_mut()).for_each(|n| *n = request.batch);
    let start = Instant::now();
    let mut compiled = Compiled::new(&network.graph, &shapes)?;
    let compiling = start.elapsed().as_secs_f64();
    let values = |n: usize| (0..n).map(|i| (i * 7919 % 977) as f32 / 488.5 - 1.0).collect();
    let tensor = |shape: &Vec<usize>| Tensor::f32(shape.clone(), values(shape.iter().product()));
    let inputs: Vec<Tensor> = shapes.iter().map(tensor).collect();
    let inputs: Vec<&Tensor> = inputs.iter().collect();
    let long = Duration::from_secs_f64(request.seconds);
    let (begin, mut seconds) = (Instant::now(), Vec::new());
    while begin.elapsed() < long || seconds.len() < 6 {
        let start = Instant::now();
        compiled.run(&inputs);
        seconds.push(start.elapsed().as_secs_f64());
    }
    // The first finds caches cold.
    seconds.remove(0);
    seconds.sort_by(f64::total_cmp);
    Ok((opened, compiling, seconds))
}

fn main() -> ExitCode {
    let Some(request) = request() else {
        eprintln!("network FILE.onnx [--batch N] [--threads N] [--seconds S] [--json]");
        return ExitCode::FAILURE;
    };
    let pool = match rayon::ThreadPoolBuilder::new().num_threads(request.threads).build() {
        Ok(pool) => pool,
        Err(error) => {
            eprintln!("no threads: {error}");
            return ExitCode::FAILURE;
        }
    };
    let (opened, compiling, seconds) = match pool.install(|| time(&request)) {
        Ok(times) => times,
        Err(error) => {
            eprintln!("{}: {error}", request.file);
            return ExitCode::FAILURE;
        }
    };
    let at = |share: f64| seconds[((seconds.len() - 1) as f64 * share) as usize];
    let (median, low, high) = (at(0.5), at(0.1), at(0.9));
    let Request { file, batch, threads, .. } = &request;
    if request.json {
        println!(
            "{{\"batch\":{batch},\"threads\":{threads},\"runs\":{},\"seconds\":{median:e},\
             \"seconds_10\":{low:e},\"seconds_90\":{high:e},\"seconds_min\":{:e},\
             \"open_seconds\":{opened:e},\"compile_seconds\":{compiling:e}}}",
            seconds.len(),
            seconds[0]
        );
    } else {
        println!(
            "{file} x {batch}: {:.3} ms ({:.3} to {:.3}, least {:.3}), {} runs; opened in {:.1} ms, \
             compiled in {:.1} ms",
            median * 1e3,
            low * 1e3,
            high * 1e3,
            seconds[0] * 1e3,
            seconds.len(),
            opened * 1e3,
            compiling * 1e3
        );
    }
    ExitCode::SUCCESS
}
