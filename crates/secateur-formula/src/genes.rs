//! Operation trees as vectors of genes.
//!
//! A complete binary tree of `levels` levels holds one gene per place, in prefix order: an operator
//! (not on the last level), a variable or a constant. What lies below a leaf, or below the second
//! place of an operator of one operand, is asleep. In prefix order a subtree is a run of genes, so
//! that exchanging a run between two vectors exchanges subtrees.

use secateur_core::Random;

use crate::op::Op;
use crate::tree::{Node, Tree};

/// An operation tree as a vector of genes.
#[derive(Clone, Debug, PartialEq)]
pub struct Genes {
    /// Levels of the tree.
    pub levels: u32,
    /// `2^levels - 1` genes in prefix order.
    pub genes: Vec<Node>,
}

impl Genes {
    /// Places of a tree of so many levels.
    pub fn places(levels: u32) -> usize {
        (1 << levels) - 1
    }

    /// Size of the subtree at each place: a place of the last level has 1.
    pub fn spans(levels: u32) -> Vec<usize> {
        fn write(levels: u32, spans: &mut Vec<usize>) {
            spans.push(Genes::places(levels));
            if levels > 1 {
                write(levels - 1, spans);
                write(levels - 1, spans);
            }
        }
        let mut spans = Vec::with_capacity(Self::places(levels));
        write(levels, &mut spans);
        spans
    }

    /// The places that are awake, in postfix order, as the nodes of [`Genes::tree`] are.
    pub fn awake(&self, spans: &[usize]) -> Vec<usize> {
        let mut order = Vec::new();
        self.visit(0, spans, &mut order);
        order
    }

    fn visit(&self, place: usize, spans: &[usize], order: &mut Vec<usize>) {
        let arity = self.genes[place].arity();
        if arity > 0 {
            self.visit(place + 1, spans, order);
        }
        if arity > 1 {
            self.visit(place + 1 + spans[place + 1], spans, order);
        }
        order.push(place);
    }

    /// The tree that is awake at a place.
    pub fn tree(&self, place: usize, spans: &[usize]) -> Tree {
        let mut order = Vec::new();
        self.visit(place, spans, &mut order);
        let nodes = order.into_iter().map(|place| self.genes[place]).collect();
        Tree::new(nodes).expect("a place has its operands below it")
    }

    /// Writes a tree at a place; `false`, and nothing is written, when it is too deep.
    pub fn put(&mut self, place: usize, spans: &[usize], tree: &Tree) -> bool {
        let levels = (spans[place] + 1).trailing_zeros() as usize;
        if tree.depth() > levels {
            return false;
        }
        let starts = tree.starts();
        self.write(place, spans, tree, &starts, tree.size() - 1);
        true
    }

    fn write(
        &mut self,
        place: usize,
        spans: &[usize],
        tree: &Tree,
        starts: &[usize],
        index: usize,
    ) {
        self.genes[place] = tree.nodes()[index];
        let [left, right] = tree.operands(index, starts);
        if let Some(left) = left {
            self.write(place + 1, spans, tree, starts, left);
        }
        if let Some(right) = right {
            self.write(place + 1 + spans[place + 1], spans, tree, starts, right);
        }
    }
}

/// What genes may be.
#[derive(Clone, Debug, PartialEq)]
pub struct Alphabet {
    /// Operators.
    pub operators: Vec<Op>,
    /// Number of columns.
    pub variables: u32,
    /// Share of constants among leaves.
    pub constants: f64,
}

impl Alphabet {
    /// A random leaf. Constants are from -10 to 10, as in the papers.
    pub fn leaf(&self, random: &mut Random) -> Node {
        if self.variables == 0 || random.uniform() < self.constants {
            Node::Const(20.0 * random.uniform() - 10.0)
        } else {
            Node::Var(random.below(self.variables as usize) as u32)
        }
    }

    /// A random operator.
    pub fn operator(&self, random: &mut Random) -> Op {
        self.operators[random.below(self.operators.len())]
    }

    /// A random gene for a place whose subtree has `span` places.
    pub fn gene(&self, span: usize, leaves: f64, random: &mut Random) -> Node {
        if span == 1 || random.uniform() < leaves {
            self.leaf(random)
        } else {
            Node::Op(self.operator(random))
        }
    }

    /// Random genes; `leaves` is the share of leaves above the last level.
    pub fn genes(&self, levels: u32, leaves: f64, spans: &[usize], random: &mut Random) -> Genes {
        Genes { levels, genes: spans.iter().map(|s| self.gene(*s, leaves, random)).collect() }
    }
}
