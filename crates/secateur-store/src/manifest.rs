//! Manifests and the hashes of files.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::StoreError;
use crate::files::{self, Disk, Entry, Files, Open};
use crate::names;

/// What a manifest says of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileHash {
    /// The name inside of the output.
    pub name: String,
    /// The length in bytes.
    pub bytes: u64,
    /// The BLAKE3 hash in 64 hex digits.
    pub blake3: String,
}

/// How an output differs from its manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Mismatch {
    /// A listed file is not there.
    Missing {
        /// The file.
        name: String,
    },
    /// A listed file has another length.
    Length {
        /// The file.
        name: String,
        /// The length in the manifest.
        expected: u64,
        /// The length of the file.
        found: u64,
    },
    /// A listed file has other bytes.
    Hash {
        /// The file.
        name: String,
        /// The hash in the manifest.
        expected: String,
        /// The hash of the file.
        found: String,
    },
    /// A file is there that the manifest does not list. This is a note, not a fault.
    Extra {
        /// The file or directory.
        name: String,
    },
}

impl Mismatch {
    /// Whether this is only worth a note: the output itself is as its manifest says.
    pub fn is_note(&self) -> bool {
        matches!(self, Mismatch::Extra { .. })
    }
}

/// How many bytes are read at once.
const BLOCK: usize = 1 << 20;

/// The hash of a file, under the last part of its path as name.
///
/// # Errors
///
/// [`StoreError::Denied`] or [`StoreError::Io`] if it cannot be read.
pub fn hash_file(path: &Path) -> Result<FileHash, StoreError> {
    hash(&Disk, path)
}

/// The hash of bytes that are to be a file of this name.
pub fn hash_bytes(name: &str, bytes: &[u8]) -> FileHash {
    let blake3 = blake3::Hasher::new().update_rayon(bytes).finalize().to_hex().to_string();
    FileHash { name: name.to_owned(), bytes: bytes.len() as u64, blake3 }
}

pub(crate) fn hash(files: &dyn Files, path: &Path) -> Result<FileHash, StoreError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let (bytes, blake3) = hash_contents(files, path)
        .map_err(|error| StoreError::from_io(files, "read", path, 0, error))?;
    Ok(FileHash { name, bytes, blake3 })
}

fn hash_contents(files: &dyn Files, path: &Path) -> io::Result<(u64, String)> {
    let handle = files.open(path, Open::Read)?;
    let len = handle.file.metadata()?.len();
    let mut hasher = blake3::Hasher::new();
    let mut block = vec![0; BLOCK.min(len as usize)];
    let mut offset = 0;
    while offset < len {
        let count = (len - offset).min(BLOCK as u64) as usize;
        files.read_at(&handle, offset, &mut block[..count])?;
        hasher.update_rayon(&block[..count]);
        offset += count as u64;
    }
    Ok((len, hasher.finalize().to_hex().to_string()))
}

/// The manifest of an output, a directory or a file, or `None` if it has none.
///
/// # Errors
///
/// [`StoreError::ManifestCorrupt`] if it is no JSON, or an error of the disk.
pub fn read_manifest(out: &Path) -> Result<Option<Value>, StoreError> {
    read(&Disk, out)
}

/// Where the manifest of an output lies: inside a directory, beside a file.
fn path_of(out: &Path) -> PathBuf {
    // A file that is gone may still have a manifest beside it.
    let beside = out.with_file_name(names::beside(out, names::MANIFEST));
    if out.is_dir() || !beside.exists() { out.join(names::MANIFEST) } else { beside }
}

pub(crate) fn read(files: &dyn Files, out: &Path) -> Result<Option<Value>, StoreError> {
    let path = path_of(out);
    let bytes = match files::read(files, &path) {
        Err(error)
            if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) =>
        {
            return Ok(None);
        }
        Err(error) => return Err(StoreError::from_io(files, "read", &path, 0, error)),
        Ok(bytes) => bytes,
    };
    match serde_json::from_slice(&bytes) {
        Ok(manifest) => Ok(Some(manifest)),
        Err(error) => {
            Err(StoreError::ManifestCorrupt { path, reason: format!("it is no JSON: {error}") })
        }
    }
}

/// The list of files in a manifest; every name is checked before it can become a path.
pub(crate) fn file_list(out: &Path, manifest: &Value) -> Result<Vec<FileHash>, StoreError> {
    let corrupt = |reason: String| StoreError::ManifestCorrupt { path: path_of(out), reason };
    let list = manifest.get("files").ok_or_else(|| corrupt("it lists no `files`".to_owned()))?;
    let list: Vec<FileHash> = serde_json::from_value(list.clone())
        .map_err(|error| corrupt(format!("its `files` are unusable: {error}")))?;
    for file in &list {
        names::check(&file.name).map_err(|error| corrupt(error.to_string()))?;
    }
    Ok(list)
}

/// The names of the data files that a manifest at this path lists; none where it cannot be used.
pub(crate) fn names_in(files: &dyn Files, path: &Path) -> Result<Vec<String>, StoreError> {
    let bytes = match files::read(files, path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(StoreError::from_io(files, "read", path, 0, error)),
        Ok(bytes) => bytes,
    };
    let manifest: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let list = file_list(path, &manifest).unwrap_or_default();
    let data = list.into_iter().map(|file| file.name);
    Ok(data.filter(|name| names::check_data(name).is_ok()).collect())
}

/// Compares the files of an output, a directory or a file, with the `files` of a manifest, a list of objects with
/// `name`, `bytes` and `blake3`. An empty result, or one of notes only, means that the output
/// is as it was written.
///
/// # Errors
///
/// [`StoreError::ManifestCorrupt`] if the list is missing or unusable, or an error of the disk.
pub fn verify_hashes(out: &Path, manifest: &Value) -> Result<Vec<Mismatch>, StoreError> {
    let list = file_list(out, manifest)?;
    let is_file = out.is_file();
    let dir = if is_file { out.parent().unwrap_or(Path::new("")) } else { out };
    let mut found = Vec::new();
    for file in &list {
        found.extend(verify(dir, file)?);
    }
    if is_file {
        // What else lies beside a file is nobody's business.
        return Ok(found);
    }
    let entries =
        Disk.list(dir).map_err(|error| StoreError::from_io(&Disk, "list", dir, 0, error))?;
    for name in entries.iter().map(Entry::text) {
        let is_known = names::is_reserved(&name) || list.iter().any(|file| file.name == name);
        if !is_known {
            found.push(Mismatch::Extra { name });
        }
    }
    Ok(found)
}

fn verify(dir: &Path, file: &FileHash) -> Result<Option<Mismatch>, StoreError> {
    let path = dir.join(&file.name);
    let name = file.name.clone();
    let len = match fs::metadata(&path) {
        Ok(data) if data.is_file() => data.len(),
        Ok(_) => return Ok(Some(Mismatch::Missing { name })),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(Some(Mismatch::Missing { name }));
        }
        Err(error) => return Err(StoreError::from_io(&Disk, "look at", &path, 0, error)),
    };
    // A file of another length need not be read to be wrong.
    if len != file.bytes {
        return Ok(Some(Mismatch::Length { name, expected: file.bytes, found: len }));
    }
    let found = hash_file(&path)?.blake3;
    if found == file.blake3 {
        return Ok(None);
    }
    Ok(Some(Mismatch::Hash { name, expected: file.blake3.clone(), found }))
}
