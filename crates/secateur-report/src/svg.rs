//! The few shapes that every figure is drawn with.
//!
//! Colors and faces come from the page's style sheet by class, so that one drawing serves light,
//! dark and paper. Inline SVG in HTML needs no namespace.

use std::fmt::Write;

use crate::draw::{MIDDLE, NARROW, WIDE};
use crate::text::{escape, name};

/// A drawing; lengths are pixels at its natural size.
pub(crate) struct Svg {
    width: f64,
    height: f64,
    body: String,
}

/// A coordinate with one decimal at most.
pub(crate) fn px(x: f64) -> String {
    let text = format!("{x:.1}");
    let text = text.strip_suffix(".0").unwrap_or(&text);
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

impl Svg {
    pub(crate) fn new(width: f64, height: f64) -> Self {
        Self { width, height, body: String::new() }
    }

    /// Changes the height once it is known.
    pub(crate) fn height(&mut self, height: f64) {
        self.height = height;
    }

    /// A line of text that begins at `x` (class `m`: its middle is there, `e`: it ends there).
    pub(crate) fn text(&mut self, x: f64, y: f64, class: &str, text: &str) {
        let text = escape(text);
        let class = attribute(class);
        let _ = write!(self.body, r#"<text x="{}" y="{}"{class}>{text}</text>"#, px(x), px(y));
    }

    pub(crate) fn line(&mut self, from: [f64; 2], to: [f64; 2], class: &str) {
        let [x1, y1] = from.map(px);
        let [x2, y2] = to.map(px);
        let class = attribute(class);
        let _ =
            write!(self.body, r#"<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"{class}></line>"#);
    }

    /// A rectangle with a tip that shows when it is pointed at; an empty tip is none.
    pub(crate) fn rect(&mut self, corner: [f64; 2], size: [f64; 2], class: &str, tip: &str) {
        let [x, y] = corner.map(px);
        let [w, h] = size.map(px);
        let (class, tip) = (attribute(class), tipped(tip));
        let _ = write!(
            self.body,
            r#"<rect x="{x}" y="{y}" width="{w}" height="{h}"{class}>{tip}</rect>"#
        );
    }

    pub(crate) fn circle(&mut self, center: [f64; 2], radius: f64, class: &str) {
        let [x, y] = center.map(px);
        let (r, class) = (px(radius), attribute(class));
        let _ = write!(self.body, r#"<circle cx="{x}" cy="{y}" r="{r}"{class}></circle>"#);
    }

    /// A path; `d` is ours, never text from a file.
    pub(crate) fn path(&mut self, d: &str, class: &str, tip: &str) {
        let (class, tip) = (attribute(class), tipped(tip));
        let _ = write!(self.body, r#"<path d="{d}"{class}>{tip}</path>"#);
    }

    /// An image, stretched over the given size, its pixels kept sharp.
    pub(crate) fn image(&mut self, corner: [f64; 2], size: [f64; 2], data: &str) {
        let [x, y] = corner.map(px);
        let [w, h] = size.map(px);
        let _ = write!(
            self.body,
            r#"<image x="{x}" y="{y}" width="{w}" height="{h}" preserveAspectRatio="none" href="{data}"></image>"#
        );
    }

    /// The element; `alternative` says in words what is seen.
    pub(crate) fn finish(self, alternative: &str) -> String {
        let (w, h, label) = (px(self.width), px(self.height), escape(alternative));
        // How far a drawing may shrink is a matter of the style sheet.
        let class = match self.width {
            w if w > WIDE => r#" class="huge""#,
            w if w > MIDDLE => r#" class="wide""#,
            w if w > NARROW => r#" class="middle""#,
            _ => "",
        };
        format!(
            r#"<svg viewBox="0 0 {w} {h}" width="{w}" height="{h}"{class} role="img" aria-label="{label}">{}</svg>"#,
            self.body
        )
    }
}

fn attribute(class: &str) -> String {
    if class.is_empty() { String::new() } else { format!(r#" class="{class}""#) }
}

fn tipped(tip: &str) -> String {
    if tip.is_empty() {
        return String::new();
    }
    format!("<title>{}</title>", escape(&name(tip)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped_and_coordinates_are_short() {
        let mut svg = Svg::new(10.0, 20.25);
        svg.text(1.04, -0.01, "m", "<script>\u{202e}");
        svg.rect([0.0, 0.5], [1.0, 2.0], "s0", "a & b");
        let expect = r#"<svg viewBox="0 0 10 20.2" width="10" height="20.2" role="img" aria-label="&quot;"><text x="1" y="0" class="m">&lt;script&gt;\u{202e}</text><rect x="0" y="0.5" width="1" height="2" class="s0"><title>a &amp; b</title></rect></svg>"#;
        assert_eq!(svg.finish("\""), expect);
    }
}
