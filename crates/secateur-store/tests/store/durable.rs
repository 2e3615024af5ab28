//! A power loss: what was not fsynced is gone. The order of operations shows that nothing is
//! relied on before it is on the disk.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use secateur_store::{Existing, Failing, Operation};

use crate::setup::{job, killed_after, output, temp};

/// The files and directories with changes that a power loss would undo.
#[derive(Default)]
struct Unsynced(BTreeSet<PathBuf>);

impl Unsynced {
    fn apply(&mut self, operation: &Operation) {
        let Operation { name, path, to } = operation;
        let parent = path.parent().expect("all paths have one").to_path_buf();
        match *name {
            "write_at" | "set_len" => _ = self.0.insert(path.clone()),
            "sync" | "sync_dir" => _ = self.0.remove(path),
            "create" | "create_dir" => _ = self.0.insert(parent),
            "remove" => {
                self.0.remove(path);
                self.0.insert(parent);
            }
            "rename" | "exchange" => {
                let to = to.as_ref().expect("a move has two paths");
                let moved: Vec<PathBuf> =
                    self.0.iter().filter(|dirty| dirty.starts_with(path)).cloned().collect();
                for dirty in moved {
                    self.0.remove(&dirty);
                    let inside = dirty.strip_prefix(path).expect("it starts so");
                    self.0.insert(if inside == Path::new("") {
                        to.clone()
                    } else {
                        to.join(inside)
                    });
                }
                self.0.insert(parent);
                self.0.insert(to.parent().expect("all paths have one").to_path_buf());
            }
            _ => {}
        }
    }

    fn under(&self, dir: &Path) -> Vec<&PathBuf> {
        self.0.iter().filter(|path| path.starts_with(dir)).collect()
    }
}

fn check(files: Failing, replace: bool) {
    let there = temp();
    let dir = there.path().join("out");
    if replace {
        output(&dir, b'A');
    }
    let files = Arc::new(files);
    let existing = if replace { Existing::Replace } else { Existing::Refuse };
    job(files.clone(), &dir, existing, b'B').expect("nothing is in the way");

    let beside = |end: &str| dir.with_file_name(format!(".out{end}"));
    let (partial, journal) = (beside(".partial"), beside(".partial").join("journal.jsonl"));
    let lock = beside(".lock");
    let parent = dir.parent().expect("it has one");
    let mut unsynced = Unsynced::default();
    let (mut published, mut confirmed, mut steps, mut before) = (false, false, 0, None);
    let operations = files.operations();
    for operation in &operations {
        // The lock file is only text for people.
        if operation.path == lock {
            continue;
        }
        if operation.to.as_ref() == Some(&dir) {
            assert!(unsynced.under(&partial).is_empty(), "{:?}", unsynced.0);
            // Without an exchange, the old output was just moved aside.
            assert!(!unsynced.0.contains(parent) || before == Some(&dir));
            published = true;
        }
        if operation.name == "write_at" && operation.path == journal {
            steps += 1;
            assert!(unsynced.under(&partial).is_empty() || steps == 1, "{:?}", unsynced.0);
        }
        confirmed |= published && operation.name == "sync_dir" && operation.path == parent;
        if operation.name == "remove" && operation.path.starts_with(beside(".old")) {
            assert!(confirmed, "the old output goes when the new one is on the disk");
        }
        unsynced.apply(operation);
        before = Some(&operation.path);
    }
    assert!(published && steps > 3);
    assert!(unsynced.0.is_empty(), "left to chance: {:?}", unsynced.0);
}

#[test]
fn a_new_output_is_durable_before_it_is_seen() {
    check(Failing::nth(0), false);
}

#[test]
fn a_replacing_output_is_durable_before_it_is_seen() {
    check(Failing::nth(0), true);
    check(Failing::nth(0).without_exchange(), true);
}

/// What a killed run wrote is perhaps not on the disk, and no step says that it is.
#[test]
fn the_files_of_an_earlier_run_are_synced() {
    let there = temp();
    let dir = there.path().join("out");
    killed_after(&dir, Existing::Refuse, b'A', 3);
    let files = Arc::new(Failing::nth(0));
    job(files.clone(), &dir, Existing::Resume, b'A').expect("nothing is in the way");
    let partial = dir.with_file_name(".out.partial");
    for name in ["model-1.bin", "model-2.bin"] {
        let path = partial.join(name);
        let is_sync = |operation: &Operation| operation.name == "sync" && operation.path == path;
        assert!(files.operations().iter().any(is_sync), "{name}");
    }
}
