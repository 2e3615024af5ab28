//! Budgets that are shared out over the model, and numbers that are kept in fewer bits.

use std::path::Path;

use secateur_core::prune::OnExisting;
use secateur_core::recipe::{Allocation, Calibration, Precision, Sampling, Scope};
use secateur_core::{Budget, Limits, Progress, Recipe, Scores, Silent, select};
use secateur_neural::prune::run;

use crate::{contents, fixture, job, recipe};

/// Weights of the pruned layers, in the order of the model.
fn weights(folder: &Path) -> Vec<Vec<f32>> {
    let model = secateur_checkpoint::open(folder).unwrap();
    let options = secateur_checkpoint::BlockOptions { positions: 1, cache: false };
    let blocks = (0..model.dims.layers).map(|block| model.block(block, options).unwrap());
    let names = blocks.flat_map(|block| block.linears).map(|l| format!("{}.weight", l.name));
    names.map(|name| model.tensors.find(&name).unwrap().load().to_f32().unwrap()).collect()
}

#[test]
fn a_global_cut_is_that_of_a_selection_from_all_scores() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("out");
    let mut recipe = recipe("magnitude", Budget::Sparsity(0.37));
    recipe.scope = Scope::Global;
    let record = run(&recipe, &job(&output, OnExisting::Refuse), &mut Silent).unwrap();
    let dense = weights(&fixture("demo/model"));
    let all: Vec<f32> = dense.concat();
    let scores = Scores::one_group(all.iter().map(|w| w.abs()).collect()).unwrap();
    let mask = select(&scores, Budget::Sparsity(0.37), &Limits::NONE).unwrap();
    for ((before, after), keep) in all.iter().zip(weights(&output).concat()).zip(mask.iter()) {
        assert_eq!(if keep { *before } else { 0.0 }, after);
    }
    assert_eq!(record.totals(), (mask.kept() as u64, mask.cut() as u64));
}

struct StopAfter(&'static str, usize, bool, bool);

impl Progress for StopAfter {
    fn begin(&mut self, what: &str, _: usize) {
        self.2 = what == self.0;
    }
    fn step(&mut self, done: usize, _: &str) {
        self.3 = self.2 && done == self.1;
    }
    fn warn(&mut self, _: &str) {}
    fn stopped(&self) -> bool {
        self.3
    }
}

/// Stopped in the dense pass, then after a block, and resumed: the same bytes as undisturbed.
fn resumes(recipe: &Recipe) {
    let folder = tempfile::tempdir().unwrap();
    let [whole, halved] = ["whole", "halved"].map(|name| folder.path().join(name));
    run(recipe, &job(&whole, OnExisting::Refuse), &mut Silent).unwrap();
    for (existing, phase, done) in
        [(OnExisting::Refuse, "dense block", 2), (OnExisting::Resume, "block", 2)]
    {
        let mut stop = StopAfter(phase, done, false, false);
        assert!(run(recipe, &job(&halved, existing), &mut stop).is_err());
        assert!(!halved.exists());
    }
    run(recipe, &job(&halved, OnExisting::Resume), &mut Silent).unwrap();
    assert_eq!(contents(&whole), contents(&halved));
}

#[test]
fn a_stopped_global_cut_goes_on_to_the_same_bytes() {
    let mut recipe = recipe("wanda", Budget::Sparsity(0.5));
    recipe.scope = Scope::Global;
    resumes(&recipe);
}

#[test]
fn a_stopped_allocation_goes_on_to_the_same_bytes() {
    for method in ["magnitude", "sparsegpt"] {
        let mut recipe = Recipe { scope: Scope::Layer, ..recipe(method, Budget::Sparsity(0.5)) };
        recipe.calibration = crate::recipe("wanda", recipe.budget).calibration;
        recipe.allocation = Allocation::OWL;
        resumes(&recipe);
    }
}

#[test]
fn owl_gives_blocks_different_shares_around_the_budget() {
    for method in ["wanda", "magnitude"] {
        check_shares(method);
    }
}

fn check_shares(method: &str) {
    let folder = tempfile::tempdir().unwrap();
    let mut recipe = recipe("wanda", Budget::Sparsity(0.6));
    recipe.method = method.into();
    recipe.allocation = Allocation::Owl { threshold: 3.0, band: 0.1 };
    let output = folder.path().join("out");
    let record = run(&recipe, &job(&output, OnExisting::Refuse), &mut Silent).unwrap();
    assert!((record.sparsity() - 0.6).abs() < 0.01, "{}", record.sparsity());
    let share =
        |group: &secateur_core::record::Group| group.cut as f64 / (group.cut + group.kept) as f64;
    let shares: Vec<f64> = record.groups.chunks(4).map(|block| share(&block[1])).collect();
    let spread = |f: fn(f64, f64) -> f64| shares.iter().copied().reduce(f).unwrap();
    let width = spread(f64::max) - spread(f64::min);
    assert!((0.19..0.21).contains(&width), "{shares:?}");
}

#[test]
fn what_cannot_be_shared_out_is_refused() {
    let of = |method: &str, budget| recipe(method, budget);
    let pattern = Budget::NofM { keep: 2, of: 4 };
    let global = |r: Recipe| Recipe { scope: Scope::Global, ..r };
    let owl = |r: Recipe| Recipe { allocation: Allocation::OWL, ..r };
    for recipe in [
        global(of("magnitude", pattern)),
        owl(of("wanda", pattern)),
        owl(global(of("wanda", Budget::Sparsity(0.5)))),
        global(of("sparsegpt", Budget::Sparsity(0.5))),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let error = run(&recipe, &job(&folder.path().join("out"), OnExisting::Refuse), &mut Silent);
        let error = secateur_core::RunError::from(error.unwrap_err());
        assert_eq!((error.code, error.kind.exit()), ("SEC-NN-023", 2), "{error}");
    }
    let error = run(
        &owl(of("magnitude", Budget::Sparsity(0.5))),
        &job(Path::new("out"), OnExisting::Refuse),
        &mut Silent,
    );
    assert!(error.unwrap_err().to_string().contains("allocation owl needs calibration"));
}

#[test]
fn half_the_bits_give_nearly_the_same_quality_and_resume_to_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let mut recipe = recipe("wanda", Budget::Sparsity(0.5));
    recipe.evaluation = Some(Calibration {
        files: vec![fixture("demo/test.txt").display().to_string()],
        samples: 16,
        seq_len: 64,
        sampling: Sampling::First,
    });
    let mut after = |name: &str, precision| {
        recipe.precision = precision;
        let output = folder.path().join(name);
        let record = run(&recipe, &job(&output, OnExisting::Refuse), &mut Silent).unwrap();
        record.quality[0].after.as_ref().unwrap().value
    };
    let (full, half) = (after("full", Precision::F32), after("half", Precision::Bf16));
    assert!((half / full - 1.0).abs() < 0.01, "{half} {full}");
    // What is kept keeps its exact value.
    let dense = weights(&fixture("demo/model")).concat();
    for (before, after) in dense.iter().zip(weights(&folder.path().join("half")).concat()) {
        assert!(after == 0.0 || after == *before, "{before} {after}");
    }
    let mut recipe = crate::recipe("wanda", Budget::Sparsity(0.5));
    recipe.precision = Precision::Bf16;
    let [whole, halved] = ["whole", "halved"].map(|name| folder.path().join(name));
    run(&recipe, &job(&whole, OnExisting::Refuse), &mut Silent).unwrap();
    let mut stop = StopAfter("block", 2, false, false);
    assert!(run(&recipe, &job(&halved, OnExisting::Refuse), &mut stop).is_err());
    run(&recipe, &job(&halved, OnExisting::Resume), &mut Silent).unwrap();
    assert_eq!(contents(&whole), contents(&halved));
}
