//! The paths of one output and what stands there.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::error::StoreError;
use crate::files::{self, Entry, Files};
use crate::manifest;
use crate::names;

/// What an output is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// A directory that holds everything.
    Directory,
    /// A file, with manifest and measurements beside it.
    File,
}

/// The output and the hidden paths beside it.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// What the output is.
    pub(crate) form: Form,
    /// The output; no symbolic link.
    pub(crate) out: PathBuf,
    /// The directory that holds it.
    pub(crate) parent: PathBuf,
    /// The directory being built.
    pub(crate) partial: PathBuf,
    /// The output being replaced.
    pub(crate) old: PathBuf,
    /// The journal while the output is moved into place.
    pub(crate) journal: PathBuf,
    /// The lock file.
    pub(crate) lock: PathBuf,
}

impl Place {
    /// Finds the paths for an output. A symbolic link to a directory stands for the directory.
    pub(crate) fn of(files: &dyn Files, path: &Path, form: Form) -> Result<Self, StoreError> {
        let out = resolve(files, path)?;
        let Some(name) = out.file_name() else {
            let name = out.to_string_lossy().into_owned();
            return Err(StoreError::BadName { name, reason: "it has no name" });
        };
        let parent = match out.parent() {
            Some(parent) if parent != Path::new("") => parent.to_path_buf(),
            _ => PathBuf::from("."),
        };
        check_parent(files, &parent)?;
        check_mount(&out, &parent)?;
        let beside = |end: &str| parent.join(hidden(name, end));
        Ok(Self {
            form,
            partial: beside(".partial"),
            old: beside(".old"),
            journal: beside(".journal"),
            lock: beside(".lock"),
            out: out.clone(),
            parent,
        })
    }

    /// Where a file of a complete output of the form [`Form::File`] lies.
    pub(crate) fn target(&self, name: &str) -> PathBuf {
        self.parent.join(names::beside(&self.out, name))
    }

    /// Whether a file of a complete output is the output itself, not one beside it.
    pub(crate) fn is_named(&self, name: &str) -> bool {
        self.out.file_name().is_some_and(|own| own == name)
    }

    /// The paths that a run writes or replaces, the output first.
    pub(crate) fn taken(&self) -> Vec<PathBuf> {
        let mut taken = vec![self.out.clone(), self.partial.clone(), self.old.clone()];
        if self.form == Form::File {
            let side = names::MEASUREMENTS.into_iter().chain([names::MANIFEST]);
            taken.extend(side.map(|name| self.target(name)));
        }
        taken
    }
}

/// The hidden name `.NAME.END`.
pub(crate) fn hidden(name: &OsStr, end: &str) -> OsString {
    let mut hidden = OsString::from(".");
    hidden.push(name);
    hidden.push(end);
    hidden
}

/// The path without a symbolic link at its end, and with a name at its end.
fn resolve(files: &dyn Files, dir: &Path) -> Result<PathBuf, StoreError> {
    let is_link = fs::symlink_metadata(dir).is_ok_and(|data| data.is_symlink());
    if !is_link && dir.file_name().is_some() {
        return Ok(dir.to_path_buf());
    }
    fs::canonicalize(dir).map_err(|error| match error.kind() {
        // A link that leads nowhere is in the way like a file.
        io::ErrorKind::NotFound if is_link => StoreError::Exists { path: dir.to_path_buf() },
        io::ErrorKind::NotFound => StoreError::NoParent { parent: dir.to_path_buf() },
        _ => StoreError::from_io(files, "resolve", dir, 0, error),
    })
}

pub(crate) fn check_parent(files: &dyn Files, parent: &Path) -> Result<(), StoreError> {
    match fs::metadata(parent) {
        Ok(data) if data.is_dir() => Ok(()),
        Ok(_) => Err(StoreError::NoParent { parent: parent.to_path_buf() }),
        Err(error) => Err(match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
                StoreError::NoParent { parent: parent.to_path_buf() }
            }
            _ => StoreError::from_io(files, "look at", parent, 0, error),
        }),
    }
}

/// A mount point cannot be moved; better to say so before the work than after it.
#[cfg(unix)]
fn check_mount(out: &Path, parent: &Path) -> Result<(), StoreError> {
    use std::os::unix::fs::MetadataExt;
    let (Ok(out_data), Ok(parent_data)) = (fs::symlink_metadata(out), fs::metadata(parent)) else {
        return Ok(());
    };
    if out_data.dev() == parent_data.dev() {
        Ok(())
    } else {
        Err(StoreError::MountPoint { path: out.to_path_buf() })
    }
}

#[cfg(not(unix))]
fn check_mount(_: &Path, _: &Path) -> Result<(), StoreError> {
    Ok(())
}

/// What stands at the place of an output.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Nothing, or an empty directory.
    Free,
    /// An output of ours with nothing else in it.
    Ours,
    /// Something else, with the names that no manifest lists.
    Foreign(Vec<String>),
}

/// Looks at what stands at a place.
pub(crate) fn standing_at(files: &dyn Files, place: &Place) -> Result<Standing, StoreError> {
    match place.form {
        Form::Directory => standing(files, &place.out),
        Form::File => standing_beside(files, place),
    }
}

/// The same for a file with others beside it: a file is ours when the manifest beside it says so.
fn standing_beside(files: &dyn Files, place: &Place) -> Result<Standing, StoreError> {
    let name = place.out.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let is_file = match fs::symlink_metadata(&place.out) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(StoreError::from_io(files, "look at", &place.out, 0, error)),
        Ok(data) => Some(data.is_file()),
    };
    let text = |name: &str| names::beside(&place.out, name);
    let mut there: Vec<String> = is_file.iter().map(|_| name.clone()).collect();
    let side = names::MEASUREMENTS.into_iter().chain([names::MANIFEST]);
    there.extend(side.filter(|side| files::is_there(&place.target(side))).map(text));
    if there.is_empty() {
        return Ok(Standing::Free);
    }
    let listed = match manifest::read(files, &place.out) {
        Ok(Some(manifest)) => manifest::file_list(&place.out, &manifest).unwrap_or_default(),
        Ok(None) | Err(StoreError::ManifestCorrupt { .. }) => Vec::new(),
        Err(error) => return Err(error),
    };
    let is_ours = is_file != Some(false) && listed.iter().any(|file| file.name == name);
    if is_ours { Ok(Standing::Ours) } else { Ok(Standing::Foreign(there)) }
}

/// Looks at what stands at the path of a directory.
pub(crate) fn standing(files: &dyn Files, path: &Path) -> Result<Standing, StoreError> {
    let data = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Standing::Free),
        Err(error) => return Err(StoreError::from_io(files, "look at", path, 0, error)),
        Ok(data) => data,
    };
    if !data.is_dir() {
        return Ok(Standing::Foreign(Vec::new()));
    }
    let entries = files::list(files, path)?;
    if entries.is_empty() {
        return Ok(Standing::Free);
    }
    let listed = match manifest::read(files, path) {
        Ok(Some(manifest)) => manifest::file_list(path, &manifest).unwrap_or_default(),
        Ok(None) | Err(StoreError::ManifestCorrupt { .. }) => {
            return Ok(Standing::Foreign(entries.iter().map(Entry::text).collect()));
        }
        Err(error) => return Err(error),
    };
    let is_ours = |name: &str| {
        name == names::MANIFEST
            || names::MEASUREMENTS.contains(&name)
            || listed.iter().any(|file| file.name == name)
    };
    let foreign: Vec<String> = entries
        .iter()
        .filter(|entry| !(entry.plain && entry.name.to_str().is_some_and(is_ours)))
        .map(Entry::text)
        .collect();
    if foreign.is_empty() { Ok(Standing::Ours) } else { Ok(Standing::Foreign(foreign)) }
}

/// Checks that the new output may take the place; `replace` allows an older output of ours.
pub(crate) fn check_free(
    files: &dyn Files,
    place: &Place,
    replace: bool,
) -> Result<(), StoreError> {
    let path = place.out.clone();
    match standing_at(files, place)? {
        Standing::Free => Ok(()),
        Standing::Ours if replace => Ok(()),
        Standing::Foreign(files) if replace => Err(StoreError::Foreign { path, files }),
        Standing::Ours | Standing::Foreign(_) => Err(StoreError::Exists { path }),
    }
}

/// The same for a file that will lie beside the output.
pub(crate) fn check_free_beside(
    files: &dyn Files,
    place: &Place,
    name: &str,
    replace: bool,
) -> Result<(), StoreError> {
    let target = place.target(name);
    if !files::is_there(&target) {
        return Ok(());
    }
    if !replace {
        return Err(StoreError::Exists { path: target });
    }
    let listed = match manifest::read(files, &place.out) {
        Ok(Some(manifest)) => manifest::file_list(&place.out, &manifest).unwrap_or_default(),
        Ok(None) | Err(StoreError::ManifestCorrupt { .. }) => Vec::new(),
        Err(error) => return Err(error),
    };
    if target.is_file() && listed.iter().any(|file| file.name == name) {
        return Ok(());
    }
    Err(StoreError::Foreign { path: place.out.clone(), files: vec![name.to_owned()] })
}
