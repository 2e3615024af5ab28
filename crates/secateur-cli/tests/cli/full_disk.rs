//! Writes that fail. The limit on the size of a file stands for a full disk, which takes
//! privileges to make; the system reports it at the same calls.
#![cfg(unix)]

use std::process::Command;
use std::time::Duration;

use crate::setup::{Folder, MAGNITUDE, PROGRAM, Ran, WANDA, explained, valid};

/// Runs a command with a limit on the size of files, in units of 512 bytes.
fn limited(folder: &Folder, blocks: u32, words: &str) -> Ran {
    let script = format!("ulimit -f {blocks}; trap '' XFSZ; exec \"$0\" \"$@\"");
    let mut command = Command::new("sh");
    command.current_dir(folder.path()).args(["-c", &script, PROGRAM]);
    let output = command.args(words.split_whitespace()).output().unwrap();
    let ran = Ran::of(&output, Duration::ZERO);
    ran.check_no_panic(words);
    ran
}

#[track_caller]
fn fails(folder: &Folder, blocks: u32, words: &str) -> Ran {
    let ran = limited(folder, blocks, words);
    assert_eq!(ran.exit, 5, "{blocks} {words}\n{}", ran.stderr);
    ran.says(&["error[SEC-", "\n  file: ", "\n  help: "]);
    let code = ran.stderr.split(['[', ']']).nth(1).unwrap();
    explained(code);
    ran
}

/// The weights do not fit: nothing is left, and with space the same command succeeds.
#[test]
fn weights_that_cannot_be_written() {
    let folder = valid();
    let before = folder.names();
    for words in [MAGNITUDE, WANDA] {
        let words = format!("{words} -o out");
        fails(&folder, 8, &words).says(&["SEC-ST-014", "model.safetensors", "free"]);
        assert_eq!(folder.names(), before, "{words}");
    }
    folder.must(&format!("{MAGNITUDE} -o out"));
}

/// At whatever file the space ends, there is no output, an older one is untouched, and the run
/// goes on to the same bytes once there is space.
#[test]
fn space_that_ends_at_any_file() {
    let folder = valid();
    let quarter = format!("{} -o out", MAGNITUDE.replace("0.5", "0.25"));
    folder.must(&quarter);
    let old = folder.files("out");
    folder.must(&format!("{WANDA} -o undisturbed"));
    let mut failed = 0;
    for blocks in [1, 2, 4, 16, 54, 64, 100] {
        let words = format!("{WANDA} -o out --force");
        let ran = limited(&folder, blocks, &words);
        if ran.exit == 0 {
            break;
        }
        fails(&folder, blocks, &words);
        failed += 1;
        assert_eq!(folder.files("out"), old, "{blocks}: the older output was touched");
        if folder.names().contains(&".out.partial".to_owned()) {
            folder.must(&format!("{WANDA} -o out --resume"));
            same_weights(&folder);
            folder.must(&format!("{quarter} --force"));
        }
    }
    assert!(failed >= 3, "only {failed} limits were felt");
}

#[track_caller]
fn same_weights(folder: &Folder) {
    let (a, b) = (folder.files("out"), folder.files("undisturbed"));
    assert_eq!(a["model.safetensors"], b["model.safetensors"]);
    assert_eq!(a["secateur.json"], b["secateur.json"]);
}
