//! Measured values with what they may as well be: points with bars.

use std::fmt::Write;

use secateur_core::figure::Estimates;

use super::lines::vertical;
use super::{Drawn, NARROW, Table, count, range};
use crate::frame::{self, Frame, Key, SIZE};
use crate::number::decimal;
use crate::scale::Axis;
use crate::svg::{Svg, px};
use crate::text::name;

/// Half the width of the ends of a bar.
const END: f64 = 3.5;

pub(super) fn intervals(
    title: &str,
    axes: [&str; 2],
    series: &[Estimates],
    line: Option<f64>,
) -> Drawn {
    let points = || series.iter().flat_map(|s| &s.points);
    let ends = points().flat_map(|p| p[1..].iter().copied()).chain(line);
    let (Some(xs), Some(ys)) = (range(points().map(|p| p[0])), range(ends)) else {
        return Drawn::nothing("There are no points to draw.");
    };
    let y = vertical(ys);
    let mut svg = Svg::new(NARROW, 0.0);
    let names: Vec<&str> = series.iter().map(|s| s.name.as_str()).collect();
    let top = frame::legend(&mut svg, &names, Key::Marker, NARROW) + 32.0;
    let (left, bottom) = (y.widest(SIZE) + 12.0, top + 220.0);
    // Room at both ends, so that no bar lies on an axis.
    let room = if xs[1] > xs[0] { 0.06 * (xs[1] - xs[0]) } else { 1.0 };
    let x = Axis::exact(xs[0] - room, xs[1] + room, 6);
    let frame = Frame { left, right: NARROW - 14.0, top, bottom, x, y };
    frame.draw(&mut svg, axes[0], axes[1]);
    if let Some(line) = line {
        let y = frame.py(line);
        svg.line([frame.left, y], [frame.right, y], "base");
    }
    for (at, estimates) in series.iter().enumerate().rev() {
        let class = frame::class(at);
        // Series at the same place stand beside each other.
        let aside = (at as f64 - (series.len() - 1) as f64 / 2.0) * 5.0;
        let mut bars = String::new();
        let mut markers = String::new();
        let mut path = String::new();
        for (number, [x, value, low, high]) in estimates.points.iter().enumerate() {
            let x = frame.px(*x) + aside.clamp(-20.0, 20.0);
            let [y, low, high] = [*value, *low, *high].map(|v| frame.py(v));
            let [left, right, low_text, high_text] = [x - END, x + END, low, high].map(px);
            let _ = write!(bars, "M{} {low_text}V{high_text}", px(x));
            let _ = write!(bars, "M{left} {low_text}H{right}M{left} {high_text}H{right}");
            let _ = write!(path, "{}{} {}", if number == 0 { 'M' } else { 'L' }, px(x), px(y));
            markers.push_str(&frame::marker(at, [x, y], 4.0));
        }
        svg.path(&path, &format!("line thin {class}"), &estimates.name);
        svg.path(&bars, &format!("bar {class}"), &estimates.name);
        svg.path(&markers, &format!("fill {class}"), &estimates.name);
    }
    svg.height(bottom + 42.0);
    let alternative = alternative(title, axes, series);
    Drawn::svg(svg.finish(&alternative), false).with(data(axes, series))
}

fn alternative(title: &str, [x, y]: [&str; 2], series: &[Estimates]) -> String {
    let (x, y, lines) = (name(x), name(y), count(series.len(), "row"));
    let mut text = format!("{title}. Estimates with intervals of {y} against {x}, {lines}.");
    for estimates in series.iter().take(6) {
        let Some(first) = estimates.points.first() else { continue };
        let [x, value, low, high] = first.map(decimal);
        let name = name(&estimates.name);
        let _ = write!(text, " {name}: {value} ({low} to {high}) at {x}.");
    }
    text
}

fn data([x, y]: [&str; 2], series: &[Estimates]) -> Option<Table> {
    let total = series.iter().map(|s| s.points.len()).sum();
    let row = |s: &Estimates, point: &[f64; 4]| {
        std::iter::once(name(&s.name)).chain(point.map(decimal)).collect()
    };
    let rows = || series.iter().flat_map(|s| s.points.iter().map(|p| row(s, p))).collect();
    Table::small(&["", x, y, "low", "high"], total, rows)
}
