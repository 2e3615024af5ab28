//! Words that must not appear.

use std::path::Path;

use crate::{files, text};

/// Folders' names that nobody should give a file or module: they say nothing.
const EMPTY_NAMES: [&str; 5] = ["utils", "common", "helpers", "base", "manager"];

/// Left-overs of unfinished work. Written in two parts, so that this file does not hold them.
const UNFINISHED: [(&str, &str); 5] =
    [("todo", "!("), ("unimplemented", "!("), ("FIX", "ME"), ("XX", "X "), ("dbg", "!(")];

/// Paths of somebody's machine.
const PLACES: [&str; 3] = ["/home/", "/root/", "/tmp/"];

pub(crate) fn faults(root: &Path) -> Vec<String> {
    let mut faults = Vec::new();
    for path in files(root, &[".rs", ".py", ".md", ".toml", ".yml", ".sh"]) {
        let shown = path.strip_prefix(root).unwrap_or(&path).display().to_string();
        let stem = path.file_stem().and_then(|s| s.to_str()).unwrap_or("");
        if EMPTY_NAMES.contains(&stem) {
            faults.push(format!("{shown}: name it for the thing that is in it"));
        }
        if shown.ends_with("words.rs") {
            continue;
        }
        for (number, line) in text(&path).lines().enumerate() {
            let at = number + 1;
            if UNFINISHED.iter().any(|(a, b)| line.contains(&format!("{a}{b}"))) {
                faults.push(format!("{shown}:{at}: unfinished"));
            }
            if PLACES.iter().any(|place| line.contains(place)) {
                faults.push(format!("{shown}:{at}: a path of one machine"));
            }
        }
    }
    faults
}
