//! Whether a directory is what it says: hashes, shapes, masks, and outputs against golden ones.

use std::collections::HashSet;
use std::path::Path;

use secateur_checkpoint::blocks::WeightOrder;
use secateur_checkpoint::{BlockOptions, Checkpoint, safetensors};
use secateur_core::{Budget, Recipe};
use secateur_store::{Mismatch, read_manifest, verify_hashes};
use secateur_tensor::Stored;
use serde::Serialize;
use serde_json::Value;

use crate::data::read_ids;
use crate::error::NeuralError;
use crate::family::check_finite;
use crate::generate::{Generator, last_hidden, logits};

/// One thing that was checked.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Check {
    /// What.
    pub name: String,
    /// Whether it holds.
    pub passed: bool,
    /// What was found.
    pub detail: String,
}

fn check(name: &str, passed: bool, detail: String) -> Check {
    Check { name: name.to_owned(), passed, detail }
}

/// Checks a model: its shapes, and when secateur wrote it, its hashes and masks.
///
/// # Errors
/// [`NeuralError`] when it cannot be read at all.
pub fn verify(path: &Path) -> Result<Vec<Check>, NeuralError> {
    let model = secateur_checkpoint::open(path)?;
    let tensors = model.tensors.iter().count();
    let mut checks =
        vec![check("shapes", true, format!("{tensors} tensors fit {}", model.architecture.name()))];
    checks.push(match check_finite(&model) {
        Ok(()) => check("values", true, "all finite".to_owned()),
        Err(error) => check("values", false, error.to_string()),
    });
    let Some(manifest) = read_manifest(path)? else {
        checks.push(check("manifest", true, "none; not written by secateur".to_owned()));
        return Ok(checks);
    };
    checks.push(hashes(path, &manifest)?);
    checks.extend(masks(&model, &manifest));
    Ok(checks)
}

/// Checks the files of an output against the hashes in its manifest.
///
/// # Errors
/// [`NeuralError`] when the manifest or a file cannot be read.
pub fn hashes(path: &Path, manifest: &Value) -> Result<Check, NeuralError> {
    let found = verify_hashes(path, manifest)?;
    let (notes, faults): (Vec<_>, Vec<_>) =
        found.into_iter().partition(secateur_store::Mismatch::is_note);
    let listed = manifest["files"].as_array().map_or(0, Vec::len);
    let texts: Vec<String> = faults.iter().chain(&notes).map(mismatch_text).collect();
    let detail = if texts.is_empty() { format!("{listed} files") } else { texts.join("; ") };
    Ok(check("hashes", faults.is_empty(), detail))
}

pub(crate) fn mismatch_text(mismatch: &Mismatch) -> String {
    match mismatch {
        Mismatch::Missing { name } => format!("{name} is missing"),
        Mismatch::Length { name, expected, found } => {
            format!("{name} has {found} bytes, the manifest says {expected}")
        }
        Mismatch::Hash { name, .. } => format!("{name} has other bytes than the manifest says"),
        Mismatch::Extra { name } => format!("{name} is not in the manifest"),
    }
}

/// Checks that every pruned layer has at least the zeros that its mask cut, in every row or run.
fn masks(model: &Checkpoint, manifest: &Value) -> Option<Check> {
    let recipe: Option<Recipe> = serde_json::from_value(manifest["recipe"].clone()).ok();
    let (Some(recipe), Some(layers)) = (recipe, manifest["layers"].as_array()) else {
        return None;
    };
    let mut faults = Vec::new();
    let mut count = 0;
    let turned = in_out(model);
    for layer in layers.iter().filter(|l| l["skipped"].is_null()) {
        let name = layer["name"].as_str().unwrap_or_default();
        let weight = format!("{name}.weight");
        let Some(source) = model.tensors.find(&weight) else {
            faults.push(format!("{name} is missing"));
            continue;
        };
        count += 1;
        let cut = layer["cut"].as_u64().unwrap_or(u64::MAX);
        let is_turned = turned.contains(name);
        let stored = &source.stored;
        match if is_turned { stored.transposed() } else { Ok(stored.clone()) } {
            Ok(stored) => faults.extend(mask_fault(name, &stored, recipe.budget, cut)),
            Err(error) => faults.push(format!("{name}: {error}")),
        }
    }
    let what = format!("{count} layers keep to {}", recipe.budget);
    let passed = faults.is_empty();
    faults.truncate(8);
    Some(check("masks", passed, if passed { what } else { faults.join("; ") }))
}

/// Layers whose weights the file has as `[in, out]`.
fn in_out(model: &Checkpoint) -> HashSet<String> {
    let options = BlockOptions { positions: 1, cache: false };
    let segments = (0..model.dims.layers).filter_map(|index| model.block(index, options).ok());
    let linears = segments.flat_map(|segment| segment.linears);
    linears.filter(|l| l.order == WeightOrder::InOut).map(|l| l.name).collect()
}

fn mask_fault(name: &str, stored: &Stored, budget: Budget, cut: u64) -> Option<String> {
    let values = stored.to_f32().ok()?;
    let zeros = values.iter().filter(|v| **v == 0.0).count() as u64;
    if zeros < cut {
        return Some(format!("{name} has {zeros} zeros, its mask cut {cut}"));
    }
    if values.iter().any(|v| v.to_bits() == (-0.0_f32).to_bits())
        && values.iter().filter(|v| v.to_bits() == 0).count() < cut as usize
    {
        return Some(format!("{name} has -0.0 where its mask cuts"));
    }
    if let Budget::NofM { keep, of } = budget {
        let full = |run: &&[f32]| run.iter().filter(|v| **v != 0.0).count() > keep;
        let wrong = values.chunks(of).filter(full).count();
        if wrong > 0 {
            return Some(format!("{name} breaks {keep}:{of} in {wrong} runs"));
        }
    }
    None
}

/// Runs the `input_ids` of a golden file and compares `logits`, `last_hidden_state` and
/// `greedy`. Passes when the
/// largest difference is at most `tolerance * max(1, largest golden value)`.
///
/// # Errors
/// [`NeuralError`] when the file has no ids or nothing to compare.
pub fn expect(
    path: &Path,
    golden: &Path,
    tolerance: f64,
) -> Result<(Vec<Check>, Vec<String>), NeuralError> {
    let model = secateur_checkpoint::open(path)?;
    let (ids, tokens) = read_ids(golden, "input_ids")?;
    model.check_ids(golden, &ids)?;
    let file = safetensors::read(golden, "the file")?;
    let mut checks = Vec::new();
    let mut warnings = Vec::new();
    for (name, stored) in &file.tensors {
        match name.as_str() {
            "input_ids" => {}
            "logits" | "last_hidden_state" => {
                let golden = Golden { path: golden, name, stored, tolerance };
                checks.push(compare(&model, &golden, &ids, tokens)?);
            }
            "greedy" => checks.push(compare_greedy(&model, golden)?),
            other => {
                warnings.push(format!("{other} in the golden file is not known, not compared"));
            }
        }
    }
    if checks.is_empty() {
        let what =
            "nothing to compare: it has neither logits, last_hidden_state nor greedy".to_owned();
        return Err(NeuralError::Expect { path: golden.to_owned(), what });
    }
    Ok((checks, warnings))
}

/// A tensor that the model's own is compared with.
struct Golden<'a> {
    path: &'a Path,
    name: &'a str,
    stored: &'a Stored,
    tolerance: f64,
}

fn compare(
    model: &Checkpoint,
    golden: &Golden<'_>,
    ids: &[i64],
    tokens: usize,
) -> Result<Check, NeuralError> {
    let Golden { path, name, stored, tolerance } = *golden;
    let is_logits = name == "logits";
    let width = if is_logits { model.dims.vocabulary } else { model.dims.width };
    let shape = [ids.len() / tokens, tokens, width];
    if stored.shape() != shape || !stored.dtype().is_float() {
        let what = format!("{name} has shape {:?}, expected {shape:?}", stored.shape());
        return Err(NeuralError::Expect { path: path.to_owned(), what });
    }
    let expected = stored.to_f32().expect("checked to be floats");
    let got = if is_logits {
        logits(model, ids, tokens)?
    } else {
        last_hidden(model, ids, tokens)?.into_f32()
    };
    let mut worst = 0.0_f64;
    let mut largest = 0.0_f64;
    for (a, b) in got.iter().zip(&expected) {
        let difference = f64::from((a - b).abs());
        // A NaN on one side must not pass.
        worst = if difference.is_nan() { f64::INFINITY } else { worst.max(difference) };
        largest = largest.max(f64::from(b.abs()));
    }
    let scale = largest.max(1.0);
    let detail = format!(
        "largest difference {worst:.3e} absolute, {:.3e} relative, tolerance {tolerance:.0e}",
        worst / scale
    );
    Ok(check(name, worst <= tolerance * scale, detail))
}

/// The golden sequence is 8 prompt tokens and what follows them greedily.
fn compare_greedy(model: &Checkpoint, golden: &Path) -> Result<Check, NeuralError> {
    const PROMPT: usize = 8;
    let (sequence, tokens) = read_ids(golden, "greedy")?;
    let sequence = &sequence[..tokens];
    if tokens <= PROMPT {
        let what = format!("greedy has {tokens} tokens, expected {PROMPT} of a prompt and more");
        return Err(NeuralError::Expect { path: golden.to_owned(), what });
    }
    model.check_ids(golden, sequence)?;
    let mut generator = Generator::new(model, tokens)?;
    let got = generator.greedy(&sequence[..PROMPT], tokens - PROMPT)?;
    let expected = &sequence[PROMPT..];
    let same = got.iter().zip(expected).take_while(|(a, b)| a == b).count();
    let detail = format!("{same} of {} tokens equal, with cached keys and values", expected.len());
    Ok(check("greedy", same == expected.len(), detail))
}

/// Names of the layers of a model, for lists.
///
/// # Errors
/// [`NeuralError`] when a block cannot be built.
pub fn layer_names(model: &Checkpoint) -> Result<Vec<String>, NeuralError> {
    let mut names = Vec::new();
    for block in 0..model.dims.layers {
        let segment = model.block(block, BlockOptions { positions: 1, cache: false })?;
        names.extend(segment.linears.into_iter().map(|linear| linear.name));
    }
    Ok(names)
}
