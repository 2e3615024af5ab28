//! Outputs that are single files, with the same safety.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::StoreError;
use crate::files::{self, Files, Handle, Open, sync_dir};
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

/// A file that is written bit by bit, in memory that does not grow with it. It gets its name when
/// it is finished; dropped before that, it leaves nothing.
///
/// ```
/// use std::io::Write;
/// use std::sync::Arc;
/// use secateur_store::{Disk, Growing};
///
/// # let there = tempfile::tempdir()?;
/// # let path = there.path().join("trace.csv");
/// let mut file = Growing::begin(&(Arc::new(Disk) as Arc<_>), &path)?;
/// file.write_all(b"time,component\n")?;
/// assert!(!path.exists());
/// file.finish()?;
/// assert_eq!(std::fs::read(&path)?, b"time,component\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Growing {
    files: Arc<dyn Files>,
    handle: Handle,
    path: PathBuf,
    beside: Beside,
    /// What is not on the disk yet.
    waiting: Vec<u8>,
    written: u64,
    finished: bool,
    _lock: Lock,
}

/// Bytes that are gathered before they are written.
const GATHERED: usize = 1 << 18;

impl Growing {
    /// Begins the file of this path.
    ///
    /// # Errors
    ///
    /// As [`write_atomic`].
    pub fn begin(files: &Arc<dyn Files>, path: &Path) -> Result<Self, StoreError> {
        let beside = Beside::of(&**files, path)?;
        let lock = Lock::take(files, &beside.lock)?;
        let temporary = &beside.temporary;
        files::remove(&**files, temporary)?;
        let handle = files
            .open(temporary, Open::New)
            .map_err(|error| StoreError::from_io(&**files, "write", temporary, 0, error))?;
        Ok(Self {
            files: Arc::clone(files),
            handle,
            path: path.to_path_buf(),
            beside,
            waiting: Vec::with_capacity(GATHERED),
            written: 0,
            finished: false,
            _lock: lock,
        })
    }

    /// Gives the file its name, once all of it is on the disk.
    ///
    /// # Errors
    ///
    /// As [`write_atomic`].
    pub fn finish(mut self) -> Result<(), StoreError> {
        let disk = &*Arc::clone(&self.files);
        let (temporary, needed) = (self.beside.temporary.clone(), self.waiting.len() as u64);
        self.write_out()
            .map_err(|error| StoreError::from_io(disk, "write", &temporary, needed, error))?;
        disk.sync(&self.handle).map_err(|error| StoreError::from_sync(disk, &temporary, error))?;
        files::rename(disk, &temporary, &self.path)?;
        self.finished = true;
        sync_dir(disk, &self.beside.parent)
    }

    fn write_out(&mut self) -> io::Result<()> {
        self.files.write_at(&self.handle, self.written, &self.waiting)?;
        self.written += self.waiting.len() as u64;
        self.waiting.clear();
        Ok(())
    }
}

impl io::Write for Growing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.waiting.len() + bytes.len() > GATHERED {
            self.write_out()?;
        }
        self.waiting.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    /// Does nothing: what counts is [`Growing::finish`].
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Growing {
    fn drop(&mut self) {
        if !self.finished {
            // Nobody is left to be told.
            _ = self.files.remove(&self.beside.temporary);
        }
    }
}

/// The paths beside a file.
#[derive(Debug)]
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
