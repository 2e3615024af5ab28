//! A map of values: squares while they are few, an image when they are many.

use super::{Drawn, NARROW, Table, WIDE};
use crate::frame::SIZE;
use crate::number::decimal;
use crate::png::{self, SHADES};
use crate::svg::Svg;
use crate::text::{fit, name};

/// Most cells that are drawn one by one.
const SQUARES_MAX: usize = 400;
/// Most cells of a map whose values stand beside it.
const DATA_MAX: usize = 256;

pub(super) fn heatmap(
    title: &str,
    [rows, columns]: [usize; 2],
    values: &[f32],
    [low, high]: [f64; 2],
    legend: &str,
) -> Drawn {
    if values.is_empty() {
        return Drawn::nothing("The map is empty.");
    }
    let wide = columns > 3 * rows && columns > 64;
    let total = if wide { WIDE } else { NARROW };
    let [w, h] = size([rows, columns], total);
    let mut svg = Svg::new(total, h + 62.0);
    let shade = |v: &f32| png::shade(f64::from(*v), low, high);
    let (left, top) = (0.5, 0.5);
    if values.len() <= SQUARES_MAX {
        let cell = [w / columns as f64, h / rows as f64];
        for (at, value) in values.iter().enumerate() {
            let (row, column) = (at / columns, at % columns);
            let corner = [left + column as f64 * cell[0], top + row as f64 * cell[1]];
            let class = format!("h{}", shade(value));
            let tip = format!("row {row}, column {column}: {}", decimal(f64::from(*value)));
            svg.rect(corner, cell, &class, &tip);
        }
    } else {
        let shades: Vec<usize> = values.iter().map(shade).collect();
        svg.image([left, top], [w, h], &png::address(columns, &shades));
    }
    svg.rect([left, top], [w, h], "frame", "");
    scale_bar(&mut svg, h + 20.0, total, [&decimal(low), &decimal(high)], legend);
    let alternative = alternative(title, [rows, columns], values, legend);
    let data = (values.len() <= DATA_MAX).then(|| data([rows, columns], values));
    Drawn::svg(svg.finish(&alternative), wide).with(data)
}

/// Width and height of the map: square cells where the shape allows it.
fn size([rows, columns]: [usize; 2], total: f64) -> [f64; 2] {
    let most = [total - 1.0, 300.0];
    let cell = (most[0] / columns as f64).min(most[1] / rows as f64).min(36.0);
    [(cell * columns as f64).max(120.0), (cell * rows as f64).max(16.0)]
}

/// The shades from left to right with the values at both ends and what they mean.
pub(crate) fn scale_bar(svg: &mut Svg, y: f64, total: f64, ends: [&str; 2], legend: &str) {
    let step = 10.0;
    let wide = step * SHADES as f64;
    for shade in 0..SHADES {
        svg.rect([0.5 + step * shade as f64, y], [step, 10.0], &format!("h{shade}"), "");
    }
    svg.rect([0.5, y], [wide, 10.0], "frame", "");
    svg.text(0.0, y + 26.0, "", ends[0]);
    svg.text(wide, y + 26.0, "e", ends[1]);
    svg.text(wide + 14.0, y + 10.0, "name", &fit(&name(legend), SIZE, total - wide - 20.0));
}

fn alternative(title: &str, [rows, columns]: [usize; 2], values: &[f32], legend: &str) -> String {
    let mean = values.iter().map(|v| f64::from(*v)).sum::<f64>() / values.len() as f64;
    let (mean, legend) = (decimal(mean), name(legend));
    format!("{title}. Map of {rows} rows by {columns} columns, {legend}; the mean is {mean}.")
}

fn data([rows, columns]: [usize; 2], values: &[f32]) -> Table {
    let heads = (0..columns).map(|c| c.to_string());
    let row = |r: usize| {
        let cells = values[r * columns..][..columns].iter().map(|v| decimal(f64::from(*v)));
        std::iter::once(r.to_string()).chain(cells).collect()
    };
    let heads = std::iter::once("row".to_owned()).chain(heads).collect();
    Table::new(heads, (0..rows).map(row).collect())
}
