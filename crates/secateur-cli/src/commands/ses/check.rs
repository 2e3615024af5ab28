//! `secateur ses check`.

use std::path::Path;
use std::process::ExitCode;

use secateur::core::{Kind, RunError};
use secateur::ses::check::check;
use secateur::ses::place::Place;
use serde_json::json;

use super::Manner;
use super::files;
use crate::out;

pub(super) fn run(path: &Path, manner: Manner) -> Result<ExitCode, RunError> {
    let ses = files::structure(path)?;
    let findings = check(&ses);
    let errors = findings.iter().filter(|finding| finding.is_error).count();
    let entities = (0..ses.nodes.len() as u32).filter(|id| ses.entity(*id).is_some()).count();
    if manner.json {
        let rows: Vec<_> = findings
            .iter()
            .map(|finding| {
                let (line, column) = match finding.place {
                    Place::Text { line, column } => (Some(line), Some(column)),
                    _ => (None, None),
                };
                json!({
                    "rule": finding.rule,
                    "severity": if finding.is_error { "error" } else { "warning" },
                    "place": finding.place.to_string(),
                    "line": line,
                    "column": column,
                    "path": finding.path,
                    "message": finding.message,
                })
            })
            .collect();
        out::json(&json!({
            "name": ses.name,
            "ok": errors == 0,
            "nodes": ses.nodes.len(),
            "entities": entities,
            "findings": rows,
        }));
    } else {
        for finding in &findings {
            let word = if finding.is_error { "error" } else { "warning" };
            let text = format!(
                "{}: {}: {word} ({}): {}: {}",
                path.display(),
                finding.place,
                finding.rule,
                finding.path,
                finding.message
            );
            out::line(&out::clean(&text));
        }
        let warnings = findings.len() - errors;
        out::line(&format!(
            "{} nodes, {entities} entities: {errors} errors, {warnings} warnings",
            ses.nodes.len()
        ));
    }
    Ok(if errors == 0 { ExitCode::SUCCESS } else { ExitCode::from(Kind::Input.exit()) })
}
