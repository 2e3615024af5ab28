//! The record as short tables.

use std::fmt::Write;

use secateur_core::record::{Group, Measured, Named, Quality};
use secateur_core::{Figure, Record};

use crate::draw::{self, Body, Table, count};
use crate::facts;
use crate::matrix::{Cell, matrix};
use crate::number::{NONE, bytes, integer, measured, percent, seconds};
use crate::sparsity::{self, sparsity, totals};
use crate::text::{self, clip, name};

/// Most rows of a table.
const ROWS_MAX: usize = 16;
/// Most lines of a block of text.
const LINES_MAX: usize = 40;
/// Most items of a list.
const ITEMS_MAX: usize = 20;
/// Most characters of a sentence.
const SENTENCE_MAX: usize = 600;

pub(crate) fn markdown(record: &Record) -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        "# {}: {}\n",
        prose(facts::model_name(record)),
        prose(&facts::method(record))
    );
    let _ = writeln!(out, "{}", prose(&record.run.model));
    warnings(&mut out, record);
    summary(&mut out, record);
    quality(&mut out, record);
    cost(&mut out, record);
    groups(&mut out, record);
    skipped(&mut out, record);
    figures(&mut out, record);
    run(&mut out, record);
    out
}

fn heading(out: &mut String, text: &str) {
    let _ = writeln!(out, "\n## {text}\n");
}

/// A sentence in which nothing is markup, a link or a mention.
fn prose(text: &str) -> String {
    let text = text::visible(&clip(text, SENTENCE_MAX));
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '@' => out.push_str("@\u{200b}"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '~' | '$' => out.extend(['\\', c]),
            ':' => out.push_str(if out.ends_with("http") || out.ends_with("https") {
                "&#58;"
            } else {
                ":"
            }),
            c => out.push(c),
        }
    }
    out
}

/// A name or a value as code, in which nothing is markup, fit for a cell of a table.
fn code(text: &str) -> String {
    let text = name(text);
    if text.trim().is_empty() {
        return String::new();
    }
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let space = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{space}{}{space}{fence}", text.replace('|', "\\|"))
}

fn table(out: &mut String, heads: &[&str], numeric: &[bool], rows: &[Vec<String>]) {
    let _ = writeln!(out, "| {} |", heads.join(" | "));
    let rule = |right: &bool| if *right { "---:" } else { "---" };
    let _ = writeln!(out, "| {} |", numeric.iter().map(rule).collect::<Vec<_>>().join(" | "));
    for row in rows {
        let _ = writeln!(out, "| {} |", row.join(" | "));
    }
}

fn warnings(out: &mut String, record: &Record) {
    if record.warnings.is_empty() {
        return;
    }
    out.push('\n');
    for (at, warning) in record.warnings.iter().take(ITEMS_MAX).enumerate() {
        let gap = if at > 0 { ">\n" } else { "" };
        let _ = writeln!(out, "{gap}> **Warning:** {}", prose(warning));
    }
    more(out, record.warnings.len(), ITEMS_MAX, "warning");
}

fn more(out: &mut String, total: usize, shown: usize, one: &str) {
    if total > shown {
        let _ = writeln!(out, "\n{} more in the JSON report.", count(total - shown, one));
    }
}

fn summary(out: &mut String, record: &Record) {
    heading(out, "Summary");
    let (kept, cut, pruned) = totals(&record.groups);
    let units = kept.saturating_add(cut);
    let mut rows = Vec::new();
    if pruned > 0 {
        let share = percent(cut as f64 / units.max(1) as f64);
        let of = format!("{share} ({} of {} units)", integer(cut), integer(units));
        rows.push(vec!["Sparsity".to_owned(), of]);
    }
    for q in record.quality.iter().filter(|q| q.after.is_some()).take(ITEMS_MAX) {
        let value = |m: &Option<Measured>| {
            m.as_ref().map_or_else(|| NONE.to_owned(), |m| measured(m.value, None).0)
        };
        rows.push(vec![code(&q.metric), arrow(&value(&q.before), &value(&q.after), &verdict(q))]);
    }
    for (what, unit, pair) in facts::brief_costs(record) {
        let text = |value: f64| facts::brief(unit, value);
        let cell = match pair {
            [Some(before), Some(after)] => {
                arrow(&text(before), &text(after), &crate::number::change(before, after))
            }
            [before, after] => before.or(after).map_or_else(|| NONE.to_owned(), text),
        };
        rows.push(vec![prose(what), cell]);
    }
    let run = &record.run;
    rows.extend(run.seconds.map(|s| vec!["Time of the run".to_owned(), seconds(s)]));
    rows.extend(run.peak_memory_bytes.map(|n| vec!["Peak memory".to_owned(), bytes(n)]));
    table(out, &["", ""], &[false, true], &rows);
}

fn arrow(before: &str, after: &str, change: &str) -> String {
    format!("{before} → **{after}** ({change})")
}

fn verdict(quality: &Quality) -> String {
    let (change, tone) = (facts::quality_change(quality), facts::tone(quality));
    if tone.is_empty() { change } else { format!("{change}, {tone}") }
}

fn quality(out: &mut String, record: &Record) {
    heading(out, "Quality");
    if let Some(command) = facts::measure(record) {
        let _ = writeln!(out, "Quality was not measured. To measure it: {}", code(&command));
    }
    if record.quality.is_empty() {
        return;
    }
    let cell = |m: &Option<Measured>| match m {
        Some(m) => {
            let (value, interval) = measured(m.value, m.interval);
            interval.map_or_else(|| value.clone(), |interval| format!("{value} {interval}"))
        }
        None => "not measured".to_owned(),
    };
    let direction = |q: &Quality| if q.lower_is_better { "lower" } else { "higher" }.to_owned();
    let row = |q: &Quality| {
        vec![code(&q.metric), direction(q), cell(&q.before), cell(&q.after), verdict(q)]
    };
    if facts::measure(record).is_some() {
        out.push('\n');
    }
    let rows: Vec<Vec<String>> = record.quality.iter().take(ROWS_MAX).map(row).collect();
    let heads = ["Metric", "Better", "Before", "After", "Change"];
    table(out, &heads, &[false, false, true, true, true], &rows);
    if record
        .quality
        .iter()
        .any(|q| [&q.before, &q.after].into_iter().flatten().any(|m| m.interval.is_some()))
    {
        let _ = writeln!(out, "\nIn brackets: 95 % interval.");
    }
    more(out, record.quality.len(), ROWS_MAX, "metric");
    protocols(out, &record.quality);
}

/// How it was measured; metrics that were measured in the same way share a line.
fn protocols(out: &mut String, quality: &[Quality]) {
    let shown = &quality[..quality.len().min(ROWS_MAX)];
    for (protocol, members) in facts::by_protocol(shown) {
        if protocol.is_empty() {
            continue;
        }
        let names: Vec<String> = members.iter().map(|q| code(&q.metric)).collect();
        let pair = |(k, v): &(String, String)| format!("{} {}", prose(&name(k)), code(v));
        let pairs: Vec<String> = protocol.iter().take(ITEMS_MAX).map(pair).collect();
        let _ = writeln!(out, "\nHow {} was measured: {}.", names.join(", "), pairs.join(", "));
    }
}

fn cost(out: &mut String, record: &Record) {
    heading(out, "Cost");
    let row = |r: facts::CostRow| vec![prose(&r.what), r.before, r.after, r.change, r.times];
    let rows: Vec<Vec<String>> = facts::cost_rows(record).into_iter().map(row).collect();
    let heads = ["", "Before", "After", "Change", "Times smaller"];
    table(out, &heads, &[false, true, true, true, true], &rows);
}

/// Every group while they are few, kinds of groups when they are many.
fn groups(out: &mut String, record: &Record) {
    let groups = &record.groups;
    if groups.is_empty() {
        return;
    }
    heading(out, "Groups");
    let _ = writeln!(out, "{}\n", sparsity::sentence(groups).trim());
    let matrix = if groups.len() > ROWS_MAX { matrix(groups) } else { None };
    let Some(matrix) = matrix else {
        let rows: Vec<Vec<String>> = groups.iter().take(ROWS_MAX).map(group).collect();
        table(out, &["Group", "Kept", "Cut", "Sparsity"], &[false, true, true, true], &rows);
        more(out, groups.len(), ROWS_MAX, "group");
        return;
    };
    let row = |(at, label): (usize, &String)| {
        let cells = &matrix.cells[at * matrix.columns.len()..][..matrix.columns.len()];
        let n: usize = cells.iter().map(|c| c.groups).sum();
        let shares = draw::range(cells.iter().filter_map(Cell::sparsity));
        let [low, high] = shares.map_or([NONE.to_owned(), NONE.to_owned()], |r| r.map(percent));
        vec![code(label), integer(n as u64), low, high]
    };
    let rows: Vec<Vec<String>> = matrix.rows.iter().enumerate().map(row).collect();
    let heads = ["Kind", "Groups", "Lowest sparsity", "Highest sparsity"];
    table(out, &heads, &[false, true, true, true], &rows);
    let rest: Vec<Vec<String>> =
        matrix.rest.iter().take(ROWS_MAX).map(|at| group(&groups[*at])).collect();
    if !rest.is_empty() {
        out.push('\n');
        table(out, &["Group", "Kept", "Cut", "Sparsity"], &[false, true, true, true], &rest);
    }
    more(out, matrix.rest.len(), ROWS_MAX, "group");
}

fn group(group: &Group) -> Vec<String> {
    let share = match &group.skipped {
        Some(_) => "left alone".to_owned(),
        None => sparsity(group).map_or_else(|| NONE.to_owned(), percent),
    };
    vec![code(&group.name), integer(group.kept), integer(group.cut), share]
}

fn skipped(out: &mut String, record: &Record) {
    let reasons = facts::reasons(&record.groups);
    if reasons.is_empty() {
        return;
    }
    heading(out, "Left alone");
    for (reason, members) in reasons.iter().take(ITEMS_MAX) {
        let names: Vec<String> = members.iter().take(3).map(|g| code(&g.name)).collect();
        let dots = if members.len() > 3 { ", …" } else { "" };
        let many = count(members.len(), "group");
        let _ = writeln!(out, "- {} ({many}: {}{dots})", prose(reason), names.join(", "));
    }
    more(out, reasons.len(), ITEMS_MAX, "reason");
}

fn figures(out: &mut String, record: &Record) {
    if record.figures.is_empty() {
        return;
    }
    heading(out, "Figures");
    let _ = writeln!(out, "Drawn in the HTML report.\n");
    for (at, named) in record.figures.iter().take(ITEMS_MAX).enumerate() {
        if at > 0 {
            out.push('\n');
        }
        figure(out, named);
    }
    more(out, record.figures.len(), ITEMS_MAX, "figure");
}

/// Title and caption, and the values where they are few; the page has the drawing.
fn figure(out: &mut String, named: &Named) {
    let _ = writeln!(out, "**{}.** {}", prose(&name(&named.title)), prose(&named.caption));
    let drawn = draw::figure(&named.figure, &named.title);
    let text = match (&named.figure, &drawn.body) {
        (_, Body::Nothing(why)) => Some(why.clone()),
        (_, Body::Text(text)) => Some(text.clone()),
        (Figure::Tree { nodes }, _) => Some(draw::outline(nodes)),
        (Figure::Grid { columns, cells, .. }, _) => Some(board(*columns, cells)),
        _ => None,
    };
    if let Some(text) = text.filter(|t| t.lines().count() <= LINES_MAX) {
        let fence =
            "`".repeat(text.split(|c| c != '`').map(str::len).max().unwrap_or(0).max(2) + 1);
        let _ = writeln!(out, "\n{fence}text\n{}\n{fence}", text.trim_end());
        return;
    }
    let tree = matches!(named.figure, Figure::Tree { .. } | Figure::Grid { .. });
    let body = if let Body::Table(table) = &drawn.body { Some(table) } else { None };
    if let Some(data) = body.or(drawn.data.as_ref()).filter(|t| t.rows.len() <= ROWS_MAX && !tree) {
        out.push('\n');
        values(out, data);
    }
}

fn values(out: &mut String, data: &Table) {
    let heads: Vec<String> = data.columns.iter().map(|c| prose(c)).collect();
    let heads: Vec<&str> = heads.iter().map(String::as_str).collect();
    let rows = data.rows.iter().map(|row| row.iter().map(|cell| prose(cell)).collect());
    table(out, &heads, &data.numeric, &rows.collect::<Vec<_>>());
}

fn board(columns: usize, cells: &[String]) -> String {
    let cell = |c: &String| if c.is_empty() { ".".to_owned() } else { clip(&name(c), 4) };
    let wide = cells.iter().map(|c| cell(c).chars().count()).max().unwrap_or(1);
    let line = |row: &[String]| {
        row.iter().map(|c| format!("{:>wide$}", cell(c))).collect::<Vec<_>>().join(" ")
    };
    cells.chunks(columns).map(line).collect::<Vec<_>>().join("\n")
}

fn run(out: &mut String, record: &Record) {
    heading(out, "Run");
    let command = clip(&text::shell(&record.run.command), 4_000);
    let fence = "`".repeat(command.split(|c| c != '`').map(str::len).max().unwrap_or(0).max(2) + 1);
    let _ = writeln!(out, "{fence}sh\n{command}\n{fence}\n");
    let pair = |(k, v): (String, String)| vec![k, code(&v)];
    let mut rows: Vec<Vec<String>> = facts::run_rows(record).into_iter().map(pair).collect();
    rows.extend(
        facts::recipe_rows(record)
            .into_iter()
            .map(|(k, v)| vec![format!("recipe: {}", prose(&k)), code(&v)]),
    );
    table(out, &["", ""], &[false, false], &rows);
    if record.run.inputs.is_empty() {
        return;
    }
    out.push('\n');
    let row = |i: &secateur_core::record::Input| {
        vec![prose(&name(&i.role)), code(&i.name), integer(i.bytes), code(&i.blake3)]
    };
    let inputs: Vec<Vec<String>> = record.run.inputs.iter().take(ITEMS_MAX).map(row).collect();
    table(out, &["Input", "File", "Bytes", "BLAKE3"], &[false, false, true, false], &inputs);
    more(out, record.run.inputs.len(), ITEMS_MAX, "input");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_be_markup() {
        assert_eq!(code("a.b"), "`a.b`");
        assert_eq!(code("a`|``"), "``` a`\\|`` ```");
        assert_eq!(code("x\u{202e}\u{1b}[31m"), "`x\\u{202e}\\u{1b}[31m`");
        assert_eq!(
            prose("<b> *a* [x](http://y) @z"),
            "&lt;b&gt; \\*a\\* \\[x\\](http&#58;//y) @\u{200b}z"
        );
    }
}
