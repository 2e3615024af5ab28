//! Against the reference implementation: norms, masks, perplexity on real models.
//!
//! The models and the reference's outputs are found through `SECATEUR_TEST_DATA`; without it
//! these tests print `skipped: no test data`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use secateur_checkpoint::safetensors;
use secateur_core::prune::{Evidence, Job, OnExisting, PruneError};
use secateur_core::recipe::{Calibration, Keep, Sampling, Scope};
use secateur_core::{Budget, Criterion, Recipe, Scores, Silent};
use secateur_neural::criteria::wanda::Wanda;
use secateur_neural::measure::embeddings::embeddings;
use secateur_neural::measure::perplexity::perplexity;
use secateur_neural::prune::{Work, run, run_work};
use secateur_neural::{Inputs, Layer, data};
use secateur_store::Disk;

pub(crate) fn test_data() -> Option<PathBuf> {
    let found = std::env::var_os("SECATEUR_TEST_DATA").map(PathBuf::from);
    if found.is_none() {
        println!("skipped: no test data");
    }
    found
}

/// Norms of each layer's inputs, by name.
type Norms = Arc<Mutex<BTreeMap<String, Vec<f32>>>>;

/// Wanda that remembers the norms it saw.
struct Recording(Norms);

impl Criterion<Layer, Inputs> for Recording {
    fn name(&self) -> &'static str {
        "wanda"
    }
    fn needs(&self) -> Evidence {
        Wanda.needs()
    }
    fn score(&self, layer: &Layer, inputs: &Inputs) -> Result<Scores, PruneError> {
        self.0.lock().unwrap().insert(layer.name.clone(), inputs.norms());
        Wanda.score(layer, inputs)
    }
}

fn ids(path: &Path) -> Calibration {
    Calibration {
        files: vec![path.display().to_string()],
        samples: usize::MAX,
        seq_len: 0,
        sampling: Sampling::First,
    }
}

fn recipe(model: &Path, calibration: &Path) -> Recipe {
    let (model, budget) = (model.display().to_string(), Budget::Sparsity(0.5));
    Recipe {
        calibration: Some(ids(calibration)),
        dtype: Keep::F32,
        ..Recipe::new("neural", &model, "wanda", budget, Scope::Row)
    }
}

/// Largest relative difference of norms, and share of equal mask bits, over the golden layers.
struct Agreement {
    norms: f64,
    masks: f64,
    perplexity: f64,
    written: secateur_checkpoint::Checkpoint,
    /// Holds what was written.
    #[expect(dead_code, reason = "kept for its drop")]
    folder: tempfile::TempDir,
}

fn compare(
    model: &Path,
    prefix: &str,
    golden: &Path,
    calibration: (&Path, &str),
    eval: Option<&Path>,
) -> Agreement {
    let mut recipe = recipe(model, calibration.0);
    recipe.calibration.as_mut().unwrap().files[0].push_str(calibration.1);
    let norms = Norms::default();
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("out");
    let work = Work::with_criterion(&recipe, Box::new(Recording(Arc::clone(&norms)))).unwrap();
    let job = Job {
        output: output.clone(),
        existing: OnExisting::Refuse,
        max_memory: None,
        command: vec![],
    };
    run_work(&work, &job, &(Arc::new(Disk) as _), &mut Silent).unwrap();
    let written = secateur_checkpoint::open(&output).unwrap();
    let golden = safetensors::read(golden, "golden").unwrap();
    let norms = norms.lock().unwrap();
    let (mut worst, mut equal, mut all) = (0.0_f64, 0_u64, 0_u64);
    for (key, stored) in &golden.tensors {
        if let Some(name) = key.strip_prefix("norm.") {
            let ours = &norms[&format!("{prefix}{name}")];
            let largest =
                stored.to_f32().unwrap().into_iter().zip(ours).fold(0.0_f64, |w, (a, b)| {
                    w.max(f64::from((a - b).abs()) / f64::from(a.abs()).max(1e-12))
                });
            println!("{name}: norms within {largest:.2e}");
            worst = worst.max(largest);
        } else if let Some(name) = key.strip_prefix("mask.") {
            let weight = format!("{prefix}{name}.weight");
            let values = written.tensors.find(&weight).unwrap().stored.to_f32().unwrap();
            let cut = |at: usize| stored.bytes()[at / 8] >> (at % 8) & 1 == 1;
            let same = values.iter().enumerate().filter(|(at, v)| (**v == 0.0) == cut(*at)).count();
            println!("{name}: {:.5} of mask bits equal", same as f64 / values.len() as f64);
            equal += same as u64;
            all += values.len() as u64;
        }
    }
    let perplexity = eval.map_or(f64::NAN, |eval| {
        let windows = data::windows(&ids(eval), &written, 0).unwrap();
        perplexity(&written, &windows, &mut Silent).unwrap().value
    });
    Agreement { norms: worst, masks: equal as f64 / all as f64, perplexity, written, folder }
}

/// A model that was put under target/models by hand.
fn fetched(name: &str) -> Option<PathBuf> {
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/models").join(name);
    if model.exists() {
        return Some(model);
    }
    println!("skipped: no model at {}", model.display());
    None
}

#[test]
fn ko_neox_small_matches_the_reference() {
    let Some(data) = test_data() else { return };
    let lm = data.join("golden/lm");
    let agreement = compare(
        &data.join("data/models/ko-neox-small"),
        "gpt_neox.",
        &lm.join("ko_wanda50.safetensors"),
        (&lm.join("ko_calibration.safetensors"), ""),
        Some(&lm.join("ko_eval.safetensors")),
    );
    assert!(agreement.norms < 1e-4, "norms {}", agreement.norms);
    assert!(agreement.masks > 0.999, "masks {}", agreement.masks);
    // The reference's value, made by locuslab/wanda at 8e8fc87.
    assert!((agreement.perplexity / 177.419 - 1.0).abs() < 0.005, "{}", agreement.perplexity);
}

#[test]
fn smollm2_matches_the_reference() {
    let Some(data) = test_data() else { return };
    let Some(model) = fetched("SmolLM2-135M-Instruct.Q4_1.gguf") else { return };
    let lm = data.join("golden/lm");
    let agreement = compare(
        &model,
        "model.",
        &lm.join("smollm2_wanda50.safetensors"),
        (&lm.join("smollm2_calibration.safetensors"), ""),
        Some(&lm.join("smollm2_eval.safetensors")),
    );
    assert!(agreement.norms < 1e-4, "norms {}", agreement.norms);
    assert!(agreement.masks > 0.999, "masks {}", agreement.masks);
    assert!((agreement.perplexity / 38.3219 - 1.0).abs() < 0.005, "{}", agreement.perplexity);
}

#[test]
fn minilm_matches_the_reference() {
    let Some(data) = test_data() else { return };
    let Some(model) = fetched("all-MiniLM-L6-v2") else { return };
    let lm = data.join("golden/lm");
    let golden = lm.join("minilm_wanda50.safetensors");
    let agreement = compare(&model, "", &golden, (&golden, ":calib_ids"), None);
    assert!(agreement.norms < 1e-4, "norms {}", agreement.norms);
    assert!(agreement.masks > 0.999, "masks {}", agreement.masks);
    let text = std::fs::read_to_string(lm.join("minilm_wanda50.json")).unwrap();
    let facts: serde_json::Value = serde_json::from_str(&text).unwrap();
    let expected = safetensors::read(&golden, "golden").unwrap();
    let dense = secateur_checkpoint::open(&model).unwrap();
    let sentences: Vec<String> = serde_json::from_value(facts["sentences"].clone()).unwrap();
    for (model, key) in [(&dense, "emb_dense"), (&agreement.written, "emb_wanda50")] {
        let got = embeddings(model, &sentences).unwrap().concat();
        let (_, stored) = expected.tensors.iter().find(|(name, _)| name == key).unwrap();
        let expect = stored.to_f32().unwrap();
        let worst = got.iter().zip(&expect).fold(0.0_f32, |w, (a, b)| w.max((a - b).abs()));
        println!("{key}: within {worst:.2e}");
        assert!(got.len() == expect.len() && worst < 1e-3, "{key}: {worst}");
    }
}

/// IST-DASLab/sparsegpt has 38.154 on the same windows.
#[test]
fn sparsegpt_is_as_good_as_the_reference() {
    let Some(data) = test_data() else { return };
    let Some(model) = fetched("SmolLM2-135M-Instruct.Q4_1.gguf") else { return };
    let lm = data.join("golden/lm");
    let mut recipe = recipe(&model, &lm.join("smollm2_calibration.safetensors"));
    recipe.method = "sparsegpt".into();
    recipe.scope = Scope::Layer;
    recipe.evaluation = Some(ids(&lm.join("smollm2_eval.safetensors")));
    let folder = tempfile::tempdir().unwrap();
    let job = Job {
        output: folder.path().join("out"),
        existing: OnExisting::Refuse,
        max_memory: None,
        command: vec![],
    };
    let record = run(&recipe, &job, &mut Silent).unwrap();
    let perplexity = record.quality[0].after.as_ref().unwrap().value;
    println!("sparsegpt: {perplexity:.4}");
    assert!((perplexity / 38.154 - 1.0).abs() < 0.01, "{perplexity}");
}
