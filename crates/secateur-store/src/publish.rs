//! The last steps of an output.
//!
//! | state | `OUT`        | `.OUT.partial`              | `.OUT.journal` | `.OUT.old` |
//! |-------|--------------|-----------------------------|----------------|------------|
//! | 1     | old or none  | complete, journal inside    |                |            |
//! | 2     | old or none  | complete                    | with its end   |            |
//! | 2b    | none         | complete                    | with its end   | old        |
//! | 3     | new          | old or none                 | with its end   |            |
//! | 4     | new          |                             | with its end   | old        |
//! | 5     | new          |                             |                |            |
//!
//! Every line is one rename away from the one before, and what it needs is on the disk before
//! it. From 2 to 3 the two directories are exchanged in one step, so at no moment is there no
//! output. Where the file system cannot do that, the old one is moved aside first (2b), and
//! the next run moves it back if it finds no output: it is then in state 2.
//!
//! The journal's end holds the hash of the manifest. It tells the states 2 and 3 apart: if the
//! manifest in `OUT` has that hash, the output was published and the rest is removed; if not,
//! the journal goes back into the partial output, which is then resumed, discarded or refused
//! like any other. Where both manifests are the same, so are both outputs.
//!
//! An output that is a file with others beside it cannot be moved in one step. Its journal gets
//! its end where it lies, in the partial output; from then on nothing but moving is left to do,
//! and whoever finds such a partial output does it: the old manifest goes first, into the partial
//! output, so that it never describes files of the new run; files that only it lists are removed;
//! then each file is renamed to its place, the new manifest last, and then what is left of the
//! partial output is removed.

use std::io;
use std::path::Path;

use serde_json::Value;

use crate::error::StoreError;
use crate::files::{Files, Open, is_there, list, remove, rename, sync_dir};
use crate::journal::Journal;
use crate::manifest;
use crate::names;
use crate::output::Output;
use crate::place::{self, Form, Place, Standing};
use crate::recover;

/// Makes the partial output complete: every file on the disk, the manifest last.
pub(crate) fn complete(
    output: &Output,
    manifest: &Value,
    measurements: &[(&str, &[u8])],
) -> Result<(), StoreError> {
    let shared = output.shared();
    shared.check_unspoiled()?;
    for (name, _) in measurements {
        if !names::MEASUREMENTS.contains(name) {
            let reason = "it is not the name of a file of measurements";
            return Err(StoreError::BadName { name: (*name).to_owned(), reason });
        }
    }
    // Errors of earlier writes are best told to the handle that wrote.
    shared.sync_written()?;
    shared.close();
    check_files(output, manifest)?;
    sync_all(output)?;
    for (name, bytes) in measurements {
        output.place(name, bytes)?;
    }
    output.place(names::MANIFEST, &text(manifest))
}

fn text(manifest: &Value) -> Vec<u8> {
    format!("{manifest:#}\n").into_bytes()
}

/// A manifest that lists other files than there are would make a later `--force` refuse the
/// output as foreign.
fn check_files(output: &Output, manifest: &Value) -> Result<(), StoreError> {
    let listed = manifest::file_list(output.partial(), manifest)?;
    let mut wrong = Vec::new();
    let entries = output.data_files()?;
    for entry in &entries {
        match listed.iter().find(|file| file.name == entry.text()) {
            None => wrong.push(format!("{} is not listed", entry.text())),
            Some(file) if file.bytes != entry.bytes => {
                wrong.push(format!("{} has {} bytes", entry.text(), entry.bytes));
            }
            Some(_) => {}
        }
    }
    for file in &listed {
        if !entries.iter().any(|entry| entry.text() == file.name) {
            wrong.push(format!("{} does not exist", file.name));
        }
    }
    if wrong.is_empty() {
        return Ok(());
    }
    Err(StoreError::ManifestFiles { partial: output.partial().to_path_buf(), files: wrong })
}

/// Files that an earlier process wrote after its last step are not known to be on the disk.
fn sync_all(output: &Output) -> Result<(), StoreError> {
    let shared = output.shared();
    let files = &*shared.files;
    for entry in output.data_files()? {
        let path = output.partial().join(&entry.name);
        let handle =
            files.open(&path, Open::Edit).map_err(|error| shared.fail("open", &path, 0, error))?;
        let done = files.sync(&handle);
        shared.spoil(done.map_err(|error| StoreError::from_sync(files, &path, error)))?;
    }
    Ok(())
}

/// Moves a complete output into place.
pub(crate) fn publish(
    files: &dyn Files,
    place: &Place,
    journal: &mut Journal,
) -> Result<(), StoreError> {
    if place.form == Form::File {
        let manifest = manifest::hash(files, &place.partial.join(names::MANIFEST))?;
        let ended = journal.end(files, &manifest.blake3).and_then(|()| move_files(files, place));
        ended.map_err(|error| error.keeping(true))?;
        return remove_moved(files, place);
    }
    end_journal(files, place, journal)
        .and_then(|()| swap(files, place))
        .map_err(|error| error.keeping(true))?;
    sync_dir(files, &place.parent)?;
    tidy(files, place).map_err(|error| {
        let leftover = error.place().unwrap_or(&place.old).to_path_buf();
        StoreError::Untidy { path: place.out.clone(), leftover, source: Box::new(error) }
    })
}

/// Moves the files of a complete partial output to their places, the manifest last.
pub(crate) fn move_files(files: &dyn Files, place: &Place) -> Result<(), StoreError> {
    let manifest = place.partial.join(names::MANIFEST);
    if !is_there(&manifest) {
        // It was moved before.
        return Ok(());
    }
    let replaced = place.partial.join(names::REPLACED);
    if is_there(&place.target(names::MANIFEST)) {
        rename(files, &place.target(names::MANIFEST), &replaced)?;
        sync_dir(files, &place.partial)?;
    }
    sync_dir(files, &place.parent)?;
    // Files beside an older output that the new one does not have.
    let stays = manifest::names_in(files, &manifest)?;
    for name in manifest::names_in(files, &replaced)? {
        if !place.is_named(&name) && !stays.contains(&name) {
            remove(files, &place.target(&name))?;
        }
    }
    for entry in list(files, &place.partial)? {
        let name = entry.text();
        let stays = name.starts_with('.') || name == names::JOURNAL || name == names::MANIFEST;
        if !stays {
            rename(files, &place.partial.join(&entry.name), &place.target(&name))?;
        }
    }
    sync_dir(files, &place.parent)?;
    rename(files, &manifest, &place.target(names::MANIFEST))?;
    sync_dir(files, &place.parent)
}

/// Removes a partial output whose files were moved.
pub(crate) fn remove_moved(files: &dyn Files, place: &Place) -> Result<(), StoreError> {
    recover::remove_partial(files, &place.partial).map_err(|error| {
        let leftover = error.place().unwrap_or(&place.partial).to_path_buf();
        StoreError::Untidy { path: place.out.clone(), leftover, source: Box::new(error) }
    })
}

/// From state 1 to state 2.
fn end_journal(files: &dyn Files, place: &Place, journal: &mut Journal) -> Result<(), StoreError> {
    let manifest = manifest::hash(files, &place.partial.join(names::MANIFEST))?;
    journal.end(files, &manifest.blake3)?;
    rename(files, &place.partial.join(names::JOURNAL), &place.journal)?;
    sync_dir(files, &place.parent)?;
    sync_dir(files, &place.partial)
}

/// From state 2 to state 3 or 4.
fn swap(files: &dyn Files, place: &Place) -> Result<(), StoreError> {
    if place::standing(files, &place.out)? == Standing::Free {
        return take_free_place(files, place);
    }
    match files.exchange(&place.partial, &place.out) {
        Err(error) if error.kind() == io::ErrorKind::Unsupported => {}
        done => {
            return done
                .map_err(|error| StoreError::from_io(files, "replace", &place.out, 0, error));
        }
    }
    rename(files, &place.out, &place.old)?;
    rename(files, &place.partial, &place.out).inspect_err(|_| {
        // The old output goes back; should this fail too, the next run does it.
        _ = files.rename(&place.old, &place.out);
    })
}

/// Moves the output to where nothing, or an empty directory, stands.
fn take_free_place(files: &dyn Files, place: &Place) -> Result<(), StoreError> {
    // Only Unix moves a directory over an empty one.
    if cfg!(not(unix)) {
        remove(files, &place.out)?;
    }
    rename(files, &place.partial, &place.out)
}

/// From state 3 or 4 to state 5.
pub(crate) fn tidy(files: &dyn Files, place: &Place) -> Result<(), StoreError> {
    if is_there(&place.partial) {
        rename(files, &place.partial, &place.old)?;
    }
    if is_there(&place.old) {
        remove_output(files, &place.old)?;
        sync_dir(files, &place.parent)?;
    }
    remove(files, &place.journal)?;
    sync_dir(files, &place.parent)
}

/// Removes an output of ours that was replaced: only what its manifest lists, and the manifest
/// last, so that a rest is still recognized.
pub(crate) fn remove_output(files: &dyn Files, dir: &Path) -> Result<(), StoreError> {
    match place::standing(files, dir)? {
        Standing::Foreign(files) => {
            return Err(StoreError::Foreign { path: dir.to_path_buf(), files });
        }
        Standing::Free | Standing::Ours => {}
    }
    let mut entries = list(files, dir)?;
    entries.sort_by_key(|entry| entry.name == names::MANIFEST);
    for entry in &entries {
        remove(files, &dir.join(&entry.name))?;
    }
    remove(files, dir)
}
