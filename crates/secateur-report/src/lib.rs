//! A record as a page, as Markdown and as JSON.
//!
//! Pure: a value goes in, a string comes out. This crate reads no files, keeps no time and knows
//! no family; whatever a [`Record`] holds, it shows.
//!
//! - [`html`]: one self-contained page, readable without scripts, on paper and on a phone;
//! - [`markdown`]: the same facts as short tables, for a pull request or a model card;
//! - [`json`]: the record itself, with plain decimals.
//!
//! Everything in a record is data. Names come from files that others wrote, so markup is escaped
//! and characters that cannot be seen, or that reorder a line, are written as `\u{202e}`.
//!
//! A page has a bound: names, tables and figures are cut to a size where they grow, and the page
//! says so and points at the JSON. Ten thousand groups stay under five megabytes.
//!
//! Start reading at `page.rs` (what is on the page, in order) with `templates/page.html` beside
//! it; `draw.rs` has one file per kind of figure, `scale.rs` and `frame.rs` the axes, `svg.rs` the
//! few shapes that everything is drawn with.

mod draw;
mod facts;
mod frame;
mod json;
mod markdown;
mod matrix;
mod number;
mod page;
mod png;
mod scale;
mod sparsity;
mod svg;
mod text;

use secateur_core::Record;

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// The template could not be filled.
    #[error("the report page could not be filled: {0}")]
    Page(#[from] minijinja::Error),
}

impl ReportError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Page(_) => "the record itself is in report.json; please report this as a bug",
        }
    }
}

/// The record as one self-contained HTML page, under 5 MB whatever the record holds.
///
/// A figure that fails [`Figure::check`](secateur_core::Figure::check) is not drawn; its place
/// says what is wrong with it.
///
/// # Errors
/// [`ReportError::Page`] when the template cannot be filled, which is a bug.
///
/// # Example
/// ```
/// let text = include_str!("../tests/example-record.json");
/// let record: secateur_core::Record = serde_json::from_str(text)?;
/// let page = secateur_report::html(&record)?;
/// assert!(page.starts_with("<!doctype html>"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn html(record: &Record) -> Result<String, ReportError> {
    page::html(record)
}

/// A figure as an SVG file of its own; `None` for what is no drawing (tables, text) and for a
/// figure that fails [`Figure::check`](secateur_core::Figure::check).
///
/// # Example
/// ```
/// use secateur_core::figure::{Figure, Span};
///
/// let spans = vec![Span { lane: 0, start: 1.0, end: 2.5, label: "busy".into() }];
/// let figure = Figure::Spans { unit: "s".into(), lanes: vec!["mill".into()], spans };
/// let file = secateur_report::svg(&figure, "Machines").ok_or("no drawing")?;
/// assert!(file.starts_with("<svg xmlns=") && file.contains("mill"));
/// # Ok::<(), &str>(())
/// ```
pub fn svg(figure: &secateur_core::Figure, title: &str) -> Option<String> {
    page::svg(figure, title)
}

/// The record as Markdown: short tables for a pull request or a model card.
///
/// # Example
/// ```
/// let text = include_str!("../tests/example-record.json");
/// let record: secateur_core::Record = serde_json::from_str(text)?;
/// assert!(secateur_report::markdown(&record).contains("| Nonzeros |"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn markdown(record: &Record) -> String {
    markdown::markdown(record)
}

/// The record as JSON: indented, short arrays on one line, decimals without exponents, a newline
/// at the end. What it writes reads back as an equal record; a value that is not finite becomes
/// `null`, which does not.
///
/// # Example
/// ```
/// let text = include_str!("../tests/example-record.json");
/// let record: secateur_core::Record = serde_json::from_str(text)?;
/// let again: secateur_core::Record = serde_json::from_str(&secateur_report::json(&record))?;
/// assert_eq!(again, record);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn json(record: &Record) -> String {
    json::json(record)
}
