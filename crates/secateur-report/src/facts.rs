//! What the page and the Markdown both say.

use std::collections::BTreeMap;

use secateur_core::Record;
use secateur_core::recipe::{Layout, TargetCost};
use secateur_core::record::{self, Change, Cost, Costs, Group, Quality, Unit};
use serde::Serialize;
use serde_json::Value;

use crate::number::{
    NONE, bytes, change, integer, measured, percent, seconds, short, times_smaller,
};
use crate::text::{clip, name, shell};

/// Most options of a method that are listed.
const OPTIONS_MAX: usize = 50;
/// Most costs of a family's own in the table, and in the summary.
const COSTS_MAX: usize = 40;
const STATS_MAX: usize = 8;
/// Counts from here on are no longer exact.
const EXACT: f64 = 9e15;
/// What the recipe says of networks alone.
const OF_NETWORKS: [&str; 12] = [
    "allocation",
    "budget",
    "calibration",
    "dtype",
    "embeddings",
    "evaluation",
    "layers",
    "layout",
    "on_singular",
    "precision",
    "scope",
    "skip",
];
/// Most characters of a value of the recipe.
const VALUE_MAX: usize = 400;

/// The last part of the model's path.
pub(crate) fn model_name(record: &Record) -> &str {
    let path = record.run.recipe.model.trim_end_matches(['/', '\\']);
    let last = path.rsplit(['/', '\\']).next().unwrap_or(path);
    if last.is_empty() { &record.run.model } else { last }
}

/// The method and how much it was asked to cut.
pub(crate) fn method(record: &Record) -> String {
    let recipe = &record.run.recipe;
    let method = name(&recipe.method);
    // A study cuts nothing itself.
    if record.groups.is_empty() {
        return method;
    }
    let scope = recipe.scope.name();
    match recipe.network.as_ref().and_then(|network| network.target) {
        Some(target) => {
            let cost = match target.cost {
                TargetCost::Macs => "multiply-accumulates",
                TargetCost::Params => "parameters",
                TargetCost::Size => "bytes",
                TargetCost::Latency => "time",
            };
            format!("{method}, at most {} of the {cost}, per {scope}", percent(target.kept))
        }
        None => format!("{method}, {}, per {scope}", recipe.budget),
    }
}

/// The command that measures quality, when the output's quality is not in the record.
pub(crate) fn measure(record: &Record) -> Option<String> {
    if record.groups.is_empty() || record.quality.iter().any(|q| q.after.is_some()) {
        return None;
    }
    let command = &record.run.command;
    let flag = command.iter().position(|word| word == "-o" || word == "--output");
    let out = flag.and_then(|at| command.get(at + 1)).map_or("OUT", String::as_str);
    let what = match record.run.recipe.layout {
        Layout::Onnx => ["--images", "test.bin"],
        Layout::Hf | Layout::Gguf => ["--perplexity", "test.txt"],
    };
    let words = ["secateur", "eval", out, what[0], what[1]].map(str::to_owned);
    Some(clip(&shell(&words), VALUE_MAX))
}

/// One line of the cost table.
#[derive(Serialize)]
pub(crate) struct CostRow {
    pub(crate) what: String,
    pub(crate) before: String,
    pub(crate) after: String,
    pub(crate) change: String,
    pub(crate) times: String,
}

/// What the model cost before and after.
pub(crate) fn cost_rows(record: &Record) -> Vec<CostRow> {
    match &record.cost {
        Costs::Network(change) => network_rows(change),
        Costs::Rows(rows) => rows.iter().take(COSTS_MAX).map(own_row).collect(),
    }
}

/// A row that the family named.
fn own_row(row: &record::CostRow) -> CostRow {
    let text = |value: Option<f64>| value.map_or_else(|| NONE.to_owned(), |v| full(row.unit, v));
    let both = row.before.zip(row.after).filter(|(before, after)| before + after != 0.0);
    let compare = |f: fn(f64, f64) -> String| {
        both.map_or_else(|| NONE.to_owned(), |(before, after)| f(before, after))
    };
    CostRow {
        what: name(&row.label),
        before: text(row.before),
        after: text(row.after),
        change: compare(change),
        times: compare(times_smaller),
    }
}

/// A value in full, for a table.
fn full(unit: Unit, value: f64) -> String {
    match unit {
        Unit::Count if value < EXACT => integer(value.max(0.0) as u64),
        Unit::Bytes => format!("{} bytes", integer(value.max(0.0) as u64)),
        Unit::Seconds => seconds(value),
        Unit::Count | Unit::Number => measured(value, None).0,
    }
}

/// A value in short, for a summary.
pub(crate) fn brief(unit: Unit, value: f64) -> String {
    match unit {
        Unit::Count if value < EXACT => short(value.max(0.0) as u64),
        Unit::Bytes => bytes(value.max(0.0) as u64),
        Unit::Seconds => seconds(value),
        Unit::Count | Unit::Number => measured(value, None).0,
    }
}

/// A cost of the summary: its name, how it is written, before and after.
pub(crate) type BriefCost<'r> = (&'r str, Unit, [Option<f64>; 2]);

/// The costs of the summary.
pub(crate) fn brief_costs(record: &Record) -> Vec<BriefCost<'_>> {
    let Change { before: a, after: b } = match &record.cost {
        Costs::Network(change) => change,
        Costs::Rows(rows) => {
            let row = |row: &'_ record::CostRow| [row.before, row.after];
            return rows
                .iter()
                .take(STATS_MAX)
                .map(|r| (r.label.as_str(), r.unit, row(r)))
                .collect();
        }
    };
    let whole = |before: u64, after: u64| [Some(before as f64), Some(after as f64)];
    let mut costs = vec![
        ("Parameters", Unit::Count, whole(a.parameters, b.parameters)),
        ("Nonzeros", Unit::Count, whole(a.nonzeros, b.nonzeros)),
        ("Weights on disk", Unit::Bytes, whole(a.bytes, b.bytes)),
        ("Operations", Unit::Count, whole(a.operations, b.operations)),
    ];
    if a.seconds.is_some() && b.seconds.is_some() {
        costs.push(("Time per unit of work", Unit::Seconds, [a.seconds, b.seconds]));
    }
    costs
}

fn network_rows(change: &Change<Cost>) -> Vec<CostRow> {
    let Change { before: a, after: b } = change;
    let change = crate::number::change;
    let row = |what: &str, before: u64, after: u64| CostRow {
        what: what.to_owned(),
        before: integer(before),
        after: integer(after),
        change: change(before as f64, after as f64),
        times: times_smaller(before as f64, after as f64),
    };
    let mut rows = vec![
        row("Parameters", a.parameters, b.parameters),
        row("Nonzeros", a.nonzeros, b.nonzeros),
        row("Bytes of weights", a.bytes, b.bytes),
        row("Operations per unit of work", a.operations, b.operations),
    ];
    if a.seconds.is_some() || b.seconds.is_some() {
        let text = |s: Option<f64>| s.map_or_else(|| NONE.to_owned(), seconds);
        let both = a.seconds.zip(b.seconds);
        let compare = |f: fn(f64, f64) -> String| {
            both.map_or_else(|| NONE.to_owned(), |(before, after)| f(before, after))
        };
        rows.push(CostRow {
            what: "Time per unit of work".to_owned(),
            before: text(a.seconds),
            after: text(b.seconds),
            change: compare(change),
            times: compare(times_smaller),
        });
    }
    rows
}

/// How a metric was measured: names and values.
pub(crate) type Protocol = [(String, String)];

/// Metrics that were measured in the same way, in the order of the record.
pub(crate) fn by_protocol(quality: &[Quality]) -> Vec<(&Protocol, Vec<&Quality>)> {
    let mut out: Vec<(&Protocol, Vec<&Quality>)> = Vec::new();
    for q in quality {
        match out.iter_mut().find(|(protocol, _)| *protocol == q.protocol) {
            Some((_, members)) => members.push(q),
            None => out.push((&q.protocol, vec![q])),
        }
    }
    out
}

/// The relative change of a metric.
pub(crate) fn quality_change(quality: &Quality) -> String {
    match (&quality.before, &quality.after) {
        (Some(before), Some(after)) => change(before.value, after.value),
        _ => NONE.to_owned(),
    }
}

/// `better`, `worse` or nothing; nothing too where the value before is exact and lies in the
/// interval of the one after.
pub(crate) fn tone(quality: &Quality) -> &'static str {
    let (Some(before), Some(after)) = (&quality.before, &quality.after) else { return "" };
    if before.interval.is_none()
        && after.interval.is_some_and(|[low, high]| (low..=high).contains(&before.value))
    {
        return "";
    }
    let gain = if quality.lower_is_better {
        before.value - after.value
    } else {
        after.value - before.value
    };
    if gain > 0.0 {
        "better"
    } else if gain < 0.0 {
        "worse"
    } else {
        ""
    }
}

/// Groups that were left alone, by reason, in the order of the model.
pub(crate) fn reasons(groups: &[Group]) -> Vec<(&str, Vec<&Group>)> {
    let mut out: Vec<(&str, Vec<&Group>)> = Vec::new();
    let mut known: BTreeMap<&str, usize> = BTreeMap::new();
    for group in groups {
        let Some(reason) = group.skipped.as_deref() else { continue };
        let at = *known.entry(reason).or_insert(out.len());
        match out.get_mut(at) {
            Some((_, members)) => members.push(group),
            None => out.push((reason, vec![group])),
        }
    }
    out
}

/// What ran.
pub(crate) fn run_rows(record: &Record) -> Vec<(String, String)> {
    let run = &record.run;
    let mut rows = vec![
        ("program".to_owned(), format!("secateur {}", name(&run.version))),
        ("instruction set".to_owned(), name(&run.instruction_set)),
        ("threads".to_owned(), integer(run.threads as u64)),
    ];
    if let Some(s) = run.seconds {
        rows.push(("time".to_owned(), seconds(s)));
    }
    if let Some(n) = run.peak_memory_bytes {
        rows.push(("peak memory".to_owned(), format!("{} bytes", integer(n))));
    }
    rows.push(("record format".to_owned(), record.format.to_string()));
    rows
}

/// The recipe as pairs, whatever fields it has; without what is said of networks where the model
/// is none.
pub(crate) fn recipe_rows(record: &Record) -> Vec<(String, String)> {
    let recipe = &record.run.recipe;
    let is_network = record.cost.network().is_some();
    let mut rows = Vec::new();
    if let Ok(Value::Object(fields)) = serde_json::to_value(recipe) {
        for (key, value) in fields {
            if !is_network && OF_NETWORKS.contains(&key.as_str()) {
                continue;
            }
            match (key.as_str(), value) {
                ("budget", _) => rows.push((key, recipe.budget.to_string())),
                ("layers", Value::Array(list)) if list.is_empty() => {
                    rows.push((key, "all".to_owned()));
                }
                (_, Value::Object(inner)) if !inner.is_empty() => {
                    let pair = |(k, v): (String, Value)| (format!("{key} {k}"), value_text(&v));
                    rows.extend(inner.into_iter().take(OPTIONS_MAX).map(pair));
                }
                (_, value) => rows.push((key, value_text(&value))),
            }
        }
    }
    let tidy = |(key, value): (String, String)| (name(&key.replace('_', " ")), value);
    rows.into_iter().map(tidy).collect()
}

fn value_text(value: &Value) -> String {
    let text = match value {
        Value::Null => "none".to_owned(),
        Value::Bool(b) => b.to_string(),
        Value::Number(n) => n.to_string(),
        Value::String(s) => s.clone(),
        Value::Array(list) if list.is_empty() => "none".to_owned(),
        Value::Array(list) => list.iter().map(value_text).collect::<Vec<_>>().join(", "),
        Value::Object(map) if map.is_empty() => "none".to_owned(),
        Value::Object(_) => value.to_string(),
    };
    clip(&crate::text::visible(&clip(&text, VALUE_MAX)), VALUE_MAX)
}
