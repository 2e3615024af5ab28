//! Trees to text.

use super::{Node, Property, Tree};
use crate::board::{Color, Game, Point};

/// A text as the value of a property.
pub fn escaped(text: &str) -> String {
    let mut value = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '\\' | ']' | ':') {
            value.push('\\');
        }
        value.push(c);
    }
    value
}

/// What is still to be written.
enum Step {
    Open(usize),
    Node(usize),
    Close,
}

/// All games as text; variations in brackets only where a node has several children.
pub fn write(tree: &Tree) -> String {
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); tree.nodes.len()];
    for (at, node) in tree.nodes.iter().enumerate() {
        if let Some(parent) = node.parent {
            children[parent].push(at);
        }
    }
    let mut text = String::new();
    let mut steps: Vec<Step> = tree.roots().map(Step::Open).collect();
    steps.reverse();
    while let Some(step) = steps.pop() {
        match step {
            Step::Close => text.push(')'),
            Step::Open(at) => {
                text.push('(');
                steps.push(Step::Close);
                steps.push(Step::Node(at));
            }
            Step::Node(at) => {
                write_node(&mut text, &tree.nodes[at]);
                match children[at][..] {
                    [] => {}
                    [only] => steps.push(Step::Node(only)),
                    ref several => steps.extend(several.iter().rev().map(|at| Step::Open(*at))),
                }
            }
        }
    }
    text.push('\n');
    text
}

fn write_node(text: &mut String, node: &Node) {
    text.push(';');
    for property in &node.properties {
        text.push_str(&property.name);
        for value in &property.values {
            text.push('[');
            text.push_str(value);
            text.push(']');
        }
    }
}

/// A point as two letters; a pass is empty.
fn letters(point: Point, size: usize) -> String {
    let letter = |at: usize| char::from(b'a' + at as u8);
    point
        .column_row(size)
        .map_or_else(String::new, |(x, y)| [letter(x), letter(y)].iter().collect())
}

/// A game as a tree of one line: size, komi, the stones it began with, moves.
pub fn of_game(game: &Game) -> Tree {
    let size = game.board().size();
    let property =
        |name: &str, values: Vec<String>| Property { name: name.to_owned(), values, offset: 0 };
    let mut properties = vec![
        property("GM", vec!["1".to_owned()]),
        property("FF", vec!["4".to_owned()]),
        property("CA", vec!["UTF-8".to_owned()]),
        property("AP", vec!["secateur".to_owned()]),
        property("SZ", vec![size.to_string()]),
        property("KM", vec![game.komi.to_string()]),
    ];
    for (name, color) in [("AB", Color::Black), ("AW", Color::White)] {
        let stones: Vec<String> = game
            .start()
            .points()
            .filter(|point| game.start().at(*point) == Some(color))
            .map(|point| letters(point, size))
            .collect();
        if !stones.is_empty() {
            properties.push(property(name, stones));
        }
    }
    let mut nodes = vec![Node { parent: None, properties }];
    for (at, (color, point)) in game.moves().iter().enumerate() {
        let played = property(&color.letter().to_string(), vec![letters(*point, size)]);
        nodes.push(Node { parent: Some(at), properties: vec![played] });
    }
    Tree { nodes }
}
