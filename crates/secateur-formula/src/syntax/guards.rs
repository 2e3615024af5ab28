//! Conditions that write a guarded operator out: `IF(ABS(y)>0.001,x/y,1)`.

use crate::op::Op;
use crate::tree::Node;

/// Whether nodes are the same, constants bit for bit.
fn same(a: &[Node], b: &[Node]) -> bool {
    let one = |a: &Node, b: &Node| match (a, b) {
        (Node::Const(a), Node::Const(b)) => a.to_bits() == b.to_bits(),
        (a, b) => a == b,
    };
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| one(a, b))
}

/// The guarded operator that is `then` where the size of `guarded` is above the guard, and
/// `otherwise` elsewhere.
pub(super) fn guarded(guarded: &[Node], then: &[Node], otherwise: &[Node]) -> Option<Op> {
    let [Node::Const(otherwise)] = otherwise else { return None };
    let (last, before) = then.split_last()?;
    if *last == Node::Op(Op::Ln) && *otherwise == 0.0 {
        let (inner, operand) = before.split_last()?;
        let fits = *inner == Node::Op(Op::Abs) && same(operand, guarded);
        return fits.then_some(Op::GuardedLn);
    }
    let (left, right) = before.split_at(before.len().checked_sub(guarded.len())?);
    if *last != Node::Op(Op::Div) || !same(right, guarded) {
        return None;
    }
    if *otherwise == 1.0 {
        return Some(Op::GuardedDiv);
    }
    let one = matches!(left, [Node::Const(one)] if *one == 1.0);
    (one && *otherwise == 0.0).then_some(Op::GuardedInverse)
}
