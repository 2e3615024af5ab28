//! `secateur demo`: an embedded small language model, pruned by every method, compared.

pub(super) mod folder;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use secateur::core::figure::{Figure, Series};
use secateur::core::recipe::{Calibration, Sampling};
use secateur::core::record::{Named, Record};
use secateur::core::{Budget, Family, Job, OnExisting, Recipe, RunError, Silent};
use secateur::neural::Neural;
use serde_json::json;

use self::folder::failed;
use super::Manner;
use super::prune::network_cost;
use crate::out;

const FOLDER: &str = "secateur-demo";

/// The embedded model and texts; `fixtures/demo/README.md` says how they were made.
const MODEL: [(&str, &[u8]); 4] = [
    ("config.json", include_bytes!("../../../../fixtures/demo/model/config.json")),
    ("model.safetensors", include_bytes!("../../../../fixtures/demo/model/model.safetensors")),
    ("tokenizer.json", include_bytes!("../../../../fixtures/demo/model/tokenizer.json")),
    (
        "tokenizer_config.json",
        include_bytes!("../../../../fixtures/demo/model/tokenizer_config.json"),
    ),
];
const TEXTS: [(&str, &[u8]); 2] = [
    ("calibration.txt", include_bytes!("../../../../fixtures/demo/calibration.txt")),
    ("test.txt", include_bytes!("../../../../fixtures/demo/test.txt")),
];
const SEQ_LEN: usize = 128;
const METHODS: [&str; 2] = ["magnitude", "wanda"];
const BUDGETS: [Budget; 3] =
    [Budget::Sparsity(0.5), Budget::NofM { keep: 4, of: 8 }, Budget::NofM { keep: 2, of: 4 }];

pub(crate) fn run(manner: Manner) -> Result<ExitCode, RunError> {
    let start = Instant::now();
    let folder = PathBuf::from(FOLDER);
    begin(&folder)?;
    let mut records = Vec::new();
    for method in METHODS {
        for budget in BUDGETS {
            let name = format!("{method}-{}", short(budget));
            if !manner.quiet {
                out::note(&format!("{method}, {budget}"));
            }
            records.push((name.clone(), prune(&folder, method, budget, &name)?));
        }
    }
    let rows: Vec<Row> = rows(&records);
    write_report(&folder, &records, &rows)?;
    show(&rows, manner, start.elapsed().as_secs_f64());
    Ok(ExitCode::SUCCESS)
}

/// A budget as part of a folder's name.
fn short(budget: Budget) -> String {
    match budget {
        Budget::NofM { keep, of } => format!("{keep}-{of}"),
        _ => "50".to_owned(),
    }
}

/// Names that the demo writes at the top of its folder.
fn own_names() -> Vec<String> {
    let mut names: Vec<String> = TEXTS.iter().map(|(name, _)| (*name).to_owned()).collect();
    names.extend(["dense", "report.html", "report.json"].map(str::to_owned));
    for method in METHODS {
        names.extend(BUDGETS.iter().map(|budget| format!("{method}-{}", short(*budget))));
    }
    names
}

/// Removes an older demo, and only that; writes the model and the texts.
fn begin(folder: &Path) -> Result<(), RunError> {
    let own = own_names();
    folder::make(folder, |name| {
        let bare = name.strip_prefix('.').map_or(name, |n| {
            n.trim_end_matches(".partial").trim_end_matches(".lock").trim_end_matches(".old")
        });
        own.iter().any(|own| own == bare)
    })?;
    std::fs::remove_dir_all(folder).map_err(|e| failed(folder, &e))?;
    let dense = folder.join("dense");
    std::fs::create_dir_all(&dense).map_err(|e| failed(folder, &e))?;
    let files = MODEL.iter().map(|(name, bytes)| (dense.join(name), bytes));
    for (path, bytes) in files.chain(TEXTS.iter().map(|(name, bytes)| (folder.join(name), bytes))) {
        folder::write(&path, bytes)?;
    }
    Ok(())
}

fn prune(folder: &Path, method: &str, budget: Budget, name: &str) -> Result<Record, RunError> {
    let path = |name: &str| folder.join(name).display().to_string();
    let data = |name: &str, samples, sampling| Calibration {
        files: vec![path(name)],
        samples,
        seq_len: SEQ_LEN,
        sampling,
    };
    let mut recipe = secateur::neural_recipe(&path("dense"), method, budget)?;
    recipe.calibration =
        (method == "wanda").then(|| data("calibration.txt", 128, Sampling::Spread));
    recipe.evaluation = Some(data("test.txt", usize::MAX, Sampling::First));
    let job = Job {
        output: folder.join(name),
        existing: OnExisting::Refuse,
        max_memory: None,
        command: command(&recipe, &path(name)),
    };
    Neural.run(&recipe, &job, &mut Silent)
}

/// The command that does the same.
fn command(recipe: &Recipe, out: &str) -> Vec<String> {
    let mut words = vec!["secateur", "prune", &recipe.model, "-o", out, "--method", &recipe.method];
    let pattern;
    match recipe.budget {
        Budget::NofM { keep, of } => {
            pattern = format!("{keep}:{of}");
            words.extend(["--pattern", &pattern]);
        }
        _ => words.extend(["--sparsity", "0.5"]),
    }
    if let Some(data) = &recipe.calibration {
        words.extend(["--calibration", &data.files[0]]);
    }
    if let Some(data) = &recipe.evaluation {
        words.extend(["--perplexity", &data.files[0], "--seq-len", "128"]);
    }
    words.into_iter().map(str::to_owned).collect()
}

/// A row of the table.
struct Row {
    name: String,
    method: String,
    pattern: String,
    sparsity: f64,
    perplexity: f64,
    change: f64,
    bytes: u64,
    seconds: f64,
}

fn rows(records: &[(String, Record)]) -> Vec<Row> {
    let measured = |record: &Record| {
        let quality = record.quality.first();
        let value =
            |m: &Option<secateur::core::record::Measured>| m.as_ref().map_or(f64::NAN, |m| m.value);
        quality.map_or((f64::NAN, f64::NAN), |q| (value(&q.before), value(&q.after)))
    };
    let mut rows = Vec::new();
    if let Some((_, first)) = records.first() {
        rows.push(Row {
            name: "dense".to_owned(),
            method: "dense".to_owned(),
            pattern: "-".to_owned(),
            sparsity: 0.0,
            perplexity: measured(first).0,
            change: 0.0,
            bytes: network_cost(first).before.bytes,
            seconds: 0.0,
        });
    }
    for (name, record) in records {
        let (before, after) = measured(record);
        let pattern = match record.run.recipe.budget {
            Budget::NofM { keep, of } => format!("{keep}:{of}"),
            _ => "50 %".to_owned(),
        };
        rows.push(Row {
            name: name.clone(),
            method: record.run.recipe.method.clone(),
            pattern,
            sparsity: record.sparsity(),
            perplexity: after,
            change: after / before - 1.0,
            bytes: network_cost(record).after.bytes,
            seconds: record.run.seconds.unwrap_or(0.0),
        });
    }
    rows
}

/// The report of the last run, with the comparison of all before its own figures.
fn write_report(folder: &Path, records: &[(String, Record)], rows: &[Row]) -> Result<(), RunError> {
    let Some((_, record)) = records.last() else { return Ok(()) };
    let mut record = record.clone();
    let comparison = Named {
        title: "Perplexity by method and pattern".to_owned(),
        caption: "On test.txt, lower is better; the other figures are those of the last row."
            .to_owned(),
        figure: Figure::Bars {
            labels: rows.iter().map(|r| r.name.clone()).collect(),
            series: vec![Series {
                name: "perplexity".to_owned(),
                values: rows.iter().map(|r| r.perplexity).collect(),
            }],
            unit: String::new(),
        },
    };
    record.figures.insert(0, comparison);
    folder::report(folder, &record)
}

fn show(rows: &[Row], manner: Manner, seconds: f64) {
    if manner.json {
        let rows: Vec<_> = rows
            .iter()
            .map(|r| {
                json!({
                    "model": format!("{FOLDER}/{}", r.name),
                    "method": r.method,
                    "pattern": r.pattern,
                    "sparsity": r.sparsity,
                    "perplexity": r.perplexity,
                    "change": r.change,
                    "bytes": r.bytes,
                    "seconds": r.seconds,
                })
            })
            .collect();
        out::json(&json!({ "folder": FOLDER, "rows": rows, "seconds": seconds }));
        return;
    }
    let cells = |r: &Row| {
        vec![
            r.method.clone(),
            r.pattern.clone(),
            format!("{:.1} %", r.sparsity * 100.0),
            format!("{:.4}", r.perplexity),
            format!("{:+.1} %", r.change * 100.0),
            out::count(r.bytes),
            format!("{:.2}", r.seconds),
        ]
    };
    let heads = ["method", "pattern", "sparsity", "perplexity", "change", "bytes", "seconds"];
    let cells = rows.iter().map(cells).collect();
    out::print(&out::table(&heads, cells, &[2, 3, 4, 5, 6]));
    out::line(&format!(
        "\nWritten in {seconds:.1} s: {FOLDER}/report.html, and each model with its own report.\n\
         Try:  secateur eval {FOLDER}/wanda-2-4 --perplexity {FOLDER}/test.txt --seq-len {SEQ_LEN}\n\
         \x20     secateur inspect {FOLDER}/wanda-2-4\n\
         \x20     secateur methods wanda"
    ));
}
