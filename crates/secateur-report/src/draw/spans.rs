//! Spans of time in lanes.

use std::fmt::Write as _;

use secateur_core::figure::Span;

use super::{Drawn, Table, WIDE, count, range};
use crate::frame::{self, Key, SIZE};
use crate::number::decimal;
use crate::scale::Axis;
use crate::svg::{Svg, px};
use crate::text::{fit, name, width};

/// Most lanes that are drawn.
const LANES_MAX: usize = 60;
/// Most spans that are drawn one by one; of more the share of time that they cover is drawn.
const SPANS_MAX: usize = 1_500;
/// Width of a column of such a share, pixels.
const COLUMN: f64 = 2.0;
const ROW: f64 = 26.0;
/// Widest name of a lane, pixels.
const LANE_MAX: f64 = 310.0;

pub(super) fn spans(title: &str, unit: &str, lanes: &[String], spans: &[Span]) -> Drawn {
    let ends = spans.iter().flat_map(|s| [s.start, s.end]);
    let Some([low, high]) = range(ends) else {
        return Drawn::nothing("There are no spans to draw.");
    };
    let low = if low > 0.0 && low < 0.3 * high { 0.0 } else { low };
    let axis = Axis::exact(low, high, 8);
    let shown = lanes.len().min(LANES_MAX);
    let lane_names: Vec<String> = lanes.iter().take(shown).map(|l| name(l)).collect();
    let left = lane_names.iter().map(|l| width(l, SIZE)).fold(0.0, f64::max).min(LANE_MAX) + 14.0;
    let right = WIDE - 24.0;
    let at = |v: f64| left + axis.at(v) * (right - left);
    let kinds = kinds(spans);
    let mut svg = Svg::new(WIDE, 0.0);
    let names: Vec<&str> = kinds.iter().map(String::as_str).collect();
    let legend = frame::legend(&mut svg, &names, Key::Patch, WIDE);
    let top = legend + if legend > 0.0 { 12.0 } else { 4.0 };
    let bottom = top + ROW * shown as f64;
    svg.height(bottom + 42.0);
    for (value, label) in &axis.ticks {
        svg.line([at(*value), top - 4.0], [at(*value), bottom], "grid");
        svg.text(at(*value), bottom + 16.0, "m", label);
    }
    for (row, lane) in lane_names.iter().enumerate() {
        let y = top + ROW * row as f64;
        svg.text(left - 12.0, y + 15.0, "e label", &fit(lane, SIZE, left - 13.0));
    }
    let dense = spans.len() > SPANS_MAX;
    if dense {
        for (kind, lanes) in stacked(spans, &kinds, shown, [left, right], &at).iter().rev() {
            for (row, shares) in
                lanes.iter().enumerate().filter(|(_, s)| s.iter().any(|s| *s > 0.0))
            {
                let floor = top + ROW * (row + 1) as f64 - 6.0;
                let tip = kinds.get(*kind).map_or("", String::as_str);
                svg.path(
                    &profile(shares, left, floor),
                    &format!("fill {}", frame::class(*kind)),
                    tip,
                );
            }
        }
    }
    let single = if dense { Vec::new() } else { pieces(spans, shown, &at) };
    for (row, pieces) in single.into_iter().enumerate() {
        let y = top + ROW * row as f64;
        for piece in pieces {
            let class = format!("span {}", frame::class(kind_of(&kinds, &piece.label)));
            let wide = (piece.to - piece.from).max(1.0);
            svg.rect([piece.from, y], [wide, ROW - 6.0], &class, &piece.tip);
            if width(&piece.label, SIZE) + 8.0 <= wide {
                svg.text(piece.from + 5.0, y + 14.5, "inside", &piece.label);
            }
        }
    }
    svg.text(right, bottom + 34.0, "e name", &fit(&name(unit), SIZE, right));
    let lanes_left = lanes.len() - shown;
    let mut notes = Vec::new();
    if dense {
        notes.push(
            "There are too many spans to draw each; heights are shares of the time.".to_owned(),
        );
    }
    if lanes_left > 0 {
        notes.push(format!("{} more are not drawn.", count(lanes_left, "lane")));
    }
    let note = (!notes.is_empty()).then(|| notes.join(" "));
    let alternative = format!(
        "{title}. {} in {}, from {} to {} {}.",
        count(spans.len(), "span"),
        count(lanes.len(), "lane"),
        decimal(low),
        decimal(high),
        name(unit)
    );
    Drawn::svg(svg.finish(&alternative), true).with(data(unit, lanes, spans)).noting(note)
}

/// What the spans are called, in the order of the time that they take; empty when there is only
/// one such name, or more than there are colors.
fn kinds(spans: &[Span]) -> Vec<String> {
    let mut times: Vec<(String, f64)> = Vec::new();
    for span in spans {
        let label = name(&span.label);
        let at = times.iter().position(|(known, _)| *known == label).unwrap_or(times.len());
        if at == times.len() {
            if at == frame::SERIES {
                return Vec::new();
            }
            times.push((label, 0.0));
        }
        times[at].1 += span.end - span.start;
    }
    if times.len() < 2 {
        return Vec::new();
    }
    times.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    times.into_iter().map(|(name, _)| name).collect()
}

/// The color of a name.
fn kind_of(kinds: &[String], label: &str) -> usize {
    kinds.iter().position(|kind| kind == label).unwrap_or(0)
}

/// Per kind and lane the shares of its spans on top of those of the kinds before it.
fn stacked(
    spans: &[Span],
    kinds: &[String],
    lanes: usize,
    ends: [f64; 2],
    at: &dyn Fn(f64) -> f64,
) -> Vec<(usize, Vec<Vec<f64>>)> {
    let mut below: Vec<Vec<f64>> = Vec::new();
    let mut out = Vec::new();
    for kind in 0..kinds.len().max(1) {
        let own = spans.iter().filter(|span| kind_of(kinds, &name(&span.label)) == kind);
        let own: Vec<Span> = own.cloned().collect();
        let mut lanes = shares(&own, lanes, ends, at);
        for (shares, below) in lanes.iter_mut().zip(&below) {
            for (share, below) in shares.iter_mut().zip(below) {
                // A kind that is not there adds nothing to be drawn.
                *share = if *share > 0.0 { (*share + below).min(1.0) } else { *below };
            }
        }
        below.clone_from(&lanes);
        out.push((kind, lanes));
    }
    out
}

struct Piece {
    from: f64,
    to: f64,
    label: String,
    tip: String,
}

/// Per lane what is drawn, in pixels.
fn pieces(spans: &[Span], lanes: usize, at: &dyn Fn(f64) -> f64) -> Vec<Vec<Piece>> {
    let mut out: Vec<Vec<Piece>> = (0..lanes).map(|_| Vec::new()).collect();
    let mut order: Vec<&Span> = spans.iter().filter(|s| s.lane < lanes).collect();
    order.sort_by(|a, b| a.start.total_cmp(&b.start));
    for span in order {
        let label = name(&span.label);
        let tip = tip(&label, span);
        out[span.lane].push(Piece { from: at(span.start), to: at(span.end), label, tip });
    }
    out
}

/// Per lane and column the share of the time that spans cover, 0 to 1.
fn shares(
    spans: &[Span],
    lanes: usize,
    [left, right]: [f64; 2],
    at: &dyn Fn(f64) -> f64,
) -> Vec<Vec<f64>> {
    let columns = ((right - left) / COLUMN).ceil().max(1.0) as usize;
    let mut out = vec![vec![0.0; columns]; lanes];
    for span in spans.iter().filter(|span| span.lane < lanes) {
        let [from, to] = [at(span.start), at(span.end)].map(|x| (x - left) / COLUMN);
        let first = from.floor().max(0.0) as usize;
        let last = (to.ceil().max(0.0) as usize).min(columns);
        let covered = out[span.lane].iter_mut().enumerate().take(last).skip(first);
        for (column, share) in covered {
            let inside = to.min((column + 1) as f64) - from.max(column as f64);
            *share = (*share + inside.max(0.0)).min(1.0);
        }
    }
    out
}

/// The outline of shares that stand on a floor.
fn profile(shares: &[f64], left: f64, floor: f64) -> String {
    let mut path = format!("M{} {}", px(left), px(floor));
    let mut height = 0.0;
    for (column, share) in shares.iter().enumerate() {
        let next = (share * (ROW - 6.0) * 10.0).round() / 10.0;
        if next != height {
            let x = px(left + column as f64 * COLUMN);
            let _ = write!(path, "H{x}V{}", px(floor - next));
            height = next;
        }
    }
    let end = px(left + shares.len() as f64 * COLUMN);
    let _ = write!(path, "H{end}V{}Z", px(floor));
    path
}

fn tip(label: &str, span: &Span) -> String {
    format!("{label}: {} to {}", decimal(span.start), decimal(span.end))
}

fn data(unit: &str, lanes: &[String], spans: &[Span]) -> Option<Table> {
    let unit = name(unit);
    let heads = ["lane", "span", &format!("start, {unit}"), &format!("end, {unit}")];
    let row =
        |s: &Span| vec![name(&lanes[s.lane]), name(&s.label), decimal(s.start), decimal(s.end)];
    Table::small(&heads, spans.len(), || spans.iter().map(row).collect())
}

#[cfg(test)]
mod tests {
    use super::{profile, shares};
    use secateur_core::figure::Span;

    fn span(lane: usize, start: f64, end: f64) -> Span {
        Span { lane, label: "busy".to_owned(), start, end }
    }

    #[test]
    fn shares_are_those_of_the_time_in_each_column() {
        let spans = [span(0, 0.0, 1.0), span(0, 2.0, 2.5), span(0, 3.0, 6.0), span(1, 1.0, 3.0)];
        let found = shares(&spans, 2, [10.0, 16.0], &|time| 10.0 + time);
        assert_eq!(found, [vec![0.5, 0.75, 1.0], vec![0.5, 0.5, 0.0]]);
    }

    #[test]
    fn a_profile_steps_only_where_the_share_changes() {
        assert_eq!(profile(&[0.5, 0.5, 0.0, 1.0], 10.0, 30.0), "M10 30H10V20H14V30H16V10H18V30Z");
    }
}
