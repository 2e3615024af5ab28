//! What an output and its open files share.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use crate::error::StoreError;
use crate::files::{Files, Handle};

/// The state of a partial output, used from every thread that writes to it.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) files: Arc<dyn Files>,
    pub(crate) partial: PathBuf,
    /// How many steps are journaled, those of earlier runs too.
    steps: AtomicU64,
    /// Whether a write or an fsync failed, after which nothing may be journaled as done.
    spoiled: AtomicBool,
    /// The files created in this process.
    created: Mutex<Vec<Arc<Created>>>,
    /// Their names; no name is created twice.
    names: Mutex<BTreeSet<String>>,
}

/// A data file.
#[derive(Debug)]
struct Created {
    handle: Handle,
    len: u64,
    /// Whether something was written since the last fsync.
    dirty: AtomicBool,
}

const HELD: &str = "no holder of this lock panics";

impl Shared {
    pub(crate) fn new(files: Arc<dyn Files>, partial: PathBuf, steps: usize) -> Self {
        Self {
            files,
            partial,
            steps: AtomicU64::new(steps as u64),
            spoiled: AtomicBool::new(false),
            created: Mutex::new(Vec::new()),
            names: Mutex::new(BTreeSet::new()),
        }
    }

    /// Whether a resumed run has anything to continue from.
    pub(crate) fn has_steps(&self) -> bool {
        self.steps.load(Ordering::SeqCst) > 0
    }

    pub(crate) fn count_step(&self) {
        self.steps.fetch_add(1, Ordering::SeqCst);
    }

    /// Refuses to go on after a failed write.
    pub(crate) fn check_unspoiled(&self) -> Result<(), StoreError> {
        if self.spoiled.load(Ordering::SeqCst) {
            return Err(StoreError::Spoiled { partial: self.partial.clone() });
        }
        Ok(())
    }

    /// Marks the output as spoiled if this failed.
    pub(crate) fn spoil<T>(&self, done: Result<T, StoreError>) -> Result<T, StoreError> {
        done.map_err(|error| {
            self.spoiled.store(true, Ordering::SeqCst);
            error.keeping(self.has_steps())
        })
    }

    /// The error for a failed operation that leaves no half-written file behind.
    pub(crate) fn fail(
        &self,
        doing: &'static str,
        path: &Path,
        needed: u64,
        error: io::Error,
    ) -> StoreError {
        StoreError::from_io(&*self.files, doing, path, needed, error).keeping(self.has_steps())
    }

    /// Takes a name for a file of this run.
    pub(crate) fn claim(&self, name: &str) -> Result<(), StoreError> {
        if self.names.lock().expect(HELD).insert(name.to_owned()) {
            return Ok(());
        }
        let reason = "this run already created a file of that name";
        Err(StoreError::BadName { name: name.to_owned(), reason })
    }

    /// Whether this run created a sized file of that name.
    pub(crate) fn is_claimed(&self, name: &str) -> bool {
        self.names.lock().expect(HELD).contains(name)
    }

    /// Brings everything written so far to the disk.
    pub(crate) fn sync_written(&self) -> Result<(), StoreError> {
        let created = self.created.lock().expect(HELD).clone();
        created.iter().try_for_each(|file| self.sync_one(file))
    }

    /// Closes the files that nobody else holds; some systems do not move open files.
    pub(crate) fn close(&self) {
        self.created.lock().expect(HELD).clear();
    }

    fn sync_one(&self, file: &Created) -> Result<(), StoreError> {
        // After a failed fsync the system may have dropped the bytes; the next one would
        // succeed and say nothing about them.
        self.check_unspoiled()?;
        if !file.dirty.swap(false, Ordering::SeqCst) {
            return Ok(());
        }
        let done = self.files.sync(&file.handle);
        let path = &file.handle.path;
        self.spoil(done.map_err(|error| StoreError::from_sync(&*self.files, path, error)))
    }
}

/// A data file of an output: its length is fixed, its bytes are written in any order and from
/// any thread.
#[derive(Debug, Clone)]
pub struct OutputFile {
    created: Arc<Created>,
    shared: Arc<Shared>,
}

impl OutputFile {
    pub(crate) fn new(shared: &Arc<Shared>, handle: Handle, len: u64) -> Self {
        let created = Arc::new(Created { handle, len, dirty: AtomicBool::new(false) });
        shared.created.lock().expect(HELD).push(Arc::clone(&created));
        Self { created, shared: Arc::clone(shared) }
    }

    /// The length in bytes.
    #[expect(clippy::len_without_is_empty, reason = "a length that was chosen, not counted")]
    pub fn len(&self) -> u64 {
        self.created.len
    }

    /// The path while the output is being built.
    pub fn path(&self) -> &Path {
        &self.created.handle.path
    }

    /// Writes all of `bytes` at `offset`.
    ///
    /// # Errors
    ///
    /// [`StoreError::OutOfBounds`], or an error of the disk, after which the output can only be
    /// resumed by another run.
    pub fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<(), StoreError> {
        self.shared.check_unspoiled()?;
        self.check_bounds(offset, bytes.len())?;
        let done = self.shared.files.write_at(&self.created.handle, offset, bytes);
        // Set after the write, so that an fsync that came before it does not hide it.
        self.created.dirty.store(true, Ordering::SeqCst);
        let needed = bytes.len() as u64;
        self.shared
            .spoil(done.map_err(|error| self.shared.fail("write", self.path(), needed, error)))
    }

    /// Fills `bytes` from `offset`. Bytes that were never written are zero.
    ///
    /// # Errors
    ///
    /// [`StoreError::OutOfBounds`], or an error of the disk.
    pub fn read_at(&self, offset: u64, bytes: &mut [u8]) -> Result<(), StoreError> {
        self.check_bounds(offset, bytes.len())?;
        self.shared
            .files
            .read_at(&self.created.handle, offset, bytes)
            .map_err(|error| self.shared.fail("read", self.path(), 0, error))
    }

    /// Brings what was written to the disk. [`Output::step`](crate::Output::step) and
    /// [`Output::finish`](crate::Output::finish) do so for every file; this is for callers that
    /// want to spread the waiting.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotSynced`], after which the output can only be resumed by another run.
    pub fn sync(&self) -> Result<(), StoreError> {
        self.shared.sync_one(&self.created)
    }

    fn check_bounds(&self, offset: u64, bytes: usize) -> Result<(), StoreError> {
        let (bytes, len) = (bytes as u64, self.created.len);
        if offset.checked_add(bytes).is_some_and(|end| end <= len) {
            return Ok(());
        }
        Err(StoreError::OutOfBounds { path: self.path().to_path_buf(), offset, bytes, len })
    }
}
