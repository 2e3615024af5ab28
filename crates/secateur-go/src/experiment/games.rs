//! Games of a file.

use crate::board::{Game, Ko};
use crate::error::GoError;
use crate::sgf::{self, BYTES_MAX, Line, Tree};

/// The games of a file: SGF, of which the main line of each game is taken, or lines of games on
/// boards of 19. The offset of an error counts from the beginning of the file.
///
/// # Errors
/// [`GoError`] for a file that is neither, and for a game that is illegal under simple ko.
pub fn read_games(bytes: &[u8]) -> Result<Vec<Game>, GoError> {
    if bytes.len() > BYTES_MAX {
        return Err(GoError::TooLarge { bytes: bytes.len(), most: BYTES_MAX });
    }
    let Some(text) = std::str::from_utf8(bytes).ok().filter(|text| has_lines(text)) else {
        let tree = sgf::parse(bytes)?;
        return games(&tree).iter().map(|game| sgf::replay(game, usize::MAX)).collect();
    };
    let mut found = Vec::new();
    let mut begin = 0;
    for line in text.split_inclusive('\n') {
        if !line.trim().is_empty() {
            let line = sgf::parse_line(line).map_err(|error| match error {
                GoError::Sgf { offset, what } => GoError::Sgf { offset: begin + offset, what },
                error => error,
            });
            found.push(game_of_line(&line?)?);
        }
        begin += line.len();
    }
    Ok(found)
}

/// A game of one line on a board of 19, under simple ko.
///
/// # Errors
/// [`GoError::Illegal`].
pub fn game_of_line(line: &Line) -> Result<Game, GoError> {
    let mut game = Game::new(19)?;
    game.ko = Ko::Simple;
    for (color, point) in &line.moves {
        game.play(*point, *color)?;
    }
    Ok(game)
}

/// Whether a file begins with a line of a game: a tab after the first word, and then a move.
fn has_lines(text: &str) -> bool {
    let first = text.lines().find(|line| !line.trim().is_empty());
    first.and_then(|line| line.split_once('\t')).is_some_and(|(_, moves)| moves.starts_with(';'))
}

/// Each game of a collection as a tree of its own; a game's nodes lie side by side.
fn games(tree: &Tree) -> Vec<Tree> {
    let mut begins: Vec<usize> = tree.roots().collect();
    begins.push(tree.nodes.len());
    let part = |range: &[usize]| {
        let mut nodes = tree.nodes[range[0]..range[1]].to_vec();
        for node in &mut nodes {
            node.parent = node.parent.map(|parent| parent - range[0]);
        }
        Tree { nodes }
    };
    begins.windows(2).map(part).collect()
}
