//! Go from outside: rules against a plain second implementation, counts, symmetries.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of tests fail the test, and say what was skipped"
)]

mod experiments;
mod fields;
mod files;
mod forfeits;
mod life;
mod matches;
mod plain;
mod playouts;
mod protocol;
mod rules;
mod searches;

use std::path::PathBuf;

use secateur_core::Random;
use secateur_go::board::{Color, Game, Point};

/// The folder of test data; `None` says so.
fn data() -> Option<PathBuf> {
    let found = std::env::var_os("SECATEUR_TEST_DATA").map(PathBuf::from);
    if found.is_none() {
        println!("skipped: no test data");
    }
    found
}

/// A game of random legal moves.
fn random_game(size: usize, moves: usize, random: &mut Random) -> Game {
    let mut game = Game::new(size).unwrap();
    for _ in 0..moves {
        let color = game.to_play();
        let legal = game.legal(color);
        let point = if legal.is_empty() { Point::PASS } else { legal[random.below(legal.len())] };
        game.play(point, color).unwrap();
    }
    game
}

/// A board of `.`, `X` (black) and `O` (white), rows from the top.
fn drawn(rows: &str) -> Vec<Option<Color>> {
    let stones = rows.chars().filter(|c| !c.is_whitespace());
    stones
        .map(|c| match c {
            'X' => Some(Color::Black),
            'O' => Some(Color::White),
            _ => None,
        })
        .collect()
}

/// Where one of the eight symmetries takes a point.
fn turned(size: usize, number: usize, symmetry: usize) -> usize {
    let (mut x, mut y) = (number % size, number / size);
    if symmetry & 1 == 1 {
        x = size - 1 - x;
    }
    if symmetry & 2 == 2 {
        y = size - 1 - y;
    }
    if symmetry & 4 == 4 {
        (x, y) = (y, x);
    }
    y * size + x
}
