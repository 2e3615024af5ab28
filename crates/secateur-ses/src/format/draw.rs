//! Structures as DOT and Mermaid, and as a tree figure.

use std::fmt::Write as _;

use secateur_core::Figure;
use secateur_core::figure::TreeNode;

use super::Document;
use crate::model::{Id, Kind, Ses};

/// Nodes of a drawing; a picture of more shows nothing.
pub const NODES_MAX: usize = 20_000;

/// A node of a drawing.
struct Drawn {
    name: String,
    shape: Shape,
    parent: Option<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Entity,
    Aspect,
    Multi,
    Spec,
    Waiting,
}

fn nodes(document: &Document) -> Vec<Drawn> {
    match document {
        Document::Ses(ses) => of_ses(ses),
        Document::Pes(pes) => {
            let waiting: Vec<u32> =
                pes.open.iter().flat_map(|open| open.waiting.iter().map(|r| r.node)).collect();
            let mut places = std::collections::HashMap::new();
            let mut drawn = Vec::new();
            for (node, _) in pes.walk().take(NODES_MAX) {
                let found = &pes.nodes[node as usize];
                places.insert(node, drawn.len());
                let shape = match (found.is_aspect, waiting.contains(&node)) {
                    (true, _) => Shape::Aspect,
                    (false, true) => Shape::Waiting,
                    (false, false) => Shape::Entity,
                };
                let parent = places.get(&found.parent).copied();
                drawn.push(Drawn { name: pes.name(node).to_owned(), shape, parent });
            }
            drawn
        }
    }
}

fn of_ses(ses: &Ses) -> Vec<Drawn> {
    let mut drawn: Vec<Drawn> = Vec::new();
    let mut open: Vec<(Id, Option<usize>)> = ses.roots.iter().rev().map(|id| (*id, None)).collect();
    while let Some((id, parent)) = open.pop() {
        if drawn.len() == NODES_MAX {
            break;
        }
        let node = ses.node(id);
        let copies = ses.entity(id).and_then(|entity| entity.copies.as_ref());
        let name = match copies {
            Some(target) => format!("{} ref {target}", node.name),
            None => node.name.to_string(),
        };
        let shape = match &node.kind {
            Kind::Entity(entity) if entity.delayed => Shape::Waiting,
            Kind::Entity(_) => Shape::Entity,
            Kind::Aspect(_) => Shape::Aspect,
            Kind::Multi(..) => Shape::Multi,
            Kind::Spec => Shape::Spec,
        };
        let at = drawn.len();
        drawn.push(Drawn { name, shape, parent });
        open.extend(node.children.iter().rev().map(|child| (*child, Some(at))));
    }
    drawn
}

/// The structure in the language of Graphviz.
pub fn dot(document: &Document) -> String {
    let mut text = String::from("digraph ses {\n  node [fontname=\"sans-serif\"];\n");
    let quoted = |name: &str| format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""));
    for (at, node) in nodes(document).iter().enumerate() {
        let (shape, style, edge) = match node.shape {
            Shape::Entity => ("box", "solid", "none"),
            Shape::Waiting => ("box", "dashed", "none"),
            Shape::Aspect => ("plaintext", "solid", "none"),
            Shape::Multi => ("plaintext", "bold", "none"),
            Shape::Spec => ("plaintext", "dotted", "none"),
        };
        let name = match node.shape {
            Shape::Aspect => format!("| {}", node.name),
            Shape::Multi => format!("||| {}", node.name),
            Shape::Spec => format!("|| {}", node.name),
            Shape::Entity | Shape::Waiting => node.name.clone(),
        };
        let _ = writeln!(text, "  n{at} [label={}, shape={shape}, style={style}];", quoted(&name));
        if let Some(parent) = node.parent {
            let _ = writeln!(text, "  n{parent} -> n{at} [arrowhead={edge}];");
        }
    }
    text.push_str("}\n");
    text
}

/// The structure in the language of Mermaid.
pub fn mermaid(document: &Document) -> String {
    let mut text = String::from("graph TD\n");
    for (at, node) in nodes(document).iter().enumerate() {
        let escaped: String = node
            .name
            .chars()
            .map(|c| match c {
                '"' => "#quot;".to_owned(),
                '<' => "#lt;".to_owned(),
                '>' => "#gt;".to_owned(),
                '#' => "#35;".to_owned(),
                c => c.to_string(),
            })
            .collect();
        let (open, close) = match node.shape {
            Shape::Entity => ("[\"", "\"]"),
            Shape::Waiting => ("[/\"", "\"/]"),
            Shape::Aspect => ("([\"", "\"])"),
            Shape::Multi => ("[[\"", "\"]]"),
            Shape::Spec => ("{{\"", "\"}}"),
        };
        let _ = writeln!(text, "  n{at}{open}{escaped}{close}");
        if let Some(parent) = node.parent {
            let _ = writeln!(text, "  n{parent} --- n{at}");
        }
    }
    text
}

/// The structure as a figure of a report: `|` marks aspects, `||` specializations, `|||`
/// multi-aspects; what waits is drawn as cut.
pub fn figure(document: &Document) -> Figure {
    let nodes = nodes(document)
        .into_iter()
        .map(|node| TreeNode {
            label: match node.shape {
                Shape::Aspect => format!("| {}", node.name),
                Shape::Multi => format!("||| {}", node.name),
                Shape::Spec => format!("|| {}", node.name),
                Shape::Entity | Shape::Waiting => node.name,
            },
            parent: node.parent,
            kept: node.shape != Shape::Waiting,
        })
        .collect::<Vec<_>>();
    let mut nodes = nodes;
    // A figure has one root; entities beside it hang below.
    for node in nodes.iter_mut().skip(1).filter(|node| node.parent.is_none()) {
        node.parent = Some(0);
    }
    Figure::Tree { nodes }
}
