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
    /// Positions are divided by this.
    pub factor: f64,
}

impl Config {
    /// Reads config.json of a model's directory.
    ///
    /// # Errors
    /// [`CheckpointError::Config`] when it is missing or not a JSON map.
    pub fn read(path: &Path) -> Result<Self, CheckpointError> {
        let bad = |key: &str, reason: String| CheckpointError::Config {
            path: path.to_owned(),
            key: key.to_owned(),
            reason,
        };
        let text = crate::sniff::read_whole(path).map_err(|error| match error {
            CheckpointError::Io { source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
                bad("config.json", "the file is missing".to_owned())
            }
            other => other,
        })?;
        match serde_json::from_slice(&text) {
            Ok(Value::Object(map)) => Ok(Self { path: path.to_owned(), map }),
            Ok(_) => Err(bad("config.json", "expected a map of keys".to_owned())),
            Err(error) => Err(bad("config.json", format!("not JSON: {error}"))),
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
        let (kind, factor) = match scaling {
            None => ("default", 1.0),
            Some(part) => {
                let kind = part.get("rope_type").or_else(|| part.get("type"));
                let kind = kind.and_then(Value::as_str).unwrap_or("default");
                (kind, self.number_of("factor", part.get("factor"), 1.0)?)
            }
        };
        let factor = match kind {
            "default" => 1.0,
            "linear" => factor,
            other => {
                return Err(CheckpointError::UnsupportedOption {
                    path: self.path.clone(),
                    key: "rope_type".to_owned(),
                    value: other.to_owned(),
                });
            }
        };
        if theta <= 0.0 || factor <= 0.0 || !(0.0..=1.0).contains(&partial) {
            let reason =
                format!("theta {theta}, factor {factor}, rotated share {partial} cannot be");
            return Err(self.error("rope_parameters", reason));
        }
        Ok(Rope { theta, partial, factor })
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
    fn check(value: Value, theta: f64, partial: f64, factor: f64) {
        assert_eq!(config(value).rope(1.0).unwrap(), Rope { theta, partial, factor });
    }

    #[test]
    fn rotary_embedding_in_every_style() {
        check(json!({}), 1e4, 1.0, 1.0);
        check(json!({"rope_theta": 5e5}), 5e5, 1.0, 1.0);
        check(json!({"rotary_emb_base": 2e4, "rotary_pct": 0.25}), 2e4, 0.25, 1.0);
        check(json!({"rope_scaling": {"type": "linear", "factor": 2.0}}), 1e4, 1.0, 2.0);
        check(json!({"rope_scaling": null, "rope_theta": 1e5}), 1e5, 1.0, 1.0);
        let new = json!({"rope_theta": 1e5, "rope_type": "default", "partial_rotary_factor": 0.5});
        check(json!({"rope_parameters": new}), 1e5, 0.5, 1.0);
    }

    #[test]
    fn what_cannot_be_is_named() {
        let bad = |value: Value| config(value).rope(1.0).unwrap_err().to_string();
        assert_eq!(bad(json!({"rope_theta": "x"})), "rope_theta: expected a number, got \"x\"");
        let yarn = json!({"rope_scaling": {"rope_type": "yarn", "factor": 4.0}});
        assert_eq!(bad(yarn), "rope_type = yarn is not supported");
        let count = |value: Value| config(json!({"n": value})).count("n").unwrap_err().to_string();
        assert_eq!(count(json!(-3)), "n: expected a count from 1 to 1048576, got -3");
        assert_eq!(count(json!(null)), "n: the key is missing");
    }
}
