#![doc = include_str!("ria.md")]

use rayon::prelude::*;
use secateur_core::prune::{Evidence, Method, PruneError};
use secateur_core::{Criterion, Scores};

use crate::layer::{Inputs, Layer};

/// Name, summary, page.
pub const METHOD: Method = Method {
    name: "ria",
    summary: "share of the weight in its row and column, times a power of the norm of its input",
    page: include_str!("ria.md"),
};

/// `(|w| / row + |w| / column) * ||x||^power`.
#[derive(Clone, Copy, Debug)]
pub struct Ria {
    /// Power of the input's norm.
    pub power: f64,
}

impl Criterion<Layer, Inputs> for Ria {
    fn name(&self) -> &'static str {
        METHOD.name
    }

    fn needs(&self) -> Evidence {
        Evidence::Activations
    }

    fn score(&self, layer: &Layer, inputs: &Inputs) -> Result<Scores, PruneError> {
        let norms = inputs.norms_of(layer)?;
        let factors: Vec<f64> =
            norms.iter().map(|norm| f64::from(*norm).powf(self.power)).collect();
        let mut columns = vec![0.0_f64; layer.inner];
        for row in layer.weight.chunks_exact(layer.inner) {
            for (sum, weight) in columns.iter_mut().zip(row) {
                *sum += f64::from(weight.abs());
            }
        }
        // Of a row or column of zeros every weight has a share of zero.
        let inverse = |sum: f64| if sum > 0.0 { sum.recip() } else { 0.0 };
        for sum in &mut columns {
            *sum = inverse(*sum);
        }
        let mut values = vec![0.0; layer.weight.len()];
        values.par_chunks_mut(layer.inner).zip(layer.weight.par_chunks(layer.inner)).for_each(
            |(values, weights)| {
                let row = inverse(weights.iter().map(|w| f64::from(w.abs())).sum());
                for (at, (value, weight)) in values.iter_mut().zip(weights).enumerate() {
                    let size = f64::from(weight.abs());
                    *value = ((size * row + size * columns[at]) * factors[at]) as f32;
                }
            },
        );
        Ok(layer.scores(values)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_of_row_and_column_times_the_root_of_the_norm() {
        let layer = Layer {
            name: "layer".into(),
            index: 0,
            out: 3,
            inner: 2,
            weight: vec![1.0, -3.0, 0.0, 0.0, 3.0, 1.0],
            group: 6,
        };
        let inputs = Inputs { squares: vec![16.0, 0.0], windows: 1, moments: None };
        let scores = Ria { power: 0.5 }.score(&layer, &inputs).unwrap();
        // (1/4 + 1/4) * 2, a dead input, a row of zeros, (3/4 + 3/4) * 2.
        assert_eq!(scores.values(), [1.0, 0.0, 0.0, 0.0, 3.0, 0.0]);
        let scores = Ria { power: 0.0 }.score(&layer, &inputs).unwrap();
        assert_eq!(scores.values(), [0.5, 1.5, 0.0, 0.0, 1.5, 0.5]);
    }
}
