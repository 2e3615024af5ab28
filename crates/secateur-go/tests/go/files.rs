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
}

fn encoding(name: &str) -> &'static encoding_rs::Encoding {
    let name = if name == "cp932" { "Shift_JIS" } else { name };
    encoding_rs::Encoding::for_label(name.as_bytes()).unwrap()
}

/// A root that names a charset, or none, around a player in it.
fn coded(declared: &str, encoding: &'static encoding_rs::Encoding, player: &str) -> Vec<u8> {
    let (player, _, unmappable) = encoding.encode(player);
    assert!(!unmappable);
    [b"(;GM[1]SZ[9]", declared.as_bytes(), b"PB[", &player[..], b"]PW[x];B[ee])"].concat()
}

/// Names whose characters end in bytes that are a backslash or a bracket in ASCII.
const PLAYERS: [(&str, &str); 12] = [
    ("Shift_JIS", "趙治勲 ソゾ構"),
    ("cp932", "井山裕太 十段"),
    ("EUC-JP", "高尾紳路 名人"),
    ("ISO-2022-JP", "依田紀基 碁聖"),
    ("GB2312", "聂卫平 常昊"),
    ("GBK", "馬曉春 誠"),
    ("GB18030", "古力九段 臇"),
    ("Big5", "周俊勳 功許蓋"),
    ("EUC-KR", "이창호 조훈현"),
    ("windows-1251", "Иван Детков"),
    ("KOI8-R", "Александр"),
    ("ISO-8859-2", "Łukasz Žák"),
];

#[test]
fn every_charset_is_read_and_written_as_utf8() {
    for (name, player) in PLAYERS {
        let file = coded(&format!("CA[{name}]"), encoding(name), player);
        let tree = sgf::parse(&file).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(tree.nodes[0].text("PB").unwrap(), player, "{name}");
        assert_eq!(tree.nodes.len(), 2, "{name}");
        assert_eq!(tree.nodes[1].properties[0].offset, file.len() - 6, "{name}");
        let again = sgf::parse(sgf::write(&tree).as_bytes()).unwrap();
        assert_eq!(again.nodes[0].text("CA").unwrap(), "UTF-8");
        assert_eq!(again.nodes[0].text("PB").unwrap(), player, "{name}");
    }
    assert!(matches!(sgf::parse(b"(;CA[EBCDIC]PB[\xa4\xfc])"), Err(GoError::Charset { .. })));
    assert!(sgf::parse(b"(;CA[EBCDIC]PB[ab])").is_ok());
    let utf16 = b"\xff\xfe(\0;\0)\0";
    assert!(matches!(sgf::parse(utf16), Err(GoError::Charset { offset: 0, .. })));
}

#[test]
fn a_charset_that_is_not_named_is_guessed() {
    for (name, text) in [
        ("Shift_JIS", "EV[第45期棋聖戦]PC[東京]PB[井山裕太]PW[河野臨]RE[白中押し勝ち]"),
        ("EUC-JP", "PB[趙治勲]PW[小林光一]"),
        ("ISO-2022-JP", "PB[羽根直樹]PW[山下敬吾]"),
        ("GBK", "EV[第9届中国围棋棋王战]PB[聂卫平]PW[马晓春]RE[黑中盘胜]"),
        ("GBK", "PB[古力]PW[常昊]"),
        ("Big5", "PB[許功蓋]PW[林海峰]"),
        ("EUC-KR", "PB[이창호]PW[조훈현]"),
        ("windows-1252", "PB[Jörg Müller]PW[André]"),
        ("windows-1251", "C[Это хорошая партия]PB[Иван]"),
    ] {
        let encoding = encoding_rs::Encoding::for_label(name.as_bytes()).unwrap();
        let expected = sgf::parse(format!("(;{text})").as_bytes()).unwrap();
        // Some programs say UTF-8 whatever they write.
        for declared in ["", "CA[UTF-8]"] {
            let whole = format!("(;GM[1]FF[4]{declared}SZ[19]{text};B[qd];W[dc];B[cp];W[pq])");
            let tree = sgf::parse(&encoding.encode(&whole).0).unwrap();
            for property in &expected.nodes[0].properties {
                assert_eq!(tree.nodes[0].values(&property.name), property.values, "{name}");
            }
            assert_eq!(tree.nodes.len(), 5);
        }
    }
    // Too short to tell, and a bracket of each name hides in a character.
    for (name, player) in PLAYERS {
        let file = coded("", encoding(name), player);
        assert_eq!(sgf::parse(&file).map(|tree| tree.nodes.len()), Ok(2), "{name}");
    }
    let more = "(;CA[us-ascii]PB[이창호])";
    assert_eq!(sgf::parse(more.as_bytes()).unwrap().nodes[0].text("PB").unwrap(), "이창호");
    let damaged = b"(;CA[UTF-8]PB[M\xc3\xbcller \xff])";
    assert_eq!(sgf::parse(damaged).unwrap().nodes[0].text("PB").unwrap(), "Müller \u{fffd}");
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
