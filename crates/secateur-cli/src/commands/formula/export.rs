//! `secateur formula export`.

use std::path::PathBuf;
use std::process::ExitCode;

use secateur::core::RunError;
use secateur::formula::syntax::{Target, write};
use serde_json::json;

use super::{Manner, files};
use crate::args::formula::FormulaArgs;
use crate::out;

pub(super) fn run(
    args: &FormulaArgs,
    target: Target,
    manner: Manner,
) -> Result<ExitCode, RunError> {
    let formula = files::formula(args, &[])?;
    let place = args.formula.clone().unwrap_or_else(|| PathBuf::from("--expr"));
    let text = write(&formula.tree, &formula.names(), target).map_err(files::at(&place))?;
    if manner.json {
        out::json(&json!({
            "to": target.name(),
            "text": text,
            "size": formula.tree.size(),
            "inputs": formula.names(),
        }));
    } else {
        out::line(text.trim_end());
    }
    Ok(ExitCode::SUCCESS)
}
