//! Metadata of an architecture, by type.

use crate::gguf::{Gguf, GgufError, Value};

/// The keys of a file under the name of its architecture.
pub(super) struct Keys<'a> {
    pub(super) gguf: &'a Gguf,
    pub(super) architecture: &'static str,
}

impl Keys<'_> {
    /// A key with the name of the architecture before it.
    pub(super) fn full(&self, key: &str) -> String {
        format!("{}.{key}", self.architecture)
    }

    pub(super) fn value(&self, key: &str) -> Option<&Value> {
        self.gguf.value(&self.full(key))
    }

    pub(super) fn wrong(&self, key: &str, found: &Value, expected: &str) -> GgufError {
        GgufError::KeyValue {
            path: self.gguf.path.clone(),
            key: self.full(key),
            found: found.to_string(),
            expected: expected.to_owned(),
        }
    }

    pub(super) fn unsupported(&self, what: String) -> GgufError {
        let mend = "use the model's original Hugging Face directory";
        GgufError::Unsupported { path: self.gguf.path.clone(), what, mend }
    }

    /// A whole number from 1, if the key is there. An array counts as its value when all blocks
    /// have the same.
    pub(super) fn count(&self, key: &str) -> Result<Option<usize>, GgufError> {
        let Some(value) = self.value(key) else { return Ok(None) };
        let one = match value.array() {
            None => value.clone(),
            Some(array) => {
                let first = array.at(0);
                let same = (1..array.len()).all(|i| array.at(i) == first);
                match first {
                    Some(first) if same => first,
                    Some(_) => {
                        let what = format!(
                            "key {:?} differs between blocks; equal blocks are needed",
                            self.full(key)
                        );
                        return Err(self.unsupported(what));
                    }
                    None => return Err(self.wrong(key, value, "a whole number")),
                }
            }
        };
        // Half of a u32 is beyond every model and keeps products of two inside a usize.
        let number = one.int().filter(|n| (1..=i128::from(i32::MAX)).contains(n));
        match number {
            Some(n) => Ok(Some(n as usize)),
            None => Err(self.wrong(key, value, "a whole number from 1 to 2147483647")),
        }
    }

    /// A whole number from 1 that must be there.
    pub(super) fn needed(&self, key: &str) -> Result<usize, GgufError> {
        self.count(key)?.ok_or_else(|| self.missing(key))
    }

    pub(super) fn missing(&self, key: &str) -> GgufError {
        GgufError::MissingKey { path: self.gguf.path.clone(), key: self.full(key) }
    }

    /// A positive number, if the key is there.
    pub(super) fn positive(&self, key: &str) -> Result<Option<f64>, GgufError> {
        let Some(value) = self.value(key) else { return Ok(None) };
        let number = value.float().or_else(|| value.int().map(|n| n as f64));
        match number.filter(|x| x.is_finite() && *x > 0.0) {
            Some(x) => Ok(Some(x)),
            None => Err(self.wrong(key, value, "a positive number")),
        }
    }

    /// A text, if the key is there.
    pub(super) fn text(&self, key: &str) -> Result<Option<&str>, GgufError> {
        let Some(value) = self.value(key) else { return Ok(None) };
        value.text().map(Some).ok_or_else(|| self.wrong(key, value, "a string"))
    }

    /// Warns of every key of the architecture that is not among `read`.
    pub(super) fn warn_of_others(&self, read: &[&str], warnings: &mut Vec<String>) {
        let prefix = self.full("");
        for (key, value) in &self.gguf.metadata {
            if key.strip_prefix(&prefix).is_some_and(|rest| !read.contains(&rest)) {
                warnings.push(format!("key {key:?} ({value}) is not understood and left out"));
            }
        }
    }
}
