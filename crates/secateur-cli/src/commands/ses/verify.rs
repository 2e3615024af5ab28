//! `secateur verify` on structures.

use std::path::Path;

use secateur::core::RunError;
use secateur::neural::verify::{Check, hashes};
use secateur::ses::check::check;
use secateur::ses::format::{Document, Format};

use super::files;

/// Whether a path names a structure or a result: by its ending, and for .json and .xml by the
/// manifest beside it.
pub(crate) fn is_structure(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or("");
    let own = ["ses", "pes", "ipes", "fpes", "jsonsestree"].contains(&ending);
    own || (Format::of_ending(ending).is_some() && files::manifest_of(path).is_file())
}

/// Checks a structure: its form, and when secateur wrote it, its hash.
pub(crate) fn verify(path: &Path) -> Result<Vec<Check>, RunError> {
    let one = |name: &str, passed, detail| Check { name: name.to_owned(), passed, detail };
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or("");
    let mut checks = Vec::new();
    // Drawings are written, never read.
    if !matches!(Format::of_ending(ending), Some(Format::Dot | Format::Mermaid)) {
        checks.push(match files::read(path)? {
            Document::Pes(pes) => {
                let detail = format!("a {} of {} entities", pes.stage.word(), pes.entities());
                one("structure", true, detail)
            }
            Document::Ses(ses) => {
                let fault = check(&ses).into_iter().find(|finding| finding.is_error);
                let detail = fault.as_ref().map_or_else(
                    || format!("a structure of {} nodes", ses.nodes.len()),
                    |fault| format!("{}: {}", fault.place, fault.message),
                );
                one("structure", fault.is_none(), detail)
            }
        });
    }
    match files::manifest(path)? {
        Some(manifest) => checks.push(hashes(path, &manifest)?),
        None => checks.push(one("manifest", true, "none; not written by secateur".to_owned())),
    }
    Ok(checks)
}
