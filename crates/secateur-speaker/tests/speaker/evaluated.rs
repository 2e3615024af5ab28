//! Evaluation: rows, intervals, figures.

use secateur_core::{Random, Silent};
use secateur_speaker::evaluate::{Setup, Trial, evaluate, record};
use secateur_speaker::identify::{Mwmr, Normalization, Roster, Rule, Wmr};
use secateur_speaker::mixture::{Mixture, Packed};

use crate::{drawn_frames, drawn_mixture};

#[test]
fn rows_say_what_was_right_and_what_it_cost() {
    let mut random = Random::new(4);
    let mixtures: Vec<Mixture> = (0..20).map(|_| drawn_mixture(&mut random, 4, 3)).collect();
    let roster = Roster::new(mixtures.iter().map(Packed::new).collect(), None).unwrap();
    let names: Vec<String> = (0..20).map(|number| format!("speaker {number}")).collect();
    let trials: Vec<Trial> = (0..60)
        .map(|at| {
            let frames = drawn_frames(&mut random, &mixtures[at % 20], 60 + at);
            Trial { speaker: at % 20, frames }
        })
        .collect();
    let rules = [
        ("ml".to_owned(), Rule::Likelihood),
        ("wmr".to_owned(), Rule::Wmr(Wmr::default())),
        ("mwmr".to_owned(), Rule::Mwmr(Mwmr::default())),
    ];
    let setup = Setup {
        roster: &roster,
        names: &names,
        trials: &trials,
        rules: &rules,
        keeps: &[1.0, 0.5, 0.2],
        part: 0.2,
        lengths: &[10, 30, 100],
        normalization: Normalization::Others,
        seed: 0,
    };
    let found = evaluate(&setup, &mut Silent).unwrap();
    assert_eq!(found.rows.len(), 9);
    assert_eq!(found.lengths.len(), 9);
    // Trials of 60 to 119 frames: of 100 and more there are 20.
    assert_eq!(found.lengths[2].trials, 20);
    let plain = &found.rows[0];
    assert!(plain.rate > 0.9, "{plain:?}");
    assert_eq!((plain.survivors_rate, plain.saved_by_formula), (1.0, 0.0));
    assert_eq!(plain.against_no_pruning, None);
    let [low, high] = plain.interval;
    // Rounding may leave the upper end of a rate of 1 a little below it.
    assert!(low < plain.rate && plain.rate <= high + 1e-9);
    for row in &found.rows {
        let saved = 1.0 - row.gaussians as f64 / plain.gaussians as f64;
        assert!((saved - row.saved_by_formula).abs() < 1e-12, "{row:?}");
        assert!(row.survivors_rate >= row.rate);
        let named: u64 = row.confusions.iter().map(|(_, _, count)| count).sum();
        assert_eq!(named, row.trials - row.correct);
    }
    let eer = found.equal_error_rate.unwrap();
    assert!(eer < 0.3, "{eer}");
    let record = record(&setup, &found, "people.gmm");
    record.figures.iter().for_each(|named| named.figure.check().unwrap());
    assert_eq!(record.totals(), (4, 16));
    let other = Trial { speaker: 20, ..trials[0].clone() };
    let setup = Setup { trials: &[other], ..setup };
    assert_eq!(evaluate(&setup, &mut Silent).unwrap_err().code(), "SEC-SP-041");
}
