//! Operation trees.

use crate::op::Op;

/// A node of an operation tree.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Node {
    /// A constant.
    Const(f64),
    /// The column of this number.
    Var(u32),
    /// An operator over the subtrees before it.
    Op(Op),
}

impl Node {
    /// Number of operands: 0 for leaves.
    pub fn arity(self) -> usize {
        match self {
            Self::Const(_) | Self::Var(_) => 0,
            Self::Op(op) => op.arity(),
        }
    }
}

/// An operation tree: its nodes in one vector, operands before their operator (postfix order), so
/// that a subtree is a contiguous range that ends in its root.
#[derive(Clone, Debug, PartialEq)]
pub struct Tree {
    nodes: Vec<Node>,
}

/// Nodes that are no tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{nodes} nodes leave {left} values, where a tree leaves one")]
pub struct NotATree {
    nodes: usize,
    left: usize,
}

impl Tree {
    /// A tree of nodes in postfix order.
    ///
    /// # Errors
    /// [`NotATree`] when an operator lacks operands or more than one value is left.
    pub fn new(nodes: Vec<Node>) -> Result<Self, NotATree> {
        let mut left = 0_usize;
        for node in &nodes {
            if left < node.arity() {
                return Err(NotATree { nodes: nodes.len(), left: 0 });
            }
            left = left + 1 - node.arity();
        }
        if left == 1 { Ok(Self { nodes }) } else { Err(NotATree { nodes: nodes.len(), left }) }
    }

    /// The tree of one leaf.
    ///
    /// # Panics
    /// When `node` is an operator.
    pub fn leaf(node: Node) -> Self {
        assert_eq!(node.arity(), 0, "an operator is no leaf");
        Self { nodes: vec![node] }
    }

    /// An operator of one over a tree.
    ///
    /// # Panics
    /// When the operator takes two operands.
    #[must_use]
    pub fn unary(op: Op, mut operand: Self) -> Self {
        assert_eq!(op.arity(), 1, "the operator takes two operands");
        operand.nodes.push(Node::Op(op));
        operand
    }

    /// An operator of two over trees.
    ///
    /// # Panics
    /// When the operator takes one operand.
    #[must_use]
    pub fn binary(op: Op, mut left: Self, right: &Self) -> Self {
        assert_eq!(op.arity(), 2, "the operator takes one operand");
        left.nodes.extend_from_slice(&right.nodes);
        left.nodes.push(Node::Op(op));
        left
    }

    /// The nodes, operands before operators.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Number of nodes: operators, variables and constants.
    pub fn size(&self) -> usize {
        self.nodes.len()
    }

    /// Levels from the root to the deepest leaf; 1 for a leaf.
    pub fn depth(&self) -> usize {
        let mut depths: Vec<usize> = Vec::new();
        for node in &self.nodes {
            let below = depths.split_off(depths.len() - node.arity());
            depths.push(1 + below.into_iter().max().unwrap_or(0));
        }
        depths[0]
    }

    /// Numbers of the columns that are used, ascending.
    pub fn variables(&self) -> Vec<u32> {
        let of = |node: &Node| if let Node::Var(column) = node { Some(*column) } else { None };
        let mut found: Vec<u32> = self.nodes.iter().filter_map(of).collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The constants, in the order of the nodes.
    pub fn constants(&self) -> Vec<f64> {
        let of = |node: &Node| if let Node::Const(value) = node { Some(*value) } else { None };
        self.nodes.iter().filter_map(of).collect()
    }

    /// Puts constants in, in the order of [`Tree::constants`].
    ///
    /// # Panics
    /// When their number differs.
    pub fn put_constants(&mut self, values: &[f64]) {
        let mut rest = values.iter();
        for node in &mut self.nodes {
            if let Node::Const(value) = node {
                *value = *rest.next().expect("one value for every constant");
            }
        }
        assert!(rest.next().is_none(), "one constant for every value");
    }

    /// Index of the first node of each node's subtree.
    pub fn starts(&self) -> Vec<usize> {
        let mut starts = Vec::with_capacity(self.nodes.len());
        let mut stack: Vec<usize> = Vec::new();
        for (index, node) in self.nodes.iter().enumerate() {
            let arity = node.arity();
            let start = if arity == 0 { index } else { stack[stack.len() - arity] };
            stack.truncate(stack.len() - arity);
            stack.push(start);
            starts.push(start);
        }
        starts
    }

    /// Roots of the operands of the node at `index`: none, one, or left and right.
    pub fn operands(&self, index: usize, starts: &[usize]) -> [Option<usize>; 2] {
        match self.nodes[index].arity() {
            0 => [None, None],
            1 => [Some(index - 1), None],
            _ => {
                let right = index - 1;
                [Some(starts[right] - 1), Some(right)]
            }
        }
    }

    /// The tree whose root is the node at `index`.
    #[must_use]
    pub fn subtree(&self, index: usize, starts: &[usize]) -> Self {
        Self { nodes: self.nodes[starts[index]..=index].to_vec() }
    }

    /// The tree with the subtree at `index` replaced.
    #[must_use]
    pub fn replaced(&self, index: usize, starts: &[usize], by: &Self) -> Self {
        let mut nodes = Vec::with_capacity(self.nodes.len() + by.nodes.len());
        nodes.extend_from_slice(&self.nodes[..starts[index]]);
        nodes.extend_from_slice(&by.nodes);
        nodes.extend_from_slice(&self.nodes[index + 1..]);
        Self { nodes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// (x0 + 2) * ln(x1)
    fn sample() -> Tree {
        let sum = Tree::binary(Op::Add, Tree::leaf(Node::Var(0)), &Tree::leaf(Node::Const(2.0)));
        Tree::binary(Op::Mul, sum, &Tree::unary(Op::Ln, Tree::leaf(Node::Var(1))))
    }

    #[test]
    fn subtrees_are_ranges() {
        let tree = sample();
        let starts = tree.starts();
        assert_eq!(starts, [0, 1, 0, 3, 3, 0]);
        assert_eq!(tree.operands(5, &starts), [Some(2), Some(4)]);
        assert_eq!(tree.operands(4, &starts), [Some(3), None]);
        assert_eq!(tree.operands(2, &starts), [Some(0), Some(1)]);
        assert_eq!((tree.size(), tree.depth()), (6, 3));
        assert_eq!(tree.variables(), [0, 1]);
        let cut = tree.replaced(2, &starts, &Tree::leaf(Node::Const(3.0)));
        assert_eq!(cut.size(), 4);
        assert_eq!(cut.subtree(2, &cut.starts()).nodes(), &tree.nodes()[3..5]);
    }

    #[test]
    fn nodes_that_are_no_tree_are_refused() {
        assert!(Tree::new(vec![Node::Op(Op::Add)]).is_err());
        assert!(Tree::new(vec![Node::Var(0), Node::Var(1)]).is_err());
        assert!(Tree::new(Vec::new()).is_err());
        assert!(Tree::new(sample().nodes().to_vec()).is_ok());
    }
}
