//! Spans of time in lanes.

use secateur_core::figure::Span;

use super::{Drawn, Table, WIDE, count, range};
use crate::frame::SIZE;
use crate::number::decimal;
use crate::scale::Axis;
use crate::svg::Svg;
use crate::text::{fit, name, width};

/// Most lanes that are drawn.
const LANES_MAX: usize = 60;
/// Most spans that are drawn one by one; more are joined where they touch on the page.
const SPANS_MAX: usize = 1_500;
const ROW: f64 = 26.0;

pub(super) fn spans(title: &str, unit: &str, lanes: &[String], spans: &[Span]) -> Drawn {
    let ends = spans.iter().flat_map(|s| [s.start, s.end]);
    let Some([low, high]) = range(ends) else {
        return Drawn::nothing("There are no spans to draw.");
    };
    let low = if low > 0.0 && low < 0.3 * high { 0.0 } else { low };
    let axis = Axis::exact(low, high, 8);
    let shown = lanes.len().min(LANES_MAX);
    let lane_names: Vec<String> = lanes.iter().take(shown).map(|l| name(l)).collect();
    let left = lane_names.iter().map(|l| width(l, SIZE)).fold(0.0, f64::max).min(220.0) + 14.0;
    let right = WIDE - 24.0;
    let at = |v: f64| left + axis.at(v) * (right - left);
    let bottom = 4.0 + ROW * shown as f64;
    let mut svg = Svg::new(WIDE, bottom + 42.0);
    for (value, label) in &axis.ticks {
        svg.line([at(*value), 0.0], [at(*value), bottom], "grid");
        svg.text(at(*value), bottom + 16.0, "m", label);
    }
    for (row, lane) in lane_names.iter().enumerate() {
        let y = 4.0 + ROW * row as f64;
        svg.text(left - 12.0, y + 15.0, "e label", &fit(lane, SIZE, left - 13.0));
    }
    let joined = spans.len() > SPANS_MAX;
    for (row, pieces) in pieces(spans, shown, joined, &at).into_iter().enumerate() {
        let y = 4.0 + ROW * row as f64;
        for piece in pieces {
            let wide = (piece.to - piece.from).max(1.0);
            svg.rect([piece.from, y], [wide, ROW - 6.0], "span", &piece.tip);
            if width(&piece.label, SIZE) + 8.0 <= wide {
                svg.text(piece.from + 5.0, y + 14.5, "inside", &piece.label);
            }
        }
    }
    svg.text(right, bottom + 34.0, "e name", &fit(&name(unit), SIZE, right));
    let lanes_left = lanes.len() - shown;
    let note = match (lanes_left, joined) {
        (0, false) => None,
        (0, true) => Some("Spans that touch on the page are joined.".to_owned()),
        (more, _) => Some(format!("{} more are not drawn.", count(more, "lane"))),
    };
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

struct Piece {
    from: f64,
    to: f64,
    label: String,
    tip: String,
}

/// Per lane what is drawn, in pixels.
fn pieces(spans: &[Span], lanes: usize, joined: bool, at: &dyn Fn(f64) -> f64) -> Vec<Vec<Piece>> {
    let mut out: Vec<Vec<Piece>> = (0..lanes).map(|_| Vec::new()).collect();
    let mut order: Vec<&Span> = spans.iter().filter(|s| s.lane < lanes).collect();
    order.sort_by(|a, b| a.start.total_cmp(&b.start));
    for span in order {
        let (from, to) = (at(span.start), at(span.end));
        let lane = &mut out[span.lane];
        match lane.last_mut() {
            Some(last) if joined && from <= last.to + 0.5 => {
                last.to = last.to.max(to);
                last.label.clear();
                last.tip.clear();
            }
            _ => {
                let label = name(&span.label);
                let tip = if joined { String::new() } else { tip(&label, span) };
                lane.push(Piece { from, to, label, tip });
            }
        }
    }
    out
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
