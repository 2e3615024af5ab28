//! Tiny random checkpoints of each architecture against transformers: logits, and greedy tokens
//! with cached keys and values; with config.json in the new style and rewritten in the old one.

use std::path::Path;

use secateur_neural::verify::expect;
use serde_json::{Map, Value};

use crate::golden::test_data;

/// Largest difference to transformers 5.23 in f32, times the largest logit or 1.
const TOLERANCE: f64 = 2e-4;

/// A configuration as transformers 4 wrote it.
fn old_style(mut config: Map<String, Value>) -> Map<String, Value> {
    let is_neox = config["model_type"] == "gpt_neox";
    if let Some(dtype) = config.remove("dtype") {
        config.insert("torch_dtype".into(), dtype);
    }
    let Some(Value::Object(rope)) = config.remove("rope_parameters") else {
        panic!("a golden config.json is in the new style");
    };
    let names = if is_neox {
        [("rope_theta", "rotary_emb_base"), ("partial_rotary_factor", "rotary_pct")]
    } else {
        [("rope_theta", "rope_theta"), ("partial_rotary_factor", "partial_rotary_factor")]
    };
    for (new, old) in names {
        if let Some(value) = rope.get(new) {
            config.insert(old.into(), value.clone());
        }
    }
    config
}

fn check(folder: &Path, golden: &Path) {
    let (checks, warnings) = expect(folder, golden, TOLERANCE).unwrap();
    assert_eq!(checks.len(), 2, "logits and greedy");
    for check in checks {
        assert!(check.passed, "{}: {}: {}", folder.display(), check.name, check.detail);
    }
    assert!(warnings.is_empty(), "{warnings:?}");
}

#[test]
fn logits_and_greedy_tokens_are_those_of_transformers() {
    let Some(data) = test_data() else { return };
    for name in ["gpt_neox", "gpt_neox_sequential", "llama_gqa_tied"] {
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
