//! A table with a known law, for demonstrations.
//!
//! The strength of mixes: it falls with water over cement, rises with the logarithm of age, and
//! does not depend on temperature and batch. The law is made up; no measurement is in it.

use secateur_core::Random;

use crate::evaluate::{Columns, values};
use crate::op::Op;
use crate::table::{Name, Problem};
use crate::tree::{Node, Tree};

/// Rows of the table.
pub const ROWS: usize = 300;

/// Standard deviation of what is added to the law, in MPa.
pub const NOISE: f64 = 1.5;

/// Headers of the inputs with the lowest and highest value and the step between values.
const INPUTS: [(&str, f64, f64, f64); 7] = [
    ("cement (kg/m3)", 200.0, 500.0, 1.0),
    ("slag (kg/m3)", 0.0, 150.0, 1.0),
    ("water (kg/m3)", 140.0, 220.0, 1.0),
    ("sand (kg/m3)", 600.0, 900.0, 1.0),
    ("age (day)", 0.0, 0.0, 0.0),
    ("temperature (C)", 15.0, 25.0, 0.1),
    ("batch", 1.0, 40.0, 1.0),
];

/// Ages at which mixes are tested, in days.
const AGES: [f64; 6] = [3.0, 7.0, 14.0, 28.0, 56.0, 90.0];

/// The law: `10 ln(age) + 12 (cement + 0.6 slag) / water - 8`; sand, temperature and batch are not
/// in it.
pub fn law() -> Tree {
    let number = |value: f64| Tree::leaf(Node::Const(value));
    let input = |index: u32| Tree::leaf(Node::Var(index));
    let binder = Tree::binary(Op::Add, input(0), &Tree::binary(Op::Mul, number(0.6), &input(1)));
    let ratio = Tree::binary(Op::Div, binder, &input(2));
    let age = Tree::binary(Op::Mul, number(10.0), &Tree::unary(Op::Ln, input(4)));
    let sum = Tree::binary(Op::Add, age, &Tree::binary(Op::Mul, number(12.0), &ratio));
    Tree::binary(Op::Sub, sum, &number(8.0))
}

/// The table of a seed.
pub fn table(seed: u64) -> Problem {
    let mut random = Random::new(seed);
    let mut inputs = vec![Vec::with_capacity(ROWS); INPUTS.len()];
    for _ in 0..ROWS {
        for (column, (name, low, high, step)) in inputs.iter_mut().zip(INPUTS) {
            column.push(if name.starts_with("age") {
                AGES[random.below(AGES.len())]
            } else {
                let steps = ((high - low) / step).round() as usize;
                low + step * random.below(steps + 1) as f64
            });
        }
    }
    let exact = values(&law(), Columns::new(&inputs));
    // Two decimals, as a report of measurements has them.
    let measured = |value: f64, random: &mut Random| {
        ((value + NOISE * random.normal()) * 100.0).round() / 100.0
    };
    let target = exact.into_iter().map(|value| measured(value, &mut random)).collect();
    Problem {
        names: INPUTS.iter().map(|(header, ..)| Name::of_header(header)).collect(),
        inputs,
        target_name: Name::of_header("strength (MPa)"),
        target,
        warnings: Vec::new(),
    }
}

/// A table as comma-separated text with a header.
pub fn csv(problem: &Problem) -> String {
    let names = problem.names.iter().chain([&problem.target_name]);
    let mut text = names.map(|name| name.header.clone()).collect::<Vec<_>>().join(",");
    text.push('\n');
    for row in 0..problem.rows() {
        let columns = problem.inputs.iter().chain([&problem.target]);
        // Ten digits hide what binary fractions add to a tenth.
        let values = columns.map(|column| ((column[row] * 1e6).round() / 1e6).to_string());
        text.push_str(&values.collect::<Vec<_>>().join(","));
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::rmse;
    use crate::table::{Options, parse};

    #[test]
    fn the_table_follows_the_law_but_for_noise() {
        let problem = table(1);
        let error = rmse(&problem.target, &values(&law(), problem.columns()));
        assert!((error - NOISE).abs() < 0.2, "{error}");
        assert!(problem.target.iter().all(|strength| *strength > 0.0));
        assert_eq!(problem, table(1));
        assert_ne!(problem, table(2));
        let read = parse(csv(&problem).as_bytes(), &Options::default()).unwrap();
        let read = read.problem("strength", None).unwrap();
        assert_eq!((read.rows(), read.names.len()), (ROWS, 7));
        assert_eq!(read.target, problem.target);
    }
}
