//! Simplifying: identities that keep the value up to rounding, taken where the tree gets smaller.
//!
//! Beyond [`fold`](crate::fold): constants and like terms of nested sums are collected, constants
//! and like factors of nested products, `ln(exp(x))`, `sqrt(sq(x))`, `exp(a) * exp(b)`, powers
//! that have a name. A part that has no value in some rows is not cancelled against itself, except
//! at single points: `x / y * y` becomes `x`, though it has no value at `y = 0`;
//! `ln(x) - ln(x) + y` stays. (Folding, which comes first, goes further for a part beside its
//! equal.)
//!
//! A value that is finite stays finite and the same up to rounding, as long as the numbers on the
//! way are between `1e-100` and `1e100` in size: constants move to the front of a product, and
//! beyond those sizes the order in which factors meet decides about overflow.

use crate::fold::{constant, fold};
use crate::op::Op;
use crate::tree::{Node, Tree};

/// Larger trees are only folded: like terms are looked for pair by pair.
pub const SIZE_MAX: usize = 4096;

/// Largest exponent to which factors are collected.
const EXPONENT_MAX: i32 = 16;

/// The tree with all identities applied until none makes it smaller.
#[must_use]
pub fn simplify(tree: &Tree) -> Tree {
    let mut best = folded(tree);
    while best.size() <= SIZE_MAX {
        let next = folded(&pass(&best));
        if next.size() >= best.size() {
            break;
        }
        best = next;
    }
    signs_in_front(&best)
}

/// Writes `x + -2 * y` as `x - 2 * y`, and `x - -2` as `x + 2`: the same value to the last bit.
fn signs_in_front(tree: &Tree) -> Tree {
    let starts = tree.starts();
    let mut nodes = tree.nodes().to_vec();
    for index in 0..nodes.len() {
        let turned = match nodes[index] {
            Node::Op(Op::Add) => Op::Sub,
            Node::Op(Op::Sub) => Op::Add,
            _ => continue,
        };
        // The first factor of a product or fraction on the right gives its sign.
        let mut first = index - 1;
        while let Node::Op(Op::Mul | Op::Div) = nodes[first] {
            let [left, _] = tree.operands(first, &starts);
            first = left.expect("a product has a left side");
        }
        if let Node::Const(value) = nodes[first]
            && value < 0.0
        {
            nodes[first] = Node::Const(-value);
            nodes[index] = Node::Op(turned);
        }
    }
    Tree::new(nodes).expect("only signs differ")
}

/// Folds until folding changes no more.
fn folded(tree: &Tree) -> Tree {
    let mut best = fold(tree);
    loop {
        let next = fold(&best);
        if next.size() >= best.size() {
            return next;
        }
        best = next;
    }
}

/// Every node once, operands first.
fn pass(tree: &Tree) -> Tree {
    let starts = tree.starts();
    let mut parents: Vec<Option<Op>> = vec![None; tree.size()];
    for (index, node) in tree.nodes().iter().enumerate() {
        if let Node::Op(op) = node {
            for operand in tree.operands(index, &starts).into_iter().flatten() {
                parents[operand] = Some(*op);
            }
        }
    }
    let mut stack: Vec<Tree> = Vec::new();
    for (node, parent) in tree.nodes().iter().zip(parents) {
        let mut made = match *node {
            Node::Const(_) | Node::Var(_) => Tree::leaf(*node),
            Node::Op(op) => {
                let last = stack.pop().expect("a tree has operands");
                if op.arity() == 1 {
                    Tree::unary(op, last)
                } else {
                    Tree::binary(op, stack.pop().expect("a tree has operands"), &last)
                }
            }
        };
        // Of a chain only the top is looked at: what is below it comes along.
        let sum = matches!(parent, Some(Op::Add | Op::Sub | Op::Neg));
        let product = matches!(parent, Some(Op::Mul | Op::Div | Op::Inverse));
        let found = [
            named(&made),
            if sum { None } else { collected_sum(&made) },
            if product { None } else { collected_product(&made) },
        ];
        for candidate in found.into_iter().flatten() {
            if candidate.size() < made.size() {
                made = candidate;
            }
        }
        stack.push(made);
    }
    stack.pop().expect("a tree leaves one value")
}

/// The operator at the root and its operands.
fn parts(tree: &Tree) -> Option<(Op, Tree, Option<Tree>)> {
    let Some(Node::Op(op)) = tree.nodes().last().copied() else { return None };
    let starts = tree.starts();
    let [left, right] = tree.operands(tree.size() - 1, &starts);
    let left = tree.subtree(left.expect("an operator has operands"), &starts);
    Some((op, left, right.map(|right| tree.subtree(right, &starts))))
}

/// Identities of the operator at the root and those right below it.
fn named(tree: &Tree) -> Option<Tree> {
    let (op, left, right) = parts(tree)?;
    let Some(right) = right else {
        let (inner, a, b) = parts(&left)?;
        return match (op, inner, b) {
            (Op::Ln, Op::Exp, _) | (Op::Inverse, Op::Inverse, _) => Some(a),
            (Op::Sqrt, Op::Square, _) => Some(Tree::unary(Op::Abs, a)),
            (Op::Inverse, Op::Div, Some(b)) => Some(Tree::binary(Op::Div, b, &a)),
            (Op::Neg, Op::Sub, Some(b)) => Some(Tree::binary(Op::Sub, b, &a)),
            _ => None,
        };
    };
    if op == Op::Pow {
        let exponent = constant(&right)?;
        let powers = [(2.0, Op::Square), (3.0, Op::Cube), (-1.0, Op::Inverse), (0.5, Op::Sqrt)];
        let power = powers.into_iter().find(|(known, _)| *known == exponent)?;
        return Some(Tree::unary(power.1, left));
    }
    if let (Op::Mul | Op::Div, Some((Op::Exp, a, _)), Some((Op::Exp, b, _))) =
        (op, parts(&left), parts(&right))
    {
        let sum = if op == Op::Mul { Op::Add } else { Op::Sub };
        return Some(Tree::unary(Op::Exp, Tree::binary(sum, a, &b)));
    }
    None
}

/// Whether a tree has a value in every row, apart from overflow.
fn is_total(tree: &Tree) -> bool {
    let partial = |node: &Node| {
        matches!(
            node,
            Node::Op(
                Op::Div
                    | Op::Pow
                    | Op::Inverse
                    | Op::Sqrt
                    | Op::Ln
                    | Op::Log2
                    | Op::Log10
                    | Op::Tan
                    | Op::GuardedPow
            )
        )
    };
    !tree.nodes().iter().any(partial)
}

/// Whether a constant keeps all its digits.
fn is_sound(value: f64) -> bool {
    value == 0.0 || value.is_normal()
}

fn number(value: f64) -> Tree {
    Tree::leaf(Node::Const(value))
}

/// A sum with constants and like terms collected.
fn collected_sum(tree: &Tree) -> Option<Tree> {
    let Some(Node::Op(Op::Add | Op::Sub | Op::Neg | Op::Mul | Op::Div)) = tree.nodes().last()
    else {
        return None;
    };
    let nodes = tree.nodes();
    let starts = tree.starts();
    let mut rest = 0.0;
    let mut terms: Vec<(f64, Tree)> = Vec::new();
    let mut waiting = vec![(tree.size() - 1, 1.0)];
    while let Some((index, share)) = waiting.pop() {
        if !is_sound(share) {
            return None;
        }
        let [left, right] = tree.operands(index, &starts);
        let value = |at: Option<usize>| match at.map(|at| nodes[at]) {
            Some(Node::Const(value)) => Some(value),
            _ => None,
        };
        match (nodes[index], left, right) {
            (Node::Const(value), ..) => rest += share * value,
            (Node::Op(Op::Add), Some(left), Some(right)) => {
                waiting.extend([(right, share), (left, share)]);
            }
            (Node::Op(Op::Sub), Some(left), Some(right)) => {
                waiting.extend([(right, -share), (left, share)]);
            }
            (Node::Op(Op::Neg), Some(left), _) => waiting.push((left, -share)),
            (Node::Op(Op::Mul), Some(other), Some(factor)) if value(right).is_some() => {
                let Node::Const(value) = nodes[factor] else { return None };
                scaled_term(tree, &starts, other, share * value, &mut waiting, &mut terms);
            }
            (Node::Op(Op::Mul), Some(factor), Some(other)) if value(left).is_some() => {
                let Node::Const(value) = nodes[factor] else { return None };
                scaled_term(tree, &starts, other, share * value, &mut waiting, &mut terms);
            }
            (Node::Op(Op::Div), Some(other), Some(divisor)) if value(right).is_some() => {
                let Node::Const(value) = nodes[divisor] else { return None };
                scaled_term(tree, &starts, other, share / value, &mut waiting, &mut terms);
            }
            _ => add_term(&mut terms, share, tree.subtree(index, &starts)),
        }
    }
    let gone = |(share, term): &(f64, Tree)| *share == 0.0 && !is_total(term);
    if !is_sound(rest) || terms.iter().any(|(share, _)| !is_sound(*share)) || terms.iter().any(gone)
    {
        return None;
    }
    terms.retain(|(share, _)| *share != 0.0);
    Some(sum_of(terms, rest))
}

/// A term with a factor: a sum is not multiplied out.
fn scaled_term(
    tree: &Tree,
    starts: &[usize],
    index: usize,
    share: f64,
    waiting: &mut Vec<(usize, f64)>,
    terms: &mut Vec<(f64, Tree)>,
) {
    if matches!(tree.nodes()[index], Node::Op(Op::Add | Op::Sub)) {
        add_term(terms, share, tree.subtree(index, starts));
    } else {
        waiting.push((index, share));
    }
}

fn add_term(terms: &mut Vec<(f64, Tree)>, share: f64, term: Tree) {
    match terms.iter_mut().find(|(_, known)| *known == term) {
        Some((known, _)) => *known += share,
        None => terms.push((share, term)),
    }
}

/// A sum of terms with factors, and a constant.
fn sum_of(mut terms: Vec<(f64, Tree)>, rest: f64) -> Tree {
    if rest != 0.0 || terms.is_empty() {
        terms.push((rest, number(1.0)));
    }
    // A term that is added goes first, so that the others can be subtracted.
    let first = terms.iter().position(|(share, _)| *share > 0.0).unwrap_or(0);
    terms[..=first].rotate_right(1);
    let scaled = |share: f64, term: Tree| match constant(&term) {
        Some(value) => number(share * value),
        None if share == 1.0 => term,
        None if share == -1.0 => Tree::unary(Op::Neg, term),
        None => Tree::binary(Op::Mul, number(share), &term),
    };
    let mut terms = terms.into_iter();
    let (share, term) = terms.next().expect("there is one term at least");
    terms.fold(scaled(share, term), |sum, (share, term)| {
        let op = if share < 0.0 { Op::Sub } else { Op::Add };
        Tree::binary(op, sum, &scaled(share.abs(), term))
    })
}

/// A product with constants and like factors collected.
fn collected_product(tree: &Tree) -> Option<Tree> {
    let Some(Node::Op(Op::Mul | Op::Div | Op::Inverse | Op::Square | Op::Cube | Op::Pow)) =
        tree.nodes().last()
    else {
        return None;
    };
    let nodes = tree.nodes();
    let starts = tree.starts();
    let mut share = 1.0;
    // A factor, its exponent, and whether it stood on both sides of a fraction.
    let mut factors: Vec<(Tree, i32, bool)> = Vec::new();
    let mut waiting = vec![(tree.size() - 1, 1_i32)];
    while let Some((index, exponent)) = waiting.pop() {
        if exponent.abs() > EXPONENT_MAX {
            return None;
        }
        let [left, right] = tree.operands(index, &starts);
        match (nodes[index], left, right) {
            (Node::Const(value), ..) => share *= value.powi(exponent),
            (Node::Op(Op::Mul), Some(left), Some(right)) => {
                waiting.extend([(right, exponent), (left, exponent)]);
            }
            (Node::Op(Op::Div), Some(left), Some(right)) => {
                waiting.extend([(right, -exponent), (left, exponent)]);
            }
            (Node::Op(Op::Neg), Some(left), _) => {
                share *= (-1.0_f64).powi(exponent);
                waiting.push((left, exponent));
            }
            (Node::Op(Op::Inverse), Some(left), _) => waiting.push((left, -exponent)),
            (Node::Op(Op::Square), Some(left), _) => waiting.push((left, 2 * exponent)),
            (Node::Op(Op::Cube), Some(left), _) => waiting.push((left, 3 * exponent)),
            (Node::Op(Op::Pow), Some(left), Some(right)) => match nodes[right] {
                Node::Const(power)
                    if power == power.round()
                        && power != 0.0
                        && power.abs() <= f64::from(EXPONENT_MAX) =>
                {
                    waiting.push((left, exponent * power as i32));
                }
                _ => add_factor(&mut factors, exponent, tree.subtree(index, &starts)),
            },
            _ => add_factor(&mut factors, exponent, tree.subtree(index, &starts)),
        }
        if !share.is_normal() {
            return None;
        }
    }
    let unsafe_cut = |(factor, _, both): &(Tree, i32, bool)| *both && !is_total(factor);
    if factors.iter().any(unsafe_cut) || factors.iter().any(|f| f.1.abs() > EXPONENT_MAX) {
        return None;
    }
    factors.retain(|(_, exponent, _)| *exponent != 0);
    Some(product_of(share, factors))
}

fn add_factor(factors: &mut Vec<(Tree, i32, bool)>, exponent: i32, factor: Tree) {
    match factors.iter_mut().find(|(known, ..)| *known == factor) {
        Some((_, known, both)) => {
            *both |= known.signum() != exponent.signum();
            *known += exponent;
        }
        None => factors.push((factor, exponent, false)),
    }
}

/// A constant times factors with exponents.
fn product_of(share: f64, factors: Vec<(Tree, i32, bool)>) -> Tree {
    let power = |factor: Tree, exponent: i32| match exponent {
        1 => factor,
        2 => Tree::unary(Op::Square, factor),
        3 => Tree::unary(Op::Cube, factor),
        _ => Tree::binary(Op::Pow, factor, &number(f64::from(exponent))),
    };
    let times = |product: Option<Tree>, factor: Tree| match product {
        Some(product) => Some(Tree::binary(Op::Mul, product, &factor)),
        None => Some(factor),
    };
    let mut above = (share.abs() != 1.0).then(|| number(share));
    let mut below = None;
    for (factor, exponent, _) in factors {
        let powered = power(factor, exponent.abs());
        if exponent > 0 {
            above = times(above, powered);
        } else {
            below = times(below, powered);
        }
    }
    let value = match (above, below) {
        (Some(above), Some(below)) => Tree::binary(Op::Div, above, &below),
        (Some(above), None) => above,
        (None, Some(below)) => Tree::unary(Op::Inverse, below),
        (None, None) => number(1.0),
    };
    if share == -1.0 { Tree::unary(Op::Neg, value) } else { value }
}
