//! Runs the node tests of ONNX: for every folder of a folder, `model.onnx` with the values of
//! `input_0.pb`, `input_1.pb` and so on, whose results are written as `result_0.pb` and on.
//!
//!     cargo run --release -p secateur-onnx --example run_node -- FOLDER
//!
//! One line for each test: its name, `ran`, `opaque` or `failed`, and why, separated by tabs.
//!
//! Tests give all values as inputs of the network, sizes and axes, too. Where the graph cannot be
//! bound without their values, all inputs but the first are made constants, then all.

#![expect(clippy::print_stdout, reason = "it prints what it found")]

use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use prost::Message;
use secateur_exec::{Runner, RunnerError};
use secateur_graph::ops::Op;
use secateur_onnx::proto::TensorProto;
use secateur_onnx::{Document, Network, tensor_proto};
use secateur_tensor::tensor::Values;
use secateur_tensor::{Stored, Tensor};

/// What came of a test.
enum Outcome {
    Ran,
    Opaque(String),
    Failed(String),
}

fn main() {
    let root = std::env::args().nth(1).expect("a folder of tests");
    let entries = std::fs::read_dir(&root).expect("the folder can be read");
    let mut folders: Vec<PathBuf> =
        entries.map(|entry| entry.expect("an entry of the folder").path()).collect();
    folders.sort();
    std::panic::set_hook(Box::new(|_| {}));
    for folder in folders {
        let outcome = catch_unwind(|| test(&folder)).unwrap_or_else(|panic| {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
            Outcome::Failed(format!("panic: {text}"))
        });
        let (word, why) = match outcome {
            Outcome::Ran => ("ran", String::new()),
            Outcome::Opaque(why) => ("opaque", why),
            Outcome::Failed(why) => ("failed", why),
        };
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        println!("{name}\t{word}\t{}", why.replace(['\n', '\t'], " "));
    }
}

fn test(folder: &Path) -> Outcome {
    let document = match Document::open(&folder.join("model.onnx")) {
        Ok(document) => document,
        Err(error) => return Outcome::Failed(error.to_string()),
    };
    let mut given: Vec<TensorProto> = Vec::new();
    while let Ok(bytes) = std::fs::read(folder.join(format!("input_{}.pb", given.len()))) {
        given.push(TensorProto::decode(&bytes[..]).expect("a tensor"));
    }
    let mut last = Outcome::Failed("no try".to_owned());
    // Fewest constants first, so that operators run as they do in a network.
    for inputs in [given.len(), 1.min(given.len()), 0] {
        let mut document = document.clone();
        let graph = document.model.graph.as_mut().expect("a checked model has a graph");
        let (free, fixed) = given.split_at(inputs);
        graph.initializer.extend(fixed.iter().cloned());
        graph.input.retain(|input| !fixed.iter().any(|tensor| tensor.name() == input.name()));
        last = match run(document, free) {
            Ok(results) => {
                for (at, result) in results.iter().enumerate() {
                    let path = folder.join(format!("result_{at}.pb"));
                    std::fs::write(path, tensor_proto("", &stored(result)).encode_to_vec())
                        .expect("the folder can be written");
                }
                return Outcome::Ran;
            }
            Err(outcome) => outcome,
        };
    }
    last
}

fn run(document: Document, given: &[TensorProto]) -> Result<Vec<Tensor>, Outcome> {
    let failed = |error: &dyn std::fmt::Display| Outcome::Failed(error.to_string());
    let network = Network::new(document).map_err(|error| failed(&error))?;
    for node in network.graph.nodes() {
        if let Op::Opaque(opaque) = &node.op {
            let why = opaque.why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
            return Err(Outcome::Opaque(format!("{}{why}", opaque.name)));
        }
    }
    let mut inputs = Vec::new();
    for id in &network.graph.inputs {
        let name = &network.graph.value(*id).name;
        let tensor = given.iter().find(|tensor| tensor.name() == name);
        let tensor = tensor.ok_or_else(|| failed(&format!("no value for {name}")))?;
        let stored = network.document.stored(tensor).map_err(|error| failed(&error))?;
        inputs.push(stored.to_tensor().map_err(|error| failed(&error))?);
    }
    let shapes: Vec<Vec<usize>> = inputs.iter().map(|tensor| tensor.shape().to_vec()).collect();
    let runner = Runner::new(&network.graph, &shapes).map_err(|error| match error {
        RunnerError::Node { op, why, .. } => Outcome::Opaque(format!("{op}: {why}")),
        error => failed(&error),
    })?;
    Ok(runner.run(&inputs, &network.graph.outputs, None))
}

fn stored(tensor: &Tensor) -> Stored {
    match tensor.values() {
        Values::F32(values) => Stored::of_f32(tensor.shape().to_vec(), values),
        Values::I64(values) => Stored::of_i64(tensor.shape().to_vec(), values),
        Values::Bool(values) => {
            let values: Vec<i64> = values.iter().map(|&value| value.into()).collect();
            Stored::of_i64(tensor.shape().to_vec(), &values)
        }
        Values::Stored(stored) => stored.clone(),
    }
}
