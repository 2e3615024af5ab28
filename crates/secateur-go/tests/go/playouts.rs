//! Playouts: legal moves only, no eye filled, ends that are ends, chances that are equal.

use proptest::prelude::*;
use secateur_core::Random;
use secateur_go::board::{Board, Color, Game, Ko, Point};
use secateur_go::playout::{Dice, Policy, play_out};

use crate::random_game;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn playouts_are_games_without_a_move_left(size in 2_usize..=13, seed: u64, policy in 0_usize..3) {
        let policy = [Policy::Light, Policy::Patterns, Policy::Nakade][policy];
        let mut random = Random::new(seed);
        let start = random_game(size, random.below(size * size), &mut random);
        let mut board = start.board().clone();
        let mut trace = Vec::new();
        let lead = play_out(&mut board, Color::White, policy, &mut Dice::new(seed), &mut trace);
        let mut game = Game::of_board(start.board().clone(), Color::White);
        game.ko = Ko::Simple;
        for point in &trace {
            game.play(*point, game.to_play()).unwrap();
        }
        prop_assert_eq!(game.board(), &board);
        prop_assert_eq!(board.hash(), board.hash_anew());
        if trace.len() < 3 * size * size {
            prop_assert_eq!(game.passes(), 2);
            let area = board.area();
            prop_assert!((lead - (area.black - area.white)).abs() <= area.neutral);
        }
        // The same seed plays the same game, also in a board that was used before.
        board.copy_from(start.board());
        let mut again = Vec::new();
        play_out(&mut board, Color::White, policy, &mut Dice::new(seed), &mut again);
        prop_assert_eq!(trace, again);
    }
}

#[test]
fn light_playouts_begin_anywhere_with_the_same_chance() {
    let empty = Board::new(3).unwrap();
    let mut board = empty.clone();
    let mut dice = Dice::new(1);
    let mut counts = [0_i32; 9];
    for _ in 0..90_000 {
        board.copy_from(&empty);
        let mut trace = Vec::new();
        play_out(&mut board, Color::Black, Policy::Light, &mut dice, &mut trace);
        counts[trace[0].number(3).unwrap()] += 1;
    }
    // Six standard deviations of a binomial count with n = 90000, p = 1/9.
    assert!(counts.iter().all(|count| (count - 10_000).abs() < 566), "{counts:?}");
}

#[test]
fn patterns_save_what_is_in_atari() {
    // White has just played at column 2, row 2 of the board below; black's stone at its left
    // has one liberty, below it.
    let rows = ". . . . . . . O . . . O X O . . . . . . . . . . .";
    let board = Board::of_stones(&crate::drawn(rows)).unwrap();
    let mut dice = Dice::new(1);
    let saved = (0..1000).filter(|_| {
        let mut after = board.clone();
        let mut trace = vec![Point::new(5, 3, 2)];
        play_out(&mut after, Color::Black, Policy::Patterns, &mut dice, &mut trace);
        trace[1] == Point::new(5, 2, 3)
    });
    assert!(saved.count() > 850);
}
