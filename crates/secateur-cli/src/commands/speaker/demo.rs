//! `secateur demo speaker`: synthetic people, enrolled, identified with and without pruning.

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use rayon::prelude::*;
use secateur::core::{RunError, Silent};
use secateur::speaker::audio::{Sound, write_wav};
use secateur::speaker::enroll::{Enrollment, Voice};
use secateur::speaker::evaluate::{Row, Setup, Trial, evaluate, record};
use secateur::speaker::features::extract;
use secateur::speaker::identify::{Normalization, Rule};
use secateur::speaker::voices::{Scene, Speaker};
use serde_json::json;

use super::Manner;
use super::evaluate::LENGTHS;
use crate::commands::demo::folder;
use crate::out;

const FOLDER: &str = "secateur-demo-speaker";
const PEOPLE: u64 = 40;
/// People whose sound is written as files.
const WRITTEN: u64 = 8;
/// Seconds that a person is learned from, seconds of a trial, trials of a person.
const LEARNED: f64 = 12.0;
const TRIED: f64 = 3.0;
const TRIALS: u64 = 5;
const RULES: [&str; 3] = ["ml", "wmr", "mwmr"];
const KEEPS: [f64; 3] = [1.0, 0.2, 0.1];
const PART: f64 = 0.2;

pub(crate) fn run(manner: Manner) -> Result<ExitCode, RunError> {
    let start = Instant::now();
    let at = Path::new(FOLDER);
    folder::make(at, |name| {
        ["voices", "talk.wav", "bank.gmm", "report.html", "report.json"].contains(&name)
    })?;
    if !manner.quiet {
        out::note(&format!("{PEOPLE} people speak"));
    }
    let enrollment = Enrollment::default();
    let (voices, trials) = people(at, &enrollment)?;
    if !manner.quiet {
        out::note("training and trying");
    }
    let (bank, _) = enrollment.bank(&voices)?;
    bank.save(&at.join("bank.gmm"))?;
    let names: Vec<String> = voices.iter().map(|voice| voice.name.clone()).collect();
    let rules: Vec<(String, Rule)> = RULES
        .iter()
        .map(|rule| Ok(((*rule).to_owned(), rule.parse()?)))
        .collect::<Result<_, RunError>>()?;
    let second = enrollment.features.frames_per_second();
    let lengths: Vec<usize> = LENGTHS.iter().map(|s| (s * second).round() as usize).collect();
    let roster = bank.roster()?;
    let setup = Setup {
        roster: &roster,
        names: &names,
        trials: &trials,
        rules: &rules,
        keeps: &KEEPS,
        part: PART,
        lengths: &lengths,
        normalization: Normalization::Others,
        seed: 0,
    };
    let found = evaluate(&setup, &mut Silent)?;
    let seconds = start.elapsed().as_secs_f64();
    let mut record = record(&setup, &found, "synthetic people");
    record.run.command = crate::commands::prune::command();
    record.run.seconds = Some(seconds);
    folder::report(at, &record)?;
    show(&found.rows, manner, seconds);
    Ok(ExitCode::SUCCESS)
}

/// What people say to be learned from, and what is tried; some of it is written as files.
fn people(at: &Path, enrollment: &Enrollment) -> Result<(Vec<Voice>, Vec<Trial>), RunError> {
    let folders = at.join("voices");
    let one = |number: u64| -> Result<(Voice, Vec<Trial>), RunError> {
        let speaker = Speaker::new(number);
        let said = |seconds: f64, utterance: u64| -> Result<_, RunError> {
            let sound = speaker.say(utterance, &Scene { seconds, ..Scene::default() });
            let frames = extract(&sound, &enrollment.features)?.frames;
            Ok((sound, frames))
        };
        let mut voice = Voice::new(&format!("person{:02}", number + 1));
        let (sound, frames) = said(LEARNED, 0)?;
        voice.add(&frames, sound.seconds());
        if number < WRITTEN {
            let own = folders.join(&voice.name);
            std::fs::create_dir_all(&own).map_err(|error| folder::failed(&own, &error))?;
            save(&own.join("1.wav"), &sound)?;
        }
        let mut trials = Vec::new();
        for utterance in 1..=TRIALS {
            let (sound, frames) = said(TRIED, utterance)?;
            if number == 0 && utterance == 1 {
                save(&at.join("talk.wav"), &sound)?;
            }
            trials.push(Trial { speaker: number as usize, frames });
        }
        Ok((voice, trials))
    };
    let all: Vec<_> = (0..PEOPLE).into_par_iter().map(one).collect::<Result<_, RunError>>()?;
    let (voices, trials): (Vec<_>, Vec<_>) = all.into_iter().unzip();
    Ok((voices, trials.into_iter().flatten().collect()))
}

fn save(path: &Path, sound: &Sound) -> Result<(), RunError> {
    let mut bytes = Vec::new();
    write_wav(&mut bytes, sound).map_err(|error| folder::failed(path, &error))?;
    folder::write(path, bytes)
}

fn show(rows: &[Row], manner: Manner, seconds: f64) {
    if manner.json {
        let rows: Vec<_> = rows
            .iter()
            .map(|row| {
                json!({
                    "rule": row.rule,
                    "keep": row.keep,
                    "trials": row.trials,
                    "correct": row.correct,
                    "rate": row.rate,
                    "interval": row.interval,
                    "survivors_rate": row.survivors_rate,
                    "gaussians": row.gaussians,
                    "saved_by_formula": row.saved_by_formula,
                    "seconds_scoring": row.seconds_scoring,
                })
            })
            .collect();
        out::json(&json!({ "folder": FOLDER, "rows": rows, "seconds": seconds }));
        return;
    }
    super::evaluate::table(rows);
    out::line(&format!(
        "\nWritten in {seconds:.1} s: {FOLDER}/report.html, a bank, and recordings to listen to.\n\
         Try:  secateur speaker identify {FOLDER}/bank.gmm {FOLDER}/talk.wav\n\
         \x20     secateur speaker listen {FOLDER}/bank.gmm {FOLDER}/talk.wav\n\
         \x20     secateur speaker enroll {FOLDER}/voices -o few.gmm"
    ));
}
