//! The doors of Go: lines of the protocol, and files of games.

use std::time::Duration;

use secateur_go::gtp::Engine;
use secateur_go::playout::Policy;
use secateur_go::search::Settings;
use secateur_go::sgf;

/// Lines that are answered; each may be a search.
const LINES_MAX: usize = 24;
/// Side of the largest board on which games are played to their end.
const SIDE_MAX: usize = 7;

/// Lines of the Go Text Protocol. Whatever they hold, each answer is one of the protocol's, and
/// the engine goes on.
pub fn gtp(bytes: &[u8]) {
    let settings = Settings {
        playouts: Some(8),
        time: Some(Duration::from_millis(50)),
        policy: Policy::Light,
        nodes_max: 10_000,
        ..Settings::default()
    };
    let mut engine = Engine::new(settings).expect("settings of a door");
    for line in bytes.split(|byte| *byte == b'\n').take(LINES_MAX) {
        let text = String::from_utf8_lossy(line);
        let is_long = ["score", "status", "genmove", "analyze"].iter().any(|w| text.contains(w));
        // What files hold is the matter of the other door.
        if text.contains("loadsgf") || (is_long && engine.game().board().size() > SIDE_MAX) {
            continue;
        }
        let Some(answer) = engine.answer(line) else { continue };
        assert!(answer.starts_with(['=', '?']) && answer.ends_with("\n\n"), "{answer:?}");
        let inside = &answer[..answer.len() - 2];
        assert!(!inside.contains("\n\n"), "an empty line ends an answer: {answer:?}");
    }
    assert_eq!(engine.answer(b"7 name").as_deref(), Some("=7 secateur\n\n"));
}

/// A file of games: as a tree, as it is written, on a board; and as lines.
pub fn sgf(bytes: &[u8]) {
    if let Ok(tree) = sgf::parse(bytes) {
        assert!(tree.nodes.len() <= bytes.len(), "nodes come from the file");
        let again = sgf::parse(sgf::write(&tree).as_bytes());
        let again = again.expect("what was written can be read");
        assert_eq!(again.nodes.len(), tree.nodes.len());
        if let Ok(game) = sgf::replay(&tree, 400) {
            let own = sgf::write(&sgf::of_game(&game));
            let own = sgf::parse(own.as_bytes()).expect("a game can be read");
            let replayed = sgf::replay(&own, usize::MAX).expect("and replayed");
            assert_eq!(replayed.board(), game.board());
        }
    }
    let text = String::from_utf8_lossy(bytes);
    for line in text.lines().take(100) {
        if let Ok(line) = sgf::parse_line(line) {
            assert!(line.moves.len() <= bytes.len());
        }
    }
}
