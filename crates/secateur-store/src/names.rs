//! Names of files inside an output.

use std::path::Path;

use crate::error::StoreError;

/// The manifest: the last file of a complete output.
pub const MANIFEST: &str = "secateur.json";

/// The journal of an output that is being built.
pub const JOURNAL: &str = "journal.jsonl";

/// Files that hold measurements. They differ from run to run, so no manifest lists their hashes.
pub const MEASUREMENTS: [&str; 2] = ["report.json", "report.html"];

/// The manifest of an output that is being replaced by another.
pub(crate) const REPLACED: &str = ".replaced.json";

/// The name of a file of a complete output that is the file `out` with others beside it:
/// `model.secateur.json` for the manifest of `model.gguf`.
pub(crate) fn beside(out: &Path, name: &str) -> String {
    let stem = out.file_stem().unwrap_or_default().to_string_lossy();
    match name {
        MANIFEST => format!("{stem}.secateur.json"),
        name if MEASUREMENTS.contains(&name) => format!("{stem}.{name}"),
        name => name.to_owned(),
    }
}

/// The longest name: file systems allow 255 bytes, and temporary names add a few.
const LONGEST: usize = 240;

/// Whether the store itself writes files of this name.
pub(crate) fn is_reserved(name: &str) -> bool {
    name == MANIFEST || name == JOURNAL || MEASUREMENTS.contains(&name)
}

/// Checks that a name is one plain component of a path.
pub(crate) fn check(name: &str) -> Result<(), StoreError> {
    match reason(name) {
        None => Ok(()),
        Some(reason) => Err(StoreError::BadName { name: name.to_owned(), reason }),
    }
}

/// Checks that a name can be that of a data file.
pub(crate) fn check_data(name: &str) -> Result<(), StoreError> {
    check(name)?;
    if is_reserved(name) {
        let reason = "the program itself writes a file of that name";
        return Err(StoreError::BadName { name: name.to_owned(), reason });
    }
    Ok(())
}

fn reason(name: &str) -> Option<&'static str> {
    if name.is_empty() {
        return Some("it is empty");
    }
    if name.contains(['/', '\\']) {
        return Some("it contains a path separator");
    }
    if name.contains(char::is_control) {
        return Some("it contains a control character");
    }
    if name.starts_with('.') {
        return Some("it starts with a dot");
    }
    if name.contains("..") {
        return Some("it contains two dots in a row");
    }
    if name.len() > LONGEST {
        return Some("it is longer than 240 bytes");
    }
    None
}

/// The name under which a file is written before it is moved to `name`.
pub(crate) fn temporary(name: &str) -> String {
    format!(".{name}.tmp")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_names_pass() {
        for name in ["model.safetensors", "model-00001-of-00002.safetensors", "ünïcode", "a b"] {
            assert!(check_data(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn paths_and_tricks_are_refused() {
        let long = "x".repeat(241);
        let names = [
            "",
            ".",
            "..",
            "../x",
            "a/b",
            "/etc/passwd",
            "a\\b",
            "a\0b",
            "a\nb",
            ".hidden",
            "a..b",
            &long,
        ];
        for name in names {
            let error = check_data(name).unwrap_err();
            assert_eq!(error.exit(), 2, "{name:?}");
        }
    }

    #[test]
    fn own_names_are_no_data() {
        for name in [MANIFEST, JOURNAL, "report.json", "report.html"] {
            assert!(check(name).is_ok() && check_data(name).is_err(), "{name}");
        }
    }
}
