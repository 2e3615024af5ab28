//! Structures from files and into files.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use secateur::core::record::Input;
use secateur::core::{Kind, RunError};
use secateur::ses::error::SesError;
use secateur::ses::format::{self, Document, Format};
use secateur::ses::model::Ses;
use secateur::ses::pes::Pes;
use secateur::ses::prune::Decision;
use secateur::store::{
    Disk, Existing, FileHash, Files, Growing, MANIFEST, StoreError, check_file, hash_bytes,
    hash_file, write_atomic, write_set,
};
use serde_json::{Value, json};

use crate::out;

/// Who writes the manifests.
const PROGRAM: &str = "secateur";
/// Bytes of the largest file that is read.
const BYTES_MAX: u64 = 1 << 30;

/// An error of the library with the file that it is about.
pub(super) fn at(path: &Path) -> impl Fn(SesError) -> RunError + '_ {
    move |error| RunError::from(error).at(path)
}

pub(super) fn store(error: &StoreError) -> RunError {
    let kind = Kind::of_exit(error.exit());
    let mut run = RunError::new(kind, error.code(), error.to_string());
    run.place = error.place().map(Path::to_owned);
    run.hint = error.hint();
    run
}

/// Reads a structure or a result.
pub(super) fn read(path: &Path) -> Result<Document, RunError> {
    let unreadable = |error: std::io::Error| {
        let message = format!("the file cannot be read: {error}");
        RunError::new(Kind::Input, "SEC-SE-019", message).at(path)
    };
    let data = std::fs::metadata(path).map_err(unreadable)?;
    if data.len() > BYTES_MAX {
        let error = SesError::TooLarge { what: "bytes of the file", most: BYTES_MAX };
        return Err(at(path)(error));
    }
    if !data.is_file() {
        let message = "a structure is a file, and this is none";
        return Err(RunError::new(Kind::Input, "SEC-SE-019", message).at(path));
    }
    let bytes = std::fs::read(path).map_err(unreadable)?;
    format::read(&bytes).map_err(at(path))
}

/// Reads what must be a structure.
pub(super) fn structure(path: &Path) -> Result<Ses, RunError> {
    match read(path)? {
        Document::Ses(ses) => Ok(*ses),
        Document::Pes(pes) => {
            let what = format!("this is a {}, and the command takes a structure", pes.stage.word());
            Err(at(path)(SesError::Kind { what }))
        }
    }
}

/// Reads what must be a result.
pub(super) fn result(path: &Path) -> Result<Pes, RunError> {
    match read(path)? {
        Document::Pes(pes) => Ok(*pes),
        Document::Ses(_) => {
            let what = "this is a structure, and the command takes a pruned one".to_owned();
            Err(at(path)(SesError::Kind { what }))
        }
    }
}

/// A file that was read, with its hash; taken before anything is written, for the output may take
/// its place.
pub(super) fn input(path: &Path) -> Result<Input, RunError> {
    let FileHash { bytes, blake3, .. } = hash_file(path).map_err(|error| store(&error))?;
    let name = path.display().to_string();
    Ok(Input { role: "structure".to_owned(), name, bytes, blake3 })
}

/// How a result came about.
pub(super) struct Origin<'a> {
    /// The command.
    pub(super) command: &'a str,
    /// What was read.
    pub(super) input: &'a Input,
    /// What was asked.
    pub(super) asked: Value,
    /// The decisions, and how many there were.
    pub(super) decisions: (&'a [Decision], u64),
}

/// The manifest of a result: `fms.pes.secateur.json` beside `fms.pes`. Results of one structure
/// differ in nothing but their ending, so the ending stays.
pub(crate) fn manifest_of(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(MANIFEST);
    path.with_file_name(name)
}

/// The manifest beside a result, if there is one.
pub(crate) fn manifest(path: &Path) -> Result<Option<Value>, RunError> {
    let place = manifest_of(path);
    let bytes = match std::fs::read(&place) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            let message = format!("the manifest cannot be read: {error}");
            return Err(RunError::new(Kind::Input, "SEC-SE-019", message).at(place));
        }
    };
    let corrupt = |error: serde_json::Error| {
        let reason = format!("it is no JSON: {error}");
        store(&StoreError::ManifestCorrupt { path: place, reason })
    };
    serde_json::from_slice(&bytes).map(Some).map_err(corrupt)
}

/// Whether a file that is there was written by us: its manifest lists it, or it is a result in
/// our own format.
fn is_ours(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let listed = manifest(path).ok().flatten().is_some_and(|manifest| {
        let files = manifest["files"].as_array();
        files.is_some_and(|files| files.iter().any(|file| file["name"] == *name))
    });
    let own = |bytes: Vec<u8>| {
        let text = String::from_utf8(bytes).ok()?;
        format::json::read(&text).ok()
    };
    let result = || std::fs::read(path).ok().and_then(own);
    listed || matches!(result(), Some(Document::Pes(_)))
}

/// A place that a file can be written to.
pub(super) struct Target {
    pub(super) path: PathBuf,
    pub(super) format: Option<Format>,
    files: Arc<dyn Files>,
}

impl Target {
    /// Checks, before any work, that a result can be written. With `--force` a file that is none
    /// of ours is spared all the same.
    pub(super) fn result(path: &Path, force: bool, inputs: &[&Path]) -> Result<Self, RunError> {
        let format = Format::of_ending(ending(path)).ok_or_else(|| no_format(path))?;
        let target = Self::report(path, force, inputs)?;
        let beside = manifest_of(path);
        let foreign = |path: &Path| {
            store(&StoreError::Foreign { path: path.to_path_buf(), files: Vec::new() })
        };
        if path.exists() && !is_ours(path) {
            return Err(foreign(path));
        }
        // A manifest alone, whose result is gone, describes nothing.
        let manifest = manifest(path);
        if beside.exists() && !matches!(manifest, Ok(Some(found)) if found["program"] == PROGRAM) {
            return Err(foreign(&beside));
        }
        Ok(Self { format: Some(format), ..target })
    }

    /// The same for a drawing, or a document in another format.
    pub(super) fn drawing(path: &Path, force: bool, inputs: &[&Path]) -> Result<Self, RunError> {
        let format = Format::of_ending(ending(path));
        let drawn = ["svg", "html"].contains(&ending(path));
        if format.is_none() && !drawn {
            return Err(no_format(path));
        }
        let target = Self::report(path, force, inputs)?;
        let readable = !drawn && !matches!(format, Some(Format::Dot | Format::Mermaid));
        if force && readable && path.exists() && read(path).is_err() {
            let error = StoreError::Foreign { path: path.to_path_buf(), files: Vec::new() };
            return Err(store(&error));
        }
        Ok(Self { format, ..target })
    }

    /// The same for a report, which may replace a report.
    pub(super) fn report(path: &Path, force: bool, inputs: &[&Path]) -> Result<Self, RunError> {
        let files: Arc<dyn Files> = Arc::new(Disk);
        let existing = if force { Existing::Replace } else { Existing::Refuse };
        let inputs: Vec<PathBuf> = inputs.iter().map(|path| path.to_path_buf()).collect();
        check_file(&files, path, existing, &inputs).map_err(|error| store(&error))?;
        Ok(Self { path: path.to_path_buf(), format: None, files })
    }

    /// Writes a text.
    pub(super) fn text(&self, text: &str) -> Result<(), RunError> {
        write_atomic(&self.files, &self.path, text.as_bytes()).map_err(|error| store(&error))
    }

    /// Begins to write what is not all there yet.
    pub(super) fn grow(&self) -> Result<Growing, RunError> {
        Growing::begin(&self.files, &self.path).map_err(|error| store(&error))
    }

    /// Writes a result with its manifest beside it: both are there, or none.
    pub(super) fn pes(&self, pes: &Pes, origin: &Origin<'_>) -> Result<(), RunError> {
        let text = match self.format {
            // In our own format without another copy of it.
            Some(Format::Json) | None => format::json::write_pes(pes),
            Some(_) => self.rendered(&Document::Pes(Box::new(pes.clone())))?,
        };
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        let manifest = json!({
            "format": 1,
            "program": PROGRAM,
            "version": env!("CARGO_PKG_VERSION"),
            "family": "ses",
            "command": origin.command,
            "asked": origin.asked,
            "inputs": [origin.input],
            "result": {
                "kind": pes.stage.word(),
                "structure": pes.name,
                "entities": pes.entities(),
            },
            "decisions": origin.decisions.1,
            "log": log(origin.decisions.0),
            "files": [hash_bytes(&name, text.as_bytes())],
        });
        let manifest = format!("{manifest:#}\n");
        let beside = manifest_of(&self.path);
        let set = [(self.path.as_path(), text.as_bytes()), (&beside, manifest.as_bytes())];
        write_set(&self.files, &set).map_err(|error| store(&error))
    }

    /// Writes a document in the format of the file's ending, and warns of what is lost.
    pub(super) fn document(&self, document: &Document) -> Result<(), RunError> {
        let text = self.rendered(document)?;
        self.text(&text)
    }

    fn rendered(&self, document: &Document) -> Result<String, RunError> {
        let format = self.format.unwrap_or(Format::Json);
        let (text, lost) = format::write(document, format).map_err(at(&self.path))?;
        if !lost.is_empty() {
            let lost = lost.join(", ");
            out::note(&format!("warning: the format has no place for {lost}; they are left out"));
        }
        Ok(text)
    }
}

/// Decisions for programs.
pub(super) fn log(decisions: &[Decision]) -> Vec<Value> {
    let row = |d: &Decision| json!({ "path": d.path, "point": d.point, "chosen": d.chosen, "reason": d.reason.word() });
    decisions.iter().map(row).collect()
}

fn ending(path: &Path) -> &str {
    path.extension().and_then(|ending| ending.to_str()).unwrap_or("")
}

fn no_format(path: &Path) -> RunError {
    let message = format!("the ending .{} names no format", ending(path));
    let hint = "give a file that ends in .pes, .ipes, .fpes, .json, .jsonsestree, .ses, .xml, .dot or .mmd";
    RunError::new(Kind::Usage, "SEC-SE-020", message).at(path).hint(hint)
}
