//! Structures as DOT and Mermaid, and as a tree figure.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash, Hasher};

use secateur_core::Figure;
use secateur_core::figure::TreeNode;

use super::Document;
use crate::model::{Id, Kind, Ses};
use crate::pes::Pes;

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

/// A result as a figure of a report, its entities alone: copies that are equal in all below them
/// are drawn once, with their number; what waits is drawn as cut.
pub fn parts(pes: &Pes) -> Figure {
    let waiting: HashSet<u32> =
        pes.open.iter().flat_map(|open| open.waiting.iter().map(|r| r.node)).collect();
    let parts_of = |entity: u32| pes.aspect(entity).map_or(0..0, |aspect| pes.children(aspect));
    // What is below a node comes after it.
    let mut looks = vec![0; pes.nodes.len()];
    for node in (0..pes.nodes.len() as u32).rev() {
        let below: Vec<u64> = parts_of(node).map(|part| looks[part as usize]).collect();
        let mut hasher = DefaultHasher::new();
        (pes.base_name(node), waiting.contains(&node), below).hash(&mut hasher);
        looks[node as usize] = hasher.finish();
    }
    let mut nodes: Vec<TreeNode> = Vec::new();
    let mut open = vec![(0, None, 1)];
    while let Some((node, parent, count)) = open.pop() {
        if nodes.len() == NODES_MAX || pes.nodes.is_empty() {
            break;
        }
        let label = match count {
            1 => pes.name(node).to_owned(),
            _ => format!("{} \u{d7} {count}", pes.base_name(node).0),
        };
        let at = nodes.len();
        nodes.push(TreeNode { label, parent, kept: !waiting.contains(&node) });
        let mut kinds: Vec<(u32, usize)> = Vec::new();
        let mut known: HashMap<u64, usize> = HashMap::new();
        for part in parts_of(node) {
            let first = *known.entry(looks[part as usize]).or_insert(kinds.len());
            match kinds.get_mut(first) {
                Some((_, count)) => *count += 1,
                None => kinds.push((part, 1)),
            }
        }
        open.extend(kinds.into_iter().rev().map(|(part, count)| (part, Some(at), count)));
    }
    Figure::Tree { nodes }
}

/// Height of a line of the drawing, and width of a level, pixels.
const ROW: usize = 22;
const LEVEL: usize = 26;

/// The structure as a picture: a line per node, parents to the left. A single bar marks aspects,
/// two specializations, three multi-aspects; what waits is dashed.
pub fn svg(document: &Document, title: &str) -> String {
    let nodes = nodes(document);
    let mut depths: Vec<usize> = Vec::with_capacity(nodes.len());
    for node in &nodes {
        depths.push(node.parent.map_or(0, |parent| depths[parent] + 1));
    }
    let x = |at: usize| 12 + depths[at].min(200) * LEVEL;
    let y = |at: usize| 16 + at * ROW;
    let longest = nodes.iter().map(|node| node.name.chars().count()).max().unwrap_or(0).min(200);
    let width = 60 + depths.iter().max().unwrap_or(&0).min(&200) * LEVEL + longest * 8;
    let height = 10 + nodes.len() * ROW;
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" font-size=\"13\" role=\"img\">\n<title>{}</title>\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n",
        escaped(title)
    );
    for (at, node) in nodes.iter().enumerate() {
        let (x1, y1) = (x(at), y(at));
        if let Some(parent) = node.parent {
            let (px, py) = (x(parent), y(parent));
            let _ = writeln!(
                text,
                "<path d=\"M{px} {}V{y1}H{}\" fill=\"none\" stroke=\"#999\"/>",
                py + 6,
                x1 - 6
            );
        }
        let dash = if node.shape == Shape::Waiting { " stroke-dasharray=\"2 2\"" } else { "" };
        let bars = match node.shape {
            Shape::Entity | Shape::Waiting => 0,
            Shape::Aspect => 1,
            Shape::Spec => 2,
            Shape::Multi => 3,
        };
        if bars == 0 {
            let fill = if dash.is_empty() { "#1f6f8b" } else { "#fff" };
            let _ = writeln!(
                text,
                "<circle cx=\"{x1}\" cy=\"{y1}\" r=\"5\" fill=\"{fill}\" stroke=\"#1f6f8b\"{dash}/>"
            );
        }
        for bar in 0..bars {
            let bar = x1 + 3 * bar - 4;
            let _ = writeln!(
                text,
                "<path d=\"M{bar} {}v10\" stroke=\"#333\" stroke-width=\"1.5\"/>",
                y1 - 5
            );
        }
        let style = if bars == 0 { "" } else { " font-style=\"italic\" fill=\"#555\"" };
        let shown: String = node.name.chars().take(200).collect();
        let _ = writeln!(
            text,
            "<text x=\"{}\" y=\"{}\"{style}>{}</text>",
            x1 + 12,
            y1 + 4,
            escaped(&shown)
        );
    }
    text.push_str("</svg>\n");
    text
}

fn escaped(text: &str) -> String {
    let printable: String =
        text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    quick_xml::escape::escape(printable.as_str()).into_owned()
}
