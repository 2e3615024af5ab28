//! Constant factors out of products and sums, as far out as they go.
//!
//! `2 x + 6 y` says the same as `2 (x + 3 y)`, with one constant that can be told from its
//! surroundings instead of two that can grow together without end. Values are kept up to rounding.

use crate::backward::Scaled;
use crate::fold::{constant, folded1, folded2};
use crate::op::Op;
use crate::tree::{Node, Tree};

/// The tree with its constant factors as far out as they go; as it was where that is not smaller
/// or as small.
#[must_use]
pub fn factored(tree: &Tree) -> Tree {
    let (factor, rest) = pull(tree);
    let made = Scaled::peel(&with_factor(factor, rest)).whole();
    let finite = made.constants().iter().all(|value| value.is_finite());
    if finite && made.size() <= tree.size() { made } else { tree.clone() }
}

/// A tree as a factor and what is left.
fn pull(tree: &Tree) -> (f64, Tree) {
    let mut stack: Vec<(f64, Tree)> = Vec::new();
    for node in tree.nodes() {
        let made = match *node {
            Node::Const(value) if value != 0.0 && value.is_finite() => (value, number(1.0)),
            Node::Const(_) | Node::Var(_) => (1.0, Tree::leaf(*node)),
            Node::Op(op) => {
                let last = stack.pop().expect("a tree has operands");
                if op.arity() == 1 {
                    pull1(op, last)
                } else {
                    pull2(op, stack.pop().expect("a tree has operands"), last)
                }
            }
        };
        stack.push(made);
    }
    stack.pop().expect("a tree leaves one value")
}

fn number(value: f64) -> Tree {
    Tree::leaf(Node::Const(value))
}

/// A factor that can be divided by.
fn is_sound(factor: f64) -> bool {
    factor.is_normal()
}

fn with_factor(factor: f64, rest: Tree) -> Tree {
    folded2(Op::Mul, number(factor), rest)
}

fn pull1(op: Op, (factor, rest): (f64, Tree)) -> (f64, Tree) {
    let outer = match op {
        Op::Neg => return (-factor, rest),
        Op::Abs => factor.abs(),
        Op::Square => factor * factor,
        Op::Cube => factor * factor * factor,
        Op::Inverse => 1.0 / factor,
        Op::Sqrt if factor > 0.0 => factor.sqrt(),
        _ => return (1.0, folded1(op, with_factor(factor, rest))),
    };
    if is_sound(outer) {
        (outer, folded1(op, rest))
    } else {
        (1.0, folded1(op, with_factor(factor, rest)))
    }
}

fn pull2(op: Op, left: (f64, Tree), right: (f64, Tree)) -> (f64, Tree) {
    let outer = match op {
        Op::Mul => left.0 * right.0,
        Op::Div => left.0 / right.0,
        Op::Add | Op::Sub => return pull_sum(op, left, right),
        _ => f64::NAN,
    };
    if is_sound(outer) {
        (outer, folded2(op, left.1, right.1))
    } else {
        (1.0, folded2(op, with_factor(left.0, left.1), with_factor(right.0, right.1)))
    }
}

/// The factor of the side that is no constant goes out; of two such sides that of the left.
fn pull_sum(op: Op, left: (f64, Tree), right: (f64, Tree)) -> (f64, Tree) {
    let sign = if op == Op::Sub { -1.0 } else { 1.0 };
    let left_is_number = constant(&left.1).is_some();
    let (outer, ratio) = if left_is_number {
        (sign * right.0, sign * left.0 / right.0)
    } else {
        (left.0, sign * right.0 / left.0)
    };
    if !is_sound(outer) || !is_sound(ratio) {
        return (1.0, folded2(op, with_factor(left.0, left.1), with_factor(right.0, right.1)));
    }
    let (first, second) = if left_is_number { (right.1, left.1) } else { (left.1, right.1) };
    if ratio < 0.0 {
        (outer, folded2(Op::Sub, first, with_factor(-ratio, second)))
    } else {
        (outer, folded2(Op::Add, first, with_factor(ratio, second)))
    }
}

#[cfg(test)]
mod tests {
    use secateur_core::Random;

    use super::*;
    use crate::evaluate::{Columns, values};
    use crate::genes::{Alphabet, Genes};

    fn var(column: u32) -> Tree {
        Tree::leaf(Node::Var(column))
    }

    #[test]
    fn factors_meet_at_the_root() {
        // (2e100 x + 6e100) * 1e-100 - 1
        let sum = folded2(Op::Add, with_factor(2e100, var(0)), number(6e100));
        let tree = folded2(Op::Sub, folded2(Op::Mul, sum, number(1e-100)), number(1.0));
        let made = factored(&tree);
        let expect = folded2(Op::Add, number(5.0), with_factor(2.0, var(0)));
        assert_eq!(made.size(), expect.size());
        for (found, expect) in made.constants().iter().zip([5.0, 2.0]) {
            assert!((found - expect).abs() < 1e-12, "{made:?}");
        }
    }

    #[test]
    fn values_stay_and_nothing_grows() {
        let mut random = Random::new(8);
        let columns: Vec<Vec<f64>> =
            (0..3).map(|_| (0..40).map(|_| 0.5 + random.uniform()).collect()).collect();
        let columns = Columns::new(&columns);
        let alphabet = Alphabet { operators: Op::ALL.to_vec(), variables: 3, constants: 0.5 };
        let spans = Genes::spans(6);
        let mut smaller = 0;
        for _ in 0..2000 {
            let tree = alphabet.genes(6, 0.2, &spans, &mut random).tree(0, &spans);
            let made = factored(&tree);
            assert!(made.size() <= tree.size());
            smaller += usize::from(made.size() < tree.size());
            let (before, after) = (values(&tree, columns), values(&made, columns));
            let finite = before.iter().chain(&after).all(|value| value.abs() < 1e6);
            if !finite {
                continue;
            }
            // Differences of nearly equal parts lose digits: most rows must agree, not all.
            let near = |(b, a): (&f64, &f64)| (b - a).abs() <= 1e-6 * b.abs().max(1e-3);
            let agree = before.iter().zip(&after).filter(|pair| near(*pair)).count();
            assert!(agree * 10 >= before.len() * 9, "{tree:?} {made:?}");
        }
        assert!(smaller > 500, "{smaller}");
    }
}
