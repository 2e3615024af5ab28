//! What an earlier run left, and how it is put in order.

use std::fs;
use std::io;
use std::path::Path;

use crate::error::StoreError;
use crate::files::{self, Entry, Files, is_there, rename, sync_dir};
use crate::journal::{self, Loaded};
use crate::manifest;
use crate::names;
use crate::output::Existing;
use crate::place::{Form, Place};
use crate::publish;

/// Ends a move into place that a kill interrupted. The states are those of [`publish`].
pub(crate) fn recover(
    files: &dyn Files,
    place: &Place,
    existing: Existing,
) -> Result<(), StoreError> {
    if place.form == Form::File {
        return finish_moving(files, place);
    }
    if !is_there(&place.journal) {
        return check_unused(&place.old);
    }
    if is_published(files, place, existing)? {
        // The old output must not go before the new one is on the disk.
        sync_dir(files, &place.parent)?;
        return publish::tidy(files, place);
    }
    if is_there(&place.old) && !is_there(&place.out) {
        rename(files, &place.old, &place.out)?;
        sync_dir(files, &place.parent)?;
    }
    rename(files, &place.journal, &place.partial.join(names::JOURNAL))?;
    sync_dir(files, &place.partial)?;
    sync_dir(files, &place.parent)?;
    check_unused(&place.old)
}

/// Ends the moving of files whose run was complete.
fn finish_moving(files: &dyn Files, place: &Place) -> Result<(), StoreError> {
    let path = place.partial.join(names::JOURNAL);
    if !is_there(&path) {
        return Ok(());
    }
    // A damaged journal is told of by whoever looks at the leftover.
    let Ok(Loaded { head: Some(head), end: Some(_), .. }) = journal::load(files, &path) else {
        return Ok(());
    };
    let name = place.out.file_name().unwrap_or_default();
    let is_waiting = is_there(&place.partial.join(name));
    if is_waiting && is_there(&place.out) && !head.replace {
        return Err(StoreError::Exists { path: place.out.clone() });
    }
    publish::move_files(files, place)?;
    publish::remove_moved(files, place)
}

/// What stands at `.OUT.old` without a journal beside it is not ours to move or remove.
fn check_unused(old: &Path) -> Result<(), StoreError> {
    if is_there(old) {
        return Err(StoreError::Foreign { path: old.to_path_buf(), files: Vec::new() });
    }
    Ok(())
}

/// Whether the output is the one whose end the journal beside it holds, or the partial output
/// is gone, so that there is nothing left that could be published.
fn is_published(files: &dyn Files, place: &Place, existing: Existing) -> Result<bool, StoreError> {
    let loaded = journal::load(files, &place.journal);
    if !is_there(&place.partial) {
        return match loaded {
            Ok(Loaded { end: Some(_), .. }) => Ok(true),
            Ok(_) | Err(StoreError::JournalCorrupt { .. }) => {
                Err(StoreError::Foreign { path: place.journal.clone(), files: Vec::new() })
            }
            Err(error) => Err(error),
        };
    }
    let end = match loaded {
        Ok(loaded) => loaded.end,
        // The partial output, whichever it is, will be discarded; the complete one stays.
        Err(StoreError::JournalCorrupt { .. }) if existing == Existing::Replace => None,
        Err(error) => return Err(error),
    };
    let path = place.out.join(names::MANIFEST);
    Ok(is_there(&path) && Some(manifest::hash(files, &path)?.blake3) == end)
}

/// A partial output that was found.
#[derive(Debug)]
pub(crate) struct Leftover {
    /// What its journal says; damage is no matter to a run that discards it.
    pub(crate) journal: Result<Loaded, StoreError>,
}

/// Looks for a partial output.
pub(crate) fn leftover(files: &dyn Files, partial: &Path) -> Result<Option<Leftover>, StoreError> {
    let path = partial.to_path_buf();
    match fs::symlink_metadata(partial) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(StoreError::from_io(files, "look at", partial, 0, error)),
        Ok(data) if !data.is_dir() => {
            return Err(StoreError::Foreign { path, files: Vec::new() });
        }
        Ok(_) => {}
    }
    let entries = files::list(files, partial)?;
    let has_journal = entries.iter().any(|entry| entry.name == names::JOURNAL);
    let foreign: Vec<String> = entries
        .iter()
        .filter(|entry| !(has_journal && entry.plain && entry.name.to_str().is_some()))
        .map(Entry::text)
        .collect();
    if !foreign.is_empty() {
        return Err(StoreError::Foreign { path, files: foreign });
    }
    if !has_journal {
        return Ok(Some(Leftover { journal: Ok(Loaded::default()) }));
    }
    let path = partial.join(names::JOURNAL);
    let journal = match journal::load(files, &path) {
        // Files are only created after the first line was on the disk.
        Ok(loaded) if loaded.head.is_none() && entries.len() > 1 => {
            Err(StoreError::JournalCorrupt { path, line: 1 })
        }
        Err(error) if !matches!(error, StoreError::JournalCorrupt { .. }) => return Err(error),
        loaded => loaded,
    };
    Ok(Some(Leftover { journal }))
}

/// Removes what a resumed run writes anew: temporary files, the manifest, measurements.
pub(crate) fn clear(files: &dyn Files, partial: &Path) -> Result<(), StoreError> {
    for entry in files::list(files, partial)? {
        let name = entry.text();
        let is_anew = name.starts_with('.') || names::is_reserved(&name);
        if is_anew && name != names::JOURNAL {
            files::remove(files, &partial.join(&entry.name))?;
        }
    }
    Ok(())
}

/// Removes a partial output. Its journal goes last, so that a rest is still recognized.
pub(crate) fn remove_partial(files: &dyn Files, partial: &Path) -> Result<(), StoreError> {
    if !is_there(partial) {
        return Ok(());
    }
    let mut entries = files::list(files, partial)?;
    entries.sort_by_key(|entry| entry.name == names::JOURNAL);
    for entry in &entries {
        files::remove(files, &partial.join(&entry.name))?;
    }
    files::remove(files, partial)
}
