//! How sure a number is: intervals and tests.

use crate::random::Random;

/// Standard normal quantile of a two-sided 95 % interval.
const Z_95: f64 = 1.959_963_984_540_054;

/// The 95 % Wilson interval of a proportion, `hits` of `trials`; `[0, 1]` without trials.
///
/// Source: E. B. Wilson, 1927, "Probable inference, the law of succession, and statistical
/// inference".
pub fn wilson(hits: u64, trials: u64) -> [f64; 2] {
    if trials == 0 {
        return [0.0, 1.0];
    }
    let n = trials as f64;
    let p = hits as f64 / n;
    let z2 = Z_95 * Z_95;
    let center = (p + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = Z_95 / (1.0 + z2 / n) * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
    [(center - half).max(0.0), (center + half).min(1.0)]
}

/// The 95 % percentile bootstrap interval of `statistic` over samples drawn with replacement
/// from `items`; `None` with fewer than two items.
///
/// Source: B. Efron, 1979, "Bootstrap methods: another look at the jackknife".
pub fn bootstrap<T>(
    items: &[T],
    resamples: usize,
    random: &mut Random,
    statistic: impl Fn(&[&T]) -> f64,
) -> Option<[f64; 2]> {
    if items.len() < 2 || resamples == 0 {
        return None;
    }
    let mut values: Vec<f64> = (0..resamples)
        .map(|_| {
            let drawn: Vec<&T> =
                (0..items.len()).map(|_| &items[random.below(items.len())]).collect();
            statistic(&drawn)
        })
        .collect();
    values.sort_by(f64::total_cmp);
    let at = |share: f64| values[((resamples - 1) as f64 * share).round() as usize];
    Some([at(0.025), at(0.975)])
}

/// The 97.5 % quantile of Student's distribution: a table for few degrees of `freedom`, then
/// the expansion around the normal quantile; meaningless for none.
///
/// Source: R. A. Fisher and E. A. Cornish, 1960, "The percentile points of distributions having
/// known cumulants".
pub fn student(freedom: usize) -> f64 {
    const TABLE: [f64; 10] =
        [12.7062, 4.30265, 3.18245, 2.77645, 2.57058, 2.44691, 2.36462, 2.30600, 2.26216, 2.22814];
    if let Some(value) = freedom.checked_sub(1).and_then(|at| TABLE.get(at)) {
        return *value;
    }
    let n = freedom as f64;
    let [z3, z5, z7] = [Z_95.powi(3), Z_95.powi(5), Z_95.powi(7)];
    Z_95 + (z3 + Z_95) / (4.0 * n)
        + (5.0 * z5 + 16.0 * z3 + 3.0 * Z_95) / (96.0 * n * n)
        + (3.0 * z7 + 19.0 * z5 + 17.0 * z3 - 15.0 * Z_95) / (384.0 * n * n * n)
}

/// The exact two-sided McNemar test of paired outcomes: `only_a` pairs where only the first was
/// right, `only_b` where only the second was. Returns the p-value.
///
/// Source: Q. McNemar, 1947, "Note on the sampling error of the difference between correlated
/// proportions or percentages", with the binomial in place of the chi-square approximation.
pub fn mcnemar(only_a: u64, only_b: u64) -> f64 {
    let n = only_a + only_b;
    let fewer = only_a.min(only_b);
    let mut ln_choose = 0.0_f64;
    let ln_half = n as f64 * 0.5_f64.ln();
    let mut tail = 0.0;
    for k in 0..=fewer {
        tail += (ln_choose + ln_half).exp();
        ln_choose += ((n - k) as f64).ln() - ((k + 1) as f64).ln();
    }
    (2.0 * tail).min(1.0)
}

/// Spearman's rank correlation, ties at their mean rank; `None` when a side is constant or the
/// lengths differ or are below two.
///
/// Source: C. Spearman, 1904, "The proof and measurement of association between two things".
pub fn spearman(a: &[f64], b: &[f64]) -> Option<f64> {
    if a.len() != b.len() || a.len() < 2 {
        return None;
    }
    let (a, b) = (ranks(a), ranks(b));
    let mean = f64::midpoint(a.len() as f64, 1.0);
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (x, y) in a.iter().zip(&b) {
        ab += (x - mean) * (y - mean);
        aa += (x - mean) * (x - mean);
        bb += (y - mean) * (y - mean);
    }
    (aa > 0.0 && bb > 0.0).then(|| ab / (aa * bb).sqrt())
}

/// Ranks from 1, ties at their mean.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    for tied in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let start = order.partition_point(|&at| values[at].total_cmp(&values[tied[0]]).is_lt());
        let mean = start as f64 + f64::midpoint(tied.len() as f64, 1.0);
        for &at in tied {
            ranks[at] = mean;
        }
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Golden: statsmodels `proportion_confint(8, 10, method="wilson")`.
    #[test]
    fn wilson_matches_the_textbook() {
        let [low, high] = wilson(8, 10);
        assert!((low - 0.490_162_5).abs() < 1e-6 && (high - 0.943_317_8).abs() < 1e-6);
        assert_eq!(wilson(0, 0), [0.0, 1.0]);
        assert_eq!(wilson(0, 5)[0], 0.0);
    }

    /// Golden by hand: 2 P(X <= 1), X binomial with n = 9 and p = 1/2, is 20/512.
    #[test]
    fn mcnemar_is_the_binomial_tail() {
        assert!((mcnemar(1, 8) - 20.0 / 512.0).abs() < 1e-12);
        assert_eq!(mcnemar(5, 5), 1.0);
        assert_eq!(mcnemar(0, 0), 1.0);
    }

    #[test]
    fn spearman_sees_order_only() {
        assert_eq!(spearman(&[1.0, 2.0, 3.0], &[10.0, 100.0, 1000.0]), Some(1.0));
        assert_eq!(spearman(&[1.0, 2.0, 3.0], &[3.0, 2.0, 1.0]), Some(-1.0));
        assert_eq!(spearman(&[1.0, 1.0], &[1.0, 2.0]), None);
        // Ranks 1, 2.5, 2.5, 4 against 1, 2, 3, 4: 4.5 / sqrt(4.5 * 5).
        let tied = spearman(&[1.0, 2.0, 2.0, 3.0], &[1.0, 2.0, 3.0, 4.0]).unwrap();
        assert!((tied - 4.5 / (4.5_f64 * 5.0).sqrt()).abs() < 1e-12);
    }

    #[test]
    fn bootstrap_covers_the_mean() {
        let items: Vec<f64> = (0..200).map(|i| f64::from(i % 10)).collect();
        let mean = |drawn: &[&f64]| drawn.iter().copied().sum::<f64>() / drawn.len() as f64;
        let [low, high] = bootstrap(&items, 500, &mut Random::new(3), mean).unwrap();
        assert!(low < 4.5 && 4.5 < high && high - low < 1.0, "{low} {high}");
        assert_eq!(bootstrap(&items[..1], 500, &mut Random::new(3), mean), None);
    }
}
