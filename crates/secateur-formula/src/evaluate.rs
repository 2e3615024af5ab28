//! Values of a tree over all rows: column by column in blocks that stay in the cache.

use pulp::{Arch, NullaryFnOnce};

use crate::math;
use crate::op::Op;
use crate::tree::{Node, Tree};

/// Rows of a block. A stack of eight blocks fits the first cache.
pub const BLOCK: usize = 512;

/// Columns of numbers, all of the same length.
#[derive(Clone, Copy, Debug)]
pub struct Columns<'a> {
    /// Rows of each column.
    pub rows: usize,
    /// The columns.
    pub columns: &'a [Vec<f64>],
    /// Further columns, numbered after these: values of subtrees that are kept.
    kept: &'a [Vec<f64>],
}

impl<'a> Columns<'a> {
    /// Columns over vectors.
    ///
    /// # Panics
    /// When the lengths differ.
    pub fn new(columns: &'a [Vec<f64>]) -> Self {
        Self::of(columns.first().map_or(0, Vec::len), columns)
    }

    /// Columns of `rows` rows; there may be none.
    ///
    /// # Panics
    /// When the length of a column is another.
    pub fn of(rows: usize, columns: &'a [Vec<f64>]) -> Self {
        assert!(columns.iter().all(|column| column.len() == rows), "columns are of one length");
        Self { rows, columns, kept: &[] }
    }

    /// A column, of shape `[rows]`.
    ///
    /// # Panics
    /// When it is not there.
    pub fn column(&self, index: usize) -> &'a [f64] {
        &self.columns[index]
    }

    /// The same with further columns.
    pub(crate) fn with<'b>(self, kept: &'b [Vec<f64>]) -> Columns<'b>
    where
        'a: 'b,
    {
        Columns { kept, ..self }
    }

    /// Rows `from..from + rows` of the column of this number.
    #[inline(always)]
    pub(crate) fn block(&self, index: u32, from: usize, rows: usize) -> &'a [f64] {
        let index = index as usize;
        let column = match index.checked_sub(self.columns.len()) {
            None => &self.columns[index],
            Some(further) => &self.kept[further],
        };
        &column[from..from + rows]
    }
}

/// What an operator reads.
#[derive(Clone, Copy)]
enum Operand {
    Const(f64),
    Column(u32),
    /// The block at this operand's own place in the stack.
    Block,
}

/// Memory of an evaluation, to be used again.
#[derive(Clone, Debug, Default)]
pub struct Scratch {
    blocks: Vec<f64>,
}

/// Left operand of a loop.
#[derive(Clone, Copy)]
enum Left<'a> {
    /// What the output holds.
    Same,
    Slice(&'a [f64]),
    Const(f64),
}

/// Right operand of a loop.
#[derive(Clone, Copy)]
enum Right<'a> {
    Slice(&'a [f64]),
    Const(f64),
}

/// The operator of a number: a constant where the loop is made, so that no choice is left in it.
const fn known(number: usize) -> Op {
    Op::ALL[number]
}

#[inline(always)]
fn each2<const OP: usize>(out: &mut [f64], left: Left, right: Right) {
    let op = const { known(OP) };
    match (left, right) {
        (Left::Same, Right::Slice(b)) => {
            for (out, b) in out.iter_mut().zip(b) {
                *out = op.binary(*out, *b);
            }
        }
        (Left::Same, Right::Const(b)) => {
            for out in out {
                *out = op.binary(*out, b);
            }
        }
        (Left::Slice(a), Right::Slice(b)) => {
            for ((out, a), b) in out.iter_mut().zip(a).zip(b) {
                *out = op.binary(*a, *b);
            }
        }
        (Left::Slice(a), Right::Const(b)) => {
            for (out, a) in out.iter_mut().zip(a) {
                *out = op.binary(*a, b);
            }
        }
        (Left::Const(a), Right::Slice(b)) => {
            for (out, b) in out.iter_mut().zip(b) {
                *out = op.binary(a, *b);
            }
        }
        (Left::Const(a), Right::Const(b)) => out.fill(op.binary(a, b)),
    }
}

#[inline(always)]
fn each1<const OP: usize>(out: &mut [f64], operand: Left) {
    let op = const { known(OP) };
    match operand {
        Left::Same => {
            for out in out {
                *out = op.unary(*out);
            }
        }
        Left::Slice(a) => {
            for (out, a) in out.iter_mut().zip(a) {
                *out = op.unary(*a);
            }
        }
        Left::Const(a) => out.fill(op.unary(a)),
    }
}

/// Powers to a constant: the way to the value depends on the exponent alone.
#[inline(always)]
fn powers(out: &mut [f64], left: Left, y: f64) {
    match left {
        Left::Same => {}
        Left::Slice(a) => out.copy_from_slice(a),
        Left::Const(a) => return out.fill(math::pow(a, y)),
    }
    if math::is_product(y) {
        for out in out {
            *out = math::power_by_products(*out, y);
        }
    } else {
        for out in out {
            *out = math::power_by_logarithm(*out, y);
        }
    }
}

/// Powers row by row: by logarithms everywhere, then by products where the exponent asks for it.
#[inline(always)]
fn powers_by_row(out: &mut [f64], left: Left, y: &[f64]) {
    // What the base was is gone where the loop has written.
    let mut products = [0.0; BLOCK];
    let rows = out.len();
    let products = &mut products[..rows];
    match left {
        Left::Same => {}
        Left::Slice(a) => out.copy_from_slice(a),
        Left::Const(a) => out.fill(a),
    }
    let mut any = false;
    for ((product, x), y) in products.iter_mut().zip(&*out).zip(y) {
        if math::is_product(*y) {
            *product = math::power_by_products(*x, *y);
            any = true;
        }
    }
    for (out, y) in out.iter_mut().zip(y) {
        *out = math::power_by_logarithm(*out, *y);
    }
    if any {
        for ((out, product), y) in out.iter_mut().zip(products).zip(y) {
            if math::is_product(*y) {
                *out = *product;
            }
        }
    }
}

/// Sines and cosines: angles that are too large for vectors are looked for once.
#[inline(always)]
fn turns<const OP: usize>(out: &mut [f64], left: Left) {
    let op = const { known(OP) };
    match left {
        Left::Same => {}
        Left::Slice(a) => out.copy_from_slice(a),
        Left::Const(a) => return out.fill(op.unary(a)),
    }
    let mut large = false;
    for x in &*out {
        large |= x.abs() > math::TURNS_MAX;
    }
    if large {
        for out in out {
            *out = op.unary(*out);
        }
        return;
    }
    for out in out {
        *out = match op {
            Op::Sin => math::turned(*out, 0),
            Op::Cos => math::turned(*out, 1),
            _ => math::turned(*out, 0) / math::turned(*out, 1),
        };
    }
}

/// One loop per operator, so that the choice is outside of it.
macro_rules! per_operator {
    ($op:expr, $loop:ident $arguments:tt; $($name:ident)*) => {
        match $op {
            $(Op::$name => $loop::<{ Op::$name as usize }> $arguments,)*
            _ => unreachable!("the arity was asked before"),
        }
    };
}

#[inline(always)]
fn apply2(op: Op, out: &mut [f64], left: Left, right: Right) {
    if let (Op::Pow, Right::Const(y)) = (op, right) {
        return powers(out, left, y);
    }
    if let (Op::Pow, Right::Slice(y)) = (op, right) {
        return powers_by_row(out, left, y);
    }
    per_operator!(op, each2(out, left, right);
        Add Sub Mul Div Pow Min Max GuardedDiv GuardedPow);
}

#[inline(always)]
fn apply1(op: Op, out: &mut [f64], operand: Left) {
    if matches!(op, Op::Sin | Op::Cos | Op::Tan) {
        return per_operator!(op, turns(out, operand); Sin Cos Tan);
    }
    per_operator!(op, each1(out, operand);
        Neg Abs Inverse Square Cube Sqrt Exp Ln Log2 Log10 Tanh Sigmoid
        GuardedInverse GuardedSqrt GuardedLn);
}

struct Run<'a, 'b> {
    nodes: &'a [Node],
    columns: Columns<'a>,
    stack: &'b mut Vec<Operand>,
    blocks: &'b mut [f64],
    out: &'b mut [f64],
}

impl NullaryFnOnce for Run<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { nodes, columns, stack, blocks, out } = self;
        for (number, out) in out.chunks_mut(BLOCK).enumerate() {
            let from = number * BLOCK;
            let rows = out.len();
            let column = |index: u32| columns.block(index, from, rows);
            stack.clear();
            for node in nodes {
                let op = match *node {
                    Node::Const(value) => {
                        stack.push(Operand::Const(value));
                        continue;
                    }
                    Node::Var(index) => {
                        stack.push(Operand::Column(index));
                        continue;
                    }
                    Node::Op(op) => op,
                };
                let place = stack.len() - op.arity();
                let (mine, above) = blocks[place * BLOCK..].split_at_mut(BLOCK);
                let mine = &mut mine[..rows];
                let left = match stack[place] {
                    Operand::Const(value) => Left::Const(value),
                    Operand::Column(index) => Left::Slice(column(index)),
                    Operand::Block => Left::Same,
                };
                if op.arity() == 1 {
                    apply1(op, mine, left);
                } else {
                    let right = match stack[place + 1] {
                        Operand::Const(value) => Right::Const(value),
                        Operand::Column(index) => Right::Slice(column(index)),
                        Operand::Block => Right::Slice(&above[..rows]),
                    };
                    apply2(op, mine, left, right);
                }
                stack.truncate(place);
                stack.push(Operand::Block);
            }
            match stack[0] {
                Operand::Const(value) => out.fill(value),
                Operand::Column(index) => out.copy_from_slice(column(index)),
                Operand::Block => out.copy_from_slice(&blocks[..rows]),
            }
        }
    }
}

/// The value of a tree in every row, into `out`, of shape `[rows]`.
///
/// Faults are infinities and NaN in the rows where they happen.
///
/// # Panics
/// When `out` has another length, or the tree uses a column that is not there.
pub fn evaluate(tree: &Tree, columns: Columns, out: &mut [f64], scratch: &mut Scratch) {
    assert_eq!(out.len(), columns.rows, "one value per row");
    let mut stack = Vec::with_capacity(tree.size());
    // One block per operand that waits, and one above the last.
    let blocks = waiting_max(tree) + 1;
    if scratch.blocks.len() < blocks * BLOCK {
        scratch.blocks.resize(blocks * BLOCK, 0.0);
    }
    let blocks = &mut scratch.blocks[..];
    Arch::new().dispatch(Run { nodes: tree.nodes(), columns, stack: &mut stack, blocks, out });
}

/// The value of a tree in every row.
///
/// # Panics
/// When the tree uses a column that is not there.
pub fn values(tree: &Tree, columns: Columns) -> Vec<f64> {
    let mut out = vec![0.0; columns.rows];
    evaluate(tree, columns, &mut out, &mut Scratch::default());
    out
}

/// The value of a tree in one row: the plain twin of [`evaluate`].
///
/// # Panics
/// When the tree uses a column that is not there.
pub fn value_at(tree: &Tree, row: &[f64]) -> f64 {
    let mut stack: Vec<f64> = Vec::new();
    for node in tree.nodes() {
        let value = match *node {
            Node::Const(value) => value,
            Node::Var(index) => row[index as usize],
            Node::Op(op) => {
                let last = stack.pop().expect("a tree has operands");
                if op.arity() == 1 {
                    op.unary(last)
                } else {
                    op.binary(stack.pop().expect("a tree has operands"), last)
                }
            }
        };
        stack.push(value);
    }
    stack[0]
}

/// Most operands that wait at once.
fn waiting_max(tree: &Tree) -> usize {
    let mut waiting = 0;
    let mut most = 0;
    for node in tree.nodes() {
        waiting = waiting + 1 - node.arity();
        most = most.max(waiting);
    }
    most
}

#[cfg(test)]
mod tests {
    use secateur_core::Random;

    use super::*;

    /// A random tree of at most `depth` levels over two columns.
    fn random_tree(random: &mut Random, depth: usize) -> Tree {
        if depth == 1 || random.below(5) == 0 {
            let leaf = [Node::Var(0), Node::Var(1), Node::Const(random.normal())][random.below(3)];
            return Tree::leaf(leaf);
        }
        let op = Op::ALL[random.below(Op::ALL.len())];
        let left = random_tree(random, depth - 1);
        if op.arity() == 1 {
            return Tree::unary(op, left);
        }
        Tree::binary(op, left, &random_tree(random, depth - 1))
    }

    #[test]
    fn blocks_give_what_the_plain_twin_gives() {
        let mut random = Random::new(11);
        for rows in [1, 7, BLOCK, BLOCK + 1, 3 * BLOCK + 5] {
            let columns: Vec<Vec<f64>> =
                (0..2).map(|_| (0..rows).map(|_| 3.0 * random.normal()).collect()).collect();
            for _ in 0..200 {
                let tree = random_tree(&mut random, 6);
                let found = values(&tree, Columns::new(&columns));
                for row in [0, rows / 2, rows - 1] {
                    let expect = value_at(&tree, &[columns[0][row], columns[1][row]]);
                    let same = found[row].to_bits() == expect.to_bits()
                        || found[row].is_nan() && expect.is_nan();
                    assert!(same, "{tree:?} in row {row}: {} {expect}", found[row]);
                }
            }
        }
    }
}
