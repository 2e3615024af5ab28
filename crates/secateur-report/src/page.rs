//! What is on the page, in order.
//!
//! The template only places things; every number and every cut to size is decided here.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, ValueKind};
use minijinja::{AutoEscape, Environment, UndefinedBehavior, escape_formatter};
use secateur_core::Record;
use secateur_core::record::{Group, Input, Measured, Named, Quality};
use serde::Serialize;

use crate::draw::{self, Body, Drawn, Table, count};
use crate::number::{NONE, bytes, change, integer, measured, percent, seconds, short};
use crate::sparsity::{self, totals};
use crate::text::{self, clip, escape, name};
use crate::{ReportError, facts};

const TEMPLATE: &str = include_str!("../templates/page.html");
const STYLE: &str = include_str!("../templates/page.css");
const SCRIPT: &str = include_str!("../templates/page.js");

/// Most bytes of one figure, of all figures, and of the rows of the groups table. What is bounded
/// by count below adds about 1.2 MB at its very worst, so that a page stays under 5 MB.
const FIGURE_MAX: usize = 800_000;
const FIGURES_MAX: usize = 1_400_000;
const GROUPS_MAX: usize = 2_100_000;
/// Most figures, metrics, pairs of all protocols, and inputs.
const FIGURES_COUNT_MAX: usize = 200;
const METRICS_MAX: usize = 60;
const PAIRS_MAX: usize = 200;
const INPUTS_MAX: usize = 60;
/// Rows of the groups table that are printed and at once in sight.
const PRINTED_MAX: usize = 250;
/// Most warnings; most characters of a sentence, a short name and the command.
const WARNINGS_MAX: usize = 24;
const SENTENCE_MAX: usize = 800;
const SHORT_MAX: usize = 80;
const COMMAND_MAX: usize = 8_000;
/// Most reasons for leaving groups alone, and most names listed for all of them.
const REASONS_MAX: usize = 40;
const ALONE_NAMES_MAX: usize = 120;
/// Most names that are shown without asking.
const OPEN_MAX: usize = 12;

/// Fills the template.
pub(crate) fn html(record: &Record) -> Result<String, ReportError> {
    let mut env = Environment::new();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    env.set_auto_escape_callback(|_| AutoEscape::Html);
    // Every text that is not ours goes through one door: hidden characters are shown first.
    env.set_formatter(|out, state, value| match value.as_str() {
        Some(text) if !value.is_safe() => Ok(out.write_str(&escape(text))?),
        _ if value.kind() == ValueKind::None => Ok(()),
        _ => escape_formatter(out, state, value),
    });
    env.add_template("page.html", TEMPLATE)?;
    Ok(env.get_template("page.html")?.render(Serde(page(record)))?)
}

#[derive(Serialize)]
struct Page {
    title: String,
    method: String,
    model: String,
    version: String,
    warnings: Vec<String>,
    stats: Vec<Stat>,
    quality: Vec<Block>,
    measure: Option<String>,
    cost: Vec<facts::CostRow>,
    /// Whether anything has a value before: of the costs, and of the quality.
    cost_compared: bool,
    compared: bool,
    /// Whether the costs are those of a network.
    network: bool,
    sentence: String,
    sparsity: Vec<Shown>,
    figures: Vec<Shown>,
    groups: Groups,
    skipped: Vec<Skipped>,
    command: String,
    run: Vec<(String, String)>,
    recipe: Vec<(String, String)>,
    inputs: Vec<InputRow>,
    inputs_left: String,
    style: &'static str,
    script: &'static str,
}

/// One number of the summary.
#[derive(Serialize)]
struct Stat {
    label: String,
    value: String,
    note: String,
    /// What follows the note: the change, in the color of `tone`.
    change: String,
    tone: &'static str,
    /// What remains, percent, drawn as a thin bar.
    share: Option<f64>,
}

/// Metrics that were measured in the same way.
#[derive(Serialize)]
struct Block {
    rows: Vec<QualityRow>,
    protocol: Vec<(String, String)>,
}

#[derive(Serialize)]
struct QualityRow {
    metric: String,
    direction: &'static str,
    before: [String; 2],
    after: [String; 2],
    change: String,
    tone: &'static str,
}

/// A figure on the page.
#[derive(Serialize)]
struct Shown {
    title: String,
    caption: String,
    class: &'static str,
    svg: Option<String>,
    table: Option<Table>,
    lines: Option<String>,
    sentence: Option<String>,
    data: Option<Table>,
    note: Option<String>,
}

#[derive(Serialize)]
struct Groups {
    heads: Vec<&'static str>,
    first: Vec<Vec<String>>,
    rest: Vec<Vec<String>>,
    /// How many are in `rest`, in words.
    more: String,
    total: String,
    /// What is not in the table, a sentence.
    left: String,
    dtype: Option<String>,
}

#[derive(Serialize)]
struct Skipped {
    reason: String,
    count: String,
    names: Vec<String>,
    left: String,
    open: bool,
}

#[derive(Serialize)]
struct InputRow {
    role: String,
    name: String,
    bytes: String,
    blake3: String,
}

fn page(record: &Record) -> Page {
    let run = &record.run;
    Page {
        title: name(facts::model_name(record)),
        method: facts::method(record),
        model: sentence_of(&run.model),
        version: name(&run.version),
        warnings: warnings(&record.warnings),
        stats: stats(record),
        quality: blocks(&record.quality),
        measure: facts::measure(record),
        cost: facts::cost_rows(record),
        cost_compared: facts::brief_costs(record).iter().any(|(_, _, pair)| pair[0].is_some()),
        // A network that was not measured before says so; what was never pruned has no before.
        compared: record.cost.network().is_some()
            || record.quality.iter().any(|quality| quality.before.is_some()),
        network: record.cost.network().is_some(),
        sentence: sparsity::sentence(&record.groups),
        sparsity: sparsity::drawings(&record.groups)
            .into_iter()
            .map(|d| shown("", "", d))
            .collect(),
        figures: figures(&record.figures),
        groups: groups(&record.groups),
        skipped: skipped(&record.groups),
        command: clip(&text::shell(&run.command), COMMAND_MAX),
        run: facts::run_rows(record),
        recipe: facts::recipe_rows(record),
        inputs: run.inputs.iter().take(INPUTS_MAX).map(input).collect(),
        inputs_left: left(run.inputs.len(), INPUTS_MAX, "input"),
        style: STYLE,
        script: SCRIPT,
    }
}

fn sentence_of(text: &str) -> String {
    clip(&text::visible(&clip(text, SENTENCE_MAX)), SENTENCE_MAX)
}

/// Says how many of `total` things are not on the page; empty when all are.
fn left(total: usize, shown: usize, one: &str) -> String {
    match total.saturating_sub(shown) {
        0 => String::new(),
        more => format!("{} more in the JSON report.", count(more, one)),
    }
}

fn warnings(warnings: &[String]) -> Vec<String> {
    let mut out: Vec<String> = warnings.iter().take(WARNINGS_MAX).map(|w| sentence_of(w)).collect();
    out.extend(Some(left(warnings.len(), WARNINGS_MAX, "warning")).filter(|l| !l.is_empty()));
    out
}

fn input(input: &Input) -> InputRow {
    InputRow {
        role: name(&input.role),
        name: name(&input.name),
        bytes: integer(input.bytes),
        blake3: name(&input.blake3),
    }
}

fn stats(record: &Record) -> Vec<Stat> {
    let mut out: Vec<Stat> = sparsity_stat(&record.groups).into_iter().collect();
    out.extend(record.quality.iter().filter_map(quality_stat).take(2));
    out.extend(facts::brief_costs(record).into_iter().filter_map(cost_stat));
    let run = &record.run;
    let plain = |label: &str, value: String, note: String| Stat {
        label: label.to_owned(),
        value,
        note,
        change: String::new(),
        tone: "",
        share: None,
    };
    let threads = format!("with {}", count(run.threads, "thread"));
    out.extend(run.seconds.map(|s| plain("Time of this run", seconds(s), threads)));
    let resident = "resident, of this process".to_owned();
    out.extend(run.peak_memory_bytes.map(|n| plain("Peak memory", bytes(n), resident)));
    out
}

fn sparsity_stat(groups: &[Group]) -> Option<Stat> {
    let (kept, cut, pruned) = totals(groups);
    let units = kept.saturating_add(cut);
    let share = cut as f64 / units.max(1) as f64;
    (pruned > 0).then(|| Stat {
        label: "Sparsity".to_owned(),
        value: percent(share),
        note: format!("{} of {} units cut", short(cut), short(units)),
        change: String::new(),
        tone: "",
        share: Some(100.0 - share * 100.0),
    })
}

/// A cost of the summary; without both values it is one number.
fn cost_stat((label, unit, [before, after]): facts::BriefCost<'_>) -> Option<Stat> {
    let text = |value: f64| facts::brief(unit, value);
    match (before, after) {
        (Some(before), Some(after)) => Some(pair_stat(label, [before, after], &text)),
        (None, None) => None,
        (before, after) => before.or(after).map(|value| Stat {
            label: name(label),
            value: text(value),
            note: String::new(),
            change: String::new(),
            tone: "",
            share: None,
        }),
    }
}

/// A cost after, with what it was before.
fn pair_stat(label: &str, [before, after]: [f64; 2], text: &dyn Fn(f64) -> String) -> Stat {
    let same = before == after;
    let share = if before > 0.0 { after / before * 100.0 } else { 100.0 };
    Stat {
        label: name(label),
        value: text(after),
        note: if same { "unchanged".to_owned() } else { format!("from {}", text(before)) },
        change: if same { String::new() } else { change(before, after) },
        tone: "",
        share: Some(share).filter(|s| (0.0..=100.0).contains(s)),
    }
}

fn quality_stat(quality: &Quality) -> Option<Stat> {
    let after = quality.after.as_ref()?;
    let text = |m: &Measured| measured(m.value, None).0;
    let tone = facts::tone(quality);
    let change = match (facts::quality_change(quality), tone) {
        (change, "") => change,
        (change, tone) => format!("{change}, {tone}"),
    };
    Some(Stat {
        label: name(&quality.metric),
        value: text(after),
        note: quality.before.as_ref().map_or_else(String::new, |b| format!("from {}", text(b))),
        change: if quality.before.is_some() { change } else { String::new() },
        tone,
        share: None,
    })
}

/// Metrics with the same protocol share a block.
fn blocks(quality: &[Quality]) -> Vec<Block> {
    let short = |text: &str| clip(&name(text), SHORT_MAX);
    let mut room = PAIRS_MAX;
    let block = |(protocol, members): (&facts::Protocol, Vec<&Quality>)| {
        let shown = protocol.len().min(room);
        room -= shown;
        let pairs = protocol.iter().take(shown);
        Block {
            rows: members.into_iter().map(quality_row).collect(),
            protocol: pairs.map(|(key, value)| (short(key), short(value))).collect(),
        }
    };
    let shown = &quality[..quality.len().min(METRICS_MAX)];
    facts::by_protocol(shown).into_iter().map(block).collect()
}

fn quality_row(quality: &Quality) -> QualityRow {
    let cells = |found: &Option<Measured>| match found {
        Some(m) => {
            let (value, interval) = measured(m.value, m.interval);
            [value, interval.unwrap_or_default()]
        }
        None => ["not measured".to_owned(), String::new()],
    };
    QualityRow {
        metric: name(&quality.metric),
        direction: if quality.lower_is_better { "lower is better" } else { "higher is better" },
        before: cells(&quality.before),
        after: cells(&quality.after),
        change: facts::quality_change(quality),
        tone: facts::tone(quality),
    }
}

fn figures(figures: &[Named]) -> Vec<Shown> {
    let mut room = FIGURES_MAX;
    let mut out = Vec::new();
    for named in figures.iter().take(FIGURES_COUNT_MAX) {
        let mut shown =
            shown(&named.title, &named.caption, draw::figure(&named.figure, &named.title));
        let size = shown.size();
        if size > room.min(FIGURE_MAX) {
            shown = shown.without(
                "There is no room for this figure on the page; its values are in the JSON report.",
            );
        }
        room = room.saturating_sub(if size > FIGURE_MAX { 0 } else { size });
        out.push(shown);
    }
    pair_up(&mut out);
    if let (Some(last), true) = (out.last_mut(), figures.len() > FIGURES_COUNT_MAX) {
        last.note = Some(left(figures.len(), FIGURES_COUNT_MAX, "figure"));
    }
    out
}

/// A narrow figure without a neighbor has the row for itself.
fn pair_up(figures: &mut [Shown]) {
    let mut open: Option<usize> = None;
    for at in 0..=figures.len() {
        let narrow = figures.get(at).is_some_and(|f| f.class == "narrow");
        match (open, narrow) {
            (Some(_), true) => open = None,
            (None, true) => open = Some(at),
            (Some(alone), false) => {
                figures[alone].class = "alone";
                open = None;
            }
            (None, false) => {}
        }
    }
}

fn shown(title: &str, caption: &str, drawn: Drawn) -> Shown {
    let Drawn { body, wide, data, note } = drawn;
    let mut out = Shown {
        title: name(title),
        caption: sentence_of(caption),
        class: if wide { "wide" } else { "narrow" },
        svg: None,
        table: None,
        lines: None,
        sentence: None,
        data,
        note,
    };
    match body {
        Body::Svg(svg) => out.svg = Some(svg),
        Body::Table(table) => out.table = Some(table),
        // Line breaks stay line breaks; everything else is escaped here and safe in the template.
        Body::Text(lines) => {
            out.lines = Some(lines.split('\n').map(escape).collect::<Vec<_>>().join("\n"));
        }
        Body::Nothing(why) => out.sentence = Some(why),
    }
    out
}

impl Shown {
    /// Bytes on the page, about.
    fn size(&self) -> usize {
        let cells = |t: &Table| {
            let rows = t.rows.iter().flatten().map(|c| escape(c).len() + 26).sum::<usize>();
            rows + t.rows.len() * 10 + t.columns.iter().map(|c| escape(c).len() + 30).sum::<usize>()
        };
        let text = |t: &Option<String>| t.as_ref().map_or(0, String::len);
        let tables = [&self.table, &self.data].into_iter().flatten().map(cells).sum::<usize>();
        let words = escape(&self.caption).len() + 4 * escape(&self.title).len();
        text(&self.svg) + text(&self.lines) + tables + words + 500
    }

    /// The title and a sentence instead of the figure.
    fn without(self, why: &str) -> Self {
        let body = Body::Nothing(why.to_owned());
        let drawn = Drawn { body, wide: true, data: None, note: None };
        shown(&clip(&self.title, SHORT_MAX), "", drawn)
    }
}

fn groups(groups: &[Group]) -> Groups {
    let scored = groups.iter().any(|g| g.score_kept.is_some());
    let noted = groups.iter().any(|g| g.skipped.is_some());
    let same = groups.windows(2).all(|w| w[0].dtype == w[1].dtype);
    let mut heads = vec!["#", "Group", "Shape"];
    heads.extend((!same).then_some("Type"));
    heads.extend(["Kept", "Cut", "Sparsity"]);
    heads.extend(scored.then_some("Score kept"));
    heads.extend(noted.then_some("Left alone"));
    let mut rows = Vec::new();
    let mut size = 0;
    for (at, group) in groups.iter().enumerate() {
        let mut row = vec![integer(at as u64 + 1), name(&group.name), shape(&group.shape)];
        row.extend((!same).then(|| name(&group.dtype)));
        row.extend([integer(group.kept), integer(group.cut)]);
        row.push(sparsity::sparsity(group).map_or_else(|| NONE.to_owned(), percent));
        row.extend(scored.then(|| group.score_kept.map_or_else(|| NONE.to_owned(), percent)));
        row.extend(noted.then(|| clip(&name(group.skipped.as_deref().unwrap_or("")), SHORT_MAX)));
        size += row.iter().map(|cell| escape(cell).len() + 9).sum::<usize>() + 10;
        if size > GROUPS_MAX {
            break;
        }
        rows.push(row);
    }
    let left = left(groups.len(), rows.len(), "group");
    let rest = rows.split_off(rows.len().min(PRINTED_MAX));
    Groups {
        heads,
        first: rows,
        more: count(rest.len(), "further group"),
        rest,
        total: count(groups.len(), "group"),
        left,
        dtype: groups.first().filter(|_| same).map(|g| name(&g.dtype)),
    }
}

fn shape(shape: &[usize]) -> String {
    let sizes: Vec<String> = shape.iter().take(8).map(ToString::to_string).collect();
    let more = if shape.len() > 8 { ", …" } else { "" };
    format!("{}{more}", sizes.join(" × "))
}

fn skipped(groups: &[Group]) -> Vec<Skipped> {
    let mut room = ALONE_NAMES_MAX;
    let entry = |(reason, members): (&str, Vec<&Group>)| {
        let names = members.iter().take(room).map(|g| name(&g.name)).collect::<Vec<_>>();
        room -= names.len();
        Skipped {
            reason: name(reason),
            count: count(members.len(), "group"),
            left: left(members.len(), names.len(), "group"),
            names,
            open: members.len() <= OPEN_MAX,
        }
    };
    facts::reasons(groups).into_iter().take(REASONS_MAX).map(entry).collect()
}

/// A figure as a file of its own: the drawing of the page on white, with its part of the style
/// sheet. Variables of style sheets are resolved, for most programs that show such files but
/// browsers do not know them and paint everything black.
pub(crate) fn svg(figure: &secateur_core::Figure, title: &str) -> Option<String> {
    let Body::Svg(body) = draw::figure(figure, title).body else { return None };
    let rest = body.strip_prefix("<svg ")?;
    let (head, shapes) = rest.split_once('>')?;
    Some(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" {head}><title>{}</title><style><![CDATA[\
         svg {{ font-family: system-ui, sans-serif; }}\n{}]]></style>\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>{shapes}\n",
        escape(title),
        plain(STYLE)
    ))
}

/// The rules for drawings with the light colors in place of variables.
fn plain(style: &str) -> String {
    // `--c` is what a class says, one rule for each.
    const COLOR: &str = "var(--c)";
    let light = style.split_once(":root {").and_then(|(_, rest)| rest.split_once('}'));
    let colors: Vec<(String, &str)> = light
        .map_or("", |(light, _)| light)
        .split(';')
        .filter_map(|line| line.trim().split_once(':'))
        .map(|(name, value)| (format!("var({})", name.trim()), value.trim()))
        .collect();
    let rules = style.lines().filter(|line| line.starts_with("svg"));
    let rules: Vec<&str> =
        rules.flat_map(|line| line.split_inclusive('}')).map(str::trim).collect();
    let classes: Vec<(&str, &str)> = rules
        .iter()
        .filter_map(|rule| rule.strip_prefix("svg .")?.split_once(" { --c: "))
        .map(|(class, color)| (class, color.trim_end_matches([' ', ';', '}'])))
        .collect();
    let mut lines: Vec<String> = Vec::new();
    for rule in rules.iter().filter(|rule| !rule.contains("--c:")) {
        if let Some((selector, body)) = rule.split_once(" {").filter(|_| rule.contains(COLOR)) {
            let colored = classes.iter().map(|(class, color)| {
                format!("{selector}.{class} {{{}", body.replace(COLOR, color))
            });
            lines.extend(colored);
        } else {
            lines.push((*rule).to_owned());
        }
    }
    let out = lines.join("\n");
    colors.iter().fold(out, |out, (name, value)| out.replace(name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classes(classes: &[&'static str]) -> Vec<&'static str> {
        let figure = |class: &&'static str| {
            let drawn =
                Drawn { body: Body::Nothing(String::new()), wide: false, data: None, note: None };
            Shown { class, ..shown("", "", drawn) }
        };
        let mut figures: Vec<Shown> = classes.iter().map(figure).collect();
        pair_up(&mut figures);
        figures.iter().map(|f| f.class).collect()
    }

    #[test]
    fn a_drawing_alone_needs_no_variables_of_style_sheets() {
        let style = plain(STYLE);
        assert!(!style.contains("var(") && !style.contains("--"), "{style}");
        assert!(style.contains("svg .fill.s0 { fill: #0b6ab8; }"), "{style}");
        assert!(style.contains("svg .span.s6 { fill: #626b75; stroke: #fff; stroke-width: 1; }"));
        assert!(style.contains("svg text { fill: #5a646f; white-space: pre; }"), "{style}");
        assert!(!style.contains("body") && !style.contains('@'), "{style}");
    }

    #[test]
    fn a_narrow_figure_has_a_neighbor_or_the_row() {
        assert_eq!(classes(&["narrow", "narrow", "narrow"]), ["narrow", "narrow", "alone"]);
        assert_eq!(classes(&["narrow", "wide", "narrow"]), ["alone", "wide", "alone"]);
    }
}
