//! `secateur formula` from outside.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::Value;

use crate::setup::{PROGRAM, scratch};

/// Runs a command in a folder; exit code, and what it printed as JSON.
fn run(folder: &Path, words: &[&str]) -> (i32, Value, String) {
    let mut command = assert_cmd::Command::new(PROGRAM);
    let output = command.current_dir(folder).arg("formula").args(words).arg("--json").output();
    let output = output.unwrap();
    let json = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
    let said = String::from_utf8(output.stderr).unwrap();
    (output.status.code().unwrap_or(-1), json, said)
}

/// A table of 120 rows in 40 mixes with y = 3 a / b + 2 and a useless column.
pub(crate) fn table(folder: &Path) {
    let mut text = "mix,a (kg),b [m],c,y (MPa)\n".to_owned();
    for row in 0..120_u32 {
        let mix = row / 3;
        let a = f64::from(mix * 7 % 31) + 1.0;
        let b = f64::from(row * 11 % 17) / 4.0 + 0.5;
        let c = f64::from(row * 5 % 13);
        let y = 3.0 * a / b + 2.0;
        writeln!(text, "{mix},{a},{b},{c},{y}").unwrap();
    }
    std::fs::write(folder.join("d.csv"), text).unwrap();
}

#[test]
fn a_formula_goes_from_a_table_to_another_language() {
    let folder = scratch();
    let at = folder.path();
    table(at);
    let fit = "fit d.csv --target y --ignore mix --test 0.2 --seed 1 --generations 30 -o f.json --report f.html";
    let words: Vec<&str> = fit.split(' ').collect();
    let (exit, found, said) = run(at, &words);
    assert_eq!(exit, 0, "{said}");
    assert!(found["errors"]["test"]["rmse"].as_f64().unwrap() < 1e-3, "{found}");
    assert_eq!(run(at, &words).0, 2, "what is there is not replaced");
    let again = [&words[..], &["--force"]].concat();
    let threads = [&again[..], &["--threads", "1"]].concat();
    assert_eq!(run(at, &threads).1["formula"], found["formula"], "for any number of threads");
    let (exit, measured, said) = run(at, &["eval", "f.json", "--data", "d.csv"]);
    assert_eq!(exit, 0, "{said}");
    assert!(measured["r2"].as_f64().unwrap() > 0.999_999, "{measured}");
    assert_eq!(measured["size"], found["size"]);
    let text = std::fs::read_to_string(at.join("f.json")).unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(document["unit"], "MPa");
    assert_eq!(document["inputs"][0]["unit"], "kg");
    let (exit, exported, said) = run(at, &["export", "f.json", "--to", "c"]);
    assert_eq!(exit, 0, "{said}");
    assert!(exported["text"].as_str().unwrap().contains("double formula("), "{exported}");
    assert!(std::fs::read_to_string(at.join("f.html")).unwrap().contains("Error against size"));
}

#[test]
fn useless_terms_of_a_formula_of_another_tool_go() {
    let folder = scratch();
    let at = folder.path();
    table(at);
    let useless = "add(add(mul(3, div(X1, X2)), 2), mul(0.001, X3))";
    let prune = [
        "prune", "--expr", useless, "--syntax", "gplearn", "--data", "d.csv", "--target", "y",
        "--group", "mix", "-o", "p.json", "--report", "p.html",
    ];
    let (exit, found, said) = run(at, &prune);
    assert_eq!(exit, 0, "{said}");
    assert_eq!(found["path"][1]["gone"], "c", "{found}");
    assert_eq!(found["variables"], 2);
    assert!(found["after"]["validation"]["rmse"].as_f64().unwrap() < 1e-9, "{found}");
    assert_eq!(run(at, &["eval", "p.json", "--data", "d.csv"]).0, 0);
    assert!(std::fs::read_to_string(at.join("p.html")).unwrap().contains("median"));
    let cancels = "add(mul(X0, X1), sub(X2, X2))";
    let (_, found, said) =
        run(at, &["prune", "--expr", cancels, "--syntax", "gplearn", "--data", "d.csv"]);
    assert_eq!(found["size_before"], 7, "{said}");
    assert_eq!(
        found["path"][0]["size"], 3,
        "what cancels is gone before anything gives way: {found}"
    );
}

#[test]
fn a_search_is_continued_from_its_checkpoint() {
    let folder = scratch();
    let at = folder.path();
    table(at);
    let of = |words: &str| run(at, &words.split(' ').collect::<Vec<_>>());
    let common =
        "fit d.csv --target y --ignore mix --operators add,mul,sub --population 20 --islands 2";
    let whole = of(&format!("{common} --generations 8"));
    assert_eq!(whole.0, 0, "{}", whole.2);
    assert_eq!(of(&format!("{common} --generations 3 --checkpoint c.json")).0, 0);
    let refused = of(&format!("{common} --generations 8 --checkpoint c.json"));
    assert_eq!(refused.0, 2, "{}", refused.2);
    let resumed = of(&format!("{common} --generations 8 --checkpoint c.json --resume"));
    assert_eq!(resumed.1["formula"], whole.1["formula"], "{}", resumed.2);
    let other = of(&format!("{common} --seed 4 --generations 8 --checkpoint c.json --resume"));
    assert_eq!(other.0, 3, "{}", other.2);
}

#[test]
fn columns_that_are_not_used_may_hold_anything_and_groups_may_be_texts() {
    let folder = scratch();
    let at = folder.path();
    let mut text = "who,a,b,note,y\n".to_owned();
    for row in 0..60_u32 {
        let (a, b) = (row % 7 + 1, row * 5 % 11);
        let note = if row == 3 { "" } else { "good, or so" };
        writeln!(text, "mix {},{a},{b},\"{note}\",{}", row / 4, 2 * a + b).unwrap();
    }
    std::fs::write(at.join("d.csv"), text).unwrap();
    let of = |words: &str| run(at, &words.split(' ').collect::<Vec<_>>());
    let fit = of(
        "fit d.csv --target y --ignore who,note --group who --test 0.2 --generations 5 -o f.json",
    );
    assert_eq!(fit.0, 0, "{}", fit.2);
    assert_eq!(of("fit d.csv --target y --inputs a,b --group who --generations 2").0, 0);
    for words in
        ["eval f.json --data d.csv", "prune f.json --data d.csv", "eval --expr 3 --data d.csv"]
    {
        let (exit, _, said) = of(words);
        assert_eq!(exit, 0, "{words}: {said}");
    }
    let (exit, _, said) = of("fit d.csv --target y");
    assert!(exit == 4 && said.contains("who"), "{said}");
    let (exit, _, said) = of("eval --expr a+note --data d.csv --target y");
    assert!(exit == 4 && said.contains("note"), "{said}");
}

#[test]
fn ways_to_predict_are_compared_over_folds() {
    let folder = scratch();
    let at = folder.path();
    table(at);
    let words = "compare d.csv --target y --ignore mix --group mix --folds 4 --repeats 2 --methods ols,got,pruned-got --generations 20 --report c.html";
    let words: Vec<&str> = words.split(' ').collect();
    let (exit, found, said) = run(at, &words);
    assert_eq!(exit, 0, "{said}");
    let method = |number: usize, name: &str| {
        assert_eq!(found["methods"][number]["name"], name);
        assert_eq!(found["methods"][number]["folds"].as_array().unwrap().len(), 8);
        found["methods"][number]["rmse"]["mean"].as_f64().unwrap()
    };
    let (ols, got, pruned) = (method(0, "ols"), method(1, "got"), method(2, "pruned got"));
    assert!(got < 0.01 * ols && pruned < 0.01 * ols, "{ols} {got} {pruned}");
    assert_eq!(run(at, &words).0, 2, "the page is not replaced");
    let page = std::fs::read_to_string(at.join("c.html")).unwrap();
    for title in ["Comparison", "Predicted and measured", "Residuals", "Error and size", "Inputs"] {
        assert!(page.contains(title), "{title}");
    }
    let again = [&words[..], &["--force", "--threads", "1"]].concat();
    let again = run(at, &again).1;
    for number in 0..3 {
        let folds = |json: &Value| -> Vec<String> {
            let folds = json["methods"][number]["folds"].as_array().unwrap();
            folds.iter().map(|fold| fold["model"].to_string()).collect()
        };
        assert_eq!(folds(&found), folds(&again), "for any number of threads");
    }
    assert_eq!(run(at, &["compare", "d.csv", "--target", "y", "--folds", "1"]).0, 2);
    let few = ["compare", "d.csv", "--target", "y", "--group", "mix", "--folds", "50"];
    let (exit, _, said) = run(at, &few);
    assert!(exit == 2 && said.contains("40 groups of 120 rows"), "{exit} {said}");
}

#[test]
fn what_cannot_be_done_is_said() {
    let folder = scratch();
    let at = folder.path();
    table(at);
    std::fs::write(at.join("bad.csv"), "a,b\n1,2\n3\n").unwrap();
    std::fs::write(at.join("flat.csv"), "a,y\n1,2\n3,2\n").unwrap();
    std::fs::write(at.join("words.csv"), "a,y\n1,2\nx,3\n4,5\n").unwrap();
    std::fs::write(at.join("head.csv"), "a,y\n").unwrap();
    std::fs::write(at.join("huge.csv"), "a,y\n1,1e400\n2,3\n").unwrap();
    let cases = [
        ("fit none.csv --target y", 3, "SEC-FO-020"),
        ("fit bad.csv --target b", 3, "line 3"),
        ("fit flat.csv --target y", 3, "2"),
        ("fit words.csv --target y", 3, "line 3"),
        ("fit head.csv --target y", 3, "SEC-FO-022"),
        ("fit huge.csv --target y", 3, "1e400"),
        ("fit d.csv --target z", 2, "SEC-FO-034"),
        ("fit d.csv", 2, "SEC-FO-012"),
        ("eval --expr a/(c-c) --data d.csv", 3, "SEC-FO-014"),
        ("eval --expr a+ --data d.csv", 3, "SEC-FO-001"),
        ("eval --expr a+frobnicate(b) --data d.csv", 3, "SEC-FO-002"),
        ("eval --expr a+zz --data d.csv", 3, "SEC-FO-003"),
        ("eval none.json --data d.csv", 3, "SEC-FO-011"),
        ("export none.json --to c", 3, "SEC-FO-011"),
        ("prune --expr a --data d.csv --paper-mode", 2, "SEC-FO-012"),
    ];
    for (words, code, expect) in cases {
        let words: Vec<&str> = words.split(' ').collect();
        let (exit, _, said) = run(at, &words);
        assert_eq!(exit, code, "{words:?}: {said}");
        assert!(said.contains(expect), "{words:?}: {said}");
    }
}
