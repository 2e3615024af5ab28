#![doc = include_str!("wanda.md")]

use rayon::prelude::*;
use secateur_core::prune::{Evidence, Method, PruneError};
use secateur_core::{Criterion, Scores};

use crate::layer::{Inputs, Layer};

/// Name, summary, page.
pub const METHOD: Method = Method {
    name: "wanda",
    summary: "weight times norm of its input, compared inside each output row",
    page: include_str!("wanda.md"),
};

/// `|w| * ||x||`.
#[derive(Clone, Copy, Debug)]
pub struct Wanda;

impl Criterion<Layer, Inputs> for Wanda {
    fn name(&self) -> &'static str {
        METHOD.name
    }

    fn needs(&self) -> Evidence {
        Evidence::Activations
    }

    fn score(&self, layer: &Layer, inputs: &Inputs) -> Result<Scores, PruneError> {
        let norms = inputs.norms_of(layer)?;
        let mut values = vec![0.0; layer.weight.len()];
        values.par_chunks_mut(layer.inner).zip(layer.weight.par_chunks(layer.inner)).for_each(
            |(values, weights)| {
                for ((value, weight), norm) in values.iter_mut().zip(weights).zip(&norms) {
                    *value = weight.abs() * norm;
                }
            },
        );
        Ok(layer.scores(values)?)
    }
}

#[cfg(test)]
mod tests {
    use secateur_core::{Budget, Limits, prune};

    use super::*;
    use crate::apply::mask::Zero;

    /// The example of the paper's figure 1.
    #[test]
    fn the_figure_of_the_paper() {
        let mut layer = Layer {
            name: "figure".into(),
            index: 0,
            out: 3,
            inner: 4,
            weight: vec![4.0, 0.0, 1.0, -1.0, 3.0, -2.0, -1.0, -3.0, -3.0, 1.0, 0.0, 2.0],
            group: 4,
        };
        let inputs = Inputs { squares: vec![1.0, 4.0, 64.0, 9.0], windows: 1, moments: None };
        let pruned =
            prune(&mut layer, &Wanda, &Zero, &inputs, Budget::Sparsity(0.5), &Limits::NONE)
                .unwrap();
        let scores = [4.0, 0.0, 8.0, 3.0, 3.0, 4.0, 8.0, 9.0, 3.0, 2.0, 0.0, 6.0];
        assert_eq!(pruned.scores.values(), scores);
        let expect = [4.0, 0.0, 1.0, 0.0, 0.0, 0.0, -1.0, -3.0, -3.0, 0.0, 0.0, 2.0];
        assert_eq!(layer.weight, expect);
        assert!(layer.weight.iter().all(|w| w.to_bits() != (-0.0_f32).to_bits()));
    }

    /// On up to 8 columns the mask is the brute-force optimum of what is lost.
    #[test]
    fn the_mask_loses_least_of_all_masks() {
        let mut random = secateur_core::Random::new(5);
        for _ in 0..50 {
            let inner = 2 + random.below(7);
            let weight: Vec<f32> = (0..inner).map(|_| random.normal() as f32).collect();
            let squares: Vec<f64> = (0..inner).map(|_| random.uniform()).collect();
            let mut layer =
                Layer { name: String::new(), index: 0, out: 1, inner, weight, group: inner };
            let inputs = Inputs { squares, windows: 1, moments: None };
            let scores = Wanda.score(&layer, &inputs).unwrap();
            let lost = |cut: u32| -> f32 {
                (0..inner).filter(|i| cut >> i & 1 == 1).map(|i| scores.values()[i]).sum()
            };
            let count = inner as u32 / 2;
            let all = (0..1_u32 << inner).filter(|cut| cut.count_ones() == count);
            let best = all.map(lost).fold(f32::INFINITY, f32::min);
            let budget = Budget::Sparsity(0.5);
            let mask =
                prune(&mut layer, &Wanda, &Zero, &inputs, budget, &Limits::NONE).unwrap().mask;
            let cut = (0..inner).fold(0, |cut, i| cut | u32::from(!mask.keeps(i)) << i);
            assert!(lost(cut) <= best * 1.000_01, "{} {best}", lost(cut));
        }
    }
}
