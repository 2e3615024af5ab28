//! Windows of token ids, from text, from lines of JSON or from files of ids.

mod lines;

use std::path::{Path, PathBuf};

use secateur_checkpoint::{Checkpoint, safetensors};
use secateur_core::Random;
use secateur_core::recipe::{Calibration, Sampling};
use secateur_tensor::{DType, Stored};

use crate::error::NeuralError;

/// Token ids `[windows, tokens]`, with what is worth knowing about them.
#[derive(Clone, Debug, PartialEq)]
pub struct Windows {
    /// The ids, window by window.
    pub ids: Vec<i64>,
    /// Tokens of a window.
    pub tokens: usize,
    /// Tokens of the whole text; of an ids file, all its ids.
    pub text_tokens: usize,
    /// Files the ids come from.
    pub files: Vec<PathBuf>,
    /// What the user should know, each a sentence.
    pub warnings: Vec<String>,
}

impl Windows {
    /// Number of windows.
    pub fn count(&self) -> usize {
        self.ids.len() / self.tokens
    }
}

/// Reads the windows that a recipe asks for, checked against the model.
///
/// # Errors
/// [`NeuralError`] when a file cannot be read, is no text, too short, or holds ids that the
/// model does not have.
pub fn windows(data: &Calibration, model: &Checkpoint, seed: u64) -> Result<Windows, NeuralError> {
    let is_ids = matches!(data.files.as_slice(), [file] if with_key(file, IDS).is_some());
    let windows = match data.files.as_slice() {
        [file] if is_ids => from_ids(file, data)?,
        files => from_text(files, data, model, seed)?,
    };
    let first = windows.files.first().map_or(Path::new(""), PathBuf::as_path);
    let limit = model.dims.positions;
    if windows.tokens < 2 || windows.tokens > limit {
        let why = if windows.tokens < 2 {
            "too short to predict anything".to_owned()
        } else {
            format!("longer than the {limit} positions the model was made for")
        };
        let path = first.to_owned();
        return Err(NeuralError::Window { path, seq_len: windows.tokens, why });
    }
    model.check_ids(if is_ids { first } else { model.tokenizer_path() }, &windows.ids)?;
    Ok(windows)
}

/// Ending of a file of ids, and the tensor in it that is meant.
const IDS: (&str, &str) = (".safetensors", "input_ids");
/// Ending of a file of JSON objects, one a line, and the text in them that is meant.
const LINES: (&str, &str) = (".jsonl", "text");

/// The path and the key of a name `FILE` or `FILE:KEY` with this ending; `None` for another name.
fn with_key<'a>(name: &'a str, (ending, usual): (&str, &'a str)) -> Option<(&'a str, &'a str)> {
    match name.rsplit_once(':') {
        Some((path, key)) if path.ends_with(ending) => Some((path, key)),
        _ => name.ends_with(ending).then_some((name, usual)),
    }
}

/// The path in the name of a file, with or without a key.
fn path_of(name: &str) -> PathBuf {
    let keyed = with_key(name, IDS).or_else(|| with_key(name, LINES));
    keyed.map_or(name, |(path, _)| path).into()
}

/// The files behind the names of a recipe.
pub fn paths(data: &Calibration) -> Vec<PathBuf> {
    data.files.iter().map(|name| path_of(name)).collect()
}

fn from_ids(name: &str, data: &Calibration) -> Result<Windows, NeuralError> {
    let (file, key) = with_key(name, IDS).expect("the caller has checked the name");
    let path = Path::new(file);
    let (all, tokens) = read_ids(path, key)?;
    let there = all.len() / tokens;
    let count = data.samples.min(there);
    let mut ids = all.clone();
    ids.truncate(count * tokens);
    Ok(Windows {
        ids,
        tokens,
        text_tokens: all.len(),
        files: vec![path.to_owned()],
        warnings: Vec::new(),
    })
}

/// Ids of a safetensors file, and the tokens of a row.
///
/// # Errors
/// [`NeuralError`] when the file or the tensor is not there, or of another shape or type.
pub fn read_ids(path: &Path, key: &str) -> Result<(Vec<i64>, usize), NeuralError> {
    secateur_checkpoint::sniff::sniff(path)?;
    let file = safetensors::read(path, "the file")?;
    let tensor = file.tensors.iter().find(|(name, _)| name == key).map(|(_, stored)| stored);
    let shaped = tensor.filter(|s| s.shape().len() == 2 && !s.is_empty());
    if let Some(ids) = shaped.and_then(integers) {
        Ok((ids, shaped.map_or(1, |s| s.shape()[1])))
    } else {
        let names: Vec<String> = file
            .tensors
            .iter()
            .map(|(n, s)| format!("{n} {} {:?}", s.dtype(), s.shape()))
            .collect();
        let found = format!("; it has {}", names.join(", "));
        Err(NeuralError::NoIds { path: path.to_owned(), key: key.to_owned(), found })
    }
}

fn integers(stored: &Stored) -> Option<Vec<i64>> {
    let bytes = stored.bytes();
    match stored.dtype() {
        DType::I64 => Some(bytes.as_chunks().0.iter().map(|b| i64::from_le_bytes(*b)).collect()),
        DType::I32 => {
            let values = bytes.as_chunks().0.iter().map(|b| i64::from(i32::from_le_bytes(*b)));
            Some(values.collect())
        }
        _ => None,
    }
}

fn from_text(
    files: &[String],
    data: &Calibration,
    model: &Checkpoint,
    seed: u64,
) -> Result<Windows, NeuralError> {
    let paths = paths(data);
    let mut text = String::new();
    let mut warnings = Vec::new();
    for (name, path) in files.iter().zip(&paths) {
        let content = read_text(path)?;
        let Some((_, key)) = with_key(name, LINES) else {
            text.push_str(&content);
            continue;
        };
        let (texts, warning) = lines::texts(path, &content, key)?;
        // An empty line between two texts, as between paragraphs.
        text.extend(texts.into_iter().map(|text| text + "\n\n"));
        warnings.extend(warning);
    }
    let first = paths.first().cloned().unwrap_or_default();
    if text.trim().is_empty() {
        return Err(NeuralError::NoText { path: first });
    }
    let ids = model.tokenizer()?.encode(&text)?;
    let seq_len = data.seq_len.min(model.dims.positions);
    if seq_len < data.seq_len {
        warnings.push(format!(
            "windows have {seq_len} tokens, the most the model was made for, not {}",
            data.seq_len
        ));
    }
    if ids.len() < seq_len {
        return Err(NeuralError::TooShort { path: first, tokens: ids.len(), seq_len });
    }
    let count = data.samples.min(ids.len() / seq_len).max(1);
    if count < data.samples && data.samples != usize::MAX {
        let (tokens, asked) = (ids.len(), data.samples);
        warnings.push(format!("the text has {tokens} tokens: {count} windows, not {asked}"));
    }
    let starts = starts(ids.len(), count, seq_len, data.sampling, seed);
    let cut = starts.iter().flat_map(|&s| ids[s..s + seq_len].iter().copied()).collect();
    Ok(Windows { ids: cut, tokens: seq_len, text_tokens: ids.len(), files: paths, warnings })
}

/// The lines of a text file that are not blank.
///
/// # Errors
/// [`NeuralError`] when the file cannot be read, is no text, or has no such line.
pub fn sentences(path: &Path) -> Result<Vec<String>, NeuralError> {
    let text = read_text(path)?;
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let lines: Vec<String> = lines.map(str::to_owned).collect();
    if lines.is_empty() {
        return Err(NeuralError::NoText { path: path.to_owned() });
    }
    Ok(lines)
}

fn read_text(path: &Path) -> Result<String, NeuralError> {
    let io = |source| NeuralError::DataIo { path: path.to_owned(), source };
    // A pipe cannot be read twice, and a run hashes what it has read.
    let kind = std::fs::metadata(path).map_err(io)?.file_type();
    if !kind.is_file() {
        let kind = if kind.is_dir() { "a directory" } else { "a pipe or a device" };
        let path = path.to_owned();
        return Err(secateur_checkpoint::CheckpointError::NotRegular { path, kind }.into());
    }
    let bytes = std::fs::read(path).map_err(io)?;
    let text = String::from_utf8(bytes).map_err(|error| NeuralError::NotText {
        path: path.to_owned(),
        offset: error.utf8_error().valid_up_to(),
    })?;
    Ok(match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_owned(),
        None => text,
    })
}

/// Where `count` windows of `len` begin in `tokens` tokens, of which there are enough.
fn starts(tokens: usize, count: usize, len: usize, sampling: Sampling, seed: u64) -> Vec<usize> {
    let last = tokens - len;
    match sampling {
        Sampling::Spread if count > 1 => (0..count).map(|k| k * last / (count - 1)).collect(),
        Sampling::Spread => vec![0],
        Sampling::First => (0..count).map(|k| k * len).collect(),
        Sampling::Random => {
            let mut random = Random::stream(seed, u64::MAX);
            (0..count).map(|_| random.below(last + 1)).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_begin_where_they_should() {
        assert_eq!(starts(100, 4, 10, Sampling::Spread, 0), [0, 30, 60, 90]);
        assert_eq!(starts(101, 3, 10, Sampling::Spread, 0), [0, 45, 91]);
        assert_eq!(starts(100, 1, 10, Sampling::Spread, 0), [0]);
        assert_eq!(starts(100, 3, 10, Sampling::First, 0), [0, 10, 20]);
        let random = starts(100, 50, 10, Sampling::Random, 7);
        assert!(random.iter().all(|&s| s <= 90));
        assert_eq!(random, starts(100, 50, 10, Sampling::Random, 7));
        assert_ne!(random, starts(100, 50, 10, Sampling::Random, 8));
    }

    #[test]
    fn names_with_keys() {
        let ids = |name| with_key(name, IDS);
        assert_eq!(ids("a/b.safetensors"), Some(("a/b.safetensors", "input_ids")));
        assert_eq!(ids("b.safetensors:x"), Some(("b.safetensors", "x")));
        assert_eq!(ids("text.txt"), None);
        assert_eq!(ids("odd:name.txt"), None);
        assert_eq!(with_key("c4.jsonl:raw", LINES), Some(("c4.jsonl", "raw")));
        assert_eq!(path_of("odd:name.jsonl"), Path::new("odd:name.jsonl"));
    }
}
