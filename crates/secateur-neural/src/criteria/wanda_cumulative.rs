#![doc = include_str!("wanda_cumulative.md")]

use rayon::prelude::*;
use secateur_core::prune::{Evidence, Method, PruneError};
use secateur_core::{Criterion, Scores};

use super::wanda::Wanda;
use crate::layer::{Inputs, Layer};

/// Name, summary, page.
pub const METHOD: Method = Method {
    name: "wanda-cumulative",
    summary: "wanda, where every row loses the same share of its score instead of its weights",
    page: include_str!("wanda_cumulative.md"),
};

/// The share of its row's score that goes when a weight and all below it go.
#[derive(Clone, Copy, Debug)]
pub struct WandaCumulative;

impl Criterion<Layer, Inputs> for WandaCumulative {
    fn name(&self) -> &'static str {
        METHOD.name
    }

    fn needs(&self) -> Evidence {
        Wanda.needs()
    }

    fn score(&self, layer: &Layer, inputs: &Inputs) -> Result<Scores, PruneError> {
        let mut values = Wanda.score(layer, inputs)?.values().to_vec();
        values.par_chunks_mut(layer.inner).for_each_init(Vec::new, |order, row| {
            order.clear();
            order.extend(0..row.len());
            // Stable: of equal scores the lower index goes first.
            order.sort_by(|&a: &usize, &b| row[a].total_cmp(&row[b]));
            let all: f64 = row.iter().map(|v| f64::from(*v)).sum();
            let mut below = 0.0;
            for &at in &*order {
                below += f64::from(row[at]);
                row[at] = if all > 0.0 { (below / all) as f32 } else { 0.0 };
            }
        });
        Ok(layer.scores(values)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_shares_of_the_row_up_to_the_weight() {
        let layer = Layer {
            name: "layer".into(),
            index: 0,
            out: 2,
            inner: 4,
            weight: vec![1.0, -4.0, 2.0, 1.0, 0.0, 0.0, 0.0, 0.0],
            group: 8,
        };
        let inputs = Inputs { squares: vec![1.0; 4], windows: 1, moments: None };
        let scores = WandaCumulative.score(&layer, &inputs).unwrap();
        assert_eq!(scores.values(), [0.125, 1.0, 0.5, 0.25, 0.0, 0.0, 0.0, 0.0]);
    }
}
