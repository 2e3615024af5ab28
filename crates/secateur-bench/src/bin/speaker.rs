//! Times speakers: `speaker scoring [THREADS]` prints how many Gaussians a second are worked out
//! on 630 speakers of 32 Gaussians in 24 dimensions and 300 frames, `speaker training [THREADS]`
//! the seconds of training 126 models of 546 frames each, `speaker pruning [THREADS]` the seconds
//! of an answer with all speakers and pruned to a fifth on a fifth, by rule, `speaker scale
//! [THREADS]` what 630, 1,000 and 10,000 synthetic speakers cost: size and opening of the bank, an
//! answer after 3 s of speech, and how often it is right; and how long a stream of 30 s takes.
//!
//! `peers/speaker.py` runs scikit-learn on the same sizes, in turn.

#![allow(clippy::print_stdout, reason = "the times are the result")]

use std::time::Instant;

use secateur_core::Random;
use secateur_speaker::SpeakerError;
use secateur_speaker::bank::{Bank, Speaker};
use secateur_speaker::features::Frames;
use secateur_speaker::identify::{
    Listener, Listening, Mwmr, Normalization, Pruning, Roster, Rule, Settings, Wmr, identify,
};
use secateur_speaker::mixture::{Heard, Mixture, Packed, Training, score, train_all};
use secateur_speaker::voices::Cloud;

const SPEAKERS: usize = 630;
const COMPONENTS: usize = 32;
const WIDTH: usize = 24;
const FRAMES: usize = 300;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let threads = words.get(1).and_then(|word| word.parse().ok()).unwrap_or(1);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let Ok(pool) = pool else { return println!("{threads} threads cannot be had") };
    let done = pool.install(|| match words.first().map(String::as_str) {
        Some("scoring") => scoring(),
        Some("training") => training(),
        Some("pruning") => pruning(),
        Some("scale") => scale(),
        _ => {
            println!("scoring, training, pruning or scale is wanted");
            Ok(())
        }
    });
    if let Err(error) = done {
        println!("{error}");
    }
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn models(random: &mut Random) -> Vec<Packed> {
    let mut model = || {
        let mut numbers = |n: usize| (0..n).map(|_| random.normal()).collect::<Vec<_>>();
        let means = numbers(COMPONENTS * WIDTH).iter().map(|v| 3.0 * v).collect();
        let variances = numbers(COMPONENTS * WIDTH).iter().map(|v| 0.5 + v.abs()).collect();
        let weights = vec![1.0 / COMPONENTS as f64; COMPONENTS];
        Packed::new(&Mixture { width: WIDTH, weights, means, variances })
    };
    (0..SPEAKERS).map(|_| model()).collect()
}

fn spoken(random: &mut Random) -> Frames {
    let values = (0..FRAMES * WIDTH).map(|_| 3.0 * random.normal()).collect();
    Frames { width: WIDTH, values }
}

fn scoring() -> Result<(), SpeakerError> {
    let mut random = Random::new(1);
    let packed = models(&mut random);
    let models: Vec<&Packed> = packed.iter().collect();
    let heard = Heard::new(&spoken(&mut random), WIDTH, 0..FRAMES)?;
    let mut out = vec![0.0; SPEAKERS * FRAMES];
    let times = (0..31).map(|_| {
        let start = Instant::now();
        score(&models, &heard, &mut out);
        start.elapsed().as_secs_f64()
    });
    let rate = (SPEAKERS * COMPONENTS * FRAMES) as f64 / median(times.collect());
    println!("{rate:.4e} Gaussians a second");
    Ok(())
}

/// Frames as speech has them: each speaker goes slowly through twelve clouds that overlap.
fn people() -> Vec<(String, Frames)> {
    let person = |number: u64| {
        let mut random = Random::stream(2, number);
        let mut normal = |scale: f64| scale * random.normal();
        let centers: Vec<f64> = (0..12 * WIDTH).map(|_| normal(3.0)).collect();
        let mut drift = [0.0; WIDTH];
        let mut values = Vec::with_capacity(546 * WIDTH);
        let mut cloud = 0;
        for frame in 0..546 {
            if frame % 6 == 0 {
                cloud = (normal(1e6).abs() as usize) % 12;
            }
            for (d, drift) in drift.iter_mut().enumerate() {
                *drift += normal(0.1);
                values.push(centers[cloud * WIDTH + d] + *drift + normal(2.0));
            }
        }
        (format!("speaker {number}"), Frames { width: WIDTH, values })
    };
    (0..126).map(person).collect()
}

fn training() -> Result<(), SpeakerError> {
    let people = people();
    let people: Vec<(&str, &Frames)> = people.iter().map(|(n, f)| (n.as_str(), f)).collect();
    let mut times = Vec::new();
    let mut iterations = 0;
    for _ in 0..3 {
        let start = Instant::now();
        let trained = train_all(&people, &Training::default())?;
        times.push(start.elapsed().as_secs_f64());
        iterations = trained.iter().map(|trained| trained.bounds.len()).sum();
    }
    let mean = iterations as f64 / people.len() as f64;
    println!("{:.4} s for 126 models, {mean:.1} iterations each", median(times));
    Ok(())
}

fn pruning() -> Result<(), SpeakerError> {
    let mut random = Random::new(1);
    let roster = Roster::new(models(&mut random), None)?;
    let spoken = spoken(&mut random);
    let rules = [
        ("ml", Rule::Likelihood),
        ("wmr", Rule::Wmr(Wmr::default())),
        ("mwmr", Rule::Mwmr(Mwmr::default())),
    ];
    for (name, rule) in rules {
        let time = |pruning: Pruning| {
            let settings = Settings { rule, pruning, normalization: Normalization::Others };
            let mut times = Vec::new();
            for _ in 0..31 {
                let start = Instant::now();
                identify(&roster, &spoken, &settings)?;
                times.push(start.elapsed().as_secs_f64());
            }
            Ok::<f64, SpeakerError>(median(times))
        };
        let (all, pruned) = (time(Pruning::Never)?, time(Pruning::two_stage(0.2, 0.2))?);
        let saved = 100.0 * (1.0 - pruned / all);
        println!("{name}: {all:.5} s, pruned {pruned:.5} s, {saved:.1} % saved");
    }
    Ok(())
}

/// Answers that are asked for.
const ASKED: usize = 40;

fn scale() -> Result<(), SpeakerError> {
    let folder = std::env::temp_dir().join(format!("secateur-scale-{}", std::process::id()));
    let _ = std::fs::create_dir_all(&folder);
    for speakers in [630, 1_000, 10_000] {
        let clouds: Vec<Cloud> = (0..speakers).map(Cloud::new).collect();
        let path = folder.join(format!("{speakers}.gmm"));
        let mut bank = Bank::new(Cloud::WIDTH, serde_json::Value::Null)?;
        for cloud in &clouds {
            let Cloud { weights, means, variances, .. } = cloud.clone();
            let mixture = Mixture { width: Cloud::WIDTH, weights, means, variances };
            let (name, model) = (format!("speaker {}", cloud.seed), Packed::new(&mixture));
            bank.add(Speaker { name, frames: 1000, seconds: 10.0, model })?;
        }
        bank.save(&path)?;
        let start = Instant::now();
        let bank = Bank::open(&path)?;
        let opened = start.elapsed().as_secs_f64();
        let megabytes = bank.to_bytes().len() as f64 / 1e6;
        println!("{speakers} speakers: {megabytes:.1} MB, opened in {:.1} ms", opened * 1e3);
        let roster = bank.roster()?;
        for (name, pruning) in [("all", Pruning::Never), ("pruned", Pruning::two_stage(0.2, 0.2))] {
            let rule = Rule::Likelihood;
            let settings = Settings { rule, pruning, normalization: Normalization::Others };
            let (mut times, mut right) = (Vec::new(), 0);
            for asked in 0..ASKED {
                let who = asked * clouds.len() / ASKED;
                let frames = clouds[who].frames(1, FRAMES);
                let start = Instant::now();
                let answer = identify(&roster, &frames, &settings)?;
                times.push(start.elapsed().as_secs_f64());
                right += usize::from(answer.ranking[0] == who);
            }
            let ms = median(times) * 1e3;
            println!("  {name}: {ms:.1} ms an answer, {right} of {ASKED} right");
        }
        let frames = clouds[7].frames(2, 3000);
        for keep in [1.0, 0.2] {
            let mut listener = Listener::new(&roster, Listening { keep, ..Listening::default() })?;
            let start = Instant::now();
            for block in frames.values.chunks(10 * Cloud::WIDTH) {
                listener.hear(&Frames { width: Cloud::WIDTH, values: block.to_vec() })?;
            }
            let seconds = start.elapsed().as_secs_f64();
            println!("  a stream of 30 s, keep {keep}: {seconds:.2} s");
        }
    }
    let _ = std::fs::remove_dir_all(&folder);
    Ok(())
}
