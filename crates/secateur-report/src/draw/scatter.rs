//! Points, not joined.

use std::collections::BTreeSet;
use std::fmt::Write;

use secateur_core::figure::Points;

use super::lines::{alternative, back_to_front, data, vertical};
use super::{Drawn, NARROW, range};
use crate::frame::{self, Frame, Key, SIZE};
use crate::number::integer;
use crate::scale::Axis;
use crate::svg::{Svg, px};

/// Most points that get a marker of their series' shape; more become dots.
const MARKERS_MAX: usize = 400;
/// Dots are kept this far apart, pixels, when there are very many.
const APART: f64 = 1.5;

pub(super) fn scatter(title: &str, axes: [&str; 2], series: &[Points]) -> Drawn {
    let points = || series.iter().flat_map(|s| &s.points);
    let (Some(xs), Some(ys)) = (range(points().map(|p| p[0])), range(points().map(|p| p[1])))
    else {
        return Drawn::nothing("There are no points to draw.");
    };
    let y = vertical(ys);
    let mut svg = Svg::new(NARROW, 0.0);
    let names: Vec<&str> = series.iter().map(|s| s.name.as_str()).collect();
    let top = frame::legend(&mut svg, &names, Key::Marker, NARROW) + 32.0;
    let (left, bottom) = (y.widest(SIZE) + 12.0, top + 210.0);
    let x = Axis::rounded(xs[0], xs[1], 5);
    let frame = Frame { left, right: NARROW - 14.0, top, bottom, x, y };
    frame.draw(&mut svg, axes[0], axes[1]);
    let many = points().count() > MARKERS_MAX;
    for at in back_to_front(series) {
        let (cloud, class) = (&series[at], frame::class(at));
        if many {
            svg.path(&dots(&frame, &cloud.points), &format!("dots {class}"), &cloud.name);
            continue;
        }
        let place = |p: &[f64; 2]| [frame.px(p[0]), frame.py(p[1])];
        let d: String = cloud.points.iter().map(|p| frame::marker(at, place(p), 4.5)).collect();
        svg.path(&d, &format!("fill {class}"), &cloud.name);
    }
    svg.height(bottom + 42.0);
    let note = many.then(|| {
        format!("{} points; those that fall on one dot are one.", integer(points().count() as u64))
    });
    let alternative = alternative(title, "Scatter plot", axes, series, "cloud");
    Drawn::svg(svg.finish(&alternative), false).with(data(axes, series)).noting(note)
}

fn dots(frame: &Frame, points: &[[f64; 2]]) -> String {
    let mut d = String::new();
    let mut seen = BTreeSet::new();
    for point in points {
        let place = [frame.px(point[0]), frame.py(point[1])];
        let cell = place.map(|v| (v / APART).round() as i64);
        if seen.insert(cell) {
            let [x, y] = cell.map(|v| px(v as f64 * APART));
            let _ = write!(d, "M{x} {y}h0");
        }
    }
    d
}
