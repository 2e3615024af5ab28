//! Positions of games in files.

use std::path::Path;

use secateur::core::record::Input;
use secateur::core::{Kind, RunError};
use secateur::go::GoError;
use secateur::go::board::{Color, Game, Point};
use secateur::go::experiment::game_of_line;
use secateur::go::sgf::{self, Line, Tree};
use secateur::store::{FileHash, hash_file};

use crate::commands::pages::store;
use crate::out;

/// A position of a game, and what the file says of the game.
pub(super) struct Position {
    pub(super) game: Game,
    /// Number of the game, from 1, and how many there are in the file.
    pub(super) number: usize,
    pub(super) games: usize,
    /// Moves before the position, and moves of the game.
    pub(super) after: usize,
    pub(super) moves: usize,
    /// The move that the game went on with.
    pub(super) next: Option<(Color, Point)>,
    /// Names of the players and the result, as far as they are told.
    pub(super) title: String,
    pub(super) input: Input,
}

fn at(path: &Path) -> impl Fn(GoError) -> RunError + '_ {
    move |error| RunError::from(error).at(path)
}

/// A file that was read, with its hash.
pub(super) fn input(path: &Path) -> Result<Input, RunError> {
    let FileHash { bytes, blake3, .. } = hash_file(path).map_err(|error| store(&error))?;
    Ok(Input { role: "game".to_owned(), name: path.display().to_string(), bytes, blake3 })
}

/// The bytes of a file of games.
pub(super) fn bytes(path: &Path) -> Result<Vec<u8>, RunError> {
    let unreadable = |what: String| {
        let hint = "a game is a file: SGF, or lines of moves";
        RunError::new(Kind::Input, "SEC-CL-008", what).at(path).hint(hint)
    };
    let failed = |error| unreadable(format!("the file cannot be read: {error}"));
    let data = std::fs::metadata(path).map_err(failed)?;
    if !data.is_file() {
        return Err(unreadable("this is no file".to_owned()));
    }
    if data.len() > sgf::BYTES_MAX as u64 {
        let error = GoError::TooLarge { bytes: data.len() as usize, most: sgf::BYTES_MAX };
        return Err(at(path)(error));
    }
    std::fs::read(path).map_err(failed)
}

/// The position after so many moves of a game of a file; after all without a number.
pub(super) fn read(path: &Path, number: usize, after: Option<usize>) -> Result<Position, RunError> {
    let bytes = bytes(path)?;
    let input = input(path)?;
    if let Some(lines) = lines(&bytes) {
        return of_lines(path, &lines, number, after, input);
    }
    let tree = sgf::parse(&bytes).map_err(at(path))?;
    let roots: Vec<usize> = tree.roots().collect();
    let first = *roots.get(number - 1).ok_or_else(|| no_game(path, number, roots.len()))?;
    let end = roots.get(number).copied().unwrap_or(tree.nodes.len());
    let tree = one_game(tree, first, end);
    let is_move =
        |node: &usize| ["B", "W"].iter().any(|name| !tree.nodes[*node].values(name).is_empty());
    let moves = tree.main_line().iter().filter(|node| is_move(node)).count();
    let after = within(path, after, moves)?;
    let game = sgf::replay(&tree, after).map_err(at(path))?;
    // What comes behind the position need not be legal.
    let next = (after < moves)
        .then(|| sgf::replay(&tree, after + 1).ok().and_then(|game| game.last()))
        .flatten();
    let title = title(&tree);
    Ok(Position { game, number, games: roots.len(), after, moves, next, title, input })
}

fn no_game(path: &Path, number: usize, games: usize) -> RunError {
    let message = format!("there is no game {number}; the file has {games}");
    RunError::new(Kind::Usage, "SEC-GO-007", message).at(path).hint("games are counted from 1")
}

fn within(path: &Path, after: Option<usize>, moves: usize) -> Result<usize, RunError> {
    match after {
        Some(after) if after > moves => {
            let message = format!("there is no position after move {after}; the game has {moves}");
            let hint = "without --move the last position is taken";
            Err(RunError::new(Kind::Usage, "SEC-GO-007", message).at(path).hint(hint))
        }
        after => Ok(after.unwrap_or(moves)),
    }
}

/// The nodes of one game.
fn one_game(tree: Tree, first: usize, end: usize) -> Tree {
    let mut nodes: Vec<sgf::Node> = tree.nodes.into_iter().take(end).skip(first).collect();
    for node in &mut nodes {
        node.parent = node.parent.map(|parent| parent - first);
    }
    Tree { nodes }
}

/// Players and result.
fn title(tree: &Tree) -> String {
    let root = tree.nodes.first();
    let told = |name: &str| root.and_then(|node| node.text(name)).filter(|text| !text.is_empty());
    let short = |text: String| text.chars().take(60).collect::<String>().replace('\n', " ");
    let players = match (told("PB").map(short), told("PW").map(short)) {
        (None, None) => None,
        (black, white) => {
            let named = |name: Option<String>| name.unwrap_or_else(|| "?".to_owned());
            Some(format!("{} (black), {} (white)", named(black), named(white)))
        }
    };
    let parts: Vec<String> = players.into_iter().chain(told("RE").map(short)).collect();
    out::clean(&parts.join(", "))
}

/// The lines of a file that is no SGF and has a tab in its first line.
fn lines(bytes: &[u8]) -> Option<Vec<&str>> {
    let text = std::str::from_utf8(bytes).ok()?;
    let first = text.lines().find(|line| !line.trim().is_empty())?;
    let is_sgf = first.trim_start().starts_with('(');
    (!is_sgf && first.contains('\t'))
        .then(|| text.lines().filter(|line| !line.trim().is_empty()).collect())
}

fn of_lines(
    path: &Path,
    lines: &[&str],
    number: usize,
    after: Option<usize>,
    input: Input,
) -> Result<Position, RunError> {
    let line = lines.get(number - 1).ok_or_else(|| no_game(path, number, lines.len()))?;
    let line = sgf::parse_line(line).map_err(at(path))?;
    let after = within(path, after, line.moves.len())?;
    let before = Line { id: String::new(), moves: line.moves[..after].to_vec() };
    let mut game = game_of_line(&before).map_err(at(path))?;
    if let Some((color, _)) = line.moves.get(after) {
        game.turn(*color);
    }
    Ok(Position {
        game,
        number,
        games: lines.len(),
        after,
        moves: line.moves.len(),
        next: line.moves.get(after).copied(),
        title: out::clean(&line.id.chars().take(60).collect::<String>()),
        input,
    })
}
