//! Searches: tactics they must find, the same moves for a seed, pruning, the end of games.

use secateur_go::board::{Board, Color, Game, Point};
use secateur_go::criteria::{Pruning, Strategy, Threshold};
use secateur_go::search::{Limits, Scope, Search, Settings, Shape, Unpruning, read_status};

use crate::drawn;

fn settings(playouts: u64) -> Settings {
    Settings { playouts: Some(playouts), resign_below: None, ..Settings::default() }
}

fn game(rows: &str, color: Color) -> Game {
    let mut game = Game::of_board(Board::of_stones(&drawn(rows)).unwrap(), color);
    game.komi = 0.5;
    game
}

/// Black lives by the middle of three, and dies elsewhere.
const THREE: &str = ". . . X O  X X X X O  O O O O O  . O . O O  O . O O .";

#[test]
fn the_point_of_life_is_found_by_both_sides() {
    for color in Color::BOTH {
        let mut search = Search::new(settings(2000)).unwrap();
        let found = search.best(&game(THREE, color), color).unwrap();
        assert_eq!(found.point, Point::new(5, 1, 0), "{color}");
    }
}

#[test]
fn flat_search_finds_a_capture() {
    let rows = "X X X . .  O O O . X  X X X . X  . . O . .  . O . O .";
    let flat = Settings { shape: Shape::Flat, ..settings(2000) };
    let mut search = Search::new(flat).unwrap();
    let found = search.best(&game(rows, Color::Black), Color::Black).unwrap();
    assert_eq!(found.point, Point::new(5, 3, 1));
}

#[test]
fn a_search_in_slices_is_one_search() {
    for (shape, threads) in [(Shape::Tree, 1), (Shape::Tree, 3), (Shape::Flat, 1)] {
        let settings = Settings { shape, threads, seed: 5, ..settings(1000) };
        let game = game(THREE, Color::Black);
        let whole = Search::new(settings.clone()).unwrap().best(&game, Color::Black).unwrap();
        let mut search = Search::new(settings).unwrap();
        let mut slice = |playouts: u64| {
            let limits = Limits { playouts: Some(playouts), ..Limits::default() };
            search.think(&game, Color::Black, limits).unwrap()
        };
        let first = slice(600);
        let second = slice(400);
        assert_eq!(second.candidates, whole.candidates, "{shape:?}, {threads} threads");
        let nodes = first.work.nodes + second.work.nodes;
        assert_eq!(nodes, whole.work.nodes, "{shape:?}, {threads} threads");
    }
}

#[test]
fn a_seed_plays_the_same_game_and_the_tree_is_kept() {
    let play = |seed: u64| {
        let mut search = Search::new(Settings { seed, ..settings(200) }).unwrap();
        let mut game = Game::new(5).unwrap();
        let mut reused = 0;
        while game.passes() < 2 && game.moves().len() < 80 {
            let color = game.to_play();
            let found = search.best(&game, color).unwrap();
            assert_eq!(found.work.playouts, 200);
            reused += found.reused;
            game.play(found.point, color).unwrap();
        }
        (game.moves().to_vec(), reused)
    };
    let first = play(1);
    assert!(first.1 > 0);
    assert_eq!(first, play(1));
    assert!((2..6).any(|seed| play(seed) != first));
}

#[test]
fn pruning_cuts_moves_and_unpruning_brings_them_back() {
    let mut game = Game::new(9).unwrap();
    game.play(Point::new(9, 4, 4), Color::Black).unwrap();
    let threshold = Threshold::Quantile(0.5);
    let pruning = Pruning { strategies: vec![Strategy::PotentialLow], threshold, min_keep: None };
    let run =
        |settings: Settings| Search::new(settings).unwrap().best(&game, Color::White).unwrap();
    let all = run(settings(400));
    assert_eq!(all.work.cut, 0);
    let pruned = run(Settings { pruning: pruning.clone(), ..settings(400) });
    assert!(pruned.work.cut * 3 > pruned.work.moves, "{:?}", pruned.work);
    let scope = Scope::Root;
    let root = run(Settings { pruning: pruning.clone(), scope, ..settings(400) });
    assert_eq!(root.work.cut, 40);
    let flat = Settings { shape: Shape::Flat, ..settings(400) };
    assert_eq!(run(flat.clone()).candidates.len(), 81);
    assert_eq!(run(Settings { pruning: pruning.clone(), ..flat.clone() }).candidates.len(), 41);
    let unpruning = Some(Unpruning { first: 1.0, power: 1.0 });
    assert_eq!(run(Settings { pruning, unpruning, ..flat }).candidates.len(), 81);
}

#[test]
fn a_won_game_ends_when_the_opponent_passes_and_a_lost_one_is_resigned() {
    let rows = ". X . O .  . X . O .  . X X O O  . X . O O  X X . O .";
    let mut game = game(rows, Color::White);
    game.play(Point::PASS, Color::White).unwrap();
    let mut search = Search::new(settings(50)).unwrap();
    assert!(search.best(&game, Color::Black).unwrap().point.is_pass());
    let rows = ". X . X .  X X X X X  X X X X X  X . X X X  X X X X .";
    let mut lost = Game::of_board(Board::of_stones(&drawn(rows)).unwrap(), Color::Black);
    for _ in 0..8 {
        lost.play(Point::PASS, lost.to_play()).unwrap();
    }
    let mut search = Search::new(settings(50)).unwrap();
    let found = search.best(&lost, Color::White).unwrap();
    assert!(found.point.is_pass() && !found.resigns);
}

#[test]
fn dead_stones_are_read() {
    let rows = ". X . X O  X X X X O  O O O O .  . O . O O  X . O . O";
    let board = Board::of_stones(&drawn(rows)).unwrap();
    let reading = read_status(&board, 200, 1, 1);
    assert_eq!(reading.dead, [Point::new(5, 0, 4)]);
    assert!(reading.black[0] > 0.9);
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    let bad = |settings: Settings| Search::new(settings).is_err();
    assert!(bad(Settings { playouts: None, ..settings(1) }));
    assert!(bad(settings(0)));
    assert!(bad(Settings { rave: Some(f64::NAN), ..settings(1) }));
    assert!(bad(Settings { exploration: -1.0, ..settings(1) }));
    let unpruning = Some(Unpruning { first: 0.0, power: 2.0 });
    assert!(bad(Settings { unpruning, ..settings(1) }));
}
