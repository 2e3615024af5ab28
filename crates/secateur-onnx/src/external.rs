//! Values that lie in other files.
//!
//! A tensor names a file by a path from the model's folder. The path is data of a stranger: it
//! may lead nowhere but into that folder, and what it leads to must be a regular file that is no
//! link to elsewhere. Links inside a cache of the Hugging Face Hub, where `snapshots/REV/x` leads
//! to `../../blobs/HASH`, are followed while they stay under the repository's `models--*` folder.
//! A file with more names than one (hard links) may be one from elsewhere, and is refused outside
//! such a cache.

use std::collections::{HashMap, HashSet};
use std::io;
use std::path::{Component, Path, PathBuf};
use std::time::SystemTime;

use secateur_tensor::Bytes;

use crate::error::OnnxError;
use crate::proto::{ModelProto, TensorProto};
use crate::{tensors, visit};

/// Keys that mean something; `basepath` is a hint of an older library.
const KEYS: [&str; 5] = ["location", "offset", "length", "checksum", "basepath"];

/// Files of a model.
const FILES_MAX: usize = 4096;

/// Files of external data, each mapped once.
#[derive(Clone, Debug, Default)]
pub struct External {
    /// The files, in the order in which tensors name them.
    pub files: Vec<ExternalFile>,
}

/// A file of external data.
#[derive(Clone, Debug)]
pub struct ExternalFile {
    /// The name that tensors give.
    pub location: String,
    /// Where it lies, links resolved.
    pub path: PathBuf,
    /// Its content.
    pub bytes: Bytes,
    /// Its time of change when it was opened.
    pub(crate) changed: Option<SystemTime>,
}

/// What a tensor says of its values' place.
pub(crate) struct Entry<'a> {
    pub(crate) location: &'a str,
    offset: u64,
    length: Option<u64>,
    unknown: Vec<&'a str>,
}

/// Bytes of a file that a tensor claims.
struct Claim {
    file: PathBuf,
    location: String,
    from: u64,
    to: u64,
    place: String,
}

impl External {
    /// Opens every file that a tensor names, and checks every claim.
    pub(crate) fn open(
        path: &Path,
        model: &ModelProto,
        warnings: &mut Vec<String>,
    ) -> Result<Self, OnnxError> {
        let mut external = Self::default();
        let mut claims: Vec<Claim> = Vec::new();
        let mut by_location: HashMap<String, usize> = HashMap::new();
        visit::tensors(model, &mut |spot, tensor| {
            if !tensors::is_external(tensor) {
                if !tensor.external_data.is_empty() {
                    warnings.push(format!("{spot}: its external data is not used"));
                }
                return Ok(());
            }
            let place = spot.to_string();
            let entry = entry(path, &place, tensor)?;
            for key in &entry.unknown {
                warnings.push(format!("{place}: {key:?} of its external data is not known"));
            }
            let at = if let Some(at) = by_location.get(entry.location) {
                *at
            } else {
                let file = external.load(path, &place, entry.location)?;
                external.files.push(file);
                by_location.insert(entry.location.to_owned(), external.files.len() - 1);
                external.files.len() - 1
            };
            if external.files.len() > FILES_MAX {
                return Err(OnnxError::Limit {
                    path: path.to_owned(),
                    what: "files of external data".to_owned(),
                    found: external.files.len() as u64,
                    limit: FILES_MAX as u64,
                });
            }
            let file = &external.files[at];
            let (from, to) = range(path, &place, tensor, &entry, file.bytes.len() as u64)?;
            let location = entry.location.to_owned();
            claims.push(Claim { file: file.path.clone(), location, from, to, place });
            Ok(())
        })?;
        check_overlap(path, claims)?;
        Ok(external)
    }

    /// Maps a file, or shares the map of the same file under another name.
    fn load(&self, path: &Path, place: &str, location: &str) -> Result<ExternalFile, OnnxError> {
        let real = resolve(path, place, location)?;
        let fail = |source| failed(path, place, location, source);
        let changed = std::fs::metadata(&real).map_err(fail)?.modified().ok();
        let bytes = match self.files.iter().find(|file| file.path == real) {
            Some(file) => file.bytes.clone(),
            None => Bytes::map(&real).map_err(fail)?,
        };
        Ok(ExternalFile { location: location.to_owned(), path: real, bytes, changed })
    }

    /// The bytes of a tensor whose file is open.
    pub(crate) fn bytes(
        &self,
        path: &Path,
        place: &str,
        tensor: &TensorProto,
    ) -> Result<Bytes, OnnxError> {
        let entry = entry(path, place, tensor)?;
        let Some(file) = self.files.iter().find(|file| file.location == entry.location) else {
            return Err(failed(path, place, entry.location, io::ErrorKind::NotFound.into()));
        };
        let (from, to) = range(path, place, tensor, &entry, file.bytes.len() as u64)?;
        // Checked to lie inside the file, whose length is a usize.
        Ok(file.bytes.slice(from as usize..to as usize))
    }
}

/// Reads the keys of a tensor.
pub(crate) fn entry<'a>(
    path: &Path,
    place: &str,
    tensor: &'a TensorProto,
) -> Result<Entry<'a>, OnnxError> {
    let bad = |key: &str, value: &str, reason: &str| OnnxError::ExternalKey {
        path: path.to_owned(),
        place: place.to_owned(),
        key: key.to_owned(),
        value: value.to_owned(),
        reason: reason.to_owned(),
    };
    let number = |key: &str, value: &str| {
        let digits = !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit());
        let reason = match value.parse::<u64>() {
            Ok(number) if digits => return Ok(number),
            _ if digits => "it is too large",
            _ if value.parse::<i128>().is_ok_and(|n| n < 0) => "it is negative",
            _ => "it is no number",
        };
        Err(bad(key, value, reason))
    };
    let mut entry = Entry { location: "", offset: 0, length: None, unknown: Vec::new() };
    let mut seen: HashSet<&str> = HashSet::new();
    for pair in &tensor.external_data {
        let (key, value) = (pair.key(), pair.value());
        if !seen.insert(key) {
            return Err(bad(key, value, "the key stands twice"));
        }
        match key {
            "location" => entry.location = value,
            "offset" => entry.offset = number(key, value)?,
            "length" => entry.length = Some(number(key, value)?),
            known if KEYS.contains(&known) => {}
            unknown => entry.unknown.push(unknown),
        }
    }
    if entry.location.is_empty() {
        return Err(bad("location", "", "a file must be named"));
    }
    Ok(entry)
}

/// First byte and end of a tensor's values in a file of so many bytes.
fn range(
    path: &Path,
    place: &str,
    tensor: &TensorProto,
    entry: &Entry<'_>,
    size: u64,
) -> Result<(u64, u64), OnnxError> {
    let bad = |reason| OnnxError::Tensor { path: path.to_owned(), place: place.to_owned(), reason };
    tensors::check(tensor).map_err(bad)?;
    let (_, count) = tensors::shape(tensor).map_err(bad)?;
    let needed = tensors::bytes_of(tensor.data_type(), count).map(|n| n as u64);
    let rest = size.saturating_sub(entry.offset);
    let length = entry.length.or(needed).unwrap_or(rest);
    if let Some(needed) = needed.filter(|needed| *needed != length) {
        let (dims, name) = (&tensor.dims, tensors::type_name(tensor.data_type()));
        let why = format!(
            "dimensions {dims:?} of {name} need {needed} bytes, its external data has {length}"
        );
        return Err(bad(why));
    }
    match entry.offset.checked_add(length) {
        Some(end) if end <= size => Ok((entry.offset, end)),
        _ => Err(OnnxError::ExternalRange {
            path: path.to_owned(),
            place: place.to_owned(),
            location: entry.location.to_owned(),
            offset: entry.offset,
            length,
            size,
        }),
    }
}

/// Checks that tensors claim bytes apart from each other, or the very same ones.
fn check_overlap(path: &Path, mut claims: Vec<Claim>) -> Result<(), OnnxError> {
    claims.retain(|claim| claim.from < claim.to);
    claims.sort_by(|a, b| (&a.file, a.from, a.to).cmp(&(&b.file, b.from, b.to)));
    for pair in claims.windows(2) {
        let [first, second] = pair else { continue };
        let same = (first.from, first.to) == (second.from, second.to);
        if first.file == second.file && second.from < first.to && !same {
            return Err(OnnxError::ExternalOverlap {
                path: path.to_owned(),
                location: first.location.clone(),
                first: first.place.clone(),
                first_bytes: (first.from, first.to),
                second: second.place.clone(),
                second_bytes: (second.from, second.to),
            });
        }
    }
    Ok(())
}

fn failed(path: &Path, place: &str, location: &str, source: io::Error) -> OnnxError {
    OnnxError::ExternalFile {
        path: path.to_owned(),
        place: place.to_owned(),
        location: location.to_owned(),
        source,
    }
}

/// What is wrong with the name of a file of external data, without a look at the disk.
pub(crate) fn unsafe_location(location: &str) -> Option<&'static str> {
    if location.is_empty() {
        return Some("it is empty");
    }
    if location.contains('\0') {
        return Some("it holds a NUL");
    }
    if location.contains('\\') {
        return Some("it holds a backslash");
    }
    let drive = location.as_bytes().first_chunk::<2>();
    if drive.is_some_and(|[letter, colon]| letter.is_ascii_alphabetic() && *colon == b':') {
        return Some("it names a drive");
    }
    for component in Path::new(location).components() {
        match component {
            Component::Normal(_) | Component::CurDir => {}
            Component::ParentDir => return Some("it leaves the model's folder"),
            Component::RootDir | Component::Prefix(_) => return Some("it is absolute"),
        }
    }
    None
}

/// The real path of a file of external data that may be read.
fn resolve(path: &Path, place: &str, location: &str) -> Result<PathBuf, OnnxError> {
    let refuse = |reason: &str| OnnxError::ExternalPath {
        path: path.to_owned(),
        place: place.to_owned(),
        location: location.to_owned(),
        reason: reason.to_owned(),
    };
    if let Some(reason) = unsafe_location(location) {
        return Err(refuse(reason));
    }
    let fail = |source| failed(path, place, location, source);
    let parent = path.parent().filter(|parent| *parent != Path::new(""));
    let folder = parent.unwrap_or(Path::new(".")).canonicalize().map_err(fail)?;
    let real = folder.join(location).canonicalize().map_err(fail)?;
    let cache = hub_cache(&folder);
    let in_cache = cache.is_some_and(|root| real.starts_with(root));
    // Paths are compared by whole components: `model_evil` is not inside `model`.
    if !real.starts_with(&folder) && !in_cache {
        return Err(refuse("it is a link that leaves the model's folder"));
    }
    let meta = std::fs::symlink_metadata(&real).map_err(fail)?;
    if meta.is_dir() {
        return Err(refuse("it is a directory"));
    }
    if !meta.is_file() {
        return Err(refuse("it is a pipe or a device"));
    }
    if names(&meta) > 1 && !in_cache {
        return Err(refuse(
            "the file has another name too (a hard link), perhaps outside the folder; copy it",
        ));
    }
    Ok(real)
}

/// The folder `models--*` of a repository in a cache of the Hugging Face Hub that has this
/// snapshot.
fn hub_cache(folder: &Path) -> Option<&Path> {
    let named = |path: &&Path| {
        path.file_name().and_then(|n| n.to_str()).is_some_and(|n| n.starts_with("models--"))
    };
    let root = folder.ancestors().find(named)?;
    folder.starts_with(root.join("snapshots")).then_some(root)
}

/// How many names a file has.
#[cfg(unix)]
fn names(meta: &std::fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::nlink(meta)
}

#[cfg(not(unix))]
fn names(_: &std::fs::Metadata) -> u64 {
    1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_judged_by_their_components() {
        for location in ["model.onnx.data", "weights/part.0", "./w.bin", "a..b", "..data", "c"] {
            assert_eq!(unsafe_location(location), None, "{location}");
        }
        let outside = [
            "",
            "../w",
            "a/../../b",
            "a/..",
            "/etc/passwd",
            "C:\\w",
            "C:w",
            "a\\b",
            "..\\w",
            "a\0b",
            "..",
        ];
        for location in outside {
            assert!(unsafe_location(location).is_some(), "{location:?}");
        }
    }

    #[test]
    fn only_snapshots_of_a_cache_reach_its_blobs() {
        let root = Path::new("hub/models--a--b");
        assert_eq!(hub_cache(&root.join("snapshots/rev/onnx")), Some(root));
        assert_eq!(hub_cache(&root.join("blobs")), None);
        assert_eq!(hub_cache(Path::new("models")), None);
    }
}
