//! Counts in equal bins, several laid over each other.

use std::fmt::Write;

use secateur_core::figure::Counts;

use super::{Drawn, NARROW, Table, count};
use crate::frame::{self, Frame, Key, SIZE};
use crate::number::{decimal, integer};
use crate::scale::Axis;
use crate::svg::{Svg, px};
use crate::text::name;

/// Bins that can be told apart; more are added up.
const BINS_MAX: usize = 400;
/// Where an axis of decades begins, so that a count of one has a height.
const HALF: f64 = 0.5;

pub(super) fn histogram(
    title: &str,
    x_name: &str,
    [low, high]: [f64; 2],
    series: &[Counts],
    log_y: bool,
) -> Drawn {
    let bins = series.first().map_or(0, |s| s.counts.len());
    if bins == 0 || high <= low {
        return Drawn::nothing("There are no bins to draw.");
    }
    let per = bins.div_ceil(BINS_MAX);
    let summed: Vec<Vec<f64>> = series.iter().map(|s| summed(&s.counts, per)).collect();
    let most = summed.iter().flatten().copied().fold(1.0, f64::max);
    let y =
        if log_y { Axis::decades(1.0, most).starting(HALF) } else { Axis::rounded(0.0, most, 4) };
    let mut svg = Svg::new(NARROW, 0.0);
    let names: Vec<&str> = series.iter().map(|s| s.name.as_str()).collect();
    let top = frame::legend(&mut svg, &names, Key::Patch, NARROW) + 32.0;
    let (left, bottom) = (y.widest(SIZE) + 12.0, top + 190.0);
    let x = Axis::exact(low, high, 6);
    let frame = Frame { left, right: NARROW - 14.0, top, bottom, x, y };
    let y_name = if log_y { "count, in decades" } else { "count" };
    frame.draw(&mut svg, x_name, y_name);
    // The last bin may hold fewer of the original ones, so the edge is taken from the data.
    let edge = |bin: usize| low + (high - low) * ((bin * per).min(bins) as f64 / bins as f64);
    for (at, counts) in summed.iter().enumerate() {
        let class = frame::class(at);
        let d = outline(&frame, counts, &edge);
        svg.path(&d, &format!("area {class}"), &series[at].name);
    }
    svg.height(bottom + 42.0);
    let note = (per > 1).then(|| format!("Each bin drawn is the sum of {per} bins."));
    let alternative = alternative(title, x_name, [low, high], series);
    Drawn::svg(svg.finish(&alternative), false).with(data([low, high], series)).noting(note)
}

fn summed(counts: &[u64], per: usize) -> Vec<f64> {
    counts.chunks(per).map(|c| c.iter().map(|n| *n as f64).sum()).collect()
}

/// The outline of the bins above the lower end of the axis; empty bins leave a gap.
fn outline(frame: &Frame, counts: &[f64], edge: &dyn Fn(usize) -> f64) -> String {
    let mut d = String::new();
    let mut open = false;
    let floor = px(frame.bottom);
    for (bin, count) in counts.iter().enumerate() {
        if *count <= 0.0 {
            if open {
                let _ = write!(d, "V{floor}");
            }
            open = false;
            continue;
        }
        if !open {
            let _ = write!(d, "M{} {floor}", px(frame.px(edge(bin))));
            open = true;
        }
        let _ = write!(d, "V{}H{}", px(frame.py(*count)), px(frame.px(edge(bin + 1))));
    }
    if open {
        let _ = write!(d, "V{floor}");
    }
    d
}

fn alternative(title: &str, x: &str, [low, high]: [f64; 2], series: &[Counts]) -> String {
    let bins = series.first().map_or(0, |s| s.counts.len());
    let mut text = format!("{title}. Histogram of {}, {}.", name(x), count(bins, "bin"));
    for series in series.iter().take(6) {
        let total = series.counts.iter().fold(0u64, |a, n| a.saturating_add(*n));
        let most = (0..bins).rev().max_by_key(|at| series.counts[*at]).unwrap_or(0);
        let [from, to] = ends([low, high], bins, most).map(decimal);
        let (total, label) = (integer(total), name(&series.name));
        let _ = write!(text, " {label}: {total} values, most of them from {from} to {to}.");
    }
    text
}

fn ends([low, high]: [f64; 2], bins: usize, at: usize) -> [f64; 2] {
    [at, at + 1].map(|k| low + (high - low) * (k as f64 / bins as f64))
}

fn data(range: [f64; 2], series: &[Counts]) -> Option<Table> {
    let bins = series.first().map_or(0, |s| s.counts.len());
    let mut heads = vec!["from", "to"];
    heads.extend(series.iter().map(|s| s.name.as_str()));
    let row = |at: usize| {
        let ends = ends(range, bins, at).map(decimal).into_iter();
        ends.chain(series.iter().map(|s| integer(s.counts[at]))).collect()
    };
    Table::small(&heads, bins, || (0..bins).map(row).collect())
}
