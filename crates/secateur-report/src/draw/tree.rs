//! A rooted tree, drawn from left to right.

use std::fmt::Write;

use secateur_core::figure::TreeNode;

use super::{Drawn, NARROW, Table, WIDE, count};
use crate::frame::SIZE;
use crate::svg::{Svg, px};
use crate::text::{fit, name, width};

/// Most nodes that are drawn.
const NODES_MAX: usize = 240;
/// Most levels that are drawn.
const LEVELS_MAX: usize = 16;
/// Widest label, pixels.
const LABEL_MAX: f64 = 150.0;
/// Distance of leaves.
const ROW: f64 = 22.0;
/// Distance of the levels of an outline.
const INDENT: f64 = 26.0;

pub(super) fn tree(title: &str, nodes: &[TreeNode]) -> Drawn {
    if nodes.is_empty() {
        return Drawn::nothing("The tree is empty.");
    }
    let depths = depths(nodes);
    let shown = shown(nodes, &depths);
    let drawn: Vec<usize> = (0..nodes.len()).filter(|at| shown[*at]).collect();
    let labels: Vec<String> = nodes.iter().map(|n| fit(&name(&n.label), SIZE, LABEL_MAX)).collect();
    let (xs, right) = levels(&depths, &shown, &labels);
    if right > WIDE {
        // A tree that is wider than the page is drawn as an outline, a line a node.
        let svg = indented(nodes, &depths, &shown);
        return finished(title, nodes, &depths, &shown, svg, true);
    }
    let ys = rows(nodes, &shown);
    let bottom = ys.iter().copied().fold(0.0, f64::max);
    let wide = right > NARROW;
    let mut svg = Svg::new(if wide { WIDE } else { NARROW }, bottom + ROW);
    for at in drawn {
        let node = &nodes[at];
        let (x, y) = (xs[depths[at]], ys[at]);
        let label = if node.kept { "label" } else { "label gone" };
        if let Some(parent) = node.parent {
            let class = if node.kept { "edge" } else { "edge gone" };
            let start = xs[depths[parent]] + 14.0 + width(&labels[parent], SIZE);
            svg.path(&edge([start, ys[parent]], [x - 7.0, y]), class, "");
        }
        dot(&mut svg, [x, y], node.kept);
        svg.text(x + 10.0, y + 4.0, label, &labels[at]);
    }
    finished(title, nodes, &depths, &shown, svg, wide)
}

/// The drawing with its text alternative, its values and what it leaves out.
fn finished(
    title: &str,
    nodes: &[TreeNode],
    depths: &[usize],
    shown: &[bool],
    svg: Svg,
    wide: bool,
) -> Drawn {
    let gone = nodes.iter().filter(|n| !n.kept).count();
    let hidden = shown.iter().filter(|s| !**s).count();
    let note =
        (hidden > 0).then(|| format!("{} further down are not drawn.", count(hidden, "node")));
    let size = format!("{}, {gone} of them cut", count(nodes.len(), "node"));
    let alternative = format!("{title}. Tree of {size}; its root is {}.", name(&nodes[0].label));
    Drawn::svg(svg.finish(&alternative), wide).with(data(nodes, depths)).noting(note)
}

/// Parents above their children, each further to the right.
fn indented(nodes: &[TreeNode], depths: &[usize], shown: &[bool]) -> Svg {
    let children = children(nodes, shown);
    let x = |at: usize| 8.0 + INDENT * depths[at] as f64;
    let mut svg = Svg::new(WIDE, 0.0);
    let mut ys = vec![0.0; nodes.len()];
    let mut y = ROW / 2.0 + 2.0;
    let mut stack = vec![0];
    while let Some(at) = stack.pop() {
        ys[at] = y;
        if let Some(parent) = nodes[at].parent {
            let class = if nodes[at].kept { "edge" } else { "edge gone" };
            let (from, down) = (px(x(parent)), px(ys[parent] + 6.0));
            svg.path(&format!("M{from} {down}V{}H{}", px(y), px(x(at) - 7.0)), class, "");
        }
        dot(&mut svg, [x(at), y], nodes[at].kept);
        let label = if nodes[at].kept { "label" } else { "label gone" };
        let room = WIDE - x(at) - 12.0;
        svg.text(x(at) + 10.0, y + 4.0, label, &fit(&name(&nodes[at].label), SIZE, room));
        y += ROW;
        stack.extend(children[at].iter().rev());
    }
    svg.height(y);
    svg
}

/// A kept node is a disk, a cut one a crossed ring.
fn dot(svg: &mut Svg, [x, y]: [f64; 2], kept: bool) {
    if kept {
        svg.circle([x, y], 4.0, "node");
        return;
    }
    svg.circle([x, y], 4.0, "node gone");
    let d = format!("M{} {}l5 5m0 -5l-5 5", px(x - 2.5), px(y - 2.5));
    svg.path(&d, "cross", "");
}

fn edge([x0, y0]: [f64; 2], [x1, y1]: [f64; 2]) -> String {
    let middle = px(x0.max(x1 - 28.0).midpoint(x1));
    let (x0, y0, x1, y1) = (px(x0), px(y0), px(x1), px(y1));
    let bend = px(x1.parse::<f64>().unwrap_or(0.0) - 28.0);
    format!("M{x0} {y0}H{bend}C{middle} {y0} {middle} {y1} {x1} {y1}")
}

fn depths(nodes: &[TreeNode]) -> Vec<usize> {
    let mut depths: Vec<usize> = Vec::with_capacity(nodes.len());
    for node in nodes {
        depths.push(node.parent.map_or(0, |p| depths[p] + 1));
    }
    depths
}

/// Which nodes are drawn: level by level from the root, whole levels while they fit.
fn shown(nodes: &[TreeNode], depths: &[usize]) -> Vec<bool> {
    let mut order: Vec<usize> = (0..nodes.len()).collect();
    order.sort_by_key(|at| depths[*at]);
    let mut shown = vec![false; nodes.len()];
    for at in order.into_iter().take(NODES_MAX).filter(|at| depths[*at] < LEVELS_MAX) {
        shown[at] = true;
    }
    shown
}

/// The place of each level, and the right end of the drawing.
fn levels(depths: &[usize], shown: &[bool], labels: &[String]) -> (Vec<f64>, f64) {
    let count = depths.iter().max().map_or(1, |d| d + 1).min(LEVELS_MAX);
    let mut widest = vec![0.0f64; count];
    for (at, depth) in depths.iter().enumerate().filter(|(at, _)| shown[*at]) {
        widest[*depth] = widest[*depth].max(width(&labels[at], SIZE));
    }
    let mut x = 6.0;
    let mut xs = Vec::with_capacity(count);
    for wide in widest {
        xs.push(x);
        x += wide + 56.0;
    }
    (xs, x - 38.0)
}

/// The children of each node that are drawn.
fn children(nodes: &[TreeNode], shown: &[bool]) -> Vec<Vec<usize>> {
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); nodes.len()];
    for (at, node) in nodes.iter().enumerate().filter(|(at, _)| shown[*at]) {
        if let Some(parent) = node.parent {
            children[parent].push(at);
        }
    }
    children
}

/// Leaves one below the other in the order of the tree, parents in the middle of their children.
fn rows(nodes: &[TreeNode], shown: &[bool]) -> Vec<f64> {
    let children = children(nodes, shown);
    let mut ys = vec![0.0; nodes.len()];
    let mut y = ROW / 2.0 + 2.0;
    let mut stack = vec![0];
    while let Some(at) = stack.pop() {
        if children[at].is_empty() {
            ys[at] = y;
            y += ROW;
        }
        stack.extend(children[at].iter().rev());
    }
    // A parent comes before its children, so from the back all children have their place.
    for at in (0..nodes.len()).rev() {
        if let (Some(first), Some(last)) = (children[at].first(), children[at].last()) {
            ys[at] = ys[*first].midpoint(ys[*last]);
        }
    }
    ys
}

fn data(nodes: &[TreeNode], depths: &[usize]) -> Option<Table> {
    let row = |(at, n): (usize, &TreeNode)| {
        let parent = n.parent.map_or_else(String::new, |p| p.to_string());
        let state = if n.kept { "kept" } else { "cut" };
        let indent = "\u{a0}\u{a0}".repeat(depths[at].min(LEVELS_MAX));
        vec![at.to_string(), indent + &name(&n.label), parent, state.to_owned()]
    };
    let rows = || nodes.iter().enumerate().map(row).collect();
    Table::small(&["number", "node", "parent", "state"], nodes.len(), rows)
}

/// The tree as indented lines, for plain text.
pub(crate) fn outline(nodes: &[TreeNode]) -> String {
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); nodes.len()];
    for (at, node) in nodes.iter().enumerate() {
        if let Some(parent) = node.parent {
            children[parent].push(at);
        }
    }
    let depths = depths(nodes);
    let mut out = String::new();
    let mut stack = vec![0];
    while let Some(at) = stack.pop() {
        let (indent, state) = ("  ".repeat(depths[at]), if nodes[at].kept { "" } else { " [cut]" });
        let _ = writeln!(out, "{indent}{}{state}", name(&nodes[at].label));
        stack.extend(children[at].iter().rev());
    }
    out
}
