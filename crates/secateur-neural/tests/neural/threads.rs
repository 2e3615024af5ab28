//! The same bytes for any number of threads and any budget of memory.

use secateur_core::prune::OnExisting;
use secateur_core::{Budget, Silent};
use secateur_neural::prune::run;

use crate::{contents, job, recipe};

#[test]
fn one_two_and_three_threads_write_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let recipe = recipe("wanda", Budget::Sparsity(0.5));
    let written: Vec<_> = (1..=3)
        .map(|threads| {
            let output = folder.path().join(format!("threads-{threads}"));
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| run(&recipe, &job(&output, OnExisting::Refuse), &mut Silent)).unwrap();
            contents(&output)
        })
        .collect();
    assert!(written[0].iter().any(|(name, _)| name == "secateur.json"));
    assert_eq!(written[0], written[1]);
    assert_eq!(written[0], written[2]);
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
    let needed = secateur_neural::plan::memory(&work);
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
