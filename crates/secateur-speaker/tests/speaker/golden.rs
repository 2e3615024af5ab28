//! Golden values of scikit-learn, and the rates that it reaches on real speech.

use std::path::Path;

use secateur_speaker::audio::{self, Sound};
use secateur_speaker::features::{self, Frames};
use secateur_speaker::identify::{
    Mwmr, Normalization, Pruning, Reading, Roster, Rule, Settings, Weights, Wmr, identify,
};
use secateur_speaker::mixture::{Mixture, Packed, Training, step, train, train_all};
use serde_json::Value;

use crate::data;

fn numbers(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(items) => items.iter().flat_map(numbers).collect(),
        _ => vec![value.as_f64().unwrap()],
    }
}

fn mixture(value: &Value, width: usize) -> Mixture {
    let of = |key: &str| numbers(&value[key]);
    Mixture { width, weights: of("weights"), means: of("means"), variances: of("variances") }
}

/// `fixed` is how near numbers that were computed in another order come.
fn assert_near(found: &[f64], expect: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expect.len());
    for (found, expect) in found.iter().zip(expect) {
        assert!((found - expect).abs() < tolerance, "{found} {expect}");
    }
}

/// Golden: scikit-learn, by `peers/speaker.py golden` of secateur-bench.
#[test]
fn steps_and_likelihoods_are_those_of_scikit_learn() {
    let golden: Value = serde_json::from_str(include_str!("mixture.json")).unwrap();
    let frames = Frames { width: 3, values: numbers(&golden["frames"]) };
    let regularization = golden["regularization"].as_f64().unwrap();
    let start = mixture(&golden["start"], 3);
    let exact = start.log_likelihoods(&frames).unwrap();
    assert_near(&exact, &numbers(&golden["start"]["log_likelihoods"]), 1e-9);
    for expect in golden["steps"].as_array().unwrap() {
        let mut found = start.clone();
        for _ in 0..expect["iterations"].as_u64().unwrap() {
            found = step(&found, &frames, regularization).unwrap().mixture;
        }
        let wanted = mixture(expect, 3);
        assert_near(&found.weights, &wanted.weights, 1e-6);
        assert_near(&found.means, &wanted.means, 1e-6);
        assert_near(&found.variances, &wanted.variances, 1e-6);
        let exact = found.log_likelihoods(&frames).unwrap();
        assert_near(&exact, &numbers(&expect["log_likelihoods"]), 1e-6);
    }
}

fn sound(path: &Path) -> Sound {
    audio::read(path, &audio::Options::default()).unwrap()
}

fn frames(sound: &Sound, range: std::ops::Range<usize>) -> Frames {
    frames_with(sound, range, &features::Settings::default())
}

fn frames_with(
    sound: &Sound,
    range: std::ops::Range<usize>,
    settings: &features::Settings,
) -> Frames {
    let samples = sound.samples[range].to_vec();
    let part = Sound { rate: sound.rate, samples };
    features::extract(&part, settings).unwrap().frames
}

#[test]
fn likelihoods_of_real_speech_are_the_golden_ones() {
    let Some(root) = data() else { return };
    let text = std::fs::read_to_string(root.join("golden/speaker/golden_dev.json")).unwrap();
    let golden: Value = serde_json::from_str(&text).unwrap();
    let first = Frames { width: 24, values: numbers(&golden["test_feats_first5_after_vad_cms"]) };
    let clip = sound(&root.join("data/speech").join(golden["file"].as_str().unwrap()));
    let cut = golden["train_cut_samples"].as_u64().unwrap() as usize;
    let spoken = frames(&clip, cut..clip.samples.len().min(cut + 48_000));
    for model in golden["models"].as_array().unwrap() {
        let mixture = mixture(model, 24);
        let expect = numbers(&model["loglik_first20"]);
        let own = mixture.log_likelihoods(&first).unwrap();
        // The golden numbers were computed from expanded squares, and agree to 1e-8.
        assert_near(&own, &expect[..5], 1e-7);
        // Features of our own, too: cepstra differ in the last digits.
        let all = mixture.log_likelihoods(&spoken).unwrap();
        assert_eq!(all.len() as u64, model["n_frames"].as_u64().unwrap());
        assert_near(&all[..20], &expect, 1e-3);
        let sum: f64 = all.iter().sum();
        assert!((sum - model["loglik_sum"].as_f64().unwrap()).abs() < 1e-2);
    }
}

/// The golden protocol: the first two thirds of a clip train, the rest is cut in pieces of 3 s.
#[expect(clippy::type_complexity, reason = "names and frames")]
fn libri251(
    root: &Path,
    settings: &features::Settings,
) -> (Vec<(String, Frames)>, Vec<(usize, Frames)>) {
    let folder = root.join("data/speech/libri251");
    let list = |folder: &Path| {
        let entries = std::fs::read_dir(folder).unwrap();
        let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        paths
    };
    let (mut trained, mut trials) = (Vec::new(), Vec::new());
    for speaker in list(&folder).into_iter().filter(|path| path.is_dir()) {
        for clip in list(&speaker) {
            let clip = sound(&clip);
            let n = clip.samples.len();
            let cut = 2 * n / 3;
            let name = speaker.file_name().unwrap().to_string_lossy().into_owned();
            let number = trained.len();
            trained.push((name, frames_with(&clip, 0..cut, settings)));
            let pieces = (n - cut) / 48_000;
            if pieces == 0 {
                trials.push((number, frames_with(&clip, cut..n, settings)));
            }
            for piece in 0..pieces {
                let from = cut + piece * 48_000;
                trials.push((number, frames_with(&clip, from..from + 48_000, settings)));
            }
        }
    }
    (trained, trials)
}

/// Rates of scikit-learn's models, all speakers and pruned, means over three seeds.
const RATES: [(&str, f64, f64); 7] = [
    ("ml", 0.601, 0.598),
    ("wmr exponential", 0.704, 0.661),
    ("wmr reciprocal", 0.712, 0.672),
    ("wmr linear", 0.492, 0.534),
    ("m1 exponential", 0.706, 0.661),
    ("m1 reciprocal", 0.709, 0.669),
    ("m2", 0.706, 0.661),
];

#[test]
fn rates_on_real_speech_are_those_of_scikit_learn() {
    let Some(root) = data() else { return };
    let (trained, trials) = libri251(&root, &features::Settings::default());
    let wmr = |weights| Rule::Wmr(Wmr { weights });
    let mwmr = |reading, weights| Rule::Mwmr(Mwmr { reading, weights });
    let exponential = Weights::Exponential(None);
    let rules = [
        Rule::Likelihood,
        wmr(exponential),
        wmr(Weights::Reciprocal),
        wmr(Weights::Linear),
        mwmr(Reading::Normalized, exponential),
        mwmr(Reading::Normalized, Weights::Reciprocal),
        mwmr(Reading::Best(5), exponential),
    ];
    let people: Vec<(&str, &Frames)> = trained.iter().map(|(n, f)| (n.as_str(), f)).collect();
    let mut right = [[0_usize; 2]; 7];
    let mut gaussians = [0_u64; 2];
    for seed in 0..3 {
        let models = train_all(&people, &Training { seed, ..Training::default() }).unwrap();
        let models = models.iter().map(|trained| Packed::new(&trained.mixture)).collect();
        let roster = Roster::new(models, None).unwrap();
        for (rule, right) in rules.iter().zip(&mut right) {
            let ways = [Pruning::Never, Pruning::two_stage(0.2, 0.2)];
            for (way, pruning) in ways.into_iter().enumerate() {
                let normalization = Normalization::Others;
                let settings = Settings { rule: *rule, pruning, normalization };
                for (speaker, spoken) in &trials {
                    let answer = identify(&roster, spoken, &settings).unwrap();
                    right[way] += usize::from(answer.ranking[0] == *speaker);
                    gaussians[way] += answer.gaussians;
                }
            }
        }
    }
    assert_eq!(gaussians.map(|all| all / 21), [98_808_192, 36_936_192]);
    for ((name, full, pruned), right) in RATES.iter().zip(right) {
        let [own, own_pruned] = right.map(|right| right as f64 / (3 * trials.len()) as f64);
        println!("{name}: {own:.3} (golden {full}), pruned {own_pruned:.3} ({pruned})");
        assert!(own >= full - 0.02 && own_pruned >= pruned - 0.02, "{name}");
    }
}

/// Without centering, for one recording a speaker carries its channel; with variances of one
/// added, since 17 frames a Gaussian are few.
#[test]
fn the_recommended_combination_loses_nothing_by_pruning() {
    let Some(root) = data() else { return };
    let features =
        features::Settings { center: features::Center::Nothing, ..features::Settings::default() };
    let (trained, trials) = libri251(&root, &features);
    let people: Vec<(&str, &Frames)> = trained.iter().map(|(n, f)| (n.as_str(), f)).collect();
    let mwmr = Mwmr { reading: Reading::Normalized, weights: Weights::Reciprocal };
    for (rule, least) in [(Rule::Mwmr(mwmr), 0.91), (Rule::Likelihood, 0.86)] {
        let mut right = [0_usize; 2];
        for seed in 0..3 {
            let training = Training { seed, regularization: 1.0, ..Training::default() };
            let models = train_all(&people, &training).unwrap();
            let models = models.iter().map(|trained| Packed::new(&trained.mixture)).collect();
            let roster = Roster::new(models, None).unwrap();
            let ways = [Pruning::Never, Pruning::two_stage(0.2, 0.2)];
            for (right, pruning) in right.iter_mut().zip(ways) {
                let settings = Settings { rule, pruning, normalization: Normalization::Others };
                for (speaker, spoken) in &trials {
                    let answer = identify(&roster, spoken, &settings).unwrap();
                    *right += usize::from(answer.ranking[0] == *speaker);
                }
            }
        }
        let [full, pruned] = right.map(|right| right as f64 / (3 * trials.len()) as f64);
        println!("{rule:?}: {full:.3}, pruned {pruned:.3}");
        assert!(full >= least && pruned >= full - 0.01, "{rule:?} {full} {pruned}");
    }
}

/// Bounds of training are sums of f32 values around -90.
const BOUND_TOLERANCE: f64 = 1e-4;

#[test]
fn training_on_real_frames_never_loses_likelihood() {
    let Some(root) = data() else { return };
    let clip = sound(&root.join("data/speech/libri251/19/19-198-0000.flac"));
    let spoken = frames(&clip, 0..2 * clip.samples.len() / 3);
    // What is added to variances costs likelihood: nothing is.
    let settings =
        Training { components: 4, regularization: 0.0, tolerance: 0.0, ..Training::default() };
    let trained = train(&spoken, &settings, "19").unwrap();
    let bounds = &trained.bounds;
    assert_eq!(bounds.len(), 30, "{bounds:?}");
    assert!(bounds.windows(2).all(|w| w[1] > w[0] - BOUND_TOLERANCE), "{bounds:?}");
}
