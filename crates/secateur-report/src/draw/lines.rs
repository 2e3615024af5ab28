//! Lines through points.

use std::fmt::Write;

use secateur_core::figure::Points;

use super::{Drawn, NARROW, Table, count, range};
use crate::frame::{self, Frame, Key, SIZE};
use crate::number::decimal;
use crate::scale::Axis;
use crate::svg::{Svg, px};
use crate::text::name;

/// Most points of a line that get a marker each.
const MARKERS_MAX: usize = 24;
/// Points from which a line is thin.
const THIN_MIN: usize = 400;

pub(super) fn lines(title: &str, axes: [&str; 2], series: &[Points], log_y: bool) -> Drawn {
    let shown = |p: &[f64; 2]| !log_y || p[1] > 0.0;
    let points = || series.iter().flat_map(|s| &s.points).copied().filter(shown);
    let (Some(xs), Some(ys)) = (range(points().map(|p| p[0])), range(points().map(|p| p[1])))
    else {
        return Drawn::nothing("There are no points to draw.");
    };
    let y = if log_y { Axis::decades(ys[0], ys[1]) } else { vertical(ys) };
    let mut svg = Svg::new(NARROW, 0.0);
    let names: Vec<&str> = series.iter().map(|s| s.name.as_str()).collect();
    let top = frame::legend(&mut svg, &names, Key::Line, NARROW) + 32.0;
    let (left, bottom) = (y.widest(SIZE) + 12.0, top + 190.0);
    let x = Axis::exact(xs[0], xs[1], 6);
    let frame = Frame { left, right: NARROW - 14.0, top, bottom, x, y };
    frame.draw(&mut svg, axes[0], axes[1]);
    for at in back_to_front(series) {
        let (line, mut class) = (&series[at], frame::class(at));
        class.push_str(if line.points.len() > THIN_MIN { " thin" } else { "" });
        svg.path(&path(&frame, &line.points, log_y), &format!("line {class}"), &line.name);
        if line.points.len() <= MARKERS_MAX && series.len() <= frame::SERIES {
            let at = |p: &[f64; 2]| frame::marker(at, [frame.px(p[0]), frame.py(p[1])], 3.5);
            let d: String = line.points.iter().filter(|p| shown(p)).map(at).collect();
            svg.path(&d, &format!("fill {class}"), &line.name);
        }
    }
    svg.height(bottom + 42.0);
    let hidden = series.iter().flat_map(|s| &s.points).filter(|p| !shown(p)).count();
    let note = (hidden > 0).then(|| {
        format!("{} at or below zero cannot stand on an axis of decades.", count(hidden, "point"))
    });
    let alternative = alternative(title, "Line chart", axes, series, "line");
    Drawn::svg(svg.finish(&alternative), false).with(data(axes, series)).noting(note)
}

/// The order in which series are drawn: those with many points behind those with few, the first
/// of equals in front.
pub(super) fn back_to_front(series: &[Points]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..series.len()).rev().collect();
    order.sort_by_key(|at| std::cmp::Reverse(series[*at].points.len()));
    order
}

/// A vertical axis that starts at zero when that costs little.
pub(super) fn vertical([low, high]: [f64; 2]) -> Axis {
    let low = if low > 0.0 && low <= 0.5 * high { 0.0 } else { low };
    Axis::rounded(low, high, 4)
}

pub(super) fn alternative(
    title: &str,
    kind: &str,
    [x, y]: [&str; 2],
    series: &[Points],
    one: &str,
) -> String {
    let mut text = format!(
        "{title}. {kind} of {} against {}, {}.",
        name(y),
        name(x),
        count(series.len(), one)
    );
    for line in series.iter().take(6) {
        let (Some(first), Some(last)) = (line.points.first(), line.points.last()) else { continue };
        let [x0, y0, x1, y1] = [first[0], first[1], last[0], last[1]].map(decimal);
        let _ = write!(text, " {}: from {y0} at {x0} to {y1} at {x1}.", name(&line.name));
    }
    text
}

pub(super) fn data([x, y]: [&str; 2], series: &[Points]) -> Option<Table> {
    let total = series.iter().map(|s| s.points.len()).sum();
    let row = |s: &Points, p: &[f64; 2]| vec![name(&s.name), decimal(p[0]), decimal(p[1])];
    let rows = || series.iter().flat_map(|s| s.points.iter().map(|p| row(s, p))).collect();
    Table::small(&["", x, y], total, rows)
}

/// The path of a line. Runs of points that fall on one column of pixels become their first,
/// lowest, highest and last; a point that the axis cannot show breaks the line.
fn path(frame: &Frame, points: &[[f64; 2]], log_y: bool) -> String {
    let mut d = String::new();
    let mut pen_down = false;
    let mut run: Vec<[f64; 2]> = Vec::new();
    for point in points {
        if log_y && point[1] <= 0.0 {
            flush(&mut d, &mut run, &mut pen_down);
            pen_down = false;
            continue;
        }
        let at = [frame.px(point[0]), frame.py(point[1])];
        if run.last().is_some_and(|last| last[0].round() != at[0].round()) {
            flush(&mut d, &mut run, &mut pen_down);
        }
        run.push(at);
    }
    flush(&mut d, &mut run, &mut pen_down);
    d
}

fn flush(d: &mut String, run: &mut Vec<[f64; 2]>, pen_down: &mut bool) {
    let by_y = |a: &&[f64; 2], b: &&[f64; 2]| a[1].total_cmp(&b[1]);
    let kept: Vec<[f64; 2]> = if run.len() > 4 {
        let ends = [run.first(), run.iter().min_by(by_y), run.iter().max_by(by_y), run.last()];
        ends.into_iter().flatten().copied().collect()
    } else {
        std::mem::take(run)
    };
    run.clear();
    for [x, y] in kept {
        let _ = write!(d, "{}{} {}", if *pen_down { 'L' } else { 'M' }, px(x), px(y));
        *pen_down = true;
    }
}
