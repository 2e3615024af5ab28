//! The closed set of figures a record may hold.
//!
//! A figure is data, not a drawing: the report draws it. Each kind has a cap on its size, so
//! that a page stays small whatever the model; [`Figure::check`] refuses what is larger or not
//! finite, where it enters.

use serde::{Deserialize, Serialize};

/// Most values that one figure may hold.
pub const VALUES_MAX: usize = 40_000;

/// A figure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Figure {
    /// A bar (or a group of bars) per label.
    Bars {
        /// One per bar group.
        labels: Vec<String>,
        /// Values, one per label.
        series: Vec<Series>,
        /// Unit of the values, e.g. `%`.
        unit: String,
    },
    /// Lines through points.
    Lines {
        /// Name of the horizontal axis, with unit.
        x: String,
        /// Name of the vertical axis, with unit.
        y: String,
        /// The lines.
        series: Vec<Points>,
        /// Draw the vertical axis in decades.
        log_y: bool,
    },
    /// Points, not joined.
    Scatter {
        /// Name of the horizontal axis, with unit.
        x: String,
        /// Name of the vertical axis, with unit.
        y: String,
        /// The clouds.
        series: Vec<Points>,
    },
    /// Values with intervals, joined.
    Intervals {
        /// Name of the horizontal axis, with unit.
        x: String,
        /// Name of the vertical axis, with unit.
        y: String,
        /// The values.
        series: Vec<Estimates>,
        /// A value that they are compared with, drawn across.
        line: Option<f64>,
    },
    /// Counts in equal bins.
    Histogram {
        /// Name of the axis, with unit.
        x: String,
        /// Left end of the first bin.
        low: f64,
        /// Right end of the last bin.
        high: f64,
        /// Counts, the same number of bins each.
        series: Vec<Counts>,
        /// Draw the counts in decades.
        log_y: bool,
    },
    /// A map of values.
    Heatmap {
        /// Rows of the map.
        rows: usize,
        /// Columns of the map.
        columns: usize,
        /// Row-major values.
        values: Vec<f32>,
        /// Value drawn with the lightest color.
        low: f32,
        /// Value drawn with the darkest color.
        high: f32,
        /// What a value means.
        legend: String,
    },
    /// Rows of text.
    Table {
        /// Heads of the columns.
        columns: Vec<String>,
        /// Cells, row by row.
        rows: Vec<Vec<String>>,
    },
    /// A rooted tree; node 0 is the root.
    Tree {
        /// Nodes; a parent comes before its children.
        nodes: Vec<TreeNode>,
    },
    /// A board: one short text per cell, and what lies behind them.
    Grid {
        /// Cells in a row.
        columns: usize,
        /// Row-major cells: `X` and `O` are stones, `X*` and `O*` stones with a mark, `+` is a
        /// marked crossing, `-` a crossed-out one, `.` an empty one; other texts are written out.
        cells: Vec<String>,
        /// A value of each cell, those above and below zero in two colors; empty for none.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        field: Vec<f32>,
        /// An arrow at each cell, `[right, down]`, drawn by the square root of its length; empty
        /// for none.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        arrows: Vec<[f32; 2]>,
        /// What things mean: a cell's text, `>0`, `<0` or `->`, and words.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        legend: Vec<[String; 2]>,
    },
    /// Spans of time in lanes.
    Spans {
        /// Unit of the horizontal axis.
        unit: String,
        /// Names of the lanes.
        lanes: Vec<String>,
        /// The spans.
        spans: Vec<Span>,
    },
    /// Plain text, line breaks kept.
    Text {
        /// The text.
        text: String,
    },
}

/// Named values, one per label.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Series {
    /// Name in the legend.
    pub name: String,
    /// Values.
    pub values: Vec<f64>,
}

/// Named points.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Points {
    /// Name in the legend.
    pub name: String,
    /// `[x, y]` each.
    pub points: Vec<[f64; 2]>,
}

/// Named values with intervals.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Estimates {
    /// Name in the legend.
    pub name: String,
    /// `[x, value, low, high]` each.
    pub points: Vec<[f64; 4]>,
}

/// Named counts, one per bin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// Name in the legend.
    pub name: String,
    /// Counts.
    pub counts: Vec<u64>,
}

/// A node of [`Figure::Tree`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TreeNode {
    /// Text of the node.
    pub label: String,
    /// Index of the parent; `None` for the root.
    pub parent: Option<usize>,
    /// Whether the node was kept.
    pub kept: bool,
}

/// A span of [`Figure::Spans`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Span {
    /// Index of the lane.
    pub lane: usize,
    /// Start.
    pub start: f64,
    /// End, not before the start.
    pub end: f64,
    /// Text of the span.
    pub label: String,
}

/// What is wrong with a figure.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FigureError {
    /// More values than a page can carry.
    #[error("a figure may hold {VALUES_MAX} values, this one has {found}")]
    TooLarge {
        /// Values found.
        found: usize,
    },
    /// NaN or infinite value.
    #[error("a figure holds a value that is not finite")]
    NotFinite,
    /// Lengths that do not fit each other.
    #[error("the parts of a figure differ in length")]
    Ragged,
}

impl Figure {
    /// Checks sizes, lengths and finiteness.
    ///
    /// # Errors
    /// [`FigureError`] for the first thing that is wrong.
    pub fn check(&self) -> Result<(), FigureError> {
        let found = self.values();
        if found > VALUES_MAX {
            return Err(FigureError::TooLarge { found });
        }
        if !self.finite() {
            return Err(FigureError::NotFinite);
        }
        if self.ragged() { Err(FigureError::Ragged) } else { Ok(()) }
    }

    fn values(&self) -> usize {
        match self {
            Self::Bars { series, .. } => series.iter().map(|s| s.values.len()).sum(),
            Self::Lines { series, .. } | Self::Scatter { series, .. } => {
                series.iter().map(|s| s.points.len()).sum()
            }
            Self::Intervals { series, .. } => series.iter().map(|s| 3 * s.points.len()).sum(),
            Self::Histogram { series, .. } => series.iter().map(|s| s.counts.len()).sum(),
            Self::Heatmap { values, .. } => values.len(),
            Self::Table { rows, .. } => rows.iter().map(Vec::len).sum(),
            Self::Tree { nodes } => nodes.len(),
            Self::Grid { cells, field, arrows, legend, .. } => {
                cells.len() + field.len() + 2 * arrows.len() + legend.len()
            }
            Self::Spans { spans, .. } => spans.len(),
            Self::Text { text } => text.len() / 64,
        }
    }

    fn finite(&self) -> bool {
        match self {
            Self::Bars { series, .. } => {
                series.iter().flat_map(|s| &s.values).all(|v| v.is_finite())
            }
            Self::Lines { series, .. } | Self::Scatter { series, .. } => {
                series.iter().flat_map(|s| &s.points).flatten().all(|v| v.is_finite())
            }
            Self::Intervals { series, line, .. } => {
                let points = series.iter().flat_map(|s| &s.points).flatten();
                points.chain(line).all(|v| v.is_finite())
            }
            Self::Histogram { low, high, .. } => low.is_finite() && high.is_finite() && low <= high,
            Self::Heatmap { values, low, high, .. } => {
                values.iter().all(|v| v.is_finite()) && low.is_finite() && high.is_finite()
            }
            Self::Spans { spans, .. } => {
                spans.iter().all(|s| s.start.is_finite() && s.end.is_finite() && s.start <= s.end)
            }
            Self::Grid { field, arrows, .. } => {
                field.iter().chain(arrows.iter().flatten()).all(|v| v.is_finite())
            }
            Self::Table { .. } | Self::Tree { .. } | Self::Text { .. } => true,
        }
    }

    fn ragged(&self) -> bool {
        match self {
            Self::Bars { labels, series, .. } => {
                series.iter().any(|s| s.values.len() != labels.len())
            }
            Self::Histogram { series, .. } => {
                series.windows(2).any(|w| w[0].counts.len() != w[1].counts.len())
            }
            Self::Heatmap { rows, columns, values, .. } => rows * columns != values.len(),
            Self::Table { columns, rows } => rows.iter().any(|r| r.len() != columns.len()),
            Self::Tree { nodes } => nodes
                .iter()
                .enumerate()
                .any(|(at, n)| n.parent.map_or(at != 0, |parent| parent >= at)),
            Self::Grid { columns, cells, field, arrows, .. } => {
                let fits = |len: usize| len == 0 || len == cells.len();
                let is_square = *columns > 0 && cells.len().is_multiple_of(*columns);
                !is_square || !fits(field.len()) || !fits(arrows.len())
            }
            Self::Spans { lanes, spans, .. } => spans.iter().any(|s| s.lane >= lanes.len()),
            Self::Lines { .. }
            | Self::Scatter { .. }
            | Self::Intervals { .. }
            | Self::Text { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(figure: &Figure, expect: &Result<(), FigureError>) {
        assert_eq!(figure.check(), *expect);
    }

    #[test]
    fn a_figure_says_what_is_wrong_with_it() {
        let bars = |values: Vec<f64>| Figure::Bars {
            labels: vec!["a".into(), "b".into()],
            series: vec![Series { name: "s".into(), values }],
            unit: "%".into(),
        };
        check(&bars(vec![1.0, 2.0]), &Ok(()));
        check(&bars(vec![1.0, f64::NAN]), &Err(FigureError::NotFinite));
        check(&bars(vec![1.0]), &Err(FigureError::Ragged));
        let tree = |parent| Figure::Tree {
            nodes: vec![
                TreeNode { label: "root".into(), parent: None, kept: true },
                TreeNode { label: "leaf".into(), parent, kept: false },
            ],
        };
        check(&tree(Some(0)), &Ok(()));
        check(&tree(Some(1)), &Err(FigureError::Ragged));
        check(&tree(None), &Err(FigureError::Ragged));
        let map = Figure::Heatmap {
            rows: 300,
            columns: 300,
            values: vec![0.0; 90_000],
            low: 0.0,
            high: 1.0,
            legend: String::new(),
        };
        check(&map, &Err(FigureError::TooLarge { found: 90_000 }));
    }

    #[test]
    fn figures_survive_json() {
        let figure = Figure::Histogram {
            x: "weight".into(),
            low: -1.0,
            high: 1.0,
            series: vec![Counts { name: "before".into(), counts: vec![1, 2, 3] }],
            log_y: true,
        };
        let text = serde_json::to_string(&figure).unwrap();
        assert!(text.starts_with(r#"{"kind":"histogram""#), "{text}");
        assert_eq!(serde_json::from_str::<Figure>(&text).unwrap(), figure);
    }
}
