//! The potential and the moves it cuts: invariants.

use proptest::prelude::*;
use secateur_core::{Mask, Random};
use secateur_go::board::{Board, Color, Game, Point};
use secateur_go::criteria::{Maps, Node, Pruning, Strategy as Cut, Threshold, safe};
use secateur_go::potential::{Charges, Edge, Field, Kernel, gradient};

use crate::{random_game, turned};

/// Sums of f32 in another order; values reach some hundreds.
const TOLERANCE: f32 = 2e-3;

const EDGES: [Edge; 3] = [Edge::Open, Edge::Same, Edge::Opposite];

fn near(a: &[f32], b: &[f32]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() <= TOLERANCE)
}

fn stones(board: &Board) -> Vec<Option<Color>> {
    board.points().map(|point| board.at(point)).collect()
}

fn keep(pruning: &Pruning, game: &Game) -> (Vec<Point>, Mask) {
    let board = game.board();
    let charges = Charges::new(board.size(), Kernel::Coulomb, Edge::Open).unwrap();
    let moves = game.legal(game.to_play());
    let last = game.last().map_or(Point::PASS, |(_, point)| point);
    let node = Node { board, color: game.to_play(), last, moves: &moves };
    let mask = pruning.keep(&node, &Maps::new(&Field::new(&charges, board))).unwrap();
    assert!(safe(&node).within(&mask));
    (moves, mask)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn fields_turn_with_the_board_change_sign_with_the_colors_and_add(
        size in 2_usize..=13, seed: u64, kernel in 0_usize..5, edge in 0_usize..3, symmetry in 0_usize..8,
    ) {
        let board = random_game(size, size * size, &mut Random::new(seed)).board().clone();
        let charges = Charges::new(size, Kernel::ALL[kernel], EDGES[edge]).unwrap();
        let field = Field::new(&charges, &board);
        let now = stones(&board);
        let mut other = now.clone();
        let mut swapped = now.clone();
        for (number, stone) in now.iter().enumerate() {
            other[turned(size, number, symmetry)] = *stone;
            swapped[number] = stone.map(Color::other);
        }
        let other = Field::new(&charges, &Board::of_stones(&other).unwrap());
        let (slopes, other_slopes) = (field.gradient(), other.gradient());
        for (number, slope) in slopes.iter().enumerate() {
            let at = turned(size, number, symmetry);
            prop_assert!((field.potential[number] - other.potential[at]).abs() <= TOLERANCE);
            prop_assert!((field.density[number] - other.density[at]).abs() <= TOLERANCE);
            prop_assert!((slope - other_slopes[at]).abs() <= TOLERANCE);
        }
        let swapped = Field::new(&charges, &Board::of_stones(&swapped).unwrap());
        let negated: Vec<f32> = swapped.potential.iter().map(|value| -value).collect();
        prop_assert!(near(&field.potential, &negated));
        prop_assert!(near(&field.density, &swapped.density));
        // Superposition: the fields of single stones add up.
        let mut sum = vec![0.0; size * size];
        for (number, stone) in now.iter().enumerate() {
            let Some(color) = stone else { continue };
            let mut single = vec![None; size * size];
            single[number] = Some(*color);
            let single = Field::new(&charges, &Board::of_stones(&single).unwrap());
            for (sum, value) in sum.iter_mut().zip(single.potential) {
                *sum += value;
            }
        }
        prop_assert!(near(&field.potential, &sum));
    }

    #[test]
    fn a_larger_quantile_keeps_no_move_more(size in 5_usize..=13, seed: u64, pair in 0_usize..16) {
        let game = random_game(size, size * size / 2, &mut Random::new(seed));
        let strategies = vec![Cut::ALL[pair % 4], Cut::ALL[pair / 4]];
        let mut before: Option<Mask> = None;
        for step in 0..=10 {
            let threshold = Threshold::Quantile(f64::from(step) / 10.0);
            let pruning = Pruning { strategies: strategies.clone(), threshold, min_keep: None };
            let (moves, mask) = keep(&pruning, &game);
            prop_assert!(mask.kept() >= 4.min(moves.len()));
            if step == 0 {
                prop_assert_eq!(mask.cut(), 0);
            }
            if let Some(before) = before {
                prop_assert!(mask.within(&before));
            }
            before = Some(mask);
        }
    }
}

#[test]
fn a_field_that_follows_ten_thousand_moves_equals_one_worked_out_anew() {
    let mut random = Random::new(3);
    for kernel in Kernel::ALL {
        let charges = Charges::new(9, kernel, Edge::Same).unwrap();
        let mut game = Game::new(9).unwrap();
        let mut field = Field::new(&charges, game.board());
        let mut captured = 0;
        for _ in 0..10_000 {
            let color = game.to_play();
            let legal = game.legal(color);
            if legal.is_empty() || game.passes() > 1 {
                game = Game::new(9).unwrap();
            } else {
                let point = legal[random.below(legal.len())];
                captured += game.board().captures(point, color);
                game.play(point, color).unwrap();
            }
            if game.moves().len() > 300 {
                game = Game::new(9).unwrap();
            }
            field.follow(&charges, game.board());
        }
        assert!(captured > 1000);
        let anew = Field::new(&charges, game.board());
        let largest = anew.density.iter().copied().fold(1.0, f32::max);
        for (a, b) in field.potential.iter().zip(&anew.potential) {
            assert!((a - b).abs() <= 1e-4 * largest, "{kernel:?}: {a} {b}");
        }
    }
}

#[test]
fn a_uniform_field_has_no_gradient_and_a_slope_has_its_own() {
    assert!(gradient(&[3.0; 81]).iter().all(|g| *g == 0.0));
    let slope: Vec<f32> = (0..81).map(|at| 3.0 * (at % 9) as f32 + 4.0 * (at / 9) as f32).collect();
    assert!(gradient(&slope).iter().all(|g| (g - 5.0).abs() < 1e-5));
}

#[test]
fn nothing_is_cut_from_an_empty_board_and_far_moves_go_first() {
    let pruning = Pruning { strategies: vec![Cut::PotentialLow], ..Pruning::default() };
    let mut game = Game::new(9).unwrap();
    assert_eq!(keep(&pruning, &game).1.cut(), 0);
    game.play(Point::new(9, 2, 2), Color::Black).unwrap();
    let (moves, mask) = keep(&pruning, &game);
    assert_eq!(mask.cut(), 16);
    let far = moves.iter().position(|point| *point == Point::new(9, 8, 8)).unwrap();
    assert!(!mask.keeps(far));
    let absolute = Pruning { threshold: Threshold::Absolute(0.2), ..pruning };
    let (moves, mask) = keep(&absolute, &game);
    for (at, point) in moves.iter().enumerate() {
        let (x, y) = point.column_row(9).unwrap();
        assert_eq!(mask.keeps(at), x.abs_diff(2).pow(2) + y.abs_diff(2).pow(2) <= 25);
    }
    let wrong = Pruning { threshold: Threshold::Quantile(f64::NAN), ..Pruning::default() };
    assert!(wrong.check().is_err());
}
