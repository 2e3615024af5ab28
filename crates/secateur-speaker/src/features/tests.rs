//! Frames against python_speech_features, and laws of streams.

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::audio::{Options, Sound, read};

/// Both compute in doubles, by other transforms and in another order of sums: a thousand
/// roundings of 1e-16, which a logarithm of a small sum makes larger.
const TOLERANCE: f64 = 1e-9;

fn close(ours: f64, theirs: f64) -> bool {
    (ours - theirs).abs() <= TOLERANCE * theirs.abs().max(1.0)
}

#[track_caller]
fn check_row(ours: &[f64], theirs: &Value, what: &str) {
    let theirs: Vec<f64> = serde_json::from_value(theirs.clone()).unwrap();
    assert_eq!(ours.len(), theirs.len(), "{what}");
    for (index, (ours, theirs)) in ours.iter().zip(&theirs).enumerate() {
        assert!(close(*ours, *theirs), "{what}, number {index}: {ours} is to be {theirs}");
    }
}

/// Pulses and a quadratic residue, loud and quiet by turns; the script has the same.
fn signal(count: usize) -> Vec<f32> {
    let value = |n: i64| {
        let value = (n * n * 7 + n * 31) % 20011 - 10000 + (n % 137) * 60;
        if (n / 1600) % 3 == 2 { value.div_euclid(256) } else { value }
    };
    (0..count as i64).map(|n| value(n) as f32).collect()
}

#[test]
fn frames_are_those_of_python_speech_features() {
    let golden: Value = serde_json::from_str(include_str!("golden/reference.json")).unwrap();
    let other = Settings {
        rate: 8000,
        window_ms: 32.0,
        hop_ms: 8.0,
        fft: Some(512),
        filters: 20,
        low_hz: 100.0,
        high_hz: Some(3800.0),
        pre_emphasis: 0.95,
        cepstra: 13,
        with_loudness: true,
        lifter: 22,
        slopes: 2,
        slope_window: 3,
        ..Settings::default()
    };
    let odd_rate = Settings {
        rate: 22050,
        window_ms: 20.0,
        hop_ms: 10.1,
        filters: 26,
        low_hz: 20.0,
        high_hz: Some(8000.0),
        pre_emphasis: 0.0,
        cepstra: 19,
        slopes: 0,
        ..Settings::default()
    };
    let cases = [
        ("default", 8123, Settings::default()),
        ("other", 8000, other),
        ("odd_rate", 6000, odd_rate),
    ];
    for (name, count, settings) in cases {
        let golden = &golden[name];
        let (frames, energies) = Extractor::new(&settings).unwrap().raw(&signal(count)).unwrap();
        assert_eq!(frames.len() as u64, golden["frames"].as_u64().unwrap(), "{name}");
        for (at, row) in golden["rows"].as_object().unwrap() {
            check_row(frames.frame(at.parse().unwrap()), row, &format!("{name}, frame {at}"));
        }
        let column = |index: usize| (0..frames.len()).map(|at| frames.frame(at)[index]).sum();
        let sums: Vec<f64> = (0..frames.width).map(column).collect();
        check_row(&sums, &golden["sums"], name);
        check_row(&energies, &golden["energies"], name);
    }
}

fn data() -> Option<std::path::PathBuf> {
    let found = std::env::var_os("SECATEUR_TEST_DATA").map(std::path::PathBuf::from);
    if found.is_none() {
        println!("skipped: no test data");
    }
    found
}

fn rows(ours: &Frames, theirs: &Value, what: &str) {
    for (at, row) in theirs.as_array().unwrap().iter().enumerate() {
        check_row(ours.frame(at), row, &format!("{what}, frame {at}"));
    }
}

#[test]
fn recordings_give_the_golden_frames() {
    let Some(data) = data() else { return };
    let golden = |name: &str| -> Value {
        let text = std::fs::read_to_string(data.join("golden/speaker").join(name)).unwrap();
        serde_json::from_str(&text).unwrap()
    };
    let sound_of = |golden: &Value| {
        let path = data.join("data/speech").join(golden["file"].as_str().unwrap());
        let sound = read(&path, &Options::default()).unwrap();
        assert_eq!(u64::from(sound.rate), golden["sample_rate"].as_u64().unwrap_or(16_000));
        assert_eq!(sound.samples.len() as u64, golden["n_samples"].as_u64().unwrap());
        sound
    };
    let mut extractor = Extractor::new(&Settings::default()).unwrap();
    let count = |golden: &Value, name: &str| golden[name].as_u64().unwrap() as usize;

    let dev = golden("golden_dev.json");
    let sound = sound_of(&dev);
    let cut = count(&dev, "train_cut_samples");
    let passage = |range: std::ops::Range<usize>| Sound {
        rate: sound.rate,
        samples: sound.samples[range].to_vec(),
    };
    let train = passage(0..cut);
    let (frames, energies) = extractor.raw(&train.samples).unwrap();
    assert_eq!(frames.len(), count(&dev, "n_frames_train_raw"));
    rows(&frames, &dev["raw_c1_c12_delta_first5"], "training, raw");
    check_row(&energies[..5], &dev["frame_energy_first5"], "energies");
    let extracted = extractor.extract(&train).unwrap();
    assert_eq!(extracted.frames.len(), count(&dev, "n_frames_train_kept"));
    for (at, kept) in dev["vad_keep_first40"].as_array().unwrap().iter().enumerate() {
        assert_eq!(extracted.kept.contains(&(at as u32)), kept.as_u64() == Some(1), "frame {at}");
    }
    rows(&extracted.frames, &dev["train_feats_first5_after_vad_cms"], "training");
    let test: Vec<usize> = serde_json::from_value(dev["test_segment"].clone()).unwrap();
    let extracted = extractor.extract(&passage(test[0]..test[1])).unwrap();
    assert_eq!(extracted.frames.len(), count(&dev, "n_frames_test_kept"));
    rows(&extracted.frames, &dev["test_feats_first5_after_vad_cms"], "test");

    let libri = golden("golden_libri10.json");
    let sound = sound_of(&libri);
    let (frames, _) = extractor.raw(&sound.samples).unwrap();
    assert_eq!(frames.len(), count(&libri, "n_frames_raw"));
    rows(&frames, &libri["raw_first5"], "libri10, raw");
    let extracted = extractor.extract(&sound).unwrap();
    assert_eq!(extracted.frames.len(), count(&libri, "n_frames_kept"));
    rows(&extracted.frames, &libri["feats_first5"], "libri10");
}

/// Frames of a stream that comes in blocks.
fn streamed(settings: &Settings, samples: &[f32], blocks: &[usize]) -> Frames {
    let mut stream = Stream::new(settings).unwrap();
    let mut frames = Frames::default();
    let mut left = samples;
    for block in blocks.iter().cycle() {
        if left.is_empty() {
            break;
        }
        let (now, later) = left.split_at((*block).min(left.len()));
        stream.push(now, &mut frames).unwrap();
        left = later;
    }
    stream.finish(&mut frames);
    frames
}

fn settings_of(
    slopes: usize,
    center: Center,
    voice: Option<Voice>,
    unit_variance: bool,
) -> Settings {
    let running = matches!(center, Center::Running(_));
    Settings {
        slopes,
        center,
        voice,
        unit_variance: unit_variance && running,
        ..Settings::default()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn block_sizes_do_not_matter(
        count in 1_usize..9000,
        blocks in prop::collection::vec(1_usize..3000, 1..8),
        slopes in 0_usize..3,
        has_voice: bool,
        is_running: bool,
        unit_variance: bool,
    ) {
        let center =
            if is_running { Center::Running(Running::default()) } else { Center::Nothing };
        let settings = settings_of(slopes, center, has_voice.then(Voice::default), unit_variance);
        let samples = signal(count);
        let whole = streamed(&settings, &samples, &[usize::MAX]);
        prop_assert_eq!(&streamed(&settings, &samples, &blocks), &whole);
        prop_assert!(whole.values.iter().all(|value| value.is_finite()));
    }

    #[test]
    fn without_voice_a_stream_gives_the_frames_of_the_passage(
        count in 400_usize..9000,
        blocks in prop::collection::vec(1_usize..3000, 1..8),
        slopes in 0_usize..3,
        is_running: bool,
        unit_variance: bool,
    ) {
        let center =
            if is_running { Center::Running(Running::default()) } else { Center::Nothing };
        let settings = settings_of(slopes, center, None, unit_variance);
        let sound = Sound { rate: 16_000, samples: signal(count) };
        let passage = extract(&sound, &settings).unwrap();
        prop_assert_eq!(streamed(&settings, &sound.samples, &blocks), passage.frames);
    }

    #[test]
    fn a_stream_that_forgets_nothing_keeps_at_least_the_voice_of_the_passage(
        count in 400_usize..20000,
        range_db in 1.0_f64..60.0,
    ) {
        let voice = Some(Voice { range_db, fall_db_per_s: 0.0, ..Voice::default() });
        let settings = settings_of(1, Center::Nothing, voice, false);
        let sound = Sound { rate: 16_000, samples: signal(count) };
        let passage = extract(&sound, &settings).unwrap();
        let stream = streamed(&settings, &sound.samples, &[500]);
        let mut rows = stream.values.chunks(stream.width);
        for row in passage.frames.values.chunks(stream.width) {
            prop_assert!(rows.any(|other| other == row), "in the same order");
        }
    }
}

#[test]
fn the_mean_of_a_passage_is_gone() {
    let sound = Sound { rate: 16_000, samples: signal(16_000) };
    let settings = Settings { unit_variance: true, ..Settings::default() };
    let frames = extract(&sound, &settings).unwrap().frames;
    let count = frames.len() as f64;
    for column in 0..frames.width {
        let values = || (0..frames.len()).map(|at| frames.frame(at)[column]);
        let mean = values().sum::<f64>() / count;
        let variance = values().map(|value| value * value).sum::<f64>() / count;
        assert!(mean.abs() < TOLERANCE && (variance - 1.0).abs() < TOLERANCE, "{column}");
    }
}

#[test]
fn a_stream_counts_and_begins_anew() {
    let settings = Settings::default().for_stream();
    let mut stream = Stream::new(&settings).unwrap();
    let (mut first, mut second) = (Frames::default(), Frames::default());
    let samples = signal(16_000);
    stream.push(&samples, &mut first).unwrap();
    // 98 whole windows, the last two of them wait for what their slopes need.
    assert_eq!((stream.seen(), stream.seconds()), (96, 1.0));
    assert!(stream.kept() < 96 && stream.kept() > 40);
    stream.finish(&mut first);
    assert_eq!(stream.seen(), 0);
    stream.push(&samples, &mut second).unwrap();
    stream.finish(&mut second);
    assert_eq!(first, second);
}

#[test]
fn frames_are_final_when_they_can_be() {
    let settings = settings_of(1, Center::Nothing, None, false);
    let mut stream = Stream::new(&settings).unwrap();
    let mut frames = Frames::default();
    for (samples, expect) in [(400 + 2 * 160 - 1, 0), (1, 1), (159, 1), (1, 2)] {
        stream.push(&signal(samples), &mut frames).unwrap();
        assert_eq!(frames.len(), expect);
    }
}

#[track_caller]
fn check_refused(samples: Vec<f32>, code: &str, expect: &str) {
    let error = extract(&Sound { rate: 16_000, samples }, &Settings::default()).unwrap_err();
    assert_eq!(error.code(), code);
    assert!(error.to_string().contains(expect), "{error}");
}

#[test]
fn passages_that_tell_nothing_are_refused() {
    check_refused(vec![], "SEC-SP-023", "lasts 0.0 ms");
    check_refused(signal(160), "SEC-SP-023", "lasts 10.0 ms, one window is 25.0 ms");
    check_refused(vec![0.0; 16_000], "SEC-SP-024", "every sample is zero");
    check_refused(vec![1.0; 16_000], "SEC-SP-024", "below 100");
    let mut samples = signal(16_000);
    samples[8000] = f32::NAN;
    check_refused(samples, "SEC-SP-025", "at 0.5000 s is NaN");
    let sound = Sound { rate: 8000, samples: signal(8000) };
    let error = extract(&sound, &Settings::default()).unwrap_err();
    assert_eq!(error, FeatureError::Rate { found: 8000, expected: 16_000 });
}

/// What is far from speech is finite all the same.
#[test]
fn odd_sounds_give_finite_frames() {
    let click = |at: usize| {
        let mut samples = vec![0.0; 16_000];
        samples[at] = 32767.0;
        samples
    };
    let tone = |n: usize| 3e4 * (n as f64 * 0.5).sin() as f32;
    let sounds = [
        click(0),
        click(8000),
        vec![20_000.0; 16_000],
        vec![f32::MAX; 16_000],
        (0..16_000).map(tone).collect(),
        (0..16_000).map(|n| if n % 2 == 0 { 32767.0 } else { -32768.0 }).collect(),
        signal(400),
    ];
    for (index, samples) in sounds.into_iter().enumerate() {
        for unit_variance in [false, true] {
            let settings = Settings { unit_variance, ..Settings::default() };
            let sound = Sound { rate: 16_000, samples: samples.clone() };
            let frames = extract(&sound, &settings).unwrap().frames;
            assert!(!frames.is_empty() && frames.values.iter().all(|v| v.is_finite()), "{index}");
            let frames = streamed(&settings.for_stream(), &sound.samples, &[777]);
            assert!(frames.values.iter().all(|v| v.is_finite()), "{index}");
        }
    }
}

#[test]
fn settings_are_checked() {
    let check = |change: fn(&mut Settings), expect: &str| {
        let mut settings = Settings::default();
        change(&mut settings);
        let error = settings.validate().unwrap_err().to_string();
        assert!(error.contains(expect), "{error}");
    };
    Settings::default().validate().unwrap();
    for rate in [8000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000] {
        Settings::of_rate(rate).validate().unwrap();
    }
    check(|s| s.rate = 0, "rate is 0, allowed are 1000");
    check(|s| s.window_ms = f64::NAN, "window_ms is NaN");
    check(|s| s.hop_ms = 30.0, "hop_ms is 30, allowed are 0.1 to 25");
    check(|s| s.fft = Some(256), "fft is 256, allowed are 400");
    check(|s| s.high_hz = Some(9000.0), "high_hz is 9000");
    check(|s| s.low_hz = -1.0, "low_hz is -1");
    check(|s| s.filters = 1, "filters is 1");
    check(|s| s.filters = 200, "filter 1 of 200 is empty");
    check(|s| s.cepstra = 24, "cepstra is 24, allowed are 1 to 23");
    check(|s| s.pre_emphasis = 1.0, "pre_emphasis is 1");
    check(|s| s.slopes = 3, "slopes is 3");
    check(|s| s.slope_window = 0, "slope_window is 0");
    check(|s| s.voice = Some(Voice { range_db: -1.0, ..Voice::default() }), "voice.range_db is -1");
    check(
        |s| s.center = Center::Running(Running { seconds: 1.0, start_seconds: 2.0 }),
        "start_seconds is 2",
    );
    check(
        |s| (s.unit_variance, s.center) = (true, Center::Nothing),
        "unit_variance is true, which needs a mean",
    );
    assert_eq!(Stream::new(&Settings::default()).err(), Some(FeatureError::PassageMean));
}

#[test]
fn settings_are_stored_whole() {
    let settings = Settings::default().for_stream();
    let text = serde_json::to_string(&settings).unwrap();
    assert_eq!(serde_json::from_str::<Settings>(&text).unwrap(), settings);
    let more = text.replacen('{', "{\"windows\": 3, ", 1);
    assert!(serde_json::from_str::<Settings>(&more).is_err());
    let fewer = text.replacen("\"rate\":16000,", "", 1);
    assert!(fewer != text && serde_json::from_str::<Settings>(&fewer).is_err());
}
