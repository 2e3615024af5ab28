//! Scaling of rotary embeddings.

use std::f64::consts::TAU;

use secateur_tensor::Stored;
use serde_json::{Value, json};

use super::keys::Keys;
use crate::gguf::GgufError;

/// Name of the tensor that divides each rotary frequency.
pub(crate) const FACTORS: &str = "rope_freqs.weight";

/// Llama 3's scaling in all models that were published with one: only its factor differs.
pub(crate) const LOW_FREQUENCY_FACTOR: f64 = 1.0;
pub(crate) const HIGH_FREQUENCY_FACTOR: f64 = 4.0;
const ORIGINAL_POSITIONS: f64 = 8192.0;

/// Positions that a model with another number was first trained on.
pub(crate) const ORIGINAL: &str = "rope.scaling.original_context_length";

/// Relative difference of a factor that was computed in f32 by another program.
const TOLERANCE: f64 = 1e-4;

/// `rope_scaling` of `config.json`, `Null` for none.
pub(super) fn scaling(keys: &Keys<'_>, theta: f64, head_dim: usize) -> Result<Value, GgufError> {
    let stated = stated(keys)?;
    let Some(factors) = keys.gguf.tensor(FACTORS) else { return Ok(stated) };
    let expressed = expressed(keys, factors, theta, head_dim)?;
    if expressed.is_null() {
        return Ok(stated);
    }
    if !stated.is_null() {
        let what =
            format!("tensor {FACTORS:?} and key {:?} both scale", keys.full("rope.scaling.type"));
        return Err(keys.unsupported(what));
    }
    Ok(expressed)
}

/// The scaling that keys state.
fn stated(keys: &Keys<'_>) -> Result<Value, GgufError> {
    // `scale_linear` is the older key.
    let factor = match keys.positive("rope.scaling.factor")? {
        Some(factor) => Some(factor),
        None => keys.positive("rope.scale_linear")?,
    };
    let kind = keys.text("rope.scaling.type")?;
    match (kind, factor) {
        (Some("none"), _) | (None, None) | (Some("linear") | None, Some(1.0)) => Ok(Value::Null),
        (Some("linear") | None, Some(factor)) => {
            Ok(json!({ "rope_type": "linear", "type": "linear", "factor": factor }))
        }
        (Some("linear"), None) => Err(keys.missing("rope.scaling.factor")),
        (Some(other), _) => {
            let key = keys.full("rope.scaling.type");
            Err(keys.unsupported(format!("key {key:?} is {other:?}; read are none and linear")))
        }
    }
}

/// The scaling that the tensor of factors expresses: none when all are one, else Llama 3's if it
/// gives the same factors.
fn expressed(
    keys: &Keys<'_>,
    factors: &Stored,
    theta: f64,
    head_dim: usize,
) -> Result<Value, GgufError> {
    if factors.shape() != [head_dim / 2] {
        return Err(GgufError::TensorShape {
            path: keys.gguf.path.clone(),
            tensor: FACTORS.to_owned(),
            found: factors.shape().to_vec(),
            expected: vec![head_dim / 2],
            why: format!("half of the head size {head_dim}"),
        });
    }
    let Ok(found) = factors.to_f32() else {
        return Err(keys.unsupported(format!("tensor {FACTORS:?} is of type {}", factors.dtype())));
    };
    if found.iter().all(|f| *f == 1.0) {
        return Ok(Value::Null);
    }
    // The slowest frequencies are divided by the factor itself.
    let factor = f64::from(found[found.len() - 1]);
    let positions = keys.positive(ORIGINAL)?.unwrap_or(ORIGINAL_POSITIONS);
    let equal = found.iter().enumerate().all(|(i, found)| {
        let expect = llama3(factor, positions, theta.powf(2.0 * i as f64 / head_dim as f64));
        (f64::from(*found) - expect).abs() <= TOLERANCE * expect
    });
    if !equal {
        return Err(keys.unsupported(format!(
            "tensor {FACTORS:?} scales the rotary frequencies by factors up to {factor} \
             that are not Llama 3's"
        )));
    }
    let rounded = factor.round();
    let factor = if (rounded - factor).abs() <= TOLERANCE { rounded } else { factor };
    Ok(json!({
        "rope_type": "llama3",
        "type": "llama3",
        "factor": factor,
        "low_freq_factor": LOW_FREQUENCY_FACTOR,
        "high_freq_factor": HIGH_FREQUENCY_FACTOR,
        "original_max_position_embeddings": positions as u64,
    }))
}

/// What Llama 3's scaling divides a frequency by, from the inverse of the frequency.
fn llama3(factor: f64, positions: f64, inverse: f64) -> f64 {
    let turns = positions / (TAU * inverse);
    if turns > HIGH_FREQUENCY_FACTOR {
        1.0
    } else if turns < LOW_FREQUENCY_FACTOR {
        factor
    } else {
        let smooth =
            (turns - LOW_FREQUENCY_FACTOR) / (HIGH_FREQUENCY_FACTOR - LOW_FREQUENCY_FACTOR);
        1.0 / ((1.0 - smooth) / factor + smooth)
    }
}
