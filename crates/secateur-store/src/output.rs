//! An output being built.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;
use serde_json::Value;

use crate::error::StoreError;
use crate::files::{self, Entry, Files, Handle, Open, sync_dir};
use crate::inputs;
use crate::journal::{self, Head, Journal, Loaded};
use crate::lock::Lock;
use crate::manifest::{self, FileHash};
use crate::names;
use crate::place::{self, Form, Place};
use crate::publish;
use crate::recover;
use crate::shared::{OutputFile, Shared};

/// What to do about an output, or a part of one, that is already there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// Refuse to start.
    Refuse,
    /// Replace an older output of ours once the new one is complete, and discard a partial one.
    Replace,
    /// Continue a partial output; start a new one if there is neither a partial nor an output.
    Resume,
}

/// An output being built in a directory beside its place: a directory, or one file with manifest
/// and measurements beside it.
///
/// A run writes files and journals steps. What it wrote after its last step may be half there
/// when it is resumed, so a step must write the same bytes when it is done a second time: it
/// may read inputs and the files of earlier steps, but not what it overwrites itself.
///
/// Dropping it without [`finish`](Self::finish) keeps the partial output if a step was
/// journaled, so that a later run can resume it, and removes it otherwise.
///
/// ```
/// use std::sync::Arc;
/// use secateur_store::{Disk, Existing, Output};
/// use serde_json::json;
///
/// # let there = tempfile::tempdir()?;
/// # let dir = there.path().join("out");
/// let run = json!({"recipe": "magnitude", "seed": 0});
/// let mut output = Output::begin(Arc::new(Disk), &dir, Existing::Resume, &[], &run)?;
/// let file = output.create("model.bin", 4)?;
/// for layer in output.steps().len()..4 {
///     file.write_at(layer as u64, b"x")?;
///     output.step(json!({"layer": layer}))?;
/// }
/// let manifest = json!({"run": run, "files": output.hashes()?});
/// output.finish(&manifest, &[("report.json", b"{}")])?;
/// assert_eq!(std::fs::read(dir.join("model.bin"))?, b"xxxx");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Output {
    shared: Arc<Shared>,
    place: Place,
    journal: Journal,
    steps: Vec<Value>,
    replace: bool,
    /// What the run reads.
    inputs: Vec<PathBuf>,
    /// Whether a partial output without steps is removed when this is dropped.
    discards: bool,
    // Dropped last: the lock is held until everything else is done.
    _lock: Lock,
}

impl Output {
    /// Begins or continues the output `dir`.
    ///
    /// `inputs` are the paths that the run reads; the output must not touch them. `run`
    /// identifies the run (recipe, seeds, hashes of inputs, version); a partial output is only
    /// continued by the same run. What an earlier run left half-moved is put in order first.
    ///
    /// # Errors
    ///
    /// - [`StoreError::Exists`], [`StoreError::Leftover`], [`StoreError::Foreign`],
    ///   [`StoreError::Complete`]: what is there may not be replaced or continued.
    /// - [`StoreError::OutputIsInput`]: the output would touch an input.
    /// - [`StoreError::OtherRun`], [`StoreError::JournalCorrupt`]: the partial output cannot be
    ///   continued by this run.
    /// - [`StoreError::Busy`]: another run is writing this output.
    /// - [`StoreError::NoParent`], [`StoreError::Denied`], [`StoreError::MountPoint`],
    ///   [`StoreError::NoSpace`], [`StoreError::Io`]: the place cannot be written.
    pub fn begin(
        files: Arc<dyn Files>,
        dir: &Path,
        existing: Existing,
        inputs: &[PathBuf],
        run: &Value,
    ) -> Result<Output, StoreError> {
        let place = Place::of(&*files, dir, Form::Directory)?;
        Self::begin_at(files, place, existing, inputs, run)
    }

    /// The same for an output that is the file `path`. The run creates a file of that name, and
    /// others that are to lie beside it, such as its external data; a complete output has beside `model.gguf` the manifest `model.secateur.json` and the
    /// measurements `model.report.json` and `model.report.html`.
    ///
    /// # Errors
    ///
    /// As [`begin`](Self::begin).
    pub fn begin_file(
        files: Arc<dyn Files>,
        path: &Path,
        existing: Existing,
        inputs: &[PathBuf],
        run: &Value,
    ) -> Result<Output, StoreError> {
        let place = Place::of(&*files, path, Form::File)?;
        Self::begin_at(files, place, existing, inputs, run)
    }

    fn begin_at(
        files: Arc<dyn Files>,
        place: Place,
        existing: Existing,
        inputs: &[PathBuf],
        run: &Value,
    ) -> Result<Output, StoreError> {
        inputs::refuse(&*files, &place.taken(), inputs)?;
        let mut output = Self::begin_checked(files, place, existing, run)?;
        output.inputs = inputs.to_vec();
        Ok(output)
    }

    fn begin_checked(
        files: Arc<dyn Files>,
        place: Place,
        existing: Existing,
        run: &Value,
    ) -> Result<Output, StoreError> {
        let lock = Lock::take(&files, &place.lock)?;
        recover::recover(&*files, &place, existing)?;
        let run = journal::as_read(run);
        match (existing, recover::leftover(&*files, &place.partial)?) {
            (Existing::Refuse, Some(found)) => {
                let steps = found.journal?.steps.len();
                Err(StoreError::Leftover { partial: place.partial, steps })
            }
            (Existing::Resume, Some(found)) => {
                let loaded = found.journal?;
                match loaded.head.clone() {
                    Some(head) => {
                        journal::check_run(&place.partial, &head.run, &run)?;
                        Self::resume(files, place, lock, loaded, head.replace)
                    }
                    // What an earlier run did not get to remove.
                    None if is_complete(&*files, &place)? => {
                        recover::remove_partial(&*files, &place.partial)?;
                        Err(StoreError::Complete { path: place.out })
                    }
                    // The earlier run was killed before it did anything.
                    None => Self::start(files, place, lock, &Head { run, replace: false }),
                }
            }
            (Existing::Resume, None) if is_complete(&*files, &place)? => {
                Err(StoreError::Complete { path: place.out })
            }
            (_, _) => {
                let replace = existing == Existing::Replace;
                Self::start(files, place, lock, &Head { run, replace })
            }
        }
    }

    fn start(
        files: Arc<dyn Files>,
        place: Place,
        lock: Lock,
        head: &Head,
    ) -> Result<Output, StoreError> {
        place::check_free(&*files, &place, head.replace)?;
        recover::remove_partial(&*files, &place.partial)?;
        let journal = create(&*files, &place, head).inspect_err(|_| {
            // The first error is the one to report; a rest is found by the next run.
            _ = recover::remove_partial(&*files, &place.partial);
        })?;
        Ok(Self::new(files, place, lock, journal, Vec::new(), head.replace))
    }

    fn resume(
        files: Arc<dyn Files>,
        place: Place,
        lock: Lock,
        loaded: Loaded,
        replace: bool,
    ) -> Result<Output, StoreError> {
        place::check_free(&*files, &place, replace)?;
        recover::clear(&*files, &place.partial)?;
        let path = place.partial.join(names::JOURNAL);
        let journal = Journal::reopen(&*files, &path, &loaded)?;
        Ok(Self::new(files, place, lock, journal, loaded.steps, replace))
    }

    fn new(
        files: Arc<dyn Files>,
        place: Place,
        lock: Lock,
        journal: Journal,
        steps: Vec<Value>,
        replace: bool,
    ) -> Self {
        let shared = Arc::new(Shared::new(files, place.partial.clone(), steps.len()));
        let inputs = Vec::new();
        Self { shared, place, journal, steps, replace, inputs, discards: true, _lock: lock }
    }

    /// The directory that is being written.
    pub fn partial(&self) -> &Path {
        &self.place.partial
    }

    /// The steps that an earlier, killed run journaled, in their order.
    pub fn steps(&self) -> &[Value] {
        &self.steps
    }

    /// Journals that a step is done. Everything written before is brought to the disk first, so
    /// that a resumed run can rely on it.
    ///
    /// # Errors
    ///
    /// [`StoreError::NoSpace`], [`StoreError::NotSynced`] or another error of the disk, after
    /// which the output can only be resumed by another run ([`StoreError::Spoiled`]).
    pub fn step(&mut self, step: Value) -> Result<(), StoreError> {
        self.shared.check_unspoiled()?;
        self.shared.sync_written()?;
        let done = self.journal.step(&*self.shared.files, step);
        self.shared.spoil(done)?;
        self.shared.count_step();
        Ok(())
    }

    /// Creates a file of `len` bytes, all zero. The disk space is reserved now where the file
    /// system can do so. In a resumed run a file that exists is opened and left as it is.
    ///
    /// # Errors
    ///
    /// [`StoreError::BadName`] for a name that is no plain file name or was used before,
    /// [`StoreError::Exists`], [`StoreError::Foreign`] and [`StoreError::OutputIsInput`] for a
    /// file beside the output that is not ours to replace, [`StoreError::NoSpace`] with the bytes needed and free, [`StoreError::OtherLength`] if a
    /// resumed run finds the file with another length.
    pub fn create(&self, name: &str, len: u64) -> Result<OutputFile, StoreError> {
        self.shared.check_unspoiled()?;
        names::check_data(name)?;
        self.check_beside(name)?;
        self.shared.claim(name)?;
        let path = self.place.partial.join(name);
        let handle = if files::is_there(&path) {
            self.reopen(&path, len)
        } else {
            self.create_new(&path, name, len)
        };
        Ok(OutputFile::new(&self.shared, self.shared.spoil(handle)?, len))
    }

    /// Opens a file that an earlier run created.
    fn reopen(&self, path: &Path, len: u64) -> Result<Handle, StoreError> {
        let fail = |error| self.shared.fail("open", path, 0, error);
        let handle = self.shared.files.open(path, Open::Edit).map_err(fail)?;
        let found = handle.file.metadata().map_err(fail)?.len();
        if found == len {
            return Ok(handle);
        }
        Err(StoreError::OtherLength { path: path.to_path_buf(), expected: len, found })
    }

    /// Creates a file that gets its name with its length, so that a file of that name is whole.
    fn create_new(&self, path: &Path, name: &str, len: u64) -> Result<Handle, StoreError> {
        let files = &*self.shared.files;
        let temporary = self.place.partial.join(names::temporary(name));
        let fail = |error| self.shared.fail("create", path, len, error);
        let create = || {
            files::remove(files, &temporary)?;
            let mut handle = files.open(&temporary, Open::New).map_err(fail)?;
            files.set_len(&handle, len).map_err(fail)?;
            files.sync(&handle).map_err(|error| StoreError::from_sync(files, path, error))?;
            files.rename(&temporary, path).map_err(fail)?;
            sync_dir(files, &self.place.partial)?;
            handle.path = path.to_path_buf();
            Ok(handle)
        };
        // A full disk should not stay full because of the file that did not fit.
        create().inspect_err(|_| _ = files.remove(&temporary))
    }

    /// Writes a small file as a whole: afterwards it is on the disk with all its bytes, or it
    /// is as it was before.
    ///
    /// # Errors
    ///
    /// [`StoreError::BadName`] for a name that is no plain file name or belongs to a file of
    /// [`create`](Self::create), or an error of the disk.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        self.shared.check_unspoiled()?;
        names::check_data(name)?;
        if self.shared.is_claimed(name) {
            let reason = "this run already created a file of that name";
            return Err(StoreError::BadName { name: name.to_owned(), reason });
        }
        self.check_beside(name)?;
        self.place(name, bytes)
    }

    /// Checks that a second file of an output that is a file will not take the place of an
    /// input, or of what is not ours.
    fn check_beside(&self, name: &str) -> Result<(), StoreError> {
        if self.place.form == Form::Directory || self.place.is_named(name) {
            return Ok(());
        }
        let files = &*self.shared.files;
        let taken = [self.place.out.clone(), self.place.target(name)];
        inputs::refuse(files, &taken, &self.inputs)?;
        place::check_free_beside(files, &self.place, name, self.replace)
    }

    /// Writes a file under any name.
    pub(crate) fn place(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        let (files, path) = (&*self.shared.files, self.place.partial.join(name));
        let temporary = self.place.partial.join(names::temporary(name));
        let write = || {
            files::write_synced(files, &temporary, bytes)?;
            files::rename(files, &temporary, &path)?;
            sync_dir(files, &self.place.partial)
        };
        self.shared.spoil(write().inspect_err(|_| _ = files.remove(&temporary)))
    }

    /// The hash and length of every data file, sorted by name: what the manifest lists as
    /// `files`.
    ///
    /// # Errors
    ///
    /// An error of the disk.
    pub fn hashes(&self) -> Result<Vec<FileHash>, StoreError> {
        let hash = &|entry: &Entry| {
            let path = self.partial().join(&entry.name);
            manifest::hash(&*self.shared.files, &path).map_err(|error| self.kept(error))
        };
        self.data_files()?.par_iter().map(hash).collect()
    }

    /// The data files, sorted by name.
    pub(crate) fn data_files(&self) -> Result<Vec<Entry>, StoreError> {
        let entries = files::list(&*self.shared.files, self.partial());
        let mut entries = entries.map_err(|error| self.kept(error))?;
        entries.retain(|entry| {
            let name = entry.text();
            !name.starts_with('.') && !names::is_reserved(&name)
        });
        Ok(entries)
    }

    /// Completes the output: writes the `measurements` ([`MEASUREMENTS`](crate::MEASUREMENTS)),
    /// then the manifest, and moves the directory to its place, where an older output of ours is
    /// replaced in the same step. The manifest's `files` must be those of
    /// [`hashes`](Self::hashes). Returns the path of the output.
    ///
    /// # Errors
    ///
    /// [`StoreError::ManifestFiles`] if the manifest lists other files than there are,
    /// [`StoreError::Foreign`] or [`StoreError::Exists`] if something was put at the place of
    /// the output meanwhile, [`StoreError::Untidy`] if the output is complete and in place but
    /// something beside it could not be removed, or an error of the disk. Except for `Untidy`,
    /// a run that journaled steps can be resumed.
    pub fn finish(
        mut self,
        manifest: &Value,
        measurements: &[(&str, &[u8])],
    ) -> Result<PathBuf, StoreError> {
        publish::complete(&self, manifest, measurements)?;
        // From here on the partial output is worth keeping even without steps.
        self.discards = false;
        let files = &*self.shared.files;
        place::check_free(files, &self.place, self.replace)
            .and_then(|()| self.data_files())
            .and_then(|data| data.iter().try_for_each(|entry| self.check_beside(&entry.text())))
            .map_err(|error| error.keeping(true))?;
        publish::publish(files, &self.place, &mut self.journal)?;
        Ok(self.place.out.clone())
    }

    /// Gives up: removes the partial output.
    ///
    /// # Errors
    ///
    /// An error of the disk; the rest is then found by the next run.
    pub fn abandon(mut self) -> Result<(), StoreError> {
        self.discards = false;
        recover::remove_partial(&*self.shared.files, &self.place.partial)
    }

    /// Says in the error whether the partial output is kept.
    fn kept(&self, error: StoreError) -> StoreError {
        error.keeping(self.shared.has_steps())
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if self.discards && !self.shared.has_steps() {
            // Nobody is left to tell; a rest is found by the next run.
            _ = recover::remove_partial(&*self.shared.files, &self.place.partial);
        }
    }
}

/// Creates the partial directory with its journal.
fn create(files: &dyn Files, place: &Place, head: &Head) -> Result<Journal, StoreError> {
    files
        .create_dir(&place.partial)
        .map_err(|error| StoreError::from_io(files, "create", &place.partial, 0, error))?;
    let journal = Journal::create(files, &place.partial.join(names::JOURNAL), head)?;
    sync_dir(files, &place.partial)?;
    sync_dir(files, &place.parent)?;
    Ok(journal)
}

fn is_complete(files: &dyn Files, place: &Place) -> Result<bool, StoreError> {
    Ok(place::standing_at(files, place)? == place::Standing::Ours)
}
