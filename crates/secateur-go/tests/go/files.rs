//! SGF and lines of games.

use proptest::prelude::*;
use secateur_core::Random;
use secateur_go::GoError;
use secateur_go::board::{Color, Game, Ko, Point};
use secateur_go::sgf::{self, Tree};

use crate::{data, random_game};

fn offset(text: &str) -> usize {
    match sgf::parse(text.as_bytes()) {
        Err(GoError::Sgf { offset, .. }) => offset,
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn variations_charsets_escapes_and_lists_are_read() {
    let text = "mail header (c) 2001\n(;GM[1]FF[4]SZ[9]C[a \\] b\\\\ \\\nc]AB[aa:bc][ee];B[gg](;W[hh])(;W[])) rest";
    let tree = sgf::parse(text.as_bytes()).unwrap();
    assert_eq!(tree.nodes.len(), 4);
    assert_eq!(tree.main_line(), [0, 1, 2]);
    assert_eq!(tree.nodes[3].parent, Some(1));
    assert_eq!(tree.nodes[0].text("C").unwrap(), "a ] b\\ c");
    let game = sgf::replay(&tree, usize::MAX).unwrap();
    assert_eq!(game.board().stones(Color::Black), 8);
    assert_eq!(game.moves().len(), 2);
    assert_eq!(sgf::parse(sgf::write(&tree).as_bytes()).unwrap().nodes.len(), 4);

    let latin = b"(;CA[ISO-8859-1]PB[M\xfcller])";
    assert_eq!(sgf::parse(latin).unwrap().nodes[0].text("PB").unwrap(), "Müller");
    let unnamed = b"(;PB[M\xfcller])";
    assert_eq!(sgf::parse(unnamed).unwrap().nodes[0].text("PB").unwrap(), "Müller");
    let utf8 = "(;CA[UTF-8]PB[이창호])";
    assert_eq!(sgf::parse(utf8.as_bytes()).unwrap().nodes[0].text("PB").unwrap(), "이창호");
    assert!(matches!(sgf::parse(b"(;CA[Big5]PB[\xa4\xfc])"), Err(GoError::Charset { .. })));
}

#[test]
fn what_is_malformed_is_named_with_its_place() {
    assert_eq!(offset(""), 0);
    assert_eq!(offset("(;B[aa]"), 0);
    assert_eq!(offset("(;B[aa]("), 7);
    assert_eq!(offset("(;B[aa"), 3);
    assert_eq!(offset("(;B[aa\\"), 3);
    assert_eq!(offset("(;B[aa]())"), 8);
    assert_eq!(offset("(;B[aa]%)"), 7);
    assert_eq!(offset("(;B)"), 3);
    let replay = |text: &str| sgf::replay(&sgf::parse(text.as_bytes()).unwrap(), 99);
    assert!(matches!(replay("(;SZ[9];B[zz])"), Err(GoError::Sgf { offset: 8, .. })));
    assert!(matches!(replay("(;SZ[99])"), Err(GoError::Size { size: 99 })));
    assert!(matches!(replay("(;SZ[x])"), Err(GoError::Sgf { offset: 2, .. })));
    assert!(matches!(replay("(;SZ[9];B[aa];W[aa])"), Err(GoError::Illegal { number: 2, .. })));
}

#[test]
fn a_hundred_thousand_nested_variations_need_no_stack() {
    let deep = "(;B[aa]".repeat(100_000) + &")".repeat(100_000);
    let tree = sgf::parse(deep.as_bytes()).unwrap();
    assert_eq!(tree.nodes.len(), 100_000);
    assert_eq!(tree.main_line().len(), 100_000);
    let again = sgf::parse(sgf::write(&tree).as_bytes()).unwrap();
    assert_eq!(again.main_line().len(), 100_000);
    assert_eq!(offset(&"(;".repeat(100_000)), 199_998);
    let wide = "(;".to_owned() + &"(;B[aa](;W[bb])(;W[cc]))".repeat(50_000) + ")";
    let tree = sgf::parse(wide.as_bytes()).unwrap();
    assert_eq!(sgf::write(&tree).trim_end(), wide);
}

/// Everything but the offsets.
fn same(a: &Tree, b: &Tree) -> bool {
    let plain = |tree: &Tree| {
        let mut tree = tree.clone();
        for property in tree.nodes.iter_mut().flat_map(|node| &mut node.properties) {
            property.offset = 0;
        }
        tree
    };
    plain(a) == plain(b)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn games_go_there_and_back(size in 2_usize..=25, seed: u64, comment: String) {
        let mut random = Random::new(seed);
        let game = random_game(size, random.below(120), &mut random);
        let mut tree = sgf::of_game(&game);
        tree.nodes[0].properties.push(sgf::Property {
            name: "C".to_owned(),
            values: vec![sgf::escaped(&comment)],
            offset: 0,
        });
        let text = sgf::write(&tree);
        let read = sgf::parse(text.as_bytes()).unwrap();
        prop_assert!(same(&tree, &read));
        let again = sgf::replay(&read, usize::MAX).unwrap();
        prop_assert_eq!(game.board(), again.board());
        prop_assert_eq!(game.moves(), again.moves());
        let shown: String = comment.replace(['\t', '\x0b'], " ");
        prop_assert_eq!(read.nodes[0].text("C").unwrap(), shown);
    }

    #[test]
    fn garbage_never_panics(bytes: Vec<u8>, text in "[(;)\\[\\]BWACSZ:a-c\\\\]{0,60}") {
        let _ = sgf::parse(&bytes);
        if let Ok(tree) = sgf::parse(text.as_bytes()) {
            let _ = sgf::replay(&tree, 99);
            prop_assert!(same(&tree, &sgf::parse(sgf::write(&tree).as_bytes()).unwrap()));
        }
        let _ = sgf::parse_line(&text);
    }
}

#[test]
fn professional_games_are_replayed_without_an_illegal_move() {
    let Some(data) = data() else { return };
    let mut games = 0;
    for name in ["tygem_dev_2000.txt", "tygem_devtest_300.txt"] {
        let text = std::fs::read_to_string(data.join("data/go").join(name)).unwrap();
        for line in text.lines() {
            let line = sgf::parse_line(line).unwrap();
            let mut game = Game::new(19).unwrap();
            game.ko = Ko::Simple;
            for (color, point) in line.moves {
                game.play(point, color).unwrap_or_else(|error| panic!("{}: {error}", line.id));
            }
            assert_eq!(game.board().hash(), game.board().hash_anew());
            games += 1;
        }
    }
    assert_eq!(games, 2300);
}

#[test]
fn a_line_of_something_else_is_named() {
    assert!(sgf::parse_line("302855391").is_err());
    assert!(sgf::parse_line("1\t;X[pd]").is_err());
    assert!(sgf::parse_line("1\t;B[pd").is_err());
    assert!(matches!(sgf::parse_line("1\t;B[pd];Wé"), Err(GoError::Sgf { offset: 9, .. })));
    let line = sgf::parse_line("1\t;B[pd];W[]\n").unwrap();
    assert_eq!(line.moves[1], (Color::White, Point::PASS));
}
