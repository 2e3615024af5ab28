//! Bars: horizontal while they are few, columns side by side when they are many.

use std::fmt::Write;

use secateur_core::figure::Series;

use super::lines::vertical;
use super::{Drawn, MIDDLE, NARROW, Table, WIDE, count, range};
use crate::frame::{self, Frame, Key, SIZE};
use crate::number::decimal;
use crate::scale::Axis;
use crate::svg::{Svg, px};
use crate::text::{fit, name, width};

/// Most bars that are drawn one below the other.
const ROWS_MAX: usize = 32;
/// Columns that can be told apart.
const COLUMNS_MAX: usize = 450;

/// A bar chart of values, one per label and series.
pub(crate) fn bars(title: &str, labels: &[String], series: &[Series], unit: &str) -> Drawn {
    if labels.is_empty() || series.is_empty() {
        return Drawn::nothing("There are no bars to draw.");
    }
    let labels: Vec<String> = labels.iter().map(|l| name(l)).collect();
    let alternative = alternative(title, &labels, series, unit);
    let drawn = if labels.len() * series.len() <= ROWS_MAX {
        let wide = labels.iter().any(|l| width(l, SIZE) > 0.4 * NARROW);
        let total = if wide { MIDDLE } else { NARROW };
        let text = |v: f64| with_unit(v, unit);
        Drawn::svg(horizontal(&alternative, &labels, series, &text, total, None), wide)
    } else {
        columns(&alternative, &labels, series, unit)
    };
    let mut heads = vec![""];
    heads.extend(series.iter().map(|s| s.name.as_str()));
    let row = |at: usize| {
        let values = series.iter().map(|s| decimal(s.values[at]));
        std::iter::once(labels[at].clone()).chain(values).collect()
    };
    let rows = || (0..labels.len()).map(row).collect();
    drawn.with(Table::small(&heads, labels.len(), rows))
}

fn with_unit(value: f64, unit: &str) -> String {
    let unit = name(unit);
    if unit.is_empty() { decimal(value) } else { format!("{} {unit}", decimal(value)) }
}

fn alternative(title: &str, labels: &[String], series: &[Series], unit: &str) -> String {
    let mut text = format!("{title}. Bar chart, {}.", count(labels.len(), "label"));
    for series in series.iter().take(4) {
        let best = (0..labels.len()).max_by(|a, b| series.values[*a].total_cmp(&series.values[*b]));
        if let Some(at) = best {
            let value = with_unit(series.values[at], unit);
            let _ = write!(text, " {}: largest at {}, {value}.", name(&series.name), labels[at]);
        }
    }
    text
}

/// A bar (or one per series) for each label, one below the other, each with its value, in a
/// drawing `total` wide. A value that is NaN has no bar, only its text. With `full`, bars reach up
/// to it and its length is shown behind them.
pub(crate) fn horizontal(
    alternative: &str,
    labels: &[String],
    series: &[Series],
    text: &dyn Fn(f64) -> String,
    total: f64,
    full: Option<f64>,
) -> String {
    let values = || series.iter().flat_map(|s| &s.values).copied().filter(|v| v.is_finite());
    let [low, high] = range(values()).unwrap_or([0.0, 1.0]);
    let high = if low >= 0.0 && high <= 0.0 { 1.0 } else { high.max(0.0) };
    let high = full.unwrap_or(high);
    let axis = Axis::exact(low.min(0.0), high, 5);
    let widest = |w: f64, l: &str| width(l, SIZE).max(w);
    let left = labels.iter().fold(0.0, |w, l| widest(w, l)).min(total * 0.42) + 12.0;
    let room = values().map(text).fold(20.0, |w, l| widest(w, &l)) + 10.0;
    let mut svg = Svg::new(total, 0.0);
    let names: Vec<&str> = series.iter().map(|s| s.name.as_str()).collect();
    let top = frame::legend(&mut svg, &names, Key::Patch, total) + 4.0;
    let thick = if series.len() == 1 && labels.len() <= 16 { 14.0 } else { 12.0 };
    let row = thick * series.len() as f64 + if labels.len() > 16 { 6.0 } else { 9.0 };
    let at = |v: f64| left + axis.at(v) * (total - left - room);
    for (row_at, label) in labels.iter().enumerate() {
        let y = top + row * row_at as f64;
        let middle = y + thick * series.len() as f64 / 2.0 + 4.0;
        svg.text(left - 10.0, middle, "e label", &fit(label, SIZE, left - 11.0));
        for (k, series) in series.iter().enumerate() {
            let (value, y) = (series.values[row_at], y + thick * k as f64);
            let bar = if value.is_finite() { value } else { 0.0 };
            let (from, to) = (at(bar.min(0.0)), at(bar.max(0.0)));
            let class = format!("fill {}", frame::class(k));
            let end = if full.is_some() { at(high) } else { to };
            if full.is_some() {
                svg.rect([from, y], [end - from, thick - 1.0], "track", "");
            }
            if value.is_finite() {
                svg.rect([from, y], [to - from, thick - 1.0], &class, label);
                svg.text(end + 6.0, y + thick - 3.0, "value", &text(value));
            } else {
                svg.text(from + 6.0, y + thick - 3.0, "", &text(value));
            }
        }
    }
    let bottom = top + row * labels.len() as f64;
    svg.line([at(0.0), top - 4.0], [at(0.0), bottom - 2.0], "base");
    svg.height(bottom + 2.0);
    svg.finish(alternative)
}

fn columns(alternative: &str, labels: &[String], series: &[Series], unit: &str) -> Drawn {
    let per = labels.len().div_ceil(COLUMNS_MAX);
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let means: Vec<Vec<f64>> =
        series.iter().map(|s| s.values.chunks(per).map(mean).collect()).collect();
    let [low, high] = range(means.iter().flatten().copied()).unwrap_or([0.0, 1.0]);
    // Filled columns stand on zero; outlines need not.
    let y = match series.len() {
        1 => Axis::rounded(low.min(0.0), high.max(0.0), 4),
        _ => vertical([low, high]),
    };
    let mut svg = Svg::new(WIDE, 0.0);
    let names: Vec<&str> = series.iter().map(|s| s.name.as_str()).collect();
    let top = frame::legend(&mut svg, &names, Key::Line, WIDE) + 32.0;
    let (left, bottom) = (y.widest(SIZE) + 12.0, top + 200.0);
    let mut x = Axis::exact(0.0, means[0].len() as f64, 8);
    x.ticks = thinned(labels, per, WIDE - left);
    let frame = Frame { left, right: WIDE - 4.0, top, bottom, x, y };
    frame.draw(&mut svg, "", unit);
    for (at, means) in means.iter().enumerate().rev() {
        let (class, name) = (frame::class(at), &series[at].name);
        let filled = series.len() == 1;
        let (d, kind) = (steps(&frame, means, filled), if filled { "fill" } else { "line" });
        svg.path(&d, &format!("{kind} {class}"), name);
    }
    svg.height(bottom + 26.0);
    let note = (per > 1).then(|| format!("Each column is the mean of {per} neighboring labels."));
    Drawn::svg(svg.finish(alternative), true).noting(note)
}

/// Some of the labels, at the middle of their columns, so that none touches the next.
fn thinned(labels: &[String], per: usize, room: f64) -> Vec<(f64, String)> {
    let labels = || labels.iter().step_by(per);
    let widest = labels().map(|l| width(l, SIZE)).fold(0.0, f64::max).min(110.0) + 16.0;
    let every = labels().len().div_ceil((room / widest).max(1.0) as usize).max(1);
    let tick = |(at, l): (usize, &String)| (at as f64 + 0.5, fit(l, SIZE, widest - 16.0));
    labels().enumerate().step_by(every).map(tick).collect()
}

/// The outline of columns that touch; closed along zero when it is to be filled.
fn steps(frame: &Frame, values: &[f64], closed: bool) -> String {
    let zero = frame.py(0.0);
    let mut d = String::new();
    for (at, value) in values.iter().enumerate() {
        let (x, y) = (frame.px(at as f64), frame.py(*value));
        let _ = match (at, closed) {
            (0, true) => write!(d, "M{} {}V{}", px(x), px(zero), px(y)),
            (0, false) => write!(d, "M{} {}", px(x), px(y)),
            _ => write!(d, "V{}", px(y)),
        };
        let _ = write!(d, "H{}", px(frame.px(at as f64 + 1.0)));
    }
    if closed {
        let _ = write!(d, "V{}Z", px(zero));
    }
    d
}
