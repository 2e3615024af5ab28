//! `secateur ses flatten`, `diff` and `draw`.

use std::path::Path;
use std::process::ExitCode;

use secateur::core::{Kind, RunError};
use secateur::ses;
use secateur::ses::format::draw as drawing;
use serde_json::json;

use super::Manner;
use super::files::{self, Origin, Target};
use crate::args::ses::OutputArgs;
use crate::out;

pub(super) fn flatten(
    path: &Path,
    output: &OutputArgs,
    manner: Manner,
) -> Result<ExitCode, RunError> {
    let target = Target::result(&output.output, output.force, &[path])?;
    let pes = files::result(path)?;
    let input = files::input(path)?;
    let flat = ses::flatten::flatten(&pes).map_err(files::at(path))?;
    let leaves = flat.walk().filter(|(node, _)| flat.is_leaf(*node)).count();
    let couplings: usize = flat.couplings.iter().map(Vec::len).sum();
    let asked = json!({});
    target.pes(&flat, &Origin { command: "flatten", input: &input, asked, decisions: (&[], 0) })?;
    if manner.json {
        out::json(&json!({
            "output": output.output.display().to_string(),
            "leaves": leaves,
            "couplings": couplings,
        }));
    } else {
        out::line(&format!("{leaves} leaves, {couplings} couplings: {}", output.output.display()));
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) fn diff(a: &Path, b: &Path, manner: Manner) -> Result<ExitCode, RunError> {
    let found = ses::diff::diff(&files::result(a)?, &files::result(b)?);
    let equal = found.is_empty();
    if manner.json {
        let attributes: Vec<_> = found
            .attributes
            .iter()
            .map(|(path, name, before, after)| {
                json!({ "path": path, "name": name, "before": before, "after": after })
            })
            .collect();
        let couplings = |all: &[(String, String)]| -> Vec<_> {
            all.iter()
                .map(|(path, coupling)| json!({ "path": path, "coupling": coupling }))
                .collect()
        };
        out::json(&json!({
            "equal": equal,
            "removed": found.removed,
            "added": found.added,
            "attributes": attributes,
            "uncoupled": couplings(&found.uncoupled),
            "coupled": couplings(&found.coupled),
        }));
    } else {
        let line = |text: String| out::line(&out::clean(&text));
        found.removed.iter().for_each(|path| line(format!("- {path}")));
        found.added.iter().for_each(|path| line(format!("+ {path}")));
        for (path, name, before, after) in &found.attributes {
            let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".into());
            line(format!("~ {path}: {name}: {} -> {}", shown(before), shown(after)));
        }
        found.uncoupled.iter().for_each(|(path, text)| line(format!("- {path}: {text}")));
        found.coupled.iter().for_each(|(path, text)| line(format!("+ {path}: {text}")));
        if equal {
            out::line("equal");
        }
    }
    Ok(if equal { ExitCode::SUCCESS } else { ExitCode::from(Kind::Gate.exit()) })
}

pub(super) fn draw(
    path: &Path,
    svg: Option<&Path>,
    output: Option<&Path>,
    force: bool,
    manner: Manner,
) -> Result<ExitCode, RunError> {
    let picture = svg.map(|svg| Target::drawing(svg, force, &[path])).transpose()?;
    let other = output.map(|output| Target::drawing(output, force, &[path])).transpose()?;
    let document = files::read(path)?;
    let mut written = Vec::new();
    if let Some(target) = picture {
        let title = path.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
        target.text(&drawing::svg(&document, &title))?;
        written.push(target.path.display().to_string());
    }
    if let Some(target) = other {
        target.document(&document)?;
        written.push(target.path.display().to_string());
    }
    if manner.json {
        out::json(&json!({ "written": written }));
    } else {
        out::line(&format!("written: {}", written.join(", ")));
    }
    Ok(ExitCode::SUCCESS)
}
