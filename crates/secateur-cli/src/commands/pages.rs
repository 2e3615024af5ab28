//! Files that a person asked for beside the result: places that are checked before any work, and
//! reports.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use secateur::core::record::Record;
use secateur::core::{Kind, RunError};
use secateur::store::{Disk, Existing, Files, StoreError, check_file, write_atomic};

/// An error of the store with the file that it is about.
pub(super) fn store(error: &StoreError) -> RunError {
    let mut run = RunError::new(Kind::of_exit(error.exit()), error.code(), error.to_string());
    run.place = error.place().map(Path::to_owned);
    run.hint = error.hint();
    run
}

/// A place that a file can be written to.
pub(super) struct Target {
    pub(super) path: PathBuf,
    files: Arc<dyn Files>,
}

impl Target {
    /// Checks, before any work, that the file can be written, and that it is none of the inputs.
    pub(super) fn new(path: &Path, force: bool, inputs: &[&Path]) -> Result<Self, RunError> {
        let files: Arc<dyn Files> = Arc::new(Disk);
        let existing = if force { Existing::Replace } else { Existing::Refuse };
        let inputs: Vec<PathBuf> = inputs.iter().map(|path| path.to_path_buf()).collect();
        check_file(&files, path, existing, &inputs).map_err(|error| store(&error))?;
        Ok(Self { path: path.to_path_buf(), files })
    }

    /// The same for a picture of a format.
    pub(super) fn picture(
        path: Option<&Path>,
        format: &str,
        force: bool,
        inputs: &[&Path],
    ) -> Result<Option<Self>, RunError> {
        let Some(path) = path else { return Ok(None) };
        if path.extension().is_none_or(|ending| ending != format) {
            let message = format!("the picture of --{format} ends in .{format}");
            let hint = "--svg FILE.svg draws lines, --png FILE.png pixels";
            return Err(RunError::new(Kind::Usage, "SEC-CL-006", message).at(path).hint(hint));
        }
        Self::new(path, force, inputs).map(Some)
    }

    /// The same for a page or a record, by the ending.
    pub(super) fn page(
        path: Option<&Path>,
        force: bool,
        inputs: &[&Path],
    ) -> Result<Option<Self>, RunError> {
        let Some(path) = path else { return Ok(None) };
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or("");
        if !["html", "json"].contains(&ending) {
            let message = match ending {
                "" => "the report has no ending".to_owned(),
                other => format!("the ending .{other} is none of .html, .json"),
            };
            return Err(RunError::new(Kind::Usage, "SEC-CL-006", message)
                .at(path)
                .hint("a page ends in .html, its numbers for programs in .json"));
        }
        Self::new(path, force, inputs).map(Some)
    }

    /// Checks that another output does not go to the same place.
    pub(super) fn is_apart(&self, other: Option<&Path>) -> Result<(), RunError> {
        let whole = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
        if other.is_none_or(|other| whole(other) != whole(&self.path)) {
            return Ok(());
        }
        let message = "two outputs go to the same place";
        Err(RunError::new(Kind::Usage, "SEC-CL-006", message)
            .at(&self.path)
            .hint("give each a name of its own"))
    }

    /// Writes a text.
    pub(super) fn text(&self, text: &str) -> Result<(), RunError> {
        self.bytes(text.as_bytes())
    }

    /// Writes bytes.
    pub(super) fn bytes(&self, bytes: &[u8]) -> Result<(), RunError> {
        write_atomic(&self.files, &self.path, bytes).map_err(|error| store(&error))
    }

    /// Writes a record as a page or as JSON, by the ending of the file.
    pub(super) fn record(&self, record: &Record) -> Result<(), RunError> {
        let text = if self.path.extension().is_some_and(|ending| ending == "html") {
            secateur::report::html(record)
                .map_err(|error| RunError::new(Kind::Other, "SEC-CL-001", error.to_string()))?
        } else {
            secateur::report::json(record)
        };
        self.text(&text)
    }
}
