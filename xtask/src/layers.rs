//! Which crates may see which: the invariants of ARCHITECTURE.md.

use std::path::Path;

use crate::text;

/// What a model is; none of these may know pruning.
const MODEL: [&str; 5] = ["tensor", "graph", "exec", "onnx", "checkpoint"];
/// What pruning is; none of these may know tensors, files of models or networks.
const PRUNING: [&str; 4] = ["core", "report", "laws", "store"];
/// Families; none may know another.
const FAMILIES: [&str; 5] = ["neural", "go", "speaker", "formula", "ses"];

pub(crate) fn faults(root: &Path) -> Vec<String> {
    let mut faults = Vec::new();
    let mut forbid = |krate: &str, others: &[&str]| {
        let manifest = text(&root.join(format!("crates/secateur-{krate}/Cargo.toml")));
        let seen = dependencies(&manifest);
        for other in others.iter().filter(|o| **o != krate && seen.contains(&(**o).to_owned())) {
            faults.push(format!("secateur-{krate} must not depend on secateur-{other}"));
        }
    };
    for krate in MODEL {
        forbid(krate, &PRUNING);
        forbid(krate, &FAMILIES);
    }
    for krate in PRUNING {
        forbid(krate, &MODEL);
        forbid(krate, &FAMILIES);
    }
    forbid("core", &["report", "laws", "store"]);
    forbid("store", &["core", "report", "laws"]);
    forbid("tensor", &["graph", "exec", "onnx", "checkpoint"]);
    forbid("graph", &["exec", "onnx", "checkpoint"]);
    forbid("checkpoint", &["exec", "onnx"]);
    forbid("onnx", &["exec", "checkpoint"]);
    for krate in FAMILIES {
        forbid(krate, &FAMILIES);
    }
    faults
}

/// Crates of ours that a manifest names under `[dependencies]`, without their prefix.
fn dependencies(manifest: &str) -> Vec<String> {
    let mut inside = false;
    let mut found = Vec::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            inside = line == "[dependencies]";
        } else if inside && let Some(rest) = line.strip_prefix("secateur-") {
            let name = rest.split(['.', ' ', '=']).next().unwrap_or_default();
            found.push(name.to_owned());
        }
    }
    found
}
