//! Values of all nodes of a tree, block by block of rows: what derivatives and substitutions need.

use crate::evaluate::Columns;
use crate::op::Op;
use crate::tree::{Node, Tree};

/// Rows of a block: values and derivatives of a tree of 63 nodes stay in the second cache.
pub(crate) const BLOCK: usize = 128;

/// Values of all nodes in `rows` rows from `from` on; node `i` at `i * BLOCK`. Constants are in
/// their places already, see [`constants`].
#[inline(always)]
pub(crate) fn forward(
    tree: &Tree,
    starts: &[usize],
    columns: Columns,
    from: usize,
    rows: usize,
    values: &mut [f64],
) {
    for (index, node) in tree.nodes().iter().enumerate() {
        let (below, mine) = values.split_at_mut(index * BLOCK);
        let mine = &mut mine[..rows];
        match *node {
            Node::Const(_) => {}
            Node::Var(column) => {
                mine.copy_from_slice(columns.block(column, from, rows));
            }
            Node::Op(op) => {
                let [left, right] = tree.operands(index, starts);
                let x = &below[left.unwrap_or(0) * BLOCK..][..rows];
                let y = &below[right.unwrap_or(0) * BLOCK..][..rows];
                values_of(op, x, y, mine);
            }
        }
    }
}

/// One arm per operator, with the operator as a name that is known in the arm.
macro_rules! per_operator {
    ($op:expr, $known:ident, one $one:expr, two $two:expr) => {
        per_operator!(@arms $op, $known,
            [Neg Abs Inverse Square Cube Sqrt Exp Ln Log2 Log10 Sin Cos Tan Tanh Sigmoid
             GuardedInverse GuardedSqrt GuardedLn] $one,
            [Add Sub Mul Div Pow Min Max GuardedDiv GuardedPow] $two)
    };
    (@arms $op:expr, $known:ident, [$($a:ident)*] $one:expr, [$($b:ident)*] $two:expr) => {
        match $op {
            $(Op::$a => {
                let $known = Op::$a;
                $one
            })*
            $(Op::$b => {
                let $known = Op::$b;
                $two
            })*
        }
    };
}
pub(crate) use per_operator;

/// An operator over blocks; `y` is not read by operators of one operand.
#[inline(always)]
pub(crate) fn values_of(op: Op, x: &[f64], y: &[f64], out: &mut [f64]) {
    per_operator!(op, known,
        one for (out, x) in out.iter_mut().zip(x) {
            *out = known.unary(*x);
        },
        two for ((out, x), y) in out.iter_mut().zip(x).zip(y) {
            *out = known.binary(*x, *y);
        }
    );
}

/// Fills the places of constants, once for all blocks.
pub(crate) fn constants(tree: &Tree, values: &mut Vec<f64>) {
    values.resize(tree.size() * BLOCK, 0.0);
    for (node, block) in tree.nodes().iter().zip(values.chunks_exact_mut(BLOCK)) {
        if let Node::Const(value) = node {
            block.fill(*value);
        }
    }
}
