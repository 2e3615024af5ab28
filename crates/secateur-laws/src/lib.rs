//! The laws that criteria claim, as checks on drawn cases.
//!
//! A law is a property that every criterion which claims it must have; the list next to the
//! criteria says who claims what, and a test runs each law on each claimant with cases drawn by
//! proptest. The crate knows scores, budgets and masks, and sees a criterion only as a function
//! from weights to scores: it knows no tensors, files or networks.
//!
//! Start reading at [`LAWS`].

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use secateur_core::{Budget, Limits, Mask, Scores, select};

/// What a law is checked on: a layer `[out, inner]` and the sums of squares of its inputs.
#[derive(Clone, Debug)]
pub struct Case {
    /// Rows.
    pub out: usize,
    /// Columns; a multiple of 4.
    pub inner: usize,
    /// Weights `[out, inner]`, with repeated values and zeros among them.
    pub weight: Vec<f32>,
    /// Sum of squares of each input; some are zero.
    pub squares: Vec<f64>,
    /// A share to cut.
    pub sparsity: f64,
    /// A larger share.
    pub more: f64,
}

/// Scores of a case's weights in rows, as the criterion under test gives them.
pub type Score<'a> = &'a dyn Fn(&Case) -> Scores;

/// A law.
pub type Law = fn(&Case, Score<'_>) -> Result<(), TestCaseError>;

/// Every law by name, sorted.
pub const LAWS: &[(&str, Law)] = &[
    ("exact_count", exact_count),
    ("idempotent", idempotent),
    ("monotone", monotone),
    ("row_wise", row_wise),
    ("scale_free", scale_free),
];

/// Draws cases: small layers with ties, zeros and dead inputs.
pub fn cases() -> impl Strategy<Value = Case> {
    let sizes = (1_usize..6, (1_usize..7).prop_map(|n| n * 4));
    sizes.prop_flat_map(|(out, inner)| {
        let value = prop_oneof![Just(0.0_f32), Just(0.5), Just(-0.5), -2.0_f32..2.0];
        let square = prop_oneof![Just(0.0_f64), Just(1.0), 0.01_f64..100.0];
        let weight = prop::collection::vec(value, out * inner);
        let squares = prop::collection::vec(square, inner);
        (weight, squares, 0.0_f64..1.0, 0.0_f64..1.0).prop_map(move |(weight, squares, a, b)| {
            let (sparsity, more) = if a <= b { (a, b) } else { (b, a) };
            Case { out, inner, weight, squares, sparsity, more }
        })
    })
}

fn mask(scores: &Scores, budget: Budget) -> Mask {
    select(scores, budget, &Limits::NONE)
        .expect("a share between 0 and 1, or a pattern that divides")
}

/// Exactly `floor(s * in)` weights of each row are cut, and N of every M are kept; whatever ties
/// there are.
fn exact_count(case: &Case, score: Score<'_>) -> Result<(), TestCaseError> {
    let scores = score(case);
    let cut = (case.sparsity * case.inner as f64).floor() as usize;
    let rows = mask(&scores, Budget::Sparsity(case.sparsity));
    let runs = mask(&scores, Budget::NofM { keep: 2, of: 4 });
    for row in 0..case.out {
        let range = row * case.inner..(row + 1) * case.inner;
        prop_assert_eq!(range.clone().filter(|&at| !rows.keeps(at)).count(), cut);
        for first in range.step_by(4) {
            prop_assert_eq!((first..first + 4).filter(|&at| runs.keeps(at)).count(), 2);
        }
    }
    Ok(())
}

/// What is kept at a larger share is kept at a smaller one.
fn monotone(case: &Case, score: Score<'_>) -> Result<(), TestCaseError> {
    let scores = score(case);
    let few = mask(&scores, Budget::Sparsity(case.more));
    let many = mask(&scores, Budget::Sparsity(case.sparsity));
    prop_assert!(few.within(&many));
    Ok(())
}

/// A row has the same scores alone as among others.
fn row_wise(case: &Case, score: Score<'_>) -> Result<(), TestCaseError> {
    let together = score(case);
    let rows = case.weight.chunks_exact(case.inner).zip(together.values().chunks_exact(case.inner));
    for (weight, expect) in rows {
        let row = Case { out: 1, weight: weight.to_vec(), ..case.clone() };
        let alone = score(&row);
        prop_assert_eq!(alone.values(), expect);
    }
    Ok(())
}

/// All weights times a power of two (which rounds nothing) give the same mask.
fn scale_free(case: &Case, score: Score<'_>) -> Result<(), TestCaseError> {
    let mut scaled = case.clone();
    scaled.weight.iter_mut().for_each(|w| *w *= 4.0);
    let budget = Budget::Sparsity(case.sparsity);
    prop_assert_eq!(mask(&score(case), budget), mask(&score(&scaled), budget));
    Ok(())
}

/// Pruning what is pruned changes nothing.
fn idempotent(case: &Case, score: Score<'_>) -> Result<(), TestCaseError> {
    let budget = Budget::Sparsity(case.sparsity);
    let zeroed = |case: &Case| {
        let mask = mask(&score(case), budget);
        let keep = |(at, w): (usize, &f32)| if mask.keeps(at) { *w } else { 0.0 };
        let weight = case.weight.iter().enumerate().map(keep).collect();
        Case { weight, ..case.clone() }
    };
    let once = zeroed(case);
    prop_assert_eq!(&zeroed(&once).weight, &once.weight);
    Ok(())
}
