//! A mixture of few Gaussians in place of many.
//!
//! Source: A. Runnalls, 2007, "Kullback-Leibler approach to Gaussian mixture reduction": the two
//! Gaussians whose merging loses least become one, with the moments of both.

use super::Mixture;

/// One Gaussian on its way.
#[derive(Clone)]
struct One {
    weight: f64,
    mean: Vec<f64>,
    variance: Vec<f64>,
    /// Sum of the logarithms of the variances.
    logs: f64,
}

impl One {
    fn with(&self, other: &Self) -> Self {
        let weight = self.weight + other.weight;
        // Two that nobody has count the same.
        let share = if weight > 0.0 { self.weight / weight } else { 0.5 };
        let mean: Vec<f64> =
            self.mean.iter().zip(&other.mean).map(|(a, b)| share * a + (1.0 - share) * b).collect();
        let variance: Vec<f64> = (0..mean.len())
            .map(|d| {
                let apart = self.mean[d] - other.mean[d];
                share * self.variance[d]
                    + (1.0 - share) * other.variance[d]
                    + share * (1.0 - share) * apart * apart
            })
            .collect();
        let logs = variance.iter().map(|v| v.ln()).sum();
        Self { weight, mean, variance, logs }
    }

    /// Bound of the divergence that merging costs, doubled.
    fn loss(&self, other: &Self) -> f64 {
        let both = self.with(other);
        both.weight * both.logs - self.weight * self.logs - other.weight * other.logs
    }
}

/// A mixture of at most so many Gaussians.
pub fn coarse(mixture: &Mixture, components: usize) -> Mixture {
    let mut all: Vec<One> = (0..mixture.components())
        .map(|c| {
            let of = |all: &[f64]| all[c * mixture.width..(c + 1) * mixture.width].to_vec();
            let variance = of(&mixture.variances);
            let logs = variance.iter().map(|v| v.ln()).sum();
            One { weight: mixture.weights[c], mean: of(&mixture.means), variance, logs }
        })
        .collect();
    let mut losses: Vec<Vec<f64>> = all
        .iter()
        .enumerate()
        .map(|(at, a)| all[..at].iter().map(|b| a.loss(b)).collect())
        .collect();
    while all.len() > components.max(1) {
        let mut best = (f64::INFINITY, 1, 0);
        for (a, row) in losses.iter().enumerate() {
            for (b, loss) in row.iter().enumerate() {
                if *loss < best.0 {
                    best = (*loss, a, b);
                }
            }
        }
        let (_, a, b) = best;
        all[b] = all[b].with(&all[a]);
        all.remove(a);
        losses.remove(a);
        for row in losses.iter_mut().skip(a) {
            row.remove(a);
        }
        for other in 0..all.len() {
            if other != b {
                let (row, column) = (other.max(b), other.min(b));
                losses[row][column] = all[row].loss(&all[column]);
            }
        }
    }
    Mixture {
        width: mixture.width,
        weights: all.iter().map(|one| one.weight).collect(),
        means: all.iter().flat_map(|one| one.mean.clone()).collect(),
        variances: all.iter().flat_map(|one| one.variance.clone()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_stay_and_near_ones_merge_first() {
        let mixture = Mixture {
            width: 1,
            weights: vec![0.2, 0.5, 0.3],
            means: vec![0.0, 10.0, 0.1],
            variances: vec![1.0, 2.0, 1.0],
        };
        let two = coarse(&mixture, 2);
        assert_eq!(two.components(), 2);
        assert!((two.means[0] - 0.06).abs() < 1e-12 && two.means[1] == 10.0);
        let one = coarse(&mixture, 1);
        let mean = 0.5 * 10.0 + 0.3 * 0.1;
        assert!((one.means[0] - mean).abs() < 1e-12);
        let square = 0.2 + 0.5 * 102.0 + 0.3 * 1.01;
        assert!((one.variances[0] - (square - mean * mean)).abs() < 1e-9);
        assert_eq!(coarse(&mixture, 5), mixture);
    }
}
