//! An output must not touch what a run reads.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::error::StoreError;
use crate::files::Files;

/// Refuses outputs that are, contain, or lie inside an input. `taken` are the paths that will
/// be written or replaced; the first is the output. An input that does not exist is not
/// looked at: it cannot be harmed.
pub(crate) fn refuse(
    files: &dyn Files,
    taken: &[PathBuf],
    inputs: &[PathBuf],
) -> Result<(), StoreError> {
    let look = |path: &Path, error| StoreError::from_io(files, "look at", path, 0, error);
    for input in inputs {
        let real = match fs::canonicalize(input) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(look(input, error)),
            Ok(real) => real,
        };
        for path in taken {
            let output = canonical(path).map_err(|error| look(path, error))?;
            let nested = output.starts_with(&real) || real.starts_with(&output);
            if nested || same_files(&output, &real) {
                let (output, input) = (taken[0].clone(), input.clone());
                return Err(StoreError::OutputIsInput { output, input });
            }
        }
    }
    Ok(())
}

/// The real path of something that need not exist yet.
fn canonical(path: &Path) -> io::Result<PathBuf> {
    match fs::canonicalize(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let parent = path.parent().filter(|parent| *parent != Path::new(""));
            let parent = fs::canonicalize(parent.unwrap_or(Path::new(".")))?;
            Ok(parent.join(path.file_name().unwrap_or_default()))
        }
        done => done,
    }
}

/// Whether the two share a file or directory under different names: a hard link, a symbolic
/// link inside the input, or a directory that is mounted twice.
#[cfg(unix)]
fn same_files(output: &Path, input: &Path) -> bool {
    let ours = identities(output);
    let theirs = identities(input);
    let lies_in = |inner: &Path, outer: &Path| {
        identity(outer).is_some_and(|id| inner.ancestors().filter_map(identity).any(|a| a == id))
    };
    lies_in(output, input) || lies_in(input, output) || ours.iter().any(|id| theirs.contains(id))
}

#[cfg(not(unix))]
fn same_files(_: &Path, _: &Path) -> bool {
    false
}

/// The identities of a path and, if it is a directory, of the files in it.
#[cfg(unix)]
fn identities(path: &Path) -> Vec<(u64, u64)> {
    let inside = fs::read_dir(path).into_iter().flatten().flatten();
    let paths = std::iter::once(path.to_path_buf()).chain(inside.map(|entry| entry.path()));
    paths.filter_map(|path| identity(&path)).collect()
}

#[cfg(unix)]
fn identity(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(path).ok().map(|data| (data.dev(), data.ino()))
}
