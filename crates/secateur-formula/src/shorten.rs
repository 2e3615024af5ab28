//! Constants with as few digits as the error allows.

use crate::backward::Samples;
use crate::evaluate::values;
use crate::metrics::rmse;
use crate::tree::{Node, Tree};

/// Share by which the error may rise for constants that a person can read.
pub const READABLE: f64 = 1e-4;

/// Digits that tell all doubles apart.
const DIGITS_MAX: usize = 17;

/// Rounds each constant to the fewest significant digits with which the root mean square error in
/// the rows rises by at most `tolerance`, a share of it. What is written is then short, and exactly
/// what is worked out.
///
/// A formula with a fault in some row, or without an error, comes back as it is but for constants
/// that are shorter without any rise.
#[must_use]
pub fn shortened(tree: &Tree, samples: Samples, tolerance: f64) -> Tree {
    let error = |tree: &Tree| rmse(&samples.target.values, &values(tree, samples.columns));
    let before = error(tree);
    if !before.is_finite() {
        return tree.clone();
    }
    let is_constant = |place: &usize| matches!(tree.nodes()[*place], Node::Const(_));
    let places: Vec<usize> = (0..tree.size()).filter(is_constant).collect();
    // Each may take its part of the rise, so that all together stay within it; where they do not,
    // they get less.
    let mut part = tolerance / places.len().max(1) as f64;
    for _ in 0..4 {
        let mut short = tree.clone();
        for place in &places {
            let allowed = error(&short).max(before) * (1.0 + part);
            shorten(&mut short, *place, &|tree| error(tree) <= allowed);
        }
        if error(&short) <= before * (1.0 + tolerance) {
            return short;
        }
        part /= 10.0;
    }
    tree.clone()
}

/// Rounds one constant as far as is allowed.
fn shorten(tree: &mut Tree, place: usize, is_allowed: &dyn Fn(&Tree) -> bool) {
    let Node::Const(value) = tree.nodes()[place] else { return };
    for digits in 1..DIGITS_MAX {
        let rounded = rounded(value, digits);
        if rounded == value {
            return;
        }
        let mut nodes = tree.nodes().to_vec();
        nodes[place] = Node::Const(rounded);
        let candidate = Tree::new(nodes).expect("only a constant differs");
        if is_allowed(&candidate) {
            *tree = candidate;
            return;
        }
    }
}

/// A number rounded to significant digits.
fn rounded(value: f64, digits: usize) -> f64 {
    format!("{value:.*e}", digits - 1).parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::Columns;
    use crate::op::Op;
    use crate::scale::Target;

    #[test]
    fn constants_get_the_digits_that_the_error_needs() {
        let columns = vec![(1..=50).map(f64::from).collect::<Vec<f64>>()];
        let goal = columns[0].iter().enumerate();
        let goal = goal.map(|(row, x)| 2.5 * x.ln() + 0.3 * f64::from(row as u32 % 2)).collect();
        let target = Target::new(goal);
        let samples = Samples { columns: Columns::new(&columns), target: &target };
        let number = |value: f64| Tree::leaf(Node::Const(value));
        let ln = Tree::unary(Op::Ln, Tree::leaf(Node::Var(0)));
        let product = Tree::binary(Op::Mul, number(2.503_456_789_012_345), &ln);
        let tree = Tree::binary(Op::Add, product, &number(0.123_456_789_012_345_6));
        let of = |tolerance| {
            let short = shortened(&tree, samples, tolerance);
            let error = |tree: &Tree| rmse(&target.values, &values(tree, samples.columns));
            assert!(error(&short) <= error(&tree) * (1.0 + tolerance));
            let digits = |node: &Node| match node {
                Node::Const(value) => Some(value.to_string().len()),
                _ => None,
            };
            short.nodes().iter().filter_map(digits).sum::<usize>()
        };
        let lengths = [of(1e-1), of(1e-4), of(1e-12)];
        assert!(lengths[0] < lengths[1] && lengths[1] <= lengths[2], "{lengths:?}");
        assert!(lengths[0] <= 6, "{lengths:?}");
    }

    #[test]
    fn what_is_round_already_stays_and_faults_are_left_alone() {
        let columns = vec![vec![1.0, 0.0, 2.0]];
        let target = Target::new(vec![1.0, 2.0, 3.0]);
        let samples = Samples { columns: Columns::new(&columns), target: &target };
        let number = |value: f64| Tree::leaf(Node::Const(value));
        let x = || Tree::leaf(Node::Var(0));
        let fault = Tree::binary(Op::Div, number(1.234_567), &x());
        assert_eq!(shortened(&fault, samples, 0.1), fault);
        let round = Tree::binary(Op::Add, number(0.5), &x());
        assert_eq!(shortened(&round, samples, 1e-9), round);
    }
}
