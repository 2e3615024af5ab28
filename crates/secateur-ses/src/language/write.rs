//! A structure as a text that reads back as the same.

use std::fmt::Write as _;

use crate::model::{Aspect, Coupling, End, Entity, Given, Id, Kind, Node, Origin, Ses};
use crate::script::value::quoted;

/// Words that begin something or stand in expressions, so that a name like them needs quotes.
const WORDS: [&str; 27] = [
    "entity",
    "aspect",
    "multi",
    "specialization",
    "couple",
    "couplings",
    "delay",
    "once",
    "ref",
    "when",
    "priority",
    "input",
    "output",
    "range",
    "note",
    "and",
    "or",
    "not",
    "in",
    "is",
    "if",
    "else",
    "for",
    "lambda",
    "True",
    "False",
    "None",
];

/// Writes a structure in the language.
pub fn write(ses: &Ses) -> String {
    let mut text = String::new();
    let _ = write!(text, "ses {}", name(&ses.name));
    if !ses.comment.is_empty() {
        let _ = write!(text, " {}", quoted(&ses.comment));
    }
    text.push('\n');
    for variable in &ses.variables {
        let _ = write!(text, "variable {}", variable.name);
        if let Some(code) = &variable.value {
            let _ = write!(text, " = {}", value(ses, &code.text));
        }
        remark(&mut text, &variable.comment);
        text.push('\n');
    }
    let allowed = ses.variables.iter().filter_map(|variable| variable.allowed.as_ref());
    for condition in allowed.chain(&ses.conditions) {
        let _ = writeln!(text, "condition {}", condition.text);
    }
    for function in &ses.functions {
        let source = function.source.replace('\\', "\\\\").replace("\"\"\"", "\\\"\\\"\\\"");
        let _ = writeln!(text, "function {} \"\"\"{source}\"\"\"", function.name);
    }
    for constraint in &ses.constraints {
        let word = if constraint.requires { "requires" } else { "excludes" };
        let _ =
            writeln!(text, "constraint {} {word} {}", name(&constraint.from), name(&constraint.to));
    }
    let mut open: Vec<(Id, usize, bool)> =
        ses.roots.iter().rev().map(|id| (*id, 0, false)).collect();
    while let Some((id, depth, done)) = open.pop() {
        // Deep structures are not indented further, or the text would grow with the square.
        let indent = "  ".repeat(depth.min(40));
        if done {
            let _ = writeln!(text, "{indent}}}");
            continue;
        }
        let node = ses.node(id);
        if node.parent.is_none() {
            text.push('\n');
        }
        text.push_str(&indent);
        head(&mut text, ses, node);
        let inside = inside(node, &format!("{indent}  "));
        if node.children.is_empty() && inside.is_empty() {
            text.push('\n');
            continue;
        }
        text.push_str(" {\n");
        text.push_str(&inside);
        open.push((id, depth, true));
        open.extend(node.children.iter().rev().map(|child| (*child, depth + 1, false)));
    }
    text
}

/// What the language writes of one node: its head, and the lines inside that are no nodes.
pub(crate) fn lines(ses: &Ses, node: &Node) -> (String, Vec<String>) {
    let mut text = String::new();
    head(&mut text, ses, node);
    (text, inside(node, "").lines().map(str::to_owned).collect())
}

/// A value; in files of SESToPy what is no value is a text.
fn value(ses: &Ses, text: &str) -> String {
    let bare = text.chars().all(|c| c.is_alphanumeric() || c == '_')
        && text.starts_with(|c: char| c.is_alphabetic());
    let known = ["True", "False", "None"].contains(&text)
        || ses.variables.iter().any(|variable| *variable.name == *text);
    if ses.origin == Origin::Sestopy && bare && !known { quoted(text) } else { text.to_owned() }
}

fn name(text: &str) -> String {
    let plain = text.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_alphanumeric() || c == '_')
        && !WORDS.contains(&text);
    if plain { text.to_owned() } else { quoted(text) }
}

fn remark(text: &mut String, remark: &str) {
    if !remark.is_empty() {
        let _ = write!(text, " note {}", quoted(remark));
    }
}

fn head(text: &mut String, ses: &Ses, node: &Node) {
    let shown = name(&node.name);
    match &node.kind {
        Kind::Entity(entity) => {
            if entity.delayed {
                text.push_str("delay ");
            }
            let many = node.parent.is_some_and(|p| matches!(ses.node(p).kind, Kind::Multi(..)));
            if entity.once && many {
                text.push_str("once ");
            }
            let _ = write!(text, "entity {shown}");
            if let Some(target) = &entity.copies {
                let _ = write!(text, " ref {}", name(target));
            }
        }
        Kind::Aspect(aspect) => {
            let _ = write!(text, "aspect {shown}");
            priority(text, aspect);
        }
        Kind::Multi(aspect, repeat) => {
            let _ = write!(text, "multi {shown}");
            if let Some(code) = &repeat.count {
                let _ = write!(text, " [{}]", code.text);
            } else if let Some((low, high)) = repeat.range {
                let _ = write!(text, " [{low}..{high}]");
            }
            priority(text, aspect);
        }
        Kind::Spec => {
            let _ = write!(text, "specialization {shown}");
        }
    }
    if let Some(rule) = &node.rule {
        let _ = write!(text, " when {}", rule.text);
    }
    remark(text, &node.comment);
}

fn priority(text: &mut String, aspect: &Aspect) {
    if let Some(code) = &aspect.priority {
        let _ = write!(text, " priority {}", code.text);
    }
}

fn inside(node: &Node, indent: &str) -> String {
    let mut text = String::new();
    match &node.kind {
        Kind::Entity(entity) => attributes(&mut text, entity, &node.name, indent),
        Kind::Aspect(aspect) | Kind::Multi(aspect, _) => {
            for coupling in &aspect.couplings {
                let _ = writeln!(text, "{indent}{}", shown(coupling));
            }
            for code in &aspect.computed {
                let _ = writeln!(text, "{indent}couplings {}", code.text);
            }
        }
        Kind::Spec => {}
    }
    text
}

fn attributes(text: &mut String, entity: &Entity, of: &str, indent: &str) {
    for attribute in &entity.attributes {
        if *attribute.name == *format!("_{of}") {
            continue;
        }
        let _ = write!(text, "{indent}{}", name(&attribute.name));
        match (&attribute.class, &attribute.value) {
            (Some(class), _) => {
                let _ = write!(text, ": {}", name(class));
            }
            (None, Given::Open) => text.push_str(": any"),
            (None, _) => {}
        }
        match &attribute.value {
            Given::Literal(value) => {
                // What is no value of the language is a text.
                let reads = crate::script::Code::read(value, crate::place::Place::None)
                    .is_ok_and(|code| code.is_literal());
                let value = if reads { value.to_string() } else { quoted(value) };
                let _ = write!(text, " = {value}");
            }
            Given::Computed(code) => {
                let _ = write!(text, " = {}", code.text);
            }
            Given::Open => {}
        }
        if let Some((low, high)) = &attribute.range {
            let _ = write!(text, " range {} .. {}", low.text, high.text);
        }
        remark(text, &attribute.comment);
        text.push('\n');
    }
    for port in &entity.ports {
        let word = if port.input { "input" } else { "output" };
        let _ = write!(text, "{indent}{word} {}", name(&port.name));
        if let Some(class) = &port.class {
            let _ = write!(text, ": {}", name(class));
        }
        text.push('\n');
    }
}

/// A coupling in the language.
pub(crate) fn shown(coupling: &Coupling) -> String {
    let mut text = String::from("couple ");
    for (at, part) in [&coupling.source, &coupling.target].into_iter().enumerate() {
        if at == 1 {
            text.push_str(" -> ");
        }
        end(&mut text, part);
    }
    if let Some(each) = &coupling.each {
        let _ = write!(text, " for {} in {}", each.name, each.over.text);
        if let Some(when) = &each.when {
            let _ = write!(text, " when {}", when.text);
        }
    }
    remark(&mut text, &coupling.comment);
    text
}

fn end(text: &mut String, end: &End) {
    text.push_str(&name(&end.entity));
    if let Some(code) = &end.index {
        let _ = write!(text, "[{}]", code.text);
    }
    let _ = write!(text, ".{}", name(&end.port));
    if let Some(code) = &end.port_index {
        let _ = write!(text, "[{}]", code.text);
    }
    if let Some(class) = &end.class {
        let _ = write!(text, ": {}", name(class));
    }
}
