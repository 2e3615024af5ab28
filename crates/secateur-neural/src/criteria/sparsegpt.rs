#![doc = include_str!("sparsegpt.md")]

use secateur_core::prune::{Evidence, Method, PruneError, Pruned};
use secateur_core::{Budget, Criterion, Limits, Mask, Scores};
use secateur_tensor::kernels;

use crate::apply::compensate::{Columns, Compensate, Factor};
use crate::layer::{Inputs, Layer};

/// Name, summary, page.
pub const METHOD: Method = Method {
    name: "sparsegpt",
    summary: "error that the layer's output makes without the weight; the others are updated",
    page: include_str!("sparsegpt.md"),
};

/// Columns whose weights compete and are updated before the columns after them.
const BLOCK: usize = 128;

/// What cutting a weight costs when later weights make up for it: `w^2 / u_jj^2`.
#[derive(Clone, Copy, Debug)]
pub struct Saliency;

impl Criterion<Columns, Factor> for Saliency {
    fn name(&self) -> &'static str {
        METHOD.name
    }

    fn needs(&self) -> Evidence {
        Evidence::Moments
    }

    fn score(&self, columns: &Columns, factor: &Factor) -> Result<Scores, PruneError> {
        let width = columns.width;
        let diagonal: Vec<f32> =
            columns.range.clone().map(|at| factor.upper[at * width + at]).collect();
        let mut values = Vec::with_capacity(columns.weight.len() / width * diagonal.len());
        for row in columns.weight.chunks_exact(width) {
            let weights = row[columns.range.clone()].iter();
            values.extend(weights.zip(&diagonal).map(|(w, d)| (w / d) * (w / d)));
        }
        Ok(Scores::equal_groups(values, columns.group)?)
    }
}

/// Prunes whole layers, from the first column to the last.
#[derive(Clone, Copy, Debug)]
pub struct SparseGpt {
    /// Share of the Hessian's mean diagonal that is added to the diagonal.
    pub damping: f64,
}

impl SparseGpt {
    /// Prunes a layer and updates what is kept. A failed call leaves the layer as it was.
    ///
    /// # Errors
    /// [`PruneError`] when evidence and layer do not fit, or the Hessian cannot be inverted.
    pub fn prune(
        &self,
        layer: &mut Layer,
        inputs: &Inputs,
        budget: Budget,
    ) -> Result<Pruned, PruneError> {
        let factor = inputs.factor_of(layer, self.damping)?;
        let (out, inner) = (layer.out, layer.inner);
        let unit = if let Budget::NofM { of, .. } = budget { of } else { BLOCK };
        let block = if unit < BLOCK { BLOCK / unit * unit } else { unit };
        let by_row = matches!(budget, Budget::NofM { .. }) || layer.group == inner;
        let mut weight = layer.weight.clone();
        let mut values = vec![0.0; weight.len()];
        let mut mask = Mask::cut_all(weight.len());
        for (column, square) in inputs.squares.iter().enumerate() {
            // A weight on a dead input does nothing and must not be moved to.
            if *square == 0.0 {
                (0..out).for_each(|row| weight[row * inner + column] = 0.0);
            }
        }
        for first in (0..inner).step_by(block) {
            let width = block.min(inner - first);
            let mut columns = take(&weight, inner, first, width);
            let square = square(&factor, inner, first, width);
            for begin in (0..width).step_by(unit) {
                let range = begin..width.min(begin + unit);
                let len = range.len();
                columns.group = if by_row { len } else { out * len };
                columns.range = range;
                let pruned = secateur_core::prune(
                    &mut columns,
                    &Saliency,
                    &Compensate,
                    &square,
                    budget,
                    &Limits::NONE,
                )?;
                for row in 0..out {
                    let to = row * inner + first + begin;
                    let from = row * len..(row + 1) * len;
                    values[to..to + len].copy_from_slice(&pruned.scores.values()[from.clone()]);
                    from.enumerate().for_each(|(at, from)| {
                        mask.put(to + at, pruned.mask.keeps(from));
                    });
                }
            }
            put(&columns, &mut weight, inner, first);
            pass_on(&columns, &factor, &mut weight, inner, first + width);
        }
        if !weight.iter().all(|w| w.is_finite()) {
            return Err(PruneError::Numeric("the updated weights are not finite".to_owned()));
        }
        let scores = layer.scores(values)?;
        layer.weight = weight;
        Ok(Pruned { mask, scores })
    }
}

fn take(weight: &[f32], inner: usize, first: usize, width: usize) -> Columns {
    let rows = weight.chunks_exact(inner).map(|row| &row[first..first + width]);
    let weight = rows.collect::<Vec<_>>().concat();
    let errors = vec![0.0; weight.len()];
    Columns { width, weight, errors, range: 0..0, group: 0 }
}

fn put(columns: &Columns, weight: &mut [f32], inner: usize, first: usize) {
    let width = columns.width;
    let rows = weight.chunks_exact_mut(inner).zip(columns.weight.chunks_exact(width));
    rows.for_each(|(row, new)| row[first..first + width].copy_from_slice(new));
}

/// The square of the factor on the diagonal.
fn square(factor: &[f32], inner: usize, first: usize, width: usize) -> Factor {
    let rows = (first..first + width).map(|row| &factor[row * inner + first..][..width]);
    Factor { upper: rows.collect::<Vec<_>>().concat() }
}

/// Changes the columns from `next` on by the errors of the block before them.
fn pass_on(columns: &Columns, factor: &[f32], weight: &mut [f32], inner: usize, next: usize) {
    let (width, rest) = (columns.width, inner - next);
    if rest == 0 {
        return;
    }
    let first = next - width;
    let mut transposed = vec![0.0; rest * width];
    for at in 0..width {
        for (column, value) in factor[(first + at) * inner + next..][..rest].iter().enumerate() {
            transposed[column * width + at] = *value;
        }
    }
    let mut change = vec![0.0; columns.errors.len() / width * rest];
    kernels::matmul_transposed(&columns.errors, &transposed, None, width, &mut change);
    for (row, change) in weight.chunks_exact_mut(inner).zip(change.chunks_exact(rest)) {
        for (weight, change) in row[next..].iter_mut().zip(change) {
            *weight -= change;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use secateur_core::Random;

    use super::*;
    use crate::apply::mask::Zero;
    use crate::criteria::wanda::Wanda;
    use crate::layer::Moments;

    const TOKENS: usize = 400;

    /// A layer, inputs that go together, and the inputs themselves.
    fn case(out: usize, inner: usize) -> (Layer, Inputs, Vec<f32>) {
        let mut random = Random::new(7);
        let mixed: Vec<f32> = (0..8 * inner).map(|_| random.normal() as f32).collect();
        let mut x = Vec::new();
        for _ in 0..TOKENS {
            let hidden: Vec<f32> = (0..8).map(|_| random.normal() as f32).collect();
            for column in 0..inner {
                let common: f32 = (0..8).map(|h| hidden[h] * mixed[h * inner + column]).sum();
                x.push(common + 0.5 * random.normal() as f32);
            }
        }
        let weight = (0..out * inner).map(|_| random.normal() as f32).collect();
        let layer =
            Layer { name: "layer".into(), index: 0, out, inner, weight, group: out * inner };
        let mut sums = vec![0.0; inner * inner];
        kernels::add_gram(&x, inner, &mut sums);
        let squares = (0..inner).map(|j| f64::from(sums[j * inner + j])).collect();
        let moments = Some(Arc::new(Moments::new(inner, 1, sums)));
        (layer, Inputs { squares, windows: 1, moments }, x)
    }

    /// Squared error of the outputs.
    fn error(before: &Layer, after: &Layer, x: &[f32]) -> f64 {
        let change: Vec<f32> =
            before.weight.iter().zip(&after.weight).map(|(a, b)| a - b).collect();
        let mut y = vec![0.0; TOKENS * before.out];
        kernels::matmul_transposed(x, &change, None, before.inner, &mut y);
        y.iter().map(|v| f64::from(*v).powi(2)).sum()
    }

    const PRUNER: SparseGpt = SparseGpt { damping: 0.01 };

    #[test]
    fn the_update_leaves_far_less_error_than_wanda() {
        for budget in [Budget::Sparsity(0.5), Budget::NofM { keep: 2, of: 4 }] {
            let (layer, inputs, x) = case(24, 300);
            let (mut ours, mut wanda) = (layer.clone(), layer.clone());
            let pruned = PRUNER.prune(&mut ours, &inputs, budget).unwrap();
            wanda.group = wanda.inner;
            secateur_core::prune(&mut wanda, &Wanda, &Zero, &inputs, budget, &Limits::NONE)
                .unwrap();
            let (ours_error, wanda_error) = (error(&layer, &ours, &x), error(&layer, &wanda, &x));
            assert!(ours_error < wanda_error / 2.0, "{ours_error} {wanda_error}");
            assert_eq!(pruned.mask.cut(), 24 * 150);
            for (at, weight) in ours.weight.iter().enumerate() {
                assert!(pruned.mask.keeps(at) || weight.to_bits() == 0);
            }
        }
    }

    #[test]
    fn inputs_that_do_not_go_together_need_no_update() {
        let (mut layer, mut inputs, _) = case(5, 140);
        let mut sums = vec![0.0; 140 * 140];
        for at in 0..140 {
            sums[at * 140 + at] = inputs.squares[at] as f32;
        }
        inputs.moments = Some(Arc::new(Moments::new(140, 1, sums)));
        let before = layer.weight.clone();
        let pruned = PRUNER.prune(&mut layer, &inputs, Budget::Sparsity(0.5)).unwrap();
        for (at, (a, b)) in layer.weight.iter().zip(&before).enumerate() {
            assert_eq!(*a, if pruned.mask.keeps(at) { *b } else { 0.0 });
        }
    }

    #[test]
    fn a_dead_input_loses_its_weights_and_nothing_moves_to_it() {
        let (mut layer, mut inputs, mut x) = case(5, 140);
        x.chunks_exact_mut(140).for_each(|row| row[139] = 0.0);
        let mut sums = vec![0.0; 140 * 140];
        kernels::add_gram(&x, 140, &mut sums);
        inputs.squares[139] = 0.0;
        inputs.moments = Some(Arc::new(Moments::new(140, 1, sums)));
        PRUNER.prune(&mut layer, &inputs, Budget::Sparsity(0.3)).unwrap();
        assert!(layer.weight.chunks(140).all(|row| row[139] == 0.0));
    }

    #[test]
    fn a_hessian_that_cannot_be_inverted_is_an_error_and_changes_nothing() {
        let (mut layer, mut inputs, _) = case(5, 140);
        let mut sums = vec![0.0; 140 * 140];
        // No sum of products looks like this: -1 on the diagonal.
        (0..140).for_each(|at| sums[at * 140 + at] = if at == 3 { -1e9 } else { 1.0 });
        inputs.moments = Some(Arc::new(Moments::new(140, 1, sums)));
        let before = layer.clone();
        let error = PRUNER.prune(&mut layer, &inputs, Budget::Sparsity(0.5)).unwrap_err();
        assert!(matches!(error, PruneError::Singular { .. }), "{error}");
        assert_eq!(layer, before);
    }
}
