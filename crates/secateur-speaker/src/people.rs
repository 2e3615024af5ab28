//! Recordings of people in folders.

use std::path::{Path, PathBuf};

use secateur_core::Kind;

use crate::error::SpeakerError;

/// Endings of files that are taken for recordings; what they hold is decided by their content.
pub const ENDINGS: [&str; 5] = ["flac", "nist", "sph", "wav", "wave"];

/// Folders below each other that are looked through.
const DEPTH_MAX: usize = 16;

/// A person with recordings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The name: that of the folder.
    pub name: String,
    /// The recordings, by name.
    pub files: Vec<PathBuf>,
}

/// How people lie in folders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrangement {
    /// A folder for each person, with recordings in it or in folders below.
    FolderEach,
    /// As the corpus TIMIT: each innermost folder with recordings is a person.
    Innermost,
}

/// The people of a folder, by name. Hidden files and folders are passed over, and so are links to
/// folders.
///
/// # Errors
/// [`SpeakerError::File`] for a folder that cannot be read, [`SpeakerError::NoRecordings`] for one
/// without recordings.
pub fn people(folder: &Path, arrangement: Arrangement) -> Result<Vec<Person>, SpeakerError> {
    let mut found = Vec::new();
    let top = list(folder)?;
    match arrangement {
        Arrangement::FolderEach => {
            for below in top.folders {
                let mut files = Vec::new();
                gather(&below, 0, &mut |_, own| files.extend(own))?;
                add(&below, files, &mut found);
            }
        }
        Arrangement::Innermost => {
            gather(folder, 0, &mut |below, files| add(below, files, &mut found))?;
        }
    }
    if found.is_empty() {
        let loose = top.files.len();
        return Err(SpeakerError::NoRecordings { path: folder.to_path_buf(), loose });
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

fn add(folder: &Path, files: Vec<PathBuf>, found: &mut Vec<Person>) {
    let name = folder.file_name().unwrap_or(folder.as_os_str()).to_string_lossy().into_owned();
    if !files.is_empty() {
        found.push(Person { name, files });
    }
}

struct Listed {
    folders: Vec<PathBuf>,
    files: Vec<PathBuf>,
}

fn list(folder: &Path) -> Result<Listed, SpeakerError> {
    let failed = |error: std::io::Error| SpeakerError::File {
        path: folder.to_path_buf(),
        message: format!("the folder cannot be read: {error}"),
        kind: Kind::Input,
    };
    let mut listed = Listed { folders: Vec::new(), files: Vec::new() };
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let path = entry.path();
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        let kind = entry.file_type().map_err(failed)?;
        if kind.is_dir() {
            listed.folders.push(path);
        } else if is_recording(&path) && path.is_file() {
            listed.files.push(path);
        }
    }
    listed.folders.sort();
    listed.files.sort();
    Ok(listed)
}

/// Whether a file is taken for a recording, by its ending.
pub fn is_recording(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or("");
    ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known))
}

/// Every folder with recordings in it, the upper first.
fn gather(
    folder: &Path,
    depth: usize,
    each: &mut dyn FnMut(&Path, Vec<PathBuf>),
) -> Result<(), SpeakerError> {
    let Listed { folders, files } = list(folder)?;
    if !files.is_empty() {
        each(folder, files);
    }
    if depth < DEPTH_MAX {
        for below in folders {
            gather(&below, depth + 1, each)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        folder
    }

    #[test]
    fn each_folder_is_a_person() {
        let folder = folder(&[
            "bob/2.wav",
            "bob/1.FLAC",
            "ann/day/1.wav",
            "ann/notes.txt",
            "empty/x.txt",
            ".git/a.wav",
            "loose.wav",
        ]);
        let found = people(folder.path(), Arrangement::FolderEach).unwrap();
        let names: Vec<&str> = found.iter().map(|person| person.name.as_str()).collect();
        assert_eq!(names, ["ann", "bob"]);
        assert!(found[1].files[0].ends_with("1.FLAC") && found[1].files.len() == 2);
    }

    #[test]
    fn timit_has_its_people_in_innermost_folders() {
        let folder = folder(&["TRAIN/DR1/FCJF0/SA1.WAV", "TEST/DR2/MABC0/SX1.WAV"]);
        let found = people(folder.path(), Arrangement::Innermost).unwrap();
        let names: Vec<&str> = found.iter().map(|person| person.name.as_str()).collect();
        assert_eq!(names, ["FCJF0", "MABC0"]);
    }

    #[test]
    fn a_folder_without_recordings_is_said() {
        let folder = folder(&["a.wav", "b.wav"]);
        let error = people(folder.path(), Arrangement::FolderEach).unwrap_err();
        assert!(error.to_string().contains("2 recordings lie"), "{error}");
        let none = people(&folder.path().join("none"), Arrangement::FolderEach).unwrap_err();
        assert!(matches!(none, SpeakerError::File { .. }));
    }
}
