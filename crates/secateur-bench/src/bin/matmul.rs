//! Times the matrix product of a linear layer: `cargo run --release -p secateur-bench --bin matmul`.

#![allow(clippy::print_stdout, reason = "the table is the result")]

use std::time::Instant;

use secateur_tensor::kernels::matmul_transposed;

/// Rows, inner width, columns.
const SHAPES: [[usize; 3]; 5] =
    [[2048, 2048, 2048], [512, 768, 3072], [2048, 576, 1536], [2048, 1536, 576], [512, 576, 49152]];
const RUNS: usize = 9;

fn main() {
    for [rows, inner, columns] in SHAPES {
        let (x, w) = (vec![0.5_f32; rows * inner], vec![0.25_f32; columns * inner]);
        let mut y = vec![0.0_f32; rows * columns];
        let mut seconds: Vec<f64> = (0..RUNS)
            .map(|_| {
                let start = Instant::now();
                matmul_transposed(&x, &w, None, inner, &mut y);
                start.elapsed().as_secs_f64()
            })
            .collect();
        seconds.sort_by(f64::total_cmp);
        let work = 2.0 * (rows * inner * columns) as f64 / 1e9;
        println!(
            "{rows} x {inner} x {columns}: median {:.1} GFLOP/s, {:.1} to {:.1}",
            work / seconds[RUNS / 2],
            work / seconds[RUNS - 1],
            work / seconds[0]
        );
    }
}
