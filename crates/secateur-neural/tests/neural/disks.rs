//! Failing disks: whatever operation fails or is the last one, nothing is lost and nothing is
//! half in place, and a resumed run gives the bytes of an undisturbed one.

use std::path::Path;
use std::sync::Arc;

use secateur_core::prune::OnExisting;
use secateur_core::{Budget, Silent};
use secateur_neural::prune::{run, run_on};
use secateur_store::{Failing, Files};

use crate::{contents, job, recipe};

/// Runs over a failing disk for the n-th operation, n = 1, 2, ..., until a run succeeds; after
/// each failure checks the output and finishes the run on a healthy disk.
fn every_operation(make: fn(u64) -> Failing) {
    let folder = tempfile::tempdir().unwrap();
    let recipe = recipe("magnitude", Budget::Sparsity(0.5));
    let undisturbed = folder.path().join("undisturbed");
    run(&recipe, &job(&undisturbed, OnExisting::Refuse), &mut Silent).unwrap();
    let expected = contents(&undisturbed);
    for n in 1.. {
        let output = folder.path().join(format!("out-{n}"));
        let disk: Arc<dyn Files> = Arc::new(make(n));
        let result = run_on(&recipe, &job(&output, OnExisting::Refuse), &disk, &mut Silent);
        drop(disk);
        if result.is_ok() {
            assert!(n > 20, "the disk must have failed in many places");
            assert_eq!(contents(&output), expected);
            break;
        }
        finish(&recipe, &output);
        assert_eq!(contents(&output), expected, "operation {n}");
        std::fs::remove_dir_all(&output).unwrap();
    }
}

/// The output is there as a whole, or not at all; then a resumed run brings it about.
fn finish(recipe: &secateur_core::Recipe, output: &Path) {
    if output.join("secateur.json").exists() {
        return;
    }
    assert!(!output.exists(), "half an output at {}", output.display());
    run(recipe, &job(output, OnExisting::Resume), &mut Silent).unwrap();
}

#[test]
fn every_operation_may_fail() {
    every_operation(Failing::nth);
}

#[test]
fn the_process_may_end_at_every_operation() {
    every_operation(Failing::killed_at);
}
