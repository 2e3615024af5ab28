//! Laws of identification with pruning.

use proptest::prelude::*;
use secateur_core::{Criterion, Random};
use secateur_speaker::criteria::{
    Candidates, Likelihood, Likelihoods, Mwmr, Reading, Rule, Weights, Wmr,
};
use secateur_speaker::features::Frames;
use secateur_speaker::identify::{
    Answer, Cut, Listener, Listening, Normalization, Pruning, Roster, Settings, identify,
};
use secateur_speaker::mixture::{Background, Mixture, Packed, Training, adapt};

use crate::{drawn_frames, drawn_mixture};

const COMPONENTS: usize = 4;
const WIDTH: usize = 5;

fn rules() -> Vec<Rule> {
    let families = [
        Weights::Exponential(None),
        Weights::Exponential(Some(3.0)),
        Weights::Linear,
        Weights::Reciprocal,
        Weights::Top(3),
    ];
    let mut rules = vec![Rule::Likelihood];
    for weights in families {
        rules.push(Rule::Wmr(Wmr { weights }));
        for reading in [Reading::Normalized, Reading::Best(5)] {
            rules.push(Rule::Mwmr(Mwmr { reading, weights }));
        }
    }
    rules
}

struct Case {
    mixtures: Vec<Mixture>,
    frames: Frames,
}

fn case(seed: u64, speakers: usize, frames: usize) -> Case {
    let mut random = Random::new(seed);
    let mixtures: Vec<Mixture> =
        (0..speakers).map(|_| drawn_mixture(&mut random, COMPONENTS, WIDTH)).collect();
    let frames = drawn_frames(&mut random, &mixtures[speakers / 2], frames);
    Case { mixtures, frames }
}

fn roster(mixtures: &[Mixture]) -> Roster {
    Roster::new(mixtures.iter().map(Packed::new).collect(), None).unwrap()
}

fn settings(rule: Rule, pruning: Pruning) -> Settings {
    Settings { rule, pruning, normalization: Normalization::Others }
}

fn cases() -> impl Strategy<Value = (u64, usize, usize)> {
    (any::<u64>(), 1_usize..40, 1_usize..140)
}

/// Equal but for what says how it was cut.
fn same(a: &Answer, b: &Answer) -> bool {
    let bits = |x: &[f64]| x.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
    a.ranking == b.ranking
        && bits(&a.scores) == bits(&b.scores)
        && bits(&a.likelihoods) == bits(&b.likelihoods)
        && a.gaussians == b.gaussians
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn keeping_all_is_no_pruning((seed, speakers, frames) in cases(), part in 0.01_f64..1.0) {
        let case = case(seed, speakers, frames);
        let roster = roster(&case.mixtures);
        for rule in rules() {
            let plain = identify(&roster, &case.frames, &settings(rule, Pruning::Never)).unwrap();
            let kept = Pruning::two_stage(1.0, part);
            let kept = identify(&roster, &case.frames, &settings(rule, kept)).unwrap();
            prop_assert!(same(&plain, &kept), "{rule:?}\n{plain:?}\n{kept:?}");
        }
    }

    #[test]
    fn gaussians_are_those_of_the_formula(
        (seed, speakers, frames) in cases(), keep in 0.01_f64..1.0, part in 0.01_f64..1.0,
    ) {
        let case = case(seed, speakers, frames);
        let roster = roster(&case.mixtures);
        let cut = Cut::new(keep, part);
        let (n, t) = (speakers as u64, frames as u64);
        let (first, kept) = (cut.frames(frames) as u64, cut.kept(speakers) as u64);
        let expect = COMPONENTS as u64 * (n * first + kept * (t - first));
        for rule in [Rule::Likelihood, Rule::Wmr(Wmr::default())] {
            let found = identify(&roster, &case.frames, &settings(rule, Pruning::Parts(vec![cut])));
            let found = found.unwrap();
            prop_assert_eq!(found.gaussians, expect);
            prop_assert_eq!(found.ranking.len() as u64, kept);
        }
    }

    #[test]
    fn survivors_grow_with_what_is_kept(
        (seed, speakers, frames) in cases(), a in 0.01_f64..1.0, b in 0.01_f64..1.0,
    ) {
        let case = case(seed, speakers, frames);
        let roster = roster(&case.mixtures);
        let survivors = |keep| {
            let pruning = Pruning::two_stage(keep, 0.2);
            let answer = identify(&roster, &case.frames, &settings(Rule::Likelihood, pruning));
            let mut ids = answer.unwrap().ranking;
            ids.sort_unstable();
            ids
        };
        let (less, more) = (survivors(a.min(b)), survivors(a.max(b)));
        prop_assert!(less.iter().all(|id| more.contains(id)));
    }

    #[test]
    fn a_part_of_all_is_selection_only((seed, speakers, frames) in cases(), keep in 0.01_f64..1.0) {
        let case = case(seed, speakers, frames);
        let all = identify(&roster(&case.mixtures), &case.frames,
            &settings(Rule::Likelihood, Pruning::Never)).unwrap();
        for rule in rules() {
            let found = identify(&roster(&case.mixtures), &case.frames,
                &settings(rule, Pruning::two_stage(keep, 1.0))).unwrap();
            prop_assert_eq!(found.gaussians, all.gaussians);
            // Those that stay are the best by likelihood, and what they get is what they would
            // get alone.
            let mut kept = found.ranking.clone();
            kept.sort_unstable();
            let mut best = all.ranking[..kept.len()].to_vec();
            best.sort_unstable();
            prop_assert_eq!(&kept, &best);
            let alone: Vec<Mixture> = kept.iter().map(|id| case.mixtures[*id].clone()).collect();
            if matches!(rule, Rule::Likelihood) {
                let alone = identify(&roster(&alone), &case.frames,
                    &settings(rule, Pruning::Never)).unwrap();
                prop_assert_eq!(&found.scores, &alone.scores);
            }
        }
    }

    #[test]
    fn order_of_speakers_does_not_matter((seed, speakers, frames) in cases()) {
        let case = case(seed, speakers, frames);
        let mut order: Vec<usize> = (0..speakers).collect();
        Random::new(seed).shuffle(&mut order);
        let moved: Vec<Mixture> = order.iter().map(|at| case.mixtures[*at].clone()).collect();
        for rule in rules() {
            for pruning in [Pruning::Never, Pruning::two_stage(0.3, 0.2)] {
                let settings = settings(rule, pruning);
                let a = identify(&roster(&case.mixtures), &case.frames, &settings).unwrap();
                let b = identify(&roster(&moved), &case.frames, &settings).unwrap();
                // Two that are equal in a frame may change places there, since normalization adds
                // in another order: then two scores differ.
                let changed = (0..b.ranking.len()).filter(|at| {
                    let speaker = order[b.ranking[*at]];
                    let Some(place) = a.ranking.iter().position(|id| *id == speaker) else {
                        return true;
                    };
                    (a.scores[place] - b.scores[*at]).abs() > 1e-9 * (1.0 + a.scores[place].abs())
                });
                let allowed = if matches!(rule, Rule::Likelihood) { 0 } else { 4 };
                prop_assert!(changed.count() <= allowed, "{rule:?} {:?}\n{:?}", a.scores, b.scores);
                prop_assert_eq!(a.ranking.len(), b.ranking.len());
                let distinct = a.scores.get(1).is_none_or(|second| a.scores[0] - second > 1e-6);
                prop_assert!(!distinct || a.ranking[0] == order[b.ranking[0]], "{rule:?}");
            }
        }
    }

    #[test]
    fn ranks_see_order_only(seed in any::<u64>(), speakers in 1_usize..40, frames in 1_usize..40) {
        let mut random = Random::new(seed);
        let candidates = Candidates { ids: (0..speakers).collect(), enrolled: speakers };
        let rows: Vec<Vec<f32>> = (0..speakers)
            .map(|_| (0..frames).map(|_| (random.normal() * 8.0) as f32).collect())
            .collect();
        let evidence = |change: &dyn Fn(usize, f32) -> f32| {
            let rows: Vec<Vec<f32>> = rows
                .iter()
                .map(|row| row.iter().enumerate().map(|(t, v)| change(t, *v)).collect())
                .collect();
            let totals = rows.iter().map(|row| row.iter().map(|v| f64::from(*v)).sum()).collect();
            Likelihoods { totals, rows }
        };
        // Cubes and powers of two keep the order of f32 values exactly, frame by frame.
        let (plain, bent) =
            (evidence(&|_, v| v), evidence(&|t, v| if t % 2 == 0 { v * 4.0 } else { v * 0.5 }));
        for weights in [Weights::Exponential(None), Weights::Linear, Weights::Reciprocal] {
            for rule in [
                Rule::Wmr(Wmr { weights }),
                Rule::Mwmr(Mwmr { reading: Reading::Best(5), weights }),
            ] {
                let score = |e: &Likelihoods| rule.criterion().score(&candidates, e).unwrap();
                prop_assert_eq!(score(&plain), score(&bent));
            }
        }
        // Values are multiples of 1/256 and small: adding a whole number is exact.
        let round = |v: f32| (v * 256.0).round() / 256.0;
        let (plain, moved) = (
            evidence(&|_, v| round(v)),
            evidence(&|t, v| round(v) + (t as f32 - 7.0)),
        );
        let m1 = Mwmr { reading: Reading::Normalized, weights: Weights::Reciprocal };
        let (a, b) = (m1.score(&candidates, &plain), m1.score(&candidates, &moved));
        // Sums differ by rounding of the logarithm only; so may the order of near equals.
        let (a, b) = (a.unwrap(), b.unwrap());
        let best = |s: &secateur_core::Scores| {
            let values = s.values();
            (0..values.len()).max_by(|x, y| values[*x].total_cmp(&values[*y])).unwrap()
        };
        prop_assert!(best(&a) == best(&b) || speakers > 1 && frames == 1);
    }

    #[test]
    fn a_stream_says_what_a_recording_says(
        (seed, speakers, frames) in cases(), pieces in 1_usize..30,
    ) {
        let case = case(seed, speakers, frames);
        let roster = roster(&case.mixtures);
        for rule in rules() {
            let listening = Listening { rule, ..Listening::default() };
            let cut = Cut { keep: 0.2, part: 1e-9, frames_min: 50, frames_max: 50 };
            let pruning =
                if frames < 50 { Pruning::Never } else { Pruning::Parts(vec![cut]) };
            let whole = identify(&roster, &case.frames, &settings(rule, pruning)).unwrap();
            let mut listener = Listener::new(&roster, listening).unwrap();
            for piece in case.frames.values.chunks(pieces * WIDTH) {
                listener.hear(&Frames { width: WIDTH, values: piece.to_vec() }).unwrap();
            }
            let stream = listener.answer().unwrap().unwrap();
            prop_assert!(same(&whole, &stream), "{rule:?}\n{whole:?}\n{stream:?}");
        }
    }

    #[test]
    fn no_number_of_threads_changes_a_bit((seed, speakers, frames) in cases()) {
        let case = case(seed, speakers, frames);
        let settings = Settings { pruning: Pruning::two_stage(0.3, 0.3), ..Settings::default() };
        let of = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| identify(&roster(&case.mixtures), &case.frames, &settings).unwrap())
        };
        prop_assert_eq!(of(1), of(3));
    }
}

#[test]
fn every_way_of_pruning_finds_the_speaker_for_less() {
    let case = case(5, 60, 400);
    let roster = roster(&case.mixtures);
    let plain = identify(&roster, &case.frames, &settings(Rule::Likelihood, Pruning::Never));
    let plain = plain.unwrap();
    assert_eq!(plain.ranking[0], 30);
    let ways = [
        Pruning::two_stage(0.2, 0.2),
        Pruning::cascade(0.2, 0.2),
        Pruning::Static { every: 20, cut: 5 },
        Pruning::Adaptive { every: 20, eta: 1.0 },
        Pruning::Confidence { every: 20, epsilon: 0.05 },
        Pruning::Hierarchical { components: 2, cut: Cut::new(0.2, 0.2) },
    ];
    for pruning in ways {
        // Only the best rank or so of very few speakers says little.
        let rules = rules().into_iter();
        for rule in rules.filter(|rule| *rule != Rule::Wmr(Wmr { weights: Weights::Top(3) })) {
            let found = identify(&roster, &case.frames, &settings(rule, pruning.clone())).unwrap();
            if let Rule::Mwmr(Mwmr { weights: Weights::Top(3), .. }) = rule {
                continue;
            }
            assert_eq!(found.ranking[0], 30, "{} {rule:?}", pruning.name());
            assert!(found.gaussians < plain.gaussians, "{}", pruning.name());
            assert!(found.ranking.len() >= 2 && !found.stages.is_empty());
            assert!(found.margin > 0.0 && found.posteriors[0] > 0.4, "{found:?}");
        }
    }
}

#[test]
fn the_best_gaussians_of_the_background_find_the_speaker() {
    let mut random = Random::new(3);
    let people: Vec<Frames> = (0..20)
        .map(|_| {
            let mixture = drawn_mixture(&mut random, 3, WIDTH);
            drawn_frames(&mut random, &mixture, 300)
        })
        .collect();
    let refs: Vec<&Frames> = people.iter().collect();
    let background = Background {
        training: Training { components: 16, ..Training::default() },
        ..Background::default()
    };
    let all = background.train(&refs).unwrap().mixture;
    let models: Vec<Packed> =
        people.iter().map(|frames| Packed::new(&adapt(&all, frames, 16.0, "").unwrap())).collect();
    let roster = Roster::new(models, Some(Packed::new(&all))).unwrap();
    let spoken = Frames { width: WIDTH, values: people[7].values[..100 * WIDTH].to_vec() };
    let settings = Settings {
        rule: Rule::Likelihood,
        pruning: Pruning::two_stage(0.2, 0.3),
        normalization: Normalization::Background,
    };
    let full = identify(&roster, &spoken, &settings).unwrap();
    let roster = roster.with_top(5).unwrap();
    let fast = identify(&roster, &spoken, &settings).unwrap();
    assert_eq!((full.ranking[0], fast.ranking[0]), (7, 7));
    assert_eq!(full.gaussians, 16 * (20 * 30 + 4 * 70) + 16 * 100);
    assert_eq!(fast.gaussians, (16 + 5 * 20) * 30 + (16 + 5 * 4) * 70);
    // The best Gaussians of the background are not always those of the speaker.
    assert!(fast.normalized.unwrap() > 0.0 && full.normalized > fast.normalized);
}

#[test]
fn a_stream_decides_early_and_stays_bounded() {
    let case = case(5, 60, 1000);
    let roster = roster(&case.mixtures);
    let mut listener = Listener::new(&roster, Listening::default()).unwrap();
    let mut last = None;
    for piece in case.frames.values.chunks(10 * WIDTH) {
        let updates = listener.hear(&Frames { width: WIDTH, values: piece.to_vec() }).unwrap();
        assert_eq!(updates.len(), 1);
        last = updates.into_iter().last();
    }
    let last = last.unwrap();
    let (speaker, frames) = last.decided.unwrap();
    assert_eq!((speaker, last.survivors), (30, 12));
    assert!((100..=200).contains(&frames), "{frames}");
    assert_eq!(last.gaussians, COMPONENTS as u64 * (60 * 50 + 12 * 950));
    listener.reset().unwrap();
    assert!(listener.answer().unwrap().is_none());
}

#[test]
fn nonsense_is_refused() {
    let case = case(1, 3, 10);
    let roster = roster(&case.mixtures);
    let settings = Settings::default();
    let wide = Frames { width: WIDTH + 1, values: vec![0.0; WIDTH + 1] };
    assert_eq!(identify(&roster, &wide, &settings).unwrap_err().code(), "SEC-SP-030");
    let nan = Frames { width: WIDTH, values: vec![f64::NAN; WIDTH] };
    assert_eq!(identify(&roster, &nan, &settings).unwrap_err().code(), "SEC-SP-031");
    let none = Frames { width: WIDTH, values: Vec::new() };
    assert_eq!(identify(&roster, &none, &settings).unwrap_err().code(), "SEC-SP-032");
    let background = Settings { normalization: Normalization::Background, ..settings };
    assert_eq!(identify(&roster, &case.frames, &background).unwrap_err().code(), "SEC-SP-044");
    assert_eq!(Roster::new(Vec::new(), None).unwrap_err().code(), "SEC-SP-042");
    let candidates = Candidates { ids: vec![0, 1], enrolled: 2 };
    assert!(Likelihood.score(&candidates, &Likelihoods::default()).is_err());
}
