//! What must hold of a model before anything is computed from it.

mod attributes;
mod functions;
mod graphs;

use std::collections::HashMap;
use std::path::Path;

use crate::document::IR_VERSION_MAX;
use crate::error::OnnxError;
use crate::proto::ModelProto;
use crate::{tensors, visit};

/// Checks a model, and sorts nodes that do not stand in the order of their values.
pub(crate) fn check(
    path: &Path,
    model: &mut ModelProto,
    warnings: &mut Vec<String>,
) -> Result<(), OnnxError> {
    versions(path, model)?;
    attributes::check(path, model)?;
    visit::tensors(model, &mut |spot, tensor| {
        tensors::check(tensor).map_err(|reason| OnnxError::Tensor {
            path: path.to_owned(),
            place: spot.to_string(),
            reason,
        })
    })?;
    functions::check(path, model)?;
    graphs::check(path, model, warnings)
}

/// Checks that there is a model at all, and that it says what it is.
fn versions(path: &Path, model: &ModelProto) -> Result<(), OnnxError> {
    let bad = |reason: String| OnnxError::Model { path: path.to_owned(), reason };
    let Some(ir_version) = model.ir_version else {
        return Err(bad("the model has no ir_version".to_owned()));
    };
    if ir_version < 1 {
        return Err(bad(format!("there is no ir_version {ir_version}")));
    }
    if model.graph.is_none() {
        return Err(bad("the model has no graph".to_owned()));
    }
    // Files from before versions of operators have the first one.
    if model.opset_import.is_empty() && (3..=IR_VERSION_MAX).contains(&ir_version) {
        return Err(bad("the model has no opset_import".to_owned()));
    }
    let mut seen = HashMap::new();
    for opset in &model.opset_import {
        let (domain, version) = (opset.domain(), opset.version());
        if version < 1 {
            return Err(bad(format!("there is no opset {version} of domain {domain:?}")));
        }
        let first = *seen.entry(own_domain(domain)).or_insert(version);
        if first != version {
            return Err(bad(format!("domain {domain:?} has opsets {first} and {version}")));
        }
    }
    Ok(())
}

/// The name of a domain: that of ONNX itself has two.
pub(crate) fn own_domain(domain: &str) -> &str {
    if domain == "ai.onnx" { "" } else { domain }
}
