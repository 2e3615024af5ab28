//! Backward pruning: tips of a tree give way to their median, the least harmful first.
//!
//! After Peng, Yeh and Lien, 2009, "Building strength models for high-performance concrete at
//! different ages using genetic operation trees, nonlinear regression, and neural networks" and its
//! companion on the backward pruning technique (Computers and Concrete 6(3):203-223), details
//! reconstructed: what a tip is (three readings), the refit of the scale, ties, and the choice from
//! the path.

use pulp::{Arch, NullaryFnOnce};
use rayon::prelude::*;
use secateur_core::{
    Apply, Budget, Criterion, Evidence, Limits, Mask, PruneError, Random, Scores, prune,
};

use crate::blocks::{BLOCK, constants, forward, values_of};
use crate::evaluate::{Columns, values};
use crate::factor::factored;
use crate::fold::{fold, folded2};
use crate::op::Op;
use crate::refine::{Effort, Workspace, refine};
use crate::scale::{Scale, Target, fit};
use crate::tree::{Node, Tree};

/// Rows with what is to be met in them.
#[derive(Clone, Copy, Debug)]
pub struct Samples<'a> {
    /// The inputs.
    pub columns: Columns<'a>,
    /// What is to be met.
    pub target: &'a Target,
}

/// What a tip is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tips {
    /// Leaves that hold a variable; they give way to the median of the variable (the paper, read
    /// to the letter).
    Leaves,
    /// Operators over leaves; they give way to the median of their value.
    Operators,
    /// Every node but constants; it gives way to the median of its value.
    All,
}

/// What is fitted again to the training rows after a tip is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refit {
    /// The scale `a + b f` (the reconstruction of the paper).
    Scale,
    /// The scale, and the constants inside by Levenberg and Marquardt: what is left makes up for
    /// more of what went. Which tip goes is decided as without. The first formula of the path is
    /// fitted too, so that all are judged by rows that they were not fitted to.
    Constants,
}

/// Steps of Levenberg and Marquardt after a tip is gone.
const EFFORT: Effort = Effort { steps: 20, gain_min: 1e-4 };

/// What pruning looks at: medians and scales are of the training rows, errors of the rows that
/// select.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    /// Rows that the formula was made of.
    pub train: Samples<'a>,
    /// Rows that decide what goes next.
    pub select: Samples<'a>,
}

/// A formula on the way: `scale.a + scale.b * tree`.
#[derive(Clone, Debug, PartialEq)]
pub struct Scaled {
    /// The tree, without an outer sum or product with constants.
    pub tree: Tree,
    /// What surrounds it.
    pub scale: Scale,
}

impl Scaled {
    /// Takes a tree apart: sums and products with constants around the root become the scale.
    pub fn peel(tree: &Tree) -> Self {
        let mut tree = fold(tree);
        let mut scale = Scale::NONE;
        loop {
            let starts = tree.starts();
            let root = tree.size() - 1;
            let Node::Op(op) = tree.nodes()[root] else { break };
            let [left, right] = tree.operands(root, &starts);
            let number = |index: Option<usize>| match index.map(|index| tree.nodes()[index]) {
                Some(Node::Const(value)) => Some(value),
                _ => None,
            };
            let (x, y) = (number(left), number(right));
            // Of `a + b (inner)`, what the root of the inner adds and multiplies.
            let (inner, more) = match (op, x, y) {
                (Op::Add, Some(c), _) => (right, Scale { a: c, b: 1.0 }),
                (Op::Add, _, Some(c)) => (left, Scale { a: c, b: 1.0 }),
                (Op::Sub, Some(c), _) => (right, Scale { a: c, b: -1.0 }),
                (Op::Sub, _, Some(c)) => (left, Scale { a: -c, b: 1.0 }),
                (Op::Mul, Some(c), _) => (right, Scale { a: 0.0, b: c }),
                (Op::Mul, _, Some(c)) => (left, Scale { a: 0.0, b: c }),
                (Op::Div, _, Some(c)) => (left, Scale { a: 0.0, b: 1.0 / c }),
                (Op::Neg, ..) => (left, Scale { a: 0.0, b: -1.0 }),
                _ => break,
            };
            let inner = inner.expect("an operator has the operand that is no constant");
            let next = Scale { a: scale.a + scale.b * more.a, b: scale.b * more.b };
            if !(next.a.is_finite() && next.b.is_finite()) {
                break;
            }
            scale = next;
            tree = tree.subtree(inner, &starts);
        }
        if let [Node::Const(value)] = tree.nodes()
            && value.is_finite()
        {
            let a = scale.a + scale.b * value;
            return Self { tree: Tree::leaf(Node::Const(0.0)), scale: Scale { a, b: 0.0 } };
        }
        Self { tree, scale }
    }

    /// The whole formula as one tree.
    pub fn whole(&self) -> Tree {
        let number = |value: f64| Tree::leaf(Node::Const(value));
        let Scale { a, b } = self.scale;
        let product = folded2(Op::Mul, number(b), self.tree.clone());
        if a < 0.0 {
            return folded2(Op::Sub, product, number(-a));
        }
        folded2(Op::Add, number(a), product)
    }

    /// Root mean square error in rows; infinite where a row has a fault.
    pub fn rmse(&self, samples: Samples) -> f64 {
        let found = values(&self.tree, samples.columns);
        let Scale { a, b } = self.scale;
        let pairs = found.iter().zip(&samples.target.values);
        let sum: f64 = pairs.map(|(f, y)| (y - (a + b * f)) * (y - (a + b * f))).sum();
        let rmse = (sum / found.len() as f64).sqrt();
        if rmse.is_nan() { f64::INFINITY } else { rmse }
    }
}

/// A formula whose tips are the units.
#[derive(Clone, Debug)]
pub struct Pruning {
    /// The formula as it is now.
    pub formula: Scaled,
    /// What a tip is.
    pub tips: Tips,
    /// What is fitted again.
    pub refit: Refit,
    candidates: Vec<Candidate>,
    /// Medians of the columns in the training rows, worked out once.
    medians: Vec<Option<f64>>,
}

/// A tip with what the formula is without it.
#[derive(Clone, Debug)]
struct Candidate {
    node: usize,
    by: f64,
    without: Tree,
}

/// The formula after a step.
#[derive(Clone, Debug)]
pub struct Step {
    /// The formula.
    pub formula: Scaled,
    /// What gave way, and the constant in its place; nothing for the first.
    pub gone: Option<(Tree, f64)>,
    /// Error in the training rows.
    pub train: f64,
    /// Error in the rows that select.
    pub select: f64,
}

impl Pruning {
    /// The tips of a formula, numbered so that of equally good ones the first is to go: the one
    /// that leaves fewer nodes, then the one that comes first.
    pub fn new(formula: Scaled, tips: Tips, refit: Refit, rows: &Rows) -> Self {
        let medians = vec![None; rows.train.columns.columns.len()];
        let mut pruning = Self { formula, tips, refit, candidates: Vec::new(), medians };
        pruning.look(rows);
        pruning
    }

    fn look(&mut self, rows: &Rows) {
        let columns = rows.train.columns.columns;
        for column in self.formula.tree.variables() {
            let column = column as usize;
            self.medians[column].get_or_insert_with(|| median(&columns[column]));
        }
        let tree = &self.formula.tree;
        let starts = tree.starts();
        let is_leaf = |index: usize| tree.nodes()[index].arity() == 0;
        let is_tip = |index: usize| match (tree.nodes()[index], self.tips) {
            (Node::Const(_), _) | (Node::Op(_), Tips::Leaves) => false,
            (Node::Var(_), Tips::Leaves | Tips::All) | (Node::Op(_), Tips::All) => true,
            // A lone variable has no operator that could go.
            (Node::Var(_), Tips::Operators) => tree.size() == 1,
            (Node::Op(_), Tips::Operators) => {
                tree.operands(index, &starts).into_iter().flatten().all(is_leaf)
            }
        };
        let candidate = |node: usize| {
            let known = match tree.nodes()[node] {
                Node::Var(column) => self.medians[column as usize],
                Node::Const(_) | Node::Op(_) => None,
            };
            let of_values = || median(&values(&tree.subtree(node, &starts), rows.train.columns));
            let by = known.unwrap_or_else(of_values);
            let without = fold(&tree.replaced(node, &starts, &Tree::leaf(Node::Const(by))));
            Candidate { node, by, without }
        };
        let places: Vec<usize> = (0..tree.size()).filter(|index| is_tip(*index)).collect();
        let mut candidates: Vec<Candidate> = places.into_par_iter().map(candidate).collect();
        candidates.sort_by_key(|c| (c.without.size(), c.node));
        self.candidates = candidates;
    }

    /// Whether a tip is left.
    pub fn is_done(&self) -> bool {
        self.candidates.is_empty()
    }
}

/// The middle value; the mean of the two in the middle of an even number.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    let middle = sorted.len() / 2;
    let (below, upper, _) = sorted.select_nth_unstable_by(middle, f64::total_cmp);
    if values.len() % 2 == 1 {
        return *upper;
    }
    let lower = below.iter().copied().max_by(f64::total_cmp).unwrap_or(*upper);
    0.5 * (lower + *upper)
}

/// The error that is left when a tip gives way to its median, after a refit of the scale.
#[derive(Clone, Copy, Debug)]
pub struct MedianError;

impl Criterion<Pruning, Rows<'_>> for MedianError {
    fn name(&self) -> &'static str {
        "backward"
    }

    fn needs(&self) -> Evidence {
        Evidence::Activations
    }

    fn score(&self, pruning: &Pruning, rows: &Rows) -> Result<Scores, PruneError> {
        let errors = errors(&pruning.formula.tree, &pruning.candidates, rows);
        Ok(Scores::ranked(errors.len(), |a, b| errors[a].total_cmp(&errors[b]))?)
    }
}

/// A tip gives way to its median, and what that makes superfluous goes with it.
#[derive(Clone, Copy, Debug)]
pub struct Substitute;

impl Apply<Pruning, Rows<'_>> for Substitute {
    fn apply(
        &self,
        pruning: &mut Pruning,
        mask: &Mask,
        _scores: &Scores,
        rows: &Rows,
    ) -> Result<(), PruneError> {
        if mask.len() != pruning.candidates.len() {
            return Err(PruneError::Evidence {
                what: "tips".to_owned(),
                expected: pruning.candidates.len(),
                got: mask.len(),
            });
        }
        for (candidate, kept) in pruning.candidates.iter().zip(mask.iter()) {
            if kept {
                continue;
            }
            let Some(formula) = refitted(&candidate.without, pruning.refit, rows.train) else {
                let what = "the formula has no value in a training row, whatever goes";
                return Err(PruneError::Numeric(what.to_owned()));
            };
            pruning.formula = formula;
            break;
        }
        pruning.look(rows);
        Ok(())
    }
}

/// A tree fitted again to rows; `None` where a row has a fault.
pub fn refitted(tree: &Tree, refit: Refit, samples: Samples) -> Option<Scaled> {
    let Samples { columns, target } = samples;
    let mut tree = Scaled::peel(tree).tree;
    let (scale, _) = match refit {
        Refit::Scale => fit(&values(&tree, columns), target),
        Refit::Constants => {
            // Constants that only share a scale would hold the others up.
            tree = Scaled::peel(&factored(&tree)).tree;
            refine(&mut tree, columns, target, EFFORT, &mut Workspace::default())
        }
    }?;
    Some(Scaled { tree, scale })
}

/// The formula with one tip after the other gone, until none is left; the first step is the
/// formula as it came.
///
/// The path ends early where every way on has a fault in some row.
///
/// # Errors
/// [`PruneError`] when the rows do not fit the formula.
pub fn path(tree: &Tree, tips: Tips, refit: Refit, rows: &Rows) -> Result<Vec<Step>, PruneError> {
    let mut formula = Scaled::peel(tree);
    if refit == Refit::Constants
        && let Some(fitted) = refitted(tree, refit, rows.train)
    {
        formula = fitted;
    }
    let step = |formula: &Scaled, gone| Step {
        formula: formula.clone(),
        gone,
        train: formula.rmse(rows.train),
        select: formula.rmse(rows.select),
    };
    let mut steps = vec![step(&formula, None)];
    let mut pruning = Pruning::new(formula, tips, refit, rows);
    while !pruning.is_done() {
        let before = pruning.clone();
        let keep = Budget::Keep(pruning.candidates.len() - 1);
        let pruned = match prune(&mut pruning, &MedianError, &Substitute, rows, keep, &Limits::NONE)
        {
            // Whatever would go next leaves a fault, as a median of 0 does below a fraction.
            Err(PruneError::Numeric(_)) => break,
            pruned => pruned?,
        };
        let cut = pruned.mask.iter().position(|kept| !kept).expect("one of the tips was cut");
        let tip = &before.candidates[cut];
        let tree = &before.formula.tree;
        let gone = tree.subtree(tip.node, &tree.starts());
        steps.push(step(&pruning.formula, Some((gone, tip.by))));
    }
    Ok(steps)
}

/// Rows that one thread works through at a time; sums of such parts are added in order, so that
/// the result does not depend on the number of threads.
const PART: usize = 1 << 14;

/// The error in the selecting rows after each candidate went and the scale was refitted in the
/// training rows; infinite where a row has a fault.
fn errors(tree: &Tree, candidates: &[Candidate], rows: &Rows) -> Vec<f64> {
    let starts = tree.starts();
    let parents = parents(tree, &starts);
    let sums = |samples: &Samples| -> Vec<Sums> {
        // A value near the middle of each candidate's, so that sums of squares lose no digits.
        let pivots: Vec<f64> = {
            let first: Vec<f64> = samples.columns.columns.iter().map(|c| c[0]).collect();
            let value =
                |c: &Candidate| crate::evaluate::value_at(&replaced(tree, &starts, c), &first);
            candidates.iter().map(value).collect()
        };
        let parts: Vec<usize> = (0..samples.columns.rows).step_by(PART).collect();
        let of_part = |from: usize| {
            let to = samples.columns.rows.min(from + PART);
            let part =
                Part { tree, starts: &starts, parents: &parents, candidates, pivots: &pivots };
            Arch::new().dispatch(InPart { part, samples: *samples, from, to })
        };
        let found: Vec<Vec<Sums>> = parts.into_par_iter().map(of_part).collect();
        let mut all: Vec<Sums> =
            pivots.iter().map(|pivot| Sums { pivot: *pivot, ..Sums::default() }).collect();
        for part in found {
            for (all, part) in all.iter_mut().zip(part) {
                all.f += part.f;
                all.ff += part.ff;
                all.fy += part.fy;
            }
        }
        all
    };
    let train = sums(&rows.train);
    let select = sums(&rows.select);
    let error = |(train, select): (&Sums, &Sums)| {
        let Some((b, intercept)) = train.fitted(rows.train) else { return f64::INFINITY };
        let rmse = select.rmse(rows.select, b, intercept);
        if rmse.is_nan() { f64::INFINITY } else { rmse }
    };
    train.iter().zip(&select).map(error).collect()
}

fn replaced(tree: &Tree, starts: &[usize], candidate: &Candidate) -> Tree {
    tree.replaced(candidate.node, starts, &Tree::leaf(Node::Const(candidate.by)))
}

/// Sums over rows of a candidate's value `f` less the pivot, and of the target `y` less its mean.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    pivot: f64,
    f: f64,
    ff: f64,
    fy: f64,
}

impl Sums {
    /// Factor and intercept (of values less the pivot) of the best scale in these rows.
    fn fitted(&self, samples: Samples) -> Option<(f64, f64)> {
        let n = samples.columns.rows as f64;
        let mean = self.f / n;
        let spread = self.ff - n * mean * mean;
        // The products are with what is left of the target, whose sum is zero.
        let together = self.fy;
        let b = if spread > 1e-13 * self.ff { together / spread } else { 0.0 };
        let intercept = samples.target.mean - b * (mean + self.pivot);
        (b.is_finite() && intercept.is_finite()).then_some((b, intercept))
    }

    /// The error of `intercept + b f` in these rows.
    fn rmse(&self, samples: Samples, b: f64, intercept: f64) -> f64 {
        let n = samples.columns.rows as f64;
        let Target { mean, spread, .. } = *samples.target;
        // y - (intercept + b f) = (y - mean) + shift - b (f - pivot)
        let shift = mean - intercept - b * self.pivot;
        let sum = spread + n * shift * shift + b * b * self.ff
            - 2.0 * b * self.fy
            - 2.0 * b * shift * self.f;
        // Below this the sum is rounding of its parts.
        (sum.max(0.0) / n).sqrt()
    }
}

/// The operator over each node.
fn parents(tree: &Tree, starts: &[usize]) -> Vec<Option<usize>> {
    let mut parents = vec![None; tree.size()];
    for index in 0..tree.size() {
        for below in tree.operands(index, starts).into_iter().flatten() {
            parents[below] = Some(index);
        }
    }
    parents
}

struct Part<'a> {
    tree: &'a Tree,
    starts: &'a [usize],
    parents: &'a [Option<usize>],
    candidates: &'a [Candidate],
    pivots: &'a [f64],
}

struct InPart<'a> {
    part: Part<'a>,
    samples: Samples<'a>,
    from: usize,
    to: usize,
}

impl NullaryFnOnce for InPart<'_> {
    type Output = Vec<Sums>;

    #[inline(always)]
    fn call(self) -> Vec<Sums> {
        let Self { part, samples, from, to } = self;
        let tree = part.tree;
        let mut all = vec![Sums::default(); part.candidates.len()];
        let mut block_values = Vec::new();
        constants(tree, &mut block_values);
        let (mut now, mut next) = ([0.0; BLOCK], [0.0; BLOCK]);
        for from in (from..to).step_by(BLOCK) {
            let rows = BLOCK.min(to - from);
            forward(tree, part.starts, samples.columns, from, rows, &mut block_values);
            let y = &samples.target.values[from..from + rows];
            for ((candidate, sums), pivot) in part.candidates.iter().zip(&mut all).zip(part.pivots)
            {
                now[..rows].fill(candidate.by);
                let mut at = candidate.node;
                while let Some(parent) = part.parents[at] {
                    let Node::Op(op) = tree.nodes()[parent] else { break };
                    let [left, right] = tree.operands(parent, part.starts);
                    let block = |index: usize| &block_values[index * BLOCK..][..rows];
                    match (left, right) {
                        (Some(left), Some(right)) if left == at => {
                            values_of(op, &now[..rows], block(right), &mut next[..rows]);
                        }
                        (Some(left), Some(_)) => {
                            values_of(op, block(left), &now[..rows], &mut next[..rows]);
                        }
                        _ => values_of(op, &now[..rows], &[], &mut next[..rows]),
                    }
                    std::mem::swap(&mut now, &mut next);
                    at = parent;
                }
                add(sums, &now[..rows], *pivot, y, samples.target.mean);
            }
        }
        all
    }
}

#[inline(always)]
fn add(sums: &mut Sums, f: &[f64], pivot: f64, y: &[f64], mean: f64) {
    let mut lanes = [[0.0; 8]; 3];
    let (f, f_rest) = f.as_chunks::<8>();
    let (y, y_rest) = y.as_chunks::<8>();
    for (f, y) in f.iter().zip(y) {
        for lane in 0..8 {
            let f = f[lane] - pivot;
            lanes[0][lane] += f;
            lanes[1][lane] += f * f;
            lanes[2][lane] += f * (y[lane] - mean);
        }
    }
    for (lane, (f, y)) in f_rest.iter().zip(y_rest).enumerate() {
        let f = f - pivot;
        lanes[0][lane] += f;
        lanes[1][lane] += f * f;
        lanes[2][lane] += f * (y - mean);
    }
    sums.f += lanes[0].iter().sum::<f64>();
    sums.ff += lanes[1].iter().sum::<f64>();
    sums.fy += lanes[2].iter().sum::<f64>();
}

/// Which formula of a path is taken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Choice {
    /// The least error; of equal ones the smaller.
    Minimum,
    /// The smallest whose error is at most `1 + t` times the least.
    Tolerance(f64),
    /// The smallest whose error is at most one standard error above the least.
    OneStandardError,
}

/// Resamples behind a standard error.
const RESAMPLES: usize = 400;

/// The index of the step that a rule takes.
///
/// # Panics
/// When the path is empty.
pub fn choose(path: &[Step], choice: Choice, rows: &Rows, seed: u64) -> usize {
    let size = |step: &Step| step.formula.whole().size();
    let least = path
        .iter()
        .min_by(|a, b| a.select.total_cmp(&b.select).then(size(a).cmp(&size(b))))
        .expect("a path has a first step");
    let allowed = match choice {
        Choice::Minimum => least.select,
        Choice::Tolerance(share) => (1.0 + share) * least.select,
        Choice::OneStandardError => {
            least.select + standard_error(&least.formula, rows.select, seed)
        }
    };
    let fits = |step: &&Step| step.select <= allowed;
    let chosen = path
        .iter()
        .filter(fits)
        .min_by(|a, b| size(a).cmp(&size(b)).then(a.select.total_cmp(&b.select)));
    let chosen = chosen.unwrap_or(least);
    path.iter().position(|step| std::ptr::eq(step, chosen)).expect("the step is of the path")
}

/// Standard error of the root mean square error, by the bootstrap over rows.
fn standard_error(formula: &Scaled, samples: Samples, seed: u64) -> f64 {
    let found = values(&formula.tree, samples.columns);
    let Scale { a, b } = formula.scale;
    let pairs = found.iter().zip(&samples.target.values);
    let squares: Vec<f64> = pairs.map(|(f, y)| (y - (a + b * f)) * (y - (a + b * f))).collect();
    let mut random = Random::new(seed);
    let n = squares.len();
    let draw = |random: &mut Random| {
        let sum: f64 = (0..n).map(|_| squares[random.below(n)]).sum();
        (sum / n as f64).sqrt()
    };
    let drawn: Vec<f64> = (0..RESAMPLES).map(|_| draw(&mut random)).collect();
    let mean = drawn.iter().sum::<f64>() / RESAMPLES as f64;
    let spread: f64 = drawn.iter().map(|d| (d - mean) * (d - mean)).sum();
    (spread / (RESAMPLES - 1) as f64).sqrt()
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

    /// Four columns in [0.5, 2] and `law` of them with noise.
    fn data(rows: usize, seed: u64, noise: f64, law: fn(&[f64]) -> f64) -> (Vec<Vec<f64>>, Target) {
        let mut random = Random::new(seed);
        let rows: Vec<Vec<f64>> =
            (0..rows).map(|_| (0..4).map(|_| 0.5 + 1.5 * random.uniform()).collect()).collect();
        let target = rows.iter().map(|row| law(row) + noise * random.normal()).collect();
        let columns = (0..4).map(|c| rows.iter().map(|row| row[c]).collect()).collect();
        (columns, Target::new(target))
    }

    /// 3 (x0 / x1) + (x2 + 0.05 x3)
    fn planted() -> Tree {
        let ratio = Tree::binary(Op::Div, var(0), &var(1));
        let noise = Tree::binary(Op::Mul, number(0.05), &var(3));
        let product = Tree::binary(Op::Mul, number(3.0), &ratio);
        Tree::binary(Op::Add, product, &Tree::binary(Op::Add, var(2), &noise))
    }

    fn law(row: &[f64]) -> f64 {
        3.0 * row[0] / row[1] + row[2]
    }

    /// Every tree in which some variable leaves gave way to their medians, with its error.
    fn brute_force(tree: &Tree, rows: &Rows) -> Vec<(usize, f64)> {
        let leaf = |index: &usize| matches!(tree.nodes()[*index], Node::Var(_));
        let leaves: Vec<usize> = (0..tree.size()).filter(leaf).collect();
        let mut found = Vec::new();
        for set in 0..1_usize << leaves.len() {
            let mut nodes = tree.nodes().to_vec();
            for (bit, leaf) in leaves.iter().enumerate() {
                if set >> bit & 1 == 1
                    && let Node::Var(column) = nodes[*leaf]
                {
                    let column = &rows.train.columns.columns[column as usize];
                    nodes[*leaf] = Node::Const(median(column));
                }
            }
            let formula = Scaled::peel(&Tree::new(nodes).unwrap());
            let column = values(&formula.tree, rows.train.columns);
            let Some((scale, _)) = fit(&column, rows.train.target) else { continue };
            let formula = Scaled { scale, ..formula };
            let left = leaves.len() - set.count_ones() as usize;
            found.push((left, formula.rmse(rows.select)));
        }
        found
    }

    #[test]
    fn a_planted_useless_leaf_goes_first_and_brute_force_finds_nothing_better() {
        let tree = planted();
        let mut best = 0;
        let mut all = 0;
        for seed in 0..40 {
            let (train, train_target) = data(120, 2 * seed, 0.1, law);
            let (select, select_target) = data(80, 2 * seed + 1, 0.1, law);
            let rows = Rows {
                train: Samples { columns: Columns::new(&train), target: &train_target },
                select: Samples { columns: Columns::new(&select), target: &select_target },
            };
            let steps = path(&tree, Tips::Leaves, Refit::Scale, &rows).unwrap();
            assert_eq!(steps[1].gone.as_ref().unwrap().0, var(3), "seed {seed}");
            let brute = brute_force(&tree, &rows);
            for step in &steps[1..] {
                let left = step.formula.tree.nodes();
                let left = left.iter().filter(|n| matches!(n, Node::Var(_))).count();
                let of_size = brute.iter().filter(|(size, _)| *size == left);
                let least = of_size.map(|(_, error)| *error).fold(f64::INFINITY, f64::min);
                assert!(step.select >= least * (1.0 - 1e-9), "seed {seed}, {left} leaves");
                best += usize::from(step.select <= least * (1.0 + 1e-9));
                all += 1;
            }
        }
        assert_eq!((best, all), (160, 160), "the greedy way is the best here");
    }

    #[test]
    fn sums_give_the_errors_of_the_formulas_themselves() {
        let (train, train_target) = data(1000, 1, 0.3, law);
        let (select, select_target) = data(333, 2, 0.3, law);
        let rows = Rows {
            train: Samples { columns: Columns::new(&train), target: &train_target },
            select: Samples { columns: Columns::new(&select), target: &select_target },
        };
        let tree = Tree::binary(Op::Pow, planted(), &Tree::unary(Op::Ln, var(0)));
        for tips in [Tips::Leaves, Tips::Operators, Tips::All] {
            let pruning = Pruning::new(Scaled::peel(&tree), tips, Refit::Scale, &rows);
            assert!(!pruning.is_done());
            let found = errors(&pruning.formula.tree, &pruning.candidates, &rows);
            for (candidate, found) in pruning.candidates.iter().zip(found) {
                let peeled = Scaled::peel(&candidate.without);
                let column = values(&peeled.tree, rows.train.columns);
                let (scale, _) = fit(&column, rows.train.target).unwrap();
                let expect = Scaled { scale, ..peeled }.rmse(rows.select);
                assert!((found - expect).abs() < 1e-10 * expect, "{tips:?}: {found} {expect}");
            }
        }
    }

    #[test]
    fn constants_that_are_fitted_again_make_up_for_what_went() {
        let shifted = |row: &[f64]| 2.0 * (row[0] + 3.0).ln() - 1.0;
        let (train, target) = data(200, 5, 0.0, shifted);
        let samples = Samples { columns: Columns::new(&train), target: &target };
        let rows = Rows { train: samples, select: samples };
        let tree = Tree::unary(Op::Ln, Tree::binary(Op::Add, var(0), &var(3)));
        let after = |refit| path(&tree, Tips::Leaves, refit, &rows).unwrap().swap_remove(1);
        let (scale, constants) = (after(Refit::Scale), after(Refit::Constants));
        assert_eq!(scale.gone, constants.gone, "the same tip goes");
        assert!(scale.train > 1e-3, "{}", scale.train);
        assert!(constants.train < 1e-6, "{}", constants.train);
    }

    #[test]
    fn a_path_ends_in_a_constant() {
        let (train, target) = data(100, 3, 0.5, law);
        let samples = Samples { columns: Columns::new(&train), target: &target };
        let rows = Rows { train: samples, select: samples };
        for tips in [Tips::Leaves, Tips::Operators, Tips::All] {
            let steps = path(&planted(), tips, Refit::Scale, &rows).unwrap();
            let last = steps.last().unwrap();
            assert_eq!(last.formula.whole().size(), 1, "{tips:?}");
            let sd = (target.spread / 100.0).sqrt();
            assert!((last.train - sd).abs() < 1e-9 * sd);
            assert_eq!(choose(&steps, Choice::Tolerance(1e9), &rows, 0), steps.len() - 1);
        }
    }

    #[test]
    fn medians_of_zero_below_a_fraction_are_no_way_on() {
        let columns = vec![vec![1.0, 2.0, 3.0, 4.0], vec![-1.0, -2.0, 1.0, 2.0]];
        let target = Target::new(vec![-1.0, -1.0, 3.0, 2.0]);
        let samples = Samples { columns: Columns::new(&columns), target: &target };
        let rows = Rows { train: samples, select: samples };
        let tree = Tree::binary(Op::Div, var(0), &var(1));
        let steps = path(&tree, Tips::Leaves, Refit::Scale, &rows).unwrap();
        assert_eq!(steps[1].gone.as_ref().unwrap().0, var(0));
        assert_eq!(steps.len(), 2, "x1 stays: its median is 0");
    }

    #[test]
    fn medians_are_the_middle() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 3.0, 2.0]), 2.5);
    }

    #[test]
    fn what_is_taken_apart_is_put_together() {
        let tree = planted();
        let whole = Tree::binary(Op::Sub, Tree::binary(Op::Mul, tree, &number(2.0)), &number(7.0));
        let peeled = Scaled::peel(&whole);
        assert_eq!(peeled.scale, Scale { a: -7.0, b: 2.0 });
        let (columns, _) = data(50, 9, 0.0, law);
        let expect = values(&whole, Columns::new(&columns));
        let found = values(&peeled.whole(), Columns::new(&columns));
        for (found, expect) in found.iter().zip(expect) {
            assert!((found - expect).abs() < 1e-12 * expect.abs().max(1.0));
        }
    }
}
