//! The frame of a plot: a legend on top, axes with ticks and names.

use std::fmt::Write;

use crate::scale::Axis;
use crate::svg::{Svg, px};
use crate::text::{fit, name, width};

/// Size of all text in a figure, pixels.
pub(crate) const SIZE: f64 = 12.0;
/// Series with a color of their own; later ones are gray.
pub(crate) const SERIES: usize = 7;
/// Room to the right of a frame.
pub(crate) const MARGIN: f64 = 14.0;
/// Entries of a legend.
const LEGEND_MAX: usize = 8;

/// How a series looks in the legend.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    Line,
    Patch,
    Marker,
}

/// The inner rectangle and its axes.
pub(crate) struct Frame {
    pub(crate) left: f64,
    pub(crate) right: f64,
    pub(crate) top: f64,
    pub(crate) bottom: f64,
    pub(crate) x: Axis,
    pub(crate) y: Axis,
}

impl Frame {
    pub(crate) fn px(&self, value: f64) -> f64 {
        self.left + self.x.at(value) * (self.right - self.left)
    }

    pub(crate) fn py(&self, value: f64) -> f64 {
        self.bottom - self.y.at(value) * (self.bottom - self.top)
    }

    /// Grid lines, tick labels and names of both axes. Labels of the horizontal axis that would
    /// touch are left out.
    pub(crate) fn draw(&self, svg: &mut Svg, x_name: &str, y_name: &str) {
        for (value, label) in &self.y.ticks {
            let y = self.py(*value);
            let class = if *value == 0.0 { "base" } else { "grid" };
            svg.line([self.left, y], [self.right, y], class);
            svg.text(self.left - 8.0, y + 4.0, "e", label);
        }
        let mut free = f64::NEG_INFINITY;
        for (value, label) in &self.x.ticks {
            let x = self.px(*value);
            svg.line([x, self.bottom], [x, self.bottom + 4.0], "base");
            let half = width(label, SIZE) / 2.0;
            // The last label stays inside of the drawing.
            let x = x.min(self.right + MARGIN - half);
            if x - half > free + 8.0 {
                svg.text(x, self.bottom + 18.0, "m", label);
                free = x + half;
            }
        }
        svg.line([self.left, self.bottom], [self.right, self.bottom], "base");
        let x_name = fit(&name(x_name), SIZE, self.right);
        svg.text(self.right, self.bottom + 36.0, "e name", &x_name);
        let y_name = fit(&name(y_name), SIZE, self.right);
        svg.text(0.0, self.top - 16.0, "name", &y_name);
    }
}

/// The class of a series.
pub(crate) fn class(series: usize) -> String {
    if series < SERIES { format!("s{series}") } else { "sx".to_owned() }
}

/// Draws a legend from the top left, in as many rows as it needs; gives the height it took.
/// One series needs none.
pub(crate) fn legend(svg: &mut Svg, names: &[&str], key: Key, right: f64) -> f64 {
    if names.len() < 2 {
        return 0.0;
    }
    let shown = if names.len() > LEGEND_MAX { SERIES } else { names.len() };
    let (mut x, mut y) = (0.0, 12.0);
    let mut entry = |svg: &mut Svg, label: &str, at: usize| {
        let label = fit(&name(label), SIZE, right - 30.0);
        let wide = 22.0 + width(&label, SIZE) + 18.0;
        if x > 0.0 && x + wide - 18.0 > right {
            (x, y) = (0.0, y + 20.0);
        }
        swatch(svg, [x, y], at, key);
        svg.text(x + 22.0, y, "label", &label);
        x += wide;
    };
    for (at, label) in names.iter().take(shown).enumerate() {
        entry(svg, label, at);
    }
    if shown < names.len() {
        entry(svg, &format!("{} others", names.len() - shown), SERIES);
    }
    y + 14.0
}

fn swatch(svg: &mut Svg, [x, y]: [f64; 2], series: usize, key: Key) {
    let class = class(series);
    match key {
        Key::Line => svg.line([x, y - 4.0], [x + 16.0, y - 4.0], &format!("line {class}")),
        Key::Patch => svg.rect([x, y - 10.0], [14.0, 11.0], &format!("fill {class}"), ""),
        Key::Marker => {
            let class = format!("fill {class}");
            svg.path(&marker(series, [x + 8.0, y - 4.0], 4.5), &class, "");
        }
    }
}

/// The outline of a series' marker: shapes differ, so that color is not needed to tell them apart.
pub(crate) fn marker(series: usize, [x, y]: [f64; 2], r: f64) -> String {
    let polygon = |points: &[[f64; 2]]| {
        let mut d = String::new();
        for (at, [dx, dy]) in points.iter().enumerate() {
            let verb = if at == 0 { 'M' } else { 'L' };
            let _ = write!(d, "{verb}{} {}", px(x + dx * r), px(y + dy * r));
        }
        d + "Z"
    };
    match series % SERIES {
        0 => {
            let start = format!("M{} {}", px(x - r), px(y));
            let (r, d) = (px(r), px(2.0 * r));
            format!("{start}a{r} {r} 0 1 0 {d} 0a{r} {r} 0 1 0 -{d} 0Z")
        }
        1 => polygon(&[[-0.9, -0.9], [0.9, -0.9], [0.9, 0.9], [-0.9, 0.9]]),
        2 => polygon(&[[0.0, -1.1], [1.1, 0.9], [-1.1, 0.9]]),
        3 => polygon(&[[0.0, -1.2], [1.2, 0.0], [0.0, 1.2], [-1.2, 0.0]]),
        4 => polygon(&[[0.0, 1.1], [1.1, -0.9], [-1.1, -0.9]]),
        5 => polygon(&[[-1.1, -0.4], [1.1, -0.4], [1.1, 0.4], [-1.1, 0.4]]),
        _ => polygon(&[[-0.4, -1.1], [0.4, -1.1], [0.4, 1.1], [-0.4, 1.1]]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The horizontal extent of every tick label below the axis.
    fn extents(svg: &str, y: f64) -> Vec<[f64; 2]> {
        let at = format!(r#" y="{}" class="m">"#, crate::svg::px(y));
        let texts = svg.split("<text x=\"").skip(1).filter(|t| t.contains(&at));
        let extent = |text: &str| {
            let x: f64 = text.split('"').next().unwrap().parse().unwrap();
            let label = text.split(&at).nth(1).unwrap().split('<').next().unwrap();
            let half = width(label, SIZE) / 2.0;
            [x - half, x + half]
        };
        texts.map(extent).collect()
    }

    #[test]
    fn labels_of_ticks_do_not_touch() {
        for (low, high) in [(0.0, 1.0), (-1e-5, 3e-5), (0.0, 123_456_789.0), (99.999, 100.001)] {
            for right in [90.0, 200.0, 480.0] {
                let [x, y] = [0, 1].map(|_| Axis::rounded(low, high, 8));
                let frame = Frame { left: 20.0, right, top: 0.0, bottom: 100.0, x, y };
                let mut svg = Svg::new(right, 140.0);
                frame.draw(&mut svg, "x", "y");
                let extents = extents(&svg.finish(""), 118.0);
                assert!(!extents.is_empty());
                for pair in extents.windows(2) {
                    assert!(pair[0][1] + 4.0 < pair[1][0], "{low} {high} {right}: {pair:?}");
                }
            }
        }
    }

    #[test]
    fn a_legend_wraps_and_ends() {
        let names = ["a rather long name of a series"; 30];
        let mut svg = Svg::new(300.0, 0.0);
        let height = legend(&mut svg, &names, Key::Line, 300.0);
        let svg = svg.finish("");
        assert_eq!(svg.matches("<line").count(), SERIES + 1);
        assert!(svg.contains("23 others"));
        assert!((100.0..200.0).contains(&height), "{height}");
        assert_eq!(legend(&mut Svg::new(300.0, 0.0), &names[..1], Key::Line, 300.0), 0.0);
    }

    #[test]
    fn markers_differ() {
        let markers: Vec<String> = (0..SERIES).map(|s| marker(s, [0.0, 0.0], 4.0)).collect();
        for (at, one) in markers.iter().enumerate() {
            assert!(!markers[..at].contains(one), "{at}");
        }
    }
}
