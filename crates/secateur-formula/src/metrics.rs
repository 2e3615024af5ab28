//! How far predictions are from what was measured, and how sure that is.

use secateur_core::Random;
use secateur_core::interval::{bootstrap, student};

/// Errors of predictions over rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Metrics {
    /// Root mean square error, in units of the target; infinite where a prediction is a fault.
    pub rmse: f64,
    /// Share of the variance that is explained, at most 1; `None` when what was measured does not
    /// vary or a prediction is a fault.
    pub r2: Option<f64>,
    /// Mean absolute error, in units of the target.
    pub mae: f64,
    /// Largest absolute error, in units of the target.
    pub error_max: f64,
    /// Pearson's correlation; `None` when a side does not vary or a prediction is a fault.
    pub pearson: Option<f64>,
    /// Rows whose prediction is infinite or NaN.
    pub faults: usize,
}

/// The errors of predictions, both of shape `[rows]`.
///
/// # Panics
/// When the lengths differ or are zero.
pub fn metrics(measured: &[f64], predicted: &[f64]) -> Metrics {
    assert_eq!(measured.len(), predicted.len(), "a prediction for each row");
    assert!(!measured.is_empty(), "errors are of rows");
    let faults = predicted.iter().filter(|p| !p.is_finite()).count();
    if faults > 0 {
        let far = f64::INFINITY;
        return Metrics { rmse: far, r2: None, mae: far, error_max: far, pearson: None, faults };
    }
    let errors: Vec<f64> = measured.iter().zip(predicted).map(|(m, p)| (m - p).abs()).collect();
    let rmse = root_mean_square(&errors);
    let deviation = root_mean_square(&centered(measured));
    Metrics {
        rmse,
        r2: (deviation > 0.0).then(|| 1.0 - (rmse / deviation).powi(2)),
        mae: mean(&errors),
        error_max: errors.iter().copied().fold(0.0, f64::max),
        pearson: pearson(measured, predicted),
        faults,
    }
}

/// Root mean square error; infinite where a prediction is a fault.
///
/// # Panics
/// When the lengths differ or are zero.
pub fn rmse(measured: &[f64], predicted: &[f64]) -> f64 {
    metrics(measured, predicted).rmse
}

fn mean(values: &[f64]) -> f64 {
    values[0] + mean_beyond_first(values)
}

/// The mean less the first value: large values lose no digits so.
fn mean_beyond_first(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    values.iter().map(|value| (value - values[0]) / n).sum()
}

fn centered(values: &[f64]) -> Vec<f64> {
    let beyond = mean_beyond_first(values);
    values.iter().map(|value| (value - values[0]) - beyond).collect()
}

/// Without overflow: values are taken as shares of the largest.
fn root_mean_square(values: &[f64]) -> f64 {
    let largest = values.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
    if largest == 0.0 || !largest.is_finite() {
        return largest;
    }
    let sum: f64 = values.iter().map(|value| (value / largest).powi(2)).sum();
    largest * (sum / values.len() as f64).sqrt()
}

/// Pearson's correlation; `None` when a side does not vary.
fn pearson(a: &[f64], b: &[f64]) -> Option<f64> {
    let unit = |values: &[f64]| {
        let centered = centered(values);
        let size = root_mean_square(&centered);
        (size > 0.0).then(|| centered.iter().map(|value| value / size).collect::<Vec<_>>())
    };
    let (a, b) = (unit(a)?, unit(b)?);
    let products: f64 = a.iter().zip(&b).map(|(a, b)| a * b).sum();
    Some((products / a.len() as f64).clamp(-1.0, 1.0))
}

/// The mean of values with its spread.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// Number of values.
    pub count: usize,
    /// Their mean.
    pub mean: f64,
    /// Their standard deviation; `None` for one value.
    pub sd: Option<f64>,
    /// The 95 % interval of the mean by Student's distribution; `None` for one value. Values of
    /// folds share rows, so that it is narrower than the truth.
    pub interval: Option<[f64; 2]>,
}

/// The mean and spread of values, as of folds; `None` without values.
pub fn spread(values: &[f64]) -> Option<Spread> {
    let count = values.len();
    if count == 0 {
        return None;
    }
    if values.iter().any(|value| !value.is_finite()) {
        return Some(Spread { count, mean: f64::INFINITY, sd: None, interval: None });
    }
    let mean = mean(values);
    let freedom = count - 1;
    let sd = (freedom > 0)
        .then(|| root_mean_square(&centered(values)) * (count as f64 / freedom as f64).sqrt());
    let half = sd.map(|sd| student(freedom) * sd / (count as f64).sqrt());
    Some(Spread { count, mean, sd, interval: half.map(|half| [mean - half, mean + half]) })
}

/// Resamples behind an interval.
const RESAMPLES: usize = 1000;

/// The 95 % interval of the root mean square error by the bootstrap over rows; `None` for fewer
/// than two rows or with a fault.
pub fn rmse_interval(measured: &[f64], predicted: &[f64], seed: u64) -> Option<[f64; 2]> {
    let errors: Vec<f64> = measured.iter().zip(predicted).map(|(m, p)| m - p).collect();
    if errors.iter().any(|error| !error.is_finite()) {
        return None;
    }
    let statistic = |drawn: &[&f64]| {
        let sum: f64 = drawn.iter().map(|error| *error * *error).sum();
        (sum / drawn.len() as f64).sqrt()
    };
    bootstrap(&errors, RESAMPLES, &mut Random::new(seed), statistic)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_those_of_hand() {
        let found = metrics(&[1.0, 2.0, 3.0, 4.0], &[1.0, 2.0, 3.0, 6.0]);
        assert_eq!((found.rmse, found.mae, found.error_max), (1.0, 0.5, 2.0));
        assert!((found.r2.unwrap() - 0.2).abs() < 1e-15);
        // 8 / sqrt(5 * 14)
        assert!((found.pearson.unwrap() - 8.0 / 70.0_f64.sqrt()).abs() < 1e-15);
    }

    #[test]
    fn nothing_overflows_and_no_digit_is_lost() {
        let shifted = |shift: f64| {
            metrics(&[shift + 1.0, shift + 2.0, shift + 4.0], &[shift + 1.0, shift + 2.0, shift])
        };
        let (near, far) = (shifted(0.0), shifted((1_u64 << 50) as f64));
        assert!((near.r2.unwrap() - far.r2.unwrap()).abs() < 1e-12);
        let large = metrics(&[8e307, -8e307], &[-8e307, 8e307]);
        assert_eq!((large.rmse, large.pearson), (1.6e308, Some(-1.0)));
        assert_eq!(metrics(&[1.0, 1.0], &[1.0, 2.0]).r2, None);
        let fault = metrics(&[1.0, 2.0], &[f64::NAN, 2.0]);
        assert_eq!((fault.rmse, fault.faults), (f64::INFINITY, 1));
    }

    /// Golden: mean 3, sd sqrt(2.5), t = 2.77645 for 4 degrees of freedom.
    #[test]
    fn spreads_are_those_of_the_textbook() {
        let found = spread(&[1.0, 2.0, 3.0, 4.0, 5.0]).unwrap();
        assert_eq!((found.mean, found.sd), (3.0, Some(2.5_f64.sqrt())));
        let half = 2.77645 * 0.5_f64.sqrt();
        assert!((found.interval.unwrap()[1] - 3.0 - half).abs() < 1e-9);
        assert_eq!(spread(&[1.0]).unwrap().interval, None);
        assert_eq!(spread(&[]), None);
        let [low, high] = rmse_interval(&[0.0; 50], &[1.0; 50], 1).unwrap();
        assert_eq!((low, high), (1.0, 1.0));
    }
}
