//! Times formulas: `formula values` prints how many nodes a second are worked out on 819 rows,
//! `formula prune` the seconds of backward pruning of a formula of 63 nodes on a million rows
//! (700,000 to train, 300,000 to select),
//! `formula folds TABLE` the errors of the baselines in ten folds of whole mixes of the concrete
//! table, `formula table` the seconds of reading a table of a million rows and nine columns,
//! `formula laws [SEEDS]` how often the laws of Nguyen are found from 20 rows, and three of Feynman's
//! from 500, and how fast.
//!
//! `peers/formula.py values` prints the first of pyoperon and gplearn.

#![allow(clippy::print_stdout, reason = "the times are the result")]

use std::f64::consts::PI;
use std::fmt::Write as _;
use std::time::Instant;

use secateur_core::Random;
use secateur_formula::backward::{Refit, Rows, Samples, Scaled, Tips, path};
use secateur_formula::baselines;
use secateur_formula::compare::{self, Setup, compare, record};
use secateur_formula::evaluate::{Columns, Scratch, evaluate};
use secateur_formula::genes::{Alphabet, Genes};
use secateur_formula::op::Op;
use secateur_formula::scale::Target;
use secateur_formula::search::{Limits, Search, Settings, run};
use secateur_formula::split::{Groups, repeated_folds};
use secateur_formula::table::{self, Options};
use secateur_formula::tree::{Node, Tree};

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.first().map(String::as_str) {
        Some("values") => values(),
        Some("prune") => prune(),
        Some("folds") => folds(words.get(1).map_or("", String::as_str)),
        Some("table") => table(),
        Some("laws") => laws(words.get(1).and_then(|seeds| seeds.parse().ok()).unwrap_or(30)),
        _ => println!("values, prune, folds, table or laws is wanted"),
    }
}

/// `columns` columns of numbers in [0.5, 1.5].
fn numbers(columns: usize, rows: usize) -> Vec<Vec<f64>> {
    let mut random = Random::new(1);
    (0..columns).map(|_| (0..rows).map(|_| 0.5 + random.uniform()).collect()).collect()
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// Random trees of 20 to 60 nodes over eight columns.
fn trees(operators: &[Op]) -> Vec<Tree> {
    let alphabet = Alphabet { operators: operators.to_vec(), variables: 8, constants: 0.3 };
    let spans = Genes::spans(7);
    let mut random = Random::new(2);
    let mut found = Vec::new();
    while found.len() < 500 {
        let tree = alphabet.genes(7, 0.3, &spans, &mut random).tree(0, &spans);
        if (20..=60).contains(&tree.size()) {
            found.push(tree);
        }
    }
    found
}

fn values() {
    let columns = numbers(8, 819);
    let columns = Columns::new(&columns);
    let mut out = vec![0.0; columns.rows];
    let mut scratch = Scratch::default();
    let arithmetic = [Op::Add, Op::Sub, Op::Mul, Op::Div];
    let functions = [Op::Add, Op::Sub, Op::Mul, Op::Div, Op::Exp, Op::Ln];
    for (name, operators) in [("+ - * /", &arithmetic[..]), ("+ - * / exp ln", &functions)] {
        let trees = trees(operators);
        let nodes: usize = trees.iter().map(Tree::size).sum();
        let mut times = Vec::new();
        for _ in 0..15 {
            let start = Instant::now();
            for tree in &trees {
                evaluate(tree, columns, &mut out, &mut scratch);
            }
            times.push(start.elapsed().as_secs_f64());
        }
        let rate = (nodes * columns.rows) as f64 / median(times);
        println!("{name}: {rate:.3e} nodes a second, one thread, f64");
    }
}

/// A formula of 63 nodes of + - *, 32 leaves of eight columns.
fn wide() -> Tree {
    let mut level: Vec<Tree> = (0..32).map(|leaf| Tree::leaf(Node::Var(leaf % 8))).collect();
    let mut turn = 0;
    while level.len() > 1 {
        let pair = |pair: &[Tree]| {
            turn += 1;
            let op = [Op::Add, Op::Mul, Op::Sub, Op::Mul, Op::Add][turn % 5];
            Tree::binary(op, pair[0].clone(), &pair[1])
        };
        level = level.chunks(2).map(pair).collect();
    }
    level.remove(0)
}

fn prune() {
    let tree = wide();
    let mut random = Random::new(3);
    let mut part = |rows: usize| {
        let columns = numbers(8, rows);
        let exact = secateur_formula::evaluate::values(&tree, Columns::new(&columns));
        let target = exact.iter().map(|f| f + 0.1 * random.normal()).collect();
        (columns, Target::new(target))
    };
    let (train, train_target) = part(700_000);
    let (select, select_target) = part(300_000);
    let rows = Rows {
        train: Samples { columns: Columns::new(&train), target: &train_target },
        select: Samples { columns: Columns::new(&select), target: &select_target },
    };
    for _ in 0..3 {
        let start = Instant::now();
        let steps = path(&tree, Tips::Leaves, Refit::Scale, &rows).map_or(0, |steps| steps.len());
        let seconds = start.elapsed().as_secs_f64();
        println!("{} nodes, 1,000,000 rows: {steps} formulas in {seconds:.2} s", tree.size());
    }
}

/// Rows of the same mix, equal in their first seven columns, are never on both sides.
fn folds(path: &str) {
    let table = match table::read(path.as_ref(), &Options::default()) {
        Ok(table) => table,
        Err(error) => return println!("{path}: {error}"),
    };
    let names: Vec<String> = table.columns.iter().map(|c| c.name.header.clone()).collect();
    let Some((target, inputs)) = names.split_last() else { return };
    let mixes = &inputs[..7.min(inputs.len())];
    let parts = table.problem(target, None).and_then(|problem| {
        let groups = Groups::of_columns(&table, mixes)?;
        Ok((problem, groups))
    });
    let (problem, groups) = match parts {
        Ok(parts) => parts,
        Err(error) => return println!("{path}: {error}"),
    };
    let splits = match repeated_folds(&groups, 10, 1, 1) {
        Ok(splits) => splits,
        Err(error) => return println!("{path}: {error}"),
    };
    let setup = Setup { problem: &problem, groups: &groups, splits: &splits, seed: 1 };
    let contenders = compare::baselines(baselines::Settings::default());
    let outcomes = match compare(&setup, &contenders, |_, _| ()) {
        Ok(outcomes) => outcomes,
        Err(error) => return println!("{path}: {error}"),
    };
    let found = record(&setup, &outcomes, path);
    println!("{:#?}", found.figures[0].figure);
}

fn table() {
    let mut random = Random::new(1);
    let mut text = String::from("a,b,c,d,e,f,g,h,i\n");
    for _ in 0..1_000_000 {
        for column in 0..9 {
            let end = if column == 8 { '\n' } else { ',' };
            let value = 1000.0 * random.uniform();
            let _ = write!(text, "{value:.3}{end}");
        }
    }
    for _ in 0..3 {
        let start = Instant::now();
        let rows = table::parse(text.as_bytes(), &Options::default()).map_or(0, |t| t.rows);
        println!("{rows} rows, {} bytes: {:.2} s", text.len(), start.elapsed().as_secs_f64());
    }
}

/// A law with the number of its inputs and their range.
struct Law {
    name: &'static str,
    inputs: usize,
    low: f64,
    high: f64,
    /// Rows that are learned from.
    rows: usize,
    operators: &'static [Op],
    value: fn(&[f64]) -> f64,
}

/// Name, inputs, range and value of a law.
type Known = (&'static str, usize, f64, f64, fn(&[f64]) -> f64);

/// The laws of Nguyen, from 20 rows.
const NGUYEN: [Known; 12] = [
    ("x^3 + x^2 + x", 1, -1.0, 1.0, |x| powers(x[0], 3)),
    ("x^4 + x^3 + x^2 + x", 1, -1.0, 1.0, |x| powers(x[0], 4)),
    ("x^5 + ... + x", 1, -1.0, 1.0, |x| powers(x[0], 5)),
    ("x^6 + ... + x", 1, -1.0, 1.0, |x| powers(x[0], 6)),
    ("sin(x^2) cos(x) - 1", 1, -1.0, 1.0, |x| (x[0] * x[0]).sin() * x[0].cos() - 1.0),
    ("sin(x) + sin(x + x^2)", 1, -1.0, 1.0, |x| x[0].sin() + (x[0] + x[0] * x[0]).sin()),
    ("ln(x + 1) + ln(x^2 + 1)", 1, 0.0, 2.0, |x| (x[0] + 1.0).ln() + (x[0] * x[0] + 1.0).ln()),
    ("sqrt(x)", 1, 0.0, 4.0, |x| x[0].sqrt()),
    ("sin(x) + sin(y^2)", 2, 0.0, 1.0, |x| x[0].sin() + (x[1] * x[1]).sin()),
    ("2 sin(x) cos(y)", 2, 0.0, 1.0, |x| 2.0 * x[0].sin() * x[1].cos()),
    ("x^y", 2, 0.0, 1.0, |x| x[0].powf(x[1])),
    ("x^4 - x^3 + y^2 / 2 - y", 2, 0.0, 1.0, |x| {
        x[0].powi(4) - x[0].powi(3) + x[1] * x[1] / 2.0 - x[1]
    }),
];

/// Three laws of Feynman's lectures, from 500 rows.
const FEYNMAN: [Known; 3] = [
    ("I.6.2 exp(-(t/s)^2/2)/(sqrt(2 pi) s)", 2, 1.0, 3.0, |x| {
        (-0.5 * (x[1] / x[0]).powi(2)).exp() / ((2.0 * PI).sqrt() * x[0])
    }),
    ("I.12.2 q1 q2 / (4 pi e r^2)", 4, 1.0, 5.0, |x| x[0] * x[1] / (4.0 * PI * x[2] * x[3] * x[3])),
    ("I.29.16 sqrt(x1^2 + x2^2 - 2 x1 x2 cos)", 4, 1.0, 5.0, |x| {
        (x[0] * x[0] + x[1] * x[1] - 2.0 * x[0] * x[1] * (x[2] - x[3]).cos()).sqrt()
    }),
];

/// x + x^2 + ... + x^most.
fn powers(x: f64, most: i32) -> f64 {
    (1..=most).map(|k| x.powi(k)).sum()
}

/// Operators of the field for the laws of Nguyen; those of Feynman have the square root as well.
const OPERATORS: [Op; 8] = [Op::Add, Op::Sub, Op::Mul, Op::Div, Op::Sin, Op::Cos, Op::Exp, Op::Ln];
const WITH_ROOT: [Op; 9] =
    [Op::Add, Op::Sub, Op::Mul, Op::Div, Op::Sin, Op::Cos, Op::Exp, Op::Ln, Op::Sqrt];

/// A law counts as found when a formula of the front misses neither the rows by more than 1e-6 of
/// their spread nor 200 others by more than 1e-5 of it.
fn laws(seeds: u64) {
    let with = |rows, operators| {
        move |&(name, inputs, low, high, value): &Known| Law {
            name,
            inputs,
            low,
            high,
            rows,
            operators,
            value,
        }
    };
    let all =
        NGUYEN.iter().map(with(20, &OPERATORS)).chain(FEYNMAN.iter().map(with(500, &WITH_ROOT)));
    for law in all {
        let (mut found, mut times, mut explained) = (0, Vec::new(), Vec::new());
        for seed in 0..seeds {
            let (is_found, seconds, r2) = search(&law, seed);
            found += usize::from(is_found);
            times.push(seconds);
            explained.push(r2);
        }
        println!(
            "{:40} found {found:2} of {seeds} times, median {:.2} s, R2 of others {:.6}",
            law.name,
            median(times),
            median(explained)
        );
    }
}

/// Whether a law was found, in which time, and how much of the other rows the best formula explains.
fn search(law: &Law, seed: u64) -> (bool, f64, f64) {
    let mut random = Random::stream(seed, 99);
    let mut rows = |count: usize| {
        let mut column = || -> Vec<f64> {
            (0..count).map(|_| law.low + (law.high - law.low) * random.uniform()).collect()
        };
        let columns: Vec<Vec<f64>> = (0..law.inputs).map(|_| column()).collect();
        let row = |at: usize| columns.iter().map(|column| column[at]).collect::<Vec<f64>>();
        let target = Target::new((0..count).map(|at| (law.value)(&row(at))).collect());
        (columns, target)
    };
    let (columns, target) = rows(law.rows);
    let (others, goal) = rows(200);
    let mut settings = Settings::new(law.inputs as u32, seed);
    settings.alphabet.operators = law.operators.to_vec();
    let train = Samples { columns: Columns::new(&columns), target: &target };
    let unseen = Samples { columns: Columns::new(&others), target: &goal };
    let start = Instant::now();
    let mut search = Search::new(settings, train);
    let limits = Limits { generations: Some(200), time: None, patience: None };
    run(&mut search, limits, |_, _| true);
    let seconds = start.elapsed().as_secs_f64();
    let spread = |target: &Target| (target.spread / target.values.len() as f64).sqrt();
    let is_law = |formula: &Scaled| {
        formula.rmse(train) < 1e-6 * spread(&target) && formula.rmse(unseen) < 1e-5 * spread(&goal)
    };
    let front = search.hall.front();
    let best = front.last().map_or(f64::INFINITY, |entry| entry.formula.rmse(unseen));
    let r2 = 1.0 - (best / spread(&goal)).powi(2);
    (front.iter().any(|entry| is_law(&entry.formula)), seconds, r2)
}
