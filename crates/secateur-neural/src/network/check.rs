//! Outputs of a network against expected ones.

use std::path::Path;

use secateur_checkpoint::safetensors;
use secateur_exec::Runner;
use secateur_graph::Kind;
use secateur_tensor::Tensor;
use secateur_tensor::tensor::Values;

use super::error::NetworkError;
use super::model::Model;
use crate::verify::Check;

fn check(name: &str, passed: bool, detail: String) -> Check {
    Check { name: name.to_owned(), passed, detail }
}

/// Checks that the constants of a network are finite.
///
/// # Errors
/// [`NetworkError::NotFinite`] with the constant and the first place.
pub fn finite(model: &Model) -> Result<(), NetworkError> {
    for value in model.graph().values() {
        let secateur_graph::Origin::Weight(stored) = &value.origin else { continue };
        if !stored.dtype().is_float() {
            continue;
        }
        let values = stored.to_f32().unwrap_or_default();
        // Infinity is what masks and bounds are made of; a scalar or a mask may hold it.
        let bad = |v: &f32| v.is_nan() || (v.is_infinite() && is_weight(model, &value.name));
        let count = values.iter().filter(|v| bad(v)).count();
        if count > 0 {
            let first = values.iter().position(bad).unwrap_or(0);
            let what = if values[first].is_nan() { "NaN" } else { "infinity" };
            let (path, name) = (model.path.clone(), value.name.clone());
            return Err(NetworkError::NotFinite { path, name, what, count, first });
        }
    }
    Ok(())
}

fn is_weight(model: &Model, name: &str) -> bool {
    model.layers.iter().any(|layer| model.graph().value(layer.weight).name == name)
}

/// Runs the inputs of a `.safetensors` file and compares the outputs it has.
///
/// # Errors
/// [`NetworkError::Expect`] when the file does not have what is needed.
pub fn expect(
    model: &Model,
    path: &Path,
    tolerance: f64,
    warnings: &mut Vec<String>,
) -> Result<Vec<Check>, NetworkError> {
    let fail = |reason: String| NetworkError::Expect { path: path.to_owned(), reason };
    let tensors = safetensors::read(path, "expected outputs")
        .map_err(|error| fail(error.to_string()))?
        .tensors;
    let find = |name: &str| tensors.iter().find(|(n, _)| n == name).map(|(_, stored)| stored);
    let graph = model.graph();
    let mut inputs = Vec::new();
    let mut used: Vec<String> = Vec::new();
    for id in &graph.inputs {
        let value = graph.value(*id);
        let single = graph.inputs.len() == 1;
        let found = [value.name.as_str(), "input", "input_ids"]
            .into_iter()
            .enumerate()
            .filter(|(at, _)| *at == 0 || single)
            .find_map(|(_, name)| Some((name, find(name)?)));
        let Some((name, stored)) = found else {
            return Err(fail(format!("there is no tensor for the input {}", value.name)));
        };
        used.push(name.to_owned());
        let tensor = stored.to_tensor().map_err(|error| fail(format!("{name}: {error}")))?;
        inputs.push(of_kind(tensor, value.fact.kind));
    }
    let shapes: Vec<Vec<usize>> = inputs.iter().map(|x| x.shape().to_vec()).collect();
    let runner = Runner::new(graph, &shapes)
        .map_err(|error| NetworkError::Runner { path: model.path.clone(), error })?;
    let outputs = runner.run(&inputs, &graph.outputs, None);
    let mut checks = Vec::new();
    for (id, output) in graph.outputs.iter().zip(&outputs) {
        let name = graph.value(*id).name.as_str();
        let single = graph.outputs.len() == 1;
        let ort = format!("{name}_ort");
        let candidates = [name, ort.as_str(), "logits", "logits_ort", "output", "output_ort"];
        for (at, key) in candidates.into_iter().enumerate() {
            let (true, Some(expected)) = (at < 2 || single, find(key)) else { continue };
            if used.iter().any(|u| u == key) {
                continue;
            }
            used.push(key.to_owned());
            let expected = expected.to_tensor().map_err(|error| fail(format!("{key}: {error}")))?;
            checks.push(difference(key, output, &expected, tolerance));
        }
    }
    if checks.is_empty() {
        let names: Vec<&str> =
            graph.outputs.iter().map(|id| graph.value(*id).name.as_str()).collect();
        return Err(fail(format!("there is no tensor for any output: {}", names.join(", "))));
    }
    let unknown: Vec<&str> = tensors
        .iter()
        .map(|(name, _)| name.as_str())
        .filter(|n| !used.iter().any(|u| u == n))
        .collect();
    if !unknown.is_empty() {
        warnings.push(format!("not compared: {}", unknown.join(", ")));
    }
    Ok(checks)
}

fn of_kind(tensor: Tensor, kind: Kind) -> Tensor {
    let shape = tensor.shape().to_vec();
    match (tensor.values(), kind) {
        (Values::I64(values), Kind::F32) => {
            Tensor::f32(shape, values.iter().map(|v| *v as f32).collect())
        }
        (Values::I64(values), Kind::Bool) => {
            Tensor::bool(shape, values.iter().map(|v| *v != 0).collect())
        }
        (Values::F32(values), Kind::I64) => {
            Tensor::i64(shape, values.iter().map(|v| *v as i64).collect())
        }
        _ => tensor,
    }
}

/// The rule of `verify`: the largest difference is at most the tolerance times the larger of 1
/// and the largest expected value.
fn difference(key: &str, found: &Tensor, expected: &Tensor, tolerance: f64) -> Check {
    if found.shape() != expected.shape() {
        let text = format!("shape {:?}, expected {:?}", found.shape(), expected.shape());
        return check(key, false, text);
    }
    let as_f64 = |tensor: &Tensor| -> Vec<f64> {
        match tensor.values() {
            Values::F32(v) => v.iter().copied().map(f64::from).collect(),
            Values::I64(v) => v.iter().map(|v| *v as f64).collect(),
            Values::Bool(v) => v.iter().map(|v| f64::from(u8::from(*v))).collect(),
            Values::Stored(_) => Vec::new(),
        }
    };
    let (a, b) = (as_f64(found), as_f64(expected));
    let mut largest = 0.0_f64;
    for (a, b) in a.iter().zip(&b) {
        let d = if a == b { 0.0 } else { (a - b).abs() };
        largest = if d.is_nan() { f64::INFINITY } else { largest.max(d) };
    }
    let scale = b.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    let passed = largest <= tolerance * scale.max(1.0);
    let relative = largest / scale.max(f64::MIN_POSITIVE);
    check(
        key,
        passed,
        format!("largest difference {largest:.3e}, {relative:.3e} of the largest value"),
    )
}

/// Checks of a file on its own: its constants, and when secateur wrote it, its hashes.
///
/// # Errors
/// [`NetworkError::Store`] when the manifest cannot be read.
pub fn file(model: &Model) -> Result<Vec<Check>, NetworkError> {
    let document = &model.network.document;
    let summary = super::record::summary(model);
    let mut checks = vec![check("structure", true, summary)];
    checks.push(match finite(model) {
        Ok(()) => check("values", true, "all finite".to_owned()),
        Err(error) => check("values", false, error.to_string()),
    });
    let Some(manifest) = secateur_store::read_manifest(&document.path)? else {
        checks.push(check("manifest", true, "none; not written by secateur".to_owned()));
        return Ok(checks);
    };
    let found = secateur_store::verify_hashes(&document.path, &manifest)?;
    let faults: Vec<String> =
        found.iter().filter(|m| !m.is_note()).map(crate::verify::mismatch_text).collect();
    let listed = manifest["files"].as_array().map_or(0, Vec::len);
    let detail = if faults.is_empty() { format!("{listed} files") } else { faults.join("; ") };
    checks.push(check("hashes", faults.is_empty(), detail));
    Ok(checks)
}
