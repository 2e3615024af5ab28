//! Every criterion has the laws that it claims.

use proptest::test_runner::{Config, TestRunner};
use secateur_core::recipe::Scope;
use secateur_core::{Budget, Recipe, Scores};
use secateur_laws::{Case, LAWS, cases};
use secateur_neural::criteria::{ALL, Entry, Pruner};
use secateur_neural::{Inputs, Layer};

fn recipe(method: &str) -> Recipe {
    let budget = Budget::Sparsity(0.5);
    Recipe { seed: 3, ..Recipe::new("neural", "", method, budget, Scope::Row) }
}

fn score(entry: &Entry, case: &Case) -> Scores {
    let made = (entry.make)(&recipe(entry.method.name)).unwrap();
    let Pruner::Criterion(criterion) = made else { panic!("a law is claimed by a criterion") };
    let layer = Layer {
        name: "layer".into(),
        index: 0,
        out: case.out,
        inner: case.inner,
        weight: case.weight.clone(),
        group: case.inner,
    };
    let inputs = Inputs { squares: case.squares.clone(), windows: 1, moments: None };
    criterion.score(&layer, &inputs).unwrap()
}

#[test]
fn every_criterion_has_the_laws_it_claims() {
    for entry in ALL {
        for claimed in entry.laws {
            let (_, law) = LAWS.iter().find(|(name, _)| name == claimed).unwrap_or_else(|| {
                panic!("{} claims {claimed}, which is no law", entry.method.name)
            });
            // A fixed source of randomness: the same cases on every run.
            let mut runner = TestRunner::new_with_rng(
                Config { cases: 200, failure_persistence: None, ..Config::default() },
                proptest::test_runner::TestRng::deterministic_rng(
                    proptest::test_runner::RngAlgorithm::ChaCha,
                ),
            );
            let result = runner.run(&cases(), |case| law(&case, &|case| score(entry, case)));
            assert!(result.is_ok(), "{}: {claimed}: {result:?}", entry.method.name);
        }
    }
}

#[test]
fn a_law_can_fail() {
    // Scores that fall with size cut other weights the second time.
    let falling = |case: &Case| {
        let values = case.weight.iter().map(|w| -w.abs()).collect();
        Scores::equal_groups(values, case.inner).unwrap()
    };
    let (_, idempotent) = LAWS.iter().find(|(name, _)| *name == "idempotent").unwrap();
    let case = Case {
        out: 1,
        inner: 4,
        weight: vec![-2.0, -1.0, 1.0, 2.0],
        squares: vec![1.0; 4],
        sparsity: 0.5,
        more: 0.5,
    };
    assert!(idempotent(&case, &falling).is_err());
}
