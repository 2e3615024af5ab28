//! `secateur speaker` from outside, on the synthetic people of the demo.

use std::path::Path;

use serde_json::Value;

use crate::schemas::check;
use crate::setup::{PROGRAM, scratch};

/// Runs a command in a folder; exit code, standard output, and what was said.
fn run(folder: &Path, words: &str, input: &[u8]) -> (i32, String, String) {
    let mut command = assert_cmd::Command::new(PROGRAM);
    let words = words.split_whitespace();
    let output = command.current_dir(folder).args(words).write_stdin(input).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
}

fn ok(folder: &Path, schema: &str, words: &str) -> Value {
    let (exit, out, said) = run(folder, &format!("{words} --json"), b"");
    assert_eq!(exit, 0, "{words}: {said}");
    check(schema, out.as_bytes());
    serde_json::from_str(&out).unwrap()
}

#[test]
fn people_are_enrolled_identified_heard_and_measured() {
    let folder = scratch();
    let table = ok(folder.path(), "demo-speaker", "demo speaker");
    let row = |number: usize| &table["rows"][number];
    assert_eq!((&row(0)["rule"], &row(0)["keep"]), (&"ml".into(), &1.0.into()));
    assert!(row(0)["rate"].as_f64().unwrap() > 0.8, "{table}");
    let fall = row(0)["rate"].as_f64().unwrap() - row(1)["rate"].as_f64().unwrap();
    assert!(fall < 0.03, "pruning costs little: {table}");
    assert!(row(1)["saved_by_formula"].as_f64().unwrap() > 0.6);
    let at = &folder.path().join("secateur-demo-speaker");
    assert!(std::fs::read_to_string(at.join("report.html")).unwrap().contains("speakers"));

    let made = ok(at, "speaker-enroll", "speaker enroll voices -o few.gmm");
    assert_eq!(made["speakers"], 8);
    assert_eq!(run(at, "speaker enroll voices -o few.gmm", b"").0, 2, "it is there");
    assert_eq!(run(at, "speaker enroll voices -o few.gmm --add", b"").0, 3, "they are known");
    assert_eq!(run(at, "speaker enroll voices -o talk.wav --force", b"").0, 2, "no bank");
    let before = std::fs::read(at.join("few.gmm")).unwrap();
    ok(at, "speaker-enroll", "speaker enroll voices -o few.gmm --force --threads 1");
    assert_eq!(std::fs::read(at.join("few.gmm")).unwrap(), before, "for any number of threads");

    let found = ok(at, "speaker-identify", "speaker identify few.gmm talk.wav --keep 0.5");
    assert_eq!((&found["speaker"], &found["survivors"]), (&"person01".into(), &4.into()));
    let whole = ok(at, "speaker-identify", "speaker identify few.gmm talk.wav --keep 1");
    assert_eq!(whole["ranking"].as_array().unwrap().len(), 8);
    let frames = whole["frames"].as_u64().unwrap();
    assert_eq!(whole["gaussians"], 8 * 32 * frames);
    let first = (frames as f64 * 0.2).ceil() as u64;
    assert_eq!(found["gaussians"], 32 * (8 * first + 4 * (frames - first)));
    for pruning in ["cascade", "hierarchical", "static", "adaptive", "confidence"] {
        let words =
            format!("speaker identify few.gmm talk.wav --pruning {pruning} --rule ml --keep 0.5");
        assert_eq!(ok(at, "speaker-identify", &words)["speaker"], "person01", "{pruning}");
    }

    let lines = |words: &str, input: &[u8]| -> Vec<Value> {
        let (exit, out, said) = run(at, words, input);
        assert_eq!(exit, 0, "{words}: {said}");
        out.lines().for_each(|line| check("speaker-listen", line.as_bytes()));
        out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let heard = lines("speaker listen few.gmm talk.wav", b"");
    let last = heard.last().unwrap();
    assert_eq!((&last["event"], &last["speaker"]), (&"end".into(), &"person01".into()));
    assert!((last["time"].as_f64().unwrap() - 3.0).abs() < 0.1, "{last}");
    let all = heard.iter().filter(|line| line["survivors"] == 8).count();
    assert!(all >= 18, "everybody is heard for two seconds: {all} answers");
    let wav = std::fs::read(at.join("talk.wav")).unwrap();
    let piped = lines("speaker listen few.gmm --raw 16000", &wav[44..]);
    let answers = |lines: &[Value]| -> Vec<[Value; 3]> {
        let of = |line: &Value| ["frames", "speaker", "margin"].map(|name| line[name].clone());
        lines.iter().map(of).collect()
    };
    assert_eq!(answers(&piped), answers(&heard), "a pipe of samples is the same sound");
    let once = lines("speaker listen few.gmm voices/person02/1.wav --once --rule ml", b"");
    let last = once.last().unwrap();
    assert!(last["decided"] == "person02" && last["time"].as_f64().unwrap() < 11.0, "{last}");
    let silence = vec![0; 64_000];
    let (exit, out, said) = run(at, "speaker listen few.gmm --raw 16000", &silence);
    assert!(exit == 3 && out.is_empty() && said.contains("SEC-SP-050"), "{said}");

    let evaluate = "speaker evaluate voices --split 2/3 --segment 1s --keep 1,0.5 --center nothing";
    let found = ok(at, "speaker-evaluate", &format!("{evaluate} --report eval.html"));
    assert_eq!((&found["speakers"], &found["trials"]), (&8.into(), &32.into()));
    assert_eq!(found["runs"].as_array().unwrap().len(), 6);
    assert!(found["runs"][0]["rate"].as_f64().unwrap() > 0.8, "{found}");
    assert!(std::fs::read_to_string(at.join("eval.html")).unwrap().contains("mwmr"));
    let adapted = format!("{evaluate} --background 16 --top 5 --feature cepstra=14 --rules ml");
    assert!(ok(at, "speaker-evaluate", &adapted)["runs"][0]["rate"].as_f64().unwrap() > 0.8);

    let limits =
        ok(at, "speaker-calibrate", "speaker calibrate few.gmm voices --segment 1s --far 0.1");
    assert!(limits["false_accepts"].as_f64().unwrap() <= 0.1);
    let listed = ok(at, "speaker-list", "speaker list few.gmm");
    assert_eq!(listed["thresholds"], limits["thresholds"]);
    let gone = ok(at, "speaker-remove", "speaker remove few.gmm person01");
    assert_eq!(gone["speakers"], 7);
    let stranger = ok(at, "speaker-identify", "speaker identify few.gmm talk.wav --keep 1");
    assert_ne!(stranger["nearest"], "person01");
    std::fs::create_dir_all(at.join("more")).unwrap();
    std::fs::rename(at.join("voices/person01"), at.join("more/person01")).unwrap();
    assert_eq!(ok(at, "speaker-enroll", "speaker enroll more -o few.gmm --add")["speakers"], 8);
}

#[test]
fn what_cannot_be_heard_is_said() {
    let folder = scratch();
    let at = folder.path();
    let wav = |seconds: u32, sample: &dyn Fn(u32) -> i16| -> Vec<u8> {
        let count = 16_000 * seconds;
        let mut bytes = b"RIFF".to_vec();
        bytes.extend((36 + 2 * count).to_le_bytes());
        bytes.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
        bytes.extend(16_000_u32.to_le_bytes());
        bytes.extend(32_000_u32.to_le_bytes());
        bytes.extend(b"\x02\0\x10\0data");
        bytes.extend((2 * count).to_le_bytes());
        bytes.extend((0..count).flat_map(|at| sample(at).to_le_bytes()));
        bytes
    };
    for name in ["ann", "bob", "cut"] {
        std::fs::create_dir_all(at.join("voices").join(name)).unwrap();
    }
    std::fs::create_dir_all(at.join("none")).unwrap();
    let noise = |at: u32| (at.wrapping_mul(2_654_435_761) >> 20) as i16 - 2048;
    std::fs::write(at.join("voices/ann/1.wav"), wav(2, &noise)).unwrap();
    std::fs::write(at.join("voices/bob/1.wav"), wav(2, &|at| noise(at / 3))).unwrap();
    std::fs::write(at.join("voices/cut/1.wav"), &wav(2, &noise)[..1000]).unwrap();
    std::fs::write(at.join("silent.wav"), wav(1, &|_| 0)).unwrap();
    std::fs::write(at.join("text.wav"), "no sound").unwrap();
    let (exit, _, said) = run(at, "speaker enroll voices -o b.gmm", b"");
    assert!(exit == 3 && said.contains("cut/1.wav") && said.contains("--skip-bad"), "{said}");
    assert!(!at.join("b.gmm").exists());
    let (exit, _, said) = run(at, "speaker enroll voices -o b.gmm --skip-bad", b"");
    assert!(exit == 0 && said.contains("left out") && said.contains("cut has no"), "{said}");
    let mut damaged = std::fs::read(at.join("b.gmm")).unwrap();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    std::fs::write(at.join("damaged.gmm"), &damaged).unwrap();
    std::fs::write(at.join("short.gmm"), &damaged[..damaged.len() / 3]).unwrap();
    for (words, exit, expect) in [
        ("speaker identify b.gmm none.wav", 3, "SEC-SP-001"),
        ("speaker identify b.gmm none", 3, "SEC-SP-002"),
        ("speaker identify b.gmm text.wav", 3, "text.wav"),
        ("speaker identify b.gmm silent.wav", 3, "silent.wav"),
        ("speaker identify none.gmm voices/ann/1.wav", 3, "none.gmm"),
        ("speaker identify text.wav voices/ann/1.wav", 3, "SEC-SP-035"),
        ("speaker identify damaged.gmm voices/ann/1.wav", 3, "SEC-SP-038"),
        ("speaker identify short.gmm voices/ann/1.wav", 3, "SEC-SP-037"),
        ("speaker identify b.gmm voices/ann/1.wav --rule best", 2, "SEC-SP-034"),
        ("speaker identify b.gmm voices/ann/1.wav --keep 0", 2, "a share above 0"),
        ("speaker identify b.gmm voices/ann/1.wav --top 5", 3, "SEC-SP-044"),
        ("speaker listen b.gmm --raw 0", 3, "SEC-SP-"),
        ("speaker listen b.gmm --raw 16000 --format mp3", 2, "s16le"),
        ("speaker enroll none -o c.gmm", 3, "SEC-SP-047"),
        ("speaker enroll voices -o c.gmm --feature cepstrum=3", 2, "cepstrum"),
        ("speaker enroll voices -o c.gmm --feature cepstra=99", 2, "SEC-SP-"),
        ("speaker remove b.gmm anne", 3, "do you mean ann"),
        ("speaker evaluate voices --skip-bad --split 3/2", 2, "a part of the whole"),
    ] {
        let (found, out, said) = run(at, words, b"");
        assert_eq!(found, exit, "{words}: {said}");
        assert!(said.contains(expect) && out.is_empty(), "{words}: {said}");
    }
    assert!(!at.join("c.gmm").exists());
    let two = "speaker identify b.gmm text.wav voices/ann/1.wav --json";
    let (exit, out, said) = run(at, two, b"");
    assert!(exit == 3 && said.contains("text.wav") && out.contains("voices/ann/1.wav"), "{said}");
}
