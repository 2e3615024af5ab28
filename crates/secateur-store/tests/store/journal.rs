//! Journals that were cut off, damaged, or belong to another run.

use std::fs;
use std::path::{Path, PathBuf};

use secateur_store::{Existing, Output, StoreError};
use serde_json::{Value, json};

use crate::setup::{Tree, disk, job, killed_after, output, run, temp, tree};

fn resume(dir: &Path, run: &Value) -> Result<Output, StoreError> {
    Output::begin(disk(), dir, Existing::Resume, &[], run)
}

/// A partial output with two steps, its journal, and what it should become.
fn partial(there: &Path) -> (PathBuf, PathBuf, Tree) {
    let expected = output(&there.join("expected"), b'A');
    let dir = there.join("out");
    killed_after(&dir, Existing::Refuse, b'A', 2);
    (dir, there.join(".out.partial/journal.jsonl"), expected)
}

#[test]
fn the_steps_of_an_earlier_run_are_given_back() {
    let there = temp();
    let (dir, _, _) = partial(there.path());
    let output = resume(&dir, &run(b'A')).unwrap();
    assert_eq!(output.steps(), [json!({"layer": 0}), json!({"layer": 1})]);
    assert_eq!(output.partial(), there.path().join(".out.partial"));
}

#[test]
fn a_tail_cut_off_anywhere_is_dropped() {
    let there = temp();
    let (_, journal, _) = partial(there.path());
    let whole = fs::read(&journal).unwrap();
    let head = whole.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    for cut in head..whole.len() {
        let there = temp();
        let (dir, journal, expected) = partial(there.path());
        fs::write(&journal, &whole[..cut]).unwrap();
        let steps = resume(&dir, &run(b'A')).unwrap().steps().len();
        let lines = whole[head..cut].split(|byte| *byte == b'\n').count() - 1;
        assert_eq!(steps, lines, "cut at {cut}");
        // Without a step the partial output is discarded when the run above ends.
        job(disk(), &dir, Existing::Resume, b'A').unwrap();
        assert_eq!(tree(&dir), expected, "cut at {cut}");
    }
}

#[test]
fn a_tail_of_garbage_is_dropped() {
    for tail in ["{\"n\":3", "\0\0\0\0", "\u{fffd}", "not json\n"] {
        let there = temp();
        let (dir, journal, expected) = partial(there.path());
        let good = fs::read_to_string(&journal).unwrap();
        fs::write(&journal, good.clone() + tail).unwrap();
        assert_eq!(resume(&dir, &run(b'A')).unwrap().steps().len(), 2);
        assert_eq!(fs::read_to_string(&journal).unwrap(), good);
        job(disk(), &dir, Existing::Resume, b'A').unwrap();
        assert_eq!(tree(&dir), expected);
    }
}

/// Changes the lines of a journal and checks that the damage is found in line `expected`.
fn check_damage(change: impl Fn(&mut Vec<String>), expected: usize) {
    let there = temp();
    let (dir, journal, _) = partial(there.path());
    let text = fs::read_to_string(&journal).unwrap();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    change(&mut lines);
    fs::write(&journal, lines.join("\n") + "\n").unwrap();
    let before = fs::read(&journal).unwrap();
    let error = resume(&dir, &run(b'A')).unwrap_err();
    match &error {
        StoreError::JournalCorrupt { path, line } => {
            assert_eq!((path, *line), (&journal, expected));
        }
        error => panic!("{error}"),
    }
    assert_eq!(error.exit(), 3);
    assert_eq!(fs::read(&journal).unwrap(), before);
}

#[test]
fn damage_before_the_tail_is_an_error() {
    check_damage(|lines| lines[0] = "garbage".to_owned(), 1);
    check_damage(|lines| lines[1] = "garbage".to_owned(), 2);
    check_damage(|lines| lines[1] = lines[1].replace("\"layer\":0", "\"layer\":7"), 2);
    check_damage(|lines| lines[2] = lines[2].replace("\"layer\":1", "\"layer\":7"), 3);
    check_damage(|lines| lines[1].push(' '), 2);
    check_damage(|lines| drop(lines.remove(1)), 2);
    check_damage(|lines| drop(lines.remove(0)), 1);
    check_damage(|lines| lines.swap(1, 2), 2);
    check_damage(|lines| lines.insert(2, lines[1].clone()), 3);
    check_damage(|lines| lines.insert(1, String::new()), 2);
}

/// A line of another journal has the right number and a right hash of its own.
#[test]
fn a_line_of_another_journal_is_found() {
    let there = temp();
    let (_, journal, _) = partial(there.path());
    let other = temp();
    killed_after(&other.path().join("out"), Existing::Replace, b'B', 2);
    let text = fs::read_to_string(journal).unwrap();
    let foreign = fs::read_to_string(other.path().join(".out.partial/journal.jsonl")).unwrap();
    let line = |text: &str, k| text.lines().nth(k).map(str::to_owned).expect("it has two steps");
    assert_ne!(line(&text, 1), line(&foreign, 1));
    check_damage(|lines| lines[1] = line(&foreign, 1), 2);
    check_damage(|lines| lines[2] = line(&foreign, 2), 3);
    check_damage(|lines| lines[0] = line(&foreign, 0), 2);
}

/// No byte before the last line can be changed without notice. The newline before it is left
/// alone: without it the last two lines look like one that was cut off.
#[test]
fn every_flipped_byte_is_found() {
    let there = temp();
    let (dir, journal, _) = partial(there.path());
    let whole = fs::read(&journal).unwrap();
    let last = whole[..whole.len() - 1].iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
    for at in 0..last - 1 {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        fs::write(&journal, &bytes).unwrap();
        let error = resume(&dir, &run(b'A')).expect_err("a flipped byte");
        assert!(matches!(error, StoreError::JournalCorrupt { .. }), "byte {at}: {error}");
    }
}

#[test]
fn a_lost_first_line_is_not_taken_for_a_fresh_start() {
    let there = temp();
    let (dir, journal, _) = partial(there.path());
    fs::write(&journal, "").unwrap();
    let error = resume(&dir, &run(b'A')).unwrap_err();
    assert!(matches!(error, StoreError::JournalCorrupt { line: 1, .. }), "{error}");
    assert!(there.path().join(".out.partial/model-1.bin").exists());
}

#[test]
fn another_run_is_refused_with_every_difference() {
    let there = temp();
    let (dir, _, expected) = partial(there.path());
    let other = json!({
        "recipe": {"method": "wanda", "sparsity": 0.1, "samples": [1, 2]},
        "inputs": ["x"],
    });
    let error = resume(&dir, &other).unwrap_err();
    assert_eq!(error.exit(), 3);
    let StoreError::OtherRun { differences, .. } = &error else { panic!("{error}") };
    let text: Vec<String> = differences.iter().map(ToString::to_string).collect();
    let expected_text = [
        "recipe.method: was \"magnitude\", is \"wanda\"",
        "recipe.samples: was nothing, is [1,2]",
        "seed: was 65, is nothing",
        "inputs: was nothing, is [\"x\"]",
    ];
    assert_eq!(text, expected_text);
    job(disk(), &dir, Existing::Resume, b'A').unwrap();
    assert_eq!(tree(&dir), expected);
}

/// Numbers, nesting and text come back as they were.
#[test]
fn runs_and_steps_survive_the_round_trip() {
    let there = temp();
    let dir = there.path().join("out");
    let run = json!({
        "z": 0.1, "a": 1e300, "m": -0.0, "big": u64::MAX, "small": i64::MIN, "f": 0.3_f32,
        "text": "ü \"quoted\" \\ \n \u{1f333} </script>", "null": null, "nested": [[], {}, [{"k": [1]}]],
    });
    let mut output = Output::begin(disk(), &dir, Existing::Refuse, &[], &run).unwrap();
    output.step(run.clone()).unwrap();
    output.step(json!(null)).unwrap();
    drop(output);
    let output = resume(&dir, &run).unwrap();
    assert_eq!(output.steps(), [run, json!(null)]);
}

#[test]
fn the_order_of_keys_is_no_difference() {
    let there = temp();
    let dir = there.path().join("out");
    let mut output =
        Output::begin(disk(), &dir, Existing::Refuse, &[], &json!({"a": 1, "b": 2})).unwrap();
    output.step(json!(0)).unwrap();
    drop(output);
    assert_eq!(resume(&dir, &json!({"b": 2, "a": 1})).unwrap().steps().len(), 1);
}
