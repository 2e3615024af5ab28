//! The folder of a demo.

use std::path::Path;

use secateur::core::record::Record;
use secateur::core::{Kind, RunError};

pub(crate) fn failed(path: &Path, error: &std::io::Error) -> RunError {
    let message = format!("the demo cannot write: {error}");
    let hint = "run the demo in a folder where you may write";
    RunError::new(Kind::Resources, "SEC-CL-005", message).at(path).hint(hint)
}

/// Makes the folder; what is in it already must be of an older demo.
pub(crate) fn make(folder: &Path, is_own: impl Fn(&str) -> bool) -> Result<(), RunError> {
    if folder.exists() {
        let entries = std::fs::read_dir(folder).map_err(|e| failed(folder, &e))?;
        let mut names = entries.flatten().map(|e| e.file_name().to_string_lossy().into_owned());
        if let Some(foreign) = names.find(|name| !is_own(name)) {
            let folder_name = folder.display();
            let message = format!("{folder_name} holds {foreign}, which the demo did not write");
            let hint = "move it away, or run the demo in another folder";
            return Err(RunError::new(Kind::Usage, "SEC-CL-004", message).at(folder).hint(hint));
        }
    }
    std::fs::create_dir_all(folder).map_err(|e| failed(folder, &e))
}

/// Writes a file of the demo.
pub(crate) fn write(path: &Path, bytes: impl AsRef<[u8]>) -> Result<(), RunError> {
    std::fs::write(path, bytes).map_err(|e| failed(path, &e))
}

/// Writes `report.html` and `report.json`.
pub(crate) fn report(folder: &Path, record: &Record) -> Result<(), RunError> {
    let page = secateur::report::html(record).map_err(|error| {
        let message = format!("the report cannot be drawn: {error}");
        RunError::new(Kind::Other, "SEC-CL-005", message)
    })?;
    write(&folder.join("report.html"), page)?;
    write(&folder.join("report.json"), secateur::report::json(record))
}
