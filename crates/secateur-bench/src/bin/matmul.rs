//! Times the matrix product of a linear layer: `matmul ROWS INNER COLUMNS f32|bf16 RUNS` prints
//! the seconds of each run, one a line. `peers/compare.py matmul` runs it beside PyTorch.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "the times are the result")]

use std::process::ExitCode;
use std::time::Instant;

use secateur_tensor::kernels::{matmul_stored, matmul_transposed};
use secateur_tensor::{Bytes, DType, Stored, convert};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let numbers: Vec<usize> = words.iter().filter_map(|word| word.parse().ok()).collect();
    let (&[rows, inner, columns, runs], Some(dtype)) = (&numbers[..], words.get(3)) else {
        eprintln!("usage: matmul ROWS INNER COLUMNS f32|bf16 RUNS");
        return ExitCode::from(2);
    };
    let values =
        |n: usize| -> Vec<f32> { (0..n).map(|i| (i % 977) as f32 / 488.5 - 1.0).collect() };
    let (x, w) = (values(rows * inner), values(columns * inner));
    let stored = Bytes::owned(convert::encode(DType::BF16, &w));
    let stored = Stored::new(DType::BF16, vec![columns, inner], stored).expect("bytes that fit");
    let mut y = vec![0.0_f32; rows * columns];
    for _ in 0..runs {
        let start = Instant::now();
        if dtype == "bf16" {
            matmul_stored(&x, &stored, None, &mut y);
        } else {
            matmul_transposed(&x, &w, None, inner, &mut y);
        }
        println!("{}", start.elapsed().as_secs_f64());
    }
    ExitCode::SUCCESS
}
