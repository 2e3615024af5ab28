//! Synthetic speakers are the same for ever, and tell apart.

use super::*;
use crate::audio::Sound;
use crate::features::{Center, Frames, Settings, extract};

fn say(speaker: u64, utterance: u64, seconds: f64) -> Sound {
    Speaker::new(speaker).say(utterance, &Scene { seconds, ..Scene::default() })
}

#[test]
fn the_sound_of_a_seed_never_changes() {
    let sound = say(1, 2, 0.5);
    assert_eq!((sound.rate, sound.samples.len()), (16_000, 8000));
    assert_eq!(sound.samples[4000..4008], STORED_SAMPLES);
    assert_eq!(sound, say(1, 2, 0.5));
    assert_ne!(sound, say(1, 3, 0.5));
    assert_ne!(sound, say(2, 2, 0.5));
}

const STORED_SAMPLES: [f32; 8] = [-1239.0, -610.0, -511.0, -238.0, 799.0, 1864.0, 2378.0, 2641.0];

#[test]
fn sound_has_the_level_of_a_recording() {
    for speaker in 0..20 {
        let scene = Scene { microphone: Some(speaker % 3), noise_db: 20.0, ..Scene::default() };
        let sound = Speaker::new(speaker).say(0, &scene);
        let power: f64 = sound.samples.iter().map(|s| f64::from(*s).powi(2)).sum();
        let level = (power / sound.samples.len() as f64).sqrt();
        assert!((300.0..6000.0).contains(&level), "{speaker}: {level}");
        let clipped = sound.samples.iter().filter(|s| s.abs() >= 32767.0).count();
        assert!(clipped < 20, "{speaker}: {clipped}");
        assert!(sound.samples.iter().all(|sample| sample.fract() == 0.0));
    }
    assert!(say(3, 0, 0.0).samples.is_empty());
}

#[test]
fn a_microphone_has_a_color() {
    let with = |microphone| {
        let scene = Scene { microphone, ..Scene::default() };
        let settings = Settings { center: Center::Nothing, ..Settings::default() };
        means(&extract(&Speaker::new(5).say(0, &scene), &settings).unwrap().frames)
    };
    let apart = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum::<f64>();
    let all: Vec<Vec<f64>> = [None, Some(1), Some(2), Some(3)].into_iter().map(with).collect();
    for one in 0..all.len() {
        for other in 0..one {
            let apart = apart(&all[one], &all[other]);
            assert!(apart > 1.0, "{one} and {other}: {apart}");
        }
    }
}

fn means(frames: &Frames) -> Vec<f64> {
    let mut means = vec![0.0; frames.width];
    for row in frames.values.chunks(frames.width) {
        means.iter_mut().zip(row).for_each(|(mean, value)| *mean += value / frames.len() as f64);
    }
    means
}

/// The log-likelihood of frames under one Gaussian of other frames, but for what all share.
fn score(frames: &Frames, of: &Frames) -> f64 {
    let means = means(of);
    let mut variances = vec![0.0; of.width];
    for row in of.values.chunks(of.width) {
        for ((variance, mean), value) in variances.iter_mut().zip(&means).zip(row) {
            *variance += (value - mean).powi(2) / of.len() as f64;
        }
    }
    let row_score = |row: &[f64]| -> f64 {
        let terms = row.iter().zip(&means).zip(&variances);
        terms.map(|((value, mean), v)| -0.5 * ((value - mean).powi(2) / v + v.ln())).sum()
    };
    frames.values.chunks(frames.width).map(row_score).sum()
}

/// Part of the trials in which the best of all speakers is the right one.
fn rate(trials: &[(usize, Vec<f64>)]) -> f64 {
    let best = |scores: &[f64]| (0..scores.len()).max_by(|a, b| scores[*a].total_cmp(&scores[*b]));
    let right = trials.iter().filter(|(speaker, scores)| best(scores) == Some(*speaker)).count();
    right as f64 / trials.len() as f64
}

/// Even one Gaussian tells most of ten speakers apart, though not all of them always: better
/// models have something left to win.
#[test]
fn voices_tell_apart() {
    let frames = |speaker: u64, utterance: u64, seconds: f64| {
        let sound = say(speaker, utterance, seconds);
        let settings = Settings { center: Center::Nothing, ..Settings::default() };
        extract(&sound, &settings).unwrap().frames
    };
    let known: Vec<Frames> = (0..10).map(|speaker| frames(speaker, 0, 12.0)).collect();
    let mut trials = Vec::new();
    for speaker in 0..10 {
        for utterance in 1..4 {
            let heard = frames(speaker, utterance, 3.0);
            let scores = known.iter().map(|of| score(&heard, of)).collect();
            trials.push((speaker as usize, scores));
        }
    }
    let rate = rate(&trials);
    assert!((0.7..=1.0).contains(&rate), "{rate}");
}

fn cloud_score(cloud: &Cloud, frames: &Frames) -> f64 {
    let width = Cloud::WIDTH;
    let term = |row: &[f64], index: usize| {
        let range = index * width..(index + 1) * width;
        let terms = row.iter().zip(&cloud.means[range.clone()]).zip(&cloud.variances[range]);
        let sum: f64 = terms.map(|((x, m), v)| -0.5 * ((x - m).powi(2) / v + v.ln())).sum();
        cloud.weights[index].ln() + sum
    };
    let row_score = |row: &[f64]| {
        let terms: Vec<f64> = (0..Cloud::GAUSSIANS).map(|index| term(row, index)).collect();
        let most = terms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        most + terms.iter().map(|term| (term - most).exp()).sum::<f64>().ln()
    };
    frames.values.chunks(width).map(row_score).sum()
}

#[test]
fn clouds_tell_apart_by_enough_frames() {
    let clouds: Vec<Cloud> = (0..60).map(Cloud::new).collect();
    let rate_of = |count: usize| {
        let trial = |speaker: usize| {
            let heard = clouds[speaker].frames(0, count);
            (speaker, clouds.iter().map(|cloud| cloud_score(cloud, &heard)).collect())
        };
        rate(&(0..60).map(trial).collect::<Vec<_>>())
    };
    let (few, many) = (rate_of(10), rate_of(200));
    assert!(few < many && many > 0.9, "{few} {many}");
}

#[test]
fn clouds_are_mixtures_and_never_change() {
    let cloud = Cloud::new(7);
    assert_eq!(cloud.means.len(), Cloud::GAUSSIANS * Cloud::WIDTH);
    assert!((cloud.weights.iter().sum::<f64>() - 1.0).abs() < 1e-12);
    assert!(cloud.variances.iter().all(|variance| *variance > 0.0));
    let frames = cloud.frames(1, 1000);
    assert_eq!((frames.len(), frames.width), (1000, Cloud::WIDTH));
    assert_eq!(frames, Cloud::new(7).frames(1, 1000));
    assert!((frames.values[0] - STORED_NUMBER).abs() < 1e-9, "{:.12}", frames.values[0]);
}

const STORED_NUMBER: f64 = -0.763_041_213_523;
