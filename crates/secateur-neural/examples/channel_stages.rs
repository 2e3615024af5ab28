//! What the stages of a pruning by channels cost, beside those of a peer (peers/channels_reference.py).
//!
//! ```text
//! cargo run --release -p secateur-neural --example channel_stages -- net.onnx 0.5
//! ```

#![allow(clippy::print_stdout, reason = "it prints what it measures")]

use std::path::Path;
use std::time::Instant;

use secateur_graph::Granularity;
use secateur_neural::network::Model;
use secateur_neural::network::oracle::{self, Constants};
use secateur_neural::network::plan::{Wish, plan};
use secateur_neural::network::score::{Criterion, score};
use secateur_neural::options::Choice;
use secateur_onnx::Network;

/// Milliseconds since a start, and a start for what comes next.
fn lap(start: &mut Instant) -> f64 {
    let passed = start.elapsed().as_secs_f64() * 1e3;
    *start = Instant::now();
    passed
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut given = std::env::args().skip(1);
    let path = given.next().ok_or("which network?")?;
    let sparsity: f64 = given.next().map_or(Ok(0.5), |text| text.parse())?;
    let names = ["read", "couple", "score", "choose", "shrink", "prove", "encode"];
    let mut rounds: Vec<[f64; 7]> = Vec::new();
    for _ in 0..5 {
        let mut start = Instant::now();
        let network = Network::open(Path::new(&path))?;
        let read = lap(&mut start);
        let model = Model::of(network, &[], Granularity::Outer)?;
        let couple = lap(&mut start);
        let scores = score(&model, Criterion::L2, None, 0)?;
        let scored = lap(&mut start);
        let wish = Wish {
            sparsity: Some(sparsity),
            target: None,
            global: false,
            min_keep: 1,
            align: 1,
            choice: Choice::default(),
        };
        let cut = plan(&model, &scores, &wish, &mut |_| 0.0)?;
        let chosen = lap(&mut start);
        let (small, facts) = model.coupling.shrink(model.graph(), &model.facts, &cut.keep)?;
        let shrunk = lap(&mut start);
        let found = oracle::outputs(&model, &small, &facts, None)?;
        oracle::check(&model, &found, &cut.keep, &Constants::default(), oracle::TOLERANCE)?;
        let proven = lap(&mut start);
        let document = model.network.patched(&small, &facts);
        let bytes = document.encode("small.onnx")?.model.len();
        assert!(bytes > 0, "something is written");
        rounds.push([read, couple, scored, chosen, shrunk, proven, lap(&mut start)]);
    }
    let median = |stage: usize| {
        let mut times: Vec<f64> = rounds.iter().map(|round| round[stage]).collect();
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    };
    for (stage, name) in names.iter().enumerate() {
        println!("{name:<8} {:>9.2} ms", median(stage));
    }
    // What the peer does as well: dependencies, scores, the choice, smaller weights.
    let pruning: f64 = (1..5).map(median).sum();
    println!("pruning  {pruning:>9.2} ms (couple, score, choose, shrink)");
    Ok(())
}
