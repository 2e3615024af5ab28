//! A board: lines that cross, and what stands on the crossings.

use super::{Drawn, NARROW, Table, count};
use crate::frame::SIZE;
use crate::svg::Svg;
use crate::text::{clip, name, width};

/// Most crossings per side that are drawn.
const SIDE_MAX: usize = 52;
/// Names of columns; the letter I is left out, as on game boards.
const LETTERS: &[u8] = b"ABCDEFGHJKLMNOPQRSTUVWXYZ";

/// How a cell's text is drawn.
enum Stone {
    /// Nothing.
    Empty,
    /// A dot on the crossing.
    Point,
    Dark,
    Light,
    /// The text itself.
    Text(String),
}

/// `X` and `●` are a dark stone, `O` and `○` a light one, `+` a marked crossing, `.` an empty
/// one; any other text is written out.
fn stone(cell: &str) -> Stone {
    match cell {
        "" | "." | " " => Stone::Empty,
        "+" => Stone::Point,
        "X" | "●" => Stone::Dark,
        "O" | "○" => Stone::Light,
        other => Stone::Text(clip(&name(other), 4)),
    }
}

pub(super) fn grid(title: &str, columns: usize, cells: &[String]) -> Drawn {
    if cells.is_empty() {
        return Drawn::nothing("The board is empty.");
    }
    let rows = cells.len() / columns;
    let (across, down) = (columns.min(SIDE_MAX), rows.min(SIDE_MAX));
    let cell = (400.0 / across.max(down) as f64).min(36.0);
    let (left, top) = (30.0 + cell / 2.0, 8.0 + cell / 2.0);
    let at = |row: usize, column: usize| [left + cell * column as f64, top + cell * row as f64];
    let mut svg = Svg::new(NARROW, top + cell * down as f64 + 18.0);
    for row in 0..down {
        svg.line(at(row, 0), at(row, across - 1), "board");
    }
    for column in 0..across {
        svg.line(at(0, column), at(down - 1, column), "board");
    }
    names(&mut svg, [rows, columns], [down, across], cell, &at);
    for row in 0..down {
        for column in 0..across {
            draw(&mut svg, at(row, column), cell, stone(&cells[row * columns + column]));
        }
    }
    let note = (across < columns || down < rows)
        .then(|| format!("The first {down} of {rows} rows and {across} of {columns} columns."));
    let alternative = alternative(title, [rows, columns], cells);
    Drawn::svg(svg.finish(&alternative), false).with(data([rows, columns], cells)).noting(note)
}

fn names(
    svg: &mut Svg,
    [rows, columns]: [usize; 2],
    [down, across]: [usize; 2],
    cell: f64,
    at: &dyn Fn(usize, usize) -> [f64; 2],
) {
    let every = (14.0 / cell).ceil().max(1.0) as usize;
    for row in (0..down).step_by(every) {
        let [x, y] = at(row, 0);
        svg.text(x - cell / 2.0 - 6.0, y + 4.0, "e", &(rows - row).to_string());
    }
    for column in (0..across).step_by(every) {
        let [x, y] = at(down - 1, column);
        svg.text(x, y + cell / 2.0 + 16.0, "m", &letter(column, columns));
    }
}

fn letter(column: usize, columns: usize) -> String {
    match LETTERS.get(column) {
        Some(letter) if columns <= LETTERS.len() => (*letter as char).to_string(),
        _ => (column + 1).to_string(),
    }
}

fn draw(svg: &mut Svg, [x, y]: [f64; 2], cell: f64, stone: Stone) {
    match stone {
        Stone::Empty => {}
        Stone::Point => svg.circle([x, y], (cell * 0.1).max(1.5), "point"),
        Stone::Dark => svg.circle([x, y], cell * 0.46, "dark"),
        Stone::Light => svg.circle([x, y], cell * 0.46, "light"),
        Stone::Text(text) => {
            let wide = width(&text, SIZE) + 4.0;
            svg.rect([x - wide / 2.0, y - 8.0], [wide, 16.0], "paper", "");
            svg.text(x, y + 4.0, "m label", &text);
        }
    }
}

fn alternative(title: &str, [rows, columns]: [usize; 2], cells: &[String]) -> String {
    let number = |wanted: fn(&Stone) -> bool| cells.iter().filter(|c| wanted(&stone(c))).count();
    let dark = number(|s| matches!(s, Stone::Dark));
    let light = number(|s| matches!(s, Stone::Light));
    let text = number(|s| matches!(s, Stone::Text(_)));
    format!(
        "{title}. Board of {rows} rows by {columns} columns: {}, {}, {}.",
        count(dark, "dark stone"),
        count(light, "light stone"),
        count(text, "marked crossing")
    )
}

fn data([rows, columns]: [usize; 2], cells: &[String]) -> Option<Table> {
    let heads: Vec<String> = (0..columns).map(|c| letter(c, columns)).collect();
    let mut refs = vec![""];
    refs.extend(heads.iter().map(String::as_str));
    let row = |r: usize| {
        let cells = cells[r * columns..][..columns].iter().map(|c| name(c));
        std::iter::once((rows - r).to_string()).chain(cells).collect()
    };
    Table::small(&refs, rows, || (0..rows).map(row).collect())
}
