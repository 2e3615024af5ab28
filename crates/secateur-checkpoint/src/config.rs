//! config.json, in the old and the new style.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::error::CheckpointError;

/// A configuration: a map, with the file it came from for messages.
#[derive(Clone, Debug)]
pub struct Config {
    /// The file.
    pub path: PathBuf,
    /// The keys, in the file's order.
    pub map: Map<String, Value>,
}

/// Rotary embedding, however the file says it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rope {
    /// Base of the angles.
    pub theta: f64,
    /// Share of a head that is rotated.
    pub partial: f64,
    /// How frequencies are changed for longer sequences.
    pub scaling: Scaling,
}

/// How the frequencies of a rotary embedding are changed for longer sequences.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scaling {
    /// Not at all.
    None,
    /// All are divided by this.
    Linear(f64),
    /// Slow ones are divided, fast ones stay, and those between go from one to the other.
    Llama3(Llama3),
}

/// The scaling of Llama 3.1 and later.
///
/// Source: Meta, 2024, "The Llama 3 herd of models", and its reference code.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Llama3 {
    /// What slow frequencies are divided by.
    pub factor: f64,
    /// Turns over the original positions up to which a frequency is slow.
    pub low: f64,
    /// Turns over the original positions from which a frequency is fast.
    pub high: f64,
    /// Positions that the model was first trained on.
    pub positions: f64,
}

impl Scaling {
    /// The scaled frequency, in radians a position.
    pub fn apply(self, frequency: f64) -> f64 {
        match self {
            Self::None => frequency,
            Self::Linear(factor) => frequency / factor,
            Self::Llama3(l) => {
                let turns = l.positions * frequency / std::f64::consts::TAU;
                if turns < l.low {
                    frequency / l.factor
                } else if turns > l.high {
                    frequency
                } else {
                    let smooth = (turns - l.low) / (l.high - l.low);
                    (1.0 - smooth) * frequency / l.factor + smooth * frequency
                }
            }
        }
    }
}

/// An error on the whole file.
fn whole(path: &Path, reason: String) -> CheckpointError {
    CheckpointError::Config { path: path.to_owned(), key: "config.json".to_owned(), reason }
}

impl Config {
    /// Reads config.json of a model's directory.
    ///
    /// # Errors
    /// [`CheckpointError::Config`] when it is missing or not a JSON map.
    pub fn read(path: &Path) -> Result<Self, CheckpointError> {
        let text = crate::sniff::read_whole(path).map_err(|error| match error {
            CheckpointError::Io { source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
                whole(path, "the file is missing".to_owned())
            }
            other => other,
        })?;
        Self::parse(path, &text)
    }

    /// The configuration of the text of a config.json; `path` is for messages.
    ///
    /// # Errors
    /// [`CheckpointError::Config`] when it is not a JSON map.
    pub fn parse(path: &Path, text: &[u8]) -> Result<Self, CheckpointError> {
        match serde_json::from_slice(text) {
            Ok(Value::Object(map)) => Ok(Self { path: path.to_owned(), map }),
            Ok(_) => Err(whole(path, "expected a map of keys".to_owned())),
            Err(error) => Err(whole(path, format!("not JSON: {error}"))),
        }
    }

    /// An error on a key.
    pub fn error(&self, key: &str, reason: impl Into<String>) -> CheckpointError {
        CheckpointError::Config {
            path: self.path.clone(),
            key: key.to_owned(),
            reason: reason.into(),
        }
    }

    fn value(&self, key: &str) -> Option<&Value> {
        self.map.get(key).filter(|value| !value.is_null())
    }

    /// A count above zero.
    ///
    /// # Errors
    /// [`CheckpointError::Config`] when the key is missing or no such count.
    pub fn count(&self, key: &str) -> Result<usize, CheckpointError> {
        match self.count_or_absent(key)? {
            Some(count) => Ok(count),
            None => Err(self.error(key, "the key is missing")),
        }
    }

    /// A count above zero, when the key is there.
    ///
    /// # Errors
    /// [`CheckpointError::Config`] when the value is no such count.
    pub fn count_or_absent(&self, key: &str) -> Result<Option<usize>, CheckpointError> {
        let Some(value) = self.value(key) else { return Ok(None) };
        // More than any model has, and far from overflow in products of three.
        let count = value.as_u64().filter(|n| (1..=1 << 20).contains(n));
        match count {
            Some(count) => Ok(Some(count as usize)),
            None => {
                Err(self.error(key, format!("expected a count from 1 to 1048576, got {value}")))
            }
        }
    }

    /// A number, or a default when the key is missing.
    ///
    /// # Errors
    /// [`CheckpointError::Config`] when the value is no finite number.
    pub fn number_or(&self, key: &str, default: f64) -> Result<f64, CheckpointError> {
        self.number_of(key, self.value(key), default)
    }

    fn number_of(
        &self,
        key: &str,
        value: Option<&Value>,
        default: f64,
    ) -> Result<f64, CheckpointError> {
        let Some(value) = value.filter(|v| !v.is_null()) else { return Ok(default) };
        match value.as_f64().filter(|n| n.is_finite()) {
            Some(number) => Ok(number),
            None => Err(self.error(key, format!("expected a number, got {value}"))),
        }
    }

    /// A yes or no, or a default when the key is missing.
    ///
    /// # Errors
    /// [`CheckpointError::Config`] when the value is something else.
    pub fn flag_or(&self, key: &str, default: bool) -> Result<bool, CheckpointError> {
        match self.value(key) {
            None => Ok(default),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(value) => Err(self.error(key, format!("expected true or false, got {value}"))),
        }
    }

    /// A word, or a default when the key is missing.
    ///
    /// # Errors
    /// [`CheckpointError::Config`] when the value is something else.
    pub fn word_or<'a>(&'a self, key: &str, default: &'a str) -> Result<&'a str, CheckpointError> {
        match self.value(key) {
            None => Ok(default),
            Some(Value::String(word)) => Ok(word),
            Some(value) => Err(self.error(key, format!("expected a word, got {value}"))),
        }
    }

    /// Rotary embedding: `rope_parameters` (new style), else `rope_theta` or `rotary_emb_base`,
    /// `rotary_pct` or `partial_rotary_factor`, and `rope_scaling` (old style).
    ///
    /// # Errors
    /// [`CheckpointError`] when a value cannot be, or the scaling is not supported.
    pub fn rope(&self, default_partial: f64) -> Result<Rope, CheckpointError> {
        let new = self.part("rope_parameters")?;
        let scaling = match new {
            Some(new) => Some(new),
            None => self.part("rope_scaling")?,
        };
        let at = |keys: [&str; 2], default| {
            let inside = new.and_then(|part| keys.iter().find_map(|key| part.get(*key)));
            let value = inside.or_else(|| keys.iter().find_map(|key| self.value(key)));
            self.number_of(keys[0], value, default)
        };
        let theta = at(["rope_theta", "rotary_emb_base"], 10_000.0)?;
        let partial = at(["partial_rotary_factor", "rotary_pct"], default_partial)?;
        if theta <= 0.0 || !(0.0..=1.0).contains(&partial) {
            let reason = format!("theta {theta}, rotated share {partial} cannot be");
            return Err(self.error("rope_parameters", reason));
        }
        let scaling = scaling.map_or(Ok(Scaling::None), |part| self.scaling(part))?;
        Ok(Rope { theta, partial, scaling })
    }

    fn scaling(&self, part: &Map<String, Value>) -> Result<Scaling, CheckpointError> {
        let number = |key: &str| match part.get(key) {
            None => Err(self.error(key, "the key is missing")),
            value => match self.number_of(key, value, 0.0)? {
                n if n > 0.0 => Ok(n),
                n => Err(self.error(key, format!("expected a number above zero, got {n}"))),
            },
        };
        let kind = part.get("rope_type").or_else(|| part.get("type"));
        match kind.and_then(Value::as_str).unwrap_or("default") {
            "default" => Ok(Scaling::None),
            "linear" => Ok(Scaling::Linear(number("factor")?)),
            "llama3" => {
                let (low, high) = (number("low_freq_factor")?, number("high_freq_factor")?);
                if low >= high {
                    let reason = format!("{high} must be above low_freq_factor, {low}");
                    return Err(self.error("high_freq_factor", reason));
                }
                let positions = number("original_max_position_embeddings")?;
                Ok(Scaling::Llama3(Llama3 { factor: number("factor")?, low, high, positions }))
            }
            other => Err(self.unsupported("rope_type", other)),
        }
    }

    /// An error on a value that is understood but not supported.
    pub fn unsupported(&self, key: &str, value: &str) -> CheckpointError {
        CheckpointError::UnsupportedOption {
            path: self.path.clone(),
            key: key.to_owned(),
            value: value.to_owned(),
        }
    }

    /// Token ids: one, a list of them, or none when the key is missing.
    ///
    /// # Errors
    /// [`CheckpointError::Config`] when the value is something else.
    pub fn ids(&self, key: &str) -> Result<Vec<i64>, CheckpointError> {
        let ids = match self.value(key) {
            None => Some(Vec::new()),
            Some(Value::Array(list)) => list.iter().map(Value::as_i64).collect(),
            Some(value) => value.as_i64().map(|id| vec![id]),
        };
        ids.ok_or_else(|| self.error(key, "expected a token id or a list of them"))
    }

    /// A list of words, when the key is there.
    ///
    /// # Errors
    /// [`CheckpointError::Config`] when the value is something else.
    pub fn words(&self, key: &str) -> Result<Option<Vec<&str>>, CheckpointError> {
        let Some(value) = self.value(key) else { return Ok(None) };
        let words = value.as_array().and_then(|list| list.iter().map(Value::as_str).collect());
        match words {
            Some(words) => Ok(Some(words)),
            None => Err(self.error(key, format!("expected a list of words, got {value}"))),
        }
    }

    fn part(&self, key: &str) -> Result<Option<&Map<String, Value>>, CheckpointError> {
        match self.value(key) {
            None => Ok(None),
            Some(Value::Object(map)) => Ok(Some(map)),
            Some(value) => Err(self.error(key, format!("expected a map, got {value}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn config(value: Value) -> Config {
        let Value::Object(map) = value else { panic!("a map") };
        Config { path: "config.json".into(), map }
    }

    #[track_caller]
    fn check(value: Value, theta: f64, partial: f64, scaling: Scaling) {
        assert_eq!(config(value).rope(1.0).unwrap(), Rope { theta, partial, scaling });
    }

    #[test]
    fn rotary_embedding_in_every_style() {
        check(json!({}), 1e4, 1.0, Scaling::None);
        check(json!({"rope_theta": 5e5}), 5e5, 1.0, Scaling::None);
        check(json!({"rotary_emb_base": 2e4, "rotary_pct": 0.25}), 2e4, 0.25, Scaling::None);
        let linear = json!({"rope_scaling": {"type": "linear", "factor": 2.0}});
        check(linear, 1e4, 1.0, Scaling::Linear(2.0));
        check(json!({"rope_scaling": null, "rope_theta": 1e5}), 1e5, 1.0, Scaling::None);
        let new = json!({"rope_theta": 1e5, "rope_type": "default", "partial_rotary_factor": 0.5});
        check(json!({"rope_parameters": new}), 1e5, 0.5, Scaling::None);
        let llama3 = json!({
            "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0,
            "high_freq_factor": 4.0, "original_max_position_embeddings": 8192
        });
        let expect = Llama3 { factor: 8.0, low: 1.0, high: 4.0, positions: 8192.0 };
        check(json!({"rope_scaling": llama3}), 1e4, 1.0, Scaling::Llama3(expect));
    }

    #[test]
    fn llama3_leaves_fast_frequencies_and_divides_slow_ones() {
        let tau = std::f64::consts::TAU;
        let scaling = Scaling::Llama3(Llama3 { factor: 8.0, low: 1.0, high: 4.0, positions: 1e4 });
        assert_eq!(scaling.apply(tau / 1e3), tau / 1e3);
        assert_eq!(scaling.apply(tau / 2e4), tau / 16e4);
        // Halfway between 1 and 4 turns: the mean of both.
        let middle = 2.5 * tau / 1e4;
        assert!((scaling.apply(middle) / middle - 0.5 * (1.0 + 1.0 / 8.0)).abs() < 1e-12);
    }

    #[test]
    fn what_cannot_be_is_named() {
        let bad = |value: Value| config(value).rope(1.0).unwrap_err().to_string();
        assert_eq!(bad(json!({"rope_theta": "x"})), "rope_theta: expected a number, got \"x\"");
        let yarn = json!({"rope_scaling": {"rope_type": "yarn", "factor": 4.0}});
        assert_eq!(bad(yarn), "rope_type = yarn is not supported");
        let half = json!({"rope_scaling": {"rope_type": "llama3", "factor": 8.0}});
        assert_eq!(bad(half), "low_freq_factor: the key is missing");
        let count = |value: Value| config(json!({"n": value})).count("n").unwrap_err().to_string();
        assert_eq!(count(json!(-3)), "n: expected a count from 1 to 1048576, got -3");
        assert_eq!(count(json!(null)), "n: the key is missing");
    }
}
