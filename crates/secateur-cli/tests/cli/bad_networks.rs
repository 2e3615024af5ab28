//! Malformed ONNX files: the commands say what the library says, and leave nothing behind. What
//! it says to each stands in the tests of `secateur-onnx`.

use std::path::Path;

use secateur::onnx::Network;

use crate::setup::{Folder, case};

/// Files that are read but lose something when they are written.
const LOSSY: &[&str] = &["onnx_unknown_field", "onnx_unknown_group"];

const PRUNE: &str = "--granularity channel --sparsity 0.3 -o out.onnx -q";

/// The model of a case.
fn model_in(folder: &Folder) -> &'static str {
    let places = ["model/model.onnx", "models--a--b/snapshots/rev/model.onnx"];
    places.into_iter().find(|place| folder.join(place).exists()).unwrap_or("model.onnx")
}

fn check(name: &str) {
    println!("{name}");
    let folder = case(name);
    let model = model_in(&folder);
    let (inspect, prune) = (format!("inspect {model}"), format!("prune {model} {PRUNE}"));
    match Network::open(&folder.join(model)) {
        Ok(_) => {
            folder.must(&inspect);
            // The one layer of these files makes the output.
            let code = if LOSSY.contains(&name) { "SEC-OX-025" } else { "SEC-NW-007" };
            folder.fails(&prune, 4, code);
        }
        Err(error) => {
            for words in [inspect, prune] {
                let ran = folder.fails(&words, error.exit().into(), error.code());
                let file = error.place().unwrap_or(Path::new(model)).file_name().unwrap();
                ran.says(&["\n  file: ", file.to_str().unwrap()]);
                assert!(ran.stdout.is_empty(), "{name}: {}", ran.stdout);
            }
        }
    }
}

#[test]
fn every_case_is_refused_as_the_library_refuses_it() {
    let cases: Vec<_> = secateur_attacks::ONNX.iter().copied().flatten().collect();
    assert!(cases.len() > 110);
    for case in cases {
        check(case.name);
    }
}
