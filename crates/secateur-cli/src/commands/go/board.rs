//! Boards as figures and as text.

use secateur::core::figure::Figure;
use secateur::core::record::Named;
use secateur::go::board::{Board, Color, Game, Point};
use secateur::go::potential::slopes;
use secateur::go::search::Candidate;

use super::moves::Moves;

/// Moves of a search that get a number on the board.
const NUMBERED: usize = 5;

/// The stones of a position, the last one marked.
fn stones(game: &Game) -> Vec<String> {
    let board = game.board();
    let last = game.last().map(|(_, point)| point);
    let cell = |point: Point| {
        let mark = if last == Some(point) { "*" } else { "" };
        match board.at(point) {
            Some(Color::Black) => format!("X{mark}"),
            Some(Color::White) => format!("O{mark}"),
            None => ".".to_owned(),
        }
    };
    board.points().map(cell).collect()
}

fn pairs(legend: &[(&str, &str)]) -> Vec<[String; 2]> {
    legend.iter().map(|(key, words)| [(*key).to_owned(), (*words).to_owned()]).collect()
}

/// Potential as colors and its gradient as arrows.
pub(super) fn field(game: &Game, found: &Moves) -> Named {
    let arrows = slopes(&found.maps.potential);
    let figure = Figure::Grid {
        columns: game.board().size(),
        cells: stones(game),
        field: found.maps.potential.clone(),
        arrows,
        legend: pairs(&[
            (">0", "potential of black"),
            ("<0", "of white"),
            ("->", "gradient"),
            (last(game), "last move"),
        ]),
    };
    Named {
        title: "Potential and gradient".to_owned(),
        caption: "Each stone is a charge, black above zero and white below; arrows point to where \
                  the potential rises, longer where it is steeper. Colors and arrows go by the \
                  square root."
            .to_owned(),
        figure,
    }
}

fn last(game: &Game) -> &'static str {
    match game.last() {
        Some((Color::White, _)) => "O*",
        Some((Color::Black, _)) | None => "X*",
    }
}

/// Kept and cut moves, and the best ones of a search.
pub(super) fn kept(game: &Game, found: &Moves, best: &[Candidate]) -> Named {
    let figure = Figure::Grid {
        columns: game.board().size(),
        cells: marked(game, found, best),
        field: Vec::new(),
        arrows: Vec::new(),
        legend: legend(game, best, &[]),
    };
    Named {
        title: "Kept and cut moves".to_owned(),
        caption: format!(
            "{} of {} legal moves of {} are cut ({:.1} %).",
            found.cut(),
            found.legal.len(),
            found.color,
            found.share_cut() * 100.0
        ),
        figure,
    }
}

/// All of it in one picture.
pub(super) fn whole(game: &Game, found: &Moves, best: &[Candidate]) -> Figure {
    let fields = [(">0", "potential of black"), ("<0", "of white"), ("->", "gradient")];
    Figure::Grid {
        columns: game.board().size(),
        cells: marked(game, found, best),
        field: found.maps.potential.clone(),
        arrows: slopes(&found.maps.potential),
        legend: legend(game, best, &fields),
    }
}

fn legend(game: &Game, best: &[Candidate], more: &[(&str, &str)]) -> Vec<[String; 2]> {
    let mut entries = vec![(last(game), "last move"), ("+", "kept"), ("-", "cut")];
    if !best.is_empty() {
        entries.push(("1", "best moves"));
    }
    entries.extend(more);
    pairs(&entries)
}

fn marked(game: &Game, found: &Moves, best: &[Candidate]) -> Vec<String> {
    let size = game.board().size();
    let mut cells = stones(game);
    for one in &found.legal {
        if let Some(at) = one.point.number(size) {
            (if one.kept { "+" } else { "-" }).clone_into(&mut cells[at]);
        }
    }
    for (rank, candidate) in best.iter().take(NUMBERED).enumerate() {
        if let Some(at) = candidate.point.number(size) {
            cells[at] = (rank + 1).to_string();
        }
    }
    cells
}

/// Rows for a terminal: X and O stones, `+` kept, `-` cut, `)` behind the last move.
pub(super) fn rows(game: &Game, found: &Moves, best: &[Candidate]) -> Vec<String> {
    let size = game.board().size();
    let letter = |column| {
        let name = Point::new(size, column, 0).vertex(size);
        format!(" {}", &name[..1])
    };
    let letters: Vec<String> = (0..size).map(letter).collect();
    let letters = letters.concat();
    let cells = marked(game, found, best);
    let row = |(row, cells): (usize, &[String])| {
        let shown: String = cells
            .iter()
            .map(|cell| match cell.split_at(1) {
                (stone, "*") => format!("({stone}"),
                _ => format!(" {cell}"),
            })
            .collect();
        format!("{:3}{shown}", size - row)
    };
    let mut rows = vec![format!("   {letters}")];
    rows.extend(cells.chunks(size).enumerate().map(row));
    rows
}

/// Stones of a position, for a title.
pub(super) fn count(board: &Board) -> usize {
    Color::BOTH.into_iter().map(|color| board.stones(color)).sum()
}
