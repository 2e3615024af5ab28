//! Times the matrix product: `cargo run --release -p secateur-bench --example gemm`.
use std::time::Instant;
fn main() {
    for (rows, inner, columns) in [
        (2048, 2048, 2048),
        (512, 768, 3072),
        (512, 576, 1536),
        (512, 1536, 576),
        (4096, 576, 1536),
        (512, 576, 49152),
    ] {
        let x = vec![0.5_f32; rows * inner];
        let w = vec![0.25_f32; columns * inner];
        let mut y = vec![0.0_f32; rows * columns];
        let mut times: Vec<f64> = (0..9)
            .map(|_| {
                let start = Instant::now();
                secateur_tensor::kernels::matmul_transposed(&x, &w, None, inner, &mut y);
                start.elapsed().as_secs_f64()
            })
            .collect();
        times.sort_by(f64::total_cmp);
        println!(
            "{rows} x {inner} x {columns}: {:.1} GFLOP/s",
            2.0 * (rows * inner * columns) as f64 / times[4] / 1e9
        );
    }
}
