//! Our own JSON: everything a structure, a pruned or an incomplete one holds. Nodes are a flat
//! list, so no depth is too deep.

use std::fmt::Write as _;
use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::Document;
use super::sestopy::literal;
use crate::error::SesError;
use crate::language;
use crate::names::Names;
use crate::pes::{
    Attribute, Bound, Force, Link, NOTHING, Node, Open, Pes, Residual, Settled, Stage,
};
use crate::place::Place;
use crate::prune::Choices;

/// Version of the layout.
pub const FORMAT: u64 = 1;

fn fault(what: impl Into<String>) -> SesError {
    SesError::Syntax { place: Place::None, what: what.into() }
}

/// Reads a document.
///
/// # Errors
/// [`SesError::Syntax`] for what is no such document.
pub fn read(text: &str) -> Result<Document, SesError> {
    let json: Json = serde_json::from_str(text).map_err(|error| SesError::Syntax {
        place: Place::text(error.line() as u32, error.column() as u32),
        what: format!("no JSON: {error}"),
    })?;
    if json.get("secateur_ses").and_then(Json::as_u64) != Some(FORMAT) {
        return Err(fault("the JSON has no `secateur_ses: 1`, so it is no structure of ours"));
    }
    match json.get("kind").and_then(Json::as_str) {
        Some("ses") => Ok(Document::Ses(Box::new(super::tree::read(&json)?))),
        Some("pes") => pruned(&json, Stage::Pes),
        Some("fpes") => pruned(&json, Stage::Fpes),
        Some("ipes") => pruned(&json, Stage::Ipes),
        _ => Err(fault("its kind is none of ses, pes, ipes and fpes")),
    }
}

/// Writes a pruned structure: nodes as rows of numbers, texts beside them. Rows are written as
/// they come, so a large result costs little more than its text.
pub fn write_pes(pes: &Pes) -> String {
    let mut text = format!(
        "{{\n\"secateur_ses\": {FORMAT},\n\"kind\": {},\n\"name\": {},\n\"comment\": {}",
        json!(pes.stage.word()),
        json!(pes.name),
        json!(pes.comment)
    );
    let number = |number: u32| if number == NOTHING { -1 } else { i64::from(number) };
    let variables = pes.variables.iter().map(|v| json!([&*v.name, v.value, v.comment]));
    list(&mut text, "variables", variables, |text, row| {
        let _ = write!(text, "{row}");
    });
    let names = 0..pes.names.len() as u32;
    list(&mut text, "texts", names, |text, number| {
        let _ = write!(text, "{}", json!(pes.names.text(number)));
    });
    list(&mut text, "nodes", &pes.nodes, |text, n| {
        let (attributes, couplings) = (number(n.attributes), number(n.couplings));
        let _ = write!(
            text,
            "[{},{},{},{},{},{attributes},{couplings},{}]",
            n.name,
            u8::from(n.is_aspect),
            number(n.parent),
            n.first,
            n.count,
            n.copy
        );
    });
    list(&mut text, "attributes", &pes.attributes, |text, set| {
        rows_of(text, set, |a| vec![i64::from(a.name), number(a.value)]);
    });
    list(&mut text, "couplings", &pes.couplings, |text, set| {
        rows_of(text, set, |l| {
            [l.source, l.source_port, l.source_class, l.target, l.target_port, l.target_class]
                .map(i64::from)
                .to_vec()
        });
    });
    if let Some(open) = &pes.open {
        let _ = write!(text, ",\n\"open\": {}", opened(open));
    }
    text.push_str("\n}\n");
    text
}

/// A named list, each item as `each` writes it.
fn list<T>(
    text: &mut String,
    name: &str,
    items: impl IntoIterator<Item = T>,
    mut each: impl FnMut(&mut String, T),
) {
    let _ = write!(text, ",\n\"{name}\": [");
    for (at, item) in items.into_iter().enumerate() {
        if at > 0 {
            text.push(',');
        }
        each(text, item);
    }
    text.push(']');
}

/// A list of rows of numbers.
fn rows_of<T>(text: &mut String, items: &[T], row: impl Fn(&T) -> Vec<i64>) {
    text.push('[');
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            text.push(',');
        }
        let cells: Vec<String> = row(item).iter().map(i64::to_string).collect();
        let _ = write!(text, "[{}]", cells.join(","));
    }
    text.push(']');
}

fn opened(open: &Open) -> Json {
    let choice = |choice: &crate::prune::Choice| json!([choice.text, choice.used]);
    let waiting = open.waiting.iter().map(|residual| {
        let path: Vec<Json> = residual.path.iter().map(|(n, k)| json!([&**n, k])).collect();
        json!([residual.node, path, residual.reason])
    });
    let forced = open.forced.iter().map(|f| json!([f.spec, f.scope, f.child, f.required, f.why]));
    let settled = open.settled.iter().map(|s| json!([s.spec, s.scope, s.child, s.path]));
    json!({
        "ses": language::write(&open.ses),
        "sestopy": open.ses.origin == crate::model::Origin::Sestopy,
        "choices": open.choices.choices.iter().map(choice).collect::<Vec<_>>(),
        "depth": open.depth,
        "entities_max": open.entities_max,
        "origins": open.origins.iter().map(|(id, level)| json!([id, level])).collect::<Vec<_>>(),
        "waiting": waiting.collect::<Vec<_>>(),
        "forced": forced.collect::<Vec<_>>(),
        "settled": settled.collect::<Vec<_>>(),
    })
}

fn rows<'a>(json: &'a Json, name: &str) -> Result<&'a Vec<Json>, SesError> {
    json.get(name)
        .and_then(Json::as_array)
        .ok_or_else(|| fault(format!("the list {name} is missing")))
}

/// The numbers of a row; -1 is [`NOTHING`].
fn numbers<const N: usize>(row: &Json, of: &str) -> Result<[u32; N], SesError> {
    let cells = row.as_array().filter(|cells| cells.len() == N);
    let mut numbers = [0; N];
    for (at, slot) in numbers.iter_mut().enumerate() {
        let cell = cells.and_then(|cells| cells[at].as_i64());
        *slot = match cell {
            Some(-1) => NOTHING,
            Some(number) => {
                u32::try_from(number).map_err(|_| fault(format!("a number of {of}")))?
            }
            None => return Err(fault(format!("a row of {of} has not {N} numbers"))),
        };
    }
    Ok(numbers)
}

fn pruned(json: &Json, stage: Stage) -> Result<Document, SesError> {
    let text = |name: &str| json.get(name).and_then(Json::as_str).unwrap_or("").to_owned();
    let mut names = Names::default();
    for (at, entry) in rows(json, "texts")?.iter().enumerate() {
        let entry = entry.as_str().ok_or_else(|| fault("a text is none"))?;
        if names.number(entry) as usize != at {
            return Err(fault(format!("the text {entry:?} stands twice")));
        }
    }
    let mut pes = Pes {
        stage,
        name: text("name"),
        comment: text("comment"),
        variables: Vec::new(),
        names,
        nodes: Vec::new(),
        attributes: Vec::new(),
        couplings: Vec::new(),
        open: None,
    };
    for row in rows(json, "variables")? {
        let value = row.get(1).cloned().unwrap_or(Json::Null);
        pes.variables.push(Bound {
            name: row.get(0).and_then(Json::as_str).unwrap_or("").into(),
            text: literal(&value),
            value,
            comment: row.get(2).and_then(Json::as_str).unwrap_or("").to_owned(),
        });
    }
    for set in rows(json, "attributes")? {
        let set = set.as_array().ok_or_else(|| fault("a set of attributes is a list"))?;
        let set = set.iter().map(|row| {
            let [name, value] = numbers(row, "attributes")?;
            Ok(Attribute { name, value })
        });
        pes.attributes.push(set.collect::<Result<_, SesError>>()?);
    }
    for set in rows(json, "couplings")? {
        let set = set.as_array().ok_or_else(|| fault("a set of couplings is a list"))?;
        let set = set.iter().map(|row| {
            let [source, source_port, source_class, target, target_port, target_class] =
                numbers(row, "couplings")?;
            Ok(Link { source, source_port, source_class, target, target_port, target_class })
        });
        pes.couplings.push(set.collect::<Result<_, SesError>>()?);
    }
    for row in rows(json, "nodes")? {
        let [name, is_aspect, parent, first, count, attributes, couplings, copy] =
            numbers(row, "nodes")?;
        let is_aspect = is_aspect == 1;
        pes.nodes.push(Node { name, is_aspect, parent, first, count, attributes, couplings, copy });
    }
    sound(&pes)?;
    if stage == Stage::Ipes {
        let open = json.get("open").ok_or_else(|| fault("an ipes says what is open"))?;
        pes.open = Some(Box::new(reopened(open, &pes)?));
    }
    Ok(Document::Pes(Box::new(pes)))
}

/// Whether every number names something, and children name their parents.
fn sound(pes: &Pes) -> Result<(), SesError> {
    let texts = pes.names.len() as u32;
    let nodes = pes.nodes.len() as u32;
    let fits = |number: u32, length: usize| number == NOTHING || (number as usize) < length;
    if nodes == 0 || pes.nodes[0].parent != NOTHING || pes.nodes[0].is_aspect {
        return Err(fault("the first node is no root entity"));
    }
    let mut children = 0_u64;
    for (at, node) in pes.nodes.iter().enumerate() {
        let fault = |what: &str| fault(format!("node {at}: {what}"));
        if node.name >= texts
            || !fits(node.attributes, pes.attributes.len())
            || !fits(node.couplings, pes.couplings.len())
        {
            return Err(fault("a number names nothing"));
        }
        if at > 0
            && (node.parent as usize >= at
                || node.is_aspect == pes.nodes[node.parent as usize].is_aspect)
        {
            return Err(fault("it does not stand below a node of the other kind before it"));
        }
        if node.count == 0 {
            continue;
        }
        children += u64::from(node.count);
        let end = u64::from(node.first) + u64::from(node.count);
        if node.first as usize <= at
            || end > u64::from(nodes)
            || (!node.is_aspect && node.count > 1)
        {
            return Err(fault("its children are not there"));
        }
        let below = &pes.nodes[node.first as usize..end as usize];
        if below.iter().any(|child| child.parent as usize != at) {
            return Err(fault("a child of it says that it is none"));
        }
    }
    if children + 1 != u64::from(nodes) {
        return Err(fault("some nodes hang in the air"));
    }
    let bad =
        |attribute: &Attribute| attribute.name >= texts || !(fits(attribute.value, texts as usize));
    if pes.attributes.iter().flatten().any(bad) {
        return Err(fault("an attribute names no text"));
    }
    for (at, node) in pes.nodes.iter().enumerate() {
        for link in pes.links(at as u32) {
            let ports = [link.source_port, link.source_class, link.target_port, link.target_class];
            let ends = [link.source, link.target];
            if !node.is_aspect
                || ends.iter().any(|end| *end > node.count)
                || ports.iter().any(|p| *p >= texts)
            {
                return Err(fault(format!("a coupling of node {at} names nothing")));
            }
        }
    }
    Ok(())
}

fn reopened(json: &Json, pes: &Pes) -> Result<Open, SesError> {
    let text = json.get("ses").and_then(Json::as_str).ok_or_else(|| fault("the ses is missing"))?;
    let mut ses = language::read(text)?;
    if json.get("sestopy").and_then(Json::as_bool) == Some(true) {
        ses.origin = crate::model::Origin::Sestopy;
    }
    let mut choices = Choices::default();
    for row in rows(json, "choices")? {
        choices.choose(row.get(0).and_then(Json::as_str).unwrap_or(""))?;
        if let Some(choice) = choices.choices.last_mut() {
            choice.used = row.get(1).and_then(Json::as_bool).unwrap_or(false);
        }
    }
    let number = |name: &str| json.get(name).and_then(Json::as_u64).unwrap_or(0);
    let ids = ses.nodes.len();
    let nodes = pes.nodes.len();
    let within = |number: u32, length: usize| {
        if (number as usize) < length {
            Ok(number)
        } else {
            Err(fault("a number of what is open names nothing"))
        }
    };
    let mut origins = Vec::new();
    for row in rows(json, "origins")? {
        let [id, level] = numbers(row, "origins")?;
        origins.push((within(id, ids)?, level));
    }
    let fits = origins.len() == nodes
        && origins
            .iter()
            .zip(&pes.nodes)
            .all(|((id, _), node)| ses.entity(*id).is_some() != node.is_aspect);
    if !fits {
        return Err(fault("the origins do not fit the nodes"));
    }
    let mut waiting = Vec::new();
    for row in rows(json, "waiting")? {
        let node = row.get(0).and_then(Json::as_u64).unwrap_or(u64::MAX);
        let node = within(u32::try_from(node).unwrap_or(NOTHING), nodes)?;
        if pes.nodes[node as usize].is_aspect || pes.nodes[node as usize].count > 0 {
            return Err(fault("what waits is no leaf"));
        }
        let mut path: Vec<(Arc<str>, u32)> = Vec::new();
        for step in row.get(1).and_then(Json::as_array).into_iter().flatten() {
            let name = step.get(0).and_then(Json::as_str).unwrap_or("");
            let number = step.get(1).and_then(Json::as_u64).unwrap_or(0);
            path.push((name.into(), number as u32));
        }
        let reason = row.get(2).and_then(Json::as_str).unwrap_or("").to_owned();
        waiting.push(Residual { node, path, reason });
    }
    let word = |row: &Json, at: usize| row.get(at).and_then(Json::as_str).unwrap_or("").to_owned();
    let three = |row: &Json| -> Result<[u32; 3], SesError> {
        let of = |at: usize| row.get(at).and_then(Json::as_u64).and_then(|n| u32::try_from(n).ok());
        let (Some(spec), Some(scope), Some(child)) = (of(0), of(1), of(2)) else {
            return Err(fault("a constraint in force is a row of numbers"));
        };
        Ok([within(spec, ids)?, within(scope, nodes)?, within(child, ids)?])
    };
    let mut forced = Vec::new();
    for row in rows(json, "forced")? {
        let [spec, scope, child] = three(row)?;
        let required = row.get(3).and_then(Json::as_bool).unwrap_or(true);
        forced.push(Force { spec, scope, child, required, why: word(row, 4) });
    }
    let mut settled = Vec::new();
    for row in rows(json, "settled")? {
        let [spec, scope, child] = three(row)?;
        settled.push(Settled { spec, scope, child, path: word(row, 3) });
    }
    Ok(Open {
        ses,
        choices,
        depth: number("depth") as u32,
        entities_max: number("entities_max"),
        origins,
        waiting,
        forced,
        settled,
    })
}
