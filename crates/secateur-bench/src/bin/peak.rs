//! Measures how many products and sums the machine does in a second: `peak THREADS` runs chains of
//! fused multiply-adds that touch no memory, which no matrix product can outrun.

#![allow(clippy::print_stdout, reason = "the number is the result")]

use std::time::Instant;

use pulp::{Arch, NullaryFnOnce};

/// Chains: enough to hide the latency of an instruction, few enough to stay in registers.
const CHAINS: usize = 12;
const LANES: usize = 8;
const STEPS: usize = 20_000_000;

struct Chains(f32);

impl NullaryFnOnce for Chains {
    type Output = f32;

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "compiled anew for the instruction set")]
    fn call(self) -> f32 {
        let mut sums = [[self.0; LANES]; CHAINS];
        let factor = [1.0 - self.0; LANES];
        for _ in 0..STEPS {
            for sum in &mut sums {
                for (sum, factor) in sum.iter_mut().zip(factor) {
                    *sum = sum.mul_add(factor, factor);
                }
            }
        }
        sums.iter().flatten().sum()
    }
}

fn main() {
    let threads = std::env::args().nth(1).and_then(|word| word.parse().ok()).unwrap_or(1_usize);
    for _ in 0..5 {
        let start = Instant::now();
        let sums: Vec<f32> = std::thread::scope(|scope| {
            let begin = |_| scope.spawn(|| Arch::new().dispatch(Chains(1e-9)));
            let running: Vec<_> = (0..threads).map(begin).collect();
            running.into_iter().filter_map(|thread| thread.join().ok()).collect()
        });
        let seconds = start.elapsed().as_secs_f64();
        let work = 2.0 * (threads * CHAINS * LANES * STEPS) as f64 / 1e9;
        println!("{:.1} GFLOP/s ({})", work / seconds, sums.len());
    }
}
