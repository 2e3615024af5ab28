//! Threads, pipes, terminals and languages around the program.

use std::process::{Command, Stdio};

use crate::setup::{Folder, MAGNITUDE, PROGRAM, WANDA, valid};

#[test]
fn any_number_of_threads_gives_the_same_bytes() {
    let folder = valid();
    for words in [MAGNITUDE, WANDA, "prune model --method random --pattern 2:4 -q"] {
        let outputs = ["1", "2", "64"].map(|threads| {
            let out = "out";
            folder.must(&format!("{words} -o {out} --force --threads {threads}"));
            folder.files(out)
        });
        assert!(outputs[0].len() >= 4, "{:?}", outputs[0].keys());
        assert_eq!(outputs[0], outputs[1], "{words}");
        assert_eq!(outputs[0], outputs[2], "{words}");
    }
    let eval = "eval model --perplexity text.txt --seq-len 32 -q";
    let perplexity = |threads: &str| {
        let ran = folder.command(eval).env("SECATEUR_THREADS", threads).output().unwrap();
        let text = String::from_utf8(ran.stdout).unwrap();
        text.lines().next().unwrap().to_owned()
    };
    assert_eq!(perplexity("1"), perplexity("64"));
}

/// Runs a command whose standard output nobody reads.
fn unread(folder: &Folder, words: &str) -> (Option<i32>, String) {
    let mut child = Command::new(PROGRAM)
        .current_dir(folder.path())
        .args(words.split_whitespace())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn a_closed_standard_output_is_no_failure() {
    let folder = valid();
    let commands = [
        "methods wanda",
        "methods --json",
        "inspect model",
        "inspect model --json",
        "completions bash",
        "explain SEC-CK-001",
        "doctor",
        "prune --help",
        "--version",
        "verify model",
    ];
    for words in commands {
        let (exit, stderr) = unread(&folder, words);
        assert_eq!(exit, Some(0), "{words}: {stderr}");
        assert!(!stderr.contains("panicked") && !stderr.contains("SEC-"), "{words}: {stderr}");
    }
}

#[cfg(unix)]
#[test]
fn a_reader_that_stops_early() {
    let script = "\"$0\" methods wanda | head -1; \"$0\" methods nothing 2>&1 >/dev/null | head -1";
    let output = Command::new("sh").args(["-c", script, PROGRAM]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(text.lines().count(), 2, "{text}");
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Whatever the terminal is said to be, a pipe gets plain text of whole lines.
#[test]
fn a_pipe_gets_plain_text() {
    let folder = valid();
    let surroundings: [&[(&str, &str)]; 4] = [
        &[("NO_COLOR", "1")],
        &[("LANG", "C"), ("LC_ALL", "C")],
        &[("TERM", "dumb"), ("COLUMNS", "20")],
        &[("TERM", "xterm-256color"), ("CLICOLOR", "1")],
    ];
    let commands = ["inspect model", "inspect nothing", "methods", "prune --sparsity 7 model -o x"];
    for words in commands {
        let plain = folder.command(words).output().unwrap();
        for variables in surroundings {
            let output = folder.command(words).envs(variables.iter().copied()).output().unwrap();
            assert_eq!(output.status.code(), plain.status.code(), "{words} {variables:?}");
            for text in [&output.stdout, &output.stderr] {
                assert!(!text.contains(&0x1b), "{words} {variables:?}");
                let text = std::str::from_utf8(text).unwrap();
                assert!(!text.contains('\r') && !text.contains("panicked"), "{words}: {text}");
            }
            if words.starts_with("inspect") {
                assert_eq!(output.stdout, plain.stdout, "{words} {variables:?}");
            }
        }
    }
}

/// Neither the language, nor the time zone, nor the umask changes a file.
#[cfg(unix)]
#[test]
fn outputs_do_not_depend_on_the_place() {
    use std::os::unix::fs::PermissionsExt;
    let folder = valid();
    folder.must(&format!("{WANDA} -o plain"));
    let script = format!("umask 0777; exec \"$0\" {WANDA} -o odd");
    let mut command = Command::new("sh");
    command.current_dir(folder.path()).args(["-c", &script, PROGRAM]);
    command.envs([("LC_ALL", "tr_TR.UTF-8"), ("LANG", "de_DE"), ("TZ", "Pacific/Kiritimati")]);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for entry in std::fs::read_dir(folder.join("odd")).unwrap() {
        let mode = entry.unwrap().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o644);
    }
    assert_eq!(folder.files("plain"), folder.files("odd"));
}

/// Without a terminal progress is a line a step, and results stay apart from it.
#[test]
fn progress_is_lines_on_standard_error() {
    let folder = valid();
    let words = MAGNITUDE.replace(" -q", "");
    let ran = folder.must(&format!("{words} -o out"));
    ran.says(&["block 1 of 2", "block 2 of 2"]);
    assert!(ran.stdout.contains("cut ") && !ran.stdout.contains("block 1"), "{}", ran.stdout);
    let quiet = folder.must(&format!("{words} -q -o quiet"));
    assert!(quiet.stderr.is_empty(), "{}", quiet.stderr);
    let json = folder.must(&format!("{words} --json -o json"));
    let value: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(value["sparsity"], 0.5);
}

#[test]
fn a_misspelt_environment_variable_is_warned_of() {
    let folder = valid();
    let mut command = folder.command("methods");
    let output = command.env("SECATEUR_THREDS", "1").output().unwrap();
    assert!(output.status.success());
    let shown = String::from_utf8(output.stderr).unwrap();
    assert!(shown.contains("SECATEUR_THREDS") && shown.contains("SECATEUR_THREADS"), "{shown}");
    let output = folder.command("methods").env("SECATEUR_THREADS", "1").output().unwrap();
    assert!(!String::from_utf8(output.stderr).unwrap().contains("warning"));
}
