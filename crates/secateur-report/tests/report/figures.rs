//! Every kind of figure, small, and how each looks on the page.

use secateur_core::Figure;
use secateur_core::figure::{Counts, Estimates, Points, Series, Span, TreeNode};
use secateur_core::record::Named;
use secateur_report::html;

use crate::samples::{figure, named, with_figures};
use crate::tags;

fn points(name: &str, points: &[[f64; 2]]) -> Points {
    Points { name: name.to_owned(), points: points.to_vec() }
}

pub(crate) fn bars() -> Figure {
    Figure::Bars {
        labels: ["dense", "wanda", "magnitude"].map(str::to_owned).to_vec(),
        series: vec![Series { name: "perplexity".to_owned(), values: vec![41.2, 49.8, 66.4] }],
        unit: String::new(),
    }
}

pub(crate) fn lines() -> Figure {
    Figure::Lines {
        x: "sparsity, %".to_owned(),
        y: "perplexity".to_owned(),
        series: vec![
            points("wanda", &[[0.0, 41.2], [50.0, 49.8], [70.0, 180.0]]),
            points("magnitude", &[[0.0, 41.2], [50.0, 66.4], [70.0, 2_100.0]]),
        ],
        log_y: true,
    }
}

pub(crate) fn scatter() -> Figure {
    Figure::Scatter {
        x: "nonzeros".to_owned(),
        y: "accuracy".to_owned(),
        series: vec![
            points("runs", &[[100.0, 0.5], [200.0, 0.8]]),
            points("dense", &[[300.0, 0.9]]),
        ],
    }
}

pub(crate) fn histogram() -> Figure {
    let counts =
        |name: &str, counts: [u64; 4]| Counts { name: name.to_owned(), counts: counts.to_vec() };
    Figure::Histogram {
        x: "weight".to_owned(),
        low: -0.2,
        high: 0.2,
        series: vec![counts("before", [3, 900, 1_000, 1]), counts("after", [3, 40, 0, 1])],
        log_y: true,
    }
}

pub(crate) fn heatmap() -> Figure {
    Figure::Heatmap {
        rows: 2,
        columns: 3,
        values: vec![0.0, 0.5, 1.0, 0.25, 0.75, 2.0],
        low: 0.0,
        high: 1.0,
        legend: "share kept".to_owned(),
    }
}

pub(crate) fn mask_map() -> Figure {
    let value = |at: u32| (at.wrapping_mul(2_654_435_761) >> 28) as f32 / 16.0;
    Figure::Heatmap {
        rows: 128,
        columns: 128,
        values: (0..128 * 128).map(value).collect(),
        low: 0.0,
        high: 1.0,
        legend: "share kept".to_owned(),
    }
}

pub(crate) fn table() -> Figure {
    Figure::Table {
        columns: vec!["quantity".to_owned(), "value".to_owned()],
        rows: vec![
            vec!["windows".to_owned(), "32".to_owned()],
            vec!["largest norm".to_owned(), "18.4".to_owned()],
        ],
    }
}

pub(crate) fn tree() -> Figure {
    let node = |label: &str, parent, kept| TreeNode { label: label.to_owned(), parent, kept };
    Figure::Tree {
        nodes: vec![
            node("+", None, true),
            node("x", Some(0), true),
            node("sin", Some(0), false),
            node("y", Some(2), false),
        ],
    }
}

pub(crate) fn grid() -> Figure {
    let cells = ". . +|. X O|3 . .".replace('|', " ");
    board(3, cells.split(' ').map(str::to_owned).collect())
}

pub(crate) fn board(columns: usize, cells: Vec<String>) -> Figure {
    Figure::Grid { columns, cells, field: Vec::new(), arrows: Vec::new(), legend: Vec::new() }
}

/// A board with everything that one can have.
fn field() -> Figure {
    let cells = "X* O . + - 1 . O* X".split(' ').map(str::to_owned).collect();
    let legend =
        [("X*", "last"), ("-", "cut"), (">0", "dark's"), ("<0", "light's"), ("->", "slope")];
    Figure::Grid {
        columns: 3,
        cells,
        field: vec![0.0, 0.5, 1.0, -0.5, -1.0, 0.1, 0.2, 0.3, 0.4],
        arrows: [[1.0, 0.0], [0.0, 0.25], [0.0, 0.0]].repeat(3),
        legend: legend.map(|(key, words)| [key.to_owned(), words.to_owned()]).to_vec(),
    }
}

pub(crate) fn intervals() -> Figure {
    let estimates = |name: &str, points: &[[f64; 4]]| Estimates {
        name: name.to_owned(),
        points: points.to_vec(),
    };
    Figure::Intervals {
        x: "work saved, %".to_owned(),
        y: "win rate, %".to_owned(),
        series: vec![
            estimates("low", &[[10.0, 52.0, 45.0, 59.0], [20.0, 47.5, 40.0, 54.0]]),
            estimates("high", &[[10.0, 44.0, 37.0, 51.0]]),
        ],
        line: Some(50.0),
    }
}

pub(crate) fn spans() -> Figure {
    let span = |lane, start, end, label: &str| Span { lane, start, end, label: label.to_owned() };
    Figure::Spans {
        unit: "s".to_owned(),
        lanes: vec!["read".to_owned(), "score".to_owned()],
        spans: vec![
            span(0, 0.0, 1.5, "block 0"),
            span(1, 1.5, 4.0, "block 0"),
            span(0, 1.5, 1.6, "x"),
        ],
    }
}

pub(crate) fn text() -> Figure {
    Figure::Text { text: "block 0: 50.0 % cut\n\tblock 1: < 1 s\n".to_owned() }
}

fn kinds() -> Vec<(&'static str, Figure)> {
    vec![
        ("bars", bars()),
        ("lines", lines()),
        ("scatter", scatter()),
        ("histogram", histogram()),
        ("intervals", intervals()),
        ("heatmap", heatmap()),
        ("table", table()),
        ("tree", tree()),
        ("grid", grid()),
        ("field", field()),
        ("spans", spans()),
        ("text", text()),
    ]
}

/// Every kind once, and a large map.
pub(crate) fn all() -> Vec<Named> {
    let small = kinds().into_iter().map(|(name, figure)| named(name, figure));
    small.chain([named("map", mask_map())]).collect()
}

/// Every kind with one text wherever a figure holds text.
pub(crate) fn with_text(text: &str) -> Vec<Named> {
    let mut out: Vec<Figure> = kinds().into_iter().map(|(_, figure)| figure).collect();
    for figure in &mut out {
        let t = || text.to_owned();
        match figure {
            Figure::Bars { labels, series, unit } => {
                labels.fill_with(t);
                for s in series {
                    s.name = t();
                }
                *unit = t();
            }
            Figure::Lines { x, y, series, .. } | Figure::Scatter { x, y, series } => {
                (*x, *y) = (t(), t());
                for s in series {
                    s.name = t();
                }
            }
            Figure::Intervals { x, y, series, .. } => {
                (*x, *y) = (t(), t());
                for s in series {
                    s.name = t();
                }
            }
            Figure::Histogram { x, series, .. } => {
                *x = t();
                for s in series {
                    s.name = t();
                }
            }
            Figure::Heatmap { legend, .. } => *legend = t(),
            Figure::Table { columns, rows } => {
                columns.fill_with(t);
                for row in rows {
                    row.fill_with(t);
                }
            }
            Figure::Tree { nodes } => {
                for node in nodes {
                    node.label = t();
                }
            }
            Figure::Grid { cells, legend, .. } => {
                cells.fill_with(t);
                legend.iter_mut().flatten().for_each(|word| *word = t());
            }
            Figure::Spans { unit, lanes, spans } => {
                *unit = t();
                lanes.fill_with(t);
                for span in spans {
                    span.label = t();
                }
            }
            Figure::Text { text } => *text = t(),
        }
    }
    out.into_iter().map(figure).collect()
}

/// The part of the page that holds the only figure.
pub(crate) fn on_page(shown: Figure) -> String {
    let page = html(&with_figures(vec![figure(shown)])).expect("the template is sound");
    tags::balanced(&page);
    let start = page.find("<figure").expect("a figure");
    let end = page.find("</figure>").expect("its end");
    // One element per line reads better in a difference.
    page[start..end].replace("><", ">\n<")
}

#[test]
fn every_kind_is_drawn() {
    for (name, figure) in kinds() {
        let part = on_page(figure);
        let drawn = ["<svg", "<table class=\"data\">", "<pre"].iter().any(|e| part.contains(e));
        assert!(drawn && !part.contains("cannot be drawn"), "{name}");
        let told = part.contains("aria-label=\"A figure. ");
        assert_eq!(told, part.contains("<svg"), "{name}: a drawing has an alternative in words");
        insta::assert_snapshot!(name, part);
    }
}

#[test]
fn a_large_map_is_an_image_and_a_small_one_is_squares() {
    assert!(on_page(mask_map()).contains("href=\"data:image/png;base64,"));
    assert_eq!(on_page(heatmap()).matches("<title>row").count(), 6);
}

#[test]
fn a_figure_that_is_wrong_says_so() {
    let wrong = Figure::Bars { labels: Vec::new(), series: Vec::new(), unit: String::new() };
    assert!(on_page(wrong).contains("There are no bars to draw."));
    let wrong = Figure::Heatmap {
        rows: 2,
        columns: 2,
        values: vec![f32::NAN; 4],
        low: 0.0,
        high: 1.0,
        legend: String::new(),
    };
    assert!(on_page(wrong).contains("cannot be drawn: a figure holds a value that is not finite."));
}

#[test]
fn decades_leave_out_what_they_cannot_show_and_say_so() {
    let shown = Figure::Lines {
        x: String::new(),
        y: String::new(),
        series: vec![points("a", &[[0.0, 0.0], [1.0, 10.0], [2.0, -1.0], [3.0, 20.0]])],
        log_y: true,
    };
    assert!(on_page(shown).contains("2 points at or below zero"));
}

#[test]
fn what_is_cut_off_is_said() {
    let node = |parent| TreeNode { label: "n".to_owned(), parent, kept: true };
    let chain = (0..1_000).map(|at: usize| node(at.checked_sub(1))).collect();
    assert!(on_page(Figure::Tree { nodes: chain }).contains("984 nodes further down"));
    let star = (0..1_000).map(|at| node((at > 0).then_some(0))).collect();
    assert!(on_page(Figure::Tree { nodes: star }).contains("760 nodes further down"));
    let board = board(60, vec![String::new(); 3_600]);
    assert!(on_page(board).contains("The first 52 of 60 rows and 52 of 60 columns."));
    let rows = vec![vec!["a".to_owned()]; 9_000];
    let long = Figure::Table { columns: vec!["c".to_owned()], rows };
    assert!(on_page(long).contains("The first 4000 of 9,000 rows"));
}
