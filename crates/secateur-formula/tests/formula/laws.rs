//! What holds of every tree.

use proptest::prelude::*;
use secateur_core::Random;
use secateur_formula::evaluate::value_at;
use secateur_formula::syntax::{Syntax, Target, read, read_open, safe_names, write};

use crate::trees::{names, random_tree};

const NAMES: [&str; 4] = ["cement", "fine aggregate (kg)", "E", "x1"];

proptest! {
    #[test]
    fn our_own_text_reads_back_to_the_same_tree(seed: u64) {
        let names = names(&NAMES);
        let tree = random_tree(&mut Random::new(seed), 7, names.len());
        let text = write(&tree, &names, Target::Infix).unwrap();
        let again = read(&text, Syntax::Infix, &names).unwrap_or_else(|e| panic!("{text}: {e}"));
        prop_assert_eq!(format!("{:?}", again), format!("{:?}", tree), "{}", text);
    }

    #[test]
    fn what_is_read_back_has_the_same_values(seed: u64) {
        let names = names(&NAMES);
        let mut random = Random::new(seed);
        let tree = random_tree(&mut random, 6, names.len());
        for (target, syntax) in [(Target::Excel, Syntax::Excel), (Target::Sympy, Syntax::Sympy)] {
            let safe = safe_names(&names, target);
            // Guards write their operands twice, and the text may become too long.
            let Ok(text) = write(&tree, &names, target) else { continue };
            let again = read(&text, syntax, &safe).unwrap_or_else(|e| panic!("{text}: {e}"));
            for _ in 0..20 {
                let row: Vec<f64> = names.iter().map(|_| 2.0 * random.normal()).collect();
                let (expect, found) = (value_at(&tree, &row), value_at(&again, &row));
                let same = expect.to_bits() == found.to_bits() || expect.is_nan() && found.is_nan();
                prop_assert!(same, "{} {} {}", text, expect, found);
            }
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in "[-a-c0-9.+*/^()\\[\\]`,;$!%>= ex@IFlogPiecwstrue]{0,60}") {
        for syntax in Syntax::ALL {
            let _ = read(&text, syntax, &names(&["a", "b", "c"]));
            let Ok((tree, names)) = read_open(&text, syntax) else { continue };
            let ours = write(&tree, &names, Target::Infix).unwrap();
            prop_assert_eq!(read(&ours, Syntax::Infix, &names).unwrap(), tree);
        }
    }
}
