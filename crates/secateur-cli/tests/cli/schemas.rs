//! What `--json` prints keeps to the committed schemas.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::formulas;
use crate::networks;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Checks a value against the part of JSON Schema that the schemas use; gives the first fault.
fn fault(value: &Value, schema: &Value, at: &str) -> Option<String> {
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(n) if n.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let allowed = |word: &Value| word == kind || (word == "number" && kind == "integer");
    let fits = match &schema["type"] {
        Value::Array(words) => words.iter().any(allowed),
        word => allowed(word),
    };
    if !fits {
        return Some(format!("{at} is {kind}, not {}", schema["type"]));
    }
    if let Value::Array(items) = value {
        let each =
            |(i, item): (usize, &Value)| fault(item, &schema["items"], &format!("{at}[{i}]"));
        return items.iter().enumerate().find_map(each);
    }
    let Value::Object(map) = value else { return None };
    for key in schema["required"].as_array().into_iter().flatten() {
        if !map.contains_key(key.as_str()?) {
            return Some(format!("{at} lacks {key}"));
        }
    }
    map.iter().find_map(|(key, inner)| {
        let at = format!("{at}.{key}");
        match (&schema["properties"][key], &schema["additionalProperties"]) {
            (Value::Null, Value::Object(_)) => fault(inner, &schema["additionalProperties"], &at),
            (Value::Null, _) => Some(format!("{at} is not in the schema")),
            (known, _) => fault(inner, known, &at),
        }
    })
}

#[track_caller]
pub(crate) fn check(schema: &str, text: &[u8]) {
    let path = root().join(format!("docs/schemas/{schema}.schema.json"));
    let schema: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let value: Value = serde_json::from_slice(text)
        .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(text)));
    assert_eq!(fault(&value, &schema, "$"), None);
}

fn run(folder: &Path, words: &[&str]) -> std::process::Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_secateur"));
    command.current_dir(folder).args(words).args(["--json", "--quiet"]).output().unwrap()
}

#[test]
fn every_command_keeps_to_its_schema() {
    let folder = tempfile::tempdir().unwrap();
    let demo = root().join("fixtures/demo");
    let path = |name: &str| demo.join(name).display().to_string();
    let (model, calibration, test) = (path("model"), path("calibration.txt"), path("test.txt"));
    let ok = |schema: &str, words: &[&str]| {
        let output = run(folder.path(), words);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        check(schema, &output.stdout);
    };
    let prune = ["prune", &model, "-o", "out", "--sparsity", "0.5", "--seq-len", "64"];
    let data = ["--calibration", &calibration, "--samples", "8"];
    let measured = ["--perplexity", &test, "--windows", "4"];
    ok("plan", &[&prune[..], &data, &["--dry-run"]].concat());
    ok("prune", &[&prune[..], &data, &measured].concat());
    ok("prune", &["prune", &model, "-o", "two", "--method", "random", "--pattern", "2:4"]);
    ok("eval", &["eval", "out", "--perplexity", &test, "--seq-len", "64", "--windows", "2"]);
    ok("generate", &["generate", "out", "--prompt", "The cat", "--max-tokens", "5"]);
    ok("inspect", &["inspect", "out"]);
    ok("verify", &["verify", "out"]);
    ok("diff", &["diff", &model, "out"]);
    ok("methods", &["methods"]);
    ok("method", &["methods", "wanda"]);
    ok("explain", &["explain", "SEC-CK-001"]);
    ok("doctor", &["doctor"]);
    let wrong = run(folder.path(), &["inspect", "nowhere"]);
    assert_eq!(wrong.status.code(), Some(3));
    check("error", &wrong.stderr);
}

#[test]
fn every_command_on_networks_keeps_to_its_schema() {
    let folder = networks::folder();
    let ok = |schema: &str, words: &str| {
        let output = run(folder.path(), &words.split_whitespace().collect::<Vec<_>>());
        assert!(output.status.success(), "{words}: {}", String::from_utf8_lossy(&output.stderr));
        check(schema, &output.stdout);
    };
    let images = "--images images.bin";
    ok("network-inspect", "inspect net.onnx");
    ok("network-plan", "prune net.onnx -o out.onnx --target macs=0.6 --skip head --dry-run");
    ok("network-prune", &format!("prune net.onnx -o small.onnx --target macs=0.6 {images}"));
    ok("network-prune", "prune net.onnx -o sparse.onnx --pattern 2:4");
    ok("network-eval", &format!("eval small.onnx {images}"));
    ok("network-diff", "diff net.onnx small.onnx");
    ok("verify", "verify small.onnx");
    ok("bench", "bench small.onnx --seconds 0.05");
    ok("bench", "bench small.onnx --seconds 0.05 --against net.onnx");
    let sweep = "--shares 0.5 --sweep 0.7,0.01 --method l2,bn-scale";
    ok("sensitivity", &format!("sensitivity net.onnx {images} {sweep}"));
}

#[test]
fn every_command_on_structures_keeps_to_its_schema() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(root().join("examples/ses/fms.ses"), folder.path().join("fms.ses")).unwrap();
    let words = |words: &str| words.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let exits = |schema: &str, line: &str, exit: i32| {
        let line = words(line);
        let line: Vec<&str> = line.iter().map(String::as_str).collect();
        let output = run(folder.path(), &line);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(exit), "{line:?}: {said}");
        check(schema, &output.stdout);
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    let ok = |schema: &str, line: &str| exits(schema, line, 0);
    let all = "--choose transport=agv robot=scara fixture=rail";
    ok("ses-check", "ses check fms.ses");
    ok(
        "ses-prune",
        "ses prune fms.ses -o a.ipes --choose robot=scara fixture=rail --delay transport",
    );
    ok("ses-resume", "ses resume a.ipes -o a.pes --choose transport=agv");
    ok("ses-count", "ses count fms.ses");
    ok("ses-enumerate", "ses enumerate fms.ses --limit 3");
    ok("ses-flatten", "ses flatten a.pes -o a.fpes");
    ok("ses-prune", &format!("ses prune fms.ses -o b.pes -D cells=2 {all}"));
    exits("ses-diff", "ses diff a.pes b.pes", 6);
    ok("ses-draw", "ses draw a.pes --svg a.svg");
    let simulate = "--until 400 --warmup 50 --replications 3 --seed 7";
    let files = "--trace trace.csv --plot gantt.svg";
    let deep = ok("ses-simulate", &format!("ses simulate a.pes {simulate} --stats {files}"));
    let flat = ok("ses-simulate", &format!("ses simulate a.fpes {simulate}"));
    for same in ["atomics", "events", "steps", "internal"] {
        assert_eq!(deep[same], flat[same], "{same}");
    }
    assert_eq!(deep["measures"][0]["estimate"], flat["measures"][0]["estimate"]);
    ok("ses-simulate", &format!("ses simulate fms.ses --until 100 {all}"));
    let trace = std::fs::read_to_string(folder.path().join("trace.csv")).unwrap();
    assert!(trace.starts_with("time,component,what,name,value\n") && trace.lines().count() > 100);
    let plot = std::fs::read_to_string(folder.path().join("gantt.svg")).unwrap();
    assert!(plot.starts_with("<svg xmlns=") && plot.contains("machine"));
    let search = "--until 300 --depth 0 --replications 4 -o best.pes --report page.html";
    let found = ok("ses-optimize", &format!("ses optimize fms.ses --maximize throughput {search}"));
    assert_eq!((&found["exhaustive"], &found["family"]), (&Value::Bool(true), &"128".into()));
    let drawn = "ses optimize fms.ses --minimize lead-time --budget 16 --until 300 -D cells=2";
    assert_eq!(ok("ses-optimize", drawn)["exhaustive"], Value::Bool(false));
    let best = ok("ses-simulate", "ses simulate best.pes --until 300 --replications 4");
    assert_eq!(best["measures"][0]["estimate"], found["ranked"][0]["estimate"]);
}

/// Each says what is wrong with the exit code of its kind, and writes nothing.
#[test]
fn what_cannot_be_simulated_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(root().join("examples/ses/fms.ses"), folder.path().join("fms.ses")).unwrap();
    std::fs::write(folder.path().join("bad.ses"), "entity a { aspect b { entity c } }").unwrap();
    let run = |line: &str| run(folder.path(), &line.split_whitespace().collect::<Vec<_>>());
    let open = "ses prune fms.ses -o a.ipes --choose robot=scara fixture=rail --delay transport";
    assert!(run(open).status.success());
    for (line, exit, code) in [
        ("ses simulate a.ipes --until 10 --trace t.csv", 3, "SEC-SE-016"),
        ("ses simulate fms.ses --until 10 --trace t.csv", 3, "SEC-SE-008"),
        ("ses simulate bad.ses --until 10 --trace t.csv", 3, "SEC-SE-021"),
        ("ses simulate a.ipes --until 10 -D cells=2", 2, "SEC-SE-016"),
        ("ses optimize fms.ses --maximize throughput --until 0 --depth 0", 2, "SEC-DV-016"),
        ("ses optimize fms.ses --until 10", 2, "SEC-CL-006"),
    ] {
        let output = run(line);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(exit), "{line}: {said}");
        assert!(said.contains(code), "{line}: {said}");
        check("error", &output.stderr);
        assert!(!folder.path().join("t.csv").exists(), "{line}");
    }
}

#[test]
fn the_demo_of_structures_shows_what_depth_costs_and_brings() {
    let folder = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        let output = run(folder.path(), &["demo", "ses"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        check("demo-ses", &output.stdout);
        let table: Value = serde_json::from_slice(&output.stdout).unwrap();
        let of = |row: usize, name: &str| table["rows"][row][name].clone();
        assert_eq!([of(0, "stations"), of(1, "stations"), of(2, "stations")], [2, 4, 8]);
        let throughput = |row: usize| of(row, "throughput")["low"].as_f64().unwrap();
        assert!(throughput(1) > 1.5 * throughput(0) && throughput(2) > 1.5 * throughput(1));
        assert!(of(2, "entities").as_u64() > of(1, "entities").as_u64());
    }
    let page = folder.path().join("secateur-demo-ses/report.html");
    let page = std::fs::read_to_string(page).unwrap();
    assert!(page.contains("Gantt chart") && page.contains("Structure at depth 3"));
    std::fs::write(folder.path().join("secateur-demo-ses/mine.txt"), "keep").unwrap();
    assert_eq!(run(folder.path(), &["demo", "ses"]).status.code(), Some(2));
}

#[test]
fn every_command_on_formulas_keeps_to_its_schema() {
    let folder = tempfile::tempdir().unwrap();
    formulas::table(folder.path());
    let ok = |schema: &str, words: &str| {
        let output = run(folder.path(), &words.split_whitespace().collect::<Vec<_>>());
        assert!(output.status.success(), "{words}: {}", String::from_utf8_lossy(&output.stderr));
        check(schema, &output.stdout);
    };
    let fit = "--target y --ignore mix --test 0.2 --group mix --generations 5 -o f.json";
    ok("formula-fit", &format!("formula fit d.csv {fit}"));
    ok("formula-prune", "formula prune f.json --data d.csv --refit constants -o p.json");
    ok("formula-eval", "formula eval p.json --data d.csv");
    ok("formula-export", "formula export p.json --to sql");
    let compare = "--target y --ignore mix --group mix --folds 3 --generations 3";
    ok("formula-compare", &format!("formula compare d.csv {compare} --report c.html"));
}

#[test]
fn the_demo_of_formulas_finds_one_and_makes_it_simpler() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), &["demo", "formula"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    check("demo-formula", &output.stdout);
    let table: Value = serde_json::from_slice(&output.stdout).unwrap();
    let of = |row: usize, name: &str| table["rows"][row][name].as_f64().unwrap();
    let [linear, found, pruned, law] = [0, 1, 2, 3];
    assert!(of(found, "rmse_test") < 0.5 * of(linear, "rmse_test"), "{table}");
    assert!(of(pruned, "size") < of(found, "size"), "{table}");
    assert!(of(pruned, "rmse_test") < 1.1 * of(law, "rmse_test"), "{table}");
    assert!(
        of(pruned, "variables") <= of(law, "variables"),
        "the useless columns are gone: {table}"
    );
    let at = folder.path().join("secateur-demo-formula");
    let words = ["formula", "eval", "pruned.formula.json", "--data", "mixes.csv"];
    assert!(run(&at, &words).status.success());
    let page = std::fs::read_to_string(at.join("report.html")).unwrap();
    assert!(page.contains("Error against size") && page.contains("the law"));
    assert!(
        run(folder.path(), &["demo", "formula"]).status.success(),
        "its own files are replaced"
    );
    std::fs::write(at.join("mine.txt"), "keep").unwrap();
    assert_eq!(run(folder.path(), &["demo", "formula"]).status.code(), Some(2));
}

#[test]
fn the_demo_replaces_its_own_folder_and_its_models_measure_as_its_table_says() {
    let folder = tempfile::tempdir().unwrap();
    let first = run(folder.path(), &["demo"]);
    assert!(first.status.success(), "{}", String::from_utf8_lossy(&first.stderr));
    check("demo", &first.stdout);
    let second = run(folder.path(), &["demo"]);
    assert!(second.status.success(), "{}", String::from_utf8_lossy(&second.stderr));
    let table: Value = serde_json::from_slice(&second.stdout).unwrap();
    let rows = table["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 7);
    for row in rows {
        let model = row["model"].as_str().unwrap();
        let words = ["eval", model, "--perplexity", "secateur-demo/test.txt", "--seq-len", "128"];
        let measured: Value = serde_json::from_slice(&run(folder.path(), &words).stdout).unwrap();
        assert_eq!(measured["perplexity"], row["perplexity"], "{model}");
    }
    // The dense model knows its language: a table of token frequencies has a perplexity of 236
    // on this text, see fixtures/demo/README.md.
    assert!(rows[0]["perplexity"].as_f64().unwrap() < 236.3 / 2.0);
    std::fs::write(folder.path().join("secateur-demo/mine.txt"), "keep").unwrap();
    let third = run(folder.path(), &["demo"]);
    assert_eq!(third.status.code(), Some(2));
    assert!(folder.path().join("secateur-demo/mine.txt").exists());
}
