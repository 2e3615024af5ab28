//! Constants by the method of Levenberg and Marquardt, with exact derivatives.
//!
//! The model is `a + b f(x; c)`: the linear part is solved for at every step, the constants of the
//! tree move by damped Gauss-Newton steps. Derivatives come from one sweep back over the tree, block
//! by block of rows.
//!
//! Source: D. Marquardt, 1963, "An algorithm for least-squares estimation of nonlinear
//! parameters"; the damping follows the diagonal.

use pulp::{Arch, NullaryFnOnce};

use crate::blocks::{BLOCK, constants, forward, per_operator};
use crate::evaluate::{Columns, Scratch, evaluate};
use crate::op::Op;
use crate::scale::{self, Scale, Target, dot};
use crate::tree::{Node, Tree};

/// Memory of a refinement, to be used again.
#[derive(Clone, Debug, Default)]
pub struct Workspace {
    scratch: Scratch,
    values: Vec<f64>,
    slopes: Vec<f64>,
    out: Vec<f64>,
    normal: Vec<f64>,
    side: Vec<f64>,
    kept: Vec<Vec<f64>>,
}

/// Share of the diagonal that is added at first.
const FIRST_DAMPING: f64 = 1e-2;
/// Least share of the diagonal that is added: without any, constants that can grow together do.
const DAMPING_MIN: f64 = 1e-6;
/// Size that no constant exceeds.
const CONSTANT_MAX: f64 = 1e12;
/// Steps that are tried, each damped ten times more than the last, before a refinement ends.
const TRIES: usize = 4;

/// How far a refinement goes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Effort {
    /// Most steps.
    pub steps: usize,
    /// It stops when a step gains less than this share of the error.
    pub gain_min: f64,
}

/// The best scale for a tree as it is, with its sum of squared errors; `None` where a row has a
/// fault.
pub fn scaled(
    tree: &Tree,
    columns: Columns,
    target: &Target,
    work: &mut Workspace,
) -> Option<(Scale, f64)> {
    work.out.resize(columns.rows, 0.0);
    evaluate(tree, columns, &mut work.out, &mut work.scratch);
    scale::fit(&work.out, target)
}

/// Moves the constants of `tree` to where the error is least; gives the scale and the sum of
/// squared errors, or `None` where a row has a fault and the tree is as it was.
pub fn refine(
    tree: &mut Tree,
    columns: Columns,
    target: &Target,
    effort: Effort,
    work: &mut Workspace,
) -> Option<(Scale, f64)> {
    let constants = tree.constants();
    if constants.is_empty() || effort.steps == 0 {
        return scaled(tree, columns, target, work);
    }
    // What lies below no constant has the same values at every step.
    let mut kept = std::mem::take(&mut work.kept);
    let mut small = keep_fixed(tree, columns, &mut kept, work);
    let found = descend(&mut small, constants, columns.with(&kept), target, effort, work);
    work.kept = kept;
    let (scale, error, constants) = found?;
    tree.put_constants(&constants);
    Some((scale, error))
}

/// The tree with each largest subtree that has an operator and no constant replaced by a column of
/// its values.
fn keep_fixed(
    tree: &Tree,
    columns: Columns,
    kept: &mut Vec<Vec<f64>>,
    work: &mut Workspace,
) -> Tree {
    let starts = tree.starts();
    let nodes = tree.nodes();
    let mut fixed = vec![false; nodes.len()];
    for (index, node) in nodes.iter().enumerate() {
        fixed[index] = match node {
            Node::Const(_) => false,
            Node::Var(_) => true,
            Node::Op(_) => {
                tree.operands(index, &starts).into_iter().flatten().all(|below| fixed[below])
            }
        };
    }
    // From the root down: the first fixed node on the way is the largest.
    let mut small = Vec::with_capacity(nodes.len());
    let mut count = 0;
    let mut index = nodes.len();
    while index > 0 {
        index -= 1;
        if fixed[index] && starts[index] < index {
            if kept.len() == count {
                kept.push(Vec::new());
            }
            kept[count].resize(columns.rows, 0.0);
            let subtree = tree.subtree(index, &starts);
            evaluate(&subtree, columns, &mut kept[count], &mut work.scratch);
            small.push(Node::Var((columns.columns.len() + count) as u32));
            count += 1;
            index = starts[index];
        } else {
            small.push(nodes[index]);
        }
    }
    small.reverse();
    Tree::new(small).expect("a subtree and a leaf leave one value each")
}

/// Steps of Levenberg and Marquardt; gives scale, error and constants.
fn descend(
    tree: &mut Tree,
    mut constants: Vec<f64>,
    columns: Columns,
    target: &Target,
    effort: Effort,
    work: &mut Workspace,
) -> Option<(Scale, f64, Vec<f64>)> {
    let (mut scale, mut error) = scaled(tree, columns, target, work)?;
    // Where the scale has no part of the tree, no constant counts.
    if scale.b == 0.0 {
        return Some((scale, error, constants));
    }
    let starts = tree.starts();
    let mut damping = FIRST_DAMPING;
    for _ in 0..effort.steps {
        let size = constants.len() + 2;
        work.normal.clear();
        work.normal.resize(size * size, 0.0);
        work.side.clear();
        work.side.resize(size, 0.0);
        Arch::new().dispatch(Normal { tree, starts: &starts, columns, target, scale, work });
        let before = error;
        let mut moved = false;
        for _ in 0..TRIES {
            if let Some(step) = solve(&work.normal, &work.side, damping) {
                let moves = constants.iter().zip(&step[2..]);
                let tried: Vec<f64> = moves.map(|(c, s)| c + s).collect();
                if tried.iter().any(|c| c.abs() > CONSTANT_MAX) {
                    damping *= 10.0;
                    continue;
                }
                tree.put_constants(&tried);
                if let Some((better, less)) = scaled(tree, columns, target, work)
                    && less < error
                {
                    (scale, error, constants) = (better, less, tried);
                    damping = (damping * 0.1_f64).max(DAMPING_MIN);
                    moved = true;
                    break;
                }
            }
            damping *= 10.0;
        }
        if !moved || before - error <= effort.gain_min * before {
            break;
        }
    }
    tree.put_constants(&constants);
    Some((scale, error, constants))
}

/// Sums of products of the derivatives, and of them with the errors.
struct Normal<'a, 'b> {
    tree: &'a Tree,
    starts: &'a [usize],
    columns: Columns<'a>,
    target: &'a Target,
    scale: Scale,
    work: &'b mut Workspace,
}

impl NullaryFnOnce for Normal<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { tree, starts, columns, target, scale, work } = self;
        let nodes = tree.nodes();
        let last = nodes.len() - 1;
        constants(tree, &mut work.values);
        work.slopes.resize((nodes.len() + 2) * BLOCK, 0.0);
        // Nodes over a constant; only those need a derivative.
        let mut live = vec![false; nodes.len()];
        let mut sought = vec![nodes.len(), nodes.len() + 1];
        for (index, node) in nodes.iter().enumerate() {
            live[index] = match node {
                Node::Const(_) => {
                    sought.push(index);
                    true
                }
                Node::Var(_) => false,
                Node::Op(_) => {
                    tree.operands(index, starts).into_iter().flatten().any(|child| live[child])
                }
            };
        }
        let size = sought.len();
        for from in (0..columns.rows).step_by(BLOCK) {
            let rows = BLOCK.min(columns.rows - from);
            forward(tree, starts, columns, from, rows, &mut work.values);
            backward(tree, starts, &live, scale.b, rows, &work.values, &mut work.slopes);
            let f = &work.values[last * BLOCK..][..rows];
            let (_, own) = work.slopes.split_at_mut(nodes.len() * BLOCK);
            own[..rows].fill(1.0);
            own[BLOCK..][..rows].copy_from_slice(f);
            let y = &target.values[from..from + rows];
            work.out.resize(columns.rows, 0.0);
            let rest = &mut work.out[..rows];
            for ((rest, f), y) in rest.iter_mut().zip(f).zip(y) {
                *rest = y - (scale.a + scale.b * f);
            }
            for (row, i) in sought.iter().enumerate() {
                let x = &work.slopes[i * BLOCK..][..rows];
                work.side[row] += dot(x, rest);
                for (column, j) in sought[..=row].iter().enumerate() {
                    let z = &work.slopes[j * BLOCK..][..rows];
                    work.normal[row * size + column] += dot(x, z);
                }
            }
        }
    }
}

#[inline(always)]
fn backward(
    tree: &Tree,
    starts: &[usize],
    live: &[bool],
    factor: f64,
    rows: usize,
    values: &[f64],
    slopes: &mut [f64],
) {
    let last = tree.size() - 1;
    slopes[last * BLOCK..][..rows].fill(factor);
    for (index, node) in tree.nodes().iter().enumerate().rev() {
        let Node::Op(op) = *node else { continue };
        if !live[index] {
            continue;
        }
        let (below, mine) = slopes.split_at_mut(index * BLOCK);
        let mine = &mine[..rows];
        let value = &values[index * BLOCK..][..rows];
        match tree.operands(index, starts) {
            [Some(left), Some(right)] => {
                let x = &values[left * BLOCK..][..rows];
                let y = &values[right * BLOCK..][..rows];
                if live[left] {
                    slopes_of(op, true, x, y, value, mine, &mut below[left * BLOCK..][..rows]);
                }
                if live[right] {
                    slopes_of(op, false, x, y, value, mine, &mut below[right * BLOCK..][..rows]);
                }
            }
            [Some(only), None] => {
                let x = &values[only * BLOCK..][..rows];
                slopes_of(op, true, x, x, value, mine, &mut below[only * BLOCK..][..rows]);
            }
            _ => {}
        }
    }
}

#[inline(always)]
fn slopes_of(
    op: Op,
    of_left: bool,
    x: &[f64],
    y: &[f64],
    value: &[f64],
    above: &[f64],
    out: &mut [f64],
) {
    let rows = out.len();
    let (x, y, value, above) = (&x[..rows], &y[..rows], &value[..rows], &above[..rows]);
    per_operator!(op, known,
        one for row in 0..rows {
            out[row] = above[row] * known.slope(x[row], value[row]);
        },
        two if of_left {
            for row in 0..rows {
                out[row] = above[row] * known.slopes(x[row], y[row], value[row]).0;
            }
        } else {
            for row in 0..rows {
                out[row] = above[row] * known.slopes(x[row], y[row], value[row]).1;
            }
        }
    );
}

/// The step of damped normal equations, by Cholesky; `None` when they are singular or not finite.
/// `normal` holds the lower half, `[n, n]`.
fn solve(normal: &[f64], side: &[f64], damping: f64) -> Option<Vec<f64>> {
    let n = side.len();
    // Scaled to a diagonal of ones.
    let scales: Vec<f64> = (0..n).map(|i| normal[i * n + i].sqrt()).collect();
    let inverse = |i: usize| if scales[i] > 0.0 { 1.0 / scales[i] } else { 0.0 };
    let mut lower = vec![0.0; n * n];
    for i in 0..n {
        for j in 0..=i {
            let mut value = normal[i * n + j] * inverse(i) * inverse(j);
            if i == j {
                value = 1.0 + damping;
            }
            for k in 0..j {
                value -= lower[i * n + k] * lower[j * n + k];
            }
            lower[i * n + j] = if i == j {
                if value.is_nan() || value <= 1e-12 {
                    return None;
                }
                value.sqrt()
            } else {
                value / lower[j * n + j]
            };
        }
    }
    let mut step: Vec<f64> = (0..n).map(|i| side[i] * inverse(i)).collect();
    for i in 0..n {
        for k in 0..i {
            step[i] -= lower[i * n + k] * step[k];
        }
        step[i] /= lower[i * n + i];
    }
    for i in (0..n).rev() {
        for k in i + 1..n {
            step[i] -= lower[k * n + i] * step[k];
        }
        step[i] /= lower[i * n + i];
    }
    for (i, step) in step.iter_mut().enumerate() {
        *step *= inverse(i);
    }
    step.iter().all(|s| s.is_finite()).then_some(step)
}

#[cfg(test)]
mod tests {
    use secateur_core::Random;

    use super::*;

    fn leaf(node: Node) -> Tree {
        Tree::leaf(node)
    }

    /// exp(c0 x0) / (c1 + x1), with a fixed part x0 x1 in the exponent.
    fn model(c: [f64; 2]) -> Tree {
        let fixed = Tree::binary(Op::Mul, leaf(Node::Var(0)), &leaf(Node::Var(1)));
        let exponent = Tree::binary(Op::Mul, leaf(Node::Const(c[0])), &fixed);
        let below = Tree::binary(Op::Add, leaf(Node::Const(c[1])), &leaf(Node::Var(1)));
        Tree::binary(Op::Div, Tree::unary(Op::Exp, exponent), &below)
    }

    #[test]
    fn constants_of_a_law_are_found() {
        let mut random = Random::new(2);
        let columns: Vec<Vec<f64>> =
            (0..2).map(|_| (0..300).map(|_| 0.5 + random.uniform()).collect()).collect();
        let columns = Columns::new(&columns);
        let law = crate::evaluate::values(&model([0.7, 2.0]), columns);
        let target = Target::new(law.iter().map(|f| 3.0 + 5.0 * f).collect());
        let mut tree = model([0.1, 1.0]);
        let effort = Effort { steps: 50, gain_min: 0.0 };
        let work = &mut Workspace::default();
        let (scale, error) = refine(&mut tree, columns, &target, effort, work).unwrap();
        assert!(error < 1e-16 * target.spread, "{error}");
        for (found, expect) in tree.constants().iter().zip([0.7, 2.0]) {
            assert!((found - expect).abs() < 1e-5, "{found} {expect}");
        }
        assert!((scale.a - 3.0).abs() < 1e-4 && (scale.b - 5.0).abs() < 1e-4, "{scale:?}");
    }

    #[test]
    fn the_error_is_that_of_the_refined_tree_and_never_larger() {
        let mut random = Random::new(5);
        let columns: Vec<Vec<f64>> =
            (0..3).map(|_| (0..200).map(|_| 0.5 + random.uniform()).collect()).collect();
        let columns = Columns::new(&columns);
        let target = Target::new((0..200).map(|_| random.normal()).collect());
        let alphabet =
            crate::genes::Alphabet { operators: Op::ALL.to_vec(), variables: 3, constants: 0.4 };
        let spans = crate::genes::Genes::spans(5);
        let work = &mut Workspace::default();
        let mut refined = 0;
        for _ in 0..500 {
            let mut tree = alphabet.genes(5, 0.2, &spans, &mut random).tree(0, &spans);
            let Some((_, before)) = scaled(&tree, columns, &target, work) else { continue };
            let effort = Effort { steps: 5, gain_min: 1e-6 };
            let (_, error) = refine(&mut tree, columns, &target, effort, work).unwrap();
            let (_, again) = scaled(&tree, columns, &target, work).unwrap();
            assert_eq!(error.to_bits(), again.to_bits(), "{tree:?}");
            assert!(error <= before);
            refined += usize::from(error < before);
        }
        assert!(refined > 50, "{refined}");
    }
}
