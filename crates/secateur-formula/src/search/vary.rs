//! Children of gene vectors: crossover and mutation.

use secateur_core::Random;

use crate::genes::{Alphabet, Genes};
use crate::tree::{Node, Tree};

/// Shares of the kinds of crossover, in tenths; the rest exchanges subtrees anywhere.
const ONE_POINT: usize = 1;
const UNIFORM: usize = 1;

/// Tries to find a place where a subtree is not too deep.
const TRIES: usize = 10;

/// Puts genes of another vector into `child`.
pub(super) fn cross(child: &mut Genes, other: &Genes, spans: &[usize], random: &mut Random) {
    let kind = random.below(10);
    if kind < ONE_POINT {
        let cut = random.below(child.genes.len());
        child.genes[cut..].copy_from_slice(&other.genes[cut..]);
    } else if kind < ONE_POINT + UNIFORM {
        for (mine, theirs) in child.genes.iter_mut().zip(&other.genes) {
            if random.below(2) == 0 {
                *mine = *theirs;
            }
        }
    } else {
        let from = other.awake(spans);
        let to = child.awake(spans);
        for _ in 0..TRIES {
            let tree = other.tree(from[random.below(from.len())], spans);
            if child.put(to[random.below(to.len())], spans, &tree) {
                return;
            }
        }
    }
}

/// Changes genes of `child`.
pub(super) fn mutate(child: &mut Genes, alphabet: &Alphabet, spans: &[usize], random: &mut Random) {
    let awake = child.awake(spans);
    let place = awake[random.below(awake.len())];
    match random.below(6) {
        0 => change(child, place, alphabet, random),
        1 => {
            for place in awake {
                if random.uniform() < GENE_RATE {
                    child.genes[place] = alphabet.gene(spans[place], 0.3, random);
                }
            }
        }
        2 => {
            let places = place..place + spans[place];
            for (gene, span) in child.genes[places.clone()].iter_mut().zip(&spans[places]) {
                *gene = alphabet.gene(*span, 0.5, random);
            }
        }
        3 | 4 => grow(child, place, alphabet, spans, random),
        _ => shrink(child, place, spans, random),
    }
}

/// Share of the genes that a mutation of all of them changes.
const GENE_RATE: f64 = 0.05;

/// Another gene of the same kind; a constant moves by a normal number of a tenth of its size.
fn change(child: &mut Genes, place: usize, alphabet: &Alphabet, random: &mut Random) {
    child.genes[place] = match child.genes[place] {
        Node::Const(value) => Node::Const(value + random.normal() * (0.1 * value.abs() + 1e-3)),
        Node::Var(_) => alphabet.leaf(random),
        Node::Op(_) => Node::Op(alphabet.operator(random)),
    };
}

/// An operator over what is at the place, with a leaf beside it; nothing where that is too deep.
fn grow(
    child: &mut Genes,
    place: usize,
    alphabet: &Alphabet,
    spans: &[usize],
    random: &mut Random,
) {
    let tree = child.tree(place, spans);
    let op = alphabet.operator(random);
    let grown = if op.arity() == 1 {
        Tree::unary(op, tree)
    } else {
        let leaf = Tree::leaf(alphabet.leaf(random));
        if random.below(2) == 0 {
            Tree::binary(op, tree, &leaf)
        } else {
            Tree::binary(op, leaf, &tree)
        }
    };
    child.put(place, spans, &grown);
}

/// One operand in the place of its operator.
fn shrink(child: &mut Genes, place: usize, spans: &[usize], random: &mut Random) {
    let arity = child.genes[place].arity();
    if arity == 0 {
        return;
    }
    let second = arity == 2 && random.below(2) == 0;
    let below = if second { place + 1 + spans[place + 1] } else { place + 1 };
    let tree = child.tree(below, spans);
    child.put(place, spans, &tree);
}
