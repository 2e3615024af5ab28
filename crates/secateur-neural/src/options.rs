//! Options of a method, parsed strictly.

use std::collections::BTreeMap;

use crate::error::NeuralError;

/// Refuses options that a method does not know.
///
/// # Errors
/// [`NeuralError::UnknownOption`] with the first unknown name.
pub fn refuse_unknown(
    options: &BTreeMap<String, String>,
    known: &[&str],
) -> Result<(), NeuralError> {
    match options.keys().find(|name| !known.contains(&name.as_str())) {
        Some(name) => Err(NeuralError::UnknownOption {
            name: name.clone(),
            known: if known.is_empty() { "none".to_owned() } else { known.join(", ") },
        }),
        None => Ok(()),
    }
}

/// The number of an option, or a default when it is not given.
///
/// # Errors
/// [`NeuralError::OptionValue`] when the value is no number, or negative.
pub fn number(
    options: &BTreeMap<String, String>,
    name: &str,
    default: f64,
) -> Result<f64, NeuralError> {
    let Some(text) = options.get(name) else { return Ok(default) };
    match text.parse() {
        Ok(number) if number >= 0.0 && f64::is_finite(number) => Ok(number),
        _ => Err(NeuralError::OptionValue { name: name.to_owned(), value: text.clone() }),
    }
}

/// Whether a name matches a pattern in which `*` stands for any characters.
pub fn matches(pattern: &str, name: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut tail) = name.strip_prefix(head) else { return false };
    loop {
        if matches(rest, tail) {
            return true;
        }
        let mut chars = tail.chars();
        if chars.next().is_none() {
            return false;
        }
        tail = chars.as_str();
    }
}

/// Layers to prune and to skip, by patterns.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// Patterns to prune; empty means all.
    pub layers: Vec<String>,
    /// Patterns to leave alone.
    pub skip: Vec<String>,
}

impl Choice {
    /// Why a layer is left alone; `None` when it is pruned.
    pub fn skipped(&self, name: &str) -> Option<String> {
        if let Some(pattern) = self.skip.iter().find(|p| matches(p, name)) {
            return Some(format!("--skip {pattern}"));
        }
        let chosen = self.layers.is_empty() || self.layers.iter().any(|p| matches(p, name));
        (!chosen).then(|| "not in --layers".to_owned())
    }

    /// Checks that every pattern matches a layer.
    ///
    /// # Errors
    /// [`NeuralError::NoLayer`] with the nearest name.
    pub fn check<'a>(
        &self,
        names: &(impl Iterator<Item = &'a str> + Clone),
    ) -> Result<(), NeuralError> {
        for pattern in self.layers.iter().chain(&self.skip) {
            if !names.clone().any(|name| matches(pattern, name)) {
                let word = pattern.trim_matches(['*', '.']);
                let near = |name: &&str| {
                    let parts =
                        name.split('.').map(|p| secateur_checkpoint::tensors::edits(word, p));
                    parts.chain([secateur_checkpoint::tensors::edits(word, name)]).min()
                };
                let nearest = names.clone().min_by_key(near).unwrap_or("").to_owned();
                return Err(NeuralError::NoLayer { pattern: pattern.clone(), nearest });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        let name = "model.layers.10.mlp.up_proj";
        for pattern in ["*", "*.mlp.*", "model.layers.10.*", "*up_proj", name, "*.1*.mlp.*"] {
            assert!(matches(pattern, name), "{pattern}");
        }
        for pattern in ["", "*.mlp", "mlp", "*.attn.*", "*.0.*"] {
            assert!(!matches(pattern, name), "{pattern}");
        }
    }

    #[test]
    fn a_pattern_without_a_layer_gets_the_nearest_name() {
        let choice = Choice { layers: vec!["*.mpl.*".into()], skip: vec![] };
        let names = ["a.0.attn.q", "a.0.mlp.up"];
        let error = choice.check(&names.into_iter()).unwrap_err().to_string();
        assert!(error.contains("a.0.mlp.up"), "{error}");
    }
}
