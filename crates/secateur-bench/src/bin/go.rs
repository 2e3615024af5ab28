//! Times Go: prints playouts a second on one thread, from the empty board of 9, 13 and 19, and
//! how many moves a playout has: `go light`, `go patterns` or `go nakade`; what an update of the
//! potential costs: `go potential`; and playouts a second of a search that prunes: `go search`. All
//! without a word.

#![allow(clippy::print_stdout, reason = "the times are the result")]

use std::time::{Duration, Instant};

use secateur_go::board::{Board, Color, Game};
use secateur_go::criteria::Strategy;
use secateur_go::playout::{Dice, Policy, play_out};
use secateur_go::potential::{Charges, Edge, Field, Kernel};
use secateur_go::search::{Search, Settings};

const SIZES: [usize; 3] = [9, 13, 19];

fn main() {
    let word = std::env::args().nth(1);
    let all =
        [("light", Policy::Light), ("patterns", Policy::Patterns), ("nakade", Policy::Nakade)];
    for (name, policy) in all {
        if word.as_deref().is_some_and(|word| word != name) {
            continue;
        }
        for size in SIZES {
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
    let wants = |name: &str| word.as_deref().is_none_or(|word| word == name);
    if wants("potential") {
        potential();
    }
    if wants("search") {
        search();
    }
}

/// A game by chance that filled half of the board.
fn half_full(size: usize) -> Option<Game> {
    let mut game = Game::new(size).ok()?;
    let mut trace = Vec::new();
    let mut board = game.board().clone();
    play_out(&mut board, Color::Black, Policy::Patterns, &mut Dice::new(1), &mut trace);
    for point in trace.iter().take(size * size / 2) {
        let color = game.to_play();
        game.play(*point, color).ok()?;
    }
    Some(game)
}

/// A move played and taken back again, each with an update of the field, beside a playout.
fn potential() {
    for size in SIZES {
        let Some(game) = half_full(size) else { continue };
        let Ok(charges) = Charges::new(size, Kernel::Coulomb, Edge::Open) else { continue };
        let before = game.board();
        let Some(point) = before.points().find(|point| before.is_legal(*point, Color::Black))
        else {
            continue;
        };
        let mut after = before.clone();
        after.play(point, Color::Black);
        let mut field = Field::new(&charges, before);
        let times = 20_000;
        let mut updates: Vec<f64> = (0..5)
            .map(|_| {
                let start = Instant::now();
                for _ in 0..times {
                    field.follow(&charges, &after);
                    field.follow(&charges, before);
                }
                start.elapsed().as_secs_f64() / f64::from(2 * times)
            })
            .collect();
        updates.sort_by(f64::total_cmp);
        let playout = 1.0 / rate(before, Policy::Patterns, 3).0;
        println!(
            "potential {size}x{size}: {:.0} ns an update, {:.2} % of a playout with patterns from {} stones",
            1e9 * updates[2],
            100.0 * updates[2] / playout,
            before.stones(Color::Black) + before.stones(Color::White)
        );
    }
}

/// Playouts a second of whole searches.
fn search() {
    let strategies: [&[Strategy]; 3] =
        [&[], &[Strategy::PotentialLow], &[Strategy::PotentialLow, Strategy::GradientLow]];
    for size in SIZES {
        let Some(game) = half_full(size) else { continue };
        for strategies in strategies {
            let mut rates: Vec<f64> = (0..5)
                .filter_map(|seed| {
                    let mut settings =
                        Settings { seed, playouts: Some(5000), ..Settings::default() };
                    settings.pruning.strategies = strategies.to_vec();
                    let mut search = Search::new(settings).ok()?;
                    let start = Instant::now();
                    let found = search.best(&game, game.to_play()).ok()?;
                    Some(found.work.playouts as f64 / start.elapsed().as_secs_f64())
                })
                .collect();
            rates.sort_by(f64::total_cmp);
            let names: Vec<&str> = strategies.iter().map(|strategy| strategy.name()).collect();
            let Some(rate) = rates.get(rates.len() / 2) else { continue };
            println!("search {size}x{size}, cut by {names:?}: {rate:.0} playouts a second");
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
