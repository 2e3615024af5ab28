//! Random trees and rows.

use secateur_core::Random;
use secateur_formula::op::Op;
use secateur_formula::tree::{Node, Tree};

/// A random tree of at most `depth` levels over `columns` columns.
pub(crate) fn random_tree(random: &mut Random, depth: usize, columns: usize) -> Tree {
    if depth == 1 || random.below(6) == 0 {
        if random.below(3) > 0 {
            return Tree::leaf(Node::Var(random.below(columns) as u32));
        }
        let whole = random.below(7) as f64 - 3.0;
        let choices =
            [whole, random.normal(), -random.uniform(), 1e-7 * random.normal(), -0.0, 3e20, 1e5];
        return Tree::leaf(Node::Const(choices[[0, 1, 1, 0, 2, 3, 4, 5, 6][random.below(9)]]));
    }
    let op = Op::ALL[random.below(Op::ALL.len())];
    let left = random_tree(random, depth - 1, columns);
    if op.arity() == 1 {
        return Tree::unary(op, left);
    }
    Tree::binary(op, left, &random_tree(random, depth - 1, columns))
}

pub(crate) fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// The value in a row, and how far rounding may have moved it: each operator adds an error of a
/// few units in the last place, and passes on those of its operands times its slopes. None where
/// a value on the way is not finite or close to what doubles can hold.
pub(crate) fn value_and_error(tree: &Tree, row: &[f64]) -> Option<(f64, f64)> {
    /// Error of one operator; functions of libraries differ by this much.
    const UNIT: f64 = 4.0 * f64::EPSILON;
    let mut stack: Vec<(f64, f64)> = Vec::new();
    for node in tree.nodes() {
        let made = match *node {
            Node::Const(value) => (value, 0.0),
            Node::Var(number) => (row[number as usize], 0.0),
            Node::Op(op) => {
                let (y, y_error) = stack.pop().expect("a tree has operands");
                if op.arity() == 1 {
                    let value = op.unary(y);
                    let passed =
                        if y_error == 0.0 { 0.0 } else { op.slope(y, value).abs() * y_error };
                    (value, passed + UNIT * value.abs() + extra(op, y))
                } else {
                    let (x, x_error) = stack.pop().expect("a tree has operands");
                    let value = op.binary(x, y);
                    let (by_x, by_y) = op.slopes(x, y, value);
                    let share = |slope: f64, error: f64| {
                        if error == 0.0 { 0.0 } else { slope.abs() * error }
                    };
                    let power = if matches!(op, Op::Pow | Op::GuardedPow) {
                        1.0 + (y * x.abs().ln()).abs() + y.abs()
                    } else {
                        1.0
                    };
                    let power = if power.is_finite() { power } else { 1.0 };
                    let passed = share(by_x, x_error) + share(by_y, y_error);
                    (value, passed + UNIT * power * value.abs())
                }
            }
        };
        let size = made.0.abs();
        if !made.1.is_finite() || !(size == 0.0 || (1e-100..1e100).contains(&size)) {
            return None;
        }
        stack.push(made);
    }
    Some(stack[0])
}

/// Error of functions of angles, which are absolute where the value is small.
fn extra(op: Op, x: f64) -> f64 {
    match op {
        Op::Sin | Op::Cos => 1e-15,
        Op::Tan => 1e-15 * (1.0 + x.tan().powi(2)),
        Op::Tanh => 1e-14 * x.tanh().abs(),
        _ => 0.0,
    }
}
