//! Times Go: prints playouts a second on one thread, from the empty board of 9, 13 and 19, and
//! how many moves a playout has. `go light`, `go patterns` or `go nakade`; all without a word.

#![allow(clippy::print_stdout, reason = "the times are the result")]

use std::time::{Duration, Instant};

use secateur_go::board::{Board, Color};
use secateur_go::playout::{Dice, Policy, play_out};

fn main() {
    let word = std::env::args().nth(1);
    let all =
        [("light", Policy::Light), ("patterns", Policy::Patterns), ("nakade", Policy::Nakade)];
    for (name, policy) in all {
        if word.as_deref().is_some_and(|word| word != name) {
            continue;
        }
        for size in [9, 13, 19] {
            let Ok(empty) = Board::new(size) else { continue };
            let mut rates: Vec<f64> = (0..5).map(|seed| rate(&empty, policy, seed).0).collect();
            rates.sort_by(f64::total_cmp);
            let (_, moves, black) = rate(&empty, policy, 9);
            println!(
                "{name} {size}x{size}: {:.0} playouts a second (from {:.0} to {:.0}), {moves:.1} moves each, black {black:.3} points ahead",
                rates[2], rates[0], rates[4]
            );
        }
    }
}

/// Playouts a second, moves a playout, mean lead of black.
fn rate(empty: &Board, policy: Policy, seed: u64) -> (f64, f64, f64) {
    let mut dice = Dice::new(seed);
    let mut board = empty.clone();
    let mut trace = Vec::new();
    let (mut playouts, mut moves, mut lead) = (0_u32, 0, 0.0);
    let start = Instant::now();
    while start.elapsed() < Duration::from_millis(400) {
        for _ in 0..100 {
            board.copy_from(empty);
            trace.clear();
            lead += f64::from(play_out(&mut board, Color::Black, policy, &mut dice, &mut trace));
            moves += trace.len();
        }
        playouts += 100;
    }
    let count = f64::from(playouts);
    (count / start.elapsed().as_secs_f64(), moves as f64 / count, lead / count)
}
