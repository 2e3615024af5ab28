//! Triangular filters on the mel scale.

use super::{FeatureError, Settings};

/// A filter: its first point, and its weights from there on.
#[derive(Clone, Debug)]
pub(super) struct Filter {
    pub(super) first: usize,
    pub(super) weights: Vec<f64>,
}

/// The filters of the settings, whose corners lie on points of the Fourier transform.
///
/// Source: the Hidden Markov Model Toolkit (mel = 2595 log10(1 + f / 700)), as
/// `python_speech_features` 0.6 rounds it.
pub(super) fn filters(settings: &Settings) -> Result<Vec<Filter>, FeatureError> {
    let (rate, points, count) = (f64::from(settings.rate), settings.points(), settings.filters);
    let mel = |hz: f64| 2595.0 * (1.0 + hz / 700.0).log10();
    let hz = |mel: f64| 700.0 * (10.0_f64.powf(mel / 2595.0) - 1.0);
    let (low, high) = (mel(settings.low_hz), mel(settings.high()));
    let step = (high - low) / (count + 1) as f64;
    let corner = |index: usize| {
        // The end is exact, as it is there.
        let mel = if index == count + 1 { high } else { low + step * index as f64 };
        // Half the rate may come back from the scale a rounding lower or higher.
        ((points + 1) as f64 * hz(mel) / rate).floor().clamp(0.0, (points / 2) as f64 + 1.0)
            as usize
    };
    let corners: Vec<usize> = (0..count + 2).map(corner).collect();
    let mut filters = Vec::with_capacity(count);
    for index in 0..count {
        let [left, top, right] = [corners[index], corners[index + 1], corners[index + 2]];
        let rise = (left..top).map(|at| (at - left) as f64 / (top - left) as f64);
        let fall = (top..right).map(|at| (right - at) as f64 / (right - top) as f64);
        let mut weights: Vec<f64> = rise.chain(fall).collect();
        // The point of half the rate is the last.
        weights.truncate((points / 2 + 1).saturating_sub(left));
        if !weights.iter().any(|weight| *weight > 0.0) {
            return Err(FeatureError::EmptyFilter {
                filter: index + 1,
                filters: count,
                fft: points,
                rate: settings.rate,
            });
        }
        filters.push(Filter { first: left, weights });
    }
    Ok(filters)
}
