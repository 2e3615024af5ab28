//! Every kind of figure as something a page can hold. One file per kind.

mod bars;
mod grid;
mod heatmap;
mod histogram;
mod intervals;
mod lines;
mod scatter;
mod spans;
mod table;
mod tree;

pub(crate) use bars::{bars, horizontal};
pub(crate) use heatmap::scale_bar;
use secateur_core::Figure;
use serde::Serialize;
pub(crate) use tree::outline;

use crate::text;

/// Width of a figure that shares a row with another, pixels.
pub(crate) const NARROW: f64 = 480.0;
/// Width of a figure that has the row for itself and does not need all of it.
pub(crate) const MIDDLE: f64 = 760.0;
/// Width of a figure that has the row for itself.
pub(crate) const WIDE: f64 = 1000.0;
/// Most cells of the table of values beside a drawing.
const CELLS_MAX: usize = 600;
/// Most characters of a text figure.
const TEXT_MAX: usize = 20_000;

/// A figure, drawn.
pub(crate) struct Drawn {
    pub(crate) body: Body,
    /// Whether it needs the whole row.
    pub(crate) wide: bool,
    /// The values behind a drawing, where they are few.
    pub(crate) data: Option<Table>,
    /// What the drawing leaves out, a sentence.
    pub(crate) note: Option<String>,
}

/// What a page shows of a figure.
pub(crate) enum Body {
    /// An `<svg>` element.
    Svg(String),
    Table(Table),
    /// Lines as they are.
    Text(String),
    /// A sentence instead of a drawing.
    Nothing(String),
}

/// Heads and cells.
#[derive(Serialize)]
pub(crate) struct Table {
    pub(crate) columns: Vec<String>,
    pub(crate) rows: Vec<Vec<String>>,
    /// Per column: whether all cells are numbers.
    pub(crate) numeric: Vec<bool>,
}

impl Table {
    pub(crate) fn new(columns: Vec<String>, rows: Vec<Vec<String>>) -> Self {
        let numeric = (0..columns.len())
            .map(|at| rows.iter().all(|r| r.get(at).is_none_or(|cell| table::is_number(cell))))
            .collect();
        Self { columns, rows, numeric }
    }

    /// The table, unless it is too long to stand beside a drawing.
    fn small(columns: &[&str], count: usize, rows: impl Fn() -> Vec<Vec<String>>) -> Option<Self> {
        let cells = count.saturating_mul(columns.len());
        let columns = columns.iter().map(|c| text::name(c)).collect();
        (count > 0 && cells <= CELLS_MAX).then(|| Self::new(columns, rows()))
    }
}

impl Drawn {
    fn svg(body: String, wide: bool) -> Self {
        Self { body: Body::Svg(body), wide, data: None, note: None }
    }

    fn nothing(why: &str) -> Self {
        Self { body: Body::Nothing(why.to_owned()), wide: false, data: None, note: None }
    }

    fn with(mut self, data: Option<Table>) -> Self {
        self.data = data;
        self
    }

    fn noting(mut self, note: Option<String>) -> Self {
        self.note = note;
        self
    }
}

/// Draws a figure; `title` opens its text alternative.
pub(crate) fn figure(figure: &Figure, title: &str) -> Drawn {
    if let Err(error) = figure.check() {
        return Drawn::nothing(&format!("This figure cannot be drawn: {error}."));
    }
    let title = text::name(title);
    match figure {
        Figure::Bars { labels, series, unit } => bars(&title, labels, series, unit),
        Figure::Lines { x, y, series, log_y } => lines::lines(&title, [x, y], series, *log_y),
        Figure::Scatter { x, y, series } => scatter::scatter(&title, [x, y], series),
        Figure::Intervals { x, y, series, line } => {
            intervals::intervals(&title, [x, y], series, *line)
        }
        Figure::Histogram { x, low, high, series, log_y } => {
            histogram::histogram(&title, x, [*low, *high], series, *log_y)
        }
        Figure::Heatmap { rows, columns, values, low, high, legend } => {
            let range = [f64::from(*low), f64::from(*high)];
            heatmap::heatmap(&title, [*rows, *columns], values, range, legend)
        }
        Figure::Table { columns, rows } => table::table(columns, rows),
        Figure::Tree { nodes } => tree::tree(&title, nodes),
        Figure::Grid { columns, cells, field, arrows, legend } => {
            let board = grid::Board { columns: *columns, cells, field, arrows, legend };
            grid::grid(&title, &board)
        }
        Figure::Spans { unit, lanes, spans } => spans::spans(&title, unit, lanes, spans),
        Figure::Text { text } => plain(text),
    }
}

fn plain(text: &str) -> Drawn {
    if text.trim().is_empty() {
        return Drawn::nothing("The text is empty.");
    }
    let shown: String = text.chars().take(TEXT_MAX).collect();
    let note = (shown.len() < text.len())
        .then(|| format!("The first {TEXT_MAX} characters; the whole text is in the JSON report."));
    let shown = text::visible_lines(&shown);
    let wide = shown.lines().any(|line| line.chars().count() > 56);
    Drawn { body: Body::Text(shown), wide, data: None, note }
}

/// The smallest and the largest of some values.
pub(crate) fn range(values: impl Iterator<Item = f64>) -> Option<[f64; 2]> {
    values.fold(None, |range, v| {
        let [low, high] = range.unwrap_or([v, v]);
        Some([v.min(low), v.max(high)])
    })
}

/// `1 line`, `2 lines`.
pub(crate) fn count(n: usize, one: &str) -> String {
    let ending = if n == 1 { "" } else { "s" };
    format!("{} {one}{ending}", crate::number::integer(n as u64))
}
