//! Exported code, run: it gives the values that we give.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use secateur_core::Random;
use secateur_formula::op::Op;
use secateur_formula::syntax::{Target, write};
use secateur_formula::tree::{Node, Tree};

use crate::trees::{names, random_tree, value_and_error};

/// What issue and documentation promise for exported code.
const TOLERANCE: f64 = 1e-12;
/// Rows in which rounding alone may move the value by more say nothing about the code.
const CONDITION: f64 = 2e-13;
const COLUMNS: [&str; 3] = ["cement", "fine aggregate (kg)", "lambda"];
const ROWS: usize = 12;

struct Case {
    tree: Tree,
    rows: Vec<Vec<f64>>,
    /// The value in each row, where rounding leaves it sharp.
    values: Vec<Option<f64>>,
}

/// Random trees, and one for each operator over inner nodes and over leaves.
fn cases(seed: u64, count: usize) -> Vec<Case> {
    let mut random = Random::new(seed);
    let var = |number: u32| Tree::leaf(Node::Var(number));
    let mut trees: Vec<Tree> = (0..count).map(|_| random_tree(&mut random, 5, 3)).collect();
    for op in Op::ALL {
        let inner = Tree::binary(Op::Sub, var(0), &Tree::unary(Op::Abs, var(1)));
        for (left, right) in [(var(0), var(1)), (inner, Tree::binary(Op::Mul, var(2), &var(1)))] {
            trees.push(match op.arity() {
                1 => Tree::unary(op, left),
                _ => Tree::binary(op, left, &right),
            });
        }
    }
    let deep = (0..300).fold(var(0), |tree, number| match number % 3 {
        0 => Tree::unary(Op::Sqrt, Tree::unary(Op::Abs, tree)),
        1 => Tree::binary(Op::Add, tree, &var(1)),
        _ => Tree::unary(Op::GuardedLn, tree),
    });
    trees.push(deep);
    let case = |tree: Tree| {
        let rows: Vec<Vec<f64>> =
            (0..ROWS).map(|_| (0..3).map(|_| 2.0 * random.normal()).collect()).collect();
        let sharp = |row: &Vec<f64>| {
            let (value, error) = value_and_error(&tree, row)?;
            (error <= CONDITION * value.abs()).then_some(value)
        };
        let values = rows.iter().map(sharp).collect();
        Case { tree, rows, values }
    };
    trees.into_iter().map(case).collect()
}

/// Each line of `found` is a value or `fault`.
fn compare(cases: &[Case], found: &str, target: Target) {
    let mut lines = found.lines();
    let mut compared = [0; Op::ALL.len()];
    for case in cases {
        for (row, expect) in case.rows.iter().zip(&case.values) {
            let line = lines.next().expect("a line for each value");
            let Some(expect) = expect else { continue };
            let value: f64 = line.parse().unwrap_or(f64::NAN);
            let near = (value - expect).abs() <= TOLERANCE * expect.abs();
            let text = || write(&case.tree, &names(&COLUMNS), target).unwrap();
            assert!(near, "{row:?} {line} {expect}\n{}", text());
            for node in case.tree.nodes() {
                if let Node::Op(op) = node {
                    compared[*op as usize] += 1;
                }
            }
        }
    }
    assert!(compared.iter().all(|count| *count > 0), "every operator was compared: {compared:?}");
}

/// A folder of its own for each test.
fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("formula_{name}"));
    std::fs::create_dir_all(&path).unwrap();
    path
}

/// What a program prints, or None where there is no such program.
fn run(program: &str, arguments: &[&str]) -> Option<String> {
    let output = match Command::new(program).args(arguments).output() {
        Ok(output) => output,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            println!("skipped: no {program}");
            return None;
        }
        Err(error) => panic!("{program}: {error}"),
    };
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {errors}");
    Some(String::from_utf8(output.stdout).unwrap())
}

/// The row's values of the columns that the formula takes.
fn arguments(case: &Case, row: &[f64]) -> String {
    let values =
        case.tree.variables().into_iter().map(|number| format!("{:?}", row[number as usize]));
    values.collect::<Vec<_>>().join(", ")
}

#[test]
fn python_gives_our_values() {
    let cases = cases(1, 150);
    let mut script = String::new();
    for case in &cases {
        script += &write(&case.tree, &names(&COLUMNS), Target::Python).unwrap();
        for row in &case.rows {
            let call = arguments(case, row);
            let _ = writeln!(
                script,
                "try:\n    print(repr(float(formula({call}))))\nexcept Exception:\n    print('fault')"
            );
        }
    }
    let path = folder("python").join("values.py");
    std::fs::write(&path, script).unwrap();
    if let Some(found) = run("python3", &[path.to_str().unwrap()]) {
        compare(&cases, &found, Target::Python);
    }
}

/// Functions and a main program that prints each value, through `module` for each formula.
fn compiled(target: Target, cases: &[Case]) -> String {
    let mut text = String::new();
    let mut main = String::new();
    for (number, case) in cases.iter().enumerate() {
        let code = write(&case.tree, &names(&COLUMNS), target).unwrap();
        if target == Target::Rust {
            let _ = writeln!(text, "mod m{number} {{\n{code}}}");
        } else {
            // Every formula brings what it needs; here they share one file.
            for line in code.lines() {
                let known = line.starts_with("static") || line.starts_with("#include");
                if !(known && text.contains(line)) {
                    let _ = writeln!(
                        text,
                        "{}",
                        line.replace("double formula(", &format!("double formula{number}("))
                    );
                }
            }
        }
        for row in &case.rows {
            let call = arguments(case, row);
            let _ = match target {
                Target::Rust => {
                    writeln!(main, "    println!(\"{{:?}}\", m{number}::formula({call}));")
                }
                _ => writeln!(main, "    printf(\"%.17g\\n\", formula{number}({call}));"),
            };
        }
    }
    match target {
        Target::Rust => format!("#![allow(unused_parens)]\n{text}\nfn main() {{\n{main}}}\n"),
        _ => format!("#include <stdio.h>\n{text}\nint main(void) {{\n{main}    return 0;\n}}\n"),
    }
}

#[test]
fn c_gives_our_values() {
    let cases = cases(2, 100);
    let folder = folder("c");
    let (source, program) = (folder.join("values.c"), folder.join("values"));
    std::fs::write(&source, compiled(Target::C, &cases)).unwrap();
    let paths = [source.to_str().unwrap(), program.to_str().unwrap()];
    if run("cc", &["-O0", "-std=c99", "-o", paths[1], paths[0], "-lm"]).is_some() {
        compare(&cases, &run(paths[1], &[]).unwrap(), Target::C);
    }
}

#[test]
fn rust_gives_our_values() {
    let cases = cases(3, 60);
    let folder = folder("rust");
    let (source, program) = (folder.join("values.rs"), folder.join("values"));
    std::fs::write(&source, compiled(Target::Rust, &cases)).unwrap();
    let paths = [source.to_str().unwrap(), program.to_str().unwrap()];
    if run("rustc", &["--edition", "2021", "-o", paths[1], paths[0]]).is_some() {
        compare(&cases, &run(paths[1], &[]).unwrap(), Target::Rust);
    }
}

#[test]
fn sqlite_gives_our_values() {
    let mut cases = cases(4, 150);
    // Databases limit how deep an expression is nested; SQLite's parser stops first.
    cases.retain(|case| case.tree.depth() <= 5);
    let mut script = String::from("import sqlite3\nbase = sqlite3.connect(':memory:')\n");
    let columns = COLUMNS.map(|name| format!("\"{name}\" REAL")).join(", ");
    for case in &cases {
        let text = write(&case.tree, &names(&COLUMNS), Target::Sql).unwrap();
        let rows: Vec<String> = case
            .rows
            .iter()
            .map(|row| {
                format!("({})", row.iter().map(|x| format!("{x:?}")).collect::<Vec<_>>().join(", "))
            })
            .collect();
        let _ = writeln!(
            script,
            "base.execute('DROP TABLE IF EXISTS t')\n\
             base.execute('CREATE TABLE t ({columns})')\n\
             base.executemany('INSERT INTO t VALUES (?, ?, ?)', [{}])\n\
             try:\n    for row in base.execute('''SELECT {text} FROM t ORDER BY rowid'''):\n        \
             print('fault' if row[0] is None else repr(row[0]))\n\
             except sqlite3.Error as error:\n    raise SystemExit(str(error))",
            rows.join(", ")
        );
    }
    let path = folder("sql").join("values.py");
    std::fs::write(&path, script).unwrap();
    let probe = "import sqlite3; sqlite3.connect(':memory:').execute('SELECT ln(2.0)')";
    match Command::new("python3").args(["-c", probe]).output() {
        Ok(output) if output.status.success() => {}
        _ => return println!("skipped: no python3 whose sqlite3 has functions of mathematics"),
    }
    if let Some(found) = run("python3", &[path.to_str().unwrap()]) {
        compare(&cases, &found, Target::Sql);
    }
}

#[test]
fn names_are_safe_and_told() {
    let columns = names(&[
        "fine aggregate (kg)",
        "lambda",
        "a b",
        "a_b",
        "\u{c2dc}\u{ba58}\u{d2b8}",
        "t1",
        "2nd",
    ]);
    let sum = (1..7).fold(Tree::leaf(Node::Var(0)), |tree, number| {
        Tree::binary(Op::Add, tree, &Tree::leaf(Node::Var(number)))
    });
    let text = write(&sum, &columns, Target::Python).unwrap();
    assert!(
        text.contains("# fine_aggregate_kg: fine aggregate (kg)\n# lambda_: lambda\n"),
        "{text}"
    );
    assert!(
        text.contains("def formula(fine_aggregate_kg, lambda_, a_b, a_b_2, x4, t1_, x_2nd):"),
        "{text}"
    );
    let text = write(&sum, &columns, Target::Excel).unwrap();
    assert!(text.ends_with("\n=A2+B2+C2+D2+E2+F2+G2"), "{text}");
    assert!(text.starts_with("A2: fine aggregate (kg), B2: lambda"), "{text}");
}
