//! Lists that must be complete, codes that must be explained, files that must stay small.

use std::collections::BTreeSet;
use std::path::Path;

use crate::{files, text};

/// Longest file of code, in lines; a longer one is to be split.
const LINES_MAX: usize = 1000;

/// Folders with one thing a file, and the file whose list names each.
const LISTED: [(&str, &str); 5] = [
    ("crates/secateur-graph/src/ops", "crates/secateur-graph/src/ops/mod.rs"),
    ("crates/secateur-checkpoint/src/arch", "crates/secateur-checkpoint/src/arch/mod.rs"),
    ("crates/secateur-neural/src/criteria", "crates/secateur-neural/src/criteria/mod.rs"),
    ("crates/secateur-go/src/criteria", "crates/secateur-go/src/criteria/mod.rs"),
    ("crates/secateur-speaker/src/criteria", "crates/secateur-speaker/src/criteria/mod.rs"),
];

pub(crate) fn faults(root: &Path) -> Vec<String> {
    let mut faults = unlisted(root);
    faults.extend(unexplained(root));
    faults.extend(too_long(root));
    faults
}

fn unlisted(root: &Path) -> Vec<String> {
    let mut faults = Vec::new();
    for (folder, list) in LISTED {
        let names = text(&root.join(list));
        for path in files(&root.join(folder), &[".rs"]) {
            let stem = path.file_stem().and_then(|s| s.to_str()).unwrap_or("");
            let uses = names.matches(&format!("{stem}::")).count();
            if stem != "mod" && (!names.contains(&format!("mod {stem};")) || uses == 0) {
                faults.push(format!("{folder}/{stem}.rs is not in the list of {list}"));
            }
        }
        let is_criteria = folder.ends_with("criteria");
        for path in files(&root.join(folder), &[".rs"]) {
            let page = path.with_extension("md");
            if is_criteria && !path.ends_with("mod.rs") && !has_heads(&text(&page)) {
                faults.push(format!("{} lacks some of the fixed heads", page.display()));
            }
        }
    }
    faults
}

/// Heads that every page of a criterion has, in this order.
const HEADS: [&str; 9] = [
    "## What it removes",
    "## Score",
    "## Evidence it needs",
    "## Shapes and units",
    "## Cost",
    "## Errors",
    "## Differs from the source in",
    "## Reference",
    "## Example",
];

fn has_heads(page: &str) -> bool {
    let found: Vec<&str> = page.lines().filter(|line| line.starts_with("## ")).collect();
    found == HEADS
}

/// Codes that an error can carry but `secateur explain` does not know.
fn unexplained(root: &Path) -> Vec<String> {
    let mut used = BTreeSet::new();
    let mut explained = BTreeSet::new();
    for path in files(&root.join("crates"), &[".rs"]) {
        if path.components().any(|c| c.as_os_str() == "tests") {
            continue;
        }
        for line in text(&path).lines() {
            for code in codes(line) {
                let is_entry = line.trim_start().starts_with(&format!("(\"{code}\", \"")) || {
                    line.trim() == format!("\"{code}\",")
                };
                if is_entry {
                    explained.insert(code.clone());
                }
                used.insert(code);
            }
        }
    }
    let missing = used.difference(&explained);
    missing.filter(|c| !is_example(c)).map(|code| format!("{code} is not explained")).collect()
}

fn is_example(code: &str) -> bool {
    code.ends_with("-000")
}

/// Every `SEC-XX-NNN` in a line.
fn codes(line: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in line.match_indices("\"SEC-") {
        let code: String = line[at + 1..].chars().take(10).collect();
        if code.len() == 10 && code[7..].chars().all(|c| c.is_ascii_digit()) {
            found.push(code);
        }
    }
    found
}

fn too_long(root: &Path) -> Vec<String> {
    let sources = files(root, &[".rs", ".py"]);
    let long = sources.iter().filter_map(|path| {
        let lines = text(path).lines().count();
        (lines > LINES_MAX).then(|| format!("{} has {lines} lines; split it", path.display()))
    });
    long.collect()
}
