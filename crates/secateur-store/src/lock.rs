//! One run at a time.
//!
//! The lock is the kernel's and ends with the process, so a lock file that a killed run left
//! locks nothing. The file is removed by its holder; whoever opened it before and gets the lock
//! afterwards sees that the path no longer leads to the file it locked, and opens it anew.

use std::fs::{self, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::StoreError;
use crate::files::{Files, Handle, Open};

/// A lock that is held until this is dropped.
#[derive(Debug)]
pub(crate) struct Lock {
    files: Arc<dyn Files>,
    path: PathBuf,
    // Closing the file, after it was removed, releases the lock.
    handle: Handle,
}

impl Lock {
    /// Takes the lock, or says who has it.
    pub(crate) fn take(files: &Arc<dyn Files>, path: &Path) -> Result<Self, StoreError> {
        loop {
            let handle = files
                .open(path, Open::EditOrNew)
                .map_err(|error| StoreError::from_io(&**files, "create", path, 0, error))?;
            if let Some(lock) = Self::hold(files, handle)? {
                return Ok(lock);
            }
        }
    }

    /// Locks an open file, or nothing if its holder removed it in the meantime.
    fn hold(files: &Arc<dyn Files>, handle: Handle) -> Result<Option<Self>, StoreError> {
        let path = handle.path.clone();
        let fail = |error| StoreError::from_io(&**files, "lock", &path, 0, error);
        match handle.file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(busy(&path)),
            Err(TryLockError::Error(error)) => return Err(fail(error)),
        }
        if !leads_to(&path, &handle) {
            return Ok(None);
        }
        let lock = Lock { files: Arc::clone(files), path: path.clone(), handle };
        lock.sign().map_err(fail)?;
        Ok(Some(lock))
    }

    /// Writes who holds the lock, for the message of a second run.
    fn sign(&self) -> std::io::Result<()> {
        let text = format!("{} {}\n", std::process::id(), host());
        self.files.set_len(&self.handle, 0)?;
        self.files.write_at(&self.handle, 0, text.as_bytes())
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // What cannot be removed is only a file of a few bytes that locks nothing.
        if cfg!(unix) {
            _ = self.files.remove(&self.path);
        }
    }
}

#[cfg(unix)]
fn leads_to(path: &Path, handle: &Handle) -> bool {
    use std::os::unix::fs::MetadataExt;
    let id = |data: fs::Metadata| (data.dev(), data.ino());
    match (fs::symlink_metadata(path), handle.file.metadata()) {
        (Ok(there), Ok(here)) => id(there) == id(here),
        _ => false,
    }
}

// Where an open file cannot be removed, the lock file stays, and with it its identity.
#[cfg(not(unix))]
fn leads_to(_: &Path, _: &Handle) -> bool {
    true
}

fn busy(path: &Path) -> StoreError {
    let text = fs::read_to_string(path).unwrap_or_default();
    let mut words = text.split_whitespace();
    let pid = words.next().and_then(|word| word.parse().ok());
    let host = words.next().map(str::to_owned);
    StoreError::Busy { lock: path.to_path_buf(), pid, host }
}

#[cfg(unix)]
fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

#[cfg(not(unix))]
fn host() -> String {
    std::env::var("COMPUTERNAME").unwrap_or_default()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::files::Disk;

    /// Two runs open the lock file; the first takes the lock, ends and removes the file. What
    /// the second then locks has no name, and a third run could lock a new file beside it.
    #[test]
    fn a_removed_lock_file_is_no_lock() {
        let there = tempfile::tempdir().unwrap();
        let path = there.path().join(".out.lock");
        let files: Arc<dyn Files> = Arc::new(Disk);
        let late = files.open(&path, Open::EditOrNew).unwrap();
        drop(Lock::take(&files, &path).unwrap());
        assert!(!path.exists());
        assert!(Lock::hold(&files, late).unwrap().is_none());

        let late = files.open(&path, Open::EditOrNew).unwrap();
        fs::rename(&path, there.path().join("moved")).unwrap();
        let _third = Lock::take(&files, &path).unwrap();
        assert!(Lock::hold(&files, late).unwrap().is_none());
        assert!(matches!(Lock::take(&files, &path), Err(StoreError::Busy { .. })));
    }
}
