//! Structures from files and into files.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use secateur::core::{Kind, RunError};
use secateur::ses::error::SesError;
use secateur::ses::format::{self, Document, Format};
use secateur::ses::model::Ses;
use secateur::ses::pes::Pes;
use secateur::store::{Disk, Existing, Files, StoreError, check_file, write_atomic};

use crate::out;

/// Bytes of the largest file that is read.
const BYTES_MAX: u64 = 1 << 30;

/// An error of the library with the file that it is about.
pub(super) fn at(path: &Path) -> impl Fn(SesError) -> RunError + '_ {
    move |error| RunError::from(error).at(path)
}

fn store(error: &StoreError) -> RunError {
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

/// A place that a file can be written to.
pub(super) struct Target {
    pub(super) path: PathBuf,
    pub(super) format: Option<Format>,
    files: Arc<dyn Files>,
}

impl Target {
    /// Checks, before any work, that the file can be written. With `--force` a file that is no
    /// structure is spared all the same.
    pub(super) fn new(path: &Path, force: bool, inputs: &[&Path]) -> Result<Self, RunError> {
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or("");
        let format = Format::of_ending(ending);
        let drawn = ["svg", "html"].contains(&ending);
        if format.is_none() && !drawn {
            let message = format!("the ending .{ending} names no format");
            let hint = "give a file that ends in .pes, .ipes, .fpes, .json, .jsonsestree, .ses, .xml, .dot or .mmd";
            return Err(RunError::new(Kind::Usage, "SEC-SE-020", message).at(path).hint(hint));
        }
        let files: Arc<dyn Files> = Arc::new(Disk);
        let existing = if force { Existing::Replace } else { Existing::Refuse };
        let inputs: Vec<PathBuf> = inputs.iter().map(|path| path.to_path_buf()).collect();
        check_file(&files, path, existing, &inputs).map_err(|error| store(&error))?;
        let readable = !drawn && !matches!(format, Some(Format::Dot | Format::Mermaid));
        if force && readable && path.exists() && read(path).is_err() {
            let error = StoreError::Foreign { path: path.to_path_buf(), files: Vec::new() };
            return Err(store(&error));
        }
        Ok(Self { path: path.to_path_buf(), format, files })
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

    /// Writes a result; in our own format without another copy of it.
    pub(super) fn result(&self, pes: &Pes) -> Result<(), RunError> {
        match self.format {
            Some(Format::Json) | None => self.text(&format::json::write_pes(pes)),
            Some(_) => self.document(&Document::Pes(Box::new(pes.clone()))),
        }
    }

    /// Writes a document in the format of the file's ending, and warns of what is lost.
    pub(super) fn document(&self, document: &Document) -> Result<(), RunError> {
        let format = self.format.unwrap_or(Format::Json);
        let (text, lost) = format::write(document, format).map_err(at(&self.path))?;
        if !lost.is_empty() {
            let lost = lost.join(", ");
            out::note(&format!("warning: the format has no place for {lost}; they are left out"));
        }
        self.text(&text)
    }
}
