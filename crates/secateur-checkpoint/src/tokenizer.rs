//! The seam to the tokenizers library.
//!
//! The library panics on some crafted files and texts; every call goes through [`guard`], which
//! turns a panic into an error.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::error::CheckpointError;

/// A tokenizer, with the file it came from for messages.
#[derive(Debug)]
pub struct Tokenizer {
    path: PathBuf,
    inner: tokenizers::Tokenizer,
}

impl Tokenizer {
    /// The tokenizer of a tokenizer.json.
    ///
    /// # Errors
    /// [`CheckpointError::Tokenizer`] when the library refuses the file or fails on it.
    pub fn read(path: &Path) -> Result<Self, CheckpointError> {
        let text = String::from_utf8(crate::sniff::read_whole(path)?).map_err(|error| {
            let reason = format!("not UTF-8 at byte {}", error.utf8_error().valid_up_to());
            CheckpointError::Tokenizer { path: path.to_owned(), reason }
        })?;
        Self::parse(path, &text)
    }

    /// The tokenizer of the text of a tokenizer.json; `path` is for messages.
    ///
    /// # Errors
    /// [`CheckpointError::Tokenizer`] when the library refuses the text or fails on it.
    pub fn parse(path: &Path, text: &str) -> Result<Self, CheckpointError> {
        let inner = guard(path, || {
            let mut inner = tokenizers::Tokenizer::from_str(text).map_err(|e| e.to_string())?;
            // Windows are cut here, not by the file's own wishes.
            inner.with_truncation(None).map_err(|e| e.to_string())?;
            inner.with_padding(None);
            refuse_shared_ids(&inner)?;
            Ok(inner)
        })?;
        Ok(Self { path: path.to_owned(), inner })
    }

    /// Token ids of a text, without special tokens around it.
    ///
    /// # Errors
    /// [`CheckpointError::Tokenizer`] when the library fails on the text.
    pub fn encode(&self, text: &str) -> Result<Vec<i64>, CheckpointError> {
        guard(&self.path, || {
            let encoding = self.inner.encode_fast(text, false).map_err(|e| e.to_string())?;
            Ok(encoding.get_ids().iter().map(|&id| i64::from(id)).collect())
        })
    }

    /// Token ids of a text, with the special tokens that the model was trained with around it.
    ///
    /// # Errors
    /// [`CheckpointError::Tokenizer`] when the library fails on the text.
    pub fn encode_with_special(&self, text: &str) -> Result<Vec<i64>, CheckpointError> {
        guard(&self.path, || {
            let encoding = self.inner.encode_fast(text, true).map_err(|e| e.to_string())?;
            Ok(encoding.get_ids().iter().map(|&id| i64::from(id)).collect())
        })
    }

    /// Text of token ids.
    ///
    /// # Errors
    /// [`CheckpointError::Tokenizer`] when the library fails on the ids.
    pub fn decode(&self, ids: &[i64]) -> Result<String, CheckpointError> {
        let ids: Vec<u32> = ids.iter().map(|&id| id as u32).collect();
        guard(&self.path, || self.inner.decode(&ids, false).map_err(|e| e.to_string()))
    }

    /// Number of entries, added ones included.
    pub fn len(&self) -> usize {
        self.inner.get_vocab_size(true)
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Two words with one id could not be told apart again.
fn refuse_shared_ids(tokenizer: &tokenizers::Tokenizer) -> Result<(), String> {
    let mut words: HashMap<u32, String> = HashMap::new();
    for (word, id) in tokenizer.get_vocab(false) {
        if let Some(other) = words.insert(id, word.clone()) {
            let mut both = [word, other];
            both.sort();
            return Err(format!("the words {:?} and {:?} have the same id {id}", both[0], both[1]));
        }
    }
    Ok(())
}

/// Calls into the library; a panic inside becomes an error that names the file.
fn guard<T>(path: &Path, call: impl FnOnce() -> Result<T, String>) -> Result<T, CheckpointError> {
    let result = catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|panic| {
        let text = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied());
        Err(format!("the library failed: {}", text.unwrap_or("no message")))
    });
    result.map_err(|reason| CheckpointError::Tokenizer { path: path.to_owned(), reason })
}
