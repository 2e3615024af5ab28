//! Outputs that are single files, with the same safety.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::StoreError;
use crate::files::{self, Files, sync_dir};
use crate::inputs;
use crate::lock::Lock;
use crate::output::Existing;
use crate::place::{self, hidden};

/// Checks, before any work, that a file can be written to `path`: its directory exists and is
/// writable, it is no input, and it does not exist unless it may be replaced.
///
/// # Errors
///
/// [`StoreError::NoParent`], [`StoreError::Denied`], [`StoreError::OutputIsInput`],
/// [`StoreError::Exists`], [`StoreError::Foreign`] for what is no file, [`StoreError::Busy`].
pub fn check_file(
    files: &Arc<dyn Files>,
    path: &Path,
    existing: Existing,
    inputs: &[PathBuf],
) -> Result<(), StoreError> {
    let beside = Beside::of(&**files, path)?;
    inputs::refuse(&**files, &[path.to_path_buf(), beside.temporary.clone()], inputs)?;
    // Creating the lock file shows that the directory can be written.
    let _lock = Lock::take(files, &beside.lock)?;
    match fs::symlink_metadata(path) {
        Ok(_) if existing != Existing::Replace => {
            Err(StoreError::Exists { path: path.to_path_buf() })
        }
        Ok(data) if !data.is_file() => {
            Err(StoreError::Foreign { path: path.to_path_buf(), files: Vec::new() })
        }
        _ => Ok(()),
    }
}

/// Writes a file: after a kill at any moment it is the old one or the new one.
///
/// # Errors
///
/// As [`write_set`].
pub fn write_atomic(files: &Arc<dyn Files>, path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    write_set(files, &[(path, bytes)])
}

/// Writes files that belong together. All of them are on the disk under hidden names before the
/// first gets its own name. The last is the one that says that all are there, such as a
/// manifest: an older one is removed first, so that it never describes files of another run.
///
/// # Errors
///
/// [`StoreError::NoParent`], [`StoreError::Denied`], [`StoreError::NoSpace`],
/// [`StoreError::Busy`] or another error of the disk. Unless the files were already being
/// renamed, the old ones are untouched.
pub fn write_set(files: &Arc<dyn Files>, set: &[(&Path, &[u8])]) -> Result<(), StoreError> {
    let Some(((last, _), others)) = set.split_last() else { return Ok(()) };
    let disk = &**files;
    let beside =
        set.iter().map(|(path, _)| Beside::of(disk, path)).collect::<Result<Vec<_>, _>>()?;
    let _locks = beside
        .iter()
        .map(|beside| Lock::take(files, &beside.lock))
        .collect::<Result<Vec<_>, _>>()?;
    for ((_, bytes), paths) in set.iter().zip(&beside) {
        files::write_synced(disk, &paths.temporary, bytes).inspect_err(|_| {
            // A full disk should not stay full because of the files that did not fit.
            for paths in &beside {
                _ = disk.remove(&paths.temporary);
            }
        })?;
    }
    if !others.is_empty() {
        files::remove(disk, last)?;
        sync_dir(disk, &beside[others.len()].parent)?;
    }
    for ((path, _), paths) in set.iter().zip(&beside) {
        files::rename(disk, &paths.temporary, path)?;
        sync_dir(disk, &paths.parent)?;
    }
    Ok(())
}

/// The paths beside a file.
struct Beside {
    parent: PathBuf,
    temporary: PathBuf,
    lock: PathBuf,
}

impl Beside {
    fn of(files: &dyn Files, path: &Path) -> Result<Self, StoreError> {
        let Some(name) = path.file_name() else {
            let name = path.to_string_lossy().into_owned();
            return Err(StoreError::BadName { name, reason: "it has no name" });
        };
        let parent = path.parent().filter(|parent| *parent != Path::new(""));
        let parent = parent.unwrap_or(Path::new(".")).to_path_buf();
        place::check_parent(files, &parent)?;
        let temporary = parent.join(hidden(name, ".partial"));
        Ok(Self { temporary, lock: parent.join(hidden(name, ".lock")), parent })
    }
}
