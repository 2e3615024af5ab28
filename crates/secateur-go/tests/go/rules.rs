//! Rules: laws over random games, counts of positions, drawn boards.

use proptest::prelude::*;
use secateur_core::Random;
use secateur_go::board::handicap::{handicap_max, handicap_points};
use secateur_go::board::{
    Area, Board, Color, Game, Ko, Point, Scoring, Status, uncapturable, unconditional,
};

use crate::plain::Plain;
use crate::{drawn, random_game, turned};

fn stones(board: &Board) -> Vec<Option<Color>> {
    board.points().map(|point| board.at(point)).collect()
}

/// Everything a board says, against sets.
fn agrees(game: &Game, plain: &Plain, color: Color) {
    let (board, size) = (game.board(), plain.size);
    assert_eq!(stones(board), plain.stones);
    assert_eq!(board.hash(), board.hash_anew());
    for (at, point) in board.points().enumerate() {
        assert_eq!(game.is_legal(point, color), plain.after(at, color).is_some(), "{at} {plain:?}");
        if plain.stones[at].is_some() {
            let (chain, liberties) = plain.chain(at);
            let number = |point: Point| point.number(size).unwrap();
            let mut ours: Vec<usize> = board.chain(point).map(number).collect();
            ours.sort_unstable();
            assert_eq!(ours, chain.into_iter().collect::<Vec<_>>());
            let mut ours: Vec<usize> = board.liberties(point).into_iter().map(number).collect();
            ours.sort_unstable();
            assert_eq!(ours, liberties.into_iter().collect::<Vec<_>>());
        }
    }
    for color in Color::BOTH {
        let count = plain.stones.iter().filter(|stone| **stone == Some(color)).count();
        assert_eq!(board.stones(color), count);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn random_games_agree_with_sets(size in 2_usize..=19, seed: u64) {
        let mut random = Random::new(seed);
        let mut game = Game::new(size).unwrap();
        let mut plain = Plain::new(size);
        for turn in 0..3 * size * size {
            let color = if random.below(10) == 0 { game.to_play().other() } else { game.to_play() };
            if turn % size == 0 || size < 7 {
                agrees(&game, &plain, color);
            }
            let legal = game.legal(color);
            if legal.is_empty() {
                game.play(Point::PASS, color).unwrap();
                if game.passes() > 1 {
                    break;
                }
                continue;
            }
            let point = legal[random.below(legal.len())];
            game.play(point, color).unwrap();
            plain.play(point.number(size).unwrap(), color);
        }
        agrees(&game, &plain, game.to_play());
    }

    #[test]
    fn undo_goes_back_to_each_position(size in 2_usize..=13, seed: u64) {
        let mut random = Random::new(seed);
        let mut game = random_game(size, 0, &mut random);
        let mut past = Vec::new();
        for _ in 0..60 {
            let color = game.to_play();
            let legal = game.legal(color);
            past.push((stones(game.board()), game.board().ko_point(), legal.clone()));
            let point = if legal.is_empty() { Point::PASS } else { legal[random.below(legal.len())] };
            game.play(point, color).unwrap();
        }
        while let Some(before) = past.pop() {
            game.undo().unwrap();
            let legal = game.legal(game.to_play());
            prop_assert_eq!((stones(game.board()), game.board().ko_point(), legal), before);
        }
        prop_assert!(game.undo().is_err());
    }

    #[test]
    fn the_eight_symmetries_keep_rules_score_and_life(size in 2_usize..=9, seed: u64, symmetry in 0_usize..8) {
        let mut random = Random::new(seed);
        let game = random_game(size, 2 * size * size, &mut random);
        let mut other = Game::new(size).unwrap();
        let turn = |point: Point| match point.number(size) {
            Some(number) => Point::numbered(size, turned(size, number, symmetry)),
            None => Point::PASS,
        };
        for (color, point) in game.moves() {
            other.play(turn(*point), *color).unwrap();
        }
        prop_assert_eq!(game.board().area(), other.board().area());
        let (status, turned_status) = (unconditional(game.board()), unconditional(other.board()));
        for (number, status) in status.iter().enumerate() {
            prop_assert_eq!(*status, turned_status[turned(size, number, symmetry)]);
        }
        for point in game.board().points() {
            let color = game.to_play();
            prop_assert_eq!(game.is_legal(point, color), other.is_legal(turn(point), color));
        }
    }

    #[test]
    fn what_is_alive_for_good_survives_any_attack(size in 3_usize..=7, seed: u64) {
        let mut random = Random::new(seed);
        let board = random_game(size, 3 * size * size, &mut random).board().clone();
        for color in Color::BOTH {
            let safe = uncapturable(&board, color);
            let mut attacked = board.clone();
            for _ in 0..200 {
                attacked.clear_ko();
                let legal: Vec<Point> =
                    attacked.points().filter(|p| attacked.is_legal(*p, color.other())).collect();
                if legal.is_empty() {
                    break;
                }
                attacked.play(legal[random.below(legal.len())], color.other());
            }
            for (point, safe) in board.points().zip(safe) {
                prop_assert!(!safe || attacked.at(point) == Some(color));
            }
        }
    }
}

/// Positions that `Board::of_stones` accepts when the first `fixed` points are given.
fn positions(stones: &mut Vec<Option<Color>>, size: usize, at: usize) -> u64 {
    if at == size * size {
        return u64::from(Board::of_stones(stones).is_ok());
    }
    let choices = [None, Some(Color::Black), Some(Color::White)];
    choices
        .into_iter()
        .map(|stone| {
            stones[at] = stone;
            positions(stones, size, at + 1)
        })
        .sum()
}

/// J. Tromp and G. Farnebäck, 2006, "Combinatorics of Go"; OEIS A094777.
#[test]
fn legal_positions_are_as_many_as_published() {
    for (size, expect) in [(2, 57), (3, 12_675)] {
        assert_eq!(positions(&mut vec![None; size * size], size, 0), expect, "size {size}");
    }
}

/// The same at 4 x 4, stone by stone with captures undone by copy: 43 million positions.
#[test]
#[cfg_attr(debug_assertions, ignore = "slow without optimization")]
fn legal_positions_of_four_are_as_many_as_published() {
    fn chain_dies(black: u16, white: u16) -> bool {
        let spread = |set: u16| {
            (set << 4) | (set >> 4) | ((set & 0x7777) << 1) | ((set & 0xEEEE) >> 1) | set
        };
        let empty = !(black | white);
        [black, white].into_iter().any(|stones| {
            let mut lives = spread(empty) & stones;
            loop {
                let more = spread(lives) & stones;
                if more == lives {
                    return lives != stones;
                }
                lives = more;
            }
        })
    }
    let mut count = 0_u64;
    let mut random = Random::new(1);
    for black in 0..=u16::MAX {
        let free = !black;
        let mut white = free;
        loop {
            let legal = !chain_dies(black, white);
            count += u64::from(legal);
            // One position in 512 is also asked of the board.
            if random.bits() & 511 == 0 {
                let stone = |at: usize| match (black >> at & 1, white >> at & 1) {
                    (1, _) => Some(Color::Black),
                    (_, 1) => Some(Color::White),
                    _ => None,
                };
                let stones: Vec<_> = (0..16).map(stone).collect();
                assert_eq!(Board::of_stones(&stones).is_ok(), legal, "{black:x} {white:x}");
            }
            if white == 0 {
                break;
            }
            white = (white - 1) & free;
        }
    }
    assert_eq!(count, 24_318_165);
}

/// Nodes of the tree of all games with superko, by depth.
fn games(game: &mut Game, color: Color, depth: usize) -> u64 {
    if depth == 0 {
        return 1;
    }
    let legal = game.legal(color);
    legal
        .into_iter()
        .map(|point| {
            game.play(point, color).unwrap();
            let count = games(game, color.other(), depth - 1);
            game.undo().unwrap();
            count
        })
        .sum()
}

fn plain_games(plain: &Plain, color: Color, depth: usize) -> u64 {
    if depth == 0 {
        return 1;
    }
    let legal = (0..plain.size * plain.size).filter(|at| plain.after(*at, color).is_some());
    legal
        .map(|at| {
            let mut next = plain.clone();
            next.play(at, color);
            plain_games(&next, color.other(), depth - 1)
        })
        .sum()
}

#[test]
fn trees_of_games_are_as_large_as_with_sets() {
    for (size, depth) in [(2, 4), (3, 5)] {
        let mut game = Game::new(size).unwrap();
        let expect = plain_games(&Plain::new(size), Color::Black, depth);
        assert_eq!(games(&mut game, Color::Black, depth), expect);
        assert!(expect > 0);
    }
}

#[test]
fn ko_and_superko_forbid_what_they_should() {
    // Black takes the ko at C2, column 2, row 1.
    let board =
        Board::of_stones(&drawn(". X O . / X O . O / . X O . / . . . .".replace('/', "").as_str()))
            .unwrap();
    let mut game = Game::of_board(board, Color::Black);
    let take = Point::new(4, 2, 1);
    game.play(take, Color::Black).unwrap();
    let back = Point::new(4, 1, 1);
    assert!(!game.is_legal(back, Color::White));
    assert!(game.is_legal(back, Color::Black));
    assert_eq!(game.board().ko_point(), Some((back, Color::White)));
    game.play(Point::PASS, Color::White).unwrap();
    game.play(Point::PASS, Color::Black).unwrap();
    // Simple ko forgets; superko does not.
    assert!(game.board().is_legal(back, Color::White));
    assert!(!game.is_legal(back, Color::White));
    game.ko = Ko::Simple;
    assert!(game.is_legal(back, Color::White));
}

#[test]
fn suicide_is_forbidden_unless_the_rules_allow_it() {
    let rows = ". X . X X . . . .";
    let mut board = Board::of_stones(&drawn(rows)).unwrap();
    let corner = Point::new(3, 0, 0);
    assert!(!board.is_legal(corner, Color::White), "a single stone");
    let mut board2 = Board::of_stones(&drawn(". X O  X X O  O O .")).unwrap();
    assert!(!board2.is_legal(corner, Color::Black));
    board2.suicide = true;
    assert!(board2.is_legal(corner, Color::Black));
    board2.play(corner, Color::Black);
    assert_eq!(board2.stones(Color::Black), 0);
    assert_eq!(board2.captured(Color::Black), 4);
    assert_eq!(board2.hash(), board2.hash_anew());
    board.suicide = true;
    assert!(!board.is_legal(corner, Color::White));
}

#[test]
fn scores_count_area_and_territory() {
    let rows = ". X . O .  . X . O .  . X X O O  . X . O O  O X . O .";
    let board = Board::of_stones(&drawn(rows)).unwrap();
    let dead = Point::new(5, 0, 4);
    let area = board.points_without(&[dead], Scoring::Area);
    assert_eq!(area, Area { black: 11, white: 10, neutral: 4 });
    let territory = board.points_without(&[dead], Scoring::Territory);
    assert_eq!(territory, Area { black: 6, white: 3, neutral: 4 });
    assert_eq!(area.lead(7.5), -6.5);
}

#[test]
fn two_eyes_live_and_what_is_inside_is_dead() {
    let rows = ". X . X O  X X X X .  O . . . .  . . . . .  . . . . .";
    let board = Board::of_stones(&drawn(rows)).unwrap();
    let status = unconditional(&board);
    assert_eq!(status[1], Status::Alive);
    assert_eq!(status[0], Status::Territory(Color::Black));
    assert_eq!(status[2], Status::Territory(Color::Black));
    assert_eq!((status[4], status[10]), (Status::Undecided, Status::Undecided));
}

#[test]
fn handicap_stones_lie_where_the_standard_says() {
    let vertices = |size, stones| -> Vec<String> {
        let points: Vec<Point> = handicap_points(size, stones).unwrap();
        points.into_iter().map(|point| point.vertex(size)).collect()
    };
    assert_eq!(vertices(19, 7), ["D4", "Q16", "D16", "Q4", "D10", "Q10", "K10"]);
    assert_eq!(vertices(9, 5), ["C3", "G7", "C7", "G3", "E5"]);
    assert_eq!(vertices(13, 8)[4..], ["D7", "K7", "G4", "G10"]);
    assert_eq!(
        (handicap_max(6), handicap_max(7), handicap_max(12), handicap_max(25)),
        (0, 4, 4, 9)
    );
    assert!(handicap_points(19, 1).is_none() && handicap_points(19, 10).is_none());
}

#[test]
fn vertices_go_there_and_back_and_garbage_is_refused() {
    for size in [2, 9, 19, 25] {
        for number in 0..size * size {
            let point = Point::numbered(size, number);
            let text = point.vertex(size);
            assert_eq!(Point::of_vertex(&text.to_lowercase(), size).unwrap(), point);
            assert!(!text.contains('I'));
        }
    }
    for text in ["", "I5", "A0", "A20", "é1", "A", "A+1", "AA", "A1 ", "T19999999999999999999"] {
        assert!(Point::of_vertex(text, 19).is_err(), "{text}");
    }
}
