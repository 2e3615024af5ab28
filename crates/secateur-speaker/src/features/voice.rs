//! Which frames are voiced.

use super::{FeatureError, Voice};

/// Decibels of an energy.
pub(super) fn decibels(energy: f64) -> f64 {
    10.0 * energy.log10()
}

/// The voiced frames of a passage.
///
/// # Errors
/// When there is none.
pub(super) fn voiced(energies: &[f64], voice: &Voice) -> Result<Vec<u32>, FeatureError> {
    let loudest = energies.iter().copied().fold(0.0, f64::max);
    if loudest < voice.energy_min {
        let what = if loudest <= f64::EPSILON {
            "every sample is zero".to_owned()
        } else {
            format!("the loudest frame has an energy of {loudest:.3}, below {}", voice.energy_min)
        };
        return Err(FeatureError::NoVoice { what });
    }
    let floor = decibels(loudest) - voice.range_db;
    let is_voiced = |energy: f64| energy >= voice.energy_min && decibels(energy) >= floor;
    Ok((0_u32..)
        .zip(energies)
        .filter(|(_, energy)| is_voiced(**energy))
        .map(|(at, _)| at)
        .collect())
}
