//! How much of each group was cut, all groups at a glance.

use secateur_core::figure::Series;
use secateur_core::record::Group;

use crate::draw::{self, Body, Drawn, MIDDLE, WIDE, count, horizontal, scale_bar};
use crate::frame::SIZE;
use crate::matrix::{Cell, Matrix, matrix};
use crate::number::{integer, percent};
use crate::png;
use crate::svg::Svg;
use crate::text::{escape, fit, name, width};

/// Most groups that get a bar each.
const BARS_MAX: usize = 36;
/// Most columns whose cells hold their value as text.
const TEXT_MAX: usize = 16;
/// Shown for a group that was not pruned.
const ALONE: &str = "left alone";
/// Most bytes of the names in all tips.
const TIPS_MAX: usize = 200_000;
/// Height of a row of the matrix.
const ROW: f64 = 24.0;

/// Share of units cut in one group; `None` for a group left alone or without units.
pub(crate) fn sparsity(group: &Group) -> Option<f64> {
    let mut cell = Cell::default();
    cell.add(group);
    cell.sparsity()
}

/// Units kept and cut over the groups that were pruned, and the number of those groups.
pub(crate) fn totals(groups: &[Group]) -> (u64, u64, usize) {
    let pruned = groups.iter().filter(|g| g.skipped.is_none());
    pruned.fold((0, 0, 0), |(kept, cut, n), g| {
        (kept.saturating_add(g.kept), cut.saturating_add(g.cut), n + 1)
    })
}

/// One sentence: lowest, median and highest share over the pruned groups.
pub(crate) fn sentence(groups: &[Group]) -> String {
    let mut shares: Vec<f64> = groups.iter().filter_map(sparsity).collect();
    shares.sort_by(f64::total_cmp);
    let skipped = groups.iter().filter(|g| g.skipped.is_some()).count();
    let alone = match (skipped, shares.is_empty()) {
        (0, _) => String::new(),
        (1, true) => "The one group was left alone.".to_owned(),
        (n, true) => format!("All {} groups were left alone.", integer(n as u64)),
        (1, false) => " 1 group was left alone.".to_owned(),
        (n, false) => format!(" {} groups were left alone.", integer(n as u64)),
    };
    let (Some(low), Some(high)) = (shares.first(), shares.last()) else { return alone };
    let (low, high, median) = (percent(*low), percent(*high), percent(shares[shares.len() / 2]));
    let pruned = count(shares.len(), "group");
    if low == high {
        format!("{low} of the units were cut in each of {pruned}.{alone}")
    } else {
        let range = format!("{low} to {high} of the units were cut in {pruned}");
        format!("{range}, {median} in the median group.{alone}")
    }
}

/// The drawings: bars while the groups are few, otherwise a matrix of layers and kinds with bars
/// for what has no place in it, otherwise columns in the order of the model.
pub(crate) fn drawings(groups: &[Group]) -> Vec<Drawn> {
    if groups.is_empty() {
        return Vec::new();
    }
    if groups.len() <= BARS_MAX {
        return vec![bars(&groups.iter().collect::<Vec<_>>())];
    }
    match matrix(groups) {
        Some(matrix) => {
            let rest: Vec<&Group> = matrix.rest.iter().map(|at| &groups[*at]).collect();
            let pruned = rest.iter().any(|g| g.skipped.is_none());
            let mut out = vec![strips(&matrix)];
            if pruned && rest.len() <= BARS_MAX {
                out.push(bars(&rest));
            }
            out
        }
        None => vec![profile(groups)],
    }
}

fn bars(groups: &[&Group]) -> Drawn {
    let labels: Vec<String> = groups.iter().map(|g| name(&g.name)).collect();
    let values = groups.iter().map(|g| sparsity(g).unwrap_or(f64::NAN)).collect();
    let series = [Series { name: "cut".to_owned(), values }];
    let pruned = series[0].values.iter().filter(|v| v.is_finite()).count();
    let alternative =
        format!("Share of units cut in {}; {pruned} of them pruned.", count(groups.len(), "group"));
    let text = |share: f64| if share.is_nan() { ALONE.to_owned() } else { percent(share) };
    let body = horizontal(&alternative, &labels, &series, &text, MIDDLE, Some(1.0));
    Drawn { body: Body::Svg(body), wide: true, data: None, note: None }
}

fn profile(groups: &[Group]) -> Drawn {
    let pruned = || groups.iter().filter_map(|g| Some((g, sparsity(g)?)));
    let labels: Vec<String> = pruned().map(|(g, _)| g.name.clone()).collect();
    let values = pruned().map(|(_, s)| s * 100.0).collect();
    let series = [Series { name: "cut".to_owned(), values }];
    let mut drawn = draw::bars("Share of units cut", &labels, &series, "% cut");
    drawn.data = None;
    drawn
}

/// The range of the shades: all of 0 to 1, or the part that is used when it is small.
fn shades(cells: &[Cell]) -> [f64; 2] {
    let [low, high] = draw::range(cells.iter().filter_map(Cell::sparsity)).unwrap_or([0.0, 1.0]);
    if high - low > 0.4 || high - low < 1e-6 {
        return [0.0, 1.0];
    }
    [(low * 20.0 + 1e-9).floor() / 20.0, (high * 20.0 - 1e-9).ceil() / 20.0]
}

/// Kinds below each other, layers from left to right, the mean of a kind at the end of its row.
fn strips(matrix: &Matrix) -> Drawn {
    let (rows, columns) = (&matrix.rows, &matrix.columns);
    let labels: Vec<String> = rows.iter().map(|r| name(r)).collect();
    let left = labels.iter().map(|l| width(l, SIZE)).fold(60.0, f64::max).min(250.0) + 14.0;
    let cell = ((WIDE - left - 70.0) / columns.len() as f64).min(64.0);
    let [low, high] = shades(&matrix.cells);
    // Very long names would make the tips larger than all the rest.
    let tips = labels.iter().map(|l| escape(l).len()).sum::<usize>() * columns.len() < TIPS_MAX;
    let top = 22.0;
    let bottom = top + ROW * rows.len() as f64;
    let mut svg = Svg::new(WIDE, bottom + 80.0);
    let end = left + cell * columns.len() as f64;
    svg.text(end + 10.0, top - 8.0, "name", "mean");
    for (row, label) in labels.iter().enumerate() {
        let y = top + ROW * row as f64;
        svg.text(left - 12.0, y + 15.5, "e label", &fit(label, SIZE, left - 13.0));
        let cells = &matrix.cells[row * columns.len()..][..columns.len()];
        for (column, found) in cells.iter().enumerate().filter(|(_, c)| c.groups > 0) {
            let tip = if tips { tip(label, columns[column], found) } else { String::new() };
            let place = [left + cell * column as f64, y];
            square(&mut svg, place, cell, found, [low, high], &tip);
            if let (Some(share), true) = (found.sparsity(), columns.len() <= TEXT_MAX) {
                let dark = png::shade(share, low, high) > 8;
                let class = if dark { "m inside" } else { "m label" };
                let value = percent(share).replace(" %", "");
                svg.text(place[0] + cell / 2.0 - 1.0, y + 15.5, class, &value);
            }
        }
        if let Some(mean) = mean(cells) {
            svg.text(end + 10.0, y + 15.5, "value", &percent(mean));
        }
    }
    layers(&mut svg, columns, [left, cell, bottom]);
    scale_bar(&mut svg, bottom + 44.0, WIDE, [&percent(low), &percent(high)], "share of units cut");
    if matrix.cells.iter().any(|c| c.groups > 0 && c.sparsity().is_none()) {
        svg.rect([360.0, bottom + 44.0], [14.0, 10.0], "cell alone", "");
        svg.text(382.0, bottom + 54.0, "name", ALONE);
    }
    let alternative = format!(
        "Share of units cut, {} by {}.",
        count(rows.len(), "kind of group"),
        count(columns.len(), "layer")
    );
    let several = matrix.cells.iter().any(|c| c.groups > 1);
    let note = several.then(|| "A cell stands for all its groups together.".to_owned());
    Drawn { body: Body::Svg(svg.finish(&alternative)), wide: true, data: None, note }
}

fn square(svg: &mut Svg, at: [f64; 2], cell: f64, found: &Cell, range: [f64; 2], tip: &str) {
    let gap = if cell > 8.0 { 2.0 } else { 0.5 };
    let class = match found.sparsity() {
        Some(share) => format!("cell h{}", png::shade(share, range[0], range[1])),
        None => "cell alone".to_owned(),
    };
    svg.rect(at, [cell - gap, ROW - 2.0], &class, tip);
}

fn tip(label: &str, column: (u64, u64), cell: &Cell) -> String {
    let share = cell.sparsity().map_or_else(|| ALONE.to_owned(), percent);
    format!("layer {}, {label}: {share}", span(column))
}

fn span((first, last): (u64, u64)) -> String {
    if first == last { first.to_string() } else { format!("{first}–{last}") }
}

fn mean(cells: &[Cell]) -> Option<f64> {
    let shares: Vec<f64> = cells.iter().filter_map(Cell::sparsity).collect();
    (!shares.is_empty()).then(|| shares.iter().sum::<f64>() / shares.len() as f64)
}

/// Numbers of the layers below the matrix, as many as there is room for.
fn layers(svg: &mut Svg, columns: &[(u64, u64)], [left, cell, bottom]: [f64; 3]) {
    let widest = columns.iter().map(|c| width(&span(*c), SIZE)).fold(0.0, f64::max) + 10.0;
    let every = [1, 2, 5, 10, 20, 50, 100, 200]
        .into_iter()
        .find(|k| cell * *k as f64 >= widest)
        .unwrap_or(500);
    for (at, column) in columns.iter().enumerate().step_by(every) {
        let x = left + cell * (at as f64 + 0.5) - 1.0;
        svg.text(x, bottom + 15.0, "m", &span(*column));
    }
    svg.text(left - 12.0, bottom + 15.0, "e name", "layer");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(name: &str, kept: u64, cut: u64) -> Group {
        Group {
            name: name.to_owned(),
            shape: vec![4, 4],
            dtype: "f32".to_owned(),
            kept,
            cut,
            score_kept: None,
            skipped: None,
        }
    }

    #[test]
    fn a_sentence_says_how_even_it_is() {
        let mut groups = vec![group("a", 8, 8), group("b", 2, 2)];
        assert_eq!(sentence(&groups), "50.0 % of the units were cut in each of 2 groups.");
        groups.push(group("c", 4, 12));
        groups.push(Group { skipped: Some("asked".to_owned()), ..group("d", 16, 0) });
        let expect = "50.0 % to 75.0 % of the units were cut in 3 groups, \
                      50.0 % in the median group. 1 group was left alone.";
        assert_eq!(sentence(&groups), expect);
        assert_eq!(sentence(&groups[3..]), "The one group was left alone.");
        assert_eq!(totals(&groups), (14, 22, 3));
        assert_eq!(totals(&[group("x", u64::MAX, 1), group("y", 1, 1)]).0, u64::MAX);
    }

    #[test]
    fn many_groups_become_strips_or_columns() {
        let body = |groups: &[Group]| match drawings(groups).remove(0).body {
            Body::Svg(svg) => svg,
            Body::Table(_) | Body::Text(_) | Body::Nothing(_) => panic!("a drawing"),
        };
        let cells = |layer: u64| {
            ["q", "k"].map(|kind| group(&format!("l.{layer}.{kind}"), 100 - layer, layer + 1))
        };
        let strips = body(&(0..30).flat_map(cells).collect::<Vec<_>>());
        assert_eq!(strips.matches("class=\"cell h").count(), 60);
        assert!(strips.contains("<title>layer 29, k: 29.7 %</title>"));
        let names: Vec<Group> = (0..60).map(|n| group(&format!("part{n}x"), 1, 1)).collect();
        assert!(body(&names).contains("<path"));
        let few = body(&names[..3]);
        assert_eq!(few.matches("fill s0").count(), 3);
    }
}
