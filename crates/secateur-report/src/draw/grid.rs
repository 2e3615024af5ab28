//! A board: lines that cross, what stands on the crossings, and a field behind them.

use std::fmt::Write;

use super::{Drawn, NARROW, Table, count};
use crate::frame::SIZE;
use crate::png::{SHADES, shade};
use crate::svg::{Svg, px};
use crate::text::{clip, fit, name, width};

/// Most crossings per side that are drawn.
const SIDE_MAX: usize = 52;
/// Names of columns; the letter I is left out, as on game boards.
const LETTERS: &[u8] = b"ABCDEFGHJKLMNOPQRSTUVWXYZ";
/// Most entries of a legend.
const LEGEND_MAX: usize = 12;
/// Height of a row of the legend.
const LEGEND_ROW: f64 = 20.0;

/// What is drawn.
pub(super) struct Board<'a> {
    pub(super) columns: usize,
    pub(super) cells: &'a [String],
    pub(super) field: &'a [f32],
    pub(super) arrows: &'a [[f32; 2]],
    pub(super) legend: &'a [[String; 2]],
}

/// How a cell's text is drawn.
enum Stone {
    /// Nothing.
    Empty,
    /// A dot on the crossing.
    Point,
    /// A cross on the crossing.
    Cross,
    /// A stone, and whether it has a mark.
    Dark(bool),
    Light(bool),
    /// The text itself.
    Text(String),
}

/// `X` and `●` are a dark stone, `O` and `○` a light one, with `*` behind it a marked one; `+` is
/// a marked crossing, `-` a crossed-out one, `.` an empty one; any other text is written out.
fn stone(cell: &str) -> Stone {
    match cell {
        "" | "." | " " => Stone::Empty,
        "+" => Stone::Point,
        "-" => Stone::Cross,
        "X" | "●" => Stone::Dark(false),
        "O" | "○" => Stone::Light(false),
        "X*" | "●*" => Stone::Dark(true),
        "O*" | "○*" => Stone::Light(true),
        other => Stone::Text(clip(&name(other), 4)),
    }
}

pub(super) fn grid(title: &str, board: &Board<'_>) -> Drawn {
    let Board { columns, cells, .. } = *board;
    if cells.is_empty() {
        return Drawn::nothing("The board is empty.");
    }
    let rows = cells.len() / columns;
    let (across, down) = (columns.min(SIDE_MAX), rows.min(SIDE_MAX));
    let cell = (400.0 / across.max(down) as f64).min(36.0);
    let (left, top) = (30.0 + cell / 2.0, 8.0 + cell / 2.0);
    let at = |row: usize, column: usize| [left + cell * column as f64, top + cell * row as f64];
    let bottom = top + cell * down as f64 + 18.0;
    let mut svg = Svg::new(NARROW, bottom);
    let places = || (0..down).flat_map(|row| (0..across).map(move |column| (row, column)));
    let strongest = board.field.iter().fold(0.0_f32, |most, value| most.max(value.abs()));
    for (row, column) in places().filter(|_| strongest > 0.0) {
        let value = board.field[row * columns + column];
        patch(&mut svg, at(row, column), cell, f64::from(value), f64::from(strongest));
    }
    for row in 0..down {
        svg.line(at(row, 0), at(row, across - 1), "board");
    }
    for column in 0..across {
        svg.line(at(0, column), at(down - 1, column), "board");
    }
    names(&mut svg, [rows, columns], [down, across], cell, &at);
    let steepest = board.arrows.iter().fold(0.0_f32, |most, [x, y]| most.max(x.hypot(*y)));
    for (row, column) in places().filter(|_| steepest > 0.0) {
        let slope = board.arrows[row * columns + column];
        if !matches!(stone(&cells[row * columns + column]), Stone::Dark(_) | Stone::Light(_)) {
            let is_out = (row == 0 && slope[1] < 0.0)
                || (row + 1 == down && slope[1] > 0.0)
                || (column == 0 && slope[0] < 0.0)
                || (column + 1 == across && slope[0] > 0.0);
            let share = f64::from(slope[0].hypot(slope[1]) / steepest).sqrt();
            // Arrows stay on the board.
            let long = (share * 0.8).min(if is_out { 0.5 } else { 0.8 }) * cell;
            arrow(&mut svg, at(row, column), slope.map(f64::from), long);
        }
    }
    for (row, column) in places() {
        draw(&mut svg, at(row, column), cell, stone(&cells[row * columns + column]));
    }
    let height = legend(&mut svg, board.legend, bottom + 6.0);
    svg.height(height);
    let note = (across < columns || down < rows)
        .then(|| format!("The first {down} of {rows} rows and {across} of {columns} columns."));
    let alternative = alternative(title, [rows, columns], cells);
    Drawn::svg(svg.finish(&alternative), false).with(data([rows, columns], cells)).noting(note)
}

/// The square behind a crossing; one color above zero, another below.
fn patch(svg: &mut Svg, [x, y]: [f64; 2], cell: f64, value: f64, strongest: f64) {
    // Fields fall off so fast that in proportion most of the board would be blank.
    let share = (value.abs() / strongest).sqrt();
    let most = 0.75 * (SHADES - 1) as f64;
    let shade = shade(share * most, 0.0, (SHADES - 1) as f64);
    if shade > 0 {
        let class =
            if value > 0.0 { format!("heat h{shade}") } else { format!("heat h{shade} cold") };
        svg.rect([x - cell / 2.0, y - cell / 2.0], [cell, cell], &class, "");
    }
}

/// An arrow of a length in a direction.
fn arrow(svg: &mut Svg, [x, y]: [f64; 2], [right, down]: [f64; 2], long: f64) {
    let slope = right.hypot(down);
    if long < 2.5 {
        return;
    }
    let [u, v] = [right / slope, down / slope];
    let [tip_x, tip_y] = [x + u * long, y + v * long];
    let head = (long * 0.4).min(4.0);
    let wing = |side: f64| [tip_x - head * (u - side * v), tip_y - head * (v + side * u)].map(px);
    let ([a, b], [c, d]) = (wing(0.6), wing(-0.6));
    let [x, y, tip_x, tip_y] = [x, y, tip_x, tip_y].map(px);
    let path = format!("M{x} {y}L{tip_x} {tip_y}M{a} {b}L{tip_x} {tip_y}L{c} {d}");
    svg.path(&path, "slope", "");
}

/// What things mean, below the board; gives where it ends.
fn legend(svg: &mut Svg, entries: &[[String; 2]], top: f64) -> f64 {
    let (mut x, mut y) = (30.0, top);
    for [key, words] in entries.iter().take(LEGEND_MAX) {
        let words = fit(&name(words), SIZE, NARROW - 60.0);
        let wide = width(&words, SIZE) + 38.0;
        if x > 30.0 && x + wide > NARROW {
            (x, y) = (30.0, y + LEGEND_ROW);
        }
        let middle = [x + 8.0, y + 8.0];
        match key.as_str() {
            ">0" => patch(svg, middle, 14.0, 1.0, 1.0),
            "<0" => patch(svg, middle, 14.0, -1.0, 1.0),
            "->" => arrow(svg, [x + 2.0, y + 8.0], [1.0, 0.0], 12.0),
            cell => draw(svg, middle, 17.0, stone(cell)),
        }
        svg.text(x + 21.0, y + 12.0, "label", &words);
        x += wide;
    }
    if entries.is_empty() { top - 6.0 } else { y + LEGEND_ROW }
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
    let disc = |svg: &mut Svg, class: &str, is_marked: bool| {
        svg.circle([x, y], cell * 0.46, class);
        if is_marked {
            svg.circle([x, y], cell * 0.24, "mark");
        }
    };
    match stone {
        Stone::Empty => {}
        Stone::Point => svg.circle([x, y], (cell * 0.1).max(1.5), "point"),
        Stone::Cross => {
            let arm = cell * 0.24;
            let [left, right, top, bottom] = [x - arm, x + arm, y - arm, y + arm].map(px);
            let mut path = String::new();
            let _ = write!(path, "M{left} {top}L{right} {bottom}M{left} {bottom}L{right} {top}");
            svg.path(&path, "cut", "");
        }
        Stone::Dark(is_marked) => disc(svg, "dark", is_marked),
        Stone::Light(is_marked) => disc(svg, "light", is_marked),
        Stone::Text(text) => {
            let wide = width(&text, SIZE) + 4.0;
            svg.rect([x - wide / 2.0, y - 8.0], [wide, 16.0], "paper", "");
            svg.text(x, y + 4.0, "m label", &text);
        }
    }
}

fn alternative(title: &str, [rows, columns]: [usize; 2], cells: &[String]) -> String {
    let number = |wanted: fn(&Stone) -> bool| cells.iter().filter(|c| wanted(&stone(c))).count();
    let dark = number(|s| matches!(s, Stone::Dark(_)));
    let light = number(|s| matches!(s, Stone::Light(_)));
    let text = number(|s| matches!(s, Stone::Text(_)));
    let cut = number(|s| matches!(s, Stone::Cross));
    let mut told = format!(
        "{title}. Board of {rows} rows by {columns} columns: {}, {}, {}",
        count(dark, "dark stone"),
        count(light, "light stone"),
        count(text, "marked crossing")
    );
    if cut > 0 {
        let _ = write!(told, ", {cut} crossed out");
    }
    told.push('.');
    told
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
