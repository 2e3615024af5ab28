//! Tiny random checkpoints of each architecture against transformers: logits, and greedy tokens
//! with cached keys and values; with config.json in the new style and rewritten in the old one.

use std::path::Path;

use secateur_checkpoint::BlockOptions;
use secateur_core::prune::OnExisting;
use secateur_core::{Budget, Silent};
use secateur_graph::Origin;
use secateur_neural::prune::run;
use secateur_neural::verify::{expect, verify};
use serde_json::{Map, Value};

use crate::golden::test_data;
use crate::{job, recipe};

/// Largest difference to transformers 5.23 in f32, times the largest logit or 1.
const TOLERANCE: f64 = 2e-4;

/// The golden checkpoints.
const NAMES: [&str; 9] = [
    "bert",
    "gpt2",
    "gpt_neox",
    "gpt_neox_sequential",
    "llama3_scaled",
    "llama_gqa_tied",
    "mistral",
    "qwen2",
    "qwen3",
];

/// A configuration as transformers 4 wrote it.
fn old_style(mut config: Map<String, Value>) -> Map<String, Value> {
    let model_type = config["model_type"].as_str().unwrap().to_owned();
    if let Some(dtype) = config.remove("dtype") {
        config.insert("torch_dtype".into(), dtype);
    }
    let Some(Value::Object(mut rope)) = config.remove("rope_parameters") else {
        assert!(["bert", "gpt2"].contains(&model_type.as_str()), "no rope_parameters");
        return config;
    };
    let names = if model_type == "gpt_neox" {
        [("rope_theta", "rotary_emb_base"), ("partial_rotary_factor", "rotary_pct")]
    } else {
        [("rope_theta", "rope_theta"), ("partial_rotary_factor", "partial_rotary_factor")]
    };
    for (new, old) in names {
        if let Some(value) = rope.get(new) {
            config.insert(old.into(), value.clone());
        }
    }
    if rope.get("rope_type").is_some_and(|kind| kind != "default") {
        rope.remove("rope_theta");
        config.insert("rope_scaling".into(), Value::Object(rope));
    }
    // Windows were not listed block by block.
    config.remove("layer_types");
    config
}

fn check(folder: &Path, golden: &Path) {
    let (checks, warnings) = expect(folder, golden, TOLERANCE).unwrap();
    let names: Vec<&str> = checks.iter().map(|check| check.name.as_str()).collect();
    let is_encoder = secateur_checkpoint::open(folder).unwrap().architecture.encoder();
    let expect: &[&str] = if is_encoder { &["last_hidden_state"] } else { &["greedy", "logits"] };
    assert_eq!(names, expect);
    for check in checks {
        assert!(check.passed, "{}: {}: {}", folder.display(), check.name, check.detail);
    }
    assert!(warnings.is_empty(), "{warnings:?}");
}

#[test]
fn logits_and_greedy_tokens_are_those_of_transformers() {
    let Some(data) = test_data() else { return };
    for name in NAMES {
        let folder = data.join("golden/arch").join(name);
        let golden = folder.join("golden.safetensors");
        check(&folder, &golden);
        let old = tempfile::tempdir().unwrap();
        let weights = "model.safetensors";
        std::fs::copy(folder.join(weights), old.path().join(weights)).unwrap();
        let text = std::fs::read(folder.join("config.json")).unwrap();
        let config = old_style(serde_json::from_slice(&text).unwrap());
        assert!(!config.contains_key("rope_parameters") && config.contains_key("torch_dtype"));
        std::fs::write(old.path().join("config.json"), serde_json::to_vec(&config).unwrap())
            .unwrap();
        check(old.path(), &golden);
    }
}

/// Every architecture is pruned to files that open again, keep to the pattern along the inputs,
/// and hold what was computed: a weight that the file has as `[in, out]` too.
#[test]
fn every_architecture_is_pruned_along_its_inputs() {
    let Some(data) = test_data() else { return };
    for name in NAMES {
        let model = data.join("golden/arch").join(name);
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("out");
        let budget = Budget::NofM { keep: 2, of: 4 };
        let ids = format!("{}:input_ids", model.join("golden.safetensors").display());
        let mut recipe = recipe("wanda", budget);
        recipe.model = model.display().to_string();
        recipe.calibration.as_mut().unwrap().files = vec![ids];
        let record = run(&recipe, &job(&output, OnExisting::Refuse), &mut Silent).unwrap();
        assert!((record.sparsity() - 0.5).abs() < 1e-9, "{name}");
        for check in verify(&output).unwrap() {
            assert!(check.passed, "{name}: {}: {}", check.name, check.detail);
        }
        let [before, after] = [&model, &output].map(|path| {
            let model = secateur_checkpoint::open(path).unwrap();
            let options = BlockOptions { positions: 1, cache: false };
            let graph = model.block(1, options).unwrap();
            let weight = |linear: &secateur_checkpoint::Linear| {
                let origin = &graph.graph.value(linear.weight).origin;
                let Origin::Weight(stored) = origin else { panic!("a weight") };
                stored.to_f32().unwrap()
            };
            graph.linears.iter().map(weight).collect::<Vec<_>>()
        });
        for (before, after) in before.iter().zip(&after) {
            let mut cut = 0;
            for (b, a) in before.iter().zip(after) {
                assert!(*a == 0.0 || a == b, "{name}");
                cut += usize::from(*a == 0.0);
            }
            assert_eq!(cut, before.len() / 2, "{name}");
            for run in after.chunks(4) {
                assert_eq!(run.iter().filter(|v| **v != 0.0).count(), 2, "{name}");
            }
        }
    }
}
