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

/// A calibration text of the same length, changed while the run reads.
#[test]
fn an_input_that_changes_ends_the_run() {
    struct Touch(std::path::PathBuf);
    impl secateur_core::Progress for Touch {
        fn begin(&mut self, _: &str, _: usize) {}
        fn step(&mut self, done: usize, _: &str) {
            if done == 2 {
                let text = std::fs::read(&self.0).unwrap();
                let later = std::time::SystemTime::now() + std::time::Duration::from_secs(5);
                std::fs::write(&self.0, &text).unwrap();
                std::fs::File::options()
                    .write(true)
                    .open(&self.0)
                    .unwrap()
                    .set_modified(later)
                    .unwrap();
            }
        }
        fn warn(&mut self, _: &str) {}
        fn stopped(&self) -> bool {
            false
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("text.txt");
    std::fs::copy(crate::fixture("demo/calibration.txt"), &text).unwrap();
    let mut recipe = recipe("wanda", Budget::Sparsity(0.5));
    recipe.calibration.as_mut().unwrap().files = vec![text.display().to_string()];
    let output = folder.path().join("out");
    let error =
        secateur_neural::prune::run(&recipe, &job(&output, OnExisting::Refuse), &mut Touch(text));
    let error = secateur_core::RunError::from(error.unwrap_err());
    assert_eq!((error.code, error.kind.exit()), ("SEC-NN-020", 5), "{error}");
    assert!(!output.exists());
}
