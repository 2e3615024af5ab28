//! Times the blocks of a model on one window, without embedding and head: `forward MODEL TOKENS
//! RUNS` prints the seconds of each run, one a line. `peers/compare.py forward` runs it beside
//! PyTorch.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "the times are the result")]

use std::process::ExitCode;
use std::time::Instant;

use secateur_checkpoint::BlockOptions;
use secateur_exec::{Ports, Session};
use secateur_tensor::Tensor;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let numbers: Vec<usize> = words.iter().skip(1).filter_map(|word| word.parse().ok()).collect();
    let (Some(model), &[tokens, runs]) = (words.first(), &numbers[..]) else {
        eprintln!("usage: forward MODEL TOKENS RUNS");
        return ExitCode::from(2);
    };
    match time(model, tokens, runs) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{model}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn time(model: &str, tokens: usize, runs: usize) -> Result<(), Box<dyn std::error::Error>> {
    let model = secateur_checkpoint::open(model.as_ref())?;
    let mut blocks = Vec::new();
    for index in 0..model.dims.layers {
        let segment = model.block(index, BlockOptions { positions: tokens, cache: false })?;
        let session = Session::new(segment.graph)?;
        let graph = session.graph();
        let ports = Ports {
            input: graph.input("x").ok_or("a block without x")?,
            positions: graph.input("position_ids"),
            types: graph.input("token_type_ids"),
            output: graph.output("y").ok_or("a block without y")?,
        };
        blocks.push((session, ports));
    }
    let width = model.dims.width;
    let values = (0..tokens * width).map(|i| (i % 977) as f32 / 488.5 - 1.0).collect();
    let start = Tensor::f32(vec![1, tokens, width], values);
    for _ in 0..runs {
        let mut x = start.clone();
        let clock = Instant::now();
        for (session, ports) in &mut blocks {
            let y = ports.run(session, &x, 0, &[], &[ports.output], None)?.remove(0);
            session.recycle(std::mem::replace(&mut x, y));
        }
        println!("{}", clock.elapsed().as_secs_f64());
    }
    Ok(())
}
