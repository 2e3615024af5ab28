//! Folding: what constants make superfluous goes, every value stays as it was, bit for bit.
//!
//! The rules hold wherever the operands are finite: a product with 0 is 0, and what is equal to its
//! neighbor cancels. A fault that such a part had in some row goes with it.

use crate::op::Op;
use crate::tree::{Node, Tree};

/// The tree with all rules applied until none applies.
#[must_use]
pub fn fold(tree: &Tree) -> Tree {
    let mut stack: Vec<Tree> = Vec::new();
    for node in tree.nodes() {
        let made = match *node {
            Node::Const(_) | Node::Var(_) => Tree::leaf(*node),
            Node::Op(op) => {
                let last = stack.pop().expect("a tree has operands");
                if op.arity() == 1 {
                    folded1(op, last)
                } else {
                    folded2(op, stack.pop().expect("a tree has operands"), last)
                }
            }
        };
        stack.push(made);
    }
    stack.pop().expect("a tree leaves one value")
}

/// The value of a tree that is one constant.
pub fn constant(tree: &Tree) -> Option<f64> {
    match tree.nodes() {
        [Node::Const(value)] => Some(*value),
        _ => None,
    }
}

/// An operator of one over a folded operand.
pub fn folded1(op: Op, operand: Tree) -> Tree {
    if let Some(x) = constant(&operand) {
        return Tree::leaf(Node::Const(op.unary(x)));
    }
    let inner = match operand.nodes().last() {
        Some(Node::Op(inner)) => Some(*inner),
        _ => None,
    };
    let nodes = operand.nodes();
    match (op, inner) {
        (Op::Neg, Some(Op::Neg)) => {
            Tree::new(nodes[..nodes.len() - 1].to_vec()).expect("an operand is a tree")
        }
        (Op::Abs, Some(Op::Abs | Op::Square | Op::Sqrt | Op::Exp | Op::GuardedSqrt)) => operand,
        (Op::Square | Op::Abs, Some(Op::Neg | Op::Abs)) => {
            let below = Tree::new(nodes[..nodes.len() - 1].to_vec()).expect("an operand is a tree");
            Tree::unary(op, below)
        }
        _ => Tree::unary(op, operand),
    }
}

/// An operator of two over folded operands.
pub fn folded2(op: Op, left: Tree, right: Tree) -> Tree {
    let number = |value: f64| Tree::leaf(Node::Const(value));
    let (x, y) = (constant(&left), constant(&right));
    if let (Some(x), Some(y)) = (x, y) {
        return number(op.binary(x, y));
    }
    let same = left == right;
    match op {
        Op::Add if x == Some(0.0) => right,
        Op::Add | Op::Sub if y == Some(0.0) => left,
        Op::Sub if x == Some(0.0) => folded1(Op::Neg, right),
        Op::Sub if same => number(0.0),
        Op::Mul if x == Some(0.0) || y == Some(0.0) => number(0.0),
        Op::Mul if x == Some(1.0) => right,
        Op::Mul | Op::Div | Op::Pow if y == Some(1.0) => left,
        Op::Mul if x == Some(-1.0) => folded1(Op::Neg, right),
        Op::Mul | Op::Div if y == Some(-1.0) => folded1(Op::Neg, left),
        Op::Div if x == Some(0.0) => number(0.0),
        Op::Div | Op::GuardedDiv if same => number(1.0),
        Op::GuardedDiv if y.is_some_and(|y| y.abs() > crate::op::GUARD) => {
            folded2(Op::Div, left, right)
        }
        Op::GuardedDiv if y.is_some() => number(1.0),
        Op::Pow if y == Some(0.0) => number(1.0),
        Op::Pow if x == Some(1.0) => number(1.0),
        Op::Min | Op::Max if same => left,
        _ => Tree::binary(op, left, &right),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn var(column: u32) -> Tree {
        Tree::leaf(Node::Var(column))
    }

    fn number(value: f64) -> Tree {
        Tree::leaf(Node::Const(value))
    }

    #[test]
    fn what_constants_make_superfluous_goes() {
        let gone = Tree::binary(Op::Sub, var(2), &var(2));
        let product = Tree::binary(Op::Mul, var(0), &var(1));
        assert_eq!(fold(&Tree::binary(Op::Add, product.clone(), &gone)), product);
        let two = Tree::binary(Op::Add, number(1.0), &number(1.0));
        assert_eq!(
            fold(&Tree::unary(Op::Ln, Tree::binary(Op::Div, two.clone(), &two))),
            number(0.0)
        );
        assert_eq!(fold(&Tree::binary(Op::Pow, product.clone(), &gone)), number(1.0));
        let twice = Tree::unary(Op::Neg, Tree::unary(Op::Neg, product.clone()));
        assert_eq!(fold(&twice), product);
        assert_eq!(
            fold(&Tree::binary(Op::Sub, number(0.0), &var(0))),
            Tree::unary(Op::Neg, var(0))
        );
    }

    #[test]
    fn faults_of_constants_stay_faults() {
        let fault = Tree::binary(Op::Div, number(1.0), &number(0.0));
        assert_eq!(constant(&fold(&fault)), Some(f64::INFINITY));
    }
}
