//! A structure as JSON: a flat list of nodes, each with the number of its parent.

use std::fmt::Write as _;

use serde_json::{Map, Value as Json, json};

use crate::error::SesError;
use crate::language;
use crate::model::{Given, Kind, Ses};

/// Reads a structure from our JSON.
///
/// # Errors
/// [`SesError::Syntax`] with the place in the text that the nodes make up.
pub(super) fn read(json: &Json) -> Result<Ses, SesError> {
    language::read(&text(json)?)
}

/// Writes a structure as JSON. What a node holds beside its name and kind stands in the words
/// of the language, so both formats hold the same.
pub fn write(ses: &Ses) -> String {
    let rest = settings(ses);
    let mut nodes = Vec::new();
    for (at, node) in ses.nodes.iter().enumerate() {
        let (head, inside) = language::lines(ses, node);
        let mut row = Map::new();
        row.insert("id".into(), json!(at));
        row.insert("parent".into(), json!(node.parent));
        let kind = match &node.kind {
            Kind::Entity(_) => "entity",
            Kind::Aspect(_) => "aspect",
            Kind::Multi(..) => "multi",
            Kind::Spec => "specialization",
        };
        row.insert("kind".into(), json!(kind));
        row.insert("name".into(), json!(&*node.name));
        if let Some(rule) = &node.rule {
            row.insert("rule".into(), json!(&*rule.text));
        }
        if let Kind::Entity(entity) = &node.kind
            && !entity.attributes.is_empty()
        {
            let value = |given: &Given| match given {
                Given::Literal(text) => json!(&**text),
                Given::Computed(code) => json!(&*code.text),
                Given::Open => Json::Null,
            };
            let all = entity.attributes.iter().map(|a| (a.name.to_string(), value(&a.value)));
            row.insert("attributes".into(), Json::Object(all.collect()));
        }
        row.insert("head".into(), json!(head));
        if !inside.is_empty() {
            row.insert("lines".into(), json!(inside));
        }
        nodes.push(Json::Object(row));
    }
    let mut text = String::from("{\n\"secateur_ses\": 1,\n\"kind\": \"ses\",\n");
    let _ = writeln!(
        text,
        "\"name\": {},\n\"settings\": {},\n\"nodes\": [",
        json!(ses.name),
        json!(rest)
    );
    for (at, node) in nodes.iter().enumerate() {
        let _ = writeln!(text, "{node}{}", if at + 1 < nodes.len() { "," } else { "" });
    }
    text.push_str("]\n}\n");
    text
}

fn settings(ses: &Ses) -> Vec<String> {
    let whole = language::write(&Ses { nodes: Vec::new(), roots: Vec::new(), ..ses.clone() });
    vec![whole.trim_end().to_owned()]
}

/// The text in the language that the nodes make up.
fn text(json: &Json) -> Result<String, SesError> {
    let fault = |what: String| SesError::Syntax { place: crate::place::Place::None, what };
    let list = |json: &Json, name: &str| json.get(name).and_then(Json::as_array).cloned();
    let nodes = list(json, "nodes").ok_or_else(|| fault("the list nodes is missing".into()))?;
    let mut text = String::new();
    for line in list(json, "settings").unwrap_or_default() {
        text.push_str(line.as_str().unwrap_or(""));
        text.push('\n');
    }
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); nodes.len()];
    let mut roots = Vec::new();
    for (at, node) in nodes.iter().enumerate() {
        if node.get("id").and_then(Json::as_u64) != Some(at as u64) {
            return Err(fault(format!("node {at} has another id; ids count from 0")));
        }
        match node.get("parent").and_then(Json::as_u64) {
            Some(parent) if (parent as usize) < at => children[parent as usize].push(at),
            Some(parent) => {
                return Err(fault(format!("node {at} stands before its parent {parent}")));
            }
            None => roots.push(at),
        }
    }
    let mut open: Vec<(usize, bool)> = roots.into_iter().rev().map(|at| (at, false)).collect();
    while let Some((at, done)) = open.pop() {
        if done {
            text.push_str("}\n");
            continue;
        }
        let node = &nodes[at];
        let head = node.get("head").and_then(Json::as_str);
        let head = head.ok_or_else(|| fault(format!("node {at} has no head")))?;
        let _ = writeln!(text, "{head} {{");
        for line in node.get("lines").and_then(Json::as_array).into_iter().flatten() {
            text.push_str(line.as_str().unwrap_or(""));
            text.push('\n');
        }
        open.push((at, true));
        open.extend(children[at].iter().rev().map(|child| (*child, false)));
    }
    Ok(text)
}
