//! Formulas from files and into files.

use std::path::{Path, PathBuf};

use secateur::core::record::Input;
use secateur::core::{Kind, RunError};
use secateur::formula::error::FormulaError;
use secateur::formula::formula::{Formula, Source, read_any};
use secateur::store::{FileHash, StoreError, hash_file};

use crate::args::formula::FormulaArgs;
use crate::commands::pages::{Target, store};

/// Bytes of the largest file with formulas that is read.
const BYTES_MAX: u64 = 64 << 20;

/// An error of the library with the file that it is about.
pub(super) fn at(path: &Path) -> impl Fn(FormulaError) -> RunError + '_ {
    move |error| RunError::from(error).at(path)
}

/// A file that was read, with its hash.
pub(super) fn input(role: &str, path: &Path) -> Result<Input, RunError> {
    let FileHash { bytes, blake3, .. } = hash_file(path).map_err(|error| store(&error))?;
    Ok(Input { role: role.to_owned(), name: path.display().to_string(), bytes, blake3 })
}

/// The formula that was asked for. `names` are the columns that a text may use; empty where there
/// is no table.
pub(super) fn formula(args: &FormulaArgs, names: &[String]) -> Result<Formula, RunError> {
    let place = args.formula.clone().unwrap_or_else(|| PathBuf::from("--expr"));
    let bytes = match (&args.expr, &args.formula) {
        (Some(text), _) => text.clone().into_bytes(),
        (None, Some(path)) => bytes(path)?,
        (None, None) => Vec::new(),
    };
    let (mut formulas, source) = read_any(&bytes, args.syntax, names).map_err(at(&place))?;
    if let Some(wanted) = args.complexity {
        formulas.retain(|formula| formula.origin.complexity == Some(wanted));
        if formulas.is_empty() {
            let message = match source {
                Source::HallOfFame => format!("no equation has complexity {wanted}"),
                _ => "only a table of equations has complexities".to_owned(),
            };
            return Err(RunError::new(Kind::Usage, "SEC-FO-012", message).at(place));
        }
    }
    Ok(formulas.pop().expect("what was read holds a formula"))
}

fn bytes(path: &Path) -> Result<Vec<u8>, RunError> {
    let unreadable = |what: String| RunError::new(Kind::Input, "SEC-FO-011", what).at(path);
    let data = std::fs::metadata(path)
        .map_err(|error| unreadable(format!("the file cannot be read: {error}")))?;
    if !data.is_file() {
        return Err(unreadable("a formula is a file, and this is none".to_owned()));
    }
    if data.len() > BYTES_MAX {
        return Err(unreadable(format!("the file has {} bytes; {BYTES_MAX} are read", data.len())));
    }
    std::fs::read(path).map_err(|error| unreadable(format!("the file cannot be read: {error}")))
}

/// A place for a document: with `force` only a document of ours is replaced.
pub(super) fn document(path: &Path, force: bool, inputs: &[&Path]) -> Result<Target, RunError> {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or("");
    if ending != "json" {
        let message = format!("the ending .{ending} is not .json");
        return Err(RunError::new(Kind::Usage, "SEC-FO-012", message).at(path));
    }
    let target = Target::new(path, force, inputs)?;
    let is_ours = || std::fs::read(path).is_ok_and(|bytes| Formula::from_json(&bytes).is_ok());
    if path.exists() && !is_ours() {
        let error = StoreError::Foreign { path: path.to_path_buf(), files: Vec::new() };
        return Err(store(&error));
    }
    Ok(target)
}
