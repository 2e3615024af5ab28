//! The file of an experiment's journal.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use secateur::core::{Kind, RunError};
use secateur::go::experiment::Plan;
use secateur::go::experiment::journal::{Journal, head, read};

use crate::commands::go::position;

/// Where lines go; nowhere without a journal.
pub(super) struct Lines(Option<(PathBuf, File)>);

impl Lines {
    pub(super) fn none() -> Self {
        Self(None)
    }

    /// Opens the journal of a plan and reads what it has. With `force` an older one goes, if it
    /// is one.
    pub(super) fn begin(
        path: &Path,
        plan: &Plan,
        resume: bool,
        force: bool,
    ) -> Result<(Journal, Self), RunError> {
        let exists = path.exists();
        if exists && !resume && !force {
            let message = "the journal is there already";
            let hint = "--resume goes on with it, --force begins anew";
            return Err(RunError::new(Kind::Usage, "SEC-CL-009", message).at(path).hint(hint));
        }
        let bytes = if exists { position::bytes(path)? } else { Vec::new() };
        let is_journal = bytes.is_empty() || bytes.starts_with(b"{\"journal\":");
        if force && !is_journal {
            let message = "the file is no journal, so it is not replaced";
            return Err(RunError::new(Kind::Usage, "SEC-CL-009", message)
                .at(path)
                .hint("move it away, or name another file"));
        }
        let known = if resume {
            read(&bytes, plan).map_err(|error| RunError::from(error).at(path))?
        } else {
            Journal::default()
        };
        let failed = |error: std::io::Error| failed(path, &error);
        let mut options = OpenOptions::new();
        let file = options.create(true).append(true).open(path).map_err(failed)?;
        file.set_len(known.bytes as u64).map_err(failed)?;
        let mut lines = Self(Some((path.to_path_buf(), file)));
        if !known.has_head {
            lines.add(&head(plan))?;
        }
        Ok((known, lines))
    }

    /// Adds a line; it is on the disk when this returns.
    pub(super) fn add(&mut self, line: &str) -> Result<(), RunError> {
        let Some((path, file)) = &mut self.0 else { return Ok(()) };
        let written = file.write_all(line.as_bytes()).and_then(|()| file.sync_data());
        written.map_err(|error| failed(path, &error))
    }
}

fn failed(path: &Path, error: &std::io::Error) -> RunError {
    let message = format!("the journal cannot be written: {error}");
    let hint = "free space or name another place; --resume goes on with what is there";
    RunError::new(Kind::Resources, "SEC-CL-008", message).at(path).hint(hint)
}
