//! The same bytes for any number of threads and any budget of memory.

use secateur_core::prune::OnExisting;
use secateur_core::recipe::Keep;
use secateur_core::{Budget, Progress, Silent};
use secateur_neural::criteria;
use secateur_neural::prune::run;

use crate::{contents, job, recipe};

#[test]
fn one_two_and_three_threads_write_the_same_bytes() {
    for method in ["ria", "sparsegpt", "wanda", "wanda-cumulative"] {
        let folder = tempfile::tempdir().unwrap();
        let mut recipe = recipe(method, Budget::Sparsity(0.5));
        recipe.scope = criteria::find(method).unwrap().scope;
        let written: Vec<_> = (1..=3)
            .map(|threads| {
                let output = folder.path().join(format!("threads-{threads}"));
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                pool.install(|| run(&recipe, &job(&output, OnExisting::Refuse), &mut Silent))
                    .unwrap();
                contents(&output)
            })
            .collect();
        assert!(written[0].iter().any(|(name, _)| name == "secateur.json"));
        assert_eq!(written[0], written[1], "{method}");
        assert_eq!(written[0], written[2], "{method}");
    }
}

/// Updated weights are read back as they were written, so that a resumed run goes on alike.
#[test]
fn an_interrupted_run_with_updates_goes_on_to_the_same_bytes() {
    struct AfterFirst(bool);
    impl Progress for AfterFirst {
        fn begin(&mut self, _: &str, _: usize) {}
        fn step(&mut self, done: usize, _: &str) {
            self.0 = done == 1;
        }
        fn warn(&mut self, _: &str) {}
        fn stopped(&self) -> bool {
            self.0
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let mut recipe = recipe("sparsegpt", Budget::NofM { keep: 2, of: 4 });
    recipe.dtype = Keep::Bf16;
    let [whole, halved] = ["whole", "halved"].map(|name| folder.path().join(name));
    run(&recipe, &job(&whole, OnExisting::Refuse), &mut Silent).unwrap();
    let stopped = run(&recipe, &job(&halved, OnExisting::Refuse), &mut AfterFirst(false));
    assert!(stopped.is_err() && !halved.exists());
    run(&recipe, &job(&halved, OnExisting::Resume), &mut Silent).unwrap();
    assert_eq!(contents(&whole), contents(&halved));
}

#[test]
fn spilled_activations_give_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let mut recipe = recipe("wanda", Budget::NofM { keep: 2, of: 4 });
    let data = recipe.calibration.as_mut().unwrap();
    (data.samples, data.seq_len) = (400, 32);
    let [memory, file] = ["memory", "file"].map(|name| folder.path().join(name));
    run(&recipe, &job(&memory, OnExisting::Refuse), &mut Silent).unwrap();
    let work = secateur_neural::prune::Work::new(&recipe).unwrap();
    let needed = secateur_neural::plan::memory(&work).unwrap();
    let mut tight = job(&file, OnExisting::Refuse);
    tight.max_memory = Some(needed.least + needed.activations / 2);
    run(&recipe, &tight, &mut Silent).unwrap();
    assert_eq!(contents(&memory), contents(&file));
    tight.output = folder.path().join("refused");
    tight.max_memory = Some(needed.least / 2);
    let error = run(&recipe, &tight, &mut Silent).unwrap_err().to_string();
    assert!(error.contains("--max-memory is"), "{error}");
    assert!(!tight.output.exists());
}
