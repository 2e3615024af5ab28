//! Layers that are pruned a band of rows at a time are pruned as if they were whole.

use secateur_attacks::model::llama;
use secateur_core::prune::OnExisting;
use secateur_core::recipe::{Keep, Scope};
use secateur_core::{Budget, Limits, Random, Recipe, Scores, Silent, select};
use secateur_neural::prune::run;

use crate::job;

const INNER: usize = 40_000;
const WIDTH: usize = secateur_attacks::model::WIDTH;

/// Prunes a model with one layer of several bands, and compares with one selection.
fn check(value: impl Fn(usize, &mut Random) -> f32, budget: Budget, scope: Scope) {
    let folder = tempfile::tempdir().unwrap();
    let mut model = llama();
    model.config["intermediate_size"] = INNER.into();
    let mut random = Random::new(9);
    for tensor in model.tensors.iter_mut().filter(|t| t.name.contains(".mlp.")) {
        let shape = if tensor.name.contains("down") { [WIDTH, INNER] } else { [INNER, WIDTH] };
        tensor.shape = shape.to_vec();
        tensor.values = (0..INNER * WIDTH).map(|at| value(at, &mut random)).collect();
    }
    let name = "model.layers.1.mlp.up_proj.weight";
    let before = model.tensor(name).values.clone();
    model.write(folder.path()).unwrap();
    let path = folder.path().join("model").display().to_string();
    let recipe =
        Recipe { dtype: Keep::Bf16, ..Recipe::new("neural", &path, "magnitude", budget, scope) };
    let out = folder.path().join("out");
    let record = run(&recipe, &job(&out, OnExisting::Refuse), &mut Silent).unwrap();
    let after = secateur_checkpoint::open(&out).unwrap();
    let after = after.tensors.find(name).unwrap().load().to_f32().unwrap();
    let sizes = before.iter().map(|w| w.abs()).collect();
    let group = if scope == Scope::Layer { before.len() } else { WIDTH };
    let scores = Scores::equal_groups(sizes, group).unwrap();
    let mask = select(&scores, budget, &Limits::NONE).unwrap();
    for (at, keep) in mask.iter().enumerate() {
        let expect = if keep { before[at] } else { 0.0 };
        assert!((expect - after[at]).abs() <= expect.abs() / 256.0, "{at}");
    }
    let group = record.groups.iter().find(|g| name == format!("{}.weight", g.name)).unwrap();
    assert_eq!((group.kept, group.cut), (mask.kept() as u64, mask.cut() as u64));
    let share = scores.share_kept(&mask);
    assert!((group.score_kept.unwrap() - share).abs() < 1e-9, "{share}");
}

#[test]
fn a_cut_of_the_layer() {
    let half = Budget::Sparsity(0.5);
    check(|_, random| random.normal() as f32, half, Scope::Layer);
    // A sixth of all weights lies at the cut.
    check(|_, random| random.below(6) as f32, half, Scope::Layer);
    // Every second row, which are those of the sample, is not like the others.
    let odd = |at: usize, random: &mut Random| {
        random.normal() as f32 * if (at / WIDTH).is_multiple_of(2) { 1e-3 } else { 1.0 }
    };
    check(odd, half, Scope::Layer);
}

#[test]
fn cuts_of_rows() {
    check(|_, random| random.normal() as f32, Budget::Sparsity(0.3), Scope::Row);
    let pattern = Budget::NofM { keep: 2, of: 4 };
    check(|_, random| random.below(9) as f32 - 4.0, pattern, Scope::Row);
}
