//! Simplifying keeps values and makes smaller.

use proptest::prelude::*;
use secateur_core::Random;
use secateur_formula::evaluate::value_at;
use secateur_formula::simplify::simplify;
use secateur_formula::syntax::{Syntax, Target, read, write};

use crate::trees::{names, random_tree, value_and_error};

fn check(text: &str, expect: &str) {
    let names = names(&["x", "y", "z"]);
    let tree = read(text, Syntax::Infix, &names).unwrap();
    assert_eq!(write(&simplify(&tree), &names, Target::Infix).unwrap(), expect, "{text}");
}

#[test]
fn identities_make_smaller() {
    check("x + x", "x + x");
    check("x + x + x", "3 * x");
    check("x * x", "sq(x)");
    check("x * x * x", "cube(x)");
    check("(x + 1) + 2", "x + 3");
    check("2 * (3 * x)", "6 * x");
    check("x - (-y)", "x + y");
    check("x + (-y)", "x - y");
    check("x / y * y", "x");
    check("ln(exp(x))", "x");
    check("exp(x) * exp(y)", "exp(x + y)");
    check("x ^ 2", "sq(x)");
    check("x + -2 * y", "x - 2 * y");
    check("x - -2 * y / z", "x + 2 * y / z");
    check("x - -2", "x + 2");
    check("x * inv(y)", "x / y");
    check("2 * (x * y) + 3 * (x * y)", "5 * (x * y)");
    check("1 / x", "inv(x)");
    check("-x * -y", "x * y");
    check("4 / (2 * x)", "2 / x");
    check("sqrt(sq(x))", "abs(x)");
    check("x - y + y - x", "0");
    check("z + ln(x) - ln(x)", "z + ln(x) - ln(x)");
    check("exp(ln(x))", "exp(ln(x))");
}

proptest! {
    #[test]
    fn values_stay_and_sizes_fall(seed: u64) {
        let mut random = Random::new(seed);
        let tree = random_tree(&mut random, 7, 3);
        let small = simplify(&tree);
        prop_assert!(small.size() <= tree.size());
        prop_assert_eq!(format!("{:?}", simplify(&small)), format!("{:?}", &small));
        for _ in 0..10 {
            let row: Vec<f64> = (0..3).map(|_| 2.0 * random.normal()).collect();
            // What rounding may do to either tree, and no more: an identity is exact otherwise.
            let Some((expect, error)) = value_and_error(&tree, &row) else { continue };
            let found = value_at(&small, &row);
            prop_assert!(found.is_finite(), "{:?} {:?} {:?}", tree, small, row);
            let Some((_, again)) = value_and_error(&small, &row) else { continue };
            let allowed = 4.0 * (error + again) + 1e-14 * expect.abs();
            prop_assert!((found - expect).abs() <= allowed, "{:?} {:?} {} {}", tree, small, found, expect);
        }
    }
}
