//! What holds for any figure and any text.

use proptest::prelude::*;
use secateur_core::Figure;
use secateur_core::figure::{Counts, Points, Series, Span, TreeNode};
use secateur_report::{html, json, markdown};

use crate::figures::on_page;
use crate::samples::{everywhere, with_figures};
use crate::tags;

fn value() -> impl Strategy<Value = f64> {
    prop_oneof![
        -10.0..10.0f64,
        any::<f64>().prop_filter("finite", |v| v.is_finite()),
        Just(0.0),
        Just(1e16),
    ]
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z ]{0,12}", any::<String>(), "[<>&\"'`|\u{202e}\u{1b}가]{0,9}"]
}

fn points() -> impl Strategy<Value = Vec<Points>> {
    let point = [value(), value()];
    let line = (text(), prop::collection::vec(point, 0..60));
    let line = line.prop_map(|(name, points)| Points { name, points });
    prop::collection::vec(line, 0..12)
}

fn bars() -> impl Strategy<Value = Figure> {
    (0..80usize, 0..4usize, text()).prop_flat_map(|(labels, series, unit)| {
        let values = prop::collection::vec(value(), labels);
        let series = prop::collection::vec((text(), values), series);
        (prop::collection::vec(text(), labels), series).prop_map(move |(labels, series)| {
            let of = |(name, values)| Series { name, values };
            let series = series.into_iter().map(of).collect();
            Figure::Bars { labels, series, unit: unit.clone() }
        })
    })
}

fn histogram() -> impl Strategy<Value = Figure> {
    (0..600usize, 0..4usize, value(), value(), any::<bool>()).prop_flat_map(
        |(bins, series, a, b, log_y)| {
            let counts = prop::collection::vec(prop_oneof![0..9u64, any::<u64>()], bins);
            let series = prop::collection::vec((text(), counts), series);
            (series, text()).prop_map(move |(series, x)| {
                let of = |(name, counts)| Counts { name, counts };
                let series = series.into_iter().map(of).collect();
                Figure::Histogram { x, low: a.min(b), high: a.max(b), series, log_y }
            })
        },
    )
}

fn heatmap() -> impl Strategy<Value = Figure> {
    (0..40usize, 0..40usize, text()).prop_flat_map(|(rows, columns, legend)| {
        let number = || prop_oneof![-2.0..2.0f32, Just(f32::MAX), Just(f32::MIN)];
        let values = prop::collection::vec(number(), rows * columns);
        (values, number(), number()).prop_map(move |(values, low, high)| Figure::Heatmap {
            rows,
            columns,
            values,
            low,
            high,
            legend: legend.clone(),
        })
    })
}

fn tree() -> impl Strategy<Value = Figure> {
    prop::collection::vec((text(), any::<usize>(), any::<bool>()), 0..300).prop_map(|nodes| {
        let node = |(at, (label, parent, kept)): (usize, (String, usize, bool))| TreeNode {
            label,
            parent: (at > 0).then(|| parent % at),
            kept,
        };
        Figure::Tree { nodes: nodes.into_iter().enumerate().map(node).collect() }
    })
}

fn spans() -> impl Strategy<Value = Figure> {
    let span = (any::<usize>(), value(), value(), text());
    let spans = prop::collection::vec(span, 0..40);
    (spans, prop::collection::vec(text(), 1..70), text()).prop_map(|(spans, lanes, unit)| {
        let of = |(lane, a, b, label): (usize, f64, f64, String)| Span {
            lane: lane % lanes.len(),
            start: a.min(b),
            end: a.max(b),
            label,
        };
        let spans = spans.into_iter().map(of).collect();
        Figure::Spans { unit, lanes, spans }
    })
}

fn grid() -> impl Strategy<Value = Figure> {
    let cell = prop_oneof![Just("X".to_owned()), Just(String::new()), text()];
    (1..30usize, prop::collection::vec(cell, 0..300)).prop_map(|(columns, mut cells)| {
        cells.truncate(cells.len() / columns * columns);
        crate::figures::board(columns, cells)
    })
}

fn any_figure() -> impl Strategy<Value = Figure> {
    prop_oneof![
        bars(),
        (text(), text(), points(), any::<bool>()).prop_map(|(x, y, series, log_y)| Figure::Lines {
            x,
            y,
            series,
            log_y
        }),
        (text(), text(), points()).prop_map(|(x, y, series)| Figure::Scatter { x, y, series }),
        histogram(),
        heatmap(),
        tree(),
        spans(),
        grid(),
        text().prop_map(|text| Figure::Text { text }),
    ]
}

/// Panics when a number in the drawing is not one, or lies far outside it.
fn coordinates(part: &str) {
    for name in ["x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "width", "height"] {
        for value in part.split(&format!(" {name}=\"")).skip(1) {
            let value = value.split('"').next().unwrap_or("");
            let number: f64 = value.parse().unwrap_or(f64::NAN);
            assert!(number.abs() < 20_000.0, "{name} is {value}");
        }
    }
    for d in part.split(" d=\"").skip(1) {
        let d = d.split('"').next().unwrap_or("");
        let plain = |c: char| c.is_ascii_digit() || "MLHVCZahlm. -".contains(c);
        assert!(d.chars().all(plain), "{d}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..Default::default() })]

    #[test]
    fn any_figure_has_a_sound_drawing(figure in any_figure()) {
        prop_assert_eq!(figure.check(), Ok(()));
        let part = on_page(figure);
        coordinates(&part);
        tags::no_hidden(&part.replace(['\t', '\r'], ""));
    }

    #[test]
    fn any_text_is_harmless(text in text()) {
        let record = everywhere(&text);
        let page = html(&record).unwrap();
        tags::balanced(&page);
        tags::self_contained(&page);
        tags::no_hidden(&page.replace('\t', ""));
        tags::no_hidden(&markdown(&record).replace(['\u{200b}', '\t'], ""));
    }

    #[test]
    fn json_reads_back(figure in any_figure()) {
        let record = with_figures(vec![crate::samples::figure(figure)]);
        let text = json(&record);
        prop_assert!(text.ends_with('\n'));
        prop_assert_eq!(serde_json::from_str::<secateur_core::Record>(&text).unwrap(), record);
    }
}
